"""``--json``: every command, run once, prints one document with the keys that are written down, and no patient."""

from __future__ import annotations

import csv
import importlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_cli import MODEL, SCHEME, patients
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.cli.results import KEYS
from casemgmt.register.config import COMMANDS

PAGE = Path(__file__).resolve().parents[2] / "examples" / "commands.md"
ALWAYS = ["casemgmt", "command", "written", "notes"]
# Keys that no run here fills, since what they tell of is rare.
RARE = {
    *(("select", "absent_columns"), ("evaluate", "rules"), ("explain", "risk"), ("explain", "horizon_days")),
    *(("check", "questions"), ("caseload status", "known_at"), ("caseload measures", "register_test")),
}
OUTCOME = "later_admitted"
PATIENT = "p0007"


class Ran(NamedTuple):
    stdout: str
    stderr: str


def run(*arguments: object, code: int = 0) -> Ran:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, (arguments, done.output)
    return Ran(done.stdout, done.stderr)


def register(path: Path) -> Path:
    table = patients()
    happened = pa.array([(i % 3 == 0) or age > 90 for i, age in enumerate(table.column("age").to_pylist())])
    chance = pa.array([(i % 23) / 23 for i in range(300)])
    pq.write_table(table.append_column(OUTCOME, happened).append_column("chance", chance), path)
    return path


def decisions(store: Path, path: Path) -> Path:
    with cm.open_caseload(store) as caseload:
        people = caseload.on("2015-04-10").to_arrow().to_pylist()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["practice_id", "patient_id", "decision", "date", "by"])
        writer.writerows([each["practice_id"], each["patient_id"], "accept", "2015-04-10", "Dr A"] for each in people)
        writer.writerow(["C87002", "p9999", "accept", "2015-04-10", "Dr A"])
    return path


def of_registers(folder: Path) -> dict[str, tuple[object, ...]]:
    one = (folder / "r.parquet", "--as-of", "2015-04-01")
    by = ("--scheme", SCHEME, "--model", MODEL)
    csv_file = folder / "bad.csv"
    csv_file.write_text("patient_id,practice_id,age\na1,C87002,70\na2,C87002,-1\na3,,70\n" + "a1,C87002,70\n" * 60)
    loose = ("--max-quarantined", "50%", "--max-corrected", "50%")
    twice = (*one[:1], one[0], "--as-of-before", "2015-04-01", *one[1:], *by, "--practice")
    judged = ("--outcome", OUTCOME, "--score", "chance", "--scheme", SCHEME, "--replicates", 100)
    mine = ("--outcome", OUTCOME, "--kind", "logistic", "--bags", 1, "--input", "age", "--out", folder / "mine")
    hours = ("--hours-a-week", 20, "--pounds-a-year", 90000, "--score", "chance", "--scheme", SCHEME)
    return {
        "select": (*one, *by, "--out", folder / "april", "--workbooks"),
        "check": (*one, *by),
        "check ": (csv_file, *one[1:], *loose),
        "score": (*one, "--model", MODEL, "--out", folder / "scores.csv"),
        "pack": (*one, "--out", folder / "packed.parquet"),
        "verify": (folder / "april",),
        "returns": (folder / "april", folder / "april/practices/C87002.xlsx", "--accepted", folder / "a.csv"),
        "compare": twice,
        "explain": (*one, PATIENT, "--model", MODEL),
        "fit": (*one, *mine),
        "evaluate": (*one, *judged),
        "plan": (*one, *hours, "--share", "3%"),
        "report": (*one, "--selection", folder / "april", "--out", folder / "report"),
        "letters": (*one, "--scheme", SCHEME, "--within-days", 21, "--out", folder / "letters"),
        "governance": (folder / "april", "--out", folder / "pack"),
    }


