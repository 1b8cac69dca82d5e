"""``casemgmt new-pipeline`` writes a repository that runs a month as it stands, or nothing at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt import disk
from casemgmt.cli import app
from casemgmt.cli.pipeline import writing

RULES = ("--scheme", "rotherham-2015-16")
BY_MODEL = (*RULES, "--model", "cambridge-multimorbidity-20")
HERE = str(Path(cm.__file__).resolve().parent.parent)


def new_pipeline(folder, *options, code=0):
    result = CliRunner().invoke(app, ["new-pipeline", str(folder), *options])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def files_in(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run_in(folder, *command):
    env = {**os.environ, "PYTHONPATH": HERE, "MYPYPATH": HERE}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=env, check=False, capture_output=True, text=True, timeout=600
    )


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A pipeline as it is written."""
    folder = tmp_path_factory.mktemp("new") / "Our lists"
    new_pipeline(folder, *BY_MODEL, "--caseload")
    return folder


def test_a_new_pipeline_runs_a_month_and_a_second_run_changes_nothing(repository, tmp_path):
    for name, data in files_in(repository).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "data").mkdir()
    cm.synthesise(writing.PRACTICE, as_of="2026-04-01", to=tmp_path / "data" / "register-2026-04-01.parquet")
    for outcome in ("published", "unchanged"):
        done = run_in(tmp_path, "pipeline", "--config", "config/month.toml")
        assert done.stderr == "" and done.returncode == 0
        assert done.stdout == f"2026-04-01: {outcome}.\n"
    assert cm.load_selection(tmp_path / "publications/lists/2026-04-01").to_arrow().num_rows > 30
    log = (tmp_path / "publications/logs/2026-04-01.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line) for line in log.splitlines()]
    assert [each["state"] for each in events if each["event"] == "end"] == ["published", "unchanged"]
    assert run_in(tmp_path, "pipeline.no_data").returncode == 0


def test_its_code_is_clean(repository):
    for check in (("ruff", "check", "--no-cache", "."), ("ruff", "format", "--no-cache", "--check", ".")):
        done = run_in(repository, *check)
        assert done.returncode == 0, done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [
        BY_MODEL,
        (*BY_MODEL, "--caseload"),
        (*RULES, "--score", "points"),
        ("--scheme", "frailty-2017-18", "--score", "frailty_deficits"),
        ("--scheme", "prism-top-half-percent", "--model", "demonstration-admission", "--caseload"),
    ],
    ids=["model", "caseload", "score", "frailty", "prism"],
)
def test_its_own_checks_pass(options, tmp_path):
    new_pipeline(tmp_path / "lists", *options)
    done = run_in(tmp_path / "lists", "run_tests")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("All checks passed.\n")


def test_it_uses_what_is_public_alone(repository):
    for name, data in files_in(repository).items():
        if name.endswith(".py"):
            assert b"from casemgmt" not in data and b"import casemgmt." not in data, name


def test_the_same_words_give_the_same_bytes_and_only_the_owner_reads_them(repository, tmp_path):
    new_pipeline(tmp_path / "Our lists", *BY_MODEL, "--caseload")
    assert files_in(tmp_path / "Our lists") == files_in(repository)
    if os.name == "posix":
        assert {path.stat().st_mode & 0o077 for path in (tmp_path / "Our lists").rglob("*")} == {0}


def test_the_configuration_and_the_project_say_what_was_asked_for(tmp_path):
    new_pipeline(tmp_path / "lists", *RULES, "--score", 'a "quoted" column\\', "--name", "other-name")
    config = tomllib.loads((tmp_path / "lists/config/month.toml").read_text(encoding="utf-8"))
    assert config["score"] == 'a "quoted" column\\' and "model" not in config and "caseload" not in config
    assert config["scheme"] == "rotherham-2015-16"
    project = tomllib.loads((tmp_path / "lists/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "other-name" and project["scripts"] == {"other-name": "pipeline.__main__:main"}
    assert project["dependencies"] == [f"casemgmt>={cm.__version__},<0.{int(cm.__version__.split('.')[1]) + 1}"]


def test_the_next_release_that_may_change_calls_is_left_out():
    assert (writing._next("0.3.0"), writing._next("0.9.12"), writing._next("1.4.2")) == ("0.4", "0.10", "2")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*BY_MODEL, "--score", "points"), "say what ranks"),
        (RULES, "say what ranks"),
        (("--scheme", "rotherham-2015-17", "--score", "x"), "'rotherham-2015-17' does not ship. Did you mean"),
        ((*RULES, "--model", "nobody"), "'nobody' does not ship."),
        ((*BY_MODEL, "--name", "../x"), "small letters, digits and single hyphens"),
        ((*BY_MODEL, "--name", 'x"\ny'), "small letters, digits and single hyphens"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(options, said, tmp_path):
    assert said in new_pipeline(tmp_path / "lists", *options, code=2)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_as_it_was(tmp_path):
    (tmp_path / "lists").mkdir()
    assert "is there already" in new_pipeline(tmp_path / "lists", *BY_MODEL, code=4)
    assert list((tmp_path / "lists").iterdir()) == []


def test_a_write_that_fails_leaves_nothing(monkeypatch, tmp_path):
    whole = len(files_in_a_pipeline())
    for failing in (0, 3, whole - 1):
        written = []

        def write(path, data, written=written, failing=failing):
            if len(written) == failing:
                raise OSError(28, "No space left on device")
            written.append(path)
            path.write_bytes(data)

        monkeypatch.setattr(disk, "write_file", write)
        assert "No space left" in new_pipeline(tmp_path / "above" / "lists", *BY_MODEL, code=4)
        assert len(written) == failing
        assert [path for path in tmp_path.rglob("*") if not path.name.endswith(disk.LOCK)] == []


def files_in_a_pipeline():
    return writing.files_of(name="x", scheme="rotherham-2015-16", model="m", score=None, caseload=False)
