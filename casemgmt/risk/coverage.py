"""Which parts of a model's tables its test vectors stand in: a part that none stands in could be wrong unseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from casemgmt.errors import ModelError, listed, plural
from casemgmt.register.fields import FIELDS
from casemgmt.risk.inputs import MILLION, PRESENT, ModelInput, decimal_text
from casemgmt.risk.model import Model

if TYPE_CHECKING:
    from casemgmt.risk.vectors import Vector

# A place of a table that some vector must stand in: a cell, a value beside an edge, under the first integer, or present
# beside the one of the greater flags with that number.
Place = tuple[str, int]


def places(each: ModelInput) -> Iterator[tuple[Place, str, object]]:
    """Every place of an input's table that a vector must stand in: the place, its name, and a value that is there."""
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


def _from_millionths(each: ModelInput, value: int) -> object:
    if each.kind == "score":
        return value * each.scale
    return value // MILLION if each.name in FIELDS else value / MILLION


def standing(each: ModelInput, place: Place, value: object, others: Mapping[str, object]) -> dict[str, object]:
    """Values of all inputs in which one input stands in a place: the others', save for the flags greater than it."""
    greater = {name: int(place == ("beside", number)) for number, name in enumerate(each.superseded_by)}
    return {**others, **greater, each.name: value}


def _places_of(model: Model, each: ModelInput, values: Mapping[str, object]) -> set[Place]:
    """The places where one of the values stands."""
    value: Any = values.get(each.name)
    cell = model.cell_of(each, values)
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


def check_coverage(model: Model, vectors: list[Vector], where: str) -> None:
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
            tells = silent == [each.name] if silent else _is_above_floor(model, each, total, amounts[each.name])
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


def _is_above_floor(model: Model, each: ModelInput, total: int | None, amount: int | None) -> bool:
    if total is None or amount is None or model.floor is None or total > model.floor:
        return True
    best = max(other for other in each.contributions if other is not None)
    # A cell so low that the floor hides it whatever the other inputs are cannot be told from a lower one.
    return model.extremes[1] - best + amount <= model.floor


def _why(model: Model, each: ModelInput, place: Place) -> str:
    if place[0] == "cell" and each.contributions[place[1]] is None:
        return " It gives no score, so write a vector in which nothing else does."
    return " Where the floor hides the sum, the vector does not count." if model.floor is not None else ""
