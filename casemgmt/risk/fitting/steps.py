"""Where an estimator's log-odds step along one number, and a few cells for an input along which they never rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.risk.fitting.cells import edge_between
from casemgmt.risk.inputs import MILLION

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_LEVEL = 1e-10  # a smaller change is the last bits of a float
_HALVINGS = 60
_MOST_ASKED = 50_000


def number_cells(
    name: str, distinct: Floats, alone: Callable[[str, Sequence[Any]], Floats], most: int
) -> tuple[tuple[int, ...], list[float], float, str]:
    """Edges between an input's cells in millionths, a value of each cell, by how much cells are off, and what to say.

    Parameters
    ----------
    distinct : the values that rows have, rising
    alone : the log-odds with that input at given values and all others held, (rows at which they are held, values)
    most : cells
    """
    import numpy as np

    if len(distinct) == 1:  # what others would add nobody knows: they count as it does
        value = float(distinct[0])
        return (round(value * MILLION),), [value, value], 0.0, ""
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
        return (*_edges(name, asked, heights, steps, alone),), asked[[0, *(steps + 1)]].tolist(), 0.0, ""
    begins = np.unique(np.linspace(0, len(asked), most + 1).astype(np.int64)[:-1])
    begins = _where_edges_stand(asked, begins)
    edges = tuple(edge_between(float(asked[at - 1]), float(asked[at]), name) for at in begins[1:])
    shown, off = [], 0.0
    for run in np.split(np.arange(len(asked)), begins[1:]):
        middle = (heights[0, run].min() + heights[0, run].max()) / 2
        stands = run[np.abs(heights[0, run] - middle).argmin()]
        shown.append(float(asked[stands]))
        off = max(off, float(np.abs(heights[:, run] - heights[:, [stands]]).max()))
    sentence = f"{name}: {len(distinct):,} values in {len(begins)} cells, within {off:.2g} of the estimator in log-odds"
    # Of values that were not asked nothing is known.
    return edges, shown, off if len(asked) == len(distinct) else float("inf"), sentence


def _where_edges_stand(values: Floats, begins: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Beginnings of cells, each moved up to where a decimal of six places stands below it; 0 stays."""
    import numpy as np

    low, high = values[:-1], values[1:]
    guesses = [np.rint((low + high) / 2 * MILLION), np.rint(high * MILLION), np.rint(low * MILLION) + 1]
    parted = 1 + np.flatnonzero(np.any([(low < each / MILLION) & (each / MILLION <= high) for each in guesses], axis=0))
    if not len(parted):  # edge_between says why
        return begins
    place = np.searchsorted(parted, begins[1:])
    return np.unique([0, *parted[place[place < len(parted)]]])


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
