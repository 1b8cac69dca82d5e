"""Files of one register whose columns differ in type: read as the wider type where nothing is lost, or else refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.errors import InputError
from casemgmt.register.cleaning import is_text

if TYPE_CHECKING:
    import pyarrow as pa

_UNITS = ("s", "ms", "us", "ns")
# A double tells numbers of so many decimal digits apart.
_DIGITS_OF_A_DOUBLE = 15
_DIGITS_OF_128_BITS, _MOST_DIGITS = 38, 76


@dataclass(frozen=True, slots=True)
class FileTypes:
    """The types of a file's columns.

    Attributes
    ----------
    name : of the file
    schema : its columns
    is_missing : whether a column holds no value at all, so that its type says nothing
    """

    name: str
    schema: pa.Schema
    is_missing: Callable[[str], bool]


def common_schema(files: Sequence[FileTypes]) -> pa.Schema | None:
    """The types in which every file's columns can be held, in the order of the first; None where all have the same.

    Raises
    ------
    InputError
        A column for which there is none; it is named, with two files that differ.
    """
    import pyarrow as pa

    names = files[0].schema.names
    fields, differing = [], False
    for name in names:
        each = [file.schema.field(name).type for file in files]
        if all(kind == each[0] for kind in each):
            fields.append(pa.field(name, each[0]))
            continue
        differing = True
        filled = [file for file in files if not file.is_missing(name)] or list(files[:1])
        kinds = [file.schema.field(name).type for file in filled]
        wide = _widest(kinds)
        if wide is None:
            raise _differing(name, filled, kinds)
        fields.append(pa.field(name, wide))
    return pa.schema(fields) if differing else None


def as_types(table: pa.Table, schema: pa.Schema, file: str) -> pa.Table:
    """A file's table in the types that all files share.

    Raises
    ------
    InputError
        A value does not fit: a whole number above 2**53 among decimals, a day that the other files' type cannot tell.
    """
    import pyarrow as pa

    columns = []
    for name, kind in zip(schema.names, schema.types, strict=True):
        column = table.column(name)
        if column.type != kind and not (is_text(column.type) and is_text(kind)):
            try:
                column = _cast(column, kind)
            except (pa.ArrowException, ValueError, OverflowError):
                raise InputError(
                    f"Column '{name}' is {column.type} in {file} and {kind} with the other files, and not every value "
                    "fits. Write it with one type in every file."
                ) from None
        columns.append(column)
    return pa.table(columns, names=schema.names, metadata=table.schema.metadata)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    import pyarrow as pa

    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), kind)])
    if pa.types.is_dictionary(column.type):
        plain = [chunk.dictionary.take(chunk.indices) for chunk in column.chunks]
        return _cast(pa.chunked_array(plain, column.type.value_type), kind)
    if column.type == kind:
        return column
    wide = column.cast(kind)
    # Days past the range of a timestamp are not refused by every cast.
    if pa.types.is_temporal(kind) and not wide.cast(column.type).equals(column):
        raise ValueError
    return wide


def _widest(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    """The least type that holds every value of these, whatever their order; None where there is none."""
    import pyarrow as pa

    each = {kind.value_type if pa.types.is_dictionary(kind) else kind for kind in kinds}
    each = {kind for kind in each if not pa.types.is_null(kind)} or {pa.null()}
    if len(each) == 1:
        return each.pop()
    if all(map(is_text, each)):
        return pa.string() if pa.string() in each and pa.large_string() not in each else pa.large_string()
    if all(map(pa.types.is_integer, each)):
        return _widest_integer(each)
    if all(_is_number(kind) for kind in each):
        return _widest_number(each)
    if all(pa.types.is_date(kind) or pa.types.is_timestamp(kind) for kind in each):
        return _widest_time(each)
    return None


def _widest_integer(kinds: Iterable[pa.DataType]) -> pa.DataType:
    """Of unsigned beside signed 64 bits, signed 64: values past them are refused when they are met."""
    import pyarrow as pa

    signed = [kind.bit_width for kind in kinds if pa.types.is_signed_integer(kind)]
    unsigned = [kind.bit_width for kind in kinds if pa.types.is_unsigned_integer(kind)]
    if not signed:
        return {8: pa.uint8(), 16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}[max(unsigned)]
    width = min(max([*signed, *(2 * bits for bits in unsigned)]), 64)
    return {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[width]


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _widest_number(kinds: set[pa.DataType]) -> pa.DataType | None:
    import pyarrow as pa

    decimals = [kind for kind in kinds if pa.types.is_decimal(kind)]
    if any(pa.types.is_floating(kind) for kind in kinds):
        return None if any(kind.precision > _DIGITS_OF_A_DOUBLE for kind in decimals) else pa.float64()
    whole = [len(str(2**kind.bit_width)) for kind in kinds if pa.types.is_integer(kind)]
    scale = max(kind.scale for kind in decimals)
    digits = max([*whole, *(kind.precision - kind.scale for kind in decimals)]) + scale
    if digits > _MOST_DIGITS:
        return None
    return pa.decimal128(digits, scale) if digits <= _DIGITS_OF_128_BITS else pa.decimal256(digits, scale)


def _widest_time(kinds: set[pa.DataType]) -> pa.DataType | None:
    """A day becomes its midnight; times of two zones, or with and without one, tell of different days."""
    import pyarrow as pa

    times = [kind for kind in kinds if pa.types.is_timestamp(kind)]
    zones = {kind.tz for kind in times}
    if not times:
        return pa.date32()
    if len(zones) > 1 or (zones != {None} and len(times) < len(kinds)):
        return None
    return pa.timestamp(max((kind.unit for kind in times), key=_UNITS.index), tz=zones.pop())


def _differing(name: str, files: Sequence[FileTypes], kinds: Sequence[pa.DataType]) -> InputError:
    other = next((at for at, kind in enumerate(kinds) if _widest([kinds[0], kind]) is None), None)
    if other is None:  # no two of them alone
        other = next(at for at, kind in enumerate(kinds) if kind != kinds[0])
    return InputError(
        f"Column '{name}' is {kinds[0]} in {files[0].name} and {kinds[other]} in {files[other].name}. "
        "Write it with one type in every file."
    )
