"""Intervals against those of other libraries and of the papers, funnels and run charts against enumeration."""

from __future__ import annotations

import itertools
import random
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.rates import confint_poisson

from casemgmt.aims.funnels import dispersion, position, rate_funnel, share_funnel, share_limit
from casemgmt.aims.intervals import (
    of_difference,
    of_mean,
    of_median,
    of_rate,
    of_ratio,
    of_weighted_ratio,
    of_weighted_sum,
)
from casemgmt.aims.run_charts import FEWEST, SHIFT, TREND, run_chart, runs_expected

COUNTS = (0, 1, 3, 10, 92, 400)


@pytest.mark.parametrize("events", COUNTS)
def test_a_rate_has_the_exact_poisson_interval(events):
    assert of_rate(events, 250.0) == pytest.approx(confint_poisson(events, 250.0, method="exact-c"))


@pytest.mark.parametrize(("events", "base"), [pair for pair in itertools.product(COUNTS, COUNTS) if sum(pair)])
def test_a_ratio_has_the_exact_interval_of_a_part_of_both_counts(events, base):
    low, high = proportion_confint(events, events + base, method="beta")
    low, high = max(low, 0.0) if events else 0.0, high if base else 1.0
    expected = [low / (1 - low) * 3 / 2, high / (1 - high) * 3 / 2 if high < 1 else float("inf")]
    assert list(of_ratio(events, 2000, base, 3000)) == pytest.approx(expected)


def test_of_no_events_at_all_there_is_no_ratio():
    assert of_ratio(0, 10, 0, 10) is None


def test_a_ratio_covers_the_truth_as_often_as_it_says():
    draw = np.random.default_rng(0)
    held = 0
    for now, then in draw.poisson([46.0, 50.0], (2000, 2)):
        low, high = of_ratio(int(now), 1000, int(then), 1000)
        held += low <= 0.92 <= high
    assert held / 2000 >= 0.95


# Newcombe's own examples, method 10 (Stat Med 1998;17:873-890, table II).
@pytest.mark.parametrize(
    ("one", "other", "interval"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0000)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
    ],
)
def test_a_difference_of_shares_is_what_newcombe_printed_and_statsmodels_says(one, other, interval):
    assert of_difference(*one, *other) == pytest.approx(interval, abs=5e-5)
    assert of_difference(*one, *other) == pytest.approx(confint_proportions_2indep(*one, *other, method="newcomb"))


@given(st.integers(1, 200), st.floats(0.1, 50))
def test_a_weighted_sum_of_equal_weights_is_a_poisson_count_times_the_weight(events, weight):
    low, high = of_weighted_sum(events * weight, events * weight**2, events)
    assert (low, high) == pytest.approx([end * weight for end in of_rate(events, 1.0)])


@pytest.mark.parametrize(
    ("weights", "means", "at_least"),
    [
        # Years lost of about a hundred deaths; and few deaths of which two weigh more than all others.
        ([2.0, 8.0, 15.0, 25.0, 40.0], [40.0, 30.0, 15.0, 10.0, 5.0], 0.935),
        ([1.0, 5.0, 20.0, 60.0], [30.0, 20.0, 8.0, 2.0], 0.91),
    ],
)
def test_a_weighted_sum_covers_the_truth_less_often_where_few_events_weigh_much(weights, means, at_least):
    draw = np.random.default_rng(1)
    by, truth, held = np.array(weights), float(np.dot(weights, means)), 0
    for counts in draw.poisson(means, (4000, len(means))):
        low, high = of_weighted_sum(float(by @ counts), float(by**2 @ counts), int(counts.sum()))
        held += low <= truth <= high
    assert at_least <= held / 4000 <= 0.97


def test_a_ratio_of_weighted_sums_covers_the_truth_about_as_often_as_it_says():
    draw = np.random.default_rng(2)
    weights, means, held = np.array([1.0, 5.0, 20.0]), np.array([60.0, 40.0, 20.0]), 0
    for both in draw.poisson([means, means * 0.9], (4000, 2, 3)):
        sums = [(float(weights @ counts), float(weights**2 @ counts)) for counts in both]
        low, high = of_weighted_ratio(*sums[1], *sums[0])
        held += low <= 0.9 <= high
    assert 0.93 <= held / 4000 <= 0.97


def test_a_mean_has_students_interval():
    values = [0, 0, 1, 2, 2, 5, 9, 30]
    expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert of_mean(values) == pytest.approx(expected)
    assert of_mean([4]) is None


