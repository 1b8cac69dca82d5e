"""The words in which people decide, what each needs, and the event that each becomes where the patient stands.

Beside ``practice_id``, ``patient_id``, ``decision``, ``by``, ``date`` and ``reason``, a row may have the columns
``next_review_on`` (a date; with ``plan agreed`` and ``reviewed``), ``gp``, ``how`` (``told``), ``care_home_type``,
``care_home_id`` and ``chose_other_practice`` (``home``), ``from_practice`` (``practice changed``), ``to_practice``
(``moved``), ``route`` (``accept``) and ``order`` (``nominated``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from casemgmt.caseload.events import kinds
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.events.kinds import KINDS
from casemgmt.caseload.state import statuses
from casemgmt.caseload.state.statuses import MANAGED, ON_CASELOAD
from casemgmt.outputs.practice.answers import (
    ACCEPT,
    ALREADY_MANAGED,
    DECLINED,
    DIED_OR_MOVED,
    END,
    KEEP,
    NOT_APPROPRIATE,
)

DIED, MOVED, RETURNED, PRACTICE_CHANGED = "died", "moved", "returned", "practice changed"
NOMINATED, PLAN_AGREED, PLAN_DECLINED = "nominated", "plan agreed", "plan declined"
REVIEWED, TOLD, GP, HOME = "reviewed", "told", "gp", "home"
REFUSING: Final = (NOT_APPROPRIATE, DECLINED, ALREADY_MANAGED)

# What each word is written down as. A refusal is not accepted, or ended, as the patient stands.
KIND_OF: Final[Mapping[str, str]] = {
    ACCEPT: kinds.ACCEPTED,
    **dict.fromkeys(REFUSING, kinds.NOT_ACCEPTED),
    END: kinds.ENDED,
    KEEP: kinds.REMOVAL_REJECTED,
    DIED: kinds.DIED,
    MOVED: kinds.MOVED,
    DIED_OR_MOVED: kinds.ENDED,  # which of the two is not known
    RETURNED: kinds.RETURNED,
    PRACTICE_CHANGED: kinds.PRACTICE_CHANGED,
    NOMINATED: kinds.NOMINATED,
    PLAN_AGREED: kinds.PLAN_AGREED,
    PLAN_DECLINED: kinds.PLAN_DECLINED,
    REVIEWED: kinds.REVIEWED,
    TOLD: kinds.PATIENT_TOLD,
    GP: kinds.GP_NAMED,
    HOME: kinds.HOME_CHANGED,
}
# The status that an event sets.
STATUS_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys((kinds.ACCEPTED, kinds.RETURNED, kinds.PRACTICE_CHANGED), MANAGED),
    kinds.NOT_ACCEPTED: statuses.NOT_ACCEPTED,
    kinds.ENDED: statuses.ENDED,
    kinds.MOVED: statuses.MOVED,
    kinds.DIED: statuses.DIED,
}
# The word itself is the reason, or begins it.
_REASON_IS_THE_WORD: Final = frozenset({*REFUSING, END, DIED_OR_MOVED})
_ON_CASELOAD_ALONE: Final = frozenset({*REFUSING, END, DIED_OR_MOVED, PLAN_AGREED, PLAN_DECLINED})
_NEW_HERE: Final = frozenset({NOMINATED, PRACTICE_CHANGED})
NO_DAY: Final = dt.date.min
DETAILS: Final = tuple(dict.fromkeys(name for kind in KIND_OF.values() for name in KINDS[kind].details))


class Decision(NamedTuple):
    """A row as it was given.

    Attributes
    ----------
    row : its place, from 1
    practice_id, patient_id, said : empty where they are missing
    by : who decided; None where nobody is named
    date : :data:`NO_DAY` where there is none
    details : what else the row says, by name
    sheet : of a practice's return; empty for a row of a table
    basis : number of the list that was answered
    sent : whether the row stood on a list that was sent to the practice, so that its patient is one of the practice's
    problem : what was found wrong when it was read; empty where nothing was
    """

    row: int
    practice_id: str
    patient_id: str
    said: str
    by: str | None
    date: dt.date
    details: Mapping[str, Any]
    sheet: str = ""
    basis: int | None = None
    sent: bool = False
    problem: str = ""


class Now(NamedTuple):
    """Where the patient of a decision stands on its day.

    Attributes
    ----------
    status : of the state; None where the patient never was on the caseload up to then
    pending : whether a removal waits
    known : whether the practice's chain has any event of the patient, of whatever day
    """

    status: str | None
    pending: bool
    known: bool


def slip_in(decision: Decision) -> str:
    """What is wrong with a row whatever the store holds; empty where nothing is."""
    if decision.problem:
        return decision.problem
    if not decision.practice_id:
        return "has no practice_id"
    if not decision.patient_id:
        return "has no patient_id"
    if decision.patient_id != decision.patient_id.strip(" "):
        return "has a patient_id with spaces at an end, and no patient of a register has"
    if decision.said not in KIND_OF:
        return f"has a decision that is none of: {', '.join(KIND_OF)}"
    if decision.date == NO_DAY:
        return "does not say on which day"
    kind = KINDS[KIND_OF[decision.said]]
    if kind.by_needed and not decision.by:
        return "does not say who decided"
    reason_given = decision.said in _REASON_IS_THE_WORD
    lacking = [name for name in kind.needs if name not in decision.details and not (name == "reason" and reason_given)]
    if lacking:
        return f"needs a value of '{lacking[0]}'"
    strange = [name for name in decision.details if name not in kind.details]
    return f"has a value of '{strange[0]}', which '{decision.said}' has no place for" if strange else ""


def possible_events(decision: Decision) -> Iterator[NewEvent]:
    """The events that a sound row may become, whatever the patient's standing."""
    details = dict(decision.details)
    if decision.said in _REASON_IS_THE_WORD:
        reason = details.get("reason")
        details["reason"] = f"{decision.said}: {reason}" if reason else decision.said
    kind = KIND_OF[decision.said]
    found = [kind]
    if decision.said in REFUSING:
        found.append(kinds.ENDED)
    for each in found:
        yield NewEvent(
            decision.practice_id,
            each,
            decision.date,
            decision.patient_id,
            by=decision.by,
            basis=decision.basis,
            details=details,
        )


