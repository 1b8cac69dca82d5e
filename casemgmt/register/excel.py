"""Sheets of workbooks as tables: dates and numbers keep their kind, ids must be text, and nothing is guessed."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.errors import InputError, listed, plural
from casemgmt.names import are_names, meant_field
from casemgmt.register.forms import FileForm, shown
from casemgmt.register.refusals import repeated_names, unpacks_too_far
from casemgmt.register.spellings import is_missing_word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

# A sheet of Excel's has no more rows and columns, and a register far fewer columns.
_MOST_ROWS, _MOST_COLUMNS, _MOST_CELLS = 1_048_576, 2_000, 60_000_000
# A workbook that unpacks to more is made to fill a memory.
_MOST_UNPACKED, _MOST_TIMES, _ALWAYS = 4 << 30, 100, 64 << 20
# Fields of which a number has lost the leading zeros, or all digits but 15.
_FORMULA, _LONGEST_TAG, _PIECE = re.compile(rb"<(\w{1,32}:)?f[\s>/]"), 40, 1 << 20
ID_FIELDS = ("patient_id", "practice_id", "care_home_id")


def read_workbook(
    path: Path, form: FileForm
) -> tuple[pa.Table, npt.NDArray[np.int64] | None, tuple[tuple[int, str], ...]]:
    """Read one sheet of a workbook whose header is its first row after ``form.skip_lines``.

    Returns
    -------
    table : a column a header name: dates, times, numbers, true and false, or text; an empty cell is null
    row_numbers : the source row, from 0 after the header, of each row of the table; None where they are the same
    unsplit : (source row, reason) of each row with more cells than the header

    Raises
    ------
    InputError
        A workbook that cannot be read, an error or a formula without a value in a cell, a number where an id should
        stand, dates and texts in one column.
    """
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        raise InputError(
            "A workbook is read by openpyxl, which is not installed: pip install 'casemgmt[excel]', or save the sheet "
            "as 'CSV UTF-8'."
        ) from None
    try:
        data = path.read_bytes()
        has_formulas = _looked_through(data, path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and rules, which say nothing of the values
            return _read(data, path, form, has_formulas)
    except InputError:
        raise
    except Exception:  # a damaged workbook raises whatever its reader stumbles over, and that may quote a cell
        raise InputError(
            f"{shown(path)}: not a readable workbook; it is damaged, cut short or locked by a password. Save it again, "
            "or as 'CSV UTF-8'."
        ) from None


def _looked_through(data: bytes, path: Path) -> bool:
    """Whether a workbook may hold formulas; one that is damaged, or unpacks to far more than it holds, is refused."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unpacked = sum(each.file_size for each in archive.infolist())
        limit = min(_MOST_UNPACKED, max(_ALWAYS, _MOST_TIMES * len(data)))
        if unpacked > limit or len(archive.infolist()) > 10_000:
            raise unpacks_too_far(shown(path), _MOST_TIMES, "Save the sheet as 'CSV UTF-8' if it is.")
        # Read to its end, each part is held against its checksum.
        return sum(_holds_formula(archive, each) for each in archive.infolist()) > 0


def _holds_formula(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    found, before = False, b""
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            if b"<!DOCTYPE" in before + piece:
                raise zipfile.BadZipFile  # no workbook has one, and its entities could unfold without end
            # In another encoding than UTF-8 a formula is not known by its bytes.
            found = found or b"\0" in piece or bool(_FORMULA.search(before + piece))
            before = piece[-_LONGEST_TAG:]
    return found


def _read(
    data: bytes, path: Path, form: FileForm, has_formulas: bool
) -> tuple[pa.Table, npt.NDArray[np.int64] | None, tuple[tuple[int, str], ...]]:
    import numpy as np
    import openpyxl
    import pyarrow as pa

    # Read for its values alone, a formula without one looks like an empty cell; so it is read for its formulas too.
    values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False) if has_formulas else None
    try:
        sheet = _sheet_of(values, form, path)
        rows = _rows(sheet, formulas and formulas[sheet.title], form.skip_lines, path)
        header = _header(next(rows, None), path)
        width = len(header)
        columns: list[list[object]] = [[] for _ in header]
        bad = _BadCells(header)
        kept, unsplit, number = [], [], -1
        for cells in rows:
            if not cells:
                continue  # an empty row is none, as in a text file
            number += 1
            if len(cells) > width:
                unsplit.append((number, f"{plural(len(cells), 'value')} where the header has {width}"))
                continue
            kept.append(number)
            for place, column in enumerate(columns):
                column.append(bad.checked(cells[place], place) if place < len(cells) else None)
    finally:
        values.close()
        if formulas is not None:
            formulas.close()
    bad.refuse(path)
    names = [name for name in header if name]
    arrays = [
        _column(column, name, _must_be_text(name, form), are_names(names))
        for name, column in zip(header, columns, strict=True)
        if name
    ]
    _refuse_unnamed(header, columns, path)
    numbers = np.array(kept, dtype=np.int64) if unsplit else None
    return pa.table(arrays, names=names), numbers, tuple(unsplit)


