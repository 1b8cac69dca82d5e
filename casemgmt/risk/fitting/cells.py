"""The cells of one input of a model that is being made: which values share an amount, and how many people have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from casemgmt.errors import ModelError, plural
from casemgmt.register.fields import FIELDS
from casemgmt.risk.inputs import MILLION, MissingRule, ModelInput, decimal_text

if TYPE_CHECKING:
    from collections.abc import Sequence

CellKind = Literal["flag", "integer", "category", "number"]

FEWEST = 8  # people that a cell is learned from; a cell of fewer is merged with its neighbour
MOST_CELLS = 250  # of one input: as many as the trees tell apart
_OTHER_LABELS = {"imd_decile": "Deprivation tenth", "ae_attendances_12m": "A&E attendances", "copd": "COPD"}
_OTHER_LABELS |= {"stroke_tia": "Stroke or TIA", "gp_consultations_12m": "GP consultations"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCells:
    """The cells of one input, in the order of their codes; after them comes missing, in a cell of its own.

    Attributes
    ----------
    name : the register column
    kind : as of a :class:`~casemgmt.risk.inputs.ModelInput`
    starts : the whole number at which each cell begins, to where the next one does (integer)
    first : where the table begins: ``starts[0]`` or lower (integer)
    edges : millionths, between the cells; an edge belongs to the cell above it (number)
    categories : the texts of the cells (category)
    has_other : whether a last cell holds all other texts (category)
    other_scores : whether someone with any other text has a score (category)
    seen : what the estimator is shown of each cell: a number, or the number of a category
    people : in each cell
    missing_people : whose value is missing
    merged : what was merged, a sentence each
    learns_missing : whether a missing value has an amount of its own: enough people lack one, or an estimator says it
    """

    name: str
    kind: CellKind
    seen: tuple[float, ...]
    people: tuple[int, ...]
    missing_people: int
    starts: tuple[int, ...] = ()
    first: int = 0
    edges: tuple[int, ...] = ()
    categories: tuple[str, ...] = ()
    has_other: bool = False
    other_scores: bool = True
    merged: tuple[str, ...] = ()
    learns_missing: bool

    @property
    def base(self) -> int:
        """The cell that adds nothing: the first, or the commonest category."""
        if self.kind != "category":
            return 0
        return max(range(len(self.categories)), key=lambda cell: self.people[cell])

    @property
    def label(self) -> str:
        """The name in words."""
        return label_of(self.name)


def label_of(name: str) -> str:
    """A column's name in words."""
    return _OTHER_LABELS.get(name, name.replace("_12m", "").replace("_", " ").strip().capitalize())


def model_input(cells: InputCells, amounts: Sequence[int], *, missing: int | None, other: int | None) -> ModelInput:
    """The input of a model with these cells.

    Parameters
    ----------
    amounts : millionths, one a cell
    missing : millionths; None where there is no score without a value
    other : millionths, of a text that is none of the categories; None where there is no score with one
    """
    name = cells.name
    rule: MissingRule = "no score" if missing is None else missing
    label = cells.label
    match cells.kind:
        case "flag":
            return ModelInput(
                name=name, label=label, kind="flag", table=(0, amounts[1]), missing="absent" if rule == 0 else rule
            )
        case "integer":
            ends = (*cells.starts[1:], cells.starts[-1] + 1)
            starts = (cells.first, *cells.starts[1:])
            table = [a for a, low, high in zip(amounts, starts, ends, strict=True) for _ in range(low, high)]
            least = FIELDS[name].least if name in FIELDS else 0
            return ModelInput(
                name=name,
                label=label,
                kind="integer",
                first=cells.first,
                below="first" if cells.first > least else None,
                reference=40 if name == "age" and cells.first <= 40 < cells.first + len(table) else None,
                table=tuple(table),
                missing=rule,
            )
        case "category":
            allowed = FIELDS[name].allowed if name in FIELDS else ()
            named = bool(allowed) and not set(allowed) - set(cells.categories)
            return ModelInput(
                name=name,
                label=label,
                kind="category",
                categories=cells.categories,
                table=tuple(amounts[: len(cells.categories)]),
                other=None if named else "no score" if other is None else other,
                missing=rule,
            )
        case "number":
            return ModelInput(
                name=name, label=label, kind="number", edges=cells.edges, table=tuple(amounts), missing=rule
            )


def merged_whole(name: str, values: Sequence[int], counts: Sequence[int], fewest: int) -> tuple[list[int], list[str]]:
    """Where cells of whole numbers begin, so that each holds at least ``fewest`` people, and what was merged.

    Parameters
    ----------
    values : the whole numbers that occur, rising
    counts : people with each
    """
    starts, held, sentences = [], 0, []
    for place, (value, count) in enumerate(zip(values, counts, strict=True)):
        if held == 0:
            starts.append(value)
        held += count
        if held >= fewest:
            held = 0
        elif place + 1 < len(values):
            sentences.append(f"{name}: {value} ({plural(count, 'person', 'people')}) shares a cell with the next")
    if held and len(starts) > 1:
        sentences.append(
            f"{name}: {starts[-1]} and over ({plural(held, 'person', 'people')}) shares a cell with those before"
        )
        starts.pop()
    return starts, sentences


def edge_between(lower: float, upper: float, name: str, wanted: float | None = None) -> int:
    """A decimal of six places, in millionths, that is over one number and not over the next.

    Raises
    ------
    ModelError : no such decimal lies between the two
    """
    middle = (lower + upper) / 2 if wanted is None else wanted
    for guess in (round(middle * MILLION), round(upper * MILLION), round(lower * MILLION) + 1):
        if lower < guess / MILLION <= upper:
            return guess
    raise ModelError(
        f"'{name}' has values that differ by less than a millionth; a table cannot tell them apart. Write it in larger "
        f"units, or round it."
    )


def in_words(cells: InputCells) -> str:
    """How many cells, of what."""
    if cells.kind == "integer":
        return f"{len(cells.people)} cells, {cells.first} to {cells.starts[-1]} and over"
    if cells.kind == "number":
        return f"{len(cells.people)} cells, edges {decimal_text(cells.edges[0])} to {decimal_text(cells.edges[-1])}"
    return f"{len(cells.people)} cells"
