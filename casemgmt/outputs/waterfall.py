"""A score drawn as a waterfall: from nothing, input by input, to the sum."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.risk.model import Model

UP, DOWN, TOTAL = "#b3541e", "#1e6fb3", "#444444"


def draw_waterfall(model: Model, explained: pa.Table, ax: Any = None) -> Any:
    """Draw an explanation; bars that raise the score carry a plus, bars that lower it a minus, not colour alone.

    Parameters
    ----------
    model : the model
    explained : from ``model.explain``
    ax : matplotlib axes, by default new ones

    Returns
    -------
    matplotlib.axes.Axes
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise InputError("A plot needs matplotlib: install casemgmt[plot].") from None

    rows = [row for row in explained.to_pylist() if row["millionths"]]
    missing = [row["label"] for row in explained.to_pylist() if row["missing"]]
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 1.4 + 0.42 * (len(rows) + 1)), layout="constrained")
    left = 0.0
    for place, row in enumerate(rows):
        size = row["contribution"]
        ax.barh(place, size, left=left, color=UP if size > 0 else DOWN, height=0.62)
        ax.text(max(left, left + size), place, f"  {size:+.4g}", va="center", fontsize=9)
        left += size
    ax.barh(len(rows), left, color=TOTAL, height=0.62)
    ax.text(max(left, 0), len(rows), f"  {left:.4g}", va="center", fontsize=9, fontweight="bold")
    ax.set_yticks(range(len(rows) + 1), [*(row["words"] for row in rows), "Score"])
    ax.invert_yaxis()
    ax.margins(x=0.14)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    unit = {"points": "points", "logistic": "log-odds"}.get(model.link, "log-rate")
    note = "; demonstration only" if model.demonstration else ""
    ax.set_xlabel(unit + (f"\nnot recorded: {fill(', '.join(missing), 60)}" if missing else ""))
    ax.figure.suptitle(fill(f"{model.title}{note}", 80), fontsize=10)
    return ax
