"""Lists proposed month after month: who joins, stays, waits for a decision, and that silence loses nobody."""

from __future__ import annotations

import random

import pytest
from caseload_months import (
    a_caseload,
    a_decision,
    chosen,
    counted,
    kinds,
    managed,
    month,
    people_of,
    statuses,
)

import casemgmt as cm

ANN, BOB, CYD, DEE = (("C87001", name) for name in ("ann", "bob", "cyd", "dee"))
MARCH = {ANN: 9, BOB: 8, CYD: 7, DEE: 6}
APRIL = {ANN: 9, BOB: 1, CYD: 7, DEE: 6}


def test_the_first_list_proposes_everyone_selected():
    caseload = a_caseload()
    proposed = caseload.propose(chosen(MARCH, "2015-03-01"), by="CCG")
    assert kinds(proposed.events()) == [
        ("C87001", "list_published", None),
        ("C87001", "proposed", "ann"),
        ("C87001", "proposed", "bob"),
    ]
    listed, ann, bob = proposed.events().to_pylist()
    assert (ann["basis"], bob["basis"], listed["basis"]) == (listed["number"], listed["number"], None)
    assert {row["by"] for row in (listed, ann, bob)} == {"CCG"}
    assert ann["details"] == '{"rank":1,"route":"highest_risk"}'
    assert statuses(caseload, "2015-03-01") == {ANN: "proposed", BOB: "proposed"}
    assert statuses(caseload, "2015-02-28") == {}


def test_the_second_month_proposes_a_joiner_and_a_removal_and_the_third_nothing_more():
    caseload = a_caseload()
    caseload.propose(chosen(MARCH, "2015-03-01"))
    april = chosen(APRIL, "2015-04-01", previous=caseload)
    assert managed(april) == {ANN, CYD}
    assert [(row["patient_id"], row["proposal"]) for row in april.removals().to_pylist()] == [
        ("bob", "propose removal")
    ]
    proposed = caseload.propose(april)
    assert kinds(proposed.events())[1:] == [("C87001", "proposed", "cyd"), ("C87001", "removal_proposed", "bob")]
    assert [counted(proposed, name) for name in ("stayers", "joiners", "removals_proposed")] == [1, 1, 1]
    may = chosen(APRIL, "2015-05-01", previous=caseload)
    (bob,) = may.removals().to_pylist()
    assert (bob["patient_id"], str(bob["proposed_on"])) == ("bob", "2015-04-01")
    proposed = caseload.propose(may)
    assert kinds(proposed.events()) == [("C87001", "list_published", None)]
    assert statuses(caseload, "2015-05-01") == dict.fromkeys([ANN, BOB, CYD], "proposed")


def test_who_is_selected_again_has_no_removal_to_decide():
    caseload = a_caseload()
    caseload.propose(chosen(MARCH, "2015-03-01"))
    caseload.propose(chosen(APRIL, "2015-04-01", previous=caseload))
    may = caseload.propose(chosen(MARCH, "2015-05-01", previous=caseload))
    assert kinds(may.events())[1:] == [("C87001", "removal_proposed", "cyd"), ("C87001", "removal_lapsed", "bob")]
    assert [row["patient_id"] for row in caseload.on("2015-05-01").removals().to_pylist()] == ["cyd"]
    assert [row["patient_id"] for row in caseload.on("2015-04-30").removals().to_pylist()] == ["bob"]


def test_what_is_decided_holds_in_the_next_months():
    caseload = a_caseload()
    caseload.propose(chosen(MARCH, "2015-03-01"))
    caseload.propose(chosen(APRIL, "2015-04-01", previous=caseload))
    caseload.decide(
        [
            a_decision(ANN, "accept", "2015-04-10"),
            a_decision(BOB, "end", "2015-04-10", reason="well again"),
            a_decision(CYD, "declined", "2015-04-11"),
        ]
    )
    may = chosen(APRIL, "2015-05-01", previous=caseload)
    assert may.removals().num_rows == 0
    assert managed(may) == {ANN, CYD}
    proposed = caseload.propose(may)
    assert kinds(proposed.events())[1:] == [("C87001", "proposed", "cyd")]
    assert statuses(caseload, "2015-05-01") == {ANN: "managed", BOB: "ended", CYD: "proposed"}


