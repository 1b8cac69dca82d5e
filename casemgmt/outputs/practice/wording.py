"""What a practice is told beside its rows: what the list is for, who should do what by when, what each word means."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.outputs.in_100 import share_in_words
from casemgmt.outputs.practice import answers
from casemgmt.outputs.practice.practice_list import LEFT_BEFORE, Task, day_in_words
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY
from casemgmt.scheme.routes import Everyone, Nominated, Review, Route, Scheme, TopShare, kept_in_words

if TYPE_CHECKING:
    from casemgmt.risk.model import Model

CONTACT = "the person who sent you this file"
NEXT_LIST = "before the next list is made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What the sender says beside the lists.

    Attributes
    ----------
    reply_by : the day by which answers are wanted; None: before the next list
    contact : where to send the file back
    """

    reply_by: dt.date | None = None
    contact: str = CONTACT


SENT_BY_DEFAULT = Sending()


def route_title(name: str) -> str:
    """A route's name as words: ``highest risk``."""
    return name.replace("_", " ")


def purpose_of(model: Model | None) -> tuple[str, ...]:
    """What a list is for and not for."""
    own = (
        (f"The model's intended use: {model.intended_use.rstrip('.')}.",)
        if model is not None and model.intended_use
        else ()
    )
    return (
        "This is a proposal: it suggests whom to consider for case management. A named clinician of the practice "
        "decides about each patient.",
        *own,
        "It does not diagnose, and it is no guide to the treatment of one patient.",
    )


def cautions_of(*, synthetic: bool, demonstration: bool) -> tuple[str, ...]:
    """What no page may leave out."""
    made_up = ("The people on this list are synthetic: made up, not patients.",) if synthetic else ()
    trying = ("The model is for demonstration only: no care may follow from this list.",) if demonstration else ()
    return (*made_up, *trying)


def plain_reason(sentence: str) -> str:
    """What a reason says of the patient, without how much it weighs: ``Living with dementia``."""
    return sentence.removesuffix(f" ({DEMONSTRATION_ONLY})").rsplit(": ", 1)[0]


def rule_in_words(route: Route) -> str:
    """Whom a route lets in, each share of the list with the people beside it: ``at most 3% (3 in 100) of …``."""
    said = route.describe()
    if not isinstance(route, (TopShare, Nominated)):
        return said
    within = route.keep_within if isinstance(route, TopShare) else None
    for share in filter(None, (route.share, within)):
        said = said.replace(f" {share.text}", f" {share_in_words(share.text, share.fraction)}", 1)
    return said


def reason_of_route(route: Route, care_home: str, reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Why a route lets a patient in, where the reasons of the score do not say it."""
    if isinstance(route, Nominated):
        return ("Nominated by the practice",)
    if isinstance(route, Everyone):
        is_home = route.where.fields == ("care_home_type",) and care_home
        return (f"Lives in a {care_home}" if is_home else f"Let in by the rule: {route.where.describe()}",)
    return () if reasons else ("Among the highest scores of the practice",)


def reason_of_keeping(route: Route) -> tuple[str, ...]:
    """Why a route lets in a patient who stands outside its first places."""
    if not isinstance(route, TopShare) or route.keep_within is None:
        return ()
    return (f"Keeps a place: {kept_in_words(route.keep_within)}",)


def tasks_of(scheme: Scheme, sending: Sending, *, removals: bool) -> tuple[Task, ...]:
    """Who should do what by when, for the sheets that a practice has."""
    by_when = NEXT_LIST if sending.reply_by is None else f"by {day_in_words(sending.reply_by)}"
    clinician, manager = "A named clinician", "The practice manager"
    tasks = [
        Task(who=clinician, what="Look through the case-management list, and answer each patient.", by_when=by_when)
    ]
    if any(isinstance(route, Nominated) for route in scheme.routes):
        what = "Nominate patients on the judgement sheet, up to the places that are left."
        tasks.append(Task(who=clinician, what=what, by_when=by_when))
    if any(isinstance(route, Review) for route in scheme.routes):
        what = "Invite the patients of the reviews sheet, the longest overdue first, and say which reviews are done."
        tasks.append(Task(who=manager, what=what, by_when="from now on"))
    if removals:
        what = "Decide for each patient of the removals sheet whether case management ends or is kept."
        tasks.append(Task(who=clinician, what=what, by_when=by_when))
    tasks.append(Task(who=manager, what=f"Save the file and send it back to {sending.contact}.", by_when=by_when))
    return tuple(tasks)


def legend_of(scheme: Scheme, model: Model | None, *, left: bool = False) -> tuple[tuple[str, str], ...]:
    """What each word on the sheets means.

    Parameters
    ----------
    left : whether somebody on the register has left the caseload before
    """
    risk = "How many of 100 patients with such records are expected to have what the model predicts"
    within = "" if model is None or not model.horizon_days else f", within {model.horizon_days:,} days"
    outcome = "" if model is None or not model.outcome else f" It predicts: {model.outcome.rstrip('.')}."
    return (
        ("Rank", "1 is the highest score of the practice. Patients with the same score share a rank."),
        ("Risk", f"{risk}{within}.{outcome} 12 in 100 is 12%. Empty where the model only orders patients."),
        ("Why", "What in the record weighed most, the weightiest first; or the rule that lets the patient in."),
        ("new", "Not on the caseload before this list."),
        ("stays", "On the caseload already."),
        ("was on last list", "On the caseload, and not selected this time."),
        *([(" / ".join(LEFT_BEFORE.values()), _LEFT_MEANING)] if left else []),
        *((f"Route: {route_title(route.name)}", _route_meaning(route)) for route in scheme.routes),
        (f"Answer: {answers.ACCEPT}", "Case management is, or will be, offered; on the judgement sheet, a nomination."),
        (f"Answer: {answers.NOT_APPROPRIATE}", "It would not help this patient. Say why."),
        (f"Answer: {answers.DECLINED}", "The patient was asked and does not want it."),
        (f"Answer: {answers.ALREADY_MANAGED}", "Another service manages the patient's care. Say which."),
        (f"Answer: {answers.DIED_OR_MOVED}", "The patient has died, or has left the practice's list."),
        (f"Answer: {answers.END} / {answers.KEEP}", "Of a proposed removal: case management ends, or goes on."),
        (f"Answer: {answers.DONE}", "Of a review: it has taken place; write its day as the date."),
        ("Order", "Of nominations: 1 comes first. Needed only where you accept more patients than there are places."),
        ("Mark", "Tells which row this is. Leave it as it stands; without it the row cannot be read."),
    )


_LEFT_MEANING = "Was on the caseload once, or was proposed for it, and left so. Look at what was said then."


def _route_meaning(route: Route) -> str:
    words = rule_in_words(route)
    said = f"{words[0].upper()}{words[1:]}."
    if isinstance(route, (TopShare, Nominated)):
        return f"{said} Its places are kept apart from those of other routes."
    return said
