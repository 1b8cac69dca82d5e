"""Process measures agree with a plain count, event after event, and their sums hold whatever happened."""

from __future__ import annotations

import datetime as dt

import caseload_oracle
import process_oracle
import pytest
from caseload_events import add, opened, store_of
from caseload_stores import FIRST, stores
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.plans.measures import DEFINITIONS
from casemgmt.errors import InputError

AUA = "avoiding-unplanned-admissions-2014-15"
dates = st.dates(dt.date(2014, 12, 25), dt.date(2016, 6, 1))
periods = st.tuples(dates, dates).map(sorted)
moments = st.one_of(st.none(), st.integers(0, 500).map(lambda day: FIRST + dt.timedelta(days=day)))

SUMS = (
    ("managed_end", ("managed_start", "joined"), ("left",)),
    ("left", ("left_ended", "left_died", "left_moved", "left_died_or_moved", "left_not_accepted"), ()),
    (
        "proposed_end",
        ("proposed_start", "newly_proposed"),
        ("proposals_accepted", "proposals_not_accepted", "proposals_dropped"),
    ),
    ("managed_end", ("plan_agreed_end", "plan_declined_end", "plan_none_end"), ()),
    ("joined", ("told_in_time", "told_late", "not_told", "left_untold"), ()),
    (
        "removals_pending_end",
        ("removals_pending_start", "removals_proposed"),
        ("removals_decided", "removals_lapsed", "removals_overtaken"),
    ),
)


@pytest.mark.parametrize(
    "runs", [pytest.param(300, id="300 lists"), pytest.param(10_000, id="10,000 lists", marks=pytest.mark.long)]
)
def test_the_measures_of_random_events_are_those_of_the_oracle_and_add_up(runs):
    @settings(max_examples=runs, deadline=None)
    @given(stores(), periods, st.one_of(st.none(), st.integers(0, 40)), moments)
    def run(store, period, days, known_at):
        rows = store.events(known_at=known_at).to_pylist()
        found = Caseload(store).process(*period, tell_within_days=days, known_at=known_at)
        every = caseload_oracle.settings(rows, period[1]) if rows else 1
        expected = process_oracle.process(rows, *period, every, days)
        assert found.to_pylist() == [{name: row[name] for name in ("practice_id", *DEFINITIONS)} for row in expected]
        for row in found.to_pylist():
            for total, plus, minus in SUMS if days is not None else SUMS[:4]:
                assert row[total] == sum(row[name] for name in plus) - sum(row[name] for name in minus), total

    run()


@settings(max_examples=100, deadline=None)
@given(stores(), st.lists(dates, min_size=3, max_size=3, unique=True).map(sorted))
def test_two_periods_in_a_row_are_the_one_of_both(store, days):
    first, middle, last = days
    caseload = Caseload(store)
    parts = [caseload.process(first, middle), caseload.process(middle + dt.timedelta(days=1), last)]
    both = caseload.process(first, last).to_pylist()
    for one, two, whole in zip(*(part.to_pylist() for part in parts), both, strict=True):
        assert one["managed_end"] == two["managed_start"]
        assert one["removals_pending_end"] == two["removals_pending_start"]
        for name in ("joined", "left", "left_died", "newly_proposed", "reviews_done", "removals_proposed", "decisions"):
            assert one[name] + two[name] == whole[name]


@settings(max_examples=50, deadline=None)
@given(stores(), periods)
def test_one_practice_does_not_change_what_is_counted_of_another(store, period):
    whole = Caseload(store).process(*period).to_pylist()
    for practice in list(store.chains):
        alone = type(store)()
        alone.chains = {code: chain for code, chain in store.chains.items() if code in ("", practice)}
        kept = [row for row in whole if row["practice_id"] == practice]
        assert Caseload(alone).process(*period).to_pylist() == kept


# By hand


def event(kind, day, patient="p1", by=None, practice="C87001", **details):
    return NewEvent(practice, kind, dt.date.fromisoformat(day), patient, by=by, details=details)


def caseload_of(*events):
    store = store_of([])
    for each in events:
        add(store, dt.datetime(2016, 1, 1, tzinfo=dt.UTC), each)
    return Caseload(store)


def measures(caseload, start="2015-04-01", end="2015-06-30", **asked):
    (row,) = caseload.process(start, end, **asked).to_pylist()
    return {name: count for name, count in row.items() if count not in (0, "C87001")}


