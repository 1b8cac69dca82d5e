"""How a text file is written, as its first lines show it: where its header stands, and what stands between values."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from casemgmt.errors import InputError
from casemgmt.names import are_names
from casemgmt.register.forms import CSV, EXCEL, TAB, TEXT, FileForm, ending_of, shown

# A header further down than this is not looked for.
_MOST_LINES = 60
_FEWEST_COLUMNS = 3
_FOLLOWING = 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PLAIN = "utf-8"
_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the first lines of a file show.

    Attributes
    ----------
    form : with which the file can be read to be looked through
    unsure_of_encoding : whether its text is no UTF-8, and nothing says what else
    is_workbook : whether it is a workbook, of which nothing was looked at
    """

    form: FileForm
    unsure_of_encoding: bool = False
    is_workbook: bool = False


def look_at(
    path: Path,
    *,
    encoding: str | None,
    separator: str | None,
    skip_lines: int | None,
    sheet: str | int | None,
    known: Sequence[str] = (),
) -> Looked:
    """How a file is written: as it was said, and where nothing was said as its first lines show.

    Parameters
    ----------
    encoding, separator, skip_lines, sheet : of :class:`FileForm`, None where nothing is said
    known : names of columns that are known to be in the header
    """
    ending, is_packed = ending_of(path)
    said = FileForm(encoding=encoding or _PLAIN, separator=separator, skip_lines=skip_lines or 0, sheet=sheet)
    if ending not in CSV + TAB + TEXT:
        return Looked(form=said, is_workbook=ending in EXCEL)
    data = path.read_bytes()
    if is_packed:
        from casemgmt.register.gzip_reading import unpack

        data = unpack(path, data)
    text, encoding, unsure = _text_of(data, encoding)
    lines = text.split("\n", _MOST_LINES + _FOLLOWING)[: _MOST_LINES + _FOLLOWING]
    marks = (said.separator,) if said.separator else _SEPARATORS
    starts = range(_MOST_LINES) if skip_lines is None else (skip_lines,)
    found = _header_of(lines, marks, starts, known)
    if found is not None:
        skip_lines, separator = found
    elif skip_lines is None and separator is None:
        raise InputError(
            f"{shown(path)}: none of its first {_MOST_LINES} lines names columns that are known here; nothing of them "
            "is shown. Name at least one of them with columns={'its name in your data': 'the field'}; if the header "
            "stands further down, say skip_lines=N; if there is none, write one."
        )
    usual = "\t" if ending in TAB else ","
    written = None if separator == usual and said.separator is None and ending not in TEXT else separator
    form = FileForm(encoding=encoding, separator=written, skip_lines=skip_lines or 0, sheet=sheet)
    return Looked(form=form, unsure_of_encoding=unsure)


def _text_of(data: bytes, encoding: str | None) -> tuple[str, str, bool]:
    """The text, the encoding that it was read with, and whether that was a guess, for looking alone."""
    if encoding is not None:
        return data.decode(encoding, "replace"), encoding, False
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace"), "utf-16", False
    try:
        return data.decode("utf-8-sig"), _PLAIN, False
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1", True


def _header_of(
    lines: Sequence[str], separators: Sequence[str], starts: Sequence[int], known: Sequence[str]
) -> tuple[int, str] | None:
    """The first line that names columns, whose number of values most of the following lines have; and its separator."""
    for start in starts:
        for mark in separators:
            names = _split(lines[start : start + 1], mark)
            if not names or len(names[0]) < _FEWEST_COLUMNS or not _are_names(names[0], known):
                continue
            following = Counter(len(row) for row in _split(lines[start + 1 : start + 1 + _FOLLOWING], mark) if any(row))
            if not following or following.most_common(1)[0][0] == len(names[0]):
                return start, mark
    return None


def _are_names(names: Sequence[str], known: Sequence[str]) -> bool:
    return bool(set(names) & set(known)) or are_names(names)


def _split(lines: Sequence[str], mark: str) -> list[list[str]]:
    rows = []
    for line in lines:
        try:
            rows += [[each.strip() for each in row] for row in csv.reader([line.rstrip("\r")], delimiter=mark)]
        except csv.Error:
            continue
    return rows
