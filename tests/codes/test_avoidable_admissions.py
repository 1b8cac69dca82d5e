"""Avoidable emergency admissions: the written rule set, against a plain reading of it and one episode at a time."""

from __future__ import annotations

import json
import random
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.codes.avoidable_rules import FILTERS, GROUPS, RULES
from casemgmt.errors import InputError

PUBLISHED = Path(__file__).parents[1] / "published"
EXAMPLES = json.loads((PUBLISHED / "worked_examples.json").read_text(encoding="utf-8"))["acsc_chronic_ccg26"]
WRITTEN = json.loads((PUBLISHED / "avoidable_rules.json").read_text(encoding="utf-8"))
FIELDS = [each.field for each in FILTERS]
COUNTED = {
    "admission_method": "21",
    "episode_status": "3",
    "episode_order": "1",
    "admission_source": "19",
    "episode_type": "1",
    "patient_class": "1",
    "age": 64,
    "sex": "2",
}
LISTS = pa.list_(pa.string())


def episodes(diagnoses: list, procedures: list | None = None, **columns) -> pa.Table:
    """Episodes that count by every column, but for those given."""
    rows = len(diagnoses)
    made = {name: columns.pop(name, [value] * rows) for name, value in COUNTED.items()}
    codes = {
        "diagnoses": pa.array(diagnoses, LISTS),
        "procedures": pa.array([[]] * rows if procedures is None else procedures, LISTS),
    }
    return pa.table(made | codes | columns)


def groups(found) -> list[str | None]:
    return found.episodes["group"].to_pylist()


def reasons(found) -> list[str | None]:
    return found.episodes["reason"].to_pylist()


def by_the_book(diagnoses: list[str], procedures: list[str]) -> str | None:
    """The group of an episode, read off the specification's rules one prefix at a time."""

    def plain(code: str) -> str:
        return code.replace(".", "").rstrip("X")

    def one_of(codes: list[str], prefixes: list[str]) -> bool:
        return any(plain(code).startswith(prefix) for code in codes for prefix in prefixes)

    for rule in WRITTEN:
        if not diagnoses or not one_of(diagnoses[:1], rule["primary"]):
            continue
        needs = rule.get("any_diagnosis_requires")
        if needs and not one_of(diagnoses, needs):
            continue
        if one_of(diagnoses, rule.get("any_diagnosis_excludes", [])):
            continue
        if one_of(procedures, rule.get("procedure_excludes", [])):
            continue
        return rule["group"]
    return None


