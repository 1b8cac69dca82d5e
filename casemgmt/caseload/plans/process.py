"""Process measures of a period: who joined and left, plans, reviews, letters, removals and decisions, by practice."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, column_of, numpy_of, texts
from casemgmt.caseload.events import kinds
from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.plans.done import done_between
from casemgmt.caseload.plans.following import STATUSES, Followed, died_or_moved, followed
from casemgmt.caseload.plans.labels import NOT_FOR_LEAVING, labelled
from casemgmt.caseload.plans.measures import DEFINITIONS, definitions
from casemgmt.caseload.plans.told import told_of
from casemgmt.caseload.state.folding import state_at
from casemgmt.caseload.state.settling import settled
from casemgmt.caseload.state.statuses import MANAGED, PROPOSED
from casemgmt.dates import day_number
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Flags = npt.NDArray[np.bool_]
    Counts = dict[str, npt.NDArray[np.int64]]


def process_measures(
    events: pa.Table, start: dt.date, end: dt.date, *, review_every_months: int, tell_within_days: int | None = None
) -> pa.Table:
    """The process measures of a period, one row a practice with an event; exact counts.

    Parameters
    ----------
    events : as :func:`casemgmt.caseload.events.table.schema` has them, of whole practices up to some moment
    start, end : the first and the last day
    review_every_months : calendar months from one review to the next where nobody gave a date
    tell_within_days : calendar days from joining until a patient has been told

    Returns
    -------
    pyarrow.Table
        practice_id, and the measures of :data:`casemgmt.caseload.plans.measures.DEFINITIONS` as int64, each with its
        definition in its field's metadata

    Raises
    ------
    InputError : the period ends before it begins, or the events are no whole caseload
    """
    import pyarrow as pa

    if end < start:
        raise InputError("The period ends before it begins: give start= and end= in this order, both included.")
    found = settled(events)
    codes = found.practice.values.to_pylist()
    people, size = followed(found, day_number(end)), len(codes)
    period = people.day >= day_number(start)
    counts: Counts = {
        **_flows(people, period, size),
        **_removals(people, period, size),
        **done_between(found, day_number(start), day_number(end), size),
        **_at_the_end(state_at(events, end, review_every_months=review_every_months).table, codes, end),
    }
    counts |= _telling(people, period, day_number(end), tell_within_days, size)
    rows = [place for place, code in enumerate(codes) if code != STORE]
    unknown = {} if tell_within_days is not None else {"told_in_time", "told_late", "not_told_overdue"}
    columns = {"practice_id": texts(codes[place] for place in rows)}
    for name in DEFINITIONS:
        values = column_of([None] * len(rows), pa.int64()) if name in unknown else None
        columns[name] = array_of(counts[name][rows], pa.int64()) if values is None else values
    told = {"from": start.isoformat(), "to": end.isoformat(), "note": NOT_FOR_LEAVING}
    return labelled(pa.table(columns), definitions(tell_within_days), told)


def _by_practice(people: Followed, which: Flags, size: int) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.bincount(people.practice[which], minlength=size)


def _flows(people: Followed, period: Flags, size: int) -> Counts:
    """Who came, left, and stood where as the period began."""
    import numpy as np

    before = ~period
    last_before = before.copy()  # the last event of each person before the period
    last_before[:-1] &= (people.person[1:] != people.person[:-1]) | period[1:]
    managed, proposed = (STATUSES.index(each) for each in (MANAGED, PROPOSED))
    joined, left = people.joined() & period, people.left() & period
    either = died_or_moved(people, left)
    waiting = (people.before == proposed) & period
    flows = {
        "managed_start": last_before & (people.after == managed),
        "proposed_start": last_before & (people.after == proposed),
        "joined": joined,
        "left": left,
        "left_ended": left & people.are(kinds.ENDED) & ~either,
        "left_died": left & people.are(kinds.DIED),
        "left_moved": left & people.are(kinds.MOVED),
        "left_died_or_moved": left & either,
        "left_not_accepted": left & people.are(kinds.NOT_ACCEPTED),
        "newly_proposed": (people.after == proposed) & (people.before != proposed) & period,
        "proposals_accepted": waiting & (people.after == managed),
        "proposals_not_accepted": waiting & (people.after != proposed) & people.are(kinds.NOT_ACCEPTED),
        "proposals_dropped": waiting & (people.after != proposed) & people.are(kinds.ENDED, kinds.MOVED, kinds.DIED),
    }
    return {name: np.asarray(_by_practice(people, which, size)) for name, which in flows.items()}


def _removals(people: Followed, period: Flags, size: int) -> Counts:
    """Removals proposed, and what became of them."""
    import numpy as np

    first = np.zeros(len(period), dtype=bool)
    first[people.starts] = True
    was = np.zeros(len(period), dtype=bool)
    was[1:] = people.pending[:-1]
    was &= ~first
    last_before = ~period
    last_before[:-1] &= (people.person[1:] != people.person[:-1]) | period[1:]
    over = was & ~people.pending & period
    overtaken = people.are(kinds.MOVED, kinds.DIED)
    lapsed = people.are(kinds.REMOVAL_LAPSED)
    flows = {
        "removals_pending_start": last_before & people.pending,
        "removals_proposed": people.pending & ~was & period,
        "removals_decided": over & ~overtaken & ~lapsed,
        "removals_lapsed": over & lapsed,
        "removals_overtaken": over & overtaken,
        "removals_pending_end": people.is_last() & people.pending,
    }
    return {name: _by_practice(people, which, size) for name, which in flows.items()}


def _at_the_end(state: pa.Table, codes: list[str], end: dt.date) -> Counts:
    """Where those on the caseload stand when the period ends."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    def equal(name: str, word: str) -> Flags:
        return numpy_of(pc.fill_null(pc.equal(state.column(name), word), False)).astype(bool)

    practice = numpy_of(pc.index_in(state.column("practice_id"), value_set=texts(codes)))
    managed = equal("status", MANAGED)
    due = numpy_of(state.column("review_due")).astype(bool) & managed
    agreed, declined = (managed & equal("plan", word) for word in ("agreed", "declined"))
    found = {
        "managed_end": managed,
        "proposed_end": equal("status", PROPOSED),
        "plan_agreed_end": agreed,
        "plan_declined_end": declined,
        "plan_none_end": managed & ~agreed & ~declined,
        "reviews_due_end": due,
        "reviews_overdue_end": due & (numpy_of(state.column("next_review").cast(pa.int32())) < day_number(end)),
    }
    return {name: np.bincount(practice[which], minlength=len(codes)) for name, which in found.items()}


def _telling(people: Followed, period: Flags, end: int, days: int | None, size: int) -> Counts:
    """Who of those that joined in the period was told, and when."""
    import numpy as np

    joining = np.flatnonzero(people.joined() & period)
    found = told_of(people, joining)
    tell_by = people.day[joining].astype(np.int64) + (days or 0)
    waits = ~found.told & found.still
    told = {
        "told_in_time": found.told & (found.day <= tell_by),
        "told_late": found.told & (found.day > tell_by),
        "not_told": waits,
        "not_told_overdue": waits & (tell_by < end),
        "left_untold": ~found.told & ~found.still,
    }
    return {name: np.bincount(people.practice[joining[which]], minlength=size) for name, which in told.items()}
