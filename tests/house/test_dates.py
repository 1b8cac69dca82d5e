"""Calendar arithmetic against a plain calendar: review intervals, look-backs, how a date is written."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from calendar_twin import months_later, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from casemgmt.dates import as_date, completed_months, day_number, first_day_within, from_day_number
from casemgmt.errors import InputError

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2060, 12, 31))


# Intervals


@settings(max_examples=500)
@given(DAYS, DAYS)
def test_an_interval_is_complete_from_its_day_on(start, end):
    months = int(completed_months(numbers([start]), end)[0])
    assert months_later(start, months) <= end < months_later(start, months + 1)


@given(DAYS, st.integers(1, 60))
def test_a_review_is_due_from_the_day_its_interval_is_complete(last, every_months):
    due = months_later(last, every_months)
    before = due - dt.timedelta(days=1)
    assert completed_months(numbers([last]), due)[0] == every_months
    assert completed_months(numbers([last]), before)[0] == every_months - 1


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2014-01-31", "2014-02-28", 0),
        ("2014-01-31", "2014-03-01", 1),
        ("2014-01-31", "2014-03-31", 2),
        ("2012-02-29", "2013-02-28", 11),
        ("2012-02-29", "2013-03-01", 12),
        ("2014-04-01", "2015-03-31", 11),
        ("2014-04-01", "2015-04-01", 12),
        ("2014-08-31", "2014-09-30", 0),
        ("2014-12-31", "2015-01-01", 0),
        ("2015-04-02", "2015-04-01", -1),
    ],
)
def test_intervals_known_by_heart(start, end, months):
    assert completed_months(numbers([dt.date.fromisoformat(start)]), dt.date.fromisoformat(end)).tolist() == [months]


def test_the_days_given_are_not_changed():
    days = numbers([dt.date(1940, 2, 29), dt.date(2000, 1, 1)])
    before = days.copy()
    completed_months(days, dt.date(2015, 4, 1))
    assert (days == before).all()


# Days as numbers and as text


@given(DAYS)
def test_a_day_number_stands_for_one_date(day):
    assert from_day_number(day_number(day)) == day
    assert np.datetime64(day_number(day), "D") == np.datetime64(day)
    assert as_date(day.isoformat()) == as_date(day) == day


@pytest.mark.parametrize(
    "text", ["2015-4-1", "20150401", "01/04/2015", "2015-04-01T00", "2015-02-29", "2015-W14-3", "2015-091 ", 20150401]
)
def test_a_date_in_another_form_is_refused_without_a_guess(text):
    with pytest.raises(InputError, match=r"^extracted_on: write an ISO date"):
        as_date(text, "extracted_on")


def test_a_time_of_day_is_refused():
    with pytest.raises(InputError, match=r"^as_of: give a date without a time of day"):
        as_date(dt.datetime(2015, 4, 1, 9))


@pytest.mark.parametrize(
    ("months", "end", "first"),
    [
        (12, "2024-02-01", "2023-02-02"),
        (12, "2024-02-29", "2023-03-01"),  # February 2023 has 28 days, from each of which twelve months are complete
        (12, "2023-02-28", "2022-03-01"),
        (48, "2024-02-29", "2020-03-01"),
        (1, "2024-03-31", "2024-03-01"),
        (1, "2023-03-31", "2023-03-01"),
        (1, "2024-03-28", "2024-02-29"),
        (1, "2024-12-31", "2024-12-01"),
        (1, "2024-01-31", "2024-01-01"),
        (2, "2024-12-31", "2024-11-01"),
        (11, "2024-12-15", "2024-01-16"),
        (12, "2024-12-15", "2023-12-16"),
        (13, "2024-12-15", "2023-11-16"),
        (1, "2024-05-31", "2024-05-01"),
        (0, "2024-05-31", "2024-06-01"),
        (0, "2024-12-31", "2025-01-01"),
        (24, "2015-04-01", "2013-04-02"),
        (12, "0002-03-05", "0001-03-06"),
        (14, "0002-03-05", "0001-01-06"),
        (15, "0002-03-05", "0001-01-01"),
        (1200, "0002-03-05", "0001-01-01"),
    ],
)
def test_a_look_back_begins_the_day_after_its_months_are_complete(months, end, first):
    day = dt.date.fromisoformat(end)
    assert first_day_within(months, day) == dt.date.fromisoformat(first)
    if day.year > 1000:
        around = np.array([day_number(dt.date.fromisoformat(first)) + shift for shift in (-1, 0)], dtype=np.int32)
        assert (completed_months(around, day) >= months).tolist() == [True, False]


@pytest.mark.parametrize("text", ["2015+04-01", "2015-04.01", "20150-4-01", "2015/04/01", "2015-04-010", "15-04-01"])
def test_a_date_needs_both_of_its_hyphens_in_their_places(text):
    with pytest.raises(InputError, match="ISO date"):
        as_date(text)
