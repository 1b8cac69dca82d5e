"""Random events in any order, back-dated, corrected and withdrawn, give the state that the plain oracle gives."""

from __future__ import annotations

import datetime as dt

import caseload_oracle
import pytest
from caseload_events import FIRST, stores
from hypothesis import given, settings
from hypothesis import strategies as st

from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.kinds import STORE

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
