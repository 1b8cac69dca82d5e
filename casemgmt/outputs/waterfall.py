"""A score drawn as a waterfall: from nothing, input by input, to the sum."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.errors import InputError
from casemgmt.plot_words import described
from casemgmt.risk.inputs import MILLION

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

    from casemgmt.risk.model import Model

UP, DOWN, TOTAL = "#b3541e", "#1e6fb3", "#444444"
LABEL_WIDTH, TITLE_WIDTH = 40, 80  # characters
CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}
ROOM_FOR_NUMBERS = 0.16  # of the width, to the right of the longest bar


def draw_waterfall(model: Model, explained: pa.Table, ax: Axes | None = None) -> Axes:
    """Draw an explanation, held against the base as the reasons are.

    Bars that raise the score carry a plus, bars that lower it a minus: nothing is said by colour alone.

    Parameters
    ----------
    model : the model
    explained : from ``model.explain``
    ax : matplotlib axes, by default new ones

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        There is no score to draw, or matplotlib is not installed.
    """
    every = explained.to_pylist()
    unusable = [row["label"] for row in every if row["millionths"] is None]
    if unusable:
        raise InputError(f"There is no score to draw without a usable value of {', '.join(unusable)}.")
    rows = _steps(every, MILLION * model.divide_by)
    missing = [row["label"] for row in every if row["missing"]]
    says_so = not model.demonstration or "demonstration" in model.title.casefold()
    title = fill(model.title if says_so else f"{model.title}; demonstration only", TITLE_WIDTH)
    unit = {"points": "points", "logistic": "log-odds"}.get(model.link, "log-rate")
    return _drawn(_Drawing(rows, MILLION * model.divide_by, title, unit, missing), ax)


def draw_given(explained: pa.Table, as_odds: bool, ax: Axes | None = None) -> Axes:
    """Draw what inputs were said to add to a given score, from what everyone starts from.

    Parameters
    ----------
    explained : from :func:`casemgmt.selection.given_reasons.explain_given`
    as_odds : whether the score is in log-odds
    ax : matplotlib axes, by default new ones

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        matplotlib is not installed.
    """
    base, *inputs = explained.to_pylist()
    steps = [("Where everyone starts", base["contribution"]), *((row["words"], row["contribution"]) for row in inputs)]
    missing = [row["label"] for row in inputs if row["missing"]]
    unit = "log-odds" if as_odds else "score"
    return _drawn(_Drawing([step for step in steps if step[1]], 1, "A score that was given", unit, missing), ax)


class _Drawing(NamedTuple):
    """Steps in words and amounts, how many amounts make one of the axis, and what is written around them."""

    steps: Sequence[tuple[str, float]]
    unit: int
    title: str
    axis: str
    missing: Sequence[str]


def _drawn(drawing: _Drawing, ax: Axes | None) -> Axes:
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise InputError("A plot needs matplotlib: install casemgmt[plot].") from None
    rows, title, missing = drawing.steps, drawing.title, drawing.missing
    if ax is not None and not (hasattr(ax, "set_yticks") and not isinstance(ax, type)):
        raise InputError("ax is the axes of a matplotlib figure, such as those of plt.subplots().")
    if ax is None:
        figure, ax = plt.subplots(figsize=(8, 1.4 + 0.42 * (len(rows) + 1)), layout="constrained")
        figure.suptitle(title, fontsize=10)
    else:
        ax.set_title(title, fontsize=10)
    ends = _draw_bars(ax, rows, drawing.unit)
    ax.set_yticks(range(len(rows) + 1), [*(fill(words, LABEL_WIDTH) for words, _ in rows), "Score"], fontsize=9)
    ax.invert_yaxis()
    low, high = min(ends), max(ends)
    room = (high - low or 1) * ROOM_FOR_NUMBERS
    ax.set_xlim(low - (room / 4 if low < 0 else 0), high + room)
    ax.axvline(0, color="black", linewidth=0.8, zorder=0.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel(drawing.axis + (f"\n{fill('not recorded: ' + ', '.join(missing), TITLE_WIDTH)}" if missing else ""))
    return described(ax, _in_words(drawing))


def _in_words(drawing: _Drawing) -> str:
    """Each bar as it is labelled, and the sum."""
    steps = [f"{words}, {_short(by / drawing.unit, '+')}" for words, by in drawing.steps]
    score = _short(sum(by for _, by in drawing.steps) / drawing.unit)
    missing = f" Not recorded: {', '.join(drawing.missing)}." if drawing.missing else ""
    said = "; ".join(steps) or "nothing adds to it"
    return f"Waterfall of {drawing.title.replace(chr(10), ' ')}, in {drawing.axis}. {said}. Score: {score}.{missing}"


def _steps(explained: list[dict[str, Any]], unit: int) -> list[tuple[str, int]]:
    """(words, millionths) of each bar: what everyone at the base has, then each difference from it, as reasons say it.

    The steps add up to the sum of the contributions.
    """
    differences = [(row["words"], round(row["difference"] * unit)) for row in explained]
    inputs = [row["input"] for row in explained]
    apart = [(words, row["millionths"]) for (words, _), row in zip(differences, explained, strict=True)]
    floor = [step for step, name in zip(apart, inputs, strict=True) if name == "floor"]
    start = sum(row["millionths"] for row in explained if row["input"] != "floor") - sum(by for _, by in differences)
    return [step for step in (("Where everyone starts", start), *differences, *floor) if step[1]]


def _draw_bars(ax: Any, rows: Sequence[tuple[str, float]], unit: int) -> list[float]:
    """Draw each step from where the last one ended, then the score; the ends of the bars."""
    total: float = 0
    ends = [0.0]
    for place, (_, by) in enumerate(rows):
        start, total = total / unit, total + by
        size = total / unit - start
        ax.barh(place, size, left=start, color=UP if size > 0 else DOWN, height=0.62)
        _write(ax, max(start, total / unit), place, _short(by / unit, "+"))
        ends.append(total / unit)
    score = total / unit
    ax.barh(len(rows), score, color=TOTAL, height=0.62)
    _write(ax, max(score, 0), len(rows), _short(score), fontweight="bold")
    return ends


def _write(ax: Any, x: float, y: float, text: str, **style: Any) -> None:
    """Write a number a little to the right of a point, in front of any line."""
    offset = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "fontsize": 9, "bbox": CLEAR}
    ax.annotate(text, (x, y), **offset, **style)


def _short(size: float, sign: str = "-") -> str:
    """Two decimals, or two figures where that would be nought."""
    text = f"{size:{sign}.2f}" if abs(size) >= 0.005 else f"{size:{sign}.2g}"
    return text.replace("-", "−")
