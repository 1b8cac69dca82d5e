"""``casemgmt caseload``, as a user types it: a year's work on two practices, one of 50 patients."""

from __future__ import annotations

import csv
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from a_server import server, why_no_server
from practice_books import edited
from test_cli import MODEL, SCHEME, patients, run

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.cli.caseload import COMMANDS
from casemgmt.cli.caseload.places import VARIABLE

RULES = ("--as-of", "2015-04-01", "--scheme", SCHEME, "--model", MODEL)
CANARY = "Zebedee-Quigley"
BIG, SMALL = "C87002", "C87003"


@pytest.fixture(autouse=True)
def no_store_in_the_environment(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A published selection, and a caseload at three stages of its year; tests work on copies."""
    folder = tmp_path_factory.mktemp("made")
    pq.write_table(patients().slice(0, 250), folder / "april.parquet")
    run("select", folder / "april.parquet", *RULES, "--out", folder / "april", "--workbooks")
    place = folder / "new.sqlite"
    run("caseload", "init", place, "--review-every", 3)
    place = copied(place, folder / "proposed.sqlite")
    run("caseload", "propose", place, folder / "april")
    place = copied(place, folder / "managed.sqlite")
    run("caseload", "decide", place, written(folder / "managed.csv", decisions(place)))
    rows = decisions(place, "plan agreed", practice=BIG, date="2015-04-20", by="")
    run("caseload", "decide", place, written(folder / "plans.csv", rows))
    return folder


def copied(source, target):
    shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return target


@pytest.fixture
def published(made, tmp_path):
    copied(made / "april.parquet", tmp_path / "april.parquet")
    return copied(made / "april", tmp_path / "april")


@pytest.fixture
def place(made, tmp_path):
    return copied(made / "new.sqlite", tmp_path / "c.sqlite")


@pytest.fixture
def proposed(made, tmp_path):
    return copied(made / "proposed.sqlite", tmp_path / "c.sqlite")


@pytest.fixture
def managed(made, published, tmp_path):
    return copied(made / "managed.sqlite", tmp_path / "c.sqlite")


def rows_of(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def written(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def people(place, on="2015-04-30"):
    with cm.open_caseload(place) as caseload:
        return caseload.on(on).to_arrow().to_pylist()


def decisions(place, said="accept", *, practice=None, date="2015-04-10", by="Dr A", **more):
    return [
        {"practice_id": row["practice_id"], "patient_id": row["patient_id"], "decision": said, "date": date, "by": by}
        | more
        for row in people(place, date)
        if practice in (None, row["practice_id"])
    ]


def squeezed(text):
    return " ".join(text.split())


# The commands


def test_help_lists_the_commands_and_each_says_what_it_does():
    text = squeezed(run("caseload", "--help"))
    for name, command in COMMANDS.items():
        assert f" {name} " in text
        help_ = squeezed(run("caseload", name, "--help"))
        assert squeezed(command.__doc__).split(".")[0] in help_
    assert VARIABLE in text


def test_init_makes_a_private_empty_caseload_once(tmp_path):
    place = tmp_path / "c.sqlite"
    said = run("caseload", "init", place, "--review-every", 6)
    assert "reviews every 6 months" in said and "back-up" in said
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with cm.open_caseload(place) as caseload:
        assert caseload.settings.review_every_months == 6
        assert caseload.practices == ()
    before = place.read_bytes()
    said = run("caseload", "init", place, "--review-every", 3, code=4)
    assert "is not empty: choose another place" in said
    assert place.read_bytes() == before


def test_a_published_selection_is_proposed_once_and_nobody_is_managed_by_it(place, published):
    said = squeezed(run("caseload", "propose", place, published, "--by", "LTC team"))
    assert "List of 2015-04-01, proposed to 2 practices" in said
    managed = cm.load_selection(published).to_arrow().filter(cm.load_selection(published).to_arrow()["case_managed"])
    assert f"all {managed.num_rows} {managed.num_rows} " in said
    assert "until a person decides" in said
    assert "p00" not in said
    assert {row["status"] for row in people(place)} == {"proposed"}
    again = squeezed(run("caseload", "propose", place, published))
    assert "2 lists had been proposed before" in again
    with cm.open_caseload(place) as caseload:
        events = caseload.events()
    assert {*events["by"].to_pylist()} == {None, "LTC team"}


def test_decisions_of_a_file_are_written_down_once_and_the_rest_is_explained(proposed, tmp_path):
    rows = decisions(proposed)
    rows[0]["decision"], rows[1]["patient_id"] = "declined", CANARY
    file = written(tmp_path / "d.csv", rows)
    said = squeezed(run("caseload", "decide", proposed, file, "--explained", tmp_path / "e.csv"))
    assert f"{len(rows) - 1} events written down, 1 row explained" in said
    assert f"accepted {len(rows) - 2}" in said and "not accepted 1" in said
    assert "1 row: is about a patient of whom the practice has no event" in said
    assert CANARY not in said and "p00" not in said
    (explained,) = rows_of(tmp_path / "e.csv")
    assert explained["row"] == "2" and explained["patient_id"] == CANARY
    assert stat.S_IMODE((tmp_path / "e.csv").stat().st_mode) == 0o600
    again = squeezed(run("caseload", "decide", proposed, file))
    assert "0 events written down, 1 row explained" in again
    assert sorted(row["status"] for row in people(proposed)) == ["managed"] * (len(rows) - 2) + ["proposed"]


def test_a_misspelt_column_of_decisions_is_answered_with_the_nearest_one_and_nothing_is_written(proposed, tmp_path):
    rows = [
        {("desision" if name == "decision" else name): value for name, value in row.items()}
        for row in decisions(proposed)
    ]
    said = run("caseload", "decide", proposed, written(tmp_path / "d.csv", rows), code=1)
    assert "'desision'. Did you mean 'decision'?" in said
    assert {row["status"] for row in people(proposed)} == {"proposed"}


@pytest.mark.parametrize(("date", "problem"), [("2015-04-31", "no day"), ("10/04/2015", "no day"), ("", "which day")])
def test_wrong_days_of_decisions_are_explained(proposed, tmp_path, date, problem):
    rows = [row | {"date": date} for row in decisions(proposed)]
    said = squeezed(run("caseload", "decide", proposed, written(tmp_path / "d.csv", rows)))
    assert f"0 events written down, {len(rows)} rows explained" in said
    assert problem in said


def test_what_practices_sent_back_is_decided_with_the_selection_that_it_answers(proposed, published, tmp_path):
    book = (published / f"practices/{BIG}.xlsx").read_bytes()
    answers = lambda sheets: [sheets["list"].answer(0, "accept"), sheets["list"].answer(1, "declined")]  # noqa: E731
    (tmp_path / "back.xlsx").write_bytes(edited(book, answers))
    job = ("caseload", "decide", proposed, "--returns", tmp_path / "back.xlsx", "--selection", published)
    said = squeezed(run(*job))
    assert f"{BIG} 2 0 " in said and "1 practice of 2 answered" in said
    assert "accepted 1 not accepted 1 return read 1" in said
    assert "3 events written down, 0 rows explained" in said
    assert "0 events written down" in run(*job)
    assert [row["status"] for row in people(proposed) if row["practice_id"] == BIG].count("managed") == 1


def test_answers_to_a_list_that_was_never_proposed_are_refused(place, published, tmp_path):
    book = (published / f"practices/{BIG}.xlsx").read_bytes()
    (tmp_path / "back.xlsx").write_bytes(edited(book, lambda sheets: sheets["list"].answer(0, "accept")))
    said = run("caseload", "decide", place, "--returns", tmp_path / "back.xlsx", "--selection", published, code=1)
    assert "never proposed" in said


def test_events_of_any_kind_are_recorded_from_a_file_all_or_none(proposed, tmp_path):
    who = people(proposed)[0]
    row = {
        "practice_id": who["practice_id"],
        "patient_id": who["patient_id"],
        "happened_on": "2015-04-12",
        "by": "Dr A",
    }
    rows = [row | {"kind": "accepted", "gp": ""}, row | {"kind": "gp_named", "gp": "Dr B"}]
    said = squeezed(run("caseload", "record", proposed, written(tmp_path / "r.csv", rows)))
    assert "accepted 1 gp named 1 2 events written down" in said
    wrong = [*rows, row | {"kind": "gp_namd", "gp": "Dr B"}]
    said = run("caseload", "record", proposed, written(tmp_path / "w.csv", wrong), code=1)
    assert "3 events given, and none was written" in said and "Did you mean 'gp_named'?" in said
    assert [row["accountable_gp"] for row in people(proposed)].count("Dr B") == 1


# What is asked


def test_status_counts_by_practice_and_writes_who_only_into_a_file(managed, tmp_path):
    said = squeezed(run("caseload", "status", managed, "--on", "2015-04-30"))
    with cm.open_caseload(managed) as caseload:
        state = caseload.on("2015-04-30")
    counts = {row["practice_id"]: row for row in state.summary().to_pylist()}
    assert "Caseload on 2015-04-30, as known now; reviews every 3 months" in said
    assert "practice managed plans agreed without plan untold" in said
    for code in (BIG, SMALL):
        own = counts[code]
        numbers = [own[name] for name in ("managed", "plans_agreed", "without_plan", "untold")]
        assert " ".join([code, *map(str, numbers)]) in said
    assert "p00" not in said
    alone = squeezed(run("caseload", "status", managed, "--on", "2015-04-30", "--practice", SMALL))
    assert SMALL in alone and BIG not in alone
    said = run("caseload", "status", managed, "--on", "2015-04-30", "--to", tmp_path / "s.csv")
    assert f"Written: {tmp_path / 's.csv'} ({state.to_arrow().num_rows} patients)." in said
    assert [row["patient_id"] for row in rows_of(tmp_path / "s.csv")] == state.to_arrow()["patient_id"].to_pylist()
    assert stat.S_IMODE((tmp_path / "s.csv").stat().st_mode) == 0o600


def test_a_death_known_late_is_not_in_the_state_as_known_then_and_is_as_known_now(managed, tmp_path):
    rows = decisions(managed, "died", practice=SMALL, date="2015-04-25", by="")[:1]
    run("caseload", "decide", managed, written(tmp_path / "died.csv", rows))
    with cm.open_caseload(managed) as caseload:
        recorded = [moment for moment in caseload.events()["recorded_at"].to_pylist() if moment is not None]
    between = (max(moment for moment in recorded if moment < max(recorded))).isoformat()
    now = squeezed(run("caseload", "status", managed, "--on", "2015-04-30", "--practice", SMALL))
    then = squeezed(
        run("caseload", "status", managed, "--on", "2015-04-30", "--practice", SMALL, "--known-at", between)
    )
    assert " died" in now and " died" not in then
    assert "as known at " in then
    everyone = tmp_path / "all.csv"
    run("caseload", "status", managed, "--on", "2015-04-30", "--to", everyone, "--everyone")
    assert [row["status"] for row in rows_of(everyone)].count("died") == 1


def test_the_due_list_and_letters_and_homes_and_history_are_written_and_counted(managed, tmp_path):
    everyone = len(people(managed))
    said = run("caseload", "due", managed, "--until", "2015-07-31", "--to", tmp_path / "due.csv")
    assert f"{everyone} reviews due until 2015-07-31." in said
    assert "overdue" not in rows_of(tmp_path / "due.csv")[0]
    job = ("caseload", "due", managed, "--until", "2015-07-31", "--on", "2015-07-15", "--to", tmp_path / "on.csv")
    late = sum(row["next_review"] < "2015-07-15" for row in rows_of(tmp_path / "due.csv"))
    assert 0 < late < everyone
    assert f"{late} of them overdue on 2015-07-15" in run(*job)
    run("caseload", "due", managed, "--until", "2015-06-30", "--to", tmp_path / "none.csv")
    assert rows_of(tmp_path / "none.csv") == []
    said = run("caseload", "letters", managed, "--on", "2015-05-02", "--within-days", 21, "--to", tmp_path / "l.csv")
    assert f"{everyone} patients to tell, {everyone} of them overdue on 2015-05-02." in said
    assert len(rows_of(tmp_path / "l.csv")) == everyone
    said = run("caseload", "letters", managed, "--on", "2015-05-02", "--to", tmp_path / "x.csv", code=1)
    assert "--within-days 21" in said
    home = {"practice_id": BIG, "patient_id": people(managed)[0]["patient_id"], "kind": "home_changed"}
    home |= {"happened_on": "2015-04-02", "care_home_type": "nursing", "care_home_id": "H1"}
    run("caseload", "record", managed, written(tmp_path / "home.csv", [home]))
    said = squeezed(run("caseload", "homes", managed, "--on", "2015-04-30", "--to", tmp_path / "h.csv"))
    assert "residents 1" in said and "aligned 1" in said
    assert [row["care_home_id"] for row in rows_of(tmp_path / "h.csv")] == ["H1"]
    job = ("caseload", "history", managed, "--practice", BIG, "--patient", home["patient_id"])
    said = squeezed(run(*job, "--to", tmp_path / "one.csv"))
    assert "proposed 1" in said and home["patient_id"] not in said
    assert [row["kind"] for row in rows_of(tmp_path / "one.csv")] == [
        "proposed",
        "accepted",
        "plan_agreed",
        "home_changed",
    ]


def test_list_sizes_payments_and_a_quarter(managed, published, tmp_path):
    register = tmp_path / "april.parquet"
    said = run("caseload", "list-sizes", register, "--as-of", "2015-04-01", "--store", managed)
    assert "2 practices written down, 0 known already" in said
    again = run("caseload", "list-sizes", register, "--as-of", "2015-04-01", "--store", managed)
    assert "0 practices written down, 2 known already" in again
    scheme = "avoiding-unplanned-admissions-2015-16"
    job = ("caseload", "payments", managed, "--scheme", scheme, "--year", 2015, "--until", "2015-06-30")
    said = squeezed(run(*job, "--to", tmp_path / "pay.csv"))
    assert "Financial year 2015/16, in pounds" in said and "not known" in said
    with cm.open_caseload(managed) as caseload:
        expected = caseload.payments(cm.load_scheme(scheme), 2015, until="2015-06-30")
    assert [row["instalment"] for row in rows_of(tmp_path / "pay.csv")] == expected["instalment"].to_pylist()
    first = next(row for row in expected.to_pylist() if row["condition"] == "declared")
    said = squeezed(run(*job, "--declared", f"{SMALL}:{first['instalment']}"))
    assert f"{SMALL} {first['payment']} {first['instalment']} 50 " in said and " yes " in said
    run(*job, "--declared", "C87003", code=2)
    quarter = ("--quarter-start", "2015-04-01", "--quarter-end", "2015-06-30")
    job = ("caseload", "measures", managed, "--selection", published, *quarter, "--to", tmp_path / "q1")
    said = squeezed(run(*job))
    assert "2015-04-01 to 2015-06-30, 2 practices" in said and "not for the commissioner" in said
    with cm.open_caseload(managed) as caseload:
        expected = caseload.process("2015-04-01", "2015-06-30")
        heads = caseload.heads().to_pylist()
    found = rows_of(tmp_path / "q1" / "process.csv")
    assert [row["joined"] for row in found] == [str(count) for count in expected["joined"].to_pylist()]
    manifest = (tmp_path / "q1" / "manifest.json").read_text(encoding="utf-8")
    assert all(head["hash"] in manifest for head in heads if head["practice_id"])
    assert {row["column"] for row in rows_of(tmp_path / "q1" / "definitions.csv")} == set(expected.column_names[1:])
    assert stat.S_IMODE((tmp_path / "q1").stat().st_mode) == 0o700
    assert "It holds every event" in run("caseload", "verify", managed, "--heads", tmp_path / "q1")
    run("caseload", "init", tmp_path / "other.sqlite", "--review-every", 3)
    run("caseload", "verify", tmp_path / "other.sqlite", "--heads", tmp_path / "q1", code=1)
    assert "holds an earlier quarter of a caseload" in run(*job, code=4)
    run(*job, "--overwrite")


def test_a_quarter_of_a_selection_that_was_never_proposed_is_refused(place, published, tmp_path):
    quarter = ("--quarter-start", "2015-04-01", "--quarter-end", "2015-06-30")
    job = ("caseload", "measures", place, "--selection", published, *quarter, "--to", tmp_path / "q1")
    assert "was never proposed to" in run(*job, code=1)
    assert not (tmp_path / "q1").exists()


# The store


def test_a_whole_store_verifies_goes_out_and_in_and_is_the_same(managed, tmp_path):
    said = run("caseload", "verify", managed)
    with cm.open_caseload(managed) as caseload:
        events = caseload.events().num_rows
    assert f"{events} events of 2 practices intact" in said
    for form in ("csv", "parquet"):
        run("caseload", "export", managed, tmp_path / form, "--format", form)
        assert "It holds every event" in run("caseload", "verify", managed, "--heads", tmp_path / form)
        said = run("caseload", "import", tmp_path / form, tmp_path / f"{form}.sqlite")
        assert f"{events} events of 2 practices" in said
        run("caseload", "export", tmp_path / f"{form}.sqlite", tmp_path / f"{form}-again", "--format", form)
        first, second = ({p.name: p.read_bytes() for p in (tmp_path / f).iterdir()} for f in (form, f"{form}-again"))
        assert first == second
    assert "is not empty" in run("caseload", "import", tmp_path / "csv", tmp_path / "csv.sqlite", code=4)
    assert "holds an earlier export" in run("caseload", "export", managed, tmp_path / "csv", code=4)
    data = tmp_path / "csv" / "events.csv"
    data.write_bytes(data.read_bytes().replace(b"2015-04-10", b"2015-04-11", 1))
    assert "was changed since it was exported" in run(
        "caseload", "import", tmp_path / "csv", tmp_path / "x.sqlite", code=1
    )


def test_a_tampered_store_ends_with_1_and_says_where(managed):
    with sqlite3.connect(managed) as connection:
        connection.execute("UPDATE events SET happened_on = '2015-04-02' WHERE practice_id = ? AND number = 4", (BIG,))
    connection.close()
    said = run("caseload", "verify", managed, code=1)
    assert "1 fault" in said and f"{BIG} 4 edited" in said
    assert "p00" not in said
    assert "is not whole" in run("caseload", "export", managed, managed.parent / "out", code=1)


def test_a_store_that_was_rewritten_does_not_hold_the_events_that_a_later_list_states(managed, tmp_path):
    """The heads stand in what `select --previous STORE` publishes."""
    pq.write_table(patients().slice(0, 250), tmp_path / "may.parquet")
    job = ("select", tmp_path / "may.parquet", "--as-of", "2015-05-01", *RULES[2:], "--out", tmp_path / "may")
    said = squeezed(run(*job, "--previous", managed))
    assert "on the caseload and not selected again" in said
    assert "It holds every event" in run("caseload", "verify", managed, "--heads", tmp_path / "may")
    run("caseload", "init", tmp_path / "other.sqlite", "--review-every", 3)
    run("caseload", "propose", tmp_path / "other.sqlite", tmp_path / "april")
    said = run("caseload", "verify", tmp_path / "other.sqlite", "--heads", tmp_path / "may", code=1)
    assert BIG in said and SMALL in said
    with cm.open_caseload(managed) as caseload:
        caseload.heads().to_pandas().to_csv(tmp_path / "heads.csv", index=False)
    assert "It holds every event" in run("caseload", "verify", managed, "--heads", tmp_path / "heads.csv")
    assert "states no last event" in run("caseload", "verify", managed, "--heads", tmp_path / "april", code=1)


def test_the_caseload_takes_the_place_of_an_earlier_list(managed, tmp_path):
    """Three months in a row without a decision lose nobody, and a removal keeps the day of its first proposal."""
    table = patients(points=[float((41 * i) % 101) for i in range(300)]).slice(0, 250)
    before = {(row["practice_id"], row["patient_id"]) for row in people(managed)}
    for month in ("05", "06", "07"):
        pq.write_table(table, tmp_path / f"{month}.parquet")
        job = ("select", tmp_path / f"{month}.parquet", "--as-of", f"2015-{month}-01", "--scheme", SCHEME)
        run(*job, "--score", "points", "--out", tmp_path / month, "--previous", managed)
        run("caseload", "propose", managed, tmp_path / month)
    after = {(row["practice_id"], row["patient_id"]) for row in people(managed, "2015-07-31")}
    assert before <= after
    pending = [row for row in people(managed, "2015-07-31") if row["removal_proposed_on"] is not None]
    assert pending and {str(row["removal_proposed_on"]) for row in pending} == {"2015-05-01"}
    assert "proposed before" in run("caseload", "propose", managed, tmp_path / "05")


def test_a_list_of_an_earlier_day_is_refused(managed, tmp_path):
    pq.write_table(patients().slice(0, 250), tmp_path / "march.parquet")
    job = ("select", tmp_path / "march.parquet", "--as-of", "2015-03-01", *RULES[2:], "--out", tmp_path / "march")
    run(*job)
    assert "Propose lists in the order of their dates" in run(
        "caseload", "propose", managed, tmp_path / "march", code=1
    )
    said = run(*job, "--overwrite", "--previous", managed, code=1)
    assert "caseload.on" not in said


# Where the store is


def test_the_store_comes_from_the_environment_where_it_is_left_out(tmp_path, published, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "env.sqlite"))
    run("caseload", "init", "--review-every", 3)
    run("caseload", "propose", published)
    run("caseload", "decide", written(tmp_path / "d.csv", decisions(tmp_path / "env.sqlite")))
    assert "managed" in run("caseload", "status", "--on", "2015-04-30")
    run("caseload", "export", tmp_path / "out")
    assert "intact" in run("caseload", "verify")
    run("caseload", "list-sizes", tmp_path / "april.parquet", "--as-of", "2015-04-01")
    run("caseload", "init", tmp_path / "named.sqlite", "--review-every", 3)
    assert "0 practices intact" in run("caseload", "verify", tmp_path / "named.sqlite")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "imported.sqlite"))
    run("caseload", "import", tmp_path / "out")
    assert "2 practices intact" in run("caseload", "verify")


def test_a_password_of_an_address_is_not_repeated(monkeypatch):
    monkeypatch.setenv(VARIABLE, f"postgresql+psycopg://me:{CANARY}@127.0.0.1:1/none?connect_timeout=2")
    said = run("caseload", "status", "--on", "2015-04-30", code=4)
    assert CANARY not in said and "me@127.0.0.1" in said


def test_a_team_shares_a_caseload_on_postgresql(published, tmp_path, monkeypatch):
    if why_no_server():
        pytest.skip(why_no_server())
    with server() as running:
        monkeypatch.setenv(VARIABLE, running.new_database())
        run("caseload", "init", "--review-every", 3)
        run("caseload", "propose", published)
        run("caseload", "decide", written(tmp_path / "d.csv", decisions(os.environ[VARIABLE])))
        said = squeezed(run("caseload", "status", "--on", "2015-04-30", "--to", tmp_path / "s.csv"))
        assert len(rows_of(tmp_path / "s.csv")) == len(people(os.environ[VARIABLE])) > 0
        job = ("select", tmp_path / "april.parquet", "--as-of", "2015-05-01", *RULES[2:], "--out", tmp_path / "may")
        run(*job, "--previous", os.environ[VARIABLE])
        assert "It holds every event" in run("caseload", "verify", "--heads", tmp_path / "may")
        run("caseload", "export", tmp_path / "out")
        run("caseload", "import", tmp_path / "out", tmp_path / "file.sqlite")
        assert squeezed(run("caseload", "status", tmp_path / "file.sqlite", "--on", "2015-04-30")) in said


WRONG = [
    ("init", "c.sqlite"),
    ("init", "c.sqlite", "--review-every", "0"),
    ("init", "c.sqlite", "--review-every", "quarterly"),
    ("propose",),
    ("propose", "c.sqlite"),
    ("decide", "c.sqlite"),
    ("decide", "c.sqlite", "d.csv", "--returns", "x.xlsx", "--selection", "lists"),
    ("decide", "c.sqlite", "--returns", "x.xlsx"),
    ("decide", "c.sqlite", "--selection", "lists"),
    ("record", "c.sqlite"),
    ("status", "c.sqlite"),
    ("status", "c.sqlite", "--on", "30/04/2015"),
    ("status", "c.sqlite", "--on", "2015-04-31"),
    ("status", "c.sqlite", "--on", "2015-04-30", "--to", "people.xlsx"),
    ("due", "c.sqlite", "--until", "2015-04-30"),
    ("due", "c.sqlite", "--until", "soon", "--to", "due.csv"),
    ("history", "c.sqlite", "--practice", "C87002", "--patient", "1"),
    ("measures", "c.sqlite", "--selection", "lists", "--quarter-start", "2015-04-01", "--to", "q1"),
    ("payments", "c.sqlite", "--scheme", SCHEME),
    ("export", "c.sqlite"),
    ("export", "c.sqlite", "out", "--format", "xlsx"),
    ("import",),
    ("import", "out"),
    ("verify",),
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_exit_code_2_is_a_command_written_wrongly(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run("caseload", *arguments, code=2)
    assert "Error" in said
    assert list(tmp_path.iterdir()) == []


NOWHERE = [
    ("propose", "c.sqlite", "lists"),
    ("decide", "c.sqlite", "d.csv"),
    ("status", "c.sqlite", "--on", "2015-04-30"),
    ("due", "c.sqlite", "--until", "2015-04-30", "--to", "due.csv"),
    ("verify", "c.sqlite"),
    ("export", "c.sqlite", "out"),
    ("import", "out", "c.sqlite"),
    ("migrate", "c.sqlite"),
]


@pytest.mark.parametrize("arguments", NOWHERE, ids=" ".join)
def test_exit_code_1_is_a_store_or_folder_that_is_not_there_and_none_is_made(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run("caseload", *arguments, code=1)
    assert re.search(r"There is no (caseload|publication)|is no folder that", said), said
    assert "create=" not in said
    assert list(tmp_path.iterdir()) == []


def test_wrong_practices_moments_and_files_are_refused_with_1(managed, tmp_path):
    said = run("caseload", "status", managed, "--on", "2015-04-30", "--practice", "C87000", code=1)
    assert "There is no practice 'C87000'" in said
    said = run("caseload", "status", managed, "--on", "2015-04-30", "--known-at", "noon", code=1)
    assert "such as --known-at " in said
    (tmp_path / "text.sqlite").write_text("no database")
    assert "no caseload" in run("caseload", "verify", tmp_path / "text.sqlite", code=1)
    assert run("caseload", "decide", managed, tmp_path / "nothing.csv", code=1)
    out = tmp_path / "people.csv"
    out.write_text("mine")
    assert "is there already" in run("caseload", "status", managed, "--on", "2015-04-30", "--to", out, code=4)
    assert out.read_text() == "mine"


def test_two_commands_at_once_lose_nothing(proposed, tmp_path):
    rows = decisions(proposed)
    halves = [written(tmp_path / f"{name}.csv", part) for name, part in (("a", rows[::2]), ("b", rows[1::2]))]
    env = {**os.environ, "PYTHONPATH": str(Path(cm.__file__).resolve().parent.parent)}
    program = [sys.executable, "-c", "from casemgmt.cli import main; main()", "caseload", "decide", str(proposed)]
    running = [subprocess.Popen([*program, str(half)], env=env, stdout=subprocess.DEVNULL) for half in halves]
    assert [each.wait(120) for each in running] == [0, 0]
    assert {row["status"] for row in people(proposed)} == {"managed"}
    assert "intact" in run("caseload", "verify", proposed)


def test_every_command_guards_its_errors():
    (group,) = (
        each for each in app.registered_groups if each.name == "caseload" or each.typer_instance.info.name == "caseload"
    )
    names = [command.name for command in group.typer_instance.registered_commands]
    assert names == list(COMMANDS)
    assert all(command.callback.__wrapped__ for command in group.typer_instance.registered_commands)
