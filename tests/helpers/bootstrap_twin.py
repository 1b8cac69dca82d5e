"""The draws of the bootstrap in Python's own whole numbers."""

from __future__ import annotations

import numpy as np

MASK, GOLDEN = (1 << 64) - 1, 0x9E3779B97F4A7C15


def mixed(state: int) -> int:
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def drawn_plainly(seed: int, replicate: int, stratum: np.ndarray) -> np.ndarray:
    """How often each person is drawn, in Python's own whole numbers."""
    state = mixed((seed + GOLDEN * (replicate + 1)) & MASK)
    weights = np.zeros(len(stratum), dtype=int)
    for s in range(stratum.max() + 1):
        people, halves = np.flatnonzero(stratum == s), []
        while len(halves) < len(people):
            state = (state + GOLDEN) & MASK
            z = mixed(state)
            halves += [z >> 32, z & 0xFFFFFFFF]
        for half in halves[: len(people)]:
            weights[people[half * len(people) >> 32]] += 1
    return weights
