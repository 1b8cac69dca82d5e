"""A Parquet file of which no bit can change unseen.

Page checksums cover the values. The seal is a SHA-256 of all the rest: page headers, footer and magic words. It stands
in the footer's own key-value metadata, and is taken with zeros in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from casemgmt.parquet.frame import FileBytes, Frame, footer_of, read_footer, read_page
from casemgmt.parquet.thrift import DamagedError

KEY = "casemgmt.seal"
_MARK = b"sha256:"
UNSEALED = _MARK.decode() + "0" * 64


def seal(path: Path) -> None:
    """Put the seal into a file that was written with page checksums and the metadata ``{KEY: UNSEALED}``.

    Raises
    ------
    DamagedError
        The file has pages without checksums, or no place for a seal.
    """
    with path.open("r+b") as stream:
        data = FileBytes(stream)
        frame = read_footer(data)
        place = _place(data)
        if data[place : place + 64] != b"0" * 64:
            raise DamagedError
        found = _digest(data, frame, place)
        stream.seek(place)
        stream.write(found)


def check_seal(path: Path) -> None:
    """Refuse a file that has no seal, or of which a byte outside the page values is not what it was when sealed.

    Raises
    ------
    DamagedError
    OSError
        The file cannot be read.
    """
    with path.open("rb") as stream:
        data = FileBytes(stream)
        frame = read_footer(data)
        place = _place(data)
        if data[place : place + 64] != _digest(data, frame, place):
            raise DamagedError


def _place(data: Any) -> int:
    """Where the seal's 64 hexadecimal digits begin."""
    start, end = footer_of(data)
    footer = data[start:end]
    wanted = KEY.encode() + b"\x18" + bytes([len(UNSEALED)]) + _MARK
    at = footer.find(wanted)
    if at < 0 or footer.find(wanted, at + 1) >= 0:
        raise DamagedError
    return int(start + at + len(wanted))


def _digest(data: Any, frame: Frame, place: int) -> bytes:
    found = hashlib.sha256()
    at = 0
    for start, end in sorted(_values(data, frame)):
        if start < at:
            raise DamagedError
        found.update(data[at:start])
        at = end
    if at > place:
        raise DamagedError
    found.update(data[at:place])
    found.update(b"0" * 64)
    found.update(data[place + 64 :])
    return found.hexdigest().encode()


def _values(data: Any, frame: Frame) -> Iterator[tuple[int, int]]:
    """Where the values of each page begin and end, which its checksum covers."""
    for group in frame.groups:
        for chunk in group:
            at = chunk.start
            while at < chunk.start + chunk.compressed:
                page = read_page(data, at)
                if page.checksum is None:
                    raise DamagedError
                yield at + page.header, at + page.header + page.compressed
                at += page.header + page.compressed
