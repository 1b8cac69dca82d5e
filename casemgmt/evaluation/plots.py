"""The figures of an evaluation, drawn from its tables alone; matplotlib is an extra (``casemgmt[plot]``)."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import fill
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError
from casemgmt.evaluation.at_cut import ALL
from casemgmt.evaluation.funnel import LIMITS, limits
from casemgmt.evaluation.plot_alts import words_of_figure
from casemgmt.plot_words import described

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

    from casemgmt.evaluation.findings import Findings

DARK, MAIN, FAINT, OUT = "#333333", "#1e6fb3", "#b9c7d4", "#b3541e"
LABEL_WIDTH = 34
MOST_LABELS = 70
MOST_NAMED = 15
SIZES = {"calibration": (6.0, 5.6), "at_cut": (7.0, 0.0), "rules": (7.0, 0.0), "funnel": (7.0, 4.8)}


def figures_of(found: Findings) -> list[str]:
    """The figures that an evaluation has numbers for."""
    have = {
        "calibration": found.calibration is not None,
        "at_cut": found.at_cut is not None,
        "rules": found.rules is not None and found.rules.num_rows > 1,
        "funnel": found.funnel is not None,
    }
    return [name for name, there in have.items() if there]


def draw(found: Findings, which: str, ax: Axes | None = None) -> Axes:
    """Draw one figure.

    Parameters
    ----------
    which : ``calibration``, ``at_cut``, ``rules`` or ``funnel``
    ax : matplotlib axes to draw on, by default new ones

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError : there is nothing to draw, or matplotlib is not installed
    """
    if which not in figures_of(found):
        raise InputError(_WHY_NOT[which])
    ax = axes_of(ax, size_of(found, which))
    _DRAWN[which](found, ax)
    ax.spines[["top", "right"]].set_visible(False)
    return described(ax, words_of_figure(found, which))


def axes_of(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """The axes to draw on: those that are given, or new ones of a width and height in inches.

    Raises
    ------
    InputError : they are no axes, or matplotlib is not installed
    """
    if ax is None:
        require_matplotlib()
        from matplotlib import pyplot as plt

        made: Axes = plt.subplots(figsize=size, layout="constrained")[1]
        return made
    if not hasattr(ax, "set_yticks") or isinstance(ax, type):
        raise InputError("ax is the axes of a matplotlib figure, such as those of plt.subplots().")
    return ax


def require_matplotlib() -> None:
    """Say what to install where matplotlib is not.

    Raises
    ------
    InputError
    """
    try:
        import matplotlib  # noqa: F401  # only whether it is there
    except ImportError:
        raise InputError("A plot needs matplotlib: install casemgmt[plot].") from None


def size_of(found: Findings, which: str) -> tuple[float, float]:
    """Width and height in inches; a figure with a line a practice grows with them."""
    width, height = SIZES[which]
    table = {"at_cut": found.at_cut, "rules": found.rules}.get(which)
    if table is not None:
        height = min(1.3 + (0.2 if which == "at_cut" else 0.45) * table.num_rows, 20.0)
    return width, height


def _calibration(found: Findings, ax: Any) -> None:
    if found.calibration is None:
        return
    curve, tenths = (_columns(each) for each in (found.calibration.curve, found.calibration.tenths))
    most = min(1.05 * max(curve["risk"][-1], tenths["high"][-1]), 1.02)
    ax.plot([0, 1], [0, 1], color=DARK, linestyle=":", linewidth=1, label="right")
    ax.fill_between(
        curve["risk"], curve["low"], curve["high"], facecolor=FAINT, edgecolor=MAIN, alpha=0.6, linewidth=0.8
    )
    ax.plot(curve["risk"], curve["observed"], color=MAIN, linewidth=1.8, label="smoothed, with 95% interval")
    ends = [
        [share - low for share, low in zip(tenths["observed"], tenths["low"], strict=True)],
        [high - share for share, high in zip(tenths["observed"], tenths["high"], strict=True)],
    ]
    style = {"fmt": "o", "color": DARK, "markersize": 4, "linewidth": 1, "label": "tenths of the people"}
    ax.errorbar(tenths["risk"], tenths["observed"], yerr=ends, **style)
    ax.set(xlim=(0, most), ylim=(0, most), xlabel="risk stated", ylabel="share who had the outcome")
    ax.set_aspect("equal")
    ax.legend(frameon=False, loc="upper left", fontsize=9)


def _at_cut(found: Findings, ax: Any) -> None:
    if found.at_cut is None:
        return
    rows = [row for row in found.at_cut.to_pylist() if row["ppv"] is not None]
    overall = [row for row in rows if row["practice_id"] == ALL]
    practices = sorted((row for row in rows if row["practice_id"] != ALL), key=lambda row: (row["ppv"], row["inside"]))
    _dots(ax, practices, [row["practice_id"] for row in practices], 7 if len(practices) > 12 else 9)
    for row in overall:
        ax.axvspan(row["ppv_low"], row["ppv_high"], facecolor=FAINT, edgecolor=DARK, alpha=0.6, linewidth=0.8, zorder=0)
        ax.axvline(row["ppv"], color=DARK, linestyle=":", linewidth=1, label="all practices, with 95% interval")
        ax.legend(frameon=False, loc="lower right", fontsize=9)
    ax.set_xlabel("share of those inside the cut who had the outcome (95% interval)")


def _rules(found: Findings, ax: Any) -> None:
    if found.rules is None:
        return
    rows = [row for row in found.rules.to_pylist() if row["ppv"] is not None][::-1]
    _dots(ax, rows, [fill(row["words"], LABEL_WIDTH) for row in rows], 9)
    ax.set_xlim(left=0)
    ax.set_xlabel("share of those inside who had the outcome (95% interval)")


def _dots(ax: Any, rows: list[dict[str, Any]], labels: list[str], size: int) -> None:
    """A dot with its interval for each row, from the bottom."""
    shares = [row["ppv"] for row in rows]
    ends = [
        [row["ppv"] - (row["ppv_low"] or 0.0) for row in rows],
        [(row["ppv_high"] or 1.0) - row["ppv"] for row in rows],
    ]
    ax.errorbar(shares, range(len(rows)), xerr=ends, fmt="o", color=MAIN, ecolor=DARK, markersize=4, linewidth=1)
    ax.set_yticks(range(len(rows)), labels if len(rows) <= MOST_LABELS else [""] * len(rows), fontsize=size)
    ax.set_ylim(-0.7, len(rows) - 0.3)


def _funnel(found: Findings, ax: Any) -> None:
    if found.funnel is None:
        return
    rows = [row for row in found.funnel.to_pylist() if row["ratio"] is not None]
    if not rows:
        return
    least, most = min(row["expected"] for row in rows), max(row["expected"] for row in rows)
    low, high = max(least * 0.8, 0.5), most * 1.08
    grid = [low * (high / low) ** (i / 150) for i in range(151)]
    for (name, tail), style in zip(LIMITS.items(), ("--", "-"), strict=True):
        edges = [limits(at, tail) for at in grid]
        words = f"{name.replace('_', '.')}% limits"
        for side in (0, 1):
            ax.plot(
                grid, [edge[side] for edge in edges], style, color=DARK, linewidth=0.8, label=words if side else None
            )
    ax.axhline(1, color=DARK, linestyle=":", linewidth=1)
    outside = [row for row in rows if row["position"] != "within"]
    inside = [row for row in rows if row["position"] == "within"]
    for some, colour, marker, words in (
        (inside, MAIN, "o", "practice within the limits"),
        (outside, OUT, "D", "practice outside the 95% limits"),
    ):
        if some:
            at = [[row[name] for row in some] for name in ("expected", "ratio")]
            ax.plot(*at, marker, color=colour, markersize=5, linestyle="none", label=words)
    for row in sorted(outside, key=lambda row: -abs(row["ratio"] - 1))[:MOST_NAMED]:
        place = {"xytext": (5, 3), "textcoords": "offset points", "fontsize": 7}
        ax.annotate(row["practice_id"], (row["expected"], row["ratio"]), **place)
    ratios = [row["ratio"] for row in rows]
    ends = [limits(least, LIMITS["99_8"]), (min(ratios), max(ratios))]
    ax.set_ylim(max(0, min(end[0] for end in ends) - 0.05), max(end[1] for end in ends) + 0.08)
    ax.set_xlim(low, high)
    ax.set_xlabel("outcomes expected")
    ax.set_ylabel("outcomes that happened for each one expected")
    ax.legend(frameon=False, fontsize=8, loc="upper right")


def _columns(table: pa.Table) -> dict[str, list[Any]]:
    return {name: table.column(name).to_pylist() for name in table.column_names}


_DRAWN: dict[str, Callable[[Findings, Any], None]] = {
    "calibration": _calibration,
    "at_cut": _at_cut,
    "rules": _rules,
    "funnel": _funnel,
}
_WHY_NOT = {
    "calibration": "There is no calibration to draw: the score ranks and states no risk.",
    "at_cut": "There is no cut to draw: give evaluate a scheme.",
    "rules": "There are no simple rules to draw: give evaluate a scheme, and a register with age or admissions.",
    "funnel": "There is no funnel to draw: the score states no risk, and expects nothing.",
}
