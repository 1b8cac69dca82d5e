"""The rows of a returned workbook.

openpyxl reads it, because it tells a formula from a value. Tried on edited files, python-calamine is fifteen times as
fast and gives an empty cell for an answer that is a formula without a stored value, as other software writes: the
answer would be lost without a word. It reads the rows one after the other (``read_only``): held whole, a workbook of
some kilobytes with one merged range fills the memory. Hidden rows are found in the sheet's own text.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.errors import InputError
from casemgmt.outputs.practice.answers import SHEETS
from casemgmt.outputs.practice.sheets import layout
from casemgmt.outputs.practice.shown import SHOWN_COLUMNS
from casemgmt.returns.archive import Layout, looked_over
from casemgmt.returns.cells import FaultyCellError, day_of, id_of, order_of, shown_text, text_of
from casemgmt.returns.rows import MOST_CELLS, MOST_ROWS, GivenFile, GivenRow, UnreadableError

if TYPE_CHECKING:
    import datetime as dt

_MOST_COVER_ROWS, _LAST_HEAD_ROW = 200, 30
_COPIED = "holds a sheet that was not sent, with headings of ours: it was copied or renamed, and was not read"


class _Cell(NamedTuple):
    """A cell's value, and whether it is a formula or an error."""

    value: object
    kind: str


_EMPTY = _Cell(None, "n")


class _Default(NamedTuple):
    """Who answered and when, as the cover says, for rows that do not say."""

    who: str
    date: dt.date | None


def read_workbook(name: str, data: bytes) -> GivenFile:
    """Read a returned workbook.

    Raises
    ------
    UnreadableError : it is no workbook of ours, or cannot be read
    InputError : openpyxl is not installed
    """
    try:
        import openpyxl
    except ImportError:
        raise InputError(
            "A workbook is read by openpyxl, which is not installed: pip install 'casemgmt[excel]'."
        ) from None
    archive = looked_over(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and rules, which say nothing of the values
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            try:
                return _read(name, book, Layout(archive))
            finally:
                book.close()
    except UnreadableError:
        raise
    except Exception:  # a damaged workbook raises whatever its reader stumbles over, and that may quote a cell
        raise UnreadableError("cannot be read as a workbook: it is damaged. Save it as .xlsx") from None


def _read(name: str, book: Any, parts: Layout) -> GivenFile:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if layout.COVER not in sheets:
        raise UnreadableError(
            f"has no sheet '{layout.COVER}': it is not one of our workbooks, or the sheet was renamed"
        )
    cover = _cover(sheets[layout.COVER])
    facts = {
        key: _fact(cover, key) for key in (layout.PRACTICE, layout.LIST_DATE, layout.SELECTION, layout.FILE_FORMAT)
    }
    if facts[layout.FILE_FORMAT] != f"{layout.FORMAT} {layout.FORMAT_VERSION}":
        raise UnreadableError(f"does not say '{layout.FORMAT} {layout.FORMAT_VERSION}' on its cover")
    default, problems = _default(cover)
    rows: list[GivenRow] = []
    for sheet in SHEETS:
        title = layout.SHEET_NAMES[sheet]
        if title not in sheets:
            continue
        try:
            rows += list(
                _rows(name, facts[layout.PRACTICE], sheet, sheets[title], parts, default)
            )  # all of a sheet, or none
        except UnreadableError as problem:
            problems.append((sheet, str(problem)))
    ours = {layout.COVER, layout.LEGEND, *layout.SHEET_NAMES.values()}
    problems += [("", _COPIED) for title, page in sheets.items() if title not in ours and _has_head(page)]
    return GivenFile(
        name=name,
        practice_id=facts[layout.PRACTICE],
        fingerprint=facts[layout.SELECTION],
        as_of=facts[layout.LIST_DATE],
        rows=tuple(rows),
        problems=tuple(problems),
        sheets=frozenset(sheet for sheet in SHEETS if layout.SHEET_NAMES[sheet] in sheets),
    )


def _has_head(page: Any) -> bool:
    """Whether a sheet that was not sent has the headings of one that was; answers may stand in it."""
    try:
        rows = (cells for number, cells in _cells(page, MOST_ROWS) if number <= _LAST_HEAD_ROW)
        return any(layout.ID in (cell.value for cell in row) for row in rows)
    except UnreadableError:
        return False


def _cells(sheet: Any, most: int) -> Iterator[tuple[int, list[_Cell]]]:
    """(number, cells) of each row that has any."""
    sheet.reset_dimensions()  # what a file states of its size can be too small, or without end
    cells = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells += len(row)
        if number > most or cells > MOST_CELLS:
            raise UnreadableError("holds more rows than a return can have")
        found = [_Cell(cell.value, cell.data_type or "n") for cell in row]
        while found and found[-1].value in (None, ""):
            found.pop()
        if found:
            yield number, found


def _cover(sheet: Any) -> dict[str, _Cell]:
    """The second column by what stands in the first; of a repeated word the first."""
    found: dict[str, _Cell] = {}
    for _, row in _cells(sheet, _MOST_COVER_ROWS):
        if isinstance(row[0].value, str):
            found.setdefault(row[0].value.strip(), row[1] if len(row) > 1 else _EMPTY)
    return found


def _fact(cover: dict[str, _Cell], key: str) -> str:
    value = cover.get(key, _EMPTY)
    if value.kind in ("f", "e") or not isinstance(value.value, str):
        raise UnreadableError(f"does not say '{key}' on its cover as it was sent")
    return value.value


def _default(cover: dict[str, _Cell]) -> tuple[_Default, list[tuple[str, str]]]:
    problems: list[tuple[str, str]] = []
    who, day = "", None
    try:
        who = text_of(_plain(cover.get(layout.ANSWERED_BY, _EMPTY), "Who"), "Who")
    except FaultyCellError as problem:
        problems.append(("cover", f"{problem}: '{layout.ANSWERED_BY}' was passed over"))
    try:
        day = day_of(_plain(cover.get(layout.ANSWERED_ON, _EMPTY), "Date"))
    except FaultyCellError as problem:
        problems.append(("cover", f"{problem}: '{layout.ANSWERED_ON}' was passed over"))
    return _Default(who, day), problems


def _rows(name: str, practice: str, sheet: str, page: Any, parts: Layout, default: _Default) -> Iterator[GivenRow]:
    if page.sheet_state != "visible":
        raise UnreadableError("is hidden: show it, look at it, and send the file again")
    heads = layout.headings(sheet)
    hidden = parts.hidden_rows(page._worksheet_path, len(heads))
    seen_head = False
    for number, cells in _cells(page, MOST_ROWS):
        if not seen_head:
            if number > _LAST_HEAD_ROW:
                break
            if cells[0].value == layout.ID or cells[-1].value == layout.MARK:
                _check_head(heads, [cell.value for cell in cells])
                seen_head = True
            continue
        hiding = "stands in a hidden row: show all rows" if number in hidden else ""
        beside = "has values to the right of its table" if len(cells) > len(heads) else ""
        row = [*cells, *([_EMPTY] * (len(heads) - len(cells)))][: len(heads)]
        given = _row(name, practice, sheet, number, row, default, hiding)
        # What stands beside the table may be the answer, so the row counts as answered.
        yield replace(given, problem=given.problem or beside)
    if not seen_head:
        raise UnreadableError(f"has no row of headings from '{layout.ID}' to '{layout.MARK}', as it was sent")


def _check_head(heads: Sequence[str], found: Sequence[object]) -> None:
    """Refuse a sheet whose columns are not those that were sent, in their order."""
    given = [value.strip() if isinstance(value, str) else value for value in found]
    wrong = [head for at, head in enumerate(heads) if at >= len(given) or given[at] != head]
    if wrong:
        more = f" and of {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise UnreadableError(
            f"has another heading in the place of '{wrong[0]}'{more}: columns stand as they were sent"
        )
    if len(given) > len(heads):
        raise UnreadableError("has more columns than were sent: put them on a sheet of their own")


