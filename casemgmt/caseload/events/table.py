"""Events as an Arrow table: what the store gives, and what every question about the caseload is answered from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from casemgmt.arrow import column_of, texts, utc_as_text
from casemgmt.caseload.events.event import Event
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

# The columns that questions about the caseload need; with the two hashes after them, the whole event.
ASKED: Final = (
    *("practice_id", "number", "kind", "patient_id", "happened_on", "recorded_at"),
    *("by", "basis", "corrects", "details"),
)
COLUMNS: Final = (*ASKED, "previous", "hash")
MAY_BE_NULL: Final = frozenset({"patient_id", "by", "basis", "corrects"})


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


def stored_events(table: pa.Table) -> list[Event]:
    """The events of a table that holds all of :func:`schema`, as they are stored.

    Raises
    ------
    InputError : a column is missing or of another kind, or a value that must be there is not
    """
    import pyarrow as pa

    try:
        table = table.select(list(COLUMNS)).cast(schema())
        moments = utc_as_text(table.column("recorded_at"), between="T")
        table = table.set_column(COLUMNS.index("recorded_at"), "recorded_at", moments)
        days = table.column("happened_on").cast(pa.string())
        table = table.set_column(COLUMNS.index("happened_on"), "happened_on", days)
    except (KeyError, ValueError, pa.ArrowException):
        raise InputError("The table of events does not have the columns of caseload.events().") from None
    if any(table.column(name).null_count for name in COLUMNS if name not in MAY_BE_NULL):
        raise InputError("The table of events lacks a value that every event has.")
    return list(map(Event._make, zip(*(column.to_pylist() for column in table.columns), strict=True)))


def _hashes(values: list[bytes]) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(pa.binary(32), len(values), [None, pa.py_buffer(b"".join(values))])
