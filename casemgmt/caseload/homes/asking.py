"""Questions about care homes to a store, and what is checked before they are answered from its events."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from casemgmt.caseload.homes.alignment import Homes, homes_on
from casemgmt.caseload.homes.moves import HomeChanges, changes_between
from casemgmt.caseload.homes.residents import residents_of_events, residents_of_register
from casemgmt.caseload.state.asking import events_known
from casemgmt.dates import as_date
from casemgmt.errors import InputError

if TYPE_CHECKING:
    from casemgmt.caseload.store.keeping import Store
    from casemgmt.register.register import Register

Day = str | dt.date
Moment = dt.datetime | dt.date | str | None


def homes_at(store: Store, date: Day, register: Register | None, known_at: Moment) -> Homes:
    """See :meth:`casemgmt.Caseload.homes`."""
    day = as_date(date, "date")
    if register is not None and register.as_of != day:
        raise InputError(f"register: its list date is {register.as_of}, not {day}. Ask for the homes of its list date.")
    events = events_known(store, known_at=known_at).events
    if register is None:
        return homes_on(residents_of_events(events, day), day, "the caseload")
    return homes_on(residents_of_register(register, events), day, "the register")


def changes_of(store: Store, start: Day, end: Day, known_at: Moment) -> HomeChanges:
    """See :meth:`casemgmt.Caseload.homes_between`."""
    first, last = as_date(start, "start"), as_date(end, "end")
    if last < first:
        raise InputError("The last day comes before the first: give start= and end= in this order.")
    events = events_known(store, known_at=known_at).events
    whose = "the caseload"
    return changes_between(*(homes_on(residents_of_events(events, day), day, whose) for day in (first, last)))
