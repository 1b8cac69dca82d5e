"""Registers written to files in pieces, and all that a selection says, for comparing scanned with read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Said = dict[str, Any]


def written(
    table: pa.Table, folder: Path, cuts: Sequence[int] = (), *, rows_in_a_group: int | None = None, **options: Any
) -> list[Path]:
    """The table as Parquet files, cut before these rows; each says its number, so that no two are the same bytes."""
    bounds = [0, *cuts, table.num_rows]
    paths = []
    for number, (start, stop) in enumerate(pairwise(bounds)):
        paths.append(folder / f"part_{number}.parquet")
        numbered = {**(table.schema.metadata or {}), b"part": str(number).encode()}
        own = table.slice(start, stop - start).replace_schema_metadata(numbered)
        pq.write_table(own, paths[-1], **{"row_group_size": rows_in_a_group, "write_page_checksum": True} | options)
    return paths


def scanned(paths: Any, *, rows_at_a_time: int | None = None, **options: Any) -> Any:
    """A scanned register, its parts cut into pieces of so many rows."""
    import casemgmt as cm

    register = cm.scan_register(paths, **options)
    register._rows = rows_at_a_time
    return register


def said_by(select: Callable[[], Any], include: Sequence[str] = ()) -> Said:
    """Every table of a selection and its facts; or the kind of the error, and its words where they count."""
    from casemgmt.errors import CapExceededError, InputError

    try:
        selection = select()
    except CapExceededError as error:
        return {"error": str(error)}
    except InputError as error:
        return {"error": type(error), "words": str(error)}
    register = selection.register
    return {
        "selection": selection.to_arrow(include),
        "summary": selection.summary(),
        "unscored": selection.unscored(),
        "queue": selection.queue(),
        "kept": selection.kept(),
        "removals": selection.removals(),
        "quarantine": register.quarantine,
        "corrections": register.corrections,
        "facts": selection.facts,
    }


def assert_says_the_same(read: Said, scanned: Said, *, words: bool = False) -> None:
    """Every table to its types and bytes; of an error its kind, and its ``words`` too where that is asked."""
    assert read.keys() == scanned.keys(), (read.get("words"), scanned.get("words"))
    for name, wanted in read.items():
        if name == "words" and not words:
            continue
        found = scanned[name]
        if isinstance(wanted, pa.Table):
            assert found.schema.equals(wanted.schema, check_metadata=True), (name, found.schema, wanted.schema)
            assert found.equals(wanted), (name, _first_difference(wanted, found))
        else:
            assert found == wanted, name


def _first_difference(wanted: pa.Table, found: pa.Table) -> Any:
    a, b = wanted.to_pylist(), found.to_pylist()
    for row, (left, right) in enumerate(zip(a, b, strict=False)):
        differ = {name: (left[name], right[name]) for name in left if repr(left[name]) != repr(right[name])}
        if differ:
            return row, differ
    return len(a), len(b)


def files_in(folder: Path) -> dict[str, bytes]:
    """The bytes of every file of a publication."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
