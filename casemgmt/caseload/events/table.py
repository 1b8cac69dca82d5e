"""Events as an Arrow table: what the store gives, and what every question about the caseload is answered from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from casemgmt.arrow import column_of, texts
from casemgmt.caseload.events.event import Event

if TYPE_CHECKING:
    import pyarrow as pa

# The columns that questions about the caseload need; with the two hashes after them, the whole event.
ASKED: Final = (
    *("practice_id", "number", "kind", "patient_id", "happened_on", "recorded_at"),
    *("by", "basis", "corrects", "details"),
)
COLUMNS: Final = (*ASKED, "previous", "hash")


def schema() -> pa.Schema:
    """One row an event, ordered by practice_id (bytes) and number.

    ``practice_id`` (empty for the store's own chain), ``kind``, ``patient_id``, ``by`` and ``details`` are text,
    ``number``, ``basis`` and ``corrects`` int32, ``happened_on`` date32, ``recorded_at`` a timestamp in microseconds,
    UTC, ``previous`` and ``hash`` 32 bytes.
    """
    import pyarrow as pa

    text, whole = pa.string(), pa.int32()
    kinds = {
        "practice_id": text,
        "number": whole,
        "kind": text,
        "patient_id": text,
        "happened_on": pa.date32(),
        "recorded_at": pa.timestamp("us", "UTC"),
        "by": text,
        "basis": whole,
        "corrects": whole,
        "details": text,
        "previous": pa.binary(32),
        "hash": pa.binary(32),
    }
    return pa.schema([pa.field(name, kinds[name]) for name in COLUMNS])


def events_table(events: Iterable[Event]) -> pa.Table:
    """The table of some events, which come in the order of practices and numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole, rows = schema(), list(events)
    columns: dict[str, list[Any]] = {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}
    moments = texts(moment.removesuffix("Z") for moment in columns["recorded_at"])
    made = {
        "happened_on": pc.cast(texts(columns["happened_on"]), pa.date32()),
        "recorded_at": pc.cast(moments, pa.timestamp("us")).cast(whole.field("recorded_at").type),
        **{name: _hashes(columns[name]) for name in ("previous", "hash")},
    }
    return pa.table(
        [made[each.name] if each.name in made else column_of(columns[each.name], each.type) for each in whole],
        schema=whole,
    )


def _hashes(values: list[bytes]) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(pa.binary(32), len(values), [None, pa.py_buffer(b"".join(values))])
