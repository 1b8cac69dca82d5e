"""Decisions as they are given: a table, a frame, a file or a list of mappings becomes rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from casemgmt.caseload.deciding.words import DETAILS, NO_DAY, Decision
from casemgmt.caseload.events.kinds import KINDS
from casemgmt.caseload.events.recording import day_of, is_missing, whole_number
from casemgmt.errors import InputError, did_you_mean, missing_columns, plural
from casemgmt.names import are_names
from casemgmt.texts.guards import without_guards_of_csv

if TYPE_CHECKING:
    import pyarrow as pa

_NEEDED: Final = ("practice_id", "patient_id", "decision", "date")
_KNOWN: Final = (*_NEEDED, "by", *DETAILS)
_VALUE_OF: Final = {name: value for kind in KINDS.values() for name, value in kind.details.items()}
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})
_DATE = "has a date that is no day written as 2015-04-01"


def read_decisions(decisions: object) -> list[Decision]:
    """The rows, in the order given; a value that cannot be read is a row's own problem.

    Raises
    ------
    InputError : it is no table, or lacks a column, or has one that says nothing here
    """
    rows, names = _mappings(decisions)
    missing = [name for name in _NEEDED if name not in names]
    strange = [name for name in names if name not in _KNOWN]
    # The first line of a file without a header holds values, and none of them is shown.
    if strange and (not missing or are_names(names)):
        raise InputError(
            f"decisions: {plural(len(strange), 'column')} that no decision has, the first '{strange[0]}'."
            f"{did_you_mean(strange[0], _KNOWN)} Known: "
            f"{', '.join(_KNOWN)}."
        )
    if strange or (missing and (rows or names)):
        raise missing_columns(missing, names, "Decisions")
    return [_decision(place, row) for place, row in enumerate(rows, start=1)]


def _mappings(decisions: object) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows, and the names of their columns; a table has names without a row, too."""
    if isinstance(decisions, (str, Path)) or hasattr(decisions, "__arrow_c_stream__"):
        from casemgmt.register.sources import open_source

        opened = open_source(decisions)
        if opened.unsplit:
            lines = plural(len(opened.unsplit), "line")
            raise InputError(f"decisions: {lines} with another number of values than the header.")
        table: pa.Table = without_guards_of_csv(decisions, opened.table)
        return [dict(row) for row in table.to_pylist()], table.column_names
    if isinstance(decisions, Sequence) and all(isinstance(row, Mapping) for row in decisions):
        rows = [{str(name): value for name, value in row.items()} for row in decisions]
        return rows, list(dict.fromkeys(name for row in rows for name in row))
    raise InputError(
        "decisions: give a table with the columns practice_id, patient_id, decision, by and date, the path of its "
        "file, or a list of mappings with these keys."
    )


def _decision(place: int, row: Mapping[str, Any]) -> Decision:
    problems: list[str] = []
    details: dict[str, Any] = {}
    for name in DETAILS:
        value = _plain(row.get(name))
        if value is not None:
            try:
                details[name] = _detail(name, value)
            except (TypeError, ValueError, OverflowError):
                problems.append(f"has a value of '{name}' that is no {_VALUE_OF[name]}")
    try:
        given = _plain(row.get("date"))
        date = None if given is None else day_of(given)
    except ValueError:
        date = None
        problems.insert(0, _DATE)
    who, said = _text(row.get("by"), "by", problems), _text(row.get("decision"), "decision", problems)
    practice, patient = (_text(row.get(name), name, problems) for name in ("practice_id", "patient_id"))
    return Decision(
        row=place,
        practice_id=practice,
        patient_id=patient,
        said=" ".join(said.lower().replace("_", " ").split()),
        by=who or None,
        date=date or NO_DAY,
        details=details,
        problem=problems[0] if problems else "",
    )


def _plain(value: Any) -> Any:
    """None for what is empty: null, NaN, the missing values of pandas, and texts of spaces."""
    if is_missing(value):
        return None
    if isinstance(value, str):
        return value.strip() or None
    return value


def _text(value: Any, name: str, problems: list[str]) -> str:
    """A text as it was given; an id keeps its spaces, since it is another id without them."""
    if _plain(value) is None:
        return ""
    if not isinstance(value, str):
        problems.append(f"has a value of '{name}' that is no text")
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        problems.append(f"has a value of '{name}' that is not valid text")
        return ""
    return value if name.endswith("_id") else value.strip()


def _detail(name: str, value: Any) -> Any:
    match _VALUE_OF[name]:
        case "date":
            return day_of(value).isoformat()
        case "integer":
            return whole_number(value)
        case "flag":
            return _flag(value)
        case _:
            return _words(value)


def _words(value: Any) -> str:
    if isinstance(value, str):
        value.encode()  # half of a character is a ValueError too
        return value
    raise ValueError


def _flag(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    if isinstance(value, bool):
        return value
    raise ValueError