def test_a_removal_that_is_kept_is_decided_and_may_be_proposed_by_a_later_list():
    caseload = a_caseload()
    caseload.propose(chosen(MARCH, "2015-03-01"))
    caseload.propose(chosen(APRIL, "2015-04-01", previous=caseload))
    caseload.decide([a_decision(BOB, "keep", "2015-04-10")])
    assert caseload.on("2015-04-10").removals().num_rows == 0
    (bob,) = chosen(APRIL, "2015-05-01", previous=caseload).removals().to_pylist()
    assert str(bob["proposed_on"]) == "2015-05-01"


@pytest.mark.parametrize("flags", ["never", "at first"])
def test_months_without_any_decision_lose_nobody(flags):
    draw = random.Random(flags)
    people = [(f"C8700{1 + n % 3}", f"p{n:02d}") for n in range(60)]
    on_register = {each for each in people if draw.random() < 0.2} if flags == "at first" else set()
    caseload, ever = a_caseload(), set()
    for number in range(1, 13):
        scores = {each: draw.randrange(20) for each in people}
        columns = {"on_caseload": on_register} if number <= 2 else {}
        selection = chosen(scores, month(number), share="1/6", previous=caseload, columns=columns)
        now = managed(selection) | people_of(selection.removals())
        ever |= now
        assert now == ever, number
        caseload.propose(selection)
        state = caseload.on(month(number))
        assert people_of(state.to_arrow()) == ever
        assert people_of(state.removals()) == people_of(selection.removals()) == ever - managed(selection)
    assert len(ever) > 45
    first = {(row["practice_id"], row["patient_id"]): row["proposed_on"] for row in selection.removals().to_pylist()}
    known = caseload.on(month(12)).removals().to_pylist()
    assert first == {(row["practice_id"], row["patient_id"]): row["removal_proposed_on"] for row in known}
    assert len(set(first.values())) > 5


def test_whoever_leaves_the_register_stays_to_be_confirmed_even_where_the_practice_leaves_it():
    two = {**MARCH, ("C87002", "eve"): 9, ("C87002", "fay"): 8}
    caseload = a_caseload()
    caseload.propose(chosen(two, "2015-03-01"))
    for number, name in ((4, "april"), (5, "may"), (6, "june")):
        later = chosen(MARCH, month(number), previous=caseload, allow_missing_practices=True)
        rows = {(row["practice_id"], row["patient_id"]): row["proposal"] for row in later.removals().to_pylist()}
        assert rows == {("C87002", "eve"): "confirm ended"}, name
        caseload.propose(later)
    assert statuses(caseload, "2015-06-01")["C87002", "eve"] == "proposed"
    caseload.decide([a_decision(("C87002", "eve"), "moved", "2015-06-02", by=None, to_practice="C87009")])
    later = chosen(MARCH, "2015-07-01", previous=caseload, allow_missing_practices=True)
    assert later.removals().num_rows == 0


@pytest.mark.parametrize("seed", range(12))
def test_the_caseload_stands_in_for_an_earlier_selection_from_files(seed, tmp_path):
    """Three months, each from the one before: by way of files, and by way of a store in which nothing is decided."""
    draw = random.Random(seed)
    people = [(f"C8700{1 + n % 2}", f"p{n:02d}") for n in range(30)]
    flagged = {each for each in people if draw.random() < 0.15}
    caseload, before = a_caseload(), None
    for number in range(1, 5):
        scores = {each: draw.randrange(6) for each in people if draw.random() < 0.95}
        columns = {"on_caseload": flagged, "date_of_death": {}, "objected": {people[seed]} if number > 2 else set()}
        old = chosen(scores, month(number), share="1/5", previous=before, columns=columns)
        new = chosen(scores, month(number), share="1/5", previous=caseload, columns=columns)
        for name in ("to_arrow", "summary", "unscored", "queue", "removals"):
            assert getattr(new, name)().equals(getattr(old, name)()), (name, number)
        assert {**old.facts} == {name: said for name, said in new.facts.items() if name != "caseload"}
        old.save(tmp_path / str(number))
        before = cm.load_selection(tmp_path / str(number))
        caseload.propose(before)