def _sheet_of(book: Workbook, form: FileForm, path: Path) -> Worksheet:
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    named = [sheet.title for sheet in sheets]
    if form.sheet is None:
        if len(sheets) != 1:
            raise InputError(
                f"{shown(path)} has {plural(len(sheets), 'sheet')} to see: {listed(named)}. Say which: sheet=…."
            )
        return sheets[0]
    if isinstance(form.sheet, int):
        if not 1 <= form.sheet <= len(sheets):
            raise InputError(
                f"{shown(path)} has {plural(len(sheets), 'sheet')} to see, and sheet={form.sheet} is none."
            )
        return sheets[form.sheet - 1]
    for sheet in book.worksheets:
        if sheet.title == form.sheet:
            return sheet
    raise InputError(f"{shown(path)} has no sheet of the name given with sheet=. It has: {listed(named)}.")


def _rows(sheet: Worksheet, with_formulas: Worksheet | None, skip: int, path: Path) -> Iterator[list[object]]:
    """The rows' cells without the empty ones at their ends; a formula that has no value as :class:`_NoValue`."""
    # The size that a file states can be too small, and rows would be lost, or too large, and take for ever.
    sheet.reset_dimensions()
    if with_formulas is not None:
        with_formulas.reset_dimensions()
    cells = rows = 0
    plain = sheet.iter_rows()
    pairs = (
        ((row, row) for row in plain) if with_formulas is None else zip(plain, with_formulas.iter_rows(), strict=True)
    )
    for place, (row, formula_row) in enumerate(pairs):
        rows, cells = rows + 1, cells + len(row)
        if rows > _MOST_ROWS or cells > _MOST_CELLS:
            raise InputError(
                f"{shown(path)}: the sheet has more than {_MOST_ROWS:,} rows or {_MOST_CELLS:,} cells. Save it as "
                "'CSV UTF-8', or as Parquet."
            )
        if place < skip:
            continue
        found = [
            _no_value
            if cell.value is None and formula.data_type == "f"
            else _error
            if cell.data_type == "e"
            else cell.value
            for cell, formula in zip(row, formula_row, strict=True)
        ]
        while found and found[-1] in (None, ""):
            found.pop()
        yield found


_no_value, _error = object(), object()


class _BadCells:
    """Counts of cells that say nothing, by column."""

    def __init__(self, header: Sequence[str]) -> None:
        self._header = header
        self._errors: dict[int, int] = {}
        self._formulas: dict[int, int] = {}

    def checked(self, value: object, place: int) -> object:
        """The cell's value, None where it is empty or bad."""
        if value is _error:
            self._errors[place] = self._errors.get(place, 0) + 1
            return None
        if value is _no_value:
            self._formulas[place] = self._formulas.get(place, 0) + 1
            return None
        return None if value == "" else value

    def refuse(self, path: Path) -> None:
        """Refuse a sheet that has any."""
        for counts, what, remedy in (
            (self._errors, "with an error, such as #N/A", "Mend or clear them."),
            (self._formulas, "with a formula that was never worked out", "Open the workbook in Excel and save it."),
        ):
            if counts:
                is_named = are_names(self._header)
                places = [self._header[i] if is_named else f"column {i + 1}" for i in sorted(counts)]
                raise InputError(
                    f"{shown(path)}: {plural(sum(counts.values()), 'cell')} {what}, in {listed(places)}. {remedy}"
                )


