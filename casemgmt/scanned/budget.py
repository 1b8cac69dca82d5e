"""A budget of memory: how many rows of a register are held at a time, and whether the next ones are read ahead.

What a process takes was measured on Parquet files of 2 to 60 million people, in row groups of 50,000 to a million, with
both decoders: a share of its own for packages and loops, a little for every row of the register (the hash of its id,
and whoever is kept), and what the rows at hand take while they are decoded and packed.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.errors import InputError
from casemgmt.register.cleaning import is_text

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.packed_file import PackedFile
    from casemgmt.scanned.files import RegisterFile

MB = 1_000_000
_MOST = 2**62  # more than there is, and no float is too small for it
_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_BY_NAME = {name.lower(): factor for name, factor in _UNITS.items()}
_WRITTEN = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([a-z]{2,3})", re.IGNORECASE | re.ASCII)

# What a process takes for itself, and for each row of the register whether it is at hand or not.
_PROCESS, _A_ROW = 350 * MB, 16
# Of rows at hand: how many times what they take once decoded, with the next ones read ahead and without.
_AHEAD, _ALONE = 2.5, 1.6
_TEXT = 16  # beside its bytes
_LEAST_TEXT = 12
# A file that is read whole takes so many times its size on the disk.
_WHOLE = {".csv": 5.0, ".tsv": 5.0, ".txt": 5.0, ".xlsx": 30.0}
_WHOLE_ELSE = 3.0


class Held(NamedTuple):
    """What is held at a time.

    Attributes
    ----------
    rows : at most so many rows of Parquet files; None for as many as without a budget
    ahead : whether the next ones are read while some are worked on
    """

    rows: int | None = None
    ahead: bool = True


def memory_or_none(value: Any, name: str) -> int | None:
    """A budget as a number of bytes; none is none.

    Raises
    ------
    InputError
        Something else than a whole number of bytes above 0, or a text such as ``"500 MB"`` or ``"2 GiB"``.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return min(value, _MOST)
    found = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    factor = _BY_NAME.get(found[2].lower()) if found else None
    if found is None or factor is None or not float(found[1]):
        raise InputError(f"{name} is a text such as '500 MB' or '2 GiB', or a whole number of bytes above 0.")
    return min(int(float(found[1]) * factor), _MOST)


def held_within(memory: int | None, files: list[RegisterFile]) -> Held:
    """What is held at a time of a register in files.

    Raises
    ------
    InputError
        The budget does not hold the smallest part of the files that can be read.
    """
    if memory is None:
        return Held()
    left = memory - _PROCESS - _A_ROW * sum(max(file.rows, 0) for file in files)
    for file in files:
        if file.parquet is None:
            needed = math.ceil(_WHOLE.get(file.path.suffix.lower(), _WHOLE_ELSE) * file.state[0])
            remedy = "It is read whole: give it more memory, split it into several files, or write it as Parquet."
            _check_fits(file.path.name, needed, left, memory, remedy)
    parquet = [file for file in files if file.parquet is not None]
    if not parquet:
        return Held()
    width = max(map(bytes_of_a_row, parquet))
    largest = max(parquet, key=_largest_group)
    needed = math.ceil(_largest_group(largest) * width * _ALONE)
    remedy = (
        f"Its row groups hold up to {_largest_group(largest):,} rows, and one is read at a time: give it more memory, "
        "or write it with smaller ones (row_group_size= in pyarrow and polars)."
    )
    _check_fits(largest.path.name, needed, left, memory, remedy)
    ahead = _largest_group(largest) * width * _AHEAD <= left
    return Held(max(1, int(left / (width * (_AHEAD if ahead else _ALONE)))), ahead)


def held_of_packed(memory: int | None, file: PackedFile) -> Held:
    """What is held at a time of a packed register, of which a row group is one part.

    Raises
    ------
    InputError
        The budget does not hold the largest row group.
    """
    if memory is None:
        return Held()
    left = memory - _PROCESS - _A_ROW * sum(file.rows)
    most, width = max(file.rows_of_groups, default=0), file.bytes_of_a_row
    remedy = (
        f"Its row groups hold up to {most:,} patients of whole practices: give it more memory, or scan the files that "
        "it was packed from."
    )
    _check_fits(file.path.name, math.ceil(most * width * _ALONE), left, memory, remedy)
    return Held(ahead=most * width * _AHEAD <= left)


def bytes_of_a_row(file: RegisterFile) -> float:
    """What a row of a Parquet file takes in memory, by the types of its columns and the lengths of its texts."""
    total = 0.0
    for place, kind in enumerate(file.schema.types):
        if is_text(kind) or _is_dictionary(kind):
            total += _TEXT + max(_LEAST_TEXT, _encoded(file, place))
        else:
            total += _fixed(kind) or _TEXT + _encoded(file, place)
    return total


def _encoded(file: RegisterFile, place: int) -> float:
    """Bytes a row of a column takes in the file, before compression."""
    if file.parquet is None or not file.parquet.frame.flat:
        return 0.0
    return sum(group[place].uncompressed for group in file.parquet.frame.groups) / max(file.rows, 1)


def _fixed(kind: pa.DataType) -> float:
    """The width of a type of fixed width in bytes; 0 of others."""
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return 1.0
    return float(kind.bit_width / 8) if pa.types.is_primitive(kind) or pa.types.is_decimal(kind) else 0.0


def _is_dictionary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(kind))


def _largest_group(file: RegisterFile) -> int:
    return max(file.parquet.frame.rows_of_groups, default=0) if file.parquet is not None else 0


def _check_fits(name: str, needed: int, left: int, memory: int, remedy: str) -> None:
    if needed > left:
        least = math.ceil((memory - left + needed) / MB)
        raise InputError(
            f"memory= is {memory // MB:,} MB, and {name} needs about {least:,} MB, {_PROCESS // MB:,} of which are the "
            f"program's own. {remedy}"
        )
