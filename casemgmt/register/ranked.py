"""Who can be on a list, and who is ranked: the one place that says so.

On a list can be whoever is registered and has a row in the latest extract; ranked is who of those has not objected to
risk stratification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.register.packing import Rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.packing import Packed

# Flags, each with the state that it must have.
LISTABLE = (("on_list", True), ("present", True))
RANKED = (*LISTABLE, ("objected", False))
# The same turned round: any of these flags with this code bars a patient from being ranked.
BARRED = tuple((flag, int(not state)) for flag, state in RANKED)


def is_listable(packed: Packed, rows: Rows = slice(None)) -> npt.NDArray[np.bool_]:
    """Whether each of all rows, or of some, can be on a list."""
    return packed.is_set("on_list", rows) & packed.is_set("present", rows)


def is_ranked(packed: Packed, rows: Rows = slice(None)) -> npt.NDArray[np.bool_]:
    """Whether each of all rows, or of some, is ranked; whether there is a score is another question."""
    return is_listable(packed, rows) & ~packed.is_set("objected", rows)
