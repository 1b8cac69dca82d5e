"""From a score to a risk.

numpy's own exponential takes a different path on different processors, and the last bit differs with it. The one here
uses only addition, subtraction, multiplication and division, which IEEE 754 fixes to the bit, so a risk is the
same bytes everywhere.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING

import numpy as np

from casemgmt.risk.inputs import MILLION

if TYPE_CHECKING:
    import numpy.typing as npt

    from casemgmt.risk.additive import AdditiveModel

    Floats = npt.NDArray[np.float64]

# ln 2 in two parts: the first has 20 zero bits at its end, so that a whole number of up to 20 bits times it is exact.
_LN2_HIGH = float.fromhex("0x1.62e42feep-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_PER_LN2 = float.fromhex("0x1.71547652b82fep+0")

# 1/n! for n = 13 down to 0: on ±ln 2 / 2 the term left out is under 5e-18 of the whole.
_FACTORIALS = (1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600, 6227020800)
_TAYLOR = tuple(1.0 / factorial for factorial in reversed(_FACTORIALS))

# Past these the result is infinite or 0 in 64 bits.
_LEAST, _MOST = -746.0, 710.0


def risk(model: AdditiveModel, score: Floats) -> Floats:
    """The risk of the model's outcome within its horizon, 0 to 1, for each score.

    Logistic: ``1 / (1 + exp(-score))``. Survival: ``1 - S0 ** exp(score - centre)``, the risk by the horizon in Cox's
    proportional-hazards model, where S0 is the survival at the horizon of someone at the centre.

    Parameters
    ----------
    model : a model; its link says which formula
    score : float64, any shape: scores in points (the sum over a million over ``divide_by``); NaN means no score

    Returns
    -------
    float64, the same shape; NaN where the score is, and everywhere for a points model, which gives no risk

    References
    ----------
    Logistic: Cox DR. The regression analysis of binary sequences. J R Stat Soc B 1958;20:215-242.
    Survival: Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220.
    """
    if model.link == "logistic":
        return np.asarray(1.0 / (1.0 + exp(-score)))
    if model.link == "survival" and model.baseline_survival is not None:
        hazard = -log_of_decimal(model.baseline_survival) * exp(score - (model.centre or 0) / MILLION)
        return np.asarray(1.0 - exp(-hazard))
    return np.full(np.shape(score), np.nan)


def log_of_decimal(text: str) -> float:
    """The natural logarithm of a decimal written as text, rounded once."""
    return float(Context(prec=40).ln(Decimal(text)))


def exp(x: Floats) -> Floats:
    """``e ** x``, within 2 units in the last place, the same bits on every processor; NaN stays NaN.

    The argument is brought within half of ln 2 of zero by a whole number of ln 2 (in two parts: Cody and Waite's
    reduction), a Taylor polynomial is taken there, and the result is scaled by the power of two.

    Parameters
    ----------
    x : float64, any shape

    Returns
    -------
    float64, the same shape; 0 under about -745 and infinite over about 709.8
    """
    known = np.clip(np.where(np.isnan(x), 0.0, x), _LEAST, _MOST)
    halvings = np.rint(known * _PER_LN2)
    rest = (known - halvings * _LN2_HIGH) - halvings * _LN2_LOW
    power = np.full_like(rest, _TAYLOR[0])
    for coefficient in _TAYLOR[1:]:
        power = power * rest + coefficient
    # Two steps, because 2**1024 and 2**-1076 are out of range where the product may still be in it.
    twos = halvings.astype(np.int64)
    first = twos // 2
    with np.errstate(over="ignore", under="ignore"):
        scaled = power * _power_of_two(first) * _power_of_two(twos - first)
    return np.where(np.isnan(x), np.nan, scaled)


def _power_of_two(exponent: npt.NDArray[np.int64]) -> Floats:
    """2 to each exponent, from -1022 to 1023, made from its bits."""
    return ((exponent + 1023) << 52).view(np.float64)