def of_other_things(folder: Path) -> dict[str, tuple[object, ...]]:
    (folder / "codes.csv").write_text(
        "patient_id,code,date\np1,I21,2014-01-01\np2,Z99,2014-01-01\np3,,2014-01-01\np4,!!,2014-01-01\n"
    )
    (folder / "nhs.csv").write_text("patient_id,practice_id\n9990000018,C87001\n9990000026,C87001\n")
    pq.write_table(
        pa.table(
            {
                "patient_id": [f"p{i}" for i in range(60)],
                "practice_id": ["C87001"] * 60,
                "admission_date": [f"2014-{1 + i % 12:02d}-01" for i in range(60)],
                "admission_method": ["21"] * 60,
            }
        ),
        folder / "episodes.parquet",
    )
    (folder / "scheme.toml").write_text(cm.load_scheme(SCHEME).text, encoding="utf-8")
    (folder / "lists.csv").write_text("practice_id,year,list_size\nC87001,2014,3000\n")
    covered = ("--covers-from", "2014-01-01", "--covers-to", "2014-12-31", "--year", "calendar", "--base-year", "2014")
    coded = ("--codelist", "charlson-quan-2005", "--as-of", "2015-04-01", "--max-set-aside", "50%")
    (folder / "objected.csv").write_text("patient_id\n9990000018\n")
    key = ("--key", folder / "practice.key", "--opt-outs", folder / "objected.csv")
    return {
        "demo": ("--out", folder / "demo"),
        "synthesise": ("C87616", "--to", folder / "made.parquet"),
        "models": (),
        "models ": (MODEL,),
        "models  ": (MODEL, "--text"),
        "schemes": (),
        "schemes ": (SCHEME,),
        "schemes  ": (SCHEME, "--text"),
        "schemes     ": (SCHEME, "--to", folder / "scheme-to.toml"),
        "models    ": ("schema", "--to", folder / "model.json"),
        "models   ": ("check", Path(__file__).parents[2] / "models" / "lace"),
        "schemes   ": ("check", folder / "scheme.toml"),
        "schemes    ": ("schema",),
        "schemas": (),
        "schemas ": ("scheme",),
        "schemas  ": ("--into", folder / "schemas"),
        "fields": (),
        "new-pipeline": (folder / "monthly-lists", "--scheme", SCHEME, "--model", MODEL),
        "warm": (),
        "derive": (folder / "codes.csv", *coded, "--out", folder / "derived.csv"),
        "outcomes": (
            *(folder / "episodes.parquet", "--lists", folder / "lists.csv", *covered, "--no-procedures"),
            *("--to", folder / "outcomes"),
        ),
        "new-key": (folder / "practice.key",),
        "pseudonymise": (folder / "nhs.csv", *key, "--out", folder / "p.csv", "--lookup", folder / "lookup.csv"),
        "reidentify": (folder / "p.csv", "--lookup", folder / "lookup.csv", "--out", folder / "again.csv"),
    }


def of_a_caseload(folder: Path) -> dict[str, tuple[object, ...]]:
    store, to = folder / "c.sqlite", lambda name: ("--to", folder / name)
    event = folder / "event.csv"
    event.write_text("practice_id,kind,happened_on,patient_id\nC87002,died,2015-04-12,p0003\n")
    national = ("--scheme", "avoiding-unplanned-admissions-2014-15", "--year", 2015)
    quarter = ("--quarter-start", "2015-04-01", "--quarter-end", "2015-06-30", "--selection", folder / "april")
    return {
        "caseload init": (store, "--review-every", 3),
        "caseload propose": (store, folder / "april"),
        "caseload decide": (store, folder / "decisions.csv"),
        "caseload decide ": (
            *(store, "--returns", folder / "april/practices/C87002.xlsx", "--selection", folder / "april"),
        ),
        "caseload record": (store, event),
        "caseload status": (store, "--on", "2015-04-30"),
        "caseload due": (store, "--until", "2015-09-30", "--on", "2015-08-30", *to("due.csv")),
        "caseload letters": (store, "--on", "2015-04-30", "--within-days", 21, *to("told.csv")),
        "caseload history": (store, "--practice", "C87002", "--patient", "p0003", *to("history.csv")),
        "caseload homes": (store, "--on", "2015-04-30"),
        "caseload list-sizes": (folder / "r.parquet", "--as-of", "2015-04-01", "--store", store),
        "caseload payments": (store, *national),
        "caseload measures": (store, *quarter, *to("measures"), "--list-within-days", 90),
        "caseload report": (store, *quarter, *to("quarter")),
        "caseload verify": (store,),
        "caseload export": (store, folder / "exported"),
        "caseload import": (folder / "exported", folder / "imported.sqlite"),
        "caseload migrate": (store,),
    }


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> dict[str, Ran]:
    """What every command printed, each run once or more."""
    folder = tmp_path_factory.mktemp("every")
    register(folder / "r.parquet")
    runs = of_registers(folder) | of_other_things(folder) | of_a_caseload(folder)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        making = importlib.import_module("casemgmt.synthetic.synthesise")
        whole = making.synthesise
        patch.setattr(making, "synthesise", lambda area, *rest, **more: whole("C87616", *rest, **more))
        warming = importlib.import_module("casemgmt.results.warming")
        kept = warming.Warmed(folder=folder, loops=3, bytes=1000, seconds=0.5)
        patch.setattr(warming, "warm", lambda check: kept)  # compiling takes a while, and is tested where it is at home
        for name, arguments in runs.items():
            if name == "caseload decide":
                decisions(folder / "c.sqlite", folder / "decisions.csv")
            found[name] = run(*name.split(), *arguments, "--json")
    return found


