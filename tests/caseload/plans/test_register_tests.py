"""Register tests: exact at the threshold for every list, as a plain count has it; untestable without a list."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from fractions import Fraction

import caseload_oracle
import pytest
from caseload_by_hand import RECORDED, accepted, caseload_of, event, list_size
from caseload_events import add, store_of
from caseload_stores import PRACTICES, stores
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent
from casemgmt.caseload.plans.register_tests import outcome
from casemgmt.errors import InputError
from casemgmt.scheme.caseload_rules import RegisterTest
from casemgmt.scheme.shares import Share

AUA = cm.load_scheme("avoiding-unplanned-admissions-2014-15")
TEST = AUA.caseload.register_test
START, END = "2015-04-01", "2015-06-30"


def with_test(**changes) -> cm.load_scheme:
    return replace(AUA, caseload=replace(AUA.caseload, register_test=replace(TEST, **changes)))


def test_the_threshold_is_exact_for_every_list_of_0_to_20000_adults():
    for adults in range(1, 20_001):
        needed = math.ceil(Fraction(18, 1000) * adults)
        at, below = outcome(needed, adults, TEST), outcome(needed - 1, adults, TEST)
        assert (at["needed"], at["passed"], at["short_by"]) == (needed, True, 0)
        assert (below["passed"], below["short_by"]) == (False, 1)
        assert Fraction(needed, adults) >= Fraction(18, 1000) > Fraction(needed - 1, adults)
        assert (at["share"], at["list_size"]) == (f"{needed}/{adults}", adults)


def test_a_list_of_nobody_and_an_unknown_one_are_not_tested():
    assert set(outcome(3, 0, TEST).values()) == {0, None}
    assert set(outcome(3, None, TEST).values()) == {None}
    for events, why in (
        ([list_size(START, 9000, adults=0)], "nobody is on the list"),
        ([list_size(START, 9000)], "no size of the list (adults) of 2015-04-01 is recorded"),
        ([list_size("2015-03-31", 9000, adults=500)], "no size of the list (adults) of 2015-04-01 is recorded"),
    ):
        (row,) = caseload_of(*events, *accepted(3, "2015-05-01")).register_test(AUA, START, END).to_pylist()
        assert (row["register"], row["passed"], row["share"], row["needed"]) == (3, None, None, None)
        assert row["note"].startswith("it cannot be tested: ") and why in row["note"]


# Against a plain count


def counted(rows, test, start, end):
    """Who counts by practice: the state at the end, and who died or moved in the period as they stood before."""
    found = {}
    state = caseload_oracle.state(rows, end, 1)
    for practice in sorted({row["practice_id"] for row in rows} - {""}, key=str.encode):
        holds = caseload_oracle.what_holds([row for row in rows if row["practice_id"] == practice])
        people = {
            row["patient_id"]: row for row in state if row["practice_id"] == practice and row["status"] == "managed"
        }
        here = set(people)
        if test.leavers_count:
            for patient in {row["patient_id"] for row in holds} - {None}:
                own = [row for row in holds if row["patient_id"] == patient and row["happened_on"] <= end]
                own.sort(key=lambda row: (row["happened_on"], row["number"]))
                stayed = without_leaving(own, start)
                if len(stayed) < len(own):
                    told = caseload_oracle.one_patient(stayed, end, 1)
                    if told["status"] == "managed":
                        people[patient] = told
        found[practice] = (people, here)
    return found


def without_leaving(own, start):
    """A patient's events up to the last by which they died or moved from a day on, unless they are managed again."""
    until, status = len(own), None
    for place, row in enumerate(own):
        gone = row["kind"] in ("died", "moved")
        gone = gone or (row["kind"] == "ended" and row["details"]["reason"] == "died or moved")
        if gone and status == "managed" and row["happened_on"] >= start:
            until = place
        status = after(status, row["kind"])
    return own if status == "managed" else own[:until]


