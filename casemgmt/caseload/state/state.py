"""The state of a caseload on a date: the people on it, who is due, and the counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.arrow import texts
from casemgmt.caseload.state.counting import left_table, summary_table
from casemgmt.caseload.state.due import due_table, until_of
from casemgmt.caseload.state.statuses import ON_CASELOAD
from casemgmt.errors import plural
from casemgmt.shown import shows

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from casemgmt.caseload.store.keeping import Head

_REMOVAL = ("removal_proposed_on", "removal_reason", "removal_detail")


@shows("date known_at practices review_every_months heads summary due left removals to_arrow to_pandas")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class State:
    """Where everybody stands on a date; made by :meth:`casemgmt.Caseload.on`.

    Attributes
    ----------
    date : what happened up to the end of this day has happened
    known_at : what was recorded up to this moment was known; None: everything that is in the store
    heads : the last event of each practice's chain that was read
    review_every_months : the interval of reviews for which nobody gave a date, in calendar months
    practices : those with an event, in byte order of their codes
    table : one row a patient who is on the caseload or was, see :meth:`to_arrow`
    of_one_practice : whether one practice alone was asked for, of which ``table`` then is
    """

    date: dt.date
    known_at: dt.datetime | None
    heads: Mapping[str, Head]
    review_every_months: int
    practices: tuple[str, ...]
    table: pa.Table
    of_one_practice: bool = False

    @arguments.checked(everyone=arguments.yes_or_no)
    def to_arrow(self, *, everyone: bool = False) -> pa.Table:
        """One row a patient proposed or managed, ordered by practice_id, then patient_id, in byte order.

        Parameters
        ----------
        everyone : those who were not accepted, or who ended, moved or died, too

        Returns
        -------
        pyarrow.Table
            practice_id, patient_id; status (proposed, managed, not accepted, ended, moved or died); since (managed
            since then, null while proposed); proposed_on (null where nobody proposed it); route; plan (agreed or
            declined, null for none) and plan_on; last_review (null: none is known); next_review (null unless managed)
            and review_due (whether that day has come); told_on (when the patient was first told, null: not told);
            accountable_gp; care_home_type and care_home_id; removal_proposed_on, removal_reason and removal_detail (of
            a removal that nobody decided yet); left_on (null while on the caseload) and left_reason (of who was not
            accepted or ended; null for others). Of those who left, since, proposed_on, route, plan and told_on are
            null: they are about a spell that is over
        """
        import pyarrow.compute as pc

        if everyone:
            return self.table
        return self.table.filter(pc.is_in(self.table.column("status"), value_set=texts(ON_CASELOAD)))

    @arguments.checked(everyone=arguments.yes_or_no)
    def to_pandas(self, *, everyone: bool = False) -> pd.DataFrame:
        """:meth:`to_arrow` as a pandas data frame."""
        return self.to_arrow(everyone=everyone).to_pandas()

    def summary(self) -> pa.Table:
        """Whole counts of patients, one row a practice, those with nobody on the caseload too.

        Returns
        -------
        pyarrow.Table
            practice_id, proposed, managed; of the managed: plans_agreed, plans_declined, without_plan (they add up to
            managed), reviews_due (next review on the date or before), reviews_overdue (before the date), told, untold;
            of the proposed and managed: removals_pending; and not_accepted, ended, moved, died
        """
        return summary_table(self.table, self.practices, self.date)

    def left(self) -> pa.Table:
        """How many left for which reason: practice_id, status, reason (null for moved and died), patients."""
        return left_table(self.table)

    def due(self, *, within_months: int | None = None, until: str | dt.date | None = None) -> pa.Table:
        """Managed patients whose review is due until a day, the longest overdue first.

        Parameters
        ----------
        within_months : calendar months from the date of the state; 29 February becomes 1 March
        until : the last day; by default the date of the state

        Returns
        -------
        pyarrow.Table
            practice_id, patient_id, next_review, overdue (whether it was before the date of the state), last_review,
            since, plan, plan_on, accountable_gp, care_home_type, care_home_id, removal_proposed_on; ordered by
            next_review, practice_id and patient_id

        Raises
        ------
        InputError : both are given, or one is no number of months or no date
        """
        return due_table(self.table, self.date, until_of(self.date, within_months, until))

    def removals(self) -> pa.Table:
        """Those whose removal was proposed and not decided: practice_id, patient_id, status, since,
        removal_proposed_on, removal_reason, removal_detail.
        """
        import pyarrow.compute as pc

        names = ["practice_id", "patient_id", "status", "since", *_REMOVAL]
        return self.table.filter(pc.is_valid(self.table.column("removal_proposed_on"))).select(names)

    def _counts(self) -> dict[str, int]:
        """The counts of all practices together."""
        table = self.summary()
        return {name: sum(table.column(name).to_pylist()) for name in table.column_names[1:]}

    def _in_words(self) -> str:
        counts = self._counts()
        known = "" if self.known_at is None else f", as known at {self.known_at:%Y-%m-%d %H:%M} UTC"
        return (
            f"caseload on {self.date}{known}: {counts['managed']:,} managed and {counts['proposed']:,} proposed "
            f"in {plural(len(self.practices), 'practice')}"
        )

    def __repr__(self) -> str:
        """Counts only."""
        return f"<State: {self._in_words()}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(name.replace('_', ' '))}</td>"
            f"<td style='text-align:right'>{count:,}</td></tr>"
            for name, count in self._counts().items()
        )
        head = "<tr><th style='text-align:left'>counted</th><th>patients</th></tr>"
        words = escape(self._in_words())
        return f"<table><caption>{words}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"
