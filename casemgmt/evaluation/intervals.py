"""Intervals of shares and of ratios of what happened to what was expected."""

from __future__ import annotations

from casemgmt.evaluation.calibration import wilson

Interval = tuple[float, float]


def of_share(events: float, people: float) -> Interval:
    """The 95% interval of a share (Wilson, as of :func:`casemgmt.evaluation.calibration.wilson`); of nobody, 0 to 1.

    Examples
    --------
    >>> [round(end, 4) for end in of_share(10, 100)]
    [0.0552, 0.1744]
    """
    import numpy as np

    if people <= 0:
        return 0.0, 1.0
    low, high = wilson(np.array([events], dtype=np.float64), np.array([people], dtype=np.float64))
    return float(low[0]), float(high[0])


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
