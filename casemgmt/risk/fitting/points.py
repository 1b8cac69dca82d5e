"""Whole points that a person can add up: at most ten rows, from -5 to 10 each, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from casemgmt.risk.fitting.bands import bands_of
from casemgmt.risk.fitting.building import Wording, finished
from casemgmt.risk.fitting.cells import InputCells, model_input
from casemgmt.risk.fitting.parts import parts_of
from casemgmt.risk.inputs import MILLION

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.risk.fitting.people import People
    from casemgmt.risk.fitting.probing import Probed
    from casemgmt.risk.fitting.record import Fitting
    from casemgmt.risk.model import Model

    Codes = npt.NDArray[np.integer]
    Floats = npt.NDArray[np.float64]
    Known = npt.NDArray[np.bool_]

MOST_ROWS, LEAST_POINTS, MOST_POINTS = 10, -5, 10
MOST_PER_UNIT = 8  # points that make one unit of log-odds, at most
_STEPS, _SMALL_STEP = 20, 0.02  # of Newton's method after each new row; points are far coarser


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """A points score.

    Attributes
    ----------
    rows : numbers of the inputs that have a row
    points : by row, the points of each cell, missing included
    per_unit : so many points are one unit of log-odds
    intercept : points added to every sum before the link, a decimal
    """

    rows: tuple[int, ...]
    points: tuple[npt.NDArray[np.int64], ...]
    per_unit: int
    intercept: float

    def sums(self, codes: Codes) -> npt.NDArray[np.int64]:
        """The points of rows of cells."""
        import numpy as np

        total = np.zeros(len(codes), dtype=np.int64)
        for number, points in zip(self.rows, self.points, strict=True):
            total += points[codes[:, number]]
        return total


def points_model(
    people: People, tables: Probed, wording: Wording, needed: Sequence[str], fitting: Fitting, seed: int
) -> Model:
    """A points score with the logistic link: its tables are the points, and ``divide_by`` so many make one log-odds.

    The sum of a model file's tables is then what a person adds up by hand, but for the intercept, and the risk follows
    from it exactly. Its AUROC is that of people whose groups were left out of the choice of rows and points.
    """
    import numpy as np
    from sklearn.metrics import roc_auc_score

    from casemgmt.risk.fitting.record import settled

    out = parts_of(len(people.rows), people.groups, 5, seed) == 0
    tried = points_of(people.inputs, tables, people.codes[~out], people.had[~out], fitting.monotone)
    both = len(np.unique(people.had[out])) == 2  # all outcomes may be of one group
    auroc = float(roc_auc_score(people.had[out], tried.sums(people.codes[out]))) if both else None
    found = points_of(people.inputs, tables, people.codes, people.had, fitting.monotone)
    inputs = []
    for number, points in zip(found.rows, found.points, strict=True):
        cells = people.inputs[number]
        amounts = [int(each) * MILLION for each in points]
        average = round(float(np.average(points[: len(cells.people)], weights=np.maximum(cells.people, 1)))) * MILLION
        missing = None if cells.name in needed else amounts[-1] if cells.learns_missing else average
        other = amounts[len(cells.people) - 1] if cells.has_other else average if cells.other_scores else None
        inputs.append(model_input(cells, amounts[: len(cells.people)], missing=missing, other=other))
    log_odds = (found.sums(people.codes) + found.intercept) / found.per_unit
    return finished(
        wording,
        intercept=round(found.intercept * MILLION),
        divide_by=found.per_unit,
        inputs=tuple(inputs),
        fitting=replace(
            fitting,
            auroc_points=auroc,
            inputs={each.name: fitting.inputs[each.name] for each in inputs},
            discrepancy=settled(float(np.abs(log_odds - tables.sums(people.codes)).max())),
        ),
    )


def points_of(
    inputs: Sequence[InputCells], tables: Probed, codes: Codes, had: Known, signs: Mapping[str, int]
) -> Points:
    """The rows, one after the other by how much of what is left over they explain; then points, and how many a unit.

    Inputs that ``signs`` names have points that only rise (1), or only fall (-1), from cell to cell.
    """
    import numpy as np

    bands = [bands_of(cells, amounts) for cells, amounts in zip(inputs, tables.amounts, strict=True)]
    banded = np.column_stack([own[codes[:, number]] for number, own in enumerate(bands)])
    counts = [int(own.max()) + 1 for own in bands]
    chosen: list[int] = []
    weights: list[Floats] = []
    level = float(np.log(had.mean() / (1 - had.mean())))
    log_odds = np.full(len(codes), level)
    while len(chosen) < min(MOST_ROWS, len(inputs)):
        risk = 1 / (1 + np.exp(-log_odds))
        gains = [
            -1.0 if number in chosen else _left_over(banded[:, number], counts[number], had - risk, risk * (1 - risk))
            for number in range(len(inputs))
        ]
        chosen.append(int(np.argmax(gains)))
        weights.append(np.zeros(counts[chosen[-1]]))
        level, weights, log_odds = _refitted(banded, chosen, counts, had, level, weights)
    for place, number in enumerate(chosen):
        if sign := signs.get(inputs[number].name):
            weights[place] = _one_way(bands[number], weights[place], banded[:, number], sign)
    per_unit, points = _whole(banded, chosen, counts, had, weights, level)
    own = [np.array([*each])[bands[number]] for number, each in zip(chosen, points, strict=True)]
    sums = sum(each[codes[:, number]] for number, each in zip(chosen, own, strict=True))
    intercept = _level(np.asarray(sums) / per_unit, had) * per_unit
    return Points(rows=tuple(chosen), points=tuple(own), per_unit=per_unit, intercept=round(intercept, 3))


def _left_over(band: Codes, count: int, residual: Floats, information: Floats) -> float:
    """Rao's score statistic of a row's bands: how far the outcomes in them are from what is expected so far."""
    import numpy as np

    off = np.bincount(band, residual, count)
    return float((off**2 / np.maximum(np.bincount(band, information, count), 1e-9)).sum())


def _refitted(
    banded: Codes, chosen: list[int], counts: list[int], had: Known, level: float, weights: list[Floats]
) -> tuple[float, list[Floats], Floats]:
    """Log-odds of each band, by Newton's method; the first band of a row adds nothing."""
    import numpy as np

    columns = [(number, band) for number in chosen for band in range(1, counts[number])]
    design = np.column_stack([np.ones(len(had)), *((banded[:, n] == band) for n, band in columns)]).astype(np.float32)
    found = np.concatenate([[level], *(each[1:] for each in weights)])
    ridge = np.diag([0.0, *(1.0 for _ in columns)])
    for _ in range(_STEPS):
        risk = 1 / (1 + np.exp(-(design @ found.astype(np.float32)).astype(np.float64)))
        slope = design.T @ (had - risk) - ridge @ found
        curve = design.T @ (design * (risk * (1 - risk))[:, None].astype(np.float32)) + ridge
        # Where an outcome is rare, a whole step from "nothing is known" overshoots.
        step = np.clip(np.linalg.solve(curve.astype(np.float64), slope), -1.0, 1.0)
        found = found + step
        if np.abs(step).max() < _SMALL_STEP:
            break
    split = np.split(found[1:], np.cumsum([counts[number] - 1 for number in chosen])[:-1])
    return float(found[0]), [np.concatenate([[0.0], each]) for each in split], design @ found


