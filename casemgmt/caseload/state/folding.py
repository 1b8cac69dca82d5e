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
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from casemgmt.arrow import array_of, in_one_piece, numpy_of, rows_of, texts, validity_of
from casemgmt.caseload.events import kinds
from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.state.details import said
from casemgmt.caseload.state.settling import NAMES, Settled, settled
from casemgmt.caseload.state.state import State
from casemgmt.caseload.state.statuses import DIED, ENDED, MANAGED, MOVED, NOT_ACCEPTED, PROPOSED
from casemgmt.dates import as_date, day_number, months_after
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.caseload.store.keeping import Head

    Places = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

_JOINING: Final = (kinds.ACCEPTED, kinds.RETURNED, kinds.PRACTICE_CHANGED)
_LEAVING: Final = {
    kinds.NOT_ACCEPTED: NOT_ACCEPTED,
    kinds.ENDED: ENDED,
    kinds.MOVED: MOVED,
    kinds.DIED: DIED,
}
_PLANS: Final = {kinds.PLAN_AGREED: "agreed", kinds.PLAN_DECLINED: "declined"}
_CLEARING: Final = (kinds.REMOVAL_LAPSED, kinds.REMOVAL_REJECTED, *_JOINING, *_LEAVING)
_OTHER: Final = (kinds.PROPOSED, kinds.REVIEWED, kinds.GP_NAMED, kinds.PATIENT_TOLD, kinds.HOME_CHANGED)
_FOLLOWED: Final = (*_JOINING, *_LEAVING, *_PLANS, *_OTHER)
_REMOVAL: Final = (kinds.REMOVAL_PROPOSED, kinds.REMOVAL_LAPSED, kinds.REMOVAL_REJECTED)


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
    spells = _spells(settled(events), day_number(on))
    found = spells.settled.practice.values.to_pylist()
    return State(
        date=on,
        known_at=known_at,
        heads=dict(heads or {}),
        review_every_months=review_every_months,
        practices=tuple(code for code in found if code != STORE),
        table=_table(spells, on, review_every_months),
    )


class Spells(NamedTuple):
    """The events that were followed, in the order of people, days and numbers, and where each person stands.

    A place is that of an event in this order; arrays of people hold -1 for none, or ``len(kind)`` where the first of
    something is asked for and there is none.

    Attributes
    ----------
    settled : all the events
    row, kind, day, person : of each event that is followed; the row is that of ``settled``
    starts : the place of each person's first event
    left : the place of the last leaving that counts
    joined, proposed : the first joining, and the first proposal, after that
    """

    settled: Settled
    row: Places
    kind: Places
    day: npt.NDArray[np.int32]
    person: Places
    starts: Places
    left: Places
    joined: Places
    proposed: Places

    def are(self, *names: str) -> Flags:
        """Which events are of these kinds."""
        import numpy as np

        wanted = np.zeros(len(NAMES), dtype=bool)
        wanted[[NAMES.index(name) for name in names]] = True
        return np.asarray(wanted[self.kind])

    def last(self, which: Flags) -> Places:
        """The place of each person's last such event."""
        import numpy as np

        if not len(self.starts):
            return self.starts
        return np.maximum.reduceat(np.where(which, np.arange(len(which)), -1), self.starts)

    def first(self, which: Flags, after: Places) -> Places:
        """The place of each person's first such event after a place."""
        import numpy as np

        if not len(self.starts):
            return self.starts
        places = np.arange(len(which))
        counts = which & (places > after[self.person])
        return np.minimum.reduceat(np.where(counts, places, len(which)), self.starts)

    @property
    def began(self) -> Places:
        """The place where the standing spell of proposed or managed began."""
        import numpy as np

        return np.minimum(self.joined, self.proposed)

    def is_(self, places: Places) -> Flags:
        """Where there is such an event."""
        return (places >= 0) & (places < len(self.kind))

    def rows(self, places: Places, where: Flags | bool = True) -> Places:
        """The row of the event at each place, -1 where there is none."""
        import numpy as np

        there = self.is_(places) & where
        return np.where(there, self.row[np.where(there, places, 0)] if len(self.row) else -1, -1)

    def days(self, places: Places, none: int = 0) -> npt.NDArray[np.int32]:
        """The day of the event at each place."""
        import numpy as np

        there = self.is_(places)
        days = self.day[np.where(there, places, 0)] if len(self.day) else self.day
        return np.where(there, days, none).astype(np.int32)


def _spells(found: Settled, date: int) -> Spells:
    """Put the events in order and find where everybody's standing spell began."""
    import numpy as np

    wanted = np.zeros(len(NAMES), dtype=bool)
    wanted[[NAMES.index(name) for name in (*_FOLLOWED, *_REMOVAL)]] = True
    row = np.flatnonzero(wanted[found.kind] & found.in_force & (found.day <= date) & (found.patient.codes >= 0))
    person = found.practice.codes[row] * len(found.patient.values) + found.patient.codes[row]
    row = row[np.lexsort((found.day[row], person))]  # rows of one day stay in the order of their numbers
    person = found.practice.codes[row] * len(found.patient.values) + found.patient.codes[row]
    begins = np.ones(len(row), dtype=bool)
    begins[1:] = person[1:] != person[:-1]
    nobody = np.zeros(0, dtype=np.int64)
    spells = Spells(
        settled=found,
        row=row,
        kind=found.kind[row],
        day=found.day[row],
        person=np.cumsum(begins) - 1,
        starts=np.flatnonzero(begins),
        left=nobody,
        joined=nobody,
        proposed=nobody,
    )
    counts = ~_after_death(spells)
    left = spells.last(spells.are(*_LEAVING) & counts)
    joined = spells.first(spells.are(*_JOINING) & counts, left)
    return spells._replace(left=left, joined=joined, proposed=spells.first(spells.are(kinds.PROPOSED) & counts, left))


