"""Figures of the measures, drawn from their tables alone; matplotlib is an extra (``casemgmt[plot]``).

What is outside, or a signal, has another marker and is named: nothing is told by colour alone.
"""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

from casemgmt.aims.definitions import HOME, NO_EFFECT
from casemgmt.aims.funnels import WITHIN, share_limit
from casemgmt.aims.plot_alts import funnel_words, run_chart_words
from casemgmt.evaluation.funnel import LIMITS, limits
from casemgmt.evaluation.plots import DARK, MAIN, MOST_NAMED, OUT, axes_of
from casemgmt.plot_words import described

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

SIZE = (7.0, 5.2)
_POINTS = 120
_NAMES = {
    "emergency_admissions": "emergency admissions",
    "avoidable_admissions": "avoidable emergency admissions",
    HOME: "aged 65+ at home 91 days after discharge",
}


def draw(which: str, table: pa.Table, ax: Axes | None = None) -> Axes:
    """Draw a funnel or a run chart on ``ax``, by default new axes, and give the axes back.

    Raises
    ------
    InputError : matplotlib is not installed
    """
    ax = axes_of(ax, SIZE)
    said = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    (_funnel if which == "funnel" else _run_chart)(table, said, ax)
    ax.spines[["top", "right"]].set_visible(False)
    return described(ax, (funnel_words if which == "funnel" else run_chart_words)(table.to_pylist(), said, _NAMES))


def _funnel(table: pa.Table, said: dict[str, str], ax: Any) -> None:
    rows = table.to_pylist()
    is_share = said["measure"] == HOME
    size, value = ("known", "share") if is_share else ("list_size", "per_1000")
    overall = rows[0]["overall"]
    most = max(row[size] for row in rows)
    low = max(min(row[size] for row in rows) * 0.8, 1.0)
    grid = [low * (1.08 * most / low) ** (at / _POINTS) for at in range(_POINTS + 1)]
    for (name, tail), style in zip(LIMITS.items(), ("--", "-"), strict=True):
        for side, chance in (("lower", tail), ("upper", 1 - tail)):
            words = f"{name.replace('_', '.')}% limits" if side == "lower" else None
            ends = [_limit(at, overall, tail, chance, is_share=is_share) for at in grid]
            ax.plot(grid, ends, style, color=DARK, linewidth=0.8, label=words)
    ax.axhline(overall, color=DARK, linestyle=":", linewidth=1, label="all practices")
    outside = [row for row in rows if row["position"] != WITHIN]
    inside = [row for row in rows if row["position"] == WITHIN]
    _dots(ax, inside, size, value, ("o", MAIN, "practice within the limits"))
    _dots(ax, outside, size, value, ("D", OUT, "practice outside the 95% limits"))
    for row in sorted(outside, key=lambda row: -abs(row[value] - overall))[:MOST_NAMED]:
        ax.annotate(row["practice_id"], (row[size], row[value]), xytext=(5, 3), textcoords="offset points", fontsize=7)
    values = [row[value] for row in rows] + [
        _limit(low, overall, 0.025, chance, is_share=is_share) for chance in (0.025, 0.975)
    ]
    spare = 0.08 * (max(values) - min(values))
    ax.set_ylim(
        max(min(values) - spare, 0), min(max(values) + 2 * spare, 1.02) if is_share else max(values) + 2 * spare
    )
    ax.set_ylabel("share of discharges followed" if is_share else "per 1,000 on the list")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    _head(ax, f"{_NAMES[said['measure']]}, {said['year']}")
    _caption(ax, "discharges followed" if is_share else "people on the list", said["dispersion"])


def _limit(size: float, overall: float, tail: float, chance: float, *, is_share: bool) -> float:
    """A limit of the measure at a size."""
    if is_share:
        return share_limit(round(size), overall, chance)
    if not overall:
        return 0.0
    return limits(overall * size / 1000, tail)[chance > 0.5] * overall


def _dots(ax: Any, rows: list[dict[str, Any]], x: str, y: str, style: tuple[str, str, str]) -> None:
    if rows:
        marker, colour, words = style
        ax.plot([row[x] for row in rows], [row[y] for row in rows], marker, color=colour, markersize=5, label=words)


def _run_chart(table: pa.Table, said: dict[str, str], ax: Any) -> None:
    rows = table.to_pylist()
    days, values = [row["from"] for row in rows], [row["per_1000_a_year"] for row in rows]
    ax.plot(days, values, color=MAIN, linewidth=1, marker="o", markersize=4, label=f"each {said['period']}")
    ax.axhline(rows[0]["median"], color=DARK, linestyle=":", linewidth=1, label="median")
    for name, marker in (("shift", "s"), ("trend", "^")):
        part = [row for row in rows if name in (row["signals"] or "")]
        if part:
            place = [[row["from"] for row in part], [row["per_1000_a_year"] for row in part]]
            style = {"markersize": 9, "markerfacecolor": "none", "linestyle": "none"}
            ax.plot(*place, marker, color=OUT, label=f"part of a {name}", **style)
    low, high = min(values), max(values)
    spare = 0.1 * (high - low) or 0.1 * high or 1.0
    ax.set_ylim(max(low - spare, 0), high + spare)
    ax.set_ylabel("per 1,000 on the list and year")
    _head(ax, f"{_NAMES[said['measure']]}, {said['practice_id']}")
    expected = f"{rows[0]['runs_at_least']} to {rows[0]['runs_at_most']} by chance"
    runs = f"{rows[0]['runs']} runs" + (
        f" ({expected})" if rows[0]["runs_at_least"] is not None else ", too few points for the rules"
    )
    _caption(ax, runs, said["rules"])


def _head(ax: Any, title: str) -> None:
    """The title, and below it what the marks are, where no point can lie."""
    ax.set_title(title, fontsize=11, loc="left", pad=36)
    ax.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)


def _caption(ax: Any, axis: str, words: str) -> None:
    """What is under the figure: the axis, what it says, and what it does not."""
    ax.set_xlabel(f"{axis}\n{fill(words, 105)}\n{fill(NO_EFFECT, 105)}", fontsize=8)
