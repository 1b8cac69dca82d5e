"""Comparisons that a hand can check: what-ifs, one reason at a time, and what is refused or shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from months import a_model
from registers import read_scheme, read_table, scheme_text

import casemgmt as cm
from casemgmt.errors import InputError

# What ifs, by hand

RANKED = """name = "highest_risk"
kind = "top_share"
share = "{share}"
limit = "at_most"
of = {{}}
among = {{ {among} }}
counts_as = "case_management"
"""
RESIDENTS = """name = "care_home"
kind = "everyone"
where = { care_home_type = ["nursing", "residential"] }
counts_as = "case_management"
"""
REVIEW = """name = "review"
kind = "review"
where = {{ age = {{ at_least = {age} }} }}
every_months = 12
counts_as = "entitlement"
"""


def a_hundred(**changes: dict[int, Any]) -> pa.Table:
    """Patients p00 to p99, of which p00 has the highest score; aged 40 and at home unless ``changes`` say otherwise."""
    columns = {"age": [40] * 100, "care_home_type": ["none"] * 100, "score": [100.0 - i for i in range(100)]}
    for name, by_patient in changes.items():
        for patient, value in by_patient.items():
            columns[name][patient] = value
    ids = {"patient_id": [f"p{i:02d}" for i in range(100)], "practice_id": ["C87002"] * 100}
    return pa.table({**ids, **columns})


def selected_by(table: pa.Table, *routes: str, **options: Any) -> Any:
    scheme = read_scheme(scheme_text(routes, optional=["care_home_type"]))
    return cm.select(cm.read_register(table, as_of="2015-04-01"), scheme, score="score", **options)


def told(comparison: Any, route: str) -> list[tuple[str, str, str | None]]:
    return [
        (row["patient_id"], row["change"], row["reason"])
        for row in comparison.changes.to_pylist()
        if row["route"] == route
    ]


def test_what_if_five_per_cent_and_not_three():
    table = a_hundred()
    found = cm.compare(*(selected_by(table, RANKED.format(share=share, among="")) for share in ("3%", "5%")))
    stayers = [(patient, "stayer", None) for patient in ("p00", "p01", "p02")]
    joiners = [(patient, "joiner", "scheme") for patient in ("p03", "p04")]
    assert told(found, "highest_risk") == told(found, "case_managed") == stayers + joiners


def test_what_if_residents_are_ranked_apart():
    table = a_hundred(care_home_type={1: "nursing", 50: "residential"})
    among = ("", 'care_home_type = ["none"]')
    found = cm.compare(*(selected_by(table, RANKED.format(share="3%", among=each), RESIDENTS) for each in among))
    assert told(found, "highest_risk") == [
        ("p00", "stayer", None),
        ("p01", "leaver", "scheme"),
        ("p02", "stayer", None),
        ("p03", "joiner", "scheme"),
    ]
    assert told(found, "care_home") == [("p01", "stayer", None), ("p50", "stayer", None)]
    assert told(found, "case_managed") == [
        *((patient, "stayer", None) for patient in ("p00", "p01", "p02")),
        ("p03", "joiner", "scheme"),
        ("p50", "stayer", None),
    ]


def test_what_if_eighty_and_not_seventy_five():
    table = a_hundred(age={10: 74, 11: 75, 12: 79, 13: 80, 14: 95})
    found = cm.compare(*(selected_by(table, REVIEW.format(age=age)) for age in (75, 80)))
    leavers = [(patient, "leaver", "scheme") for patient in ("p11", "p12")]
    assert told(found, "review") == leavers + [(patient, "stayer", None) for patient in ("p13", "p14")]
    assert told(found, "case_managed") == []


def test_what_if_the_route_is_gone():
    found = cm.compare(*(selected_by(a_hundred(age={7: 80}), *routes) for routes in (
        (RANKED.format(share="1%", among=""), REVIEW.format(age=75)),
        (RANKED.format(share="1%", among=""),),
    )))  # fmt: skip
    assert told(found, "review") == [("p07", "leaver", "scheme")]


def test_a_route_that_counts_as_something_else_changes_case_management_by_the_scheme():
    counted = REVIEW.format(age=75).replace('"review"\nwhere', '"everyone"\nwhere').replace("every_months = 12\n", "")
    as_care = counted.replace('"entitlement"', '"case_management"')
    found = cm.compare(*(selected_by(a_hundred(age={7: 80}), route) for route in (counted, as_care)))
    assert told(found, "review") == [("p07", "stayer", None)]
    assert told(found, "case_managed") == [("p07", "joiner", "scheme")]


# One reason at a time, by hand


def highest_three(**changes: dict[int, Any]) -> Any:
    return selected_by(a_hundred(**changes), RANKED.format(share="3%", among='care_home_type = ["none"]'), RESIDENTS)


def test_a_higher_score_is_the_joiners_own_and_who_falls_out_was_moved_by_the_cut():
    found = cm.compare(highest_three(), highest_three(score={40: 99.5}))
    assert told(found, "highest_risk") == [
        ("p00", "stayer", None),
        ("p01", "stayer", None),
        ("p02", "leaver", "cut moved"),
        ("p40", "joiner", "own score"),
    ]
    row = next(row for row in found.changes.to_pylist() if row["patient_id"] == "p40")
    assert (row["score_before"], row["score_after"]) == (60.0, 99.5)
    assert row["detail"] == "score 60 to 99.5"


def test_a_lower_score_is_the_leavers_own_and_who_comes_in_was_moved_by_the_cut():
    found = cm.compare(highest_three(), highest_three(score={1: 50.5}))
    assert told(found, "highest_risk")[1] == ("p01", "leaver", "own score")
    assert told(found, "highest_risk")[3] == ("p03", "joiner", "cut moved")


def test_a_lost_score_is_the_leavers_own():
    found = cm.compare(highest_three(), highest_three(score={1: None}))
    row = next(row for row in found.changes.to_pylist() if row["patient_id"] == "p01")
    assert (row["reason"], row["score_after"]) == ("own score", None)
    assert row["detail"] == "score 99 to no score"


def test_a_move_into_a_home_comes_before_the_score():
    found = cm.compare(highest_three(), highest_three(care_home_type={1: "nursing"}, score={1: 50.5}))
    assert told(found, "highest_risk")[1] == ("p01", "leaver", "care home")
    assert told(found, "care_home") == [("p01", "joiner", "care home")]


def test_a_score_where_places_were_left_over_is_the_joiners_own():
    nobody = dict.fromkeys(range(100))
    before = highest_three(score=nobody | {0: 5.0})
    after = highest_three(score=nobody | {0: 5.0, 1: 2.0})
    assert told(cm.compare(before, after), "highest_risk") == [("p00", "stayer", None), ("p01", "joiner", "own score")]


def test_a_tie_broken_otherwise_is_a_cut_that_moved():
    tied = a_hundred(score={2: 97.5, 3: 97.5})
    on_caseload = [tied.append_column("on_caseload", pa.array([i == who for i in range(100)])) for who in (2, 3)]
    found = cm.compare(*(selected_by(table, RANKED.format(share="3%", among="")) for table in on_caseload))
    assert told(found, "highest_risk")[2:] == [("p02", "leaver", "cut moved"), ("p03", "joiner", "cut moved")]


NOMINEES = """
practice_id | patient_id | age | nominated | nomination_order | score
C87002      | a          | 50  | T         | 1                | 1
C87002      | b          | 50  | T         | 2                | 1
C87002      | c          | 50  |           |                  | 1
"""
NOMINATED = """name = "judgement"
kind = "nominated"
share = "1/3"
limit = "at_most"
of = {}
counts_as = "case_management"
"""


def nominated(*changes: tuple[str, str]) -> Any:
    text = NOMINEES
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    rows = read_table(text)
    scheme = read_scheme(scheme_text([NOMINATED], required=["nominated"]))
    return cm.select(
        cm.read_register(pa.Table.from_pylist(rows), as_of="2015-04-01"), scheme, score="score", over_cap="queue"
    )


def test_a_nomination_withdrawn_is_a_nomination_and_who_waited_gets_the_place():
    found = cm.compare(nominated(), nominated(("a          | 50  | T", "a          | 50  | F")))
    assert told(found, "judgement") == [("a", "leaver", "nomination"), ("b", "joiner", "cut moved")]
    assert found.changes["detail"].to_pylist()[-1] == "a place became free"


def test_a_nominee_who_is_put_behind_waits():
    found = cm.compare(nominated(), nominated(("T         | 1", "T         | 3")))
    assert told(found, "judgement") == [("a", "leaver", "cut moved"), ("b", "joiner", "cut moved")]


def test_a_carried_column_of_text_is_read_as_selecting_reads_it(tmp_path):
    route = """name = "needs"
