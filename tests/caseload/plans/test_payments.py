"""Payments: instalments add up to the penny, conditions are met, not met or not known."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from caseload_by_hand import accepted, caseload_of, event, list_size
from hypothesis import given
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.caseload.plans.pennies import split, year_of
from casemgmt.errors import InputError
from casemgmt.scheme.payments import DayOfYear, Instalment, Payment

AUA = cm.load_scheme("avoiding-unplanned-admissions-2014-15")
ROTHERHAM = cm.load_scheme("rotherham-2015-16")
TARIFF = "rotherham-2015-16-example"


@st.composite
def payments(draw):
    weights = draw(st.lists(st.integers(1, 60), max_size=12))
    parts = tuple(
        Instalment(name=f"part_{place}", share=Fraction(each, sum(weights)), share_text="x", condition="declared")
        for place, each in enumerate(weights)
    )
    pence = draw(st.integers(0, 99_999_999))
    return Payment(name="x", per="head", pence=pence, certainty="D", source="a test", instalments=parts)


@given(payments(), st.integers(0, 2_000_000))
def test_instalments_are_the_nearest_pennies_and_add_up_to_the_whole(payment, heads):
    found = split(heads, payment)
    whole = Decimal(heads * payment.pence) / 100
    assert sum(found) == whole
    assert all(each == each.quantize(Decimal("0.01")) for each in found)
    for part, amount in list(zip(payment.instalments, found, strict=False))[:-1]:
        assert abs(Fraction(amount) - Fraction(whole) * part.share) <= Fraction(1, 200)
    if payment.instalments:
        last = Fraction(whole) * payment.instalments[-1].share
        assert abs(Fraction(found[-1]) - last) <= Fraction(len(found) - 1, 200)


def test_half_a_penny_is_rounded_up():
    halves = tuple(
        Instalment(name=name, share=Fraction(1, 2), share_text="50%", condition="declared") for name in ("a", "b")
    )
    payment = Payment(name="x", per="head", pence=1, certainty="D", source="a test", instalments=halves)
    assert split(1, payment) == [Decimal("0.01"), Decimal("0.00")]
    assert split(3, payment) == [Decimal("0.02"), Decimal("0.01")]


def test_amounts_are_exact_decimals_in_pounds_with_two_places():
    table = caseload_of(list_size("2014-04-01", 8543)).payments(AUA, 2014)
    for name in ("each", "amount", "payable"):
        assert table.schema.field(name).type == pa.decimal128(18, 2)
    told = {field.name for field in table.schema if field.metadata and b"definition" in field.metadata}
    assert told >= {"each", "counted", "counted_on", "amount", "met", "payable", "certainty"}
    assert b"not for anybody outside" in table.schema.metadata[b"note"]


def met(caseload, scheme=AUA, year=2014, **asked):
    return {
        row["instalment"]: (row["met"], row["note"]) for row in caseload.payments(scheme, year, **asked).to_pylist()
    }


def test_what_nobody_declared_or_cannot_be_tested_is_neither_paid_nor_refused():
    caseload = caseload_of(list_size("2014-04-01", 9000), *accepted(3, "2014-05-01"))
    found = caseload.payments(AUA, 2014, declared={"C87001": ["establishment"]}).to_pylist()
    assert [(row["instalment"], row["met"]) for row in found if row["payable"] is not None] == [("establishment", True)]
    notes = {row["instalment"]: row["note"] for row in found}
    assert notes["end_of_year"] == "nobody has declared it"
    assert "no size of the list (adults) of 2014-07-01 is recorded" in notes["quarter_2_register"]
    assert all(row["amount"] is not None for row in found)


def test_without_a_list_there_is_no_amount_and_the_table_says_why():
    for row in caseload_of(*accepted(3, "2014-05-01")).payments(AUA, 2014).to_pylist():
        assert (row["counted"], row["amount"], row["payable"]) == (None, None, None)
        assert row["counted_on"] == dt.date(2014, 4, 1)
        assert "no size of the list (whole list) of 2014-04-01 is recorded" in row["note"]


def test_a_register_test_of_a_day_that_has_not_come_is_not_decided():
    sizes = [list_size(day, 1000, adults=500) for day in ("2014-04-01", "2014-07-01", "2014-10-01")]
    caseload = caseload_of(*sizes, *accepted(9, "2014-05-01"))
    found = met(caseload, until="2014-12-30")
    assert found["quarter_2_register"] == (True, "register 9/500 on 2014-09-30, at least 9 needed")
    assert found["quarter_3_register"] == (None, "the register is tested on 12-31, which has not come")
    assert met(caseload, until="2014-12-31")["quarter_3_register"][0] is True


def test_a_register_too_small_is_paid_nothing_and_how_much_is_missing_is_said():
    sizes = [list_size(day, 1000, adults=500) for day in ("2014-04-01", "2014-07-01")]
    found = met(caseload_of(*sizes, *accepted(7, "2014-05-01")))
    assert found["quarter_2_register"] == (False, "register 7/500 on 2014-09-30, at least 9 needed, 2 short")


def test_each_practice_is_paid_for_its_own_list_and_declares_for_itself():
    caseload = caseload_of(
        list_size("2014-04-01", 100), list_size("2014-04-01", 200, practice="C87002"), *accepted(1, "2014-05-01")
    )
    table = caseload.payments(AUA, 2014, declared={"C87002": ["establishment"]}).to_pylist()
    first = {row["practice_id"]: row for row in table if row["instalment"] == "establishment"}
    assert (first["C87001"]["amount"], first["C87001"]["met"]) == (Decimal("129.15"), None)
    assert (first["C87002"]["amount"], first["C87002"]["payable"]) == (Decimal("258.30"), Decimal("258.30"))


def test_a_tariff_is_taken_instead_of_the_payments_of_the_scheme():
    caseload = caseload_of(list_size("2014-04-01", 10))
    assert {row["payment"] for row in caseload.payments(AUA, 2014, tariff=TARIFF).to_pylist()} == {
        *("over_75s", "care_plan", "review")
    }


def test_a_tariff_of_ones_own_may_have_instalments_and_its_own_list_day(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        """
[tariff]
id = "mine"
title = "Mine"
source = "a test"

