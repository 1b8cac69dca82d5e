"""Episodes to spells, emergency admissions and attendances: by hand, and against a plain count."""

from __future__ import annotations

import datetime as dt
import random

import coded_twin as twin
import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.codes.events import Events

D = dt.date
AS_OF = D(2024, 2, 1)
EMERGENCY = {"21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D"}


def episodes(rows, **columns):
    patients, days, methods = zip(*rows, strict=True)
    table = {
        "patient_id": pa.array(patients, pa.string()),
        "admission_date": pa.array(days, pa.date32()),
        "admission_method": pa.array(methods, pa.string()),
    }
    return pa.table(table | {name: pa.array(values) for name, values in columns.items()})


def counts(found, name):
    return dict(zip(found.patients.to_pylist(), found.counts[name].tolist(), strict=True))


def test_the_methods_that_are_emergencies_are_21_to_25_2a_to_2d_and_28():
    methods = ["11", "12", "13", *sorted(EMERGENCY), "31", "32", "81", "82", "83", "84", "89", "98", "99"]
    found = cm.count_admissions(episodes([(method, D(2024, 1, 1), method) for method in methods]), as_of=AS_OF)
    assert {who for who, count in counts(found, "emergency_admissions_12m").items() if count} == EMERGENCY
    assert set(counts(found, "admissions_12m").values()) == {1}
    reported = {(methods[row["source_row"]], row["reason"]) for row in found.report.to_pylist()}
    assert reported == {(method, "not known: not taken as an emergency") for method in ("98", "99")}


def test_the_episodes_of_one_spell_are_one_admission():
    rows = [
        ("a", D(2024, 1, 1), "21"),
        ("a", D(2024, 1, 1), "21"),
        ("a", D(2023, 5, 1), "11"),
        ("b", D(2024, 1, 1), "2A"),
    ]
    for columns in ({}, {"spell_id": ["1", "1", "2", "1"]}, {"provider_id": ["X", "X", "X", "X"]}):
        found = cm.count_admissions(episodes(rows, **columns), as_of=AS_OF)
        assert counts(found, "admissions_12m") == {"a": 2, "b": 1}
        assert counts(found, "emergency_admissions_12m") == {"a": 1, "b": 1}
    two_hospitals = cm.count_admissions(episodes(rows, provider_id=["X", "Y", "X", "X"]), as_of=AS_OF)
    assert counts(two_hospitals, "admissions_12m") == {"a": 3, "b": 1}


def test_the_first_episode_says_how_the_spell_began_and_others_that_differ_are_reported():
    rows = [("a", D(2024, 1, 9), "11"), ("a", D(2024, 1, 1), "21")]
    found = cm.count_admissions(episodes(rows, spell_id=["1", "1"], episode_order=["2", "1"]), as_of=AS_OF)
    assert counts(found, "emergency_admissions_12m") == {"a": 1}
    assert found.report.to_pylist() == [
        {
            "kind": "inpatient",
            "source_row": 0,
            "field": "spell_id",
            "reason": "other date or method than the spell's first episode",
        }
    ]


def test_a_window_ends_on_the_day_and_holds_a_year_of_days():
    days = [D(2023, 2, 1), D(2023, 2, 2), D(2024, 2, 1), D(2024, 2, 2), None]
    found = cm.count_admissions(episodes([("a", day, "21") for day in days]), as_of=AS_OF)
    assert counts(found, "admissions_12m") == {"a": 2}
    row = found.account.to_pylist()[0]
    assert (row["rows_in"], row["counted"], row["outside_windows"], row["after_as_of"], row["undated"]) == (
        5,
        2,
        1,
        1,
        1,
    )


def test_each_window_is_a_column_with_its_definition():
    found = cm.count_admissions(
        episodes([("a", D(2024, 1, 31), "21")]), as_of=AS_OF, windows=("12 months", "1 day", "30 days")
    )
    table = found.to_arrow()
    assert table.column_names == [
        "patient_id",
        *("admissions_12m", "emergency_admissions_12m", "admissions_1d", "emergency_admissions_1d"),
        *("admissions_30d", "emergency_admissions_30d"),
    ]
    assert table.select(range(1, 7)).to_pylist()[0] == dict(
        zip(table.column_names[1:], [1, 1, 0, 0, 1, 1], strict=True)
    )
    definition = table.schema.field("emergency_admissions_12m").metadata[b"definition"].decode()
    assert "12 months that end on 2024-02-01, that day included" in definition
    assert "21, 22, 23, 24, 25, 28, 2A, 2B, 2C, 2D" in definition
    assert all(field.metadata for field in list(table.schema)[1:])


