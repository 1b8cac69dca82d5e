"""The process measures of a period by name, each with its definition."""

from __future__ import annotations

from typing import Final

# In the order of the table's columns. "The day before" is the day before the first of the period.
DEFINITIONS: Final[dict[str, str]] = {
    "managed_start": "patients managed as the period began, at the end of the day before",
    "proposed_start": "patients proposed and not yet managed as the period began",
    "joined": "times in the period that a patient became managed: accepted, returned or come from another practice",
    "left": "times in the period that a managed patient no longer was; the sum of the five reasons that follow",
    "left_ended": "of left: a person ended it, for any other reason than death or a move",
    "left_died": "of left: died",
    "left_moved": "of left: moved to another practice's list",
    "left_died_or_moved": "of left: ended because the patient died or moved, and which of the two is not known",
    "left_not_accepted": "of left: a person took the acceptance back",
    "managed_end": "patients managed at the end of the last day; managed_start + joined - left",
    "proposed_end": "patients proposed and not yet managed at the end of the last day",
    "newly_proposed": "times in the period that a patient who was neither proposed nor managed was proposed",
    "proposals_accepted": "of joined: the patient was proposed before",
    "proposals_not_accepted": "times in the period that a person did not accept a proposal",
    "proposals_dropped": "times in the period that a proposed patient ended, moved or died before anybody had decided",
    "plan_agreed_end": "of managed_end: a care plan is agreed",
    "plan_declined_end": "of managed_end: the patient declined a care plan, and is managed all the same",
    "plan_none_end": "of managed_end: neither agreed nor declined",
    "plans_agreed": "care plans agreed in the period, of any patient",
    "plans_declined": "care plans declined in the period, of any patient",
    "reviews_done": "reviews in the period, of any patient, those included who have left since",
    "patients_reviewed": "patients who were reviewed at least once in the period",
    "reviews_due_end": "of managed_end: the next review is on the last day or before",
    "reviews_overdue_end": "of reviews_due_end: it is before the last day",
    "told_in_time": "of joined: told within {days} days of joining, or before it",
    "told_late": "of joined: told later than that",
    "not_told": "of joined: not told by the last day, and still managed",
    "not_told_overdue": "of not_told: the days are over",
    "left_untold": "of joined: not told, and no longer managed",
    "removals_pending_start": "removals that waited for a decision as the period began",
    "removals_proposed": "removals proposed in the period of patients of whom none was waiting",
    "removals_decided": "of those waiting: in the period a person kept, accepted, did not accept or ended the patient",
    "removals_lapsed": "of those waiting: the patient was selected again in the period, and nothing is left to decide",
    "removals_overtaken": "of those waiting: the patient moved or died in the period",
    "removals_pending_end": (
        "removals that wait at the end of the last day; "
        "removals_pending_start + removals_proposed - removals_decided - removals_lapsed - removals_overtaken"
    ),
    "decisions": "decisions in the period that name who took them: accepted, not accepted, ended, removal rejected",
}

WITHOUT_DAYS: Final = {
    "told_in_time": "null: in how many days patients are told was not stated",
    "told_late": "null: in how many days patients are told was not stated",
    "not_told_overdue": "null: in how many days patients are told was not stated",
}


def definitions(days: int | None) -> dict[str, str]:
    """The definition of each measure.

    Parameters
    ----------
    days : within which patients are told; None where none are stated
    """
    found = {name: words.format(days=days) for name, words in DEFINITIONS.items()}
    return found if days is not None else found | WITHOUT_DAYS
