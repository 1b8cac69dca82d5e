"""Who is on the caseload and not selected again: a proposal for a person to decide, never a silent drop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, column_of, texts
from casemgmt.caseload.changes import CASE_MANAGED, changes_between
from casemgmt.caseload.people import find_ids
from casemgmt.caseload.why import DIED, LEFT, MAY_BE_SET_ASIDE, SET_ASIDE, where_known, where_now
from casemgmt.dates import day_number
from casemgmt.register.columns import NO_DAY, person_keys, person_parts
from casemgmt.register.ranked import is_listable
from casemgmt.texts.id_order import texts_at

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.lists import Earlier
    from casemgmt.selection.workings import Workings

ENDED, REMOVE, CHECK = "confirm ended", "propose removal", "check the record"
NOT_SELECTED, NO_ROUTE = "not selected", "on the caseload, and no route lets the patient in now"

# Reason and detail of what a register alone can say.
_SAID = (
    (NOT_SELECTED, NO_ROUTE),
    ("objection", "objects to risk stratification"),
    ("registration", LEFT),
    ("registration", DIED),
)

Person = tuple[str, str]
_Pending = tuple[str, str, dt.date]  # reason, detail, first proposed on


def removals_table(made: Workings) -> pa.Table:
    """See :meth:`casemgmt.Selection.removals`."""
    if made.previous is None:
        return _by_this_register_alone(made)
    row_of = _on_caseload_and_out(made)
    found = dict(zip(row_of, _plain_reasons(made, list(row_of.values())), strict=True))
    pending = _pending(made.previous)
    gone = [person for person in _gone(made.register, made.previous) if person[1] not in made.ended]
    found |= {person: ("registration", where) for person, where in zip(gone, _where_now(made, gone), strict=True)}
    again = pending.keys() & found.keys()
    # What was found when it was first proposed says more than that no route lets the patient in; but who had left,
    # or had objected, is here again.
    passing = ("registration", "objection")
    found |= {
        person: pending[person][:2]
        for person in again
        if found[person][0] == NOT_SELECTED and pending[person][0] not in passing
    }
    found |= _compared_reasons(made.previous, made, found.keys() - again)
    people = sorted(found, key=lambda person: (person[0].encode(), person[1].encode()))
    reasons = [found[person] for person in people]
    first = [pending[person][2] if person in pending else made.register.as_of for person in people]
    return _table([*people], reasons, first)


def no_removals() -> pa.Table:
    """The table without a row."""
    return _table([], [], [])


def _table(people: list[Person], reasons: list[tuple[str, str]], first: list[dt.date]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "practice_id": texts(practice for practice, _ in people),
            "patient_id": texts(patient for _, patient in people),
            "proposal": texts(_proposal(*said) for said in reasons),
            "reason": texts(reason for reason, _ in reasons),
            "detail": texts(detail for _, detail in reasons),
            "proposed_on": column_of([day_number(date) for date in first], pa.int32()).cast(pa.date32()),
        }
    )


def _pending(previous: Earlier) -> dict[Person, _Pending]:
    """Whom an earlier selection proposed for removal: why, and when that was first proposed."""
    table = previous.pending_removals()
    return {
        (row["practice_id"], row["patient_id"]): (row["reason"], row["detail"], row["proposed_on"])
        for row in table.to_pylist()
    }


def _proposal(reason: str, detail: str) -> str:
    if reason != "registration":
        return REMOVE
    return CHECK if detail in (SET_ASIDE, MAY_BE_SET_ASIDE) else ENDED


def _by_this_register_alone(made: Workings) -> pa.Table:
    """The table where nothing is known of an earlier selection: by a register of England, of some 300,000 people."""
    import numpy as np
    import pyarrow as pa

    register, rows = made.register, _rows_on_caseload_and_out(made)
    place = _places_in_said(register, rows)
    proposed = array_of(np.full(len(rows), day_number(register.as_of), dtype=np.int32), pa.date32())
    table = pa.table(
        {
            "practice_id": register.column("practice_id", rows).cast(pa.string()),
            "patient_id": register.column("patient_id", rows).cast(pa.string()),
            "proposal": texts_at([_proposal(*each) for each in _SAID], place),
            "reason": texts_at([reason for reason, _ in _SAID], place),
            "detail": texts_at([detail for _, detail in _SAID], place),
            "proposed_on": proposed,
        }
    )
    return table.sort_by([("practice_id", "ascending"), ("patient_id", "ascending")]).combine_chunks()


def _rows_on_caseload_and_out(made: Workings) -> npt.NDArray[np.int64]:
    """The packed rows of everyone on the caseload who is not case managed now."""
    import numpy as np

    out = made.register.packed.is_set("on_caseload")
    out[made.choice.rows[made.choice.place >= 0]] = False
    return np.flatnonzero(out)


def _on_caseload_and_out(made: Workings) -> dict[Person, int]:
    """Those people, and their packed row."""
    rows = _rows_on_caseload_and_out(made)
    practices = made.register.column("practice_id", rows).to_pylist()
    patients = made.register.column("patient_id", rows).to_pylist()
    return dict(zip(zip(practices, patients, strict=True), rows.tolist(), strict=True))


def _gone(register: Register, previous: Earlier) -> list[Person]:
    """Everyone of the earlier caseload who has no row in their practice now."""
    import pyarrow.compute as pc

    keys = previous.on_caseload()
    own = person_keys(register.column("practice_id"), register.column("patient_id"))
    return list(zip(*person_parts(keys.filter(pc.invert(pc.is_in(keys, value_set=own)))), strict=True))


def _where_now(made: Workings, gone: list[Person]) -> list[str]:
    """What became of each who has no row in their practice."""
    if made.whereabouts is not None:
        return [where_known(made.whereabouts, patient) for _, patient in gone]
    ids = find_ids([patient for _, patient in gone], made.register)
    return [where_now(made.register, ids, place) for place in range(len(gone))]


def _compared_reasons(previous: Earlier, made: Workings, wanted: set[Person]) -> dict[Person, tuple[str, str]]:
    """The exact reasons of a comparison; none where the earlier selection was read back from files, or scanned."""
    before = previous.workings
    if before is None or not (before.register.is_whole and made.register.is_whole):
        return {}
    changes = changes_between(before, made).table
    names = ("practice_id", "patient_id", "route", "change", "reason", "detail")
    return {
        (practice, patient): (reason, detail)
        for practice, patient, route, change, reason, detail in zip(
            *(changes.column(name).to_pylist() for name in names), strict=True
        )
        if route == CASE_MANAGED and change == "leaver" and (practice, patient) in wanted
    }


def _plain_reasons(made: Workings, rows: Sequence[int]) -> list[tuple[str, str]]:
    """What this month's register alone can say of each packed row."""
    import numpy as np

    return [_SAID[place] for place in _places_in_said(made.register, np.array(rows, dtype=np.int64)).tolist()]


def _places_in_said(register: Register, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Which of `_SAID` is said of each packed row."""
    import numpy as np

    died = register.days.get("date_of_death")
    has_died = np.zeros(len(rows), dtype=bool) if died is None else died[rows] != NO_DAY
    place = np.where(register.packed.is_set("objected", rows), 1, 0)
    return np.where(is_listable(register.packed, rows), place, np.where(has_died, 3, 2))
