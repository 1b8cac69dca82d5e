"""Lists of caseload events: written by hand in few words, or drawn at random in any order, corrected and withdrawn."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st
from memory_store import MemoryStore

from casemgmt.caseload.events.event import NewEvent

DAYS = [dt.date(2015, 1, 1) + dt.timedelta(days=each) for each in (*range(0, 12, 2), 58, 59, 90, 119, 150, 424)]
ROUTES, REASONS = ("highest_risk", "care_home"), ("declined", "not appropriate", 'a "quoted" reason, é')


def store_of(events: list[tuple[Any, ...]], months: int = 3) -> MemoryStore:
    """A store of events, each with the moment it was recorded: (moment, NewEvent)."""
    store = MemoryStore()
    add(store, dt.datetime(2014, 12, 1, tzinfo=dt.UTC), opened(months))
    for moment, event in events:
        add(store, moment, event)
    return store


def add(store: Any, moment: dt.datetime, *events: NewEvent) -> Any:
    with store.writing({event.practice_id for event in events}, moment) as writing:
        return writing.append(events)


def opened(months: int = 3, day: dt.date = dt.date(2014, 12, 1)) -> NewEvent:
    return NewEvent("", "opened", day, details={"review_every_months": months})


days = st.sampled_from(DAYS)
perhaps_day = st.one_of(st.none(), days)


def _details(needs: dict[str, Any], may: dict[str, Any]) -> Any:
    return st.fixed_dictionaries(needs, optional=may)


DETAILS = {
    "nominated": _details({}, {"order": st.integers(1, 3)}),
    "proposed": _details({"route": st.sampled_from(ROUTES)}, {"rank": st.integers(1, 9)}),
    "accepted": _details({}, {"route": st.sampled_from(ROUTES), "reason": st.sampled_from(REASONS)}),
    "not_accepted": _details({"reason": st.sampled_from(REASONS)}, {}),
    "plan_agreed": _details({}, {"next_review_on": days}),
    "plan_declined": _details({}, {"reason": st.sampled_from(REASONS)}),
    "reviewed": _details({}, {"next_review_on": days}),
    "gp_named": _details({"gp": st.sampled_from(["Dr A", "Dr B"])}, {}),
    "patient_told": _details({}, {"how": st.just("letter")}),
    "home_changed": _details(
        {"care_home_type": st.sampled_from(["none", "nursing"])}, {"care_home_id": st.sampled_from(["h1", "h2"])}
    ),
    "practice_changed": _details({"from_practice": st.just("C87009")}, {}),
    "removal_proposed": _details(
        {"reason": st.sampled_from(["not selected", "registration"])},
        {"detail": st.sampled_from(["moved", "no route"]), "first_proposed_on": days},
    ),
    "removal_lapsed": st.just({}),
    "removal_rejected": _details({}, {"reason": st.sampled_from(REASONS)}),
    "ended": _details({"reason": st.sampled_from(REASONS)}, {}),
    "moved": _details({}, {"to_practice": st.just("C87009")}),
    "died": st.just({}),
    "returned": _details({}, {"reason": st.sampled_from(REASONS)}),
}
BY = ("accepted", "not_accepted", "removal_rejected", "ended")
# The kinds that begin and end spells come often, so that most lists have several.
KINDS = (*DETAILS, "proposed", "proposed", "accepted", "accepted", "removal_proposed", "returned")


@st.composite
def of_a_patient(draw: Any, practices: tuple[str, ...] = ("C87001",), patients: int = 2) -> NewEvent:
    """An event about a patient that corrects none."""
    kind = draw(st.sampled_from(KINDS))
    return NewEvent(
        practice_id=draw(st.sampled_from(practices)),
        kind=kind,
        happened_on=draw(days),
        patient_id=f"p{draw(st.integers(1, patients))}",
        by="Dr A" if kind in BY else None,
        details=draw(DETAILS[kind]),
    )


def of_a_practice(practice: str) -> Any:
    """An event about the practice: no question of the state has an answer in it."""
    size = {"whole": st.integers(1, 9000)}
    return days.flatmap(
        lambda day: st.fixed_dictionaries(size).map(lambda said: NewEvent(practice, "list_size", day, details=said))
    )


@st.composite
def correcting(draw: Any, earlier: Any) -> NewEvent:
    """A correction or withdrawal of one of some stored events of one practice."""
    wrong = draw(st.sampled_from(earlier))
    if wrong.kind in ("corrected", "withdrawn") or draw(st.booleans()):
        kind, details = "withdrawn", {}
    else:
        kind, details = "corrected", {"values": draw(_values(wrong))}
    return NewEvent(
        wrong.practice_id, kind, draw(days), wrong.patient_id, by="Dr B", corrects=wrong.number, details=details
    )


@st.composite
def _values(draw: Any, wrong: Any) -> dict[str, Any]:
    """Other values of an event: its day, or some of its details."""
    values = draw(DETAILS[wrong.kind]) if wrong.kind in DETAILS else {}
    values = {name: values[name] for name in values if draw(st.booleans())}
    if not values or draw(st.booleans()):
        values["happened_on"] = draw(days)
    return values