SHAPES = {
    "pyarrow": lambda table: table,
    "pandas": lambda table: table.to_pandas(),
    "polars": pl.from_arrow,
    "duckdb": duckdb.from_arrow,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_worked_example_is_classified_as_the_specification_says_from_every_library(shape):
    table = episodes(
        [each["inputs"]["diagnoses"] for each in EXAMPLES], [each["inputs"]["procedures"] for each in EXAMPLES]
    )
    found = cm.avoidable_admissions(SHAPES[shape](table))
    assert groups(found) == [each["expected"]["group"] for each in EXAMPLES]
    assert len(found) == 5 and found.faults.num_rows == 0
    assert repr(found) == "<AvoidableAdmissions: 5 avoidable emergency admissions in 10 episodes>"


def test_codes_may_stand_in_columns_of_their_own_in_the_order_given(tmp_path):
    frame = pd.DataFrame(
        {
            "ADMIMETH": ["21", "2A", "21"],
            "DIAG_01": ["J20.9", "I48X", "J44"],
            "DIAG_02": ["J44.1", None, ""],
            "OPERTN_01": ["-", "K621", None],
        }
    )
    options = {
        "diagnoses": ["DIAG_01", "DIAG_02"],
        "procedures": ["OPERTN_01"],
        "columns": {"ADMIMETH": "admission_method"},
        "assume": FIELDS[1:],
    }
    assert groups(cm.avoidable_admissions(frame, **options)) == ["copd", "atrial_fibrillation", "copd"]
    frame.to_csv(tmp_path / "episodes.csv", index=False)
    assert groups(cm.avoidable_admissions(tmp_path / "episodes.csv", **options)) == [
        *("copd", "atrial_fibrillation", "copd")
    ]
    other = {**options, "diagnoses": ["DIAG_02", "DIAG_01"]}
    assert groups(cm.avoidable_admissions(frame, **other)) == ["copd", None, None]
    assert reasons(cm.avoidable_admissions(frame, **other))[1] == "diagnoses: no primary diagnosis"


def random_episodes(count: int, seed: int) -> tuple[list[list[str]], list[list[str]]]:
    choose = random.Random(seed)
    listed = [code for rule in WRITTEN for key, codes in rule.items() if "proc" not in key for code in codes]
    listed = [code for code in listed if code in WRITTEN or len(code) > 2] + ["Z00", "J20", "D57", "K29", "I26"]
    diagnoses, procedures = [], []
    for _ in range(count):
        codes = []
        for _ in range(choose.randint(0, 4)):
            code = choose.choice(listed)
            tail = choose.choice(["", "", "X", "1", ".9"]) if len(code) == 3 else ""
            codes.append(code + tail)
        diagnoses.append(codes)
        letters = choose.choices("AEGIJKKKKTUVWXXYZ", k=choose.choice([0, 0, 1, 2]))
        procedures.append([f"{letter}{choose.randint(0, 99):02}.{choose.randint(0, 9)}" for letter in letters])
    return diagnoses, procedures


def test_random_episodes_are_classified_as_a_plain_reading_of_the_rules_classifies_them():
    diagnoses, procedures = random_episodes(6_000, seed=26)
    expected = [by_the_book(*each) for each in zip(diagnoses, procedures, strict=True)]
    found = cm.avoidable_admissions(episodes(diagnoses, procedures))
    assert groups(found) == expected
    assert found.faults.num_rows == 0 and found.undecided == 0
    assert {group for group in expected if group} == set(GROUPS)
    assert [group is None for group in groups(found)] == [reason is not None for reason in reasons(found)]


def test_the_lists_that_ship_hold_the_specifications_codes_and_no_others():
    diagnoses = cm.load_codelist("avoidable-admissions-ccg-2.6")
    procedures = cm.load_codelist("avoidable-admissions-ccg-2.6-procedures")

    def codes_of(codelist, condition: str) -> set[str]:
        return {each.code for each in codelist.entries if each.condition == condition}

    assert len(RULES) == len(WRITTEN)
    for rule, written in zip(RULES, WRITTEN, strict=True):
        assert rule.group == written["group"]
        assert codes_of(diagnoses, rule.primary) == set(written["primary"])
        assert codes_of(diagnoses, rule.needs) == set(written.get("any_diagnosis_requires", ()))
        assert codes_of(diagnoses, rule.unless) == set(written.get("any_diagnosis_excludes", ()))
        assert codes_of(procedures, rule.unless_procedure) == set(written.get("procedure_excludes", ()))
    used = {name for rule in RULES for name in (rule.primary, rule.needs, rule.unless)}
    assert set(diagnoses.conditions) | {""} == used


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("admission_method", "11", "admission_method: not an emergency"),
        ("admission_method", None, "admission_method: missing"),
        ("admission_method", "29", "admission_method: not an emergency"),
        ("episode_status", "4", "episode_status: neither unfinished nor finished"),
        ("episode_order", "2", "episode_order: not the first episode of its spell"),
        ("admission_source", "51", "admission_source: moved from another hospital"),
        ("admission_source", "", "admission_source: missing"),
        ("episode_type", "2", "episode_type: not a general episode"),
        ("patient_class", "2", "patient_class: not an ordinary admission"),
        ("age", 7008, "age: an age out of range"),
        ("age", 121, "age: an age out of range"),
        ("sex", "9", "sex: neither female nor male"),
    ],
)
def test_an_episode_of_another_kind_is_not_counted_and_the_reason_names_its_column(field, value, reason):
    table = episodes([["J45"], ["J45"]], **{field: [COUNTED[field], value]})
    found = cm.avoidable_admissions(table)
    assert groups(found) == ["asthma", None]
    assert reasons(found) == [None, reason]


def test_every_emergency_method_and_every_age_of_the_specification_counts():
    methods = ["21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D", "2a"]
    assert len(cm.avoidable_admissions(episodes([["J45"]] * 11, admission_method=methods))) == 11
    ages = [0, 120, 7001, 7007]
    assert len(cm.avoidable_admissions(episodes([["J45"]] * 4, age=ages))) == 4
    floats = episodes([["J45"]] * 3, age=[3.0, float("nan"), 4.0], episode_order=[1.0, 1.0, 2.0])
    assert groups(cm.avoidable_admissions(floats)) == ["asthma", None, None]


