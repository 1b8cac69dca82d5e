"""Logistic regression by maximum likelihood, small and without a library's threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

Z = 1.959963984540054
# A risk of exactly 0 or 1 has no log-odds; it is taken as this far from it.
NEAREST = 1e-6
_MOST_STEPS, _MOST_HALVINGS, _STEP_ENOUGH = 60, 30, 1e-9
# A mean loss below which people are told apart perfectly, and the likelihood has no maximum.
_PERFECT = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A logistic regression fitted by maximum likelihood: coefficients in log-odds, and their covariance."""

    coefficients: Floats
    covariance: Floats

    def interval(self, place: int) -> tuple[float, float, float]:
        """A coefficient and its 95% interval (Wald)."""
        value, width = float(self.coefficients[place]), Z * float(self.covariance[place, place]) ** 0.5
        return value, value - width, value + width


def logistic(columns: Floats, outcome: Flags, offset: Floats | None = None) -> Fitted | None:
    """A logistic regression without penalty, by Newton's method with halved steps; None where it does not settle.

    It does not where columns say the same, or tell everyone apart. Sums run column by column in the people's order, so
    that no library's threads change their last digit.

    Parameters
    ----------
    columns : float64, (people, columns), the constant among them
    offset : float64, log-odds added to each person's
    """
    import numpy as np

    start = np.zeros(len(outcome)) if offset is None else offset
    beta, log_odds = np.zeros(columns.shape[1]), start
    loss = _loss(log_odds, outcome)
    for _ in range(_MOST_STEPS):
        risk = risk_of(log_odds)
        gradient = np.array([(column * (outcome - risk)).sum() for column in columns.T])
        curvature = _weighted_products(columns, risk * (1 - risk))
        step = _solved(curvature, gradient)
        if step is None or loss < _PERFECT * len(outcome):
            return None
        if float(step @ gradient) < _STEP_ENOUGH:
            return Fitted(coefficients=beta, covariance=np.asarray(np.linalg.inv(curvature)))
        for _ in range(_MOST_HALVINGS):
            log_odds = np.asarray(start + sum(columns[:, j] * at for j, at in enumerate(beta + step)))
            lower = _loss(log_odds, outcome)
            if lower <= loss:
                break
            step = step / 2
        beta, loss = beta + step, lower
    return None


def _loss(log_odds: Floats, outcome: Flags) -> float:
    import numpy as np

    return float(np.logaddexp(0, np.where(outcome, -log_odds, log_odds)).sum())


def _solved(curvature: Floats, gradient: Floats) -> Floats | None:
    """The step to where the gradient would be nought; None where there is none."""
    import numpy as np

    try:
        step = np.linalg.solve(curvature, gradient)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(step) if np.isfinite(step).all() else None


def _weighted_products(columns: Floats, weight: Floats) -> Floats:
    import numpy as np

    count = columns.shape[1]
    products = np.empty((count, count))
    for i in range(count):
        weighted = columns[:, i] * weight
        for j in range(i, count):
            products[i, j] = products[j, i] = (weighted * columns[:, j]).sum()
    return products


def log_odds_of(risk: Floats) -> Floats:
    """The log-odds of risks; one of exactly 0 or 1 is taken as a millionth from there."""
    import numpy as np

    clipped = np.clip(risk, NEAREST, 1 - NEAREST)
    return np.asarray(np.log(clipped / (1 - clipped)))


def risk_of(log_odds: Floats) -> Floats:
    """The risks of log-odds."""
    import numpy as np

    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * log_odds))  # no overflow, however far
