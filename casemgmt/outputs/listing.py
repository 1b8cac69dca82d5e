"""The order of a practice's list for people: the case managed first, by score; then the others who are on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def listing_order(table: pa.Table) -> pa.Table:
    """The rows of a selection in the order in which practices see them; practices stay together and in order.

    Within a practice: who is case managed; then the higher score, those without one last; then the patient's id.
    """
    import numpy as np
    import pyarrow as pa

    if not table.num_rows:
        return table
    practice = table.column("practice_id").combine_chunks().dictionary_encode()
    score = table.column("score").to_numpy().astype(np.float64)
    managed = table.column("case_managed").to_numpy()
    # The table is in the order of practices and of ids in them, which a stable sort keeps among equals.
    number = practice.indices.to_numpy()
    order = np.lexsort((np.where(np.isnan(score), np.inf, -score), ~managed, number))
    return table.take(pa.array(order))
