"""A table of events as the events that were stored, and whether their chains are whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.caseload.events.event import NO_HASH, Event, hash_of
from casemgmt.caseload.events.table import COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 1 << 16


class BrokenLink(NamedTuple):
    """Where a chain is broken, and how."""

    practice_id: str
    number: int
    fault: str


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


def broken_links(events: Iterable[Event]) -> list[BrokenLink]:
    """Every place at which the chains are broken, in the order given, which should be that of practices and numbers."""
    found: list[BrokenLink] = []
    practice, number, head, moment = None, 0, NO_HASH, ""
    for event in events:
        if event.practice_id != practice:
            if practice is not None and event.practice_id.encode() < practice.encode():
                found.append(BrokenLink(event.practice_id, event.number, "stands out of the order of practices"))
            practice, number, head, moment = event.practice_id, 0, NO_HASH, ""
        if fault := _fault(event, number, head, moment):
            found.append(BrokenLink(practice, event.number, fault))
        number, head, moment = event.number, event.hash, event.recorded_at
    return found


def _fault(event: Event, number: int, head: bytes, moment: str) -> str:
    """What is wrong with an event after the one before it, of which number, hash and moment are given."""
    if event.number != number + 1:
        return f"follows event {number:,}"
    if event.previous != head:
        return "does not carry the hash of the event before"
    if hash_of(event[:10], event.previous) != event.hash:
        return "is not what its hash says"
    return "was recorded before the event before" if event.recorded_at < moment else ""
