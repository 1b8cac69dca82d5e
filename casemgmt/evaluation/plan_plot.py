"""A plan drawn: what each patient more holds, and what the list takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import InputError
from casemgmt.evaluation.plot_alts import plan_words
from casemgmt.plot_words import described
from casemgmt.scheme.shares import Share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from casemgmt.evaluation.plan_result import Plan


def draw_plan(plan: Plan, ax: Axes | None = None) -> Axes:
    """Draw the table of a plan: marginal yield on the left axis, hours a week on the right.

    Raises
    ------
    InputError
        matplotlib is not installed, or ``ax`` is no axes.
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise InputError("A plot needs matplotlib: install casemgmt[plot].") from None
    if ax is not None and not (hasattr(ax, "set_yticks") and not isinstance(ax, type)):
        raise InputError("ax is the axes of a matplotlib figure, such as those of plt.subplots().")
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    rows = plan.table.to_pylist()
    places = [float(100 * Share.read(row["share"], "at_most").fraction) for row in rows]
    yields = [float("nan") if row["marginal_yield"] is None else 100 * row["marginal_yield"] for row in rows]
    ax.plot(places, yields, marker="o", color="#b3541e", label="expected to have the outcome, of 100 more (left)")
    hours = ax.twinx()
    takes = [row["hours_a_week"] for row in rows]
    hours.plot(places, takes, marker="s", linestyle="--", color="#1e6fb3", label="hours a week (right)")
    ax.set_title("; ".join(plan.labels), fontsize=10)
    ax.set_xlabel("share of each practice's list, in 100")
    ax.set_ylabel("in 100 patients more")
    hours.set_ylabel("hours a week")
    for axes in (ax, hours):
        axes.set_ylim(bottom=0)
        axes.spines[["top"]].set_visible(False)
    lines = [*ax.get_lines(), *hours.get_lines()]
    ax.legend(lines, [line.get_label() for line in lines], frameon=False, loc="upper center")
    return described(ax, plan_words(rows, plan.labels))