def _after_death(spells: Spells) -> Flags:
    """Events that come after a death, up to a return: they change no status."""
    import numpy as np

    places = np.arange(len(spells.kind))
    died, returned = spells.are(kinds.DIED), spells.are(kinds.RETURNED)
    before = np.full(len(places), -1)  # the last death or return before each event
    before[1:] = np.maximum.accumulate(np.where(died | returned, places, -1))[:-1]
    own = before >= spells.starts[spells.person]
    return np.asarray(own & died[np.where(own, before, 0)] & ~returned)


def _table(spells: Spells, date: dt.date, every: int) -> pa.Table:
    """The columns of the state, one row a person with a status."""
    import numpy as np
    import pyarrow as pa

    found = spells.settled
    managed = spells.is_(spells.joined)
    on_caseload = managed | spells.is_(spells.proposed)
    gone = spells.is_(spells.left) & ~on_caseload
    firsts = spells.row[spells.starts]
    names = [None, PROPOSED, MANAGED, *_LEAVING.values()]
    status = np.select([managed, on_caseload], [2, 1], 0)
    for place, kind in enumerate(_LEAVING, start=3):
        status[gone & spells.are(kind)[spells.left]] = place
    last_review = spells.last(spells.are(kinds.REVIEWED))
    plan, agreed = _plan(spells, on_caseload)
    next_review = _next_review(spells, managed, last_review, np.where(agreed, plan, -1), every)
    told = spells.first(spells.are(kinds.PATIENT_TOLD), spells.began)
    gp = said(found.details, spells.rows(spells.last(spells.are(kinds.GP_NAMED))), words=("gp",))
    home_row = spells.rows(spells.last(spells.are(kinds.HOME_CHANGED)))
    home = said(found.details, home_row, words=("care_home_type", "care_home_id"))
    left = said(found.details, spells.rows(spells.left, gone & np.isin(status, [3, 4])), words=("reason",))
    columns: dict[str, Any] = {
        "practice_id": found.practice.values.take(rows_of(found.practice.codes[firsts])),
        "patient_id": found.patient.values.take(rows_of(found.patient.codes[firsts])),
        "status": texts(names).take(rows_of(status)),
        "since": _dates(spells, spells.joined, managed),
        "proposed_on": _dates(spells, spells.proposed, on_caseload),
        "route": _route(spells, on_caseload),
        "plan": texts(["declined", "agreed"]).take(array_of(agreed, pa.int8(), spells.is_(plan))),
        "plan_on": _dates(spells, plan),
        "last_review": _dates(spells, last_review),
        "next_review": array_of(next_review, pa.date32(), managed),
        "review_due": array_of(managed & (next_review <= day_number(date)), pa.bool_()),
        "told_on": _dates(spells, told, on_caseload),
        "accountable_gp": gp["gp"],
        "care_home_type": home["care_home_type"],
        "care_home_id": home["care_home_id"],
        **_removals(spells, on_caseload),
        "left_on": _dates(spells, spells.left, gone),
        "left_reason": left["reason"],
    }
    table = pa.table({name: in_one_piece(column) for name, column in columns.items()})
    return table.filter(array_of(status > 0, pa.bool_()))


def _dates(spells: Spells, places: Places, where: Flags | bool = True) -> pa.Array:
    """The days of the events at some places as dates; null where there is none."""
    import pyarrow as pa

    return array_of(spells.days(places), pa.date32(), spells.is_(places) & where)


def _plan(spells: Spells, on_caseload: Flags) -> tuple[Places, Flags]:
    """The place of the standing spell's last word on a plan, and whether it is an agreed one."""
    import numpy as np

    plan = spells.last(spells.are(*_PLANS))
    plan = np.where(on_caseload & (plan > spells.began), plan, -1)
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


def _route(spells: Spells, on_caseload: Flags) -> pa.Array:
    """The route by which those on the caseload came onto it."""
    import numpy as np
    import pyarrow.compute as pc

    proposed = said(spells.settled.details, spells.rows(spells.proposed, on_caseload), words=("route",))["route"]
    accepting = spells.are(kinds.ACCEPTED) & (np.arange(len(spells.kind)) >= spells.began[spells.person])
    naming = accepting & _names(spells, accepting, "route")
    last = spells.rows(spells.last(naming), on_caseload)
    return pc.coalesce(said(spells.settled.details, last, words=("route",))["route"], proposed)


def _names(spells: Spells, which: Flags, name: str) -> Flags:
    """Which of some events say a text by this name."""
    import numpy as np

    found = np.zeros(len(which), dtype=bool)
    rows = spells.row[which]
    found[which] = numpy_of(said(spells.settled.details, rows, words=(name,))[name].is_valid())
    return found


def _removals(spells: Spells, on_caseload: Flags) -> dict[str, pa.Array]:
    """The removals that nobody decided yet: since when, and why."""
    import numpy as np
    import pyarrow.compute as pc

    proposals = spells.are(kinds.REMOVAL_PROPOSED)
    cleared = spells.last(spells.are(*_CLEARING))
    first = spells.first(proposals, np.where(on_caseload, np.maximum(cleared, spells.began), len(spells.kind)))
    pending = spells.is_(first)
    dated = said(spells.settled.details, spells.rows(first), dates=("first_proposed_on",))["first_proposed_on"]
    last = np.where(pending, spells.last(proposals), -1)
    why = said(spells.settled.details, spells.rows(last), words=("reason", "detail"))
    return {
        "removal_proposed_on": pc.coalesce(dated, _dates(spells, first)),
        "removal_reason": why["reason"],
        "removal_detail": why["detail"],
    }
