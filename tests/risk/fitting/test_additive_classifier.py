"""The classifier whose log-odds are a sum of one amount an input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from casemgmt.risk import AdditiveRiskClassifier
from casemgmt.risk.fitting.parts import parts_of


@parametrize_with_checks([AdditiveRiskClassifier(), AdditiveRiskClassifier("logistic")])
def test_it_is_a_classifier_as_scikit_learn_has_them(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def people() -> tuple[np.ndarray, np.ndarray]:
    """Two inputs that matter, one that does not, and one with gaps that matter."""
    random = np.random.default_rng(1)
    inputs = random.normal(size=(2_000, 4)).round(2)
    inputs[random.random(2_000) < 0.3, 3] = np.nan
    log_odds = inputs[:, 0] - 0.5 * np.abs(inputs[:, 1]) + 1.5 * np.isnan(inputs[:, 3]) - 1
    return inputs, random.random(2_000) < 1 / (1 + np.exp(-log_odds))


@pytest.mark.parametrize("kind", ["boosted", "logistic"])
@pytest.mark.parametrize("bags", [1, 3])
def test_what_an_input_adds_does_not_depend_on_the_others(people, kind, bags):
    inputs, had = people
    made = AdditiveRiskClassifier(kind, bags=bags, max_iter=50, random_state=0).fit(inputs, had)
    rows = inputs[:200].copy()
    changed = rows.copy()
    changed[:, 0] = 1.0
    alone = np.tile(rows[0], (200, 1))
    alone[:, 0] = rows[:, 0]
    alone_changed = np.tile(rows[0], (200, 1))
    alone_changed[:, 0] = 1.0
    moved = made.decision_function(changed) - made.decision_function(rows)
    assert moved == pytest.approx(made.decision_function(alone_changed) - made.decision_function(alone), abs=1e-9)


def test_missing_is_a_value_of_its_own(people):
    inputs, had = people
    for kind in ("boosted", "logistic"):
        made = AdditiveRiskClassifier(kind, random_state=0).fit(inputs, had)
        lacking, known = np.zeros((1, 4)), np.zeros((1, 4))
        lacking[0, 3] = np.nan
        assert made.decision_function(lacking) > made.decision_function(known) + 0.8


def test_without_bags_it_is_the_boosting_of_scikit_learn_without_interactions(people):
    inputs, had = people
    ours = AdditiveRiskClassifier(max_iter=40, random_state=0).fit(inputs, had)
    theirs = HistGradientBoostingClassifier(
        max_iter=40, learning_rate=0.2, max_leaf_nodes=4, interaction_cst="no_interactions", early_stopping=False
    ).fit(inputs, had)
    assert np.array_equal(ours.decision_function(inputs), theirs.decision_function(inputs))


def test_the_logistic_kind_is_that_of_scikit_learn_on_the_same_lines(people):
    inputs, had = people
    flags = (inputs[:, :2] > 0).astype(float)
    ours = AdditiveRiskClassifier("logistic", C=1e6).fit(flags, had)
    theirs = LogisticRegression(C=1e6, tol=1e-9, solver="newton-cholesky").fit(flags, had)
    assert ours.decision_function(flags) == pytest.approx(theirs.decision_function(flags), abs=1e-4)


def test_groups_are_left_out_whole_and_each_person_is_scored_by_one_that_has_not_learned_from_them(people):
    inputs, had = people
    groups = np.arange(len(had)) % 40
    made = AdditiveRiskClassifier(bags=4, max_iter=30, early_stopping=True, random_state=0).fit(
        inputs, had, groups=groups
    )
    assert not np.isnan(made.out_of_fold_).any()
    out = [set(groups[rows]) for _, rows in made.left_out_]
    assert all(not one & other for number, one in enumerate(out) for other in out[number + 1 :])
    for member, rows in made.left_out_:
        assert np.array_equal(made.out_of_fold_[rows], member.decision_function(inputs[rows]))


def test_monotone_inputs_only_rise(people):
    inputs, had = people
    made = AdditiveRiskClassifier(monotonic_cst=[1, 1, 0, 0], random_state=0).fit(inputs, had)
    for number in (0, 1):
        rows = np.zeros((50, 4))
        rows[:, number] = np.linspace(-3, 3, 50)
        assert np.all(np.diff(made.decision_function(rows)) >= 0)


def test_chosen_pairs_act_together_and_nothing_else_does(people):
    inputs, _ = people
    had = (inputs[:, 0] > 0) ^ (inputs[:, 1] > 0)
    apart = AdditiveRiskClassifier(random_state=0).fit(inputs, had)
    together = AdditiveRiskClassifier(pairs=[(0, 1)], random_state=0).fit(inputs, had)
    assert apart.score(inputs, had) < 0.75
    assert together.score(inputs, had) > 0.95


@pytest.mark.parametrize("cut", [0, 1])
def test_pairs_are_of_the_inputs_named_also_beside_categories(people, cut):
    inputs, _ = people
    shown = np.column_stack([inputs[:, :2], np.arange(len(inputs)) % 3])
    had = (inputs[:, cut] > 0) ^ (shown[:, 2] == 1)
    made = AdditiveRiskClassifier(pairs=[(cut, 2)], categorical_features=[2], random_state=0).fit(shown, had)
    assert made.score(shown, had) > 0.95


def test_weights_come_through_metadata_routing(people):
    inputs, had = people
    weights = np.where(had, 3.0, 1.0)
    with config_context(enable_metadata_routing=True):
        routed = Pipeline([("risk", AdditiveRiskClassifier(max_iter=20).set_fit_request(sample_weight=True))])
        routed.fit(inputs, had, sample_weight=weights)
    direct = AdditiveRiskClassifier(max_iter=20).fit(inputs, had, sample_weight=weights)
    plain = AdditiveRiskClassifier(max_iter=20).fit(inputs, had)
    assert np.array_equal(routed.decision_function(inputs), direct.decision_function(inputs))
    assert direct.decision_function(inputs).mean() > plain.decision_function(inputs).mean() + 0.5


def test_columns_may_be_named_in_the_constraints(people):
    inputs, had = people
    frame = pd.DataFrame(inputs, columns=["age", "bmi", "hair", "eyes"])
    named = AdditiveRiskClassifier(monotonic_cst={"bmi": 1}, pairs=[("age", "bmi")], max_iter=20).fit(frame, had)
    numbered = AdditiveRiskClassifier(monotonic_cst=[0, 1, 0, 0], pairs=[(0, 1)], max_iter=20).fit(frame, had)
    assert np.array_equal(named.decision_function(frame), numbered.decision_function(frame))
    with pytest.raises(ValueError, match="'wieght' is no column"):
        AdditiveRiskClassifier(pairs=[("age", "wieght")]).fit(frame, had)


@pytest.mark.parametrize("given", [{"kind": "deep"}, {"bags": 0}, {"kind": "logistic", "monotonic_cst": [1, 0, 0, 0]}])
def test_parameters_that_mean_nothing_are_refused(people, given):
    with pytest.raises(ValueError, match=r"must be|belong to"):
        AdditiveRiskClassifier(**given).fit(*people)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=8, max_size=300), st.integers(2, 6), st.integers(0, 99))
def test_parts_hold_whole_groups_and_follow_the_labels_alone(groups, parts, seed):
    part = parts_of(len(groups), groups, parts, seed)
    assert all(len({p for p, g in zip(part, groups, strict=True) if g == group}) == 1 for group in set(groups))
    assert set(part.tolist()) <= set(range(parts))
    order = np.random.default_rng(seed).permutation(len(groups))
    assert np.array_equal(parts_of(len(groups), np.array(groups)[order], parts, seed), part[order])
