"""A practice's list as a workbook that opens in any spreadsheet: no macro, link or hidden sheet, no formula from data.

The same list gives the same bytes: nothing in the file depends on the clock, the machine or the person who makes it.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

from casemgmt.outputs.practice.answers import ACCEPT, JUDGEMENT, LIST, REMOVALS, REVIEWS
from casemgmt.outputs.practice.practice_list import EmptyRow, Person, PracticeList, printable
from casemgmt.outputs.practice.sheets.cover import write_cover, write_legend
from casemgmt.outputs.practice.sheets.layout import HEADER_ROW, headings
from casemgmt.outputs.practice.sheets.styles import Styles
from casemgmt.outputs.practice.sheets.tables import write_table

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

# A value stays the text that it is.
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


def workbook_of(shown: PracticeList) -> bytes:
    """The workbook's bytes."""
    from xlsxwriter.workbook import Workbook

    data = io.BytesIO()
    book = Workbook(data, _OPTIONS)
    book.set_properties(
        {
            "title": f"Case management: practice {printable(shown.practice_id)}, {shown.as_of.isoformat()}"[:255],
            "author": "",
            "company": "",
            "created": dt.datetime.combine(shown.as_of, dt.time()),
        }
    )
    styles = Styles(book)
    write_cover(book, styles, shown)
    write_table(book, styles, shown, LIST, shown.listed, "Case-management list, by rank")
    if shown.judgement is not None:
        rows: list[Person | EmptyRow] = [*shown.candidates, *shown.empty_rows]
        page = write_table(book, styles, shown, JUDGEMENT, rows, "Judgement: whom to think of, and whom you nominate")
        _write_places(page, styles, shown, len(rows))
    if any(route.due is not None for route in shown.routes):
        write_table(book, styles, shown, REVIEWS, shown.reviews, "Reviews that are due, or will be within a month")
    if shown.removals:
        write_table(book, styles, shown, REMOVALS, shown.removals, "Removals to decide: on the caseload, not selected")
    write_legend(book, styles, shown)
    book.close()
    return data.getvalue()


def _write_places(page: Worksheet, styles: Styles, shown: PracticeList, rows: int) -> None:
    """The places, and a count of those used that follows the answers as they are given."""
    from xlsxwriter.utility import xl_range_abs

    first = HEADER_ROW[JUDGEMENT]
    column = headings(JUDGEMENT).index("Answer")
    answers = xl_range_abs(first, column, first + max(rows, 1) - 1, column)
    lines = (
        ("Places for nominations", shown.judgement_places, None),
        ("Used by the case-management list", shown.judgement_used, None),
        ("Accepted on this sheet", 0, f'=COUNTIF({answers},"{ACCEPT}")'),
        ("Left", shown.judgement_places - shown.judgement_used, "=$C$4-$C$5-$C$6"),
    )
    for at, (words, value, formula) in enumerate(lines, start=3):
        page.write_string(at, 0, words, styles.strong)
        if formula is None:
            page.write_number(at, 2, value, styles.strong)
        else:
            page.write_formula(at, 2, formula, styles.strong, value)
    said = '=IF($C$7<0,"More are accepted than there are places: write an order, 1 for whom you want first.","")'
    page.write_formula(7, 0, said, styles.strong, "")
