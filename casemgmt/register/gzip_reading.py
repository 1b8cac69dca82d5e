"""Compressed text files, unpacked whole and within bounds."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from casemgmt.errors import damaged_file
from casemgmt.register.refusals import unpacks_too_far

# A register is text that repeats itself, but not as much as a file that is made to fill a memory.
_MOST_TIMES, _ALWAYS = 200, 64 << 20
_PIECE = 1 << 20


def unpack(path: Path, packed: bytes) -> bytes:
    """The bytes of a gzip file.

    Raises
    ------
    InputError
        It is damaged, cut short, or unpacks to more than 200 times its size.
    """
    import io

    limit = max(_ALWAYS, _MOST_TIMES * len(packed))
    pieces, size = [], 0
    try:
        with gzip.open(io.BytesIO(packed)) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > limit:
                    raise unpacks_too_far(path.name, _MOST_TIMES, "Unpack it yourself if it is.")
                pieces.append(piece)
    except (OSError, EOFError, zlib.error):
        raise damaged_file(path.name, "gzip") from None
    return b"".join(pieces)
