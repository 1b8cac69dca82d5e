"""Whom to tell: everyone managed and not told, by calendar days from acceptance, and nobody twice or too few."""

from __future__ import annotations

import datetime as dt

import caseload_oracle
import pytest
from caseload_by_hand import caseload_of, event
from caseload_stores import stores
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.caseload.caseload import Caseload
from casemgmt.errors import InputError

AUA = cm.load_scheme("avoiding-unplanned-admissions-2014-15")
SILENT = cm.load_scheme("rotherham-2015-16")


@settings(max_examples=200, deadline=None)
@given(stores(), st.dates(dt.date(2014, 12, 25), dt.date(2016, 6, 1)), st.integers(0, 366))
def test_the_letters_of_random_events_are_those_of_the_oracle(store, on, days):
    expected = [
        {
            "practice_id": row["practice_id"],
            "patient_id": row["patient_id"],
            "accepted_on": row["since"],
            "tell_by": row["since"] + dt.timedelta(days=days),
            "overdue": row["since"] + dt.timedelta(days=days) < on,
            **{name: row[name] for name in ("plan", "accountable_gp", "care_home_type", "care_home_id")},
        }
        for row in caseload_oracle.state(store.events().to_pylist(), on, 1)
        if row["status"] == "managed" and row["told_on"] is None
    ]
    expected.sort(key=lambda row: row["tell_by"])
    assert Caseload(store).letters_due(on, within_days=days).to_pylist() == expected


def test_who_was_told_while_proposed_or_has_left_is_told_nothing_and_a_new_spell_is_told_anew():
    caseload = caseload_of(
        event("proposed", "2015-04-01", "p1", route="highest_risk"),
        event("patient_told", "2015-04-02", "p1"),
        event("accepted", "2015-04-03", "p1"),
        event("accepted", "2015-04-03", "p2"),
        event("died", "2015-04-04", "p2"),
        event("accepted", "2015-04-03", "p3"),
        event("patient_told", "2015-04-03", "p3"),
        event("moved", "2015-04-10", "p3"),
        event("returned", "2015-04-20", "p3"),
    )
    found = caseload.letters_due("2015-05-01", scheme=AUA).to_pylist()
    assert [(row["patient_id"], str(row["tell_by"])) for row in found] == [("p3", "2015-05-11")]


def test_the_days_given_go_before_those_of_the_scheme():
    caseload = caseload_of(event("accepted", "2015-04-01"))
    for asked, tell_by in (
        ({"scheme": AUA}, "2015-04-22"),
        ({"within_days": 0}, "2015-04-01"),
        ({"within_days": 30, "scheme": AUA}, "2015-05-01"),
        ({"within_days": 30, "scheme": SILENT}, "2015-05-01"),
    ):
        (row,) = caseload.letters_due("2015-04-01", **asked).to_pylist()
        assert str(row["tell_by"]) == tell_by


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "Within how many days are patients told"),
        ({"scheme": SILENT}, "'rotherham-2015-16' does not state it"),
        ({"within_days": -1}, "from 0 to 366"),
        ({"within_days": 367}, "from 0 to 366"),
        ({"within_days": 21.0}, "within_days is a whole number"),
        ({"within_days": 21, "on": "01/04/2015"}, "on: write an ISO date"),
        ({"within_days": 21, "known_at": dt.datetime(2015, 4, 1)}, "known_at"),
        ({"scheme": "avoiding-unplanned-admissions-2014-15"}, "a scheme from cm.load_scheme"),
    ],
)
def test_a_wrong_question_is_answered_in_a_sentence(asked, why):
    with pytest.raises(InputError, match=why):
        caseload_of(event("accepted", "2015-04-01")).letters_due(**{"on": "2015-04-01", **asked})
