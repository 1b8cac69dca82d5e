"""The bootstrap against a plain twin: the same people drawn, the same figures of them; intervals that cover."""

from __future__ import annotations

import time

import numpy as np
import pytest
from bootstrap_twin import drawn_plainly
from scipy.stats import norm
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from casemgmt.evaluation.bootstrap import interval, ranking_of, replicates_of


def people(seed: int, count: int = 400) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    risk = np.round(random.beta(1, 5, count), 2)
    return {
        "risk": risk,
        "outcome": random.random(count) < risk,
        "stratum": random.integers(0, 5, count),
        "cell": random.integers(0, 7, count),
    }


@pytest.mark.parametrize("seed", [1, 2, 2**63 - 1])
def test_each_replicate_is_what_its_draw_comes_to(seed):
    each = people(3)
    ranking = ranking_of(each["risk"], each["outcome"], each["stratum"])
    square = np.square(each["risk"] - each["outcome"])
    found = replicates_of(ranking, replicates=30, seed=seed, cell=each["cell"], square=square)
    for r in range(30):
        weights = drawn_plainly(seed, r, each["stratum"])
        assert np.array_equal(np.bincount(each["stratum"], weights), np.bincount(each["stratum"])), (
            "as many of each stratum as there are"
        )
        assert found.auroc[r] == pytest.approx(roc_auc_score(each["outcome"], each["risk"], sample_weight=weights))
        precision = average_precision_score(each["outcome"], each["risk"], sample_weight=weights)
        assert found.average_precision[r] == pytest.approx(precision)
        assert found.brier[r] == pytest.approx(brier_score_loss(each["outcome"], each["risk"], sample_weight=weights))
        assert np.array_equal(found.cells[r], np.bincount(each["cell"], weights, minlength=7))


def test_threads_change_nothing():
    each = people(4, 5000)
    ranking = ranking_of(each["risk"], each["outcome"], each["stratum"])
    one, two, many = (
        replicates_of(ranking, replicates=110, seed=5, cell=each["cell"], threads=threads) for threads in (1, 2, 7)
    )
    for name in ("auroc", "average_precision", "cells"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
        assert np.array_equal(getattr(one, name), getattr(many, name))
    assert np.isnan(one.brier).all()


def test_two_rankings_of_the_same_people_are_drawn_alike():
    each = people(5)
    by_risk = ranking_of(each["risk"], each["outcome"], each["stratum"])
    by_other = ranking_of(-each["risk"], each["outcome"], each["stratum"])
    one, other = (replicates_of(x, replicates=40, seed=5, cell=each["cell"]) for x in (by_risk, by_other))
    assert np.array_equal(one.cells, other.cells)
    assert one.auroc == pytest.approx(1 - other.auroc)


def test_people_without_a_score_rank_last_together():
    outcome = np.array([True, False, True, False])
    ranking = ranking_of(np.array([0.5, 0.2, np.nan, np.nan]), outcome, np.zeros(4, dtype=np.int64))
    assert ranking.is_end.tolist() == [1, 1, 0, 1]
    assert set(ranking.order[2:].tolist()) == {2, 3}


def test_progress_ends_at_all():
    each, told = people(6), []
    ranking = ranking_of(each["risk"], each["outcome"], each["stratum"])
    replicates_of(ranking, replicates=130, seed=1, progress=lambda *done: told.append(done))
    assert told[-1] == (130, 130)
    assert told == sorted(told)


def test_an_interval_is_that_of_the_replicates_that_have_a_figure():
    values = np.append(np.arange(101.0), [np.nan] * 50)
    assert interval(values) == (2.5, 97.5)
    assert interval(np.append(np.arange(50.0), [np.nan] * 51)) == (None, None)


def delong(score: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """AUROC and its standard error (DeLong, DeLong, Clarke-Pearson. Biometrics 1988;44:837-845), plainly."""
    had, hadnt = score[outcome], score[~outcome]
    wins = (had[:, None] > hadnt[None, :]) + 0.5 * (had[:, None] == hadnt[None, :])
    variance = wins.mean(axis=1).var(ddof=1) / len(had) + wins.mean(axis=0).var(ddof=1) / len(hadnt)
    return wins.mean(), variance**0.5


def test_the_interval_of_an_auroc_is_near_delongs():
    each = people(7, 4000)
    ranking = ranking_of(each["risk"], each["outcome"], np.zeros(4000, dtype=np.int64))
    low, high = interval(replicates_of(ranking, replicates=4000, seed=1).auroc)
    area, error = delong(each["risk"], each["outcome"])
    width = 2 * norm.ppf(0.975) * error
    assert (low + high) / 2 == pytest.approx(area, abs=0.1 * width)
    assert high - low == pytest.approx(width, rel=0.08)


@pytest.mark.long
def test_a_hundred_thousand_people_are_drawn_a_thousand_times_in_a_second_of_two_cores():
    each = people(8, 100_000)
    ranking = ranking_of(each["risk"], each["outcome"], each["stratum"])
    square = np.square(each["risk"] - each["outcome"])
    replicates_of(ranking, replicates=2, seed=1, cell=each["cell"], square=square)  # compiled here
    before = time.process_time()
    replicates_of(ranking, replicates=1000, seed=1, cell=each["cell"], square=square)
    assert time.process_time() - before < 2, "seconds of all cores together"


@pytest.mark.long
def test_intervals_cover_what_they_should_in_95_of_100_samples():
    """The share inside who had the outcome, sensitivity and AUROC, over 400 samples of 3 practices."""
    random, covered = np.random.default_rng(11), {"ppv": 0, "sensitivity": 0, "auroc": 0}
    count, samples = 3000, 400
    many = random.normal(-2, 1.2, 2_000_000)
    events = random.random(len(many)) < 1 / (1 + np.exp(-many))
    top = many >= np.quantile(many, 0.95)
    truth = {
        "ppv": events[top].mean(),
        "sensitivity": (events & top).sum() / events.sum(),
        "auroc": roc_auc_score(events, many),
    }
    for _ in range(samples):
        at = random.integers(0, len(many), count)
        score, had, practice = many[at], events[at], np.repeat([0, 1, 2], count // 3)
        inside = np.zeros(count, dtype=bool)
        for p in range(3):
            own = np.flatnonzero(practice == p)
            inside[own[np.argsort(-score[own])[: len(own) // 20]]] = True
        ranking = ranking_of(score, had, 2 * practice + inside)
        drawn = replicates_of(ranking, replicates=500, seed=1, cell=2 * inside.astype(np.int64) + had)
        cells = drawn.cells.astype(float)
        figures = {
            "ppv": cells[:, 3] / (cells[:, 2] + cells[:, 3]),
            "sensitivity": cells[:, 3] / (cells[:, 1] + cells[:, 3]),
            "auroc": drawn.auroc,
        }
        for name, values in figures.items():
            low, high = interval(values)
            covered[name] += low <= truth[name] <= high
    for name, times in covered.items():
        assert 0.92 <= times / samples <= 0.98, (name, times / samples)
