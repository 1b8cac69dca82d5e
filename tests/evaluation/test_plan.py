"""A plan counts what the lists of a selection would hold at each share, and asks a stated tariff what they take."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.evaluation.planning import SHARES
from casemgmt.scheme.routes import TopShare
from casemgmt.scheme.shares import Share

SCHEME = cm.load_scheme("rotherham-2015-16")


@pytest.fixture(scope="module")
def register():
    return cm.synthesise("C87616", seed=1)


@pytest.fixture(scope="module")
def model():
    return cm.load_model("demonstration-admission")


@pytest.fixture(scope="module")
def plan(register, model):
    return cm.plan(register, SCHEME, model)


def with_share(text: str):
    """The scheme with another share in its share route."""
    routes = [
        replace(route, share=Share.read(text, "at_most")) if isinstance(route, TopShare) else route
        for route in SCHEME.routes
    ]
    return replace(SCHEME, routes=tuple(routes))


@pytest.mark.parametrize("share", ["0.5%", "3%", "10%"])
def test_a_row_is_what_the_selection_of_that_share_holds(register, model, plan, share):
    row = next(row for row in plan.table.to_pylist() if row["share"] == share)
    selection = cm.select(register, with_share(share), model=model)
    table = selection.to_arrow(reasons=False).to_pylist()
    ranked = [each for each in table if each["highest_risk"]]
    assert row["ranked"] == len(ranked) == row["places"]
    assert row["patients"] == sum(each["case_managed"] for each in table)
    assert row["other_routes"] == row["patients"] - row["ranked"]
    assert row["expected_admissions"] == pytest.approx(sum(each["risk"] for each in ranked), rel=1e-12)


def test_shares_run_from_a_half_to_ten_percent_and_the_marginal_yield_is_the_difference_of_rows(plan):
    rows = plan.table.to_pylist()
    assert [row["share"] for row in rows] == list(SHARES) and (SHARES[0], SHARES[-1]) == ("0.5%", "10%")
    for before, after in pairwise(rows):
        more = after["ranked"] - before["ranked"]
        gained = after["expected_admissions"] - before["expected_admissions"]
        assert after["marginal_yield"] == pytest.approx(gained / more)
        assert after["marginal_yield"] <= before["marginal_yield"]  # a risk that ranks yields less and less
    assert rows[0]["marginal_yield"] == pytest.approx(rows[0]["expected_admissions"] / rows[0]["ranked"])
    assert all(0 < row["share_of_expected"] < 1 for row in rows)


def test_the_practices_add_up_to_the_whole(model):
    register = cm.synthesise("03L", seed=2)
    plan = cm.plan(register, SCHEME, model, shares=("1%", "3%"))
    by_practice = plan.practices.to_pandas().groupby("share").sum(numeric_only=True)
    for row in plan.table.to_pylist():
        for name in ("places", "ranked", "other_routes", "patients"):
            assert by_practice.loc[row["share"], name] == row[name]
        assert by_practice.loc[row["share"], "expected_admissions"] == pytest.approx(row["expected_admissions"])


def test_contacts_hours_and_money_follow_from_the_tariff(register, model):
    tariff = cm.Tariff(contacts_a_patient=6, minutes_a_contact=20, pounds_an_hour=40, pounds_a_patient=10, weeks=40)
    row = cm.plan(register, SCHEME, model, shares=["3%"], tariff=tariff).table.to_pylist()[0]
    patients = row["patients"]
    assert row["contacts"] == 6 * patients
    assert row["hours_a_year"] == pytest.approx(patients * 6 * 20 / 60)
    assert row["hours_a_week"] == pytest.approx(row["hours_a_year"] / 40)
    assert row["pounds_a_year"] == pytest.approx(row["hours_a_year"] * 40 + 10 * patients)
    assert "6 contacts" in tariff.describe() and "£10 a patient" in tariff.describe()


def test_the_longest_list_for_some_hours_fits_and_the_next_longer_does_not(register, model, plan):
    for hours, alone in ((12, True), (30, False), (60, False)):
        found = plan.for_hours(hours, ranked_alone=alone).to_pylist()[0]
        assert found["hours_a_week"] <= hours
        share = Fraction(found["share"].rstrip("%")) / 100 + Fraction(1, 1000)
        text = f"{share.numerator}/{share.denominator}"
        longer = cm.plan(register, SCHEME, model, shares=[text]).table.to_pylist()[0]
        takes = cm.Tariff().hours_a_week(longer["ranked"]) if alone else longer["hours_a_week"]
        assert takes > hours
        assert not alone or found["other_routes"] == 0
    budget = plan.for_budget(60_000).to_pylist()[0]
    assert budget["pounds_a_year"] <= 60_000 < budget["pounds_a_year"] * 1.1


def test_hours_that_the_other_routes_alone_use_up_are_refused_with_what_they_take(plan):
    with pytest.raises(cm.InputError, match=r"hours a week.*by other routes.*ranked_alone=True"):
        plan.for_hours(5)


def test_a_model_of_points_is_refused_with_the_remedy_unless_risks_stand_beside_it(register):
    points = cm.load_model("cambridge-multimorbidity-20")
    with pytest.raises(cm.InputError, match=r"gives points.*recalibrate"):
        cm.plan(register, SCHEME, points)
    risks = np.linspace(0, 0.5, register.rows_in)
    found = cm.plan(register, SCHEME, points, risk=risks, shares=["3%"]).table.to_pylist()[0]
    assert 0 < found["expected_admissions"] < found["ranked"] * 0.5


def test_a_model_that_moved_to_practices_it_was_not_calibrated_in_is_refused(register, model):
    with pytest.raises(cm.InputError, match="what it says here is no probability"):
        cm.plan(register, SCHEME, replace(model, calibrated_in=("C87001", "C87002")), shares=["3%"])
    people = pa.concat_tables(cm.synthesise(code, seed=1).to_arrow() for code in ("C87616", "C87004"))
    mostly_elsewhere = cm.read_register(people, as_of=register.as_of)
    with pytest.raises(cm.InputError, match="what it says here is no probability"):  # and not: nobody is expected
        moved = replace(model, calibrated_in=("C87616",))
        cm.plan(mostly_elsewhere, SCHEME, moved, shares=["3%"], allow_demonstration=True)
    at_home = replace(model, calibrated_in=("C87616", "C87002"))
    assert cm.plan(register, SCHEME, at_home, shares=["3%"]).table.num_rows == 1


def test_one_share_need_not_be_a_list(register, model, plan):
    row = next(row for row in plan.table.to_pylist() if row["share"] == "3%")
    alone = cm.plan(register, SCHEME, model, shares="3%").table.to_pylist()[0]
    assert alone["patients"] == row["patients"]


def test_given_scores_are_risks_or_need_some(register):
    risks = np.random.default_rng(0).random(register.rows_in)
    as_scores = cm.plan(register, SCHEME, score=risks, shares=["3%"])
    beside = cm.plan(register, SCHEME, score=100 * risks, risk=risks, shares=["3%"])
    assert as_scores.table.equals(beside.table)
    with pytest.raises(cm.InputError, match="outside 0 to 1"):
        cm.plan(register, SCHEME, score=100 * risks)
    with pytest.raises(cm.InputError, match="without a risk"):
        cm.plan(register, SCHEME, score=100 * risks, risk=np.where(risks < 0.5, np.nan, risks))


def small(order, risks):
    """A register of three practices whose rows stand in some order."""
    rows = len(risks)
    table = pa.table(
        {
            "patient_id": [f"p{i:04d}" for i in range(rows)],
            "practice_id": [f"C8700{i % 3}" for i in range(rows)],
            "age": [50] * rows,
            "care_home_type": ["nursing" if i % 17 == 0 else "none" for i in range(rows)],
            "nominated": [i % 11 == 0 for i in range(rows)],
            "mine": risks,
        }
    )
    return cm.read_register(table.take(order), as_of="2015-04-01")


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.9]), min_size=60, max_size=120), st.randoms())
def test_the_order_of_rows_is_nowhere_in_a_plan_and_the_nominated_fill_places_up_to_their_cap(risks, random):
    order = list(range(len(risks)))
    plain = cm.plan(small(order, risks), SCHEME, score="mine", shares=["2%", "10%", "50%"])
    random.shuffle(order)
    assert cm.plan(small(order, risks), SCHEME, score="mine", shares=["2%", "10%", "50%"]).table.equals(plain.table)
    for row in plain.practices.to_pylist():
        number = int(row["practice_id"][-1])
        own = [i for i in range(len(risks)) if i % 3 == number]
        cap, homes = len(own) * 2 // 100, sum(i % 17 == 0 for i in own)
        assert row["other_routes"] <= homes + cap
        assert row["ranked"] == int(len(own) * Fraction(row["share"].rstrip("%")) / 100)


def test_a_scheme_without_a_share_route_has_no_share_to_change(register, model):
    routes = tuple(route for route in SCHEME.routes if not isinstance(route, TopShare))
    with pytest.raises(cm.InputError, match="top_share"):
        cm.plan(register, replace(SCHEME, routes=routes), model)


def test_the_plot_draws_the_table(plan):
    pytest.importorskip("matplotlib").use("Agg")
    axes = plan.plot()
    drawn = axes.get_lines()[0].get_xydata()
    assert drawn == pytest.approx(
        np.array([(i / 2 + 0.5, 100 * y) for i, y in enumerate(plan.table["marginal_yield"].to_pylist())])
    )


@pytest.mark.parametrize("wrong", [{"weeks": 0}, {"weeks": 53}, {"minutes_a_contact": -1}, {"pounds_an_hour": "50"}])
def test_a_tariff_of_something_else_than_amounts_is_refused(wrong):
    with pytest.raises(cm.InputError, match=next(iter(wrong))):
        cm.Tariff(**wrong)
