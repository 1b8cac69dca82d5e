"""Decisions held against the store, in the order of their days: each becomes an event, was one, or is explained.

Where somebody stands is asked of the state on the day of the decision, with the decisions before it in the same batch.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from casemgmt.arrow import texts
from casemgmt.caseload.deciding.decided import RECORDED, UNCHANGED
from casemgmt.caseload.deciding.standing import (
    deciding_events,
    in_force,
    lists_published,
    mask_of,
    standing_on,
)
from casemgmt.caseload.deciding.words import STATUS_OF, Decision, Now, event_of, possible_events, slip_in
from casemgmt.caseload.events.checking import Known, problems_of
from casemgmt.caseload.events.event import NewEvent, details_text
from casemgmt.caseload.events.kinds import LIST_PUBLISHED
from casemgmt.caseload.events.table import ASKED, schema
from casemgmt.register.columns import person_keys
from casemgmt.selection.earlier import keys_of

if TYPE_CHECKING:
    import pyarrow as pa

_UNKNOWN_PRACTICE: Final = "names a practice that has no event in this caseload"
_OVERTAKEN: Final = (
    "was written down before, and another event of that day, or a correction, came after it: withdraw that one if this "
    "decision holds"
)
_Same = tuple[Any, ...]


class Settled(NamedTuple):
    """What rows come to: the events to append, in the order of the rows, and the outcome of each row."""

    events: list[NewEvent]
    outcome: list[str]


def settle(events: pa.Table, rows: Sequence[Decision], recorded_on: dt.date) -> Settled:
    """What becomes of each row.

    Parameters
    ----------
    events : of the practices that the rows name, in order
    recorded_on : the day on which they are written down; what has happened has happened by then
    """
    outcome = [slip_in(row) for row in rows]
    here = frozenset(events.column("practice_id").unique().to_pylist())
    for place, row in enumerate(rows):
        if not outcome[place] and row.practice_id not in here:
            outcome[place] = _UNKNOWN_PRACTICE
    sound = [place for place, said in enumerate(outcome) if not said]
    book = _Book(events, [rows[place] for place in sound], recorded_on)
    made: dict[int, NewEvent] = {}
    for day, places in _rounds(rows, sound):
        now = book.standing(day, [rows[place] for place in places])
        for place, standing in zip(places, now, strict=True):
            found = book.write(rows[place], standing)
            if isinstance(found, NewEvent):
                made[place] = found
            outcome[place] = RECORDED if isinstance(found, NewEvent) else found
    return Settled([made[place] for place in sorted(made)], outcome)


def _rounds(rows: Sequence[Decision], sound: Iterable[int]) -> list[tuple[dt.date, list[int]]]:
    """The rows by day, and those about one patient on one day one after the other."""
    turns: dict[tuple[Any, ...], int] = {}
    rounds: dict[tuple[dt.date, int], list[int]] = {}
    for place in sound:
        row = rows[place]
        person = (row.practice_id, row.patient_id, row.date)
        turns[person] = turns.get(person, -1) + 1
        rounds.setdefault((row.date, turns[person]), []).append(place)
    return [(day, rounds[day, turn]) for day, turn in sorted(rounds)]


class _Book:
    """What the store holds of the people that some rows name, and what is written as the rows are gone through."""

    def __init__(self, events: pa.Table, rows: Sequence[Decision], recorded_on: dt.date) -> None:
        import pyarrow.compute as pc

        keys = _keys(rows)
        self._key = dict(zip(map(_person, rows), keys.to_pylist(), strict=True))
        named = keys.unique()
        patients = events.filter(pc.is_valid(events.column("patient_id")))
        self._known = frozenset(named.filter(pc.is_in(named, value_set=keys_of(patients))).to_pylist())
        self._events = deciding_events(events, named)
        self._keys = keys_of(self._events)
        self._written: dict[str, list[NewEvent]] = {}
        self._same = _held(events, rows, named)
        self._recorded_on = recorded_on
        self._lists = {
            (code, each.number): Known(LIST_PUBLISHED, None)
            for code, own in lists_published(events).items()
            for each in own
        }

    def standing(self, day: dt.date, rows: Sequence[Decision]) -> list[Now]:
        """Where the patients of some rows, each one of its own, stand on a day."""
        import pyarrow.compute as pc

        keys = _keys(rows)
        own = self._events.filter(pc.is_in(self._keys, value_set=keys))
        new = [event for key in keys.to_pylist() for event in self._written.get(key, ())]
        now = standing_on(_joined(own, new), day)
        place = {key: at for at, key in enumerate(now.people.to_pylist())}
        status = now.table.column("status").to_pylist()
        found = []
        for key in keys.to_pylist():
            at = place.get(key)
            known = key in self._known or key in self._written
            found.append(Now(None, False, known) if at is None else Now(status[at], bool(now.pending[at]), known))
        return found

    def write(self, row: Decision, now: Now) -> NewEvent | str:
        """The event of a row; ``unchanged`` where there is one like it, else why there is none."""
        if held := [each.kind for each in possible_events(row) if _same(each) in self._same]:
            sets = [STATUS_OF[kind] for kind in held if kind in STATUS_OF]
            return UNCHANGED if not sets or now.status in sets else _OVERTAKEN
        found = event_of(row, now)
        if isinstance(found, NewEvent) and (wrong := problems_of(found, self._lists, self._recorded_on)):
            return f"has a value that no event may hold: {wrong[0]}"
        if isinstance(found, NewEvent):
            self._same.add(_same(found))
            self._written.setdefault(self._key[_person(row)], []).append(found)
        return found


def _same(event: NewEvent) -> _Same:
    return (
        *(event.practice_id, event.patient_id, event.kind, event.happened_on, event.by),
        details_text(event.details),
    )


def ever_held(events: pa.Table, rows: Sequence[Decision]) -> set[int]:
    """The rows, by their numbers, whose events were written down once, whether or not somebody withdrew them."""
    rows = [row for row in rows if not slip_in(row)]
    if not rows:
        return set()
    held = _held(events, rows, _keys(rows).unique(), withdrawn=True)
    return {row.row for row in rows if any(_same(each) in held for each in possible_events(row))}


def _held(events: pa.Table, rows: Sequence[Decision], named: pa.Array, *, withdrawn: bool = False) -> set[_Same]:
    """The events in force that the rows could repeat; with ``withdrawn`` those in force no more too."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kinds = {event.kind for row in rows for event in possible_events(row)}
    days = pa.array(sorted({row.date for row in rows}), pa.date32())
    near = pc.and_(
        pc.is_in(events.column("kind"), value_set=texts(sorted(kinds))),
        pc.is_in(events.column("happened_on"), value_set=days),
    )
    found = events.filter(near if withdrawn else pc.and_(near, mask_of(in_force(events))))
    found = found.filter(pc.is_in(keys_of(found), value_set=named))
    names = ("practice_id", "patient_id", "kind", "happened_on", "by", "details")
    return set(zip(*(found.column(name).to_pylist() for name in names), strict=True))


