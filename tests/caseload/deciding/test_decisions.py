"""Decisions: each becomes an event, was one already, or is explained; half of a batch is never lost."""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pyarrow as pa
import pytest
from caseload_events import add
from caseload_months import a_caseload, a_decision, chosen, counted, statuses

from casemgmt.caseload.events.event import NewEvent
from casemgmt.errors import InputError

ANN, BOB, CYD, DEE = (("C87001", name) for name in ("ann", "bob", "cyd", "dee"))
MARCH = {ANN: 9, BOB: 8, CYD: 7, DEE: 6}
APRIL = {ANN: 9, BOB: 1, CYD: 7, DEE: 6}


@pytest.fixture
def caseload():
    """Ann is managed and Bob waits for his removal to be decided; Cyd is proposed; of Dee nothing is known."""
    found = a_caseload()
    found.propose(chosen(MARCH, "2015-03-01"))
    found.decide([a_decision(ANN, "accept", "2015-03-10")])
    found.propose(chosen(APRIL, "2015-04-01", previous=found))
    return found


def became(caseload, decision):
    """The kind and details of the event that a decision becomes, or why it becomes none."""
    decided = caseload.decide([decision])
    if decided.explained.num_rows:
        return decided.explained["problem"][0].as_py()
    (event,) = decided.events().to_pylist()
    assert (event["patient_id"], str(event["happened_on"]), event["by"]) == (
        *(decision["patient_id"], decision["date"], decision["by"]),
    )
    return event["kind"], json.loads(event["details"] or "{}")


@pytest.mark.parametrize(
    ("person", "said", "more", "expected", "then"),
    [
        (CYD, "accept", {}, ("accepted", {}), "managed"),
        (CYD, "accept", {"reason": "seen", "route": "care_home"},
         ("accepted", {"reason": "seen", "route": "care_home"}), "managed"),
        (CYD, "declined", {}, ("not_accepted", {"reason": "declined"}), "not accepted"),
        (CYD, "not appropriate", {"reason": "frail"}, ("not_accepted", {"reason": "not appropriate: frail"}),
         "not accepted"),
        (ANN, "declined", {}, ("ended", {"reason": "declined"}), "ended"),
        (ANN, "already managed", {"reason": "heart team"}, ("ended", {"reason": "already managed: heart team"}),
         "ended"),
        (ANN, "end", {"reason": "well"}, ("ended", {"reason": "end: well"}), "ended"),
        (BOB, "end", {}, ("ended", {"reason": "end"}), "ended"),
        (BOB, "keep", {"reason": "still frail"}, ("removal_rejected", {"reason": "still frail"}), "proposed"),
        (ANN, "died or moved", {}, ("ended", {"reason": "died or moved"}), "ended"),
        (ANN, "died", {}, ("died", {}), "died"),
        (ANN, "moved", {"to_practice": "C87002"}, ("moved", {"to_practice": "C87002"}), "moved"),
        (ANN, "plan agreed", {"next_review_on": "2015-07-01"}, ("plan_agreed", {"next_review_on": "2015-07-01"}),
         "managed"),
        (ANN, "plan_agreed", {"next_review_on": dt.date(2015, 7, 1)}, ("plan_agreed", {"next_review_on": "2015-07-01"}),
         "managed"),
        (CYD, "plan declined", {"reason": "no"}, ("plan_declined", {"reason": "no"}), "proposed"),
        (ANN, " Reviewed ", {}, ("reviewed", {}), "managed"),
        (ANN, "told", {"how": "letter"}, ("patient_told", {"how": "letter"}), "managed"),
        (ANN, "gp", {"gp": "Dr B"}, ("gp_named", {"gp": "Dr B"}), "managed"),
        (ANN, "home", {"care_home_type": "nursing", "care_home_id": "h1", "chose_other_practice": "yes"},
         ("home_changed", {"care_home_type": "nursing", "care_home_id": "h1", "chose_other_practice": True}),
         "managed"),
        (DEE, "nominated", {"order": 2.0}, ("nominated", {"order": 2}), None),
        (DEE, "practice changed", {"from_practice": "C87002"}, ("practice_changed", {"from_practice": "C87002"}),
         "managed"),
        (BOB, "practice changed", {"from_practice": "C87002"}, ("practice_changed", {"from_practice": "C87002"}),
         "managed"),
    ],
)  # fmt: skip
def test_each_word_becomes_its_event(caseload, person, said, more, expected, then):
    assert became(caseload, a_decision(person, said, "2015-04-10", **more)) == expected
    assert statuses(caseload, "2015-04-10").get(person) == then


