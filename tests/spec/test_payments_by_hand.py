"""Letters, register tests, payments and process measures that a hand can check, as tables.

The numbers of the sources: £2.87 a head, 1.8% of the adults, 21 days, 45/20/10/10/15% in 2014/15 and 46/27/27% in
2015/16; and those of the programme's own description, a list of 8,543 and 6,751 adults of whom 2% are 136.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from caseload_by_hand import accepted, caseload_of, event, list_size

import casemgmt as cm

AUA_2014, AUA_2015 = (cm.load_scheme(f"avoiding-unplanned-admissions-{year}") for year in ("2014-15", "2015-16"))
ROTHERHAM = cm.load_scheme("rotherham-2015-16")


def rows(table, *names):
    return [
        tuple(str(row[name]) if isinstance(row[name], Decimal) else row[name] for name in names)
        for row in table.to_pylist()
    ]


# Letters: 21 calendar days from the day of acceptance.


@pytest.mark.parametrize(
    ("accepted_on", "tell_by", "on", "overdue"),
    [
        ("2014-07-01", "2014-07-22", "2014-07-22", False),
        ("2014-07-01", "2014-07-22", "2014-07-23", True),
        ("2014-12-15", "2015-01-05", "2015-01-05", False),
        ("2015-02-08", "2015-03-01", "2015-03-02", True),
        ("2016-02-08", "2016-02-29", "2016-02-29", False),  # a leap year
    ],
)
def test_a_patient_is_told_within_21_days_of_acceptance(accepted_on, tell_by, on, overdue):
    caseload = caseload_of(event("accepted", accepted_on))
    (row,) = caseload.letters_due(on, scheme=AUA_2014).to_pylist()
    assert (str(row["accepted_on"]), str(row["tell_by"]), row["overdue"]) == (accepted_on, tell_by, overdue)


# Register tests: 1.8% of the adults at the quarter's start, rounded up to whole patients.


@pytest.mark.parametrize(
    ("adults", "register", "needed", "passed", "short_by"),
    [
        (6751, 122, 122, True, 0),  # 1.8% of 6,751 is 121.518
        (6751, 121, 122, False, 1),
        (6751, 136, 122, True, 0),  # the 2% that are aimed at
        (1000, 18, 18, True, 0),  # exactly 1.8%
        (1000, 17, 18, False, 1),
        (500, 9, 9, True, 0),
        (55, 0, 1, False, 1),
        (1, 1, 1, True, 0),
    ],
)
def test_the_register_is_large_enough_at_1_8_per_cent_of_the_adults(adults, register, needed, passed, short_by):
    caseload = caseload_of(list_size("2014-07-01", 9000, adults=adults), *accepted(register, "2014-08-01"))
    table = caseload.register_test(AUA_2014, "2014-07-01", "2014-09-30")
    expected = (register, f"{register}/{adults}", needed, passed, short_by)
    assert rows(table, "register", "share", "needed", "passed", "short_by") == [expected]


@pytest.mark.parametrize(
    ("what", "counts_2014", "counts_2015"),
    [
        (["gp_named", "plan_agreed"], 1, 1),
        (["gp_named", "plan_declined"], 1, 1),  # a declined plan counts in both years
        (["gp_named"], 1, 0),  # 2015/16 looks for a plan or its refusal
        (["plan_agreed"], 1, 0),  # and for a named GP
        (["gp_named", "plan_agreed", "died"], 0, 1),  # who died counts from 2015/16
        (["gp_named", "plan_agreed", "moved"], 0, 1),
        (["gp_named", "plan_agreed", "ended"], 0, 0),
        (["gp_named", "plan_agreed", "died or moved"], 0, 1),  # ended so, and which of the two is not known
        (["gp_named", "plan_agreed", "moved", "died or moved"], 0, 1),  # said twice, and counted once
        (["gp_named", "moved", "returned", "plan_agreed", "moved"], 0, 1),  # as they stood before they left for good
        (["gp_named", "moved", "returned", "plan_agreed"], 1, 1),  # who is back counts as they stand
        (["gp_named", "died"], 0, 0),  # and not more than who stays
    ],
)
def test_who_is_on_the_register(what, counts_2014, counts_2015):
    said = {"gp_named": {"gp": "Dr A"}, "ended": {"reason": "declined"}, "died or moved": {"reason": "died or moved"}}
    events = [event("accepted", "2015-05-01")]
    events += [event("ended" if " " in kind else kind, "2015-06-01", **said.get(kind, {})) for kind in what]
    caseload = caseload_of(list_size("2015-04-01", 100, adults=50), *events)
    for scheme, counts in ((AUA_2014, counts_2014), (AUA_2015, counts_2015)):
        table = caseload.register_test(scheme, "2015-04-01", "2015-09-30")
        assert rows(table, "register") == [(counts,)]


@pytest.mark.parametrize(
    ("died_on", "counts"), [("2015-03-31", 0), ("2015-04-01", 1), ("2015-09-30", 1), ("2015-10-01", 1)]
)
def test_who_died_counts_from_the_first_day_of_the_period_to_its_last(died_on, counts):
    """Who died before it does not, and who died after it was on the register at its end."""
    caseload = caseload_of(
        list_size("2015-04-01", 100, adults=50),
        event("accepted", "2015-01-01"),
        event("gp_named", "2015-01-01", gp="Dr A"),
        event("plan_agreed", "2015-01-01"),
        event("died", died_on),
    )
    assert rows(caseload.register_test(AUA_2015, "2015-04-01", "2015-09-30"), "register") == [(counts,)]


def test_children_with_complex_needs_are_beside_the_adults():
    caseload = caseload_of(
        list_size("2014-07-01", 9000, adults=1000),
        *accepted(17, "2014-08-01", route="highest_risk"),
        *accepted(5, "2014-08-01", first=100, route="children_with_complex_needs"),
    )
    table = caseload.register_test(AUA_2014, "2014-07-01", "2014-09-30")
    assert rows(table, "register", "not_counted", "passed", "short_by") == [(17, 5, False, 1)]


# Payments: £2.87 for each patient of the whole list at 1 April.


def paid(caseload, scheme, year, **asked):
    return rows(caseload.payments(scheme, year, **asked), "instalment", "share", "amount", "met", "payable")


def test_the_instalments_of_2014_15_for_a_list_of_8543():
    """£24,518.41: 45% is 11,033.2845, 20% is 4,903.682, 10% is 2,451.841; the last is what is left."""
    sizes = [list_size(day, 8543, adults=6751) for day in ("2014-04-01", "2014-07-01", "2014-10-01", "2015-01-01")]
    caseload = caseload_of(*sizes, *accepted(122, "2014-06-01"), event("died", "2014-11-01", "p00000"))
    done = {"C87001": ["establishment", "end_of_year"]}
    assert paid(caseload, AUA_2014, 2014, declared=done) == [
        ("establishment", "45%", "11033.28", True, "11033.28"),
        ("quarter_2_register", "20%", "4903.68", True, "4903.68"),
        ("quarter_3_register", "10%", "2451.84", False, "0.00"),  # one died, and 121 are too few
        ("quarter_4_register", "10%", "2451.84", False, "0.00"),
        ("end_of_year", "15%", "3677.77", True, "3677.77"),
    ]
    assert Decimal("2.87") * 8543 == Decimal("24518.41")


def test_the_instalments_of_2015_16_are_three_and_who_died_counts():
    """£24,518.41: 46% is 11,278.4686, 27% is 6,619.9707; the last is what is left."""
    people = accepted(122, "2015-05-01")
    more = [
        event(kind, "2015-05-02", each.patient_id, **said)
        for each in people
        for kind, said in (("plan_declined", {}), ("gp_named", {"gp": "Dr A"}))
    ]
    sizes = [list_size(day, 8543, adults=6751) for day in ("2015-04-01", "2015-10-01")]
    caseload = caseload_of(*sizes, *people, *more, event("died", "2015-06-01", "p00000"))
    assert paid(caseload, AUA_2015, 2015) == [
        ("establishment", "46%", "11278.47", None, None),
        ("mid_year_register", "27%", "6619.97", True, "6619.97"),
        ("end_of_year_register", "27%", "6619.97", False, "0.00"),  # the death was in the first half-year
    ]


@pytest.mark.parametrize(
    ("heads", "whole", "amounts"),
    [
        (0, "0.00", ["0.00", "0.00", "0.00", "0.00", "0.00"]),
        (1, "2.87", ["1.29", "0.57", "0.29", "0.29", "0.43"]),  # £1.29 a patient up front, as practices were told
        (2, "5.74", ["2.58", "1.15", "0.57", "0.57", "0.87"]),
        (7087, "20339.69", ["9152.86", "4067.94", "2033.97", "2033.97", "3050.95"]),  # the average practice of reports
        (8543, "24518.41", ["11033.28", "4903.68", "2451.84", "2451.84", "3677.77"]),
    ],
)
def test_each_instalment_is_rounded_to_the_penny_and_the_last_is_what_is_left(heads, whole, amounts):
    found = paid(caseload_of(list_size("2014-04-01", heads)), AUA_2014, 2014)
    assert [row[2] for row in found] == amounts
    assert sum(map(Decimal, amounts)) == Decimal(whole) == heads * Decimal("2.87")


def test_a_tariff_pays_per_head_per_plan_and_per_review():
    """£5 a head of 8,543; two patients with a plan agreed in the year, one of them twice; three reviews."""
    caseload = caseload_of(
        list_size("2015-04-01", 8543),
        *accepted(3, "2015-04-10"),
        event("plan_agreed", "2015-04-20", "p00000"),
        event("plan_agreed", "2015-09-20", "p00000"),
        event("plan_agreed", "2016-03-31", "p00001"),
        event("plan_agreed", "2016-04-01", "p00002"),  # of the next year
        event("reviewed", "2015-07-01", "p00000"),
        event("reviewed", "2015-10-01", "p00000"),
        event("reviewed", "2015-10-01", "p00002"),
    )
    table = caseload.payments(ROTHERHAM, 2015, tariff="rotherham-2015-16-example")
    assert rows(table, "payment", "per", "each", "counted", "instalment", "amount", "payable", "certainty") == [
        ("over_75s", "head", "5.00", 8543, "whole", "42715.00", "42715.00", "B"),
        ("care_plan", "plan", "100.00", 2, "whole", "200.00", "200.00", "D"),
        ("review", "review", "30.00", 3, "whole", "90.00", "90.00", "D"),
    ]


# Process measures of a quarter, a patient a line.


def test_a_quarter_of_eight_patients():
    """
    p1 managed all along, reviewed twice; p2 died; p3 moved; p4 ended as fallen in score, which had been proposed
    p5 proposed and accepted, told after 21 days; p6 proposed and accepted, told after 22; p7 proposed, not accepted
    p8 accepted on the last day, and not told yet; p9 managed, its removal proposed and waiting
    """
    caseload = caseload_of(
        *(event("accepted", "2015-01-10", patient) for patient in ("p1", "p2", "p3", "p4", "p9")),
        event("plan_agreed", "2015-01-20", "p1"),
        event("plan_declined", "2015-05-20", "p9"),
        event("reviewed", "2015-04-10", "p1", next_review_on="2015-06-10"),
        event("reviewed", "2015-06-10", "p1", next_review_on="2015-07-10"),
        event("died", "2015-04-20", "p2"),
        event("moved", "2015-05-20", "p3", to_practice="C87002"),
        event("removal_proposed", "2015-04-01", "p4", reason="not selected"),
        event("ended", "2015-06-20", "p4", reason="not appropriate"),
        *(event("proposed", "2015-04-01", patient, route="highest_risk") for patient in ("p5", "p6", "p7")),
        *(event("accepted", "2015-04-05", patient) for patient in ("p5", "p6")),
        event("patient_told", "2015-04-26", "p5"),
        event("patient_told", "2015-04-27", "p6"),
        event("not_accepted", "2015-04-05", "p7", reason="already managed"),
        event("accepted", "2015-06-30", "p8"),
        event("removal_proposed", "2015-06-01", "p9", reason="not selected"),
    )
    (row,) = caseload.process("2015-04-01", "2015-06-30", scheme=AUA_2014).to_pylist()
    assert row == {
        "practice_id": "C87001",
        **{"managed_start": 5, "proposed_start": 0, "joined": 3, "left": 3},
        **{"left_ended": 1, "left_died": 1, "left_moved": 1, "left_died_or_moved": 0, "left_not_accepted": 0},
        **{"managed_end": 5, "proposed_end": 0},
        **{"newly_proposed": 3, "proposals_accepted": 2, "proposals_not_accepted": 1, "proposals_dropped": 0},
        **{"plan_agreed_end": 1, "plan_declined_end": 1, "plan_none_end": 3, "plans_agreed": 0, "plans_declined": 1},
        **{
            "reviews_done": 2,
            "patients_reviewed": 1,
            "reviews_due_end": 1,
            "reviews_overdue_end": 1,
        },  # p9, since 10 April
        **{"told_in_time": 1, "told_late": 1, "not_told": 1, "not_told_overdue": 0, "left_untold": 0},
        **{"removals_pending_start": 0, "removals_proposed": 2, "removals_decided": 1, "removals_lapsed": 0},
        **{"removals_overtaken": 0, "removals_pending_end": 1, "decisions": 5},
    }


@pytest.mark.parametrize(
    ("accepted_on", "next_review", "overdue"),
    [
        ("2015-06-08", "2015-06-29", 1),  # told by 29 June
        ("2015-06-09", "2015-06-30", 0),  # told by 30 June, the last day: due, and not overdue
        ("2015-06-10", "2015-07-01", 0),
    ],
)
def test_a_letter_and_a_review_are_overdue_once_their_day_is_over(accepted_on, next_review, overdue):
    caseload = caseload_of(
        event("accepted", accepted_on),
        event("reviewed", accepted_on, next_review_on=next_review),
    )
    (row,) = caseload.process("2015-04-01", "2015-06-30", scheme=AUA_2014).to_pylist()
    assert (row["not_told"], row["not_told_overdue"], row["reviews_overdue_end"]) == (1, overdue, overdue)
    assert row["reviews_due_end"] == (next_review <= "2015-06-30")


def test_the_shares_of_the_instalments_are_together_the_whole():
    for scheme in (AUA_2014, AUA_2015):
        (payment,) = scheme.caseload.payments
        assert sum((each.share for each in payment.instalments), Fraction()) == 1
        assert payment.pence == 287
        assert payment.list_on.in_year(2014) == dt.date(2014, 4, 1)
