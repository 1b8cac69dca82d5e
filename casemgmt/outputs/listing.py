"""The order of a practice's list for people: the case managed first, by score; then the others who are on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from casemgmt.arrow import numpy_of, rows_of, validity_of
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import pyarrow as pa


def listing_order(table: pa.Table, names: Sequence[str] | None = None) -> pa.Table:
    """The rows of a selection in the order in which practices see them; practices stay together and in order.

    Within a practice: who is case managed; then the higher score, those without one last; then the patient's id.

    Parameters
    ----------
    names : the columns that are wanted, all by default
    """
    import numpy as np
    import pyarrow as pa

    names = table.column_names if names is None else names
    if not table.num_rows:
        return table.select(names)
    practice = table.column("practice_id").combine_chunks().dictionary_encode()
    # Arrow's own `to_numpy` imports pandas.
    score, scored = numpy_of(table.column("score")), validity_of(table.column("score"))
    unscored = np.isnan(score) if scored is None else np.isnan(score) | ~scored
    managed = numpy_of(table.column("case_managed")).astype(bool)
    # The table is in the order of practices and of ids in them, which stable sorts keep among equals. NumPy's takes far
    # less time of numbers of 16 bits.
    group = 2 * numpy_of(practice.indices) + ~managed
    group = group.astype(np.uint16) if group.max() < 1 << 16 else group
    by_score = np.argsort(np.where(unscored, np.inf, -score), kind="stable")
    rows = rows_of(by_score[np.argsort(group[by_score], kind="stable")])
    columns = on_threads(lambda name: table.column(name).take(rows), names)
    return pa.table(columns, schema=pa.schema([table.schema.field(name) for name in names], table.schema.metadata))
