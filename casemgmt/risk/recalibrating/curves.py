"""Straight lines on the log-odds, and rising steps, fitted to what happened.

Sums are counted by their distinct values first, so that a result depends on no order of people.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

_STEPS, _CLOSE = 100, 1e-12


class Counted(NamedTuple):
    """At each distinct sum, rising: the sum in millionths, how many people, and how many who had the outcome."""

    sums: Whole
    people: Whole
    events: Whole


def counted(sums: Whole, had: npt.NDArray[np.bool_]) -> Counted:
    """The people at each distinct sum."""
    import numpy as np

    distinct, places = np.unique(sums, return_inverse=True)
    people = np.bincount(places, minlength=len(distinct))
    events = np.bincount(places[had], minlength=len(distinct))
    return Counted(distinct, people.astype(np.int64), events.astype(np.int64))


def line(power: Floats, at: Counted, *, slope: bool) -> tuple[float, float]:
    """The intercept and slope of a logistic regression of the outcome on ``power``; the slope stays 1 unless asked for.

    Parameters
    ----------
    power : float64, the log-odds (or points) at each of ``at.sums``

    Raises
    ------
    InputError : no line fits: the outcome does not rise with the score, or the score parts it without a fault

    References
    ----------
    Cox DR. Two further applications of a model for binary regression. Biometrika 1958;45:562-565.
    """
    import numpy as np

    from casemgmt.risk.link import exp

    middle = float((power * at.people).sum() / at.people.sum())
    spread = float(np.sqrt((at.people * (power - middle) ** 2).sum() / at.people.sum()))
    if slope and not spread:
        raise InputError("Everybody has the same score: there is no slope to be found. Use method='intercept'.")
    # Centred and scaled, so that each step is well conditioned for points as for log-odds.
    scaled = (power - middle) / spread if slope else power
    share = at.events.sum() / at.people.sum()
    found = np.array([np.log(share / (1 - share)), 0.0]) if slope else np.array([0.0, 1.0])
    if not slope:
        found[0] = np.log(share / (1 - share)) - middle
    for _ in range(_STEPS):
        risk = 1 / (1 + exp(-(found[0] + found[1] * scaled)))
        weight = at.people * risk * (1 - risk)
        off = at.events - at.people * risk
        gradient = np.array([off.sum(), (off * scaled).sum()])
        if slope:
            matrix = np.array(
                [[weight.sum(), (weight * scaled).sum()], [(weight * scaled).sum(), (weight * scaled**2).sum()]]
            )
            step = np.linalg.solve(matrix, gradient) if np.linalg.det(matrix) > 0 else np.array([np.nan, np.nan])
        else:
            step = np.array([gradient[0] / weight.sum() if weight.sum() else np.nan, 0.0])
        if not np.isfinite(step).all():
            break
        found = found + np.clip(step, -3, 3)
        if np.abs(step).max() < _CLOSE:
            return _unscaled(found, middle, spread) if slope else (float(found[0]), 1.0)
    raise InputError(
        "No line fits: below some score nobody had the outcome, and above it everybody. Give more people, or a score "
        "that was not made from the outcome."
    )


def _unscaled(found: Floats, middle: float, spread: float) -> tuple[float, float]:
    per_unit = float(found[1]) / spread
    return float(found[0]) - per_unit * middle, per_unit


class Steps(NamedTuple):
    """Rising steps: the number of people and events in each, and its lowest and highest sum in millionths."""

    people: Whole
    events: Whole
    lowest: Whole
    highest: Whole


def steps(at: Counted, least: int) -> Steps:
    """The rising steps nearest to what happened, none of fewer than ``least`` people, or of one outcome alone.

    Of the steps of :func:`rising`, one that is too small, or in which all or none had the outcome, joins a neighbour,
    which leaves the others as they are, and rising.
    """
    import numpy as np

    pooled = [list(step) for step in zip(*(column.tolist() for column in rising(at)), strict=True)]
    place = 0
    while len(pooled) > 1 and place < len(pooled):
        people, events, *_ = pooled[place]
        if people >= least and 0 < events < people:
            place += 1
            continue
        # A step without events can only be raised by the next, one without others only lowered by the one before.
        place = place - 1 if place and (events == people or place == len(pooled) - 1) else place
        place = min(place, len(pooled) - 2)
        _join(pooled, place)
    return Steps(*np.array(pooled, dtype=np.int64).T)


def rising(at: Counted) -> Steps:
    """Isotonic regression: neighbours whose share does not rise are pooled, until all do.

    References
    ----------
    Ayer M et al. An empirical distribution function for sampling with incomplete information. Ann Math Stat
    1955;26:641-647.
    """
    import numpy as np

    pooled: list[list[int]] = []
    for people, events, total in zip(at.people.tolist(), at.events.tolist(), at.sums.tolist(), strict=True):
        pooled.append([people, events, total, total])
        while len(pooled) > 1 and pooled[-2][1] * pooled[-1][0] >= pooled[-1][1] * pooled[-2][0]:
            _join(pooled, len(pooled) - 2)
    return Steps(*np.array(pooled, dtype=np.int64).T)


def log_odds(events: Whole, people: Whole) -> Floats:
    """The logarithm of the odds of each share, neither of which is none or all; each rounded once."""
    import numpy as np

    exact = Context(prec=40)
    odds = [Decimal(had) / Decimal(of - had) for had, of in zip(events.tolist(), people.tolist(), strict=True)]
    return np.array([float(exact.ln(each)) for each in odds])


def _join(pooled: list[list[int]], place: int) -> None:
    low, high = pooled[place], pooled.pop(place + 1)
    pooled[place] = [low[0] + high[0], low[1] + high[1], low[2], high[3]]
