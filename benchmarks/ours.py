"""casemgmt's side of the works with ids: the public API, called as a user would.

Everything that depends on how casemgmt reads and writes files stands here, and nowhere else in the benchmarks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answers import DuplicateError
from benchmarks.data import AS_OF
from benchmarks.files import COMPRESSION, ROWS_A_GROUP

# The published table's names → those of the works.
NAMES = {
    "practice_id": "practice_id",
    "patient_id": "patient_id",
    "score": "score",
    "highest_risk": "by_risk",
    "care_home": "resident",
}
# Part of the packed files' names: a new number where `pack` writes something else.
PACKED_EDITION = 0
_FIELDS = b"fields"


def select_frame(frame: Any, scheme: Any, model: Any, threads: int) -> Any:
    """The selected of any frame, as an Arrow table that holds the columns of `NAMES`."""
    return _selected(frame, scheme, model, threads)


def select_file(path: Path, out: Path, scheme: Any, model: Any, threads: int) -> None:
    """The selected of a wide Parquet file, written to another."""
    _write(_selected(path, scheme, model, threads), out)


def select_packed(path: Path, out: Path, scheme: Any, model: Any, threads: int) -> None:
    """The selected of a packed file, its checksums verified, written to a Parquet file."""
    _write(_selected(_unpacked(path), scheme, model, threads), out)


def works_columns(table: Any) -> Any:
    """What casemgmt gave, in memory or read back from its file, under the works' names; not timed."""
    return table.select(list(NAMES)).rename_columns(list(NAMES.values()))


def _selected(source: Any, scheme: Any, model: Any, threads: int) -> Any:
    import casemgmt as cm

    register = cm.read_register(source, as_of=AS_OF)
    if register.merged or register.quarantine.num_rows:
        # casemgmt sets repeated ids aside and goes on; the works ask for a refusal.
        raise DuplicateError
    # A frame of polars or pandas cannot say of itself that its people are made up, as a file does.
    selection = cm.select(register, scheme, model=model, threads=threads, allow_demonstration=True)
    return selection.to_arrow().select(list(NAMES))


def _write(table: Any, out: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, out, compression=COMPRESSION)


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
    import pyarrow as pa
    import pyarrow.parquet as pq

    import casemgmt as cm

    register = cm.read_register(path, as_of=AS_OF)
    where = register.packed
    columns: dict[str, Any] = {"practice_id": register.column("practice_id").dictionary_encode()}
    columns["patient_id"] = register.column("patient_id")
    for kind, rows in (("word", where.words), ("byte", where.bytes), ("short", where.shorts)):
        columns |= {f"{kind}_{number}": pa.array(row) for number, row in enumerate(rows)}
    fields = {
        name: (f"{slot.group}_{slot.row}", slot.shift, (1 << slot.width) - 1 if slot.width else None, slot.values)
        for name, slot in where.slots.items()
        if name in register.fields
    }
    table = pa.table(columns).replace_schema_metadata({_FIELDS: json.dumps(fields).encode()})
    pq.write_table(
        table,
        packed,
        compression="lz4",
        row_group_size=ROWS_A_GROUP,
        use_dictionary=["practice_id"],
        write_page_checksum=True,
    )


def packed_places(path: Path) -> dict[str, Place]:
    """Where a packed file holds each field."""
    import pyarrow.parquet as pq

    fields = json.loads(pq.read_schema(path).metadata[_FIELDS])
    return {name: Place(column, shift, mask, tuple(values)) for name, (column, shift, mask, values) in fields.items()}


def _unpacked(path: Path) -> Any:
    """The rows of a packed file as a wide table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path, page_checksum_verification=True)
    columns = {name: table.column(name) for name in ("patient_id", "practice_id")}
    for name, place in packed_places(path).items():
        numbers = table.column(place.column).to_numpy()
        if place.mask is not None:
            numbers = (numbers >> np.uint64(place.shift)) & np.uint64(place.mask)
        if place.values:
            kind = pa.string() if any(isinstance(value, str) for value in place.values) else None
            codes = pa.array(numbers.astype(np.int8))
            columns[name] = pa.array(place.values, kind).take(codes)
        else:
            columns[name] = pa.array(numbers)
    return pa.table(columns)
