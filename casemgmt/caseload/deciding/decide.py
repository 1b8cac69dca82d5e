"""What people decide, from a table of decisions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from casemgmt.caseload.deciding.decided import Decided
from casemgmt.caseload.deciding.reading import read_decisions
from casemgmt.caseload.deciding.recording import settle
from casemgmt.caseload.deciding.standing import PublishedList, lists_published
from casemgmt.caseload.deciding.words import REFUSING, Decision
from casemgmt.outputs.practice.answers import ACCEPT, KEEP

if TYPE_CHECKING:
    from casemgmt.caseload.store.keeping import Store

_ABOUT_A_PROPOSAL = (ACCEPT, KEEP, *REFUSING)


def decide(store: Store, decisions: object, *, recorded_at: dt.datetime | None = None) -> Decided:
    """See :meth:`casemgmt.caseload.caseload.Caseload.decide`."""
    rows = read_decisions(decisions)
    practices = sorted({row.practice_id for row in rows} & (store.heads().keys() - {""}), key=str.encode)
    with store.writing(practices, recorded_at) as writing:
        events = writing.events()
        lists = lists_published(events)
        rows = [row._replace(basis=_list_seen(row, lists)) for row in rows]
        settled = settle(events, rows, writing.recorded_on)
        added = writing.append(settled.events)
    return Decided(rows=tuple(rows), outcome=tuple(settled.outcome), added=tuple(added))


def _list_seen(row: Decision, lists: dict[str, list[PublishedList]]) -> int | None:
    """The last list of the practice up to the day, where the decision is about a proposal."""
    if row.said not in _ABOUT_A_PROPOSAL:
        return None
    seen = [each for each in lists.get(row.practice_id, []) if each.date <= row.date]
    return max(seen, key=lambda each: (each.date, each.number)).number if seen else None
