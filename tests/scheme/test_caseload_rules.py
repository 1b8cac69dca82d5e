"""What a scheme file says of a caseload over time: read exactly, nothing unknown, and nothing left out."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from rule_texts import ASKED

from casemgmt.errors import SchemeError
from casemgmt.scheme.caseload_rules import CaseloadRules, RegisterTest
from casemgmt.scheme.files import list_schemes, load_scheme, read_scheme_text
from casemgmt.scheme.payments import DayOfYear, Instalment, Payment
from casemgmt.scheme.routes import Scheme
from casemgmt.scheme.shares import Share
from casemgmt.selection.telling import days_to_tell

HEAD = """
[scheme]
id = "test"
title = "A scheme that asks something of a caseload"
source = "This test"
decisions = []
tie_key = "public"
required = []
optional = []

[[route]]
name = "top"
kind = "top_share"
share = "3%"
limit = "at_most"
of = {}
among = {}
counts_as = "case_management"

"""
BASE = HEAD + ASKED


def read(text: str = BASE) -> Scheme:
    return read_scheme_text(text, "test.toml")


def changed(old: str, new: str) -> str:
    assert BASE.count(old) == 1, "the test must change one place, and does not"
    return BASE.replace(old, new)


def refusal(text: str) -> str:
    with pytest.raises(SchemeError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("test.toml: ")
    return message


def test_the_rules_are_read_as_written() -> None:
    rules = read().caseload
    assert rules is not None
    assert (rules.source, rules.certainty, rules.tell_within_days) == ("A test of rules", "B", 21)
    test = rules.register_test
    assert test is not None
    assert (test.share.fraction, test.share.limit, test.part) == (Fraction(18, 1000), "at_least", "adults")
    assert (test.declined_counts, test.leavers_count, test.beside, test.needs) == (True, False, ("top",), ("plan",))
    first = Instalment(name="first", share=Fraction(1, 3), share_text="1/3", condition="declared", says="it was done")
    second = Instalment(
        name="second",
        share=Fraction(2, 3),
        share_text="2/3",
        condition="register_test",
        list_on=DayOfYear(1, 1),
        register_on=DayOfYear(3, 31),
    )
    head: dict[str, Any] = {"name": "by_head", "per": "head", "pence": 287, "certainty": "A", "source": "A price"}
    review: dict[str, Any] = {
        "name": "by_review",
        "per": "review",
        "pence": 3000,
        "certainty": "D",
        "source": "A guess",
    }
    assert rules.payments == (
        Payment(**head, list_on=DayOfYear(4, 1), instalments=(first, second)),
        Payment(**review),
    )


def test_the_rules_may_be_left_out_whole_or_in_part() -> None:
    assert read(BASE.split("[caseload]", 1)[0]).caseload is None
    least = read(BASE.split("tell_within_days", 1)[0]).caseload
    assert least == CaseloadRules(source="A test of rules", certainty="B")
    with_test = read(BASE.split('beside = ["top"]', 1)[0]).caseload
    assert with_test is not None and with_test.register_test is not None
    assert (with_test.register_test.beside, with_test.register_test.needs, with_test.payments) == ((), (), ())


@pytest.mark.parametrize(
    ("amount", "pence"), [("2.87", 287), ("2.5", 250), ("2.05", 205), ("0.07", 7), ("30", 3000), ("0", 0)]
)
def test_pounds_are_read_to_the_penny(amount: str, pence: int) -> None:
    rules = read(changed('"2.87"', f'"{amount}"')).caseload
    assert rules is not None
    assert rules.payments[0].pence == pence


@pytest.mark.parametrize("days", [0, 366])
def test_days_of_a_year_may_be_stated(days: int) -> None:
    rules = read(changed("tell_within_days = 21", f"tell_within_days = {days}")).caseload
    assert rules is not None
    assert rules.tell_within_days == days


def test_the_rules_are_part_of_what_a_scheme_is() -> None:
    assert read() == read() != read(changed("tell_within_days = 21", "tell_within_days = 20"))
    assert hash(read()) == hash(read())
    with pytest.raises(FrozenInstanceError):
        read().caseload.tell_within_days = 3  # type: ignore[misc, union-attr]


REFUSED = [
    ("tell_within_days = 21", "tell_within_day = 21", "[caseload]: unknown key 'tell_within_day'. Did you mean"),
    ("tell_within_days = 21", 'tell_within_days = "21"', "[caseload]: 'tell_within_days' must be a whole number"),
    ("tell_within_days = 21", "tell_within_days = -1", "[caseload]: 'tell_within_days' must be a whole number"),
    ("tell_within_days = 21", "tell_within_days = 367", "[caseload]: 'tell_within_days' must be from 0 to 366"),
    ("tell_within_days = 21", "tell_within_days = true", "[caseload]: 'tell_within_days' must be a whole number"),
    ('source = "A test of rules"\n', "", "[caseload]: 'source' is missing"),
    ('certainty = "B"\n', "", "[caseload]: 'certainty' is missing"),
    ('certainty = "B"', 'certainty = "sure"', "[caseload]: 'certainty' must be one of A, B, C, D"),
    ("[caseload.register_test]", "[[caseload.register_test]]", "'register_test' must be a table, headed"),
    ('share = "1.8%"\n', "", "register_test: 'share' is missing"),
    ('share = "1.8%"', "share = 1.8", "register_test: 'share' must be text, read as an exact fraction"),
    ('share = "1.8%"', 'share = "180%"', "register_test: 'share' must be more than 0% and at most 100%"),
    ("of = { age = { at_least = 18 } }\n", "", "register_test: 'of' is missing"),
    ("of = { age = { at_least = 18 } }", "of = { age = { at_least = 19 } }", "register_test: 'of' must be {} for"),
    ("of = { age = { at_least = 18 } }", "of = { age = { above = 17 } }", "register_test: 'of' must be {} for"),
    ("declined_counts = true\n", "", "register_test: 'declined_counts' is missing"),
    ("leavers_count = false\n", "", "register_test: 'leavers_count' is missing"),
    ("leavers_count = false", 'leavers_count = "no"', "register_test: 'leavers_count' must be true or false"),
    ("leavers_count = false", "leavers_counts = false", "register_test: unknown key 'leavers_counts'. Did you mean"),
    ('beside = ["top"]', 'beside = ["bottom"]', "[caseload.register_test]: 'beside' names 'bottom', which is no route"),
    ('beside = ["top"]', 'beside = "top"', "register_test: 'beside' must be a list of texts"),
    ('needs = ["plan"]', 'needs = ["plans"]', "register_test: 'needs' must be one of 'plan', 'named_gp'. Did you mean"),
    ('name = "by_head"\n', "", "caseload.payment 1: 'name' is missing, or is no text"),
    ('amount = "2.87"', "amount = 2.87", "caseload.payment 1: 'amount' is missing, or is no text"),
    ('amount = "2.87"', 'amount = "2.875"', "caseload.payment 1: 'amount' must be pounds in quotation marks"),
    ('amount = "2.87"', 'amount = "-2.87"', "caseload.payment 1: 'amount' must be pounds in quotation marks"),
    ('per = "head"', 'per = "bed"', "caseload.payment 1: 'per' must be one of head, plan, review"),
    ('certainty = "A"', 'certainty = "E"', "caseload.payment 1: 'certainty' must be one of A, B, C, D"),
    ('name = "by_review"', 'name = "by_head"', "[caseload]: two payments have one name"),
    ('name = "by_review"', 'name = "by_review"\ncolour = "x"', "caseload.payment 2: 'colour' is no key of it"),
    ('list_on = "04-01"', 'list_on = "4-1"', "caseload.payment 1: 'list_on' must be a day of every year"),
    ('list_on = "04-01"', 'list_on = "02-29"', "caseload.payment 1: 'list_on' must be a day of every year"),
    ('list_on = "04-01"', 'list_on = "13-01"', "caseload.payment 1: 'list_on' must be a day of every year"),
    ('list_on = "04-01"', "list_on = 2014-04-01", "caseload.payment 1: 'list_on' must be a day of every year"),
    ('per = "review"', 'per = "review"\nlist_on = "04-01"', "caseload.payment 2: 'list_on' is of a payment per head"),
    ('share = "1/3"', 'share = "1/2"', "caseload.payment 1: the instalments are together 350/3% of the payment"),
    ('share = "2/3"', 'share = "1/3"', "caseload.payment 1: the instalments are together 200/3% of the payment"),
    ('share = "1/3"', 'share = "0%"', "instalment 1: 'share' must be more than 0%"),
    ('name = "second"', 'name = "first"', "caseload.payment 1: two instalments have one name"),
    ('name = "second"', 'name = "The second"', "instalment 2: 'name' must be a lower-case letter"),
    ('condition = "declared"', 'condition = "hoped"', "instalment 1: 'condition' must be one of declared"),
    ('condition = "declared"\n', "", "instalment 1: 'condition' must be one of declared, register_test"),
    ('says = "it was done"\n', "", "instalment 1: 'says' is missing, or is no text"),
    ('register_on = "03-31"\n', "", "instalment 2: 'register_on' is missing, or is no text"),
    ('register_on = "03-31"', 'register_on = "12-31"', "instalment 2: 'list_on' comes after 'register_on'"),
    ('register_on = "03-31"', 'register_on = "03-31"\nsays = "x"', "instalment 2: 'says' is no key of it"),
    ("[[caseload.payment]]\nname = \"by_review\"", "[caseload.payment]\nname = \"by_review\"", "not a TOML file"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), REFUSED, ids=[f"{new[:40]} - {said}" for _, new, said in REFUSED])
def test_what_may_not_stand_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    assert said in refusal(changed(old, new))


def test_a_payment_headed_with_one_bracket_is_refused() -> None:
    head = BASE.split("[[caseload.payment]]", 1)[0]
    assert "headed [[caseload.payment]], with two brackets" in refusal(head + '[caseload.payment]\nname = "x"\n')
    one = '[[caseload.payment]]\nname="x"\nper="plan"\namount="1"\ncertainty="D"\nsource="x"\n'
    assert "an instalment is headed" in refusal(head + one + '[caseload.payment.instalment]\nname = "x"\n')


def test_more_instalments_than_a_year_has_are_refused() -> None:
    head = BASE.split("[[caseload.payment]]", 1)[0]
    one = '[[caseload.payment]]\nname="x"\nper="plan"\namount="1"\ncertainty="D"\nsource="x"\n'
    parts = "".join(
        f'[[caseload.payment.instalment]]\nname="n{place}"\nshare="1/25"\ncondition="declared"\nsays="x"\n'
        for place in range(25)
    )
    assert "it has 25 instalments; 24 is the most" in refusal(head + one + parts)


def test_an_instalment_for_a_register_test_needs_the_test() -> None:
    before, after = BASE.split("[caseload.register_test]", 1)
    text = before + "[[caseload.payment]]" + after.split("[[caseload.payment]]", 1)[1]
    assert "[caseload]: an instalment asks for a register test" in refusal(text)


def test_a_scheme_that_is_made_in_code_is_checked_alike() -> None:
    scheme = read()
    rules = scheme.caseload
    assert rules is not None and rules.register_test is not None
    with pytest.raises(SchemeError, match="which is no route of it"):
        replace(scheme, caseload=replace(rules, register_test=replace(rules.register_test, beside=("other",))))
    with pytest.raises(SchemeError, match=r"'caseload' is the rules of a \[caseload\] table"):
        replace(scheme, caseload="rules")
    with pytest.raises(SchemeError, match="a register test is a floor"):
        RegisterTest(
            share=Share.read("2%", "at_most"), of=rules.register_test.of, declined_counts=True, leavers_count=True
        )


def test_the_rules_are_told_in_plain_words() -> None:
    rules = read().caseload
    assert rules is not None
    assert rules.describe() == {
        "telling": "within 21 days of acceptance",
        "register test": (
            "at least 1.8% of those with age at least 18; patients who declined a plan count; "
            "those who died or moved do not count; beside those of 'top'; each with plan"
        ),
        "by head": "£2.87 per head (1/3 first, 2/3 second)",
        "by review": "£30.00 per review",
        "source": "A test of rules (certainty B)",
    }


def test_the_table_that_the_page_shows_is_one_that_a_scheme_may_have() -> None:
    page = (Path(__file__).parents[2] / "examples" / "schemes.md").read_text(encoding="utf-8")
    (shown,) = (block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[caseload]" in block)
    rules = read(BASE.split("[caseload]", 1)[0] + shown).caseload
    assert rules is not None and rules.register_test is not None
    assert (rules.tell_within_days, rules.register_test.part, rules.payments[0].pence) == (21, "adults", 287)


# What the shipped files say.


def test_the_rules_of_2014_15_are_its_notes_as_data() -> None:
    scheme = load_scheme("avoiding-unplanned-admissions-2014-15")
    rules, notes = scheme.caseload, scheme.notes
    assert rules is not None and rules.register_test is not None
    (payment,) = rules.payments
    assert rules.certainty == payment.certainty == "B"
    assert f"within {rules.tell_within_days} days" in notes["telling"]
    assert days_to_tell(scheme) == days_to_tell(replace(scheme, caseload=None)) == 21
    assert f"paid at {rules.register_test.share.text} or more" in notes["register_test"]
    assert f"£{payment.pence / 100:.2f} for each patient of the whole list at 1 April" in notes["money"]
    assert [each.share_text for each in payment.instalments] == ["45%", "20%", "10%", "10%", "15%"]
    assert notes["instalments"] == "45%, 20%, 10%, 10% and 15%."
    assert (rules.register_test.declined_counts, rules.register_test.leavers_count) == (True, False)
    assert [each.condition for each in payment.instalments] == ["declared", *["register_test"] * 3, "declared"]
    days = [(str(each.list_on), str(each.register_on)) for each in payment.instalments[1:4]]
    assert days == [("07-01", "09-30"), ("10-01", "12-31"), ("01-01", "03-31")]


def test_2015_16_differs_in_who_counts_and_in_its_instalments() -> None:
    before, after = (load_scheme(f"avoiding-unplanned-admissions-{year}") for year in ("2014-15", "2015-16"))
    assert after.routes == before.routes
    assert after.caseload is not None and after.caseload.register_test is not None
    test = after.caseload.register_test
    assert (test.share.text, test.declined_counts, test.leavers_count) == ("1.8%", True, True)
    (payment,) = after.caseload.payments
    assert (payment.pence, [each.share_text for each in payment.instalments]) == (287, ["46%", "27%", "27%"])
    assert after.caseload.tell_within_days is None
    assert "list of the half-year's start" in after.decisions


def test_no_other_shipped_scheme_asks_anything_of_a_caseload() -> None:
    asking = [name for name in list_schemes() if load_scheme(name).caseload is not None]
    assert asking == [f"avoiding-unplanned-admissions-{year}" for year in ("2014-15", "2015-16")]
