"""A jump at a cut: local lines on both sides, the bandwidth that their error asks for, an interval without the bias.

Of the estimators of a regression discontinuity this is the local linear one with a triangular kernel, a bandwidth of
least mean squared error, and the robust interval that takes the estimated bias off and counts what estimating it costs.

References
----------
Calonico S, Cattaneo MD, Titiunik R. Robust nonparametric confidence intervals for regression-discontinuity designs.
Econometrica 2014;82:2295-2326. The pilot bandwidths follow its supplement, the term that keeps a bandwidth from growing
where the bias looks like nought follows Imbens G, Kalyanaraman K. Rev Econ Stud 2012;79:933-959.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
NEIGHBOURS = 3  # in score, of which each person's own variance is told
FEWEST_VALUES = 10  # different values of the score on each side within any bandwidth
_PILOT = 2.576  # of the triangular kernel, times the spread and n to the power -1/5
_REGULARISED = 3.0  # variances of an estimated curvature that are added to its square


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """The jump of an outcome at nought, from left to right.

    Attributes
    ----------
    estimate : right limit less left limit, of the local lines
    corrected : the same less its estimated bias, the middle of the interval
    standard_error : of ``corrected``
    left, right : the two limits
    bandwidth, bias_bandwidth : how far from the cut people count, for the lines and for their bias
    used_left, used_right : people within ``bandwidth``
    """

    estimate: float
    corrected: float
    standard_error: float
    left: float
    right: float
    bandwidth: float
    bias_bandwidth: float
    used_left: int
    used_right: int

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The robust bias-corrected interval."""
        reach = NormalDist().inv_cdf(0.5 + level / 2) * self.standard_error
        return self.corrected - reach, self.corrected + reach

    @property
    def p_value(self) -> float:
        """Of no jump, two-sided."""
        return 2 * NormalDist().cdf(-abs(self.corrected) / self.standard_error) if self.standard_error else 1.0


class Side(NamedTuple):
    """The people of one side, nearest to the cut in rising order of x; ``variance`` is known, or None."""

    x: Floats
    y: Floats
    variance: Floats | None = None

    def within(self, h: float) -> Side:
        """Those whose distance from the cut is at most ``h``."""
        near = np.abs(self.x) <= h
        return Side(self.x[near], self.y[near], None if self.variance is None else self.variance[near])

    def variances(self) -> Floats:
        """Each one's own variance, known or told by the neighbours in x."""
        return neighbour_variance(self.x, self.y) if self.variance is None else self.variance


def sides(x: Floats, y: Floats, variance: Floats | None = None) -> tuple[Side, Side]:
    """Those below the cut, which lies at nought, and those at or above it."""
    order = np.lexsort((y, x))  # y as well, so that the order of the rows is nowhere in a sum
    x, y = x[order], y[order]
    known = None if variance is None else variance[order]
    at = int(np.searchsorted(x, 0.0))
    parts = (slice(0, at), slice(at, None))
    left, right = (Side(x[part], y[part], None if known is None else known[part]) for part in parts)
    return left, right


def jump_at_zero(
    x: Floats,
    y: Floats,
    *,
    bandwidth: float | None = None,
    bias_bandwidth: float | None = None,
    variance: Floats | None = None,
) -> Jump:
    """The jump of ``y`` at ``x = 0``.

    Parameters
    ----------
    x : score less the score at the cut; those at nought or above are inside
    y : the outcome of each, without a missing one
    bandwidth : of the lines; None: the one of least estimated mean squared error
    bias_bandwidth : of the curves that tell their bias; None: its own, or ``bandwidth`` where that is given
    variance : of each outcome, where it is known and ``y`` is its mean; None: told by the nearest neighbours
    """
    left, right = sides(x, y, variance)
    if bandwidth is None:
        h, b = chosen_bandwidths(left, right)
        b = b if bias_bandwidth is None else bias_bandwidth
    else:
        h, b = bandwidth, bandwidth if bias_bandwidth is None else bias_bandwidth
    found = [_limit(side, h, b) for side in (left, right)]
    below, above = found
    return Jump(
        estimate=above.line - below.line,
        corrected=above.corrected - below.corrected,
        standard_error=float(np.sqrt(above.variance + below.variance)),
        left=below.line,
        right=above.line,
        bandwidth=h,
        bias_bandwidth=b,
        used_left=below.used,
        used_right=above.used,
    )


class _Limit(NamedTuple):
    line: float
    corrected: float
    variance: float
    used: int


def _limit(side: Side, h: float, b: float) -> _Limit:
    """The limit of one side at the cut; the bias of a line is what a local parabola says of the curvature."""
    near = side.within(max(h, b))
    line, curve = local_weights(near.x, h, 1)[0], local_weights(near.x, b, 2)[2]
    corrected = line - _sum_of(line, near.x**2) * curve
    return _Limit(
        line=_sum_of(line, near.y),
        corrected=_sum_of(corrected, near.y),
        variance=_sum_of(corrected**2, near.variances()),
        used=int(np.count_nonzero(np.abs(near.x) <= h)),
    )


