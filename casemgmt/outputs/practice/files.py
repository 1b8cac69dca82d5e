"""The files by which practices are shown their lists, beside the CSV files of a publication."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.dates import as_date
from casemgmt.disk import BusyError, replace_file
from casemgmt.errors import InputError, PublishError, being_written
from casemgmt.outputs import layout
from casemgmt.outputs.practice.making import practice_lists
from casemgmt.outputs.practice.page.writing import page_of
from casemgmt.outputs.practice.wording import CONTACT, Sending
from casemgmt.outputs.practice.workbook import workbook_of
from casemgmt.rule_files import shown_path

if TYPE_CHECKING:
    from casemgmt.selection.lists import Lists

_LONGEST_CONTACT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Which files for people are made.

    Attributes
    ----------
    workbooks, pages : whether each practice has one
    key : file of the key of the marks; see :func:`casemgmt.outputs.practice.marks.marker_of`
    sending : what the sender says beside the lists
    """

    workbooks: bool = False
    pages: bool = False
    key: str | Path | None = None
    sending: Sending = field(default_factory=Sending)


def documents_of(lists: Lists, asked: Documents) -> dict[str, bytes]:
    """The bytes of each file, by path inside the publication."""
    files: dict[str, bytes] = {}
    if not (asked.workbooks or asked.pages):
        return files
    for shown in practice_lists(lists, key=asked.key, sending=asked.sending):
        if asked.workbooks:
            files[layout.workbook_file(shown.practice_id)] = workbook_of(shown)
        if asked.pages:
            files[layout.page_file(shown.practice_id)] = page_of(shown, lists.workings)
    return files


def documents_from(
    *,
    workbooks: bool = False,
    pages: bool = False,
    key: str | Path | None = None,
    reply_by: str | dt.date | None = None,
    contact: str | None = None,
) -> Documents:
    """What a user says, checked.

    Raises
    ------
    InputError : a day that is none, a contact of more than a few words
    """
    said = None if contact is None else contact.strip()
    if said is not None and not (0 < len(said) <= _LONGEST_CONTACT and said.isprintable()):
        raise InputError(f"contact says where to send the answers, on one line of 1 to {_LONGEST_CONTACT} letters.")
    sending = Sending(
        reply_by=None if reply_by is None else as_date(reply_by, "reply_by"),
        contact=CONTACT if said is None else said,
    )
    return Documents(workbooks=workbooks, pages=pages, key=key, sending=sending)


def write_workbook(lists: Lists, practice_id: str, path: Path, asked: Documents) -> None:
    """Write the workbook of one practice, whole or not at all.

    Raises
    ------
    InputError : there is no such practice; a path that does not end in .xlsx
    PublishError : it cannot be written
    """
    if path.suffix.lower() != layout.WORKBOOK:
        raise InputError(f"A workbook is a file that ends in {layout.WORKBOOK}; '{shown_path(path.name)}' does not.")
    (shown,) = practice_lists(lists, [practice_id], key=asked.key, sending=asked.sending)
    write_private(path, workbook_of(shown))


def write_page(lists: Lists, practice_id: str, path: Path, asked: Documents) -> None:
    """Write the page of one practice, whole or not at all.

    Raises
    ------
    InputError : there is no such practice; a path that does not end in .html
    PublishError : it cannot be written
    """
    if path.suffix.lower() != layout.PAGE:
        raise InputError(f"A page is a file that ends in {layout.PAGE}; '{shown_path(path.name)}' does not.")
    (shown,) = practice_lists(lists, [practice_id], key=asked.key, sending=asked.sending)
    write_private(path, page_of(shown, lists.workings))


def write_private(path: Path, data: bytes) -> None:
    """Write one file that its owner alone may read.

    Raises
    ------
    PublishError : it cannot be written; what was there is left as it was
    """
    try:
        replace_file(Path(os.path.abspath(path)), data)  # noqa: PTH100 - a link is replaced, not what it points to
    except BusyError:
        raise being_written(path) from None
    except OSError as error:
        raise PublishError(f"{path} was not written: {error.strerror or type(error).__name__}.") from None
