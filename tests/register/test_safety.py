"""What must fail closed: objections and departures that cannot be read, and columns that nearly bear their names."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.errors import InputError

SCHEME = "rotherham-2015-16"


def people(count=100, **columns):
    table = {
        "patient_id": [f"p{i:03d}" for i in range(count)],
        "practice_id": ["C87002"] * count,
        "age": [80] * count,
        "care_home_type": ["none"] * count,
        "nominated": [False] * count,
    }
    return pa.table(table | columns)


def first(value, otherwise, count=100):
    return [value, *[otherwise] * (count - 1)]


def selected(table, **options):
    register = cm.read_register(table, as_of="2015-04-01", extracted_on="2015-04-10")
    return register, cm.select(register, cm.load_scheme(SCHEME), **options)


def test_an_objection_that_cannot_be_read_is_held_as_one():
    table = people(objected=first("perhaps", "0"))
    register, selection = selected(table, score=[100.0, *[1.0] * 99])
    assert register.corrections.to_pylist()[0]["field"] == "objected"
    assert selection.practice("C87002").to_pylist()[0]["score"] is None
    assert selection.summary()["objected"][0].as_py() == 1


@pytest.mark.parametrize("field", ["date_of_death", "deregistered_on"])
def test_a_row_whose_day_of_leaving_cannot_be_read_is_quarantined_not_taken_for_present(field):
    register, selection = selected(people(**{field: first("01/02/2015", None)}), score=[100.0, *[1.0] * 99])
    row = register.quarantine.to_pylist()[0]
    assert (row["source_row"], row["field"]) == (0, field)
    assert "p000" not in selection.to_arrow()["patient_id"].to_pylist()
    assert register.rows_in == len(register) + register.merged + register.quarantine.num_rows == 100


@pytest.mark.parametrize("field", ["date_of_death", "deregistered_on"])
def test_a_day_of_leaving_after_the_extract_is_set_to_missing_and_the_person_stays(field):
    register, _ = selected(people(**{field: first("2015-05-01", None)}), score=[1.0] * 100)
    assert len(register) == 100
    assert register.corrections.to_pylist()[0]["reason"] == "after the extract date"


@pytest.mark.parametrize(
    ("name", "field"),
    [("objeted", "objected"), ("Date of deth", "date_of_death"), ("deregisterd_on", "deregistered_on")],
)
def test_a_column_that_nearly_bears_the_name_of_a_safety_field_is_refused(name, field):
    with pytest.raises(InputError, match=f"'{name}' looks like '{field}'"):
        cm.read_register(people(**{name: [None] * 100}), as_of="2015-04-01")


def test_optional_columns_that_are_absent_are_named_in_the_facts(tmp_path):
    _, selection = selected(people(), score=[1.0] * 100)
    assert "objected" in selection.facts["absent_columns"]
    selection.save(tmp_path / "out")
    assert "date_of_death" in json.loads((tmp_path / "out/manifest.json").read_text())["facts"]["absent_columns"]


def test_the_given_score_of_someone_who_objects_is_shown_nowhere():
    table = people(objected=first(True, False), care_home_type=first("nursing", "none"), risk_tool=[99.5] * 100)
    _, selection = selected(table, score="risk_tool")
    row = selection.to_arrow(include=["risk_tool"]).to_pylist()[0]
    assert row["patient_id"] == "p000"
    assert row["register_risk_tool"] is None
    assert selection.to_arrow(include=["risk_tool"])["register_risk_tool"].null_count == 1


def test_a_comparison_shows_no_earlier_score_of_someone_who_objects_now():
    _, before = selected(people(), score=[100.0, *[1.0] * 99])
    _, after = selected(people(objected=first(True, False)), score=[100.0, *[1.0] * 99])
    rows = [row for row in cm.compare(before, after).changes.to_pylist() if row["patient_id"] == "p000"]
    assert rows
    assert all(row["score_before"] is None and row["score_after"] is None for row in rows)


def test_a_missing_sex_is_read_as_u_and_counted_as_missing():
    synthetic = cm.synthesise("C87616", seed=1).to_arrow()
    place = synthetic.column_names.index("sex")
    without = synthetic.set_column(place, "sex", pa.nulls(synthetic.num_rows, pa.string()))
    register = cm.read_register(without, as_of="2021-01-01")
    assert set(register.column("sex").to_pylist()) == {"U"}
    model = cm.load_model("demonstration-admission")
    selection = cm.select(register, cm.load_scheme(SCHEME), model=model)
    assert set(selection.to_arrow()["inputs_missing"].to_pylist()) == {1}


def test_rows_added_to_a_synthetic_table_are_not_taken_for_synthetic():
    synthetic = cm.synthesise("C87616", seed=1).to_arrow()
    assert cm.read_register(synthetic, as_of="2021-01-01").synthetic
    assert cm.read_register(synthetic.slice(0, 50), as_of="2021-01-01").synthetic
    place = synthetic.column_names.index("patient_id")
    real = synthetic.slice(0, 3).set_column(place, "patient_id", pa.array(["a", "b", "c"]))
    mixed = pa.concat_tables([synthetic, real.replace_schema_metadata(None)])
    register = cm.read_register(mixed, as_of="2021-01-01")
    with pytest.raises(InputError, match="demonstration only"):
        cm.select(register, cm.load_scheme(SCHEME), model=cm.load_model("demonstration-admission"))


def test_every_file_of_a_demonstration_that_leaves_the_practice_says_so(tmp_path):
    register = cm.synthesise("C87616", seed=1)
    selection = cm.select(register, cm.load_scheme(SCHEME), model=cm.load_model("demonstration-admission"))
    selection.save(tmp_path / "out")
    lines = (tmp_path / "out/commissioner/summary.csv").read_text(encoding="utf-8-sig").splitlines()
    assert all("demonstration only" in line for line in lines[1:])
    assert b"demonstration_only" in selection.to_arrow().schema.metadata[b"casemgmt"]
    assert "demonstration only" in repr(selection)


def test_a_scheme_that_ranks_nobody_needs_no_score():
    table = people(frailty_deficits=first(13, 2))
    register = cm.read_register(table, as_of="2015-04-01")
    selection = cm.select(register, cm.load_scheme("frailty-2017-18"))
    assert selection.to_arrow()["patient_id"].to_pylist() == ["p000"]
    assert len(selection) == 1


def test_a_frame_given_in_place_of_a_register_is_refused_with_the_remedy():
    scheme = cm.load_scheme(SCHEME)
    with pytest.raises(cm.InputError, match="read it first"):
        cm.select(people(), scheme, score=[1.0] * 100)
    _, selection = selected(people(), score=[1.0] * 100)
    with pytest.raises(cm.InputError, match="give two selections"):
        cm.compare(selection, "last month")
    with pytest.raises(cm.InputError, match="previous"):
        cm.select(selection.register, scheme, score=[1.0] * 100, previous="out")


def test_list_sizes_may_be_whole_floats_as_pandas_gives_them():
    register = cm.read_register(people(), as_of="2015-04-01")
    options = {"score": [float(i) for i in range(100)], "list_size_within": None}
    selection = cm.select(register, cm.load_scheme(SCHEME), list_sizes={"C87002": 200.0}, **options)
    assert selection.summary()["places"][0].as_py() == 6
    with pytest.raises(InputError, match="not a whole number"):
        cm.select(register, cm.load_scheme(SCHEME), list_sizes={"C87002": 200.5}, **options)


def test_columns_the_wrong_way_round_are_recognised():
    table = people().rename_columns(["NHSNo", "practice_id", "age", "care_home_type", "nominated"])
    with pytest.raises(InputError, match="wrong way round"):
        cm.read_register(table, as_of="2015-04-01", columns={"patient_id": "NHSNo"})


def test_a_column_published_with_a_selection_can_be_included_again_when_it_is_read_back(tmp_path):
    _, selection = selected(people(surname=["NA"] * 100), score=[float(i) for i in range(100)])
    selection.save(tmp_path / "out", include=["surname"])
    loaded = cm.load_selection(tmp_path / "out")
    assert loaded.to_arrow(include=["surname"]).equals(selection.to_arrow(include=["surname"]))
    with pytest.raises(InputError, match="include="):
        loaded.to_arrow(include=["age"])
