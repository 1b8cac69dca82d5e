"""The classifier whose log-odds are a sum of one amount an input."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from casemgmt.risk import AdditiveRiskClassifier


@parametrize_with_checks([AdditiveRiskClassifier(), AdditiveRiskClassifier("logistic")])
def test_it_is_a_classifier_as_scikit_learn_has_them(estimator, check):
    check(estimator)
