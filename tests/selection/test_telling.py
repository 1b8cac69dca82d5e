"""Letters about the named GP and recalls for reviews: nobody owed one is missing, and no day is a day off."""

from __future__ import annotations

import datetime as dt
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from calendar_twin import months_later, numbers, plain_age
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.dates import from_day_number, months_after
from casemgmt.errors import InputError, InputWarning
from casemgmt.outputs.csv_text import read_csv
from casemgmt.selection.telling import days_to_tell

AS_OF = dt.date(2015, 4, 1)
BIRTHS = st.dates(dt.date(1938, 1, 1), dt.date(1942, 12, 31))
REVIEWS = st.one_of(st.none(), st.dates(dt.date(2013, 1, 1), dt.date(2015, 4, 1)))


def register_of(born: list[dt.date], reviewed: list[dt.date | None] | None = None, **extra: Any) -> Any:
    size = len(born)
    columns: dict[str, Any] = {
        "patient_id": [f"p{i:04d}" for i in range(size)],
        "practice_id": [f"C8700{1 + i % 2}" for i in range(size)],
        "date_of_birth": pa.array(born, pa.date32()),
        "care_home_type": ["none"] * size,
        "nominated": [False] * size,
        "points": [float(i) for i in range(size)],
    }
    if reviewed is not None:
        columns["last_review"] = pa.array(reviewed, pa.date32())
    return cm.read_register(pa.table(columns | extra), as_of=AS_OF)


def selection_of(register: Any, scheme: str = "rotherham-2015-16") -> Any:
    return cm.select(register, cm.load_scheme(scheme), score="points")


@settings(deadline=None)
@given(st.lists(st.dates(dt.date(1900, 1, 1), dt.date(2040, 12, 31)), min_size=1), st.integers(0, 1500))
def test_months_after_a_day_are_those_of_a_plain_calendar(days, months):
    found = months_after(numbers(days), months)
    assert [from_day_number(day) for day in found] == [months_later(day, months) for day in days]


@settings(deadline=None)
@given(st.lists(BIRTHS, min_size=1, max_size=40))
def test_letters_go_to_all_of_75_and_those_who_turn_75_in_the_year(born):
    table = selection_of(register_of(born)).letters()
    end = dt.date(2016, 3, 31)
    wanted = {}
    for i, day in enumerate(born):
        if plain_age(day, AS_OF) >= 75:
            wanted[f"p{i:04d}"] = ("75 and over", None)
        elif plain_age(day, end) >= 75:
            wanted[f"p{i:04d}"] = ("turns 75 in the year", months_later(day, 900))
    found = {row["patient_id"]: (row["why"], row["turns_75_on"]) for row in table.to_pylist()}
    assert found == wanted


def test_one_born_on_29_february_turns_75_on_1_march():
    table = selection_of(register_of([dt.date(1940, 4, 1), dt.date(1940, 4, 2), dt.date(1941, 3, 31)])).letters()
    assert [row["turns_75_on"] for row in table.sort_by("patient_id").to_pylist()] == [
        None,
        dt.date(2015, 4, 2),
        dt.date(2016, 3, 31),
    ]
    leap = selection_of(register_of([dt.date(1944, 2, 29)])).letters(turning_75_by="2019-03-31")
    assert leap.column("turns_75_on").to_pylist() == [dt.date(2019, 3, 1)]


def test_the_deadline_is_the_schemes_or_the_one_given_or_none():
    register = register_of([dt.date(1930, 1, 1)])
    aua = cm.load_scheme("avoiding-unplanned-admissions-2014-15")
    assert days_to_tell(aua) == 21
    stated = cm.select(register, replace(aua, required=()), score="points").letters()
    assert stated.column("tell_by").to_pylist() == [dt.date(2015, 4, 22)]
    silent = selection_of(register)
    assert silent.letters().column("tell_by").to_pylist() == [None]
    assert silent.letters(within_days=30).column("tell_by").to_pylist() == [dt.date(2015, 5, 1)]
    for wrong in (-1, 367):
        with pytest.raises(InputError, match="within_days"):
            silent.letters(within_days=wrong)
    with pytest.raises(InputError, match="before the list date"):
        silent.letters(turning_75_by="2015-03-31")


def test_no_letter_goes_to_the_dead_or_the_departed_and_one_goes_to_those_who_object():
    old = [dt.date(1930, 1, 1)] * 5
    extra = {
        "date_of_death": pa.array([dt.date(2015, 3, 1), None, None, None, None], pa.date32()),
        "deregistered_on": pa.array([None, dt.date(2015, 3, 1), None, None, None], pa.date32()),
        "registered_on": pa.array([None, None, dt.date(2015, 5, 1), None, None], pa.date32()),
        "objected": [False, False, False, True, False],
    }
    columns = {"patient_id": [f"p{i:04d}" for i in range(5)], "practice_id": ["C87001"] * 5}
    table = pa.table(columns | {"date_of_birth": pa.array(old, pa.date32()), "care_home_type": ["none"] * 5} | extra)
    table = table.append_column("nominated", pa.array([False] * 5)).append_column("points", pa.array([1.0] * 5))
    register = cm.read_register(table, as_of=AS_OF, max_corrected=1, max_quarantined=1, extracted_on="2015-06-01")
    assert selection_of(register).letters().column("patient_id").to_pylist() == ["p0003", "p0004"]