[[payment]]
name = "ours"
per = "head"
amount = "1.00"
list_on = "01-01"
certainty = "D"
source = "a test"

[[payment.instalment]]
name = "first"
share = "1/3"
condition = "declared"
says = "we did it"

[[payment.instalment]]
name = "second"
share = "2/3"
condition = "register_test"
list_on = "01-01"
register_on = "03-31"
""",
        encoding="utf-8",
    )
    caseload = caseload_of(list_size("2015-01-01", 100, adults=100), *accepted(2, "2015-02-01"))
    table = caseload.payments(AUA, 2014, tariff=path).to_pylist()
    assert [(row["share"], str(row["amount"]), row["says"], row["met"]) for row in table] == [
        ("1/3", "33.33", "we did it", None),
        ("2/3", "66.67", None, True),
    ]
    with pytest.raises(InputError, match="asks for a register test: give a scheme whose file states one"):
        caseload.payments(ROTHERHAM, 2014, tariff=path)


def test_reviews_and_plans_are_counted_up_to_the_day_that_is_asked_for():
    caseload = caseload_of(
        *accepted(1, "2015-04-01"),
        event("plan_agreed", "2015-05-01", "p00000"),
        event("reviewed", "2015-06-01", "p00000"),
        event("reviewed", "2015-07-01", "p00000"),
    )
    for until, plans, reviews in (("2015-04-30", 0, 0), ("2015-06-30", 1, 1), (None, 1, 2), ("2014-01-01", 0, 0)):
        table = caseload.payments(ROTHERHAM, 2015, tariff=TARIFF, until=until).to_pylist()
        assert [row["counted"] for row in table] == [None, plans, reviews]


def test_the_days_of_a_financial_year():
    assert year_of(2014) == (dt.date(2014, 4, 1), dt.date(2015, 3, 31))
    days = {(4, 1): "2014-04-01", (12, 31): "2014-12-31", (1, 1): "2015-01-01", (3, 31): "2015-03-31"}
    assert {str(DayOfYear(*each).in_year(2014)) for each in days} == set(days.values())


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"scheme": ROTHERHAM}, "states no payments. Give tariff="),
        ({"scheme": None}, "a scheme from cm.load_scheme"),
        ({"tariff": "rotherham"}, "There is no tariff 'rotherham'"),
        ({"tariff": 3}, "named by text or by a Path"),
        ({"year": "2014/15"}, "year is a whole number"),
        ({"year": 14}, "such as 2014 for 2014/15"),
        ({"year": 99999}, "such as 2014 for 2014/15"),
        ({"year": True}, "such as 2014 for 2014/15"),
        ({"declared": {"C87009": ["establishment"]}}, "There is no practice 'C87009'"),
        ({"declared": {"C87001": ["etablishment"]}}, "Did you mean 'establishment'"),
        ({"declared": {"C87001": ["quarter_2_register"]}}, "There is no declared instalment 'quarter_2_register'"),
        ({"declared": ["establishment"]}, "declared is a mapping"),
        ({"declared": {"C87001": "etablishment"}}, "Did you mean 'establishment'"),
        ({"declared": {"C87001": [3]}}, "each value of declared is text"),
        ({"declared": {"C87001": 3}}, "each value of declared is a list of texts"),
        ({"until": "soon"}, "until: write an ISO date"),
        ({"list_within_days": -1}, "list_within_days"),
    ],
)
def test_a_wrong_question_is_answered_in_a_sentence(asked, why):
    asked = {"scheme": AUA, "year": 2014, **asked}
    caseload = caseload_of(*accepted(1, "2014-05-01"))
    with pytest.raises(InputError, match=why):
        caseload.payments(asked.pop("scheme"), asked.pop("year"), **asked)
