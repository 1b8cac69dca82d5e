"""What the cells of a row say, in the order of its columns: the same for the mark, the workbook and the reader."""

from __future__ import annotations

import datetime as dt

from casemgmt.outputs.practice.answers import JUDGEMENT, LIST, REMOVALS, REVIEWS
from casemgmt.outputs.practice.practice_list import Candidate, Listed, Person, Removal, ReviewDue

# The columns of each sheet that a row shows, beside patient_id before them and the answer after.
SHOWN_COLUMNS = {
    LIST: ("rank", "risk", "why", "route", "standing", "care home", "age", "last review"),
    JUDGEMENT: ("look because", "rank", "risk", "why", "standing", "care home", "age", "last review"),
    REVIEWS: ("due", "age", "care home", "last review", "case managed"),
    REMOVALS: ("proposal", "why", "first proposed on"),
}
BETWEEN = "; "


def shown_of(person: Person) -> tuple[str, ...]:
    """The texts of a row's shown cells, in the order of :data:`SHOWN_COLUMNS`."""
    home, age, last = person.care_home, _number(person.age), _day(person.last_review)
    match person:
        case Listed():
            why = _joined(person.reasons)
            rank = _number(person.rank)
            return (rank, person.risk_words, why, person.route_title, person.standing, home, age, last)
        case Candidate():
            why = _joined(person.reasons)
            prompts = _joined(person.prompts)
            return (prompts, _number(person.rank), person.risk_words, why, person.standing, home, age, last)
        case ReviewDue():
            return (person.timing, age, home, last, "yes" if person.case_managed else "")
        case Removal():
            return (person.proposal, person.detail, person.proposed_on.isoformat())
        case _:
            raise TypeError("a row of no sheet")


def short_reason(reason: str) -> str:
    """A reason as a cell has room for: the sheet says once that counts are of the last 12 months."""
    return reason.removesuffix(" in the last 12 months").removesuffix(" in 12 months").removeprefix("Living with ")


def _joined(reasons: tuple[str, ...]) -> str:
    """Reasons one after the other, a capital letter at the start alone; COPD stays COPD."""
    parts = [short_reason(each) for each in reasons]
    later = [each if each[1:2].isupper() else f"{each[:1].lower()}{each[1:]}" for each in parts[1:]]
    return BETWEEN.join([*(f"{each[:1].upper()}{each[1:]}" for each in parts[:1]), *later])


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _day(day: dt.date | None) -> str:
    return "" if day is None else day.isoformat()
