"""Working memory of one thread of the compiled choosing loops."""

from __future__ import annotations

import mmap
import weakref
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.selection.loop_arrays import Key, Keys


_LARGE_BYTES = 1 << 22
_kept: deque[mmap.mmap] = deque(maxlen=8)  # of two outcomes of four arrays; the oldest goes


class Scratch(NamedTuple):
    """For choosing in practices: arrays as long as the largest, one longer so that a last write is harmless.

    ``keys``, ``bits`` and ``candidates`` are of the rows of a practice; ``member``, ``tied`` and ``buffer`` of its
    candidates; ``guesses`` holds one key a score route.
    """

    keys: Keys
    bits: npt.NDArray[np.uint32]
    candidates: npt.NDArray[np.int32]
    member: npt.NDArray[np.uint32]
    tied: npt.NDArray[np.uint32]
    buffer: Keys
    guesses: Keys


class FilterScratch(NamedTuple):
    """For filtering rows in any order: keys, bits and signs of one block, and counts of sixteen bits, four to a word.

    ``lanes`` is (practices, words); ``spread`` holds for each four bits the word that counts them once.
    """

    keys: Keys
    bits: npt.NDArray[np.uint32]
    signs: npt.NDArray[np.uint32]
    lanes: npt.NDArray[np.uint64]
    spread: npt.NDArray[np.uint64]


def practice_scratch(size: int, score_routes: int, dtype: np.dtype[Key]) -> Scratch:
    """Working memory for practices of up to ``size`` rows, with keys of a type."""
    import numpy as np

    return Scratch(
        np.empty(size + 1, dtype),
        np.empty(size + 1, np.uint32),
        np.empty(size + 1, np.int32),
        np.empty(size + 1, np.uint32),
        np.empty(size + 1, np.uint32),
        np.empty(size + 1, dtype),
        np.empty(score_routes, dtype),
    )


def filter_scratch(practices: int, counted: int, block: int, dtype: np.dtype[Key]) -> FilterScratch:
    """Working memory for filtering rows of so many practices, with so many counts of each."""
    import numpy as np

    return FilterScratch(
        np.empty(block, dtype),
        np.empty(block, np.uint32),
        np.empty(block, np.uint32),
        np.zeros((practices, -(-counted // 4)), np.uint64),
        _spread(),
    )


def written_in_places(size: int, dtype: Any) -> npt.NDArray[Any]:
    """An array, not set to anything, of which little is ever written, here and there.

    For one as large NumPy asks for large pages of memory, and each that is touched is cleared whole. Small pages cost
    at their first touch too, so the memory of an array that nobody has any more is kept for the next one.
    """
    import numpy as np

    size_in_bytes = size * np.dtype(dtype).itemsize
    if size_in_bytes < _LARGE_BYTES:
        return np.empty(size, dtype)
    memory = _taken_from_kept(size_in_bytes) or _mapped(size_in_bytes)
    array = np.frombuffer(memory, dtype, count=size)
    # Slices of the array hold it, not the memory behind it.
    weakref.finalize(array, _kept.append, memory).atexit = False
    return array


def _mapped(size_in_bytes: int) -> mmap.mmap:
    if not hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, size_in_bytes)
    # Private: what a forked process writes there is its own.
    memory = mmap.mmap(-1, size_in_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with suppress(OSError):  # a system without large pages
            memory.madvise(mmap.MADV_NOHUGEPAGE)
    return memory


def _taken_from_kept(size_in_bytes: int) -> mmap.mmap | None:
    """Kept memory that is large enough, and not so large that it had better wait."""
    for _ in range(len(_kept)):
        try:
            memory = _kept.popleft()
        except IndexError:  # another thread has taken it
            return None
        if size_in_bytes <= len(memory) <= 2 * size_in_bytes:
            return memory
        _kept.append(memory)
    return None


def _spread() -> npt.NDArray[np.uint64]:
    import numpy as np

    return np.array([sum(1 << 16 * b for b in range(4) if n >> b & 1) for n in range(16)], dtype=np.uint64)
