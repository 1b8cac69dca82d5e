"""What one value of a field means: the plain definition, applied once to each distinct value of a column."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Any

from casemgmt.dates import day_number
from casemgmt.register.date_forms import TIME_OF_DAY, date_form, date_from_text
from casemgmt.register.fields import Field
from casemgmt.register.spellings import flag_of, is_and_over, is_missing_word, whole_of

FIRST_DATE = day_number(dt.date(1900, 1, 1))
BEFORE_1900, AFTER_EXTRACT = "before 1900", "after the extract date"
NO_DATE = "1900-01-01, which stands for no date"
OUTER_SPACES = "outer spaces removed"
AND_OVER = "a number 'and over', not one number"
# What systems write for the end of what has not ended; a day of death or leaving cannot be so far away.
FAR_AWAY = day_number(dt.date(2900, 1, 1))
OPEN_ENDS = tuple(
    day_number(dt.date.fromisoformat(day))
    for day in ("2079-06-06", "2099-12-31", "2100-01-01", "2199-12-31", "2200-01-01", "2262-04-11")
)
OPEN_END = "a far-away end such as 9999-12-31"
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(\.0*)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as a whole number, or None where it is missing; and why it was changed, where it was.

    Flags are 0 or 1; categories their code from 1; dates their day number.

    Attributes
    ----------
    word : what was read as missing, such as ``NULL``; None where nothing was
    """

    value: int | None
    reason: str | None = None
    word: str | None = None


MISSING = Reading(None)


def read_value(field: Field, value: object, *, date_format: str | None, last_day: int) -> Reading:
    """Read one distinct value of a column as ``field`` allows; ``last_day`` is the extract date."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    repaired = None
    if isinstance(value, str):
        bare = value.strip()
        if not bare:
            return MISSING
        if is_missing_word(bare) and bare.casefold() not in field.allowed:
            return Reading(None, None, bare)
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
            reading = _date(field, value, date_format, last_day)
    if repaired and reading.reason is None and reading.word is None:
        return Reading(reading.value, repaired)
    return reading


def is_out_of_range(reason: str) -> bool:
    """Whether a value was understood and refused for its size."""
    return reason in (BEFORE_1900, AFTER_EXTRACT, NO_DATE) or reason.startswith("outside ")


def _flag(value: object) -> Reading:
    if value in (0, 1):
        return Reading(int(value == 1))
    found = flag_of(whole_of(value)) if isinstance(value, str) else None
    return Reading(None, "not true or false, or 0 or 1") if found is None else Reading(int(found))


def _integer(field: Field, value: Any) -> Reading:
    if isinstance(value, bool):
        return Reading(None, "not a whole number")
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            return Reading(None, AND_OVER if is_and_over(value) else "not a whole number")
        number = int(value.partition(".")[0])
    else:
        if not math.isfinite(value) or value != int(value):
            return Reading(None, "not a whole number")
        number = int(value)
    if field.least <= number <= field.most:
        return Reading(number)
    return Reading(None, f"outside {field.least} to {field.most}")


def _category(field: Field, value: object) -> Reading:
    text = str(value)
    if field.name == "care_home_type":
        resident = value == 1 if isinstance(value, (bool, float)) and value in (0, 1) else flag_of(whole_of(text))
        if resident is not None:
            text = "unspecified" if resident else "none"
    codes = {word.casefold(): code for code, word in enumerate(field.allowed, 1)}
    code = codes.get(text.casefold())
    return Reading(None, f"not one of {field.allowed_in_words}") if code is None else Reading(code)


def _date(field: Field, value: object, date_format: str | None, last_day: int) -> Reading:
    whole_day = True
    if isinstance(value, dt.datetime):
        date, whole_day = value.date(), value.time() == dt.time() or date_form(date_format).truncates
    elif isinstance(value, dt.date):
        date = value
    else:
        read = date_from_text(str(value), date_format)
        if isinstance(read, str):
            return Reading(None, read)
        date, whole_day = read
    day = day_number(date)
    if day < FIRST_DATE:
        return Reading(None, BEFORE_1900)
    if day == FIRST_DATE and field.dated == "end":
        return Reading(None, NO_DATE)
    if day > last_day and field.dated == "end" and (day >= FAR_AWAY or day in OPEN_ENDS):
        return Reading(None, None, OPEN_END)
    if day > last_day and field.dated != "start":
        return Reading(None, AFTER_EXTRACT)
    if not whole_day:
        return Reading(None, TIME_OF_DAY)
    # Whoever is to join after the list date is not on the list, so the day of joining is kept.
    return Reading(day, AFTER_EXTRACT if day > last_day else None)
