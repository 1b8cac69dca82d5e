"""Calendar arithmetic, in one place: day numbers, review intervals and look-backs; ages stand in ``ages.py``.

A day number counts days from 1970-01-01 (Arrow's ``date32``). An interval is complete on the day of the month it
began, and where that day does not exist, on the first of the next month: someone born on 29 February
has their birthday on 1 March in other years.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from casemgmt.errors import such_as

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Days = npt.NDArray[np.int32]

EPOCH = dt.date(1970, 1, 1)


def as_date(value: str | dt.date, name: str = "as_of") -> dt.date:
    """Read an ISO date (``2015-04-01``) or a date; raise InputError naming the argument otherwise."""
    if isinstance(value, dt.datetime):
        is_a_moment = value == value  # noqa: PLR0124 - pandas' NaT is not
        if is_a_moment and value.tzinfo is None and value.time() == dt.time():
            return value.date()
        raise such_as(name, "give a date without a time of day", "'2015-04-01'")
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise such_as(name, "write an ISO date (YYYY-MM-DD)", "'2015-04-01'")


def day_number(date: dt.date) -> int:
    """Days from 1970-01-01, negative before."""
    return (date - EPOCH).days


def from_day_number(days: int) -> dt.date:
    """The date ``days`` days after 1970-01-01."""
    return EPOCH + dt.timedelta(days=int(days))


def completed_months(start: Days, end: dt.date) -> npt.NDArray[np.int32]:
    """Whole calendar months from each day in ``start`` to ``end``; negative where ``start`` comes later.

    Parameters
    ----------
    start : int32 array of day numbers
    end : date

    Returns
    -------
    int32 array, the same shape

    Examples
    --------
    >>> import numpy as np
    >>> born = np.array([day_number(dt.date(1940, 2, 29))], dtype="int32")
    >>> completed_months(born, dt.date(2015, 2, 28)) // 12, completed_months(born, dt.date(2015, 3, 1)) // 12
    (array([74], dtype=int32), array([75], dtype=int32))
    """
    import numpy as np

    day = start.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    day_of_month = (day - month.astype("datetime64[D]")).astype(np.int32) + 1
    months = (end.year - 1970) * 12 + (end.month - 1) - month.astype(np.int32)
    complete = months - (day_of_month > end.day)
    return np.asarray(complete, dtype=np.int32)


def months_after(start: Days, months: int) -> npt.NDArray[np.int32]:
    """The day on which ``months`` whole months from each day are complete; see :func:`completed_months`.

    Parameters
    ----------
    start : int32 array of day numbers
    months : 0 or more

    Examples
    --------
    >>> import numpy as np
    >>> born = np.array([day_number(dt.date(1940, 2, 29)), day_number(dt.date(1940, 3, 31))], dtype="int32")
    >>> [str(from_day_number(day)) for day in months_after(born, 12 * 75)]
    ['2015-03-01', '2015-03-31']
    """
    import numpy as np

    day = start.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    later = (month + months).astype("datetime64[D]") + (day - month.astype("datetime64[D]"))
    beyond = later.astype("datetime64[M]") != month + months
    found = np.where(beyond, (month + months + 1).astype("datetime64[D]"), later)
    return np.asarray(found.astype("datetime64[D]").astype(np.int64), dtype=np.int32)


def first_day_within(months: int, end: dt.date) -> dt.date:
    """The first day from which fewer than ``months`` whole months are complete on ``end``.

    A look-back of twelve months that ends on 1 February 2024 begins on 2 February 2023: it holds a year of days.

    Examples
    --------
    >>> first_day_within(12, dt.date(2024, 2, 1)), first_day_within(1, dt.date(2024, 3, 31))
    (datetime.date(2023, 2, 2), datetime.date(2024, 3, 1))
    """
    year, month = divmod(end.year * 12 + end.month - 1 - months, 12)
    if year < 1:
        return dt.date(1, 1, 1)
    # That many months are complete from every day of this month up to the day of ``end``, and from none after it.
    in_month = (dt.date(year + month // 11, (month + 1) % 12 + 1, 1) - dt.date(year, month + 1, 1)).days
    return dt.date(year, month + 1, min(end.day, in_month)) + dt.timedelta(days=1)


def date_months_after(start: dt.date, months: int) -> dt.date:
    """The same of one date as :func:`months_after`.

    Examples
    --------
    >>> date_months_after(dt.date(2024, 2, 29), 12), date_months_after(dt.date(2015, 1, 31), 1)
    (datetime.date(2025, 3, 1), datetime.date(2015, 3, 1))
    """
    import numpy as np

    return from_day_number(int(months_after(np.array([day_number(start)], dtype=np.int32), months)[0]))