@pytest.mark.parametrize("count", range(1, 40))
def test_a_median_has_the_narrowest_pair_of_values_that_hold_it_often_enough(count):
    found = of_median(list(range(count)))
    halves = [comb(count, k) / 2**count for k in range(count + 1)]
    # The median lies between the k-th value from below and from above unless k or fewer lie on one side of it.
    wide = [k for k in range(count // 2) if 1 - 2 * sum(halves[: k + 1]) >= 0.95]
    assert found == ((max(wide), count - 1 - max(wide)) if wide else None)


# Funnels


@given(st.integers(1, 500), st.floats(0.01, 0.99), st.sampled_from([0.001, 0.025, 0.975, 0.999]))
def test_a_limit_of_a_share_lies_between_the_whole_numbers_on_its_two_sides(people, share, chance):
    at = int(stats.binom.ppf(chance, people, share))
    limit = share_limit(people, share, chance) * people
    assert max(at - 1, 0) - 1e-9 <= limit <= at + 1e-9


def practices(counts: list[int], size: int = 1000) -> list[dict]:
    return [{"practice_id": f"C87{n:03}", "list_size": size, "admissions": count} for n, count in enumerate(counts)]


def test_about_as_many_practices_lie_outside_as_the_limits_say():
    draw = np.random.default_rng(3)
    rows = rate_funnel(practices(draw.poisson(100, 4000).tolist()), "admissions")
    outside = sum(row["position"] != "within" for row in rows) / len(rows)
    far = sum("99.8" in row["position"] for row in rows) / len(rows)
    assert 0.04 <= outside <= 0.06
    assert far <= 0.004
    assert dispersion(rows, "admissions") == pytest.approx(1, abs=0.08)


def test_practices_that_differ_by_more_than_chance_are_said_to():
    draw = np.random.default_rng(4)
    means = draw.gamma(10, 10, 500)
    assert dispersion(rate_funnel(practices(draw.poisson(means).tolist()), "admissions"), "admissions") > 5
    homes = [
        {"practice_id": str(n), "known": 200, "at_home": int(k)} for n, k in enumerate(draw.binomial(200, 0.8, 500))
    ]
    assert dispersion(share_funnel(homes), "at_home") == pytest.approx(1, abs=0.15)
    assert dispersion(rate_funnel(practices([5]), "admissions"), "admissions") is None


def test_where_nothing_happened_there_are_no_limits_and_no_position():
    (row,) = rate_funnel(practices([0]), "admissions")
    assert (row["per_1000"], row["low_95"], row["position"]) == (0.0, None, None)


@pytest.mark.parametrize(
    ("value", "where"),
    [(5, "within"), (8.5, "above 95%"), (9.5, "above 99.8%"), (1.5, "below 95%"), (0.5, "below 99.8%"), (8, "within")],
)
def test_a_position_is_told_in_words(value, where):
    assert position(value, {"low_95": 2, "high_95": 8, "low_99_8": 1, "high_99_8": 9}) == where


# Run charts


@pytest.mark.parametrize(("above", "below"), [(1, 1), (3, 4), (5, 5), (6, 4), (7, 7)])
def test_the_runs_that_chance_explains_are_those_of_every_order_of_the_points(above, below):
    counts: dict[int, int] = {}
    for places in itertools.combinations(range(above + below), above):
        sides = [at in places for at in range(above + below)]
        runs = 1 + sum(a != b for a, b in itertools.pairwise(sides))
        counts[runs] = counts.get(runs, 0) + 1
    ways = sum(counts.values())
    few = [r for r in range(above + below + 1) if sum(n for k, n in counts.items() if k <= r) / ways <= 0.025]
    many = [r for r in range(above + below + 1) if sum(n for k, n in counts.items() if k >= r) / ways <= 0.025]
    fewest, most = runs_expected(above, below)
    assert [r for r in few if r >= 2] == list(range(2, fewest))
    assert [r for r in many if r <= above + below] == list(range(most + 1, above + below + 1))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40))
def test_the_rules_are_what_a_plain_reading_of_them_finds(values):
    found = run_chart(values)
    middle = float(np.median(values))
    if len(values) < FEWEST:
        assert not any(found.signals)
        return
    off = [(at, value > middle) for at, value in enumerate(values) if value != middle]
    shifts = set()
    for first in range(len(off)):
        for last in range(first + SHIFT, len(off) + 1):
            if len({side for _, side in off[first:last]}) == 1:
                shifts |= {at for at, _ in off[first:last]}
    assert {at for at, each in enumerate(found.signals) if "shift" in each} == shifts
    trends = set()
    for first, last in itertools.combinations(range(len(values) + 1), 2):
        part = values[first:last]
        steps = [b - a for a, b in itertools.pairwise(part) if a != b]
        if len(steps) + 1 >= TREND and (min(steps) > 0 or max(steps) < 0):
            trends |= set(range(first, last))
    assert {at for at, each in enumerate(found.signals) if "trend" in each} == trends
    assert found.runs == sum(1 for _ in itertools.groupby(side for _, side in off))


def test_chance_alone_rarely_makes_a_signal_of_the_runs():
    choose = random.Random(5)
    charts = [run_chart([choose.random() for _ in range(24)]) for _ in range(1000)]
    assert sum(any("runs" in each for each in chart.signals[-1]) for chart in charts) <= 60
