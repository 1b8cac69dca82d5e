"""Workbooks edited in every way that people and machines edit them: exactly the intact rows are taken."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from practice_books import Sheet, opened, selection_of, sheets_of, written

import casemgmt as cm

ROWS = 12  # of the list's, that are filled in


@pytest.fixture(scope="module")
def selection() -> cm.Selection:
    return selection_of()


@pytest.fixture(scope="module")
def books(selection, tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("books")
    return {code: selection.workbook(code, folder / f"{code}.xlsx").read_bytes() for code in selection.practices}


# Each edit is told which rows it may touch, and says which of them are intact no longer.


def sort_one_column(sheet: Sheet, rows: list[int], chance: random.Random, other: Sheet) -> set[int]:
    head = chance.choice(["Patient id", "Rank", "Why", "Route", "Standing", "Care home", "Age", "Last review", "Mark"])
    before = [sheet.cell(row, head).value for row in rows]
    after = chance.sample(before, len(before))
    for row, value in zip(rows, after, strict=True):
        sheet.cell(row, head).value = value
    return {row for row, was, now in zip(rows, before, after, strict=True) if (was or "") != (now or "")}


def paste_from_another(sheet: Sheet, rows: list[int], chance: random.Random, other: Sheet) -> set[int]:
    whole = chance.random() < 0.5
    for head in sheet.heads if whole else ["Patient id", "Mark", "Answer"]:
        sheet.cell(rows[0], head).value = other.cell(chance.randrange(3) if not whole else 1, head).value
    sheet.cell(rows[0], "Answer").value = "accept"
    return {rows[0]}


def answer_by_formula(sheet: Sheet, rows: list[int], chance: random.Random, other: Sheet) -> set[int]:
    head = chance.choice(["Answer", "Reason", "Who", "Date", "Patient id", "Mark"])
    sheet.cell(rows[0], head).value = chance.choice(["=TRUE()", '="accept"', "=$J$6", '=CONCATENATE("acc","ept")'])
    return {rows[0]}


def hide(sheet: Sheet, rows: list[int], chance: random.Random, other: Sheet) -> set[int]:
    hidden = chance.sample(rows, chance.randint(1, len(rows)))
    for row in hidden:
        sheet.page.row_dimensions[sheet.first + row].hidden = True
    return set(hidden)


def repeat(sheet: Sheet, rows: list[int], chance: random.Random, other: Sheet) -> set[int]:
    last = sheet.page.max_row - sheet.first + 1
    for head in sheet.heads:
        sheet.cell(last, head).value = sheet.cell(rows[0], head).value
    if chance.random() < 0.5:
        return set()
    sheet.cell(last, "Answer").value = "not appropriate"
    return {rows[0]}


def overwrite(sheet: Sheet, rows: list[int], chance: random.Random, other: Sheet) -> set[int]:
    head = chance.choice(["Answer", "Patient id", "Mark", "Date", "Who", "Age", "Why"])
    wrong = ["yes", 7, True, 1e300, "Zebedee", "1-0-0", "p" * 400, "\u202e", "=1"]
    sheet.cell(rows[0], head).value = chance.choice(wrong[1:4] if head == "Who" else wrong)
    return {rows[0]}


def clear(sheet: Sheet, rows: list[int], chance: random.Random, other: Sheet) -> set[int]:
    sheet.cell(rows[0], chance.choice(["Patient id", "Mark", "Who", "Date", "Why", "Age"])).value = None
    return {rows[0]}


def sort_whole_rows(sheet: Sheet, rows: list[int], chance: random.Random, other: Sheet) -> set[int]:
    found = [[sheet.cell(row, head).value for head in sheet.heads] for row in rows]
    for row, values in zip(rows, chance.sample(found, len(found)), strict=True):
        for head, value in zip(sheet.heads, values, strict=True):
            sheet.cell(row, head).value = value
    return set()


EDITS = (sort_one_column, paste_from_another, answer_by_formula, hide, repeat, overwrite, clear, sort_whole_rows)


def edit_by_hand(books: dict[str, bytes], chance: random.Random) -> tuple[bytes, set[str]]:
    """A workbook that was filled in and edited, and the patients whose rows are intact."""
    book, other = opened(books["C87001"]), sheets_of(opened(books["C87002"]))["list"]
    sheet = sheets_of(book)["list"]
    for row in range(ROWS):
        sheet.answer(row, chance.choice(["accept", "declined", "already managed"]))
    patients = [sheet.cell(row, "Patient id").value for row in range(ROWS)]
    rows = chance.sample(range(ROWS), ROWS)
    spoilt: set[int] = set()
    for number, edit in enumerate(chance.sample(EDITS, chance.randint(1, 3))):
        spoilt |= edit(sheet, rows[4 * number : 4 * number + 4], chance, other)
    return written(book), {patient for row, patient in enumerate(patients) if row not in spoilt}


def rezipped(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
    return held.getvalue()


def damage_bytes(data: bytes, chance: random.Random) -> bytes:
    """Bytes changed, left out or put in, of the file or of one of its parts, with the right checksums."""

    def spoil(text: bytes) -> bytes:
        for _ in range(chance.randint(1, 8)):
            at, length = chance.randrange(len(text)), chance.choice([1, 1, 1, 20, 400])
            new = chance.choice([bytes([chance.randrange(256)]), b"", text[at : at + length] * 2, b'"', b"<", b"&#0;"])
            text = text[:at] + new + text[at + length :]
        return text

    if chance.random() < 0.3:
        return spoil(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        chosen = chance.choice([name for name in archive.namelist() if archive.getinfo(name).file_size])
    return rezipped(data, lambda name, text: spoil(text) if name == chosen else text)


def check_by_hand(seed: int, folder: Path, selection: Any, books: dict[str, bytes]) -> None:
    data, intact = edit_by_hand(books, random.Random(seed))
    (folder / "book.xlsx").write_bytes(data)
    returned = cm.read_returns(folder / "book.xlsx", selection)
    accepted = [row["patient_id"] for row in returned.accepted.to_pylist()]
    assert sorted(accepted) == sorted(intact), f"seed {seed}: {returned.explained['problem'].to_pylist()}"
    assert (returned.explained.num_rows > 0) >= (len(intact) < ROWS)
    twice = cm.read_returns([folder / "book.xlsx"] * 2, selection)
    assert twice.accepted.equals(returned.accepted)


def check_damaged(seed: int, folder: Path, selection: Any, books: dict[str, bytes]) -> None:
    chance = random.Random(seed)
    book = opened(books["C87001"])
    sheet = sheets_of(book)["list"]
    for row in range(ROWS):
        sheet.answer(row, "accept")
    sent = {value for own in sheets_of(book).values() for value in own.values("Patient id") if value}
    (folder / "book.xlsx").write_bytes(damage_bytes(written(book), chance))
    returned = cm.read_returns(folder / "book.xlsx", selection)  # whatever it is, nothing is raised
    found = returned.accepted.to_pylist()
    assert {row["patient_id"] for row in found} <= sent, f"seed {seed}"
    assert {row["practice_id"] for row in found} <= {"C87001"}
    assert len(found) == ROWS or returned.explained.num_rows or returned.unanswered.num_rows


@pytest.mark.parametrize("seeds", [range(0, 13), range(13, 26)])
def test_of_a_workbook_edited_by_hand_exactly_the_intact_rows_are_taken(seeds, tmp_path, selection, books):
    for seed in seeds:
        check_by_hand(seed, tmp_path, selection, books)


@pytest.mark.parametrize("seeds", [range(0, 13), range(13, 26)])
def test_a_workbook_whose_bytes_are_damaged_is_explained_and_never_misread(seeds, tmp_path, selection, books):
    for seed in seeds:
        check_damaged(seed, tmp_path, selection, books)


@pytest.mark.long
@pytest.mark.parametrize("start", range(1_000, 2_000, 100))
def test_2000_damaged_workbooks_end_as_they_should(start, tmp_path, selection, books):
    for seed in range(start, start + 100):
        check_by_hand(seed, tmp_path, selection, books)
        check_damaged(seed, tmp_path, selection, books)
