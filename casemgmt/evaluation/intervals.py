"""Intervals of shares and of ratios of what happened to what was expected."""

from __future__ import annotations

from math import sqrt

Interval = tuple[float, float]

Z95 = 1.959963984540054


def wilson(events: float, people: float, z: float = Z95) -> Interval:
    """The interval of a share; of nobody, everything from 0 to 1.

    Parameters
    ----------
    events, people : ``events`` of ``people``
    z : normal quantile of the wanted coverage; 95% by default

    Notes
    -----
    Wilson EB. Probable inference, the law of succession, and statistical inference. JASA 1927;22:209-212.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(10, 100)]
    [0.0552, 0.1744]
    """
    if people <= 0:
        return 0.0, 1.0
    share, squared = events / people, z * z / people
    middle = (share + squared / 2) / (1 + squared)
    width = z * sqrt(max(share * (1 - share), 0.0) / people + squared / (4 * people)) / (1 + squared)
    return max(middle - width, 0.0), min(middle + width, 1.0)


def of_expected(events: float, expected: float, outside: float = 0.05) -> Interval:
    """The interval of a ratio of events to a number that was expected, the events being a Poisson count.

    Parameters
    ----------
    events : counted
    expected : above 0
    outside : the chance that the interval misses the ratio, on both sides together

    Notes
    -----
    Exact limits: Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936;28:437-442. Where an event
    is no rarity the counts vary less than that, and the interval is too wide rather than too narrow.

    Examples
    --------
    >>> [round(end, 4) for end in of_expected(10, 5)]
    [0.9591, 3.6781]
    """
    from scipy.special import gammaincinv

    low = float(gammaincinv(events, outside / 2)) if events > 0 else 0.0
    return low / expected, float(gammaincinv(events + 1, 1 - outside / 2)) / expected
