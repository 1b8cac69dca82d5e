"""How well the risks of two registers fit what happened: observed over expected, and what would mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The outcome of one register's people, and what the risks expected; None where there is no model.

    Attributes
    ----------
    people : with an outcome that is known, and a risk where there is a model
    events : of them, how many had the outcome
    expected : the sum of their risks
    observed_expected : events ÷ expected
    intercept : what must be added to the log-odds of each for the sums to agree; 0 is right
    error : standard error of the logarithm of ``events``
    """

    people: int
    events: int
    expected: float | None
    observed_expected: float | None
    intercept: float | None
    error: float

    @property
    def level(self) -> float:
        """What is compared: observed over expected, or the share with the outcome where nothing is expected."""
        return self.events / max(self.people, 1) if self.observed_expected is None else self.observed_expected


def calibration_of(happened: Floats, risk: Floats | None) -> Calibration:
    """Sum up the outcomes that are known, beside the risks."""
    import numpy as np

    known = ~np.isnan(happened) if risk is None else ~np.isnan(happened) & np.isfinite(risk)
    y = happened[known]
    events, people = int(y.sum()), len(y)
    spread = events * (1 - events / people) if people else 0.0
    if risk is None:
        return Calibration(
            people=people,
            events=events,
            expected=None,
            observed_expected=None,
            intercept=None,
            error=float(spread**0.5 / max(events, 1)),
        )
    stated = np.sort(risk[known])
    total = float(stated.sum())
    return Calibration(
        people=people,
        events=events,
        expected=total,
        observed_expected=events / total if total else None,
        intercept=intercept_of(stated, events),
        error=float((stated * (1 - stated)).sum() ** 0.5 / max(events, 1)),
    )


def intercept_of(risk: Floats, events: int) -> float | None:
    """What to add to the log-odds of each for the risks to add up to ``events``, by Newton's method."""
    import numpy as np

    inner = risk[(risk > 0) & (risk < 1)]
    certain = float(np.count_nonzero(risk == 1))
    if not len(inner) or not certain < events < certain + len(inner):
        return None
    log_odds, added = np.log(inner / (1 - inner)), 0.0
    for _ in range(100):
        now = 1 / (1 + np.exp(-(log_odds + added)))
        step = (events - certain - float(now.sum())) / float((now * (1 - now)).sum())
        added += min(max(step, -2.0), 2.0)
        if abs(step) < 1e-10:
            break
    return added


def calibration_table(old: Calibration | None, new: Calibration | None) -> pa.Table:
    """One row a register whose outcome is known; see :class:`casemgmt.evaluation.drift.Drift`."""
    import pyarrow as pa

    rows = [
        {
            "register": name,
            "people": each.people,
            "events": each.events,
            "rate": each.events / each.people if each.people else None,
            "expected": each.expected,
            "observed_expected": each.observed_expected,
            "intercept": each.intercept,
        }
        for name, each in (("old", old), ("new", new))
        if each is not None
    ]
    kinds = {"register": pa.string(), "people": pa.int64(), "events": pa.int64()}
    names = ("register", "people", "events", "rate", "expected", "observed_expected", "intercept")
    return pa.table({n: pa.array([row[n] for row in rows], kinds.get(n, pa.float64())) for n in names})
