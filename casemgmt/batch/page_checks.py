"""The checksums of a Parquet file's pages, for readers that do not look at them.

A page's header holds the CRC-32 of its bytes as they lie in the file (Apache Parquet format, ``PageHeader``, in
Thrift's compact protocol). Headers and the footer have no checksum of their own: one that cannot be read, or that does
not lead to the end of its column, is damage as well. pyarrow's view of a column ends the process over some damaged
footers, so the footer is read here too.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_DEEPEST = 16
_TAIL = 8  # the footer's length and the last four letters

# Fields by number: of a PageHeader, of the header of each kind of page within it, of the FileMetaData, of a RowGroup,
# of a ColumnChunk and of its ColumnMetaData.
_INFLATED_SIZE, _SIZE, _CRC, _DATA_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_TOO = 2, 3, 4, 5, 7, 8
_PAGE_VALUES = 1
_SCHEMA, _ALL_ROWS, _ROW_GROUPS = 2, 3, 4
_REPETITION, _CHILDREN = 3, 5  # of an element of the schema: 0 required, 1 optional, 2 repeated
_COLUMNS, _ROWS = 1, 3
_META = 3
_VALUES, _INFLATED, _COMPRESSED, _DATA, _DICTIONARY, _LEVELS = 5, 6, 7, 9, 11, 16
_BY_LEVEL = 3


class Column(NamedTuple):
    """A column of a row group: where it begins and ends, how large it is uncompressed, and how many values it has."""

    start: int
    stop: int
    inflated: int
    values: int


Columns = tuple[Column, ...]


class DamagedPageError(ValueError):
    """A page is not what its writer wrote, or cannot be found."""


def columns_in(footer: bytes, groups: int) -> tuple[Columns, ...]:
    """The columns of each row group; none of a row group without rows.

    Parameters
    ----------
    footer : the end of the file, from the first byte of the file's metadata to the last of the file
    groups : how many row groups another reader has found

    Raises
    ------
    DamagedPageError
        It is no footer.
    """
    file = _Reader(memoryview(footer), 0, len(footer) - _TAIL).struct()
    found = _list(file, _ROW_GROUPS)
    if len(found) != groups or _number(file, _ALL_ROWS) != sum(_number(group, _ROWS) for group in found):
        raise DamagedPageError("the footer can be read in two ways")
    leaves = _list(file, _SCHEMA)[1:]
    if not any(isinstance(leaf, dict) and (_CHILDREN in leaf or leaf.get(_REPETITION) == 2) for leaf in leaves):
        for group in found:
            _check_flat(group, leaves)
    return tuple(
        tuple(_column(column) for column in _list(group, _COLUMNS)) if _number(group, _ROWS) else () for group in found
    )


def _check_flat(group: Any, leaves: list[Any]) -> None:
    """Hold what a row group says of its columns, of which none is nested, against its rows and the file's schema."""
    columns, rows = _list(group, _COLUMNS), _number(group, _ROWS)
    if len(columns) != len(leaves):
        raise DamagedPageError("a row group has other columns than the file")
    for column, leaf in zip(columns, leaves, strict=True):
        meta = column.get(_META) if isinstance(column, dict) else None
        if _number(meta, _VALUES) != rows:
            raise DamagedPageError("a column has another number of values than there are rows")
        levels = meta.get(_LEVELS) if isinstance(meta, dict) else None
        counts = levels.get(_BY_LEVEL) if isinstance(levels, dict) else None
        if isinstance(counts, list) and counts and len(counts) != 1 + _number(leaf, _REPETITION):
            raise DamagedPageError("a column has gaps where it may have none, or none where it may")


def footer_of(data: memoryview | mmap.mmap | bytes) -> bytes:
    """The footer of a whole file's bytes; see :func:`columns_in`."""
    length = struct.unpack("<I", data[-_TAIL : -_TAIL + 4])[0] if len(data) >= _TAIL else 0
    return bytes(data[max(len(data) - _TAIL - length, 0) :])


def _column(column: Any) -> Column:
    meta = column.get(_META) if isinstance(column, dict) else None
    if not isinstance(meta, dict):
        raise DamagedPageError("the footer does not say where a column lies")
    start, dictionary = _number(meta, _DATA), meta.get(_DICTIONARY)
    if isinstance(dictionary, int) and 0 < dictionary < start:
        start = dictionary
    return Column(start, start + _number(meta, _COMPRESSED), _number(meta, _INFLATED), _number(meta, _VALUES))


