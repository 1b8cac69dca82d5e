"""Whom a practice tells about their named GP, and whom it asks to a review."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from typing import TYPE_CHECKING

from casemgmt.ages import ages, reference_date
from casemgmt.arrow import array_of, local_times, numpy_of, rows_of, texts
from casemgmt.dates import day_number, from_day_number, months_after
from casemgmt.errors import InputError, InputWarning, plural
from casemgmt.register.columns import NO_DAY
from casemgmt.scheme.routes import Review

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.lists import Lists

NAMED_GP_AGE = 75
_ORDER = ("practice_id", "review", "due_since", "patient_id")
_WITHIN = re.compile(r"\bwithin ([0-9]{1,3}) days\b")


def days_to_tell(scheme: Scheme) -> int | None:
    """Within how many days patients are told, as the scheme's rules of a caseload or its notes have it, or None."""
    if scheme.caseload is not None and scheme.caseload.tell_within_days is not None:
        return scheme.caseload.tell_within_days
    said = [scheme.notes[name] for name in ("telling",) if name in scheme.notes]
    found = [int(match[1]) for note in said for match in [_WITHIN.search(note)] if match]
    return found[0] if found else None


def letters_table(register: Register, scheme: Scheme, within_days: int | None, turning_by: str) -> pa.Table:
    """Everyone of 75 and over, and those who turn 75 by a date; see :meth:`casemgmt.Selection.letters`."""
    import numpy as np
    import pyarrow as pa

    register.require_whole("the list of letters")
    end = _end_of_year(turning_by, register.as_of)
    rows = np.flatnonzero(_can_be_told(register))
    known, age, turns = _ages(register, rows, end)
    chosen = known & (age >= NAMED_GP_AGE) | (turns != NO_DAY)
    rows, age, turns = rows[chosen], age[chosen], turns[chosen]
    days = days_to_tell(scheme) if within_days is None else within_days
    tell_by = None if days is None else from_day_number(day_number(register.as_of) + days)
    turning = (age < NAMED_GP_AGE) & (turns != NO_DAY)
    practice, patient = register.column("practice_id", rows), register.column("patient_id", rows)
    table = pa.table(
        {
            "practice_id": practice.cast(pa.string()),
            "patient_id": patient.cast(pa.string()),
            "why": texts("turns 75 in the year" if turn else "75 and over" for turn in turning),
            "turns_75_on": array_of(np.where(turning, turns, 0).astype(np.int32), pa.int32(), turning).cast(
                pa.date32()
            ),
            "tell_by": pa.repeat(pa.scalar(tell_by, pa.date32()), len(rows)),
        }
    )
    return table.sort_by([("practice_id", "ascending"), ("patient_id", "ascending")])


def recalls_table(lists: Lists) -> pa.Table:
    """Everyone whose review is due, longest first; see :meth:`casemgmt.Selection.recalls`."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        table = lists.to_arrow(include=["last_review"], reasons=False)
        last = local_times(table.column("register_last_review")).cast(pa.date32())
    except InputError:  # without the column everyone's review is due, and nobody's last one is known
        table = lists.to_arrow(reasons=False)
        last = pa.nulls(table.num_rows, pa.date32())
    present = numpy_of(pc.is_valid(last)).astype(bool)
    days = numpy_of(pc.fill_null(last, dt.date(1970, 1, 1)).cast(pa.int32())).astype(np.int32)
    as_of = day_number(dt.date.fromisoformat(lists.facts["as_of"]))
    found = []
    for route in lists.scheme.routes:
        if not isinstance(route, Review):
            continue
        since = months_after(days, route.every_months)
        due = numpy_of(table.column(route.name)).astype(bool) & (~present | (since <= as_of))
        _refuse_another_count(int(due.sum()), lists, route.name)
        rows = rows_of(np.flatnonzero(due))
        found.append(
            pa.table(
                {
                    "practice_id": table.column("practice_id").take(rows).cast(pa.string()),
                    "patient_id": table.column("patient_id").take(rows).cast(pa.string()),
                    "review": pa.repeat(route.name, len(rows)),
                    "last_review": last.take(rows),
                    "due_since": array_of(since, pa.int32(), present).cast(pa.date32()).take(rows),
                }
            )
        )
    if not found:
        raise InputError(f"The scheme '{lists.scheme.id}' has no review, so nobody is asked to one.")
    whole = pa.concat_tables(found)
    # Those who never had a review come first.
    since_day = pc.fill_null(whole.column("due_since").cast(pa.int32()), -(2**31))
    keys = whole.set_column(whole.column_names.index("due_since"), "due_since", since_day)
    return whole.take(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in _ORDER]))


def _end_of_year(turning_by: str, as_of: dt.date) -> dt.date:
    end = reference_date(turning_by, as_of)
    if end < as_of:
        raise InputError(f"turning_75_by: {end} is before the list date. Give a later day, or 'end_of_financial_year'.")
    return end


def _can_be_told(register: Register) -> npt.NDArray[np.bool_]:
    """Who is on the list, alive and not gone by the day the data was drawn. An objection to ranking changes nothing."""
    can = register.packed.is_set("on_list").copy()
    for name in ("date_of_death", "deregistered_on"):
        if name in register.days:
            day = register.days[name]
            can &= (day == NO_DAY) | (day > day_number(register.extracted_on))
    return can


def _ages(
    register: Register, rows: npt.NDArray[np.int64], end: dt.date
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Whether each age is known, the age, and for those who turn 75 by ``end`` the day."""
    import numpy as np
    import pyarrow.compute as pc

    column = register.column("age", rows)
    known = numpy_of(pc.is_valid(column)).astype(bool)
    age = numpy_of(pc.fill_null(column, 0)).astype(np.int32)
    turns = np.full(len(rows), NO_DAY, dtype=np.int32)
    days = register.days.get("date_of_birth")
    born = np.full(len(rows), NO_DAY, dtype=np.int32) if days is None else days[rows]
    has = born != NO_DAY
    just_under = NAMED_GP_AGE - 1 - (end.year - register.as_of.year)
    near = int((known & ~has & (age < NAMED_GP_AGE) & (age >= just_under)).sum())
    if near:
        warnings.warn(
            f"letters: of {plural(near, 'patient')} just under {NAMED_GP_AGE} the register has no date_of_birth, so "
            "nobody can tell who of them turns 75 in the year. They are not on the list.",
            InputWarning,
            stacklevel=4,
        )
    safe = np.where(has, born, 0).astype(np.int32)
    turning = has & (ages(safe, register.as_of) < NAMED_GP_AGE) & (ages(safe, end) >= NAMED_GP_AGE)
    turns[turning] = months_after(safe[turning], 12 * NAMED_GP_AGE)
    return known, age, turns


def _refuse_another_count(due: int, lists: Lists, route: str) -> None:
    """Refuse a list that does not have as many people as the selection's own summary says are due.

    A selection that was saved without ``last_review`` says who is of the review's age, and not whose review is due.
    """
    table = lists.summary()
    names = ("route", "due")
    counted = sum(
        count or 0 for name, count in zip(*(table.column(n).to_pylist() for n in names), strict=True) if name == route
    )
    if due != counted:
        raise InputError(
            f"recalls: by the summary {plural(counted, 'review')} of '{route}' are due, and the dates of the last ones "
            "were not saved with the selection. Save it with include=['last_review'], or read the register and select "
            "again."
        )
