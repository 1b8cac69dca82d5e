"""Heads of chains as they were printed on published lists and reports, read back to be looked for in a store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import column_of, texts
from casemgmt.errors import InputError, missing_columns, plural

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.store.keeping import Head

COLUMNS = ("practice_id", "number", "hash")
FEWEST_DIGITS = 16

_DIGITS = re.compile(rf"[0-9a-f]{{{FEWEST_DIGITS},64}}", re.ASCII)
_WHAT = (
    "heads= maps practice codes to (number, hash), or is a table with practice_id, number and hash, as "
    "caseload.heads() gives it."
)


def heads_table(heads: Mapping[str, Head]) -> pa.Table:
    """Practice, number and hash of the last event of each chain; the store's own chain has an empty practice_id."""
    import pyarrow as pa

    return pa.table(
        {
            "practice_id": texts(heads),
            "number": column_of([head.number for head in heads.values()], pa.int32()),
            "hash": texts(head.hash.hex() for head in heads.values()),
        }
    )


def printed_heads(heads: object) -> dict[str, list[tuple[int, str]]]:
    """Numbers and the first digits of hashes, by practice.

    Raises
    ------
    InputError : a practice code, a number or a hash is none
    """
    if heads is None:
        return {}
    found: dict[str, list[tuple[int, str]]] = {}
    wrong = 0
    for practice, given, own in _rows(heads):
        number = _whole(given)
        digits = own.hex() if isinstance(own, bytes) else own.strip().lower() if isinstance(own, str) else ""
        if not isinstance(practice, str) or number is None or not _DIGITS.fullmatch(digits):
            wrong += 1
        else:
            found.setdefault(practice, []).append((number, digits))
    if wrong:
        raise InputError(
            f"heads= holds {plural(wrong, 'row')} without a practice code, a number from 1, or at least "
            f"{FEWEST_DIGITS} hexadecimal digits of a hash."
        )
    return found


def _whole(number: object) -> int | None:
    if isinstance(number, str) and number.isascii() and number.isdecimal() and len(number) < 11:
        number = int(number)
    return number if type(number) is int and number >= 1 else None


def _rows(heads: Any) -> Iterable[tuple[Any, Any, Any]]:
    if isinstance(heads, Mapping):
        return [(code, *_pair(pair)) for code, pair in heads.items()]
    if not (isinstance(heads, (str, Path)) or hasattr(heads, "__arrow_c_stream__")):
        raise InputError(_WHAT)
    from casemgmt.register.sources import open_source
    from casemgmt.texts.guards import without_guards_of_csv

    opened = open_source(heads)
    if opened.unsplit:
        raise InputError(f"heads= holds {plural(len(opened.unsplit), 'line')} that cannot be split into columns.")
    table = without_guards_of_csv(heads, opened.table)
    if missing := [name for name in COLUMNS if name not in table.column_names]:
        raise missing_columns(missing, table.column_names, "heads=")
    return zip(*(table.column(name).to_pylist() for name in COLUMNS), strict=True)


def _pair(pair: Any) -> tuple[Any, Any]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise InputError(_WHAT)
    return pair[0], pair[1]
