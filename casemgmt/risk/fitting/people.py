"""The people that a model is fitted to: who they are, what became of them, and who is set aside and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import in_one_piece, numpy_of
from casemgmt.errors import InputError, ModelError, did_you_mean, plural
from casemgmt.register.cleaning import distinct_values
from casemgmt.register.fields import FIELDS
from casemgmt.register.outcomes import outcome_given
from casemgmt.risk.fitting.cells import InputCells
from casemgmt.risk.fitting.coding import Coded, checked_inputs, coded_input, default_inputs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.annotations import MaybeNone
    from casemgmt.register.register import Register

    Codes = npt.NDArray[np.int32]
    Rows = npt.NDArray[np.int64]
    Known = npt.NDArray[np.bool_]

FEWEST_OUTCOMES = 50  # and as many without: with fewer, an AUROC says nothing


class People(NamedTuple):
    """The people that a model is fitted to, in the order of their ids, so that the rows' own order is irrelevant.

    ``codes`` is (people, inputs), the last cell of an input missing; ``had`` whether each had the outcome; ``groups``
    one label a person, None where each is a group.
    """

    rows: Rows
    inputs: tuple[InputCells, ...]
    codes: Codes
    had: Known
    groups: npt.NDArray[np.int64] | MaybeNone
    set_aside: dict[str, int]
    left_out: tuple[str, ...]


def people_of(
    register: Register,
    outcome: object,
    inputs: Sequence[str] | None,
    *,
    needed: Sequence[str],
    groups: str | None,
) -> People:
    """Those on the list who have not objected, whose outcome is known, and who have values that can be learned from.

    Raises
    ------
    InputError, ModelError : a column is not there or cannot be used; too few people have the outcome
    """
    import numpy as np

    register.require_whole("Fitting a model")
    named = outcome if isinstance(outcome, str) else None
    if named in FIELDS:
        raise InputError(f"outcome= names '{named}', which is a field of the register: give a column of your own.")
    names = default_inputs(register, named) if inputs is None else checked_inputs(register, inputs, named)
    for each in needed:
        if each not in names:
            raise InputError(f"needed= names '{each}', which is no input.{did_you_mean(each, names)}")
    happened = outcome_given(register, outcome)
    set_aside: dict[str, int] = {}
    keep = np.ones(len(register), dtype=bool)

    def aside(reason: str, who: Known) -> None:
        nonlocal keep
        if count := int((keep & who).sum()):
            set_aside[reason] = count
        keep &= ~who

    aside("objected to risk stratification", register.packed.is_set("objected"))
    aside("not on the list on the list date", ~register.packed.is_set("on_list"))
    aside("the outcome is not known", np.isnan(happened))
    rows = np.flatnonzero(keep)
    _check_outcomes(happened[rows] == 1, named or "outcome")
    rows = rows[_by_id(register, rows)]
    left_out: dict[str, str] = {}
    # Setting people aside may leave a cell with too few others, so it is looked at again until nobody is.
    while True:
        coded = _coded(register, [name for name in names if name not in left_out], rows, left_out, inputs is not None)
        aside_now = _without(coded, needed)
        if not any(who.any() for who in aside_now.values()):
            break
        for reason, who in aside_now.items():
            set_aside[reason] = set_aside.get(reason, 0) + int(who.sum())
        rows = rows[~np.logical_or.reduce(list(aside_now.values()))]
    cells = tuple(each.cells for each in coded.values())
    codes = np.column_stack([_last_is_missing(each) for each in coded.values()])
    reasons = {reason: count for reason, count in set_aside.items() if count}
    people = People(rows, cells, codes, happened[rows] == 1, None, reasons, tuple(left_out.values()))
    _check_outcomes(people.had, named or "outcome")
    return people._replace(groups=_groups(register, people.rows, groups))


def _by_id(register: Register, rows: Rows) -> Rows:
    import pyarrow.compute as pc

    return numpy_of(pc.sort_indices(in_one_piece(register.column("patient_id", rows)))).astype("int64")


def _coded(
    register: Register, names: Sequence[str], rows: Rows, left_out: dict[str, str], named_by_user: bool
) -> dict[str, Coded]:
    """Each input's cells; a column that tells nobody apart is left out, unless it was asked for by name."""
    coded = {}
    for name in names:
        try:
            coded[name] = coded_input(register, name, rows)
        except ModelError as problem:
            if named_by_user:
                raise
            left_out[name] = str(problem)
    if not coded:
        raise ModelError("no column of the register can be learned from.")
    return coded


def _without(coded: dict[str, Coded], needed: Sequence[str]) -> dict[str, Known]:
    """Who is set aside: who has a value, or lacks one, as too few others do, and who lacks what is needed."""
    import numpy as np

    rare = np.zeros(len(next(iter(coded.values())).codes), dtype=bool)
    for name, each in coded.items():
        rare |= each.codes == -2
        if not each.cells.learns_missing and name not in needed:
            rare |= each.codes == -1
    found = {"a value that too few people share to learn from": rare}
    seen = rare
    for name in (each for each in needed if each in coded):
        found[f"'{name}' is missing"] = (coded[name].codes == -1) & ~seen
        seen = seen | found[f"'{name}' is missing"]
    return found


def _last_is_missing(each: Coded) -> Codes:
    import numpy as np

    return np.where(each.codes < 0, np.int32(len(each.cells.people)), each.codes)


def _check_outcomes(had: Known, outcome: str) -> None:
    with_it = int(had.sum())
    fewer = min(with_it, len(had) - with_it)
    if fewer < FEWEST_OUTCOMES:
        raise InputError(
            f"'{outcome}': {plural(with_it, 'person', 'people')} of {len(had):,} had it; a model is fitted "
            f"where at least {FEWEST_OUTCOMES} had it and as many had not."
        )


def _groups(register: Register, rows: Rows, groups: str | None) -> npt.NDArray[np.int64] | None:
    """The number of each person's group."""
    import numpy as np
    import pyarrow as pa

    if groups is None:
        return None
    register.require((groups,), "groups=")
    if groups == "practice_id":
        found: npt.NDArray[np.int64] = register.packed.practice_of(rows)
        return found if len(np.unique(found)) >= 5 else None
    column = register.column(groups, rows)
    if pa.types.is_nested(column.type):
        raise InputError(f"groups= names '{groups}', which is of type {column.type}: give a column of one label each.")
    places, values = distinct_values(pa.chunked_array([column]))
    if (places < 0).any():
        raise InputError(
            f"groups= names '{groups}', which is missing for {plural(int((places < 0).sum()), 'person', 'people')}."
        )
    # By the values' own order, so that the rows' is irrelevant.
    order = sorted(range(len(values)), key=lambda place: str(values[place]))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values))
    return np.asarray(rank[places])
