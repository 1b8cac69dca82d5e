"""Working memory of one thread of the compiled choosing loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Scratch(NamedTuple):
    """For settling practices: arrays as long as the largest, one longer so that a last write is harmless.

    ``keys``, ``bits`` and ``picked`` are of the rows of a practice; ``member``, ``tied`` and ``buffer`` of those
    picked; ``guesses`` holds one key a score route.
    """

    keys: Any
    bits: Any
    picked: Any
    member: Any
    tied: Any
    buffer: Any
    guesses: Any


class SiftScratch(NamedTuple):
    """For sifting rows in any order: keys, bits and signs of one block, and counts of sixteen bits, four to a word.

    ``lanes`` is uint64, (practices, words); ``spread`` holds for each four bits the word that counts them once.
    """

    keys: Any
    bits: Any
    signs: Any
    lanes: Any
    spread: Any


def settling(size: int, score_routes: int, dtype: Any) -> Scratch:
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


def sifting(practices: int, counted: int, block: int, dtype: Any) -> SiftScratch:
    """Working memory for sifting rows of so many practices, with so many counts of each."""
    import numpy as np

    return SiftScratch(
        np.empty(block, dtype),
        np.empty(block, np.uint32),
        np.empty(block, np.uint32),
        np.zeros((practices, -(-counted // 4)), np.uint64),
        _spread(),
    )


def _spread() -> npt.NDArray[np.uint64]:
    import numpy as np

    return np.array([sum(1 << 16 * b for b in range(4) if n >> b & 1) for n in range(16)], dtype=np.uint64)
