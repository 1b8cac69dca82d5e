"""Patterns of file names, such as ``extracts/*.csv``: a shell of Windows passes them on as they are."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path

from casemgmt.errors import InputError

_MARKS = re.compile(r"[*?\[]")
_LONGEST = 1_000
# A pattern with other characters, or with so many digits together, may be a row that was given in place of a path.
_SHOWN = re.compile(r"[\w .()+\-*?\[\]!]{1,120}")
_OF_FILES = re.compile(r"\*|\.[A-Za-z]{1,8}$")
_LONG_NUMBER = re.compile(r"\d{9}")
# Names of what lies beside data begin with these, unless the pattern does too.
_BESIDE = (".", "_", "~$")
_DESKTOP = ("desktop.ini", "thumbs.db")


def is_pattern(said: Path | str) -> bool:
    """Whether a text names files by a pattern: it has a mark of one, and nothing of that very name is there."""
    text = str(said)
    if len(text) > _LONGEST or not _MARKS.search(text) or any(c in text for c in "\n\r\0"):
        return False
    try:
        os.fsencode(text)
        return not Path(text).exists()
    except ValueError:  # no path at all
        return False
    except OSError:  # a system on which no file can have the mark in its name
        return True


def matching(said: Path | str) -> list[Path]:
    """The files and folders that a pattern matches, sorted; ``**`` stands for folders within folders.

    Raises
    ------
    InputError
        None does; the message says what was looked for, and where.
    """
    text = str(said)
    last = re.split(r"[/\\]", text)[-1]
    skipped = tuple(mark for mark in _BESIDE if not last.startswith(mark))
    found = []
    for each in sorted(set(glob.glob(text, recursive=True))):  # noqa: PTH207 - a Path forgets a leading ./ and **
        name = Path(each).name
        if not name.startswith(skipped) and name.casefold() not in _DESKTOP:
            found.append(Path(each))
    if "**" in text:
        found = [path for path in found if path.is_file()]
    if not found:
        raise _nothing(text)
    return found


def expanded(paths: Iterable[Path | str]) -> list[Path]:
    """Paths, with those that a pattern matches in its place; what is named twice by a pattern stays once."""
    paths = list(paths)
    if not any(map(is_pattern, paths)):
        return [Path(said) for said in paths]
    kept: list[Path] = []
    seen: dict[str, bool] = {}
    for said in paths:
        of_pattern = is_pattern(said)
        for path in matching(said) if of_pattern else [Path(said)]:
            key = _place_of(path)
            if key in seen and (of_pattern or seen[key]):
                continue
            seen[key] = of_pattern
            kept.append(path)
    return kept


def _place_of(path: Path) -> str:
    """Where a path leads to; of a text that is no path, the text."""
    try:
        return os.path.realpath(path)
    except ValueError:
        return str(path)


def _nothing(text: str) -> InputError:
    folder, _, last = text.replace("\\", "/").rpartition("/")
    if not (_SHOWN.fullmatch(last) and _OF_FILES.search(last)) or _LONG_NUMBER.search(last):
        return InputError("No file matches the pattern that was given. Check its folder and its spelling.")
    if not folder:
        return InputError(f"No file matches {last} in the working folder. Check the folder and the pattern.")
    where = folder.rpartition("/")[2]
    named = f" {where}" if _SHOWN.fullmatch(where) and not _LONG_NUMBER.search(where) else ""
    if not _MARKS.search(folder) and not Path(folder).is_dir():
        return InputError(f"No file matches {last}: there is no folder{named}. Check its spelling.")
    return InputError(f"No file matches {last} in the folder{named}. Check the folder and the pattern.")
