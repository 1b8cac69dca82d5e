"""A model whose risks are fitted anew: what ``Model.recalibrate`` does."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from casemgmt.arrow import array_of, texts
from casemgmt.errors import InputError, not_one_of, plural
from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.inputs import LARGEST_EDGE, MILLION, ModelInput
from casemgmt.risk.link import risk
from casemgmt.risk.recalibrating.curves import Counted, Steps, counted, line, log_odds, steps
from casemgmt.risk.recalibrating.people import People, people_of
from casemgmt.risk.recalibrating.rebuilding import in_millionths, multiplied, shifted, times, with_own_files
from casemgmt.risk.recalibrating.record import Recalibration
from casemgmt.risk.scoring import points_of, sums_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register

    Floats = npt.NDArray[np.float64]

M = TypeVar("M", bound=AdditiveModel)
_NAMED = "-recalibrated"
METHODS = ("intercept", "slope", "isotonic")
LEAST_IN_A_CELL = 8  # no step is learned from fewer people


class _Set(NamedTuple, Generic[M]):
    """A model set right, and how."""

    model: M
    method: str
    power: Floats  # what each distinct sum should score, before amounts are rounded
    intercept: float | None = None
    slope: float | None = None
    cells: int | None = None


def recalibrated(model: M, register: Register, outcome: object, method: str, horizon_days: int | None) -> M:
    """A model with risks fitted to what happened; see :meth:`casemgmt.risk.model.Model.recalibrate`."""
    if method not in METHODS:
        raise not_one_of("method", METHODS)
    _refuse_link(model, method)
    horizon = model.horizon_days if horizon_days is None else horizon_days
    if horizon is None:
        raise InputError(
            f"The model '{model.name}' states no horizon, and a risk is a risk within a stated time. Say within how "
            "many days the outcome was counted: horizon_days=365."
        )
    people = people_of(model, register, outcome)
    at = counted(people.sums, people.had)
    found = _stepped(model, at) if method == "isotonic" else _straight(model, at, slope=method == "slope")
    said = _said(register, people, method)
    made = replace(
        found.model,
        name=f"{model.name.removesuffix(_NAMED)}{_NAMED}",
        source=f"{model.source}; {said}",
        population=f"{model.population}; {said}",
        horizon_days=horizon,
        calibrated_in=people.with_people,
    )
    done = with_own_files(made)
    return replace(done, recalibration=_record(model, done, found, at, people, register))


def _refuse_link(model: AdditiveModel, method: str) -> None:
    if method == "isotonic":
        return
    if model.link == "survival":
        raise InputError(
            f"The model '{model.name}' has a survival link: {method} is a line on the log-odds, which it has none of. "
            "Use method='isotonic', which needs the score's order alone."
        )
    if method == "intercept" and model.link == "points":
        raise InputError(
            f"The model '{model.name}' gives points, and a point is no unit of log-odds. Use method='slope', which "
            "finds what a point is worth, or method='isotonic'."
        )


def _straight(model: M, at: Counted, *, slope: bool) -> _Set[M]:
    """Every log-odds moved by the intercept, and with a slope multiplied by it too."""
    power = points_of(model, at.sums)
    intercept, per_point = (round(number, 9) for number in line(power, at, slope=slope))
    if per_point <= 0:
        raise InputError(
            f"The outcome falls as the score of '{model.name}' rises (slope {per_point:.3f}): no line makes risks of "
            "it. Is the outcome the one that the model is of?"
        )
    if not slope:
        move = round(Fraction(intercept) * MILLION * model.divide_by)
        floor = None if model.floor is None else model.floor + move
        bands = shifted(model.bands, move) if model.divide_by == 1 else ()
        made = replace(model, intercept=model.intercept + move, floor=floor, bands=bands)
        return _Set(made, "intercept", intercept + power, intercept, 1.0)
    factor = Fraction(per_point) / model.divide_by
    move = in_millionths(intercept)
    made = replace(
        model,
        inputs=multiplied(model, factor),
        intercept=times(model.intercept, factor) + move,
        floor=None if model.floor is None else times(model.floor, factor) + move,
        divide_by=1,
        bands=(),
        link="logistic",
    )
    return _Set(made, "slope", intercept + per_point * power, intercept, per_point)


def _stepped(model: M, at: Counted) -> _Set[M]:
    """A model of one input: the old model's score, in rising steps."""
    import numpy as np

    found = _separable(model, steps(at, LEAST_IN_A_CELL))
    if len(found.people) < 2:
        raise InputError(
            f"The outcome does not rise with the score of '{model.name}': one step fits best, and it tells nobody "
            "apart. Is the outcome the one that the model is of?"
        )
    odds = log_odds(found.events, found.people)
    name = f"score of {model.name}"
    one = ModelInput(
        name=name,
        label=f"Score of {model.title}",
        kind="score",
        missing="no score",
        table=tuple(in_millionths(value) for value in odds.tolist()),
        edges=tuple(_edges(model, found)),
        closed="left",
        model="./score",
        scale=model.divide_by,
    )
    made = replace(
        model,
        inputs=(one,),
        nested={name: model},
        link="logistic",
        intercept=0,
        floor=None,
        divide_by=1,
        bands=(),
        baseline_survival=None,
        centre=None,
    )
    power = odds[np.searchsorted(found.lowest, at.sums, side="right") - 1]
    return _Set(made, "isotonic", power, cells=len(found.people))


