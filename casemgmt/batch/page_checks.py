"""The checksums of a Parquet file's pages, for readers that do not look at them.

A page's header holds the CRC-32 of its bytes as they lie in the file (Apache Parquet format, ``PageHeader``, in Thrift's
compact protocol). Headers have no checksum of their own: one that cannot be read, or that does not lead to the end of its
column, is damage as well.
"""

from __future__ import annotations

import zlib
from typing import Any

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_SIZE, _CRC = 3, 4
_DEEPEST = 16


class DamagedPageError(ValueError):
    """A page is not what its writer wrote."""


def check_pages(data: memoryview, metadata: Any, groups: range) -> None:
    """Hold every page of some row groups against its checksum.

    Parameters
    ----------
    data : the file's bytes
    metadata : pyarrow's ``FileMetaData``
    groups : numbers of the row groups

    Raises
    ------
    DamagedPageError
        It is not what was written.
    """
    for group in groups:
        if not metadata.row_group(group).num_rows:  # its columns have no pages, and may say that they begin at 0
            continue
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            start = chunk.data_page_offset
            if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
                start = chunk.dictionary_page_offset
            _check_chunk(data, start, start + chunk.total_compressed_size)


def _check_chunk(data: memoryview, start: int, stop: int) -> None:
    if not 0 < start < stop <= len(data):
        raise DamagedPageError("a column lies outside the file")
    while start < stop:
        header, body = _Header(data, start, stop).read()
        size, checksum = header.get(_SIZE), header.get(_CRC)
        if size is None or not 0 <= size <= stop - body:
            raise DamagedPageError("a page lies outside its column")
        if checksum is not None and zlib.crc32(data[body : body + size]) != checksum & 0xFFFFFFFF:
            raise DamagedPageError("a page differs from its checksum")
        start = body + size


class _Header:
    """Reads the whole numbers of one Thrift struct, and skips what else is in it."""

    def __init__(self, data: memoryview, at: int, stop: int) -> None:
        self._data, self._at, self._stop = data, at, stop

    def read(self) -> tuple[dict[int, int], int]:
        """The struct's whole numbers by field, and where it ends."""
        return self._struct(0), self._at

    def _byte(self) -> int:
        if self._at >= self._stop:
            raise DamagedPageError("a page header runs out of its column")
        self._at += 1
        return self._data[self._at - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise DamagedPageError("a number in a page header has no end")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)

    def _struct(self, depth: int) -> dict[int, int]:
        if depth > _DEEPEST:
            raise DamagedPageError("a page header is nested too deep")
        found: dict[int, int] = {}
        field = 0
        while (head := self._byte()) != _STOP:
            field = field + (head >> 4) if head >> 4 else self._signed()
            if (number := self._value(head & 15, depth)) is not None:
                found[field] = number
        return found

    def _value(self, kind: int, depth: int) -> int | None:
        if kind in (_I16, _I32, _I64):
            return self._signed()
        if kind == _STRUCT:
            self._struct(depth + 1)
        elif kind in (_TRUE, _FALSE):
            pass
        elif kind == _BYTE:
            self._byte()
        elif kind == _DOUBLE:
            self._skip(8)
        elif kind == _BINARY:
            self._skip(self._unsigned())
        else:
            raise DamagedPageError("a page header holds what no page header holds")
        return None

    def _skip(self, size: int) -> None:
        if size > self._stop - self._at:
            raise DamagedPageError("a page header runs out of its column")
        self._at += size
