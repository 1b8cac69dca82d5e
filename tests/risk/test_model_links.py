"""From a score to a risk: the portable exponential and the two links."""

from __future__ import annotations

import math
import random
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
from model_folders import CAMBRIDGE, HEAD, INPUTS, write_model

from casemgmt.risk.files import load_model
from casemgmt.risk.link import exp, risk


@pytest.fixture
def every_kind(tmp_path: Path) -> Path:
    return write_model(tmp_path / "every-kind", HEAD + INPUTS)


def exp_arguments() -> np.ndarray:
    source = random.Random(7)
    spread = [source.uniform(-700, 700) for _ in range(4_000)] + [source.uniform(-1, 1) for _ in range(2_000)]
    steps = [k * math.log(2) / 2 + nudge for k in range(-2000, 2001, 7) for nudge in (-1e-15, 0, 1e-15)]
    return np.array([*spread, *steps, *range(-700, 701, 5), 0.0, -0.0, 1e-300])


def test_the_exponential_is_within_two_units_in_the_last_place() -> None:
    x = exp_arguments()
    with localcontext() as context:
        context.prec = 40
        for argument, result in zip(x.tolist(), exp(x).tolist(), strict=True):
            exact = Decimal(argument).exp()
            error = abs(Decimal(result) - exact)
            assert error <= exact * Decimal("1e-15")
            assert error <= 2 * Decimal(math.ulp(result))
            assert result == pytest.approx(math.exp(argument), rel=1e-15)


def test_the_exponential_ends_at_nothing_and_infinity() -> None:
    x = np.array([-np.inf, -1e308, -745.2, -745.1, 709.78, 709.79, np.inf, np.nan])
    result = exp(x)
    assert result[:3].tolist() == [0, 0, 0] and result[5:7].tolist() == [math.inf, math.inf] and math.isnan(result[7])
    assert result[3] == math.exp(-745.1) > 0
    assert result[4] == pytest.approx(math.exp(709.78), rel=1e-15)


def test_the_exponential_has_the_same_bits_one_at_a_time_and_in_any_stride() -> None:
    x = exp_arguments()
    whole = exp(x)
    assert np.array([exp(x[n : n + 1])[0] for n in range(0, len(x), 11)]).tobytes() == whole[::11].copy().tobytes()
    assert exp(x[::-3]).tobytes() == whole[::-3].copy().tobytes()
    # Frozen: a processor that differs here would give other risks.
    frozen = ["0x1.9511fc6871044p-6", "0x1.1aec7b35a00d4p+0", "0x1.be9af9dcff5f0p+17"]
    assert [result.hex() for result in exp(np.array([-3.7, 0.1, 12.34])).tolist()] == frozen


def test_each_link_is_its_formula(every_kind: Path) -> None:
    survival = load_model(every_kind)
    text = survival.text.replace("survival", "logistic", 1)
    text = text.replace('baseline_survival = "0.9712345"\n', "").replace('centre = "0.35"\n', "")
    logistic = load_model(write_model(every_kind.parent / "logistic", text))
    scores = [-800.0, -30.5, -2.1, 0.0, 0.35, 1.7, 5.0, 40.0, 800.0]
    with localcontext() as context:
        context.prec = 60
        log_s0 = Decimal("0.9712345").ln()
        for score, by_logistic, by_survival in zip(
            scores, risk(logistic, np.array(scores)), risk(survival, np.array(scores)), strict=True
        ):
            exact = Decimal(score)
            assert by_logistic == pytest.approx(float(1 / (1 + (-exact).exp())), rel=1e-14, abs=1e-300)
            hazard = -log_s0 * (exact - Decimal("0.35")).exp()
            assert by_survival == pytest.approx(float(1 - (-hazard).exp()), abs=1e-15)
    assert risk(survival, np.array([0.35]))[0] == pytest.approx(1 - 0.9712345, abs=1e-15)


def test_no_score_has_no_risk_and_points_have_none_at_all(every_kind: Path) -> None:
    score = np.array([1.0, np.nan, 2.0])
    kept = score.copy()
    assert np.isnan(risk(load_model(every_kind), score)).tolist() == [False, True, False]
    assert np.isnan(risk(load_model(CAMBRIDGE), score)).all()
    assert score.tobytes() == kept.tobytes()
    assert risk(load_model(every_kind), np.array([])).shape == (0,)