def _joined(own: pa.Table, new: Sequence[NewEvent]) -> pa.Table:
    """Events of the store with new ones at the ends of their practices' chains; none of the new corrects another."""
    import pyarrow as pa

    if not new:
        return own
    whole = pa.concat_tables([own, _as_table(new)])
    codes = whole.column("practice_id").to_pylist()
    return whole.take(sorted(range(len(codes)), key=lambda row: codes[row].encode()))


_AFTER_ALL: Final = 2**30  # more than the events of any chain


def _as_table(new: Sequence[NewEvent]) -> pa.Table:
    import pyarrow as pa

    kinds = pa.schema([schema().field(name) for name in ASKED])
    rows = [
        {
            "practice_id": event.practice_id,
            "number": _AFTER_ALL + place,
            "kind": event.kind,
            "patient_id": event.patient_id,
            "happened_on": event.happened_on,
            "by": event.by,
            "basis": event.basis,
            "details": details_text(event.details),
        }
        for place, event in enumerate(new)
    ]
    return pa.Table.from_pylist(rows, kinds)


def _person(row: Decision) -> tuple[str, str]:
    return row.practice_id, row.patient_id


def _keys(rows: Sequence[Decision]) -> pa.Array:
    return person_keys(texts(row.practice_id for row in rows), texts(row.patient_id for row in rows))
