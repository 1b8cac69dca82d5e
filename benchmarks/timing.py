"""Timing: every answer is checked first, then all contenders take turns in one run."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.processes import processor_seconds
from benchmarks.works import Contender, Given

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What one contender took, in seconds: its first call in a process, and the later ones.

    ``processor`` is the processor time of all threads of each later call: it tells little of waiting, but says more
    than the clock where the machine is shared. ``peak_bytes`` is the most memory that each later call's process ever
    held, for contenders with a process of their own.
    """

    contender: Contender
    cold: float
    warm: tuple[float, ...]
    processor: tuple[float, ...]
    peak_bytes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One timed call: seconds by the clock, processor seconds, the process's peak memory where it was alone in it."""

    clock: float
    processor: float
    peak_bytes: int | None = None


def measure(
    contenders: Sequence[Contender], inputs: Given, repeats: int, say: Say, touched_bytes: int = 0
) -> list[Times]:
    """Check every contender in this process, then time them in turn, each after :func:`touch_memory`.

    Raises
    ------
    DiffersError : a contender's answer is not the reference's; nothing is timed then
    """
    calls, first = [], []
    for contender in contenders:
        call = contender.prepare(inputs)
        turn, found = timed(call)
        if not contender.is_part:
            inputs.truth.check(contender.read(found), contender.ties)
        del found
        say(equal(contender))
        calls.append(call)
        first.append([turn])

    def turn_of(place: int) -> Turn:
        touch_memory(touched_bytes)
        return timed(calls[place])[0]

    return in_turns(contenders, first, repeats, turn_of, say)


def touch_memory(size: int) -> None:
    """Take so many bytes of memory, write to all of them, and give them back.

    The host of a virtual machine may take back what its programs have given up, within seconds. To have it again costs
    more than most works do, and falls on whoever gives memory back between turns.
    """
    if size:
        np.ones(size, dtype=np.uint8)


def equal(contender: Contender) -> str:
    """That its answer was found right, in words."""
    if contender.is_part:
        return f"{contender.name}: a part of the work, alone"
    return f"{contender.name}: equal" + (f" ({contender.ties})" if contender.ties else "")


def in_turns(
    contenders: Sequence[Contender], had: Sequence[Sequence[Turn]], repeats: int, run: Callable[[int], Turn], say: Say
) -> list[Times]:
    """Time the later calls, ``run`` by a contender's place, until each has ``repeats`` of them.

    ``had`` is what each contender took so far: its first call, and later ones if there were any.
    """
    found = [list(each) for each in had]
    for place in turns(len(contenders), repeats + 1 - len(found[0]), say):
        found[place].append(run(place))
    return [
        Times(
            contender=contender,
            cold=cold.clock,
            warm=tuple(turn.clock for turn in warm),
            processor=tuple(turn.processor for turn in warm),
            peak_bytes=tuple(turn.peak_bytes for turn in warm if turn.peak_bytes is not None),
        )
        for contender, (cold, *warm) in zip(contenders, found, strict=True)
    ]


def turns(contenders: int, repeats: int, say: Say) -> Iterator[int]:
    """Places, round by round; each round starts with another contender, so that none always follows the same one."""
    for turn in range(repeats):
        for step in range(contenders):
            yield (turn + step) % contenders
        say(f"round {turn + 1} of {repeats}")


def timed(call: Callable[[], Any]) -> tuple[Turn, Any]:
    """How long it took, and what came back."""
    gc.collect()
    gc.disable()
    try:
        before, start = processor_seconds(), time.perf_counter()
        found = call()
        clock, processor = time.perf_counter() - start, processor_seconds() - before
        return Turn(clock, processor), found
    finally:
        gc.enable()
