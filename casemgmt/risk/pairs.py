"""A table over two other inputs of a model together, such as age and heart failure: what the two add beyond each alone.

A pair looks at the cells in which its two inputs stand, never at their values, so that it cannot read a value
otherwise than they do. A superseded flag counts as absent; an input that has no value, or none that gives a score, as
missing.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import pairwise, product

from casemgmt.errors import InputError, ModelError, plural
from casemgmt.register.fields import FIELDS
from casemgmt.risk.inputs import LARGEST_VALUE, LONGEST_TABLE, MILLION, ModelInput

UNKNOWN = -1  # the group of a cell that counts as missing


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSide:
    """One of the two inputs of a pair, its cells taken together into groups.

    Attributes
    ----------
    input : an input of the model: a flag, an integer, a category or a number
    edges : millionths, rising, where one group ends and the next begins: whole numbers of an integer's table, or edges
        that a number has itself; none where each cell of the input is a group
    groups : the group of each of ``input.cells``, from 0; ``UNKNOWN`` for a cell that counts as missing
    """

    input: ModelInput
    edges: tuple[int, ...] = ()
    groups: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse groups that the input's own cells do not allow."""
        self._check()
        object.__setattr__(self, "groups", self._groups())

    def _check(self) -> None:
        name, kind, edges = self.input.name, self.input.kind, self.edges
        if kind not in ("flag", "integer", "category", "number"):
            raise ModelError(f"'of' names '{name}', which is of kind '{kind}'. A pair is of columns of the register.")
        if not edges:
            return
        if kind in ("flag", "category"):
            raise ModelError(f"edges are given for '{name}', which is no number: its cells are taken as they are.")
        if any(low >= high for low, high in pairwise(edges)):
            raise ModelError(f"the edges given for '{name}' must each be larger than the one before.")
        if kind == "number" and not set(edges) <= set(self.input.edges):
            raise ModelError(f"the edges given for '{name}' must be among its own edges.")
        last = self.input.first + len(self.input.table) - 1
        if kind == "integer" and any(
            edge % MILLION or not self.input.first < edge // MILLION <= last for edge in edges
        ):
            raise ModelError(f"the edges given for '{name}' must be whole, over {self.input.first} and at most {last}.")

    @property
    def shown(self) -> ModelInput:
        """An input whose table's cells are the groups, for their names; what it adds means nothing."""
        if not self.edges:
            return self.input
        # A group of whole numbers is named as a number between edges is.
        return replace(
            self.input,
            kind="number",
            edges=self.edges,
            table=(0,) * (len(self.edges) + 1),
            closed=self.input.closed if self.input.kind == "number" else "left",
            missing="no score",
            first=0,
            below=None,
            reference=None,
        )

    def _groups(self) -> tuple[int, ...]:
        each = self.input
        own = list(range(len(each.table)))
        if self.edges and each.kind == "integer":
            own = [bisect_right(self.edges, (each.first + cell) * MILLION) for cell in own]
        elif self.edges:
            starts = [each.edges.index(edge) + 1 for edge in self.edges]
            own = [bisect_right(starts, cell) for cell in own]
        extra: list[int] = []
        if len(each.cells) == len(each.table) + 2:
            extra = [0 if each.superseded_by else len(each.table) if isinstance(each.other, int) else UNKNOWN]
        return (*own, *extra, UNKNOWN)

    @property
    def names(self) -> tuple[str, ...]:
        """The groups in words."""
        return self.shown.cells[: max(self.groups) + 1]

    @property
    def scored_cells(self) -> tuple[int, ...]:
        """One of ``input.cells`` for each group, missing included, in which there may be a score."""
        amounts = self.input.contributions
        found = {group: cell for cell, group in enumerate(self.groups) if amounts[cell] is not None}
        return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PairInput(ModelInput):
    """A table over the groups of two inputs; ``table`` holds it row by row, a row for each group of the first.

    Attributes
    ----------
    sides : the two inputs
    missing_first : millionths, one for each group of the second, where the first alone is missing; where there are
        none, ``missing`` says it
    missing_second : millionths, one for each group of the first, where the second alone is missing; likewise
    shape : groups of the first and of the second
    """

    sides: tuple[PairSide, PairSide]
    missing_first: tuple[int, ...] = ()
    missing_second: tuple[int, ...] = ()
    shape: tuple[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a table that does not fit its two inputs."""
        first, second = (side.input for side in self.sides)
        if self.kind != "pair" or self.name in FIELDS:
            raise self._wrong("name", "is a column of the register: give the pair a name of its own.")
        if self.missing == "absent":
            raise self._wrong("missing", 'may be "absent" only for a flag. Write "no score" or an amount of its own.')
        if first.name == second.name:
            raise self._wrong("of", "names one input twice.")
        if first.name in second.superseded_by or second.name in first.superseded_by:
            raise self._wrong("of", "names a flag and one that supersedes it: beside that one it is never present.")
        object.__setattr__(self, "shape", tuple(max(side.groups) + 1 for side in self.sides))
        rows, columns = self.shape
        if len(self.table) != rows * columns:
            raise self._wrong("table", f"must have {plural(rows, 'row')} of {plural(columns, 'value')}.")
        for key, values, cells in (
            ("missing_first", self.missing_first, columns),
            ("missing_second", self.missing_second, rows),
        ):
            if values and len(values) != cells:
                raise self._wrong(key, f"has {len(values)}; {plural(cells, 'value')} are needed.")
        for side, alone in zip(self.sides, (self.missing_first, self.missing_second), strict=True):
            if self.missing == "no score" and not alone and side.input.missing_contribution is not None:
                problem = (
                    f"is \"no score\", yet '{side.input.name}' has an amount for whoever lacks it. Make both agree."
                )
                raise self._wrong("missing", problem)
        amounts = [amount for amount in self.contributions if amount is not None]
        if any(abs(amount) > LARGEST_VALUE for amount in amounts):
            raise self._wrong("table", "holds an amount outside -1,000,000 to 1,000,000.")
        if len(self.table) > LONGEST_TABLE:
            raise self._wrong("table", f"has {len(self.table):,} cells; {LONGEST_TABLE:,} is the most.")

    @property
    def contributions(self) -> tuple[int | None, ...]:
        """What each of ``cells`` adds, in millionths: the table row by row, then the missing ones."""
        return (*self.table, *self.missing_first, *self.missing_second, self.missing_contribution)

    def groups_at(self, cell: int) -> tuple[int, int]:
        """The groups of the first and of the second that a cell stands for; ``UNKNOWN`` where one is missing."""
        rows, columns = self.shape
        if cell < rows * columns:
            return divmod(cell, columns)
        cell -= rows * columns
        if cell < len(self.missing_first):
            return UNKNOWN, cell
        cell -= len(self.missing_first)
        return (cell if cell < len(self.missing_second) else UNKNOWN), UNKNOWN

    @property
    def cells(self) -> tuple[str, ...]:
        """What each cell holds, in words: both groups; the last one is that of whoever has no value of either."""
        names = [(*side.names, "missing") for side in self.sides]
        groups = map(self.groups_at, range(len(self.contributions) - 1))
        return (*(f"{names[0][first]}, {names[1][second]}" for first, second in groups), "missing")

    def cell_at(self, first: int, second: int) -> int:
        """The index in ``cells`` of the cell where the first input stands in its cell ``first``, and likewise."""
        rows, columns = self.shape
        row, column = self.sides[0].groups[first], self.sides[1].groups[second]
        if UNKNOWN not in (row, column):
            return row * columns + column
        if column != UNKNOWN and self.missing_first:
            return rows * columns + column
        if row != UNKNOWN and self.missing_second:
            return rows * columns + len(self.missing_first) + row
        return len(self.contributions) - 1

    def cell_of(self, value: object) -> int:
        """The index in ``cells`` of the cell that a pair of values falls in; greater flags are not looked at.

        Parameters
        ----------
        value : a value of the first input and one of the second; None: both are missing
        """
        if not (value is None or (isinstance(value, tuple) and len(value) == 2)):
            raise InputError(f"'{self.name}' is a pair: give a value of each of its two inputs.")
        first, second = (side.input.cell_of(own) for side, own in zip(self.sides, value or (None, None), strict=True))
        return self.cell_at(first, second)

    @property
    def reachable(self) -> tuple[bool, ...]:
        """Whether anybody with a score otherwise can stand in each of ``cells``."""
        known = [side.scored_cells for side in self.sides]
        met = {self.cell_at(first, second) for first, second in product(*known)}
        return tuple(cell in met for cell in range(len(self.contributions)))
