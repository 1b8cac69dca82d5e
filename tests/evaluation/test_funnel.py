"""Limits of the funnel: exact, and such that chance alone stays within."""

from __future__ import annotations

import numpy as np
import pytest
from people_judged import people
from scipy.stats import poisson

import casemgmt as cm
from casemgmt.evaluation.funnel import LIMITS, limits


@pytest.mark.parametrize("expected", [0.01, 0.4, 1, 7.3, 100, 2500, 60_000])
@pytest.mark.parametrize("tail", LIMITS.values())
def test_limits_lie_between_the_exact_poisson_counts(expected, tail):
    low, high = (limit * expected for limit in limits(expected, tail))
    for limit, probability in ((low, tail), (high, 1 - tail)):
        count = poisson.ppf(probability, expected)
        reached, before = poisson.cdf(count, expected), poisson.cdf(count - 1, expected)
        assert limit == pytest.approx(max(count - (reached - probability) / (reached - before), 0), abs=1e-6)
        assert count - 1 - 1e-9 <= limit <= count + 1e-9 or limit == 0


def test_limits_narrow_as_more_is_expected():
    widths = [np.subtract(*limits(expected, 0.025)[::-1]) for expected in (5, 50, 500, 5000)]
    assert widths == sorted(widths, reverse=True)


def test_the_table_says_what_a_plain_loop_says():
    found = cm.evaluate("risk", "happened", people(), replicates=100)
    judged = found.judged
    for p, row in enumerate(found.funnel.to_pylist()):
        own = judged.practice == p
        assert row["practice_id"] == judged.practices[p]
        assert (row["people"], row["observed"]) == (own.sum(), judged.outcome[own].sum())
        assert row["expected"] == pytest.approx(judged.risk[own].sum())
        assert row["ratio"] == pytest.approx(row["observed"] / row["expected"])
        inside = row["low_95"] <= row["ratio"] <= row["high_95"]
        assert (row["position"] == "within") == inside


def test_a_practice_far_above_is_said_to_be():
    register = people(sizes=(400, 300, 200))
    risk = register.column("risk").to_numpy(zero_copy_only=False).copy()
    practice = register.packed.practice_of()
    risk[practice == 1] /= 4
    risk[practice == 2] = np.minimum(risk[practice == 2] * 2, 1)
    found = cm.evaluate(register.to_source_rows(risk), "happened", register, replicates=100)
    positions = found.funnel.column("position").to_pylist()
    assert positions[1] == "above 99.8%"
    assert positions[2].startswith("below")


def test_where_nothing_is_expected_there_is_no_ratio():
    register = people(sizes=(400, 50))
    risk = register.column("risk").to_numpy(zero_copy_only=False).copy()
    risk[register.packed.practice_of() == 1] = 0.0
    row = cm.evaluate(register.to_source_rows(risk), "happened", register, replicates=100).funnel.to_pylist()[1]
    assert row["ratio"] is None
    assert row["position"] is None
