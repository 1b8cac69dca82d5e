"""``casemgmt plan``, as a user types it."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app

AS_OF = ("--as-of", "2021-01-01", "--scheme", "rotherham-2015-16")
MODEL = ("--model", "demonstration-admission")


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split()) if code else result.output


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "register.parquet"
    cm.synthesise("C87616", as_of="2021-01-01", seed=0, to=path)
    return path


def test_the_table_is_printed_and_written_as_python_gives_it(register, tmp_path):
    said = run("plan", register, *AS_OF, *MODEL, "--share", "3%", "--share", "5%", "--to", tmp_path / "plan.parquet")
    known = cm.plan(
        cm.read_register(register, as_of="2021-01-01"),
        cm.load_scheme("rotherham-2015-16"),
        cm.load_model("demonstration-admission"),
        shares=["3%", "5%"],
    )
    assert pq.read_table(tmp_path / "plan.parquet").equals(known.table)
    row = known.table.to_pylist()[0]
    line = next(line for line in said.splitlines() if line.startswith("3%"))
    assert line.split()[1:4] == [str(row[name]) for name in ("ranked", "other_routes", "patients")]
    assert "No admission is counted as avoided." in said and "DEMONSTRATION ONLY" in said


def test_the_longest_list_for_the_hours_follows_the_tariff(register, tmp_path):
    hours = ("--hours-a-week", "12", "--ranked-alone", "--minutes", "15", "--share", "3%")
    said = run("plan", register, *AS_OF, *MODEL, *hours, "--to", tmp_path / "by.csv", "--practice")
    assert "The longest list for 12 hours a week" in said and "of 15 minutes" in said
    assert "practice_id" in (tmp_path / "by.csv").read_text(encoding="utf-8-sig").splitlines()[0]


def test_what_cannot_be_planned_is_said_in_the_words_of_the_command(register, tmp_path):
    assert "--ranked-alone leaves them out" in run("plan", register, *AS_OF, *MODEL, "--hours-a-week", 1, code=1)
    assert "gives points" in run("plan", register, *AS_OF, "--model", "cambridge-multimorbidity-20", code=1)
    short = ("--hours-a-week", 1, "--to", tmp_path / "short.csv")
    run("plan", register, *AS_OF, *MODEL, *short, code=1)
    assert not (tmp_path / "short.csv").exists()
    assert "such as --hours-a-week 12" in run("plan", register, *AS_OF, *MODEL, "--hours-a-week", "nan", code=1)
    assert "--share: each is a text" in run("plan", register, *AS_OF, *MODEL, "--share", 3, code=1)
    run("plan", register, *AS_OF, code=2)
    run("plan", register, *AS_OF, *MODEL, "--practice", code=2)
    (tmp_path / "there.csv").write_text("mine", encoding="utf-8")
    run("plan", register, *AS_OF, *MODEL, "--to", tmp_path / "there.csv", code=4)
