"""Drift is silent between two clean draws of one area, and speaks where something was planted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import statsmodels.api as sm

import casemgmt as cm
from casemgmt.evaluation.drift_calibration import calibration_of, intercept_of
from casemgmt.evaluation.drift_inputs import stability_index
from casemgmt.synthetic.planted import Planted

OUTCOME = "outcome_emergency_admission_12m"


@pytest.fixture(scope="module")
def model():
    return cm.load_model("demonstration-admission")


@pytest.fixture(scope="module")
def scheme():
    return cm.load_scheme("rotherham-2015-16")


@pytest.fixture(scope="module")
def old():
    return cm.synthesise("C87616", seed=1)


def changed(register, **columns):
    """The register with some columns written anew, of another date."""
    table = register.to_arrow()
    table = table.drop_columns(["date_of_birth"]) if "age" in columns else table
    for name, change in columns.items():
        values = [change(value, i) for i, value in enumerate(table[name].to_pylist())]
        table = table.set_column(table.column_names.index(name), name, pa.array(values, table[name].type))
    return cm.read_register(table, as_of="2021-02-01", max_corrected=1.0)


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_two_clean_draws_of_a_practice_are_silent(old, model, scheme, seed):
    new = cm.synthesise("C87616", seed=seed)
    assert cm.drift(old, new, model, OUTCOME, scheme).warnings == ()
    assert cm.drift(old, new, outcome=OUTCOME).warnings == ()


def test_two_clean_draws_of_an_area_are_silent(model, scheme):
    old, new = cm.synthesise("03L", seed=1), cm.synthesise("03L", seed=2)
    assert cm.drift(old, new, model, OUTCOME, scheme).warnings == ()


def test_planted_drift_of_the_risks_shows_in_calibration(old, model):
    new = cm.synthesise("C87616", seed=2, planted=Planted(drift=1.4))
    found = cm.drift(old, new, model, OUTCOME)
    assert len(found.warnings) == 1 and "Observed over expected" in found.warnings[0]
    rows = {row["register"]: row for row in found.calibration.to_pylist()}
    assert rows["new"]["observed_expected"] > 1.2 * rows["old"]["observed_expected"]
    assert rows["new"]["intercept"] > 0.2
    assert "have the outcome" in cm.drift(old, new, outcome=OUTCOME).warnings[0]


def test_a_copied_year_is_told_within_one_register_and_between_two(old):
    within = cm.drift(old, cm.synthesise("C87616", seed=2, planted=Planted(copied_year=True)))
    assert any("'emergency_admissions_12m' is the same as" in line for line in within.warnings)
    between = cm.drift(old, changed(old, age=lambda age, i: age))
    assert any("'ae_attendances_12m' is the same as in the old" in line for line in between.warnings)
    assert cm.drift(old, old).warnings == ()  # one day, one register


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"age": lambda age, i: min(age + 20, 120)}, "'age' shifted"),
        ({"gp_consultations_12m": lambda n, i: None if i % 3 == 0 else n}, "'gp_consultations_12m' is missing for 33"),
        ({"repeat_medicines": lambda n, i: min(3 * n, 60)}, "'repeat_medicines' reaches"),
        ({"diabetes": lambda d, i: d or i % 25 == 0}, "'diabetes': present is the cell"),
    ],
)
def test_a_changed_input_is_told_in_words_with_its_threshold(old, columns, said):
    warnings = cm.drift(old, changed(old, **columns)).warnings
    assert any(said in line and "told from" in line for line in warnings), warnings


def test_inputs_and_practices_that_one_register_alone_has_are_named(old):
    table = old.to_arrow().drop_columns(["frailty_deficits"])
    other = table.set_column(1, "practice_id", pa.array(["C87002"] * table.num_rows))
    assert table.column_names[1] == "practice_id"
    warnings = cm.drift(old, cm.read_register(other, as_of="2021-01-01")).warnings
    assert "'frailty_deficits' is in the old register alone." in warnings
    assert "Practices that vanished: 'C87616'." in warnings


def test_the_index_is_the_plain_sum(old):
    new = cm.synthesise("C87616", seed=5)
    found = cm.drift(old, new)
    cells = [row for row in found.cells.to_pylist() if row["input"] == "sex"]
    a, b = (np.array([row[f"people_{which}"] + 0.5 for row in cells]) for which in ("old", "new"))
    a, b = a / a.sum(), b / b.sum()
    psi = next(row["psi"] for row in found.inputs.to_pylist() if row["input"] == "sex")
    assert psi == pytest.approx(sum((y - x) * np.log(y / x) for x, y in zip(a, b, strict=True)))
    assert stability_index(np.array([5, 5]), np.array([5, 5])) == 0


def test_the_intercept_is_that_of_a_logistic_regression_with_an_offset():
    random = np.random.default_rng(0)
    risk = random.beta(2, 8, 3000)
    y = (random.random(3000) < np.minimum(1.4 * risk, 1)).astype(float)
    offset = np.log(risk / (1 - risk))
    known = sm.GLM(y, np.ones(3000), family=sm.families.Binomial(), offset=offset).fit()
    found = calibration_of(y, risk)
    assert found.intercept == pytest.approx(known.params[0], abs=1e-6)
    assert found.observed_expected == pytest.approx(y.sum() / risk.sum())
    assert intercept_of(risk, 0) is None


def test_scores_and_selection_are_compared_by_group(old, model, scheme):
    found = cm.drift(old, cm.synthesise("C87616", seed=3), model, None, scheme)
    everyone = found.selection.to_pylist()[0]
    assert (everyone["column"], everyone["listed_old"]) == ("everyone", 5819)
    selected = cm.select(old, scheme, model=model).by("imd_decile").to_pylist()
    rows = {row["group"]: row for row in found.selection.to_pylist() if row["column"] == "imd_decile"}
    assert all(rows[row["imd_decile"]]["selected_old"] == row["selected"] for row in selected if row["listed"])
    scores = model.score(old).drop_null().to_numpy()
    assert found.scores["score_old"].to_pylist()[3] == pytest.approx(np.median(scores))


def test_a_model_whose_scores_moved_is_told(old, model):
    older = changed(old, repeat_medicines=lambda n, i: min(n + 12, 60))
    assert any(line.startswith("The scores shifted") for line in cm.drift(old, older, model).warnings)


def test_a_group_that_lost_its_places_is_told(old, model, scheme):
    poorest = [decile == 1 for decile in old.to_arrow()["imd_decile"].to_pylist()]
    without = changed(
        old,
        objected=lambda o, i: o or poorest[i],
        nominated=lambda n, i: n and not poorest[i],
        care_home_type=lambda home, i: "none" if poorest[i] else home,
    )
    warnings = cm.drift(old, without, model, None, scheme).warnings
    assert any(line.startswith("Of imd_decile '1', 0.0 in 100 would be selected") for line in warnings), warnings


def test_an_outcome_may_be_given_for_one_register_alone(old, model):
    new = cm.synthesise("C87616", seed=2, outcomes=False)
    assert cm.drift(old, new, model, OUTCOME).calibration["register"].to_pylist() == ["old"]
    pair = cm.drift(old, new, model, (OUTCOME, None))
    assert pair.calibration["register"].to_pylist() == ["old"]
    with pytest.raises(cm.InputError, match="no column"):
        cm.drift(old, new, model, "outcome_emergency_admission")
    with pytest.raises(cm.InputError, match="give model="):
        cm.drift(old, new, scheme=cm.load_scheme("rotherham-2015-16"))


@pytest.mark.parametrize("scored", [True, False])
def test_an_outcome_that_nobody_has_any_more_is_told(old, model, scored):
    new = cm.synthesise("C87616", as_of="2021-01-01", seed=2)
    nobody = np.zeros(new.rows_in)
    by = model if scored else None
    told = cm.drift(old, new, by, (OUTCOME, nobody)).warnings
    assert len(told) == 1
    assert "In the new register nobody of" in told[0]
    assert "In the old register nobody of" in cm.drift(new, old, by, (nobody, OUTCOME)).warnings[0]
    unknown = np.full(new.rows_in, np.nan)
    assert "is not known of anybody" in cm.drift(old, new, by, (OUTCOME, unknown)).warnings[0]


@pytest.mark.parametrize("people", [1, 5, 40, 300])
def test_a_few_of_the_same_people_reach_no_other_range(old, model, people):
    few = old.to_pandas().sample(people, random_state=people)
    new = cm.read_register(few, as_of=old.as_of)
    for one, other in ((old, new), (new, old)):
        told = cm.drift(one, other, model, allow_demonstration=True).warnings
        assert not [sentence for sentence in told if "another unit" in sentence]
