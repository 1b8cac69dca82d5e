"""Whose review is due until a day, the longest overdue first."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, numpy_of, taken_rows
from casemgmt.dates import as_date, date_months_after, day_number
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = (
    *("practice_id", "patient_id", "next_review", "last_review", "since", "plan", "plan_on", "accountable_gp"),
    *("care_home_type", "care_home_id", "removal_proposed_on"),
)


def until_of(date: dt.date, within_months: int | None, until: str | dt.date | None) -> dt.date:
    """The last day of a list of reviews that are due."""
    if within_months is None:
        return date if until is None else as_date(until, "until")
    if until is not None:
        raise InputError("Give within_months= or until=, not both.")
    if isinstance(within_months, bool) or not isinstance(within_months, int) or not 0 <= within_months <= 1200:
        raise InputError("within_months is a whole number of calendar months, 0 to 1,200.")
    try:
        return date_months_after(date, within_months)
    except OverflowError:  # after the last day of the calendar
        return dt.date.max


def due_table(table: pa.Table, date: dt.date, until: dt.date) -> pa.Table:
    """See :meth:`casemgmt.caseload.state.state.State.due`."""
    import numpy as np
    import pyarrow as pa

    column = table.column("next_review")
    days = np.where(numpy_of(column.is_valid()), numpy_of(column.cast(pa.int32())), np.iinfo(np.int32).max)
    rows = np.flatnonzero(days <= day_number(until))
    rows = rows[np.argsort(days[rows], kind="stable")]  # the table comes by practice and patient
    found = taken_rows(table.select(list(SHOWN)), rows)
    return found.add_column(3, "overdue", array_of(days[rows] < day_number(date), pa.bool_()))
