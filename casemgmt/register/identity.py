"""Who a row speaks of: which patient ids and practice codes can be trusted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from casemgmt.arrow import numpy_of, rows_of, taken, taken_rows, text_scalar, texts, validity_of
from casemgmt.compiling import pays
from casemgmt.errors import InputError, not_text
from casemgmt.register.cleaning import distinct_values, is_text, mapped, typeless
from casemgmt.register.registrations import Registrations
from casemgmt.register.repeats import judge_repeats
from casemgmt.register.verdicts import Judged, Verdict
from casemgmt.texts.long_texts import by_number, hashes_of, repeated_hashes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# England and, with W and Z, Wales and Northern Ireland; in Scotland five digits alone.
ODS_PATTERN = r"[A-Z]?[0-9]{5}"

# Marks of a spreadsheet or a clumsy copy, in RE2: they never belong to an identifier.
_OUTER_SPACE = r"^[\s\p{Z}]|[\s\p{Z}]$"
_HIDDEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{00a0}\x{2007}\x{202f}]"
_FLOAT = r"^[0-9]+\.0*$"
_EXPONENT = r"^[0-9]\.[0-9]+[eE]\+?[0-9]+$|^[0-9]+(\.[0-9]+)?[eE]\+[0-9]+$"
_PLACEHOLDER = "|".join(f"^{digit}{{10}}$" for digit in range(10))
_ID_FAULTS = (
    (_HIDDEN, "a hidden character or a no-break space in the id"),
    (_OUTER_SPACE, "outer spaces around the id"),
    (_FLOAT, "an id that was turned into a decimal number"),
    (_EXPONENT, "an id that a spreadsheet shortened to an exponent"),
    (_PLACEHOLDER, "ten times the same digit is a placeholder, not an id"),
)
# Whatever makes an id unusable, but for a missing one.
ANY_ID_FAULT = "|".join(f"(?:{pattern})" for pattern, _ in _ID_FAULTS)


def as_text(table: pa.Table, name: str) -> pa.ChunkedArray:
    """An identifying column as text of one layout; a number is refused, because it has lost its leading zeros."""
    import pyarrow as pa

    return text_as_it_lies(table, name).cast(pa.large_string())


def text_as_it_lies(table: pa.Table, name: str) -> pa.ChunkedArray:
    """:func:`as_text` in the layout that the column has."""
    import pyarrow as pa

    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_null(column.type):
        return column.cast(pa.large_string())
    if not is_text(column.type):
        if "binary" in str(column.type):
            raise InputError(
                f"Column '{name}' holds bytes ({column.type}), not text. Make text of them where the data is loaded: "
                "decode them, or of UUIDs str(uuid.UUID(bytes=…))."
            )
        raise not_text(name, f"{column.type}, not text: leading zeros and long ids are lost in numbers")
    return column


def text_values(table: pa.Table, name: str, mapping: Mapping[str, object] | None) -> pa.ChunkedArray:
    """A text field as a user's ``values=`` reads it; an empty text is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # A column of gaps says nothing by its type.
    place, plain = table.column_names.index(name), typeless(table.column(name))
    column = as_text(table.set_column(place, name, plain), name)
    column.validate(full=True)
    shortest = pc.min(pc.binary_length(column)).as_py()
    if mapping is None and shortest != 0:
        return column
    indices, distinct = distinct_values(column)
    found = [mapped(value, mapping) for value in distinct]
    wanted = texts([None if value in (None, "") else str(value) for value in [*found, None]])
    indices[indices < 0] = len(distinct)
    return pa.chunked_array([wanted.take(rows_of(indices)).cast(pa.large_string())])


def judge(
    table: pa.Table,
    pattern: str,
    mapping: Mapping[str, object] | None,
    registrations: Registrations | None = None,
    compiled: bool | None = None,
) -> Judged:
    """Judge every row of a whole register by its patient id and practice code, and find the repeats.

    Parameters
    ----------
    registrations : how to tell an open registration from one that has ended; None: not at all
    compiled : whether to look for repeats by hash, in compiled loops; by the number of rows without
    """
    import numpy as np

    if pays(table.num_rows) if compiled is None else compiled:
        judged = judge_part(table, pattern, mapping, frozenset())
        repeated = repeated_hashes(judged.known_hashes)
        if len(repeated):
            alike = np.flatnonzero(np.isin(judged.known_hashes, repeated))
            ids = long_text(taken(text_as_it_lies(table, "patient_id"), alike))
            judge_repeats(judged.verdict, taken_rows(table, alike), ids, alike, registrations)
        return judged
    verdict, ids = Verdict(np.zeros(table.num_rows, dtype=np.uint8)), as_text(table, "patient_id")
    _judge_ids(verdict, ids, None)
    column = as_text(table, "practice_id")
    practice, practices, faults = _judge_practices(verdict, column, pattern, mapping, frozenset())
    judge_repeats(verdict, table, ids, np.arange(table.num_rows), registrations)
    return Judged(verdict, practice, practices, faults, None)


