"""Small files that state rules (schemes, models, code lists, rules, list sizes), read so that none can harm the reader.

Whatever stands at the path, reading ends at once and in little memory: only a plain file is opened, no more of it is
read than its kind may hold, and TOML is looked over before it is parsed, since a parser spends minutes on a key of
100,000 parts.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from casemgmt.errors import CasemgmtError

MEGABYTE = 1_000_000
_MORE = MEGABYTE  # read at once of a file that grows
# The most that a file of each kind may hold; in brackets, the largest that ships.
SCHEME_BYTES = MEGABYTE  # 2 kB
MODEL_BYTES = MEGABYTE  # 22 kB
VECTORS_BYTES = 4 * MEGABYTE  # 77 kB
CODELIST_BYTES = 64 * MEGABYTE  # 30 kB; every code of a whole drug dictionary is about 30 MB
CODELIST_LINES = 1_000_000
MANIFEST_BYTES = 128 * MEGABYTE  # 7,000 practices are about 3 MB
LIST_SIZES_BYTES = MEGABYTE  # England's 6,300 practices are about 100 kB

DEEPEST = 8  # brackets within brackets, and the parts of one dotted key; the files here need three
LONGEST_KEY = 200
LARGEST_NUMBER = 2**63  # as TOML itself says
_LONGEST_PATH_SHOWN = 200

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOTEWORTHY = re.compile(r"""["'#\[\]{}.,=\n]""")
_OPENING, _CLOSING = "[{", "]}"


class TooLargeError(ValueError):
    """A file holds more than its kind may."""


def path_of(source: object, error: type[CasemgmtError], what: str) -> Path:
    """A path given as text or as a ``Path``.

    Parameters
    ----------
    error : what to raise
    what : what messages call the file, such as ``A scheme``
    """
    if not isinstance(source, (str, Path)):
        raise error(f"{what} is named by text or by a Path, not by {_kind_of(source)}.")
    try:
        is_possible = b"\0" not in os.fsencode(source)
    except UnicodeEncodeError:
        is_possible = False
    if not is_possible:
        raise error(f"'{shown_path(source)}': no file can have this name.")
    return Path(source)


def shown_path(path: str | Path) -> str:
    """A path as messages show it: never endless, and only what can be printed."""
    text = str(path).encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return text if len(text) <= _LONGEST_PATH_SHOWN else f"{text[:_LONGEST_PATH_SHOWN]}…"


def is_folder(path: Path) -> bool:
    """Whether a folder is there; false for a path that no system could hold."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def read_text(path: Path, error: type[CasemgmtError], most: int, what: str) -> str:
    """The text of a plain file: UTF-8, or UTF-16 with its byte order mark, as PowerShell's ``>`` writes it.

    Parameters
    ----------
    path : of the file, or of a link to it
    error : what to raise
    most : the most bytes that a file of this kind may hold
    what : the kind in words, such as ``scheme file``

    Raises
    ------
    the given error : there is no such file, or it is no plain file, too large, not readable or not UTF-8
    """
    try:
        data = read_bytes(path, error, most, what)
        is_wide = data.startswith(_UTF16) and not data.startswith(codecs.BOM_UTF32_LE)
        return data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise error(f"{shown_path(path)}: not a {what}: it is not UTF-8 text. Save it as UTF-8.") from None


def read_bytes(path: Path, error: type[CasemgmtError], most: int, what: str) -> bytes:
    """The same before it is read as text."""
    shown = shown_path(path)
    try:
        data = plain_bytes(path, most)
    except TooLargeError:
        raise error(f"{shown}: not a {what}: it is larger than {most // MEGABYTE} MB.") from None
    except FileNotFoundError:
        raise error(f"{shown}: there is no such file.") from None
    except (OSError, ValueError) as problem:  # a ValueError where no system could hold the path
        reason = getattr(problem, "strerror", None) or "no file can have this name"
        raise error(f"{shown}: cannot be read: {reason}.") from None
    if data is None:
        raise error(f"{shown}: cannot be read: it is no plain file. Give the path of a {what}.")
    return data


def read_toml(text: str, origin: str, error: type[CasemgmtError], what: str) -> dict[str, Any]:
    """The document that a TOML text states.

    Parameters
    ----------
    origin : what messages call the file
    error : what to raise
    what : the kind in words, such as ``scheme file``

    Raises
    ------
    the given error : it is not TOML, is nested deeper than any file of rules, or holds a number larger than TOML has
    """
    if not isinstance(text, str):
        raise error(f"{origin}: the text of a {what} is given as text, not as {_kind_of(text)}.")
    if is_nested_deeply(text):
        raise error(f"{origin}: not a {what}: its keys or brackets are nested more than {DEEPEST} deep.")
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        remedy = "A text stands in double quotes."
        raise error(f"{origin}: not a TOML file: {_in_short(str(problem))}. {remedy}") from None
    _check_values(document, origin, error)
    return document


def is_nested_deeply(text: str) -> bool:
    """Whether brackets stand within brackets, or a dotted key has parts, more than ``DEEPEST`` deep."""
    depth = parts = at = 0
    while found := _NOTEWORTHY.search(text, at):
        mark, at = found.group(), found.end()
        if mark in _OPENING:
            depth, parts = depth + 1, 0
        elif mark in _CLOSING:
            depth, parts = max(depth - 1, 0), 0
        elif mark == ".":
            parts += 1
        elif mark in ",=\n":
            parts = 0
        else:
            at = _after_quoted(text, found.start())
        if depth > DEEPEST or parts > DEEPEST:
            return True
    return False


def _after_quoted(text: str, start: int) -> int:
    """Where a comment or a quoted text ends that begins at ``start``; the end of the text where nothing closes it."""
    mark = text[start]
    if mark == "#":
        end = text.find("\n", start)
        return len(text) if end < 0 else end
    fence = mark * 3 if text.startswith(mark * 3, start) else mark
    at = start + len(fence)
    while (end := text.find(fence, at)) >= 0:
        backslashes = 0
        while mark == '"' and text[end - 1 - backslashes] == "\\" and end - 1 - backslashes >= at:
            backslashes += 1
        if backslashes % 2 == 0:
            end += len(fence)
            # The text itself may end in one or two quotation marks: up to five then stand in a row.
            return end + len(text[end : end + 2]) - len(text[end : end + 2].lstrip(mark)) if len(fence) == 3 else end
        at = end + 1
    return len(text)


def _check_values(document: dict[str, Any], origin: str, error: type[CasemgmtError]) -> None:
    """Refuse names that no message could show, and numbers larger than TOML has."""
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if long := next((key for key in value if len(key) > LONGEST_KEY), None):
                raise error(f"{origin}: the key '{_in_short(long)}' is longer than {LONGEST_KEY} letters.")
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise error(f"{origin}: a whole number in it is larger than 64 bits hold.")


def plain_bytes(path: Path, most: int) -> bytes | None:
    """All of a plain file; None where it is none.

    Raises
    ------
    TooLargeError : it holds more than ``most`` bytes
    OSError, ValueError : the system cannot read it, or could not hold such a path
    """
    # Asked first, since only opening a device can do something already; and again of what was then opened.
    if not stat.S_ISREG(path.stat().st_mode):
        return None
    # A pipe that has just taken the file's place is not waited for.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - the descriptor is already open
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise TooLargeError
        data = file.read(size + 1)  # never room for all that it might be, which can be more than there is
        while len(data) <= most and (more := file.read(_MORE)):  # it has grown since
            data += more
    if len(data) > most:
        raise TooLargeError
    return data


def _in_short(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST_KEY else f"{text[:LONGEST_KEY]}…"


def _kind_of(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
