"""Who a row speaks of: patient ids and practice codes that can be trusted, repeats merged, contradictions set aside."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import array_of, numpy_of, rows_of, taken, taken_rows, text_scalar, texts, validity_of
from casemgmt.compiling import pays
from casemgmt.errors import InputError
from casemgmt.register.cleaning import distinct_values, is_text, mapped, typeless
from casemgmt.register.registrations import EARLIER, REGISTRATION, Registrations
from casemgmt.texts.id_forms import TWO_FORMS, in_two_ways, numbers_by_form
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


@dataclass(slots=True)
class Verdict:
    """Which rows are set aside, and why.

    Attributes
    ----------
    code : uint8, one per row; 0 accepted, otherwise an index into ``reasons``
    reasons : (field, reason) by code
    merged_into : row of an identical repeat → the row that stays
    refused_practices : indices of the practice codes that cannot be used
    """

    code: npt.NDArray[np.uint8]
    reasons: list[tuple[str, str]] = field(default_factory=lambda: [("", "")])
    merged_into: dict[int, int] = field(default_factory=dict)
    refused_practices: list[int] = field(default_factory=list)

    def names_somebody(self, rows: Any = slice(None)) -> npt.NDArray[np.bool_]:
        """Of which rows the id can be used."""
        import numpy as np

        usable = np.array([name != "patient_id" for name, _ in self.reasons])
        return np.asarray(usable[self.code[rows]])

    def set_aside(self, rows: Any, name: str, reason: str) -> None:
        """Quarantine the rows that have no reason yet."""
        fresh = rows[self.code[rows] == 0]
        if not len(fresh):
            return
        if (name, reason) not in self.reasons:
            self.reasons.append((name, reason))
        self.code[fresh] = self.reasons.index((name, reason))


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
        raise InputError(
            f"Column '{name}' holds {column.type}, not text: leading zeros and long ids are lost in numbers. "
            "Read it as text where the data is loaded (for example dtype=str)."
        )
    return column


def text_values(table: pa.Table, name: str, mapping: Mapping[str, Any] | None) -> pa.ChunkedArray:
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


class Judged(NamedTuple):
    """What the ids and practice codes of a table came to.

    Attributes
    ----------
    verdict : which rows are set aside and which are repeats
    practice : int32, one a row, an index into ``practices``; -1 where the code is missing
    practices : the distinct practice codes after mapping, in byte order
    faults : each of those that cannot be used → why
    hashes : uint64, one a row; None where repeats were looked for without
    """

    verdict: Verdict
    practice: npt.NDArray[np.int32]
    practices: list[str]
    faults: Mapping[str, str]
    hashes: npt.NDArray[np.uint64] | None

    @property
    def known_hashes(self) -> npt.NDArray[np.uint64]:
        """The hashes, of rows that were judged by them."""
        if self.hashes is None:
            raise TypeError("Repeats were looked for without hashes.")
        return self.hashes


def judge(
    table: pa.Table,
    pattern: str,
    mapping: Mapping[str, Any] | None,
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


def judge_part(table: pa.Table, pattern: str, mapping: Mapping[str, Any] | None, codes: frozenset[str]) -> Judged:
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


def _judge_ids(verdict: Verdict, ids: pa.ChunkedArray, rows: Any) -> None:
    """Judge ids, which stand in these rows (None: in all)."""
    import numpy as np
    import pyarrow.compute as pc

    def in_table(found: Any) -> Any:
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
    verdict: Verdict, column: pa.ChunkedArray, pattern: str, mapping: Mapping[str, Any] | None, others: frozenset[str]
) -> tuple[Any, list[str], dict[str, str]]:
    import numpy as np

    indices, distinct = distinct_values(column)
    codes = [mapped(code, mapping) for code in distinct]
    valid = re.compile(pattern)
    faults = {code: why for code, why in practice_faults([*codes, *others], valid).items() if code in codes}
    names = sorted({code for code in codes if isinstance(code, str)}, key=lambda code: code.encode())
    place = {code: i for i, code in enumerate(names)}
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
    codes = list(codes)
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


def judge_repeats(
    verdict: Verdict,
    table: pa.Table,
    ids: pa.ChunkedArray,
    among: Any,
    registrations: Registrations | None = None,
) -> None:
    """Merge identical rows with one id into the first; set all differing rows with one id aside.

    So are all rows whose id is written in two ways; and of someone whose rows are registrations one after the other,
    the open one stays. Rows whose id is already refused take no part; rows refused for another reason do, since they
    show that an id stands for two things.

    Parameters
    ----------
    verdict : of all rows
    table, ids : some rows, rising; no other row has an id of theirs, or one of the same form
    among : which rows those are
    registrations : how to tell an open registration from one that has ended; None: not at all
    """
    import numpy as np

    indices, distinct = _id_numbers(ids)
    forms = numbers_by_form(distinct)
    usable = verdict.names_somebody(among)
    if forms is not None:
        is_met = np.zeros(len(distinct), dtype=bool)
        is_met[indices[usable]] = True
        met = np.flatnonzero(is_met & (forms >= 0))
        twice = usable & in_two_ways(distinct, forms, met)[indices]
        verdict.set_aside(among[twice], "patient_id", TWO_FORMS)
        usable &= ~twice
    if len(distinct) == len(ids):
        return
    counts = np.bincount(indices[usable], minlength=len(distinct))
    own = np.flatnonzero((counts[indices] > 1) & usable)
    if not len(own):
        return
    own = own[np.argsort(indices[own], kind="stable")]
    group, rows = indices[own], among[own]
    first = np.concatenate([[True], group[1:] != group[:-1]])
    leader = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    same, same_person = np.ones(len(rows), dtype=bool), np.ones(len(rows), dtype=bool)
    sample = taken_rows(table, own)
    for name in sample.column_names:
        codes = _row_codes(sample.column(name))
        equal = codes == codes[leader]
        same &= equal
        if name not in REGISTRATION:
            same_person &= equal
    group_same = np.logical_and.reduceat(same, np.flatnonzero(first))[np.cumsum(first) - 1]
    differing = ~group_same
    if registrations is not None and differing.any():
        earlier = np.zeros(len(rows), dtype=bool)
        earlier[differing] = registrations.earlier(
            taken_rows(sample, np.flatnonzero(differing)), group[differing], same_person[differing]
        )
        verdict.set_aside(rows[earlier], "deregistered_on", EARLIER)
        differing &= ~np.isin(group, group[earlier])
    verdict.set_aside(rows[differing], "patient_id", "differing rows with one id")
    repeats = np.flatnonzero(group_same & ~first & (verdict.code[rows] == 0))
    verdict.merged_into.update(zip(rows[repeats].tolist(), rows[leader[repeats]].tolist(), strict=True))


def _id_numbers(ids: pa.ChunkedArray) -> tuple[Any, Any]:
    import pyarrow.compute as pc

    encoded = pc.fill_null(ids, text_scalar("", ids.type)).combine_chunks().dictionary_encode()
    encoded = encoded.chunk(0) if hasattr(encoded, "chunk") and encoded.num_chunks else encoded
    return numpy_of(encoded.indices), encoded.dictionary


def _true(answers: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Where an answer is true; a missing one is not."""
    present = validity_of(answers)
    return numpy_of(answers) if present is None else numpy_of(answers) & present


