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
    """What one contender took, in seconds: its first call in this process, and the later ones.

    ``processor`` is the processor time of all threads of each later call: it tells little of waiting, but says more
    than the clock where the machine is shared.
    """

    contender: Contender
    cold: float
    warm: tuple[float, ...]
    processor: tuple[float, ...]

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
        seconds, _, found = _timed(call)
        check(contender.read(found), inputs.truth, contender.ties)
        del found
        say(f"{contender.name}: equal ({contender.ties})")
        calls.append(call)
        cold.append(seconds)
    warm: list[list[tuple[float, float]]] = [[] for _ in calls]
    for turn in range(repeats):
        for step in range(len(calls)):
            # Each round starts with another contender, so that none always follows the same one.
            place = (turn + step) % len(calls)
            warm[place].append(_timed(calls[place])[:2])
        say(f"round {turn + 1} of {repeats}")
    return [
        Times(
            contender=contender,
            cold=first,
            warm=tuple(clock for clock, _ in later),
            processor=tuple(processor for _, processor in later),
        )
        for contender, first, later in zip(work.contenders, cold, warm, strict=True)
    ]


def _timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds by the clock, processor seconds, and what came back."""
    gc.collect()
    gc.disable()
    try:
        before, start = time.process_time(), time.perf_counter()
        found = call()
        clock, processor = time.perf_counter() - start, time.process_time() - before
        return clock, processor, found
    finally:
        gc.enable()
