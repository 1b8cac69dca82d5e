"""The moment up to which things were known."""

from __future__ import annotations

import datetime as dt

from casemgmt.errors import such_as

_DATE = 10  # characters of an ISO date


def moment_known(value: dt.datetime | dt.date | str | None) -> dt.datetime | None:
    """A moment in UTC of a moment with its time zone, of a date (the end of that day in UTC), or of either as ISO text.

    Raises
    ------
    InputError : it is none of these, or a time without its time zone

    Examples
    --------
    >>> str(moment_known("2015-04-15")), str(moment_known("2015-04-15T09:00+01:00"))
    ('2015-04-15 23:59:59.999999+00:00', '2015-04-15 08:00:00+00:00')
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            value = dt.date.fromisoformat(value) if len(value) == _DATE else dt.datetime.fromisoformat(value)
        if isinstance(value, dt.datetime):
            if value.tzinfo is not None and value.utcoffset() is not None:
                return value.astimezone(dt.UTC)
        elif isinstance(value, dt.date):
            return dt.datetime.combine(value, dt.time.max, dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise such_as("known_at", "give a date, or a time with its time zone", "'2015-04-15T17:30+01:00'")