def test_without_a_date_of_birth_it_is_said_who_cannot_be_told():
    ages = [80, 74, 74, 60]
    table = pa.table(
        {
            "patient_id": list("abcd"),
            "practice_id": ["C87001"] * 4,
            "age": ages,
            "care_home_type": ["none"] * 4,
            "nominated": [False] * 4,
            "points": [1.0] * 4,
        }
    )
    selection = selection_of(cm.read_register(table, as_of=AS_OF))
    with pytest.warns(InputWarning, match="of 2 patients just under 75"):
        assert selection.letters().column("patient_id").to_pylist() == ["a"]


@settings(deadline=None)
@given(st.lists(st.tuples(BIRTHS, REVIEWS), min_size=1, max_size=40))
def test_recalls_are_all_reviews_due_longest_first(people):
    born, reviewed = [each[0] for each in people], [each[1] for each in people]
    table = selection_of(register_of(born, reviewed)).recalls()
    wanted = []
    for i, (day, review) in enumerate(people):
        since = review and months_later(review, 12)
        if plain_age(day, AS_OF) >= 75 and (since is None or since <= AS_OF):
            wanted.append((f"C8700{1 + i % 2}", since or dt.date.min, f"p{i:04d}", review))
    found = [
        (row["practice_id"], row["due_since"] or dt.date.min, row["patient_id"], row["last_review"])
        for row in table.to_pylist()
    ]
    assert found == sorted(wanted)


def test_recalls_agree_with_the_summary_and_a_practice_sees_its_own():
    generator = np.random.default_rng(3)
    born = [from_day_number(day) for day in generator.integers(-14000, -9000, 300)]
    reviewed = [
        None if i % 7 == 0 else from_day_number(day) for i, day in enumerate(generator.integers(15800, 16500, 300))
    ]
    selection = selection_of(register_of(born, reviewed))
    due = {r["practice_id"]: r["due"] for r in selection.summary().to_pylist() if r["route"] == "over_75_review"}
    for practice in ("C87001", "C87002"):
        own = selection.recalls(practice)
        assert own.num_rows == due[practice] > 0
        assert set(own.column("practice_id").to_pylist()) == {practice}
        assert set(selection.letters(practice).column("practice_id").to_pylist()) == {practice}
    with pytest.raises(InputError, match="no practice 'C87003'"):
        selection.recalls("C87003")


def test_a_scheme_without_reviews_recalls_nobody():
    selection = selection_of(register_of([dt.date(1930, 1, 1)]), "prism-top-half-percent")
    with pytest.raises(InputError, match="has no review"):
        selection.recalls()


def test_a_selection_read_back_recalls_the_same_people(tmp_path):
    selection = selection_of(register_of([dt.date(1930, 1, 1)] * 4, [None, dt.date(2014, 1, 1), AS_OF, None]))
    again = cm.load_selection(selection.save(tmp_path / "out", include=["last_review"]))
    assert again.recalls().equals(selection.recalls())


def test_the_command_writes_a_file_a_practice(tmp_path: Path):
    born, reviewed = [dt.date(1930, 1, 1), dt.date(1940, 6, 1), dt.date(1980, 1, 1)], [None, None, None]
    pq.write_table(register_of(born, reviewed).to_arrow(), tmp_path / "r.parquet")
    words = ["letters", tmp_path / "r.parquet", "--as-of", "2015-04-01", "--scheme", "rotherham-2015-16"]
    run = CliRunner().invoke(app, [str(w) for w in (*words, "--within-days", 21, "--out", tmp_path / "out")])
    assert run.exit_code == 0, run.output
    assert "2 patients to tell" in run.output
    assert "by 2015-04-22" in run.output
    first = read_csv((tmp_path / "out/letters/C87001.csv").read_bytes()).to_pylist()
    assert [(row["patient_id"], row["tell_by"]) for row in first] == [("p0000", "2015-04-22")]
    assert read_csv((tmp_path / "out/letters/C87002.csv").read_bytes()).column("practice_id").to_pylist() == ["C87002"]
    assert read_csv((tmp_path / "out/recalls/C87002.csv").read_bytes()).num_rows == 0
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    manifest = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert set(manifest["files"]) == {path.relative_to(tmp_path / "out").as_posix() for path in files} - {
        "manifest.json"
    }
    again = CliRunner().invoke(app, [str(w) for w in (*words, "--out", tmp_path / "out")])
    assert again.exit_code == 4


def test_a_selection_saved_without_the_dates_of_reviews_recalls_nobody_who_is_not_due(tmp_path):
    selection = selection_of(register_of([dt.date(1930, 1, 1)] * 4, [None, dt.date(2014, 1, 1), AS_OF, None]))
    assert selection.recalls().num_rows == 3
    bare = cm.load_selection(selection.save(tmp_path / "out"))
    with pytest.raises(InputError, match=r"dates of the last ones.*include=\['last_review'\]"):
        bare.recalls()
