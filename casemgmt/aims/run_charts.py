"""Run charts: a measure in order of time about its median, and the published rules by which it is no mere chance.

Rules: Perla RJ, Provost LP, Murray SK. The run chart: a simple analytical tool for learning from variation in
healthcare processes. BMJ Qual Saf 2011;20:46-51, as taught by the Institute for Healthcare Improvement. A shift: six or
more points in a row on one side of the median, those on it left out. A trend: five or more in a row that all rise or
all fall, of equal neighbours one alone counted. Too few or too many runs about the median: by the exact distribution of
Swed FS, Eisenhart C (Ann Math Stat 1943;14:66-87), at 2.5% on each side, of which the paper prints a table. The fourth
rule, an astronomical point, is a matter of judgement and is not applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import comb
from statistics import median

SHIFT, TREND, FEWEST = 6, 5, 10
TAIL = 0.025
RULES = (
    f"shift: {SHIFT} or more points in a row above, or below, the median (points on it are left out); "
    f"trend: {TREND} or more in a row that all rise or all fall (of equal neighbours one is counted); "
    f"runs: too few or too many, by Swed and Eisenhart's exact distribution at {TAIL:.1%} on each side; "
    f"none is applied to fewer than {FEWEST} points. Perla and others, BMJ Qual Saf 2011;20:46-51."
)


@dataclass(frozen=True, slots=True)
class RunChart:
    """What the rules say of a row of numbers.

    Attributes
    ----------
    middle : the median
    sides : of each point ``above``, ``below`` or ``on``
    runs : how many runs about the median
    least, most : the fewest and the most runs that are no signal; None where the rules are not applied
    signals : of each point, the signals that it is part of: ``shift``, ``trend``; of the last also ``too few runs`` or
        ``too many runs``
    """

    middle: float
    sides: tuple[str, ...]
    runs: int
    least: int | None
    most: int | None
    signals: tuple[tuple[str, ...], ...]


def run_chart(values: Sequence[float]) -> RunChart:
    """Apply the rules to at least one number, in order of time.

    Examples
    --------
    >>> found = run_chart([5, 6, 5, 6, 9, 9, 8, 9, 8, 9])
    >>> found.middle, found.runs, found.signals[5], found.signals[0]
    (8.0, 2, (), ())
    """
    middle = float(median(values))
    sides = tuple("on" if value == middle else "above" if value > middle else "below" for value in values)
    off = [at for at, side in enumerate(sides) if side != "on"]
    runs = [list(group) for _, group in groupby(off, key=lambda at: sides[at])]
    signals: list[list[str]] = [[] for _ in values]
    if len(values) < FEWEST:
        return RunChart(middle, sides, len(runs), None, None, tuple(map(tuple, signals)))
    for run in runs:
        if len(run) >= SHIFT:
            _mark(signals, run, "shift")
    for points in _trends(values):
        _mark(signals, points, "trend")
    above = sum(sides[at] == "above" for at in off)
    least, most = runs_expected(above, len(off) - above)
    if len(runs) < least:
        signals[-1].append("too few runs")
    if len(runs) > most:
        signals[-1].append("too many runs")
    return RunChart(middle, sides, len(runs), least, most, tuple(map(tuple, signals)))


def runs_expected(above: int, below: int) -> tuple[int, int]:
    """The fewest and the most runs that are no signal, of so many points on each side of the median in random order.

    Examples
    --------
    >>> runs_expected(10, 10)
    (7, 15)
    """
    if not (above and below):
        return 0, above + below
    ways = comb(above + below, above)
    chances = {runs: _arrangements(runs, above, below) / ways for runs in range(2, above + below + 1)}
    least, most, reached = 2, above + below, 0.0
    while (reached := reached + chances[least]) <= TAIL:
        least += 1
    reached = 0.0
    while (reached := reached + chances[most]) <= TAIL:
        most -= 1
    return least, most


def _arrangements(runs: int, above: int, below: int) -> int:
    """In how many orders of the points there are so many runs."""
    half = runs // 2
    if runs % 2 == 0:
        return 2 * comb(above - 1, half - 1) * comb(below - 1, half - 1)
    return comb(above - 1, half) * comb(below - 1, half - 1) + comb(above - 1, half - 1) * comb(below - 1, half)


def _trends(values: Sequence[float]) -> list[list[int]]:
    """The points of each trend; those equal to the one before belong to it and are not counted."""
    found: list[list[int]] = []
    points, direction, counted = [0], 0, 1
    for at in range(1, len(values)):
        step = (values[at] > values[at - 1]) - (values[at] < values[at - 1])
        if step and direction and step != direction:
            found += [points] if counted >= TREND else []
            # The turning point, with its equals, begins the next.
            start = at - 1
            while start and values[start - 1] == values[start]:
                start -= 1
            points, counted = list(range(start, at)), 1
        points.append(at)
        counted += step != 0
        direction = step or direction
    return found + ([points] if counted >= TREND else [])


def _mark(signals: list[list[str]], points: list[int], name: str) -> None:
    for at in points:
        signals[at].append(name)
