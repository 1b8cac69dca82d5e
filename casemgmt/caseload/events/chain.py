"""Whether chains of events are whole, and where they end."""

from __future__ import annotations

from collections.abc import Iterable

from casemgmt.caseload.events.event import NO_HASH, Event, hash_of

Heads = dict[str, tuple[int, bytes]]  # by practice: number and hash of the last event


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
