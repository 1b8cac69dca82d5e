"""What is proposed: held against sets in plain Python, month after month, whatever is decided between."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
from typing import Any

import pytest
from caseload_events import add
from caseload_months import (
    Person,
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
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.caseload.events.event import NewEvent
from casemgmt.errors import InputError

ANN, BOB, CYD, DEE = (("C87001", name) for name in ("ann", "bob", "cyd", "dee"))
MARCH = {ANN: 9, BOB: 8, CYD: 7, DEE: 6}
APRIL = {ANN: 9, BOB: 1, CYD: 7, DEE: 6}


# Against plain sets

PEOPLE = [(f"C8700{1 + n % 2}", f"p{n}") for n in range(10)]
ON = ("proposed", "managed")
# What becomes of a patient by each word: None where the word is not taken as the patient stands.
BECOMES = {
    "accept": {"proposed": "managed", "managed": "managed", "not accepted": "managed", "ended": "managed"},
    "declined": {"proposed": "not accepted", "managed": "ended"},
    "end": {"proposed": "ended", "managed": "ended"},
    "moved": {"proposed": "moved", "managed": "moved", "not accepted": "moved", "ended": "moved"},
    "died": {"proposed": "died", "managed": "died", "not accepted": "died", "ended": "died", "moved": "died"},
    "returned": dict.fromkeys(["not accepted", "ended", "moved", "died"], "managed"),
}


class Plain:
    """Who stands where, by the rules in words."""

    def __init__(self) -> None:
        self.status: dict[Person, str] = {}
        self.pending: dict[Person, str] = {}

    def on_caseload(self) -> set[Person]:
        return {person for person, status in self.status.items() if status in ON}

    def propose(self, now: set[Person], flagged: set[Person], day: str) -> dict[str, set[Person]]:
        on = self.on_caseload()
        taken_over = {each for each in flagged - now if each not in self.status}
        found = {
            "joiners": now - on,
            "stayers": now & on,
            "taken_over": taken_over,
            "removals_proposed": ((on - now) - self.pending.keys()) | taken_over,
            "removals_lapsed": now & self.pending.keys(),
        }
        for person in found["joiners"] | taken_over:
            if self.status.get(person) != "died":
                self.status[person] = "proposed"
        for person in found["removals_proposed"]:
            self.pending[person] = day
        for person in found["removals_lapsed"]:
            del self.pending[person]
        return found

    def decide(self, person: Person, said: str) -> bool:
        """Whether the decision is taken."""
        if said == "keep":
            return self.pending.pop(person, None) is not None
        after = BECOMES[said].get(self.status.get(person, ""))
        if after is None:
            return False
        self.status[person] = after
        self.pending.pop(person, None)
        return True


a_month = st.fixed_dictionaries(
    {
        "scores": st.lists(st.integers(0, 5), min_size=len(PEOPLE), max_size=len(PEOPLE)),
        "absent": st.sets(st.sampled_from(PEOPLE[2:]), max_size=2),
        "flagged": st.sets(st.sampled_from(PEOPLE), max_size=3),
        "decided": st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from([*BECOMES, "keep"])), max_size=6),
    }
)


@settings(max_examples=60, deadline=None)
@given(months=st.lists(a_month, min_size=1, max_size=5))
def test_months_of_lists_and_decisions_agree_with_plain_sets(months):
    caseload, plain = a_caseload(), Plain()
    for number, drawn in enumerate(months, start=1):
        day = month(number)
        scores = dict(zip(PEOPLE, drawn["scores"], strict=True))
        scores = {person: score for person, score in scores.items() if person not in drawn["absent"]}
        flagged = drawn["flagged"] & scores.keys()
        left = {person for person, status in plain.status.items() if status not in ON}
        selection = chosen(scores, day, share="2/5", previous=caseload, columns={"on_caseload": flagged})
        now = managed(selection)
        assert people_of(selection.removals()) == ((flagged - left) | plain.on_caseload()) - now
        assert selection.facts["caseload"]["overruled"] == len(flagged & left)

        expected = plain.propose(now, flagged - left, day)
        proposed = caseload.propose(selection)
        assert {name: counted(proposed, name) for name in expected} == {n: len(who) for n, who in expected.items()}
        assert {row[1:] for row in kinds(proposed.events()) if row[1] == "removal_proposed"} == {
            ("removal_proposed", patient) for _, patient in expected["removals_proposed"]
        }
        assert_agrees(caseload, plain, day)

        rows = [
            a_decision(person, said, f"{day[:8]}{10 + place}") for place, (person, said) in enumerate(drawn["decided"])
        ]
        decided = caseload.decide(rows)
        taken = [plain.decide(person, said) for person, said in drawn["decided"]]
        explained = set(decided.explained["row"].to_pylist())
        assert [place not in explained for place in range(1, len(rows) + 1)] == taken
        assert_agrees(caseload, plain, f"{day[:8]}28")


def assert_agrees(caseload: Any, plain: Plain, day: str) -> None:
    assert statuses(caseload, day) == plain.status
    pending = {(r["practice_id"], r["patient_id"]): str(r["removal_proposed_on"]) for r in
               caseload.on(day).removals().to_pylist()}  # fmt: skip
    assert pending == plain.pending


# By hand


def test_the_same_list_again_changes_nothing_whatever_was_decided_since(tmp_path):
    caseload = a_caseload()
    march = chosen(MARCH, "2015-03-01")
    caseload.propose(march)
    caseload.decide([a_decision(ANN, "declined", "2015-03-01")])
    before = caseload.store.heads()
    march.save(tmp_path / "march")
    for again in (march, chosen(MARCH, "2015-03-01"), cm.load_selection(tmp_path / "march")):
        proposed = caseload.propose(again)
        assert proposed.counts()["known_before"].to_pylist() == [True]
        assert proposed.events().num_rows == 0
        assert [counted(proposed, name) for name in ("case_managed", "stayers", "joiners")] == [2, 1, 0]
    caseload.propose(chosen(APRIL, "2015-04-01"))
    assert caseload.propose(march).events().num_rows == 0
    assert before != caseload.store.heads()


def test_another_list_of_the_same_day_is_proposed_and_one_of_an_earlier_day_is_refused():
    caseload = a_caseload()
    caseload.propose(chosen(APRIL, "2015-04-01"))
    other = caseload.propose(chosen(MARCH, "2015-04-01"))
    assert kinds(other.events())[1:] == [("C87001", "proposed", "bob"), ("C87001", "removal_proposed", "cyd")]
    before = caseload.store.heads()
    with pytest.raises(InputError, match=r"2015-03-01, and a later list was proposed already to 1 of its practices"):
        caseload.propose(chosen(MARCH, "2015-03-01"))
    assert caseload.store.heads() == before


def test_a_list_that_was_withdrawn_may_be_proposed_again():
    caseload = a_caseload()
    listed, *people = caseload.propose(chosen(APRIL, "2015-04-01")).events().to_pylist()
    for event in (listed, *people):
        add(
            caseload.store,
            dt.datetime(2015, 4, 2, tzinfo=dt.UTC),
            NewEvent("C87001", "withdrawn", dt.date(2015, 4, 2), event["patient_id"], corrects=event["number"]),
        )
    assert statuses(caseload, "2015-04-30") == {}
    assert counted(caseload.propose(chosen(MARCH, "2015-03-01")), "joiners") == 2


def test_a_list_says_what_it_is(tmp_path):
    march = chosen(MARCH, "2015-03-01")
    march.save(tmp_path / "march")
    published = cm.load_selection(tmp_path / "march")
    manifest = json.loads((tmp_path / "march" / "manifest.json").read_text())["manifest_sha256"]
    assert published.manifest_sha256 == march.manifest_sha256 == manifest
    details = []
    for selection in (published, march, chosen(MARCH, "2015-03-01")):
        proposed = a_caseload().propose(selection)
        details.append(json.loads(proposed.events()["details"][0].as_py()))
        assert details[-1]["fingerprint"] == proposed.fingerprint
    assert details[0] == details[1] == details[2] | {"manifest": manifest}
    assert details[2] == {
        "scheme": "a-scheme",
        "list_date": "2015-03-01",
        "fingerprint": proposed.fingerprint,
        "ranked_by": "given scores",
        "list_size": 4,
        "case_managed": 2,
    }


def test_the_practice_knows_a_list_by_the_fingerprint_of_its_workbook(tmp_path):
    import openpyxl

    march = chosen(MARCH, "2015-03-01")
    march.save(tmp_path / "march", workbooks=True)
    cover = openpyxl.load_workbook(tmp_path / "march" / "practices" / "C87001.xlsx")["Cover"]
    said = {row[0]: row[1] for row in cover.values}
    assert said["Selection"] == a_caseload().propose(march).fingerprint


def test_nominees_are_written_down_once_and_again_after_they_left():
    caseload = a_caseload()
    columns = {"nominated": {CYD, DEE}, "nomination_order": {CYD: 1, DEE: 2}}
    options = {"share": "1/4", "judgement": "1/4", "over_cap": "queue", "columns": columns}
    march = chosen(MARCH, "2015-03-01", **options)
    proposed = caseload.propose(march)
    assert kinds(proposed.events())[1:] == [
        ("C87001", "nominated", "cyd"),
        ("C87001", "nominated", "dee"),
        ("C87001", "proposed", "ann"),
        ("C87001", "proposed", "cyd"),
    ]
    assert [counted(proposed, name) for name in ("nominated", "waiting")] == [2, 1]
    april = caseload.propose(chosen(MARCH, "2015-04-01", previous=caseload, **options))
    assert counted(april, "nominated") == 0
    caseload.decide([a_decision(CYD, "declined", "2015-04-02")])
    may = caseload.propose(chosen(MARCH, "2015-05-01", previous=caseload, **options))
    assert kinds(may.events())[1:] == [("C87001", "nominated", "cyd"), ("C87001", "proposed", "cyd")]


def test_whoever_is_on_the_registers_caseload_alone_is_taken_over_with_a_removal_to_decide():
    caseload = a_caseload()
    march = chosen(MARCH, "2015-03-01", columns={"on_caseload": {ANN, DEE}})
    proposed = caseload.propose(march)
    assert kinds(proposed.events())[3:] == [("C87001", "proposed", "dee"), ("C87001", "removal_proposed", "dee")]
    april = chosen(MARCH, "2015-04-01", previous=caseload)
    assert people_of(april.removals()) == {DEE}
    caseload.decide([a_decision(DEE, "end", "2015-04-02")])
    may = chosen(MARCH, "2015-05-01", previous=caseload, columns={"on_caseload": {ANN, DEE}})
    assert may.removals().num_rows == 0
    assert may.facts["caseload"]["overruled"] == 1
    assert kinds(caseload.propose(may).events())[1:] == []


def test_a_removal_that_an_earlier_selection_proposed_keeps_its_day_and_reason():
    march = chosen(MARCH, "2015-03-01")
    april = chosen(APRIL, "2015-04-01", previous=march)
    may = chosen(APRIL, "2015-05-01", previous=april)
    caseload = a_caseload()
    caseload.propose(may)
    (bob,) = caseload.on("2015-05-01").removals().to_pylist()
    assert (str(bob["removal_proposed_on"]), bob["removal_reason"]) == ("2015-04-01", "own score")
    assert bob["removal_detail"] == "score 8 to 1"


def test_practices_that_the_selection_does_not_hold_are_left_alone():
    two = {**MARCH, ("C87002", "eve"): 9, ("C87002", "fay"): 8}
    caseload = a_caseload()
    caseload.propose(chosen(two, "2015-03-01"))
    proposed = caseload.propose(chosen(APRIL, "2015-04-01"))
    assert proposed.counts()["practice_id"].to_pylist() == ["C87001"]
    assert statuses(caseload, "2015-04-01")["C87002", "eve"] == "proposed"
    assert caseload.on("2015-04-01", practice_id="C87002").removals().num_rows == 0


def test_a_patient_of_two_practices_stands_on_two_lists():
    caseload = a_caseload()
    caseload.propose(chosen({ANN: 9, BOB: 1}, "2015-03-01"))
    caseload.decide([a_decision(ANN, "declined", "2015-03-02")])
    moved = {("C87002", "ann"): 9, ("C87002", "eve"): 1, BOB: 1, CYD: 9}
    april = chosen(moved, "2015-04-01", previous=caseload, columns={"on_caseload": {("C87002", "ann")}})
    caseload.propose(april)
    assert april.facts["caseload"]["overruled"] == 0
    found = statuses(caseload, "2015-04-01")
    assert (found[ANN], found["C87002", "ann"]) == ("not accepted", "proposed")


def test_something_else_is_no_selection():
    with pytest.raises(InputError, match="selection: give the selection whose lists are proposed"):
        a_caseload().propose(MARCH)


def test_what_is_shown_of_a_proposal_holds_no_patient():
    proposed = a_caseload().propose(chosen(MARCH, "2015-03-01"))
    assert repr(proposed) == (
        "<Proposed: list of 2015-03-01, 1 practice: 2 joiners, 0 stay, 0 removals proposed, 0 lapsed>"
    )
    assert "C87001" in proposed._repr_html_() and "ann" not in proposed._repr_html_()


# Beside other writers


def _propose_beside(path: str, start: Any) -> None:
    with cm.open_caseload(path) as caseload:
        selection = chosen(MARCH, "2015-03-01")
        start.wait()
        caseload.propose(selection)


def test_two_processes_propose_the_same_list_once(tmp_path):
    path = tmp_path / "caseload.sqlite"
    a_caseload(path).close()
    processes = multiprocessing.get_context("spawn")
    start = processes.Barrier(2)
    running = [processes.Process(target=_propose_beside, args=(str(path), start)) for _ in range(2)]
    for each in running:
        each.start()
    for each in running:
        each.join(120)
    assert [each.exitcode for each in running] == [0, 0]
    with cm.open_caseload(path) as caseload:
        found = kinds(caseload.events(practice_id="C87001"))
    assert found == [
        ("C87001", "list_published", None),
        ("C87001", "proposed", "ann"),
        ("C87001", "proposed", "bob"),
    ]
