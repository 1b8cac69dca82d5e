"""The order of a practice's list for people: the case managed first, by score; then the others who are on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.arrow import numpy_of, rows_of, validity_of

if TYPE_CHECKING:
    import pyarrow as pa


def listing_order(table: pa.Table) -> pa.Table:
    """The rows of a selection in the order in which practices see them; practices stay together and in order.

    Within a practice: who is case managed; then the higher score, those without one last; then the patient's id.
    """
    import numpy as np

    if not table.num_rows:
        return table
    practice = table.column("practice_id").combine_chunks().dictionary_encode()
    # Arrow's own `to_numpy` imports pandas.
    score, scored = numpy_of(table.column("score")), validity_of(table.column("score"))
    unscored = np.isnan(score) if scored is None else np.isnan(score) | ~scored
    managed = numpy_of(table.column("case_managed")).astype(bool)
    # The table is in the order of practices and of ids in them, which a stable sort keeps among equals.
    number = numpy_of(practice.indices)
    order = np.lexsort((np.where(unscored, np.inf, -score), ~managed, number))
    return table.take(rows_of(order))
