"""Writing a packed register file: whole, or not at all, and private to its owner.

What it holds is said in :mod:`casemgmt.register.packed_file`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of
from casemgmt.disk import BusyError, file_replaced, sync_file, write_file
from casemgmt.errors import InputError, PublishError, being_written, listed, plural
from casemgmt.parquet.seal import KEY as SEAL
from casemgmt.parquet.seal import UNSEALED, seal
from casemgmt.register.account import Account
from casemgmt.register.fields import FIELDS
from casemgmt.register.packed_file import VERSION
from casemgmt.register.packing import Slot
from casemgmt.register.sources import PACKED

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.register import Register

ROWS_IN_A_GROUP = 1_000_000


def save_packed(register: Register, path: Path) -> Path:
    """See :meth:`casemgmt.Register.save_packed`."""
    import pyarrow as pa

    register.require_whole("Packing")
    register.check_limits()
    whole = register.grouped()
    lengths = id_lengths(whole)
    try:
        with disk_errors_reworded(path):
            length = lengths.pop() if len(lengths) == 1 else None
            write_packed(path, register.row_account, whole.practices, practice_stretches(whole), length)
    except pa.ArrowNotImplementedError:
        raise _unwritable(whole) from None
    return path


@contextmanager
def disk_errors_reworded(path: Path) -> Iterator[None]:
    """Say what the disk refuses."""
    try:
        yield
    except BusyError:
        raise being_written(path.name) from None
    except OSError as error:
        raise PublishError(f"{path.name} was not written: {error.strerror or error}.") from None


def _unwritable(register: Register) -> InputError:
    """Carried columns of types that Parquet does not take."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    wrong = []
    for name in register.carried:
        try:
            pq.write_table(register.source_table.select([name]).slice(0, 0), pa.BufferOutputStream())
        except pa.ArrowNotImplementedError:
            wrong.append(name)
    return InputError(f"Parquet cannot hold {plural(len(wrong), 'column')}: {listed(wrong)}. Leave them out.")


def practice_stretches(register: Register) -> Iterator[tuple[Register, int, int]]:
    """A register grouped by practice in stretches of whole practices, about as many rows as a row group holds.

    None of them is empty, unless all practices are.
    """
    groups = register.packed.offsets
    first = 0
    practices = len(register.practices)
    while first < practices:
        last = first + 1
        while last < practices and (
            groups[last] in (groups[first], groups[last + 1]) or groups[last + 1] - groups[first] <= ROWS_IN_A_GROUP
        ):
            last += 1
        yield register, first, last
        first = last


def write_packed(
    path: Path,
    account: Account,
    practices: tuple[str, ...],
    stretches: Iterable[tuple[Register, int, int]],
    length: int | None,
) -> None:
    """Write a packed register file: whole, or not at all, and private to its owner.

    Parameters
    ----------
    practices : of the whole register, in byte order
    stretches : (register grouped by practice, first, last but one of its practices), in the order of ``practices``
    length : of every id, in bytes; None where they differ
    """
    if not practices:
        raise InputError("A register without a practice has nothing to pack.")
    with file_replaced(path) as unfinished:
        write_file(unfinished, b"")  # private before anything is in it
        _write_rows(unfinished, account, practices, stretches, length)
        seal(unfinished)
        sync_file(unfinished)


def _write_rows(
    path: Path,
    account: Account,
    practices: tuple[str, ...],
    stretches: Iterable[tuple[Register, int, int]],
    length: int | None,
) -> None:
    """The Parquet file, without its seal."""
    import pyarrow.parquet as pq

    writer, counts, slots, carried = None, [], None, None
    try:
        for register, first, last in stretches:
            table = _table(register, first, last, length)
            if writer is None:
                slots, carried = register.packed.slots, _carried_schema(table)
                writer = pq.ParquetWriter(path, table.schema, **_options(table))
            counts += (register.packed.offsets[first + 1 : last + 1] - register.packed.offsets[first:last]).tolist()
            writer.write_table(table, row_group_size=max(table.num_rows, 1))
        if writer is not None:
            described = _described(account, practices, counts, slots or {}, carried)
            writer.add_key_value_metadata({PACKED.decode(): described, SEAL: UNSEALED})
            writer.close()
    except BaseException:
        if writer is not None:
            with suppress(OSError):  # or else it tries again when it is forgotten
                writer.close()
        raise


