"""Questions to a store: the state on a date, as known at a moment, and all that was recorded of one patient."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import array_of, numpy_of, text_scalar
from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.settings import settings_on
from casemgmt.caseload.state.folding import state_at
from casemgmt.caseload.state.moments import moment_known
from casemgmt.caseload.state.settling import coded, settled
from casemgmt.dates import as_date
from casemgmt.errors import unknown_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from casemgmt.caseload.state.state import State
    from casemgmt.caseload.store.keeping import Head, Store

# What is read of each event: neither who did it, nor what was seen, nor its hashes.
READ = ("practice_id", "number", "kind", "patient_id", "happened_on", "corrects", "details")
TOLD = ("number", "kind", "happened_on", "recorded_at", "by", "basis", "corrects", "details")


def state_on(
    store: Store,
    date: str | dt.date,
    *,
    known_at: dt.datetime | dt.date | str | None = None,
    practice_id: str | None = None,
) -> State:
    """See :meth:`casemgmt.Caseload.on`."""
    state = events_known(store, known_at=known_at, practice_id=practice_id).state_on(store, as_date(date, "date"))
    return state if practice_id is None else replace(state, of_one_practice=True)


class EventsKnown(NamedTuple):
    """The events that were known at a moment, the heads of their chains, and whether the store was opened by then."""

    events: pa.Table
    heads: Mapping[str, Head]
    moment: dt.datetime | None
    opened: bool

    def review_every_months(self, store: Store, on: dt.date) -> int:
        """The months between two reviews on a date."""
        # Events can be older than the store that they were written into; its first settings hold for them.
        return settings_on(store, on, self.moment if self.opened else None).review_every_months

    def state_on(self, store: Store, on: dt.date) -> State:
        """The state on a date."""
        every = self.review_every_months(store, on)
        own = {code: head for code, head in self.heads.items() if code != STORE}
        return state_at(self.events, on, review_every_months=every, known_at=self.moment, heads=own)


def events_known(
    store: Store, *, known_at: dt.datetime | dt.date | str | None = None, practice_id: str | None = None
) -> EventsKnown:
    """The events of one practice, or of all, up to the heads of their chains."""
    moment = moment_known(known_at)
    whole = store.heads(moment)
    heads = _read(store, whole, practice_id)
    practices = None if practice_id is None else [practice_id]
    events = _up_to(store.events(READ, practices=practices, known_at=moment), heads)
    return EventsKnown(events, heads, moment, STORE in whole)


def history_of(
    store: Store, practice_id: str, patient_id: str, *, known_at: dt.datetime | dt.date | str | None = None
) -> pa.Table:
    """See :meth:`casemgmt.Caseload.history`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    moment = moment_known(known_at)
    _read(store, store.heads(moment), practice_id)
    events = store.events(known_at=moment, practices=[practice_id])
    events = events.filter(pc.equal(events.column("patient_id"), text_scalar(patient_id)))
    found = settled(events)
    corrected = found.corrected_by > 0
    there = array_of(corrected, pa.bool_())
    none = pa.nulls(len(corrected), pa.string())
    more = {
        "in_force": array_of(found.in_force, pa.bool_()),
        "withdrawn_by": array_of(found.withdrawn_by, pa.int32(), found.withdrawn_by > 0),
        "corrected_by": array_of(found.corrected_by, pa.int32(), corrected),
        "corrected_happened_on": array_of(found.day, pa.date32(), corrected),
        "corrected_details": pc.if_else(there, found.details, none),
    }
    table = events.select(list(TOLD))
    for name, column in more.items():
        table = table.append_column(name, column)
    return table


def _read(store: Store, heads: Mapping[str, Head], practice_id: str | None) -> Mapping[str, Head]:
    """The heads of the chains that are to be read, taken before they are: what is written meanwhile is left out."""
    if practice_id is None:
        return heads
    if practice_id not in heads or practice_id == STORE:
        known = sorted(code for code in store.heads() if code != STORE)
        if practice_id not in known:
            raise unknown_name("practice", practice_id, known)
    return {code: head for code, head in heads.items() if code == practice_id}


def _up_to(events: pa.Table, heads: Mapping[str, Head]) -> pa.Table:
    """The events without those that were written after the heads were read."""
    import numpy as np
    import pyarrow as pa

    if events.num_rows == sum(head.number for head in heads.values()):
        return events
    practice = coded(events.column("practice_id"))
    last = np.array([heads[code].number if code in heads else 0 for code in practice.values.to_pylist()])
    return events.filter(array_of(numpy_of(events.column("number")) <= last[practice.codes], pa.bool_()))
