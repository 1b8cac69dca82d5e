"""AUROC, average precision and Brier score against scikit-learn."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from casemgmt.evaluation.discrimination import auroc, average_precision, brier

PEOPLE = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()), min_size=2, max_size=60)


@given(PEOPLE)
def test_they_equal_scikit_learn_with_ties(people):
    score, outcome = np.array([each[0] for each in people]), np.array([each[1] for each in people])
    if outcome.all() or not outcome.any():
        assert np.isnan(auroc(score, outcome))
        return
    assert auroc(score, outcome) == pytest.approx(roc_auc_score(outcome, score), abs=1e-12)
    assert average_precision(score, outcome) == pytest.approx(average_precision_score(outcome, score), abs=1e-12)
    assert brier(score, outcome) == pytest.approx(brier_score_loss(outcome, score), abs=1e-12)


@given(PEOPLE, st.randoms())
def test_only_the_order_of_the_scores_matters_and_not_that_of_the_people(people, random):
    score, outcome = np.array([each[0] for each in people]), np.array([each[1] for each in people])
    order = list(range(len(people)))
    random.shuffle(order)
    before = auroc(score, outcome), average_precision(score, outcome)
    after = auroc(np.exp(3 * score[order]), outcome[order]), average_precision(np.exp(3 * score[order]), outcome[order])
    assert np.array_equal(before, after, equal_nan=True)


def test_a_tiny_example_worked_by_hand():
    # Scores 4 3 2 2 1, outcomes 1 0 1 0 0. Of the 2 × 3 pairs: 4 wins three, 2 wins one and ties one: 4.5 / 6.
    score, outcome = np.array([4, 3, 2, 2, 1.0]), np.array([1, 0, 1, 0, 0], dtype=bool)
    assert auroc(score, outcome) == 4.5 / 6
    # At 4: 1 of 1; at 2: 2 of 4. Their mean.
    assert average_precision(score, outcome) == (1 / 1 + 2 / 4) / 2
