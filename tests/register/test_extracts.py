"""Stale, mixed or repeated extracts stop the run, and each has a remedy in words."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from register_tools import AS_OF, people
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.errors import InputError
from casemgmt.register import sources

MARCH, APRIL, TENTH = dt.date(2015, 3, 1), dt.date(2015, 4, 1), dt.date(2015, 4, 10)


def drawn(days, count=4, kind=None):
    """A register whose rows say on which day they were drawn."""
    return people(count).append_column("extracted_on", pa.array(days, kind))


def stating(table: pa.Table, day, path):
    """A file whose metadata says on which day it was drawn."""
    said = {b"casemgmt": json.dumps({"extracted_on": day}).encode()}
    pq.write_table(table.replace_schema_metadata(said), path)
    return path


# The same file twice


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_given_twice_is_refused_under_whatever_name(tmp_path, ending):
    path, copy = tmp_path / f"north.{ending}", tmp_path / f"north (copy).{ending}"
    if ending == "csv":
        path.write_text("patient_id,practice_id,age\na,C87002,1\n", encoding="utf-8")
    else:
        pq.write_table(people(5), path)
    shutil.copy(path, copy)
    for pair, names in (([path, copy], "north (copy)"), ([path, path], "north")):
        with pytest.raises(InputError) as refusal:
            cm.read_register(pair, as_of=AS_OF)
        assert str(refusal.value) == (
            f"north.{ending} and {names}.{ending} are one file given twice, byte for byte. Give each file once."
        )


def test_empty_files_may_be_alike(tmp_path):
    paths = [tmp_path / name for name in ("a.parquet", "b.parquet", "c.parquet")]
    for path in paths[:2]:
        pq.write_table(people(0), path)
    pq.write_table(people(3), paths[2])
    assert len(cm.read_register(paths, as_of=AS_OF)) == 3


@pytest.mark.parametrize("change", ["written", "replaced"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, change):
    path, later = tmp_path / "register.parquet", tmp_path / "later.parquet"
    pq.write_table(people(5), path)
    pq.write_table(people(6), later)
    real = sources.sha256_of

    def meanwhile(read):
        if change == "written":
            path.write_bytes(later.read_bytes())
        else:
            shutil.copy(path, later)
            later.replace(path)
        return real(read)

    monkeypatch.setattr(sources, "sha256_of", meanwhile)
    with pytest.raises(InputError, match=r"register\.parquet changed while it was read"):
        cm.read_register(path, as_of=AS_OF)
    monkeypatch.undo()
    assert cm.read_register(path, as_of=AS_OF)


# Days that the data states


@pytest.mark.parametrize(
    ("days", "kind"),
    [
        ([TENTH] * 4, pa.date32()),
        (["2015-04-10"] * 4, None),
        ([dt.datetime(2015, 4, 10, 7, 30)] * 4, pa.timestamp("ms")),
    ],
)
def test_the_day_that_the_data_states_is_the_day_of_the_extract(days, kind):
    assert cm.read_register(drawn(days, kind=kind), as_of=AS_OF).extracted_on == TENTH
    assert cm.read_register(drawn(days, kind=kind), as_of=AS_OF, extracted_on=TENTH).extracted_on == TENTH


def test_the_metadata_of_a_file_states_a_day_too(tmp_path):
    path = stating(people(3), "2015-04-10", tmp_path / "a.parquet")
    register = cm.read_register(path, as_of=AS_OF)
    assert register.extracted_on == TENTH
    assert cm.read_register(register.to_arrow(), as_of=AS_OF).extracted_on == TENTH


def test_data_that_states_no_day_was_drawn_on_the_list_date_unless_said():
    assert cm.read_register(people(3), as_of=AS_OF).extracted_on == APRIL
    assert cm.read_register(people(3), as_of=AS_OF, extracted_on=TENTH).extracted_on == TENTH


def test_practices_on_different_extract_dates_stop_the_run():
    table = drawn([MARCH, TENTH, TENTH, TENTH])
    with pytest.raises(InputError) as refusal:
        cm.read_register(table, as_of=AS_OF)
    assert str(refusal.value) == (
        "The data was drawn on 2 different days, 2015-03-01 to 2015-04-10: 40 days apart, where 0 may be. "
        "Get one extract of all practices, or say extracts_within=40."
    )
    with pytest.raises(InputError, match="where 39 may be"):
        cm.read_register(table, as_of=AS_OF, extracts_within=39)
    assert cm.read_register(table, as_of=AS_OF, extracts_within=40).extracted_on == TENTH


def test_files_of_different_days_stop_the_run(tmp_path):
    paths = [
        stating(people(3, "C87002"), "2015-04-10", tmp_path / "north.parquet"),
        stating(people(3, "C87003"), "2015-04-12", tmp_path / "south.parquet"),
    ]
    with pytest.raises(InputError, match="2015-04-10 to 2015-04-12: 2 days apart"):
        cm.read_register(paths, as_of=AS_OF)
    assert cm.read_register(paths, as_of=AS_OF, extracts_within=2).extracted_on == dt.date(2015, 4, 12)


def test_last_months_file_under_this_months_name_stops_the_run(tmp_path):
    path = stating(people(3), "2015-03-01", tmp_path / "register-2015-04.parquet")
    for source in (path, drawn([MARCH] * 4)):
        with pytest.raises(InputError, match="drawn on 2015-03-01, before the list date 2015-04-01"):
            cm.read_register(source, as_of=AS_OF)
        with pytest.raises(InputError, match="drawn on 2015-03-01, and extracted_on says 2015-04-01"):
            cm.read_register(source, as_of=AS_OF, extracted_on=AS_OF)


@pytest.mark.parametrize("bad", [None, "01/04/2015", "ZANARY", "", "9999-99-99"])
def test_a_row_that_does_not_say_its_day_stops_the_run_without_being_shown(bad):
    with pytest.raises(InputError, match="'extracted_on' holds no ISO date in 1 row") as refusal:
        cm.read_register(drawn(["2015-04-10"] * 3 + [bad]), as_of=AS_OF)
    assert "ZANARY" not in str(refusal.value)


def test_a_day_that_no_calendar_has_is_refused(tmp_path):
    far = pa.array([2**31 - 1] * 4, pa.int32()).cast(pa.date32())
    with pytest.raises(InputError, match="holds no ISO date in 4 rows"):
        cm.read_register(people(4).append_column("extracted_on", far), as_of=AS_OF)
    for day in ("soon", 20150401, None, ["2015-04-01", 7], {}):
        with pytest.raises(InputError, match="metadata"):
            cm.read_register(stating(people(4), day, tmp_path / "a.parquet"), as_of=AS_OF)


@pytest.mark.parametrize("within", [-1, 1.5, True, "3"])
def test_how_far_apart_is_a_whole_number_of_days(within):
    with pytest.raises(InputError, match="whole number of days"):
        cm.read_register(people(3), as_of=AS_OF, extracts_within=within)


# Bytes that a list was made from already


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


@pytest.fixture
def job(tmp_path):
    table = people(120).append_column("care_home_type", pa.array(["none"] * 120))
    table = table.append_column("nominated", pa.array([False] * 120))
    table = table.append_column("points", pa.array([float(i) for i in range(120)]))
    pq.write_table(table, tmp_path / "april.parquet")
    pq.write_table(table.slice(1), tmp_path / "may.parquet")
    rules = ("--scheme", "rotherham-2015-16", "--score", "points")
    run("select", tmp_path / "april.parquet", "--as-of", AS_OF, *rules, "--out", tmp_path / "lists")
    return (*rules, "--previous", tmp_path / "lists", "--out", tmp_path / "next")


def test_an_input_equal_to_last_months_stops_the_run_unless_it_is_meant(job, tmp_path):
    shutil.copy(tmp_path / "april.parquet", tmp_path / "may as april.parquet")
    stale = ("select", tmp_path / "may as april.parquet", "--as-of", "2015-05-01", *job)
    said = run(*stale, code=1)
    assert "The list of 2015-04-01 was made from the same 1 file, byte for byte: 'may as april.parquet'" in said
    assert "2015-05-01" in said and "--same-extract" in said
    assert not (tmp_path / "next").exists()
    run(*stale, "--same-extract")
    assert cm.load_selection(tmp_path / "next").facts["as_of"] == "2015-05-01"


def test_another_extract_and_a_second_look_at_the_same_list_date_go_on(job, tmp_path):
    run("select", tmp_path / "may.parquet", "--as-of", "2015-05-01", *job)
    run("select", tmp_path / "april.parquet", "--as-of", AS_OF, *job, "--overwrite")


def test_one_stale_file_among_several_stops_the_run(job, tmp_path):
    others = people(5, "C87003").append_column("care_home_type", pa.array(["none"] * 5))
    others = others.append_column("nominated", pa.array([False] * 5)).append_column("points", pa.array([0.0] * 5))
    pq.write_table(others, tmp_path / "new.parquet")
    said = run("select", tmp_path / "new.parquet", tmp_path / "april.parquet", "--as-of", "2015-05-01", *job, code=1)
    assert "same 1 file" in said and "'april.parquet'" in said and "new.parquet" not in said


def test_days_apart_can_be_allowed_on_the_command_line(tmp_path):
    pq.write_table(drawn([MARCH, TENTH, TENTH, TENTH]), tmp_path / "register.parquet")
    assert "40 days apart" in run("check", tmp_path / "register.parquet", "--as-of", AS_OF, code=1)
    run("check", tmp_path / "register.parquet", "--as-of", AS_OF, "--extracts-within", 40)
