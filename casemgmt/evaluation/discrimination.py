"""How well a score tells those who had the outcome from those who had not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Counts = npt.NDArray[np.int64]


def auroc(score: Floats, outcome: Flags) -> float:
    """The area under the ROC curve: how often someone with the outcome scores higher than someone without, 0 to 1.

    A tie counts half. NaN where nobody, or everybody, had the outcome. It is a quotient of whole numbers, the same in
    any order of the people.

    References
    ----------
    Hanley JA, McNeil BJ. Radiology 1982;143:29-36.
    """
    had, hadnt = _by_score(score, outcome)
    pairs = int(had.sum()) * int(hadnt.sum())
    higher_cases = had.cumsum() - had
    won = int((hadnt * (2 * higher_cases + had)).sum())
    return won / (2 * pairs) if pairs else float("nan")


def average_precision(score: Floats, outcome: Flags) -> float:
    """The area under the precision-recall curve, 0 to 1, as steps: the mean of the share of true alarms at each case.

    NaN where nobody had the outcome. A score that knows nothing has the share of people who had the outcome.
    """
    had, hadnt = _by_score(score, outcome)
    cases, everyone = had.cumsum(), (had + hadnt).cumsum()
    return float((had * (cases / everyone)).sum() / cases[-1]) if cases[-1] else float("nan")


def brier(risk: Floats, outcome: Flags) -> float:
    """The mean squared difference of risk and outcome, 0 (best) to 1.

    References
    ----------
    Brier GW. Monthly Weather Review 1950;78:1-3.
    """
    return float(((risk - outcome) ** 2).mean())


def _by_score(score: Floats, outcome: Flags) -> tuple[Counts, Counts]:
    """How many had the outcome, and had not, at each score, from the highest."""
    import numpy as np

    distinct, place = np.unique(score, return_inverse=True)
    had = np.bincount(place, weights=outcome, minlength=len(distinct)).astype(np.int64)
    return had[::-1], (np.bincount(place, minlength=len(distinct)) - had)[::-1]
