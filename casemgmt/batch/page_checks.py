"""The checksums of a Parquet file's pages, for decoders that do not look at them."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from casemgmt.register.parquet_frame import Frame, read_page
from casemgmt.register.thrift import DamagedError


def check_pages(stream: BinaryIO, frame: Frame, groups: range) -> None:
    """Hold every page of some row groups against its checksum, where it has one.

    Parameters
    ----------
    stream : the file, open for reading
    frame : its footer, from :func:`casemgmt.register.parquet_frame.check_frame`
    groups : numbers of the row groups

    Raises
    ------
    DamagedError
        It is not what was written.
    """
    for group in groups:
        for chunk in frame.groups[group]:
            stream.seek(chunk.start)
            data = stream.read(chunk.compressed)
            if len(data) < chunk.compressed:
                raise DamagedError
            _check_values(data)


def _check_values(data: bytes) -> None:
    at, values = 0, memoryview(data)
    while at < len(data):
        page = read_page(data, at)
        start = at + page.header
        at = start + page.compressed
        if page.checksum is not None and zlib.crc32(values[start:at]) != page.checksum & 0xFFFFFFFF:
            raise DamagedError