def _row_codes(column: pa.ChunkedArray) -> Any:
    """A whole number for each value, equal where the values are, whatever the column's layout."""
    import numpy as np
    import pyarrow as pa

    column = comparable(column)
    try:
        return distinct_values(column)[0]
    except (pa.ArrowException, NotImplementedError):
        seen: dict[str, int] = {}
        return np.array([seen.setdefault(text, len(seen)) for text in _in_text(column)], dtype=np.int64)


def comparable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column in which equal values are equal: text of one layout, one zero, and no number that is none (NaN)."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type):
        return column.cast(pa.large_string())
    if not pa.types.is_floating(column.type):
        return column
    values, present = numpy_of(column), validity_of(column)
    given = ~np.isnan(values) if present is None else present & ~np.isnan(values)
    return pa.chunked_array([array_of(values + values.dtype.type(0), column.type, given)])  # -0.0 + 0 is 0.0


def stacked(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of parts of one register, one under the other, to be compared: text columns may differ in layout."""
    import pyarrow as pa

    columns = {}
    for name in tables[0].column_names:
        parts = [comparable(table.column(name)) for table in tables]
        try:
            both = pa.concat_tables([pa.table({name: part}) for part in parts], promote_options="permissive")
            columns[name] = both.column(0)
        except pa.ArrowException:
            columns[name] = pa.chunked_array([texts(_in_text(part)) for part in parts])
    return pa.table(columns)


def _in_text(column: pa.ChunkedArray) -> list[str]:
    return [repr(value) for value in column.to_pylist()]
