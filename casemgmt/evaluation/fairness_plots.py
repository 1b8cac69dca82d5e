"""The figures of fairness, drawn from its tables alone; matplotlib is an extra (``casemgmt[plot]``)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError, PublishError
from casemgmt.evaluation.plot_alts import by_score_words, need_words
from casemgmt.plot_words import described

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from casemgmt.evaluation.fairness import Fairness

DARK, MAIN = "#333333", "#1e6fb3"
MARKERS = "os^Dv<>pPXh*"
MOST_LINES = len(MARKERS)
LINES = ("-", "--", ":", "-.")
COLOURS = (MAIN, "#b3541e", DARK, "#5b3a8c", "#2a6b3f")  # each at least 4.5 to 1 on white


def draw_need(found: Fairness, ax: Axes | None = None) -> Axes:
    """Each group's outcomes for each one expected at its scores, with the 95% interval; a triangle marks a flag.

    Raises
    ------
    InputError : there is no number to draw, or matplotlib is not installed
    """
    rows = [row for row in found.groups.to_pylist() if row["need_at_equal_score"] is not None]
    if not rows:
        raise InputError("No group has numbers that could be drawn.")
    ax = _axes(ax, 1.4 + 0.36 * len(rows))
    for place, row in enumerate(rows):
        middle, low, high = (row[f"need_at_equal_score{end}"] for end in ("", "_low", "_high"))
        flagged = row["flag"] is not None
        ax.plot([low, high], [place, place], color=MAIN, linewidth=1.4)
        ax.plot(middle, place, marker="^" if flagged else "o", color=DARK, markersize=8 if flagged else 5)
    ax.axvline(1, color=DARK, linestyle=":", linewidth=1)
    names = [f"{row[found.column]}{' (flagged)' if row['flag'] is not None else ''}" for row in rows]
    ax.set_yticks(range(len(rows)), names, fontsize=9)
    ax.invert_yaxis()
    ax.set_xlabel("outcomes for each one expected of people with the same score (95% interval)")
    ax.set_title(f"Need at equal score, by {found.column.replace('_', ' ')}", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    return described(ax, need_words(rows, found.column))


def draw_by_score(found: Fairness, ax: Axes | None = None) -> Axes:
    """The share with the outcome by tenth of score, a line a group.

    Raises
    ------
    InputError : there are no numbers by score, or matplotlib is not installed
    """
    if found.by_score is None:
        raise InputError("The form that may leave has no numbers by score. Draw it with suppressed=False.")
    ax = _axes(ax, 4.8)
    rows = found.by_score.to_pylist()
    groups = list(dict.fromkeys(row[found.column] for row in rows))
    for place, group in enumerate(groups):
        own = [row for row in rows if row[found.column] == group]
        tenths = [row["tenth"] for row in own]
        ends = [[abs(row["event_rate"] - row[end]) for row in own] for end in ("event_rate_low", "event_rate_high")]
        look = {"marker": MARKERS[place % MOST_LINES], "linestyle": LINES[place // MOST_LINES % len(LINES)]}
        style: dict[str, Any] = {**look, "color": COLOURS[place % len(COLOURS)], "markersize": 5, "linewidth": 1.2}
        style["capsize"] = 2
        ax.errorbar(tenths, [row["event_rate"] for row in own], yerr=ends, label=group, **style)
    ax.set(xlabel="tenth of everyone judged, by score (10: highest)", ylabel="share who had the outcome")
    ax.set_xticks(range(1, 11))
    ax.legend(frameon=False, fontsize=8, title=found.column.replace("_", " "))
    ax.spines[["top", "right"]].set_visible(False)
    return described(ax, by_score_words(rows, found.column))


def save_plot(found: Fairness, path: Path, by_score: bool) -> Path:
    """Write a figure, and its numbers beside it.

    Raises
    ------
    InputError, PublishError
    """
    from casemgmt.disk import replace_file
    from casemgmt.outputs.csv_text import to_csv

    if path.suffix != ".png":
        raise InputError(
            "path: a figure is written as PNG. Name a file that ends in .png; its numbers stand beside it."
        )
    figure, ax = _new_figure(5.0)
    (draw_by_score if by_score else draw_need)(found, ax)
    data = io.BytesIO()
    metadata = {"Software": None, "Description": ax.get_label()}
    figure.savefig(data, format="png", dpi=140, metadata=metadata)
    numbers = found.by_score if by_score else found.groups
    try:
        replace_file(path.with_suffix(".csv"), to_csv(numbers))
        replace_file(path, data.getvalue())
    except OSError as problem:
        raise PublishError(f"'{path.name}' was not written: {problem.strerror or 'the system refused'}.") from None
    return path


def _new_figure(height: float) -> tuple[Figure, Axes]:
    """A figure that no window knows of, and its axes."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("A plot needs matplotlib: install casemgmt[plot].") from None
    figure = Figure(figsize=(7.0, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _axes(ax: Axes | None, height: float) -> Axes:
    if ax is not None:
        if not (hasattr(ax, "set_yticks") and not isinstance(ax, type)):
            raise InputError("ax is the axes of a matplotlib figure, such as those of plt.subplots().")
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise InputError("A plot needs matplotlib: install casemgmt[plot].") from None
    axes: Axes = plt.subplots(figsize=(7.0, height), layout="constrained")[1]
    return axes
