"""The form of a column of dates, from all its values; a question where they leave more than one form, or none."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from casemgmt.register.questions import QUESTION

_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]00:00:00(\.0+)?)?")
_SEPARATED = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4})( 00:00(:00)?)?")
_MONTH_NAMED = re.compile(r"\d{1,2}([/. \-])[A-Za-z]{3}\1\d{4}")
_SHORT_YEAR = re.compile(r"\d{1,2}\D\w{1,3}\D\d\d")
_NUMBER = re.compile(r"\d{1,6}(\.\d+)?")


def date_line(name: str, values: Sequence[str]) -> list[str]:
    """The line for one field; none where its dates are ISO dates.

    Parameters
    ----------
    values : the different values of its column, without outer spaces and without those that stand for none
    """
    if not values or all(_ISO.fullmatch(value) for value in values):
        return []
    if all(re.fullmatch(r"(19|20)\d{6}", value) for value in values) and _all_read(values, "%Y%m%d"):
        return [f'{name} = "%Y%m%d"']
    for mark in "-/. ":
        form = f"%d{mark}%b{mark}%Y"
        if all(_MONTH_NAMED.fullmatch(value) for value in values) and _all_read(values, form):
            return [f'{name} = "{form}"']
    found = [_SEPARATED.fullmatch(value) for value in values]
    marks = {(each[2], each[5] or "") for each in found if each}
    if not all(found) or len(marks) != 1:
        return [_asked(name, _why_no_form(values))]
    mark, time = marks.pop()
    time = {"": "", " 00:00": " %H:%M", " 00:00:00": " %H:%M:%S"}[time]
    day_first, month_first = (mark.join(parts) + time for parts in (("%d", "%m", "%Y"), ("%m", "%d", "%Y")))
    fits = [form for form in (day_first, month_first) if _all_read(values, form)]
    if len(fits) == 1:
        return [f'{name} = "{fits[0]}"']
    if not fits:
        return [_asked(name, "day first in some values and month first in others, or no dates: which is it?")]
    return [_asked(name, f'"{day_first}" or "{month_first}"? No day over 12 in any value tells: ask the source')]


def _asked(name: str, question: str) -> str:
    return f'{name} = "{QUESTION}"  # {question}'


def _why_no_form(values: Sequence[str]) -> str:
    if any(_SHORT_YEAR.fullmatch(value) for value in values):
        return "years of two digits, which are never read: ask the source for four"
    if any(_NUMBER.fullmatch(value) for value in values):
        return "numbers of a spreadsheet in place of dates, which are never read: save them as dates"
    return "its values are not all written in one form that is known here"


def _all_read(values: Sequence[str], form: str) -> bool:
    try:
        for value in values:
            dt.datetime.strptime(value, form)
    except ValueError:
        return False
    return True
