"""A small chart of a list by risk: a bar a patient, the highest first, and where the cut falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from casemgmt.errors import plural
from casemgmt.outputs.practice.practice_list import PracticeList, Ranked

WIDTH, HEIGHT = 760, 240
LEFT, RIGHT, TOP, BOTTOM = 88, 12, 30, 30
_BY_SCORE = ("top_share", "band")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """The bars of one kind of patient.

    Attributes
    ----------
    name : ``ranked``, ``other`` or ``below``
    label : what they are, with their number
    path : of the SVG
    """

    name: str
    label: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Where the chart's lines stand, in the units of the SVG, and what it says in words.

    Attributes
    ----------
    ticks : (text, y) of the lines of the scale
    cut_x : where the cut falls; None where nobody is let in by rank
    words : the chart as sentences
    """

    bars: tuple[Bars, ...]
    ticks: tuple[tuple[str, float], ...]
    cut_x: float | None
    words: tuple[str, ...]


def chart_of(shown: PracticeList) -> Chart | None:
    """The chart of a practice's list; None where nobody has a score above nothing."""
    by_score = {route.name for route in shown.routes if route.kind in _BY_SCORE}
    ranked = [each for each in shown.listed if each.route in by_score and each.score is not None]
    other = [each for each in shown.listed if each.route not in by_score and each.score is not None]
    below = [each for each in shown.candidates if each.score is not None]
    everyone: list[tuple[int, Ranked]] = [(0, e) for e in ranked] + [(1, e) for e in other] + [(2, e) for e in below]
    # Whoever is let in by rank stands before the cut, and nobody else does.
    everyone.sort(key=lambda pair: (pair[0] > 0, -_value(pair[1])))
    with_risk = all(each.risk is not None for _, each in everyone)
    values = [each.risk * 100 if with_risk and each.risk is not None else _value(each) for _, each in everyone]
    if max(values, default=0) <= 0:
        return None
    step, top = _scale(max(values))
    labels = (
        f"{plural(len(ranked), 'patient')} with a place by rank",
        f"{plural(len(other), 'patient')} with a place by another route",
        f"{plural(len(below), 'patient')} without a place, to think of when nominating",
    )
    wide = (WIDTH - LEFT - RIGHT) / len(values)
    kinds = [kind for kind, _ in everyone]
    bars = tuple(
        Bars(name=name, label=label, path=_path(values, kinds, kind, wide, top))
        for kind, (name, label) in enumerate(zip(("ranked", "other", "below"), labels, strict=True))
        if kind in kinds
    )
    unit = " in 100" if with_risk else ""
    ticks = tuple((f"{tick * step:g}{unit}", round(_y(tick * step, top), 1)) for tick in range(round(top / step) + 1))
    return Chart(
        bars=bars,
        ticks=ticks,
        cut_x=round(LEFT + len(ranked) * wide, 1) if ranked else None,
        words=_in_words(labels, values, len(ranked), unit, with_risk),
    )


def _value(each: Ranked) -> float:
    return 0.0 if each.score is None else each.score


def _scale(most: float) -> tuple[float, float]:
    """A step of the scale that people count in, and the end of the scale: five steps or fewer."""
    step = next(unit * 10.0**power for power in range(-6, 300) for unit in (1, 2, 5) if 5 * unit * 10.0**power >= most)
    return step, step * max(-(-most // step), 1)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * max(value, 0) / top


def _path(values: Sequence[float], kinds: Sequence[int], kind: int, wide: float, top: float) -> str:
    """The bars of one kind; those that touch at one height are one."""
    edges = [LEFT + wide * at for at in range(len(values) + 1)]
    gap = 1 if wide >= 4 else 0
    parts = []
    for at, (left, right) in enumerate(pairwise(edges)):
        if kinds[at] == kind:
            y = min(_y(values[at], top), HEIGHT - BOTTOM - 1)
            parts.append(f"M{left:.1f} {HEIGHT - BOTTOM}V{y:.1f}H{right - gap:.1f}V{HEIGHT - BOTTOM}")
    return "".join(parts)


def _in_words(
    labels: Sequence[str], values: Sequence[float], ranked: int, unit: str, with_risk: bool
) -> tuple[str, ...]:
    what = "risks" if with_risk else "scores"
    digits = ".0f" if with_risk else ".4g"
    said = []
    if ranked:
        highest, lowest = (f"{value:{digits}}{unit}" for value in (values[0], values[ranked - 1]))
        said.append(f"{labels[0]}: {what} from {highest} down to {lowest}, where the cut falls.")
    if others := values[ranked:]:
        after = [label for label in labels[1:] if not label.startswith("0 ")]
        highest, lowest = (f"{value:{digits}}{unit}" for value in (max(others), min(others)))
        said.append(f"After the cut: {' and '.join(after)}, {what} from {highest} down to {lowest}.")
    return tuple(said)
