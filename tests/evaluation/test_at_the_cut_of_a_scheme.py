"""Figures at the cut: by hand, and against a plain twin that counts people one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bootstrap_twin import drawn_plainly
from people_judged import people, scheme
from scipy.stats import binomtest

import casemgmt as cm
from casemgmt.evaluation.at_cut import ALL, cells_of, cut_of
from casemgmt.evaluation.bootstrap import interval


def rows_by_practice(found):
    return {row["practice_id"]: row for row in found.at_cut.to_pylist()}


@pytest.fixture(scope="module")
def found():
    return cm.evaluate("risk", "happened", people(), scheme(), replicates=200, seed=9)


def test_a_tiny_example_worked_by_hand():
    # Ten people; 4 inside, 3 of whom had the outcome; 5 had it in all. At a threshold of 20% each of the others costs
    # a quarter of an outcome: (3 - 1 × 0.25) / 10.
    outcome = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0], dtype=bool)
    inside = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    cells = cells_of(np.zeros(10, dtype=np.int64), outcome, [inside])
    cut = cut_of(cells, np.tile(cells.counts, (5, 1)).astype(np.int32), 0)
    assert (cut.people, cut.events, cut.inside, cut.events_inside) == (10, 5, 4, 3)
    assert cut.ppv == (0.75, 0.75, 0.75)
    assert cut.sensitivity == (0.6, 0.6, 0.6)
    assert cut.number_needed_to_manage == pytest.approx((4 / 3, 4 / 3, 4 / 3))
    assert cut.net_benefit(0.2) == pytest.approx((0.275, 0.275, 0.275))
    assert cut.net_benefit(None) == (None, None, None)


def test_each_practice_is_counted_as_a_plain_loop_counts(found):
    judged = found.judged
    rows = rows_by_practice(found)
    assert list(rows) == [ALL, *judged.practices]
    for p, practice in enumerate([*judged.practices, ALL]):
        own = [i for i in range(len(judged)) if practice == ALL or judged.practice[i] == p]
        inside = [i for i in own if judged.inside[i]]
        hits, events = sum(judged.outcome[inside]), sum(judged.outcome[own])
        row = rows[practice]
        assert (row["people"], row["events"], row["inside"], row["events_inside"]) == (
            *(len(own), events, len(inside)),
            hits,
        )
        assert row["ppv"] == pytest.approx(hits / len(inside))
        assert row["sensitivity"] == pytest.approx(hits / events)
        assert row["number_needed_to_manage"] == pytest.approx(len(inside) / hits)
        if practice != ALL:
            assert row["threshold"] == min(judged.risk[i] for i in inside)
        odds = row["threshold"] / (1 - row["threshold"])
        assert row["net_benefit"] == pytest.approx((hits - (len(inside) - hits) * odds) / len(own))


def test_the_threshold_of_all_practices_is_the_mean_of_theirs_by_places(found):
    rows = rows_by_practice(found)
    practices = [row for name, row in rows.items() if name != ALL]
    weighted = sum(row["threshold"] * row["inside"] for row in practices) / sum(row["inside"] for row in practices)
    assert rows[ALL]["threshold"] == pytest.approx(weighted)


def test_intervals_are_those_of_the_same_people_drawn_plainly(found):
    judged = found.judged
    draws = np.array([drawn_plainly(9, r, 2 * judged.practice + judged.inside) for r in range(200)])
    for p, practice in enumerate(judged.practices):
        row, own = rows_by_practice(found)[practice], judged.practice == p
        had, inside = draws[:, own & judged.outcome], draws[:, own & judged.inside]
        both = draws[:, own & judged.inside & judged.outcome].sum(axis=1)
        if 0 < row["events_inside"] < row["inside"]:
            assert (row["ppv_low"], row["ppv_high"]) == pytest.approx(interval(both / inside.sum(axis=1)))
            odds = row["threshold"] / (1 - row["threshold"])
            benefit = (both - (inside.sum(axis=1) - both) * odds) / own.sum()
            assert (row["net_benefit_low"], row["net_benefit_high"]) == pytest.approx(interval(benefit))
        assert (row["sensitivity_low"], row["sensitivity_high"]) == pytest.approx(interval(both / had.sum(axis=1)))


@pytest.mark.parametrize(("hits", "inside"), [(0, 12), (12, 12), (0, 1), (1, 1)])
def test_where_all_or_none_had_the_outcome_the_interval_is_exact(hits, inside):
    outcome = np.array([True] * hits + [False] * (inside - hits) + [True] * 5 + [False] * 50)
    mask = np.arange(len(outcome)) < inside
    cells = cells_of(np.zeros(len(outcome), dtype=np.int64), outcome, [mask])
    cut = cut_of(cells, np.tile(cells.counts, (7, 1)).astype(np.int32), 0)
    exact = binomtest(hits, inside).proportion_ci(0.95, "exact")
    assert cut.ppv == pytest.approx((hits / inside, exact.low, exact.high))
    need = cut.number_needed_to_manage
    assert need[2] is None if hits == 0 else math.isfinite(need[2])


def test_a_practice_without_a_place_has_no_figure():
    register = people(sizes=(400, 10))
    row = rows_by_practice(cm.evaluate("risk", "happened", register, scheme()))
    assert row["C87002"]["inside"] == 0
    assert row["C87002"]["ppv"] is None
    assert row["C87002"]["threshold"] is None
    assert row["C87002"]["net_benefit"] is None


def test_a_threshold_that_is_given_serves_every_practice():
    found = cm.evaluate("risk", "happened", people(), scheme(), threshold=0.25, replicates=100)
    assert set(found.at_cut.column("threshold").to_pylist()) == {0.25}
    assert any("a threshold of 25 in 100" in note for note in found.notes())


def test_points_have_no_net_benefit_until_a_threshold_is_given():
    register = people()
    points = cm.evaluate("age", "happened", register, scheme(), are_risks=False, replicates=100)
    assert points.at_cut.column("net_benefit").null_count == 4
    assert points.calibration is None
    assert points.funnel is None
    assert "states no risk" in points.why_no_calibration()
    given = cm.evaluate("age", "happened", register, scheme(), are_risks=False, threshold=0.3, replicates=100)
    assert given.at_cut.column("net_benefit").null_count == 0