def _sum_of(weights: Floats, values: Floats) -> float:
    return float((weights * values).sum())


def local_weights(x: Floats, h: float, order: int) -> Floats:
    """What each y adds to each coefficient of a local polynomial at 0: shape (order + 1, people).

    The kernel is triangular: 1 − |x| ÷ h. Sums are NumPy's own, so that no library's threads change their last digit.
    """
    scaled = x / h
    kernel = np.maximum(1.0 - np.abs(scaled), 0.0)
    powers = scaled[None, :] ** np.arange(order + 1)[:, None]
    weighted = powers * kernel
    moments = np.array([[float((row * other).sum()) for other in powers] for row in weighted])
    inverse = np.linalg.pinv(moments)
    weights = np.stack([sum(inverse[k, j] * weighted[j] for j in range(order + 1)) for k in range(order + 1)])
    return np.asarray(weights / h ** np.arange(order + 1)[:, None])


def neighbour_variance(x: Floats, y: Floats, neighbours: int = NEIGHBOURS) -> Floats:
    """Each one's variance by the nearest others in x: J ÷ (J + 1) times the squared difference from their mean.

    Parameters
    ----------
    x : in rising order; all with one x are neighbours, so J may be more than ``neighbours``
    y : their outcomes
    """
    if len(x) < 2:
        return np.zeros(len(x))
    values, group, counts = np.unique(x, return_inverse=True, return_counts=True)
    people = np.concatenate(([0], np.cumsum(counts)))
    sums = np.concatenate(([0.0], np.cumsum(y)))
    low, high = np.arange(len(values)), np.arange(1, len(values) + 1)
    wanted = min(neighbours, len(x) - 1)
    for _ in range(wanted):
        short = people[high] - people[low] - 1 < wanted
        below = np.where(low > 0, values - values[np.maximum(low - 1, 0)], np.inf)
        above = np.where(high < len(values), values[np.minimum(high, len(values) - 1)] - values, np.inf)
        low, high = low - (short & (below <= above)), high + (short & (above <= below) & np.isfinite(above))
        low = np.maximum(low, 0)
    others = (people[high] - people[low] - 1)[group]
    mean = ((sums[people[high]] - sums[people[low]])[group] - y) / others
    return np.asarray(others / (others + 1) * (y - mean) ** 2)


def chosen_bandwidths(left: Side, right: Side) -> tuple[float, float]:
    """The bandwidths of least mean squared error, for the lines and for the curves that tell their bias."""
    both = (left, right)
    x = np.concatenate([side.x for side in both])
    n = len(x)
    quarter, three = np.quantile(x, [0.25, 0.75])
    spread = min(float(np.std(x, ddof=1)), float(three - quarter) / 1.349)
    least = max(_distance(side, FEWEST_VALUES) for side in both)
    most = max(float(np.abs(side.x).max()) for side in both)
    pilot = min(max(_PILOT * spread * n**-0.2, least), most)
    ends = tuple(float(np.abs(side.x).max()) for side in both)
    third = _bandwidth(both, n, order=3, of=3, pilot=pilot, wide=ends, regularised=0.0)
    third = min(max(third, least), most)
    bias = _bandwidth(both, n, order=2, of=2, pilot=pilot, wide=(third, third), regularised=_REGULARISED)
    bias = min(max(bias, least), most)
    line = _bandwidth(both, n, order=1, of=0, pilot=pilot, wide=(bias, bias), regularised=_REGULARISED)
    return min(max(line, least), most), bias


def _distance(side: Side, values: int) -> float:
    """How far from the cut the nearest so many different values reach."""
    found = np.unique(np.abs(side.x))
    return float(found[min(values, len(found)) - 1])


def _bandwidth(
    both: tuple[Side, Side],
    n: int,
    *,
    order: int,
    of: int,
    pilot: float,
    wide: tuple[float, ...],
    regularised: float,
) -> float:
    """The bandwidth of least mean squared error for the jump of a coefficient.

    Parameters
    ----------
    both : the two sides
    n : people
    order : of the local polynomial
    of : which of its coefficients jumps
    pilot : bandwidth at which its variance is taken
    wide : of each side, bandwidth at which the next coefficient, which makes its bias, is estimated
    regularised : variances of that estimate that count as bias
    """
    spread, bias, doubt = 0.0, 0.0, 0.0
    for side, sign, h in zip(both, (-1.0, 1.0), wide, strict=True):
        near = side.within(pilot)
        weights = local_weights(near.x, pilot, order)[of]
        spread += n * pilot ** (2 * of + 1) * _sum_of(weights**2, near.variances())
        factor = _sum_of(weights, near.x ** (order + 1)) / pilot ** (order + 1 - of)
        far = side.within(h)
        next_one = local_weights(far.x, h, order + 1)[order + 1]
        bias += sign * factor * _sum_of(next_one, far.y)
        if regularised:
            doubt += regularised * factor**2 * _sum_of(next_one**2, far.variances())
    ratio = (2 * of + 1) * spread / (n * 2 * (order + 1 - of) * max(bias**2 + doubt, 1e-300))
    return float(ratio ** (1 / (2 * order + 3)))
