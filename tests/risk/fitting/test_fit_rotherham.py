"""What a fit reaches on the synthetic register of Rotherham, practices held out: `pytest -m long`."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

import casemgmt as cm
from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier
from casemgmt.risk.fitting.people import people_of
from casemgmt.risk.fitting.running import seen_by
from casemgmt.synthetic.truth import TRUTH

pytestmark = pytest.mark.long
OUTCOME = "outcome_emergency_admission_12m"


@pytest.fixture(scope="module")
def sides() -> tuple[cm.Register, cm.Register]:
    """The people of three quarters of the practices, and those of the others."""
    table = cm.synthesise("03L", seed=1).to_arrow()
    practice = np.array(table["practice_id"].to_pylist())
    held_out = np.isin(practice, np.random.default_rng(0).permutation(np.unique(practice))[:7])
    return tuple(cm.read_register(table.filter(pa.array(side)), as_of="2021-01-01") for side in (~held_out, held_out))


def auroc(model: cm.Register, register: cm.Register) -> float:
    scores = model.score(register, allow_demonstration=True).to_numpy(zero_copy_only=False)
    had, known = register.to_arrow()[OUTCOME].to_numpy(), np.isfinite(scores)
    return roc_auc_score(had[known], scores[known])


@pytest.fixture(scope="module")
def fitted(sides) -> tuple[cm.Register, AdditiveRiskClassifier]:
    """The model, and the estimator that it was made from."""
    made = []
    fit = AdditiveRiskClassifier.fit

    def watched(self, *given, **named):
        made.append(self)
        return fit(self, *given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdditiveRiskClassifier, "fit", watched)
        return cm.fit_model(sides[0], OUTCOME), made[0]


def test_practices_held_out_are_ordered_as_well_as_an_additive_model_can(sides, fitted):
    assert auroc(fitted[0], sides[1]) >= 0.822


def test_whole_points_cost_less_than_two_hundredths(sides, fitted):
    points = cm.fit_model(sides[0], OUTCOME, kind="points")
    assert auroc(points, sides[1]) > auroc(fitted[0], sides[1]) - 0.02


def test_the_tables_are_the_estimator_on_every_row_and_three_hundred_times_as_fast(sides, fitted):
    model, estimator = fitted
    register = sides[0].grouped()
    people = people_of(register, OUTCOME, None, needed=(), groups="practice_id")
    seen = seen_by(people)
    scores = model.score(register, allow_demonstration=True).to_numpy(zero_copy_only=False)
    of_person = scores[register.table_row][people.rows]
    assert np.abs(of_person - estimator.decision_function(seen)).max() <= 0.5e-6 * len(model.inputs)

    def seconds(work) -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    ours = min(seconds(lambda: model.score(register, allow_demonstration=True)) for _ in range(5)) / len(register)
    assert seconds(lambda: estimator.predict_proba(seen)) / len(seen) > 300 * ours


def test_the_shape_of_the_truth_is_recovered(fitted):
    model = fitted[0]
    age, admissions = (np.array(model.input_named(name).table) / 1e6 for name in ("age", "emergency_admissions_12m"))
    assert age[0] > age[20:60].max()
    assert np.all(age[[90, 80, 70]] > age[[80, 70, 60]])
    assert np.all(np.diff(admissions) >= 0)
    assert 0.4 < admissions[1] < TRUTH.emergency_admissions[1] + 0.2
    truth = [TRUTH.conditions[name] for name in TRUTH.conditions if name in model.fitting.inputs]
    found = [model.input_named(name).table[1] / 1e6 for name in TRUTH.conditions if name in model.fitting.inputs]
    assert np.corrcoef(truth, found)[0, 1] > 0.6
