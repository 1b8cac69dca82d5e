"""New events from a table, a file, or mappings: one row an event, the details in columns of their own or as JSON."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import KINDS, Value
from casemgmt.errors import InputError, listed, missing_columns, plural, unknown_name
from casemgmt.register.given.tables import is_table, table_given

OWN: Final = ("practice_id", "kind", "happened_on", "patient_id", "by", "basis", "corrects", "details")
NEEDED: Final = ("kind", "happened_on")

_DIGITS = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
# What a detail of each name is, whichever kind of event holds it: no two kinds mean different things by one name.
_MEANT: Final[Mapping[str, Value]] = {name: value for kind in KINDS.values() for name, value in kind.details.items()}


def new_events(rows: object) -> list[NewEvent]:
    """What a table of events says.

    Parameters
    ----------
    rows : a table, a frame, the path of a file, or mappings; see :meth:`casemgmt.Caseload.record`

    Raises
    ------
    InputError : a column is missing or of no known name, or a value is not of its column's kind
    """
    given = list(rows) if isinstance(rows, (list, tuple)) else _rows_of(rows)
    if not all(isinstance(row, Mapping) for row in given):
        raise InputError("events= is a table, the path of a file, or a list of mappings with practice_id, kind, …")
    if isinstance(rows, (list, tuple)) and not given:
        return []
    names = list(dict.fromkeys(name for row in given for name in row))
    _check_names(names)
    wrong: dict[str, int] = {}
    events = [_event(row, wrong) for row in given]
    if wrong:
        lines = [f"  {told} ({plural(count, 'event')})." for told, count in wrong.items()]
        raise InputError(f"{plural(len(given), 'event')} given, and none was written:\n" + "\n".join(lines))
    return events


def refuse_twins(practices: Iterable[str], known: Iterable[str]) -> None:
    """Refuse codes that differ from a practice's of the store in case or outer spaces alone: each is the same practice.

    Raises
    ------
    InputError : with the codes
    """
    here = {code.strip().casefold(): code for code in known}
    twins = {code: here[code.strip().casefold()] for code in practices if code.strip().casefold() in here}
    wrong = sorted(code for code, own in twins.items() if code != own and code.strip())
    if wrong:
        raise InputError(
            f"events= names {plural(len(wrong), 'practice')} ({listed(wrong)}) whose code differs from one of this "
            f"caseload ({listed([twins[code] for code in wrong])}) in case or outer spaces alone. Write it as that is."
        )


def _rows_of(rows: Any) -> list[dict[str, Any]]:
    if not is_table(rows):
        raise InputError("events= is a table, the path of a file, or a list of mappings with practice_id, kind, …")
    table = table_given(rows, "events")
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _check_names(names: Sequence[object]) -> None:
    texts = [name for name in names if isinstance(name, str)]
    if len(texts) < len(names):
        raise InputError("events= has a column whose name is no text.")
    if missing := [name for name in NEEDED if name not in texts]:
        raise missing_columns(missing, texts, "an event")
    for name in texts:
        if name not in OWN and name not in _MEANT:
            raise unknown_name("column of an event", name[:60], [*OWN, *_MEANT])


def _event(row: Mapping[str, Any], wrong: dict[str, int]) -> NewEvent:
    def read(name: str, how: Callable[[Any], Any], must: str) -> Any:
        value = row.get(name)
        if is_missing(value):
            return None
        try:
            return how(value)
        except (LookupError, TypeError, ValueError, OverflowError, RecursionError):
            told = f"{name} {must}"
            wrong[told] = wrong.get(told, 0) + 1
            return None

    details = dict(read("details", _json, "must be JSON of names and values") or {})
    for name, kind in _MEANT.items():
        if name in row and (value := read(name, *_HOW[kind])) is not None:
            details[name] = value
    return NewEvent(
        practice_id=read("practice_id", _same, "") or "",
        kind=read("kind", _same, "") or "",
        happened_on=read("happened_on", day_of, "must be a date (YYYY-MM-DD)"),
        patient_id=read("patient_id", _id, "has spaces at an end, and no patient of a register has: take them off"),
        by=read("by", _same, ""),
        basis=read("basis", whole_number, "must be a whole number"),
        corrects=read("corrects", whole_number, "must be a whole number"),
        details=details,
    )


def is_missing(value: Any) -> bool:
    """None, an empty text, or what pandas writes for nothing, which is not equal to itself, or to nothing at all."""
    if value is None or isinstance(value, str):
        return not value
    try:
        return not bool(value == value)  # noqa: PLR0124
    except TypeError:
        return True
    except ValueError:  # many values in one
        return False


def _same(value: Any) -> Any:
    return value


def _id(value: Any) -> Any:
    if isinstance(value, str) and value.strip() and value != value.strip(" "):
        raise ValueError
    return value


def whole_number(value: Any) -> int:
    """A whole number, or one written in digits.

    Raises
    ------
    LookupError, TypeError, ValueError, OverflowError : it is none
    """
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value.strip()):
            raise ValueError
        return int(value)
    if isinstance(value, bool) or int(value) != value:
        raise ValueError
    return int(value)


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else _WORDS[str(value).strip().lower()]


def day_of(value: Any) -> dt.date:
    """A date, a midnight, or ISO text of one.

    Raises
    ------
    ValueError : it is none
    """
    if isinstance(value, dt.datetime):
        if value.time() != dt.time():
            raise ValueError
        return value.date()
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError
    return dt.date.fromisoformat(value)


def _json(value: Any) -> Mapping[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, Mapping):
        raise TypeError
    return found


_HOW: Final[Mapping[Value, tuple[Callable[[Any], Any], str]]] = {
    "text": (_same, ""),
    "sha256": (_same, ""),
    "integer": (whole_number, "must be a whole number"),
    "date": (day_of, "must be a date (YYYY-MM-DD)"),
    "flag": (_flag, "must be true or false"),
    "values": (_json, "must be JSON of names and values"),
}
