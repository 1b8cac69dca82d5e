"""Selections whose practices have a workbook, and hands that fill the workbooks in, rightly and wrongly."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
from publications import SCHEME

from casemgmt.outputs.practice.answers import JUDGEMENT, LIST, REMOVALS, REVIEWS
from casemgmt.outputs.practice.sheets import layout
from casemgmt.register.reading import read_register
from casemgmt.results.selecting import select
from casemgmt.results.selection import Selection
from casemgmt.scheme.files import read_scheme_text

AS_OF = dt.date(2015, 4, 1)
DAY = dt.date(2015, 4, 20)
OURS = SCHEME.replace(
    'optional = ["nomination_order"]', 'optional = ["nomination_order", "on_caseload", "last_review"]'
)


def people(practices: int = 3, each: int = 150, **extra: list[Any]) -> dict[str, list[Any]]:
    """Columns of a register of some practices."""
    size = practices * each
    rows = range(size)
    return {
        "patient_id": [f"p{i:05d}" for i in rows],
        "practice_id": [f"C{87001 + i % practices}" for i in rows],
        "age": [(i * 37) % 100 for i in rows],
        "care_home_type": ["nursing" if i % 31 == 0 else "none" for i in rows],
        "nominated": [i % 101 == 0 for i in rows],
        "nomination_order": [i + 1 for i in rows],
        "on_caseload": [i % 17 == 0 for i in rows],
        "last_review": [None if i % 3 == 0 else AS_OF - dt.timedelta(days=(i * 53) % 800) for i in rows],
        "emergency_admissions_12m": [i % 4 for i in rows],
        "palliative_care": [i % 40 == 7 for i in rows],
        "score": [None if i % 13 == 0 else (i * 29 % 397) / 8 for i in rows],
        **extra,
    }


def register_of(practices: int = 3, each: int = 150, **extra: list[Any]) -> Any:
    return read_register(pa.table(people(practices, each, **extra)), as_of=AS_OF.isoformat(), practice_pattern="(?s).*")


def selection_of(register: Any = None, **more: Any) -> Selection:
    register = register_of() if register is None else register
    return select(register, read_scheme_text(OURS, "small"), score="score", over_cap="queue", **more)


def opened(data: bytes | Path) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data) if isinstance(data, bytes) else data)


def written(book: Any) -> bytes:
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


class Sheet:
    """A sheet of a practice's workbook, by the words of its head."""

    def __init__(self, book: Any, sheet: str) -> None:
        self.page = book[layout.SHEET_NAMES[sheet]]
        self.heads = layout.headings(sheet)
        self.first = layout.HEADER_ROW[sheet] + 1

    def column(self, head: str) -> int:
        return self.heads.index(head) + 1

    def cell(self, place: int, head: str) -> Any:
        """The cell of the row at a place, from 0, under a head."""
        return self.page.cell(self.first + place, self.column(head))

    def values(self, head: str) -> list[Any]:
        return [self.cell(place, head).value for place in range(self.page.max_row - self.first + 1)]

    def answer(self, place: int, answer: str, who: str | None = "Dr A", day: Any = DAY, **more: Any) -> None:
        """Fill a row in."""
        for head, value in {"Answer": answer, "Who": who, "Date": day, **more}.items():
            self.cell(place, head).value = value


def sheets_of(book: Any) -> dict[str, Sheet]:
    names = {layout.SHEET_NAMES[sheet]: sheet for sheet in (LIST, JUDGEMENT, REVIEWS, REMOVALS)}
    return {names[title]: Sheet(book, names[title]) for title in book.sheetnames if title in names}


def edited(data: bytes, edit: Callable[[dict[str, Sheet]], Any]) -> bytes:
    """A workbook after somebody has worked in it."""
    book = opened(data)
    edit(sheets_of(book))
    return written(book)
