"""What a practice is shown: the right patients, in the right order, with what a person needs to decide."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random

import pyarrow as pa
import pytest
from practice_books import AS_OF, people, register_of, selection_of

import casemgmt as cm
from casemgmt.dates import date_months_after
from casemgmt.errors import InputError
from casemgmt.outputs.practice.answers import JUDGEMENT, LIST
from casemgmt.outputs.practice.making import practice_lists
from casemgmt.outputs.practice.marks import is_same_row, marker_of
from casemgmt.outputs.practice.practice_list import PracticeList, risk_in_words
from casemgmt.outputs.practice.shown import SHOWN_COLUMNS, shown_of
from casemgmt.outputs.practice.wording import Sending
from casemgmt.register.reading import read_register


@pytest.fixture(scope="module")
def selection() -> cm.Selection:
    return selection_of()


@pytest.fixture(scope="module")
def shown(selection) -> list[PracticeList]:
    return list(practice_lists(selection))


def test_the_list_holds_those_whom_a_place_is_used_for_by_rank(selection, shown):
    for each in shown:
        table = selection.practice(each.practice_id)
        managed = [row for row in table.to_pylist() if row["case_managed"]]
        expected = sorted(
            managed, key=lambda row: (row["score"] is None, -(row["score"] or 0), row["patient_id"].encode())
        )
        assert [row.patient_id for row in each.listed] == [row["patient_id"] for row in expected]
        assert [row.route for row in each.listed] == [row["place"] for row in expected]
        ranks = [row.rank for row in each.listed if row.rank is not None]
        assert ranks == sorted(ranks)
        for row, expected_row in zip(each.listed, expected, strict=True):
            assert expected_row["rank"] in (None, row.rank)


def test_a_rank_counts_everyone_of_the_practice_with_a_higher_score(shown):
    columns = people()
    scores: dict[str, list[float]] = {}
    for code, score in zip(columns["practice_id"], columns["score"], strict=True):
        if score is not None:
            scores.setdefault(code, []).append(score)
    for each in shown:
        for row in (*each.listed, *each.candidates):
            own = None if row.score is None else 1 + sum(score > row.score for score in scores[each.practice_id])
            assert row.rank == own


def test_whoever_was_on_the_caseload_stays_and_the_others_are_new(selection, shown):
    caseload = {p for p, on in zip(people()["patient_id"], people()["on_caseload"], strict=True) if on}
    for each in shown:
        assert {row.standing for row in each.listed} == {"new", "stays"}
        assert {row.patient_id for row in each.listed if row.standing == "stays"} == caseload & {
            row.patient_id for row in each.listed
        }
        assert all((row.standing == "was on last list") == (row.patient_id in caseload) for row in each.candidates)
    again = list(practice_lists(selection_of(previous=selection)))
    assert {row.standing for each in again for row in each.listed} == {"stays"}


def test_without_an_earlier_list_nobody_is_called_new():
    columns = people()
    del columns["on_caseload"]
    made = selection_of(read_register(pa.table(columns), as_of=AS_OF.isoformat()))
    assert {row.standing for each in practice_lists(made) for row in each.listed} == {""}


def test_candidates_are_on_no_place_and_have_not_objected_and_the_waiting_come_first():
    objected = [i % 7 == 3 for i in range(450)]
    nominated = [i % 11 == 0 for i in range(450)]
    made = selection_of(register_of(objected=objected, nominated=nominated))
    barred = {p for p, no in zip(people()["patient_id"], objected, strict=True) if no}
    waiting = set(made.queue()["patient_id"].to_pylist())
    assert waiting
    for each in practice_lists(made):
        managed = {row.patient_id for row in each.listed}
        ids = [row.patient_id for row in each.candidates]
        assert ids and len(set(ids)) == len(ids) and not managed & set(ids)
        assert not barred & {row.patient_id for row in each.candidates if not row.waits}
        waits = [row.waits for row in each.candidates]
        assert waits == sorted(waits, reverse=True)
        assert {row.patient_id for row in each.candidates if row.waits} == waiting & set(ids)
        assert all(row.prompts for row in each.candidates)


def test_the_first_below_the_cut_and_the_often_admitted_are_prompted(selection, shown):
    for each in shown:
        managed = {row.patient_id for row in each.listed}
        rows = [
            (score, patient)
            for patient, code, score in zip(*(people()[n] for n in ("patient_id", "practice_id", "score")), strict=True)
            if code == each.practice_id and score is not None and patient not in managed
        ]
        below = {row.patient_id for row in each.candidates if "just below the cut" in row.prompts}
        most = sorted(score for score, _ in rows)[-len(below)]
        assert {patient for score, patient in rows if score > most} <= below
        assert any("emergency admissions" in prompt for row in each.candidates for prompt in row.prompts)
        assert any("palliative" in prompt for row in each.candidates for prompt in row.prompts)


def test_reviews_are_those_due_or_due_within_a_month_the_longest_overdue_first(selection, shown):
    columns = people()
    for each in shown:
        expected = {
            patient: None if last is None else date_months_after(last, 12)
            for patient, code, age, last in zip(
                *(columns[name] for name in ("patient_id", "practice_id", "age", "last_review")), strict=True
            )
            if code == each.practice_id and age >= 75
        }
        due = {patient: day for patient, day in expected.items() if day is None or day <= date_months_after(AS_OF, 1)}
        assert {row.patient_id: row.due_on for row in each.reviews} == due
        days = [row.due_on or dt.date.min for row in each.reviews]
        assert days == sorted(days)
        overdue = sum(day is None or day <= AS_OF for day in due.values())
        assert overdue == sum(route.due or 0 for route in each.routes)


def test_removals_go_to_the_practice_that_they_are_about(selection, shown):
    for each in shown:
        own = [row for row in selection.removals().to_pylist() if row["practice_id"] == each.practice_id]
        assert [row.patient_id for row in each.removals] == [row["patient_id"] for row in own]
        assert [row.proposed_on for row in each.removals] == [row["proposed_on"] for row in own]
    assert any(each.removals for each in shown)


def test_places_used_and_left_are_those_of_the_summary(selection, shown):
    rows = {(row["practice_id"], row["route"]): row for row in selection.summary().to_pylist()}
    for each in shown:
        for route in each.routes:
            row = rows[each.practice_id, route.name]
            assert (route.places, route.used, route.left) == (row["places"], row["used"], row["unused"])
        own = rows[each.practice_id, each.judgement]
        assert (each.judgement_places, each.judgement_used) == (own["places"], own["used"])
        assert each.judgement_left == own["unused"]
        assert len(each.empty_rows) >= 10


def test_the_order_of_the_register_changes_no_list(shown):
    columns = people()
    order = random.Random(3).sample(range(450), 450)
    shuffled = {name: [values[i] for i in order] for name, values in columns.items()}
    made = selection_of(read_register(pa.table(shuffled), as_of=AS_OF.isoformat()))

    def plain(each: PracticeList) -> PracticeList:
        rows = {
            name: tuple(dataclasses.replace(row, row=0) for row in getattr(each, name))
            for name in ("listed", "candidates", "reviews")
        }
        return dataclasses.replace(each, **rows)

    assert list(map(plain, practice_lists(made))) == list(map(plain, shown))


def test_one_practice_alone_is_shown_what_it_is_shown_among_all(selection, shown):
    for each in shown:
        assert list(practice_lists(selection, [each.practice_id])) == [each]


def test_who_should_do_what_by_when_says_the_day_and_where_to_send_it(selection):
    sending = Sending(reply_by=dt.date(2015, 4, 30), contact="team@example.nhs.uk")
    (each,) = practice_lists(selection, ["C87001"], sending=sending)
    said = " ".join(f"{task.who} {task.what} {task.by_when}" for task in each.tasks)
    assert "by 30 April 2015" in said and "team@example.nhs.uk" in said and each.contact == "team@example.nhs.uk"


def test_a_practice_that_is_not_there_and_a_scanned_register_are_refused(selection, tmp_path):
    with pytest.raises(InputError, match="C87009"):
        list(practice_lists(selection, ["C87009"]))
    import pyarrow.parquet as pq

    pq.write_table(pa.table(people()), tmp_path / "r.parquet")
    scanned = selection_of(cm.scan_register(tmp_path / "r.parquet", as_of=AS_OF.isoformat()))
    with pytest.raises(InputError, match="needs every row"):
        list(practice_lists(scanned))


def test_a_points_score_has_no_risk_and_a_model_gives_plain_reasons():
    register = cm.synthesise("C87606", "2021-01-01", 1)
    scheme, points = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
    (each,) = practice_lists(cm.select(register, scheme, model=points))
    assert {row.risk_words for row in each.listed} == {""}
    (each,) = practice_lists(cm.select(register, scheme, model=cm.load_model("demonstration-admission")))
    assert {row.risk_words for row in each.listed if row.score is not None} != {""}
    reasons = [reason for row in each.listed for reason in row.reasons]
    assert any(reason.startswith("Living with") for reason in reasons)
    assert not any("odds" in reason or "demonstration" in reason for reason in reasons)
    assert each.cautions and all(row.reasons for row in each.listed)


def test_a_risk_is_said_as_people_count_it():
    said = [risk_in_words(risk) for risk in (None, 0.0, 0.004, 0.006, 0.124, 0.995, 1.0)]
    assert said == ["", "under 1 in 100", "under 1 in 100", "1 in 100", "12 in 100", "over 99 in 100", "over 99 in 100"]


# Marks


def test_each_mark_stands_once_and_changes_with_all_that_it_covers(selection, shown):
    marks = [
        row.mark
        for each in shown
        for rows in (each.listed, each.candidates, each.reviews, each.removals, each.empty_rows)
        for row in rows
    ]
    assert len(set(marks)) == len(marks)
    mark = marker_of(selection).mark
    first = mark("C87001", LIST, "p1", ("a", "b"))
    others = [
        mark("C87002", LIST, "p1", ("a", "b")),
        mark("C87001", JUDGEMENT, "p1", ("a", "b")),
        mark("C87001", LIST, "p2", ("a", "b")),
    ]
    assert not any(is_same_row(first, other) for other in others)
    changed = mark("C87001", LIST, "p1", ("b", "a"))
    assert is_same_row(first, changed) and first != changed
    assert mark("C87001", LIST, "p1", (" a ", "b")) == first


def test_marks_follow_from_the_key_and_without_one_from_the_whole_selection(selection, tmp_path, monkeypatch):
    key, other = tmp_path / "key", tmp_path / "other"
    key.write_text("0123456789abcdef0123456789abcdef")
    other.write_text("fedcba9876543210fedcba9876543210")
    by_key = marker_of(selection, key).mark("C87001", LIST, "p1", ())
    assert by_key == marker_of(selection_of(), key).mark("C87001", LIST, "p1", ())
    assert by_key != marker_of(selection, other).mark("C87001", LIST, "p1", ())
    plain = marker_of(selection).mark("C87001", LIST, "p1", ())
    assert plain == marker_of(selection_of()).mark("C87001", LIST, "p1", ()) != by_key
    monkeypatch.setenv("CASEMGMT_MARKS_KEY", key.read_text())
    assert marker_of(selection).mark("C87001", LIST, "p1", ()) == by_key
    assert key.read_text() not in repr(marker_of(selection))


@pytest.mark.parametrize("weak", ["", "short", "a" * 64])
def test_a_weak_key_is_refused_and_never_shown(selection, tmp_path, weak):
    (tmp_path / "key").write_text(weak)
    with pytest.raises(InputError, match="too weak") as caught:
        marker_of(selection, tmp_path / "key")
    assert not weak or weak not in str(caught.value)


def test_what_a_row_shows_is_a_text_for_each_column(shown):
    for each in shown:
        for sheet, rows in ((LIST, each.listed), (JUDGEMENT, each.candidates)):
            assert all(len(shown_of(row)) == len(SHOWN_COLUMNS[sheet]) for row in rows)