@pytest.mark.parametrize(
    ("person", "said", "more", "problem"),
    [
        (DEE, "accept", {}, "no event: nobody was proposed by that id"),
        (("C87009", "ann"), "accept", {}, "names a practice that has no event"),
        (ANN, "keep", {}, "whose removal is not proposed on that day"),
        (ANN, "returned", {}, "who has not left the caseload"),
        (ANN, "practice changed", {"from_practice": "C87002"}, "case managed here already"),
        (ANN, "practice changed", {}, "needs a value of 'from_practice'"),
        (ANN, "gp", {}, "needs a value of 'gp'"),
        (ANN, "told", {"gp": "Dr B"}, "has a value of 'gp', which 'told' has no place for"),
        (ANN, "accepted", {}, "has a decision that is none of: accept, "),
        (ANN, "", {}, "has a decision that is none of: accept, "),
        (ANN, "accept", {"by": None}, "does not say who decided"),
        (ANN, "accept", {"by": " "}, "does not say who decided"),
        (ANN, "end", {"by": 7}, "has a value of 'by' that is no text"),
        (ANN, "end", {"date": None}, "does not say on which day"),
        (ANN, "end", {"date": "1 May 2015"}, "has a date that is no day written as 2015-04-01"),
        (ANN, "end", {"date": "2015-04-31"}, "has a date that is no day written as 2015-04-01"),
        (ANN, "end", {"date": dt.datetime(2015, 4, 1, 9, 30)}, "has a date that is no day written as 2015-04-01"),
        (ANN, "end", {"date": "2300-01-01"}, "has a value that no event may hold: happened_on must lie between"),
        (ANN, "gp", {"gp": "Dr\nB"}, "has a value that no event may hold: gp holds a control character"),
        (ANN, "nominated", {"order": "first"}, "has a value of 'order' that is no integer"),
        (ANN, "home", {"care_home_type": "none", "chose_other_practice": "perhaps"},
         "'chose_other_practice' that is no flag"),
        (ANN, "reviewed", {"next_review_on": "soon"}, "has a value of 'next_review_on' that is no date"),
        (("", "ann"), "accept", {}, "has no practice_id"),
        (("C87001", None), "accept", {}, "has no patient_id"),
        (("C87001", "a\ud800"), "accept", {}, "has a value of 'patient_id' that is not valid text"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_explained(caseload, person, said, more, problem):
    before = caseload.store.heads()
    said_of_it = became(caseload, a_decision(person, said, "2015-04-10") | more)
    assert isinstance(said_of_it, str) and problem in said_of_it
    assert caseload.store.heads() == before


@pytest.mark.parametrize(
    ("date", "status"), [("2015-02-28", "who was not proposed by that day"), ("2015-03-01", ("accepted", {}))]
)
def test_a_decision_is_about_where_the_patient_stands_on_its_day(caseload, date, status):
    said = became(caseload, a_decision(BOB, "accept", date))
    assert said == status or status in said


@pytest.mark.parametrize("said", ["end", "declined", "plan agreed", "plan declined", "died or moved"])
@pytest.mark.parametrize("how", ["declined", "moved"])
def test_nothing_ends_twice(caseload, said, how):
    caseload.decide([a_decision(ANN, how, "2015-04-05")])
    assert "who is not on the caseload on that day" in became(caseload, a_decision(ANN, said, "2015-04-10"))
    assert isinstance(became(caseload, a_decision(ANN, said, "2015-04-04")), tuple)


def test_after_a_death_nothing_but_a_return_is_taken(caseload):
    assert became(caseload, a_decision(ANN, "died", "2015-04-05", by=None))[0] == "died"
    for said in ("accept", "end", "moved", "died", "plan agreed", "reviewed"):
        assert "died by an earlier event" in became(caseload, a_decision(ANN, said, "2015-04-10"))
    assert became(caseload, a_decision(ANN, "returned", "2015-04-10", reason="another ann"))[0] == "returned"
    assert became(caseload, a_decision(ANN, "end", "2015-04-11"))[0] == "ended"


def test_who_left_is_back_by_returned_and_who_was_refused_may_be_accepted(caseload):
    assert became(caseload, a_decision(ANN, "moved", "2015-04-05"))[0] == "moved"
    assert "say 'returned' first" in became(caseload, a_decision(ANN, "accept", "2015-04-10"))
    assert "left by an earlier event" in became(caseload, a_decision(ANN, "moved", "2015-04-10"))
    assert became(caseload, a_decision(ANN, "returned", "2015-04-10"))[0] == "returned"
    assert became(caseload, a_decision(CYD, "declined", "2015-04-10"))[0] == "not_accepted"
    assert became(caseload, a_decision(CYD, "accept", "2015-04-12"))[0] == "accepted"


def test_decisions_of_a_batch_follow_one_another_by_day_and_then_by_row(caseload):
    rows = [
        a_decision(CYD, "end", "2015-04-12", reason="moved on"),
        a_decision(CYD, "accept", "2015-04-10"),
        a_decision(CYD, "plan agreed", "2015-04-10"),
        a_decision(CYD, "end", "2015-04-13"),
        a_decision(DEE, "nominated", "2015-04-10"),
        a_decision(DEE, "gp", "2015-04-11", gp="Dr B"),
        a_decision(BOB, "declined", "2015-04-10"),
        a_decision(BOB, "declined", "2015-04-10", reason="again"),
    ]
    decided = caseload.decide(rows)
    assert decided.explained.select(["row", "patient_id", "decision"]).to_pylist() == [
        {"row": 4, "patient_id": "cyd", "decision": "end"},
        {"row": 8, "patient_id": "bob", "decision": "declined"},
    ]
    assert [row["kind"] for row in decided.events().to_pylist()] == [
        *("ended", "accepted", "plan_agreed", "nominated", "gp_named", "not_accepted"),
    ]
    assert statuses(caseload, "2015-04-11")[CYD] == "managed"
    assert statuses(caseload, "2015-04-12")[CYD] == "ended"
    assert decided.counts().to_pylist() == [{"practice_id": "C87001", "recorded": 6, "unchanged": 0, "explained": 2}]


def test_the_same_decision_twice_changes_nothing_and_another_is_another(caseload):
    rows = [a_decision(ANN, "reviewed", "2015-04-10"), a_decision(BOB, "end", "2015-04-10", reason="well")]
    assert counted(caseload.decide([*rows, *rows]), "unchanged") == 2
    again = caseload.decide(rows)
    assert again.counts().to_pylist() == [{"practice_id": "C87001", "recorded": 0, "unchanged": 2, "explained": 0}]
    assert again.events().num_rows == 0
    others = [
        a_decision(ANN, "reviewed", "2015-04-11"),
        a_decision(ANN, "reviewed", "2015-04-10", by="Dr B"),
        a_decision(ANN, "reviewed", "2015-04-10", next_review_on="2015-06-01"),
    ]
    assert counted(caseload.decide(others), "recorded") == 3


def test_a_decision_that_was_withdrawn_may_be_made_again(caseload):
    row = a_decision(CYD, "declined", "2015-04-10")
    (event,) = caseload.decide([row]).events().to_pylist()
    add(
        caseload.store,
        dt.datetime(2015, 4, 20, tzinfo=dt.UTC),
        NewEvent("C87001", "withdrawn", dt.date(2015, 4, 11), "cyd", corrects=event["number"]),
    )
    assert statuses(caseload, "2015-04-12")[CYD] == "proposed"
    assert counted(caseload.decide([row]), "recorded") == 1
    assert counted(caseload.decide([row]), "unchanged") == 1


def test_a_decision_about_a_proposal_names_the_last_list_of_its_day(caseload):
    lists = [row["number"] for row in caseload.events().to_pylist() if row["kind"] == "list_published"]
    for date, seen in (("2015-03-31", lists[0]), ("2015-04-01", lists[1])):
        (event,) = caseload.decide([a_decision(ANN, "accept", date)]).events().to_pylist()
        assert event["basis"] == seen
    (event,) = caseload.decide([a_decision(ANN, "reviewed", "2015-04-02")]).events().to_pylist()
    assert event["basis"] is None


ROWS = [a_decision(CYD, "accept", "2015-04-10", reason="'=1"), a_decision(ANN, "gp", "2015-04-10", gp="Dr B")]


def forms(folder):
    names = ["practice_id", "patient_id", "decision", "date", "by", "reason", "gp"]
    columns = {name: [row.get(name) for row in ROWS] for name in names}
    table = pa.table(columns)
    dated = table.set_column(3, "date", table["date"].cast(pa.date32()))
    path = folder / "decisions.csv"
    rows = [",".join(row.get(name) or "" for name in names) for row in ROWS]
    path.write_text("\n".join([",".join(names), *rows]).replace("'=1", "''=1") + "\n", encoding="utf-8")
    return {"mappings": ROWS, "arrow": table, "dates": dated, "pandas": table.to_pandas(), "file": path,
            "timestamps": table.to_pandas().assign(date=lambda frame: pd.to_datetime(frame["date"]))}  # fmt: skip


@pytest.mark.parametrize("form", ["mappings", "arrow", "dates", "pandas", "file", "timestamps"])
def test_decisions_come_in_any_form(caseload, form, tmp_path):
    decided = caseload.decide(forms(tmp_path)[form])
    assert decided.explained.to_pylist() == []
    assert [row["details"] for row in decided.events().to_pylist()] == ['{"reason":"\'=1"}', '{"gp":"Dr B"}']


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (7, "decisions: give a table"),
        (["accept"], "decisions: give a table"),
        ([{"practice_id": "C87001", "patient_id": "ann", "decision": "accept"}], "date"),
        ([a_decision(ANN, "accept", "2015-04-10", name="Ann")], "1 column that no decision has, the first 'name'"),
    ],
)
def test_what_is_no_table_of_decisions_is_refused(caseload, given, problem):
    before = caseload.events().num_rows
    with pytest.raises(InputError, match=problem):
        caseload.decide(given)
    assert caseload.events().num_rows == before


def test_no_decisions_change_nothing(caseload):
    assert caseload.decide([]).counts().num_rows == 0


def test_what_is_shown_of_decisions_holds_no_patient(caseload):
    decided = caseload.decide([a_decision(ANN, "reviewed", "2015-04-10"), a_decision(DEE, "accept", "2015-04-10")])
    assert repr(decided) == "<Decided: 1 decision recorded, 0 known already, 1 explained>"
    for shown in (repr(decided), decided._repr_html_()):
        assert not any(name in shown for _, name in (ANN, DEE))


def test_the_rows_of_a_frame_are_read_as_the_frame_is(caseload):
    frame = pd.DataFrame([a_decision(ANN, "accept", "2015-04-10"), a_decision(CYD, "reviewed", "2015-04-10")])
    frame["next_review_on"], frame["order"], frame["reason"] = pd.NaT, float("nan"), pd.NA
    assert caseload.decide(frame.to_dict("records")).outcome == ("recorded", "recorded")
    assert caseload.decide(frame).outcome == ("unchanged", "unchanged")
    (missing,) = caseload.decide([a_decision(ANN, "accept", pd.NaT)]).outcome
    assert missing == "does not say on which day"


@pytest.mark.parametrize("order", [float("inf"), {}, [1], pd.Timestamp("2015-04-01"), "1_0", "²", 1.5, "9" * 5_000])
def test_an_order_that_is_no_number_is_explained(caseload, order):
    before = caseload.events().num_rows
    decided = caseload.decide([a_decision(ANN, "nominated", "2015-04-10", order=order)])
    assert decided.explained["problem"].to_pylist() == ["has a value of 'order' that is no integer"]
    assert caseload.events().num_rows == before


def test_a_home_of_no_known_type_is_explained(caseload):
    (said,) = caseload.decide([a_decision(ANN, "home", "2015-04-10", care_home_type="Nursing")]).outcome
    assert "care_home_type is none of: none, nursing, residential" in said


@pytest.mark.parametrize("word", ["accept", "nominated"])
def test_an_id_with_spaces_at_an_end_is_nobody_else(caseload, word):
    (said,) = caseload.decide([a_decision(("C87001", "ann "), word, "2015-04-10")]).outcome
    assert "spaces at an end" in said


@pytest.mark.parametrize("lines", [1, 2])
def test_a_file_without_a_header_is_refused_and_none_of_it_shown(caseload, tmp_path, lines):
    path = tmp_path / "decisions.csv"
    path.write_text("4857773456,C87001,accept,Dr A,2015-04-10\n" * lines, encoding="utf-8")
    with pytest.raises(InputError, match="'practice_id' is missing") as refused:
        caseload.decide(path)
    assert "4857773456" not in str(refused.value)
    with pytest.raises(InputError, match="'practice_id' is missing") as refused:
        caseload.decide([{"4857773456": "accept"}])
    assert "4857773456" not in str(refused.value)


def test_a_table_of_other_columns_without_a_row_is_refused(caseload):
    with pytest.raises(InputError, match="1 column that no decision has"):
        caseload.decide(pa.table({"patient": pa.array([], pa.string())}))
    names = ("practice_id", "patient_id", "decision", "date")
    assert caseload.decide(pa.table({name: pa.array([], pa.string()) for name in names})).outcome == ()


def test_a_decision_that_another_of_its_day_overtook_is_not_said_to_stand(caseload):
    accept, declined = a_decision(ANN, "accept", "2015-04-10"), a_decision(ANN, "declined", "2015-04-10")
    assert caseload.decide([accept, declined]).outcome == ("recorded", "recorded")
    again = caseload.decide([accept])
    assert "withdraw that one if this decision holds" in again.outcome[0]
    assert again.added == ()
    assert caseload.decide([declined]).outcome == ("unchanged",)
    ended = caseload.history(*ANN).to_pylist()[-1]
    assert ended["kind"] == "ended"
    who = {"practice_id": ANN[0], "patient_id": ANN[1]}
    caseload.record([{**who, "kind": "withdrawn", "happened_on": "2015-04-11", "corrects": ended["number"]}])
    assert caseload.decide([accept]).outcome == ("unchanged",)
    assert statuses(caseload, "2015-04-11")[ANN] == "managed"
