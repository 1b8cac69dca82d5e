"""Who has to be told of case management and of the named GP, and by when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, in_one_piece, numpy_of, taken_rows
from casemgmt.caseload.state.statuses import MANAGED
from casemgmt.dates import day_number
from casemgmt.errors import InputError
from casemgmt.scheme.caseload_rules import MOST_DAYS_TO_TELL

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.state.state import State
    from casemgmt.scheme.routes import Scheme


def letters_table(state: State, within_days: int) -> pa.Table:
    """Everyone who is managed and was not told since it began, those whose day comes first at the head.

    Parameters
    ----------
    state : on the day that is asked about
    within_days : calendar days from the day on which case management began, 0 to 366

    Returns
    -------
    pyarrow.Table
        practice_id, patient_id, accepted_on (managed since then), tell_by, overdue (whether that day is over), plan,
        accountable_gp (null: none is named yet), care_home_type, care_home_id; ordered by tell_by, practice_id and
        patient_id
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    table = state.to_arrow()
    waits = pc.and_(pc.equal(table.column("status"), MANAGED), pc.is_null(table.column("told_on")))
    table = table.filter(waits)
    since = numpy_of(table.column("since").cast(pa.int32()))
    order = np.argsort(since, kind="stable")  # the state comes by practice and patient
    table, since = taken_rows(table, order), since[order]
    tell_by = since + np.int32(within_days)
    return pa.table(
        {
            "practice_id": table.column("practice_id"),
            "patient_id": table.column("patient_id"),
            "accepted_on": in_one_piece(table.column("since")),
            "tell_by": array_of(tell_by, pa.int32()).cast(pa.date32()),
            "overdue": array_of(tell_by < day_number(state.date), pa.bool_()),
            **{name: table.column(name) for name in ("plan", "accountable_gp", "care_home_type", "care_home_id")},
        }
    )


def days_to_tell(within_days: int | None, scheme: Scheme | None) -> int:
    """Within how many days patients are told: as given, or as the scheme states it.

    Raises
    ------
    InputError : neither says it, or no year has so many days
    """
    found = within_days if within_days is not None else stated_days(scheme)
    if found is None:
        where = "" if scheme is None else f": the scheme '{scheme.id}' does not state it"
        raise InputError(
            f"Within how many days are patients told{where}? Give within_days=21, or a scheme that says so."
        )
    if not 0 <= found <= MOST_DAYS_TO_TELL:
        raise InputError(f"within_days: from 0 to {MOST_DAYS_TO_TELL}.")
    return found


def stated_days(scheme: Scheme | None) -> int | None:
    """Within how many days a scheme's rules of a caseload have patients told; None where they do not say."""
    return None if scheme is None or scheme.caseload is None else scheme.caseload.tell_within_days
