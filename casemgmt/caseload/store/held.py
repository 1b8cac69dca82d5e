"""The events of a store, read once and held, for many questions about one moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NoReturn

from casemgmt.arrow import text_scalar, texts
from casemgmt.caseload.events.kinds import STORE
from casemgmt.caseload.events.table import ASKED

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.store.keeping import Head, Store


class HeldStore:
    """What a store knew at a moment: it answers as the store does for that moment, and takes no new events.

    Parameters
    ----------
    store : read here, once
    known_at : the moment; None for all that is there
    columns : of the events, which alone can be asked for
    """

    def __init__(self, store: Store, known_at: dt.datetime | None, columns: Sequence[str]) -> None:
        self.where, self.known_at = store.where, known_at
        self._heads = store.heads(known_at)
        self._events = store.events(columns, known_at=known_at)
        # The first settings hold for events that are older than the store.
        self._own = store.events(columns, practices=[STORE])

    def events(
        self,
        columns: Sequence[str] = ASKED,
        *,
        practices: Sequence[str] | None = None,
        known_at: dt.datetime | None = None,
    ) -> pa.Table:
        """As :meth:`casemgmt.caseload.store.keeping.Store.events`, up to the moment that is held."""
        import pyarrow.compute as pc

        if practices == [STORE] and known_at is None:
            return self._own.select(list(columns))
        self._check(known_at)
        found = self._events.select(list(columns))
        if practices is None:
            return found
        if len(practices) == 1:
            return found.filter(pc.equal(self._events.column("practice_id"), text_scalar(practices[0])))
        return found.filter(pc.is_in(self._events.column("practice_id"), value_set=texts(practices)))

    def heads(self, known_at: dt.datetime | None = None) -> dict[str, Head]:
        """The last event of each chain at the moment that is held."""
        self._check(known_at)
        return dict(self._heads)

    def writing(self, practices: Iterable[str], recorded_at: dt.datetime | None = None) -> NoReturn:
        """Nothing is written to what is held."""
        raise TypeError("These events are held to be read; write to the store itself.")

    def close(self) -> None:
        """Nothing is open."""

    def _check(self, known_at: dt.datetime | None) -> None:
        if known_at not in (None, self.known_at):
            raise ValueError("Events of another moment are held.")
