"""What a store of events does, whatever keeps them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from casemgmt.caseload.events.event import Event, NewEvent
from casemgmt.caseload.events.table import ASKED

if TYPE_CHECKING:
    import pyarrow as pa


class Head(NamedTuple):
    """The last event of a practice's chain: its number and its hash."""

    number: int
    hash: bytes


class Writing(Protocol):
    """An open transaction on some practices' chains: nobody else writes to them until it ends."""

    @property
    def recorded_on(self) -> dt.date:
        """The day, in UTC, of the moment that its events carry."""

    def events(self, columns: Sequence[str] = ASKED) -> pa.Table:
        """The events of these practices, those appended here included; see :meth:`Store.events`."""

    def append(self, events: Iterable[NewEvent]) -> list[Event]:
        """Write events at the ends of their practices' chains, checked first; in the order given.

        Raises
        ------
        InputError : an event says what its kind may not, leaves out what it must, or names an event that is not there
        """


class Store(Protocol):
    """A store of events. Reading never waits for a writer."""

    @property
    def where(self) -> str:
        """Where it is, without a password."""

    def events(
        self,
        columns: Sequence[str] = ASKED,
        *,
        practices: Sequence[str] | None = None,
        known_at: dt.datetime | None = None,
    ) -> pa.Table:
        """The events, by practice (bytes) and number; with ``known_at``, those recorded up to then.

        Without ``practices``, those of all practices, and of the store's own chain (practice ``""``).
        """

    def heads(self, known_at: dt.datetime | None = None) -> dict[str, Head]:
        """The last event of each chain (up to then), by practice code; the store's own chain stands under ``""``."""

    def writing(
        self, practices: Iterable[str], recorded_at: dt.datetime | None = None
    ) -> AbstractContextManager[Writing]:
        """A transaction on these practices: all of it is written when the block ends, or nothing where it raises.

        Parameters
        ----------
        recorded_at : the moment that its events carry, by default the present one; never before that of a chain's last
            event, whose moment is taken instead where a clock runs behind
        """

    def close(self) -> None:
        """Let go of the database."""
