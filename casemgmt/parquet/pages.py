"""The pages of a Parquet file, held against their checksums and the footer before any decoder sees them."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Sequence
from typing import BinaryIO

from casemgmt.compiling import pays
from casemgmt.parquet.frame import DATA_V2, DICTIONARY, Chunk, Frame, Page, check_pages_of, read_page
from casemgmt.parquet.thrift import DamagedError

# By the kind of page (parquet.thrift, PageType): the header's field that describes it, and in that the field of its
# encoding; an index page is none that a column holds.
_DESCRIBED_BY = ((5, 2), (0, 0), (7, 2), (8, 4))
_ROOM = 1_024
# So many headers of a column are read before the compiled loop has been loaded.
_FEW = 500


def check_pages(stream: BinaryIO, frame: Frame, groups: range, places: Sequence[int] | None = None) -> bool:
    """Hold every page of some row groups against its checksum, and what its header says against the footer.

    A header that promises more than there is can make a decoder ask for more memory than there is, and end the process.
    The values of pages without checksums are taken as they are.

    Parameters
    ----------
    stream : the file, open for reading
    frame : its footer, from :func:`casemgmt.parquet.frame.check_frame`
    groups : numbers of the row groups
    places : of the columns in ``frame.names``; None for all

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
    first_version, compiled = True, pays(frame.rows)
    for group in groups:
        chunks = frame.groups[group]
        for chunk in chunks if places is None else [chunks[place] for place in places]:
            stream.seek(chunk.start)
            data = stream.read(chunk.compressed)
            if len(data) < chunk.compressed:
                raise DamagedError
            first_version &= _check_chunk(chunk, data, compiled)
    return first_version


def _check_chunk(chunk: Chunk, data: bytes, compiled: bool) -> bool:
    pages, values = _headers(data, compiled), memoryview(data)
    if any(page.checksum is not None for _, page in pages):
        check_pages_of(chunk, (page for _, page in pages))
        for start, page in pages:
            body = start + page.header
            if zlib.crc32(values[body : body + page.compressed]) != page.checksum:
                raise DamagedError
    elif sum(page.values for _, page in pages if page.kind != DICTIONARY) != chunk.values:
        raise DamagedError
    for _, page in pages:
        if page.uncompressed > chunk.uncompressed or (page.kind == DICTIONARY and page.values > page.uncompressed):
            raise DamagedError
    return all(page.kind != DATA_V2 for _, page in pages)


def _headers(data: bytes, compiled: bool) -> list[tuple[int, Page]]:
    """The pages of a column of a row group, read by the compiled loop where that is loaded, or where they are many."""
    if not compiled and "casemgmt.parquet.page_kernels" not in sys.modules:
        found = few_pages_of(data, _FEW)
        if found is not None:
            return found
    return pages_of(data)


def few_pages_of(data: bytes, most: int) -> list[tuple[int, Page]] | None:
    """As :func:`pages_of`, without the compiled loop; None where there are more pages than so many.

    Raises
    ------
    DamagedError
    """
    at = 0
    found: list[tuple[int, Page]] = []
    while at < len(data):
        if len(found) == most:
            return None
        page = read_page(data, at)
        found.append((at, page))
        at += page.header + page.compressed
    return found


def pages_of(data: bytes) -> list[tuple[int, Page]]:
    """Where each page of a column of a row group begins, and what its header says.

    Raises
    ------
    DamagedError
        Something else than a page header stands where one must.
    """
    import numpy as np

    from casemgmt.parquet.page_kernels import page_headers

    described_by = np.array(_DESCRIBED_BY, dtype=np.int64)
    room = _ROOM
    while True:
        found = np.empty((room, 8), dtype=np.int64)
        count = page_headers(np.frombuffer(data, dtype=np.uint8), described_by, found)
        if count < 0:
            raise DamagedError
        if count <= room:
            break
        room = int(count)
    return [
        (start, Page(kind, uncompressed, compressed, None if checksum < 0 else checksum, values, encoding, header))
        for start, header, kind, uncompressed, compressed, checksum, values, encoding in found[:count].tolist()
    ]
