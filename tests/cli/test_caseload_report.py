"""``casemgmt caseload report``: one quarter, or the year's four, each held against the one before."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.outputs.csv_text import read_csv

DAYS = ("2015-04-01", "2015-07-01", "2015-10-01", "2016-01-01")
SCHEME = "avoiding-unplanned-admissions-2014-15"


def people(day: str) -> pa.Table:
    rows = range(7500)
    return pa.table(
        {
            "patient_id": [f"p{i:05d}" for i in rows],
            "practice_id": [f"C8700{1 + i % 3}" for i in rows],
            "age": [(i * 37) % 100 for i in rows],
            "points": [float(i * 29 % 997) for i in rows],
        }
    )


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """A year's registers and selections, and a store in which each was proposed and half were accepted."""
    folder = tmp_path_factory.mktemp("year")
    scheme = cm.load_scheme(SCHEME)
    with cm.open_caseload(folder / "store.sqlite", create=True, review_every_months=3) as caseload:
        for day in DAYS:
            pq.write_table(people(day), folder / f"{day}.parquet")
            register = cm.read_register(folder / f"{day}.parquet", as_of=day)
            made = cm.select(register, scheme, score="points", previous=caseload if caseload.practices else None)
            made.save(folder / "lists" / day)
            caseload.propose(cm.load_selection(folder / "lists" / day))
            waiting = caseload.on(day).to_arrow().to_pylist()
            decisions = [
                {**{name: row[name] for name in ("practice_id", "patient_id")}, "decision": "accept", "by": "AB"}
                | {"date": dt.date.fromisoformat(day) + dt.timedelta(days=3)}
                for row in waiting[::2]
                if row["status"] == "proposed"
            ]
            caseload.decide(decisions)
    return folder


def run(*words: object):
    return CliRunner().invoke(app, ["caseload", "report", *map(str, words)])


def test_four_reports_a_year_from_one_command(year, tmp_path):
    named = [word for day in DAYS for word in ("--selection", year / "lists" / day)]
    read = [word for day in DAYS for word in ("--register", year / f"{day}.parquet")]
    done = run(year / "store.sqlite", *named, *read, "--year", 2015, "--to", tmp_path / "reports")
    assert done.exit_code == 0, done.output
    folders = sorted(path.name for path in (tmp_path / "reports").iterdir() if not path.name.startswith("."))
    assert folders == ["2015-16-Q1", "2015-16-Q2", "2015-16-Q3", "2015-16-Q4"]
    before = None
    for name in folders:
        folder = tmp_path / "reports" / name
        manifest = json.loads((folder / "manifest.json").read_text())
        assert manifest["facts"]["period"]["heads"].keys() == {"C87001", "C87002", "C87003"}
        rows = read_csv((folder / "figures" / "caseload.csv").read_bytes()).to_pylist()
        own = next(row for row in rows if row["practice_id"] == "C87001")
        if before is not None:
            assert own["managed_start"] == before
            assert manifest["facts"]["previous_as_of"] is not None
        before = own["managed_end"]
    assert before not in (None, "", "0")


def test_one_quarter_by_its_days(year, tmp_path):
    days = ("--quarter-start", "2015-04-01", "--quarter-end", "2015-06-30")
    done = run(year / "store.sqlite", "--selection", year / "lists" / DAYS[0], *days, "--to", tmp_path / "q1")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "q1" / "report.html").is_file()
    assert "2015-04-01 to 2015-06-30" in done.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "--quarter-start"),
        (("--year", 2015, "--quarter-start", "2015-04-01"), 2, "leave --quarter-start"),
        (("--year", 2013), 1, "of no quarter"),
        (("--year", 2015, "--selection", "SAME"), 1, "Two selections"),
        (("--year", 2015, "--register", "a.parquet", "--register", "b.parquet"), 2, "for each --selection"),
    ],
)
def test_options_that_do_not_go_together(year, tmp_path, words, code, said):
    first = year / "lists" / DAYS[0]
    words = [first if word == "SAME" else word for word in words]
    done = run(year / "store.sqlite", "--selection", first, "--to", tmp_path / "out", *words)
    assert done.exit_code == code, done.output
    assert said in " ".join(done.output.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_a_selection_that_was_never_proposed_is_refused(year, tmp_path):
    register = cm.read_register(people(DAYS[0]).slice(0, 4000), as_of=DAYS[0])
    cm.select(register, cm.load_scheme(SCHEME), score="points").save(tmp_path / "other")
    done = run(year / "store.sqlite", "--selection", tmp_path / "other", "--year", 2015, "--to", tmp_path / "out")
    assert done.exit_code == 1
    assert "never proposed" in " ".join(done.output.split())


def verify(store: object, report: object):
    return CliRunner().invoke(app, ["caseload", "verify", str(store), "--heads", str(report)])


def test_a_report_tells_a_chain_that_was_written_anew(year, tmp_path):
    days = ("--quarter-start", "2015-04-01", "--quarter-end", "2015-06-30")
    report, other = tmp_path / "q1", tmp_path / "other.sqlite"
    run(year / "store.sqlite", "--selection", year / "lists" / DAYS[0], *days, "--to", report)
    done = verify(year / "store.sqlite", report)
    assert done.exit_code == 0, done.output
    with cm.open_caseload(other, create=True, review_every_months=3) as caseload:
        for code in ("C87001", "C87002", "C87003"):
            size = {"practice_id": code, "kind": "list_size", "happened_on": "2015-04-01", "whole": 500}
            caseload.record([size], recorded_at=dt.datetime(2015, 4, 1, tzinfo=dt.UTC))
    found = verify(other, report)
    assert found.exit_code == 1
    assert "printed" in found.output