def documents(ran: dict[str, Ran]) -> dict[str, dict[str, Any]]:
    return {name: json.loads(each.stdout) for name, each in ran.items()}


def test_every_command_was_run_and_prints_one_document_and_nothing_else(ran):
    assert {name.strip() for name in ran} == set(KEYS) == set(COMMANDS)
    for name, each in ran.items():
        assert each.stdout.count("\n") == 1 and each.stdout.endswith("}\n"), name
        document = json.loads(each.stdout)
        assert document["command"] == name.strip()
        assert document["casemgmt"] == cm.__version__
        assert sorted(document) == sorted([*ALWAYS, *KEYS[name.strip()]]), name


def test_every_key_is_filled_by_some_run(ran):
    filled = {(name.strip(), key) for name, each in documents(ran).items() for key in each if each[key] is not None}
    wanted = {(name, key) for name, keys in KEYS.items() for key in keys}
    assert wanted - filled - RARE == set()


def test_what_people_read_goes_to_standard_error(ran):
    for name in ("select", "check", "verify", "plan", "caseload status", "models"):
        assert len(ran[name].stderr) > 40, name
    assert "Saved in" in ran["select"].stderr


def test_no_document_holds_a_patient(ran):
    ids = re.compile(r"\bp\d{2,4}\b|\ba[123]\b|99900000\d\d|C87616-\d{6}")
    for name, each in ran.items():
        assert not ids.search(each.stdout.replace("p.csv", "")), name


def test_files_that_were_written_are_named_with_their_rows(ran):
    found = documents(ran)
    assert [Path(each["path"]).name for each in found["score"]["written"]] == ["scores.csv"]
    assert found["score"]["written"][0]["rows"] == 300
    for name in ("demo", "select", "pack", "fit", "report", "letters", "governance", "outcomes", "synthesise"):
        assert found[name]["written"], name
        assert all(Path(each["path"]).exists() for each in found[name]["written"]), name
    assert len(found["pseudonymise"]["written"]) == 2


def test_the_figures_are_those_of_python(ran):
    found = documents(ran)
    selected = found["select"]
    assert [row["places"] for row in selected["routes"]] == [9, None, 6, None]
    assert selected["account"]["rows"] == {
        **{"in": 300, "accepted": 300, "merged_repeats": 0, "quarantined": 0, "corrections": 0},
    }
    assert selected["practices"] == 2 and selected["scheme"] == SCHEME
    assert found["check "]["register"]["rows"]["quarantined"] == 1
    assert found["check "]["quarantined"][0]["reason"] == "missing"
    assert found["compare"]["routes"][0]["joiners"] == 0
    assert found["caseload decide"]["problems"][0]["rows"] == 1
    assert found["caseload verify"]["whole"] is True
    assert found["plan"]["lists"][0]["share"] == "3%"
    assert found["fit"]["auroc"].keys() == {"estimator", "tables", "points"}


def test_the_keys_are_those_that_the_page_on_commands_lists():
    table = re.findall(r"^\| `([a-z -]+)` \| (.*) \|$", PAGE.read_text(encoding="utf-8").partition("## JSON")[2], re.M)
    assert {name: tuple(re.findall(r"`(\w+)`", keys)) for name, keys in table} == KEYS
