"""The report as an accessible workbook: a cover, contents, notes, and one marked table a sheet.

It follows the Analysis Function's checklist for spreadsheets: a title in the first cell of each sheet, a line that says
how many tables it holds, tables marked as such with a heading for each column, no merged or empty cells inside them,
shorthand in square brackets that the notes explain, text of 12 points.
"""

from __future__ import annotations

import datetime as dt
import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.errors import plural
from casemgmt.outputs.disclosure.suppression import ROUND_TO, SUPPRESS_UP_TO, SUPPRESSED, WITHHELD
from casemgmt.outputs.purpose import PURPOSE
from casemgmt.outputs.report.figures import Figure, Row
from casemgmt.outputs.report.making import Made, cautions, of_caseload

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

CONFIDENTIAL, NOT_APPLICABLE, NOT_AVAILABLE, AT_LEAST = "[c]", "[z]", "[x]", "[at least]"
NOTES = (
    (CONFIDENTIAL, f"Confidential: a count of 1 to {SUPPRESS_UP_TO}, or one from which such a count would follow."),
    (NOT_APPLICABLE, "Not applicable: the column does not apply to this row."),
    (NOT_AVAILABLE, "Not available: the figure would follow from one that is confidential, or was not given."),
    ("at least", "Counts that are confidential are left out of this total."),
    ("rounding", f"Other counts are rounded to the nearest {ROUND_TO}; totals and shares are of the rounded counts."),
)
_WIDEST, _NARROWEST = 110, 14
_LINE = 110  # letters of a line above a table, so that none runs far to the right of it


def workbook_of(made: Made) -> bytes:
    """The workbook's bytes; the same for the same report."""
    import xlsxwriter

    held = io.BytesIO()
    # A text is a text, whatever it begins with.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(held, options)
    book.formats[0].set_font_name("Arial")
    book.formats[0].set_font_size(12)
    day = dt.date.fromisoformat(made.facts["as_of"])
    title = f"Report to the commissioner: {made.facts['scheme_title']}"
    # The date of the list stands for a clock, which no output reads.
    book.set_properties({"title": title, "author": "casemgmt", "created": dt.datetime(day.year, day.month, day.day)})
    heading = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "font_name": "Arial", "font_size": 12}
    formats = {
        "title": book.add_format({"bold": True, "font_size": 16, "font_name": "Arial"}),
        "heading": book.add_format({**heading, "indent": 1}),
        "over numbers": book.add_format({**heading, "align": "right"}),
        "text": book.add_format({"valign": "top", "indent": 1, "font_name": "Arial", "font_size": 12}),
        "link": book.add_format({"font_color": "#005EB8", "underline": 1, "font_name": "Arial", "font_size": 12}),
        "right": book.add_format({"align": "right", "valign": "top", "font_name": "Arial", "font_size": 12}),
        "whole": book.add_format({"num_format": "#,##0", "valign": "top", "font_name": "Arial", "font_size": 12}),
        "percent": book.add_format({"num_format": "#,##0.0", "valign": "top", "font_name": "Arial", "font_size": 12}),
        "share": book.add_format({"num_format": "#,##0.0", "valign": "top", "font_name": "Arial", "font_size": 12}),
        "pounds": book.add_format({"num_format": "#,##0.00", "valign": "top", "font_name": "Arial", "font_size": 12}),
    }
    _cover(book, made, title, formats)
    for figure in made.figures:
        _sheet(book, figure, made, formats)
    book.close()
    return held.getvalue()