def judge_part(table: pa.Table, pattern: str, mapping: Mapping[str, object] | None, codes: frozenset[str]) -> Judged:
    """Judge the rows of a part of a register, and leave repeats to be looked for by hash.

    Parameters
    ----------
    codes : practice codes of the other parts, as far as they are known
    """
    import numpy as np

    verdict = Verdict(np.zeros(table.num_rows, dtype=np.uint8))
    ids = text_as_it_lies(table, "patient_id")
    hashes, odd = hashes_of(ids, by_form=True)
    suspects = np.flatnonzero(odd)
    if len(suspects):
        _judge_ids(verdict, long_text(taken(ids, suspects)), suspects)
    column = text_or_dictionary(table, "practice_id")
    practice, practices, faults = _judge_practices(verdict, column, pattern, mapping, codes)
    return Judged(verdict, practice, practices, faults, hashes)


def text_or_dictionary(table: pa.Table, name: str) -> pa.ChunkedArray:
    """:func:`text_as_it_lies`, or the column as it is where it is a dictionary of text."""
    import pyarrow as pa

    column = table.column(name)
    if pa.types.is_dictionary(column.type) and is_text(column.type.value_type):
        return column
    return text_as_it_lies(table, name)


def long_text(column: pa.Array) -> pa.ChunkedArray:
    """An array of text as a column of ``large_string``."""
    import pyarrow as pa

    return pa.chunked_array([column]).cast(pa.large_string())


def _judge_ids(verdict: Verdict, ids: pa.ChunkedArray, rows: npt.NDArray[np.int64] | None) -> None:
    """Judge ids, which stand in these rows (None: in all)."""
    import numpy as np
    import pyarrow.compute as pc

    def in_table(found: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.flatnonzero(found) if rows is None else rows[found]

    if ids.null_count:
        verdict.set_aside(in_table(numpy_of(ids.is_null())), "patient_id", "missing")
    empty = _true(pc.equal(pc.utf8_trim_whitespace(ids), text_scalar("", ids.type)))
    verdict.set_aside(in_table(empty), "patient_id", "missing")
    any_fault = _true(pc.match_substring_regex(ids, ANY_ID_FAULT))
    faulty = np.flatnonzero(any_fault)
    if not len(faulty):
        return
    suspects = ids.take(rows_of(faulty))
    faulty = faulty if rows is None else rows[faulty]
    for pattern, reason in _ID_FAULTS:
        verdict.set_aside(faulty[_true(pc.match_substring_regex(suspects, pattern))], "patient_id", reason)


def _judge_practices(
    verdict: Verdict,
    column: pa.ChunkedArray,
    pattern: str,
    mapping: Mapping[str, object] | None,
    others: frozenset[str],
) -> tuple[npt.NDArray[np.int32], list[str], dict[str, str]]:
    import numpy as np

    indices, distinct = distinct_values(column)
    # Whatever is no text is missing: values= gives a practice no other.
    codes = [code if isinstance(code, str) else None for code in (mapped(each, mapping) for each in distinct)]
    valid = re.compile(pattern)
    faults = {code: why for code, why in practice_faults([*codes, *others], valid).items() if code in codes}
    names = sorted({code for code in codes if isinstance(code, str)}, key=lambda code: code.encode())
    place: dict[str | None, int] = {code: i for i, code in enumerate(names)}
    practice = indices.astype(np.int32, copy=False)
    by_index = np.array([*(place.get(code, -1) for code in codes), -1], dtype=np.int32)
    if names != codes:
        practice = by_number(practice, by_index)
    # A dictionary can hold a null, of which the column's own count of nulls says nothing.
    verdict.set_aside(np.flatnonzero(practice < 0), "practice_id", "missing")
    by_reason = defaultdict(list)
    for code, reason in faults.items():
        by_reason[reason].append(place[code])
    for reason in sorted(by_reason):
        verdict.set_aside(np.flatnonzero(np.isin(practice, by_reason[reason])), "practice_id", reason)
    verdict.refused_practices = [place[code] for code in faults]
    return practice, names, faults


def practice_faults(codes: Iterable[str | None], valid: re.Pattern[str]) -> dict[str, str]:
    """Each practice code that cannot be used → why."""
    return dict(_faults_of(tuple(codes), valid))


@lru_cache(maxsize=2)  # the parts of a register may all name the same practices
def _faults_of(codes: tuple[str | None, ...], valid: re.Pattern[str]) -> dict[str, str]:
    present = {code for code in codes if code}
    folded = defaultdict(set)
    for code in present:
        folded[code.strip().casefold()].add(code)
    faults = {}
    for code in present:
        twins = folded[code.strip().casefold()] - {code}
        ok = valid.fullmatch(code) is not None
        if twins and (not ok or any(valid.fullmatch(twin) for twin in twins)):
            faults[code] = "differs from another code only in case or outer spaces; map it with values="
        elif not ok:
            faults[code] = "not a practice code of the expected pattern (practice_pattern)"
    if "" in codes:
        faults[""] = "missing"
    return faults


def _true(answers: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Where an answer is true; a missing one is not."""
    present = validity_of(answers)
    return numpy_of(answers) if present is None else numpy_of(answers) & present
