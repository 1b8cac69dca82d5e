"""What becomes of every row of a register, in plain Python: slow, obvious, and written from the rules alone.

Nothing of the library is used. A row is accepted, merged into an identical one, or set aside for one stated reason;
and each value of an accepted row that could not be used is missing from then on, and stated too.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

RANGES = {
    "age": (0, 120),
    "imd_decile": (1, 10),
    "emergency_admissions_12m": (0, 99),
    "frailty_deficits": (0, 36),
    "nomination_order": (1, 2**31 - 1),
}
WORDS = {
    "sex": ("F", "M", "I", "U"),
    "care_home_type": ("none", "nursing", "residential", "unspecified", "respite", "supported_living"),
}
ENDS = ("date_of_death", "deregistered_on")
DATES = ("date_of_birth", "last_review", "registered_on", *ENDS)
OF_A_REGISTRATION = {"practice_id", "registered_on", "deregistered_on"}
MISSING = "missing"


@dataclass(slots=True, kw_only=True)
class Account:
    """What became of each row.

    Attributes
    ----------
    accepted : rows that count, each as it is read
    merged : row → the identical row that stays
    set_aside : row → (field, reason)
    corrected : (row, field, reason) of values of accepted rows
    practices : of all rows, those that can be used
    """

    accepted: dict[int, Row] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    set_aside: dict[int, tuple[str, str]] = field(default_factory=dict)
    corrected: list[tuple[int, str, str]] = field(default_factory=list)
    practices: set[str] = field(default_factory=set)


def account(rows: Sequence[Row], as_of: dt.date, extracted_on: dt.date) -> Account:
    """The account of a register of these rows."""
    found = Account()
    read = [read_row(row, extracted_on) for row in rows]
    faults = practice_faults({row["practice_id"] for row in rows if row["practice_id"]})
    found.practices = {code for code, fault in faults.items() if fault is None}
    named: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        fault = id_fault(row["patient_id"])
        if fault:
            found.set_aside[index] = "patient_id", fault
            continue
        named[row["patient_id"]].append(index)
        fault = faults.get(row["practice_id"], MISSING)
        if fault:
            found.set_aside[index] = "practice_id", fault
    set_aside_two_forms(found, named)
    for same_id in named.values():
        settle_repeats(found, rows, read, same_id, as_of)
    for index, (values, problems) in enumerate(read):
        if index in found.set_aside or index in found.merged:
            continue
        early = [name for name in ENDS if is_before(values, name, "date_of_birth")]
        if early:
            # Of two such days the one of leaving is looked at first or last; no register of these tests has both.
            found.set_aside[index] = early[0], "before date_of_birth"
            continue
        found.accepted[index] = values
        problems += [(name, "before registered_on") for name in ENDS if is_before(values, name, "registered_on")]
        found.corrected += [(index, name, reason) for name, reason in problems]
    return found


# One row


def read_row(row: Row, extracted_on: dt.date) -> tuple[Row, list[tuple[str, str]]]:
    """The row as it is read, and what was wrong with which field."""
    values, problems = dict(row), []
    for name, value in row.items():
        reason = None if value is None else why_unusable(name, value, extracted_on)
        if reason:
            problems.append((name, reason))
            # Whoever joins after the extract is not on the list: that day is kept.
            if (name, reason) != ("registered_on", "after the extract date"):
                values[name] = None
    return values, problems


def why_unusable(name: str, value: Any, extracted_on: dt.date) -> str | None:
    if name in RANGES:
        least, most = RANGES[name]
        return None if least <= value <= most else f"outside {least} to {most}"
    if name in WORDS:
        return None if value in WORDS[name] else f"not one of {', '.join(WORDS[name])}"
    if name in DATES:
        if value < dt.date(1900, 1, 1):
            return "before 1900"
        return "after the extract date" if value > extracted_on else None
    return None


def is_before(values: Row, name: str, other: str) -> bool:
    first, second = values.get(name), values.get(other)
    return first is not None and second is not None and first < second


def id_fault(text: str | None) -> str | None:
    """What is wrong with a patient id, the first of several."""
    if text is None or text.strip() == "":
        return MISSING
    kinds = [] if text.isascii() and text.isalnum() else [unicodedata.category(mark) for mark in text]
    if any(kind in ("Cc", "Cf", "Zl", "Zp") for kind in kinds) or any(mark in text for mark in "\u00a0\u2007\u202f"):
        return "a hidden character or a no-break space in the id"
    if text != text.strip():
        return "outer spaces around the id"
    if re.fullmatch(r"[0-9]+\.0*", text):
        return "an id that was turned into a decimal number"
    if re.fullmatch(r"[0-9]\.[0-9]+[eE][0-9]+|[0-9]+(\.[0-9]+)?[eE]\+[0-9]+", text):
        return "an id that a spreadsheet shortened to an exponent"
    if len(text) == 10 and len(set(text)) == 1 and text[0] in "0123456789":
        return "ten times the same digit is a placeholder, not an id"
    return None


def form_of(text: str) -> str:
    """An id in small letters, without spaces, hyphens and dashes."""
    kept = [mark for mark in text if unicodedata.category(mark) not in ("Zs", "Pd") and mark != "\u2212"]
    return "".join(kept).lower()


def shape_of(text: str) -> str:
    """The form of an id with a hyphen wherever two numbers are divided."""
    marks = ["-" if form_of(mark) == "" else mark for mark in text]
    shape = ""
    for place, mark in enumerate(marks):
        after = "".join(marks[place:]).lstrip("-")[:1]
        is_between = shape[-1:] in set("0123456789") and after in set("0123456789") and shape and after
        shape += mark if mark != "-" else "-" if is_between else ""
    return shape.lower()


def practice_faults(codes: set[str]) -> dict[str, str | None]:
    """Each practice code → what is wrong with it."""
    found: dict[str, str | None] = {}
    ways = defaultdict(set)
    for code in codes:
        ways[code.strip().casefold()].add(code)
    for code in codes:
        twins = ways[code.strip().casefold()] - {code}
        found[code] = (
            None if is_practice_code(code) else "not a practice code of the expected pattern (practice_pattern)"
        )
        if any(is_practice_code(twin) for twin in twins) or (twins and found[code]):
            found[code] = "differs from another code only in case or outer spaces; map it with values="
    return found


def is_practice_code(code: str) -> bool:
    return re.fullmatch("[A-Z]?[0-9]{5}", code) is not None


# Rows of one id


def set_aside_two_forms(found: Account, named: dict[str, list[int]]) -> None:
    """Set aside every row whose id is written in two ways; their repeats are not looked at."""
    ways: dict[str, list[str]] = defaultdict(list)
    for text in named:
        ways[form_of(text)].append(text)
    for form, texts in ways.items():
        if form and len(texts) > 1:
            shapes = [shape_of(text) for text in texts]
            ten_digits = re.fullmatch("[0-9]{10}", form) is not None
            for text, shape in zip(texts, shapes, strict=True):
                if not (ten_digits or form in shapes or shapes.count(shape) > 1):
                    continue
                for index in named.pop(text):
                    found.set_aside.setdefault(
                        index,
                        ("patient_id", "the same id is written in two ways in this register: spaces, hyphens or case"),
                    )


def settle_repeats(
    found: Account, rows: Sequence[Row], read: Sequence[Any], same_id: list[int], as_of: dt.date
) -> None:
    """Merge identical rows; of a person's registrations keep the open one; set the other rows aside."""
    first = same_id[0]
    if all(alike(rows[index], rows[first]) for index in same_id):
        found.merged.update({index: first for index in same_id[1:] if index not in found.set_aside})
        return
    ended = earlier_registrations(rows, read, same_id, as_of)
    reason = ("deregistered_on", "an earlier registration, which has ended; the patient is kept at the open one")
    for index in ended or same_id:
        found.set_aside.setdefault(index, reason if ended else ("patient_id", "differing rows with one id"))


