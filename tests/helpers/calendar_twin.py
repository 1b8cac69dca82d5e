"""A plain calendar, counted month by month, that the library's calendar arithmetic is held against."""

from __future__ import annotations

import calendar
import datetime as dt

import numpy as np

from casemgmt.dates import day_number


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
