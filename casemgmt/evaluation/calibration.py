"""Whether risks are right: of people with a risk of 20%, does the outcome happen to 20 in 100?

References
----------
Cox DR. Two further applications of a model for binary regression. Biometrika 1958;45:562-565 (intercept and slope).
Austin PC, Steyerberg EW. The Integrated Calibration Index (ICI) and related metrics for quantifying the calibration of
logistic regression models. Stat Med 2019;38:4051-4065.
Harrell FE. Regression modeling strategies. 2015, section 2.4.5 (restricted cubic splines and where their knots lie).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt.arrow import column_of
from casemgmt.evaluation.logistic import NEAREST, Fitted, Z, log_odds_of, logistic, risk_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.annotations import MaybeNone

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

# Where the spline's knots lie among the log-odds, from so many people with the outcome (and without) on: three and five
# at Harrell's quantiles; seven closer together where risks are high, because the cut lies there (our decision).
KNOTS = {
    500: (0.05, 0.3, 0.6, 0.8, 0.9, 0.97, 0.995),
    100: (0.05, 0.275, 0.5, 0.725, 0.95),
    0: (0.1, 0.5, 0.9),
}
_POINTS = 41


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """How right the risks are.

    Attributes
    ----------
    in_the_large : the log-odds by which risks are too low on the whole (0: right), with its 95% interval
    slope : by how much the log-odds of the outcome rise with those of the risk (1: right; below 1: risks too extreme),
        with its 95% interval; None where all risks are the same or the fit does not settle
    intercept : of the line that has that slope; None with it
    ici, e50, e90, emax : mean, median, 90th percentile and largest difference between risk and smoothed share
    observed_to_expected : outcomes that happened for each one expected
    curve : risk, observed (smoothed share, 0 to 1), low, high (95%, pointwise)
    tenths : tenths of the people by risk: people, risk (mean), observed (share), low, high (95%, Wilson)
    at_the_ends : people whose risk is exactly 0 or 1
    """

    in_the_large: tuple[float, float, float] | None
    slope: tuple[float, float, float] | MaybeNone
    intercept: tuple[float, float, float] | None
    ici: float
    e50: float
    e90: float
    emax: float
    observed_to_expected: float | MaybeNone
    curve: pa.Table
    tenths: pa.Table
    at_the_ends: int


def calibration_of(risk: Floats, outcome: Flags) -> Calibration:
    """How right some risks are; of people some of whom had the outcome, and some had not.

    Parameters
    ----------
    risk : float64, 0 to 1, one a person
    outcome : bool, one a person
    """
    import numpy as np

    log_odds = log_odds_of(risk)
    one = np.ones((len(risk), 1))
    large = logistic(one, outcome, offset=log_odds)
    line = logistic(np.column_stack([one, log_odds]), outcome) if np.ptp(log_odds) > 0 else None
    smooth, curve = _smoothed(log_odds, outcome)
    distances = np.abs(risk - smooth)
    e50, e90 = np.quantile(distances, [0.5, 0.9])
    expected = float(risk.sum())
    return Calibration(
        in_the_large=None if large is None else large.interval(0),
        slope=None if line is None else line.interval(1),
        intercept=None if line is None else line.interval(0),
        ici=float(distances.mean()),
        e50=float(e50),
        e90=float(e90),
        emax=float(distances.max()),
        observed_to_expected=int(outcome.sum()) / expected if expected >= NEAREST else None,
        curve=curve,
        tenths=_tenths(risk, outcome),
        at_the_ends=int(np.count_nonzero((risk <= 0) | (risk >= 1))),
    )


def spline_columns(values: Floats, knots: Floats) -> Floats:
    """A constant, the values, and one restricted cubic spline for each knot but two (Harrell 2015, equation 2.25)."""
    import numpy as np

    def cubed(above: float) -> Floats:
        return np.maximum(values - above, 0) ** 3

    last, before = knots[-1], knots[-2]
    columns = [np.ones(len(values)), values]
    for knot in knots[:-2]:
        bent = cubed(knot) - (cubed(before) * (last - knot) - cubed(last) * (before - knot)) / (last - before)
        columns.append(bent / (last - knots[0]) ** 2)
    return np.column_stack(columns)


def _smoothed(log_odds: Floats, outcome: Flags) -> tuple[Floats, pa.Table]:
    """Each person's smoothed share, and the curve: a logistic regression on a restricted cubic spline of the log-odds.

    Where the values, or the people, are too few for so many knots it has fewer, then it is a line, then one share.
    """
    import numpy as np

    low, high = float(log_odds.min()), float(log_odds.max())
    first, last = risk_of(np.array([low, high])).tolist()
    even = np.clip(log_odds_of(np.linspace(first, last, _POINTS)), low, high)
    points = np.unique([*np.quantile(log_odds, np.linspace(0, 1, 101), method="nearest"), *even])
    for knots in _knots_to_try(log_odds, outcome):
        columns, at = _bent(log_odds, knots), _bent(points, knots)
        fitted = logistic(columns, outcome)
        if fitted is not None:
            break
    else:
        columns, at = np.ones((len(log_odds), 1)), np.ones((len(points), 1))
        share = float(outcome.mean())
        covariance = np.array([[1 / (len(outcome) * share * (1 - share))]])
        fitted = Fitted(coefficients=np.log([share / (1 - share)]), covariance=covariance)
    smooth = risk_of((columns * fitted.coefficients).sum(axis=1))
    middle = (at * fitted.coefficients).sum(axis=1)
    width = Z * np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", at, fitted.covariance, at), 0))
    shown = {"risk": risk_of(points), "observed": risk_of(middle)}
    return smooth, _floats(shown | {"low": risk_of(middle - width), "high": risk_of(middle + width)})


def _knots_to_try(log_odds: Floats, outcome: Flags) -> Iterator[Floats]:
    """Knots from the most that the people bear, each at a place of its own, down to none."""
    import numpy as np

    fewer = min(int(outcome.sum()), int((~outcome).sum()))
    distinct = len(np.unique(log_odds))
    for least, quantiles in KNOTS.items():
        knots = np.unique(np.quantile(log_odds, quantiles))
        if fewer >= least and len(knots) == len(quantiles) < distinct:
            yield knots
    if distinct > 1:
        yield np.empty(0)


def _bent(values: Floats, knots: Floats) -> Floats:
    import numpy as np

    return spline_columns(values, knots) if len(knots) else np.column_stack([np.ones(len(values)), values])


def _tenths(risk: Floats, outcome: Flags) -> pa.Table:
    """Tenths of the people by risk; people of one risk stay together."""
    import numpy as np
    import pyarrow as pa

    edges = np.unique(np.quantile(risk, np.linspace(0.1, 0.9, 9), method="nearest"))
    group = np.searchsorted(edges, risk, side="left")
    sizes = np.bincount(group)
    kept = sizes > 0
    people = sizes[kept].astype(np.float64)
    events, risks = (np.asarray(np.bincount(group, weights=each)[kept], dtype=np.float64) for each in (outcome, risk))
    low, high = wilson(events, people)
    shares = _floats({"risk": risks / people, "observed": events / people, "low": low, "high": high})
    return shares.add_column(0, "people", column_of(people.astype(np.int64).tolist(), pa.int64()))


def wilson(events: Floats, people: Floats) -> tuple[Floats, Floats]:
    """The 95% interval of shares (Wilson EB. JASA 1927;22:209-212), exactly 0 below none and exactly 1 above all."""
    import numpy as np

    share, squared = events / people, Z * Z / people
    middle = (share + squared / 2) / (1 + squared)
    width = Z * np.sqrt(share * (1 - share) / people + squared / (4 * people)) / (1 + squared)
    # Both ends are 0 and 1 in theory; a last digit beside them would put the share outside its own interval.
    low = np.where(events <= 0, 0.0, np.maximum(middle - width, 0.0))
    return low, np.where(events >= people, 1.0, np.minimum(middle + width, 1.0))


def _floats(columns: dict[str, Floats]) -> pa.Table:
    import pyarrow as pa

    return pa.table({name: column_of(values.tolist(), pa.float64()) for name, values in columns.items()})