def test_the_days_of_a_period_are_its_first_and_its_last():
    for day, start, joined, end in (
        ("2015-03-31", 1, 0, 1),
        ("2015-04-01", 0, 1, 1),
        ("2015-06-30", 0, 1, 1),
        ("2015-07-01", 0, 0, 0),
    ):
        (row,) = caseload_of(event("accepted", day, by="Dr A")).process("2015-04-01", "2015-06-30").to_pylist()
        assert (row["managed_start"], row["joined"], row["managed_end"]) == (start, joined, end)


def test_who_left_and_came_back_is_counted_both_times():
    caseload = caseload_of(
        event("accepted", "2015-01-10", by="Dr A"),
        event("moved", "2015-04-10"),
        event("returned", "2015-05-10"),
        event("died", "2015-06-10"),
    )
    found = measures(caseload)
    assert {name: found[name] for name in found if name.startswith(("managed", "joined", "left"))} == {
        "managed_start": 1,
        "joined": 1,
        "left": 2,
        "left_died": 1,
        "left_moved": 1,
        "left_untold": 1,
    }


def test_a_death_that_is_recorded_later_changes_the_quarter_only_as_known_then():
    store = store_of([])
    add(store, dt.datetime(2015, 1, 2, tzinfo=dt.UTC), event("accepted", "2015-01-01", by="Dr A"))
    add(store, dt.datetime(2015, 5, 2, tzinfo=dt.UTC), event("died", "2015-03-20"))
    caseload = Caseload(store)
    then = caseload.process("2015-01-01", "2015-03-31", known_at="2015-04-15").to_pylist()[0]
    now = caseload.process("2015-01-01", "2015-03-31").to_pylist()[0]
    assert (then["left_died"], then["managed_end"]) == (0, 1)
    assert (now["left_died"], now["managed_end"]) == (1, 0)


def test_each_column_has_its_definition_and_the_table_says_that_it_stays_inside():
    table = caseload_of(event("accepted", "2015-04-10", by="Dr A")).process(
        "2015-04-01", "2015-06-30", scheme=cm.load_scheme(AUA)
    )
    told = {field.name: field.metadata[b"definition"].decode() for field in table.schema if field.metadata}
    assert set(told) == set(table.column_names) - {"practice_id"}
    assert told["told_in_time"] == "of joined: told within 21 days of joining, or before it"
    assert b"not for anybody outside" in table.schema.metadata[b"note"]
    assert (table.schema.metadata[b"from"], table.schema.metadata[b"to"]) == (b"2015-04-01", b"2015-06-30")


def test_without_days_for_telling_nothing_is_said_of_late_or_in_time():
    table = caseload_of(event("accepted", "2015-04-10", by="Dr A")).process("2015-04-01", "2015-06-30")
    (row,) = table.to_pylist()
    assert [row[name] for name in ("told_in_time", "told_late", "not_told", "not_told_overdue")] == [None, None, 1, None]
    assert table.schema.field("told_late").metadata[b"definition"].startswith(b"null: ")


def test_a_store_without_a_practice_has_no_row():
    assert Caseload(store_of([])).process("2015-04-01", "2015-06-30").num_rows == 0


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"start": "2015-06-30", "end": "2015-04-01"}, "ends before it begins"),
        ({"start": "1/4/2015", "end": "2015-06-30"}, "start: write an ISO date"),
        ({"start": "2015-04-01", "end": None}, "end: write an ISO date"),
        ({"start": "2015-04-01", "end": "2015-06-30", "tell_within_days": 367}, "from 0 to 366"),
        ({"start": "2015-04-01", "end": "2015-06-30", "tell_within_days": -1}, "from 0 to 366"),
        ({"start": "2015-04-01", "end": "2015-06-30", "tell_within_days": "21"}, "tell_within_days is a whole number"),
        ({"start": "2015-04-01", "end": "2015-06-30", "scheme": AUA}, "a scheme from cm.load_scheme"),
        ({"start": "2015-04-01", "end": "2015-06-30", "known_at": 7}, "known_at"),
    ],
)
def test_a_wrong_question_is_answered_in_a_sentence(asked, why):
    with pytest.raises(InputError, match=why):
        caseload_of(event("accepted", "2015-04-10", by="Dr A")).process(**asked)


def test_a_store_that_was_opened_alone_is_asked_like_any_other():
    store = store_of([])
    add(store, FIRST, opened(3))
    assert Caseload(store).process("2015-04-01", "2015-04-01").num_rows == 0
