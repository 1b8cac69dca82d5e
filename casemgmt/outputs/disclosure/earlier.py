"""Earlier publications of the same people, which a reader can hold beside a new one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.errors import CasemgmtError, PublishError
from casemgmt.outputs import layout
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.disclosure.commissioner import ALL_PRACTICES
from casemgmt.outputs.disclosure.suppression import suppress
from casemgmt.outputs.disclosure.worlds import Publication
from casemgmt.outputs.manifest import REPORT, is_report, read_manifest, sha256
from casemgmt.scheme.files import read_scheme_text

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.lists import Lists

MOST_LOOKED_AT = 200  # folders beside the new one
MOST_HELD_BESIDE = 12  # publications of the same people
REPLACED = "replaced"  # in a manifest: what stood in the folder before, of the same people
_OF_A_LIST = ("as_of", "extracted_on", "list_sizes")
_OF_A_PRACTICE = ("list_size", "unknown_age", "objected", "quarantined")
_COUNTS = ("list_size", "met", "used")
_OF_A_REPORT = ("due", "done")

_KEPT = ("practice_id", "route", *_COUNTS, "note")

_People = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class _Found:
    """A publication that was read: of which people, what it says, and what it replaced."""

    list_of: tuple[Any, ...]
    people: _People | None  # None of a report, which holds no whole counts
    said: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was published before of some of the same people.

    Attributes
    ----------
    publications : each with the practices whose people are the same
    replaced : what of it stood in the new one's own folder, for the new manifest to keep
    """

    publications: tuple[Publication, ...] = ()
    replaced: tuple[Mapping[str, Any], ...] = ()


def earlier_publications(
    lists: Lists, target: Path | None, published_before: Iterable[str | os.PathLike[str]] = ()
) -> Earlier:
    """What was published of the selection's people before: in the folder, in the folders beside it, and as named.

    The people of a practice are taken for the same where the list date and the counts of its people agree. Of other
    people nothing follows: no count of one month bounds a count of the next.

    Raises
    ------
    PublishError : a folder that was named holds no publication, or a damaged one; more of the same people, or more
        folders beside the new one, than can be looked at
    """
    named = [Path(each) for each in _as_paths(published_before)]
    found = []
    for folder in named:
        held = _read(folder)
        if held is None:
            raise PublishError(
                f"published_before: '{folder}' holds no publication that is intact. Name another folder."
            )
        found.append(held)
    seen = {os.path.realpath(folder) for folder in named}
    own = None
    for folder in _beside(target) if target else ():
        # What lies beside and cannot be read is no publication that anyone can hold beside this one.
        if os.path.realpath(folder) not in seen and (held := _read(folder)) is not None:
            found.append(held)
            own = held if folder == target else own
    list_of, people = _list_of(lists.facts), _people_of(lists.summary())
    same = [each for each in found if each.list_of == list_of]
    publications = dict.fromkeys(_key(said) for each in same for said in each.said if _shared(each, people))
    by_key = {_key(said): (each, said) for each in same for said in each.said}
    taken = [by_key[key] for key in publications]
    if len(taken) > MOST_HELD_BESIDE:
        raise PublishError(
            f"Of the same people {len(taken):,} other tables were published, beside this one, in its place or as named "
            f"in published_before. No more than {MOST_HELD_BESIDE} can be held against a new one, and what follows "
            "from all of them is not known: nothing was written. Delete the publications that nobody was given, or "
            "move them out of this parent folder, and keep those that somebody holds."
        )
    return Earlier(
        publications=tuple(_of_the_same(_published(said), _shared(each, people)) for each, said in taken),
        replaced=tuple(own.said) if own is not None and own in same and _shared(own, people) else (),
    )


def as_said(scheme: Scheme, ranked_by: str, waiting: bool, table: pa.Table) -> dict[str, Any]:
    """A commissioner's table as a manifest keeps it, one of a report with its reviews."""
    columns = ["practice_id", "route", *_COUNTS, "note", *(name for name in _OF_A_REPORT if name in table.column_names)]
    rows = [[row[name] for name in columns] for row in _counts(table.to_pylist())]
    said = {"scheme": scheme.text, "ranked_by": ranked_by, "waiting": waiting, "rows": rows}
    return {**said, "more": list(_OF_A_REPORT)} if len(columns) > len(_KEPT) else said


def as_published(scheme: Scheme, ranked_by: str, waiting: bool, table: pa.Table, equity: str = "") -> Publication:
    """A commissioner's table as its readers see it, its counts as numbers or as text."""
    return _as_read(scheme, ranked_by, waiting, table.to_pylist(), equity)


