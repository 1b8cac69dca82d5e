"""The JSON document of a command: the same keys in every run, whole counts, no patient."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from casemgmt.version import __version__


def key_of(head: str) -> str:
    """The head of a column as a key: ``reviews due`` is ``reviews_due``."""
    return re.sub(r"\W+", "_", head.replace("£", "pounds").casefold()).strip("_")


class Document:
    """What one run of a command found.

    Attributes
    ----------
    known : the keys that the command may fill
    found : those that it filled
    stands : whether the document is printed although the command ends in an error
    is_printed : whether it has been
    """

    def __init__(self, command: str, known: tuple[str, ...]) -> None:
        self.command, self.known = command, known
        self.found: dict[str, Any] = {}
        self.written: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.stands = self.is_printed = False

    def give(self, facts: Mapping[str, Any]) -> None:
        """Fill some keys."""
        strange = facts.keys() - set(self.known)
        if strange:
            raise AssertionError(f"{self.command} gives keys that are not in its list: {sorted(strange)}")
        self.found.update(facts)

    def wrote(self, path: Path | str, rows: int | None) -> None:
        """A file or folder that was written, with its rows where it is a table."""
        self.written.append({"path": str(path), "rows": rows})

    def note(self, message: str) -> None:
        """Something that somebody should look at."""
        self.notes.append(message)

    def text(self) -> str:
        """The document: every key that the command may fill, null where it had nothing to say."""
        values = {name: self.found.get(name) for name in self.known}
        head = {"casemgmt": __version__, "command": self.command}
        whole = {**head, **values, "written": self.written, "notes": self.notes}
        return json.dumps(plain(whole), ensure_ascii=True, allow_nan=False)


def error_text(kind: str, message: str, exit_code: int) -> str:
    """An error as one line of JSON."""
    return json.dumps({"error": {"type": kind, "message": message, "exit_code": exit_code}})


def plain(value: Any) -> Any:
    """A value as JSON has it: days as ISO texts, whole and decimal numbers, null for what is no number."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if hasattr(value, "item"):  # of NumPy
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)
