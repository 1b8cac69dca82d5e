"""What the store knows of people and lists when something is added: who stands where, and which list was which."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import array_of, numpy_of, rows_of, texts
from casemgmt.caseload.events import kinds
from casemgmt.caseload.events.kinds import LIST_PUBLISHED
from casemgmt.caseload.state.folding import state_at
from casemgmt.caseload.state.settling import NAMES, coded, settled
from casemgmt.caseload.state.statuses import ON_CASELOAD
from casemgmt.dates import from_day_number
from casemgmt.selection.earlier import keys_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_DECIDING = (
    *(kinds.PROPOSED, kinds.ACCEPTED, kinds.NOT_ACCEPTED, kinds.ENDED, kinds.MOVED, kinds.DIED, kinds.RETURNED),
    *(kinds.PRACTICE_CHANGED, kinds.REMOVAL_PROPOSED, kinds.REMOVAL_LAPSED, kinds.REMOVAL_REJECTED),
)
# When reviews fall due says nothing of who stands where.
_ANY_INTERVAL = 12


class PublishedList(NamedTuple):
    """A ``list_published`` event: its number in its practice's chain, the list's date, and which selection it is of."""

    number: int
    date: dt.date
    fingerprint: str


class Standing(NamedTuple):
    """Where everyone stands who was ever proposed or managed, one entry a person of a practice.

    Attributes
    ----------
    people : their keys; see :func:`casemgmt.register.columns.person_keys`
    table : rows of the state, in the same order
    on_caseload : whether each is proposed or managed
    pending : whether a removal waits for a decision
    """

    people: pa.Array
    table: pa.Table
    on_caseload: npt.NDArray[np.bool_]
    pending: npt.NDArray[np.bool_]


def standing_on(events: pa.Table, date: dt.date) -> Standing:
    """Where everyone stands at the end of a day, as the events have it."""
    import pyarrow.compute as pc

    state = state_at(events, date, review_every_months=_ANY_INTERVAL).to_arrow(everyone=True)
    on_caseload = numpy_of(pc.is_in(state.column("status"), value_set=texts(ON_CASELOAD)))
    pending = numpy_of(pc.is_valid(state.column("removal_proposed_on")))
    return Standing(keys_of(state), state, on_caseload, pending & on_caseload)


def deciding_events(events: pa.Table, people: pa.Array | None = None) -> pa.Table:
    """The events by which a status or a pending removal changes, and what corrects or withdraws them.

    Reviews and plans, most of a long chain, are left out.

    Parameters
    ----------
    events : whole chains, ordered by practice and number
    people : keys of those whose events are wanted; None: of everyone
    """
    import pyarrow.compute as pc

    wanted = pc.is_in(events.column("kind"), value_set=texts(_DECIDING))
    if people is not None:
        wanted = pc.and_(wanted, pc.is_in(keys_of(events), value_set=people).fill_null(False))
    kept = numpy_of(wanted).copy()
    for row, named in _corrections(events):
        kept[row] = kept[named]
    return events.filter(mask_of(kept))


def _corrections(events: pa.Table) -> list[tuple[int, int]]:
    """The rows of corrections and withdrawals, each with the row of the event that it names."""
    import numpy as np
    import pyarrow.compute as pc

    rows = np.flatnonzero(numpy_of(pc.is_valid(events.column("corrects"))))
    if not len(rows):
        return []
    practice = coded(events.column("practice_id")).codes << 32
    key = practice + numpy_of(events.column("number"))
    named = np.searchsorted(key, practice[rows] + numpy_of(events.column("corrects").take(rows_of(rows))))
    return list(zip(rows.tolist(), np.minimum(named, len(key) - 1).tolist(), strict=True))


def in_force(events: pa.Table) -> npt.NDArray[np.bool_]:
    """Which events of whole chains nobody has withdrawn."""
    return settled(events).in_force


def lists_published(events: pa.Table) -> dict[str, list[PublishedList]]:
    """The lists of each practice that were not withdrawn, as corrected, in the order in which they were proposed."""
    import numpy as np

    now = settled(events)
    rows = np.flatnonzero(now.in_force & (now.kind == NAMES.index(LIST_PUBLISHED)))
    practices, said = events.column("practice_id").take(rows_of(rows)), now.details.take(rows_of(rows))
    found: dict[str, list[PublishedList]] = {}
    for row, code, details in zip(rows.tolist(), practices.to_pylist(), said.to_pylist(), strict=True):
        own = PublishedList(int(now.number[row]), from_day_number(now.day[row]), json.loads(details)["fingerprint"])
        found.setdefault(code, []).append(own)
    return found


def of_kind(events: pa.Table, names: Iterable[str]) -> pa.Table:
    """The events of some kinds that are in force."""
    import pyarrow.compute as pc

    wanted = pc.is_in(events.column("kind"), value_set=texts(names))
    return events.filter(pc.and_(wanted, mask_of(in_force(events))))


def mask_of(flags: npt.NDArray[np.bool_]) -> pa.Array:
    """Flags as Arrow filters by them."""
    import pyarrow as pa

    return array_of(flags, pa.bool_())
