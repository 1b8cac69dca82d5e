"""A caseload as what was before a selection."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import openpyxl
import pytest
from caseload_months import a_caseload, a_decision, chosen, managed, people_of

import casemgmt as cm
from casemgmt.errors import InputError, VerifyError
from casemgmt.outputs.practice.heads import digest_of, heads_in, published_heads

PEOPLE = [("C87001", name) for name in ("ann", "bob", "cyd", "dee", "eve", "fay", "gus", "hal", "ida", "jim")]
ANN, BOB, CYD, DEE = PEOPLE[:4]
SCORES = {person: float(len(PEOPLE) - place) for place, person in enumerate(PEOPLE)}


@pytest.fixture
def caseload():
    """Five people, of whom Bob has ended since."""
    found = a_caseload()
    found.propose(chosen(SCORES, "2015-03-01"), recorded_at=dt.datetime(2015, 3, 1, 9, tzinfo=dt.UTC))
    rows = [a_decision(ANN, "accept", "2015-03-05"), a_decision(BOB, "declined", "2015-03-05")]
    found.decide(rows, recorded_at=dt.datetime(2015, 3, 6, 9, tzinfo=dt.UTC))
    return found


def test_who_left_is_off_the_caseload_whatever_the_register_says(caseload):
    falling = {**SCORES, BOB: 0.5, CYD: 0.5}
    for columns in ({}, {"on_caseload": {BOB, CYD}}):
        april = chosen(falling, "2015-04-01", previous=caseload, columns=columns)
        assert people_of(april.removals()) == {CYD}
        assert april.facts["caseload"]["overruled"] == len(columns)
        assert (april.facts["caseload"]["managed"], april.facts["caseload"]["proposed"]) == (1, 3)


def test_who_is_on_the_caseload_comes_first_among_equals_and_who_left_does_not(caseload):
    level = dict.fromkeys(SCORES, 5.0)
    everyone = {"on_caseload": set(PEOPLE[5:])}
    assert managed(chosen(level, "2015-04-01", share="2/5", previous=caseload)) == set(PEOPLE[:5]) - {BOB}
    flagged = chosen(level, "2015-04-01", share="9/10", previous=caseload, columns=everyone)
    assert managed(flagged) == set(PEOPLE) - {BOB}


def test_a_column_of_the_state_in_its_place_gives_the_same_list(caseload):
    """As for records that live in Spark, where there is no ``previous=``."""
    level = dict.fromkeys(SCORES, 5.0)
    flags = {"on_caseload": people_of(caseload.on("2015-04-01").to_arrow())}
    by_column = chosen(level, "2015-04-01", share="2/5", columns=flags)
    before = chosen(level, "2015-04-01", share="2/5", previous=caseload, columns={"on_caseload": {BOB}})
    for name in ("to_arrow", "summary"):
        assert getattr(by_column, name)().equals(getattr(before, name)())
    assert people_of(by_column.removals()) == people_of(before.removals())


def test_the_state_is_that_of_the_list_date_as_known_now(caseload):
    falling = {**SCORES, ANN: 0.5, BOB: 0.5}
    early = chosen(falling, "2015-03-04", previous=caseload)
    assert people_of(early.removals()) == {ANN, BOB}
    assert (early.facts["caseload"]["on"], early.facts["caseload"]["known_at"]) == ("2015-03-04", None)
    later = chosen(falling, "2015-04-01", previous=caseload)
    assert people_of(later.removals()) == {ANN}
    known = caseload.on("2015-04-01", known_at=dt.datetime(2015, 3, 2, tzinfo=dt.UTC))
    then = chosen(falling, "2015-04-01", previous=known)
    assert people_of(then.removals()) == {ANN, BOB}
    assert then.facts["caseload"]["known_at"] == "2015-03-02T00:00:00+00:00"
    assert then.facts["caseload"]["heads"]["C87001"][0] < later.facts["caseload"]["heads"]["C87001"][0]


def test_lists_of_a_later_day_must_be_meant(caseload):
    caseload.propose(chosen(SCORES, "2015-05-01", previous=caseload))
    with pytest.raises(InputError, match=r"a list of 2015-05-01 was proposed .* previous=caseload.on\('2015-04-01'\)"):
        chosen(SCORES, "2015-04-01", previous=caseload)
    assert chosen(SCORES, "2015-04-01", previous=caseload.on("2015-04-01")).facts["caseload"]["on"] == "2015-04-01"
    with pytest.raises(InputError, match="the state of the caseload is of 2015-06-01, after the list date"):
        chosen(SCORES, "2015-05-01", previous=caseload.on("2015-06-01"))


def test_the_same_list_date_once_more_gives_the_same_list(caseload):
    april = chosen(SCORES, "2015-04-01", previous=caseload)
    caseload.propose(april)
    again = chosen(SCORES, "2015-04-01", previous=caseload)
    assert again.to_arrow().equals(april.to_arrow()) and again.removals().equals(april.removals())
    assert caseload.propose(again).events().num_rows == 0


def test_a_caseload_of_strangers_is_refused(caseload):
    others = {(practice, f"x{patient}"): score for (practice, patient), score in SCORES.items()}
    more = {("C87001", "kim"): 9.0, ("C87001", "lee"): 8.0}
    caseload.propose(chosen({**more, **dict(list(SCORES.items())[6:])}, "2015-03-02"))
    with pytest.raises(InputError, match=r"previous: 0 of the \d+ people on the caseload are in this register at all"):
        chosen(others, "2015-04-01", previous=caseload)


def test_a_practice_with_people_on_the_caseload_that_the_register_lacks_is_named(caseload):
    elsewhere = {("C87002", patient): score for (_, patient), score in SCORES.items()}
    with pytest.raises(InputError, match="1 practice of the caseload has no accepted row in this register: 'C87001'"):
        chosen(elsewhere, "2015-04-01", previous=caseload)
    caseload.decide([a_decision(person, "moved", "2015-03-20", by=None) for person in PEOPLE[:5] if person != BOB])
    chosen(elsewhere, "2015-04-01", previous=caseload)


def test_a_new_caseload_changes_nothing():
    plain = chosen(SCORES, "2015-03-01")
    first = chosen(SCORES, "2015-03-01", previous=a_caseload())
    for name in ("to_arrow", "summary", "removals"):
        assert getattr(first, name)().equals(getattr(plain, name)())
    assert first.facts["caseload"]["heads"] == {}


@pytest.mark.parametrize("previous", [7, "caseload.sqlite", {}])
def test_something_else_is_neither_a_selection_nor_a_caseload(previous):
    with pytest.raises(InputError, match=r"previous: give a selection, .* or a caseload, from cm.open_caseload"):
        chosen(SCORES, "2015-03-01", previous=previous)


def test_ended_may_be_given_beside_the_caseload(caseload):
    falling = {**SCORES, ANN: 0.5, CYD: 0.5}
    april = chosen(falling, "2015-04-01", previous=caseload, ended={"cyd": "died"})
    assert people_of(april.removals()) == {ANN}


def test_the_head_of_the_chain_is_on_what_the_practice_gets(caseload, tmp_path):
    april = chosen(SCORES, "2015-04-01", previous=caseload)
    head = caseload.store.heads()["C87001"]
    assert heads_in(april.facts) == {"C87001": (head.number, head.hash.hex())}
    april.save(tmp_path / "a", workbooks=True, pages=True)
    assert published_heads(tmp_path / "a") == heads_in(april.facts)
    assert heads_in(cm.load_selection(tmp_path / "a").facts) == heads_in(april.facts)
    words = f"event {head.number}, hash {head.hash.hex()[:16]}"
    cover = openpyxl.load_workbook(tmp_path / "a" / "practices" / "C87001.xlsx")["Cover"]
    assert {row[0]: row[1] for row in cover.values}["Caseload before this list"] == words
    assert f"Caseload before this list: {words}." in (tmp_path / "a" / "practices" / "C87001.html").read_text()
    assert "made from the caseload" in (tmp_path / "a" / "practices" / "README.txt").read_text()

    # What was proposed and decided since is not told by a list that was made before.
    caseload.propose(april)
    april.save(tmp_path / "b", workbooks=True, pages=True)
    files = [sorted(each for each in (tmp_path / name).rglob("*") if each.is_file()) for name in "ab"]
    assert [each.read_bytes() for each in files[0]] == [each.read_bytes() for each in files[1]]


def test_a_report_says_one_hash_of_all_chains_and_no_number_of_events(caseload, tmp_path):
    caseload.propose(chosen({("C87002", "kim"): 2, ("C87002", "lee"): 1}, "2015-03-01"))
    everyone = {**SCORES, ("C87002", "kim"): 2.0, ("C87002", "lee"): 1.0}
    april = chosen(everyone, "2015-04-01", previous=caseload)
    report = cm.commissioner_report(april)
    heads = caseload.store.heads()
    lines = "".join(f"{code} {heads[code].number} {heads[code].hash.hex()}\n" for code in ("C87001", "C87002"))
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert digest == digest_of(heads_in(april.facts))
    assert f"SHA-256 of the ends of its chains: {digest[:16]}." in report.to_html()
    report.save(tmp_path / "report")
    assert json.loads((tmp_path / "report" / "manifest.json").read_text())["facts"]["caseload_digest"] == digest
    cover = openpyxl.load_workbook(tmp_path / "report" / "report.xlsx")["Cover"]
    assert any(digest[:16] in str(row[0]) for row in cover.values)
    assert "caseload" not in cm.commissioner_report(chosen(everyone, "2015-04-01")).to_html()


def test_a_list_without_a_caseload_says_nothing_of_one(tmp_path):
    plain = chosen(SCORES, "2015-03-01")
    plain.save(tmp_path / "a", workbooks=True, pages=True)
    assert published_heads(tmp_path / "a") == {}
    cover = openpyxl.load_workbook(tmp_path / "a" / "practices" / "C87001.xlsx")["Cover"]
    assert "Caseload before this list" not in {row[0] for row in cover.values}
    for name in ("C87001.html", "README.txt"):
        text = (tmp_path / "a" / "practices" / name).read_text()
        assert "Caseload before this list:" not in text and "made from the caseload" not in text


def test_heads_of_a_manifest_that_was_edited_are_not_given(caseload, tmp_path):
    chosen(SCORES, "2015-04-01", previous=caseload).save(tmp_path / "a")
    manifest = tmp_path / "a" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"heads"', '"heads "'))
    with pytest.raises(VerifyError, match="damaged, or was edited"):
        published_heads(tmp_path / "a")
    with pytest.raises(VerifyError):
        published_heads(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("declined", "not accepted before"),
        ("moved", "left before"),
        ("died", "recorded as dead"),
    ],
)
def test_a_row_says_how_the_patient_left_before(caseload, said, words, tmp_path):
    from casemgmt.outputs.practice.making import practice_lists

    caseload.decide([a_decision(CYD, said, "2015-03-10")])
    april = chosen(SCORES, "2015-04-01", previous=caseload)
    (shown,) = practice_lists(april)
    standing = {row.patient_id: row.standing for row in shown.listed}
    assert (standing["ann"], standing["bob"], standing["cyd"]) == ("stays", "not accepted before", words)
    april.workbook("C87001", tmp_path / "a.xlsx")
    april.page("C87001", tmp_path / "a.html")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert words in {cell for row in book.worksheets[1].values for cell in row}
    said_of_list = next(row[1] for row in book["Cover"].values if row[0] and "Sheet" in row[0])
    assert said_of_list == "5 patients: 0 new, 3 stay, 2 who left before"
    assert f'<option value="standing:{words}">' in (tmp_path / "a.html").read_text()
    assert any(words in str(row[0]) for row in book["Legend"].values)
