"""``--json`` with errors, ``--quiet`` and ``--log-file``: who hears what, and that no patient is in it."""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from test_cli import MODEL, SCHEME, patients
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app

BY = ("--as-of", "2015-04-01", "--scheme", SCHEME, "--model", MODEL)
CANARY = "Zebedee-Quigley"


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def register(tmp_path) -> Path:
    pq.write_table(patients(), tmp_path / "register.parquet")
    return tmp_path / "register.parquet"


@pytest.fixture
def bad(tmp_path) -> Path:
    """100 rows, of which 30 have no practice: over the share that is let pass."""
    rows = [f"{CANARY}{i},{'' if i < 30 else 'C87002'},70" for i in range(100)]
    (tmp_path / "bad.csv").write_text("\n".join(["patient_id,practice_id,age", *rows, ""]), encoding="utf-8")
    return tmp_path / "bad.csv"


def error_of(done) -> dict:
    """The error in the last line of standard error."""
    return json.loads(done.stderr.splitlines()[-1])["error"]


@pytest.mark.parametrize(
    ("words", "kind", "code", "said"),
    [
        (("verify", "no-such-folder"), "VerifyError", 1, "no-such-folder"),
        (("select", "REGISTER", *BY[:2], "--scheme", "none"), "UsageError", 2, "Missing option '--out'"),
        (("select", "REGISTER", *BY[:2], "--scheme", "none", "--out", "x"), "SchemeError", 1, "no scheme 'none'"),
        (("select", "REGISTER", *BY[:4], "--out", "x"), "UsageError", 2, "--model"),
        (("select", "REGISTER", "--as-of", "soon", *BY[2:], "--out", "x"), "UsageError", 2, "ISO date"),
        (("score", "REGISTER", *BY[:2], "--model", MODEL, "--out", "REGISTER"), "PublishError", 4, "is there already"),
        (("slect", "REGISTER"), "UsageError", 2, "No such command 'slect'"),
        (("caseload", "verfy"), "UsageError", 2, "No such command 'verfy'"),
        (("verify", "x", "--config", "none.toml"), "InputError", 1, "none.toml"),
        (("verify", "x", "--colour"), "UsageError", 2, "--colour"),
    ],
)
def test_an_error_is_one_line_of_json_with_the_same_exit_code(register, tmp_path, monkeypatch, words, kind, code, said):
    monkeypatch.chdir(tmp_path)
    words = [str(register) if word == "REGISTER" else word for word in words]
    plain, done = run(*words), run(*words, "--json")
    assert plain.exit_code == done.exit_code == code
    assert not plain.stderr.startswith("{")
    assert done.stdout == ""
    error = error_of(done)
    assert (error["type"], error["exit_code"]) == (kind, code)
    assert said in error["message"]


def test_a_cap_that_is_exceeded_ends_with_its_own_code(tmp_path):
    pq.write_table(patients(nominated=[i < 9 for i in range(300)]), tmp_path / "r.parquet")
    done = run("select", tmp_path / "r.parquet", *BY, "--out", tmp_path / "x", "--json")
    assert (done.exit_code, error_of(done)["type"]) == (3, "CapExceededError")


def test_check_prints_what_it_found_beside_its_error(bad):
    done = run("check", bad, *BY[:2], "--json")
    assert done.exit_code == error_of(done)["exit_code"] == 1
    assert json.loads(done.stdout)["register"]["rows"]["quarantined"] == 30
    assert CANARY not in done.output


