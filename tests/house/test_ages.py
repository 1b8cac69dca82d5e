"""Ages against a plain calendar: birthdays, 29 February, and the dates that named rules speak of."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from calendar_twin import months_later, numbers, plain_age
from hypothesis import given
from hypothesis import strategies as st

from casemgmt.ages import ages, reference_date
from casemgmt.dates import day_number
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
