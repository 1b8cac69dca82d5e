"""Intervals by the bootstrap: the people judged are drawn again within each practice, inside and outside the cut apart.

The list of a practice keeps its number of places in every replicate, as it does whoever its patients are, and the
ranking stays: what is drawn is who, at each place of it, had the outcome. Reference: Efron B, Tibshirani RJ. An
introduction to the bootstrap. 1993, chapters 8 and 13.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.threads import default_workers, on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Counts = npt.NDArray[np.int64]

INTERVAL = (0.025, 0.975)
# Replicates that one thread works on before progress is told.
_AT_ONCE = 25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    """People in the order of a score, for :func:`replicates_of`.

    Attributes
    ----------
    starts : int64, strata + 1: where each stratum begins among the people in the order of the strata
    rank_of : int32, one a person in that order: the place in the ranking, 0 the highest
    order : int64, one a place: the person, as numbered by whoever made this
    outcome, is_end : uint8, one a place: whether it happened; whether the next has another score
    """

    starts: npt.NDArray[np.int64]
    rank_of: npt.NDArray[np.int32]
    order: npt.NDArray[np.int64]
    outcome: npt.NDArray[np.uint8]
    is_end: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replicates:
    """What each replicate came to: float64, one a replicate; and int32 (replicates, cells) how many of each cell."""

    auroc: Floats
    average_precision: Floats
    brier: Floats
    cells: npt.NDArray[np.int32]


def ranking_of(score: Floats, outcome: Flags, stratum: Counts) -> Ranking:
    """People ranked by a score, in strata.

    Parameters
    ----------
    score : float64, one a person; NaN ranks last, as one group
    outcome : bool, one a person
    stratum : int64, from 0, one a person
    """
    import numpy as np

    down = np.where(np.isnan(score), np.inf, -score)
    order = np.lexsort((outcome, stratum, down))
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    by_stratum = np.argsort(stratum, kind="stable")
    ranked = down[order]
    return Ranking(
        starts=_starts(stratum),
        rank_of=place[by_stratum],
        order=order,
        outcome=outcome[order].astype(np.uint8),
        is_end=np.append(ranked[1:] != ranked[:-1], True).astype(np.uint8),
    )


def replicates_of(
    ranking: Ranking,
    *,
    replicates: int,
    seed: int,
    cell: Counts | None = None,
    square: Floats | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Replicates:
    """Draw the people again and again, and work out each time what the ranking comes to.

    The same seed draws the same people for any ranking of them, as long as they stand in the same order and strata: the
    figures of two rankings may be compared replicate by replicate.

    Parameters
    ----------
    cell : int64, one a person, from 0: what they are counted by; None counts everyone together
    square : float64, one a person: the squared error of their risk; None for a score without risks
    threads : how many; the result does not depend on it
    progress : called with (replicates done, replicates in all)
    """
    import numpy as np

    from casemgmt.evaluation.bootstrap_kernels import resample

    people = len(ranking.order)
    counted = np.zeros(people, dtype=np.int64) if cell is None else cell
    by_place = counted[ranking.order].astype(np.int32)
    squares = np.empty(0) if square is None else square[ranking.order]
    found = Replicates(
        auroc=np.full(replicates, np.nan),
        average_precision=np.full(replicates, np.nan),
        brier=np.full(replicates, np.nan),
        cells=np.zeros((replicates, int(counted.max(initial=0)) + 1), dtype=np.int32),
    )

    def work(span: tuple[int, int]) -> None:
        into = (found.auroc, found.average_precision, found.brier, found.cells)
        scratch = np.zeros(people, dtype=np.uint16)
        people_in = (ranking.starts, ranking.rank_of, ranking.outcome, ranking.is_end, by_place, squares)
        resample(span, np.uint64(seed), *people_in, scratch, *into)

    _in_spans(work, replicates, threads, progress)
    return found


def cells_drawn(
    cell: Counts, stratum: Counts, *, replicates: int, seed: int, threads: int | None = None
) -> npt.NDArray[np.int32]:
    """How many people of each cell each replicate draws, where nothing is ranked: int32, (replicates, cells)."""
    import numpy as np

    from casemgmt.evaluation.bootstrap_kernels import count_cells

    by_stratum = cell[np.argsort(stratum, kind="stable")].astype(np.int32)
    cells = np.zeros((replicates, int(cell.max(initial=0)) + 1), dtype=np.int32)
    starts = _starts(stratum)
    _in_spans(lambda span: count_cells(span, np.uint64(seed), starts, by_stratum, cells), replicates, threads, None)
    return cells


def _starts(stratum: Counts) -> npt.NDArray[np.int64]:
    """Where each stratum begins among people in the order of the strata, and where the last one ends."""
    import numpy as np

    return np.concatenate([[0], np.cumsum(np.bincount(stratum))]).astype(np.int64)


def _in_spans(
    work: Callable[[tuple[int, int]], None],
    replicates: int,
    threads: int | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Work on the replicates, some at a time on each thread."""
    workers = threads or default_workers()
    spans = [(low, min(low + _AT_ONCE, replicates)) for low in range(0, replicates, _AT_ONCE)]
    for done in range(0, len(spans), workers):
        on_threads(work, spans[done : done + workers], workers)
        if progress is not None:
            progress(spans[min(done + workers, len(spans)) - 1][1], replicates)


def interval(values: Floats) -> tuple[float | None, float | None]:
    """The 95% percentile interval of the replicates that have a figure; none where fewer than half have one."""
    import numpy as np

    known = values[np.isfinite(values)]
    if 2 * len(known) < len(values) or not len(known):
        return None, None
    low, high = np.quantile(known, INTERVAL)
    return float(low), float(high)
