"""What has happened to a chain that is not as it was written: each change is told once, and where.

Whatever was done to rows, their hashes say which event each of them was: a row whose hash fits another number was
renumbered or copied, one whose hash fits no number was edited, and one that follows no event of the chain was inserted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from casemgmt.caseload.events.event import NO_HASH, Event, hash_of
from casemgmt.errors import plural

_PASSES = 3


class Fault(NamedTuple):
    """Something that was done to a chain.

    Attributes
    ----------
    practice_id : None where it is no practice's, or not known
    number : of the event, or of the first one; None where it is not known
    last : of the last one
    fault : what was done
    """

    practice_id: str | None
    number: int | None
    last: int | None
    fault: str


@dataclass(slots=True)
class _Row:
    """A row of a chain.

    Attributes
    ----------
    event : as it is stored, of whatever types
    hash : the one that it had when it was written
    true : the number that it had when it was written; None where it was no event of this chain
    told : what was done to it
    """

    event: Event
    hash: bytes
    true: int | None = None
    told: str | None = None

    @property
    def number(self) -> int | None:
        """The number that it is stored under."""
        return self.event.number if type(self.event.number) is int else None


def is_own(event: Event) -> bool:
    """Whether an event says what it said when its hash was made."""
    return said_hash(event) == event.hash


def said_hash(event: Event, previous: Any = None, **other: Any) -> bytes | None:
    """The hash of what a row says, or of what it would say; None where its values are of wrong kinds."""
    before = event.previous if previous is None else previous
    values = event._replace(**other)[:10] if other else event[:10]
    try:
        return hash_of(values, before)
    except (TypeError, ValueError):
        return None


def faults_in(
    practice: str,
    events: Sequence[Event],
    head: tuple[Any, Any] | None,
    elsewhere: Callable[[bytes], tuple[str, int] | None],
) -> list[Fault]:
    """What was done to one chain, by number.

    Parameters
    ----------
    events : its rows, of whatever types
    head : number and hash of its head, of whatever types; None where it has none
    elsewhere : practice and number of the event of another practice that has a hash
    """
    rows = [_Row(event, event.hash) for event in sorted(events, key=_order)]
    _recognise(rows, head)
    _tell_copies(practice, rows, _followed(rows, head), elsewhere)
    _tell_moved(rows)
    chain = _Chain(practice, rows, head)
    chain.tell_head()
    chain.tell_places()
    chain.tell_links()
    return sorted(chain.faults, key=lambda fault: (fault.number is None, fault.number or 0))


def _order(event: Event) -> tuple[bool, int]:
    return (False, event.number) if type(event.number) is int else (True, 0)


def _recognise(rows: list[_Row], head: tuple[Any, Any] | None) -> None:
    """Find the number that each row had."""
    for row in rows:
        if is_own(row.event):
            row.true = row.number
    for _ in range(_PASSES):
        known = [row for row in rows if row.true is not None]
        unknown = [(place, row) for place, row in enumerate(rows) if row.true is None]
        before = {row.hash: row.true or 0 for row in known} | {NO_HASH: 0}
        after = _followed(rows, head)
        for place, row in unknown:
            _recognise_forwards(row, rows[place - 1].hash if place else NO_HASH, before, after)
            if row.true is not None:
                before[row.hash] = row.true
        for _, row in reversed(unknown):
            if row.true is None:
                _recognise_backwards(row, after)
            if row.true is not None and _is_hash(row.event.previous):
                after[row.event.previous] = row.true
        if all(row.true is None for _, row in unknown):
            return


def _followed(rows: list[_Row], head: tuple[Any, Any] | None) -> dict[bytes, int | None]:
    """The number of the event that follows each hash, where it is known; the head follows the last event's."""
    after = {row.event.previous: row.true for row in rows if _is_hash(row.event.previous)}
    if head is not None and _is_hash(head[1]):
        after.setdefault(head[1], head[0] + 1 if type(head[0]) is int else None)
    return after


def _recognise_forwards(
    row: _Row, hash_before: bytes, before: dict[bytes, int], after: dict[bytes, int | None]
) -> None:
    """By the event before it."""
    event, number = row.event, row.number
    said = said_hash(event)
    if number is not None and _is_hash(hash_before) and said_hash(event, hash_before) == event.hash:
        row.true, row.told = number, "edited: its link to the event before is another"
    elif number is not None and said is not None and after.get(said) == number + 1:
        row.true, row.hash, row.told = number, said, "edited: its hash is another"
    elif _is_hash(event.previous) and event.previous in before:
        found = before[event.previous] + 1
        fits = said_hash(event, number=found) == event.hash
        if fits or event.previous != NO_HASH or event.hash in after:  # any chain's first event follows no hash
            row.true, row.told = found, None if fits else _EDITED


