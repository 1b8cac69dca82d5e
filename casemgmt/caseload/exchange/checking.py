"""What was done to the chains of events that are not whole, in words that name practice and event, and no patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from casemgmt.caseload.events.event import Event
from casemgmt.caseload.store.faults import faults_in
from casemgmt.errors import plural

_MOST = 3


def faults_in_words(events: Iterable[Event], heads: Mapping[str, tuple[int, bytes]]) -> str:
    """The first faults of the chains, in any order of rows; nothing where each chain holds its events up to its head.

    Parameters
    ----------
    heads : number and hash of the last event of each chain, as they should be
    """
    chains: dict[str, list[Event]] = {}
    for event in events:
        chains.setdefault(event.practice_id, []).append(event)
    found = [
        f"event {fault.number} of {practice or 'the store itself'}: {fault.fault}"
        for practice in sorted(chains.keys() | heads.keys(), key=str.encode)
        for fault in faults_in(practice, chains.get(practice, ()), heads.get(practice), lambda _: None)
    ]
    more = len(found) - _MOST
    return "; ".join([*found[:_MOST], *([f"and {plural(more, 'fault')} more"] if more > 0 else [])])
