"""The state of everyone's case management on a date, from nothing but the events, the date and the interval.

The rules, where the words alone leave room:

- A correction or withdrawal counts from the moment it is recorded, whatever day it carries itself.
- Events of one day count in the order of their numbers. So a plan, or a letter, belongs to the standing spell if it
  comes after the event that began the spell, in the order of days and numbers.
- ``died`` is final until ``returned``: another ``died``, ``moved`` or ``ended`` after it moves neither day nor reason.
  What else is said after a death (a review, a GP) is still kept. Otherwise the last event of leaving gives the status,
  its day and its reason, also where somebody had left already.
- ``since``, ``proposed_on``, ``route``, ``plan`` and ``told_on`` are those of a standing spell, and null once it is
  over; ``last_review``, GP and care home are the last of all spells. ``since`` is null while proposed.
- ``proposed_on`` is the day of the spell's first ``proposed``, also where that came after an acceptance. The route is
  that of the last ``accepted`` of the spell that names one, else that of its first ``proposed``.
- A second ``removal_proposed`` before the first was decided keeps the first's date; reason and detail are the second's.
- Home and type are of the last ``home_changed``: the number of an earlier home does not outlive a move.
- A date for the next review counts where it was given on the day of the last review or later, whatever the spell: who
  moved away and returned keeps the date. Without one, the interval is counted from the last of ``last_review``, the day
  of a plan that stands agreed, and ``since``.
- There is a row for everyone with a status, so for somebody who died before a list that held them, too. Who was only
  nominated has none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from casemgmt.arrow import array_of, in_one_piece, numpy_of, rows_of, texts, validity_of
from casemgmt.caseload.events import kinds
from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.state.details import said
from casemgmt.caseload.state.settling import settled
from casemgmt.caseload.state.spells import CLEARING, LEAVING, PLANS, Spells, spells_until
from casemgmt.caseload.state.state import State
from casemgmt.caseload.state.statuses import DIED, ENDED, MANAGED, MOVED, NOT_ACCEPTED, PROPOSED
from casemgmt.dates import as_date, day_number, months_after
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.caseload.state.spells import Flags, Places
    from casemgmt.caseload.store.keeping import Head

_STATUSES: Final = (None, PROPOSED, MANAGED, NOT_ACCEPTED, ENDED, MOVED, DIED)  # the last four in the order of LEAVING


def state_at(
    events: pa.Table,
    date: str | dt.date,
    *,
    review_every_months: int,
    known_at: dt.datetime | None = None,
    heads: Mapping[str, Head] | None = None,
) -> State:
    """The state on a date of everyone that some events are about.

    Parameters
    ----------
    events : as :func:`casemgmt.caseload.events.table.schema` has them, ordered by practice and number, of whole
        practices up to some moment; the columns ``asking.READ`` are enough
    date : the end of this day is meant: what happened on it has happened
    review_every_months : calendar months from one review to the next where nobody gave a date
    known_at, heads : what the events were read for, kept with the answer

    Raises
    ------
    InputError : an event of an unknown kind, a correcting event that names none it could correct, details that cannot
        be read, or an interval that is no whole number of months
    """
    if isinstance(review_every_months, bool) or not isinstance(review_every_months, int) or review_every_months < 1:
        raise InputError("review_every_months is a whole number of months, 1 or more.")
    on = as_date(date, "date")
    spells = spells_until(settled(events), day_number(on))
    found = spells.settled.practice.values.to_pylist()
    return State(
        date=on,
        known_at=known_at,
        heads=dict(heads or {}),
        review_every_months=review_every_months,
        practices=tuple(code for code in found if code != STORE),
        table=_table(spells, on, review_every_months),
    )


def _table(spells: Spells, date: dt.date, every: int) -> pa.Table:
    """The columns of the state, one row a person with a status."""
    import numpy as np
    import pyarrow as pa

    found = spells.settled
    managed = spells.is_(spells.joined)
    on_caseload = managed | spells.is_(spells.proposed)
    left = np.where(on_caseload, -1, spells.left)
    firsts = spells.row[spells.starts]
    status = np.select([managed, on_caseload], [2, 1], 0)
    for code, kind in enumerate(LEAVING, start=3):
        status[spells.is_(left) & spells.are(kind)[left]] = code
    last_review = spells.last(spells.are(kinds.REVIEWED))
    plan, agreed = _plan(spells)
    next_review = _next_review(spells, managed, last_review, np.where(agreed, plan, -1), every)
    told = spells.first(spells.are(kinds.PATIENT_TOLD), spells.began)
    gp = said(found.details, spells.rows(spells.last(spells.are(kinds.GP_NAMED))), words=("gp",))
    home_row = spells.rows(spells.last(spells.are(kinds.HOME_CHANGED)))
    home = said(found.details, home_row, words=("care_home_type", "care_home_id"))
    reason = said(found.details, spells.rows(left), words=("reason",))
    columns: dict[str, Any] = {
        "practice_id": found.practice.values.take(rows_of(found.practice.codes[firsts])),
        "patient_id": found.patient.values.take(rows_of(found.patient.codes[firsts])),
        "status": texts(_STATUSES).take(rows_of(status)),
        "since": _dates(spells, spells.joined),
        "proposed_on": _dates(spells, spells.proposed),
        "route": _route(spells),
        "plan": texts(["declined", "agreed"]).take(array_of(agreed, pa.int8(), spells.is_(plan))),
        "plan_on": _dates(spells, plan),
        "last_review": _dates(spells, last_review),
        "next_review": array_of(next_review, pa.date32(), managed),
        "review_due": array_of(managed & (next_review <= day_number(date)), pa.bool_()),
        "told_on": _dates(spells, told),
        "accountable_gp": gp["gp"],
        "care_home_type": home["care_home_type"],
        "care_home_id": home["care_home_id"],
        **_removals(spells),
        "left_on": _dates(spells, left),
        "left_reason": reason["reason"],
    }
    table = pa.table({name: in_one_piece(column) for name, column in columns.items()})
    return table.filter(array_of(status > 0, pa.bool_()))


def _dates(spells: Spells, places: Places) -> pa.Array:
    """The days of the events at some places as dates; null where there is none."""
    import pyarrow as pa

    return array_of(spells.days(places), pa.date32(), spells.is_(places))


def _plan(spells: Spells) -> tuple[Places, Flags]:
    """The place of the standing spell's last word on a plan, and whether it is an agreed one."""
    import numpy as np

    plan = spells.last(spells.are(*PLANS))
    plan = np.where(plan > spells.began, plan, -1)
    agreed = np.zeros(len(plan), dtype=bool)
    agreed[plan >= 0] = spells.are(kinds.PLAN_AGREED)[plan[plan >= 0]]
    return plan, agreed


