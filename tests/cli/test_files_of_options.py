"""``--config``: options of any command from a file, in the words of the command line, which comes before it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_cli import MODEL, SCHEME, patients
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.cli.config import REGISTERED
from casemgmt.register.config import COMMANDS


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return " ".join(done.output.split()) if code else done.output


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A folder with a register, from which nothing is run: what the file says is found from the file."""
    folder, elsewhere = tmp_path / "job", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    pq.write_table(patients(), folder / "april.parquet")
    monkeypatch.chdir(elsewhere)
    return folder


def written(job: Path, text: str) -> Path:
    (job / "job.toml").write_text(text, encoding="utf-8")
    return job / "job.toml"


SELECT = f"""
[columns]
points = "points_of_ours"
[select]
register = "*.parquet"
as-of = 2015-04-01
scheme = "{SCHEME}"
model = "{MODEL}"
out = "lists"
include = ["age", "points_of_ours"]
overwrite = true
threads = 1
list-size-within = "any"
[verify]
dir = "lists"
[caseload.init]
store = "c.sqlite"
review-every = 3
[caseload.propose]
store = "c.sqlite"
"""


def test_a_month_runs_from_one_file(job):
    file = written(job, SELECT)
    assert "Saved in" in run("select", "--config", file)
    assert pq.read_schema(job / "lists/processor/selection.parquet").names[-2:] == [
        *("register_age", "register_points_of_ours"),
    ]
    assert "intact" in run("verify", "--config", file)
    run("caseload", "init", "--config", file)
    assert "proposed to 2 practices" in run("caseload", "propose", job / "lists", "--config", file)


def test_what_is_typed_comes_before_the_file(job, tmp_path):
    file = written(job, SELECT)
    out = tmp_path / "other"
    found = run("select", "--as-of", "2016-04-01", "--include", "age", "--config", file, "--out", out, "--json")
    assert json.loads(found.splitlines()[-1] if found.startswith("Long") else found.partition("\n")[0])["as_of"]
    assert not (job / "lists").exists()
    facts = cm.load_selection(out)
    assert str(facts.facts["as_of"]) == "2016-04-01"
    assert "register_points_of_ours" not in pq.read_schema(out / "processor/selection.parquet").names
    pq.write_table(patients().slice(0, 200), job / "less.pq")
    found = run("select", job / "less.pq", f"--config={file}", "--out", tmp_path / "less")
    assert "1 practice" in found


def test_the_mapping_of_the_file_holds_for_every_command_that_reads_a_register(job):
    file = written(job, SELECT)
    text = run("check", job / "april.parquet", "--as-of", "2015-04-01", "--config", file)
    assert "points_of_ours" in text
    register = cm.read_register(job / "april.parquet", as_of="2015-04-01", config=file)
    assert "points_of_ours" in register.column_names


def test_an_argument_that_the_file_leaves_out_is_typed_beside_those_it_says(job):
    file = written(job, f'[explain]\nregister = ["april.parquet"]\nas-of = "2015-04-01"\nmodel = "{MODEL}"\n')
    assert "Score:" in run("explain", "p0007", "--config", file)
    assert "Score:" in run("explain", job / "april.parquet", "p0007", "--config", file)
    text = f'[compare]\nbefore = "ap*.parquet"\nwith = ["april.parquet"]\nscheme = "{SCHEME}"\nscore = "points"\n'
    file = written(job, text + "as-of-before = 2015-04-01\nas-of = 2015-04-01\npractice = true\n")
    assert "Practice C87002" in run("compare", "--config", file)


@pytest.mark.parametrize("named", [("--with", "a.parquet", "b.parquet"), ("--with=a.parquet", "b.parquet")])
def test_compare_takes_many_files_a_side(job, monkeypatch, named):
    monkeypatch.chdir(job)
    pq.write_table(patients().slice(0, 120), "a.parquet")
    pq.write_table(patients().slice(120), "b.parquet")
    by = ("--as-of-before", "2015-04-01", "--as-of", "2015-04-01", "--scheme", SCHEME, "--score", "points", "--json")
    for before in (("[ab].parquet",), ("b.parquet", "a.parquet")):
        found = json.loads(run("compare", *before, *named, *by).partition("\n")[0])
        assert {(row["joiners"], row["leavers"]) for row in found["routes"]} == {(0, 0)}
        assert found["after"]["account"]["rows"]["accepted"] == 300
    assert json.loads(run("compare", "[ab].parquet", "april.parquet", *by).partition("\n")[0])["reasons"] == []
    assert "3 files: give the files of the later one behind it" in run("compare", "a", "b", "c", *by[:-1], code=2)
    assert "the earlier register alone" in run("compare", "a.parquet", *by[:-1], code=2)


def test_switches_numbers_and_repeated_options_are_those_of_the_command_line(job):
    text = f'[plan]\nregister = "april.parquet"\nas-of = 2015-04-01\nscheme = "{SCHEME}"\nscore = "points"\n'
    file = written(
        job, text + 'risk = "risk"\nshare = ["1%", "3%"]\ncontacts = 6\nminutes = 12.5\nranked-alone = false\n'
    )
    table = patients()

    pq.write_table(table.append_column("risk", pa.array([(i % 9) / 9 for i in range(300)])), job / "april.parquet")
    assert "6 contacts a patient and year of 12.5 minutes" in run("plan", "--config", file)
    file = written(job, SELECT.replace("threads = 1", "threads = 1\nscan = false\njson = true\nquiet = true"))
    assert json.loads(run("select", "--config", file))["command"] == "select"


