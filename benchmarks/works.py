"""What a work is, and what its contenders are given: one table drives both the checks and the timings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.answers import Answer, Ties, Truth, truth_of
from benchmarks.data import AS_OF, Order, Population, make_population
from benchmarks.formula import FOLDER

SCHEME = Path(__file__).with_name("scheme.toml")


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(kw_only=True, eq=False)
class Inputs:
    """What contenders start from; each part is made when it is first asked for, and none of it is timed.

    Attributes
    ----------
    patients, practices : sizes
    threads : for every contender
    order : of the rows
    """

    patients: int
    practices: int
    threads: int = field(default_factory=usable_cores)
    order: Order = "sorted"

    @cached_property
    def population(self) -> Population:
        return make_population(self.patients, self.practices, self.order)

    @cached_property
    def truth(self) -> Truth:
        return truth_of(self.population)

    @cached_property
    def register(self) -> Any:
        import casemgmt as cm

        return cm.read_register(self.population.to_arrow(), as_of=AS_OF)

    @cached_property
    def model(self) -> Any:
        import casemgmt as cm

        return cm.load_model(FOLDER)

    @cached_property
    def scheme(self) -> Any:
        import casemgmt as cm

        return cm.load_scheme(SCHEME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to do a work.

    Attributes
    ----------
    name : for the table
    packages : whose versions matter
    ties : what it does where the cut parts equal scores; what it is held to
    prepare : inputs → the call that is timed; all that it needs beforehand is made here
    read : what the call returned → who is selected; not timed
    more : it does more than the work asks, so its ratio is not a comparison
    """

    name: str
    packages: tuple[str, ...]
    ties: Ties
    prepare: Callable[[Inputs], Callable[[], Any]]
    read: Callable[[Any], Answer]
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A task with its contenders; the first is ours, and the ratios are to it."""

    name: str
    title: str
    order: Order
    contenders: tuple[Contender, ...]
