"""95% intervals of rates, ratios of rates, differences of shares, weighted sums and lengths of stay."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

from casemgmt.evaluation.intervals import Interval, of_expected, of_share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

OUTSIDE = 0.05


def of_rate(events: int, size: float) -> Interval:
    """The interval of events for each person: exact Poisson limits (Garwood F. Biometrika 1936;28:437-442).

    Examples
    --------
    >>> [round(1000 * end, 2) for end in of_rate(10, 1000)]
    [4.8, 18.39]
    """
    return of_expected(events, size, OUTSIDE)


def of_ratio(events: int, size: float, base_events: int, base_size: float) -> tuple[float, float] | None:
    """The interval of one rate for each of another; None where neither has an event, infinite where the other has none.

    Notes
    -----
    Exact, given the sum of both counts: of which one is a binomial part (Przyborowski J, Wilenski H. Biometrika
    1940;31:313-323), with the limits of Clopper and Pearson (Biometrika 1934;26:404-413).

    Examples
    --------
    >>> [round(end, 3) for end in of_ratio(92, 1000, 100, 1000)]
    [0.686, 1.234]
    """
    from scipy.special import betaincinv

    both = events + base_events
    if not both:
        return None
    low = float(betaincinv(events, base_events + 1, OUTSIDE / 2)) if events else 0.0
    high = float(betaincinv(events + 1, base_events, 1 - OUTSIDE / 2)) if base_events else 1.0
    sizes = base_size / size
    return low / (1 - low) * sizes, high / (1 - high) * sizes if high < 1 else float("inf")


def of_difference(events: int, people: int, base_events: int, base_people: int) -> Interval:
    """The interval of a share less another, of different people: Newcombe RG. Stat Med 1998;17:873-890, method 10.

    Examples
    --------
    >>> [round(end, 4) for end in of_difference(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    share, base = events / people, base_events / base_people
    (low, high), (base_low, base_high) = of_share(events, people), of_share(base_events, base_people)
    gap = share - base
    return gap - sqrt((share - low) ** 2 + (base_high - base) ** 2), gap + sqrt(
        (high - share) ** 2 + (base - base_low) ** 2
    )


def of_weighted_sum(total: float, variance: float, events: int) -> Interval:
    """The interval of a weighted sum of Poisson counts: Dobson AJ and others. Stat Med 1991;10:457-462.

    Where a few of the events weigh more than all others together it holds the truth in 92 of 100 cases, not 95.

    Parameters
    ----------
    total : the sum of the weights of all events
    variance : the sum of their squares
    events : how many; at least 1
    """
    low, high = of_expected(events, 1.0, OUTSIDE)
    spread = sqrt(variance / events)
    return total + spread * (low - events), total + spread * (high - events)


def of_weighted_ratio(total: float, variance: float, base: float, base_variance: float) -> Interval:
    """The interval of one weighted sum for each of another, both above 0: normal on the scale of logarithms."""
    from math import exp, log

    middle, spread = log(total / base), 1.959963984540054 * sqrt(variance / total**2 + base_variance / base**2)
    return exp(middle - spread), exp(middle + spread)


def of_mean(values: ArrayLike) -> Interval | None:
    """The interval of a mean by Student's t; None of fewer than two values."""
    import numpy as np
    from scipy.special import stdtrit

    found = np.asarray(values, dtype=np.float64)
    if len(found) < 2:
        return None
    half = float(stdtrit(len(found) - 1, 1 - OUTSIDE / 2)) * float(found.std(ddof=1)) / sqrt(len(found))
    return float(found.mean()) - half, float(found.mean()) + half


def of_median(values: Sequence[int]) -> tuple[int, int] | None:
    """Two of the values that hold the median between them with at least 95%; None of so few that none do.

    Notes
    -----
    Exact for any distribution: how many values lie below the median is a binomial count of halves (Conover WJ.
    Practical Nonparametric Statistics, 3rd ed. 1999, 3.2).

    Examples
    --------
    >>> of_median([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    (2, 9)
    """
    from scipy.special import bdtr

    ordered, count = sorted(values), len(values)
    below = -1
    while bdtr(below + 1, count, 0.5) <= OUTSIDE / 2:
        below += 1
    return None if below < 0 else (ordered[below], ordered[count - 1 - below])
