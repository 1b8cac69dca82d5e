"""The pages of a Parquet file, held against their checksums and the footer before any decoder sees them."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Container, Iterator, Sequence
from io import BufferedIOBase
from typing import TypeAlias

from casemgmt.compiling import pays
from casemgmt.parquet.frame import DATA_V2, DICTIONARY, Chunk, FileBytes, Frame, Page, check_pages_of, read_page
from casemgmt.parquet.thrift import DamagedError

# Where a page begins in the bytes that are looked through, and what its header says.
PlacedPage: TypeAlias = tuple[int, Page]

# By the kind of page (parquet.thrift, PageType): the header's field that describes it, and in that the field of its
# encoding; an index page is none that a column holds.
_DESCRIBED_BY = ((5, 2), (0, 0), (7, 2), (8, 4))
_ROOM = 1_024
# Bytes of a file that are held at a time, few enough for the cache; and those among which headers are looked for.
_WINDOW, _AMONG = 1 << 20, 1 << 16
# So many headers of a column are read before the compiled loop has been loaded.
_FEW = 500


def check_pages(
    stream: BufferedIOBase,
    frame: Frame,
    groups: range,
    places: Sequence[int] | None = None,
    *,
    headers_alone: Container[int] = (),
) -> bool:
    """Hold every page of some row groups against its checksum, and what its header says against the footer.

    A header that promises more than there is can make a decoder ask for more memory than there is, and end the process.
    The values of pages without checksums are taken as they are.

    Parameters
    ----------
    stream : the file, open for reading
    frame : its footer, from :func:`casemgmt.parquet.frame.check_frame`
    groups : numbers of the row groups
    places : of the columns in ``frame.names``; None for all
    headers_alone : places of those whose decoder is told to work out the checksums

    Returns
    -------
    bool : whether all pages are of the first version. In those of the second, the header alone says how long the levels
        are and whether what follows is compressed: a decoder that does not look into that reads something else

    Raises
    ------
    DamagedError
        It is not what was written.
    """
    # A file of so many rows is read by other compiled loops too.
    first_version, reader = True, _PageReader(stream, compiled=pays(frame.rows))
    for group in groups:
        chunks = frame.groups[group]
        for place in range(len(chunks)) if places is None else places:
            pages = (reader.headers if place in headers_alone else reader.checked)(chunks[place])
            first_version &= _check_chunk(chunks[place], list(pages))
    return first_version


class _PageReader:
    """The pages of a column of a row group, in memory that is used again: to take it anew costs more than to read.

    Parameters
    ----------
    stream : the file, open for reading
    compiled : whether the compiled loop reads headers, however few
    """

    def __init__(self, stream: BufferedIOBase, *, compiled: bool) -> None:
        self._stream, self._compiled = stream, compiled
        self._held = bytearray(max(_WINDOW, _AMONG))

    def checked(self, chunk: Chunk) -> Iterator[Page]:
        """The pages, each of which agrees with its checksum where it has one.

        Raises
        ------
        DamagedError
            Something else than pages lies there, or the file ends before.
        """
        self._stream.seek(chunk.start)
        count, left = 0, chunk.compressed
        while count or left:
            wanted = min(left, len(self._held) - count)
            self._read(count, wanted)
            count, left = count + wanted, left - wanted
            data = memoryview(self._held)[:count]
            pages, end = self._pages(data)
            if not pages and not left:
                raise DamagedError
            for start, page in pages:
                body = start + page.header
                if page.checksum is not None and zlib.crc32(data[body : body + page.compressed]) != page.checksum:
                    raise DamagedError
                yield page
            rest = data[end:]
            if not pages and count == len(self._held):  # a page that is longer than what is held
                self._held = bytearray(4 * len(self._held))
            self._held[: len(rest)] = rest
            count = len(rest)

    def headers(self, chunk: Chunk) -> Iterator[Page]:
        """The pages as their headers describe them; what long pages hold is not read.

        Raises
        ------
        DamagedError
        """
        at, end = chunk.start, chunk.start + chunk.compressed
        while at < end:
            self._stream.seek(at)
            size = min(end - at, _AMONG)
            self._read(0, size)
            pages, used = self._pages(memoryview(self._held)[:size])
            yield from (page for _, page in pages)
            if not pages:
                page = read_page(FileBytes(self._stream), at, end)
                yield page
                used = page.header + page.compressed
            at += used

    def _read(self, start: int, size: int) -> None:
        with memoryview(self._held)[start : start + size] as place:
            if self._stream.readinto(place) < size:
                raise DamagedError

    def _pages(self, data: memoryview) -> tuple[list[PlacedPage], int]:
        """As :func:`pages_of`, by the compiled loop where that is loaded, or where pages are many."""
        if not self._compiled and "casemgmt.parquet.page_kernels" not in sys.modules:
            found = few_pages_of(data, _FEW)
            if found is not None:
                return found
        return pages_of(data)


def _check_chunk(chunk: Chunk, pages: list[Page]) -> bool:
    """Hold the pages of a chunk against what is said of them; whether all are of the first version."""
    for page in pages:
        if page.uncompressed > chunk.uncompressed or (page.kind == DICTIONARY and page.values > page.uncompressed):
            raise DamagedError
    if any(page.checksum is not None for page in pages):
        check_pages_of(chunk, pages)
    elif sum(page.values for page in pages if page.kind != DICTIONARY) != chunk.values:
        raise DamagedError
    return all(page.kind != DATA_V2 for page in pages)


def few_pages_of(data: memoryview, most: int) -> tuple[list[PlacedPage], int] | None:
    """As :func:`pages_of`, without the compiled loop; None where there are more pages than so many."""
    at = 0
    found: list[PlacedPage] = []
    while at < len(data):
        if len(found) == most:
            return None
        try:
            page = read_page(data, at)
        except DamagedError:
            break
        found.append((at, page))
        at += page.header + page.compressed
    return found, at


def pages_of(data: bytes | memoryview) -> tuple[list[PlacedPage], int]:
    """The pages that lie one after the other from the first byte on, and where they end.

    That is the end of ``data``, or the beginning of something that is no page, or not all of one. Of many pages the
    first `_ROOM` are given.
    """
    import numpy as np

    from casemgmt.parquet.page_kernels import page_headers

    found = np.empty((_ROOM, 8), dtype=np.int64)
    count, end = page_headers(np.frombuffer(data, dtype=np.uint8), np.array(_DESCRIBED_BY, dtype=np.int64), found)
    return [
        (start, Page(kind, uncompressed, compressed, None if checksum < 0 else checksum, values, encoding, header))
        for start, header, kind, uncompressed, compressed, checksum, values, encoding in found[:count].tolist()
    ], int(end)