def after(status, kind):
    if status == "died" and kind != "returned":
        return status
    if kind in ("accepted", "returned", "practice_changed"):
        return "managed"
    if kind == "proposed":
        return status if status == "managed" else "proposed"
    return kind if kind in ("not_accepted", "ended", "moved", "died") else status


def counts(told, test):
    return (
        told["route"] not in test.beside
        and (test.declined_counts or told["plan"] != "declined")
        and ("plan" not in test.needs or told["plan"] is not None)
        and ("named_gp" not in test.needs or told["accountable_gp"] is not None)
    )


tests = st.builds(
    RegisterTest,
    share=st.sampled_from(["1.8%", "50%", "1/3"]).map(lambda text: Share.read(text, "at_least")),
    of=st.just(TEST.of),
    declined_counts=st.booleans(),
    leavers_count=st.booleans(),
    beside=st.sampled_from([(), ("highest_risk",)]),
    needs=st.sampled_from([(), ("plan",), ("named_gp",), ("plan", "named_gp")]),
)
dates = st.dates(dt.date(2014, 12, 25), dt.date(2016, 6, 1))


@pytest.mark.parametrize(
    "runs", [pytest.param(150, id="150 lists"), pytest.param(2_000, id="2,000 lists", marks=pytest.mark.long)]
)
def test_the_register_of_random_events_is_that_of_a_plain_count(runs):
    @settings(max_examples=runs, deadline=None)
    @given(stores(), tests, st.tuples(dates, dates).map(sorted), st.lists(st.integers(0, 9), min_size=3, max_size=3))
    def run(store, test, period, adults):
        start, end = period
        for practice, size in zip(PRACTICES, adults, strict=True):
            add(store, RECORDED, NewEvent(practice, "list_size", start, details={"whole": 9, "adults": size}))
        scheme = replace(AUA, caseload=replace(AUA.caseload, register_test=test))
        expected = counted(store.events().to_pylist(), test, start, end)
        found = Caseload(store).register_test(scheme, start, end).to_pylist()
        assert [row["practice_id"] for row in found] == list(expected)
        for row, size in zip(found, adults, strict=True):
            people, here = expected[row["practice_id"]]
            counting = {each for each, told in people.items() if counts(told, test)}
            assert row["register"] == len(counting)
            assert row["declined"] == sum(people[each]["plan"] == "declined" for each in counting)
            assert row["gone"] == len(counting - here)
            assert row["not_counted"] == len(here - counting)
            if size:
                assert row["passed"] == (Fraction(row["register"], size) >= test.share.fraction)
                assert (
                    row["short_by"] == 0 or Fraction(row["register"] + row["short_by"] - 1, size) < test.share.fraction
                )
                assert row["passed"] == (row["short_by"] == 0)
                assert Fraction(row["register"] + row["short_by"], size) >= test.share.fraction

    run()


def test_a_death_that_was_withdrawn_and_one_that_was_corrected_count_where_they_fell():
    store = store_of([])
    for each in (list_size(START, 100, adults=50), *accepted(3, "2015-01-01")):
        add(store, RECORDED, each)
    died = [add(store, RECORDED, event("died", "2015-05-01", f"p{place:05d}"))[0].number for place in (0, 1, 2)]
    withdrawn = NewEvent("C87001", "withdrawn", dt.date(2015, 6, 1), "p00000", corrects=died[0])
    values = {"values": {"happened_on": "2015-03-01"}}
    corrected = NewEvent("C87001", "corrected", dt.date(2015, 6, 1), "p00001", corrects=died[1], details=values)
    add(store, RECORDED, withdrawn, corrected)
    (row,) = Caseload(store).register_test(with_test(leavers_count=True), START, END).to_pylist()
    assert (row["register"], row["gone"]) == (2, 1)
    corrected_out = NewEvent("C87001", "corrected", dt.date(2015, 6, 1), "p00002", corrects=died[2], details=values)
    add(store, RECORDED, corrected_out)
    (row,) = Caseload(store).register_test(with_test(leavers_count=True), START, END).to_pylist()
    assert (row["register"], row["gone"]) == (1, 0)