def _options(table: pa.Table) -> dict[str, object]:
    """How the file is written: pages as large as they may be, since each has a header to be read and a checksum."""
    import inspect

    import pyarrow.parquet as pq

    repetitive = [name for name in table.column_names if name == "practice_id" or name.startswith("told.")]
    known = inspect.signature(pq.ParquetWriter.__init__).parameters
    return {
        "data_page_size": 1 << 24,
        **({"max_rows_per_page": ROWS_IN_A_GROUP} if "max_rows_per_page" in known else {}),
        "compression": "lz4",
        "use_dictionary": repetitive,
        "write_statistics": False,
        "write_page_checksum": True,
        "store_schema": True,
    }


def _table(register: Register, first: int, last: int, length: int | None) -> pa.Table:
    """The rows of some practices as they are written."""
    import numpy as np
    import pyarrow as pa

    packed = register.packed
    start, stop = (int(packed.offsets[p]) for p in (first, last))
    rows = np.arange(start, stop)
    columns: dict[str, pa.Array] = {
        "practice_id": register.column("practice_id", rows),
        "patient_id": _ids(register.column("patient_id", rows), length),
    }
    for stem, arrays, kind in (("word", packed.words, pa.uint64()), ("byte", packed.bytes, pa.uint8())):
        columns |= {f"{stem}_{i}": array_of(each[start:stop], kind) for i, each in enumerate(arrays)}
    columns |= {f"short_{i}": array_of(each[start:stop], pa.uint16()) for i, each in enumerate(packed.shorts)}
    columns |= {f"day.{name}": array_of(days[start:stop], pa.int32()) for name, days in register.days.items()}
    columns |= {f"number.{name}": array_of(each[start:stop], pa.int32()) for name, each in register.numbers.items()}
    columns |= {f"told.{name}": register.column(name, rows) for name in carried_columns(register)}
    return pa.table(columns)


def carried_columns(register: Register) -> list[str]:
    """Text fields and carried columns."""
    names = [name for name in register.column_names if name not in FIELDS or FIELDS[name].kind == "text"]
    return [name for name in names if name != "age"]


def id_lengths(register: Register) -> set[int]:
    """The least and the greatest length in bytes of an accepted patient's id."""
    import numpy as np
    import pyarrow.compute as pc

    found: set[int] = set()
    for low in range(0, len(register), ROWS_IN_A_GROUP):
        rows = np.arange(low, min(low + ROWS_IN_A_GROUP, len(register)))
        span = pc.min_max(pc.binary_length(register.column("patient_id", rows))).as_py()
        found |= {span["min"], span["max"]}
    return found


def _ids(ids: pa.Array, length: int | None) -> pa.Array:
    """Ids of one length as fixed-size binary, which is read without looking at each."""
    import numpy as np
    import pyarrow as pa

    if length is None:
        return ids
    _, ends, data = ids.buffers()
    first = int(np.frombuffer(ends, dtype=np.int32, offset=4 * ids.offset, count=1)[0]) if len(ids) else 0
    own = pa.py_buffer(b"") if data is None else data.slice(first, length * len(ids))
    return pa.Array.from_buffers(pa.binary(length), len(ids), [None, own])


def _carried_schema(table: pa.Table) -> pa.Schema:
    """The types of carried columns, some of which Parquet changes: dates with milliseconds, names inside lists."""
    import pyarrow as pa

    return pa.schema([pa.field(f.name, f.type) for f in table.schema if f.name.startswith("told.")])


def _described(
    account: Account, practices: Sequence[str], counts: list[int], slots: Mapping[str, Slot], carried: pa.Schema | None
) -> str:
    described = {
        "version": VERSION,
        "as_of": account.as_of.isoformat(),
        "extracted_on": account.extracted_on.isoformat(),
        "fields": list(account.fields),
        "slots": {
            name: [slot.group, slot.row, slot.shift, slot.width, list(slot.values), slot.missing]
            for name, slot in slots.items()
        },
        "practices": list(practices),
        "rows_of_practices": counts,
        "rows_in": account.rows_in,
        "merged": account.merged,
        "repeated_ids": "looked for and settled before this was written",
        "sources": [{"name": part.name, "rows": part.rows, "sha256": part.sha256} for part in account.parts],
        "metadata": dict(account.metadata),
        "notes": list(account.notes),
        "counts": account.counts.as_plain(),
        "told_types": "" if carried is None else base64.b64encode(carried.serialize()).decode(),
        "quarantine": _table_text(account.quarantine),
        "corrections": _table_text(account.corrections),
    }
    return json.dumps(described, sort_keys=True, ensure_ascii=False)


def _table_text(table: pa.Table) -> str:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return base64.b64encode(sink.getvalue()).decode()