def test_a_code_that_cannot_be_read_is_reported_and_what_depends_on_it_is_undecided():
    table = episodes(
        [["J45", "4.4E+01"], ["B18.1", "D57 1"], ["J20", "??"], ["I500"], ["I500", "I10"], ["??", "J45"], ["I500"]],
        [["&"], [], [], ["&"], ["-"], [], ["K401", "&"]],
    )
    found = cm.avoidable_admissions(table)
    assert groups(found) == ["asthma", None, None, None, "heart_failure", None, None]
    assert [reason and reason.split(":")[0] for reason in reasons(found)] == [
        *(None, "undecided", "undecided", "undecided", None, "diagnoses", "procedures")
    ]
    assert found.undecided == 3
    told = found.faults.to_pylist()
    assert [(each["source_row"], each["field"]) for each in told] == [
        *((0, "diagnoses 2"), (0, "procedures 1"), (1, "diagnoses 2"), (2, "diagnoses 2")),
        *((3, "procedures 1"), (5, "diagnoses 1"), (6, "procedures 2")),
    ]
    assert not any("4.4E" in each["reason"] or "D57" in each["reason"] for each in told)
    assert repr(found).endswith("in 7 episodes, 3 undecided, 7 codes not read>")


def test_only_admissions_inside_the_window_count_the_last_day_included():
    days = ["2023-04-01", "2023-04-02", "2024-04-01", "2024-04-02", None, "soon"]
    table = episodes([["J45"]] * 6, admission_date=days)
    found = cm.avoidable_admissions(table, as_of="2024-04-01", lookback="12 months")
    assert groups(found) == [None, "asthma", "asthma", None, None, None]
    assert reasons(found)[3:] == [
        *("admission_date: outside the window", "admission_date: missing", "admission_date: missing")
    ]
    assert found.faults.to_pylist()[0]["source_row"] == 5
    for half in ({"as_of": "2024-04-01"}, {"lookback": "12 months"}):
        with pytest.raises(InputError, match="go together"):
            cm.avoidable_admissions(table, **half)


def test_a_practices_admissions_are_counted_by_group_whatever_the_order_of_the_rows():
    diagnoses, procedures = random_episodes(500, seed=3)
    practices = [f"C8700{number % 3}" for number in range(500)]
    table = episodes(diagnoses, procedures, practice_id=practices)
    counts = cm.avoidable_admissions(table).counts("practice_id")
    expected = {}
    for practice, *codes in zip(practices, diagnoses, procedures, strict=True):
        group = by_the_book(*codes)
        if group:
            expected[practice, group] = expected.get((practice, group), 0) + 1
    assert [tuple(row.values()) for row in counts.to_pylist()] == [(*key, expected[key]) for key in sorted(expected)]
    order = list(range(500))
    random.Random(1).shuffle(order)
    assert cm.avoidable_admissions(table.take(order)).counts("practice_id").equals(counts)
    assert sum(cm.avoidable_admissions(table).counts()["admissions"].to_pylist()) == sum(expected.values())
    with pytest.raises(InputError, match="have no column 'practice'"):
        cm.avoidable_admissions(table).counts("practice")


def test_columns_that_are_missing_and_not_assumed_are_named_all_at_once():
    table = episodes([["J45"]]).drop_columns(["sex", "episode_type", "procedures"])
    with pytest.raises(InputError, match="3 columns that this count needs") as error:
        cm.avoidable_admissions(table)
    for part in ("'sex'", "'episode_type'", "'procedures'", "assume=", "procedures=()"):
        assert part in str(error.value)
    assert groups(cm.avoidable_admissions(table, assume=["sex", "episode_type"], procedures=())) == ["asthma"]
    for wrong in (["seks"], "sex", ["diagnoses"]):
        with pytest.raises(InputError, match="assume: give a list of columns"):
            cm.avoidable_admissions(table, assume=wrong)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"diagnoses": ["J45"]}, "holds string; diagnoses is a column of lists"),
        ({"procedures": pa.array([[40.1]])}, "Codes must be text"),
        ({"episode_order": [1.5]}, "should hold codes as text, or whole numbers"),
        ({"age": [True]}, "should hold codes as text, or whole numbers"),
    ],
)
def test_codes_that_are_numbers_and_columns_of_another_kind_are_refused(changes, message):
    table = episodes([["J45"]])
    for name, values in changes.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    with pytest.raises(InputError, match=message):
        cm.avoidable_admissions(table)


def test_lines_that_could_not_be_split_are_among_the_faults(tmp_path):
    path = tmp_path / "episodes.csv"
    path.write_text("admission_method,d1\n21,J45\n21,J45,too,many\n21,E11\n", encoding="utf-8")
    found = cm.avoidable_admissions(path, diagnoses=["d1"], procedures=(), assume=FIELDS[1:])
    assert found.episodes["source_row"].to_pylist() == [0, 2]
    assert groups(found) == ["asthma", "diabetes"]
    assert [(row["source_row"], row["field"]) for row in found.faults.to_pylist()] == [(1, None)]


def test_no_episodes_are_no_admissions():
    found = cm.avoidable_admissions(episodes([]))
    assert len(found) == 0 and found.counts().num_rows == 0 and found.faults.num_rows == 0
