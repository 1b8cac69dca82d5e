"""Earlier publications of the same register, which a reader can hold beside a new one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.errors import CasemgmtError, PublishError
from casemgmt.outputs import layout
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.disclosure.commissioner import ALL_PRACTICES
from casemgmt.outputs.disclosure.worlds import Publication
from casemgmt.outputs.manifest import read_manifest, sha256
from casemgmt.scheme.files import read_scheme_text

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.result import Selection

MOST_LOOKED_AT = 200  # folders beside the new one
MOST_HELD_BESIDE = 12  # publications of the same register; the newest by list date and name
_OF_THE_REGISTER = ("as_of", "extracted_on", "practices", "rows", "list_sizes")
_OF_A_PRACTICE = ("list_size", "unknown_age", "objected", "quarantined")


def earlier_publications(
    selection: Selection, target: Path, published_before: Iterable[str | os.PathLike[str]]
) -> list[Publication]:
    """What was published of the selection's register before: in the folder, in the folders beside it, and as named.

    Publications of another register or list date are left out: no count of one bounds a count of the other.

    Raises
    ------
    PublishError : a folder that was named holds no publication, or a damaged one
    """
    named = [Path(each) for each in _as_paths(published_before)]
    found = []
    for folder in named:
        held = _read(folder)
        if held is None:
            raise PublishError(
                f"published_before: '{folder}' holds no publication that is intact. Name another folder."
            )
        found.append((folder, held))
    seen = {_real(folder) for folder in named}
    # What lies beside by itself and cannot be read is no publication that anyone can hold beside this one.
    found += [(each, held) for each in _beside(target) if _real(each) not in seen and (held := _read(each)) is not None]
    ours = _register_of(selection.facts, selection.summary())
    same = [
        as_published(
            read_scheme_text(manifest["scheme"]["text"], "a published scheme"),
            manifest["facts"]["ranked_by"],
            bool(manifest["counts"].get("waiting")),
            table,
        )
        for _, (manifest, table, summary) in found
        if _register_of(manifest["facts"], summary) == ours
    ]
    distinct: list[Publication] = []
    for each in same:
        if each not in distinct:
            distinct.append(each)
    return distinct[:MOST_HELD_BESIDE]


def _as_paths(folders: Iterable[str | os.PathLike[str]]) -> list[str | os.PathLike[str]]:
    return [folders] if isinstance(folders, str | os.PathLike) else list(folders)


def _real(folder: Path) -> str:
    return os.path.realpath(folder)


def _beside(target: Path) -> list[Path]:
    """The folder itself, if it is replaced, and those beside it."""
    try:
        names = sorted(entry.name for entry in os.scandir(target.parent) if not entry.name.startswith("."))
    except OSError:
        return []
    others = [name for name in names if name != target.name and (target.parent / name / layout.MANIFEST).is_file()]
    return [target, *(target.parent / name for name in others[:MOST_LOOKED_AT])]


def _read(folder: Path) -> tuple[dict[str, Any], pa.Table, pa.Table] | None:
    """The manifest, the commissioner's table and the processor's summary of a publication; None where there is none."""
    try:
        manifest = read_manifest((folder / layout.MANIFEST).read_bytes())
        data = {name: (folder / name).read_bytes() for name in (layout.COMMISSIONER, layout.SUMMARY)}
        if any(manifest["files"][name]["sha256"] != sha256(each) for name, each in data.items()):
            return None
        table, summary = (read_csv(each) for each in data.values())
        read_scheme_text(manifest["scheme"]["text"], "a published scheme")
    except (OSError, ValueError, KeyError, TypeError, CasemgmtError):
        return None
    return manifest, table, summary


def _register_of(facts: Mapping[str, Any], summary: pa.Table) -> Any:
    """What two publications of one register have in common."""
    practices: dict[str, list[int]] = {}
    for row in summary.select(["practice_id", *_OF_A_PRACTICE]).to_pylist():
        practices.setdefault(row["practice_id"], [int(row[name]) for name in _OF_A_PRACTICE])
    sources = sorted((part["rows"], part["sha256"] or "") for part in facts["sources"])
    return [facts[name] for name in _OF_THE_REGISTER], sources, practices


def as_published(scheme: Scheme, ranked_by: str, waiting: bool, table: pa.Table) -> Publication:
    """A commissioner's table as its readers see it, its counts as numbers or as text."""
    place = {route.name: number for number, route in enumerate(scheme.routes)}
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        if row["route"] in place and row["practice_id"] != ALL_PRACTICES:
            counts = {name: None if row[name] is None else int(row[name]) for name in ("list_size", "met", "used")}
            rows.setdefault(row["practice_id"], []).append({**row, **counts})
    whole = {
        practice: own for practice, own in rows.items() if [place[row["route"]] for row in own] == [*place.values()]
    }
    return Publication(scheme=scheme, ranked_by=ranked_by, waiting=waiting, rows=whole)
