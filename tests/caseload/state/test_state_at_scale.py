"""The caseload that the benchmark makes up has the state of the oracle, and at full size answers within its time."""

from __future__ import annotations

import datetime as dt

import caseload_oracle
import pytest
from caseload_events import add, opened
from memory_store import MemoryStore

import casemgmt as cm
from benchmarks.caseload import FIRST, fill, timed
from casemgmt.caseload.caseload import Caseload
from casemgmt.dates import date_months_after

SECONDS = 2  # of the processor, for 250,000 patients, 12,000 managed, five years of monthly events


def agrees(caseload, date, known_at, is_asked):
    """Whether those asked for have the state that the oracle gives them; everyone's corrections are their own."""
    rows = [row for row in caseload.store.events(known_at=known_at).to_pylist() if is_asked(row)]
    found = caseload.on(date, known_at=known_at)
    asked = [row for row in found.to_arrow(everyone=True).to_pylist() if is_asked(row)]
    assert asked == caseload_oracle.state(rows, date, found.review_every_months)
    return len(asked)


def test_a_year_of_a_small_caseload_is_that_of_the_oracle():
    store = MemoryStore()
    add(store, dt.datetime(2010, 12, 31, tzinfo=dt.UTC), opened(3, dt.date(2010, 12, 31)))
    caseload = Caseload(store)
    count = fill(caseload, patients=1_000, managed=100, practices=3, months=12)
    assert count == store.events(("number",)).num_rows - 1 > 1_500
    for month in (3, 12):
        date = date_months_after(FIRST, month)
        for known_at in (None, dt.datetime.combine(date, dt.time(), dt.UTC)):
            assert agrees(caseload, date, known_at, lambda row: True) > 100


def is_one_of_a_few(row):
    return row["practice_id"] == "C87008" and str(row["patient_id"])[-1] == "7"


@pytest.mark.long
def test_five_years_of_a_whole_caseload_are_asked_in_two_seconds(tmp_path):
    with cm.open_caseload(tmp_path / "caseload.sqlite", create=True, review_every_months=3) as caseload:
        assert fill(caseload, patients=250_000, managed=12_000, practices=31, months=60) > 720_000
        date = date_months_after(FIRST, 60)
        known_at = dt.datetime.combine(date, dt.time(), dt.UTC) - dt.timedelta(days=365)
        for known in (None, known_at):
            assert agrees(caseload, date, known, is_one_of_a_few) > 20
        assert caseload.on(date).to_arrow().num_rows > 12_000
        for ask in (
            lambda: caseload.on(date),
            lambda: caseload.on(date, known_at=known_at),
            lambda: caseload.on(date).due(within_months=1),
            lambda: caseload.on(date).summary(),
        ):
            assert timed(ask, 2)[2] < SECONDS
