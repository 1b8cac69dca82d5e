"""What stands where in a practice's workbook: the one place that its writer and its reader ask."""

from __future__ import annotations

from typing import Final

from casemgmt.outputs.practice.answers import JUDGEMENT, LIST, ORDER, REMOVALS, REVIEWS
from casemgmt.outputs.practice.shown import SHOWN_COLUMNS

FORMAT, FORMAT_VERSION = "casemgmt practice workbook", "1"

COVER, LEGEND = "Cover", "Legend"
SHEET_NAMES: Final = {
    LIST: "Case-management list",
    JUDGEMENT: "Judgement",
    REVIEWS: "Reviews",
    REMOVALS: "Removals",
}

# The rows of a sheet above its table: title, cautions, what to do, how to read; judgement has its count of places too.
HEADER_ROW: Final = {LIST: 5, JUDGEMENT: 10, REVIEWS: 5, REMOVALS: 5}  # as a spreadsheet counts, from 1

ID, MARK = "Patient id", "Mark"
ANSWER_HEADINGS: Final = {"answer": "Answer", "reason": "Reason", "who": "Who", "date": "Date", ORDER: "Order"}

# Facts on the cover, by their words in its first column, that the reader looks up in the second.
PRACTICE, LIST_DATE, SELECTION, FILE_FORMAT = "Practice", "List date", "Selection", "Format"
CASELOAD = "Caseload before this list"
ANSWERED_BY, ANSWERED_ON = "Answers given by (name and role)", "Answers given on (date)"


def heading(column: str) -> str:
    """A column's words at the head of a table: ``Care home``."""
    return ANSWER_HEADINGS.get(column) or f"{column[0].upper()}{column[1:]}"


def answer_columns(sheet: str) -> tuple[str, ...]:
    """The columns that the practice fills in."""
    order = (ORDER,) if sheet == JUDGEMENT else ()
    return ("answer", *order, "reason", "who", "date")


def headings(sheet: str) -> tuple[str, ...]:
    """The whole head of a sheet's table."""
    return (ID, *map(heading, SHOWN_COLUMNS[sheet]), *map(heading, answer_columns(sheet)), MARK)
