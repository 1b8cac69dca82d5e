"""The demonstration model: what the script writes, the figures on its card, and where it refuses to work."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.fields import CONDITIONS
from casemgmt.risk.demonstration import check_demonstration, is_demonstration
from casemgmt.risk.files import load_model
from casemgmt.risk.vectors import covering_vectors
from casemgmt.risk.writing import model_text

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "models" / "demonstration-admission"
NAME = "demonstration-admission"
SMALL = "C87616"
SOME = ("age", "sex", "emergency_admissions_12m", "ae_attendances_12m", "repeat_medicines", "copd", "diabetes")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "fit_demonstration_model", ROOT / "examples/fit_demonstration_model.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def register() -> cm.Register:
    return cm.synthesise(SMALL, seed=3)


@pytest.fixture(scope="module")
def unmarked() -> cm.Register:
    table = cm.synthesise(SMALL, seed=3).to_arrow().replace_schema_metadata(None)
    return cm.read_register(table, as_of="2021-01-01")


def written(model: cm.Model, folder: Path) -> Path:
    folder.mkdir()
    (folder / "model.toml").write_text(model_text(model), encoding="utf-8")
    (folder / "vectors.csv").write_text(covering_vectors(model), encoding="utf-8")
    return folder


def test_the_script_is_short():
    assert len((ROOT / "examples/fit_demonstration_model.py").read_text(encoding="utf-8").splitlines()) < 100


def test_the_model_is_shipped_and_says_what_it_is():
    model = cm.load_model(NAME)
    assert NAME in cm.list_models()
    assert model.demonstration
    assert "demonstration only" in repr(model)
    assert "demonstration only" in model._repr_html_()
    assert model.title.startswith("Demonstration only")
    assert {each.name for each in model.inputs} >= {"age", "sex", "imd_decile", "emergency_admissions_12m", *CONDITIONS}
    assert not any("outcome" in each.name for each in model.inputs)


@pytest.fixture(scope="module")
def small(script, register) -> cm.Model:
    """A fit to one practice, of the inputs that enough of its people have."""
    return script.fit(register, SOME)


def test_a_small_fit_is_written_read_back_and_the_same_each_time(script, register, small, tmp_path):
    assert script.fit(register, SOME).text == small.text
    read = load_model(written(small, tmp_path / NAME))
    assert read == small
    assert read.score(register).equals(small.score(register))
    assert "people with a recent contact" in script.figures(read, register)


def test_the_fit_is_that_of_the_estimator(register, small):
    import numpy as np

    score = small.score(register).to_numpy(zero_copy_only=False)
    has = np.isfinite(score)
    risk = 1 / (1 + np.exp(-score[has]))
    admitted = register.to_arrow()["outcome_emergency_admission_12m"].to_numpy()[has]
    # A logistic fit with an intercept expects as many events as there were among those whom it learned from.
    assert risk.sum() == pytest.approx(admitted.sum(), rel=0.01)
    assert np.corrcoef(risk, admitted)[0, 1] > 0.25


@pytest.mark.long
def test_the_shipped_files_are_what_the_script_writes(script):
    model = script.fit(cm.synthesise(script.AREA, seed=script.FIT_SEED))
    assert model_text(model) == (SHIPPED / "model.toml").read_text(encoding="utf-8")
    assert covering_vectors(model) == (SHIPPED / "vectors.csv").read_text(encoding="utf-8")


def test_the_card_shows_the_figures_on_a_fresh_seed(script):
    card = (SHIPPED / "card.md").read_text(encoding="utf-8")
    assert script.FRESH_SEED != script.FIT_SEED
    found = script.figures(cm.load_model(NAME), cm.synthesise(script.AREA, seed=script.FRESH_SEED))
    assert f"(seed {script.FRESH_SEED})" in card
    assert found in card
    assert "Do not use it on people" in card


def test_a_register_that_is_not_marked_synthetic_is_refused(register, unmarked):
    model = cm.load_model(NAME)
    someone = register.to_arrow()["patient_id"][0].as_py()
    assert register.synthetic
    assert not unmarked.synthetic
    for call in (lambda: model.score(unmarked), lambda: model.explain(unmarked, someone)):
        with pytest.raises(
            InputError, match=r"demonstration only.*allow_demonstration=True \(--demonstration"
        ) as caught:
            call()
        assert someone not in str(caught.value)
    assert model.score(unmarked, allow_demonstration=True).equals(model.score(register))
    allowed = model.explain(unmarked, someone, allow_demonstration=True)
    assert allowed.equals(model.explain(register, someone))


@pytest.mark.parametrize("mark", [b'{"synthetic": false}', b'{"synthetic": "true"}', b'{"synthetic": 1}', b"{}"])
def test_only_a_plain_true_marks_a_register(register, mark):
    table = register.to_arrow().replace_schema_metadata({b"casemgmt": mark})
    read = cm.read_register(table, as_of="2021-01-01")
    with pytest.raises(InputError, match="not marked synthetic"):
        cm.load_model(NAME).score(read)


def test_other_models_score_any_register(unmarked):
    model = cm.load_model("cambridge-multimorbidity-20")
    check_demonstration(model, unmarked, False)
    assert len(model.score(unmarked)) == len(unmarked)


def test_a_model_that_takes_a_demonstration_score_is_one_too(small, register, unmarked, tmp_path):
    written(small, tmp_path / NAME)
    outer = tmp_path / "outer"
    outer.mkdir()
    head = ["[model]", 'name = "outer"', 'link = "points"', 'intercept = "0"']
    words = ("title", "source", "outcome", "population", "intended_use", "not_for", "licence", "version")
    head += [f'{word} = "made for a test"' for word in words]
    body = [
        "[[input]]",
        'name = "inner"',
        'kind = "score"',
        f'model = "../{NAME}"',
        'edges = ["-2"]',
        'closed = "left"',
    ]
    body += ['table = ["0", "1"]', 'missing = "no score"']
    (outer / "model.toml").write_text("\n".join([*head, *body]) + "\n", encoding="utf-8")
    vectors = "inner,expected_score,expected_risk\n-2.000001,0,\n-2,1,\n,,\n"
    (outer / "vectors.csv").write_text(vectors, encoding="utf-8")
    model = load_model(outer)
    assert is_demonstration(model)
    assert not model.demonstration
    assert set(model.score(register).drop_null().unique().to_pylist()) == {0.0, 1.0}
    with pytest.raises(InputError, match="'outer' is for demonstration only"):
        model.score(unmarked)


def test_a_written_model_reads_back_as_itself_whatever_its_inputs(tmp_path):
    from dataclasses import replace

    from casemgmt.risk.inputs import ModelInput

    model = cm.load_model("cambridge-multimorbidity-20")
    kinds = (
        ModelInput(name="asthma", label='A "quoted" name\\', kind="flag", table=(0, -310000), missing=17),
        ModelInput(
            name="age", label="Age", kind="integer", first=18, below="no score", table=(1, 2), missing="no score"
        ),
        ModelInput(
            name="sex", label="Sex", kind="category", categories=("F", "M"), table=(1, 2), other="no score", missing=3
        ),
        ModelInput(
            name="repeat_medicines",
            label="Medicines",
            kind="number",
            edges=(2_000_000, 9_000_000),
            closed="right",
            table=(-1, 0, 5),
            missing=0,
        ),
    )
    survival = {"link": "survival", "baseline_survival": "0.97", "centre": -5, "horizon_days": 365, "floor": 0}
    made = replace(model, name="made", inputs=kinds, intercept=-2, divide_by=3, **survival)
    read = load_model(written(made, tmp_path / "made"))
    assert replace(read, text="", vectors_text="") == replace(made, text="", vectors_text="")
    nested = replace(model, bands=(), text="")
    assert load_model(written(nested, tmp_path / "plain")).inputs == model.inputs


def test_a_model_with_bands_and_the_score_of_another_is_written_too(tmp_path):
    from dataclasses import replace

    for name in ("lace", "hospital-frailty-risk-score"):
        model = cm.load_model(name)
        read = load_model(written(replace(model, text=""), tmp_path / f"made-{name}"))
        assert (read.bands, read.inputs, read.nested) == (model.bands, model.inputs, model.nested)


def test_the_mark_survives_a_file(tmp_path):
    path = cm.synthesise(SMALL, to=tmp_path / "register.parquet")
    read = cm.read_register(path, as_of="2021-01-01")
    scores = cm.load_model(NAME).score(read)
    assert isinstance(scores, pa.Array)
    assert scores.null_count < 0.02 * len(scores)
