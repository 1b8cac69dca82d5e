"""The totals that a whole programme reported, beside those of a list."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from casemgmt.outputs.disclosure.leaving import table_that_may_leave

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.selection.lists import Lists

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def programme_lines(lists: Lists, table: pa.Table | None = None) -> list[str]:
    """The totals that the whole programme reported, each beside the same count of this list, rounded.

    They are reported, never enforced; a scheme without a ``[programme]`` has none.

    Parameters
    ----------
    table : the commissioner's table that was published of the selection; worked out where it is not given
    """
    scheme, facts = lists.scheme, lists.facts
    if not scheme.programme:
        return []
    table = table_that_may_leave(lists) if table is None else table
    totals = {row["route"]: row for row in table.to_pylist()}
    year = re.search(r"\b(?:19|20)[0-9]{2}\b", f"{scheme.title} {scheme.source}")
    when = f" in {year[0]}" if year else ""
    date = dt.date.fromisoformat(facts["as_of"])
    people = "synthetic people, " if facts["synthetic"] else ""
    lines = []
    for key, reported in scheme.programme.items():
        row = totals.get(key) or next((totals[name] for name in totals if name.startswith(f"{key}_")), None)
        line = f"The programme reported {reported:,} for {key.replace('_', ' ')}{when}"
        if row is None:
            lines.append(f"{line}.")
            continue
        at_least = "at least " if "met" in (row["note"] or "") and row["met"] is not None else ""
        count = "a suppressed count" if row["met"] is None else f"{row['met']:,}"
        here = f"this list, of {date.day} {_MONTHS[date.month - 1]} {date.year}, has {at_least}{count}"
        lines.append(f"{line}; {here} ({people}rounded).")
    return lines
