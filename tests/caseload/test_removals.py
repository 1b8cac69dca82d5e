"""Proposed removals: everyone on the caseload who is not case managed now is there once; nobody is dropped silently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import compare_twin as twin
import pyarrow as pa
import pytest
from compare_twin import Month
from engines import ANY_QUALITY, ANY_SIZE, assert_rows_same, score_argument
from months import pair
from registers import Case, arrow_of, read_scheme, read_table, scheme_text

import casemgmt as cm
from casemgmt.errors import InputError

COLUMNS = ["practice_id", "patient_id", "proposal", "reason", "detail", "proposed_on"]


def selected(month: Month, previous: Any = None, columns: list[str] | None = None) -> Any:
    """A selection by the library, with an earlier one as ``previous``."""
    case = month.case
    register = cm.read_register(
        arrow_of(case.rows, columns or case.columns),
        as_of=case.as_of,
        extracted_on=case.extracted_on,
        **ANY_QUALITY,
    )
    ranked_by = {"model": month.model} if month.model else {"score": score_argument(case)}
    options = {"list_sizes": case.list_sizes, **ANY_SIZE} if case.list_sizes is not None else ANY_SIZE
    return cm.select(
        register, read_scheme(case.scheme_text), **ranked_by, previous=previous, over_cap=case.over_cap, **options
    )


def told(removals: pa.Table) -> list[tuple[str, ...]]:
    """The rows of proposed removals without the day of the proposal."""
    return [tuple(row.values()) for row in removals.drop_columns(["proposed_on"]).to_pylist()]


def managed(selection: Any) -> set[tuple[str, str]]:
    return {(row["practice_id"], row["patient_id"]) for row in selection.to_arrow().to_pylist() if row["case_managed"]}


def carried(before: Any) -> set[tuple[str, str]]:
    """The caseload after a selection: the case managed, and whoever is proposed for removal and not decided about."""
    removals = before.removals()
    pending = zip(removals["practice_id"].to_pylist(), removals["patient_id"].to_pylist(), strict=True)
    return managed(before) | set(pending)


def with_caseload(case: Case, on_caseload: set[tuple[str, str]], *, flag_known: bool = True) -> Case:
    """The case as if its register said itself who is on the caseload."""
    rows = []
    for row in case.rows:
        own_flag = flag_known and row["on_caseload"]
        rows.append({**row, "on_caseload": own_flag or (row["practice_id"], row["patient_id"]) in on_caseload})
    return replace(case, rows=rows)


# Against a plain recount, over seeded pairs of registers


@pytest.mark.parametrize("seed", range(40))
def test_everyone_on_the_caseload_and_not_case_managed_is_there_once(seed):
    months = pair(seed)
    before = selected(months[0])
    after = selected(months[1], previous=before)
    path = twin.path_between(months[0], replace(months[1], case=with_caseload(months[1].case, carried(before))))
    assert_rows_same(list(path.new.selected.values()), without_reasons(after))

    own_flag = {person for person, read in path.new.people.items() if read.row["on_caseload"]}
    expected = (own_flag | carried(before)) - managed(after)
    found = after.removals()
    people = list(zip(found["practice_id"].to_pylist(), found["patient_id"].to_pylist(), strict=True))
    assert found.column_names == COLUMNS
    assert people == sorted(expected, key=lambda person: (person[0].encode(), person[1].encode()))
    changes = {
        (row["practice_id"], row["patient_id"]): (row["reason"], row["detail"])
        for row in cm.compare(before, after).changes.to_pylist()
        if row["route"] == "case_managed" and row["change"] == "leaver"
    }
    pending = {(row["practice_id"], row["patient_id"]): row for row in before.removals().to_pylist()}
    for row in found.to_pylist():
        person = row["practice_id"], row["patient_id"]
        ended = "check the record" if "see the quarantine" in row["detail"] else "confirm ended"
        assert row["proposal"] == ("propose removal" if path.new.is_listed(person) else ended)
        if person in pending and person not in path.new.people:
            assert row["reason"] == "registration"
            continue
        if person not in pending:
            assert (row["reason"], row["detail"]) == (changes.get(person) or plain_reason(path.new, person))
            assert row["proposed_on"] == months[1].case.as_of
        else:
            plain = plain_reason(path.new, person)
            earlier = pending[person]
            kept = plain[0] == "not selected" and earlier["reason"] not in ("registration", "objection")
            assert (row["reason"], row["detail"]) == ((earlier["reason"], earlier["detail"]) if kept else plain)
            assert row["proposed_on"] == earlier["proposed_on"]


def without_reasons(selection: Any) -> list[dict[str, Any]]:
    table = selection.to_arrow()
    return table.drop_columns([name for name in table.column_names if name.startswith("reason_")]).to_pylist()


def plain_reason(now: twin.Stop, person: twin.Person) -> tuple[str, str]:
    """What one register alone can say of someone who has a row in it."""
    read = now.people[person]
    if not read.listable:
        return "registration", "died" if read.row["date_of_death"] else "left the practice's list"
    if read.objected:
        return "objection", "objects to risk stratification"
    return "not selected", "on the caseload, and no route lets the patient in now"


@pytest.mark.parametrize("seed", range(40, 60))
def test_a_register_without_the_column_takes_the_caseload_from_the_earlier_selection(seed):
    drawn = map(pair, range(seed, 5000, 1000))
    months = next(each for each in drawn if not any("on_caseload = " in month.case.scheme_text for month in each))
    before = selected(months[0])
    columns = [name for name in months[1].case.columns if name != "on_caseload"]
    after = selected(months[1], previous=before, columns=columns)
    case = with_caseload(months[1].case, carried(before), flag_known=False)
    expected = twin.stop_at(replace(months[1], case=case)).selected
    assert_rows_same(list(expected.values()), without_reasons(after))
    people = zip(*(after.removals()[name].to_pylist() for name in COLUMNS[:2]), strict=True)
    assert set(people) == carried(before) - managed(after)


@pytest.mark.parametrize("seed", range(60, 75))
def test_an_earlier_selection_read_back_from_files_gives_the_same_people(seed, tmp_path):
    months = pair(seed)
    before = selected(months[0])
    before.save(tmp_path / "out")
    kept, read_back = (selected(months[1], previous=each) for each in (before, cm.load_selection(tmp_path / "out")))
    assert read_back.to_arrow().equals(kept.to_arrow())
    names = COLUMNS[:3]
    assert read_back.removals().select(names).equals(kept.removals().select(names))
    was_selected = {"registration", "objection", "not selected"}
    assert set(read_back.removals()["reason"].to_pylist()) <= was_selected


# By hand

RANKED = """name = "highest_risk"
kind = "top_share"
share = "{share}"
limit = "at_most"
of = {{}}
among = {{}}
counts_as = "case_management"
"""
MARCH = """
practice_id | patient_id | age | score | date_of_death | deregistered_on | objected
C87002      | ann        | 80  | 9     |               |                 |
C87002      | bob        | 80  | 8     |               |                 |
C87002      | cyd        | 80  | 7     |               |                 |
C87002      | dee        | 80  | 6     |               |                 |
C87002      | eve        | 80  | 5     |               |                 |
C87003      | fay        | 80  | 4     |               |                 |
"""


def by_hand(text: str, *, share: str = "1/2", as_of: str = "2015-04-01", **options: Any) -> Any:
    rows = read_table(text)
    table = pa.Table.from_pylist(rows, schema=pa.schema([(n, kind_of(n)) for n in rows[0]]))
    scheme = read_scheme(scheme_text([RANKED.format(share=share)]))
    return cm.select(cm.read_register(table, as_of=as_of), scheme, score="score", **options)


def kind_of(name: str) -> pa.DataType:
    kinds = {"age": pa.int64(), "score": pa.float64(), "date_of_death": pa.date32(), "deregistered_on": pa.date32()}
    return kinds.get(name, pa.bool_() if name in ("objected", "on_caseload") else pa.string())


APRIL = """
practice_id | patient_id | age | score | date_of_death | deregistered_on | objected
C87002      | ann        | 80  | 9     | 2015-04-20    |                 |
C87002      | bob        | 80  | 1     |               |                 |
C87002      | cyd        | 80  | 7     |               |                 |
C87002      | dee        | 80  | 6     |               |                 |
C87002      | eve        | 80  | 5     |               |                 |
C87003      | fay        | 80  | 4     |               |                 |
"""


def test_the_dead_are_to_be_confirmed_and_a_fallen_score_is_proposed():
    march = by_hand(MARCH)
    assert managed(march) == {("C87002", "ann"), ("C87002", "bob")}
    removals = by_hand(APRIL, previous=march, as_of="2015-05-01").removals()
    assert told(removals) == [
        ("C87002", "ann", "confirm ended", "registration", "died"),
        ("C87002", "bob", "propose removal", "own score", "score 8 to 1"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("bob        | 80  | 8     |               |                 |",
         "bob        | 80  | 8     |               | 2015-03-30      |",
         ("confirm ended", "registration", "left the practice's list")),
        ("C87002      | bob", "C87003      | bob",
         ("confirm ended", "registration", "moved to another practice's list")),
        ("C87002      | bob        | 80  | 8     |               |                 |\n", "",
         ("confirm ended", "registration", "no longer in the register")),
        ("C87002      | bob        | 80  | 8 ",
         "C87002      | bob        | 81  | 8     |  |  |\nC87002      | bob        | 82  | 8 ",
         ("check the record", "registration", "the row could not be used this time: see the quarantine")),
        ("bob        | 80  | 8     |               |                 |",
         "bob        | 80  | 8     |               |                 | T",
         ("propose removal", "objection", "objects to risk stratification now")),
        ("eve        | 80  | 5 ", "eve        | 80  | 8.5",
         ("propose removal", "cut moved", "the cut rose, or a tie now goes the other way")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("from_files", [False, True])
def test_each_way_out_has_its_words(old, new, expected, from_files, tmp_path):
    assert old in MARCH
    march = by_hand(MARCH)
    if from_files:
        march.save(tmp_path / "march")
        march = cm.load_selection(tmp_path / "march")
    later = by_hand(MARCH.replace(old, new, 1), previous=march)
    row = next(row for row in later.removals().to_pylist() if row["patient_id"] == "bob")
    if from_files and expected[0] == "propose removal":
        word = "objects to risk stratification" if expected[1] == "objection" else None
        expected = (
            expected[0],
            expected[1] if word else "not selected",
            word or "on the caseload, and no route lets the patient in now",
        )
    assert (row["proposal"], row["reason"], row["detail"]) == expected
    assert row["practice_id"] == "C87002"


def test_an_earlier_selection_breaks_a_tie():
    tied = MARCH.replace("| 7 ", "| 8 ")
    alone = {who for _, who in managed(by_hand(tied))}
    assert alone < {"ann", "bob", "cyd"}
    for who in ("bob", "cyd"):
        earlier = by_hand(tied.replace(f"{who}        | 80  | 8 ", f"{who}        | 80  | 8.5"))
        assert {patient for _, patient in managed(by_hand(tied, previous=earlier))} == {"ann", who}


def test_a_smaller_share_proposes_removals_whose_reason_is_the_scheme():
    smaller = by_hand(MARCH, share="1/5", previous=by_hand(MARCH))
    assert told(smaller.removals()) == [
        ("C87002", "bob", "propose removal", "scheme", "the scheme's rule is another one")
    ]


def test_the_registers_own_caseload_needs_no_earlier_selection():
    text = "\n".join(
        f"{line} | {'on_caseload' if 'practice_id' in line else 'T' if 'ann' in line or 'dee' in line else ''}"
        for line in MARCH.strip().splitlines()
    )
    assert told(by_hand(text).removals()) == [
        ("C87002", "dee", "propose removal", "not selected", "on the caseload, and no route lets the patient in now")
    ]


def test_nobody_is_proposed_when_everyone_stays_or_nobody_was_there():
    march = by_hand(MARCH)
    assert by_hand(MARCH, previous=march).removals().num_rows == 0
    assert march.removals().num_rows == 0
    assert march.removals().column_names == COLUMNS


def test_an_earlier_selection_leaves_the_register_as_it_was():
    march = by_hand(MARCH)
    rows = read_table(MARCH)
    table = pa.Table.from_pylist(rows, schema=pa.schema([(n, kind_of(n)) for n in rows[0]]))
    register = cm.read_register(table, as_of="2015-04-01")
    scheme = read_scheme(scheme_text([RANKED.format(share="1/5")]))
    cm.select(register, scheme, score="score", previous=march)
    assert cm.select(register, scheme, score="score").removals().num_rows == 0


def test_removals_are_published_and_read_back(tmp_path):
    later = by_hand(APRIL, previous=by_hand(MARCH), as_of="2015-05-01")
    later.save(tmp_path / "out")
    assert cm.load_selection(tmp_path / "out").removals().equals(later.removals())


@pytest.mark.parametrize("from_files", [False, True])
def test_a_removal_that_nobody_decides_is_proposed_month_after_month(from_files, tmp_path):
    before, months = by_hand(MARCH), ["2015-05-01", "2015-06-01", "2015-07-01", "2015-08-01"]
    found = []
    for month in months:
        if from_files:
            before.save(tmp_path / month)
            before = cm.load_selection(tmp_path / month)
        before = by_hand(APRIL, previous=before, as_of=month)
        found.append(before.removals().to_pylist())
    assert [row["patient_id"] for row in found[0]] == ["ann", "bob"]
    assert {row["proposed_on"].isoformat() for row in found[0]} == {"2015-05-01"}
    assert found[1:] == [found[0]] * 3


def test_a_patient_selected_again_is_pending_no_more():
    may = by_hand(APRIL, previous=by_hand(MARCH), as_of="2015-05-01")
    june = by_hand(MARCH, previous=may, as_of="2015-06-01")
    assert managed(june) == {("C87002", "ann"), ("C87002", "bob")}
    assert june.removals().column("patient_id").to_pylist() == ["cyd", "dee"]
    july = by_hand(MARCH, previous=june, as_of="2015-07-01")
    assert [row["proposed_on"].isoformat() for row in july.removals().to_pylist()] == ["2015-06-01"] * 2


GONE = APRIL.replace("C87002      | ann        | 80  | 9     | 2015-04-20    |                 |\n", "")


def test_whoever_left_the_register_stays_to_be_confirmed():
    may = by_hand(GONE, previous=by_hand(MARCH), as_of="2015-05-01")
    june = by_hand(GONE, previous=may, as_of="2015-06-01")
    assert told(june.removals())[0] == (
        *("C87002", "ann", "confirm ended"),
        *("registration", "no longer in the register"),
    )


ENDED = {
    "mapping": lambda folder: {"bob": "declined", "ann": "died"},
    "table": lambda folder: pa.table({"patient_id": ["bob", "ann"], "reason": ["declined", "died"]}),
    "file": lambda folder: write(folder / "ended.csv", "patient_id,reason\nbob,declined\nann,died\n"),
}


def write(path: Any, text: str) -> Any:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ENDED)
@pytest.mark.parametrize("rows", [APRIL, GONE])
def test_whoever_was_ended_by_a_person_is_proposed_no_more(kind, rows, tmp_path):
    may = by_hand(rows, previous=by_hand(MARCH), as_of="2015-05-01")
    june = by_hand(rows, previous=may, as_of="2015-06-01", ended=ENDED[kind](tmp_path))
    assert june.removals().num_rows == 0
    assert june.facts["ended"] == 2
    assert by_hand(rows, previous=june, as_of="2015-07-01").removals().num_rows == 0


def test_ended_takes_a_patient_off_the_registers_own_caseload():
    text = "\n".join(
        f"{line} | {'on_caseload' if 'practice_id' in line else 'T' if 'dee' in line else ''}"
        for line in MARCH.strip().splitlines()
    )
    assert by_hand(text).removals().num_rows == 1
    assert by_hand(text, ended={"dee": "moved"}).removals().num_rows == 0


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        ({"eve": "died"}, "1 patient not on the caseload"),
        ({"bob": ""}, "1 patient without a reason"),
        ({7: "died"}, "whose patient_id is missing or no text"),
        (pa.table({"patient_id": ["bob", "bob"], "reason": ["a", "b"]}), "1 patient twice"),
        (pa.table({"patient_id": ["bob"]}), "without the column 'reason'"),
        (["bob"], "a mapping of patient ids to reasons"),
    ],
)
def test_an_ending_that_cannot_be_understood_is_refused(ended, message):
    with pytest.raises(InputError) as refusal:
        by_hand(APRIL, previous=by_hand(MARCH), as_of="2015-05-01", ended=ended)
    assert message in str(refusal.value)
    assert "eve" not in str(refusal.value)
    assert "bob" not in str(refusal.value)
