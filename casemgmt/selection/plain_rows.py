"""The NumPy twin of the loops over rows alone: what ranks each row, and which conditions it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.register.lookup import Columns, Tables, look_up
from casemgmt.register.packing import Rows
from casemgmt.risk.scoring import NO_SCORE_64

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.selection.loop_arrays import Keys, ScoreSource

# The bits of a float but for its sign.
MAGNITUDE = 2**63 - 1


def keys_of(scores: ScoreSource, rows: Rows | None = None) -> Keys:
    """What ranks each of all rows, or of some; the source's ``no_score`` for those who are not ranked."""
    import numpy as np

    rows = slice(0, scores.columns.words.shape[1]) if rows is None else rows
    sums = look_up(scores.columns, scores.tables, np.add, rows)
    if len(scores.given):
        keys = keys_of_floats(scores.given[rows].view(np.float64))
        keys[sums != 0] = scores.no_score
        return keys
    return np.where(sums < scores.lowest, scores.no_score, np.maximum(sums, scores.floor)).astype(sums.dtype)


def keys_of_floats(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Whole numbers in the order of the scores, equal where they are; the smallest int64 for NaN and infinities."""
    import numpy as np

    bits = (scores + 0.0).view(np.int64)  # + 0.0 makes the two zeros one
    keys = np.where(bits < 0, bits ^ MAGNITUDE, bits)
    return np.where(np.isfinite(scores), keys, NO_SCORE_64)


def bits_of(conditions: tuple[Columns, Tables], rows: Rows) -> npt.NDArray[np.uint32]:
    """Which conditions each of some rows meets, one bit each."""
    import numpy as np

    return look_up(conditions[0], conditions[1], np.bitwise_and, rows).astype(np.uint32, copy=False)