@pytest.mark.parametrize(
    ("command", "text", "said"),
    [
        ("select", "[select]\nsheme = 'x'\n", "[select]: unknown key 'sheme'. Did you mean 'scheme'?"),
        ("select", "[selct]\nscheme = 'x'\n", "unknown key 'selct'. Did you mean 'select'?"),
        ("select", "[select]\nscheme = 3\n", "[select] 'scheme' needs a text in quotes."),
        ("select", "[select]\nthreads = 'two'\n", "[select] 'threads' needs a whole number, without quotes."),
        ("select", "[select]\nthreads = true\n", "'threads' needs a whole number"),
        ("select", "[select]\nthreads = 1.5\n", "'threads' needs a whole number"),
        ("select", "[select]\noverwrite = 'yes'\n", "[select] 'overwrite' needs true or false."),
        ("select", "[select]\nas-of = 20150401\n", "'as-of' needs a date, such as 2015-04-01, in quotes."),
        ("select", "[select]\nscheme = ['x', 'y']\n", "'scheme' takes one value, and is given a list."),
        ("select", "[select]\ninclude = [1]\n", "'include' needs a text in quotes, or a list of them."),
        ("select", "[select]\nas-of = 2015-04-01\nas_of = 2015-04-01\n", "'as_of' is said twice. Keep one."),
        ("select", "[select]\nreplicates = 100\n", "'replicates' is an option of 'evaluate', not of 'select'."),
        ("select", "[select]\nconfig = 'x'\n", "'config' is typed, and not said in a file."),
        ("select", "select = 3\n", "[select]"),
        ("select", "scheme = 'x'\n", "unknown key 'scheme'."),
        ("select", "[select\n", "not a TOML file"),
        ("verify", "[caseload.verfy]\n", "[caseload]: unknown key 'verfy'. Did you mean 'verify'?"),
        ("verify", "[verify]\ndir = '-x'\nquiet = 1\n", "'quiet' needs true or false."),
        ("caseload verify", "[caseload]\nverify = 3\n", "[caseload.verify]"),
        ("caseload verify", "[caseload.verify]\nstore = 'postgresql://me:secret@h/d'\n", "holds a password"),
        ("synthesise", "[synthesise]\narea = '-x'\n", "a value that begins with a dash is typed"),
        ("models", "[colums]\n", "unknown key 'colums'. Did you mean 'columns'?"),
        (
            "select",
            "[select]\nscheme = '?'\nas-of = '?'\n[values.sex]\n1 = '?'\n",
            "[select] scheme; [select] as-of; [values.sex] 1",
        ),
    ],
)
def test_what_a_file_may_not_say_is_one_clear_sentence(command, text, said, job):
    shown = run(*command.split(), "--config", written(job, text), code=1)
    assert said in shown
    assert "secret" not in shown


def test_a_file_that_is_not_there_is_refused(job):
    assert "There is no file none.toml" in run("verify", "--config", job / "none.toml", code=1)
    assert "requires an argument" in run("verify", "--config", code=2)


def test_a_value_that_an_option_does_not_take_is_told_with_its_place(job):
    said = run("select", "--config", written(job, SELECT.replace("2015-04-01", '"soon"')), code=2)
    assert "Invalid value for '--as-of'" in said and "So job.toml: [select] as-of says it." in said


def test_a_name_that_ships_stays_a_name_and_a_path_is_seen_from_the_file(job):
    own = Path(cm.__file__).parent / "scheme/shipped" / f"{SCHEME}.toml"
    (job / "own.toml").write_text(own.read_text().replace(f'"{SCHEME}"', '"own"', 1), encoding="utf-8")
    text = SELECT.replace(f'scheme = "{SCHEME}"', 'scheme = "own.toml"')
    run("select", "--config", written(job, text))
    assert cm.load_selection(job / "lists").scheme.id == "own"
    assert "There is no scheme 'owm'" in run(
        "select", "--config", written(job, text.replace("own.toml", "owm")), code=1
    )


def test_a_key_is_a_path_or_the_name_of_a_variable(job, monkeypatch):
    (job / "nhs.csv").write_text("patient_id,practice_id\n9990000018,C87001\n9990000026,C87001\n", encoding="utf-8")
    run("new-key", job / "practice.key")
    text = '[pseudonymise]\nlist = "nhs.csv"\nout = "p.csv"\nkey = "practice.key"\n'
    run("pseudonymise", "--config", written(job, text))
    monkeypatch.setenv("OUR_KEY", (job / "practice.key").read_text())
    text = text.replace("practice.key", "env:OUR_KEY").replace("p.csv", "q.csv")
    run("pseudonymise", "--config", written(job, text))
    assert (job / "p.csv").read_bytes() == (job / "q.csv").read_bytes()


def test_every_command_has_a_table_and_every_option_a_key():
    assert set(REGISTERED) == set(COMMANDS)
    for command, options in REGISTERED.items():
        keys = [option.key for option in options.values()]
        assert len(set(keys)) == len(keys), command
        assert all(key and key.replace("-", "").replace("_", "").isalnum() for key in keys), command
        assert {"config", "json", "quiet", "log-file"} <= set(keys)
    kinds = {option.key: option.kind for option in REGISTERED["select"].values()}
    assert {key: kinds[key] for key in ("register", "scheme", "as-of", "threads", "overwrite", "contact", "scan")} == {
        **{"register": "path", "scheme": "path", "as-of": "date", "threads": "whole", "overwrite": "yes or no"},
        **{"contact": "text", "scan": "yes or no"},
    }
    for command, key in (("caseload propose", "dir"), ("caseload decide", "file"), ("pseudonymise", "key")):
        assert {each.key: each.kind for each in REGISTERED[command].values()}[key] == "path"


def test_help_says_what_a_file_may_hold():
    assert "a table a command" in " ".join(run("verify", "--help").split())
    assert "in a table a command any of its options" in " ".join(run("select", "--help").split())
