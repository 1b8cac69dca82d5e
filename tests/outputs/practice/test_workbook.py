"""A practice's workbook: whole, safe, the same bytes each time, easy to fill in and to print."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pyarrow as pa
import pytest
from practice_books import AS_OF, people, register_of, selection_of, sheets_of
from publications import files_of

import casemgmt as cm
from casemgmt.errors import InputError, PublishError, VerifyError
from casemgmt.outputs.practice.answers import ANSWERS_OF
from casemgmt.outputs.practice.making import practice_lists
from casemgmt.outputs.practice.sheets import layout
from casemgmt.outputs.practice.shown import SHOWN_COLUMNS, shown_of
from casemgmt.outputs.practice.workbook import workbook_of
from casemgmt.outputs.published import verify
from casemgmt.register.reading import read_register

OFFICE = shutil.which("soffice")


@pytest.fixture(scope="module")
def selection() -> cm.Selection:
    return selection_of()


@pytest.fixture(scope="module")
def data(selection, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("book") / "C87001.xlsx"
    assert selection.workbook("C87001", path, contact="team@example.nhs.uk", reply_by="2015-04-30") == path
    return path.read_bytes()


@pytest.fixture
def book(data):
    return openpyxl.load_workbook(io.BytesIO(data))


@pytest.fixture(scope="module")
def shown(selection):
    (each,) = practice_lists(selection, ["C87001"])
    return each


def parts_of(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


# What is in it


def test_it_has_a_cover_the_four_sheets_and_a_legend(book):
    assert book.sheetnames == [layout.COVER, *layout.SHEET_NAMES.values(), layout.LEGEND]


def test_the_cover_says_what_for_which_date_by_which_rules_and_who_does_what_by_when(book):
    said = " ".join(str(cell) for row in book[layout.COVER].iter_rows(values_only=True) for cell in row if cell)
    expected = ("C87001", "1 April 2015", "A small scheme, 2015/16", "given scores", "by 30 April 2015")
    assert all(words in said for words in (*expected, "team@example.nhs.uk", "A named clinician", "proposal"))
    assert "places" in said and "new" in said and "left" in said


def test_each_sheet_shows_what_the_list_says_in_its_order(book, shown):
    rows_of = {
        "list": shown.listed,
        "judgement": shown.candidates,
        "reviews": shown.reviews,
        "removals": shown.removals,
    }
    for name, sheet in sheets_of(book).items():
        rows = rows_of[name]
        assert rows
        assert sheet.values("Patient id")[: len(rows)] == [row.patient_id for row in rows]
        assert sheet.values("Mark")[: len(rows)] == [row.mark for row in rows]
        for place, row in enumerate(rows):
            cells = [
                sheet.page.cell(sheet.first + place, column + 2).value for column in range(len(SHOWN_COLUMNS[name]))
            ]
            assert ["" if cell is None else str(cell) for cell in cells] == list(shown_of(row))
    empty = sheets_of(book)["judgement"].values("Mark")[len(shown.candidates) :]
    assert empty == [row.mark for row in shown.empty_rows]


def test_a_patient_without_a_home_or_a_review_has_empty_cells_not_words(book):
    values = sheets_of(book)["list"].values("Care home")
    assert None in values and "nursing home" in values


def test_every_row_can_be_answered_from_a_list_of_answers_and_nothing_else_is_unlocked(book):
    for name, sheet in sheets_of(book).items():
        rules = {str(rule.sqref).split(":")[0]: rule for rule in sheet.page.data_validations.dataValidation}
        choice = rules[sheet.cell(0, "Answer").coordinate]
        assert choice.type == "list" and choice.formula1.strip('"').split(",") == list(ANSWERS_OF[name])
        last = sheet.cell(len(sheet.values("Mark")) - 1, "Answer").coordinate
        assert str(choice.sqref).split(":")[-1] == last
        heads = [layout.heading(column) for column in layout.answer_columns(name)]
        assert sheet.page.protection.sheet and not sheet.page.protection.password
        assert sheet.page.protection.sort and not sheet.page.protection.autoFilter  # true means locked
        for place in range(3):
            unlocked = {head for head in sheet.heads if not sheet.cell(place, head).protection.locked}
            assert unlocked == set(heads)
    judgement = sheets_of(book)["judgement"]
    assert not judgement.cell(len(judgement.values("Mark")) - 1, "Patient id").protection.locked


def test_the_count_of_places_follows_the_answers(book, shown):
    page = book[layout.SHEET_NAMES["judgement"]]
    said = {page.cell(row, 1).value: page.cell(row, 3).value for row in range(4, 8)}
    assert said["Places for nominations"] == shown.judgement_places
    assert said["Used by the case-management list"] == shown.judgement_used
    where = re.fullmatch(r'=COUNTIF\(\$([A-Z]+)\$(\d+):\$[A-Z]+\$(\d+),"accept"\)', said["Accepted on this sheet"])
    sheet = sheets_of(book)["judgement"]
    assert where is not None and where[1] == sheet.cell(0, "Answer").column_letter
    assert (int(where[2]), int(where[3])) == (sheet.first, sheet.first + len(sheet.values("Mark")) - 1)


# Safe and the same


def test_the_same_selection_gives_the_same_bytes_and_no_clock_or_person_is_in_them(selection, data, tmp_path):
    again = selection_of().workbook("C87001", tmp_path / "x.xlsx", contact="team@example.nhs.uk", reply_by="2015-04-30")
    assert again.read_bytes() == data
    properties = openpyxl.load_workbook(io.BytesIO(data)).properties
    assert (properties.creator or "", properties.lastModifiedBy or "") == ("", "")
    assert {properties.created.date(), properties.modified.date()} == {AS_OF}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_there_is_no_macro_link_comment_hidden_thing_or_formula_but_our_own(data, book):
    parts = parts_of(data)
    assert not [name for name in parts if re.search(r"vba|external|comment|drawing|embed|connection|query", name, re.I)]
    assert not [name for name, text in parts.items() if "<hyperlink" in text or 'TargetMode="External"' in text]
    assert all(sheet.sheet_state == "visible" for sheet in book.worksheets)
    for sheet in book.worksheets:
        assert not any(each.hidden for each in (*sheet.row_dimensions.values(), *sheet.column_dimensions.values()))
        assert not sheet.merged_cells.ranges
    formulas = [
        cell.value for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert len(formulas) == 3 and not any("p0" in formula for formula in formulas)
    assert "definedName" not in parts["xl/workbook.xml"] or set(
        re.findall(r'definedName name="([^"]+)"', parts["xl/workbook.xml"])
    ) <= {"_xlnm.Print_Area", "_xlnm.Print_Titles"}


def hostile() -> list[str]:
    bodies = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        '=HYPERLINK("http://x","y")',
        "=cmd|' /C calc'!A0",
        "http://x/y",
        "mailto:a@b",
    ]
    bodies += [
        "<script>alert(1)</script>",
        "&amp;<b>",
        '"><img src=x>',
        "internal:Cover!A1",
        "{=1}",
        "'=1",
        "_x0041_",
        "1e5",
    ]
    bodies += ["0012", "TRUE", "1/2", "#N/A", "=TRUE()", "ftp://x", "file:///etc/passwd", "é̈", "\U0001f600"]
    fronts = ["", "'", "x ", "%", "\uff0b", "\uff1d", "(", "~"]
    return [f"{front}{body}" for body in bodies for front in fronts]


def test_200_hostile_values_stay_the_text_that_they_are():
    texts = hostile()
    assert len(texts) >= 200 and len(set(texts)) == len(texts)
    columns = people(1, len(texts))
    columns["patient_id"] = texts
    columns["care_home_type"] = ["nursing"] * len(texts)
    made = selection_of(read_register(pa.table(columns), as_of=AS_OF.isoformat()))
    accepted = set(made.to_arrow()["patient_id"].to_pylist())
    assert accepted == set(texts)
    (each,) = practice_lists(made)
    data = workbook_of(each)
    sheet = sheets_of(openpyxl.load_workbook(io.BytesIO(data)))["list"]
    cells = [sheet.cell(place, "Patient id") for place in range(len(each.listed))]
    assert {cell.data_type for cell in cells} == {"s"} and not any(cell.hyperlink for cell in cells)
    assert [cell.value for cell in cells] == [row.patient_id for row in each.listed]
    assert not [text for text in parts_of(data).values() if "<hyperlink" in text or ("<f>" in text and "p0" in text)]


def test_hostile_practice_codes_give_a_workbook_that_opens():
    codes = ["=1+1", "a&b", "<b>", "a\nb", "&L&A", "x" * 300, 'a"b', "\U0001f600", "[x]:*?/\\"]
    columns = people(1, 20 * len(codes))
    columns["practice_id"] = [codes[i % len(codes)] for i in range(20 * len(codes))]
    made = selection_of(read_register(pa.table(columns), as_of=AS_OF.isoformat(), practice_pattern="(?s).*"))
    assert len(made.practices) >= 7
    for each in practice_lists(made):
        data = workbook_of(each)
        for text in parts_of(data).values():
            ElementTree.fromstring(text)
        cover = openpyxl.load_workbook(io.BytesIO(data))[layout.COVER]
        said = {row[0]: row[1] for row in cover.iter_rows(values_only=True)}
        assert said[layout.PRACTICE] == each.practice_id


# Published with the selection


def test_workbooks_are_published_under_the_manifest_and_one_changed_bit_is_seen(selection, tmp_path):
    folder = selection.save(tmp_path / "out", workbooks=True)
    report = verify(folder)
    names = {f"practices/{code}.xlsx" for code in selection.practices}
    assert set(report.documents) == {*names, "practices/README.txt"}
    assert cm.load_selection(folder).to_arrow().equals(selection.to_arrow())
    again = selection_of().save(tmp_path / "again", workbooks=True)
    assert files_of(folder) == files_of(again)
    path = folder / "practices/C87002.xlsx"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(VerifyError, match="changed since it was published: 'practices/C87002"):
        verify(folder)
    path.unlink()
    with pytest.raises(VerifyError, match="missing: 'practices/C87002"):
        verify(folder)
    path.write_bytes(whole)
    plain = selection.save(folder, overwrite=True)
    assert not list(plain.rglob("*.xlsx")) and verify(plain).documents == ("practices/README.txt",)


def test_500_practices_hold_nobody_of_another_practice_in_any_part(tmp_path):
    made = selection_of(register_of(500, 8))
    of_practice = dict(zip(*(people(500, 8)[name] for name in ("patient_id", "practice_id")), strict=True))
    codes = set(made.practices)
    assert len(codes) == 500
    seen = 0
    for each in practice_lists(made):
        text = "".join(parts_of(workbook_of(each)).values())
        ids = set(re.findall(r"\bp\d{5}\b", text))
        seen += len(ids)
        assert {of_practice[patient] for patient in ids} <= {each.practice_id}
        assert set(re.findall(r"\bC8\d{4}\b", text)) & codes == {each.practice_id}
    assert seen > 1000


def test_a_removal_goes_to_its_own_practice_alone(selection, tmp_path):
    folder = selection.save(tmp_path / "out")
    whole = selection.removals().to_pylist()
    assert whole
    for code in selection.practices:
        text = (folder / f"practices/{code}-removals.csv").read_text(encoding="utf-8-sig")
        own = {row["patient_id"] for row in whole if row["practice_id"] == code}
        assert set(re.findall(r"p\d{5}", text)) == own


def test_a_workbook_that_cannot_be_made_or_written_is_refused_with_the_remedy(selection, tmp_path):
    with pytest.raises(InputError, match="C87009"):
        selection.workbook("C87009", tmp_path / "x.xlsx")
    with pytest.raises(InputError, match=r"ends in \.xlsx"):
        selection.workbook("C87001", tmp_path / "x.csv")
    with pytest.raises(PublishError, match="not written"):
        selection.workbook("C87001", tmp_path / "nowhere/x.xlsx")
    with pytest.raises(InputError, match="contact"):
        selection.workbook("C87001", tmp_path / "x.xlsx", contact=" ")
    loaded = cm.load_selection(selection.save(tmp_path / "out"))
    with pytest.raises(InputError, match="select again"):
        loaded.workbook("C87001", tmp_path / "x.xlsx")
    assert not list(tmp_path.glob("*.xlsx"))


# For people who read with a screen reader, and on paper


def test_the_workbook_keeps_to_the_analysis_functions_checklist(data, book):
    """Titles in A1, one marked table a sheet that begins in column A, no merged cell, nothing said by colour alone."""
    for sheet in book.worksheets:
        assert isinstance(sheet["A1"].value, str) and sheet["A1"].value
        assert len(sheet.tables) == 1
        (table,) = sheet.tables.values()
        assert table.ref.startswith("A")
        assert "one table" in sheet["A2"].value + str(sheet["A3"].value)
        assert not sheet.merged_cells.ranges
        heads = [column.name for column in table.tableColumns]
        assert all(heads) and len(set(heads)) == len(heads)
    tables = [next(iter(sheet.tables)) for sheet in book.worksheets]
    assert len(set(tables)) == len(tables)
    assert book.properties.title


def test_the_head_is_frozen_and_repeated_and_a_page_is_a4_landscape_and_one_wide(book):
    for sheet in sheets_of(book).values():
        page = sheet.page
        assert page.freeze_panes == f"B{sheet.first}"
        assert page.print_title_rows == f"${sheet.first - 1}:${sheet.first - 1}"
        assert (page.page_setup.orientation, str(page.page_setup.paperSize)) == ("landscape", "9")
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert (page.page_setup.fitToWidth or 1, page.page_setup.fitToHeight) == (1, 0)
        assert page.auto_filter.ref is None and next(iter(page.tables.values())).autoFilter is not None


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_the_list_of_a_practice_of_8000_prints_on_ten_pages_or_fewer(tmp_path):
    register = cm.synthesise("C87018", "2021-01-01", 1)
    assert 7_500 < len(register) < 8_500
    model = cm.load_model("demonstration-admission")
    made = cm.select(register, cm.load_scheme("rotherham-2015-16"), model=model)
    made.workbook("C87018", tmp_path / "C87018.xlsx")
    printed = in_office(tmp_path, "pdf", tmp_path / "C87018.xlsx")
    text = subprocess.run(["pdftotext", "-layout", printed, "-"], capture_output=True, check=True).stdout.decode()
    feet = [line for page in text.split("\f") for line in page.splitlines() if "Page " in line]
    assert sum("Case-management list" in foot for foot in feet) <= 10
    assert sum("Cover" in foot for foot in feet) == 1


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_libreoffice_works_the_count_out_and_keeps_the_table(data, tmp_path):
    changed = openpyxl.load_workbook(io.BytesIO(data))
    sheet = sheets_of(changed)["judgement"]
    for place in range(3):
        sheet.answer(place, "accept")
    changed.save(tmp_path / "C87001.xlsx")
    back = openpyxl.load_workbook(
        in_office(tmp_path, "xlsx:Calc MS Excel 2007 XML", tmp_path / "C87001.xlsx"), data_only=True
    )
    page = back[layout.SHEET_NAMES["judgement"]]
    assert page["C6"].value == 3
    assert page["C7"].value == page["C4"].value - page["C5"].value - 3


def in_office(folder: Path, form: str, path: Path) -> Path:
    """A workbook opened by LibreOffice and saved in another form."""
    out = folder / "office"
    command = [OFFICE, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", form]
    subprocess.run([*command, "--outdir", str(out), str(path)], capture_output=True, check=True, timeout=120)
    (made,) = out.iterdir()
    return made


@pytest.mark.parametrize("contact", ["", " ", "x" * 201, "two\nlines", "bell\x07", "\u202eturned"])
def test_where_to_send_the_answers_is_one_line_that_can_be_read(selection, tmp_path, contact):
    with pytest.raises(InputError, match="contact says where"):
        selection.workbook("C87001", tmp_path / "C87001.xlsx", contact=contact)


def test_no_answer_is_wanted_before_the_list(selection, tmp_path):
    for write, end in ((selection.workbook, "xlsx"), (selection.page, "html")):
        with pytest.raises(InputError, match="reply_by: 1900-01-01 is before the list date"):
            write("C87001", tmp_path / f"C87001.{end}", reply_by="1900-01-01")
