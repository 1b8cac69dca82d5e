"""A returned workbook as an archive: looked over before anything in it is parsed."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING
from xml.parsers import expat

from casemgmt.returns.rows import (
    MOST_OTHER_TAGS,
    MOST_PARTS,
    MOST_ROWS,
    MOST_TAGS,
    MOST_UNPACKED_BYTES,
    UnreadableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 16
_OVERLAP = 16
_SHEETS = ("xl/worksheets/", "xl/sharedStrings")
_TOO_FAR = "unpacks to far more than a return holds, and was not read"
_NOT_READABLE = (
    "cannot be read as a workbook: it is damaged, locked by a password, or of another kind. Save it as .xlsx"
)


def looked_over(data: bytes) -> zipfile.ZipFile:
    """The archive, each part of which was unpacked once, within bounds, and held against its checksum.

    Raises
    ------
    UnreadableError : it is no sound archive, unpacks too far, or holds macros or what a parser could unfold
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        _look_over(archive)
    except UnreadableError:
        raise
    except Exception:  # a damaged archive raises whatever its reader stumbles over
        raise UnreadableError(_NOT_READABLE) from None
    return archive


def _look_over(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        raise UnreadableError(_TOO_FAR)
    names = [part.filename for part in parts]
    if len(set(names)) < len(names):
        raise UnreadableError(_NOT_READABLE)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise UnreadableError("holds macros, and was not read. Save it as .xlsx")
    tags = 0
    for part in parts:
        own = _tags_of(archive, part)
        is_sheet = part.filename.startswith(_SHEETS)
        tags += own if is_sheet else 0
        if tags > MOST_TAGS or (own > MOST_OTHER_TAGS and not is_sheet):
            raise UnreadableError(_TOO_FAR)


def _tags_of(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """How many tags a part has; one that declares entities, which a parser would unfold, is refused."""
    tags = 0
    for before, piece in _pieces(archive, part):
        if any(word in before + piece for word in (b"<!DOCTYPE", b"<!ENTITY")):
            raise UnreadableError(_NOT_READABLE)
        tags += piece.count(b"<")
    return tags


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[tuple[bytes, bytes]]:
    """What a part unpacks to, piece by piece, each after the end of the last; no letters of two bytes."""
    before, room = b"", part.file_size
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            room -= len(piece)
            if room < 0 or (part.filename.endswith((".xml", ".rels")) and b"\0" in piece):
                raise UnreadableError(_NOT_READABLE)
            yield before, piece
            before = piece[-_OVERLAP:]


class Layout:
    """What the sheets of an archive say of their rows."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def hidden_rows(self, path: str, columns: int) -> set[int]:
        """Numbers, from 1, of the rows of a sheet that are hidden, by hand or by a filter.

        Parameters
        ----------
        path : of the sheet inside the archive
        columns : of its table; a sheet that says it was sorted in fewer is refused

        Raises
        ------
        UnreadableError : some of its columns were sorted by themselves; cells were merged; more rows than a return has
        """
        hidden: set[int] = set()
        last = 0

        def started(name: str, attributes: dict[str, str]) -> None:
            nonlocal last
            name = name.rpartition(":")[2]
            if name == "sortState" and _width(attributes.get("ref", "")) < columns:
                raise UnreadableError("was sorted in some of its columns alone: answers may stand by other patients")
            if name == "mergeCell" and _joins_rows(attributes.get("ref", ""), columns):
                raise UnreadableError("has merged cells, so one answer may stand for several patients: unmerge them")
            if name != "row":
                return
            number = attributes.get("r", "")
            last = int(number) if number.isascii() and number.isdigit() and len(number) < 8 else last + 1
            if attributes.get("hidden") in ("1", "true") or attributes.get("ht") == "0":
                hidden.add(last)
            if len(hidden) > MOST_ROWS:
                raise UnreadableError("holds more rows than a return can have")

        parser = expat.ParserCreate()
        parser.StartElementHandler = started
        with self._archive.open(path.lstrip("/")) as stream:
            parser.ParseFile(stream)
        return hidden


def _width(reference: str) -> int:
    """How many columns a range has: 5 of ``A2:E9``."""
    letters = re.fullmatch(r"\$?([A-Z]{1,3})\$?\d+:\$?([A-Z]{1,3})\$?\d+", reference)
    if letters is None:
        return 1
    first, last = (_column(each) for each in letters.groups())
    return last - first + 1


def _joins_rows(reference: str, columns: int) -> bool:
    """Whether a merged range makes one cell of several rows, in the columns of a table."""
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d+):\$?[A-Z]{1,3}\$?(\d+)", reference)
    return found is None or (_column(found[1]) <= columns and found[2] != found[3])


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
