"""The store of events in a database."""

from __future__ import annotations

import datetime as dt
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from casemgmt import logs
from casemgmt.caseload.events.checking import FIRST_DAY, LAST_DAY
from casemgmt.caseload.events.event import moment_text
from casemgmt.caseload.events.recording import is_missing
from casemgmt.caseload.events.table import ASKED
from casemgmt.caseload.store.engines import writing_on
from casemgmt.caseload.store.keeping import Head
from casemgmt.caseload.store.reading import heads_of, heads_until, read_events
from casemgmt.caseload.store.refusals import in_words
from casemgmt.caseload.store.writing import DatabaseWriting
from casemgmt.errors import InputError, plural

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

    from casemgmt.caseload.store.keeping import Writing

_MOST_AHEAD = dt.timedelta(days=1)


class DatabaseStore:
    """A :class:`casemgmt.caseload.store.keeping.Store` in SQLite or PostgreSQL; threads may share it."""

    def __init__(self, engine: sa.Engine, shown: str) -> None:
        self.engine, self._shown = engine, shown
        weakref.finalize(self, engine.dispose)  # whoever forgets to close it leaves no connection

    @property
    def where(self) -> str:
        """Where it is, without a password."""
        return self._shown

    def events(
        self,
        columns: Sequence[str] = ASKED,
        *,
        practices: Sequence[str] | None = None,
        known_at: dt.datetime | None = None,
    ) -> pa.Table:
        """The events, by practice (bytes) and number; with ``known_at``, those recorded up to then.

        Raises
        ------
        VerifyError : an event is not what this library writes
        """
        until = None if known_at is None else _text_of(known_at, "known_at")
        with in_words(self._shown), self.engine.begin() as connection:
            return read_events(connection, self._shown, columns, practices, until)

    def heads(self, known_at: dt.datetime | None = None) -> dict[str, Head]:
        """The last event of each chain (up to then), by practice code; the store's own chain stands under ``""``."""
        from casemgmt.caseload.store.schema import chains

        with in_words(self._shown), self.engine.begin() as connection:
            if known_at is None:
                found = heads_of(connection.execute(chains.select()), self._shown)
            else:
                found = heads_until(connection, self._shown, _text_of(known_at, "known_at"))
        return {code: Head(number, own) for code, number, own in sorted(found, key=lambda row: row[0].encode())}

    @contextmanager
    def writing(self, practices: Iterable[str], recorded_at: dt.datetime | None = None) -> Iterator[Writing]:
        """A transaction on these practices: all of it is written when the block ends, or nothing where it raises.

        Raises
        ------
        InputError : ``recorded_at`` has no time zone, or lies ahead
        VerifyError : a chain does not end at its head
        PublishError : others write for minutes, or it cannot be written
        """
        moment = None if recorded_at is None else _text_of(recorded_at, "recorded_at")
        if moment is not None and moment > moment_text(dt.datetime.now(dt.UTC) + _MOST_AHEAD):
            raise InputError("recorded_at lies ahead: every later event would have to carry it too.")
        with in_words(self._shown), writing_on(self.engine).begin() as connection:
            writing = DatabaseWriting(connection, self._shown, practices, moment)
            yield writing
            writing.finish()
        logs.info("caseload", "wrote %s into the caseload", plural(writing.added, "event"))

    def close(self) -> None:
        """Let go of the database."""
        with in_words(self._shown):
            self.engine.dispose()

    def __repr__(self) -> str:
        """Where it is."""
        return f"<DatabaseStore: {self._shown}>"


def _text_of(moment: dt.datetime, name: str) -> str:
    if not isinstance(moment, dt.datetime) or is_missing(moment) or moment.utcoffset() is None:
        raise InputError(f"{name}= is a moment with its time zone, such as datetime(2015, 4, 1, 9, 30, tzinfo=UTC).")
    # Texts of moments sort as the moments do where all have years of four digits, in any time zone.
    if FIRST_DAY <= moment.date() <= LAST_DAY:
        return moment_text(moment)
    if name == "recorded_at":
        raise InputError(f"recorded_at= must lie between {FIRST_DAY.year} and {LAST_DAY.year}.")
    nearest = FIRST_DAY if moment.date() < FIRST_DAY else LAST_DAY
    return moment_text(dt.datetime.combine(nearest, dt.time(), dt.UTC))
