"""A store of events in a list: the same answers as a database, for tests of what is asked of it."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager

from casemgmt.caseload.events.event import NO_HASH, chained, moment_text
from casemgmt.caseload.events.table import ASKED, events_table
from casemgmt.caseload.store.keeping import Head


class MemoryStore:
    where = "memory"

    def __init__(self) -> None:
        self.chains = {}
        self._tables = {}  # of the events asked for last, which are often asked for again

    def _ordered(self, practices=None, known_at=None):
        until = None if known_at is None else moment_text(known_at)
        codes = sorted(self.chains, key=str.encode)
        return [
            event
            for code in codes
            if practices is None or code in practices
            for event in self.chains[code]
            if until is None or event.recorded_at <= until
        ]

    def events(self, columns=ASKED, *, practices=None, known_at=None):
        asked = tuple(self._ordered(practices, known_at))
        if asked not in self._tables:
            if len(self._tables) > 3:
                self._tables.clear()
            self._tables[asked] = events_table(asked)
        return self._tables[asked].select(list(columns))

    def heads(self, known_at=None):
        return {event.practice_id: Head(event.number, event.hash) for event in self._ordered(None, known_at)}

    @contextmanager
    def writing(self, practices, recorded_at=None):
        moment = recorded_at or dt.datetime.now(dt.UTC)
        before = {code: list(chain) for code, chain in self.chains.items()}
        try:
            yield _Writing(self, set(practices), moment_text(moment))
        except BaseException:
            self.chains = before
            raise

    def close(self) -> None:
        pass


class _Writing:
    def __init__(self, store, practices, moment) -> None:
        self.store, self.practices, self.moment = store, practices, moment

    @property
    def recorded_on(self):
        return dt.date.fromisoformat(self.moment[:10])

    def events(self, columns=ASKED):
        return self.store.events(columns, practices=self.practices)

    def append(self, events):
        added = []
        for new in events:
            assert new.practice_id in self.practices
            chain = self.store.chains.setdefault(new.practice_id, [])
            number, previous, moment = 1, NO_HASH, self.moment
            if chain:
                number, previous, moment = chain[-1].number + 1, chain[-1].hash, max(moment, chain[-1].recorded_at)
            chain.append(chained(new, number, moment, previous))
            added.append(chain[-1])
        return added