def test_a_caseload_with_a_fault_prints_its_document_and_ends_with_1(tmp_path):
    import sqlite3

    place = tmp_path / "c.sqlite"
    run("caseload", "init", place, "--review-every", 3)
    with sqlite3.connect(place) as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type='trigger'")]
        for name in names:
            connection.execute(f"drop trigger {name}")
        connection.execute("update events set details = '{\"review_every_months\": 4}'")
    connection.close()
    done = run("caseload", "verify", place, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["whole"] is False


def test_an_unexpected_error_shows_no_value_as_json_either(register, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError(CANARY)

    monkeypatch.setattr("casemgmt.results.selecting.select", fails)
    done = run("select", register, *BY, "--out", tmp_path / "x", "--json")
    assert done.exit_code == 1 and error_of(done)["type"] == "unexpected"
    assert CANARY not in done.output


def test_quiet_says_nothing_but_errors(register, bad, tmp_path):
    done = run("select", register, *BY, "--out", tmp_path / "out", "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    assert (run("models", "--quiet").output, run("verify", tmp_path / "out", "--quiet").output) == ("", "")
    done = run("check", bad, *BY[:2], "--quiet")
    assert done.exit_code == 1 and done.stdout == "" and done.stderr.startswith("casemgmt: ")
    done = run("check", register, *BY[:2], "--quiet", "--json")
    assert done.stderr == "" and json.loads(done.stdout)["register"]["rows"]["in"] == 300


def test_a_note_is_in_the_document_and_on_standard_error_unless_it_is_quiet(tmp_path):
    table = patients().append_column("sex", [["M", "F"] * 150])
    pq.write_table(table, tmp_path / "r.parquet")
    words = ("check", tmp_path / "r.parquet", *BY[:2], "--value", "sex:1=M")
    done = run(*words, "--json")
    assert "all can be read without it" in json.loads(done.stdout)["notes"][0]
    assert "casemgmt: note: " in done.stderr
    assert run(*words, "--quiet").output == ""


# --log-file


def test_a_log_keeps_what_is_done_from_run_to_run_in_a_private_file(register, tmp_path):
    log = tmp_path / "runs.log"
    run("select", register, *BY, "--out", tmp_path / "out", "--log-file", log, "--quiet")
    run("verify", tmp_path / "out", "--log-file", log)
    run("verify", tmp_path / "none", "--log-file", log)
    lines = log.read_text(encoding="utf-8").splitlines()
    assert all(line[:4].isdigit() and line[19] == "Z" for line in lines)
    text = "\n".join(lines)
    for said in (
        f"INFO casemgmt.cli: casemgmt {cm.__version__}: select begins",
        "INFO casemgmt.register: read 300 rows of 1 file: 300 accepted, 0 merged repeats, 0 quarantined, 0 corrections",
        "INFO casemgmt.selection: selected by rotherham-2015-16",
        "INFO casemgmt.outputs: published",
        "INFO casemgmt.cli: select is done",
        "ERROR casemgmt.cli: ",
        "INFO casemgmt.cli: verify ended with exit code 1",
    ):
        assert said in text, said
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert logging.getLogger("casemgmt").level == logging.NOTSET
    assert all(isinstance(each, logging.NullHandler) for each in logging.getLogger("casemgmt").handlers)


def test_no_patient_is_in_a_log(register, bad, tmp_path):
    log = tmp_path / "runs.log"
    run("explain", register, "p0007", *BY[:2], "--model", MODEL, "--log-file", log)
    run("explain", register, CANARY, *BY[:2], "--model", MODEL, "--log-file", log)
    run("check", bad, *BY[:2], "--log-file", log)
    text = log.read_text(encoding="utf-8")
    assert "explain begins" in text and "ERROR" in text
    assert "p0007" not in text and CANARY not in text


def test_a_log_is_one_line_an_entry(tmp_path):
    log, text = tmp_path / "runs.log", "patient_id,age\x1b[31m\nx,1\n"
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    run("check", tmp_path / "r.csv", *BY[:2], "--log-file", log)
    lines = log.read_text(encoding="utf-8").splitlines()
    assert all(" casemgmt." in line for line in lines)
    assert "\x1b" not in log.read_text(encoding="utf-8")


def test_a_log_that_cannot_be_written_stops_the_command_before_it_begins(register, tmp_path):
    for place in (tmp_path, tmp_path / "no" / "folder.log"):
        done = run("select", register, *BY, "--out", tmp_path / "out", "--log-file", place)
        assert done.exit_code == 4 and "could not be written" in done.stderr
    os.mkfifo(tmp_path / "pipe")
    assert run("models", "--log-file", tmp_path / "pipe").exit_code == 4
    assert not (tmp_path / "out").exists()


def test_python_users_hear_the_same_through_logging(register, tmp_path, caplog):
    caplog.set_level(logging.INFO, "casemgmt")
    read = cm.read_register(register, as_of="2015-04-01")
    cm.select(read, cm.load_scheme(SCHEME), score="points").save(tmp_path / "out")
    cm.load_selection(tmp_path / "out")
    assert [record.name for record in caplog.records] == [
        *("casemgmt.register", "casemgmt.selection", "casemgmt.outputs", "casemgmt.outputs"),
    ]
    assert "p0" not in caplog.text
