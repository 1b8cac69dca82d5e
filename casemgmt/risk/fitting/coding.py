"""A register's columns as cells: what each input's values are, and the cell of each person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.errors import InputError, ModelError, listed, plural
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.fields import FIELDS
from casemgmt.risk.fitting.cells import FEWEST, MOST_CELLS, InputCells, edge_between, merged_whole
from casemgmt.risk.inputs import is_missing
from casemgmt.risk.scoring import from_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register

    Codes = npt.NDArray[np.int32]

_LARGEST_TABLE = 1_000  # a column of whole numbers beyond it is read as one of any numbers


class Coded(NamedTuple):
    """One input of the people: its cells, and the cell of each person; -1 is missing, -2 too rare to learn from."""

    cells: InputCells
    codes: Codes


def coded_input(register: Register, name: str, rows: npt.NDArray[np.int64]) -> Coded:
    """One input of some people.

    Raises
    ------
    InputError : a column of dates, ids or the like, which no model reads
    ModelError : a column with one value, or with none that enough people share
    """
    import pyarrow as pa

    field = FIELDS.get(name)
    if field is not None and field.kind not in ("flag", "integer", "category", "text"):
        raise InputError(
            f"'{name}' is {field.kind if field.kind != 'id' else 'an id'}, which no model takes as an input."
        )
    column = register.column(name, rows)
    if _is_unread(column.type):
        raise InputError(f"'{name}' is of type {column.type}, which no model takes as an input.")
    places, values = distinct_values(pa.chunked_array([column]))
    kind, plain = _plain(name, values)
    return _coded(name, kind, places, plain)


def _is_unread(kind: pa.DataType) -> bool:
    """Whether a column is of a type that holds neither numbers, flags nor text."""
    import pyarrow as pa

    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return bool(is_bytes or pa.types.is_temporal(kind) or pa.types.is_nested(kind))


def _plain(name: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """The kind of a column's values, and each as its input reads it, None where it is missing."""
    field = FIELDS.get(name)
    if field is not None:
        kind = {"text": "category"}.get(field.kind, field.kind)
        return kind, [None if is_missing(each) else each for each in values]
    known = [each for each in values if not is_missing(each)]
    if known and all(isinstance(each, str) for each in known):
        flags, numbers = ([from_text(kind, each) for each in values] for kind in ("flag", "number"))
        if _all(flags, lambda each: each in (0, 1)) and not any(isinstance(each, str) for each in flags):
            return "flag", flags
        if any(isinstance(each, str) and not is_missing(each) for each in numbers):
            return "category", [None if is_missing(each) else each for each in values]
        values = numbers
    plain = [None if is_missing(each) else each for each in values]
    if _all(plain, lambda each: each in (0, 1)):
        return "flag", plain
    if _all(plain, lambda each: each == int(each) and 0 <= each <= _LARGEST_TABLE):
        return "integer", plain
    return "number", plain


def _all(values: Sequence[Any], holds: Any) -> bool:
    return all(each is None or (not isinstance(each, str) and holds(each)) for each in values)


def _coded(name: str, kind: str, places: npt.NDArray[Any], plain: list[Any]) -> Coded:
    import numpy as np

    counts = np.bincount(places[places >= 0], minlength=len(plain))
    # Several spellings may mean one value: 1 and 1.0, true and yes.
    known = sorted({each for each, count in zip(plain, counts, strict=True) if each is not None and count}, key=_order)
    number_of = {value: number for number, value in enumerate(known)}
    of_place = np.array([-1 if each is None else number_of.get(each, -1) for each in plain] + [-1], dtype=np.int32)
    numbers = of_place[places]
    people = np.bincount(numbers[numbers >= 0], minlength=len(known)).tolist()
    missing = len(numbers) - sum(people)
    if len(known) < 2 and (missing < FEWEST or not known):
        raise ModelError(
            f"'{name}' {'is empty' if not known else 'has one value'}: it tells nobody apart. Leave it out."
        )
    make = {"flag": _flag, "integer": _integer, "category": _category, "number": _number}[kind]
    cells, cell_of = make(name, known, people, missing)
    return Coded(cells, np.array([*cell_of, -1], dtype=np.int32)[numbers])


def _order(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)


def _flag(name: str, known: list[Any], people: list[int], missing: int) -> tuple[InputCells, list[int]]:
    by_value = {int(value): count for value, count in zip(known, people, strict=True)}
    absent, present = by_value.get(0, 0), by_value.get(1, 0)
    if min(absent, present) < FEWEST:
        raise ModelError(
            f"'{name}': {plural(min(absent, present), 'person', 'people')} on one side of a flag; {FEWEST} is the "
            "fewest that an amount is learned from. Leave it out."
        )
    cells = InputCells(
        name=name,
        kind="flag",
        seen=(0.0, 1.0),
        people=(absent, present),
        missing_people=missing,
        learns_missing=missing >= FEWEST,
    )
    return cells, [int(value) for value in known]


