"""Counts of a state: one row a practice, and who left for which reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, column_of, numpy_of, texts
from casemgmt.caseload.state.statuses import LEFT, MANAGED, PROPOSED
from casemgmt.dates import day_number

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Flags = npt.NDArray[np.bool_]

# What is counted of the managed, and of everyone, beside the statuses.
_OF_MANAGED = ("plans_agreed", "plans_declined", "without_plan", "reviews_due", "reviews_overdue", "told", "untold")


def summary_table(table: pa.Table, practices: Sequence[str], date: dt.date) -> pa.Table:
    """See :meth:`casemgmt.caseload.state.state.State.summary`."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    codes = numpy_of(pc.index_in(table.column("practice_id"), value_set=texts(practices)))
    managed = _equal(table, "status", MANAGED)
    told = numpy_of(table.column("told_on").is_valid())
    planned = numpy_of(table.column("plan").is_valid())
    agreed, declined = (_equal(table, "plan", word) for word in ("agreed", "declined"))
    due = numpy_of(table.column("review_due"))
    next_review = numpy_of(table.column("next_review").cast(pa.int32()))  # all of the managed have one
    overdue = next_review < day_number(date)
    of_managed = (agreed, declined, ~planned, due, overdue, told, ~told)
    counts = {
        PROPOSED: _equal(table, "status", PROPOSED),
        MANAGED: managed,
        **{name: managed & which for name, which in zip(_OF_MANAGED, of_managed, strict=True)},
        "removals_pending": numpy_of(table.column("removal_proposed_on").is_valid()),
        **{status.replace(" ", "_"): _equal(table, "status", status) for status in LEFT},
    }
    return pa.table(
        {
            "practice_id": texts(practices),
            **{
                name: array_of(np.bincount(codes[which], minlength=len(practices)), pa.int64())
                for name, which in counts.items()
            },
        }
    )


def left_table(table: pa.Table) -> pa.Table:
    """See :meth:`casemgmt.caseload.state.state.State.left`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    gone = table.filter(pc.is_in(table.column("status"), value_set=texts(LEFT)))
    counts: dict[tuple[str, str, str | None], int] = {}
    for key in zip(*(gone.column(name).to_pylist() for name in ("practice_id", "status", "left_reason")), strict=True):
        counts[key] = counts.get(key, 0) + 1
    keys = sorted(counts, key=lambda key: (key[0].encode(), LEFT.index(key[1]), (key[2] or "").encode()))
    return pa.table(
        {
            "practice_id": texts(key[0] for key in keys),
            "status": texts(key[1] for key in keys),
            "reason": texts(key[2] for key in keys),
            "patients": column_of([counts[key] for key in keys], pa.int64()),
        }
    )


def _equal(table: pa.Table, name: str, word: str) -> Flags:
    """Where a column of texts says a word."""
    import pyarrow.compute as pc

    return numpy_of(pc.is_in(table.column(name), value_set=texts([word])))
