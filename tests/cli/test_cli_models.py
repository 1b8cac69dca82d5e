"""A model of one's own from the command line: fitted, judged on other people, and described on its card."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli.app import app

OUTCOME = "outcome_emergency_admission_12m"
INPUTS = ("age", "emergency_admissions_12m", "repeat_medicines", "copd")


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def registers(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("registers")
    paths = folder / "before.parquet", folder / "after.parquet"
    for seed, path in enumerate(paths, start=1):
        cm.synthesise("C87616", seed=seed, to=path)
    return paths


@pytest.fixture(scope="module")
def fitted(registers, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("models") / "mine"
    inputs = [word for name in INPUTS for word in ("--input", name)]
    result = run(
        "fit",
        registers[0],
        "--as-of",
        "2021-01-01",
        "--outcome",
        OUTCOME,
        "--kind",
        "logistic",
        "--out",
        out,
        "--name",
        "mine",
        "--word",
        "population=Made-up people",
        *inputs,
    )
    assert result.exit_code == 0, result.output
    assert "4 inputs" in result.output
    assert "DEMONSTRATION ONLY" in result.output
    return out


def test_a_fitted_model_loads_and_is_that_of_python(registers, fitted):
    model = cm.load_model(fitted)
    again = cm.fit_model(
        cm.read_register(registers[0], as_of="2021-01-01"),
        OUTCOME,
        inputs=INPUTS,
        kind="logistic",
        name="mine",
        words={"population": "Made-up people"},
    )
    assert model.inputs == again.inputs
    assert model.population == "Made-up people"
    assert (fitted / "card.md").read_text(encoding="utf-8").count("TRIPOD+AI") == 1


def test_a_model_is_judged_and_its_card_written(registers, fitted, tmp_path):
    result = run(
        "evaluate",
        registers[1],
        "--as-of",
        "2021-01-01",
        "--outcome",
        OUTCOME,
        "--model",
        fitted,
        "--scheme",
        "rotherham-2015-16",
        "--over-cap",
        "queue",
        "--replicates",
        100,
        "--out",
        tmp_path / "judged",
        "--card",
        tmp_path / "card.md",
    )
    assert result.exit_code == 0, result.output
    found = cm.evaluate(
        cm.load_model(fitted),
        OUTCOME,
        cm.read_register(registers[1], as_of="2021-01-01"),
        cm.load_scheme("rotherham-2015-16"),
        over_cap="queue",
        replicates=100,
    )
    assert f"AUROC {found.value('auroc'):.3f}" in result.output
    assert (tmp_path / "judged" / "index.html").is_file()
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert card == found.card()
    assert "sensitivity" in card


def test_a_model_that_is_there_is_not_replaced_unasked(registers, fitted):
    result = run(
        "fit",
        registers[0],
        "--as-of",
        "2021-01-01",
        "--outcome",
        OUTCOME,
        "--input",
        "age",
        "--kind",
        "logistic",
        "--out",
        fitted,
    )
    assert result.exit_code == 4


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--outcome", "outcome_admission"], 1),
        (["--outcome", OUTCOME, "--input", "agee"], 1),
        (["--outcome", OUTCOME, "--pair", "age"], 2),
        (["--outcome", OUTCOME, "--word", "population"], 2),
    ],
)
def test_mistakes_end_in_a_sentence_and_write_nothing(registers, tmp_path, words, code):
    result = run("fit", registers[0], "--as-of", "2021-01-01", "--out", tmp_path / "mine", *words)
    assert result.exit_code == code, result.output
    assert "unexpected" not in result.output
    assert not (tmp_path / "mine").exists()


def test_a_score_of_the_users_is_judged_and_has_no_card(registers, tmp_path):
    shared = ("evaluate", registers[1], "--as-of", "2021-01-01", "--outcome", OUTCOME, "--replicates", 100)
    assert run(*shared, "--score", "frailty_deficits").exit_code == 1  # no risks
    judged = run(*shared, "--score", "frailty_deficits", "--points")
    assert judged.exit_code == 0, judged.output
    assert "calibration" not in judged.output.split("Set aside")[0].split("value, with")[1]
    assert run(*shared, "--score", "frailty_deficits", "--points", "--card", tmp_path / "x.md").exit_code == 1


def test_a_place_that_is_taken_is_refused_before_anything_is_worked_out(registers, fitted, tmp_path, monkeypatch):
    monkeypatch.setattr("casemgmt.risk.fitting.fit.fitted_model", pytest.fail)
    monkeypatch.setattr("casemgmt.evaluation.evaluate.judge", pytest.fail)
    shared = (registers[0], "--as-of", "2021-01-01", "--outcome", OUTCOME)
    refused = run("fit", *shared, "--out", fitted)
    assert refused.exit_code == 4, refused.output
    assert "add --overwrite" in refused.output
    assert run("fit", *shared, "--out", tmp_path).exit_code == 4
    assert run("evaluate", *shared, "--model", fitted, "--out", tmp_path).exit_code == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--score", "agee"], "--score names 'agee'"),
        (["--score", "age"], "or say --points of a score"),
        (["--score", "age", "--points", "--threshold", "2"], "such as --threshold 0.2"),
    ],
)
def test_what_cannot_be_judged_is_said_in_the_words_of_the_command(registers, words, said):
    result = run("evaluate", registers[0], "--as-of", "2021-01-01", "--outcome", OUTCOME, *words)
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
    assert "model_or_risks" not in result.output
