"""Where each table of a publication lies, and file names that are safe on every system."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

MANIFEST = "manifest.json"
SELECTION = "processor/selection.parquet"
SUMMARY = "processor/summary.csv"
UNSCORED = "processor/unscored.parquet"
QUEUE = "processor/queue.parquet"
QUARANTINE = "processor/quarantine.parquet"
CORRECTIONS = "processor/corrections.parquet"
COMMISSIONER = "commissioner/summary.csv"
REMOVALS = "processor/removals.parquet"  # since 0.3: earlier publications lack it
KEPT = "processor/kept.parquet"  # where the scheme keeps places for the caseload
README = "practices/README.txt"  # since 0.4, as are the next
PRACTICE_REMOVALS = "-removals"
WORKBOOK, PAGE = ".xlsx", ".html"
WAITING = "-waiting"
FOLDERS = ("processor", "practices", "commissioner")
TABLES = (SELECTION, SUMMARY, UNSCORED, QUEUE, QUARANTINE, CORRECTIONS, COMMISSIONER)

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_RESERVED = re.compile(r"CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9]")
_LONGEST = 120


def file_stem(practice_id: str) -> str:
    """The name of a practice's files, without ending: an ODS code as it is, anything else with ``%XX`` for a byte.

    Different codes have different names, also where capitals are not told from small letters (those are escaped);
    none is empty, hidden, reserved on Windows, an option of a command, or leaves the folder.

    Examples
    --------
    >>> file_stem("C87002"), file_stem("../x"), file_stem("CON")
    ('C87002', '%2E%2E%2F%78', '%43ON')
    """
    raw = practice_id.encode()
    stem = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in raw)
    if not stem:
        return "%"
    if stem[0] == "-" or _RESERVED.fullmatch(stem):
        stem = f"%{raw[0]:02X}{stem[1:]}"
    for taken in (WAITING, PRACTICE_REMOVALS):
        if stem.endswith(taken.upper()):
            stem = f"{stem.removesuffix(taken.upper())}%2D{taken[1:].upper()}"
    if len(stem) <= _LONGEST:
        return stem
    # No short name has a tilde, so a shortened one cannot be another's.
    return f"{stem[:60]}~{hashlib.sha256(raw).hexdigest().upper()}"


def practice_file(practice_id: str) -> str:
    """The list of one practice."""
    return f"practices/{file_stem(practice_id)}.csv"


def waiting_file(practice_id: str) -> str:
    """The nominees of one practice who wait for a place; no stem ends so, in capitals or small letters."""
    return f"practices/{file_stem(practice_id)}{WAITING}.csv"


def removals_file(practice_id: str) -> str:
    """Whom one practice is asked to decide about; no stem ends so, in capitals or small letters."""
    return f"practices/{file_stem(practice_id)}{PRACTICE_REMOVALS}.csv"


def workbook_file(practice_id: str) -> str:
    """The list of one practice as a workbook."""
    return f"practices/{file_stem(practice_id)}{WORKBOOK}"


def page_file(practice_id: str) -> str:
    """The list of one practice as a page."""
    return f"practices/{file_stem(practice_id)}{PAGE}"


def files_of_practice(practice_id: str) -> tuple[str, ...]:
    """Every file that a publication may hold for one practice."""
    return tuple(name(practice_id) for name in (practice_file, waiting_file, removals_file, workbook_file, page_file))


def is_table(name: str) -> bool:
    """Whether a file holds a table that reads back; the others are for people, and known by their SHA-256 alone."""
    return name.endswith((".csv", ".parquet"))


def expected_files(practices: Iterable[str], waiting: Iterable[str]) -> set[str]:
    """Every table of a publication since the first; the manifest is none."""
    return {*TABLES, *map(practice_file, practices), *map(waiting_file, waiting)}
