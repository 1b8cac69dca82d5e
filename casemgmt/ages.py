"""Ages in whole years, on the list date or on the date that a named rule speaks of."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from casemgmt.dates import as_date, completed_months

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.dates import Days


def ages(date_of_birth: Days, on: dt.date) -> npt.NDArray[np.int32]:
    """Age in whole years on a date; negative for someone not yet born."""
    import numpy as np

    return np.asarray(np.floor_divide(completed_months(date_of_birth, on), 12), dtype=np.int32)


def reference_date(rule: str, as_of: dt.date) -> dt.date:
    """The date a named age rule speaks of.

    ``as_of`` is the list date; ``end_of_calendar_year`` is the next 31 December on or after it;
    ``end_of_financial_year`` the next 31 March on or after it; anything else is read as an ISO date.
    """
    if rule == "as_of":
        return as_of
    if rule == "end_of_calendar_year":
        return dt.date(as_of.year, 12, 31)
    if rule == "end_of_financial_year":
        return dt.date(as_of.year + (as_of.month > 3), 3, 31)
    return as_date(rule, "on")