def event_of(decision: Decision, now: Now) -> NewEvent | str:
    """The event that a sound row becomes, or why it becomes none."""
    problem = _why_not(decision, now)
    if problem:
        return problem
    first, *others = possible_events(decision)
    if decision.said in REFUSING and now.status == MANAGED:
        return others[0]
    return first


def _why_not(decision: Decision, now: Now) -> str:
    said, status = decision.said, now.status
    if status == statuses.DIED and said != RETURNED:
        return "is about a patient who died by an earlier event: correct or withdraw that first"
    if not now.known and not decision.sent and said not in _NEW_HERE:
        return "is about a patient of whom the practice has no event: nobody was proposed by that id"
    if said == KEEP and not now.pending:
        return "is about a patient whose removal is not proposed on that day"
    if said in _ON_CASELOAD_ALONE and status not in ON_CASELOAD:
        return "is about a patient who is not on the caseload on that day"
    if said == ACCEPT:
        return _why_not_accepted(decision, status)
    if said == MOVED and status == statuses.MOVED:
        return "is about a patient who has left by an earlier event"
    if said == RETURNED and (status is None or status in ON_CASELOAD):
        return "is about a patient who has not left the caseload"
    if said == PRACTICE_CHANGED and status == MANAGED:
        return "is about a patient who is case managed here already"
    return ""


def _why_not_accepted(decision: Decision, status: str | None) -> str:
    if status is None and not decision.sent:
        return "is about a patient who was not proposed by that day"
    return "is about a patient who has left the practice: say 'returned' first" if status == statuses.MOVED else ""
