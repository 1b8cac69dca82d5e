"""One cell that a practice filled in: a text, a whole number or a day; anything else is a fault in words."""

from __future__ import annotations

import datetime as dt
import unicodedata

from casemgmt.outputs.practice.answers import LONGEST
from casemgmt.outputs.practice.marks import same_text

# They turn the order of letters round, so that a text shows as another than it is.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class FaultyCellError(ValueError):
    """A cell that says nothing that can be taken; the message names its column, and shows no value."""


def text_of(value: object, column: str) -> str:
    """A text without odd spaces; empty for an empty cell."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FaultyCellError(f"{column} is {_kind(value)}, not text")
    text = same_text(value)
    kinds = {unicodedata.category(letter) for letter in text}
    if kinds & {"Cc", "Cs"} or any(letter in _TURNING for letter in text) or (kinds and kinds <= {"Cf", "Mn"}):
        raise FaultyCellError(f"{column} holds letters that cannot be shown")
    if len(text) > LONGEST.get(column.lower(), 300):
        raise FaultyCellError(f"{column} is longer than {LONGEST.get(column.lower(), 300)} letters")
    return text


def id_of(value: object, column: str) -> str:
    """A text as it stands, letter by letter: ids are never tidied up."""
    text_of(value, column)
    return value if isinstance(value, str) else ""


def order_of(value: object) -> int | None:
    """A whole number from 1; None for an empty cell."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 9999:
        raise FaultyCellError("Order is not a whole number from 1 to 9999")
    return value


def day_of(value: object) -> dt.date | None:
    """A day; None for an empty cell."""
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str) and len(value.strip()) == 10:
        try:
            day = dt.date.fromisoformat(value.strip())
            if day.isoformat() == value.strip():  # not a week of the year
                return day
        except ValueError:
            pass
    raise FaultyCellError("Date is not a day such as 2015-04-01")


def shown_text(value: object) -> str:
    """What a cell of our own shows, as text, to be held against what was sent."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    return "a date" if isinstance(value, dt.date) else "of another kind"