# Which list


def test_the_list_is_the_last_recorded_of_its_day_and_may_be_an_earlier_one_where_that_is_asked_for():
    caseload = caseload_of(
        list_size(START, 9000, adults=500),
        list_size(START, 9000, adults=1000),
        list_size("2015-03-20", 8000, adults=100),
        list_size("2015-04-02", 9000, adults=1),
        *accepted(18, "2015-05-01"),
    )
    (row,) = caseload.register_test(AUA, START, END).to_pylist()
    assert (row["list_size"], row["list_on"], row["passed"], row["note"]) == (1000, dt.date(2015, 4, 1), True, None)
    (row,) = caseload.register_test(AUA, START, END, list_within_days=30).to_pylist()
    assert (row["list_size"], row["note"]) == (1000, None)
    (row,) = caseload.register_test(AUA, "2015-03-31", END, list_within_days=11).to_pylist()
    assert (row["list_size"], row["list_on"], row["note"]) == (100, dt.date(2015, 3, 20), "the list is of 2015-03-20")
    (row,) = caseload.register_test(AUA, "2015-03-31", END, list_within_days=10).to_pylist()
    assert (row["list_size"], row["list_on"]) == (None, dt.date(2015, 3, 31))


def test_a_list_size_that_was_withdrawn_is_not_taken():
    store = store_of([])
    (first,) = add(store, RECORDED, list_size(START, 9000, adults=500))
    (second,) = add(store, RECORDED, list_size(START, 9000, adults=1000))
    add(store, RECORDED, NewEvent("C87001", "withdrawn", dt.date(2015, 4, 2), corrects=second.number))
    values = {"values": {"adults": 501}}
    add(store, RECORDED, NewEvent("C87001", "corrected", dt.date(2015, 4, 2), corrects=first.number, details=values))
    assert Caseload(store).register_test(AUA, START, END).column("list_size").to_pylist() == [501]


@pytest.mark.parametrize(
    ("of", "part"), [({}, "whole"), ({"age": 18}, "adults"), ({"age": 65}, "aged_65"), ({"age": 75}, "aged_75")]
)
def test_the_register_is_divided_by_the_part_of_the_list_that_the_scheme_names(of, part):
    from casemgmt.scheme.conditions import Condition, Edges, Where

    where = Where(
        conditions=tuple(Condition(field=name, edges=Edges(at_least=Fraction(age))) for name, age in of.items())
    )
    caseload = caseload_of(list_size(START, 4, adults=3, aged_65=2, aged_75=1), *accepted(1, "2015-05-01"))
    (row,) = caseload.register_test(with_test(of=where), START, END).to_pylist()
    assert row["list_size"] == {"whole": 4, "adults": 3, "aged_65": 2, "aged_75": 1}[part]


def test_a_proposal_that_nobody_accepted_is_not_on_the_register():
    caseload = caseload_of(list_size(START, 9, adults=9), event("proposed", "2015-05-01", route="highest_risk"))
    assert caseload.register_test(AUA, START, END).column("register").to_pylist() == [0]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ((cm.load_scheme("rotherham-2015-16"), START, END), "states no register test"),
        ((None, START, END), "a scheme from cm.load_scheme"),
        ((AUA, END, START), "ends before it begins"),
        ((AUA, "2015", END), "quarter_start: write an ISO date"),
        ((AUA, START, "2015"), "quarter_end: write an ISO date"),
    ],
)
def test_a_wrong_question_is_answered_in_a_sentence(asked, why):
    with pytest.raises(InputError, match=why):
        caseload_of(*accepted(1, "2015-05-01")).register_test(*asked)


@pytest.mark.parametrize("days", [-1, 367, 1.5, "3"])
def test_a_number_of_days_that_cannot_be_is_refused(days):
    with pytest.raises(InputError, match="list_within_days"):
        caseload_of(*accepted(1, "2015-05-01")).register_test(AUA, START, END, list_within_days=days)
