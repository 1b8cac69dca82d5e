"""Small selections to publish, and ways to damage what was published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from casemgmt.outputs import layout
from casemgmt.outputs.manifest import OWN_SUM, canonical
from casemgmt.register.reading import read_register
from casemgmt.results.selecting import select
from casemgmt.results.selection import Selection
from casemgmt.scheme.files import read_scheme_text

CANARY = "Zebedee Canary"
SCHEME = """
[scheme]
id = "small"
title = "A small scheme, 2015/16"
source = "tests"
decisions = ["all"]
tie_key = "small"
required = ["care_home_type", "nominated"]
optional = ["nomination_order"]

[[route]]
name = "highest_risk"
kind = "top_share"
share = "10%"
limit = "at_most"
of = {}
among = {}
counts_as = "case_management"

[[route]]
name = "care_home"
kind = "everyone"
where = { care_home_type = ["nursing"] }
counts_as = "case_management"

[[route]]
name = "judgement"
kind = "nominated"
share = "4%"
limit = "at_most"
of = {}
counts_as = "case_management"

[[route]]
name = "over_75_review"
kind = "review"
where = { age = { at_least = 75 } }
every_months = 12
counts_as = "entitlement"

[programme]
case_managed = 12000
over_75 = 20000
unheard_of = 5
"""


def register_of(practices: Iterable[str] = ("C87001", "C87002"), people: int = 60, **extra: list[Any]) -> Any:
    """A register of a few practices of ``people`` each, with a waiting nominee, a bad row and a bad value."""
    practices = list(practices)
    size = people * len(practices)
    rows = range(size)
    columns: dict[str, Any] = {
        "patient_id": [f"p{i:05d}" for i in rows],
        "practice_id": [practices[i % len(practices)] for i in rows],
        "age": [130 if i == 5 else (i * 37) % 100 for i in rows],
        "care_home_type": ["nursing" if i % 11 == 0 else "none" for i in rows],
        "nominated": [len(practices) <= i < 12 * len(practices) and i % len(practices) == 0 for i in rows],
        "nomination_order": list(rows),
        "name": [f"{CANARY} {i}" for i in rows],
        "score": [None if i % 13 == 0 else (i * 29 % 97) / 8 for i in rows],
        **extra,
    }
    columns["nomination_order"] = [i + 1 for i in columns["nomination_order"]]
    if size:
        columns["patient_id"][size - 1] = f" {CANARY}"
    return read_register(pa.table(columns), as_of="2015-04-01", practice_pattern="(?s).*")


def selection_of(register: Any = None, scheme: str = SCHEME) -> Selection:
    register = register_of() if register is None else register
    return select(register, read_scheme_text(scheme, "small"), score="score", over_cap="queue")


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def forge(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest and give it the right checksums again, as a clever hand would."""
    path = folder / layout.MANIFEST
    manifest = json.loads(path.read_bytes())
    del manifest[OWN_SUM]
    edit(manifest)
    path.write_bytes(canonical(manifest))


def put(folder: Path, name: str, data: bytes, **entry: Any) -> None:
    """Put other bytes into a file of a publication, and let the manifest say so."""
    (folder / name).write_bytes(data)

    def edit(manifest: dict[str, Any]) -> None:
        known = manifest["files"].setdefault(name, {})
        known |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), **entry}

    forge(folder, edit)


def hidden_beside(folder: Path) -> list[str]:
    """What a run left beside the publication."""
    return [name for name in names_in(folder.parent) if name.startswith(".")]


def names_in(folder: Path) -> list[str]:
    """The names of what a folder holds."""
    return sorted(path.name for path in folder.iterdir())