def _row(
    name: str, practice: str, sheet: str, number: int, cells: list[_Cell], default: _Default, problem: str
) -> GivenRow:
    count = len(SHOWN_COLUMNS[sheet])
    filled = dict(zip(layout.answer_columns(sheet), cells[count + 1 : -1], strict=True))
    texts = {"answer": "", "reason": "", "who": ""}
    order, day = None, None
    try:
        for column in texts:
            texts[column] = text_of(_plain(filled[column], layout.heading(column)), layout.heading(column))
        order = order_of(_plain(filled["order"], "Order")) if "order" in filled else None
        day = day_of(_plain(filled["date"], "Date"))
        patient = id_of(_plain(cells[0], layout.ID), layout.ID)
        mark = text_of(_plain(cells[-1], layout.MARK), layout.MARK)
        fault = ""
    except FaultyCellError as found:
        patient, mark, fault = "", "", str(found)
    is_filled = any(cell.value not in (None, "") for cell in filled.values())
    return GivenRow(
        file=name,
        practice_id=practice,
        sheet=sheet,
        number=number,
        mark=mark,
        patient_id=patient,
        shown=tuple(shown_text(cell.value) for cell in cells[1 : count + 1]),
        answer=texts["answer"].lower(),
        reason=texts["reason"],
        who=texts["who"] or default.who,
        order=order,
        date=day or default.date,
        problem=fault or (problem if is_filled else ""),
    )


def _plain(cell: _Cell, column: str) -> object:
    """A cell's value, unless it is worked out."""
    if cell.kind == "f":
        raise FaultyCellError(f"{column} is a formula, not a value")
    if cell.kind == "e":
        raise FaultyCellError(f"{column} is an error of the spreadsheet")
    return cell.value
