"""Working memory of one thread of the compiled choosing loop."""

from __future__ import annotations

from typing import Any, NamedTuple


class Scratch(NamedTuple):
    """Arrays as long as the largest practice of a stretch, one longer so that a last write is harmless."""

    keys: Any
    buffer: Any
    bits: Any
    member: Any
    tied: Any


def scratch_for(offsets: Any, stretch: tuple[int, int], dtype: Any) -> Scratch:
    """Working memory for a stretch of practices, for keys of a type."""
    import numpy as np

    first, last = stretch
    size = int(np.diff(offsets[first : last + 1]).max(initial=0)) + 1
    return Scratch(
        np.empty(size, dtype),
        np.empty(size, dtype),
        np.empty(size, np.uint32),
        np.empty(size, np.uint32),
        np.empty(size, np.uint32),
    )
