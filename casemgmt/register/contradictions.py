"""Values that contradict each other: an end before its beginning, an age far from the date of birth."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.ages import ages
from casemgmt.register.cleaning import CleanedColumns

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BEFORE_BIRTH = "before date_of_birth"
BEFORE_JOINING = "before registered_on"
# The age of the day on which the data was drawn, as a rule.
NEAR_BIRTH = "one year from the age by date_of_birth, which was used"
FAR_FROM_BIRTH = "more than a year from the age by date_of_birth"


class Contradiction(NamedTuple):
    """Where a column contradicts another.

    Attributes
    ----------
    name : the field
    reason : what is wrong
    rows : where
    of : rows in which both columns have a value
    """

    name: str
    reason: str
    rows: npt.NDArray[np.int64]
    of: int


def contradictions_of(cleaned: CleanedColumns, as_of: dt.date) -> list[Contradiction]:
    """What contradicts what, in columns as they were read."""
    import numpy as np

    found = []
    for begun, reason in (("date_of_birth", BEFORE_BIRTH), ("registered_on", BEFORE_JOINING)):
        for name in ("date_of_death", "deregistered_on"):
            both = _both(cleaned, name, begun)
            if both is not None:
                early = both & (cleaned[name].values < cleaned[begun].values)
                found.append(Contradiction(name, reason, np.flatnonzero(early), int(np.count_nonzero(both))))
    both = _both(cleaned, "age", "date_of_birth")
    if both is not None:
        years = ages(cleaned["date_of_birth"].values.astype(np.int32, copy=False), as_of)
        far = both & (np.abs(cleaned["age"].values.astype(np.int64) - years) > 1)
        found.append(Contradiction("age", FAR_FROM_BIRTH, np.flatnonzero(far), int(np.count_nonzero(both))))
    return found


def _both(cleaned: CleanedColumns, name: str, other: str) -> npt.NDArray[np.bool_] | None:
    """Where both columns have a value; None where one of them is not there."""
    import numpy as np

    if name not in cleaned or other not in cleaned:
        return None
    both = np.ones(len(cleaned[name].values), dtype=bool)
    for column in (cleaned[name], cleaned[other]):
        if column.present is not None:
            both &= column.present
    return both
