"""Calendar arithmetic against a plain calendar: ages, review intervals, named reference dates."""

from __future__ import annotations

import calendar
import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casemgmt.dates import (
    ages,
    as_date,
    completed_months,
    day_number,
    first_day_within,
    from_day_number,
    reference_date,
)
from casemgmt.errors import InputError

FIRST, LAST = dt.date(1905, 1, 1), dt.date(2026, 12, 31)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2060, 12, 31))
# fmt: off
REFERENCE_DATES = [
    dt.date(year, month, day)
    for year, month, day in (
        (2012, 2, 28), (2012, 2, 29), (2012, 3, 1), (2013, 2, 27), (2013, 2, 28), (2013, 3, 1),
        (2013, 3, 2), (2014, 3, 31), (2014, 4, 1), (2014, 12, 31), (2015, 1, 1), (2015, 1, 31),
        (2015, 4, 1), (2015, 4, 30), (2015, 5, 1), (2015, 6, 30), (2015, 7, 31), (2016, 2, 28),
        (2016, 2, 29), (2016, 3, 1), (2020, 2, 29), (2021, 2, 28), (2024, 12, 31), (2026, 11, 30),
    )
]
# fmt: on


# The plain calendar


def months_later(start: dt.date, months: int) -> dt.date:
    """The day on which an interval is complete; where that day does not exist, the first of the next month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if start.day <= calendar.monthrange(year, month + 1)[1]:
        return dt.date(year, month + 1, start.day)
    return dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)


def plain_age(born: dt.date, on: dt.date) -> int:
    """Birthdays are counted one by one, from a guess that is a year too low."""
    age = on.year - born.year - 1
    return age + 1 if months_later(born, 12 * (age + 1)) <= on else age


def numbers(days: list[dt.date]) -> np.ndarray:
    return np.array([day_number(day) for day in days], dtype=np.int32)


def all_births(step: int) -> list[dt.date]:
    return [FIRST + dt.timedelta(days=days) for days in range(0, (LAST - FIRST).days + 1, step)]


def assert_ages(births: list[dt.date], on: dt.date) -> None:
    expected = [plain_age(born, on) for born in births]
    found = ages(numbers(births), on)
    assert found.dtype == np.int32
    assert found.tolist() == expected


# Ages


def test_there_are_24_reference_dates():
    assert len(set(REFERENCE_DATES)) == 24


@pytest.mark.parametrize("on", REFERENCE_DATES)
def test_ages_of_many_birth_dates_agree_with_the_calendar(on):
    near = [dt.date(on.year - age, 3, 1) + dt.timedelta(days=days) for age in range(1, 110) for days in (-2, -1, 0, 1)]
    around = [months_later(on, -12 * age) + dt.timedelta(days=days) for age in range(1, 110) for days in (-1, 0, 1)]
    assert_ages([*all_births(23), *near, *around], on)


@pytest.mark.long
@pytest.mark.parametrize("on", REFERENCE_DATES)
def test_ages_of_every_birth_date_agree_with_the_calendar(on):
    assert_ages(all_births(1), on)


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ("1940-02-29", "2015-02-28", 74),
        ("1940-02-29", "2015-03-01", 75),
        ("1940-02-29", "2016-02-28", 75),
        ("1940-02-29", "2016-02-29", 76),
        ("1940-04-01", "2015-03-31", 74),
        ("1940-04-01", "2015-04-01", 75),
        ("1940-04-01", "2015-04-02", 75),
        ("1940-03-31", "2015-04-01", 75),
        ("1940-12-31", "2015-01-01", 74),
        ("2015-04-01", "2015-04-01", 0),
        ("2015-04-02", "2015-04-01", -1),
    ],
)
def test_birthdays_known_by_heart(born, on, age):
    assert ages(numbers([dt.date.fromisoformat(born)]), dt.date.fromisoformat(on)).tolist() == [age]


def test_dividing_days_by_a_mean_year_would_be_wrong_near_birthdays():
    on = dt.date(2015, 4, 1)
    births = [months_later(on, -12 * age) + dt.timedelta(days=days) for age in range(1, 106) for days in (-1, 0, 1)]
    guessed = (day_number(on) - numbers(births)) // 365.25
    assert 0 < (guessed != ages(numbers(births), on)).sum() < len(births) / 2


def test_no_birth_dates_have_no_ages():
    assert ages(np.empty(0, dtype=np.int32), dt.date(2015, 4, 1)).tolist() == []


@given(DAYS, DAYS)
def test_an_age_rises_by_one_a_year_and_on_the_birthday_alone(born, on):
    age = ages(numbers([born]), on)[0]
    assert ages(numbers([born]), months_later(on, 12))[0] - age in ((1, 2) if on.month == 2 and on.day == 29 else (1,))
    next_day = ages(numbers([born]), on + dt.timedelta(days=1))[0]
    birthday = on + dt.timedelta(days=1)
    is_birthday = birthday == months_later(born, 12 * (birthday.year - born.year))
    assert next_day - age == is_birthday


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


# Reference dates


@pytest.mark.parametrize(
    ("as_of", "rule", "expected"),
    [
        ("2015-04-01", "as_of", "2015-04-01"),
        ("2015-04-01", "end_of_calendar_year", "2015-12-31"),
        ("2015-12-31", "end_of_calendar_year", "2015-12-31"),
        ("2015-04-01", "end_of_financial_year", "2016-03-31"),
        ("2015-03-31", "end_of_financial_year", "2015-03-31"),
        ("2015-01-01", "end_of_financial_year", "2015-03-31"),
        ("2015-12-31", "end_of_financial_year", "2016-03-31"),
        ("2015-04-01", "2017-02-28", "2017-02-28"),
    ],
)
def test_a_named_age_rule_speaks_of_its_date(as_of, rule, expected):
    assert reference_date(rule, dt.date.fromisoformat(as_of)).isoformat() == expected


@pytest.mark.parametrize("rule", ["end_of_year", "31/03/2016", "2016-W13-4", ""])
def test_a_rule_that_is_no_date_is_refused(rule):
    with pytest.raises(InputError, match=r"^on: write an ISO date"):
        reference_date(rule, dt.date(2015, 4, 1))


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
