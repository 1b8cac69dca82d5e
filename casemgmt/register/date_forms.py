"""How dates are written in text: ISO, or a form declared for a column; with a time of day only where it is midnight."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import NamedTuple

from casemgmt.errors import InputError

# Declared in front of a form, or alone: the day is taken as it is written, whatever the time of day says.
TRUNCATE = "truncate"

NOT_ISO = "not an ISO date (YYYY-MM-DD); declare another form with date_format="
TIME_OF_DAY = "a time of day other than midnight, where a date is meant"

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
# English names, whatever the computer's language is.
_BY_NAME = {
    **{name[:3]: place for place, name in enumerate(_MONTHS, 1)},
    "sept": 9,
    **{name: place for place, name in enumerate(_MONTHS, 1)},
}
_LOOSE = {
    "d": "([0-9]{1,2})",
    "m": "([0-9]{1,2})",
    "Y": "([0-9]{4})",
    "b": f"({'|'.join(sorted({name[:3] for name in _MONTHS} | {'sept'}, key=len, reverse=True))})",
    "B": f"({'|'.join(_MONTHS)})",
    "H": "([0-9]{1,2})",
    "M": "([0-9]{1,2})",
    "S": "([0-9]{1,2})",
    "f": "([0-9]{1,9})",
}
_FULL = {**_LOOSE, **dict.fromkeys("dmHMS", "([0-9]{2})")}
_ISO_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r" ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_NEEDS = (
    "needs %d, %m and %Y once each, such as '%d/%m/%Y'; %b or %B may stand for %m ('%d-%b-%Y', English month names), "
    "%H, %M and %S for a time of day, which must be midnight unless 'truncate' stands before the form. Two-digit years "
    "are not read."
)
_UNSEPARATED = re.compile("%.%")


class DateForm(NamedTuple):
    """A declared form of dates.

    Attributes
    ----------
    text : as it was declared, without ``truncate``; empty for ISO
    truncates : whether a time of day other than midnight is dropped
    pattern, parts : what matches a whole text, and what each of its groups is; None for ISO
    """

    text: str
    truncates: bool
    pattern: re.Pattern[str] | None
    parts: str


@lru_cache(maxsize=256)
def date_form(declared: str | None) -> DateForm:
    """A declared form, understood.

    Parameters
    ----------
    declared : with ``%d``, one of ``%m``, ``%b`` and ``%B``, and ``%Y`` once each, such as ``%d/%m/%Y`` or
        ``%d-%b-%Y`` (English month names); ``%H``, ``%M``, ``%S`` and ``%f`` for a time of day; ``truncate`` alone, or
        before a form; None for ISO

    Raises
    ------
    InputError
        It is no such form.
    """
    text, truncates = (declared or "").strip(), False
    if text == TRUNCATE or text.startswith(f"{TRUNCATE} "):
        text, truncates = text.removeprefix(TRUNCATE).strip(), True
    if not text:
        return DateForm("", truncates, None, "")
    parts = "".join(re.findall("%(.)", text.replace("%%", "")))
    day_parts = sorted(part for part in parts if part not in "HMSf")
    if day_parts not in (["Y", "d", "m"], ["Y", "b", "d"], ["B", "Y", "d"]) or len(set(parts)) != len(parts):
        raise InputError(f"date_format {_NEEDS}")
    # Without separators, a shorter text could be read in more than one way.
    groups = _FULL if _UNSEPARATED.search(text) else _LOOSE
    pattern = ""
    for piece in re.findall(r"%.|\s+|.", text, re.DOTALL):
        if piece.startswith("%") and len(piece) == 2:
            pattern += "%" if piece == "%%" else groups[piece[1]]
        else:
            pattern += r"\s+" if piece.isspace() else re.escape(piece)
    return DateForm(text, truncates, re.compile(pattern, re.IGNORECASE | re.ASCII), parts)


def check_date_form(name: str, declared: str) -> None:
    """Refuse a declared form that is none, naming the field.

    Raises
    ------
    InputError
    """
    try:
        date_form(declared)
    except InputError:
        raise InputError(f"date_format={{'{name}': …}} {_NEEDS}") from None


def date_from_text(text: str, declared: str | None) -> tuple[dt.date, bool] | str:
    """The date that a text without outer spaces says and whether that is a whole day, or why it says none.

    A time with a zone is read where it was written: midnight there is that day.

    Examples
    --------
    >>> date_from_text("03-Sep-1948", "%d-%b-%Y"), date_from_text("1948-09-03T23:00:00Z", None)
    ((datetime.date(1948, 9, 3), True), (datetime.date(1948, 9, 3), False))
    """
    form = date_form(declared)
    try:
        found = _of_iso(text) if form.pattern is None else _of_form(text, form)
    except ValueError:
        found = None
    if found is not None:
        return found[0], found[1] or form.truncates
    if re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        return "a spreadsheet serial number, not a date"
    if re.fullmatch(r"\d{1,2}\D\w{1,3}\D\d\d", text):
        return "a date with a two-digit year"
    return NOT_ISO if form.pattern is None else f"not a date of the declared form {form.text}"


def _of_iso(text: str) -> tuple[dt.date, bool] | None:
    """The day, as it is written where it was written, and whether the time is midnight there."""
    if len(text) == 10 and text[4] == text[7] == "-":
        return dt.date.fromisoformat(text), True
    match = _ISO_TIME.fullmatch(text)
    if match is None:
        return None
    day, hour, minute, second, fraction = match.groups()
    return dt.date.fromisoformat(day), _is_midnight(hour, minute, second or "0", fraction or "0")


def _of_form(text: str, form: DateForm) -> tuple[dt.date, bool] | None:
    # Digits of other scripts, and letters that only fold to English ones, are no part of a date.
    match = form.pattern.fullmatch(text) if form.pattern is not None and text.isascii() else None
    if match is None:
        return None
    said = dict(zip(form.parts, match.groups(), strict=True))
    month = next(said[part] for part in "mbB" if part in said)
    date = dt.date(int(said["Y"]), int(month) if month.isdigit() else _BY_NAME[month.casefold()], int(said["d"]))
    return date, _is_midnight(*(said.get(part, "0") for part in "HMSf"))


def _is_midnight(hour: str, minute: str, second: str, fraction: str) -> bool:
    """Whether a time of day is its first moment; ValueError where it is no time of day."""
    if not (int(hour) < 24 and int(minute) < 60 and int(second) < 60):
        raise ValueError
    return not (int(hour) or int(minute) or int(second) or int(fraction))
