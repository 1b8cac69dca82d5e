"""Events are written down from frames, files and mappings; each value is read as its column says, or refused."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.recording import new_events

HOME = {"care_home_type": "nursing", "chose_other_practice": "yes"}
ROWS = [
    {"practice_id": "A", "kind": "accepted", "happened_on": "2015-04-01", "patient_id": "01", "by": "AB"},
    {"practice_id": "A", "kind": "plan_agreed", "happened_on": "2015-04-02", "patient_id": "01"},
    {"practice_id": "B", "kind": "list_size", "happened_on": "2015-04-01", "whole": "5000", "source": "counted"},
    {"practice_id": "A", "kind": "home_changed", "happened_on": "2015-04-03", "patient_id": "01", **HOME},
    {"practice_id": "A", "kind": "corrected", "happened_on": "2015-04-04", "patient_id": "01", "corrects": "1"},
]
ROWS[1]["next_review_on"], ROWS[4]["values"] = "2015-07-01", '{"reason":"x"}'
EVENTS = [
    NewEvent("A", "accepted", dt.date(2015, 4, 1), "01", by="AB"),
    NewEvent("A", "plan_agreed", dt.date(2015, 4, 2), "01", details={"next_review_on": dt.date(2015, 7, 1)}),
    NewEvent("B", "list_size", dt.date(2015, 4, 1), details={"whole": 5_000, "source": "counted"}),
    NewEvent("A", "home_changed", dt.date(2015, 4, 3), "01", details={**HOME, "chose_other_practice": True}),
    NewEvent("A", "corrected", dt.date(2015, 4, 4), "01", corrects=1, details={"values": {"reason": "x"}}),
]


def as_table():
    names = list(dict.fromkeys(name for row in ROWS for name in row))
    return pa.table({name: pa.array([row.get(name) for row in ROWS], pa.string()) for name in names})


def as_csv(folder):
    path = folder / "events.csv"
    as_table().to_pandas().to_csv(path, index=False)
    return path


MADE = {
    "mappings": lambda folder: ROWS,
    "a table": lambda folder: as_table(),
    "pandas": lambda folder: as_table().to_pandas(),
    "polars": lambda folder: pl.from_arrow(as_table()),
    "a file": as_csv,
    "the text of a path": lambda folder: str(as_csv(folder)),
}


@pytest.mark.parametrize("made", MADE)
def test_events_are_the_same_through_every_door(tmp_path, made):
    assert new_events(MADE[made](tmp_path)) == EVENTS


def test_details_may_come_as_json_and_columns_of_their_own_go_before():
    row = {"practice_id": "A", "kind": "nominated", "happened_on": dt.date(2015, 4, 1), "patient_id": "1"}
    found = new_events([{**row, "details": '{"order":1,"reason":"x"}', "order": 2}, {**row, "details": {"order": 3}}])
    assert [event.details for event in found] == [{"order": 2, "reason": "x"}, {"order": 3}]


@pytest.mark.parametrize("nothing", [None, "", float("nan"), pd.NA, pd.NaT])
def test_what_is_blank_is_left_out(nothing):
    row = {**ROWS[0], "basis": nothing, "reason": nothing, "details": nothing, "rank": nothing}
    assert new_events([row]) == EVENTS[:1]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("happened_on", "1/4/2015", r"happened_on must be a date \(YYYY-MM-DD\)"),
        ("happened_on", 42_000, "happened_on must be a date"),
        ("happened_on", dt.datetime(2015, 4, 1, 9), "happened_on must be a date"),
        ("next_review_on", "soon", "next_review_on must be a date"),
        ("patient_id", "01 ", "patient_id has spaces at an end"),
        ("basis", "1_0", "basis must be a whole number"),
        ("details", "[" * 100_000, "details must be JSON"),
        ("basis", "one", "basis must be a whole number"),
        ("basis", 1.5, "basis must be a whole number"),
        ("basis", True, "basis must be a whole number"),
        ("basis", float("inf"), "basis must be a whole number"),
        ("corrects", [1], "corrects must be a whole number"),
        ("rank", "x", "rank must be a whole number"),
        ("chose_other_practice", "maybe", "chose_other_practice must be true or false"),
        ("values", "{", "values must be JSON"),
        ("values", "[1]", "values must be JSON"),
        ("details", "x", "details must be JSON"),
        ("details", 7, "details must be JSON"),
    ],
)
def test_a_value_that_is_not_its_columns_is_refused(name, value, told):
    first = {**ROWS[0], "reason": "one"}
    with pytest.raises(cm.InputError, match=told) as refused:
        new_events([{**first, name: value}, {**first, name: value}, first])
    assert "(2 events)" in str(refused.value)
    assert "3 events given, and none was written" in str(refused.value)


@pytest.mark.parametrize("events", [None, 7, "", {"kind": "died"}, [1], [None], {1}, pd.DataFrame(), pd.Series([1])])
def test_what_holds_no_events_is_refused(events):
    with pytest.raises(cm.InputError):
        new_events(events)


def test_columns_are_known_or_refused():
    with pytest.raises(cm.InputError, match="'happened_on' is missing"):
        new_events([{"kind": "died"}])
    with pytest.raises(cm.InputError, match="There is no column of an event 'nxt_review_on'"):
        new_events([{**ROWS[0], "nxt_review_on": "2015-01-01"}])
    with pytest.raises(cm.InputError, match="whose name is no text"):
        new_events([{**ROWS[0], 3: "x"}])


def test_what_is_recorded_comes_back_as_it_is_stored(tmp_path):
    with cm.open_caseload(tmp_path / "c.sqlite", create=True, review_every_months=3) as caseload:
        stored = caseload.record(as_table(), recorded_at=dt.datetime(2015, 4, 5, tzinfo=dt.UTC))
        assert stored.num_rows == len(ROWS)
        assert stored.column("number").to_pylist() == [1, 2, 1, 3, 4]
        with pytest.raises(cm.InputError, match="by is missing"):
            caseload.record([*ROWS[1:], {**ROWS[0], "by": None}])
        whole = caseload.events()
        assert whole.num_rows == 1 + len(ROWS)
        kinds = sorted(whole.column("kind").to_pylist())
        assert kinds == sorted(["opened", *(row["kind"] for row in ROWS)])
        assert caseload.record([{"kind": "died", "happened_on": "2015-01-01"}][:0]).num_rows == 0


@pytest.mark.parametrize("nothing", [pd.NaT, pd.NA, float("nan"), None, ""])
def test_what_pandas_writes_for_nothing_is_nothing(nothing):
    (event,) = new_events([{**ROWS[0], "reason": nothing, "basis": nothing}])
    assert (event.basis, event.details) == (None, {})


def test_many_values_in_one_are_not_nothing(tmp_path):
    (event,) = new_events([{**ROWS[0], "reason": pd.Series(["a", "b"]).to_numpy()}])
    assert "reason" in event.details


@pytest.mark.parametrize("code", ["a", "A ", " a"])
def test_a_code_written_another_way_makes_no_second_practice(tmp_path, code):
    with cm.open_caseload(tmp_path / "c.sqlite", create=True, review_every_months=3) as caseload:
        caseload.record(ROWS[:1])
        with pytest.raises(cm.InputError, match=f"names 1 practice \\('{code}'\\) whose code differs from one"):
            caseload.record([{**ROWS[0], "practice_id": code}])
        assert caseload.practices == ("A",)
