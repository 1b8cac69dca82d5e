"""What became of decisions: each row is an event, was there already, or is explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from casemgmt.arrow import column_of, texts
from casemgmt.caseload.deciding.words import Decision
from casemgmt.caseload.events.event import Event
from casemgmt.errors import plural

if TYPE_CHECKING:
    import pyarrow as pa

RECORDED, UNCHANGED = "recorded", "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Decided:
    """What became of each row; made by :meth:`Caseload.decide` and :meth:`Caseload.apply`.

    Attributes
    ----------
    rows : as they were given
    outcome : of each row: ``recorded``, ``unchanged`` (the store held it already), or why it was not taken
    added : the events
    """

    rows: tuple[Decision, ...]
    outcome: tuple[str, ...]
    added: tuple[Event, ...]

    @property
    def explained(self) -> pa.Table:
        """The rows that were not taken.

        Returns
        -------
        pyarrow.Table
            row (from 1, as given; of a return its place in ``returns.accepted``), practice_id, patient_id, sheet (null
            but for returns), decision (null where it is none of the words), problem
        """
        import pyarrow as pa

        found = [
            (each, said)
            for each, said in zip(self.rows, self.outcome, strict=True)
            if said not in (RECORDED, UNCHANGED)
        ]
        return pa.table(
            {
                "row": column_of([each.row for each, _ in found], pa.int64()),
                "practice_id": texts(each.practice_id or None for each, _ in found),
                "patient_id": texts(each.patient_id or None for each, _ in found),
                "sheet": texts(each.sheet or None for each, _ in found),
                "decision": texts(each.said or None for each, _ in found),
                "problem": texts(said for _, said in found),
            }
        )

    def counts(self) -> pa.Table:
        """One row a practice that the rows name, in byte order: practice_id, recorded, unchanged, explained.

        The three add up to the practice's rows. Rows without a practice stand under null, last.
        """
        import pyarrow as pa

        tally: dict[str, list[int]] = {}
        for each, said in zip(self.rows, self.outcome, strict=True):
            own = tally.setdefault(each.practice_id, [0, 0, 0])
            own[(RECORDED, UNCHANGED).index(said) if said in (RECORDED, UNCHANGED) else 2] += 1
        codes = sorted(tally, key=lambda code: (not code, code.encode()))
        columns = {
            name: column_of([tally[code][place] for code in codes], pa.int64())
            for place, name in enumerate((RECORDED, UNCHANGED, "explained"))
        }
        return pa.table({"practice_id": texts(code or None for code in codes), **columns})

    def events(self) -> pa.Table:
        """What was recorded; see :func:`casemgmt.caseload.events.table.schema`."""
        from casemgmt.caseload.events.table import events_table

        return events_table(sorted(self.added, key=lambda event: (event.practice_id.encode(), event.number)))

    def _in_words(self) -> str:
        recorded, unchanged = (self.outcome.count(each) for each in (RECORDED, UNCHANGED))
        rest = len(self.outcome) - recorded - unchanged
        return f"{plural(recorded, 'decision')} recorded, {unchanged:,} known already, {rest:,} explained"

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Decided: {self._in_words()}>"

    def _repr_html_(self) -> str:
        problems: Sequence[tuple[int, str]] = [
            (each.row, said)
            for each, said in zip(self.rows, self.outcome, strict=True)
            if said not in (RECORDED, UNCHANGED)
        ][:50]
        rows = "".join(f"<tr><td>{row}</td><td>{escape(said)}</td></tr>" for row, said in problems)
        head = "<tr><th>row</th><th>problem</th></tr>"
        return f"<table><caption>{escape(self._in_words())}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"
