"""An open transaction on some practices' chains: it holds their heads, so that no two writers go on from one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.caseload.events.checking import Known, check, is_fit_text
from casemgmt.caseload.events.event import NO_HASH, Event, NewEvent, chained
from casemgmt.caseload.events.table import ASKED, COLUMNS
from casemgmt.caseload.store.faults import is_own
from casemgmt.caseload.store.reading import heads_of, read_events
from casemgmt.caseload.store.refusals import broken_chain, in_words
from casemgmt.errors import InputError, VerifyError

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

_MOST_NAMED = 500
_LINES_AT_ONCE = 10_000
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class _End(NamedTuple):
    """Where a chain ends."""

    number: int
    hash: bytes
    recorded_at: str


class DatabaseWriting:
    """A :class:`casemgmt.caseload.store.keeping.Writing` in a database."""

    def __init__(self, connection: sa.Connection, shown: str, practices: Iterable[str], moment: str | None) -> None:
        self._connection, self._shown = connection, shown
        practices = set(practices)
        if not all(map(is_fit_text, practices)):
            raise InputError("writing(…) takes practice codes: texts without control characters.")
        self._practices = sorted(practices, key=str.encode)
        self._ends = _held(connection, shown, self._practices)
        self._moment = moment or _now()  # once the chains are held: who waited writes later
        self._written: set[str] = set()
        self.added = 0  # events, so far

    @property
    def recorded_on(self) -> dt.date:
        """The day, in UTC, of the moment that its events carry."""
        return dt.date.fromisoformat(self._moment[:10])

    def events(self, columns: Sequence[str] = ASKED) -> pa.Table:
        """The events of these practices, those appended here included."""
        with in_words(self._shown):
            return read_events(self._connection, self._shown, columns, self._practices, None)

    def append(self, events: Iterable[NewEvent]) -> list[Event]:
        """Write events at the ends of their practices' chains, checked first; in the order given."""
        events = list(events)
        numbers = {code: end.number for code, end in self._ends.items()}
        with in_words(self._shown):
            check(events, numbers, self._known(events), self.recorded_on)
            added = [self._next(new) for new in events]
            _insert(self._connection, added)
        self.added += len(added)
        return added

    def restore(self, events: Iterable[Event]) -> None:
        """Write events as they stood in another store, at the ends of their chains.

        Raises
        ------
        VerifyError : one does not follow the event before it, or does not say what it was hashed as
        """
        events = list(events)
        for event in events:
            end = self._ends[event.practice_id]
            follows = event.number == end.number + 1 and event.previous == end.hash
            if not follows or event.recorded_at < end.recorded_at or not is_own(event):
                raise VerifyError(
                    f"Practice {event.practice_id!r}, event {event.number:,} is not as it was written, or does not "
                    "follow the event before it. Nothing was written."
                )
            self._ends[event.practice_id] = _End(event.number, event.hash, event.recorded_at)
            self._written.add(event.practice_id)
        with in_words(self._shown):
            _insert(self._connection, events)
        self.added += len(events)

    def finish(self) -> None:
        """Write the heads of the chains that have grown."""
        with in_words(self._shown):
            _write_heads(
                self._connection, {code: self._ends[code] for code in self._practices if code in self._written}
            )

    def _next(self, new: NewEvent) -> Event:
        end = self._ends[new.practice_id]
        event = chained(new, end.number + 1, max(self._moment, end.recorded_at), end.hash)
        self._ends[new.practice_id] = _End(event.number, event.hash, event.recorded_at)
        self._written.add(new.practice_id)
        return event

    def _known(self, events: list[NewEvent]) -> dict[tuple[str, int], Known]:
        """The events that new ones name."""
        import sqlalchemy as sa

        from casemgmt.caseload.store.schema import events as table

        named: dict[str, set[int]] = {}
        for new in events:
            for number in (new.basis, new.corrects):
                if type(number) is int and new.practice_id in self._ends:
                    named.setdefault(new.practice_id, set()).add(number)
        found = {}
        for code, numbers in named.items():
            some = sorted(number for number in numbers if 0 < number <= self._ends[code].number)
            for low in range(0, len(some), _MOST_NAMED):
                asked = sa.select(table.c.number, table.c.kind, table.c.patient_id).where(
                    table.c.practice_id == code, table.c.number.in_(some[low : low + _MOST_NAMED])
                )
                found.update({(code, row[0]): Known(row[1], row[2]) for row in self._connection.execute(asked)})
        return found


def _now() -> str:
    from casemgmt.caseload.events.event import moment_text

    return moment_text(dt.datetime.now(dt.UTC))


def _held(connection: sa.Connection, shown: str, practices: list[str]) -> dict[str, _End]:
    """Where the chains end, once nobody else can write to them.

    Raises
    ------
    VerifyError : a chain does not end at its head
    """
    import sqlalchemy as sa

    from casemgmt.caseload.store.schema import chains, events

    if connection.dialect.name == "postgresql" and practices:
        from sqlalchemy.dialects.postgresql import insert

        empty = [{"practice_id": code, "number": 0, "hash": NO_HASH} for code in practices]
        connection.execute(insert(chains).on_conflict_do_nothing().values(empty))
    asked = sa.select(chains).where(chains.c.practice_id.in_(practices)).order_by(chains.c.practice_id)
    found = heads_of(connection.execute(asked.with_for_update()), shown)
    heads = {code: (number, own) for code, number, own in found}
    last = (
        sa.select(events.c.number, events.c.hash, events.c.recorded_at)
        .where(events.c.practice_id == sa.bindparam("code"))
        .order_by(events.c.number.desc())
        .limit(1)
    )
    ends = {}
    for code in practices:
        row = connection.execute(last, {"code": code}).first()
        end = _End(0, NO_HASH, "") if row is None else _End(row[0], bytes(row[1]), row[2])
        if heads.get(code, (0, NO_HASH)) != end[:2]:
            raise broken_chain(shown)
        ends[code] = end
    return ends


def _insert(connection: sa.Connection, events: list[Event]) -> None:
    names = ", ".join('"by"' if name == "by" else name for name in COLUMNS)
    if not events:
        return
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" for _ in COLUMNS)
        connection.exec_driver_sql(f"INSERT INTO events ({names}) VALUES ({marks})", [tuple(event) for event in events])  # noqa: S608
        return
    with connection.connection.cursor().copy(f"COPY events ({names}) FROM STDIN") as copy:
        for low in range(0, len(events), _LINES_AT_ONCE):
            copy.write("".join(map(_line, events[low : low + _LINES_AT_ONCE])))


def _line(event: Event) -> str:
    """An event as PostgreSQL's COPY reads it: https://www.postgresql.org/docs/current/sql-copy.html."""
    return "\t".join(map(_copied, event)) + "\n"


def _copied(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    text = str(value)
    return text if "\\" not in text and text.isprintable() else text.translate(_ESCAPED)


def _write_heads(connection: sa.Connection, ends: dict[str, _End]) -> None:
    """Write new heads, and let go of the places that were held for chains without an event."""
    import sqlalchemy as sa

    from casemgmt.caseload.store.schema import chains

    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    if ends:
        written = insert(chains)
        written = written.on_conflict_do_update(
            index_elements=["practice_id"], set_={"number": written.excluded.number, "hash": written.excluded.hash}
        )
        rows = [{"practice_id": code, "number": end.number, "hash": end.hash} for code, end in ends.items()]
        connection.execute(written, rows)
    if connection.dialect.name == "postgresql":
        connection.execute(sa.delete(chains).where(chains.c.number == 0))
