"""The step at the cut as a plot, and its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import InputError
from casemgmt.evaluation.plot_alts import effect_words
from casemgmt.plot_words import described

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

    from casemgmt.evaluation.effect_result import EffectAtCut

BINS_A_SIDE = 20


def binned(found: EffectAtCut) -> pa.Table:
    """People within twice the bandwidth, in bins of as many each; see :meth:`EffectAtCut.binned`."""
    import numpy as np
    import pyarrow as pa

    x, y, risk = found.people.distance, found.outcome, found.people.risk
    shown = found.jump or found.expected
    reach = 2 * shown.bandwidth if shown is not None else float(np.abs(x).max())
    rows: list[tuple[str, float, int, float | None, float | None]] = []
    known = np.abs(x) <= reach
    if y is not None:
        known &= ~np.isnan(y)
    for side, which in (("outside", x < 0), ("inside", x >= 0)):
        own = np.flatnonzero(known & which)
        own = own[np.lexsort(tuple(each[own] for each in (risk, y, x) if each is not None))]
        for part in np.array_split(own, min(BINS_A_SIDE, len(own)) or 1):
            if len(part):
                happened = None if y is None else float(y[part].mean())
                stated = None if risk is None else float(risk[part].mean())
                rows.append((side, float(x[part].mean()), len(part), happened, stated))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    kinds = (pa.string(), pa.float64(), pa.int64(), pa.float64(), pa.float64())
    names = ("side", "distance", "people", "outcome", "expected")
    return pa.table({name: pa.array(v, k) for name, v, k in zip(names, columns, kinds, strict=True)})


def draw_effect(found: EffectAtCut, ax: Axes | None = None) -> Axes:
    """Draw the bins on both sides of the cut, with the limits of the two lines at it."""
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise InputError("A plot needs matplotlib: install casemgmt[plot].") from None
    if ax is not None and not (hasattr(ax, "set_yticks") and not isinstance(ax, type)):
        raise InputError("ax is the axes of a matplotlib figure, such as those of plt.subplots().")
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    what = "expected" if found.outcome is None else "outcome"
    for side, marker, colour in (("outside", "o", "#1e6fb3"), ("inside", "s", "#b3541e")):
        rows = [row for row in binned(found).to_pylist() if row["side"] == side and row[what] is not None]
        ax.scatter(
            [row["distance"] for row in rows],
            [100 * row[what] for row in rows],
            marker=marker,
            color=colour,
            label=f"{side} the cut",
        )
    if found.jump is not None:
        for limit, end in ((found.jump.left, ">"), (found.jump.right, "<")):
            ax.plot([0], [100 * limit], marker=end, color="black", markersize=9)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_title("; ".join(found.labels), fontsize=10)
    ax.set_xlabel("score less the practice's score at the cut")
    ax.set_ylabel("expected, in 100" if found.outcome is None else "had the outcome, in 100")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    limits = None if found.jump is None else (found.jump.left, found.jump.right)
    return described(ax, effect_words(binned(found).to_pylist(), what, limits, found.labels))
