"""The step at a cut and the density beside it, against rdrobust, rddensity, statsmodels and plain twins."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from casemgmt.evaluation.density import density_check
from casemgmt.evaluation.detectable import detectable
from casemgmt.evaluation.discontinuity import jump_at_zero, neighbour_variance
from casemgmt.evaluation.effect import ratio_of_jumps

PEOPLE = 4000


def people(seed: int, count: int = PEOPLE, effect: float = 0.2):
    """Distances from the cut, and an outcome that those inside have less often."""
    random = np.random.default_rng(seed)
    x = random.normal(-0.7, 0.6, count)
    risk = 1 / (1 + np.exp(1 - x))
    return x, (random.random(count) < risk * (1 - effect * (x >= 0))).astype(float), risk


def oracle(name: str):
    """A package that is installed for comparison alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(pytest.importorskip(name), name)


@pytest.mark.parametrize("seed", range(4))
def test_with_given_bandwidths_the_step_its_correction_and_its_error_are_those_of_rdrobust(seed, capsys):
    rdrobust = oracle("rdrobust")
    x, y, _ = people(seed)
    found = jump_at_zero(x, y, bandwidth=0.5, bias_bandwidth=0.7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = rdrobust(y, x, c=0, h=0.5, b=0.7)
    coefficients, errors = known.coef.to_numpy().ravel(), known.se.to_numpy().ravel()
    assert found.estimate == pytest.approx(coefficients[0], abs=1e-12)
    assert found.corrected == pytest.approx(coefficients[2], abs=1e-12)
    assert found.standard_error == pytest.approx(errors[2], rel=1e-9)
    assert found.interval() == pytest.approx(tuple(known.ci.to_numpy()[2]), abs=1e-9)
    assert found.p_value == pytest.approx(float(known.pv.to_numpy().ravel()[2]), abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_bandwidths_of_least_error_are_those_of_rdrobust(seed):
    rdrobust = oracle("rdrobust")
    x, y, _ = people(seed)
    found = jump_at_zero(x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = rdrobust(y, x, c=0)
    (h, _), (b, _) = known.bws.to_numpy()
    assert (found.bandwidth, found.bias_bandwidth) == pytest.approx((h, b), rel=2e-3)
    assert found.interval() == pytest.approx(tuple(known.ci.to_numpy()[2]), abs=2e-3)


def test_a_fuzzy_step_is_that_of_rdrobust():
    rdrobust = oracle("rdrobust")
    random = np.random.default_rng(9)
    x = random.normal(-0.7, 0.6, PEOPLE)
    managed = (random.random(PEOPLE) < np.where(x >= 0, 0.85, 0.15)).astype(float)
    y = (random.random(PEOPLE) < 0.4 - 0.2 * managed).astype(float)
    found = ratio_of_jumps(x, y, managed, jump_at_zero(x, y, bandwidth=0.5, bias_bandwidth=0.7))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = rdrobust(y, x, c=0, fuzzy=managed, h=0.5, b=0.7)
    assert found.estimate == pytest.approx(known.coef.to_numpy().ravel()[0], abs=1e-10)
    assert found.corrected == pytest.approx(known.coef.to_numpy().ravel()[2], abs=0.01)
    assert found.standard_error == pytest.approx(known.se.to_numpy().ravel()[2], rel=0.05)


def test_the_limits_are_those_of_weighted_lines():
    x, y, _ = people(5)
    found = jump_at_zero(x, y, bandwidth=0.5)
    for side, limit in ((x < 0, found.left), (x >= 0, found.right)):
        near = side & (np.abs(x) < 0.5)
        line = sm.WLS(y[near], sm.add_constant(x[near]), weights=1 - np.abs(x[near]) / 0.5).fit()
        assert limit == pytest.approx(line.params[0], abs=1e-10)


def plain_variance(x, y, neighbours=3):
    """Each one's variance, as the sentence says it: all with the nearest values until there are so many others."""
    found = []
    for i in range(len(x)):
        distances = sorted({abs(x[j] - x[i]) for j in range(len(x)) if j != i})
        others: list[int] = []
        for distance in distances:
            others = [j for j in range(len(x)) if j != i and abs(x[j] - x[i]) <= distance]
            if len(others) >= min(neighbours, len(x) - 1):
                break
        mean = sum(y[j] for j in others) / len(others)
        found.append(len(others) / (len(others) + 1) * (y[i] - mean) ** 2)
    return found


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-8, 8), st.booleans()), min_size=2, max_size=25))
def test_a_variance_is_that_of_the_nearest_people_ties_and_all(drawn):
    drawn.sort()
    x, y = np.array([float(a) for a, _ in drawn]), np.array([float(b) for _, b in drawn])
    assert neighbour_variance(x, y) == pytest.approx(plain_variance(x.tolist(), y.tolist()))


