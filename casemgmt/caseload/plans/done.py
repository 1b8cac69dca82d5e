"""What was done in a period: plans agreed and declined, reviews, and decisions that name who took them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from casemgmt.caseload.events import kinds
from casemgmt.caseload.events.kinds import KINDS
from casemgmt.caseload.plans.following import of_kinds
from casemgmt.caseload.state.settling import Settled

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Places = npt.NDArray[np.int64]

_DECISIONS: Final = tuple(kind.name for kind in KINDS.values() if kind.by_needed)


def done_between(found: Settled, start: int, end: int, size: int) -> dict[str, npt.NDArray[np.int64]]:
    """Plans, reviews and decisions of a period, by practice.

    Parameters
    ----------
    found : the events with their corrections
    start, end : the first and the last day, counted from 1970-01-01
    size : number of practices, whose codes are those of ``found``

    Returns
    -------
    counts of events: ``plans_agreed``, ``plans_declined``, ``reviews_done``, ``decisions``; and of different patients:
    ``patients_planned``, with a plan agreed, and ``patients_reviewed``
    """
    import numpy as np

    period = found.in_force & (found.day >= start) & (found.day <= end) & (found.patient.codes >= 0)

    def rows(*names: str) -> Places:
        return np.flatnonzero(period & of_kinds(found.kind, *names))

    done = {
        "plans_agreed": rows(kinds.PLAN_AGREED),
        "plans_declined": rows(kinds.PLAN_DECLINED),
        "reviews_done": rows(kinds.REVIEWED),
        "decisions": rows(*_DECISIONS),
    }
    counts = {name: np.bincount(found.practice.codes[each], minlength=size) for name, each in done.items()}
    many = max(len(found.patient.values), 1)
    for name, of in (("patients_planned", "plans_agreed"), ("patients_reviewed", "reviews_done")):
        people = np.unique(found.practice.codes[done[of]] * many + found.patient.codes[done[of]])
        counts[name] = np.bincount(people // many, minlength=size)
    return counts
