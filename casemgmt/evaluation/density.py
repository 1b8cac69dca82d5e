"""Whether people are as many just above the cut as just below it: a step in their density says that it was crossed.

References
----------
McCrary J. Manipulation of the running variable in the regression discontinuity design. J Econometrics 2008;142:698-714.
Cattaneo MD, Jansson M, Ma X. Simple local polynomial density estimators. J Am Stat Assoc 2020;115:1449-1455: the
density is the slope of a local polynomial through the shares of people who score no higher.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from casemgmt.evaluation.discontinuity import local_weights

Floats = npt.NDArray[np.float64]

ORDER = 3  # one more than the density itself needs, so that the test allows for its bias
FEWEST_PEOPLE = 20  # on each side within the bandwidth


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityCheck:
    """The density of people on both sides of the cut, and whether it steps there.

    Attributes
    ----------
    left, right : people per unit of score at the cut, as a share of all; what the two sides say
    standard_error : of their difference
    bandwidth : how far from the cut people count
    used_left, used_right : people within it
    p_value : of no step, two-sided; None where a side has fewer than 20 people within the bandwidth
    """

    left: float
    right: float
    standard_error: float
    bandwidth: float
    used_left: int
    used_right: int
    p_value: float | None


def density_check(x: Floats, *, bandwidth: float | None = None) -> DensityCheck:
    """Compare the density of people just below and just above nought.

    Parameters
    ----------
    x : score less the score at the cut
    bandwidth : how far from the cut people count; None: as far as 2 n to the power 4/5 people reach on the side with
        fewer, n being how many it has
    """
    x = np.sort(x)
    h = _bandwidth(x) if bandwidth is None else bandwidth
    # Half of one's own tie, so that the mirror image of the scores says the same.
    share = (np.searchsorted(x, x, "left") + np.searchsorted(x, x, "right")) / (2 * len(x))
    found = [_slope(x[part], share[part], h, len(x)) for part in (x < 0, x >= 0)]
    (left, below, used_left), (right, above, used_right) = found
    error = float(np.sqrt(below + above))
    enough = min(used_left, used_right) >= FEWEST_PEOPLE and error > 0
    return DensityCheck(
        left=left,
        right=right,
        standard_error=error,
        bandwidth=h,
        used_left=used_left,
        used_right=used_right,
        p_value=2 * NormalDist().cdf(-abs(right - left) / error) if enough else None,
    )


def _bandwidth(x: Floats) -> float:
    side = min((-x[x < 0], x[x >= 0]), key=len)
    if not len(side):
        return float(np.abs(x).max()) if len(x) else 1.0
    nearest = min(max(int(2 * len(side) ** 0.8), FEWEST_PEOPLE), len(side))
    return float(np.sort(side)[nearest - 1]) or float(np.abs(x).max())


def _slope(x: Floats, share: Floats, h: float, everyone: int) -> tuple[float, float, int]:
    """The slope at nought of one side's shares, its variance, and how many people it rests on.

    A share counts everyone who scores no higher, so each person adds to the slope what all who score as high or higher
    weigh together; the variance is that of these sums.
    """
    near = np.abs(x) <= h
    x, share = x[near], share[near]
    if len(x) <= ORDER:
        return 0.0, 0.0, len(x)
    weights = local_weights(x, h, ORDER)[1]
    added = np.cumsum(weights[::-1])[::-1] - weights / 2
    mean = float(added.sum()) / everyone
    variance = (float((added * added).sum()) / everyone - mean**2) / everyone
    return float((weights * share).sum()), variance, len(x)
