"""Random events in any order, back-dated, corrected and withdrawn, give the state that the plain oracle gives."""

from __future__ import annotations

import datetime as dt

import caseload_oracle
import pytest
from caseload_events import add, correcting, days, of_a_patient, of_a_practice, opened
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore

from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import STORE

PRACTICES = ("C87001", "C87002", "Y00001")
FIRST = dt.datetime(2015, 1, 1, 9, tzinfo=dt.UTC)


@st.composite
def stores(draw):
    """A store of up to 30 events of three patients in three practices, recorded on one day after the other."""
    store, moment = MemoryStore(), FIRST
    add(store, moment, opened(draw(st.integers(1, 4)), draw(days)))
    for _ in range(draw(st.integers(0, 30))):
        moment += dt.timedelta(days=draw(st.integers(0, 20)))
        earlier = [event for code, chain in store.chains.items() if code != STORE for event in chain]
        what = draw(st.integers(0, 19))
        if what == 0:
            every = {"review_every_months": draw(st.integers(1, 14))}
            add(store, moment, NewEvent(STORE, "settings_changed", draw(days), details=every))
        elif what == 1:
            add(store, moment, draw(of_a_practice(draw(st.sampled_from(PRACTICES)))))
        elif what < 7 and earlier:
            add(store, moment, draw(correcting(earlier)))
        else:
            add(store, moment, draw(of_a_patient(PRACTICES, patients=3)))
    return store


questions = st.tuples(
    st.dates(dt.date(2014, 12, 25), dt.date(2016, 6, 1)),
    st.one_of(st.none(), st.integers(-1, 500).map(lambda day: FIRST + dt.timedelta(days=day))),
)


def check(store, date, known_at):
    rows = store.events(known_at=known_at).to_pylist()
    state = Caseload(store).on(date, known_at=known_at)
    known = any(row["practice_id"] == STORE for row in rows)
    every = caseload_oracle.settings(rows if known else store.events().to_pylist(), date)
    expected = caseload_oracle.state(rows, date, every)
    assert state.to_arrow(everyone=True).to_pylist() == expected
    assert state.to_arrow().to_pylist() == [row for row in expected if row["status"] in ("proposed", "managed")]
    due = sorted((row for row in expected if row["review_due"]), key=lambda row: row["next_review"])
    assert state.due().column("patient_id").to_pylist() == [row["patient_id"] for row in due]
    pending = [row["patient_id"] for row in expected if row["removal_proposed_on"]]
    assert state.removals().column("patient_id").to_pylist() == pending


@pytest.mark.parametrize(
    "runs", [pytest.param(200, id="200 lists"), pytest.param(10_000, id="10,000 lists", marks=pytest.mark.long)]
)
def test_random_events_give_the_state_of_the_oracle(runs):
    @settings(max_examples=runs, deadline=None)
    @given(stores(), st.lists(questions, min_size=1, max_size=4))
    def run(store, asked):
        for date, known_at in asked:
            check(store, date, known_at)

    run()
