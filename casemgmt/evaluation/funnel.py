"""Outcomes that happened for each one expected, by practice, within limits that chance alone would keep.

Reference: Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med 2005;24:1185-1202 (exact
Poisson limits, interpolated as in its appendix).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.evaluation.at_cut import table_of
from casemgmt.evaluation.logistic import NEAREST

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.evaluation.judged import Judged

LIMITS = {"95": 0.025, "99_8": 0.001}


def funnel_table(judged: Judged) -> pa.Table:
    """One row a practice: people, observed, expected, ratio, and limits of the ratio.

    Returns
    -------
    pyarrow.Table
        practice_id; people; observed (who had the outcome); expected (the sum of risks); ratio (observed for each
        expected; null where nothing is expected); low_95, high_95, low_99_8, high_99_8: limits within which the ratio
        of 95% and of 99.8% of practices lies where the risks are right; position: ``within``, ``above 95%``,
        ``below 95%``, ``above 99.8%`` or ``below 99.8%``
    """
    import numpy as np

    if judged.risk is None:
        raise ValueError("a score without risks expects nothing")
    practices = len(judged.practices)
    people = np.bincount(judged.practice, minlength=practices).tolist()
    observed = np.bincount(judged.practice, weights=judged.outcome, minlength=practices).astype(int).tolist()
    expected = np.bincount(judged.practice, weights=judged.risk, minlength=practices).tolist()
    rows = []
    for practice, n, seen, due in zip(judged.practices, people, observed, expected, strict=True):
        row: dict[str, object] = {"practice_id": practice, "people": n, "observed": seen, "expected": due}
        row["ratio"] = seen / due if due >= NEAREST else None
        for name, tail in LIMITS.items():
            row[f"low_{name}"], row[f"high_{name}"] = limits(due, tail) if due >= NEAREST else (None, None)
        rows.append({**row, "position": _position(row)})
    return table_of(rows)


def limits(expected: float, tail: float) -> tuple[float, float]:
    """The ratios below and above which chance alone puts a practice with that probability on each side.

    Parameters
    ----------
    expected : above 0
    tail : probability on each side, 0.025 for limits of 95%

    Examples
    --------
    >>> [round(limit, 3) for limit in limits(100, 0.025)]
    [0.804, 1.196]
    """
    return _interpolated(expected, tail), _interpolated(expected, 1 - tail)


def _interpolated(expected: float, probability: float) -> float:
    """The quantile of a Poisson count as a ratio, interpolated between the whole numbers on its two sides."""
    from scipy.special import pdtr, pdtrik

    count = max(round(float(pdtrik(probability, expected)) if probability > float(pdtr(0, expected)) else 0.0), 0)
    while count > 0 and pdtr(count - 1, expected) >= probability:
        count -= 1
    while pdtr(count, expected) < probability:
        count += 1
    reached = float(pdtr(count, expected))
    before = float(pdtr(count - 1, expected)) if count else 0.0
    part = (reached - probability) / (reached - before)
    return max(count - part, 0.0) / expected


def _position(row: dict[str, object]) -> str | None:
    ratio = row["ratio"]
    if not isinstance(ratio, float):
        return None
    for name, words in (("99_8", "99.8%"), ("95", "95%")):
        low, high = row[f"low_{name}"], row[f"high_{name}"]
        if isinstance(high, float) and ratio > high:
            return f"above {words}"
        if isinstance(low, float) and ratio < low:
            return f"below {words}"
    return "within"
