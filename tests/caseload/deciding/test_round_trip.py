"""A list goes out, comes back filled in, is written down, and the next list starts from what was said."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from caseload_months import a_caseload, counted, managed, people_of, statuses
from practice_books import edited, people, register_of, selection_of

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.outputs.practice.heads import heads_in
from casemgmt.outputs.practice.making import practice_lists

CODES = ("C87001", "C87002", "C87003")
MAY = dt.date(2015, 5, 1)


@pytest.fixture(scope="module")
def april() -> Any:
    return selection_of()


def april_published(april: Any, folder: Path) -> Any:
    april.save(folder, workbooks=True)
    return cm.load_selection(folder)


def fill(sheets: Any) -> None:
    """Seven answers on the list, two on each other sheet."""
    listed = sheets["list"]
    for place, answer in enumerate(("accept", "accept", "accept", "declined", "not appropriate", "died or moved")):
        listed.answer(place, answer, Reason="asked" if answer == "declined" else None)
    listed.answer(6, "already managed", Reason="heart team", day=dt.date(2015, 3, 20))
    sheets["judgement"].answer(0, "accept")
    sheets["judgement"].answer(1, "not appropriate")
    sheets["removals"].answer(0, "end", Reason="well")
    sheets["removals"].answer(1, "keep")
    sheets["reviews"].answer(0, "done", day=dt.date(2015, 3, 25))
    sheets["reviews"].answer(1, "declined")


def returned(folder: Path, selection: Any, fill: Any = fill, codes: Any = CODES) -> Any:
    back = folder.with_name(f"{folder.name}-back")
    back.mkdir(exist_ok=True)
    for code in codes:
        book = (folder / "practices" / f"{code}.xlsx").read_bytes()
        (back / f"{code}.xlsx").write_bytes(edited(book, fill))
    return cm.read_returns(back, selection)


def test_a_whole_round_in_a_file_of_its_own(tmp_path, april):
    published = april_published(april, tmp_path / "april")
    with a_caseload(tmp_path / "caseload.sqlite") as caseload:
        proposed = caseload.propose(published, by="CCG")
        assert counted(proposed, "joiners") == len(managed(april))
        answers = returned(tmp_path / "april", published)
        assert answers.explained.num_rows == 0
        decided = caseload.apply(answers)
        rows = answers.accepted.num_rows
        assert rows == 3 * 13
        assert decided.counts().to_pylist() == [
            {"practice_id": code, "recorded": 11, "unchanged": 0, "explained": 2} for code in CODES
        ]
        assert set(decided.explained["problem"].to_pylist()) == {
            "nominates nobody: nothing of the caseload changes",
            "says that no review is wanted: nothing of the caseload changes",
        }
        assert_recorded(caseload, answers, proposed)
        may = assert_next_month(caseload, april, answers)
        assert caseload.verify(heads_in(may.facts)).whole


def assert_recorded(caseload: Any, answers: Any, proposed: Any) -> None:
    """Each answer has its event, of the list that was answered, by whoever answered, on its day."""
    lists = {row["practice_id"]: row for row in proposed.events().to_pylist() if row["kind"] == "list_published"}
    events = [row for row in caseload.events().to_pylist() if row["practice_id"] and row["by"] == "Dr A"]
    assert len(events) == 33
    assert {row["basis"] - lists[row["practice_id"]]["number"] for row in events} == {0}
    by_sheet: dict[str, dict[tuple[str, str], Any]] = {}
    for row in answers.accepted.to_pylist():
        by_sheet.setdefault(row["sheet"], {})[row["practice_id"], row["patient_id"]] = row
    expected = {
        ("list", "accept"): "accepted",
        ("list", "declined"): "not_accepted",
        ("list", "not appropriate"): "not_accepted",
        ("list", "already managed"): "not_accepted",
        ("list", "died or moved"): "ended",
        ("judgement", "accept"): "nominated",
        ("removals", "end"): "ended",
        ("removals", "keep"): "removal_rejected",
        ("reviews", "done"): "reviewed",
    }
    kinds = {(row["practice_id"], row["patient_id"], row["kind"]): row for row in events}
    for sheet, of_sheet in by_sheet.items():
        for person, row in of_sheet.items():
            kind = expected.get((sheet, row["answer"]))
            if kind is None:
                continue
            event = kinds[*person, kind]
            # A decision counts from the list's day at the earliest, and a review from its own.
            early = row["date"] < dt.date(2015, 4, 1) and sheet != "reviews"
            assert event["happened_on"] == (dt.date(2015, 4, 1) if early else row["date"])


def assert_next_month(caseload: Any, april: Any, answers: Any) -> Any:
    now = statuses(caseload, MAY)
    assert sorted(now.values()).count("managed") == 9
    assert sorted(now.values()).count("not accepted") == 9
    assert sorted(now.values()).count("ended") == 6
    register = register_of(**{"on_caseload": people()["on_caseload"]})
    may = cm.select(
        cm.read_register(register.to_arrow(), as_of=MAY.isoformat(), practice_pattern="(?s).*"),
        april.scheme,
        score="score",
        over_cap="queue",
        previous=caseload,
        nominations=answers.nominations(),
    )
    on = {person for person, status in now.items() if status in ("managed", "proposed")}
    left = now.keys() - on
    assert people_of(may.removals()) == on - managed(may)
    assert may.facts["caseload"]["managed"] + may.facts["caseload"]["proposed"] == len(on)
    flagged = {
        (code, patient)
        for code, patient, flag in zip(
            *(people()[n] for n in ("practice_id", "patient_id", "on_caseload")), strict=True
        )
        if flag
    }
    assert may.facts["caseload"]["overruled"] == len(flagged & left)
    proposed = caseload.propose(may)
    assert counted(proposed, "joiners") == len(managed(may) - on)
    assert counted(proposed, "stayers") == len(managed(may) & on)
    assert counted(proposed, "nominated") == 0  # what was accepted is written down already
    assert people_of(caseload.on(MAY).removals()) == people_of(may.removals())
    for shown in practice_lists(may):
        standing = {row.patient_id: row.standing for row in shown.listed}
        for patient, said in standing.items():
            before = now.get((shown.practice_id, patient))
            words = {"not accepted": "not accepted before", "ended": "ended before", None: "new"}
            assert said == words.get(before, "stays")
    assert {"not accepted before", "new", "stays"} <= {
        row.standing for each in practice_lists(may) for row in each.listed
    }
    return may


def test_applying_twice_changes_nothing_and_more_answers_add_to_it(tmp_path, april):
    published = april_published(april, tmp_path / "april")
    caseload = a_caseload()
    caseload.propose(published)
    answers = returned(tmp_path / "april", published)
    assert counted(caseload.apply(answers), "recorded") == 33
    before = caseload.store.heads()
    for selection in (published, april):
        again = caseload.apply(returned(tmp_path / "april", selection))
        assert [counted(again, name) for name in ("recorded", "unchanged", "explained")] == [0, 33, 6]
        assert caseload.store.heads() == before

    def more(sheets: Any) -> None:
        fill(sheets)
        sheets["list"].answer(7, "accept")

    later = caseload.apply(returned(tmp_path / "april", published, more, ["C87001"]))
    assert later.counts().to_pylist() == [
        {"practice_id": "C87001", "recorded": 1, "unchanged": 11, "explained": 2},
        *({"practice_id": code, "recorded": 0, "unchanged": 11, "explained": 2} for code in CODES[1:]),
    ]
    kinds = [row["kind"] for row in later.events().to_pylist()]
    assert kinds == ["accepted", "return_read"]


def test_a_return_says_what_was_read(tmp_path, april):
    import json

    published = april_published(april, tmp_path / "april")
    caseload = a_caseload()
    caseload.propose(published)
    caseload.apply(returned(tmp_path / "april", published, codes=["C87002"]))
    (read,) = [row for row in caseload.events().to_pylist() if row["kind"] == "return_read"]
    details = json.loads(read["details"])
    assert (read["practice_id"], len(details.pop("answers"))) == ("C87002", 64)
    counts = {"accepted": 13, "explained": 0}
    assert {name: details[name] for name in counts} == counts and details["unanswered"] > 0
    assert read["happened_on"] == dt.date(2015, 4, 20)


def test_answers_to_a_list_that_was_never_proposed_are_refused(tmp_path, april):
    published = april_published(april, tmp_path / "april")
    answers = returned(tmp_path / "april", published, codes=["C87001"])
    caseload = a_caseload()
    for _ in range(2):
        before = caseload.store.heads()
        with pytest.raises(InputError, match=r"list of 2015-04-01 that 1 practice answered \('C87001'\) was never"):
            caseload.apply(answers)
        assert caseload.store.heads() == before
        other = register_of(score=[float(n % 7) for n in range(450)])
        caseload.propose(selection_of(other))  # another list of the same day
    with pytest.raises(InputError, match=r"returns: give what practices sent back"):
        caseload.apply(answers.accepted)


def test_more_nominations_than_places_are_left_to_the_practice(tmp_path, april):
    published = april_published(april, tmp_path / "april")
    (shown,) = practice_lists(april, ["C87001"])
    count = shown.judgement_left + 2

    def too_many(sheets: Any) -> None:
        for place in range(count):
            sheets["judgement"].answer(place, "accept")
        sheets["list"].answer(0, "accept")

    caseload = a_caseload()
    caseload.propose(published)
    answers = returned(tmp_path / "april", published, too_many, ["C87001"])
    decided = caseload.apply(answers)
    assert decided.counts().to_pylist() == [
        {"practice_id": "C87001", "recorded": 1, "unchanged": 0, "explained": count}
    ]
    assert all("for the practice to put them in order" in each for each in decided.explained["problem"].to_pylist())
    assert answers.overflow().num_rows == count


def test_a_late_answer_to_an_earlier_list_is_taken_as_what_it_is(tmp_path, april):
    published = april_published(april, tmp_path / "april")
    caseload = a_caseload()
    caseload.propose(published)
    may = cm.select(
        cm.read_register(register_of().to_arrow(), as_of=MAY.isoformat(), practice_pattern="(?s).*"),
        april.scheme,
        score="score",
        over_cap="queue",
        previous=caseload,
    )
    caseload.propose(may)
    assert counted(caseload.apply(returned(tmp_path / "april", published)), "recorded") == 33
    assert sorted(statuses(caseload, MAY).values()).count("managed") == 9
    assert sorted(statuses(caseload, "2015-04-19").values()).count("managed") == 0
