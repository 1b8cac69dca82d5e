"""Calibration against statsmodels, and against distortions that are known."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from statsmodels.stats.proportion import proportion_confint

from casemgmt.evaluation.calibration import KNOTS, calibration_of, spline_columns, wilson
from casemgmt.evaluation.logistic import logistic


def sample(seed: int, count: int = 4000, *, slope: float = 1.0, shift: float = 0.0):
    random = np.random.default_rng(seed)
    log_odds = random.normal(-1.5, 1.2, count)
    outcome = random.random(count) < 1 / (1 + np.exp(-(slope * log_odds + shift)))
    return 1 / (1 + np.exp(-log_odds)), outcome, log_odds


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.6, 0.4), (1.5, -1.0)])
def test_intercept_and_slope_are_those_of_statsmodels(slope, shift):
    risk, outcome, log_odds = sample(1, slope=slope, shift=shift)
    found = calibration_of(risk, outcome)
    line = sm.Logit(outcome.astype(float), sm.add_constant(log_odds)).fit(disp=0, tol=1e-12)
    large = sm.GLM(outcome.astype(float), np.ones(len(risk)), family=sm.families.Binomial(), offset=log_odds).fit()
    assert found.intercept == pytest.approx((line.params[0], *line.conf_int()[0]), abs=1e-6)
    assert found.slope == pytest.approx((line.params[1], *line.conf_int()[1]), abs=1e-6)
    assert found.in_the_large == pytest.approx((large.params[0], *large.conf_int()[0]), abs=1e-6)
    assert found.observed_to_expected == pytest.approx(outcome.sum() / risk.sum())


@pytest.mark.parametrize("count", [4000, 900, 150])
def test_the_curve_is_a_spline_regression_of_statsmodels(count):
    risk, outcome, log_odds = sample(2, count, slope=0.7)
    found = calibration_of(risk, outcome)
    fewer = min(outcome.sum(), (~outcome).sum())
    knots = np.quantile(log_odds, next(at for least, at in KNOTS.items() if fewer >= least))
    fitted = sm.Logit(outcome.astype(float), spline_columns(log_odds, knots)).fit(disp=0, tol=1e-12, maxiter=100)
    smooth = fitted.predict(spline_columns(log_odds, knots))
    assert found.ici == pytest.approx(np.abs(smooth - risk).mean(), abs=1e-6)
    assert found.e90 == pytest.approx(np.quantile(np.abs(smooth - risk), 0.9), abs=1e-6)
    at = np.log(found.curve["risk"].to_numpy() / (1 - found.curve["risk"].to_numpy()))
    shown = fitted.get_prediction(spline_columns(at, knots))
    assert found.curve["observed"].to_numpy() == pytest.approx(shown.predicted, abs=1e-6)
    columns = spline_columns(at, knots)
    width = 1.96 * np.sqrt(np.einsum("ij,jk,ik->i", columns, fitted.cov_params(), columns))
    low = 1 / (1 + np.exp(-(columns @ fitted.params - width)))
    assert found.curve["low"].to_numpy() == pytest.approx(low, abs=1e-5)


def test_a_known_distortion_is_measured():
    risk, outcome, log_odds = sample(3, 200_000, slope=0.6, shift=0.5)
    found = calibration_of(risk, outcome)
    true = 1 / (1 + np.exp(-(0.6 * log_odds + 0.5)))
    assert found.ici == pytest.approx(np.abs(true - risk).mean(), abs=0.003)
    assert found.slope[1] < 0.6 < found.slope[2]


def test_risks_that_are_right_are_said_to_be():
    found = calibration_of(*sample(4, 200_000)[:2])
    assert found.ici < 0.004
    assert found.slope[1] < 1 < found.slope[2]
    assert found.in_the_large[1] < 0 < found.in_the_large[2]


def test_a_bend_that_no_line_follows_is_seen_by_the_curve():
    random = np.random.default_rng(5)
    risk = random.uniform(0.02, 0.98, 100_000)
    true = np.where(risk < 0.5, risk / 2, 1 - (1 - risk) / 2)
    true = 0.5 + np.sin((risk - 0.5) * 3) / 2.2
    found = calibration_of(risk, random.random(len(risk)) < true)
    assert found.ici == pytest.approx(np.abs(true - risk).mean(), abs=0.006)


def test_where_all_risks_are_the_same_there_is_no_slope():
    outcome = np.arange(200) < 40
    found = calibration_of(np.full(200, 0.1), outcome)
    assert found.slope is None
    assert found.intercept is None
    assert found.ici == pytest.approx(0.1)
    assert found.curve.num_rows == 1
    assert found.tenths.num_rows == 1


def test_risks_of_nought_and_one_are_counted_and_do_not_break_it():
    risk, outcome, _ = sample(6)
    risk[:3], risk[3:5] = 0.0, 1.0
    found = calibration_of(risk, outcome)
    assert found.at_the_ends == 5
    assert np.isfinite(found.ici)


def test_tenths_hold_everyone_once_and_their_intervals_are_wilsons():
    risk, outcome, _ = sample(7)
    risk = np.round(risk, 1)
    found = calibration_of(risk, outcome).tenths
    assert sum(found["people"].to_pylist()) == len(risk)
    people = found["people"].to_numpy()
    events = np.round(found["observed"].to_numpy() * people)
    low, high = proportion_confint(events, people, method="wilson")
    assert found["low"].to_numpy() == pytest.approx(low)
    assert found["high"].to_numpy() == pytest.approx(high)
    assert events.sum() == outcome.sum()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 200))
def test_any_sample_with_both_outcomes_has_a_curve(seed, count):
    random = np.random.default_rng(seed)
    risk = np.round(random.random(count), random.integers(0, 4))
    outcome = random.random(count) < 0.3
    outcome[:2] = True, False
    found = calibration_of(risk, outcome)
    observed = found.curve["observed"].to_numpy()
    assert ((observed >= 0) & (observed <= 1)).all()
    assert 0 <= found.ici <= found.emax <= 1


def test_people_told_apart_perfectly_have_no_slope_that_settles_at_a_small_one():
    risk = np.linspace(0.01, 0.99, 400)
    found = calibration_of(risk, risk > 0.5)
    assert found.slope is None or found.slope[0] > 50


def test_a_regression_without_a_solution_is_none():
    columns = np.column_stack([np.ones(50), np.ones(50)])
    assert logistic(columns, np.arange(50) < 9) is None


def test_shares_of_none_and_all_have_intervals():
    low, high = wilson(np.array([0.0, 10.0]), np.array([10.0, 10.0]))
    assert low[0] == 0
    assert 0 < high[0] < 1
    assert high[1] == pytest.approx(1)


def test_an_interval_of_none_or_all_ends_exactly_there_so_that_it_can_be_drawn():
    people = np.arange(1, 20_001, dtype=np.float64)
    assert (wilson(np.zeros_like(people), people)[0] == 0).all()
    assert (wilson(people, people)[1] == 1).all()
