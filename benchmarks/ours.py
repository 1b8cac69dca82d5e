"""casemgmt's side of the works with ids: the public API, called as a user would.

Everything that depends on how casemgmt reads and writes files stands here, and nowhere else in the benchmarks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.answers import DuplicateError
from benchmarks.data import AS_OF
from benchmarks.files import COMPRESSION

# The published table's names → those of the works.
NAMES = {
    "practice_id": "practice_id",
    "patient_id": "patient_id",
    "score": "score",
    "highest_risk": "by_risk",
    "care_home": "resident",
}
# Part of the packed files' names: a new number where `pack` writes something else.
PACKED_EDITION = 2


def select_frame(frame: Any, scheme: Any, model: Any, threads: int) -> Any:
    """The selected of any frame, as an Arrow table that holds the columns of `NAMES`."""
    import casemgmt as cm

    return _selected(cm.read_register(frame, as_of=AS_OF), scheme, model, threads)


def select_file(path: Path, out: Path, scheme: Any, model: Any, threads: int) -> None:
    """The selected of a wide Parquet file, written to another."""
    import casemgmt as cm

    _write(_selected(cm.scan_register(path, as_of=AS_OF), scheme, model, threads), out)


def select_csv(path: Path, out: Path, scheme: Any, model: Any, threads: int) -> None:
    """The selected of a CSV file, written to a Parquet file."""
    import casemgmt as cm

    _write(_selected(cm.read_register(path, as_of=AS_OF), scheme, model, threads), out)


def select_packed(path: Path, out: Path, scheme: Any, model: Any, threads: int) -> None:
    """The selected of a packed file, its checksums verified, written to a Parquet file."""
    select_file(path, out, scheme, model, threads)


def works_columns(table: Any) -> Any:
    """What casemgmt gave, in memory or read back from its file, under the works' names; not timed."""
    return table.select(list(NAMES)).rename_columns(list(NAMES.values()))


def _selected(register: Any, scheme: Any, model: Any, threads: int) -> Any:
    import casemgmt as cm

    # A frame of polars or pandas cannot say of itself that its people are made up, as a file does.
    selection = cm.select(register, scheme, model=model, threads=threads, allow_demonstration=True)
    if selection.register.merged or selection.register.quarantine.num_rows:
        # casemgmt sets repeated ids aside and goes on; the works ask for a refusal.
        raise DuplicateError
    return selection.to_arrow(columns=list(NAMES))


def _write(table: Any, out: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, out, compression=COMPRESSION, use_dictionary=["practice_id"])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a packed file holds a field: ``(column >> shift) & mask`` is the number of its value in ``values``.

    ``values`` is empty where that number is the value itself.
    """

    column: str
    shift: int = 0
    mask: int | None = None
    values: tuple[Any, ...] = ()

    def code(self, value: Any) -> int:
        """The number of a value."""
        return self.values.index(value) if self.values else int(value)


def pack(path: Path, packed: Path) -> None:
    """Write the packed file of a wide one."""
    import casemgmt as cm

    cm.scan_register(path, as_of=AS_OF).save_packed(packed)


def packed_places(path: Path) -> dict[str, Place]:
    """Where a packed file holds each field."""
    import pyarrow.parquet as pq

    described = json.loads(pq.read_metadata(path).metadata[b"casemgmt.packed"])
    found = {}
    for name, (group, row, shift, width, values, _) in described["slots"].items():
        if name in described["fields"]:
            found[name] = Place(f"{group}_{row}", shift, (1 << width) - 1 if width else None, tuple(values))
    return found