def _cover(book: Workbook, made: Made, title: str, formats: Mapping[str, Format]) -> None:
    facts = made.facts
    lines = [
        f"List of {facts['as_of']}; data drawn on {facts['extracted_on']}; {plural(facts['practices'], 'practice')}.",
        f"Scheme: {facts['scheme_title']} ({facts['scheme']}). Ranked by: {facts['ranked_by']}.",
        *([said] if (said := of_caseload(facts)) else []),
        *cautions(facts),
        PURPOSE,
    ]
    sheet = _new(book, "Cover", title, formats, width=90)
    for row, line in enumerate(_in_lines(lines), start=1):
        sheet.write_string(row, 0, line)
    contents = _new(book, "Contents", "Contents", formats, width=20)
    contents.write_string(1, 0, "This worksheet contains one table.")
    contents.set_column(1, 1, 60)
    for row, figure in enumerate((None, *made.figures), start=4):
        name, what = ("Notes", "Shorthand and rounding") if figure is None else (figure.name, figure.title)
        contents.write_url(row, 0, f"internal:'{name}'!A1", formats["link"], string=name)
        contents.write_string(row, 1, what, formats["text"])
    _mark(contents, "contents_of_the_workbook", 3, 1 + len(made.figures), ("Sheet", "What it holds"), formats)
    notes = _new(book, "Notes", "Notes", formats, width=20)
    notes.write_string(1, 0, "This worksheet contains one table.")
    notes.set_column(1, 1, 90)
    for row, (name, what) in enumerate(NOTES, start=4):
        notes.write_string(row, 0, name, formats["text"])
        notes.write_string(row, 1, what, formats["text"])
    _mark(notes, "notes_on_the_tables", 3, len(NOTES), ("Note", "What it means"), formats)


def _sheet(book: Workbook, figure: Figure, made: Made, formats: Mapping[str, Format]) -> None:
    facts = made.facts
    sheet = _new(book, figure.name, figure.title, formats, width=24)
    about = [
        f"List of {facts['as_of']}. Scheme: {facts['scheme']}. Ranked by: {facts['ranked_by']}.",
        figure.says,
        *cautions(facts),
        PURPOSE,
    ]
    if not figure.rows:
        about = [f"This worksheet contains no table. {figure.missing}", *about]
    else:
        about = ["This worksheet contains one table. Shorthand is explained on the sheet Notes.", *about]
    about = _in_lines(about)
    for row, line in enumerate(about, start=1):
        sheet.write_string(row, 0, line)
    if not figure.rows:
        return
    top = len(about) + 2
    for number, (name, words) in enumerate(figure.headings.items()):
        longest = max([len(words) / 2, *(len(str(row.get(name) or "")) for row in figure.rows)])
        sheet.set_column(number, number, min(max(longest + 2, _NARROWEST), _WIDEST))
        for place, told in enumerate(figure.rows, start=top + 1):
            _write(sheet, place, number, told, name, figure, formats)
    over_numbers = frozenset(figure.headings[name] for name in figure.kinds)
    headings = tuple(figure.headings.values())
    _mark(sheet, f"figure_{figure.name}", top, len(figure.rows), headings, formats, over_numbers)


def _write(
    sheet: Worksheet, place: int, number: int, row: Row, name: str, figure: Figure, formats: Mapping[str, Format]
) -> None:
    value, kind = row.get(name), figure.kinds.get(name)
    if kind is None:
        sheet.write_string(place, number, str(value) if value not in (None, "") else NOT_APPLICABLE, formats["text"])
    elif value is None:
        sheet.write_string(place, number, shorthand(row, name), formats["right"])
    else:
        sheet.write_number(place, number, value, formats["whole" if isinstance(value, int) else kind])


def shorthand(row: Row, name: str) -> str:
    """What stands in place of a number that is not there."""
    note = row.get("note") or ""
    source = {"entitled": "met", "percent_of_list": "met", "unused": "used"}.get(name, name)
    for part in note.split("; "):
        if part.startswith(f"{source} ") and part.endswith((SUPPRESSED, WITHHELD)):
            return CONFIDENTIAL if name in (source, "entitled") else NOT_AVAILABLE
    return NOT_AVAILABLE if note else NOT_APPLICABLE


def _new(book: Workbook, name: str, title: str, formats: Mapping[str, Format], *, width: int) -> Worksheet:
    sheet = book.add_worksheet(name)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, width)
    sheet.write_string(0, 0, title, formats["title"])
    return sheet


def _mark(
    sheet: Worksheet,
    name: str,
    top: int,
    rows: int,
    headings: tuple[str, ...],
    formats: Mapping[str, Format],
    over_numbers: frozenset[str] = frozenset(),
) -> None:
    columns: list[dict[str, Any]] = [
        {"header": words, "header_format": formats["over numbers" if words in over_numbers else "heading"]}
        for words in headings
    ]
    shape = {"name": name, "columns": columns, "autofilter": False, "style": None}
    sheet.add_table(top, 0, top + rows, len(headings) - 1, shape)
    sheet.repeat_rows(top)
    sheet.set_row(top, 34)


def _in_lines(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(text, _LINE)]
