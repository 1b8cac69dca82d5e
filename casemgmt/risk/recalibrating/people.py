"""The people that a model is recalibrated on: their exact sums, what became of them, and their practices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.errors import InputError, plural
from casemgmt.register.outcomes import outcome_given
from casemgmt.register.ranked import is_ranked
from casemgmt.risk.scoring import NO_SCORE_64, sums_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.additive import AdditiveModel

FEWEST_EVENTS = 50  # with the outcome, and as many without: with fewer, a slope says nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Those who are ranked, have a score, and whose outcome is known; arrays have one entry a person.

    Attributes
    ----------
    rows : int64, packed row
    sums : int64, millionths of the model's sum, after its floor
    had : bool, whether each had the outcome
    practice : int64, index in ``practices``
    practices : practice codes, in byte order
    set_aside : why others are left out → how many, each under the first reason that is true
    """

    rows: npt.NDArray[np.int64]
    sums: npt.NDArray[np.int64]
    had: npt.NDArray[np.bool_]
    practice: npt.NDArray[np.int64]
    practices: tuple[str, ...]
    set_aside: dict[str, int]

    @property
    def events(self) -> int:
        """How many had the outcome."""
        return int(self.had.sum())

    @property
    def with_people(self) -> tuple[str, ...]:
        """The practices that any of them is of."""
        import numpy as np

        return tuple(self.practices[place] for place in np.unique(self.practice).tolist())


def people_of(model: AdditiveModel, register: Register, outcome: object, fewest: int = FEWEST_EVENTS) -> People:
    """The people that a model can be held against.

    Raises
    ------
    InputError : an outcome that cannot be read, or too few people who had it or had it not
    """
    import numpy as np

    register.require_whole("Recalibrating")
    register.check_limits()
    sums, happened = sums_of(model, register), outcome_given(register, outcome)
    keep, set_aside = np.ones(len(register), dtype=bool), {"quarantined rows": register.quarantine.num_rows}
    reasons = {
        "not ranked: not on the list, gone, or objected": ~is_ranked(register.packed),
        "without a score": sums == NO_SCORE_64,
        "outcome not known": np.isnan(happened),
    }
    for why, applies in reasons.items():
        set_aside[why] = int(np.count_nonzero(keep & applies))
        keep &= ~applies
    rows = np.flatnonzero(keep)
    found = People(
        rows=rows,
        sums=sums[rows],
        had=happened[rows] == 1,
        practice=register.packed.practice_of(rows),
        practices=register.practices,
        set_aside={why: count for why, count in set_aside.items() if count},
    )
    if min(found.events, len(rows) - found.events) < fewest:
        raise InputError(
            f"outcome: of {plural(len(rows), 'person', 'people')} with a score and a known outcome, {found.events:,} "
            f"had it. At least {fewest} must have had it, and as many not: with fewer, nothing can be set right."
        )
    return found
