"""The caseload over time: what people did with the proposals, kept as events, and asked for any date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from casemgmt import arguments
from casemgmt.caseload.counted import CountedCaseload
from casemgmt.caseload.events.kinds import STORE
from casemgmt.shown import shows

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from casemgmt.annotations import TableLike
    from casemgmt.caseload.deciding.applying import Answers
    from casemgmt.caseload.deciding.decided import Decided
    from casemgmt.caseload.deciding.proposed import Proposed
    from casemgmt.caseload.settings import Settings
    from casemgmt.caseload.state.state import State
    from casemgmt.caseload.store.keeping import Store
    from casemgmt.caseload.store.verifying import Verification
    from casemgmt.selection.lists import Lists


@shows(
    "practices settings change_settings record events verify heads propose decide apply on history homes",
    "homes_between letters_due process register_test payments record_list_sizes export close",
)
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
        from casemgmt.arguments import text_or_none
        from casemgmt.caseload.events.table import COLUMNS

        code = text_or_none(practice_id, "practice_id")
        practices = None if code is None else [code]
        return self.store.events(COLUMNS, practices=practices, known_at=known_at)

    def heads(self) -> pa.Table:
        """The last event of each chain: ``practice_id`` text, ``number`` int32, ``hash`` text of 64 hexadecimal digits.

        Whoever owns the database could write a whole chain anew; so print these on what leaves the house, and give them
        to :meth:`verify` later. The store's own chain has an empty ``practice_id``.
        """
        from casemgmt.caseload.store.printed import heads_table

        return heads_table(self.store.heads())

    def record(
        self, events: TableLike | Sequence[Mapping[str, Any]], recorded_at: dt.datetime | None = None
    ) -> pa.Table:
        """Write events down: all of them, or none where one is not as it should be.

        Parameters
        ----------
        events : a data frame, the path of a file, or a list of mappings, one row an event: ``practice_id``, ``kind``,
            ``happened_on``; and where the kind asks for them ``patient_id``, ``by``, ``basis``, ``corrects``, and the
            details as columns of their own names or as JSON in ``details``. Blank is missing
        recorded_at : the moment that is written down, by default the present one

        Returns
        -------
        pyarrow.Table
            The events as they are stored, in the order given; see :func:`casemgmt.caseload.events.table.schema`.

        Raises
        ------
        InputError
            A column, or a value of an event, is missing or wrong.
        """
        from casemgmt.caseload.events.checking import is_fit_text
        from casemgmt.caseload.events.recording import new_events, refuse_twins
        from casemgmt.caseload.events.table import events_table

        given = new_events(events)
        practices = {each.practice_id for each in given if is_fit_text(each.practice_id)}
        refuse_twins(practices, self.store.heads())
        with self.store.writing(practices, recorded_at) as writing:
            return events_table(writing.append(given))

    def verify(
        self,
        heads: TableLike | Mapping[str, tuple[int, str]] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Verification:
        """Look at every event: was one edited, deleted, inserted, reordered or copied, and where?

        Parameters
        ----------
        heads : heads that were printed on lists or reports, each of which must be in its chain: a mapping of practice
            codes to ``(number, hash)``, or a table or file with ``practice_id``, ``number`` and ``hash`` as
            :meth:`heads` gives it. The first 16 digits of a hash will do
        progress : called with (events done, events in all)

        Returns
        -------
        Verification
            ``whole``, ``faults`` (a table of practice, number, last and fault), ``raise_if_broken()``.

        Raises
        ------
        InputError
            ``heads`` are none.
        VerifyError
            The database cannot be read at all.
        """
        from casemgmt.arguments import to_be_called_or_none
        from casemgmt.caseload.store.printed import printed_heads
        from casemgmt.caseload.store.verifying import verify

        to_be_called_or_none(progress, "progress")
        return verify(self.store, printed_heads(heads), progress)

    def propose(self, selection: Lists, *, by: str | None = None, recorded_at: dt.datetime | None = None) -> Proposed:
        """Write down what a selection proposes: each practice's list, who joins, whose removal is to be decided.

        Nobody leaves by it: whoever was proposed or managed stays so until a person decides. The same list proposed
        again changes nothing.

        Parameters
        ----------
        selection : made by :func:`casemgmt.select`, or read back by :func:`casemgmt.load_selection`, whose manifest's
            checksum is then kept with the list
        by : who proposes it
        recorded_at : the moment its events carry; by default the present one

        Returns
        -------
        Proposed
            with ``.counts()``, one row a practice

        Raises
        ------
        InputError : a practice was proposed a list of a later day already; nothing was recorded
        """
        from casemgmt.caseload.deciding.proposing import propose

        return propose(self.store, selection, by=by, recorded_at=recorded_at)

    def decide(
        self, decisions: TableLike | Sequence[Mapping[str, Any]], *, recorded_at: dt.datetime | None = None
    ) -> Decided:
        """Write down what people decided, each row as an event; a row that cannot be taken is explained.

        The same decision twice changes nothing: the same practice, patient, day, person and details.

        Parameters
        ----------
        decisions : a table or frame, the path of its file, or a list of mappings. ``practice_id``, ``patient_id``,
            ``decision`` and ``date`` (a date or ISO text) are needed, ``by`` of whatever a person answers for;
            ``reason`` and the columns of :mod:`casemgmt.caseload.deciding.words` may be there. Decisions: ``accept``,
            ``not appropriate``, ``declined``, ``already managed``, ``end``, ``keep``, ``died``, ``moved``,
            ``died or moved``, ``returned``, ``practice changed``, ``nominated``, ``plan agreed``, ``plan declined``,
            ``reviewed``, ``told``, ``gp``, ``home``
        recorded_at : the moment the events carry; by default the present one

        Returns
        -------
        Decided
            with ``.counts()``, ``.explained`` and ``.events()``

        Raises
        ------
        InputError : it is no table of decisions; nothing was recorded
        """
        from casemgmt.caseload.deciding.decide import decide

        return decide(self.store, decisions, recorded_at=recorded_at)

    def apply(self, returns: Answers, *, recorded_at: dt.datetime | None = None) -> Decided:
        """Write down what practices answered to a list that was proposed here; applying it twice changes nothing.

        A decision counts from its own date, or from the date of the list where that is later. Accepted nominations are
        written down where the practice has places for all of them; those of a practice that accepted too many are
        explained, and wait for its order.

        Parameters
        ----------
        returns : from :func:`casemgmt.read_returns`
        recorded_at : the moment the events carry; by default the present one

        Raises
        ------
        InputError : the list that was answered was never proposed here; nothing was recorded
        """
        from casemgmt.caseload.deciding.applying import apply

        return apply(self.store, returns, recorded_at=recorded_at)

    def export(self, folder: str | Path, format: str = "parquet", *, overwrite: bool = False) -> Path:
        """Write the whole store flat, for other programs and for :func:`casemgmt.import_caseload`.

        The folder holds the events, one a row, with every detail in a column of its own; ``datapackage.json``, a Data
        Package with a Table Schema of every column, the SHA-256 of the file and the last event of each practice;
        ``README.txt`` and a manifest. It is private (0700, files 0600), and there whole or not at all. The same events
        give the same bytes.

        Parameters
        ----------
        folder : the folder to make; parents that are missing are made too
        format : of the events, ``parquet`` or ``csv``
        overwrite : replace an earlier export in that folder; nothing else is ever replaced

        Returns
        -------
        the folder, its path whole

        Raises
        ------
        InputError : no such format
        VerifyError : a chain is not whole
        PublishError : the folder holds something else, or cannot be written; what was there is left as it was
        """
        from casemgmt.caseload.exchange.exporting import export

        return export(self.store, folder, format, overwrite=overwrite)

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

    @arguments.checked(practice_id=arguments.text_or_none)
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

    @arguments.checked(practice_id=arguments.text, patient_id=arguments.text)
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
