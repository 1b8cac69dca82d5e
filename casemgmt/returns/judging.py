"""Each returned row held against the selection: it is accepted, or it is said why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.outputs.practice.answers import (
    ACCEPT,
    ANSWERS_OF,
    DIED_OR_MOVED,
    END,
    JUDGEMENT,
    KEEP,
    LIST,
    MOST_DAYS,
    ORDER,
    REMOVALS,
    REVIEWS,
    SHEETS,
)
from casemgmt.outputs.practice.making import MOST_EMPTY, empty_name
from casemgmt.outputs.practice.marks import Marker, is_same_row
from casemgmt.register.ranked import is_listable
from casemgmt.returns.rows import GivenFile, GivenRow
from casemgmt.scheme.routes import Nominated, Review

if TYPE_CHECKING:
    from casemgmt.selection.lists import Lists

_MISSING = "did not come back: the sheet was deleted or renamed, and nothing of it was read"
_CONTRADICTING = frozenset({DIED_OR_MOVED, END, ACCEPT, KEEP})
_MOST_SEARCHES = 500  # of which practice a row is that is not the sender's


class Explained(NamedTuple):
    """A row, a sheet or a file that was not accepted: where it stands, and why.

    ``practice_id`` is empty where the file names none of the selection's, ``sheet`` where a whole file is meant;
    ``number`` is None where a whole sheet is.
    """

    file: str
    practice_id: str
    sheet: str
    number: int | None
    problem: str


class Judged(NamedTuple):
    """What became of every row."""

    accepted: list[GivenRow]
    explained: list[Explained]
    unanswered: list[GivenRow]


class Judge:
    """Knows a selection, and what its rows' marks must be."""

    def __init__(self, lists: Lists, marker: Marker) -> None:
        self._lists, self._marker = lists, marker
        self._practices = frozenset(lists.practices)
        self._as_of = dt.date.fromisoformat(lists.facts["as_of"])
        self._searches = 0
        self._empty: dict[str, frozenset[str]] = {}
        self._listable: dict[str, frozenset[str]] = {}
        table = lists.to_arrow(reasons=False)
        managed = table.filter(table.column("case_managed"))
        names = ("practice_id", "patient_id")
        self._with_removals = frozenset(lists.removals().column("practice_id").to_pylist())
        self._managed = frozenset(zip(*(managed.column(name).to_pylist() for name in names), strict=True))

    def known(self, practice: str) -> str:
        """The code, where it is one of the selection's; else nothing, since anything may stand in a file."""
        return practice if practice in self._practices else ""

    def file_problem(self, file: GivenFile) -> str:
        """Why no row of a file can be taken; empty where that is not so."""
        if file.practice_id not in self._practices:
            return "is the return of a practice that is not in this selection"
        if file.fingerprint != self._marker.fingerprint:
            return f"answers another selection, {self._other(file.as_of)}, than the one it is read for"
        return ""

    def missing_sheets(self, file: GivenFile) -> list[str]:
        """The sheets that were sent, and did not come back."""
        routes = self._lists.scheme.routes
        sent = [LIST]
        sent += [JUDGEMENT] if any(isinstance(route, Nominated) for route in routes) else []
        sent += [REVIEWS] if any(isinstance(route, Review) for route in routes) else []
        sent += [REMOVALS] if file.practice_id in self._with_removals else []
        return [] if file.sheets is None else [sheet for sheet in sent if sheet not in file.sheets]

    def _other(self, as_of: str) -> str:
        try:
            return f"with a list of {dt.date.fromisoformat(as_of)}"
        except ValueError:
            return "with a list of another day"

    def problem_of(self, row: GivenRow) -> str:
        """Why an answered row is not taken; empty where it is."""
        return row.problem or self._wrong_place(row) or self._wrong_answer(row)

    def is_filled_in_row(self, row: GivenRow) -> bool:
        """Whether a row is one of the judgement sheet's empty ones."""
        return row.sheet == JUDGEMENT and row.mark in self._empty_marks(row.practice_id)

    def _empty_marks(self, practice: str) -> frozenset[str]:
        if practice not in self._empty:
            numbers = range(1, MOST_EMPTY + 1)
            marks = (self._marker.mark(practice, JUDGEMENT, empty_name(number), ()) for number in numbers)
            self._empty[practice] = frozenset(marks)
        return self._empty[practice]

    def _wrong_place(self, row: GivenRow) -> str:
        """Why a row is not one that was sent, as it was sent."""
        if not row.mark:
            return "has no mark: it is not a row that was sent, or its mark was deleted"
        if self.is_filled_in_row(row):
            if any(row.shown or ()):
                return "shows something where an empty row was sent"
            return self._wrong_patient(row)
        if not row.patient_id:
            return "has no patient id"
        expected = self._marker.mark(row.practice_id, row.sheet, row.patient_id, row.shown or ())
        if is_same_row(row.mark, expected):
            if row.shown is None or row.mark == expected:
                return ""
            return "does not show what was sent: it was edited, or one column was sorted by itself"
        return self._whose(row)

    def _whose(self, row: GivenRow) -> str:
        """Of a mark that is not the row's: what is likely to have happened."""
        for sheet in SHEETS:
            if is_same_row(row.mark, self._marker.mark(row.practice_id, sheet, row.patient_id, ())):
                return "was moved here from another sheet"
        self._searches += 1
        for practice in self._lists.practices if self._searches <= _MOST_SEARCHES else ():
            own = self._marker.mark(practice, row.sheet, row.patient_id, ())
            if is_same_row(row.mark, own) or row.mark in self._empty_marks(practice):
                return f"belongs to the list of practice '{practice}'"
        return "has a mark that is not this patient's: one column was sorted by itself, or the id or mark was edited"

    def _wrong_patient(self, row: GivenRow) -> str:
        if not row.patient_id:
            return "is filled in without a patient id"
        if (row.practice_id, row.patient_id) in self._managed:
            return "names a patient of the case-management list: answer there"
        listable = self._listable_in(row.practice_id)
        if listable is not None and row.patient_id not in listable:
            return "names nobody on the practice's list by an id as the register writes it"
        return ""

    def _listable_in(self, practice: str) -> frozenset[str] | None:
        """Everyone who can be on a practice's list; None where the selection has no register."""
        made = self._lists.workings
        if made is None or not made.register.is_whole:
            return None
        import numpy as np

        if practice not in self._listable:
            register = made.register
            rows = register.packed.by_practice()(register.practices.index(practice))
            ids = register.column("patient_id", np.arange(len(register))[rows])
            able = is_listable(register.packed, rows).tolist()
            self._listable[practice] = frozenset(p for p, is_able in zip(ids.to_pylist(), able, strict=True) if is_able)
        return self._listable[practice]

    def _wrong_answer(self, row: GivenRow) -> str:
        known = ANSWERS_OF[row.sheet]
        if not row.answer:
            return "has no answer, though something else is filled in"
        if row.answer not in known:
            return f"has an answer that is none of: {', '.join(known)}"
        if row.order is not None and row.answer != "accept":
            return f"has an {ORDER}, and is not accepted"
        if not row.who:
            return "does not say who decided; the cover can say so for all rows"
        if row.date is None:
            return "does not say when it was decided; the cover can say so for all rows"
        if abs((row.date - self._as_of).days) > MOST_DAYS:
            return "has a date that is more than two years from the list's"
        return ""