def _header(cells: list[object] | None, path: Path) -> list[str]:
    if not cells:
        raise InputError(
            f"{shown(path)}: the sheet has no header in its first row. Say skip_lines=N if it stands further down."
        )
    if len(cells) > _MOST_COLUMNS:
        raise InputError(
            f"{shown(path)}: a header of more than {_MOST_COLUMNS:,} columns. Save the sheet as 'CSV UTF-8'."
        )
    if any(cell is _error or cell is _no_value for cell in cells):
        raise InputError(f"{shown(path)}: the header holds an error, or a formula without a value.")
    header = ["" if cell is None else str(cell).strip() for cell in cells]
    named = [name for name in header if name]
    repeated = sorted({name for name in named if named.count(name) > 1})
    if repeated:
        said = f": {listed(repeated)}" if are_names(named) else ""
        raise repeated_names(repeated, f" in the header{said}.", place=shown(path))
    return header


def _refuse_unnamed(header: Sequence[str], columns: Sequence[Sequence[object]], path: Path) -> None:
    """Refuse values under a cell of the header that is empty."""
    filled = [i + 1 for i, name in enumerate(header) if not name and any(value is not None for value in columns[i])]
    if filled:
        places = ", ".join(str(place) for place in filled[:5])
        raise InputError(f"{shown(path)}: {plural(len(filled), 'column')} with values and no name (column {places}).")


def _must_be_text(name: str, form: FileForm) -> bool:
    return name in form.texts or meant_field(name) in ID_FIELDS


def _column(values: list[object], name: str, is_id: bool, is_header: bool) -> pa.Array:
    """One column as Arrow holds it: of one kind where all cells are, else as text."""
    import pyarrow as pa

    said = f"Column '{name}'" if is_header else "A column"
    kinds = [_kind_of(value) for value in values if value is not None]
    counts = {kind: kinds.count(kind) for kind in set(kinds)}
    numbers, dates, texts = (
        counts.get("number", 0),
        counts.get("date", 0) + counts.get("time", 0),
        counts.get("text", 0),
    )
    if is_id and len(kinds) > texts:
        raise InputError(
            f"{said} holds {plural(len(kinds) - texts, 'cell')} of numbers, not text: leading zeros, and digits "
            "after the fifteenth, are lost. Set the column to Text and load the values again, or use the CSV or "
            "Parquet file that the workbook was made from."
        )
    if counts.get("length", 0):
        raise InputError(f"{said} holds {plural(counts['length'], 'time')} of day without a day. Give dates.")
    if dates and len(kinds) > dates:
        if numbers or counts.get("flag", 0) or not all(is_missing_word(v) for v in values if isinstance(v, str)):
            raise InputError(
                f"{said} holds {plural(dates, 'date')} and {len(kinds) - dates:,} other values: the sheet could not "
                "read all as dates, and may have exchanged day and month in some. Load them as text, in one form."
            )
        return pa.array([v if v is None or isinstance(v, str) else _as_text(v) for v in values], pa.string())
    if dates:
        if counts.get("time", 0):
            return pa.array(values, pa.timestamp("us"))
        return pa.array([_day_of(v) if isinstance(v, dt.date) else None for v in values], pa.date32())
    if numbers == len(kinds) and numbers and all(v is None or (isinstance(v, int) and abs(v) < 2**53) for v in values):
        return pa.array(values, pa.int64())
    if numbers == len(kinds) and numbers:
        return pa.array([float(v) if isinstance(v, (int, float)) else None for v in values], pa.float64())
    if counts.get("flag", 0) == len(kinds) and kinds:
        return pa.array(values, pa.bool_())
    return pa.array([v if v is None else _as_text(v) for v in values], pa.string())


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, dt.datetime):
        return "date" if value.time() == dt.time() else "time"
    if isinstance(value, dt.date):
        return "date"
    return "text" if isinstance(value, str) else "length"


def _day_of(value: dt.date) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value


def _as_text(value: object) -> str:
    """A cell as a text file would hold it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date) else str(value)
