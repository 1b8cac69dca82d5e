"""Events as an Arrow table: what the store gives, and what every question about the caseload is answered from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

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
    ``number``, ``basis`` and ``corrects`` int32, ``happened_on`` date32, ``recorded_at`` a timestamp in microseconds, UTC,
    ``previous`` and ``hash`` 32 bytes.
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

    whole = schema()
    rows = list(events)
    columns = []
    for place, named in enumerate(whole):
        values = [row[place] for row in rows]
        if named.name == "happened_on":
            columns.append(pc.cast(pa.array(values, pa.string()), pa.date32()))
        elif named.name == "recorded_at":
            columns.append(
                pc.cast(pa.array([each.rstrip("Z") for each in values], pa.string()), pa.timestamp("us")).cast(
                    named.type
                )
            )
        else:
            columns.append(pa.array(values, named.type))
    return pa.Table.from_arrays(columns, schema=whole)
