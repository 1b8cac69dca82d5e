"""One input of a model and its lookup table: which cell a value falls in, and what that cell adds to the score.

Every amount is a whole number of millionths, so a sum of contributions is exact in any order. What is written here is
the plain definition; the scoring kernel must agree with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from casemgmt.errors import InputError, ModelError, did_you_mean, listed, plural
from casemgmt.register.fields import FIELDS, Field

if TYPE_CHECKING:
    from casemgmt.annotations import MaybeNone

InputKind = Literal["flag", "integer", "category", "number", "score", "pair"]
NoScore = Literal["no score"]
MissingRule = Literal["absent", "no score"] | int

KINDS: tuple[InputKind, ...] = ("flag", "integer", "category", "number", "score", "pair")
MILLION = 1_000_000
LARGEST_VALUE = 1_000_000 * MILLION
LARGEST_EDGE = 1_000_000_000 * MILLION
LONGEST_TABLE = 100_000
PRESENT = 1  # the cell of a flag that is set

# Which kinds of input a canonical field can feed; a carried column (one that is no field) can feed any of them.
_FEEDS: dict[str, tuple[InputKind, ...]] = {
    "flag": ("flag",),
    "integer": ("integer", "number"),
    "category": ("category",),
    "text": ("category",),
}


def decimal_text(millionths: int) -> str:
    """The shortest exact decimal: ``80000`` is ``0.08``, ``-1500000`` is ``-1.5``."""
    whole, part = divmod(abs(millionths), MILLION)
    text = f"{whole}.{part:06d}".rstrip("0").rstrip(".")
    return f"-{text}" if millionths < 0 else text


def is_missing(value: object) -> bool:
    """Whether a value counts as missing: none, not a finite number, or blank text."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, int):
        return False
    return not math.isfinite(value)  # type: ignore[arg-type]  # floats of any width, and decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInput:
    """One input of a model.

    Attributes
    ----------
    name : the register column; for a score input, the name of the other model's score; for a pair, any other name
    label : the same in words, for people
    kind : ``flag``, ``integer``, ``category``, ``number``, ``score`` or ``pair`` (a :class:`.pairs.PairInput`)
    missing : what a missing value does: ``absent`` (flags only; adds 0), ``no score``, or an amount in millionths
    table : millionths; a flag's (0, its value), one an integer from ``first``, one a category, or one a cell
        between edges
    first : the integer of the table's first cell (integer); the last cell holds every larger integer
    below : what an integer under ``first`` does: takes the ``first`` cell, or gives ``no score``; none where no
        register can hold one, and then it is read as missing
    reference : the integer that reasons are held against, in the table; the table's first where none is given
    categories : the texts the table speaks of, in its order, matched exactly (category)
    other : what any other text does: ``no score``, or an amount in millionths; none where every text is named
    superseded_by : the greater flags beside which this one adds nothing, such as metastatic cancer beside cancer (flag)
    edges : millionths, strictly increasing (number, score)
    closed : the cell an edge belongs to: ``left`` the upper one (value >= edge), ``right`` the lower one
    model : the other model, as the file names it (score)
    scale : the other model's ``divide_by`` (score), so that its sum is compared with an edge in whole numbers
    """

    name: str
    label: str
    kind: InputKind
    missing: MissingRule
    table: tuple[int, ...]
    first: int = 0
    below: Literal["first", "no score"] | None = None
    reference: int | None = None
    categories: tuple[str, ...] = ()
    other: NoScore | int | None = None
    superseded_by: tuple[str, ...] = ()
    edges: tuple[int, ...] = ()
    closed: Literal["left", "right"] = "left"
    model: str = ""
    scale: int = 1

    def __post_init__(self) -> None:
        """Refuse a table that does not fit its kind or its register field."""
        if self.kind not in KINDS:
            raise self._wrong("kind", f"is not one of {listed(KINDS)}.{did_you_mean(self.kind, KINDS)}")
        if self.missing == "absent" and self.kind != "flag":
            raise self._wrong("missing", 'may be "absent" only for a flag. Write "no score" or an amount of its own.')
        amounts = [*self.table, *(rule for rule in (self.missing, self.other) if isinstance(rule, int))]
        if any(abs(amount) > LARGEST_VALUE for amount in amounts):
            raise self._wrong("table", "holds an amount outside -1,000,000 to 1,000,000.")
        if len(self.table) > LONGEST_TABLE:
            raise self._wrong("table", f"has {len(self.table):,} cells; {LONGEST_TABLE:,} is the most.")
        field = FIELDS.get(self.name)
        if field is not None and self.kind not in _FEEDS.get(field.kind, ()):
            raise self._wrong("kind", f"is '{self.kind}', which the register field of that name cannot feed.")
        match self.kind:
            case "flag" if len(self.table) != 2 or self.table[0] != 0:
                raise self._wrong("table", "of a flag is 0 and its value.")
            case "flag" if self.superseded_by and self.missing != "absent":
                raise self._wrong("missing", 'of a flag that others supersede must be "absent".')
            case "integer":
                self._check_integers(field)
            case "category":
                self._check_categories(field)
            case "number" | "score":
                self._check_edges()

    def _check_integers(self, field: Field | None) -> None:
        if not self.table:
            raise self._wrong("table", "is empty: write one value a unit.")
        least = field.least if field else 0
        if self.first > least and self.below is None:
            remedy = 'Write below = "first" to give smaller ones the first value, or below = "no score".'
            raise self._wrong("below", f"is missing: the table starts at {self.first}, the column at {least}. {remedy}")
        if self.first <= least and self.below is not None:
            raise self._wrong("below", f"says what cannot happen: the column starts at {least}. Leave it out.")
        last = self.first + len(self.table) - 1
        if self.reference is not None and not self.first <= self.reference <= last:
            raise self._wrong("reference", f"is not in the table, which runs from {self.first} to {last}.")
        if field and (self.first < field.least or last > field.most):
            problem = f"runs from {self.first} to {last}; the column holds {field.least} to {field.most} only."
            raise self._wrong("table", problem)

    def _check_categories(self, field: Field | None) -> None:
        if not self.categories or len(self.categories) != len(self.table):
            raise self._wrong("values", "needs one amount for each category, and at least one.")
        if any(is_missing(category) for category in self.categories):
            raise self._wrong("values", "names a blank category. What a missing value does is said by 'missing'.")
        if len(set(self.categories)) != len(self.categories):
            raise self._wrong("values", "names a category twice.")
        allowed = field.allowed if field else ()
        for category in self.categories if allowed else ():
            if category not in allowed:
                raise self._wrong(
                    "values", f"names '{category}', which is no category.{did_you_mean(category, allowed)}"
                )
        left = [category for category in allowed if category not in self.categories]
        if self.other is None and (left or not allowed):
            which = f"{listed(left)} would have no value" if left else "the column may hold any text"
            raise self._wrong("other", f'is missing: {which}. Write other = "no score" or an amount.')
        if self.other is not None and allowed and not left:
            raise self._wrong("other", "says what cannot happen: every category has a value. Leave it out.")

    def _check_edges(self) -> None:
        if not self.edges or any(low >= high for low, high in pairwise(self.edges)):
            raise self._wrong("edges", "must be one decimal or more, each larger than the one before.")
        if any(abs(edge) > LARGEST_EDGE for edge in self.edges):
            raise self._wrong("edges", "holds an edge outside -1,000,000,000 to 1,000,000,000.")
        if self.closed not in ("left", "right"):
            raise self._wrong("closed", 'must be "left" (an edge belongs to the cell above it) or "right".')
        if len(self.table) != len(self.edges) + 1:
            cells = plural(len(self.edges) + 1, "value")
            raise self._wrong("table", f"has {len(self.table)}; {plural(len(self.edges), 'edge')} need {cells}.")
        field = FIELDS.get(self.name)
        if field and any(edge % MILLION for edge in self.edges):
            raise self._wrong("edges", "must be whole: the column holds whole numbers, so a part of one says nothing.")
        if field:
            probes = self.beside_edges
            reached = [field.least * MILLION, *(side for pair in probes for side in pair), field.most * MILLION]
            if any(upper > lower for upper, lower in zip(reached[::2], reached[1::2], strict=True)):
                raise self._wrong(
                    "edges", f"make a cell that no whole number from {field.least} to {field.most} is in."
                )
        if self.kind == "score" and (not self.model or self.name in FIELDS or self.scale < 1):
            raise self._wrong("model", "must name another model, and the input must not bear a register field's name.")

    def _wrong(self, key: str, problem: str) -> ModelError:
        return ModelError(f"input '{self.name}': '{key}' {problem}")

    @property
    def cells(self) -> tuple[str, ...]:
        """What each cell holds, in words: the table's, then ``below``, ``other`` or superseded, then missing."""
        return (*self._table_cells(), *self._extra_cell(), "missing")

    @property
    def contributions(self) -> tuple[int | MaybeNone, ...]:
        """What each of ``cells`` adds, in millionths, in the same order; None where it means that there is no score."""
        extra: tuple[int | None, ...] = ()
        if self.below == "no score" or self.other is not None:
            extra = (self.other if isinstance(self.other, int) else None,)
        elif self.superseded_by:
            extra = (0,)
        return (*self.table, *extra, self.missing_contribution)

    @property
    def missing_contribution(self) -> int | None:
        """What a missing value adds, in millionths; None where it means that there is no score."""
        if isinstance(self.missing, int):
            return self.missing
        return 0 if self.missing == "absent" else None

    @property
    def edges_as_floats(self) -> tuple[float, ...]:
        """The edges as the nearest 64-bit numbers, which is how a number is compared with them."""
        return tuple(edge / MILLION for edge in self.edges)

    @property
    def beside_edges(self) -> tuple[tuple[int, int], ...]:
        """For each edge the largest value under it and the smallest over it, in millionths; vectors must hold both."""
        step = MILLION if self.name in FIELDS else 1
        pairs = []
        for edge in self.edges:
            over = -(-edge // step) * step if self.closed == "left" else (edge // step + 1) * step
            pairs.append((over - step, over))
        return tuple(pairs)

    def _table_cells(self) -> tuple[str, ...]:
        match self.kind:
            case "flag":
                return ("absent", "present")
            case "integer":
                last = self.first + len(self.table) - 1
                return (*(str(number) for number in range(self.first, last)), f"{last} or more")
            case "category":
                return self.categories
            case _:
                texts = [decimal_text(edge) for edge in self.edges]
                under, over = ("under {}", "{} and over") if self.closed == "left" else ("{} and under", "over {}")
                between = "{} to under {}" if self.closed == "left" else "over {} to {}"
                middle = (between.format(low, high) for low, high in pairwise(texts))
                return (under.format(texts[0]), *middle, over.format(texts[-1]))

    def _extra_cell(self) -> tuple[str, ...]:
        if self.below == "no score":
            return (f"under {self.first}",)
        if self.superseded_by:
            return ("superseded",)
        return ("any other",) if self.other is not None else ()

    def cell_of(self, value: object) -> int:
        """The index in ``cells`` of the cell that a value falls in, of itself: a greater flag is not looked at.

        Parameters
        ----------
        value : a flag (true, false, 0 or 1), a whole number, a text, a number, or for a score input the other model's
            sum in millionths; None, NaN, infinities and blank text are missing

        Raises
        ------
        InputError : the value is of a kind that the input cannot read
        """
        if is_missing(value):
            return self._missing_cell
        match self.kind:
            case "flag" | "integer":
                return self._cell_of_whole(self._whole(value))
            case "category":
                return self._cell_of_text(value)
            case "number":
                number = self._number(value)
                return sum(self._passed(number, edge) for edge in self.edges_as_floats)
            case _:
                total = self._whole(value)
                return sum(self._passed(total, edge * self.scale) for edge in self.edges)

    @property
    def superseded_cell(self) -> int:
        """The index in ``cells`` of the cell that a present flag falls in beside a greater one."""
        return len(self.table)

    @property
    def _missing_cell(self) -> int:
        return len(self.table) + len(self._extra_cell())

    def _cell_of_whole(self, number: int) -> int:
        if self.kind == "flag":
            if number in (0, 1):
                return number
            raise InputError(f"'{self.name}' is a flag: it holds true, false, 0 or 1.")
        if number >= self.first:
            return min(number - self.first, len(self.table) - 1)
        return {"first": 0, "no score": len(self.table), None: self._missing_cell}[self.below]

    def _cell_of_text(self, value: object) -> int:
        if not isinstance(value, str):
            raise InputError(f"'{self.name}' is a category: it holds text.")
        if value in self.categories:
            return self.categories.index(value)
        if self.other is None:
            raise InputError(f"'{self.name}' holds something that is none of {listed(self.categories)}.")
        return len(self.table)

    def contribution(self, value: object) -> int | None:
        """What a value adds to the score, in millionths; None where it means that there is no score."""
        return self.contributions[self.cell_of(value)]

    def _passed(self, value: float, edge: float) -> bool:
        return value >= edge if self.closed == "left" else value > edge

    def _number(self, value: Any) -> float:
        if isinstance(value, (str, bytes)):
            raise InputError(f"'{self.name}' must hold numbers, not text.")
        return float(value)

    def _whole(self, value: Any) -> int:
        if not isinstance(value, (str, bytes)) and value == int(value):
            return int(value)
        raise InputError(f"'{self.name}' must hold whole numbers.")


def value_must_be(what: str, near: str = "") -> ModelError:
    """A value that is not what its key or column must hold; who reads it puts the place in front."""
    return ModelError(f"must be {what}.{near}")


def millionths(text: object, places: int = 6) -> int:
    """Read a decimal written as text, exactly.

    Raises
    ------
    ModelError : it is not text, not a plain decimal, or has more than ``places`` decimal places
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        raise ModelError("is a bare number. Write the decimal as text, in quotes, so that it is read exactly.")
    digits = text.removeprefix("-") if isinstance(text, str) else ""
    whole, point, part = digits.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 10) or bool(point) != bool(part):
        raise value_must_be('a plain decimal as text, such as "0.08"')
    if part and not (part.isascii() and part.isdigit()):
        raise value_must_be('a plain decimal as text, such as "0.08"')
    if len(part) > places:
        raise ModelError(f"has {len(part)} decimal places; {places} is the most.")
    return int(Decimal(str(text)).scaleb(places))
