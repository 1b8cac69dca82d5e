"""What one practice is shown, as plain values without a file format. They are made by :mod:`.making`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

NEW, STAYS, WAS_ON_LIST = "new", "stays", "was on last list"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlaces:
    """One route in this practice.

    Attributes
    ----------
    name, title, rule : the route's name, the same as words, and who it lets in
    kind : of route, as the scheme file says
    places, used, left : of case management; None where the route has none
    met : who meets the route
    due : reviews due now; None for other routes
    """

    name: str
    title: str
    rule: str
    kind: str
    places: int | None
    used: int | None
    left: int | None
    met: int
    due: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Who should do what by when."""

    who: str
    what: str
    by_when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What every row about a patient shows.

    Attributes
    ----------
    mark : the keyed mark of the row
    patient_id : as in the register
    row : packed row of the register, to look more up by; -1 where the register has none
    age : whole years on the list date
    care_home : ``nursing home``, …; empty for someone in a home of their own
    last_review : None where none is on record
    """

    mark: str
    patient_id: str
    row: int
    age: int | None
    care_home: str
    last_review: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked(Person):
    """A patient with a place in the ranking, or a reason to be looked at.

    Attributes
    ----------
    rank : 1 + the number of the practice with a higher score; None without a score
    score : what ranked; None without
    risk : 0 to 1; None where the model gives none
    risk_words : ``12 in 100``; empty without a risk
    reasons : plain sentences, the weightiest first
    standing : ``new``, ``stays`` or ``was on last list``; empty where no earlier list is known
    """

    rank: int | None
    score: float | None
    risk: float | None
    risk_words: str
    reasons: tuple[str, ...]
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Ranked):
    """A patient whom a place of case management is used for, by which route."""

    route: str
    route_title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Ranked):
    """Someone to think of when nominating.

    Attributes
    ----------
    prompts : why: ``just below the cut``, a condition, recent admissions, ``nominated, waits for a place``
    waits : whether the practice has nominated the patient already, over its places
    order : the practice's own nomination order; None without
    """

    prompts: tuple[str, ...]
    waits: bool
    order: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDue(Person):
    """A review that is due, or will be within a month.

    Attributes
    ----------
    due_on : None where no review is on record
    timing : the same in words
    case_managed : whether the patient is on the case-management list too
    """

    due_on: dt.date | None
    timing: str
    case_managed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal(Person):
    """Someone on the caseload who is not selected again: a proposal for the practice to decide."""

    proposal: str
    reason: str
    detail: str
    proposed_on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyRow:
    """A row of the judgement sheet for anyone on the practice's list."""

    mark: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeList:
    """All that one practice is shown of a selection, and what it is asked.

    Attributes
    ----------
    practice_id, as_of : whose list, of which date
    scheme_id, scheme_title, scheme_source : the rules
    ranked_by, model_title : what ranked, with its version; the model's title, empty where scores were given
    purpose : what the list is for and not for, sentences
    cautions : sentences that no page of it may leave out; empty for a real list by a model for use
    fingerprint : which selection this is
    list_size : people on the practice's list
    routes : in the order of the scheme
    tasks : who should do what by when
    contact : where to send it back
    listed : by rank; those without a score last
    candidates, empty_rows : of the judgement sheet; empty where the scheme has no nominated route
    judgement : name of the nominated route; None where there is none
    judgement_places, judgement_used, judgement_left : its places
    reviews : the longest overdue first, then the nearest; no review on record before all
    removals : by patient id
    legend : (term, meaning)
    caseload_head : the last event of the practice's caseload before the list; empty where no caseload is kept
    """

    practice_id: str
    as_of: dt.date
    scheme_id: str
    scheme_title: str
    scheme_source: str
    ranked_by: str
    model_title: str
    purpose: tuple[str, ...]
    cautions: tuple[str, ...]
    fingerprint: str
    list_size: int
    routes: tuple[RoutePlaces, ...]
    tasks: tuple[Task, ...]
    contact: str
    listed: tuple[Listed, ...]
    candidates: tuple[Candidate, ...]
    empty_rows: tuple[EmptyRow, ...]
    judgement: str | None
    judgement_places: int
    judgement_used: int
    judgement_left: int
    reviews: tuple[ReviewDue, ...]
    removals: tuple[Removal, ...]
    legend: tuple[tuple[str, str], ...]
    caseload_head: str = ""


def day_in_words(day: dt.date) -> str:
    """A date as people write it: ``1 April 2015``, whatever the language of the machine."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def printable(text: str) -> str:
    """A text in which nothing is hidden: what cannot be printed is a question mark, as in titles and feet of pages."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def risk_in_words(risk: float | None) -> str:
    """A risk as people count it: ``12 in 100``; no more digits than a calibration supports.

    Examples
    --------
    >>> risk_in_words(0.123), risk_in_words(0.002), risk_in_words(None)
    ('12 in 100', 'under 1 in 100', '')
    """
    if risk is None:
        return ""
    of_100 = round(100 * risk)
    if not of_100:
        return "under 1 in 100"
    return "over 99 in 100" if of_100 == 100 else f"{of_100} in 100"