def _one_way(bands: Codes, weights: Floats, banded: Codes, sign: int) -> Floats:
    """A row's weights that only rise or only fall along its cells: neighbours out of order share their average.

    The tables have their order already, but weights found for few rows together need not keep it.
    """
    import numpy as np
    from sklearn.isotonic import isotonic_regression

    along = np.argsort([int(np.argmax(bands[:-1] == band)) for band in range(len(weights))])
    people = np.bincount(banded, minlength=len(weights))
    found = np.empty(len(weights))
    found[along] = isotonic_regression(
        weights[along], sample_weight=np.maximum(people[along], 1e-9), increasing=sign > 0
    )
    return np.asarray(found - found[0])


def _whole(
    banded: Codes, chosen: list[int], counts: list[int], had: Known, weights: list[Floats], level: float
) -> tuple[int, list[npt.NDArray[np.int64]]]:
    """Whole points, and how many make one unit of log-odds: those under which the outcomes are likeliest."""
    import numpy as np

    best: tuple[float, int, list[npt.NDArray[np.int64]]] | None = None
    for per_unit in range(1, MOST_PER_UNIT + 1):
        points = [np.clip(np.rint(per_unit * each), LEAST_POINTS, MOST_POINTS).astype(np.int64) for each in weights]
        sums = sum(each[banded[:, number]] for number, each in zip(chosen, points, strict=True))
        log_odds = np.asarray(sums) / per_unit
        log_odds = log_odds + _level(log_odds, had)
        loss = float(np.logaddexp(0, np.where(had, -log_odds, log_odds)).mean())
        if best is None or loss < best[0] - 1e-6:
            best = loss, per_unit, points
    assert best is not None  # noqa: S101  # one was tried
    return best[1], best[2]


def _level(log_odds: Floats, had: Known) -> float:
    """What must be added to all log-odds so that as many are expected to have the outcome as had it."""
    import numpy as np

    level = float(np.log(had.mean() / (1 - had.mean())) - log_odds.mean())
    for _ in range(25):
        risk = 1 / (1 + np.exp(-(log_odds + level)))
        step = (had.mean() - risk.mean()) / max((risk * (1 - risk)).mean(), 1e-9)
        level += float(np.clip(step, -2, 2))
        if abs(step) < 1e-10:
            break
    return level