def _recognise_backwards(row: _Row, after: dict[bytes, int | None]) -> None:
    """By the event after it."""
    number = after.get(row.event.hash) if _is_hash(row.event.hash) else None
    if number is not None:
        fits = said_hash(row.event, number=number - 1) == row.event.hash
        row.true, row.told = number - 1, None if fits else _EDITED


_EDITED = "edited: it does not say what it said when it was written"


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes)


def _tell_copies(
    practice: str, rows: list[_Row], followed: Container[bytes], elsewhere: Callable[[bytes], tuple[str, int] | None]
) -> None:
    """Of several rows that were one event, one is it: others, and those of no event here, are no part of the chain."""
    best: dict[int, _Row] = {}
    worth: dict[int, tuple[bool, ...]] = {}
    for before, row in zip([None, *rows], rows, strict=False):
        if row.true is None:
            row.told = _of_elsewhere(practice, row.event, elsewhere)
            continue
        follows = row.event.previous == (before.hash if before else NO_HASH)
        own = (row.hash in followed, follows, row.told is None, row.number == row.true)
        if row.true not in best or own > worth[row.true]:
            best[row.true], worth[row.true] = row, own
    for row in rows:
        if row.true is not None and best[row.true] is not row:
            row.told, row.true = f"inserted: a copy of event {row.true:,}", None


def _of_elsewhere(practice: str, event: Event, elsewhere: Callable[[bytes], tuple[str, int] | None]) -> str:
    """What is known of a row that is no event of this chain."""
    if not _is_hash(event.hash) or not _is_hash(event.previous):
        return "inserted"
    if (found := elsewhere(event.hash)) is not None and found[0] != practice:
        return f"inserted: a copy of event {found[1]:,} of practice '{found[0]}'"
    if (found := elsewhere(event.previous)) is not None:
        code, number = found[0], found[1] + 1
        if said_hash(event, practice_id=code, number=number) == event.hash:
            return f"inserted: it is event {number:,} of practice '{code}'"
    return "inserted"


def _tell_moved(rows: list[_Row]) -> None:
    """Those that do not stand in the order of the others: as few as can be, and sooner one that has another number."""
    known = [row for row in rows if row.true is not None]
    most = max((row.true or 0 for row in known), default=0)
    if all(one.true < other.true for one, other in pairwise(known)):  # type: ignore[operator]
        return
    places = {number: place for place, number in enumerate(sorted({row.true for row in known}), 1)}  # type: ignore[type-var]
    best = [(0, -1)] * (len(places) + 1)  # a binary indexed tree of the worth of a line of rows and its last row
    before = [-1] * len(known)
    for place, row in enumerate(known):
        worth, before[place] = _best_up_to(best, places[row.true] - 1)
        worth += most + 1 + (row.number == row.true)
        at = places[row.true]
        while at < len(best):
            best[at] = max(best[at], (worth, place))
            at += at & -at
    standing = set()
    place = _best_up_to(best, len(places))[1]
    while place >= 0:
        standing.add(place)
        place = before[place]
    for place, row in enumerate(known):
        if place not in standing:
            row.told = f"reordered: it stands at {row.number if row.number is not None else 'no number'}"


def _best_up_to(best: list[tuple[int, int]], at: int) -> tuple[int, int]:
    found = (0, -1)
    while at:
        found = max(found, best[at])
        at -= at & -at
    return found


