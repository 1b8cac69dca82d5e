"""What practices answered to a selection, and what the next selection takes of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.arrow import column_of, text_scalar, texts
from casemgmt.dates import day_number
from casemgmt.errors import InputError, plural
from casemgmt.outputs.practice.marks import marker_of
from casemgmt.returns.judging import Explained, Judge, judge
from casemgmt.returns.nominating import ended_table, nominations_table, overflow_table
from casemgmt.returns.rows import MOST_FILE_BYTES, GivenFile, GivenRow, UnreadableError
from casemgmt.rule_files import TooLargeError, is_folder, plain_bytes, shown_path
from casemgmt.scheme.routes import Scheme
from casemgmt.shown import shows

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.lists import Lists

_WORKBOOK, _PAGE = ".xlsx", ".json"
_NEITHER = f"neither a workbook ({_WORKBOOK}) nor a page's file ({_PAGE}): open it, and save it as {_WORKBOOK}"


@shows("accepted explained unanswered nominations overflow ended counts practice")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Returns:
    """The answers of practices to one selection; made by :func:`read_returns`.

    Attributes
    ----------
    accepted : one row an answer: practice_id, patient_id, sheet (``list``, ``judgement``, ``reviews`` or ``removals``),
        answer, reason, who, date, nomination_order (null where none was given), file
    explained : one row for each returned row that was not accepted, and for each sheet or file that could not be read:
        file, practice_id (null where the file names none of the selection's), sheet, row (as the spreadsheet counts, or
        the place in the page's file; null for a whole sheet or file), problem. It shows nothing that stands in a cell
    unanswered : the rows that came back without an answer: practice_id, patient_id, sheet
    """

    lists: Lists
    accepted: pa.Table
    explained: pa.Table
    unanswered: pa.Table

    def nominations(self) -> pa.Table:
        """The nominations of the practices that answered, as ``nominations=`` of :func:`casemgmt.select` takes them.

        Returns
        -------
        pyarrow.Table
            practice_id, patient_id, nominated (false: the practice said no), nomination_order. First those who hold a
            place by nomination and keep it, then those accepted, in the practice's own order, then in the order of the
            sheet; then those who have waited for a place, and were not answered
        """
        return nominations_table(self.lists, self.accepted)

    def overflow(self) -> pa.Table:
        """The nominations that are for the practice to put in order: it accepted more than it has places left.

        Returns
        -------
        pyarrow.Table
            practice_id, places_left, patient_id, nomination_order (null where the practice gave none): everyone
            accepted by a practice that accepted too many
        """
        return overflow_table(self.lists, self.accepted)

    def ended(self) -> pa.Table:
        """Whose case management ends, as ``ended=`` of :func:`casemgmt.select` takes it: patient_id, reason.

        They are patients of the list who were answered with anything but ``accept``, removals answered ``end`` or
        ``died or moved``, and those case managed whose review was answered with ``died or moved``. Give it beside
        ``previous=`` with the selection that was answered.
        """
        return ended_table(self.lists, self.accepted)

    def counts(self) -> pa.Table:
        """One row a practice of the selection: practice_id, accepted, explained, unanswered; rows of its returns."""
        import pyarrow as pa

        columns = {}
        for name in ("accepted", "explained", "unanswered"):
            tally = getattr(self, name).column("practice_id").value_counts().to_pylist()
            of_practice = {each["values"]: each["counts"] for each in tally}
            columns[name] = column_of([of_practice.get(code, 0) for code in self.lists.practices], pa.int64())
        return pa.table({"practice_id": texts(self.lists.practices), **columns})

    @arguments.checked(practice_id=arguments.text)
    def practice(self, practice_id: str) -> pa.Table:
        """The accepted rows of one practice alone."""
        import pyarrow.compute as pc

        return self.accepted.filter(pc.equal(self.accepted.column("practice_id"), text_scalar(practice_id)))

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Returns: {self._in_words()}>"

    def _in_words(self) -> str:
        practices = len(self.accepted.column("practice_id").unique())
        return (
            f"{plural(self.accepted.num_rows, 'answer')} of {plural(practices, 'practice')} accepted, "
            f"{self.explained.num_rows:,} explained, {plural(self.unanswered.num_rows, 'row')} unanswered"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(row['file'])}</td><td>{escape(row['sheet'] or '')}</td><td>{row['row'] or ''}</td>"
            f"<td>{escape(row['problem'])}</td></tr>"
            for row in self.explained.slice(0, 50).to_pylist()
        )
        head = "<tr><th>file</th><th>sheet</th><th>row</th><th>problem</th></tr>"
        return f"<table><caption>{escape(self._in_words())}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"


@arguments.checked(paths=arguments.paths, key=arguments.path_or_none)
def read_returns(
    paths: str | Path | Iterable[str | Path], selection: Lists, *, key: str | Path | None = None
) -> Returns:
    """What practices sent back: every row accepted or explained; the same row twice changes nothing.

    Parameters
    ----------
    paths : workbooks (``.xlsx``) and files from pages (``.json``), or folders of them; what else lies in a folder is
        explained
    selection : the selection that was sent out, made now or from :func:`casemgmt.load_selection`
    key : of the marks, as it was given when the files were made; see :meth:`casemgmt.Selection.workbook`

    Returns
    -------
    Returns

    Raises
    ------
    InputError
        A path that is not there, or names no workbook or page's file; no file in the folders; openpyxl is not
        installed; a weak key. A file that is there and cannot be read is explained, and the others are read.

    Notes
    -----
    Of a file over 20 MB, or one that unpacks to over 30 MB, nothing is read. Ids that a practice wrote into empty rows
    are held against the register where the selection has one; otherwise :func:`casemgmt.select` does it.

    Examples
    --------
    >>> folder = selection.save("sent", workbooks=True)
    >>> cm.read_returns("sent/practices/C87616.xlsx", selection=selection)
    <Returns: 0 answers of 0 practices accepted, 0 explained, 807 rows unanswered>
    """
    if not isinstance(getattr(selection, "scheme", None), Scheme) or not callable(getattr(selection, "queue", None)):
        raise InputError("selection: give the selection that was sent out, from cm.select or cm.load_selection.")
    judging = Judge(selection, marker_of(selection, key))
    files: list[GivenFile] = []
    unread: list[Explained] = []
    paths_read, others = _files_of(paths)
    for path in paths_read:
        try:
            files.append(_read(path))
        except UnreadableError as problem:
            unread.append(Explained(shown_path(path.name), "", "", None, str(problem)))
    judged = judge(judging, files)
    return Returns(
        lists=selection,
        accepted=_accepted_table(judged.accepted),
        explained=_explained_table([*others, *unread, *judged.explained]),
        unanswered=_unanswered_table(judged.unanswered),
    )


def _files_of(paths: str | Path | Iterable[str | Path]) -> tuple[list[Path], list[Explained]]:
    """The files, those of folders in the order of their names; and what else lies in a folder.

    A practice that sends a spreadsheet of another kind must not be taken for one that did not answer.
    """
    found: list[Path] = []
    others: list[Explained] = []
    for each in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        path = Path(each)
        if is_folder(path):
            for entry in _entries(path):
                if _is_read(entry) and not is_folder(entry):
                    found.append(entry)
                else:
                    said = "is a folder, and was not looked into: name it" if is_folder(entry) else f"is {_NEITHER}"
                    others.append(Explained(shown_path(entry.name), "", "", None, said))
        elif not _is_there(path):
            raise InputError(f"There is no file '{shown_path(path.name)}'.")
        elif not _is_read(path):
            raise InputError(f"'{shown_path(path.name)}' is {_NEITHER}.")
        else:
            found.append(path)
    if not found and not others:
        raise InputError(
            "There is no returned file: give workbooks (.xlsx), files from pages (.json), or their folder."
        )
    return found, others


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, but for hidden files and the locks of open spreadsheets."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith((".", "~$")))
    except OSError as problem:
        reason = problem.strerror or "the system refused"
        raise InputError(f"The folder '{shown_path(folder.name)}' cannot be read: {reason}.") from None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no system could hold the path
        return False


def _is_read(path: Path) -> bool:
    return path.suffix.lower() in (_WORKBOOK, _PAGE)


def _read(path: Path) -> GivenFile:
    from casemgmt.returns.pages import read_page_return
    from casemgmt.returns.workbooks import read_workbook

    try:
        data = plain_bytes(path, MOST_FILE_BYTES)
    except TooLargeError:
        raise UnreadableError(f"holds more than {MOST_FILE_BYTES // 10**6} MB, and was not read") from None
    except OSError as problem:
        raise UnreadableError(f"cannot be read: {problem.strerror or 'the system refused'}") from None
    if data is None:
        raise UnreadableError("is no plain file")
    return (read_workbook if path.suffix.lower() == _WORKBOOK else read_page_return)(shown_path(path.name), data)


def _accepted_table(rows: list[GivenRow]) -> pa.Table:
    import pyarrow as pa

    days = [None if row.date is None else day_number(row.date) for row in rows]
    return pa.table(
        {
            "practice_id": texts(row.practice_id for row in rows),
            "patient_id": texts(row.patient_id for row in rows),
            "sheet": texts(row.sheet for row in rows),
            "answer": texts(row.answer for row in rows),
            "reason": texts(row.reason or None for row in rows),
            "who": texts(row.who for row in rows),
            "date": column_of(days, pa.int32()).cast(pa.date32()),
            "nomination_order": column_of([row.order for row in rows], pa.int32()),
            "file": texts(row.file for row in rows),
        }
    )


def _explained_table(rows: list[Explained]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "file": texts(row.file for row in rows),
            "practice_id": texts(row.practice_id or None for row in rows),
            "sheet": texts(row.sheet or None for row in rows),
            "row": column_of([row.number for row in rows], pa.int32()),
            "problem": texts(row.problem for row in rows),
        }
    )


def _unanswered_table(rows: list[GivenRow]) -> pa.Table:
    import pyarrow as pa

    names = ("practice_id", "patient_id", "sheet")
    return pa.table({name: texts(getattr(row, name) for row in rows) for name in names})
