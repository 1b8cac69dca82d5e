"""The caseload over time: what people did with the proposals, kept as events, and asked for any date."""

from __future__ import annotations

import datetime as dt
from types import TracebackType
from typing import TYPE_CHECKING, Self

from casemgmt.caseload.counted import CountedCaseload
from casemgmt.caseload.events.kinds import STORE

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.settings import Settings
    from casemgmt.caseload.state.state import State
    from casemgmt.caseload.store.keeping import Store


class Caseload(CountedCaseload):
    """The store of a caseload, opened by :func:`casemgmt.open_caseload`. Use it in a ``with`` block, or close it.

    Attributes
    ----------
    store : where the events are
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def practices(self) -> tuple[str, ...]:
        """The practices with an event, in byte order of their codes."""
        return tuple(sorted((code for code in self.store.heads() if code != STORE), key=str.encode))

    def events(self, *, practice_id: str | None = None, known_at: dt.datetime | None = None) -> pa.Table:
        """Every event, in the order of practices and numbers; see :func:`casemgmt.caseload.events.table.schema`."""
        from casemgmt.caseload.events.table import COLUMNS

        practices = None if practice_id is None else [practice_id]
        return self.store.events(COLUMNS, practices=practices, known_at=known_at)

    def on(
        self,
        date: str | dt.date,
        *,
        known_at: dt.datetime | dt.date | str | None = None,
        practice_id: str | None = None,
    ) -> State:
        """Who is on the caseload on a date, since when, with which plan, and whose review is due.

        Parameters
        ----------
        date : what happened up to the end of this day has happened
        known_at : what was recorded up to then: a moment with its time zone, a date (the end of that day in UTC), or
            either as ISO text; by default everything. A death in March that was recorded in May is no death in the
            state of 15 April as known on 15 April, and is one as known now
        practice_id : one practice alone; all by default

        Raises
        ------
        InputError : no date, no moment, no such practice, or events that this version cannot follow
        """
        from casemgmt.caseload.state.asking import state_on

        return state_on(self.store, date, known_at=known_at, practice_id=practice_id)

    def history(
        self, practice_id: str, patient_id: str, *, known_at: dt.datetime | dt.date | str | None = None
    ) -> pa.Table:
        """Every event about one patient of one practice, in the order in which it was recorded.

        Parameters
        ----------
        practice_id, patient_id : as the events write them
        known_at : as for :meth:`on`

        Returns
        -------
        pyarrow.Table
            number, kind, happened_on, recorded_at, by, basis, corrects and details as they were recorded; in_force
            (false where the event was withdrawn); withdrawn_by and corrected_by (the number of the event that did, the
            last of several corrections); corrected_happened_on and corrected_details (what holds instead, null where
            nothing was corrected). No row where nothing is known of the patient

        Raises
        ------
        InputError : no such practice, or events that this version cannot follow
        """
        from casemgmt.caseload.state.asking import history_of

        return history_of(self.store, practice_id, patient_id, known_at=known_at)

    @property
    def settings(self) -> Settings:
        """What the caseload is run by: ``review_every_months``, the calendar months between two reviews."""
        from casemgmt.caseload.settings import settings_on

        return settings_on(self.store)

    def change_settings(
        self,
        *,
        review_every_months: int,
        by: str | None = None,
        since: dt.date | str | None = None,
        recorded_at: dt.datetime | None = None,
    ) -> Settings:
        """Write down that the settings are these from a day on.

        Parameters
        ----------
        review_every_months : calendar months between two reviews of a patient, 1 to 60
        by : who decided
        since : the day from which they hold, by default the day of writing
        recorded_at : the moment that is written down, by default the present one

        Returns
        -------
        Settings
        """
        from casemgmt.arguments import whole
        from casemgmt.caseload.settings import change_settings
        from casemgmt.dates import as_date

        months = whole(review_every_months, "review_every_months")
        day = None if since is None else as_date(since, "since")
        return change_settings(self.store, months, by, day, recorded_at)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def __enter__(self) -> Self:
        """The caseload itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Where it is."""
        return f"<Caseload: {self.store.where}>"
