"""Whole extracts as practices send them: sound ones are read through every door, others are refused with a remedy.

Each is looked at as an analyst would: who is on the list, who is barred, and whether the words of a refusal help.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
import re
from pathlib import Path
from typing import Any

import pytest
from register_tools import AS_OF
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli.app import app
from casemgmt.errors import InputError

Rows = list[dict[str, str]]


def extract(count: int = 400, practices: int = 4, seed: int = 3, **columns: Any) -> Rows:
    """An ordinary extract; a column is one text, or a function of the row's number."""
    choose, rows = random.Random(seed), []
    for i in range(count):
        born = dt.date(1925, 1, 1) + dt.timedelta(choose.randrange(32_000))
        left = i % 97 == 5
        row = {
            "patient_id": str(9_990_000_000 + 37 * i),
            "practice_id": f"C8700{i % practices + 1}",
            "date_of_birth": born.isoformat(),
            "sex": choose.choice("MF"),
            "ethnicity": choose.choice(["White", "Asian", ""]),
            "care_home_type": choose.choice(["none"] * 30 + ["nursing", "residential"]),
            "nominated": "N",
            "objected": "Y" if i % 80 == 7 else "N",
            "date_of_death": "2015-01-09" if i % 131 == 2 else "",
            "registered_on": (born + dt.timedelta(choose.randrange(400))).isoformat(),
            "deregistered_on": f"2014-{i % 9 + 1:02d}-11" if left else "",
            "diabetes": choose.choice("NNNNY"),
            "my": f"{choose.random():.6f}",
        }
        rows.append(row | {name: make(i) if callable(make) else make for name, make in columns.items()})
    return rows


