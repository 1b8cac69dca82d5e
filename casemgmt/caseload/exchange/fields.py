"""What each column of an exported store is: the columns of an event, and every detail that a kind of event may hold.

An outside program learns it from ``datapackage.json``, a Data Package whose one resource has a Table Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from casemgmt.caseload.events.kinds import KINDS, Value
from casemgmt.caseload.events.table import COLUMNS
from casemgmt.errors import listed

_HASH: Final = {"required": True, "pattern": "^[0-9a-f]{64}$"}

# Type, what it is, and what every value of it fulfils, in the words of a Table Schema.
_OF_EVENTS: Final[Mapping[str, tuple[str, str, Mapping[str, Any]]]] = {
    "practice_id": ("string", "The practice's code. Empty: about the store itself.", {}),
    "number": ("integer", "1, 2, 3 and so on in the practice's chain.", {"required": True, "minimum": 1}),
    "kind": ("string", "What happened.", {"required": True, "enum": list(KINDS)}),
    "patient_id": ("string", "The patient, as in the register; empty where the event is about no patient.", {}),
    "happened_on": ("date", "The day in the world, whenever it became known.", {"required": True}),
    "recorded_at": ("datetime", "When the store was told, UTC, to the microsecond.", {"required": True}),
    "by": ("string", "Who did it, as the practice writes its staff.", {}),
    "basis": ("integer", "Number of the practice's event of the list that was seen.", {"minimum": 1}),
    "corrects": ("integer", "Number of the practice's event that this one corrects or withdraws.", {"minimum": 1}),
    "details": ("object", "What else the event says, as JSON; the columns after the hashes repeat it.", {}),
    "previous": ("string", "SHA-256 of the practice's event before; zeros before the first.", _HASH),
    "hash": ("string", "SHA-256 of the hash before and of all that this event says.", {**_HASH, "unique": True}),
}

_DETAILS: Final[Mapping[str, str]] = {
    "review_every_months": "Calendar months from one review to the next.",
    "scheme": "The scheme that selected.",
    "list_date": "The date of the list.",
    "fingerprint": "Which selection it is, as the marks of its rows say.",
    "manifest": "SHA-256 of the manifest that was published.",
    "ranked_by": "What ranked: a model and its version, or given scores.",
    "list_size": "Patients on the practice's list.",
    "case_managed": "Patients whom the list proposes for case management.",
    "answers": "SHA-256 of the answers that were accepted.",
    "accepted": "Answers that were accepted.",
    "explained": "Rows that were not accepted, each with its reason.",
    "unanswered": "Rows that came back without an answer.",
    "whole": "Registered patients of all ages.",
    "adults": "Registered patients aged 18 and over.",
    "aged_65": "Registered patients aged 65 and over.",
    "aged_75": "Registered patients aged 75 and over.",
    "source": "Where the numbers come from.",
    "order": "The practice's own order of its nominations; 1 comes first.",
    "reason": "Why.",
    "route": "The scheme's route that the patient meets.",
    "rank": "Place in the practice by score; 1 is the highest.",
    "next_review_on": "The day that was agreed for the next review.",
    "gp": "The accountable GP.",
    "how": "How the patient was told.",
    "care_home_type": "none, nursing, residential, unspecified, respite or supported_living.",
    "care_home_id": "Which care home.",
    "chose_other_practice": "Whether the patient chose to stay with a practice that is not the home's own.",
    "from_practice": "The practice that the patient came from.",
    "detail": "Why, in a sentence.",
    "first_proposed_on": "The list date on which the removal was first proposed.",
    "to_practice": "The practice that the patient went to.",
    "values": "What holds instead of what the earlier event said, as JSON.",
}

_TYPES: Final[Mapping[Value, str]] = {
    "text": "string",
    "integer": "integer",
    "date": "date",
    "flag": "boolean",
    "sha256": "string",
    "values": "object",
}


def details_of_all_kinds() -> dict[str, Value]:
    """Every detail that any kind may hold, and what it is; none is two things."""
    return {name: value for kind in KINDS.values() for name, value in kind.details.items()}


def names() -> list[str]:
    """The columns of an export, in order."""
    return [*COLUMNS, *details_of_all_kinds()]


def table_schema() -> dict[str, Any]:
    """The Table Schema of the events.

    References
    ----------
    Data Package standard, version 2, Table Schema: https://datapackage.org/standard/table-schema/
    """
    fields: list[dict[str, Any]] = []
    for name in COLUMNS:
        kind, meaning, constraints = _OF_EVENTS[name]
        fields.append(_field(name, kind, meaning, constraints))
    # Nothing stands for a missing practice: the empty code is that of the store's own chain.
    fields[0]["missingValues"] = []
    for name, value in details_of_all_kinds().items():
        said_by = [kind.name for kind in KINDS.values() if name in kind.details]
        meaning = f"{_DETAILS.get(name, 'A detail.')} Of {listed(said_by, most=len(said_by)).replace(chr(39), '')}."
        constraints = {"pattern": "^[0-9a-f]{64}$"} if value == "sha256" else {}
        fields.append(_field(name, _TYPES[value], meaning, constraints))
    return {"fields": fields, "primaryKey": ["practice_id", "number"], "missingValues": [""]}


def _field(name: str, kind: str, meaning: str, constraints: Mapping[str, Any]) -> dict[str, Any]:
    said = {"name": name, "type": kind, "description": meaning}
    return said | ({"constraints": dict(constraints)} if constraints else {})
