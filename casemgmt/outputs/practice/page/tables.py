"""The tables of a page: which columns each sheet has, and what each cell says and sorts by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, Never, TypeVar

from casemgmt.errors import plural
from casemgmt.outputs.practice import answers
from casemgmt.outputs.practice.practice_list import (
    LEFT_BEFORE,
    NEW,
    STAYS,
    WAS_ON_LIST,
    Candidate,
    Listed,
    Person,
    PracticeList,
    Ranked,
    Removal,
    ReviewDue,
    day_in_words,
)
from casemgmt.outputs.practice.shown import short_reason

Kind = Literal["text", "number", "patient", "tag", "why", "answer"]
_NOTHING = "–"
# Sorts after every rank, and before every score.
_LAST, _FIRST = 10**9, -(10**9)


class Cell(NamedTuple):
    """A cell of a row.

    ``sort`` is what the column sorts by, where that is not the text; ``more`` are the further reasons of a cell that
    opens.
    """

    kind: Kind
    label: str
    text: str
    sort: str | int | float | None = None
    more: tuple[str, ...] = ()


class Row(NamedTuple):
    """A row by its place on the sheet; standing and route are what it can be filtered by."""

    n: int
    standing: str
    route: str
    cells: list[Cell]


# The kind of person whose rows have a column: a column of every person is one of those on the list too.
P_contra = TypeVar("P_contra", bound=Person, contravariant=True)
K = TypeVar("K", bound=Person)


class Column(NamedTuple, Generic[P_contra]):
    """A column of a sheet; ``order`` is how the rows stand by it to begin with."""

    heading: str
    kind: Kind
    of: Callable[[P_contra], tuple[str, str | int | float | None]]
    sorts: bool = True
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A sheet of the page.

    Attributes
    ----------
    sheet : its name in the file that comes back
    title, lead, caption : what it is, in more and more words
    standings, routes : (value, words) that rows can be filtered by
    """

    sheet: str
    title: str
    lead: str
    caption: str
    columns: tuple[Column[Never], ...]
    rows: list[Row]
    standings: tuple[str, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()


def tables_of(shown: PracticeList) -> dict[str, Table]:
    """The tables that a practice has, by sheet, in order."""
    found = {answers.LIST: _list(shown)}
    if shown.judgement is not None:
        found[answers.JUDGEMENT] = _judgement(shown)
    if shown.reviews:
        found[answers.REVIEWS] = _reviews(shown)
    if shown.removals:
        found[answers.REMOVALS] = _removals(shown)
    return found


def shows_risk(shown: PracticeList) -> bool:
    """Whether the list shows risks; otherwise it shows scores."""
    return any(each.risk is not None for each in shown.listed)


def _list(shown: PracticeList) -> Table:
    used = [(route.name, route.title) for route in shown.routes if route.used]
    standing = _has_standing(shown)
    columns: tuple[Column[Listed], ...] = (
        _RANK._replace(order="ascending"),
        _PATIENT,
        *([_STANDING] if standing else []),
        Column("Route", "text", lambda each: (each.route_title, None)),
        _RISK if shows_risk(shown) else _SCORE,
        _WHY,
        *_ABOUT,
        _ANSWER,
    )
    return Table(
        sheet=answers.LIST,
        title="Case-management list",
        lead="Patients whom a place is used for, by rank. Open a reason to see all, and what adds to the score. "
        "Counts are of the last 12 months.",
        caption=f"{plural(len(shown.listed), 'patient')} on the case-management list",
        columns=columns,
        rows=_rows(columns, shown.listed),
        standings=(NEW, STAYS, *_left_before(shown.listed)) if standing else (),
        routes=tuple(used) if len(used) > 1 else (),
    )


def _judgement(shown: PracticeList) -> Table:
    standing = _has_standing(shown)
    columns: tuple[Column[Candidate], ...] = (
        _RANK,
        _PATIENT,
        *([_STANDING] if standing else []),
        Column("Shown because", "text", lambda each: ("; ".join(each.prompts), None)),
        _RISK if shows_risk(shown) else _SCORE,
        _WHY,
        *_ABOUT,
        _ANSWER._replace(heading="Nominate, or answer"),
    )
    return Table(
        sheet=answers.JUDGEMENT,
        title="Nominate patients",
        lead=f"{shown.judgement_places:,} places by your own judgement, {shown.judgement_used:,} of them used, "
        f"{shown.judgement_left:,} left. Tick the patients whom you nominate; write in anyone else below the table.",
        caption=f"{plural(len(shown.candidates), 'patient')} to think of when nominating",
        columns=columns,
        rows=_rows(columns, shown.candidates),
        standings=(WAS_ON_LIST, *_left_before(shown.candidates)) if standing else (),
    )


def _reviews(shown: PracticeList) -> Table:
    columns: tuple[Column[ReviewDue], ...] = (
        _PATIENT,
        Column("When", "text", lambda each: (each.timing, None), sorts=False),
        Column("Due on", "text", lambda each: _day(each.due_on, "now"), order="ascending"),
        _LAST_REVIEW,
        _AGE,
        _CARE_HOME,
        Column("Case managed", "text", lambda each: ("yes" if each.case_managed else "no", None)),
        _ANSWER,
    )
    return Table(
        sheet=answers.REVIEWS,
        title="Reviews that are due",
        lead="The longest overdue first; no review on record before all. When one is done, answer "
        f"“{answers.DONE}” and write its day.",
        caption=f"{plural(len(shown.reviews), 'review')} due now or within a month",
        columns=columns,
        rows=_rows(columns, shown.reviews),
    )


def _removals(shown: PracticeList) -> Table:
    columns: tuple[Column[Removal], ...] = (
        _PATIENT,
        Column("Proposal", "text", lambda each: (each.proposal, None)),
        Column("Why", "text", lambda each: (": ".join(filter(None, (each.reason, each.detail))) or _NOTHING, None)),
        Column("Proposed on", "text", lambda each: _day(each.proposed_on, _NOTHING)),
        _AGE,
        _CARE_HOME,
        _ANSWER,
    )
    return Table(
        sheet=answers.REMOVALS,
        title="Proposed removals",
        lead="On the caseload, and not selected this time. Nobody leaves unless you decide so.",
        caption=plural(len(shown.removals), "proposed removal"),
        columns=columns,
        rows=_rows(columns, shown.removals),
    )


def _left_before(rows: Sequence[Ranked]) -> list[str]:
    """How people on a sheet left the caseload before."""
    found = {each.standing for each in rows}
    return [words for words in LEFT_BEFORE.values() if words in found]


def _has_standing(shown: PracticeList) -> bool:
    return any(each.standing for each in shown.listed)


def _rows(columns: Sequence[Column[K]], persons: Sequence[K]) -> list[Row]:
    return [
        Row(
            n,
            getattr(person, "standing", ""),
            getattr(person, "route", ""),
            [_cell(column, person) for column in columns],
        )
        for n, person in enumerate(persons)
    ]


def _cell(column: Column[K], person: K) -> Cell:
    text, sort = column.of(person)
    more = person.reasons[1:] if column.kind == "why" and isinstance(person, Ranked) else ()
    more = tuple(map(sentence, more))
    return Cell(column.kind, column.heading, text, sort, more)


def _day(day: dt.date | None, never: str) -> tuple[str, str]:
    return (never, "0") if day is None else (day_in_words(day), day.isoformat())


def sentence(reason: str) -> str:
    """A reason as short as the workbook's, on a line of its own."""
    short = short_reason(reason)
    return f"{short[:1].upper()}{short[1:]}"


def _why(person: Ranked) -> tuple[str, None]:
    if person.reasons:
        return sentence(person.reasons[0]), None
    return ("What adds to the score" if isinstance(person, Candidate) and person.score is not None else _NOTHING), None


_RANK: Column[Ranked] = Column(
    "Rank", "number", lambda each: (_NOTHING, _LAST) if each.rank is None else (f"{each.rank:,}", each.rank)
)
_PATIENT: Column[Person] = Column("Patient", "patient", lambda each: (each.patient_id, None))
_STANDING: Column[Ranked] = Column("Since last list", "tag", lambda each: (each.standing or _NOTHING, None))
_RISK: Column[Ranked] = Column(
    "Risk",
    "number",
    lambda each: (_NOTHING, _FIRST) if each.risk is None else (each.risk_words, each.risk),
)
_SCORE: Column[Ranked] = Column(
    "Score",
    "number",
    lambda each: (_NOTHING, _FIRST) if each.score is None else (f"{each.score:.4g}", each.score),
)
_WHY: Column[Ranked] = Column("Why", "why", _why, sorts=False)
_AGE: Column[Person] = Column(
    "Age", "number", lambda each: ("not known", -1) if each.age is None else (str(each.age), each.age)
)
_CARE_HOME: Column[Person] = Column("Care home", "text", lambda each: (each.care_home or _NOTHING, None))
_LAST_REVIEW: Column[Person] = Column("Last review", "text", lambda each: _day(each.last_review, "none on record"))
_ABOUT = (_AGE, _CARE_HOME, _LAST_REVIEW)
_ANSWER: Column[Person] = Column("Answer", "answer", lambda each: ("", None), sorts=False)
