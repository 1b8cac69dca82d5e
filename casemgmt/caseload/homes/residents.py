"""Who lives in which care home, and on the list of which practice."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, NamedTuple

from casemgmt.arrow import rows_of, texts
from casemgmt.caseload.events import kinds
from casemgmt.caseload.plans.following import of_kinds
from casemgmt.caseload.state.details import parsed
from casemgmt.caseload.state.folding import state_at
from casemgmt.caseload.state.settling import settled
from casemgmt.dates import day_number

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.register import Register

# Permanent residents of homes; respite and supported living are not among them.
PERMANENT: Final = ("nursing", "residential", "unspecified")


class Resident(NamedTuple):
    """A permanent resident of a home.

    Attributes
    ----------
    home : its id; None where it is not known which home it is
    chose : whether the patient chose to stay with another practice than the home's
    """

    practice: str
    patient: str
    home: str | None
    chose: bool


def residents_of_events(events: pa.Table, date: dt.date) -> list[Resident]:
    """The permanent residents on the caseload at the end of a day, proposed and managed, by practice and patient.

    Parameters
    ----------
    events : as :func:`casemgmt.caseload.events.table.schema` has them, of whole practices up to some moment
    """
    state = state_at(events, date, review_every_months=1).to_arrow()  # no review is looked at
    chose = choosers(events, date)
    names = ("practice_id", "patient_id", "care_home_type", "care_home_id")
    return [
        Resident(practice, patient, _home(home), (practice, patient) in chose)
        for practice, patient, kind, home in zip(*(state.column(name).to_pylist() for name in names), strict=True)
        if kind in PERMANENT
    ]


def residents_of_register(register: Register, events: pa.Table) -> list[Resident]:
    """The permanent residents on the lists on the register's list date, by practice and patient.

    Who chose another practice than the home's is known from the events alone.

    Raises
    ------
    InputError : the register does not say who lives in which home, or was read a part at a time
    """
    import numpy as np
    import pyarrow.compute as pc

    register.require_whole("residents by care home")
    register.require(("care_home_type", "care_home_id"), "residents by care home")
    rows = np.flatnonzero(register.packed.is_set("on_list"))
    lives = pc.is_in(register.column("care_home_type", rows), value_set=texts(PERMANENT))
    rows = rows[np.asarray(lives.to_pylist(), dtype=bool)]
    chose = choosers(events, register.as_of)
    names = ("practice_id", "patient_id", "care_home_id")
    found = [
        Resident(practice, str(patient), _home(home), (practice, str(patient)) in chose)
        for practice, patient, home in zip(*(register.column(name, rows).to_pylist() for name in names), strict=True)
    ]
    return sorted(found, key=lambda each: (each.practice.encode(), each.patient.encode()))


def choosers(events: pa.Table, date: dt.date) -> set[tuple[str, str]]:
    """The practice and patient of those whose last word on their home says that they chose another practice."""
    import numpy as np

    found = settled(events)
    there = of_kinds(found.kind, kinds.HOME_CHANGED) & found.in_force & (found.day <= day_number(date))
    rows = np.flatnonzero(there)
    person = found.practice.codes[rows] * len(found.patient.values) + found.patient.codes[rows]
    rows = rows[np.lexsort((found.day[rows], person))]
    practices, patients = found.practice.values.to_pylist(), found.patient.values.to_pylist()
    last: dict[tuple[str, str], str] = {}
    said = found.details.take(rows_of(rows)).to_pylist()
    for practice, patient, text in zip(found.practice.codes[rows], found.patient.codes[rows], said, strict=True):
        last[practices[practice], patients[patient]] = text
    return {person for person, text in last.items() if parsed(text).get("chose_other_practice") is True}


def _home(value: object) -> str | None:
    return str(value).strip() or None if value is not None else None
