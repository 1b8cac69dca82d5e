"""From an exact sum to a score and a risk, in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.risk.inputs import MILLION
from casemgmt.risk.link import log_of_decimal

if TYPE_CHECKING:
    from casemgmt.risk.additive import AdditiveModel
    from casemgmt.risk.export.dialects import Dialect

# Past this a risk is 0 or 1 to 300 places, and some databases refuse the exponential.
_FAR = "700e0"


def score_of(model: AdditiveModel, total: str, dialect: Dialect) -> str:
    """The score of a total: an exact decimal, or the nearest double where it is divided, or where there are none."""
    if dialect.name == "sqlite":
        return f"{total} / {MILLION * model.divide_by}.0"
    if model.divide_by == 1:
        return f"CAST({total} AS {dialect.exact})"
    return f"CAST({total} * {MILLION} AS {dialect.double}) / {MILLION * model.divide_by}e0"


def linked(model: AdditiveModel, dialect: Dialect) -> list[str]:
    """The steps from ``casemgmt_sum`` to ``casemgmt_linked``: patient_id, total, score, risk."""
    score = score_of(model, "total", dialect)
    steps = [f"casemgmt_scored AS (SELECT patient_id, total, {score} AS score FROM casemgmt_sum)"]
    if model.link == "points" or (model.link == "survival" and model.baseline_survival is None):
        nothing = f"CAST(NULL AS {dialect.double})"
        return [*steps, f"casemgmt_linked AS (SELECT patient_id, total, score, {nothing} AS risk FROM casemgmt_scored)"]
    power = f"CAST(score AS {dialect.double})"
    if model.link == "survival" and model.centre:
        power = f"{power} - ({dialect.number(model.centre / MILLION)})"
    steps.append(f"casemgmt_power AS (SELECT patient_id, total, score, {power} AS power FROM casemgmt_scored)")
    steps.append(f"casemgmt_near AS (SELECT patient_id, total, score, {_near('power')} AS power FROM casemgmt_power)")
    if model.link == "logistic":
        risk, last = "1e0 / (1e0 + EXP(-power))", "casemgmt_near"
    else:
        rate = repr(-log_of_decimal(str(model.baseline_survival)))
        rate = rate if "e" in rate else f"{rate}e0"
        steps.append(
            f"casemgmt_rate AS (SELECT patient_id, total, score, {rate} * EXP(power) AS rate FROM casemgmt_near)"
        )
        steps.append(f"casemgmt_held AS (SELECT patient_id, total, score, {_near('rate')} AS rate FROM casemgmt_rate)")
        risk, last = "1e0 - EXP(-rate)", "casemgmt_held"
    return [*steps, f"casemgmt_linked AS (SELECT patient_id, total, score, {risk} AS risk FROM {last})"]


def _near(value: str) -> str:
    return f"CASE WHEN {value} < -{_FAR} THEN -{_FAR} WHEN {value} > {_FAR} THEN {_FAR} ELSE {value} END"