def test_attendances_are_counted_by_kind_and_those_not_seen_are_not():
    ae = pa.table({"patient_id": ["a", "a", "z"], "attendance_date": [D(2024, 1, 1), D(2024, 1, 1), D(2020, 1, 1)]})
    seen = ["5", "6", "7", None]
    outpatient = pa.table(
        {"patient_id": ["a"] * 4, "attendance_date": [D(2024, 1, 1)] * 4, "attended": pa.array(seen, pa.string())}
    )
    found = cm.count_admissions({"ae": ae, "outpatient": outpatient}, as_of=AS_OF, windows="6 months")
    assert counts(found, "ae_attendances_6m") == {"a": 2, "z": 0}
    assert counts(found, "outpatient_attendances_6m") == {"a": 2, "z": 0}
    assert found.account.column("not_attended").to_pylist() == [0, 2]
    assert found.account.column("rows_in").to_pylist() == [3, 4]


def test_a_method_that_is_none_is_reported_and_no_emergency():
    rows = [
        ("a", D(2024, 1, 1), "2z"),
        ("b", D(2024, 1, 1), None),
        (None, D(2024, 1, 1), "21"),
        ("", D(2024, 1, 1), "21"),
    ]
    found = cm.count_admissions(episodes(rows), as_of=AS_OF)
    assert counts(found, "emergency_admissions_12m") == {"a": 0, "b": 0}
    assert counts(found, "admissions_12m") == {"a": 1, "b": 1}
    assert [(row["source_row"], row["field"]) for row in found.report.to_pylist()] == [
        (0, "admission_method"),
        (1, "admission_method"),
        (2, "patient_id"),
        (3, "patient_id"),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_spells_against_a_plain_count(seed):
    choose = random.Random(seed)
    rows = [
        (
            choose.choice("abcde"),
            D(2024, 2, 3) - dt.timedelta(days=choose.randrange(400)),
            choose.choice(["21", "2D", "11"]),
        )
        for _ in range(120)
    ]
    spells = [choose.choice("1234567890") for _ in rows]
    found = cm.count_admissions(episodes(rows, spell_id=spells, episode_order=[1] * len(rows)), as_of=AS_OF)
    first = {}
    for (who, day, method), spell in zip(rows, spells, strict=True):
        # Of equal order: the earlier day, then the emergency.
        here = (day, method not in EMERGENCY, method)
        first[who, spell] = min(first.get((who, spell), here), here)
    wanted = dict.fromkeys("abcde", 0)
    emergencies = dict(wanted)
    for (who, _), (day, _, method) in first.items():
        if day <= AS_OF and twin.in_window(day, "12 months", AS_OF):
            wanted[who] += 1
            emergencies[who] += method in EMERGENCY
    assert counts(found, "admissions_12m") == wanted
    assert counts(found, "emergency_admissions_12m") == emergencies
    row = found.account.to_pylist()[0]
    assert row["rows_in"] == 120 == sum(count for name, count in row.items() if name not in {"kind", "rows_in"})


def test_every_source_may_name_its_own_columns_and_come_from_a_file(tmp_path):
    path = tmp_path / "stays.csv"
    path.write_text("PSEUDO,ADMIDATE,ADMIMETH,SPELL\na,01/01/2024,21,1\na,01/01/2024,21,1\nb,x,21,2\nc,1\n")
    columns = {
        "PSEUDO": "patient_id",
        "ADMIDATE": "admission_date",
        "ADMIMETH": "admission_method",
        "SPELL": "spell_id",
    }
    found = cm.count_admissions(Events(path, columns=columns, date_format="%d/%m/%Y"), as_of=AS_OF)
    assert counts(found, "emergency_admissions_12m") == {"a": 1, "b": 0}
    row = found.account.to_pylist()[0]
    assert (row["rows_in"], row["further_episodes"], row["undated"], row["unsplit"]) == (4, 1, 1, 1)
    assert repr(found) == "<Admissions: 2 patients of 4 rows up to 2024-02-01; set aside: 1 undated, 1 unsplit>"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda rows: cm.count_admissions({"inpatients": rows}, as_of=AS_OF),
            "no kind 'inpatients'. Did you mean 'inpatient'",
        ),
        (lambda rows: cm.count_admissions(rows, as_of=AS_OF, windows=()), "at least one window"),
        (lambda rows: cm.count_admissions(rows, as_of=AS_OF, windows=(None,)), "each an end"),
        (lambda rows: cm.count_admissions(rows, as_of=AS_OF, windows=12), "windows: write a number of days"),
        (lambda rows: cm.count_admissions({"ae": rows}, as_of=AS_OF), "'attendance_date' is missing"),
    ],
)
def test_what_cannot_be_counted_is_refused(call, message):
    with pytest.raises(cm.InputError, match=message):
        call(episodes([("a", D(2024, 1, 1), "21")]))