kind = "everyone"
where = { complex_needs = true, points = { at_least = "2.5" } }
counts_as = "case_management"
"""
    scheme = read_scheme(scheme_text([route], required=["complex_needs", "points"]))
    selections = []
    for month, cells in enumerate(("true,2.5", "false,2.5", "true,2", "true,")):
        path = tmp_path / f"{month}.csv"
        path.write_text(f"patient_id,practice_id,age,complex_needs,points,score\na,C87002,50,{cells},1\n")
        selections.append(cm.select(cm.read_register(path, as_of="2015-04-01"), scheme, score=[1.0]))
    for later, column in ((1, "complex needs"), (2, "points"), (3, "points")):
        row = cm.compare(selections[0], selections[later]).changes.to_pylist()[-1]
        assert (row["change"], row["reason"]) == ("leaver", "record")
        assert row["detail"] == f"the record of {column} no longer meets the rule"


BAND = 'name = "band"\nkind = "band"\non = "{on}"\nat_least = "{edge}"\ncounts_as = "case_management"'


def one_patient(**columns: Any) -> Any:
    given = {"diabetes": True, "emergency_admissions_12m": 0, "care_home_type": "none", "age": 80} | columns
    table = pa.table({"patient_id": ["a"], "practice_id": ["C87002"]} | {name: [v] for name, v in given.items()})
    return cm.read_register(table, as_of="2015-04-01")


def in_band(register: Any, on: str = "score", edge: str = "-5", **ranked_by: Any) -> Any:
    return cm.select(register, read_scheme(scheme_text([BAND.format(on=on, edge=edge)])), **ranked_by)


def test_a_floor_at_nought_is_part_of_the_attribution():
    model = replace(a_model(), floor=0)
    before, after = (in_band(one_patient(**{n: v}), edge="0.01", model=model) for n, v in (
        ("emergency_admissions_12m", 0), ("emergency_admissions_12m", 2),
    ))  # fmt: skip
    found = cm.compare(before, after)
    moves = {row["input"]: (row["before"], row["after"], row["moved"]) for row in found.attribution.to_pylist()}
    assert moves == {
        "emergency_admissions_12m": ("0", "2 or more", 1.0),
        "floor": ("held at the lowest score", "above the lowest score", -0.649999),
    }
    assert found.changes["detail"][0].as_py() == (
        "score 0 to 0.35: emergency_admissions_12m: 0 to 2 or more (+1); "
        "Lowest score: held at the lowest score to above the lowest score (−0.65)"
    )


def test_moves_in_a_sentence_are_points_of_the_score():
    model = replace(a_model(), divide_by=4)
    before, after = (in_band(one_patient(diabetes=flag), edge="-0.2", model=model) for flag in (False, True))
    detail = cm.compare(before, after).changes["detail"][0].as_py()
    assert detail == "score −0.22 to −0.16: diabetes: absent to present (+0.062)"


def test_an_input_that_was_missing_gave_the_score_and_no_amount():
    before, after = (in_band(one_patient(age=age), model=a_model()) for age in (None, 60))
    found = cm.compare(before, after)
    assert [(r["input"], r["before"], r["after"], r["moved"]) for r in found.attribution.to_pylist()] == [
        ("age", "missing", "70 or fewer", None)
    ]
    assert found.changes["detail"][0].as_py() == "score no score to −0.85: age: missing to 70 or fewer"


def test_a_model_whose_columns_were_not_collected_before_is_the_reason():
    older = one_patient()
    bare = cm.read_register(older.to_arrow().select(["patient_id", "practice_id", "age"]), as_of="2015-04-01")
    before = in_band(bare, score=[-9.0])
    after = in_band(older, model=a_model())
    assert told(cm.compare(before, after), "band") == [("a", "joiner", "model")]


def test_a_band_on_risk_that_the_old_model_cannot_answer_is_the_schemes_doing():
    before = in_band(one_patient(), edge="100", model=a_model())
    after = in_band(one_patient(), on="risk", edge="0", model=a_model("logistic"))
    assert told(cm.compare(before, after), "band") == [("a", "joiner", "scheme")]


def test_comparing_changes_neither_selection():
    before = in_band(one_patient(), score=[0.5])
    after = in_band(one_patient(), on="risk", edge="0.1", score=[0.5])
    cm.compare(before, after)
    assert before.to_arrow()["risk"].to_pylist() == [None]
    assert after.to_arrow()["risk"].to_pylist() == [0.5]


# What is refused, and what is shown


def test_a_selection_read_back_from_files_is_refused(tmp_path):
    selection = highest_three()
    selection.save(tmp_path / "out")
    with pytest.raises(InputError, match="read back from files"):
        cm.compare(cm.load_selection(tmp_path / "out"), selection)


def test_an_unknown_practice_is_refused_by_name():
    found = cm.compare(highest_three(), highest_three())
    with pytest.raises(InputError, match=r"no practice 'C87003'. Did you mean 'C87002'"):
        found.practice("C87003")


def test_what_is_shown_in_a_notebook_has_counts_and_no_patient():
    found = cm.compare(highest_three(), highest_three(score={40: 99.5}))
    shown = repr(found) + found._repr_html_()
    assert "of the case managed 2 patients stay, 1 join and 1 leave" in shown
    assert "own score" in shown
    assert not any(f"p{i:02d}" in shown for i in range(100))


def test_two_empty_lists_compare_to_nothing():
    empty = selected_by(a_hundred(), REVIEW.format(age=75))
    found = cm.compare(empty, empty)
    assert found.changes.num_rows == found.reasons().num_rows == 0
    assert found.summary()["overlap"].to_pylist() == [None, None]