def _integer(name: str, known: list[Any], people: list[int], missing: int) -> tuple[InputCells, list[int]]:
    import numpy as np

    values, fewest = [int(value) for value in known], FEWEST
    starts, merged = merged_whole(name, values, people, fewest)
    while len(starts) > MOST_CELLS:
        fewest *= 2
        starts, merged = merged_whole(name, values, people, fewest)
    cell_of = np.searchsorted(starts, values, side="right") - 1
    held = np.bincount(cell_of, weights=people, minlength=len(starts))
    seen = np.bincount(cell_of, weights=np.multiply(values, people), minlength=len(starts)) / held
    cells = InputCells(
        name=name,
        kind="integer",
        starts=tuple(starts),
        first=FIELDS[name].least if name in FIELDS else starts[0],
        seen=tuple(seen.tolist()),
        people=tuple(int(each) for each in held),
        missing_people=missing,
        learns_missing=missing >= FEWEST,
        merged=tuple(merged),
    )
    return cells, cell_of.tolist()


def _number(name: str, known: list[Any], people: list[int], missing: int) -> tuple[InputCells, list[int]]:
    import numpy as np

    values, counts = np.array(known, dtype=np.float64), np.array(people)
    most = min(MOST_CELLS, int(counts.sum()) // FEWEST)
    # As few people a cell as there may be, or so many that the cells are not too many.
    wanted = max(FEWEST, -(-int(counts.sum()) // max(most, 1)))
    first_of_cell, held, nowhere = [0], 0, None
    for place, count in enumerate(people):
        # A cell ends a value later where no decimal of six places stands between two neighbours.
        if held >= wanted and (nowhere := _unparted(values[place - 1], values[place], name)) is None:
            first_of_cell.append(place)
            held = 0
        held += count
    if held < FEWEST and len(first_of_cell) > 1:
        first_of_cell.pop()
    cell_of = np.searchsorted(first_of_cell, np.arange(len(values)), side="right") - 1
    inside = np.bincount(cell_of, weights=counts, minlength=len(first_of_cell))
    seen = np.bincount(cell_of, weights=values * counts, minlength=len(first_of_cell)) / inside
    merged = (
        [] if len(first_of_cell) == len(values) else [f"{name}: {len(values):,} values in {len(first_of_cell)} cells"]
    )
    if len(first_of_cell) < 2 and nowhere is not None:
        raise nowhere
    if len(first_of_cell) < 2:
        raise ModelError(f"'{name}': too few people share its values to learn from. Leave it out.")
    cells = InputCells(
        name=name,
        kind="number",
        edges=tuple(edge_between(float(values[at - 1]), float(values[at]), name) for at in first_of_cell[1:]),
        seen=tuple(seen.tolist()),
        people=tuple(int(each) for each in inside),
        missing_people=missing,
        learns_missing=missing >= FEWEST,
        merged=tuple(merged),
    )
    return cells, cell_of.tolist()


def _unparted(lower: float, upper: float, name: str) -> ModelError | None:
    """Why no edge stands between two numbers; None where one does."""
    try:
        edge_between(float(lower), float(upper), name)
    except ModelError as problem:
        return problem
    return None


def _category(name: str, known: list[Any], people: list[int], missing: int) -> tuple[InputCells, list[int]]:
    own = [place for place, count in enumerate(people) if count >= FEWEST]
    if len(own) > MOST_CELLS - 1:
        own = sorted(sorted(own, key=lambda place: -people[place])[: MOST_CELLS - 1])
    rare = [place for place in range(len(known)) if place not in set(own)]
    rare_people = sum(people[place] for place in rare)
    has_other = rare_people >= FEWEST
    if len(own) + has_other < 2 and missing < FEWEST:
        raise ModelError(f"'{name}': too few people share its values to learn from. Leave it out.")
    merged = []
    if rare:
        where = "share a cell, with any other" if has_other else "are too few to learn from and set aside"
        merged = [
            f"{name}: {plural(len(rare), 'category', 'categories')} ({plural(rare_people, 'person', 'people')}) {where}"
        ]
    held = [people[place] for place in own] + ([rare_people] if has_other else [])
    cells = InputCells(
        name=name,
        kind="category",
        categories=tuple(known[place] for place in own),
        has_other=has_other,
        seen=tuple(float(cell) for cell in range(len(held))),
        people=tuple(held),
        missing_people=missing,
        learns_missing=missing >= FEWEST,
        merged=tuple(merged),
    )
    number_of = {place: cell for cell, place in enumerate(own)}
    return cells, [number_of.get(place, len(own) if has_other else -2) for place in range(len(known))]


def default_inputs(register: Register, outcome: str | None) -> tuple[str, ...]:
    """All fields but identifiers, dates, what was selected or reviewed, and the outcome."""
    left_out = {"nominated", "nomination_order", "on_caseload", "objected", "care_home_id", outcome}
    return tuple(
        name
        for name in register.fields
        if name not in left_out and FIELDS[name].kind in ("flag", "integer", "category", "text")
    )


def checked_inputs(register: Register, inputs: Sequence[str], outcome: str | None) -> tuple[str, ...]:
    """Inputs as they were asked for.

    Raises
    ------
    InputError : a column that is not there, is named twice, or is the outcome
    """
    names = tuple(inputs)
    register.require(names, "the model")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"inputs= names {listed(twice)} twice.")
    if outcome in names:
        raise InputError(f"inputs= names '{outcome}', which is the outcome.")
    if not names:
        raise InputError("inputs= names no column.")
    return names