def _list(found: Any, field: int) -> list[Any]:
    values = found.get(field) if isinstance(found, dict) else None
    if not isinstance(values, list):
        raise DamagedPageError("the footer lacks a list")
    return values


def _number(found: Any, field: int) -> int:
    value = found.get(field) if isinstance(found, dict) else None
    if not isinstance(value, int):
        raise DamagedPageError("the footer lacks a number")
    return value


def check_pages(data: memoryview, groups: Iterable[Columns]) -> bool:
    """Hold every page of some row groups against its checksum, and its header against what the footer says.

    A header that promises more than there is can make a decoder ask for more memory than there is, and end the process.

    Parameters
    ----------
    data : the file's bytes
    groups : their columns; see :func:`columns_in`

    Returns
    -------
    bool : whether all pages are of the first version. In those of the second, the header alone says how long the levels
        are and whether what follows is compressed: a decoder that does not look into that reads something else

    Raises
    ------
    DamagedPageError
        It is not what was written.
    """
    first_version = True
    for columns in groups:
        for column in columns:
            first_version &= _check_column(data, column)
    return first_version


def _check_column(data: memoryview, column: Column) -> bool:
    start, stop, inflated, left = column
    first_version = True
    if not 0 < start < stop <= len(data):
        raise DamagedPageError("a column lies outside the file")
    while start < stop:
        reader = _Reader(data, start, stop)
        header = reader.struct()
        body, size, checksum = reader.at, header.get(_SIZE), header.get(_CRC)
        if not isinstance(size, int) or not 0 <= size <= stop - body:
            raise DamagedPageError("a page lies outside its column")
        if isinstance(checksum, int) and zlib.crc32(data[body : body + size]) != checksum & 0xFFFFFFFF:
            raise DamagedPageError("a page differs from its checksum")
        left -= _values_of(header, inflated)
        first_version &= _DATA_PAGE_TOO not in header
        start = body + size
    if left:
        raise DamagedPageError("the pages of a column hold another number of values than it has")
    return first_version


def _values_of(header: dict[int, Any], most: int) -> int:
    """How many of its column's values a page holds."""
    size = _number(header, _INFLATED_SIZE)
    if not 0 <= size <= most:
        raise DamagedPageError("a page is larger than its column")
    if _DICTIONARY_PAGE in header and not 0 <= _number(header[_DICTIONARY_PAGE], _PAGE_VALUES) <= size:
        raise DamagedPageError("a dictionary has more entries than bytes")
    values = 0
    for kind in (_DATA_PAGE, _DATA_PAGE_TOO):
        if kind in header:
            values += _number(header[kind], _PAGE_VALUES)
    if values < 0:
        raise DamagedPageError("a page holds fewer values than none")
    return values


class _Reader:
    """Reads the whole numbers, lists and structs of a Thrift struct, and skips what else is in it."""

    def __init__(self, data: memoryview, at: int, stop: int) -> None:
        self._data, self.at, self._stop = data, at, stop

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """The values by field; ``at`` is where the struct ends."""
        if depth > _DEEPEST:
            raise DamagedPageError("a header is nested too deep")
        found: dict[int, Any] = {}
        field = 0
        while (head := self._byte()) != _STOP:
            field = field + (head >> 4) if head >> 4 else self._signed()
            kind = head & 15
            if kind not in (_TRUE, _FALSE):  # whose value is their kind
                found[field] = self._value(kind, depth)
        return found

    def _byte(self) -> int:
        if self.at >= self._stop:
            raise DamagedPageError("a header runs out of its place")
        self.at += 1
        return self._data[self.at - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise DamagedPageError("a number in a header has no end")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_I16, _I32, _I64):
            return self._signed()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            return self._values(depth + 1)
        if kind in (_TRUE, _FALSE, _BYTE):
            self._skip(1)
        elif kind == _DOUBLE:
            self._skip(8)
        elif kind == _BINARY:
            self._skip(self._unsigned())
        else:
            raise DamagedPageError("a header holds what no header holds")
        return None

    def _values(self, depth: int) -> list[Any]:
        if depth > _DEEPEST:
            raise DamagedPageError("a header is nested too deep")
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._unsigned()
        if count > self._stop - self.at:  # each takes a byte or more
            raise DamagedPageError("a list runs out of its place")
        return [self._value(head & 15, depth) for _ in range(count)]

    def _skip(self, size: int) -> None:
        if size > self._stop - self.at:
            raise DamagedPageError("a header runs out of its place")
        self.at += size