def _edge(model: AdditiveModel, under: int, over: int) -> int | None:
    """An edge between two sums, in whole millionths of a point, midway where it can be; None: there is none."""
    scale = model.divide_by
    middle = -(-(under + over) // (2 * scale))
    return next((edge for edge in (middle, over // scale) if under < edge * scale <= over), None)


def _edges(model: AdditiveModel, found: Steps) -> list[int]:
    pairs = zip(found.highest[:-1].tolist(), found.lowest[1:].tolist(), strict=True)
    return [edge for under, over in pairs if (edge := _edge(model, under, over)) is not None]


def _separable(model: AdditiveModel, found: Steps) -> Steps:
    """The steps, those joined between which no edge can be written."""
    import numpy as np

    rows: list[list[int]] = []
    for people, events, lowest, highest in zip(*(column.tolist() for column in found), strict=True):
        if rows and (_edge(model, rows[-1][3], lowest) is None or abs(lowest) > LARGEST_EDGE * model.divide_by):
            rows[-1] = [rows[-1][0] + people, rows[-1][1] + events, rows[-1][2], highest]
        else:
            rows.append([people, events, lowest, highest])
    return Steps(*np.array(rows, dtype=np.int64).T)


def _said(register: Register, people: People, method: str) -> str:
    how = {"intercept": "intercept", "slope": "intercept and slope", "isotonic": "rising steps"}[method]
    practices = plural(len(people.with_people), "practice")
    synthetic = " (made-up people)" if register.synthetic else ""
    return (
        f"recalibrated ({how}) on {plural(len(people.had), 'person', 'people')} of {practices}{synthetic} on the list "
        f"on {register.as_of.isoformat()}, of whom {people.events:,} had the outcome"
    )


def _record(before: M, after: M, found: _Set[M], at: Counted, people: People, register: Register) -> Recalibration:
    """What was done and how far off the model was; each person's new score is held against the line or step."""
    import numpy as np

    sums = sums_of(after, register)[people.rows]
    wanted = found.power[np.searchsorted(at.sums, people.sums)]
    old = None if before.link == "points" else _expected(before, people.sums, people)
    return Recalibration(
        method=found.method,
        people=len(people.had),
        outcomes=people.events,
        practices=len(people.with_people),
        as_of=register.as_of,
        intercept=found.intercept,
        slope=found.slope,
        cells=found.cells,
        largest_rounding=float(np.abs(points_of(after, sums) - wanted).max()),
        expected=None if old is None else float(old.sum()),
        by_practice=_by_practice(people, old, _expected(after, sums, people)),
        set_aside=people.set_aside,
    )


def _expected(model: AdditiveModel, sums: npt.NDArray[np.int64], people: People) -> Floats:
    """How many outcomes the risks state for each practice; added in an order that is not the rows'."""
    import numpy as np

    distinct, places = np.unique(sums, return_inverse=True)
    pairs, counts = np.unique(people.practice * len(distinct) + places, return_counts=True)
    risks = risk(model, points_of(model, distinct))[pairs % len(distinct)]
    by_practice = np.bincount(pairs // len(distinct), weights=counts * risks, minlength=len(people.practices))
    return by_practice.astype(np.float64)


def _by_practice(people: People, before: Floats | None, after: Floats) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    count = np.bincount(people.practice, minlength=len(people.practices))
    observed = np.bincount(people.practice[people.had], minlength=len(people.practices))
    there = np.flatnonzero(count)

    def column(values: Floats | None) -> pa.Array:
        return pa.nulls(len(there), pa.float64()) if values is None else array_of(values[there], pa.float64())

    def ratio(expected: Floats | None) -> Floats | None:
        if expected is None:
            return None
        return np.asarray(np.divide(observed, expected, out=np.full(len(expected), np.nan), where=expected > 0))

    ratios = [column(ratio(expected)) for expected in (before, after)]
    return pa.table(
        {
            "practice_id": texts(people.practices[place] for place in there.tolist()),
            "people": array_of(count[there], pa.int64()),
            "observed": array_of(observed[there], pa.int64()),
            "expected_before": column(before),
            "expected_after": column(after),
            "ratio_before": ratios[0],
            "ratio_after": ratios[1],
        }
    )
