"""Lists of caseload events: written by hand in few words, or drawn at random in any order, corrected and withdrawn."""

from __future__ import annotations

import datetime as dt
import functools
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


PRACTICES = ("C87001", "C87002", "Y00001")
FIRST = dt.datetime(2015, 1, 1, 9, tzinfo=dt.UTC)

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


# Hypothesis takes longer to look a strategy through for the first time than to draw from it: each is made once.
kinds, months, gaps, lengths = st.sampled_from(KINDS), st.integers(1, 4), st.integers(0, 20), st.integers(0, 30)
of_twenty, yes_or_no, intervals = st.integers(0, 19), st.booleans(), st.integers(1, 14)


@functools.cache
def of_a_patient(practices: tuple[str, ...] = ("C87001",), patients: int = 2) -> Any:
    """An event about a patient that corrects none."""
    codes, people = st.sampled_from(practices), st.integers(1, patients)

    @st.composite
    def event(draw: Any) -> NewEvent:
        kind = draw(kinds)
        return NewEvent(
            practice_id=draw(codes),
            kind=kind,
            happened_on=draw(days),
            patient_id=f"p{draw(people)}",
            by="Dr A" if kind in BY else None,
            details=draw(DETAILS[kind]),
        )

    return event()


@functools.cache
def of_some_practice(practices: tuple[str, ...]) -> Any:
    """An event about one of some practices."""
    return st.sampled_from(practices).flatmap(of_a_practice)


@functools.cache
def of_a_practice(practice: str) -> Any:
    """An event about the practice: no question of the state has an answer in it."""
    size = {"whole": st.integers(1, 9000)}
    return days.flatmap(
        lambda day: st.fixed_dictionaries(size).map(lambda said: NewEvent(practice, "list_size", day, details=said))
    )


def correcting(draw: Any, earlier: Any) -> NewEvent:
    """A correction or withdrawal, drawn, of one of some stored events of one practice."""
    wrong = earlier[draw(st.integers(0, len(earlier) - 1))]
    if wrong.kind in ("corrected", "withdrawn") or draw(yes_or_no):
        kind, details = "withdrawn", {}
    else:
        kind, details = "corrected", {"values": _values(draw, wrong)}
    return NewEvent(
        wrong.practice_id, kind, draw(days), wrong.patient_id, by="Dr B", corrects=wrong.number, details=details
    )


def _values(draw: Any, wrong: Any) -> dict[str, Any]:
    """Other values of an event: its day, or some of its details."""
    values = draw(DETAILS[wrong.kind]) if wrong.kind in DETAILS else {}
    values = {name: values[name] for name in values if draw(yes_or_no)}
    if not values or draw(yes_or_no):
        values["happened_on"] = draw(days)
    return values


@st.composite
def stores(draw: Any, practices: tuple[str, ...] = PRACTICES) -> MemoryStore:
    """A store of up to 30 events of three patients in each of some practices, recorded on one day after the other."""
    store, moment = MemoryStore(), FIRST
    add(store, moment, opened(draw(months), draw(days)))
    for _ in range(draw(lengths)):
        moment += dt.timedelta(days=draw(gaps))
        earlier = [event for code, chain in store.chains.items() if code for event in chain]
        what = draw(of_twenty)
        if what == 0:
            every = {"review_every_months": draw(intervals)}
            add(store, moment, NewEvent("", "settings_changed", draw(days), details=every))
        elif what == 1:
            add(store, moment, draw(of_some_practice(practices)))
        elif what < 7 and earlier:
            add(store, moment, correcting(draw, earlier))
        else:
            add(store, moment, draw(of_a_patient(practices, patients=3)))
    return store
