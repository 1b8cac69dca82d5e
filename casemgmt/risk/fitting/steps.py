"""Where an estimator's log-odds step along one number, and a few cells for an input along which they never rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.risk.fitting.cells import edge_between

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_LEVEL = 1e-10  # a smaller change is the last bits of a float
_HALVINGS = 60
_MOST_ASKED = 50_000


def number_cells(
    name: str, distinct: Floats, alone: Callable[[str, Sequence[Any]], Floats], most: int
) -> tuple[tuple[int, ...], list[float], bool, str]:
    """Edges between an input's cells in millionths, a value of each cell, whether cells differ inside, and what to say.

    Parameters
    ----------
    distinct : the values that rows have, rising
    alone : the log-odds with that input at given values and all others held, (rows at which they are held, values)
    most : cells
    """
    import numpy as np

    asked = distinct
    if (
        len(distinct) > _MOST_ASKED
    ):  # every so many of them; a step between two that were not asked is found between these
        asked = distinct[np.unique(np.linspace(0, len(distinct) - 1, _MOST_ASKED).astype(np.int64))]
    heights = alone(name, asked.tolist())
    steps = np.flatnonzero((np.abs(np.diff(heights)) > _LEVEL).any(axis=0))
    if len(steps) < most:
        if not len(steps):  # it says nothing: one edge, and the same on both sides
            steps = np.array([0])
        return (*_edges(name, asked, heights, steps, alone),), asked[[0, *(steps + 1)]].tolist(), False, ""
    begins = np.unique(np.linspace(0, len(asked), most + 1).astype(np.int64)[:-1])
    edges = tuple(edge_between(float(asked[at - 1]), float(asked[at]), name) for at in begins[1:])
    shown, off, heights = [], 0.0, heights[0]
    for run in np.split(np.arange(len(asked)), begins[1:]):
        middle = (heights[run].min() + heights[run].max()) / 2
        shown.append(float(asked[run[np.abs(heights[run] - middle).argmin()]]))
        off = max(off, float(heights[run].max() - heights[run].min()) / 2)
    sentence = f"{name}: {len(distinct):,} values in {len(begins)} cells, within {off:.2g} of the estimator in log-odds"
    return edges, shown, True, sentence


def _edges(
    name: str,
    asked: Floats,
    heights: Floats,
    steps: npt.NDArray[np.int64],
    alone: Callable[[str, Sequence[Any]], Floats],
) -> list[int]:
    """An edge at each step, found between the two values beside it by halving, all steps at once."""
    import numpy as np

    low, high = asked[steps].copy(), asked[steps + 1].copy()
    under = heights[:, steps]
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2
        open_still = (high - low) > 1e-9
        if not open_still.any():
            break
        found = alone(name, middle.tolist())
        held = min(len(found), len(under))  # of many values fewer rows were asked about
        is_under = (np.abs(found[:held] - under[:held]) <= _LEVEL).all(axis=0)
        low, high = np.where(is_under, middle, low), np.where(is_under, high, middle)
    return [
        edge_between(float(asked[step]), float(asked[step + 1]), name, wanted=float(edge))
        for step, edge in zip(steps, high, strict=True)
    ]