class _Chain:
    """A chain whose rows are recognised, and what is found about it."""

    def __init__(self, practice: str, rows: list[_Row], head: tuple[Any, Any] | None) -> None:
        self.practice, self.rows, self.head = practice, rows, head
        self.there = {row.true: row for row in rows if row.true is not None}
        self.numbers = sorted(self.there)
        self.standing = sorted(number for number, row in self.there.items() if not _is_moved(row))
        self.end = self.numbers[-1] if self.there else 0
        self.faults: list[Fault] = []
        self.is_head_told = False

    def tell(self, number: int | None, fault: str, last: int | None = None) -> None:
        """Write a fault down."""
        self.faults.append(Fault(self.practice, number, number if last is None else last, fault))

    def tell_head(self) -> None:
        """The head, where it is not the last event's; events gone from the end make the chain end later."""
        last = self.there.get(self.end)
        if self.head is None:
            self.is_head_told = True
            if self.there:
                self.tell(self.end or None, "the head of the chain is missing")
            return
        number, own = self.head
        is_of_last = last is not None and last.hash == own
        if type(number) is not int or not _is_hash(own) or number < 1 or (number != self.end and is_of_last):
            self._tell_wrong_head()
        elif number > self.end:
            self.end, self.is_head_told = number, True
        elif number < self.end:
            self.is_head_told = True
            at_head = self.there.get(number)
            if at_head is None or at_head.hash != own:
                self._tell_wrong_head()
            else:
                for row in self.there.values():
                    if row.true is not None and row.true > number:
                        row.told = "inserted"
                count = sum(beyond > number for beyond in self.there)
                self.tell(number + 1, f"inserted: {plural(count, 'event')} after the head of the chain", self.end)

    def _tell_wrong_head(self) -> None:
        self.is_head_told = True
        self.tell(self.end or None, "the head of the chain was edited: it is not this event's")

    def tell_places(self) -> None:
        """Rows that were edited, moved, inserted or renumbered, and events that are gone."""
        at, shift, is_explained = 0, 0, False
        replaced: set[int] = set()
        for row in self.rows:
            if row.true is None:
                is_explained = True
                if at + 1 <= self.end and at + 1 not in self.there and row.number in (at + 1, at + 1 + shift):
                    at += 1
                    replaced.add(at)
                    self.tell(at, f"edited: another event stands in its place ({row.told})")
                else:
                    self.tell(row.number, row.told or "inserted")
                continue
            if row.told is not None and row.told != "inserted":
                self.tell(row.true, row.told)
            if _is_moved(row):
                is_explained = True
                continue
            is_explained |= self._standing_between(at, row.true) < row.true - at - 1
            moved_by = 0 if row.number is None else row.number - row.true
            if moved_by != shift and not is_explained and row.told is None:
                self.tell(row.true, f"renumbered: it stands at {row.number}")
            at, shift, is_explained = row.true, moved_by, False
        for first, last in self._gaps(replaced):
            said = "deleted" if first == last else f"deleted: {last - first + 1:,} events"
            self.tell(first, f"{said}{', from the end of the chain' if last == self.end else ''}", last)

    def _standing_between(self, first: int, last: int) -> int:
        """How many events between two stand in their order."""
        return max(bisect_left(self.standing, last) - bisect_right(self.standing, first), 0)

    def _gaps(self, replaced: set[int]) -> list[tuple[int, int]]:
        """Runs of numbers of which no event is there: the first and the last of each."""
        known = sorted({0, *self.there, *replaced, self.end + 1})
        return [(low + 1, high - 1) for low, high in pairwise(known) if high > low + 1]

    def tell_links(self) -> None:
        """Events that were written anew, with a hash that fits them but not the next event."""
        broken = []
        for number in [*self.numbers, self.end + 1]:
            own, previous = self._hash_before(number), self._link_of(number)
            if own is not None and previous is not None and own != previous:
                broken.append(number)
        for number, last in _runs(broken):
            if number == last == self.end + 1:
                self.tell(self.end, "edited: it is not what the head of the chain was made of, or that was edited")
            elif number == last:
                self.tell(max(number - 1, 1), "edited, and its hash made anew: the next event follows another")
            else:
                self.tell(number, "edited, with its links and hashes made anew", last - 1)

    def _hash_before(self, number: int) -> bytes | None:
        """The hash of the event before; None where it is gone, or something is told of it already."""
        if number == 1:
            return NO_HASH
        before = self.there.get(number - 1)
        return None if before is None or before.told is not None else before.hash

    def _link_of(self, number: int) -> Any:
        """The hash that an event, or the head, says it follows; None where something is told of it already."""
        if number > self.end:
            return None if self.is_head_told or self.head is None else self.head[1]
        after = self.there[number]
        return None if after.told is not None else after.event.previous


def _is_moved(row: _Row) -> bool:
    return row.told is not None and row.told.startswith("reordered")


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Runs of numbers that follow one another: the first and the last of each."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