def _as_read(scheme: Scheme, ranked_by: str, waiting: bool, told: list[dict[str, Any]], equity: str) -> Publication:
    place = {route.name: number for number, route in enumerate(scheme.routes)}
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in _counts(told):
        if row["route"] in place and row["practice_id"] != ALL_PRACTICES:
            rows.setdefault(row["practice_id"], []).append(row)
    whole = {practice: own for practice, own in rows.items() if [each["route"] for each in own] == [*place]}
    return Publication(scheme=scheme, ranked_by=ranked_by, waiting=waiting, rows=whole, equity=equity)


def _counts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = [name for name in (*_COUNTS, *_OF_A_REPORT) if rows and name in rows[0]]
    return [{**row, **{name: None if row[name] is None else int(row[name]) for name in names}} for row in rows]


def _published(said: Mapping[str, Any]) -> Publication:
    names = (*_KEPT, *said.get("more", ()))
    rows = [dict(zip(names, row, strict=True)) for row in said["rows"]]
    scheme = read_scheme_text(said["scheme"], "a published scheme")
    return _as_read(scheme, said["ranked_by"], said["waiting"], rows, said.get("equity", ""))


def _key(said: Mapping[str, Any]) -> Any:
    told = said["scheme"], said["ranked_by"], said["waiting"], tuple(map(tuple, said["rows"]))
    return *told, tuple(said.get("more", ())), said.get("equity", "")


def _of_the_same(publication: Publication, practices: set[str]) -> Publication:
    return replace(publication, rows={name: own for name, own in publication.rows.items() if name in practices})


def _shared(found: _Found, people: _People) -> set[str]:
    """The practices whose people are the same, or of a report may be."""
    if found.people is None:
        sizes = {row[0]: row[2] for said in found.said for row in said["rows"]}
        return {name for name, counts in people.items() if name in sizes and suppress(counts[0]) == sizes[name]}
    return {practice for practice, counts in found.people.items() if people.get(practice) == counts}


def _list_of(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(facts.get(name) for name in _OF_A_LIST)


def _people_of(summary: pa.Table) -> _People:
    rows = summary.select(["practice_id", *_OF_A_PRACTICE]).to_pylist()
    return {row["practice_id"]: [int(row[name]) for name in _OF_A_PRACTICE] for row in rows}


def _as_paths(folders: Iterable[str | os.PathLike[str]]) -> list[str | os.PathLike[str]]:
    return [folders] if isinstance(folders, str | os.PathLike) else list(folders)


def _beside(target: Path) -> list[Path]:
    """The folder itself, if it is replaced, and those beside it."""
    try:
        names = sorted(entry.name for entry in os.scandir(target.parent) if not entry.name.startswith("."))
    except OSError:
        return []
    others = [name for name in names if name != target.name and (target.parent / name / layout.MANIFEST).is_file()]
    if len(others) > MOST_LOOKED_AT:
        raise PublishError(
            f"Beside this folder lie {len(others):,} publications, more than the {MOST_LOOKED_AT} that can be looked "
            "at for what follows from them and this one: nothing was written. Move those of other months elsewhere."
        )
    return [target, *(target.parent / name for name in others)]


def _read(folder: Path) -> _Found | None:
    """A publication, by its manifest, commissioner's table and summary; None where there is none that is intact."""
    try:
        raw = (folder / layout.MANIFEST).read_bytes()
        if is_report(raw):
            return _read_report(raw)
        manifest = read_manifest(raw)
        data = {name: (folder / name).read_bytes() for name in (layout.COMMISSIONER, layout.SUMMARY)}
        if any(manifest["files"][name]["sha256"] != sha256(each) for name, each in data.items()):
            return None
        table, summary = (read_csv(each) for each in data.values())
        facts = manifest["facts"]
        scheme = read_scheme_text(manifest["scheme"]["text"], "a published scheme")
        said = as_said(scheme, facts["ranked_by"], bool(manifest["counts"].get("waiting")), table)
        everything = [said, *manifest.get(REPLACED, ())]
        for each in everything:
            _published(each)
        return _Found(_list_of(facts), _people_of(summary), everything)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, CasemgmtError):
        return None


def _read_report(raw: bytes) -> _Found:
    manifest = read_manifest(raw, REPORT)
    everything = [manifest["said"], *manifest.get(REPLACED, ())]
    for each in everything:
        _published(each)
    return _Found(_list_of(manifest["facts"]), None, everything)