def _next_review(
    spells: Spells, managed: Flags, last_review: Places, agreed_plan: Places, every: int
) -> npt.NDArray[np.int32]:
    """The day of everyone's next review; meaningless for those who are not managed."""
    import numpy as np
    import pyarrow as pa

    never = np.iinfo(np.int32).min
    reviewed_on = spells.days(last_review, never)
    base = np.maximum.reduce([reviewed_on, spells.days(agreed_plan, never), spells.days(spells.joined, never)])
    counted = months_after(np.where(managed, base, 0).astype(np.int32), every)
    may = spells.are(kinds.PLAN_AGREED, kinds.REVIEWED) & (spells.day >= reviewed_on[spells.person])
    places = np.flatnonzero(may & managed[spells.person])
    given = said(spells.settled.details, spells.row[places], dates=("next_review_on",))["next_review_on"]
    valid = validity_of(given)
    stated = np.ones(len(places), dtype=bool) if valid is None else valid
    if not stated.any():
        return counted
    days = numpy_of(given.cast(pa.int32()))
    counted[spells.person[places[stated]]] = days[stated]  # the last of several stays
    return counted


def _route(spells: Spells) -> pa.Array:
    """The route by which those on the caseload came onto it."""
    import numpy as np
    import pyarrow.compute as pc

    proposed = said(spells.settled.details, spells.rows(spells.proposed), words=("route",))["route"]
    accepting = spells.are(kinds.ACCEPTED) & (np.arange(len(spells.kind)) >= spells.began[spells.person])
    naming = accepting & _names(spells, accepting, "route")
    last = spells.rows(spells.last(naming))
    return pc.coalesce(said(spells.settled.details, last, words=("route",))["route"], proposed)


def _names(spells: Spells, which: Flags, name: str) -> Flags:
    """Which of some events say a text by this name."""
    import numpy as np

    found = np.zeros(len(which), dtype=bool)
    rows = spells.row[which]
    found[which] = numpy_of(said(spells.settled.details, rows, words=(name,))[name].is_valid())
    return found


def _removals(spells: Spells) -> dict[str, pa.Array]:
    """The removals that nobody decided yet: since when, and why."""
    import numpy as np
    import pyarrow.compute as pc

    proposals = spells.are(kinds.REMOVAL_PROPOSED)
    cleared = spells.last(spells.are(*CLEARING))
    first = spells.first(proposals, np.maximum(cleared, spells.began))
    pending = spells.is_(first)
    dated = said(spells.settled.details, spells.rows(first), dates=("first_proposed_on",))["first_proposed_on"]
    last = np.where(pending, spells.last(proposals), -1)
    why = said(spells.settled.details, spells.rows(last), words=("reason", "detail"))
    return {
        "removal_proposed_on": pc.coalesce(dated, _dates(spells, first)),
        "removal_reason": why["reason"],
        "removal_detail": why["detail"],
    }
