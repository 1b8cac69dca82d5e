"""What a work is, and what its contenders are given: one table drives both the checks and the timings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

from benchmarks import ours
from benchmarks.answers import Ties, Truth, truth_of
from benchmarks.data import AS_OF, Order, Population, make_population
from benchmarks.files import made_once, name_of, read_truth, write_csv, write_truth, write_wide
from benchmarks.formula import FOLDER

SCHEME = Path(__file__).with_name("scheme.toml")


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Reference(Protocol):
    """Who is right."""

    def check(self, answer: Any, ties: Ties | None) -> None:
        """Refuse an answer that differs, with a `DiffersError`."""

    @property
    def counts(self) -> dict[str, int]:
        """How much a right answer holds, by the names of `benchmarks.report.COUNTS`."""


@dataclass(kw_only=True, eq=False)
class Given:
    """What every work is given: sizes, threads, and where files are.

    Attributes
    ----------
    patients, practices : sizes
    threads : for every contender
    order : of the rows
    data : the folder where files are kept, made by whoever asks first
    out : the file that file works write, or the folder
    warm_up : people of the small file with which a process of its own is warmed up: enough for casemgmt to take the
        road of large registers, whose compiled code is what has to be loaded
    """

    warm_up: ClassVar[int] = 2_000_000

    patients: int
    practices: int
    threads: int = field(default_factory=usable_cores)
    order: Order = "sorted"
    data: Path
    out: Path = Path("selected.parquet")

    @property
    def truth(self) -> Reference:
        """Who is right."""
        raise NotImplementedError

    def kept(self, kind: str, ending: str, order: Order | None) -> Path:
        """Where a file of this size is kept."""
        return self.data / (name_of(kind, self.patients, self.practices, order) + ending)


class Inputs(Given):
    """What contenders of a selection start from; each part is made when first asked for, and none of it is timed."""

    @cached_property
    def population(self) -> Population:
        return make_population(self.patients, self.practices, self.order)

    @cached_property
    def truth(self) -> Truth:
        """Who is right; the same people in any order of rows."""
        kept = self.kept("truth", ".npz", None)
        return read_truth(made_once(kept, lambda path: write_truth(truth_of(self.population), path)))

    @cached_property
    def register(self) -> Any:
        import casemgmt as cm

        return cm.read_register(self.population.to_arrow(), as_of=AS_OF)

    @cached_property
    def polars_frame(self) -> Any:
        import polars as pl

        return pl.from_arrow(self.population.to_arrow())

    @cached_property
    def pandas_frame(self) -> Any:
        """With pandas' own text columns, Arrow-backed from pandas 3 on."""
        return self.population.to_arrow().to_pandas()

    @cached_property
    def wide(self) -> Path:
        """The wide Parquet file."""
        kept = self.kept("wide", ".parquet", self.order)
        return made_once(kept, lambda path: write_wide(self.population, path))

    @cached_property
    def csv(self) -> Path:
        """The same people as a CSV file."""
        kept = self.kept("wide", ".csv", self.order)
        return made_once(kept, lambda path: write_csv(self.population, path))

    @cached_property
    def packed_file(self) -> Path:
        """The packed file made from it."""
        kept = self.kept(f"packed{ours.PACKED_EDITION}", ".parquet", self.order)
        return made_once(kept, lambda path: ours.pack(self.wide, path))

    def let_people_go(self) -> None:
        """Hold the people no longer, once all that is made from them is made."""
        self.__dict__.pop("population", None)

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
    key : for the command line and the tables' columns
    name : for the tables' rows
    packages : whose versions matter, imported before anything is timed
    ties : what it does where the cut parts equal scores; what it is held to. None where a work has one right answer
    prepare : inputs → the call that is timed; all that it needs beforehand is made here
    read : what the call returned → what the reference checks; not timed
    more : it does more than the work asks, so its ratio is not a comparison
    less : it does less than the work asks, so its ratio flatters it
    is_part : it is a part of the work that nobody can leave out, alone, and gives no answer
    """

    key: str
    name: str
    packages: tuple[str, ...]
    ties: Ties | None = None
    prepare: Callable[[Any], Callable[[], Any]]
    read: Callable[[Any], Any] = lambda found: found
    more: bool = False
    less: bool = False
    is_part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A task with its contenders; the first is ours, and the ratios are to it.

    Attributes
    ----------
    name, title : for the command line and for tables
    orders : of the rows that make sense, all timed by default
    contenders : the first is ours
    files : what is read and written is a file, so each call is timed in a process of its own and its memory measured
    ready : makes what contenders will start from, and lets go of what it was made from
    by_default : whether it is done where no work is asked for by name
    most : people at most, where the work is not asked for by name; it is done with so many where more are asked for
    inputs : what holds its inputs and says who is right
    rows_a_patient : of what is read; more than one where rows are events, which stand in no practice
    """

    name: str
    title: str
    orders: tuple[Order, ...]
    contenders: tuple[Contender, ...]
    files: bool = False
    ready: Callable[[Any], Any] = lambda inputs: None
    by_default: bool = True
    most: int | None = None
    inputs: type[Given] = Inputs
    rows_a_patient: int = 1

    def contender(self, key: str) -> Contender:
        """The contender of a key."""
        return next(each for each in self.contenders if each.key == key)
