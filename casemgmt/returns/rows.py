"""A returned row as it was found, before anybody believes it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

# The workbook of a practice of 20,000 unpacks to 2 MB with 120,000 tags; each tag costs its reader some 20 µs.
MOST_FILE_BYTES, MOST_UNPACKED_BYTES, MOST_PARTS = 20_000_000, 30_000_000, 500
MOST_TAGS, MOST_OTHER_TAGS = 600_000, 50_000  # of sheets and their texts together, and of any other part
MOST_ROWS, MOST_CELLS = 20_000, 300_000


class UnreadableError(Exception):
    """A file, or a sheet of it, of which no row can be read; the message says why, and shows no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRow:
    """A row of a returned file.

    Attributes
    ----------
    file : its name, without the folder
    practice_id : whose return the file says it is
    sheet : of the four sheets that are answered
    number : its row in the spreadsheet, or its place in the page's file, from 1
    mark, patient_id : as they stand; empty where they do not
    shown : what its cells show; None where the file gives back none, as a page's
    answer, reason, who : as they stand; empty where nothing was filled in
    order : of nominations
    date : the day of the decision
    problem : what is wrong with a cell, in words; empty where nothing is
    """

    file: str
    practice_id: str
    sheet: str
    number: int
    mark: str
    patient_id: str
    shown: tuple[str, ...] | None
    answer: str
    reason: str
    who: str
    order: int | None
    date: dt.date | None
    problem: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether anything was filled in; a row with a faulty cell counts as one."""
        return bool(self.answer or self.reason or self.order is not None or self.problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """What one returned file holds.

    Attributes
    ----------
    name : without the folder
    practice_id, scheme, as_of, fingerprint : whose and of what it says it is; a workbook names no scheme
    rows : all of them
    problems : (sheet, what is wrong) of sheets that could not be read
    sheets : those that it holds; None of a page's file, which has a row for each answer alone
    """

    name: str
    practice_id: str
    fingerprint: str
    as_of: str
    rows: tuple[GivenRow, ...] = ()
    problems: tuple[tuple[str, str], ...] = field(default=())
    sheets: frozenset[str] | None = None
