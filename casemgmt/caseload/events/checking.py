"""What an event may say, looked at before it is stored: an event that is stored stays, so a slip would stay too."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import CORRECTED, CORRECTING, KINDS, LIST_PUBLISHED, STORE, Kind
from casemgmt.errors import InputError, did_you_mean, listed, plural
from casemgmt.register.fields import CARE_HOME_TYPES

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2200, 12, 31)
LONGEST: Final = {"practice_id": 200, "patient_id": 200, "by": 200}
LONGEST_DETAIL: Final = 2_000
LARGEST: Final = 2_000_000_000
# What else would be counted as nothing, without a word.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {"care_home_type": CARE_HOME_TYPES}
HAPPENED_ON: Final = "happened_on"

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DETAILS: Final = {name: kind.details for name, kind in KINDS.items()}
_CLOCKS_APART = dt.timedelta(days=1)


class Known(NamedTuple):
    """What is known of an event that another names."""

    kind: str
    patient_id: str | None


class _Problem(NamedTuple):
    """What is wrong with a column of an event, and what to do."""

    column: str
    text: str


_Say = Callable[[str, str], None]


def check(
    events: Sequence[NewEvent],
    ends: Mapping[str, int],
    known: Mapping[tuple[str, int], Known],
    recorded_on: dt.date,
) -> None:
    """Refuse events that say what they may not.

    Parameters
    ----------
    events : to be appended, in this order
    ends : the number of the last event of each chain that may be written to
    known : kind and patient of stored events, by practice and number: of all that the new ones name
    recorded_on : the day of the moment that they will carry; what has happened has happened by then

    Raises
    ------
    InputError : with each thing that is wrong, in how many events, and what to do; no value is shown
    """
    found: Counter[_Problem] = Counter()
    numbers, seen = dict(ends), dict(known)
    for new in events:
        problems: dict[_Problem, None] = {}

        def say(column: str, text: str, problems: dict[_Problem, None] = problems) -> None:
            problems[_Problem(column, text)] = None

        _check_one(new, seen, recorded_on, say)
        if not problems and new.practice_id not in numbers:
            say("practice_id", "names a practice that is not being written to; name it in writing(…)")
        found.update(problems.keys())
        if not problems:
            numbers[new.practice_id] += 1
            seen[new.practice_id, numbers[new.practice_id]] = Known(new.kind, new.patient_id)
    if found:
        lines = [f"  {problem.column} {problem.text} ({plural(count, 'event')})." for problem, count in found.items()]
        raise InputError(f"{plural(len(events), 'event')} given, and none was written:\n" + "\n".join(lines[:20]))


def problems_of(new: NewEvent, known: Mapping[tuple[str, int], Known], recorded_on: dt.date) -> list[str]:
    """What :func:`check` would refuse of one event, each thing in words that show no value."""
    found: list[str] = []
    _check_one(new, known, recorded_on, lambda column, text: found.append(f"{column} {text}"))
    return found


def _check_one(new: NewEvent, seen: Mapping[tuple[str, int], Known], recorded_on: dt.date, say: _Say) -> None:
    kind = KINDS.get(new.kind) if isinstance(new.kind, str) else None
    if kind is None:
        near = did_you_mean(new.kind, list(KINDS)) if isinstance(new.kind, str) else ""
        say("kind", f"is none that is known.{near} Known: {listed(KINDS, 40)}")
        return
    _check_day(new.happened_on, recorded_on, say)
    target = _check_named(new, kind, seen, say)
    _check_who(new, kind, target, say)
    if not isinstance(new.details, Mapping):
        say("details", "must be a mapping of names to values")
        return
    _check_details(new.details, kind, say)
    if kind.name == CORRECTED and target is not None:
        _check_values(new.details.get("values"), target, recorded_on, say)


def _check_day(day: object, recorded_on: dt.date, say: _Say) -> None:
    if not isinstance(day, dt.date) or isinstance(day, dt.datetime):
        say(HAPPENED_ON, "must be a date without a time of day")
    elif not FIRST_DAY <= day <= LAST_DAY:
        say(HAPPENED_ON, f"must lie between {FIRST_DAY.year} and {LAST_DAY.year}")
    elif day > recorded_on + _CLOCKS_APART:
        say(HAPPENED_ON, "lies after the day it is written down: write an event down once it has happened")


def _check_who(new: NewEvent, kind: Kind, target: Known | None, say: _Say) -> None:
    """Practice, patient and person."""
    if kind.about == "store":
        if new.practice_id != STORE:
            say("practice_id", f"must be empty: '{kind.name}' is about the whole store")
    elif _check_text("practice_id", new.practice_id, say) and not new.practice_id.strip():
        say("practice_id", "is empty; give the practice's code")
    has_patient = kind.about == "patient"
    if kind.name in CORRECTING:  # it carries the patient of the event it names, or none where that has none
        has_patient = target is not None and target.patient_id is not None
        if target is not None and new.patient_id is not None and new.patient_id != target.patient_id:
            say("patient_id", "is not that of the event that 'corrects' names")
    if has_patient and new.patient_id is None:
        say("patient_id", f"is missing, and '{kind.name}' is about a patient")
    elif new.patient_id is not None and kind.about != "patient":
        say("patient_id", f"must be left out: '{kind.name}' is about the {kind.about}")
    elif new.patient_id is not None and _check_text("patient_id", new.patient_id, say) and not new.patient_id.strip():
        say("patient_id", "is empty")
    if new.by is None:
        if kind.by_needed:
            say("by", f"is missing: '{kind.name}' is a person's decision; give initials or a role")
    elif _check_text("by", new.by, say) and not new.by.strip():
        say("by", "is empty; leave it out, or give initials or a role")


def _check_named(new: NewEvent, kind: Kind, seen: Mapping[tuple[str, int], Known], say: _Say) -> Known | None:
    """The events that it names; the one that it corrects."""
    if new.basis is not None:
        basis = _event(new.practice_id, new.basis, seen)
        if basis is None or basis.kind != LIST_PUBLISHED:
            say("basis", f"is not the number of an earlier '{LIST_PUBLISHED}' of the same practice")
    if kind.name not in CORRECTING:
        if new.corrects is not None:
            say("corrects", f"must be left out: '{kind.name}' corrects no other event")
        return None
    target = _event(new.practice_id, new.corrects, seen)
    if target is None:
        say("corrects", "is not the number of an earlier event of the same practice")
    elif target.kind not in KINDS or KINDS[target.kind].about == "store":
        say("corrects", "names an event of the store, which cannot be corrected")
    elif kind.name == CORRECTED and target.kind in CORRECTING:
        say("corrects", "names a correction or a withdrawal: withdraw that one, and correct the first event")
    else:
        return target
    return None


def _event(practice_id: object, number: object, seen: Mapping[tuple[str, int], Known]) -> Known | None:
    if type(number) is not int or not isinstance(practice_id, str):
        return None
    return seen.get((practice_id, number))


def _check_details(details: Mapping[str, Any], kind: Kind, say: _Say) -> None:
    may = _DETAILS[kind.name]
    for name in kind.needs:
        if name not in details:
            say(name, f"is missing, and '{kind.name}' needs it")
    for name, value in details.items():
        if name in may:
            _check_value(name, value, may[name], say)
        elif isinstance(name, str):
            say("details", f"hold a name that '{kind.name}' may not.{did_you_mean(name, list(may))} {_holds(kind)}")
        else:
            say("details", "hold a name that is no text")


def _holds(kind: Kind) -> str:
    may = _DETAILS[kind.name]
    return f"It may hold {listed(may, 20)}" if may else "It holds none"


def _check_values(values: object, target: Known, recorded_on: dt.date, say: _Say) -> None:
    """What a correction says instead."""
    if not isinstance(values, Mapping):
        return
    may = _DETAILS[target.kind]
    if not values:
        say("values", "are empty; say what holds instead")
    for name, value in values.items():
        if name == HAPPENED_ON:
            day = value if isinstance(value, dt.date) else _day(value)
            _check_day(day, recorded_on, lambda _, text: say(f"{HAPPENED_ON} in values", text))
        elif isinstance(name, str) and name in may:
            _check_value(name, value, may[name], say)
        else:
            near = did_you_mean(name, [HAPPENED_ON, *may]) if isinstance(name, str) else ""
            say("values", f"hold a name that '{target.kind}' may not.{near} It may hold {listed((HAPPENED_ON, *may))}")


def _check_value(name: str, value: object, kind: str, say: _Say) -> None:
    match kind:
        case "text":
            _check_words(name, value, say)
        case "integer":
            if type(value) is not int or not 0 <= value <= LARGEST:
                say(name, f"must be a whole number from 0 to {LARGEST:,}")
        case "flag":
            if not isinstance(value, bool):
                say(name, "must be true or false")
        case "date":
            day = value if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else _day(value)
            if day is None or not FIRST_DAY <= day <= LAST_DAY:
                say(name, f"must be a date (YYYY-MM-DD) between {FIRST_DAY.year} and {LAST_DAY.year}")
        case "sha256":
            if not isinstance(value, str) or not _SHA256.fullmatch(value):
                say(name, "must be a SHA-256 in hexadecimal: 64 of 0-9 and a-f")
        case _:
            if not isinstance(value, Mapping):
                say(name, "must be a mapping of names to values")


def _check_words(name: str, value: object, say: _Say) -> None:
    if not _check_text(name, value, say):
        return
    if not str(value).strip():
        say(name, "is empty")
    elif value not in (words := WORDS.get(name, (value,))):
        say(name, f"is none of: {', '.join(map(str, words))}")


def _day(value: object) -> dt.date | None:
    """The date of an ISO text."""
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return None


def _check_text(column: str, value: object, say: _Say) -> bool:
    """Whether it is text that both databases and every file can hold."""
    if not isinstance(value, str):
        say(column, "must be text")
    elif len(value) > (longest := LONGEST.get(column, LONGEST_DETAIL)):
        say(column, f"is longer than {longest:,} characters")
    elif not is_fit_text(value):
        say(column, "holds a control character, a line end or half of a character")
    else:
        return True
    return False


def is_fit_text(value: object) -> bool:
    """Whether it is text without control characters, line ends and half characters."""
    if not isinstance(value, str):
        return False
    return (value.isascii() and value.isprintable()) or not any(map(_is_unfit, value))


def _is_unfit(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")
