"""What one value of a field means: the plain definition, applied once to each distinct value of a column."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Any

from casemgmt.dates import day_number
from casemgmt.register.fields import Field

FIRST_DATE = day_number(dt.date(1900, 1, 1))
BEFORE_1900, AFTER_EXTRACT = "before 1900", "after the extract date"
OUTER_SPACES = "outer spaces removed"
_TRUE, _FALSE = {"true", "1", "1.0"}, {"false", "0", "0.0"}
_UNSEPARATED = re.compile("%.%")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(\.0*)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as a whole number, or None where it is missing; and why it was changed, where it was.

    Flags are 0 or 1; categories their code from 1; dates their day number.
    """

    value: int | None
    reason: str | None = None


MISSING = Reading(None)


def read_value(field: Field, value: Any, *, date_format: str | None, last_day: int) -> Reading:
    """Read one distinct value of a column as ``field`` allows; ``last_day`` is the extract date."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    repaired = None
    if isinstance(value, str):
        bare = value.strip()
        if not bare:
            return MISSING
        repaired = OUTER_SPACES if bare != value else None
        value = bare
    match field.kind:
        case "flag":
            reading = _flag(value)
        case "integer":
            reading = _integer(field, value)
        case "category":
            reading = _category(field, value)
        case _:
            reading = _date(value, date_format, last_day)
    return Reading(reading.value, repaired) if repaired and reading.reason is None else reading


def is_out_of_range(reason: str) -> bool:
    """Whether a value was understood and refused for its size."""
    return reason in (BEFORE_1900, AFTER_EXTRACT) or reason.startswith("outside ")


def _flag(value: Any) -> Reading:
    if value in (0, 1):
        return Reading(int(value))
    text = str(value).casefold()
    if text in _TRUE:
        return Reading(1)
    return Reading(0) if text in _FALSE else Reading(None, "not true or false, or 0 or 1")


def _integer(field: Field, value: Any) -> Reading:
    if isinstance(value, bool):
        return Reading(None, "not a whole number")
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            return Reading(None, "not a whole number")
        number = int(value.partition(".")[0])
    else:
        if not math.isfinite(value) or value != int(value):
            return Reading(None, "not a whole number")
        number = int(value)
    if field.least <= number <= field.most:
        return Reading(number)
    return Reading(None, f"outside {field.least} to {field.most}")


def _category(field: Field, value: Any) -> Reading:
    if isinstance(value, bool) and field.name == "care_home_type":
        value = "unspecified" if value else "none"
    elif field.name == "care_home_type" and str(value).casefold() in _TRUE | _FALSE:
        value = "unspecified" if str(value).casefold() in _TRUE else "none"
    text = str(value)
    if text in field.allowed:
        return Reading(field.allowed.index(text) + 1)
    return Reading(None, f"not one of {field.allowed_in_words}")


def _date(value: Any, date_format: str | None, last_day: int) -> Reading:
    if isinstance(value, dt.date):
        date = value.date() if isinstance(value, dt.datetime) else value
    else:
        read = _date_from_text(str(value), date_format)
        if isinstance(read, str):
            return Reading(None, read)
        date = read
    day = day_number(date)
    if day < FIRST_DATE:
        return Reading(None, BEFORE_1900)
    return Reading(day) if day <= last_day else Reading(None, AFTER_EXTRACT)


def _date_from_text(text: str, date_format: str | None) -> dt.date | str:
    """The date, or why the text is not one."""
    try:
        if date_format is None:
            if len(text) == 10 and text[4] == text[7] == "-":
                return dt.date.fromisoformat(text)
            if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]00:00:00(\.0+)?", text):
                return dt.date.fromisoformat(text[:10])
        elif text.isascii():  # strptime takes the digits of every script
            date = dt.datetime.strptime(text, date_format).date()
            # Without separators, a shorter text could be read in more than one way.
            if _UNSEPARATED.search(date_format) is None or date.strftime(date_format) == text:
                return date
    except ValueError:
        pass
    if re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        return "a spreadsheet serial number, not a date"
    if re.fullmatch(r"\d{1,2}\D\w{1,3}\D\d\d", text):
        return "a date with a two-digit year"
    if date_format is None:
        return "not an ISO date (YYYY-MM-DD); declare another form with date_format="
    return f"not a date of the declared form {date_format}"
