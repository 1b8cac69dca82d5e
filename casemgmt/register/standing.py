"""How a person stands on the list date: their age, and whether they are on the list and still there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from casemgmt.dates import ages, day_number
from casemgmt.register.cleaning import Cleaned
from casemgmt.register.contradictions import NEAR_BIRTH

_DIFFERS = "differs from date_of_birth, which was used"


def age_of(cleaned: Mapping[str, Any], as_of: dt.date, problems: list[tuple[str, Any, str]]) -> Cleaned:
    """Whole years on ``as_of``: from the date of birth where it is known, else as given."""
    import numpy as np

    given, born = cleaned.get("age"), cleaned.get("date_of_birth")
    if born is None:
        age: Cleaned = cleaned["age"]
        return age
    years = ages(born.values, as_of)
    known = np.ones(len(years), dtype=bool) if born.present is None else born.present.copy()
    for bad, reason in ((known & (years < 0), "born after as_of"), (known & (years > 120), "age over 120")):
        if bad.any():
            problems.append(("date_of_birth", np.flatnonzero(bad), reason))
            known &= ~bad
    if given is not None:
        given_known = np.ones(len(years), dtype=bool) if given.present is None else given.present
        differing = known & given_known & (given.values != years)
        near = differing & (np.abs(given.values.astype(np.int64) - years) <= 1)
        for bad, reason in ((differing & ~near, _DIFFERS), (near, NEAR_BIRTH)):
            if bad.any():
                problems.append(("age", np.flatnonzero(bad), reason))
        years = np.where(known, years, given.values)
        known |= given_known
    return Cleaned(np.where(known, years, 0).astype(np.int32), None if known.all() else known)


def status_of(cleaned: Mapping[str, Any], as_of: dt.date, extracted_on: dt.date) -> dict[str, Cleaned | int]:
    """On the list and alive on the list date; and still there when the data was drawn. 1: everyone is."""
    on_list: Any = True
    present: Any = True
    for name in ("deregistered_on", "date_of_death"):
        if (column := cleaned.get(name)) is not None:
            known = True if column.present is None else column.present
            on_list = on_list & ~(known & (column.values <= day_number(as_of)))
            present = present & ~(known & (column.values <= day_number(extracted_on)))
    if (column := cleaned.get("registered_on")) is not None:
        known = True if column.present is None else column.present
        on_list = on_list & ~(known & (column.values > day_number(as_of)))
    return {
        name: 1 if flag is True else Cleaned(flag, None) for name, flag in (("on_list", on_list), ("present", present))
    }
