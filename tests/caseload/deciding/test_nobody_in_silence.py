"""Where somebody could be missed without a word: the state of one practice, the same list with more removals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from caseload_months import a_caseload, a_decision, chosen, counted, kinds, managed, month, people_of, statuses
from practice_books import selection_of
from test_round_trip import april_published, returned

import casemgmt as cm
from casemgmt.errors import InputError

ANN, BOB, CYD, DEE = (("C87001", name) for name in ("ann", "bob", "cyd", "dee"))
MARCH = {ANN: 9, BOB: 8, CYD: 7, DEE: 6}


def test_the_state_of_one_practice_is_no_earlier_caseload():
    caseload = a_caseload()
    two = {(f"C8700{1 + n % 2}", f"p{n:02d}"): 20 - n for n in range(20)}
    caseload.propose(chosen(two, month(3)))
    with pytest.raises(InputError, match=r"of one practice.*caseload\.on\('2015-04-01'\), of all practices"):
        chosen(two, month(4), previous=caseload.on(month(4), practice_id="C87001"))
    whole = chosen(two, month(4), previous=caseload.on(month(4)))
    assert managed(whole) == managed(chosen(two, month(4), previous=caseload))


def test_the_same_list_with_more_removals_takes_their_people_over_once():
    caseload = a_caseload()
    caseload.propose(chosen(MARCH, month(3)))
    more = chosen(MARCH, month(3), columns={"on_caseload": {DEE}})
    assert people_of(more.removals()) == {DEE}
    proposed = caseload.propose(more)
    assert kinds(proposed.events()) == [("C87001", "proposed", "dee"), ("C87001", "removal_proposed", "dee")]
    assert [row["basis"] for row in proposed.events().to_pylist()] == [1, 1]
    assert [counted(proposed, name) for name in ("taken_over", "removals_proposed", "joiners")] == [1, 1, 0]
    assert people_of(caseload.on(month(3)).removals()) == {DEE}
    assert caseload.propose(more).events().num_rows == 0
    caseload.decide([a_decision(DEE, "end", "2015-03-05")])
    assert caseload.propose(more).events().num_rows == 0
    assert statuses(caseload, month(4))[DEE] == "ended"


def test_a_list_whose_day_was_corrected_stands_on_that_day(tmp_path):
    caseload = a_caseload(tmp_path / "caseload.sqlite")
    listed = caseload.propose(chosen(MARCH, month(5))).events().to_pylist()[0]
    april = chosen(MARCH, month(4))
    with pytest.raises(InputError, match="a later list was proposed already"):
        caseload.propose(april)
    values = {"happened_on": month(3), "list_date": month(3)}
    row = {"practice_id": "C87001", "kind": "corrected", "happened_on": month(5), "corrects": listed["number"]}
    caseload.record([{**row, "values": values}])
    assert kinds(caseload.propose(april).events()) == [("C87001", "list_published", None), *map(_proposed, (ANN, BOB))]


def _proposed(person: Any) -> tuple[str, str, str]:
    return person[0], "proposed", person[1]


@pytest.fixture(scope="module")
def april() -> Any:
    return selection_of()


def test_an_answer_of_a_day_to_come_keeps_no_other_answer_out(tmp_path, april):
    published = april_published(april, tmp_path / "april")

    def fill(sheets: Any) -> None:
        sheets["list"].answer(0, "accept")
        sheets["list"].answer(1, "accept", day=dt.date(2015, 6, 1))

    caseload = a_caseload(tmp_path / "caseload.sqlite")
    caseload.propose(published, recorded_at=dt.datetime(2015, 4, 2, tzinfo=dt.UTC))
    answers = returned(tmp_path / "april", published, fill)
    decided = caseload.apply(answers, recorded_at=dt.datetime(2015, 4, 25, tzinfo=dt.UTC))
    assert [counted(decided, name) for name in ("recorded", "unchanged", "explained")] == [3, 0, 3]
    assert all("happened_on lies after the day" in each for each in decided.explained["problem"].to_pylist())
    again = caseload.apply(answers, recorded_at=dt.datetime(2015, 4, 26, tzinfo=dt.UTC))
    assert [counted(again, name) for name in ("recorded", "unchanged", "explained")] == [0, 3, 3]
    later = caseload.apply(answers, recorded_at=dt.datetime(2015, 6, 2, tzinfo=dt.UTC))
    assert [counted(later, name) for name in ("recorded", "unchanged", "explained")] == [3, 3, 0]
    assert caseload.apply(answers).added == ()


def test_a_return_applied_again_takes_what_could_not_be_taken_before(tmp_path, april):
    published = april_published(april, tmp_path / "april")
    caseload = a_caseload(tmp_path / "caseload.sqlite")
    caseload.propose(published)
    answers = returned(tmp_path / "april", published, lambda sheets: sheets["list"].answer(0, "accept"), ["C87001"])
    (row,) = answers.accepted.to_pylist()
    person = {"practice_id": row["practice_id"], "patient_id": row["patient_id"]}
    died = caseload.decide([{**person, "decision": "died", "date": "2015-04-03"}]).added[0]
    assert counted(caseload.apply(answers), "explained") == 1
    assert counted(caseload.apply(answers), "explained") == 1
    withdrawn = {**person, "kind": "withdrawn", "happened_on": "2015-04-21"}
    caseload.record([{**withdrawn, "corrects": died.number}])
    (accepted,) = caseload.apply(answers).added
    assert statuses(caseload, month(5))[row["practice_id"], row["patient_id"]] == "managed"
    caseload.record([{**withdrawn, "corrects": accepted.number}])
    assert counted(caseload.apply(answers), "unchanged") == 1  # somebody withdrew it, and it stays withdrawn
    assert isinstance(caseload, cm.Caseload)
