"""What comes back from a practice: intact rows are taken, the rest is explained, and twice is the same as once."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import python_calamine
from practice_books import DAY, edited, opened, people, register_of, selection_of, sheets_of, written

import casemgmt as cm
from casemgmt.cli.files import write_table
from casemgmt.errors import CapExceededError, InputError, InputWarning
from casemgmt.outputs.practice.answers import RETURN_FORMAT, RETURN_VERSION
from casemgmt.outputs.practice.making import practice_lists
from casemgmt.outputs.practice.sheets import layout

OFFICE = shutil.which("soffice")


@pytest.fixture(scope="module")
def selection() -> cm.Selection:
    return selection_of()


@pytest.fixture(scope="module")
def books(selection, tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("books")
    return {code: selection.workbook(code, folder / f"{code}.xlsx").read_bytes() for code in selection.practices}


def sent(folder: Path, **files: bytes) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / f"{name}.xlsx").write_bytes(data)
    return [folder / f"{name}.xlsx" for name in files]


def problems(returned: cm.Returns) -> list[str]:
    return returned.explained["problem"].to_pylist()


def read(tmp_path: Path, selection: Any, *books: bytes) -> cm.Returns:
    return cm.read_returns(sent(tmp_path / "in", **{f"book{i}": data for i, data in enumerate(books)}), selection)


def answers(returned: cm.Returns) -> list[tuple[Any, ...]]:
    names = ("practice_id", "patient_id", "sheet", "answer")
    return list(zip(*(returned.accepted[name].to_pylist() for name in names), strict=True))


# What is intact


def test_answers_come_back_as_they_were_given(tmp_path, selection, books):
    def fill(sheets):
        sheets["list"].answer(0, "accept")
        sheets["list"].answer(1, " Declined ", Reason="asked twice;  prefers not")
        sheets["judgement"].answer(0, "accept", Order=2)
        sheets["reviews"].answer(0, "done", day="2015-04-21")
        sheets["removals"].answer(0, "end", Reason="moved on")

    data = edited(books["C87001"], fill)
    sheets = sheets_of(opened(data))
    first = {name: sheet.cell(0, "Patient id").value for name, sheet in sheets.items()}
    second = sheets["list"].cell(1, "Patient id").value
    returned = read(tmp_path, selection, data)
    assert problems(returned) == []
    assert answers(returned) == [
        ("C87001", first["list"], "list", "accept"),
        ("C87001", second, "list", "declined"),
        ("C87001", first["judgement"], "judgement", "accept"),
        ("C87001", first["reviews"], "reviews", "done"),
        ("C87001", first["removals"], "removals", "end"),
    ]
    rows = returned.accepted.to_pylist()
    assert rows[1]["reason"] == "asked twice; prefers not" and rows[0]["reason"] is None
    assert {row["who"] for row in rows} == {"Dr A"}
    assert [row["date"] for row in rows] == [DAY, DAY, DAY, dt.date(2015, 4, 21), DAY]
    assert [row["nomination_order"] for row in rows] == [None, None, 2, None, None]
    whole = sum(len(sheet.values("Patient id")) for sheet in sheets.values())
    empty = sum(value is None for value in sheets["judgement"].values("Patient id"))
    counts = returned.counts().to_pylist()[0]
    assert counts == {"practice_id": "C87001", "accepted": 5, "explained": 0, "unanswered": whole - empty - 5}


def test_a_workbook_that_nobody_filled_in_is_read_without_a_word(tmp_path, selection, books):
    returned = read(tmp_path, selection, *books.values())
    assert returned.accepted.num_rows == returned.explained.num_rows == 0
    assert returned.unanswered.num_rows > 200


def test_the_cover_says_for_all_rows_who_decided_and_when(tmp_path, selection, books):
    book = opened(books["C87001"])
    for row in book[layout.COVER].iter_rows():
        if row[0].value in (layout.ANSWERED_BY, layout.ANSWERED_ON):
            row[1].value = "Dr B, GP partner" if row[0].value == layout.ANSWERED_BY else DAY
    sheets = sheets_of(book)
    sheets["list"].answer(0, "accept", who=None, day=None)
    sheets["list"].answer(1, "accept")
    returned = read(tmp_path, selection, written(book))
    assert problems(returned) == []
    assert returned.accepted["who"].to_pylist() == ["Dr B, GP partner", "Dr A"]


def test_importing_twice_changes_nothing(tmp_path, selection, books):
    data = edited(books["C87001"], lambda sheets: [sheets["list"].answer(i, "accept") for i in range(5)])
    once, twice = read(tmp_path, selection, data), read(tmp_path, selection, data, data)
    drop = lambda table: table.drop_columns(["file"])  # noqa: E731
    assert drop(once.accepted).equals(drop(twice.accepted))
    assert once.nominations().equals(twice.nominations()) and once.ended().equals(twice.ended())
    assert problems(twice) == ["repeats an answer that was taken: nothing changed"] * 5
    assert once.unanswered.equals(twice.unanswered)


def test_the_published_selection_reads_the_same_as_the_one_that_was_made(tmp_path, selection, books):
    data = edited(books["C87001"], lambda sheets: [sheets["judgement"].answer(i, "accept") for i in range(5)])
    loaded = cm.load_selection(selection.save(tmp_path / "out"))
    made, read_back = read(tmp_path, selection, data), read(tmp_path, loaded, data)
    for name in ("accepted", "explained", "unanswered"):
        assert getattr(made, name).equals(getattr(read_back, name))
    assert made.nominations().equals(read_back.nominations())


def test_a_key_of_ones_own_is_needed_to_read_what_was_marked_by_it(tmp_path, selection):
    key = tmp_path / "key"
    key.write_text("0123456789abcdef0123456789abcdef")
    data = selection.workbook("C87001", tmp_path / "C87001.xlsx", key=key).read_bytes()
    (path,) = sent(tmp_path / "in", book=edited(data, lambda sheets: sheets["list"].answer(0, "accept")))
    assert cm.read_returns(path, selection, key=key).accepted.num_rows == 1
    returned = cm.read_returns(path, selection)
    assert returned.accepted.num_rows == 0 and "mark that is not this patient's" in problems(returned)[0]


# What is not


def shift(sheets, sheet: str, head: str, rows: int = 6) -> None:
    """One column sorted by itself: its cells go round."""
    own = sheets[sheet]
    values = [own.cell(place, head).value for place in range(rows)]
    for place in range(rows):
        own.cell(place, head).value = values[(place + 1) % rows]


def answer_some(sheets, sheet: str = "list", rows: int = 6) -> None:
    for place in range(rows):
        sheets[sheet].answer(place, "accept")


@pytest.mark.parametrize("head", ["Patient id", "Rank", "Mark", "Age"])
def test_one_column_sorted_by_itself_is_noticed_and_no_row_of_it_is_taken(tmp_path, selection, books, head):
    def edit(sheets):
        answer_some(sheets)
        shift(sheets, "list", head)

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    sheet = sheets_of(opened(books["C87001"]))["list"]
    values = [sheet.cell(place, head).value for place in range(6)]
    moved = sum(values[place] != values[(place + 1) % 6] for place in range(6))
    assert moved >= 3 and returned.accepted.num_rows == 6 - moved
    assert len(problems(returned)) == moved and all("sorted by itself" in said for said in problems(returned))


def test_rows_sorted_as_a_whole_are_taken(tmp_path, selection, books):
    def edit(sheets):
        answer_some(sheets)
        own = sheets["list"]
        rows = [[own.cell(place, head).value for head in own.heads] for place in range(12)]
        for place, row in enumerate(reversed(rows)):
            for head, value in zip(own.heads, row, strict=True):
                own.cell(place, head).value = value

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    assert problems(returned) == [] and returned.accepted.num_rows == 6


def test_a_sheet_that_says_some_of_its_columns_were_sorted_is_not_taken(tmp_path, selection, books):
    data = edited(books["C87001"], answer_some)
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w") as new:
        for part in old.infolist():
            text = old.read(part)
            if part.filename == "xl/worksheets/sheet2.xml":
                text = text.replace(b"</sheetData>", b'</sheetData><sortState ref="J6:J12"/>')
            new.writestr(part, text)
    returned = read(tmp_path, selection, held.getvalue())
    assert returned.accepted.num_rows == 0
    assert "sorted in some of its columns alone" in problems(returned)[0]


def test_a_row_pasted_from_another_practice_is_named_and_not_taken(tmp_path, selection, books):
    other = sheets_of(opened(edited(books["C87002"], answer_some)))["list"]

    def edit(sheets):
        answer_some(sheets, rows=2)
        for head in other.heads:
            sheets["list"].cell(1, head).value = other.cell(1, head).value

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    assert returned.accepted.num_rows == 1
    assert problems(returned) == ["belongs to the list of practice 'C87002'"]


def test_an_empty_row_of_another_practice_is_no_empty_row_here(tmp_path, selection, books):
    other = sheets_of(opened(books["C87002"]))["judgement"]
    mark = other.values("Mark")[-1]

    def edit(sheets):
        own = sheets["judgement"]
        last = len(own.values("Mark")) - 1
        own.answer(last, "accept")
        own.cell(last, "Patient id").value = "p00001"
        own.cell(last, "Mark").value = mark

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    assert returned.accepted.num_rows == 0 and problems(returned) == ["belongs to the list of practice 'C87002'"]


def test_a_row_moved_to_another_sheet_is_not_taken(tmp_path, selection, books):
    def edit(sheets):
        source, target = sheets["judgement"], sheets["list"]
        target.answer(0, "accept")
        target.cell(0, "Patient id").value = source.cell(0, "Patient id").value
        target.cell(0, "Mark").value = source.cell(0, "Mark").value

    assert "moved here from another sheet" in problems(read(tmp_path, selection, edited(books["C87001"], edit)))[0]


@pytest.mark.parametrize("formula", ["=TRUE()", '="accept"', "=A1", '=HYPERLINK("http://x","accept")'])
@pytest.mark.parametrize("head", ["Answer", "Who", "Patient id", "Mark", "Date"])
def test_a_formula_is_no_answer_even_where_it_has_no_value(tmp_path, selection, books, formula, head):
    def edit(sheets):
        answer_some(sheets, rows=2)
        sheets["list"].cell(0, head).value = formula

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    assert returned.accepted.num_rows == 1
    assert problems(returned) == [f"{head} is a formula, not a value"]


def test_the_other_reader_takes_a_formula_without_a_value_for_an_empty_cell(tmp_path, books):
    """Why openpyxl reads the returns: an answer would be lost without a word."""
    data = edited(books["C87001"], lambda sheets: sheets["list"].answer(0, "=TRUE()"))
    (path,) = sent(tmp_path / "in", book=data)
    rows = python_calamine.load_workbook(path).get_sheet_by_name(layout.SHEET_NAMES["list"]).to_python()
    head = layout.headings("list").index("Answer")
    assert rows[layout.HEADER_ROW["list"] - 1][head] == "Answer"
    assert rows[layout.HEADER_ROW["list"]][head] == ""


def test_a_workbook_reads_the_same_by_another_library(tmp_path, selection, books):
    (path,) = sent(tmp_path / "in", book=edited(books["C87001"], answer_some))
    rows = python_calamine.load_workbook(path).get_sheet_by_name(layout.SHEET_NAMES["list"]).to_python()
    heads = layout.headings("list")
    body = [dict(zip(heads, row, strict=False)) for row in rows[layout.HEADER_ROW["list"] :]]
    expected = [(row["Patient id"], row["Answer"], row["Who"]) for row in body if row["Answer"]]
    accepted = cm.read_returns(path, selection).accepted
    assert list(zip(*(accepted[name].to_pylist() for name in ("patient_id", "answer", "who")), strict=True)) == expected


def test_an_answer_in_a_hidden_row_is_explained_and_the_others_are_taken(tmp_path, selection, books):
    def edit(sheets):
        answer_some(sheets, rows=3)
        sheets["list"].page.row_dimensions[sheets["list"].first + 1].hidden = True
        sheets["list"].page.row_dimensions[sheets["list"].first + 8].hidden = True

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    assert returned.accepted.num_rows == 2
    assert returned.explained.to_pylist()[0]["row"] == layout.HEADER_ROW["list"] + 2
    assert problems(returned) == ["stands in a hidden row: show all rows"]


@pytest.mark.parametrize("head", ["Answer", "Patient id", "Why", "Mark"])
def test_a_renamed_heading_stops_its_sheet_and_no_other(tmp_path, selection, books, head):
    def edit(sheets):
        answer_some(sheets)
        answer_some(sheets, "reviews", 2)
        sheets["list"].cell(-1, head).value = "Outcome"

    data = edited(books["C87001"], lambda sheets: [answer_some(sheets), sheets["reviews"].answer(0, "done")])
    data = edited(data, lambda sheets: setattr(sheets["list"].cell(-1, head), "value", "Outcome"))
    returned = read(tmp_path, selection, data)
    assert {row[2] for row in answers(returned)} == {"reviews"}
    assert problems(returned) == [f"has another heading in the place of '{head}': columns stand as they were sent"]
    assert returned.explained["sheet"].to_pylist() == ["list"]


def test_a_deleted_or_added_column_stops_its_sheet(tmp_path, selection, books):
    fewer = edited(books["C87001"], lambda sheets: [answer_some(sheets), sheets["list"].page.delete_cols(3)])
    more = edited(books["C87001"], lambda sheets: [answer_some(sheets), sheets["list"].page.insert_cols(3)])
    for data in (fewer, more):
        returned = read(tmp_path, selection, data)
        assert returned.accepted.num_rows == 0 and "another heading" in problems(returned)[0]


def test_duplicates_are_taken_once_where_they_agree_and_not_at_all_where_they_do_not(tmp_path, selection, books):
    def copy(sheets, *, other: str):
        own = sheets["list"]
        own.answer(0, "accept")
        last = len(own.values("Mark"))
        for head in own.heads:
            own.cell(last, head).value = own.cell(0, head).value
        own.cell(last, "Answer").value = other

    same = read(tmp_path, selection, edited(books["C87001"], lambda sheets: copy(sheets, other="accept")))
    assert same.accepted.num_rows == 1 and problems(same) == ["repeats an answer that was taken: nothing changed"]
    differing = read(tmp_path, selection, edited(books["C87001"], lambda sheets: copy(sheets, other="declined")))
    assert differing.accepted.num_rows == 0
    assert problems(differing) == ["is one of 2 answers about the same patient that differ: send one"] * 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": "yes"}, "none of: accept, not appropriate, declined"),
        ({"answer": True}, "Answer is true or false, not text"),
        ({"answer": 1}, "Answer is a number, not text"),
        ({"answer": None, "Reason": "x"}, "has no answer"),
        ({"answer": "accept", "who": None}, "does not say who decided"),
        ({"answer": "accept", "day": None}, "does not say when"),
        ({"answer": "accept", "day": "20/04/2015"}, "Date is not a day"),
        ({"answer": "accept", "day": True}, "Date is not a day"),
        ({"answer": "accept", "day": dt.date(2051, 4, 20)}, "more than two years"),
        ({"answer": "accept", "Reason": "x" * 301}, "Reason is longer than 300"),
        ({"answer": "accept", "who": 7}, "Who is a number"),
        ({"answer": "accept", "Patient id": 12}, "Patient id is a number"),
        ({"answer": "accept", "Patient id": None}, "has no patient id"),
        ({"answer": "accept", "Mark": None}, "has no mark"),
        ({"answer": "#N/A"}, "Answer is an error of the spreadsheet"),
    ],
)
def test_a_faulty_cell_is_explained_in_words_and_the_next_row_is_taken(tmp_path, selection, books, change, said):
    def edit(sheets):
        sheets["list"].answer(0, **change)
        sheets["list"].answer(1, "accept")

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    assert returned.accepted.num_rows == 1 and len(problems(returned)) == 1
    assert said in problems(returned)[0]


def test_an_order_must_be_a_number_and_belongs_to_an_acceptance(tmp_path, selection, books):
    def edit(sheets):
        sheets["judgement"].answer(0, "accept", Order="first")
        sheets["judgement"].answer(1, "declined", Order=1)
        sheets["judgement"].answer(2, "accept", Order="3")

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    assert problems(returned) == ["Order is not a whole number from 1 to 9999", "has an order, and is not accepted"]
    assert returned.accepted["nomination_order"].to_pylist() == [3]


# Anyone on the practice's list may be nominated in an empty row


def fill_empty(sheets, *ids: Any) -> None:
    own = sheets["judgement"]
    first = own.values("Patient id").index(None)
    for place, patient in enumerate(ids, start=first):
        own.answer(place, "accept")
        own.cell(place, "Patient id").value = patient


def test_anyone_on_the_list_can_be_written_into_an_empty_row_and_nobody_else(tmp_path, selection, books):
    (shown,) = practice_lists(selection, ["C87001"])
    named = {row.patient_id for row in (*shown.listed, *shown.candidates)}
    columns = people()
    own = [p for p, code in zip(columns["patient_id"], columns["practice_id"], strict=True) if code == "C87001"]
    free = next(patient for patient in own if patient not in named)
    elsewhere = next(
        p for p, code in zip(columns["patient_id"], columns["practice_id"], strict=True) if code != "C87001"
    )
    ids = (free, elsewhere, "nobody", shown.listed[0].patient_id, 12)
    returned = read(tmp_path, selection, edited(books["C87001"], lambda sheets: fill_empty(sheets, *ids)))
    assert answers(returned) == [("C87001", free, "judgement", "accept")]
    assert problems(returned) == [
        "names nobody on the practice's list by an id as the register writes it",
        "names nobody on the practice's list by an id as the register writes it",
        "names a patient of the case-management list: answer there",
        "Patient id is a number, not text",
    ]


# Files


def test_files_that_are_no_returns_are_explained_and_the_others_read(tmp_path, selection, books):
    good = edited(books["C87001"], answer_some)
    folder = tmp_path / "in"
    sent(folder, good=good, cut=good[: len(good) // 2], text=b"hello", empty=b"")
    macro = io.BytesIO(good)
    with zipfile.ZipFile(macro, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    (folder / "macro.xlsx").write_bytes(macro.getvalue())
    (folder / "other.json").write_text('{"format": "something else"}')
    (folder / "~$good.xlsx").write_bytes(b"lock")
    returned = cm.read_returns(folder, selection)
    assert returned.accepted.num_rows == 6
    said = dict(zip(returned.explained["file"].to_pylist(), problems(returned), strict=True))
    assert set(said) == {"cut.xlsx", "text.xlsx", "empty.xlsx", "macro.xlsx", "other.json"}
    assert "macros" in said["macro.xlsx"] and "damaged" in said["cut.xlsx"]
    assert returned.explained["row"].to_pylist() == [None] * 5


def test_a_small_file_that_unpacks_to_millions_of_rows_is_not_unpacked(tmp_path, selection, books):
    row = b'<row r="6"><c t="inlineStr"><is><t>accept</t></is></c></row>'
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(books["C87001"])) as old,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new,
    ):
        for part in old.infolist():
            text = old.read(part)
            if part.filename == "xl/worksheets/sheet2.xml":
                text = text.replace(b"</sheetData>", row * 1_500_000 + b"</sheetData>")
            new.writestr(part, text)
    assert len(held.getvalue()) < 1_000_000
    returned = read(tmp_path, selection, held.getvalue())
    assert problems(returned) == ["unpacks to far more than a return holds, and was not read"]


@pytest.mark.parametrize(
    ("part", "end", "more"),
    [
        ("xl/sharedStrings.xml", b"</sst>", b"<si><t/></si>" * 400_000),
        ("xl/styles.xml", b"</cellXfs>", b'<xf numFmtId="0"/>' * 100_000),
        ("xl/worksheets/sheet2.xml", b"</dataValidations>", b'<dataValidation sqref="A1"/>' * 700_000),
        ("xl/workbook.xml", b"</definedNames>", b'<definedName name="a">1</definedName>' * 60_000),
    ],
)
def test_parts_with_more_tags_than_a_return_has_are_not_parsed(tmp_path, selection, books, part, end, more):
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(books["C87001"])) as old,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for each in old.infolist():
            text = old.read(each)
            assert each.filename != part or end in text
            new.writestr(each, text.replace(end, more + end) if each.filename == part else text)
    returned = read(tmp_path, selection, held.getvalue())
    assert problems(returned) == ["unpacks to far more than a return holds, and was not read"]


def test_a_cell_at_the_far_corner_of_a_sheet_costs_nothing(tmp_path, selection, books):
    data = edited(books["C87001"], lambda sheets: [answer_some(sheets), sheets["reviews"].answer(0, "done")])
    data = edited(data, lambda sheets: setattr(sheets["list"].page["XFD1048576"], "value", 1))
    returned = read(tmp_path, selection, data)
    assert {row[2] for row in answers(returned)} == {"reviews"}
    assert problems(returned) == ["holds more rows than a return can have"]


@pytest.mark.parametrize("part", ["xl/worksheets/sheet2.xml", "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_entities_are_never_unfolded(tmp_path, selection, books, part):
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(books["C87001"])) as old, zipfile.ZipFile(held, "w") as new:
        for each in old.infolist():
            text = old.read(each)
            new.writestr(each, bomb + text.split(b"?>", 1)[1] if each.filename == part else text)
    assert "cannot be read as a workbook" in problems(read(tmp_path, selection, held.getvalue()))[0]


def test_a_merged_range_over_the_whole_sheet_costs_nothing(tmp_path, selection, books):
    data = edited(books["C87001"], answer_some)
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w") as new:
        for part in old.infolist():
            text = old.read(part)
            if part.filename == "xl/worksheets/sheet2.xml":
                merged = b'</sheetData><mergeCells count="1"><mergeCell ref="R1:XFD1048576"/></mergeCells>'
                text = text.replace(b"</sheetData>", merged)
            new.writestr(part, text)
    assert read(tmp_path, selection, held.getvalue()).accepted.num_rows == 6


def test_a_return_to_another_selection_is_explained_as_such(tmp_path, selection):
    later = selection_of(register_of(score=[(i * 31 % 397) / 8 for i in range(450)]))
    data = later.workbook("C87001", tmp_path / "C87001.xlsx").read_bytes()
    returned = read(tmp_path, selection, edited(data, answer_some))
    assert returned.accepted.num_rows == 0
    assert "answers another selection, with a list of 2015-04-01" in problems(returned)[0]
    assert problems(returned)[1:] == ["stands in a file that was not taken"] * 6


def test_paths_that_are_not_there_are_refused(tmp_path, selection):
    with pytest.raises(InputError, match="no file"):
        cm.read_returns(tmp_path / "none.xlsx", selection)
    (tmp_path / "list.ods").write_bytes(b"")
    with pytest.raises(InputError, match="neither a workbook"):
        cm.read_returns(tmp_path / "list.ods", selection)
    with pytest.raises(InputError, match="sent out"):
        cm.read_returns(tmp_path, "selection")


def test_nothing_that_stands_in_a_cell_is_shown_by_a_problem(tmp_path, selection, books):
    def edit(sheets):
        for place, head in enumerate(("Answer", "Patient id", "Mark", "Date", "Why", "Rank")):
            sheets["list"].answer(place, "accept")
            sheets["list"].cell(place, head).value = "Zebedee Canary"

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    assert len(problems(returned)) == 6
    assert not any("Canary" in f"{row}" for row in returned.explained.to_pylist())
    assert "Canary" not in repr(returned) + returned._repr_html_() and "p0" not in repr(returned)


# The page's file


def page_return(selection: Any, practice: str, answered: int = 3, **facts: Any) -> dict[str, Any]:
    (shown,) = practice_lists(selection, [practice])
    rows = [
        {
            "mark": row.mark,
            "patient_id": row.patient_id,
            "sheet": "judgement",
            "answer": "accept",
            "reason": "",
            "who": "Dr A",
            "date": DAY.isoformat(),
            "order": None,
        }
        for row in shown.candidates[:answered]
    ]
    return {
        "format": RETURN_FORMAT,
        "format_version": RETURN_VERSION,
        "practice_id": practice,
        "scheme": shown.scheme_id,
        "as_of": shown.as_of.isoformat(),
        "fingerprint": shown.fingerprint,
        "rows": rows,
        **facts,
    }


def read_page(tmp_path: Path, selection: Any, *found: Any) -> cm.Returns:
    paths = []
    for number, each in enumerate(found):
        path = tmp_path / f"page{number}.json"
        path.write_text(each if isinstance(each, str) else json.dumps(each), encoding="utf-8")
        paths.append(path)
    return cm.read_returns(paths, selection)


def test_a_pages_file_says_the_same_as_the_workbook(tmp_path, selection, books):
    page = read_page(tmp_path, selection, page_return(selection, "C87001"))
    data = edited(books["C87001"], lambda sheets: [sheets["judgement"].answer(i, "accept") for i in range(3)])
    book = read(tmp_path, selection, data)
    assert answers(page) == answers(book) and problems(page) == []
    assert page.nominations().equals(book.nominations())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mark": ""}, "has no mark"),
        ({"patient_id": "p00001"}, "mark that is not this patient's"),
        ({"sheet": "list"}, "from another sheet"),
        ({"sheet": "x"}, "Sheet is none"),
        ({"answer": 1}, "Answer is a number"),
        ({"date": "soon"}, "Date is not a day"),
        ({"order": -1}, "Order is not"),
        ({"who": ["x"]}, "Who is of another kind"),
        ({"more": 1}, "1 value that no page sends"),
    ],
)
def test_a_faulty_row_of_a_pages_file_is_explained(tmp_path, selection, change, said):
    found = page_return(selection, "C87001")
    found["rows"][1] |= change
    returned = read_page(tmp_path, selection, found)
    assert returned.accepted.num_rows == 2 and said in problems(returned)[0]
    assert returned.explained["row"].to_pylist() == [2]


@pytest.mark.parametrize(
    "found", ["", "[]", "{", "null", "[" * 100_000, '{"format": NaN}', "\ud800".encode("utf-8", "surrogatepass").hex()]
)
def test_a_file_that_is_no_pages_return_is_explained(tmp_path, selection, found):
    assert "not a file of answers" in problems(read_page(tmp_path, selection, found))[0]


def test_a_pages_return_of_another_version_practice_or_selection_is_explained(tmp_path, selection):
    found = [
        page_return(selection, "C87001", format_version=2),
        page_return(selection, "C87001", practice_id="C99999"),
        page_return(selection, "C87001", fingerprint="0" * 16),
        page_return(selection, "C87001", rows=3),
        page_return(selection, "C87001", as_of=None),
        page_return(selection, "C87001", practice_id="C87002"),
    ]
    returned = read_page(tmp_path, selection, *found)
    assert returned.accepted.num_rows == 0
    said = " ".join(problems(returned))
    assert all(
        words in said for words in ("another version", "not in this selection", "another selection", "cut short")
    )
    assert "belongs to the list of practice 'C87001'" in said


# What the next selection takes


def test_nominations_and_endings_go_into_the_next_selection_and_all_counts_agree(tmp_path, selection, books):
    def fill(sheets):
        sheets["list"].answer(0, "declined", Reason="asked")
        fill_empty(sheets)
        sheets["judgement"].answer(0, "accept")
        sheets["judgement"].answer(1, "not appropriate")
        sheets["removals"].answer(0, "end")

    data = {code: edited(book, fill) for code, book in books.items()}
    returned = cm.read_returns(sent(tmp_path / "in", **data), selection)
    assert problems(returned) == [] and returned.overflow().num_rows == 0
    chosen = {row[1] for row in answers(returned) if row[2:] == ("judgement", "accept")}
    ended = set(returned.ended()["patient_id"].to_pylist())
    assert len(chosen) == 3 and len(ended) == 6
    again = selection_of(previous=selection, nominations=returned.nominations(), ended=returned.ended())
    table = again.to_arrow().to_pylist()
    assert chosen <= {row["patient_id"] for row in table if row["place"] == "judgement"}
    before = {row["patient_id"] for row in selection.to_arrow().to_pylist() if row["place"] == "judgement"}
    assert {row["patient_id"] for row in table if row["place"] == "judgement"} == (before - ended) | chosen
    assert not ended & set(again.removals()["patient_id"].to_pylist())
    nominations = returned.nominations()
    assert again.facts["nominations"] == {"given": nominations.num_rows, "in_register": nominations.num_rows}
    whole = cm.load_selection(again.save(tmp_path / "out"))
    assert whole.facts == again.facts


def test_a_practice_that_accepts_too_many_gets_them_back_to_put_in_order(tmp_path, selection, books):
    (shown,) = practice_lists(selection, ["C87001"])
    count = shown.judgement_left + 2
    assert count <= len(shown.candidates)
    every = edited(books["C87001"], lambda sheets: [sheets["judgement"].answer(i, "accept") for i in range(count)])
    returned = read(tmp_path, selection, every)
    over = returned.overflow().to_pylist()
    assert len(over) == count and {row["places_left"] for row in over} == {shown.judgement_left}
    assert {row["nomination_order"] for row in over} == {None}
    with pytest.raises(CapExceededError, match="C87001"):
        cm.select(
            register_of(), selection.scheme, score="score", previous=selection, nominations=returned.nominations()
        )
    ordered = edited(
        every, lambda sheets: [sheets["judgement"].answer(i, "accept", Order=count - i) for i in range(count)]
    )
    returned = read(tmp_path, selection, ordered)
    again = selection_of(previous=selection, nominations=returned.nominations())
    waiting = [row["patient_id"] for row in again.queue().to_pylist() if row["practice_id"] == "C87001"]
    assert waiting == [shown.candidates[1].patient_id, shown.candidates[0].patient_id]
    first = next(practice_lists(again, ["C87001"])).candidates[:2]
    assert all(row.waits for row in first) and {row.patient_id for row in first} == set(waiting)


def test_nominations_are_taken_from_a_mapping_a_file_or_a_table_and_refused_where_wrong(tmp_path, selection):
    columns = people()
    ids = [p for p, code in zip(columns["patient_id"], columns["practice_id"], strict=True) if code == "C87001"][7:10]
    table = pa.table({"patient_id": ids, "nomination_order": [1, 2, 3]})
    (tmp_path / "n.csv").write_text(
        "patient_id,nomination_order\n" + "".join(f"{p},{i + 1}\n" for i, p in enumerate(ids))
    )
    made = [
        selection_of(nominations=given).to_arrow()
        for given in (dict(zip(ids, (1, 2, 3), strict=True)), table, tmp_path / "n.csv", table.to_pandas())
    ]
    assert all(each.equals(made[0]) for each in made)
    judged = [row["patient_id"] for row in made[0].to_pylist() if row["judgement"]]
    assert set(ids) <= set(judged)
    none = pa.table({"patient_id": ids, "nominated": [False] * 3})
    assert not set(ids) & {
        row["patient_id"] for row in selection_of(nominations=none).to_arrow().to_pylist() if row["judgement"]
    }
    moved = table.append_column("practice_id", pa.array(["C87001", "C87002", "C87001"]))
    with pytest.warns(InputWarning, match="1 of 3 nominations set aside"):
        made_of_moved = selection_of(nominations=moved)
    assert made_of_moved.facts["nominations"] == {"given": 3, "in_register": 2}
    for wrong in (
        {"p00001": 0},
        {"p00001": "x"},
        {"": 1},
        {7: 1},
        pa.table({"id": ids}),
        pa.table({"patient_id": [*ids, ids[0]]}),
        pa.table({"patient_id": ids, "nominated": ["perhaps"] * 3}),
        {"nobody": 1, "nobody else": 2},
        7,
    ):
        with pytest.raises(InputError, match="nominations="):
            selection_of(nominations=wrong)


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_a_workbook_that_libreoffice_has_saved_is_taken_row_for_row(tmp_path, selection, books):
    def fill(sheets):
        answer_some(sheets)
        fill_empty(sheets)
        sheets["judgement"].answer(0, "accept", Order=1)
        sheets["reviews"].answer(0, "done")
        sheets["removals"].answer(0, "keep")

    sent(tmp_path / "in", **{code: edited(book, fill) for code, book in books.items()})
    command = [OFFICE, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to"]
    files = [str(path) for path in (tmp_path / "in").iterdir()]
    run = [*command, "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "saved"), *files]
    subprocess.run(run, capture_output=True, check=True, timeout=180)
    before, after = cm.read_returns(tmp_path / "in", selection), cm.read_returns(tmp_path / "saved", selection)
    assert problems(after) == []
    assert after.accepted.equals(before.accepted) and after.accepted.num_rows == 27
    assert after.unanswered.equals(before.unanswered)


# What an attacker, or a hurried person, sends


def page_file(selection, **changes: Any) -> dict[str, Any]:
    """What a page of C87001 gives back: its first row accepted."""
    (shown,) = practice_lists(selection, ["C87001"])
    first = shown.listed[0]
    row = {"mark": first.mark, "patient_id": first.patient_id, "sheet": "list", "answer": "accept", "reason": ""}
    return {
        "format": RETURN_FORMAT,
        "format_version": RETURN_VERSION,
        "practice_id": "C87001",
        "scheme": selection.scheme.id,
        "as_of": "2015-04-01",
        "fingerprint": shown.fingerprint,
        "rows": [{**row, "who": "Dr A", "date": "2015-04-20", "order": None}],
        **changes,
    }


def test_two_answers_under_one_name_are_no_answer(tmp_path, selection):
    text = json.dumps(page_file(selection))
    (tmp_path / "a.json").write_text(text)
    assert cm.read_returns(tmp_path / "a.json", selection).accepted.num_rows == 1
    for name in ('"answer": "accept"', '"practice_id": "C87001"'):
        (tmp_path / "a.json").write_text(text.replace(name, f'"{name.split(chr(34))[1]}": "declined", {name}'))
        returned = cm.read_returns(tmp_path / "a.json", selection)
        assert returned.accepted.num_rows == 0 and "changed or cut short" in problems(returned)[0]


@pytest.mark.parametrize("said", ["Mary Smith, 999 000 0018", "\ud800", "C87001\n", "\x1b[31m", "x" * 10_000, ""])
def test_what_a_file_says_in_place_of_a_practice_is_not_shown(tmp_path, selection, said):
    (tmp_path / "a.json").write_text(json.dumps(page_file(selection, practice_id=said)))
    returned = cm.read_returns(tmp_path / "a.json", selection)
    assert returned.accepted.num_rows == 0 and returned.explained["practice_id"].to_pylist() == [None, None]
    assert "not in this selection" in problems(returned)[0]


def test_a_spreadsheet_of_another_kind_in_a_folder_is_no_practice_that_did_not_answer(tmp_path, selection, books):
    (path,) = sent(tmp_path / "in", good=edited(books["C87001"], answer_some))
    for name in ("C87002.ods", "C87002.xls", "C87003.csv", "C87003.xlsx.part", ".hidden.csv", "~$good.xlsx"):
        (path.parent / name).write_bytes(b"x")
    (path.parent / "more").mkdir()
    (path.parent / "more.xlsx").mkdir()
    returned = cm.read_returns(path.parent, selection)
    assert returned.accepted.num_rows == 6
    said = dict(zip(returned.explained["file"].to_pylist(), problems(returned), strict=True))
    assert list(said) == ["C87002.ods", "C87002.xls", "C87003.csv", "C87003.xlsx.part", "more", "more.xlsx"]
    assert all("save it as .xlsx" in said[name] for name in list(said)[:4]) and "folder" in said["more"]


def test_a_folder_without_a_file_is_no_answer_of_nobody(tmp_path, selection):
    (tmp_path / "empty").mkdir()
    for paths in (tmp_path / "empty", []):
        with pytest.raises(InputError, match="There is no returned file"):
            cm.read_returns(paths, selection)
    with pytest.raises(InputError, match="There is no file"):
        cm.read_returns(tmp_path / ("x" * 300 + ".xlsx"), selection)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_whose_name_is_no_text_is_explained_or_read(tmp_path, selection, books):
    folder = os.fsencode(tmp_path)
    with open(folder + b"/\xff1.xlsx", "wb") as file:  # noqa: PTH123
        file.write(edited(books["C87001"], answer_some))
    with open(folder + b"/\xff2.json", "wb") as file:  # noqa: PTH123
        file.write(b"{")
    returned = cm.read_returns(tmp_path, selection)
    assert returned.accepted.num_rows == 6 and len(problems(returned)) == 1


def test_what_stands_beside_the_table_is_said_though_nothing_in_it_is_filled_in(tmp_path, selection, books):
    def edit(sheets):
        own = sheets["list"]
        own.page.cell(own.first, len(own.heads) + 2).value = "accept"

    assert problems(read(tmp_path, selection, edited(books["C87001"], edit))) == [
        "has values to the right of its table"
    ]


def test_a_key_given_in_place_of_its_file_is_not_repeated(tmp_path, selection):
    for secret in ("0f3ac6b1d97e4258a1c0ffee12345678", "0f3ac6b1d97e/4258a1c0ffee12345678", "0f3ac6b1" * 40):
        with pytest.raises(InputError, match="never the key itself") as refused:
            selection.workbook("C87001", tmp_path / "C87001.xlsx", key=secret)
        assert "0f3ac6" not in str(refused.value)


def whole_page(selection, *answered: tuple[str, Any, str]) -> dict[str, Any]:
    """What a page gives back: (sheet, row, answer) of each."""
    rows = [
        {"mark": row.mark, "patient_id": row.patient_id, "sheet": sheet, "answer": answer, "who": "Dr A"}
        for sheet, row, answer in answered
    ]
    return page_file(selection, rows=[{**row, "reason": "", "date": "2015-04-20", "order": None} for row in rows])


@pytest.mark.parametrize("sheet", ["list", "judgement"])
def test_who_has_died_on_one_sheet_is_not_accepted_on_another(tmp_path, selection, sheet):
    (shown,) = practice_lists(selection, ["C87001"])
    reviews = {row.patient_id: row for row in shown.reviews}
    people_there = shown.listed if sheet == "list" else shown.candidates
    both, *_ = (row for row in people_there if row.patient_id in reviews)
    one = next(row for row in people_there if row is not both)
    review = reviews[both.patient_id]
    page = whole_page(selection, (sheet, both, "accept"), ("reviews", review, "died or moved"), (sheet, one, "accept"))
    (tmp_path / "a.json").write_text(json.dumps(page))
    returned = cm.read_returns(tmp_path / "a.json", selection)
    assert answers(returned) == [("C87001", one.patient_id, sheet, "accept")]
    assert problems(returned) == ["says other than another sheet about the same patient: send one answer"] * 2
    assert both.patient_id not in returned.ended()["patient_id"].to_pylist()
    page = whole_page(selection, (sheet, both, "accept"), ("reviews", review, "done"))
    (tmp_path / "a.json").write_text(json.dumps(page))
    assert cm.read_returns(tmp_path / "a.json", selection).accepted.num_rows == 2


def test_a_review_of_somebody_who_has_died_ends_their_case_management(tmp_path, selection):
    (shown,) = practice_lists(selection, ["C87001"])
    managed = {row.patient_id for row in shown.listed}
    of_list = [row for row in shown.reviews if row.patient_id in managed]
    of_others = [row for row in shown.reviews if row.patient_id not in managed]
    rows = [("reviews", row, "died or moved") for row in (*of_list, *of_others)]
    assert of_list and of_others
    (tmp_path / "a.json").write_text(json.dumps(whole_page(selection, *rows)))
    returned = cm.read_returns(tmp_path / "a.json", selection)
    assert sorted(returned.ended()["patient_id"].to_pylist()) == sorted(row.patient_id for row in of_list)
    nominated = {row["patient_id"] for row in returned.nominations().to_pylist() if row["nominated"]}
    assert not nominated & {row.patient_id for row in shown.reviews}
    cm.select(
        register_of(),
        selection.scheme,
        score="score",
        over_cap="queue",
        previous=selection,
        nominations=returned.nominations(),
        ended=returned.ended(),
    )


def test_a_name_nobody_can_see_is_no_name_and_a_week_is_no_day(tmp_path, selection):
    (row,) = page_file(selection)["rows"]
    for change, said in (
        ({"who": "\u200b\u200d"}, "Who holds letters that cannot be shown"),
        ({"reason": "\u202egnihton"}, "Reason holds letters that cannot be shown"),
        ({"date": "2015-W17-1"}, "Date is not a day"),
    ):
        (tmp_path / "a.json").write_text(json.dumps(page_file(selection, rows=[{**row, **change}])))
        returned = cm.read_returns(tmp_path / "a.json", selection)
        assert returned.accepted.num_rows == 0 and said in problems(returned)[0]


FORMULA_LIKE = ["=cmd()", "-123", "+44", '="x"', "@x", "'=x", "-1e5"]


def test_nominations_and_endings_come_back_from_a_csv_file_whatever_the_ids_look_like(tmp_path):
    ids = [f"p{i:05d}" for i in range(450)]
    for place, odd in enumerate(FORMULA_LIKE):
        ids[3 * (7 * place + 10)] = odd
    register = register_of(patient_id=ids)
    selection = selection_of(register)
    codes, orders = ["C87001"] * len(FORMULA_LIKE), range(1, len(FORMULA_LIKE) + 1)
    nominations = pa.table({"practice_id": codes, "patient_id": FORMULA_LIKE, "nomination_order": orders})
    managed = selection.to_arrow().filter(selection.to_arrow()["case_managed"])["patient_id"].to_pylist()
    gone = [*(odd for odd in FORMULA_LIKE if odd in managed), managed[0]]
    ended = pa.table({"patient_id": gone, "reason": ["-none-"] * len(gone)}).group_by(["patient_id", "reason"])
    tables = {"nominations": nominations, "ended": ended.aggregate([])}
    files = {name: tmp_path / f"{name}.csv" for name in tables}
    for name, table in tables.items():
        write_table(table, files[name], overwrite=False)
    kept: dict[str, Any] = {"score": "score", "over_cap": "queue", "previous": selection}
    made = cm.select(register, selection.scheme, **kept, **tables)
    read_back = cm.select(register, selection.scheme, **kept, **files)
    assert made.facts["nominations"] == {"given": len(FORMULA_LIKE), "in_register": len(FORMULA_LIKE)}
    assert made.to_arrow().equals(read_back.to_arrow()) and made.removals().equals(read_back.removals())


def test_a_nomination_that_meets_nobody_is_counted_and_not_lost_in_silence(selection):
    table = pa.table({"patient_id": ["p00003", "p00006", "p0009"], "practice_id": ["C87001"] * 3})
    kept: dict[str, Any] = {"score": "score", "over_cap": "queue"}
    with pytest.warns(InputWarning, match="1 of 3 nominations set aside") as said:
        cm.select(register_of(), selection.scheme, nominations=table, **kept)
    assert "p0009" not in str(said[0].message)
    withdrawn = table.append_column("nominated", pa.array([True, True, False]))
    cm.select(register_of(), selection.scheme, nominations=withdrawn, **kept)  # of nobody, so nothing is lost


def test_a_sheet_that_was_renamed_deleted_or_copied_is_not_passed_over_in_silence(tmp_path, selection, books):
    def changed(change) -> cm.Returns:
        book = opened(books["C87001"])
        answer_some(sheets_of(book))
        change(book, book[layout.SHEET_NAMES["list"]])
        return read(tmp_path, selection, written(book))

    renamed = changed(lambda book, page: setattr(page, "title", "Mary Smith"))
    assert renamed.accepted.num_rows == 0 and "Mary" not in str(renamed.explained.to_pylist())
    assert [row["sheet"] for row in renamed.explained.to_pylist()] == [None, "list"]
    assert ["copied or renamed" in problems(renamed)[0], "did not come back" in problems(renamed)[1]] == [True, True]
    deleted = changed(lambda book, page: book.remove(page))
    assert [row["sheet"] for row in deleted.explained.to_pylist()] == ["list"]
    copied = changed(lambda book, page: book.copy_worksheet(page))
    assert copied.accepted.num_rows == 6 and "copied or renamed" in problems(copied)[0]
    notes = changed(lambda book, page: book.create_sheet("Notes").append(["ring the daughter first"]))
    assert notes.accepted.num_rows == 6 and problems(notes) == []


def test_an_answer_that_is_merged_over_several_patients_is_not_taken_for_one(tmp_path, selection, books):
    def edit(sheets):
        answer_some(sheets)
        own = sheets["list"]
        column = own.column("Answer")
        own.page.merge_cells(start_row=own.first, end_row=own.first + 2, start_column=column, end_column=column)

    returned = read(tmp_path, selection, edited(books["C87001"], edit))
    assert returned.accepted.num_rows == 0 and "merged cells" in problems(returned)[0]
