"""What a selection came to when it was proposed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from casemgmt.caseload.events.event import Event
from casemgmt.errors import plural

if TYPE_CHECKING:
    import pyarrow as pa

TALLIED = ("joiners", "taken_over", "removals_proposed", "removals_lapsed", "nominated")
_COUNTED = ("case_managed", "stayers", *TALLIED, "waiting")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Proposed:
    """What a selection proposed to its practices; made by :meth:`Caseload.propose`.

    Attributes
    ----------
    list_date : of the selection
    fingerprint : which selection it is, as its practices' workbooks and pages say
    """

    list_date: dt.date
    fingerprint: str
    rows: tuple[Mapping[str, Any], ...]
    added: tuple[Event, ...]

    def counts(self) -> pa.Table:
        """One row a practice, in byte order of the codes.

        Returns
        -------
        pyarrow.Table
            practice_id, known_before (the same list was proposed before: nothing was recorded), case_managed (by the
            selection), stayers (of them, those who were proposed or managed already), joiners (of them, those whom it
            proposes), taken_over (not selected, and on the caseload by the register alone: known from now on, with a
            removal to decide), removals_proposed (those too), removals_lapsed (selected again while a removal waited),
            nominated (newly), waiting (nominees over the places)
        """
        import pyarrow as pa

        kinds = [pa.field("practice_id", pa.string()), pa.field("known_before", pa.bool_())]
        kinds += [pa.field(name, pa.int64()) for name in _COUNTED]
        return pa.Table.from_pylist([dict(row) for row in self.rows], pa.schema(kinds))

    def events(self) -> pa.Table:
        """What was recorded; see :func:`casemgmt.caseload.events.table.schema`."""
        from casemgmt.caseload.events.table import events_table

        return events_table(sorted(self.added, key=lambda event: (event.practice_id.encode(), event.number)))

    def _in_words(self) -> str:
        total = {name: sum(row[name] for row in self.rows) for name in _COUNTED}
        known = sum(row["known_before"] for row in self.rows)
        again = f"; {plural(known, 'list')} known before" if known else ""
        return (
            f"list of {self.list_date}, {plural(len(self.rows), 'practice')}: {plural(total['joiners'], 'joiner')}, "
            f"{total['stayers']:,} stay, {plural(total['removals_proposed'], 'removal')} proposed, "
            f"{total['removals_lapsed']:,} lapsed{again}"
        )

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Proposed: {self._in_words()}>"

    def _repr_html_(self) -> str:
        names = ("practice_id", *_COUNTED)
        head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in names)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(str(row[name]))}</td>' for name in names)}</tr>" for row in self.rows[:50]
        )
        caption = escape(self._in_words())
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
