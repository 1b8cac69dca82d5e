"""The slow truth about coded rows: one row at a time, dates as dates, conditions as sets of words."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from casemgmt.codes.systems import SYSTEMS


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day of the month so many months before; where there is none, the last of that month."""
    number = day.year * 12 + day.month - 1 - months
    for last in (day.day, 30, 29, 28):
        try:
            return dt.date(number // 12, number % 12 + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError


def in_window(day: dt.date, window: str | None, as_of: dt.date) -> bool:
    """Whether a day lies in a window such as ``12 months`` that ends on ``as_of``."""
    if window is None:
        return True
    length, unit = int(window.split()[0]), window.split()[1].rstrip("s")
    if unit == "day":
        return (as_of - day).days < length
    return day > months_before(as_of, length * (12 if unit == "year" else 1))


def conditions_of(code: str, codelist) -> set[str]:
    """What a written code makes: every entry is looked at."""
    return {
        each.condition
        for each in codelist.entries
        if (code == each.code if each.match == "exact" else code.startswith(each.code))
    }


def read(rows, codelist, as_of: dt.date, lookback=None, *, undated_as_ever=False):
    """Flags, counts, latest days and fates of (patient, code, day) rows of one system.

    ``lookback`` is a window or a mapping from condition to window. Returns {patient: {condition: [days]}}, in which a
    day is None where there was none, and the fates.
    """
    kind = SYSTEMS[codelist.system]
    windows = lookback if isinstance(lookback, dict) else dict.fromkeys(codelist.conditions, lookback)
    people: dict[object, dict[str, list]] = {}
    fates: Counter[str] = Counter()
    for patient, code, day in rows:
        if patient in (None, ""):
            fates["without_patient"] += 1
            continue
        seen = people.setdefault(patient, {name: [] for name in codelist.conditions})
        if code is None or not code.strip(" "):
            fates["without_code"] += 1
        elif kind.fault(code):
            fates["malformed"] += 1
        elif not (found := conditions_of(kind.normalise(code), codelist)):
            fates["unmapped"] += 1
        elif day is None:
            ever = [name for name in found if windows.get(name) is None]
            fates["used" if undated_as_ever and ever else "undated"] += 1
            for name in ever if undated_as_ever else ():
                seen[name].append(None)
        elif day > as_of:
            fates["after_as_of"] += 1
        else:
            inside = [name for name in found if in_window(day, windows.get(name), as_of)]
            fates["used" if inside else "outside_lookback"] += 1
            for name in inside:
                seen[name].append(day)
    return people, fates


def table_of(people, conditions):
    """What ``to_arrow`` should hold, with all counts and latest days."""
    found = []
    for patient in sorted(people, key=lambda each: each if isinstance(each, int) else each.encode()):
        row = {"patient_id": patient}
        row |= {name: bool(people[patient][name]) for name in conditions}
        row |= {f"{name}_count": len(people[patient][name]) for name in conditions}
        for name in conditions:
            row[f"{name}_latest"] = max((day for day in people[patient][name] if day), default=None)
        found.append(row)
    return found
