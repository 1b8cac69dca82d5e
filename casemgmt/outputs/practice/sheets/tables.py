"""A sheet with one table of a practice's rows, and the cells in which it answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from casemgmt.outputs.practice.answers import ANSWERS_OF, LONGEST
from casemgmt.outputs.practice.practice_list import EmptyRow, Person, PracticeList, day_in_words, printable
from casemgmt.outputs.practice.sheets.layout import (
    HEADER_ROW,
    MARK,
    SHEET_NAMES,
    answer_columns,
    headings,
)
from casemgmt.outputs.practice.sheets.styles import WIDTHS, Styles
from casemgmt.outputs.practice.shown import SHOWN_COLUMNS, shown_of

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_NUMBERS = frozenset({"rank", "age"})
_WRAPPED = frozenset({"why", "look because", "due", "proposal"})
_LINE_POINTS, _LETTERS_A_UNIT = 12.75, 1.45  # of 9-point Arial in a column measured in the default font
_LONGEST_IN_FOOT = 60
_TO_FILL_IN = (
    "Yellow cells are for you; of the others, an empty one means that nothing is recorded. Filters work. Sorting is "
    "locked, so that no answer slips to another patient."
)


def write_table(
    book: Workbook, styles: Styles, shown: PracticeList, sheet: str, rows: Sequence[Person | EmptyRow], title: str
) -> Worksheet:
    """Write the title, the notes and the table of a sheet, with what helps to fill it in and to print it."""
    page = book.add_worksheet(SHEET_NAMES[sheet])
    heads = headings(sheet)
    first = HEADER_ROW[sheet]  # the row under the head, counted from 0
    page.write_string(
        0, 0, f"{title}: practice {printable(shown.practice_id)}, {day_in_words(shown.as_of)}", styles.title
    )
    page.write_string(1, 0, _TO_FILL_IN, styles.note)
    page.write_string(
        2, 0, " ".join((f"This sheet holds one table, from row {first} on.", *shown.cautions)), styles.note
    )
    last = first + max(len(rows), 1) - 1
    page.add_table(
        first - 1,
        0,
        last,
        len(heads) - 1,
        {
            "name": f"{SHEET_NAMES[sheet].replace('-', '_').replace(' ', '_')}_table",
            "style": "Table Style Light 1",
            "banded_rows": False,
            "columns": [{"header": head, "header_format": styles.head} for head in heads],
        },
    )
    for number, row in enumerate(rows):
        _write_row(page, styles, sheet, first + number, row)
    _set_widths(page, heads)
    _add_choices(page, sheet, first, last, len(SHOWN_COLUMNS[sheet]) + 1, shown.as_of)
    _set_up(page, shown, title, first, last, heads)
    return page


def _write_row(page: Worksheet, styles: Styles, sheet: str, at: int, row: Person | EmptyRow) -> None:
    columns = SHOWN_COLUMNS[sheet]
    if isinstance(row, EmptyRow):
        page.write_blank(at, 0, None, styles.id_to_fill_in)
        for column in range(1, len(columns) + 1):
            page.write_blank(at, column, None, styles.text)
    else:
        page.write_string(at, 0, row.patient_id, styles.text)
        lines = 1
        for column, (name, text) in enumerate(zip(columns, shown_of(row), strict=True), start=1):
            if name in _NUMBERS and text:
                page.write_number(at, column, int(text), styles.number)
            else:
                _write_text(page, at, column, text, styles.wrapped_text if name in _WRAPPED else styles.text)
            if name in _WRAPPED:
                lines = max(lines, _lines(text, WIDTHS[f"{name[0].upper()}{name[1:]}"]))
        if lines > 1:
            page.set_row(at, _LINE_POINTS * lines)
    column = len(columns) + 1
    for name in answer_columns(sheet):
        style = styles.date if name == "date" else styles.order if name == "order" else styles.answer
        page.write_blank(at, column, None, style)
        column += 1
    page.write_string(at, column, row.mark, styles.mark)


def _write_text(page: Worksheet, at: int, column: int, text: str, style: object) -> None:
    if text:
        page.write_string(at, column, text, style)
    else:
        page.write_blank(at, column, None, style)


def _lines(text: str, width: int) -> int:
    return -(-len(text) // int(width * _LETTERS_A_UNIT)) or 1


def _set_widths(page: Worksheet, heads: Sequence[str]) -> None:
    for column, head in enumerate(heads):
        page.set_column(column, column, WIDTHS[head])


def _add_choices(page: Worksheet, sheet: str, first: int, last: int, column: int, as_of: dt.date) -> None:
    """Lists to choose from, and bounds, in the cells that the practice fills in."""
    for name in answer_columns(sheet):
        where = (first, column, last, column)
        if name == "answer":
            page.data_validation(
                *where,
                {
                    "validate": "list",
                    "source": list(ANSWERS_OF[sheet]),
                    "error_title": "Not one of the answers",
                    "error_message": "Choose one of the answers of the list, or leave the cell empty.",
                },
            )
        elif name == "date":
            page.data_validation(
                *where,
                {
                    "validate": "date",
                    "criteria": "between",
                    "minimum": as_of - dt.timedelta(days=730),
                    "maximum": as_of + dt.timedelta(days=730),
                    "error_title": "Not a date near this list's",
                    "error_message": "Write the day on which this was decided, such as 2015-04-01.",
                },
            )
        elif name == "order":
            page.data_validation(
                *where,
                {
                    "validate": "integer",
                    "criteria": "between",
                    "minimum": 1,
                    "maximum": 9999,
                    "error_title": "Not a number",
                    "error_message": "1 for whom you want first, 2 for the next, and so on.",
                },
            )
        else:
            page.data_validation(
                *where,
                {
                    "validate": "length",
                    "criteria": "<=",
                    "value": LONGEST[name],
                    "error_title": "Too long",
                    "error_message": f"{LONGEST[name]} letters are the most.",
                },
            )
        column += 1


def _set_up(page: Worksheet, shown: PracticeList, title: str, first: int, last: int, heads: Sequence[str]) -> None:
    """Frozen head, locked cells, and paper: A4 landscape, a page wide, the head on each page, the marks left out."""
    page.freeze_panes(first, 1)
    page.protect(
        "",
        {"autofilter": True, "format_columns": True, "format_rows": True, "select_locked_cells": True, "sort": False},
    )
    lay_out(page, shown, title)
    page.repeat_rows(first - 1)
    page.print_area(0, 0, last, heads.index(MARK) - 1)


def lay_out(page: Worksheet, shown: PracticeList, title: str) -> None:
    """A4 landscape, one page wide, with what and whose it is at the foot."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
    code = printable(shown.practice_id)[:_LONGEST_IN_FOOT]  # a spreadsheet takes 255 letters of a foot in all
    whose = f"{title}: practice {code}, {shown.as_of.isoformat()}".replace("&", "&&")
    page.set_footer(f"&L&8{whose}&C&8Confidential: for this practice alone&R&8Page &P of &N")
    page.hide_gridlines(2)
