"""Which parts of a model's tables its test vectors stand in: a part that none stands in could be wrong unseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from casemgmt.errors import ModelError, listed, plural
from casemgmt.register.fields import FIELDS
from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.inputs import MILLION, PRESENT, ModelInput, decimal_text
from casemgmt.risk.pairs import PairInput, PairSide

if TYPE_CHECKING:
    from casemgmt.risk.vectors import Vector

# A place of a table that some vector must stand in: a cell, a value beside an edge, under the first integer, present
# beside the one of the greater flags with that number, or a value beside an edge of a pair's first or second input.
Place = tuple[str, int]


def places(each: ModelInput) -> Iterator[tuple[Place, str, object]]:
    """Every place of an input's table that a vector must stand in: the place, its name, and a value that is there.

    A value of a pair is that of its first input and that of its second.
    """
    yield from _places_of_pair(each) if isinstance(each, PairInput) else _places_of_one(each)


def _places_of_one(each: ModelInput) -> Iterator[tuple[Place, str, object]]:
    values: list[object] = []
    match each.kind:
        case "flag" | "integer":
            values.extend(range(each.first, each.first + len(each.table)))
        case "category":
            values.extend(each.categories)
        case _:
            sides = [under for under, _ in each.beside_edges] + [each.beside_edges[-1][1]]
            values.extend(_from_millionths(each, side) for side in sides)
    if each.below == "no score":
        values.append(each.first - 1)
    if each.other is not None:
        allowed = FIELDS[each.name].allowed if each.name in FIELDS else ()
        unnamed = (text for text in (*allowed, "any other", *(f"any other {n}" for n in range(len(each.table)))))
        values.append(next(text for text in unnamed if text not in each.categories))
    if each.superseded_by:
        values.append(PRESENT)
    for index, (label, value) in enumerate(zip(each.cells, [*values, None], strict=True)):
        if not (each.superseded_by and index == each.superseded_cell):
            yield ("cell", index), f"cell '{label}'", value
    for number, name in enumerate(each.superseded_by):
        yield ("beside", number), f"present beside '{name}' alone", PRESENT
    if each.below == "first":
        yield ("under", 0), f"a value under {each.first}", each.first - 1
    for edge, beside in zip(each.edges, each.beside_edges, strict=True):
        for value in beside:
            label = f"the edge {decimal_text(edge)}, at {decimal_text(value)}"
            yield ("at", value), label, _from_millionths(each, value)


def _places_of_pair(pair: PairInput) -> Iterator[tuple[Place, str, object]]:
    values = [_value_of_each_group(side) for side in pair.sides]
    for index, (label, reachable) in enumerate(zip(pair.cells, pair.reachable, strict=True)):
        if reachable:
            first, second = pair.groups_at(index)
            # Where one missing value is enough, the other is given: the last of a list is that of whoever has none.
            yield ("cell", index), f"cell '{label}'", (values[0][first], values[1][second])
    for number, (side, name) in enumerate(zip(pair.sides, ("first", "second"), strict=True)):
        for value in (value for edge in side.edges for value in _beside(side, edge)):
            other = values[1 - number][0]
            at = _from_millionths(side.input, value) if side.input.kind == "number" else value // MILLION
            label = f"an edge of '{side.input.name}', at {decimal_text(value)}"
            yield (name, value), label, (at, other) if number == 0 else (other, at)


def _value_of_each_group(side: PairSide) -> list[object]:
    """A value in each group of a side, and None for whoever has none."""
    found: dict[int, object] = {}
    for (what, cell), _, value in places(side.input):
        if what == "cell" and side.groups[cell] not in found:
            found[side.groups[cell]] = value
    return [*(found[group] for group in range(max(side.groups) + 1)), None]


def _beside(side: PairSide, edge: int) -> tuple[int, int]:
    """The largest value under an edge and the smallest over it, in millionths."""
    if side.input.kind == "integer":
        return edge - MILLION, edge
    return side.input.beside_edges[side.input.edges.index(edge)]


def _from_millionths(each: ModelInput, value: int) -> object:
    if each.kind == "score":
        return value * each.scale
    return value // MILLION if each.name in FIELDS else value / MILLION


def standing(each: ModelInput, place: Place, value: object, others: Mapping[str, object]) -> dict[str, object]:
    """Values of all inputs in which one input stands in a place: the others', save for the flags greater than it."""
    if isinstance(each, PairInput) and isinstance(value, tuple):
        of = [side.input for side in each.sides]
        greater = {name: 0 for one in of for name in one.superseded_by}
        return {**others, **greater, **{one.name: own for one, own in zip(of, value, strict=True)}}
    greater = {name: int(place == ("beside", number)) for number, name in enumerate(each.superseded_by)}
    return {**others, **greater, each.name: value}


