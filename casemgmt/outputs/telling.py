"""Letters and recalls as files: one practice's alone in each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.disk import Bytes
from casemgmt.outputs.csv_text import to_csv_parts
from casemgmt.outputs.folders import Kind, save_folder
from casemgmt.outputs.layout import file_stem

if TYPE_CHECKING:
    import pyarrow as pa

LETTERS, RECALLS = "letters", "recalls"


def _may_hold(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return folder in (LETTERS, RECALLS) and file.endswith(".csv") and not file.startswith((".", "~$", "@", "$"))


KIND = Kind(
    called="folder of letters and recalls",
    format="casemgmt letters and recalls",
    folders=(LETTERS, RECALLS),
    may_hold=_may_hold,
)


def save_telling(
    tables: Mapping[str, pa.Table],
    practices: tuple[str, ...],
    facts: Mapping[str, Any],
    folder: Path,
    *,
    overwrite: bool,
) -> Path:
    """Write a file a practice of each table, whole or not at all; a practice without a row has an empty one.

    Parameters
    ----------
    tables : by folder (``letters``, ``recalls``), in order of practice
    facts : what the manifest says: date and scheme
    """
    files: dict[str, Bytes] = {}
    entries: dict[str, str] = {}
    for name, table in tables.items():
        codes = table.column("practice_id").to_pylist()
        starts: dict[str, list[int]] = {}
        for row, code in enumerate(codes):
            starts.setdefault(code, [row, 0])[1] += 1
        parts = [(starts.get(practice, [0, 0])[0], starts.get(practice, [0, 0])[1]) for practice in practices]
        for practice, data in zip(practices, to_csv_parts(table, parts), strict=True):
            path = f"{name}/{file_stem(practice)}.csv"
            files[path], entries[path] = data, practice
    return save_folder(KIND, files, {"facts": dict(facts), "practice_of": entries}, folder, overwrite=overwrite)
