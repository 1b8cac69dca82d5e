"""Whoever fits or judges on data with a trap in it is told, in the result and aloud; on clean data nothing is said."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import casemgmt as cm

OUTCOME = "outcome_emergency_admission_12m"


@pytest.fixture(scope="module")
def register() -> cm.Register:
    return cm.synthesise("C87616", seed=1)


@pytest.fixture(scope="module")
def with_trap(register) -> cm.Register:
    """The same with an input that is the outcome by another name."""
    table = register.to_arrow()
    table = table.append_column("discharged", pa.array(table.column(OUTCOME).to_pylist()))
    return cm.read_register(table, as_of=register.as_of)


def test_a_fit_on_clean_data_says_nothing(register):
    model = cm.fit_model(register, OUTCOME, inputs=["age", "repeat_medicines"], kind="logistic", bags=1)
    assert model.fitting.traps == ()


def test_a_fit_on_an_input_that_is_the_outcome_warns_and_says_so_on_the_card(with_trap, tmp_path):
    with pytest.warns(cm.InputWarning, match="tells the outcome") as warned:
        model = cm.fit_model(with_trap, OUTCOME, inputs=["age", "discharged"], kind="logistic", bags=1)
    assert len(warned) == 1
    assert len(model.fitting.traps) == 1
    card = (model.save(tmp_path / "mine") / "card.md").read_text(encoding="utf-8")
    assert model.fitting.traps[0] in card


def test_a_judgement_of_such_a_model_says_so_before_anything_else(with_trap):
    with pytest.warns(cm.InputWarning):
        model = cm.fit_model(with_trap, OUTCOME, inputs=["age", "discharged"], kind="logistic", bags=1)
    found = cm.evaluate(model, OUTCOME, with_trap, allow_demonstration=True, replicates=100)
    assert [trap.kind for trap in found.traps] == ["tells the outcome"]
    assert any("Look at this before anything else" in note for note in found.notes())
    assert found.traps[0].remedy in found.card()


def test_a_judgement_on_clean_data_names_no_trap(register):
    found = cm.evaluate("frailty_deficits", OUTCOME, register, are_risks=False, replicates=100)
    assert found.traps == ()
    assert not any("before anything else" in note for note in found.notes())


def test_an_evaluation_answers_for_groups(register):
    found = cm.evaluate(
        "frailty_deficits",
        OUTCOME,
        register,
        cm.load_scheme("rotherham-2015-16"),
        are_risks=False,
        over_cap="queue",
        replicates=100,
    )
    groups = found.fairness("sex").groups
    assert groups.column("people").to_pylist() and sum(groups.column("people").to_pylist()) == len(found.judged)
    with pytest.raises(cm.InputError, match="'seks' is missing"):
        found.fairness("seks")


def test_a_score_that_is_the_outcome_is_said_to_be_whoever_gives_it(register):
    had = np.array([np.nan if each is None else float(each) for each in register.column(OUTCOME).to_pylist()])
    noise = np.random.default_rng(0).normal(0, 0.2, len(had))
    for score, told in ((had, True), (np.clip(had + noise, 0, 1), True), (np.abs(noise) / 2, False)):
        found = cm.evaluate(register.to_source_rows(score), OUTCOME, register, replicates=100)
        assert [trap.columns for trap in found.traps] == ([("the score",)] if told else [])
        assert any("before anything else" in note for note in found.notes()) == told


def test_an_input_that_is_the_outcome_shows_in_a_validation_of_models_too(with_trap):
    def fit(training):
        with pytest.warns(cm.InputWarning, match="tells the outcome"):
            return cm.fit_model(training, OUTCOME, inputs=["age", "discharged"], kind="logistic", bags=1, groups=None)

    halves = with_trap.to_arrow()
    halves = halves.append_column("half", pa.array([f"h{i % 2}" for i in range(halves.num_rows)]))
    register = cm.read_register(halves, as_of=with_trap.as_of)
    found = cm.validate(register, OUTCOME, fit, by="half", folds=2, replicates=100)
    assert [trap.columns for trap in found.traps] == [("the score",)]