def test_the_order_of_people_is_nowhere_in_the_answer():
    x, y, _ = people(3)
    x = np.round(x, 2)
    shuffled = np.random.default_rng(0).permutation(len(x))
    assert jump_at_zero(x, y) == jump_at_zero(x[shuffled], y[shuffled])
    assert density_check(x) == density_check(x[shuffled])


def test_the_error_is_known_before_the_year_from_the_risks():
    x, y, risk = people(6, 20_000, effect=0.0)
    before = jump_at_zero(x, risk, variance=risk * (1 - risk))
    after = jump_at_zero(x, y, bandwidth=before.bandwidth, bias_bandwidth=before.bias_bandwidth)
    assert before.standard_error == pytest.approx(after.standard_error, rel=0.05)
    assert detectable(before) == pytest.approx((1.959964 + 0.841621) * before.standard_error, rel=1e-6)


def test_what_is_said_to_be_detectable_is_shown_in_eight_of_ten_years():
    shown = 0
    for seed in range(150):
        x, _, risk = people(seed, 20_000, effect=0.0)
        before = jump_at_zero(x, risk, variance=risk * (1 - risk), bandwidth=0.5)
        assert detectable(before) < 0.2
        y = np.random.default_rng(10_000 + seed).random(len(x)) < risk - detectable(before) * (x >= 0)
        low, high = jump_at_zero(x, y.astype(float), bandwidth=0.5).interval()
        shown += not low <= 0 <= high
    assert 0.7 <= shown / 150 <= 0.9


@pytest.mark.parametrize("seed", range(3))
def test_the_densities_beside_the_cut_are_those_of_rddensity(seed):
    rddensity = oracle("rddensity")
    x, _, _ = people(seed)
    found = density_check(x, bandwidth=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = rddensity(x, c=0, h=[0.5, 0.5], p=2, q=3)
    assert (found.left, found.right) == pytest.approx((known.hat["left"], known.hat["right"]), rel=2e-3)
    assert found.standard_error == pytest.approx(known.sd_jk["diff"], rel=0.02)
    assert found.p_value == pytest.approx(known.test["p_jk"], abs=0.01)


def test_a_step_in_density_is_told_and_a_slope_is_not():
    random = np.random.default_rng(1)
    x = random.normal(-0.7, 0.6, 20_000)
    assert density_check(x).p_value > 0.05
    pushed = np.where((x < 0) & (x > -0.05) & (random.random(len(x)) < 0.6), -x, x)
    assert density_check(pushed).p_value < 0.001


def test_even_densities_are_rejected_as_often_as_they_should_be():
    random = np.random.default_rng(2)
    rejected = sum(density_check(random.exponential(0.7, 4000) - 1.4).p_value < 0.05 for _ in range(300))
    assert 3 <= rejected <= 30


def test_a_side_with_too_few_people_has_no_p_value():
    assert density_check(np.linspace(-1, 0.1, 100)).p_value is None
