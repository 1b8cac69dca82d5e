"""Each cell of a model's tables as a band of one number: from, under, and what it adds.

Integers and numbers keep their values. Everything else (flags, categories, pairs, another model's score, and numbers
whose edges belong to the lower cell) is first turned into the number of its cell, by a condition that stands in the
query; a band is then that number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.register.fields import FIELDS
from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.inputs import MILLION, PRESENT, ModelInput
from casemgmt.risk.pairs import UNKNOWN, PairInput, PairSide
from casemgmt.risk.words import base_cell

if TYPE_CHECKING:
    from casemgmt.risk.export.dialects import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One cell.

    Attributes
    ----------
    number : of the input, from 1
    input : the input
    cell : index in the input's ``cells``
    at_least, under : the edges; None where the band is open; both None: the value is missing
    amount : millionths; None where there is no score
    difference : millionths more than the cell that others are held against
    """

    number: int
    input: ModelInput
    cell: int
    at_least: float | None
    under: float | None
    amount: int | None
    difference: int

    @property
    def is_missing(self) -> bool:
        """Whether the band is of whoever has no value."""
        return self.at_least is None and self.under is None


def bands_of(model: AdditiveModel) -> list[Band]:
    """Every cell of every table, inputs in file order."""
    bands = []
    for number, each in enumerate(model.inputs, start=1):
        amounts, base = each.contributions, each.contributions[base_cell(each)] or 0
        for cell, at_least, under in _edges_of(each):
            amount = amounts[cell]
            bands.append(
                Band(
                    number=number,
                    input=each,
                    cell=cell,
                    at_least=at_least,
                    under=under,
                    amount=amount,
                    difference=0 if amount is None else amount - base,
                )
            )
    return bands


def keeps_value(each: ModelInput) -> bool:
    """Whether bands are edges of the input's own values, rather than numbers of its cells."""
    return each.kind == "integer" or (each.kind == "number" and (each.closed == "left" or each.name in FIELDS))


def _edges_of(each: ModelInput) -> Iterator[tuple[int, float | None, float | None]]:
    missing = len(each.contributions) - 1
    if not keeps_value(each):
        yield from ((cell, cell, cell + 1) for cell in range(missing))
    elif each.kind == "integer":
        last = len(each.table) - 1
        for cell in range(len(each.table)):
            yield cell, each.first + cell, None if cell == last else each.first + cell + 1
        if each.below == "no score":
            yield last + 1, each.first - 1, each.first
    else:
        edges: list[float | None] = [None]
        for edge, (_, over) in zip(each.edges_as_floats, each.beside_edges, strict=True):
            edges.append(over // MILLION if each.name in FIELDS else edge)
        yield from ((cell, low, high) for cell, (low, high) in enumerate(zip(edges, [*edges[1:], None], strict=True)))
    yield missing, None, None


def value_of(each: ModelInput, value: Callable[[str], str], dialect: Dialect) -> str:
    """An expression for what the bands of an input are held against; NULL where it is missing.

    Parameters
    ----------
    value : by the name of an input, the expression of its value, and of a score input the other model's sum
    """
    if isinstance(each, PairInput):
        return _pair_value(each, value, dialect)
    own = value(each.name)
    if keeps_value(each):
        return own
    if each.kind == "flag":
        return _flag_value(each, value)
    if each.kind == "category":
        cases = [f"WHEN {dialect.same_text(own, text)} THEN {cell}" for cell, text in enumerate(each.categories)]
        last = f" ELSE {len(each.categories)}" if each.other is not None else ""
        return f"CASE WHEN {own} IS NULL THEN NULL {' '.join(cases)}{last} END"
    sign = "<" if each.closed == "left" else "<="
    cases = [f"WHEN {own} {sign} {edge} THEN {cell}" for cell, edge in enumerate(_edges_written(each, dialect))]
    return f"CASE WHEN {own} IS NULL THEN NULL {' '.join(cases)} ELSE {len(cases)} END"


def _edges_written(each: ModelInput, dialect: Dialect) -> list[str]:
    if each.kind == "score":  # held against the other model's exact sum
        return [dialect.amount(edge * each.scale) for edge in each.edges]
    return [dialect.number(edge) for edge in each.edges_as_floats]


def _flag_value(each: ModelInput, value: Callable[[str], str]) -> str:
    own = value(each.name)
    if not each.superseded_by:
        return own
    greater = " OR ".join(f"{value(name)} = {PRESENT}" for name in each.superseded_by)
    return f"CASE WHEN {own} = {PRESENT} AND ({greater}) THEN {each.superseded_cell} ELSE {own} END"


def _pair_value(pair: PairInput, value: Callable[[str], str], dialect: Dialect) -> str:
    """The number of a pair's cell: one flat CASE over the groups of both sides."""
    cases = []
    for cell in range(len(pair.contributions) - 1):
        groups = pair.groups_at(cell)
        conditions = [_in_group(side, group, value, dialect) for side, group in zip(pair.sides, groups, strict=True)]
        cases.append(f"WHEN {' AND '.join(conditions)} THEN {cell}")
    return f"CASE {' '.join(cases)} END"


def _in_group(side: PairSide, group: int, value: Callable[[str], str], dialect: Dialect) -> str:
    """A condition: one input of a pair stands in a group."""
    each = side.input
    cells = [cell for cell, own in enumerate(side.groups) if own == group]
    if group != UNKNOWN:
        return _in_cells(each, cells, value, dialect)
    known = [cell for cell, own in enumerate(side.groups) if own != UNKNOWN]
    return f"({value(each.name)} IS NULL OR NOT {_in_cells(each, known, value, dialect)})"


def _in_cells(each: ModelInput, cells: list[int], value: Callable[[str], str], dialect: Dialect) -> str:
    own = value(each.name)
    if each.kind == "flag":
        code = f"({_flag_value(each, value)})" if each.superseded_by else own
        return f"{code} IN ({', '.join(map(str, cells))})"
    if each.kind == "category":
        named = set(range(len(each.categories)))
        if named.isdisjoint(cells):  # any other text
            return f"({own} IS NOT NULL AND NOT {_one_of(own, each, sorted(named), dialect)})"
        if len(each.categories) in cells:
            return f"{own} IS NOT NULL"
        return _one_of(own, each, cells, dialect)
    bounds = {cell: (low, high) for cell, low, high in _open_edges(each)}
    low, high = bounds[cells[0]][0], bounds[cells[-1]][1]
    over, under = (">=", "<") if keeps_value(each) else (">", "<=")
    parts = [f"{own} {over} {dialect.number(low)}"] if low is not None else []
    parts += [f"{own} {under} {dialect.number(high)}"] if high is not None else []
    return f"({' AND '.join(parts) or f'{own} IS NOT NULL'})"


def _one_of(own: str, each: ModelInput, cells: list[int], dialect: Dialect) -> str:
    return f"({' OR '.join(dialect.same_text(own, each.categories[cell]) for cell in cells)})"


def _open_edges(each: ModelInput) -> Iterator[tuple[int, float | None, float | None]]:
    if keeps_value(each):
        yield from _edges_of(each)
        return
    edges: list[float | None] = [None, *each.edges_as_floats]
    yield from ((cell, low, high) for cell, (low, high) in enumerate(zip(edges, [*edges[1:], None], strict=True)))
