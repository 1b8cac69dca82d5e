"""The reviews that are due in a practice, or will be within a month."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from casemgmt.dates import date_months_after
from casemgmt.outputs.practice.people import Practices, facts_of_rows, id_list
from casemgmt.outputs.practice.practice_list import ReviewDue, day_in_words
from casemgmt.scheme.routes import Review

if TYPE_CHECKING:
    from casemgmt.selection.workings import Workings

NEVER = "no review on record"


def reviews_of(made: Workings, where: Practices, practice: int) -> list[ReviewDue]:
    """Without a mark; those with no review on record first, then by the day it is due, then by id."""
    import numpy as np

    choice, as_of = made.choice, made.register.as_of
    soon = date_months_after(as_of, 1)
    reviews = [(i, route) for i, route in enumerate(made.scheme.routes) if isinstance(route, Review)]
    stretch = where.chosen(practice)
    own = np.arange(stretch.start, stretch.stop)
    found: dict[int, ReviewDue] = {}
    for i, route in reviews:
        entitled = own[choice.member[own] & np.uint32(1 << i) != 0]
        rows = choice.rows[entitled]
        managed = choice.place[entitled] >= 0
        people = zip(
            rows.tolist(),
            id_list(made.register, rows),
            facts_of_rows(made.register, rows),
            managed.tolist(),
            strict=True,
        )
        for row, patient, facts, is_managed in people:
            due_on = None if facts.last_review is None else date_months_after(facts.last_review, route.every_months)
            if due_on is not None and due_on > soon:
                continue
            earlier = found.get(row)
            if earlier is not None and not _is_sooner(due_on, earlier.due_on):
                continue
            found[row] = ReviewDue(
                mark="",
                patient_id=patient,
                row=row,
                age=facts.age,
                care_home=facts.care_home,
                last_review=facts.last_review,
                due_on=due_on,
                timing=_timing(due_on, as_of),
                case_managed=is_managed,
            )
    return sorted(found.values(), key=lambda each: (each.due_on or dt.date.min, each.patient_id.encode()))


def _is_sooner(day: dt.date | None, than: dt.date | None) -> bool:
    return than is not None and (day is None or day < than)


def _timing(due_on: dt.date | None, as_of: dt.date) -> str:
    if due_on is None:
        return NEVER
    return f"due since {day_in_words(due_on)}" if due_on <= as_of else f"due on {day_in_words(due_on)}"
