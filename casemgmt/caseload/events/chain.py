"""A table of events as the events that were stored, and whether their chains are whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from casemgmt.caseload.events.event import NO_HASH, Event, hash_of
from casemgmt.caseload.events.table import COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

Heads = dict[str, tuple[int, bytes]]  # by practice: number and hash of the last event

_AT_ONCE = 1 << 16


def events_of(table: pa.Table) -> Iterator[Event]:
    """The events of a table with all the columns of :func:`casemgmt.caseload.events.table.schema`, in its order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for start in range(0, table.num_rows, _AT_ONCE):
        part = table.slice(start, _AT_ONCE)
        moments = pc.strftime(part.column("recorded_at").cast(pa.timestamp("us")), format="%Y-%m-%dT%H:%M:%SZ")
        shown = {"happened_on": part.column("happened_on").cast(pa.string()), "recorded_at": moments}
        columns = [shown.get(name, part.column(name)).to_pylist() for name in COLUMNS]
        yield from map(Event._make, zip(*columns, strict=True))


def heads_if_whole(events: Iterable[Event]) -> Heads | None:
    """The last event of each chain, by practice; None where one is not whole, or practices are out of order."""
    heads: Heads = {}
    last = Event("", 0, "", None, "", "", None, None, None, "", b"", NO_HASH)
    for event in events:
        if event.practice_id != last.practice_id:
            if event.practice_id.encode() < last.practice_id.encode():
                return None
            last = last._replace(practice_id=event.practice_id, number=0, recorded_at="", hash=NO_HASH)
        follows = event.number == last.number + 1 and event.previous == last.hash
        if not follows or event.recorded_at < last.recorded_at or hash_of(event[:10], event.previous) != event.hash:
            return None
        heads[event.practice_id] = (event.number, event.hash)
        last = event
    return heads
