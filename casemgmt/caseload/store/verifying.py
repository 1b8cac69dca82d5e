"""Whether a store holds what was written to it, all of it and nothing else; and if not, what was done and where."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import column_of, texts
from casemgmt.caseload.events.checking import is_fit_text
from casemgmt.caseload.events.event import NO_HASH
from casemgmt.caseload.store.engines import looking_at_once
from casemgmt.caseload.store.faults import Fault, faults_in, is_own
from casemgmt.caseload.store.raw_rows import NotTextError, complaint_of, heads_of, rows_of
from casemgmt.caseload.store.refusals import in_words
from casemgmt.errors import InputError, VerifyError, plural

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

    from casemgmt.caseload.store.keeping import Store

Heads = Mapping[str, Sequence[tuple[int, str]]]  # the first digits of a hash will do
Progress = Callable[[int, int], object]

_MOST_TOLD = 10
_OFTEN = 1 << 14
_REWRITTEN = "edited: it is not the event whose hash was printed, and every hash after it was made anew"
_DAMAGED = "the database is damaged: it cannot read these events"
_DAMAGED_FILE = "the database is damaged: it says so itself, and no event is known to be touched"


@dataclass(frozen=True, slots=True)
class Verification:
    """What :meth:`casemgmt.Caseload.verify` found.

    Attributes
    ----------
    where : the store
    events : how many were read
    found : what was done to which chain, by practice and number
    """

    where: str
    events: int
    found: tuple[Fault, ...]

    @property
    def whole(self) -> bool:
        """Whether every event is as it was written, and none is missing or added."""
        return not self.found

    @property
    def faults(self) -> pa.Table:
        """One row a fault.

        ``practice_id`` text, null where it is no practice's; ``number`` int32, of the event or of the first one, null
        where it is not known; ``last`` int32, of the last one; ``fault`` text, what was done.
        """
        import pyarrow as pa

        practices, numbers, lasts, told = zip(*self.found, strict=True) if self.found else ((), (), (), ())
        return pa.table(
            {
                "practice_id": texts(practices),
                "number": column_of([_int32(each) for each in numbers], pa.int32()),
                "last": column_of([_int32(each) for each in lasts], pa.int32()),
                "fault": texts(told),
            }
        )

    def raise_if_broken(self) -> None:
        """Raise VerifyError with the first faults, unless all is whole."""
        if self.whole:
            return
        lines = [
            f"  practice {'not known' if each.practice_id is None else repr(each.practice_id)}, "
            f"event {'not known' if each.number is None else f'{each.number:,}'}: {each.fault}."
            for each in self.found[:_MOST_TOLD]
        ]
        more = len(self.found) - len(lines)
        raise VerifyError(
            f"{self.where} is not as it was written ({plural(len(self.found), 'fault')}):\n"
            + "\n".join([*lines, *([f"  and {more:,} more"] if more else [])])
        )

    def __repr__(self) -> str:
        """How many events and faults."""
        return f"<Verification: {plural(self.events, 'event')}, {plural(len(self.found), 'fault')}>"


def _int32(number: int | None) -> int | None:
    return number if number is not None and -(1 << 31) <= number < 1 << 31 else None


def verify(store: Store, heads: Heads | None = None, progress: Progress | None = None) -> Verification:
    """Look at every event of a store.

    Parameters
    ----------
    heads : numbers and hashes of events of a practice, as printed on lists and reports: they must be in the chain
    progress : called with (events done, events in all)

    Raises
    ------
    InputError : it is kept in no database
    VerifyError : the database cannot be read at all
    """
    from casemgmt.caseload.store.database import DatabaseStore

    if not isinstance(store, DatabaseStore):
        raise InputError(f"{store.where}: only what is kept in a database can be verified.")
    with in_words(store.where), looking_at_once(store.engine).begin() as connection:
        looked = _Looked(connection, heads or {}, progress)
        return Verification(found=tuple(looked.faults()), where=store.where, events=looked.events)


def faults_of(connection: sa.Connection) -> list[Fault]:
    """What is wrong with the chains, as a transaction sees them."""
    return _Looked(connection, {}, None).faults()


class _Looked:
    """One look at every row, and a second one at the chains that are not whole."""

    def __init__(self, connection: sa.Connection, heads: Heads, progress: Progress | None) -> None:
        self._connection, self._printed, self._progress = connection, heads, progress
        self._heads: dict[Any, tuple[Any, Any]] = {}
        self._places: dict[bytes, tuple[str, int]] | None = None
        self.events, self.is_damaged = 0, False

    def faults(self) -> list[Fault]:
        """All of them, by practice and number."""
        broken: set[Any] = set()
        try:
            self._heads = heads_of(self._connection)
            try:
                self._look(broken, are_texts=True)
            except NotTextError:
                self._look(broken, are_texts=False)
        except sqlite3.Error as problem:
            _check_damage(problem)
            self.is_damaged = True
            broken |= self._heads.keys()
        found = [fault for practice in sorted(broken, key=_in_order) for fault in self._in_practice(practice)]
        if not found and (broken or self.is_damaged or complaint_of(self._connection)):
            return [Fault(None, None, None, _DAMAGED_FILE)]
        return found

    def _look(self, broken: set[Any], are_texts: bool) -> None:
        """Add the practices whose chains are not whole."""
        self.events = 0
        wanted = {(code, number): printed for code, pairs in self._printed.items() for number, printed in pairs}
        ends: dict[Any, tuple[Any, Any]] = {}
        total = sum(head[0] for head in self._heads.values() if type(head[0]) is int)
        practice, number, own = None, 0, NO_HASH
        for event in rows_of(self._connection, are_texts=are_texts):
            if event.practice_id != practice:
                if event.practice_id in ends:
                    broken.add(event.practice_id)
                practice, number, own = event.practice_id, 0, NO_HASH
            if event.number != number + 1 or event.previous != own or not is_own(event):
                broken.add(practice)
            if wanted and not _starts(event.hash, wanted.pop((practice, event.number), "")):
                broken.add(practice)
            number, own = event.number if type(event.number) is int else 0, event.hash
            ends[practice] = (number, own)
            self.events += 1
            if self._progress is not None and self.events % _OFTEN == 0:
                self._progress(self.events, max(total, self.events))
        broken.update(practice for practice, _ in wanted)
        broken.update(code for code in ends.keys() | self._heads.keys() if ends.get(code) != self._heads.get(code))
        if self._progress is not None:
            self._progress(self.events, self.events)

    def _in_practice(self, practice: Any) -> list[Fault]:
        shown = practice if is_fit_text(practice) else None
        try:
            rows = list(rows_of(self._connection, practice))
            found = faults_in(practice, rows, self._heads.get(practice), self._elsewhere)
        except sqlite3.Error as problem:
            _check_damage(problem)
            return [Fault(shown, None, None, _DAMAGED)]
        own = {row.number: row.hash for row in rows if type(row.number) is int}
        for number, printed in self._printed.get(practice, ()):
            if not _starts(own.get(number), printed) and not any(_covers(fault, number) for fault in found):
                found.append(Fault(shown, number, number, _REWRITTEN))
        return [fault._replace(practice_id=shown) for fault in found]

    def _elsewhere(self, own: bytes) -> tuple[str, int] | None:
        """Where the event is that has a hash."""
        if self._places is None:
            self._places = {
                row.hash: (row.practice_id, row.number)
                for row in rows_of(self._connection)
                if isinstance(row.hash, bytes) and is_own(row)
            }
        return self._places.get(own)


def _in_order(practice: Any) -> tuple[bool, bytes]:
    return not isinstance(practice, str), str(practice).encode("utf-8", "replace")


def _starts(own: object, printed: str) -> bool:
    return isinstance(own, bytes) and own.hex().startswith(printed)


def _covers(fault: Fault, number: int) -> bool:
    return fault.number is not None and fault.number <= number <= (fault.last or fault.number)


def _check_damage(problem: sqlite3.Error) -> None:
    """Go on where SQLite says that a part of the file is damaged; any other error is raised."""
    name = getattr(problem, "sqlite_errorname", None) or ""
    if not name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ", "SQLITE_TOOBIG")):
        raise problem
