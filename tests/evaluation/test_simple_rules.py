"""Simple rules get the places of the score that is judged, by the library's own selection."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from bootstrap_twin import drawn_plainly
from people_judged import AS_OF, people, people_table, scheme

import casemgmt as cm
from casemgmt.evaluation.bootstrap import interval
from casemgmt.evaluation.judged import judge
from casemgmt.evaluation.rules import inside_by, rules_for

AMONG = (
    'name = "young"\nkind = "top_share"\ncounts_as = "case_management"\nshare = "4%"\nlimit = "at_most"\nof = {}\n'
    "among = { age = { below = 60 } }",
    'name = "old"\nkind = "top_share"\ncounts_as = "case_management"\nshare = "2%"\nlimit = "at_least"\nof = {}\n'
    "among = { age = { at_least = 60 } }",
)
BAND = (
    'name = "band"\nkind = "band"\ncounts_as = "case_management"\non = "risk"\nat_least = "0.5"\n'
    "where = { age = { at_least = 40 } }",
)


def selected(register, rule, score, routes):
    """The packed rows that ``cm.select`` lets in by routes."""
    table = cm.select(register, rule, score=score).to_arrow()
    chosen = [row["patient_id"] for row in table.to_pylist() if any(row[name] for name in routes)]
    return {register.find(each) for each in chosen}


@pytest.mark.parametrize("column", ["age", "emergency_admissions_12m", "frailty_deficits"])
@pytest.mark.parametrize(("routes", "names"), [((), ("highest_risk",)), (AMONG, ("young", "old"))])
def test_a_rule_lets_in_whom_the_selection_would_by_its_score(column, routes, names):
    register, rule = people(rounded=6), scheme(*routes)
    judged = judge("risk", "happened", register, rule)
    score = next(each for each in rules_for(judged) if each.name == column).score
    inside = inside_by(judged.workings, score)
    assert set(np.flatnonzero(inside).tolist()) == selected(register, rule, column, names)


def test_the_score_itself_as_a_rule_lets_in_whom_it_let_in():
    register, rule = people(), scheme(*BAND)
    judged = judge("risk", "happened", register, rule)
    by_row = np.full(len(register), np.nan)
    by_row[judged.rows] = judged.score
    inside = inside_by(judged.workings, register.column("risk").to_numpy(zero_copy_only=False))
    assert np.array_equal(inside[judged.rows], judged.inside)
    assert judged.inside.any()


def test_a_rule_has_as_many_places_as_a_band_let_in():
    register, rule = people(), scheme(*BAND)
    judged = judge("risk", "happened", register, rule)
    age = next(each for each in rules_for(judged) if each.name == "age").score
    inside = inside_by(judged.workings, age)
    practice = register.packed.practice_of()
    let_in = np.bincount(judged.workings.choice.practice, minlength=3)
    assert np.bincount(practice[inside], minlength=3).tolist() == let_in.tolist()
    assert (age[inside] >= 40).all()


def test_whoever_has_no_value_gets_no_place_by_the_rule():
    table = people_table(rounded=6)
    ages = table.column("age").to_pylist()
    ages[::3] = [None] * len(ages[::3])
    table = table.set_column(table.column_names.index("age"), "age", pa.array(ages))
    register = cm.read_register(table, as_of=AS_OF)
    judged = judge("risk", "happened", register, scheme())
    age = next(each for each in rules_for(judged) if each.name == "age").score
    assert not (inside_by(judged.workings, age) & np.isnan(age)).any()
    assert inside_by(judged.workings, age).sum() == judged.workings.choice.rows.size


def test_rules_are_those_whose_columns_are_there():
    names = [each.name for each in rules_for(judge("risk", "happened", people(), scheme()))]
    assert names == ["age", "emergency_admissions_12m", "frailty_deficits"]
    bare = people_table().drop_columns(["emergency_admissions_12m", "frailty_deficits"])
    register = cm.read_register(bare, as_of=AS_OF)
    assert [each.name for each in rules_for(judge("risk", "happened", register, scheme()))] == ["age"]


def test_the_cambridge_score_is_no_rule_beside_itself():
    register = cm.synthesise("C87616", seed=1)
    outcome, rule = "outcome_emergency_admission_12m", scheme()
    by_age = judge(register.column("age").to_numpy(zero_copy_only=False) / 200, outcome, register, rule)
    assert [each.name for each in rules_for(by_age)][-1] == "cambridge-multimorbidity-20"
    itself = judge(cm.load_model("cambridge-multimorbidity-20"), outcome, register, rule)
    assert "cambridge-multimorbidity-20" not in [each.name for each in rules_for(itself)]


def test_intervals_of_a_rule_are_those_of_people_drawn_inside_and_outside_its_own_list():
    found = cm.evaluate("risk", "happened", people(), scheme(), replicates=150, seed=4)
    judged = found.judged
    for row, rule in zip(found.rules.to_pylist()[1:], rules_for(judged), strict=True):
        inside = inside_by(judged.workings, rule.score)[judged.rows]
        draws = np.array([drawn_plainly(4, r, 2 * judged.practice + inside) for r in range(150)])
        hits, places = draws[:, inside & judged.outcome].sum(axis=1), draws[:, inside].sum(axis=1)
        assert set(places.tolist()) == {inside.sum()}, "as many places in each replicate"
        assert (row["ppv_low"], row["ppv_high"]) == pytest.approx(interval(hits / places))
        had = draws[:, judged.outcome].sum(axis=1)
        assert (row["sensitivity_low"], row["sensitivity_high"]) == pytest.approx(interval(hits / had))


def test_a_gain_is_an_interval_of_the_same_people_drawn_for_both():
    found = cm.evaluate("risk", "happened", people(), scheme(), replicates=150, seed=4)
    judged = found.judged
    draws = np.array([drawn_plainly(4, r, 2 * judged.practice + judged.inside) for r in range(150)])

    def shares(inside):
        return draws[:, inside & judged.outcome].sum(axis=1) / draws[:, inside].sum(axis=1)

    for row, rule in zip(found.rules.to_pylist()[1:], rules_for(judged), strict=True):
        inside = inside_by(judged.workings, rule.score)[judged.rows]
        gained = interval(shares(judged.inside) - shares(inside))
        assert (row["ppv_gained_low"], row["ppv_gained_high"]) == pytest.approx(gained)


def test_gains_are_differences_in_the_same_replicates():
    found = cm.evaluate("risk", "happened", people(), scheme(), replicates=300)
    first, *rules = found.rules.to_pylist()
    assert first["ppv_gained"] is None
    for row in rules:
        assert row["ppv_gained"] == pytest.approx(first["ppv"] - row["ppv"])
        assert row["auroc_gained"] == pytest.approx(first["auroc"] - row["auroc"])
        assert row["ppv_gained_low"] < row["ppv_gained"] < row["ppv_gained_high"]
    assert first["ppv"] == found.at_cut.column("ppv")[0].as_py()


def test_a_good_score_beats_the_rules_on_synthetic_people_and_intervals_do_not_overlap():
    """A score of age, past admissions, and conditions, on 4 practices; no rule comes near it at 3%."""
    from sklearn.linear_model import LogisticRegression

    register = cm.synthesise("03L", seed=1)
    frame = register.to_pandas()
    columns = [name for name in register.fields if frame[name].dtype.kind in "bif" and name not in ("nominated",)]
    inputs = frame[columns].drop(columns=["nomination_order", "on_caseload", "objected"], errors="ignore")
    inputs = inputs.astype(float).fillna(0).to_numpy()
    inputs = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    had = frame["outcome_emergency_admission_12m"].to_numpy(dtype=bool)
    fitted = LogisticRegression(max_iter=200).fit(inputs[::2], had[::2])
    outcome = [bool(each) if i % 2 else None for i, each in enumerate(had)]  # judged by those it was not fitted on
    found = cm.evaluate(
        fitted.predict_proba(inputs)[:, 1], outcome, register, cm.load_scheme("rotherham-2015-16"), replicates=200
    )
    first, *rules = found.rules.to_pylist()
    assert len(rules) == 4
    for row in rules:
        assert first["ppv_low"] > row["ppv_high"], row["ranking"]
