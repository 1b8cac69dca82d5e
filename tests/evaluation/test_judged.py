"""By whom a score is judged: who is in, who is set aside and why, and where the scheme put them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from people_judged import AS_OF, people, people_table, scheme, shuffled

import casemgmt as cm
from casemgmt.evaluation.judged import judge


def facts(judged):
    """Everything said of each person, by id."""
    ids = judged.register.column("patient_id", judged.rows).to_pylist()
    columns = (judged.practice, judged.score, judged.outcome, judged.inside, judged.case_managed, judged.just_below)
    return dict(zip(ids, zip(*(each.tolist() for each in columns), strict=True), strict=True))


def test_everyone_is_judged_or_set_aside_under_the_first_reason_that_is_true():
    table = people_table()
    judged = judge("risk", "happened", people(), scheme())
    rows = table.to_pylist()
    died = [row for row in rows if row["date_of_death"]]
    objected = [row for row in rows if not row["date_of_death"] and row["objected"]]
    left = [row for row in rows if not (row["date_of_death"] or row["objected"])]
    unscored = [row for row in left if row["risk"] is None]
    unknown = [row for row in left if row["risk"] is not None and row["happened"] is None]
    assert list(judged.set_aside.values()) == [0, len(died), len(objected), len(unscored), len(unknown)]
    assert all(judged.set_aside[why] for why in judged.set_aside if why != "quarantined rows")
    assert len(judged) + sum(judged.set_aside.values()) == len(rows)
    expected = {row["patient_id"] for row in left if row["risk"] is not None and row["happened"] is not None}
    assert set(judged.register.column("patient_id", judged.rows).to_pylist()) == expected


def test_quarantined_rows_are_counted():
    table = people_table()
    practices = table.column("practice_id").to_pylist()
    practices[0] = None
    table = table.set_column(1, "practice_id", pa.array(practices))
    register = cm.read_register(table, as_of=AS_OF)
    assert judge("risk", "happened", register).set_aside["quarantined rows"] == 1


def test_inside_case_managed_and_just_below_are_those_of_the_selection():
    register = people()
    rule = cm.load_scheme("rotherham-2015-16")
    judged = judge("risk", "happened", register, rule)
    chosen = cm.select(register, rule, score="risk")
    rows = chosen.to_arrow().to_pylist()
    found = facts(judged)
    assert {i for i, each in found.items() if each[3]} == {
        row["patient_id"] for row in rows if row["highest_risk"] and row["patient_id"] in found
    }
    assert {i for i, each in found.items() if each[4]} == {
        row["patient_id"] for row in rows if row["case_managed"] and row["patient_id"] in found
    }
    below = sum(chosen.by("care_home_type").column("just_below").to_pylist())
    known = judge("risk", np.arange(len(register)) % 2 == 0, register, rule)
    assert int(known.just_below.sum()) == below > 0
    assert not (judged.inside & judged.just_below).any()


def test_the_order_of_the_rows_changes_nothing_but_their_numbers():
    table = people_table()
    one = judge("risk", "happened", cm.read_register(table, as_of=AS_OF), scheme())
    other = judge("risk", "happened", cm.read_register(shuffled(table), as_of=AS_OF), scheme())
    assert facts(one) == facts(other)
    for name in ("practice", "score", "risk", "outcome", "inside", "case_managed", "just_below"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize("form", ["array", "bools", "list", "series", "mapping", "frame", "arrow", "nullable", "text"])
def test_an_outcome_comes_in_any_form_that_scores_come_in(form):
    table = people_table()
    values, ids = table.column("happened").to_pylist(), table.column("patient_id").to_pylist()
    floats = [np.nan if value is None else float(value) for value in values]
    register = cm.read_register(table, as_of=AS_OF)
    given = {
        "array": np.array(floats),
        "bools": np.array([bool(value) for value in values]),
        "list": values,
        "series": pd.Series(values),
        "mapping": dict(zip(ids, values, strict=True)),
        "frame": pd.DataFrame({"patient_id": ids, "had": floats}),
        "arrow": table.column("happened"),
        "nullable": pd.Series(values, dtype="boolean"),
        "text": "words",
    }[form]
    if form == "text":
        words = pa.array([None if value is None else "Yes" if value else "no" for value in values])
        register = cm.read_register(table.append_column("words", words), as_of=AS_OF)
    judged = judge("risk", given, register)
    expected = judge("risk", "happened", register)
    if form == "bools":
        assert judged.set_aside["outcome not known"] == 0
    else:
        assert np.array_equal(judged.rows, expected.rows)
        assert np.array_equal(judged.outcome, expected.outcome)


def test_a_model_that_states_risks_gives_them_and_points_give_none():
    register = cm.synthesise("C87616", seed=1)
    model = cm.load_model("demonstration-admission")
    judged = judge(model, "outcome_emergency_admission_12m", register)
    by_source = model.score(register).to_pylist()
    assert np.array_equal(judged.score, np.array([by_source[i] for i in register.table_row[judged.rows]]))
    assert ((judged.risk > 0) & (judged.risk < 1)).all()
    points = judge(cm.load_model("cambridge-multimorbidity-20"), "outcome_emergency_admission_12m", register)
    assert points.risk is None


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("happend", "no column. Did you mean 'happened'"),
        ("age", "neither 0 nor 1"),
        ("patient_id", "neither 0 nor 1"),
        ("never", "nobody had the outcome"),
        ([True] * 900, "nobody did not have the outcome"),
        ([True] * 9 + [False] * 891, "had the outcome, and at least 10"),
        ([0.5] * 900, "neither 0 nor 1"),
        ([np.inf] * 900, "neither 0 nor 1"),
        ([True] * 3, "outcome= holds 3 values; the source has 900 rows"),
        (None, "outcome="),
        (7, "outcome="),
    ],
)
def test_an_outcome_that_is_none_is_refused_in_a_sentence(outcome, words):
    register = cm.read_register(people_table().append_column("never", pa.array([False] * 900)), as_of=AS_OF)
    with pytest.raises(cm.InputError, match=words):
        judge("risk", outcome, register)


@pytest.mark.parametrize("wrong", [1.2, -0.1, 37.0])
def test_risks_outside_0_to_1_are_refused_unless_they_are_said_to_be_none(wrong):
    register = people()
    risks = np.full(900, 0.2)
    risks[5] = wrong
    with pytest.raises(cm.InputError, match=r"1 value outside 0 to 1.*are_risks=False"):
        judge(risks, "happened", register)
    assert judge(risks, "happened", register, are_risks=False).risk is None


def test_scores_that_do_not_fit_are_refused_by_the_name_of_the_argument():
    with pytest.raises(cm.InputError, match="model_or_risks= holds 3 values; the source has 900 rows"):
        judge([0.1, 0.2, 0.3], "happened", people(), scheme())


def test_no_value_of_a_patient_is_in_the_words_for_it():
    judged = judge("risk", "happened", people(), scheme())
    assert "00001" not in repr(judged)
    assert "had the outcome" in repr(judged)