def without(rows: Rows, *names: str) -> Rows:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def doors(rows: Rows, folder: Path) -> dict[str, Any]:
    """The extract as a CSV file, and as pandas and polars guess its types; a file of pandas, scanned and read."""
    import pandas as pd
    import polars as pl

    path = folder / "register.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    frame = pd.read_csv(path, dtype={"patient_id": str})
    frame.to_parquet(folder / "register.parquet")
    frame.iloc[: len(rows) // 2].to_parquet(folder / "first.parquet")
    frame.iloc[len(rows) // 2 :].to_parquet(folder / "second.parquet")
    guessed = pl.read_csv(path, infer_schema_length=None, schema_overrides={"patient_id": pl.String})
    return {"csv": path, "pandas": frame, "polars": guessed, "parquet": folder / "register.parquet"}


def listed(register: Any) -> Any:
    """Who is selected, or the words of the refusal."""
    try:
        chosen = cm.select(register(), cm.load_scheme("rotherham-2015-16"), score="my").to_arrow()
    except InputError as error:
        return str(error)
    return chosen["patient_id"].to_pylist()


def selected(rows: Rows, folder: Path, **options: Any) -> Any:
    """Who is selected through every door, or the words of the refusal; the doors must agree."""
    found = {
        name: listed(lambda source=source: cm.read_register(source, as_of=AS_OF, **options))
        for name, source in doors(rows, folder).items()
    }
    for name, paths in (("scanned", ["register"]), ("scanned in parts", ["first", "second"])):
        files = [folder / f"{path}.parquet" for path in paths]
        found[name] = listed(lambda files=files: cm.scan_register(files, as_of=AS_OF, **options))
    for name, each in found.items():
        assert each == found["csv"], name
    if not isinstance(found["csv"], str):
        assert len(set(found["csv"])) == len(found["csv"])
    return found["csv"]


def command(folder: Path, *options: str) -> tuple[int, str]:
    """What ``casemgmt select`` makes of the extract: its exit code and its words."""
    words = ["select", folder / "register.csv", "--as-of", AS_OF, "--scheme", "rotherham-2015-16", "--score", "my"]
    done = CliRunner().invoke(app, [*map(str, words), "--out", str(folder / "out"), "--overwrite", *options])
    return done.exit_code, done.output


# Sound extracts


SOUND = {
    "a practice in which nobody has died, left, objected or lives in a home": extract(
        50, 1, date_of_death="", deregistered_on="", objected="N", care_home_type=""
    ),
    "no ethnicity and no sex is known": extract(60, 2, ethnicity="", sex=""),
    "three patients": extract(3, 1),
    "nobody has a condition": extract(200, diabetes="N"),
    "ages alone": without(extract(age=lambda i: str(i % 95)), "date_of_birth", "registered_on"),
    "a university practice, where most are twenty": without(
        extract(age=lambda i: "20" if i % 9 else "51"), "date_of_birth", "registered_on"
    ),
    "a merger: most registered on one day": extract(registered_on="2014-04-01", date_of_birth="1950-05-05")[:15]
    + extract(registered_on=lambda i: "2014-04-01")[15:],
    "one practice of four closed on one day": extract(
        deregistered_on=lambda i: "2015-01-31" if i % 4 == 0 and i % 40 else "2014-12-01" if i % 40 == 0 else ""
    ),
}


@pytest.mark.parametrize("rows", SOUND.values(), ids=SOUND)
def test_a_sound_extract_is_read_alike_through_every_door(tmp_path, rows):
    found = selected(rows, tmp_path)
    assert found, found
    assert not isinstance(found, str), found
    code, words = command(tmp_path)
    assert code == 0, words


def test_nobody_of_a_practice_that_closed_is_listed_and_all_of_the_others_may_be(tmp_path):
    found = selected(SOUND["one practice of four closed on one day"], tmp_path)
    practices = {row["patient_id"]: row["practice_id"] for row in SOUND["one practice of four closed on one day"]}
    assert {practices[each] for each in found} == {"C87002", "C87003", "C87004"}


def test_patients_who_moved_between_practices_do_not_count_against_the_register(tmp_path):
    rows = extract(deregistered_on="", date_of_death="", registered_on="2012-05-01")
    moved = [row | {"practice_id": "C87004", "registered_on": "2015-02-01"} for row in rows[:60] if row["sex"]]
    ended = [row | {"deregistered_on": f"2015-01-{i % 28 + 1:02d}"} for i, row in enumerate(rows[:60])]
    found = selected([*ended, *rows[60:], *[row for row in moved if row["practice_id"]]], tmp_path)
    assert not isinstance(found, str), found


# Columns that mean something else


WRONG = [
    # what is in the column, the column named, what mends it, and so on the command line
    ({"objected": lambda i: "Y" if i % 20 else "N"}, {}, "objected", {"values": {"objected": {"Y": "N", "N": "Y"}}}),
    ({"objected": lambda i: "Y" if i % 4 == 0 else "N"}, {}, "C87001", {"values": {"objected": {"Y": "N"}}}),
    ({"date_of_birth": "1970-01-01", "registered_on": ""}, {}, "date_of_birth", None),
    ({"date_of_death": lambda i: f"2015-0{i % 3 + 1}-1{i % 9}"}, {}, "date_of_death", {}),
    ({"deregistered_on": lambda i: f"2015-0{i % 3 + 1}-1{i % 9}"}, {}, "Not one of 400 patients is on the list", {}),
    ({"registered_on": "2015-04-02"}, {"extracted_on": "2015-04-03"}, "registered_on", None),
    ({"date_of_death": lambda i: "" if i % 131 == 2 else "Alive"}, {}, "date_of_death", None),
    ({"date_of_death": lambda i: "2015-01-09" if i % 131 == 2 else "0"}, {}, "date_of_death", None),
]


@pytest.mark.parametrize(("columns", "options", "words", "mended"), WRONG, ids=[each[2] for each in WRONG])
def test_a_column_that_would_bar_or_change_most_people_is_refused_and_its_remedy_works(
    tmp_path, columns, options, words, mended
):
    rows = extract(**columns)
    said = selected(rows, tmp_path, **options)
    assert isinstance(said, str), said
    assert words in said
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    code, _ = command(tmp_path, *flags)
    assert code == 1
    if mended is None:  # one value is no value: map it away, as the error says
        (name,) = [each for each in columns if columns[each]][:1]
        value = {"date_of_birth": "1970-01-01", "registered_on": "2015-04-02"}.get(name)
        value = value or next(row[name] for row in rows if row[name] not in {"", "2015-01-09"})
        assert f"values={{'{name}': {{" in said
        mended = {"values": {name: {value: ""}}}
    if mended:
        assert not isinstance(selected(rows, tmp_path, **options, **mended), str)
        maps = [f"{name}:{a}={b}" for name, each in mended["values"].items() for a, b in each.items()]
        code, output = command(tmp_path, *flags, *[word for each in maps for word in ("--value", each)])
        assert code == 0, output


PLACEHOLDERS = ["1970-01-01", "2015-01-31"]


@pytest.mark.parametrize("day", PLACEHOLDERS)
def test_a_day_that_is_met_in_every_practice_is_no_closure(tmp_path, day):
    rows = extract(deregistered_on=lambda i: day if i % 3 else "", registered_on="")
    assert "one and the same day" in selected(rows, tmp_path)
    assert "one and the same day" in selected(extract(60, 1, deregistered_on=day, registered_on=""), tmp_path)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("deregistered_on", "deducted_date"),
        ("deregistered_on", "Reg End Date"),
        ("deregistered_on", "LEFT_DATE"),
        ("date_of_death", "is_deceased"),
        ("date_of_death", "Date Died"),
        ("objected", "optout"),
    ],
)
def test_a_column_that_says_who_is_gone_is_not_passed_over_for_its_name(tmp_path, field, name):
    rows = [{name if each == field else each: value for each, value in row.items()} for row in extract(40, 1)]
    said = selected(rows, tmp_path)
    assert f"'{name}' looks like '{field}'" in said


