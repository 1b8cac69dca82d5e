"""The rows of the file that a practice's page gives back."""

from __future__ import annotations

import json
from typing import Any

from casemgmt.errors import plural
from casemgmt.outputs.practice.answers import RETURN_FACTS, RETURN_FORMAT, RETURN_ROW, RETURN_VERSION, SHEETS
from casemgmt.returns.cells import FaultyCellError, day_of, id_of, order_of, text_of
from casemgmt.returns.rows import MOST_ROWS, GivenFile, GivenRow, UnreadableError

_TEXTS = tuple(key for key in RETURN_ROW if key not in ("order", "date"))
_NOT_OURS = "is not a file of answers from one of our pages, or it was changed or cut short"


def read_page_return(name: str, data: bytes) -> GivenFile:
    """Read the file.

    Raises
    ------
    UnreadableError : it is none of ours, or of another version
    """
    try:
        found = json.loads(data.decode("utf-8-sig"), parse_constant=_no_number, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        raise UnreadableError(_NOT_OURS) from None
    if not isinstance(found, dict) or found.get("format") != RETURN_FORMAT:
        raise UnreadableError(_NOT_OURS)
    if found.get("format_version") != RETURN_VERSION:
        raise UnreadableError(f"is of another version than {RETURN_VERSION}, which this library reads")
    facts = {key: found.get(key) for key in RETURN_FACTS[2:-1]}
    rows = found.get("rows")
    if not all(isinstance(value, str) for value in facts.values()) or not isinstance(rows, list):
        raise UnreadableError(_NOT_OURS)
    if len(rows) > MOST_ROWS:
        raise UnreadableError("holds more rows than a return can have")
    practice = str(facts["practice_id"])
    return GivenFile(
        name=name,
        practice_id=practice,
        fingerprint=str(facts["fingerprint"]),
        as_of=str(facts["as_of"]),
        rows=tuple(_row(name, practice, number, row) for number, row in enumerate(rows, start=1)),
    )


def _no_number(_: str) -> None:
    raise ValueError


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Named values; of two answers under one name nobody could say which is meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _row(name: str, practice: str, number: int, row: Any) -> GivenRow:
    texts, order, day, problem = dict.fromkeys(_TEXTS, ""), None, None, ""
    try:
        texts = _texts_of(row)
        order, day = order_of(row.get("order")), day_of(row.get("date"))
    except FaultyCellError as found:
        problem = str(found)
    return GivenRow(
        file=name,
        practice_id=practice,
        sheet=texts["sheet"],
        number=number,
        mark=texts["mark"],
        patient_id=texts["patient_id"],
        shown=None,
        answer=texts["answer"].lower(),
        reason=texts["reason"],
        who=texts["who"],
        order=order,
        date=day,
        problem=problem,
    )


def _texts_of(row: Any) -> dict[str, str]:
    if not isinstance(row, dict):
        raise FaultyCellError("is no set of named values")
    unknown = [key for key in row if key not in RETURN_ROW]
    if unknown:
        raise FaultyCellError(f"has {plural(len(unknown), 'value')} that no page sends")
    texts = {key: text_of(row.get(key), key.replace("_", " ").capitalize()) for key in _TEXTS}
    texts["patient_id"] = id_of(row.get("patient_id"), "Patient id")
    if texts["sheet"] not in SHEETS:
        raise FaultyCellError("Sheet is none of those that were sent")
    return texts
