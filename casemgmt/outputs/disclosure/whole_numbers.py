"""Whole numbers that lie within bounds, and what is the least and the greatest that a sum of them can be.

Both ends are found by integer programming, which leaves nothing to be overlooked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from casemgmt.outputs.disclosure.suppression import tells

Range = tuple[int, int]
Sum = dict[int, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A published count: the people it is the sum of, the counts that its published form allows, and its column."""

    people: Sum
    shown: Range
    column: str = ""


@dataclass(slots=True)
class Worlds:
    """Whole numbers, and sums of them that lie within bounds."""

    bounds: list[Range] = field(default_factory=list)
    sums: list[tuple[Sum, float, float]] = field(default_factory=list)
    _program: dict[str, Any] | None = field(
        default=None, init=False, repr=False, compare=False
    )  # made when first asked

    def number(self, low: int, high: int) -> int:
        """A new whole number."""
        self.bounds.append((low, high))
        self._program = None
        return len(self.bounds) - 1

    def limit(self, people: Sum, low: float, high: float) -> None:
        """Say within what a sum lies."""
        self.sums.append((people, low, high))
        self._program = None

    def find(self, aim: Sum | None = None, sign: int = 1) -> list[int] | None:
        """A world that fits, with the least (or for -1 the greatest) sum ``aim``; None where none fits."""
        import numpy as np
        from scipy.optimize import milp

        if any(low > high for low, high in self.bounds):
            return None
        goal = np.zeros(len(self.bounds))
        for each, factor in (aim or {}).items():
            goal[each] = sign * factor
        if self._program is None:
            self._program = self._as_program()
        found = milp(goal, **self._program)
        if found.x is None:  # with its presolve HiGHS has called small programs infeasible that were not
            found = milp(goal, **self._program, options={"presolve": False})
        return None if found.x is None else np.rint(found.x).astype(int).tolist()

    def _as_program(self) -> dict[str, Any]:
        """The bounds and sums as SciPy's integer programming takes them."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint
        from scipy.sparse import csc_array

        count = len(self.bounds)
        low, high = np.array(self.bounds, dtype=float).reshape(count, 2).T
        entries = [(row, each, factor) for row, (people, *_) in enumerate(self.sums) for each, factor in people.items()]
        constraints = []
        if entries:
            rows, columns, factors = zip(*entries, strict=True)
            matrix = csc_array((factors, (rows, columns)), shape=(len(self.sums), count), dtype=float)
            _, least, most = zip(*self.sums, strict=True)
            constraints = [LinearConstraint(matrix, least, most)]
        return {"integrality": np.ones(count), "bounds": Bounds(low, high), "constraints": constraints}

    def tells(self, cells: Sequence[Cell]) -> Cell | None:
        """The first cell of which these numbers tell more than that it is small; None where none does, or none fits."""
        world = self.find()
        if world is None:
            return None
        known = [(total(cell.people, world),) * 2 for cell in cells]
        self._widen(cells, known)
        for place, cell in enumerate(cells):
            for sign in (1, -1):
                if not tells(known[place]):
                    break
                world = self.find(cell.people, sign)
                if world is None:  # the solver gave up: nothing is shown to be safe
                    return cell
                _take(world, cells, known)
            if tells(known[place]):
                return cell
        return None

    def _widen(self, cells: Sequence[Cell], known: list[Range]) -> None:
        """Find out by few worlds what most cells can be: those in which all that seem told are least, or greatest."""
        left = len(cells) + 1
        while 1 < (now := sum(map(tells, known))) < left:
            left = now
            together: Sum = {}
            for cell, told in zip(cells, known, strict=True):
                for each, factor in cell.people.items() if tells(told) else ():
                    together[each] = together.get(each, 0) + factor
            for sign in (1, -1):
                world = self.find(together, sign)
                if world is not None:
                    _take(world, cells, known)

    def range_of(self, people: Sum) -> Range | None:
        """The least and the greatest a sum can be; None where nothing fits."""
        found = [self.find(people, sign) for sign in (1, -1)]
        if found[0] is None or found[1] is None:
            return None
        return total(people, found[0]), total(people, found[1])


def _take(world: Sequence[int], cells: Sequence[Cell], known: list[Range]) -> None:
    """Widen what is known of each cell by what it is in a world."""
    for place, cell in enumerate(cells):
        low, high = known[place]
        count = total(cell.people, world)
        known[place] = min(low, count), max(high, count)


def total(people: Sum, world: Sequence[int]) -> int:
    """What a sum comes to in a world."""
    return sum(factor * world[each] for each, factor in people.items())