def test_remedies_are_given_in_the_words_of_the_command_line_and_can_be_typed(tmp_path):
    doors(extract(date_of_death=lambda i: "1899-12-30" if i % 9 else "2015-01-09"), tmp_path)
    code, words = command(tmp_path)
    assert code == 1
    told = re.search(r"--value\s+'date_of_death:([^=']+)='", words)
    assert told, words
    code, words = command(tmp_path, "--value", "date_of_death:1899-12-30=")
    assert code == 0, words


def test_whole_numbers_for_dates_are_refused_with_the_form_to_declare(tmp_path):
    import pandas as pd

    frame = pd.DataFrame(extract(80, 2))
    frame["date_of_birth"] = [int(each.replace("-", "")) for each in frame["date_of_birth"]]
    with pytest.raises(InputError, match=r"date_format=\{'date_of_birth': '%Y%m%d'\}"):
        cm.read_register(frame, as_of=AS_OF)
    assert len(cm.read_register(frame, as_of=AS_OF, date_format={"date_of_birth": "%Y%m%d"})) == 80


# Records of hospitals


def stays(count: int = 120, **columns: Any) -> Any:
    import pyarrow as pa

    table = {
        "patient_id": [f"a{i:04d}" for i in range(count)],
        "spell_id": [f"s{i}" for i in range(count)],
        "admission_date": [dt.date(2014, 11, 3)] * count,
        "admission_method": ["21", "11"] * (count // 2),
    }
    return pa.table(table | columns)


def test_records_of_another_time_are_refused_where_everybody_would_count_0():
    for day in (dt.date(2016, 1, 4), dt.date(2009, 1, 4), dt.date(1900, 1, 1)):
        with pytest.raises(InputError, match="inpatient records"):
            cm.count_admissions(stays(admission_date=[day] * 120), as_of=AS_OF)
    few = cm.count_admissions(stays(20, admission_date=[dt.date(2009, 1, 4)] * 20), as_of=AS_OF)
    assert sum(few.counts["admissions_12m"]) == 0, "few old admissions may be all that there are"
    mixed = [dt.date(2009, 1, 4)] * 119 + [dt.date(2015, 1, 4)]
    assert sum(cm.count_admissions(stays(admission_date=mixed), as_of=AS_OF).counts["admissions_12m"]) == 1


def test_coded_rows_all_of_which_are_after_the_list_date_are_refused():
    import pyarrow as pa

    table = {"patient_id": [f"a{i}" for i in range(60)], "code": ["E11.2"] * 60}
    late = pa.table(table | {"date": [dt.date(2015, 6, 1)] * 60})
    with pytest.raises(InputError, match="60 rows whose codes are in a list are after as_of"):
        cm.derive_conditions(late, "charlson-quan-2005", as_of=AS_OF)
    one = pa.table(table | {"date": [dt.date(2015, 6, 1)] * 59 + [dt.date(2014, 6, 1)]})
    found = cm.derive_conditions(one, "charlson-quan-2005", as_of=AS_OF)
    assert found.flag("charlson_diabetes_with_complications").sum() == 1


def test_a_spell_id_that_stands_for_no_spell_does_not_join_a_year_of_stays():
    days = [dt.date(2014, 4, 9) + dt.timedelta(3 * i) for i in range(110)]
    one = {"patient_id": ["a"] * 110, "admission_date": days}
    with pytest.raises(InputError, match=r"Column 'spell_id': .* began more than 28 days apart"):
        cm.count_admissions(stays(110, spell_id=["0"] * 110, **one), as_of=AS_OF)
    assert cm.count_admissions(stays(110, spell_id=[""] * 110, **one), as_of=AS_OF).counts["admissions_12m"] == [110]
    together = cm.count_admissions(stays(110, spell_id=[f"s{i // 5}" for i in range(110)], **one), as_of=AS_OF)
    assert together.counts["admissions_12m"] == [22], "episodes of one stay"