def judge(judging: Judge, files: Iterable[GivenFile]) -> Judged:
    """What becomes of every row of some files; one file read twice changes nothing."""
    accepted: dict[tuple[str, str, str], list[GivenRow]] = {}
    explained: list[Explained] = []
    unanswered: dict[tuple[str, str, str], GivenRow] = {}
    for file in files:
        problem = judging.file_problem(file)
        own = judging.known(file.practice_id)
        if problem:
            explained.append(Explained(file.name, own, "", None, problem))
        explained += [Explained(file.name, own, sheet, None, said) for sheet, said in file.problems]
        if not problem:
            explained += [Explained(file.name, own, sheet, None, _MISSING) for sheet in judging.missing_sheets(file)]
        for row in file.rows:
            if problem:
                if row.is_answered:
                    explained.append(_explained(row, "stands in a file that was not taken")._replace(practice_id=own))
                continue
            if not row.is_answered and not (judging.is_filled_in_row(row) and row.patient_id):
                if row.patient_id:
                    unanswered.setdefault((row.practice_id, row.sheet, row.patient_id), row)
                continue
            said = judging.problem_of(row)
            if said:
                explained.append(_explained(row, said))
            else:
                accepted.setdefault((row.practice_id, row.sheet, row.patient_id), []).append(row)
    settled: list[GivenRow] = []
    for same in accepted.values():
        one, more = _settled(same)
        settled += one
        explained += more
    kept, more = _without_contradictions(settled)
    explained += more
    answered = {(row.practice_id, row.sheet, row.patient_id) for row in kept}
    return Judged(kept, explained, [row for key, row in unanswered.items() if key not in answered])


def _settled(same: Sequence[GivenRow]) -> tuple[list[GivenRow], list[Explained]]:
    """The one answer about a patient on a sheet; none where there are several that differ."""
    answers = {(row.answer, row.order, row.reason, row.who, row.date) for row in same}
    if len(answers) == 1:
        first, *others = same
        return [first], [_explained(row, "repeats an answer that was taken: nothing changed") for row in others]
    said = f"is one of {len(same)} answers about the same patient that differ: send one"
    return [], [_explained(row, said) for row in same]


def _without_contradictions(rows: Sequence[GivenRow]) -> tuple[list[GivenRow], list[Explained]]:
    """The answers but for those about a patient who is gone on one sheet, and goes on being cared for on another."""
    of_patient: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        of_patient.setdefault((row.practice_id, row.patient_id), set()).add(row.answer)
    kept, explained = [], []
    for row in rows:
        said = of_patient[row.practice_id, row.patient_id]
        if said & {DIED_OR_MOVED, END} and said & {ACCEPT, KEEP} and row.answer in _CONTRADICTING:
            explained.append(_explained(row, "says other than another sheet about the same patient: send one answer"))
        else:
            kept.append(row)
    return kept, explained


def _explained(row: GivenRow, problem: str) -> Explained:
    return Explained(row.file, row.practice_id, row.sheet, row.number, problem)
