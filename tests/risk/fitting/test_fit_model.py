"""A model fitted to a register in one call."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import casemgmt as cm
from casemgmt.risk.fitting.medicine import RISES_WITH, monotone_signs
from casemgmt.risk.fitting.people import people_of

OUTCOME = "outcome_emergency_admission_12m"
SMALL = {"bags": 2, "options": {"max_iter": 40, "learning_rate": 0.3, "early_stopping": True}}


def made(people: int = 4_000, seed: int = 1) -> pd.DataFrame:
    """People of a few practices whose risk rises with age, admissions and COPD."""
    random = np.random.default_rng(seed)
    age, admissions = random.integers(0, 100, people), random.poisson(0.3, people)
    copd, group = random.random(people) < 0.1, random.choice(["White", "Asian", "Black"], people)
    log_odds = -3 + 0.03 * age + 0.8 * admissions + copd
    return pd.DataFrame(
        {
            "patient_id": [f"p{number:05d}" for number in range(people)],
            "practice_id": [f"C8700{number}" for number in random.integers(0, 8, people)],
            "age": age,
            "emergency_admissions_12m": admissions,
            "copd": copd,
            "ethnicity": group,
            "admitted": random.random(people) < 1 / (1 + np.exp(-log_odds)),
        }
    )


def read(frame: pd.DataFrame) -> cm.Register:
    return cm.read_register(frame, as_of="2020-01-01")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return made()


@pytest.fixture(scope="module")
def model(frame):
    return cm.fit_model(read(frame), "admitted", **SMALL)


def test_it_is_a_model_like_any_other(model, frame):
    register = read(frame)
    scores = model.score(register).to_numpy(zero_copy_only=False)
    assert model.link == "logistic"
    assert model.horizon_days == 365
    assert {each.name for each in model.inputs} == {"age", "emergency_admissions_12m", "copd", "ethnicity"}
    assert np.corrcoef(scores, -3 + 0.03 * frame.age + 0.8 * frame.emergency_admissions_12m + frame.copd)[0, 1] > 0.9
    assert model.explain(register, "p00001").num_rows == 5


def test_it_says_what_it_was_fitted_to(model, frame):
    fitting = model.fitting
    assert (fitting.people, fitting.outcomes) == (len(frame), int(frame.admitted.sum()))
    assert set(fitting.inputs) == {"age", "emergency_admissions_12m", "copd", "ethnicity"}
    assert fitting.groups == "practice_id"
    assert 0.6 < fitting.auroc_held_out < 0.9
    assert fitting.auroc_tables == pytest.approx(fitting.auroc_held_out, abs=1e-4)
    assert fitting.discrepancy <= 0.5e-6 * (len(model.inputs) + 1)
    assert fitting.joint_discrepancy < 1e-9
    assert model.calibrated_in == tuple(sorted(frame.practice_id.unique()))


def test_saved_it_loads_as_the_same_model(model, tmp_path):
    folder = model.save(tmp_path / "mine")
    assert sorted(path.name for path in folder.iterdir()) == ["card.md", "fitting.toml", "model.toml", "vectors.csv"]
    loaded = cm.load_model(folder)
    assert loaded == model
    assert loaded.fitting == model.fitting
    assert f"{model.fitting.people:,}" in (folder / "card.md").read_text()


def test_saving_replaces_a_model_only_where_that_is_said_and_nothing_else_ever(model, tmp_path):
    folder = model.save(tmp_path / "mine")
    with pytest.raises(cm.PublishError, match="overwrite=True"):
        model.save(folder)
    model.save(folder, overwrite=True)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(cm.PublishError, match=r"notes\.txt"):
        model.save(folder, overwrite=True)
    assert (folder / "notes.txt").read_text() == "mine"
    (tmp_path / "other").mkdir()
    with pytest.raises(cm.PublishError, match="no model folder"):
        model.save(tmp_path / "other", overwrite=True)


def test_a_disk_that_fails_leaves_nothing(model, tmp_path, monkeypatch):
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("casemgmt.disk.write_file", full)
    with pytest.raises(cm.PublishError, match="No space"):
        model.save(tmp_path / "new" / "mine")
    assert not list(tmp_path.rglob("model.toml"))
    assert not (tmp_path / "new" / "mine").exists()


def test_the_order_of_the_rows_is_irrelevant(model, frame):
    mixed = frame.sample(frac=1, random_state=3)
    assert cm.fit_model(read(mixed), "admitted", **SMALL).text == model.text


def test_no_cell_is_learned_from_fewer_than_eight_people_and_the_model_says_which_share(frame):
    rare = frame.assign(
        emergency_admissions_12m=[20, 21, 30, *[0, 1] * ((len(frame) - 3) // 2), 0][: len(frame)],
        ethnicity=["Roma"] * 3 + ["Chinese"] * 6 + frame.ethnicity[9:].tolist(),
    )
    model = cm.fit_model(read(rare), "admitted", **SMALL)
    table = model.input_named("emergency_admissions_12m")
    assert table.cells[-2] == "1 or more"
    assert any("20 and over (3 people)" in sentence for sentence in model.fitting.merged)
    ethnicity = model.input_named("ethnicity")
    assert set(ethnicity.categories) == {"Asian", "Black", "White"}
    assert ethnicity.other is not None
    people = people_of(read(rare), "admitted", None, needed=(), groups=None)
    assert all(min(each.people) >= 8 for each in people.inputs)


def test_missing_has_a_cell_of_its_own_where_enough_people_lack_a_value_and_else_the_average(frame):
    lacking = frame.assign(
        copd=frame.copd.astype(object).where(np.arange(len(frame)) % 4 > 0, None),
        emergency_admissions_12m=frame.emergency_admissions_12m.astype("Int64").where(np.arange(len(frame)) > 4),
    )
    model = cm.fit_model(read(lacking), "admitted", **SMALL)
    assert model.fitting.set_aside == {"a value that too few people share to learn from": 5}
    assert model.input_named("copd").missing not in ("absent", "no score")
    admissions = model.input_named("emergency_admissions_12m")
    assert min(admissions.table) < admissions.missing < max(admissions.table)


def test_one_name_need_not_be_a_list(frame):
    model = cm.fit_model(read(frame), "admitted", inputs="age", needed="age", **SMALL)
    assert [each.name for each in model.inputs] == ["age"]
    assert model.no_score_inputs == ("age",)


def test_inputs_that_are_needed_give_no_score_without_a_value(frame):
    model = cm.fit_model(read(frame), "admitted", needed=["age"], **SMALL)
    assert model.no_score_inputs == ("age",)
    with pytest.raises(cm.InputError, match="needed= names 'agee'"):
        cm.fit_model(read(frame), "admitted", needed=["agee"], **SMALL)


def test_people_who_objected_or_whose_outcome_is_unknown_are_set_aside_and_counted(frame):
    outcome = frame.admitted.astype(object).where(np.arange(len(frame)) >= 10, None)
    some = frame.assign(admitted=outcome, objected=np.arange(len(frame)) >= len(frame) - 20)
    model = cm.fit_model(read(some), "admitted", **SMALL)
    assert model.fitting.set_aside == {"objected to risk stratification": 20, "the outcome is not known": 10}


def test_an_outcome_may_come_as_values_in_source_order(model, frame):
    mixed = frame.sample(frac=1, random_state=5)
    plain = read(mixed.drop(columns="admitted"))
    found = cm.fit_model(plain, mixed.admitted.tolist(), **SMALL)
    assert [each.table for each in found.inputs] == [each.table for each in model.inputs]
    with pytest.raises(cm.InputError, match="3 values"):
        cm.fit_model(plain, [1, 0, 1], **SMALL)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"outcome": "admited"}, "admited"),
        ({"outcome": "copd"}, "is a field"),
        ({"outcome": "admitted", "inputs": ["age", "admitted"]}, "is the outcome"),
        ({"outcome": "admitted", "inputs": ["patient_id"]}, "no model takes"),
        ({"outcome": "admitted", "kind": "deep"}, "'boosted', 'logistic' or 'points'"),
        ({"outcome": "admitted", "options": {"bags": 3}}, "options= names 'bags'"),
        ({"outcome": "admitted", "words": {"titel": "x"}}, "Did you mean 'title'"),
        ({"outcome": "admitted", "monotone": {"age": "up"}}, "'rises', 'falls' or 'free'"),
        ({"outcome": "admitted", "monotone": "no"}, "monotone is True, False, or a mapping"),
        ({"outcome": "admitted", "kind": "logistic", "monotone": "no"}, "monotone is True, False, or a mapping"),
        ({"outcome": "admitted", "kind": "logistic", "monotone": {"age": "rises"}}, "a logistic fit does not keep"),
        ({"outcome": "admitted", "groups": "practise"}, "practise"),
        ({"outcome": "admitted", "options": {"max_iter": -1}}, "max_iter"),
        ({"outcome": "admitted", "horizon_days": 0}, "at least 1"),
    ],
)
def test_slips_are_answered_in_a_sentence(frame, given, words):
    with pytest.raises(cm.InputError, match=words):
        cm.fit_model(read(frame), **SMALL | given)


def test_too_few_outcomes_are_refused(frame):
    with pytest.raises(cm.InputError, match="at least 50 had it"):
        cm.fit_model(read(frame.assign(admitted=np.arange(len(frame)) < 20)), "admitted", **SMALL)


def test_where_medicine_is_clear_amounts_only_rise_unless_a_word_says_otherwise(frame):
    none = frame.emergency_admissions_12m == 0
    falling = frame.assign(admitted=np.random.default_rng(7).random(len(frame)) < np.where(none, 0.6, 0.2))
    rising = cm.fit_model(read(falling), "admitted", **SMALL)
    free = cm.fit_model(read(falling), "admitted", monotone=False, **SMALL)
    assert np.all(np.diff(rising.input_named("emergency_admissions_12m").table) >= 0)
    assert np.diff(free.input_named("emergency_admissions_12m").table).min() < -1_000_000
    names = ["age", "copd", "emergency_admissions_m01", "ethnicity"]
    assert monotone_signs(names, ["ethnicity"], {"age": "rises", "copd": "free"}) == {
        "age": 1,
        "emergency_admissions_m01": 1,
    }
    assert "age" not in RISES_WITH


@pytest.mark.parametrize("kind", ["boosted", "logistic"])
def test_the_tables_equal_a_classifier_that_is_asked_about_each_person(frame, kind):
    from casemgmt.risk.fitting.people import people_of as people
    from casemgmt.risk.fitting.running import seen_by

    model = cm.fit_model(read(frame), "admitted", kind=kind, bags=1, seed=4, options={"early_stopping": False})
    register = read(frame)
    found = people(register, "admitted", None, needed=(), groups="practice_id")
    from casemgmt.risk import AdditiveRiskClassifier

    categories = [number for number, each in enumerate(found.inputs) if each.kind == "category"]
    signs = None if kind == "logistic" else [model.fitting.monotone.get(each.name, 0) for each in found.inputs]
    twin = AdditiveRiskClassifier(
        kind, monotonic_cst=signs, categorical_features=categories, early_stopping=False, random_state=4
    )
    twin.fit(seen_by(found), found.had)
    scores = model.score(register).to_numpy(zero_copy_only=False)[register.table_row][found.rows]
    assert np.abs(scores - twin.decision_function(seen_by(found))).max() <= 0.5e-6 * (len(model.inputs) + 1)


def test_pairs_become_pairs_of_the_model(frame):
    together = frame.assign(admitted=frame.admitted | (frame.copd & (frame.age > 70)))
    model = cm.fit_model(read(together), "admitted", pairs=[("age", "copd")], **SMALL)
    assert model.inputs[-1].name == "age and copd"
    assert model.fitting.discrepancy <= 0.5e-6 * (len(model.inputs) + 1)


def test_points_are_few_rows_of_whole_points_that_lose_little(frame):
    full = cm.fit_model(read(frame), "admitted", **SMALL)
    points = cm.fit_model(read(frame), "admitted", kind="points", **SMALL)
    assert len(points.inputs) <= 10
    amounts = [amount for each in points.inputs for amount in each.table]
    assert all(amount % 1_000_000 == 0 and -5_000_000 <= amount <= 10_000_000 for amount in amounts)
    assert points.fitting.auroc_points > full.fitting.auroc_held_out - 0.03
    scores = points.score(read(frame)).to_numpy(zero_copy_only=False)
    risks = 1 / (1 + np.exp(-scores))
    assert risks.mean() == pytest.approx(frame.admitted.mean(), abs=0.002)


def test_points_only_rise_where_more_never_means_less_risk(frame):
    random, admissions = np.random.default_rng(5), frame.emergency_admissions_12m
    falls = frame.assign(
        admitted=random.random(len(frame)) < np.where(admissions == 1, 0.5, 0.3 * (admissions > 1) + 0.1)
    )
    for monotone in (True, False):
        points = cm.fit_model(read(falls), "admitted", kind="points", monotone=monotone, **SMALL)
        steps = np.diff(points.input_named("emergency_admissions_12m").table)
        assert bool((steps >= 0).all()) is monotone
    assert f"{points.fitting.auroc_points:.3f}" in repr(points.fitting)


def test_a_points_model_says_its_points_and_risks_on_its_card(frame, tmp_path):
    points = cm.fit_model(read(frame), "admitted", kind="points", **SMALL)
    card = (points.save(tmp_path / "points") / "card.md").read_text()
    assert "| points in all | risk, in 100 |" in card
    assert "The points cost" in card
    assert cm.load_model(tmp_path / "points") == points


def test_it_shows_progress_and_can_be_stopped(frame):
    seen: list[tuple[int, int]] = []
    cm.fit_model(read(frame), "admitted", progress=lambda done, total: seen.append((done, total)), **SMALL)
    assert seen == [(0, 2), (1, 2), (2, 2)]

    def stop(done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cm.fit_model(read(frame), "admitted", progress=stop, **SMALL)


def test_a_model_of_made_up_people_is_for_demonstration_only():
    register = cm.synthesise("C87616", seed=1)
    model = cm.fit_model(register, OUTCOME, inputs=["age", "ae_attendances_12m"], kind="logistic", bags=1)
    assert model.demonstration
    assert "synthetic" in model.source
    with pytest.raises(cm.InputError, match="for demonstration only"):
        model.score(read(made(100).assign(ae_attendances_12m=0)))


def test_two_models_that_say_the_same_are_equal_however_they_came_about(model):
    assert dataclasses.replace(model, fitting=None) == model
    assert hash(dataclasses.replace(model, fitting=None)) == hash(model)


def test_numbers_that_stand_closer_than_a_millionth_share_a_cell(frame):
    close = frame.assign(dose=np.random.default_rng(2).random(len(frame)) * 1e-3)
    table = cm.fit_model(read(close), "admitted", inputs=["age", "dose"], **SMALL).input_named("dose")
    assert 100 < len(table.table) <= 250


def test_a_points_score_without_an_outcome_among_those_left_out_is_saved_without_an_auroc(frame, tmp_path):
    one_practice = frame.assign(admitted=frame.practice_id == "C87000")
    model = cm.fit_model(read(one_practice), "admitted", kind="points", **SMALL)
    assert model.fitting.auroc_points is None
    assert cm.load_model(model.save(tmp_path / "mine")) == model


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ({"note": ["x" * 500, "y"]}, "longer than 200"),
        ({"": [0.5, 1.5]}, "not blank"),
    ],
)
def test_what_could_not_be_read_again_is_not_saved(frame, tmp_path, column, says):
    name, values = next(iter(column.items()))
    odd = frame.assign(**{name: values * (len(frame) // 2)})
    model = cm.fit_model(read(odd), "admitted", inputs=["age", name], **SMALL)
    with pytest.raises(cm.ModelError, match=f"could not be read again.*{says}"):
        model.save(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_bytes_lists_and_an_outcome_that_nobody_has_are_refused_in_words(frame):
    odd = frame.assign(raw=[b"a", b"b"] * (len(frame) // 2), several=[[1]] * len(frame), unknown=np.nan)
    register = read(odd)
    with pytest.raises(cm.InputError, match="'raw' is of type binary"):
        cm.fit_model(register, "admitted", inputs=["age", "raw"])
    with pytest.raises(cm.InputError, match="'several', which is of type list"):
        cm.fit_model(register, "admitted", groups="several")
    with pytest.raises(cm.InputError, match="'unknown': 0 people of 0 had it"):
        cm.fit_model(register, "unknown")
    with pytest.raises(cm.InputError, match="names a pair twice"):
        cm.fit_model(register, "admitted", pairs=[("age", "copd"), ("copd", "age")])
    with pytest.raises(cm.InputError, match="knots must be a whole number"):
        cm.fit_model(register, "admitted", kind="logistic", options={"knots": "a"})


def test_the_record_of_a_fit_has_no_bits_that_the_number_of_threads_decides(frame):
    fitting = cm.fit_model(read(frame), "admitted", kind="logistic", **SMALL).fitting
    for figure in (fitting.discrepancy, fitting.joint_discrepancy):
        assert figure == round(figure, 12)