def _places_of(model: AdditiveModel, each: ModelInput, values: Mapping[str, object]) -> set[Place]:
    """The places where one of the values stands."""
    value: Any = values.get(each.name)
    cell = model.cell_of(each, values)
    if isinstance(each, PairInput):
        return {("cell", cell), *_edges_met(each, values)}
    if each.superseded_by and cell == each.superseded_cell:
        greater = [
            number
            for number, name in enumerate(each.superseded_by)
            if model.input_named(name).cell_of(values.get(name)) == PRESENT
        ]
        return {("beside", number) for number in greater if len(greater) == 1}
    if each.below == "first" and value is not None and value < each.first:
        return {("under", 0)}
    found: set[Place] = {("cell", cell)}
    if value is None:
        return found
    if each.kind == "score":
        found.add(("at", value // each.scale))
    elif each.kind == "number":
        found.add(("at", round(value * MILLION)))
    return found


def _edges_met(pair: PairInput, values: Mapping[str, object]) -> Iterator[Place]:
    """The edges of a pair's two inputs beside which their values stand."""
    for side, name in zip(pair.sides, ("first", "second"), strict=True):
        value: Any = values.get(side.input.name)
        if side.edges and value is not None:
            yield (name, round(value * MILLION))


def check_coverage(model: AdditiveModel, vectors: list[Vector], where: str) -> None:
    """Refuse vectors that leave a cell, an edge, the floor or a band untouched."""
    touched = {each.name: set[Place]() for each in model.inputs}
    floor_reached, bands_reached = model.floor is None, set[str]()
    for vector in vectors:
        total = model.sum_before_floor(vector.values)
        floor_reached = floor_reached or (total is not None and model.floor is not None and total < model.floor)
        bands_reached.add(vector.band)
        amounts = {each.name: each.contributions[model.cell_of(each, vector.values)] for each in model.inputs}
        silent = [name for name, amount in amounts.items() if amount is None]
        for each in model.inputs:
            # A vector tells of a cell only if a change in that cell would change what the vector expects.
            tells = (
                _silences_alone(model, each, silent)
                if silent
                else _is_above_floor(model, each, total, amounts[each.name])
            )
            if tells:
                touched[each.name] |= _places_of(model, each, vector.values)
    for each in model.inputs:
        for place, label, _ in places(each):
            if place not in touched[each.name]:
                raise ModelError(f"{where}: no vector touches input '{each.name}', {label}.{_why(model, each, place)}")
    if not floor_reached:
        raise ModelError(f"{where}: no vector has a sum under the floor.")
    if untouched := [band.name for band in model.bands if band.name not in bands_reached]:
        raise ModelError(f"{where}: no vector touches {plural(len(untouched), 'band')}: {listed(untouched)}.")


def _silences_alone(model: AdditiveModel, each: ModelInput, silent: list[str]) -> bool:
    """Whether an input is the only cause that there is no score: a pair is silent with it where it has no value."""
    pairs = {
        other.name
        for other in model.inputs
        if isinstance(other, PairInput) and each in (side.input for side in other.sides)
    }
    return {each.name} <= {*silent} <= {each.name, *pairs}


def _is_above_floor(model: AdditiveModel, each: ModelInput, total: int | None, amount: int | None) -> bool:
    if total is None or amount is None or model.floor is None or total > model.floor:
        return True
    best = max(other for other in each.contributions if other is not None)
    # A cell so low that the floor hides it whatever the other inputs are cannot be told from a lower one.
    return model.extremes[1] - best + amount <= model.floor


def _why(model: AdditiveModel, each: ModelInput, place: Place) -> str:
    if place[0] == "cell" and each.contributions[place[1]] is None:
        return " It gives no score, so write a vector in which nothing else does."
    return " Where the floor hides the sum, the vector does not count." if model.floor is not None else ""
