"""A caseload written by hand in few words: an event a line, recorded in the order given."""

from __future__ import annotations

import datetime as dt
from typing import Any

from caseload_events import add, store_of

from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import KINDS

RECORDED = dt.datetime(2016, 6, 1, tzinfo=dt.UTC)


def event(kind: str, day: str, patient: str | None = "p1", *, practice: str = "C87001", **details: Any) -> NewEvent:
    """An event of a patient, or of the practice where its kind is; a decision is Dr A's."""
    about = KINDS[kind]
    who = patient if about.about == "patient" else None
    by = "Dr A" if about.by_needed else None
    return NewEvent(practice, kind, dt.date.fromisoformat(day), who, by=by, details=details)


def caseload_of(*events: NewEvent, months: int = 3) -> Caseload:
    store = store_of([], months)
    for each in events:
        add(store, RECORDED, each)
    return Caseload(store)


def accepted(count: int, day: str, *, practice: str = "C87001", first: int = 0, route: str | None = None) -> list[Any]:
    """So many patients accepted on a day."""
    said = {} if route is None else {"route": route}
    return [event("accepted", day, f"p{place:05d}", practice=practice, **said) for place in range(first, first + count)]


def list_size(day: str, whole: int, *, practice: str = "C87001", **parts: int) -> NewEvent:
    return event("list_size", day, practice=practice, whole=whole, **parts)