def alike(row: Row, other: Row, apart_from: Callable[[str], bool] = lambda name: False) -> bool:
    """Whether two rows say the same: a number that is none is missing, and minus zero is zero."""
    return all(nothing_for_nan(row[name]) == nothing_for_nan(other[name]) for name in row if not apart_from(name))


def nothing_for_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def earlier_registrations(rows: Sequence[Row], read: Sequence[Any], same_id: list[int], as_of: dt.date) -> list[int]:
    """The rows of one person that had ended by the list date, where one follows that had not; else nothing."""
    if "deregistered_on" not in rows[0]:
        return []
    for index in same_id:
        values = read[index][0]
        if not alike(rows[index], rows[same_id[0]], OF_A_REGISTRATION.__contains__):
            return []
        for name in ("deregistered_on", "registered_on"):
            if rows[index].get(name) is not None and values[name] is None:
                return []
    left = {index: read[index][0]["deregistered_on"] for index in same_id}
    ended = [index for index in same_id if left[index] is not None and left[index] <= as_of]
    still_open = [index for index in same_id if index not in ended]
    if not ended or len(still_open) != 1:
        return []
    began = read[still_open[0]][0].get("registered_on")
    if began is not None and (began > as_of or began < max(left[index] for index in ended)):
        return []
    return ended
