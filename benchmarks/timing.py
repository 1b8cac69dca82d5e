"""Timing: every answer is checked first, then all contenders take turns in one run."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.answers import check
from benchmarks.works import Contender, Inputs, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What one contender took, in seconds: its first call in this process, and the later ones."""

    contender: Contender
    cold: float
    warm: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.warm)

    @property
    def median(self) -> float:
        return median(self.warm)


def measure(work: Work, inputs: Inputs, repeats: int, say: Callable[[str], None]) -> list[Times]:
    """Check every contender, then time them in turn.

    Raises
    ------
    DiffersError : a contender's answer is not the reference's; nothing is timed then
    """
    calls, cold = [], []
    for contender in work.contenders:
        call = contender.prepare(inputs)
        seconds, found = _timed(call)
        check(contender.read(found), inputs.truth, contender.ties)
        del found
        say(f"{contender.name}: equal ({contender.ties})")
        calls.append(call)
        cold.append(seconds)
    warm: list[list[float]] = [[] for _ in calls]
    for turn in range(repeats):
        for step in range(len(calls)):
            # Each round starts with another contender, so that none always follows the same one.
            place = (turn + step) % len(calls)
            warm[place].append(_timed(calls[place])[0])
        say(f"round {turn + 1} of {repeats}")
    return [
        Times(contender=contender, cold=first, warm=tuple(later))
        for contender, first, later in zip(work.contenders, cold, warm, strict=True)
    ]


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        found = call()
        return time.perf_counter() - start, found
    finally:
        gc.enable()
