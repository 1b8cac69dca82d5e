"""How a person stands on the list date: their age, and whether they are on the list and still there."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeAlias

from casemgmt.ages import ages
from casemgmt.dates import day_number
from casemgmt.register.cleaning import Cleaned, CleanedColumns, FlagColumn, Problem
from casemgmt.register.contradictions import NEAR_BIRTH

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_DIFFERS = "differs from date_of_birth, which was used"
Flags: TypeAlias = "npt.NDArray[np.bool_]"


def age_of(cleaned: CleanedColumns, as_of: dt.date, problems: list[Problem]) -> Cleaned | FlagColumn:
    """Whole years on ``as_of``: from the date of birth where it is known, else as given."""
    import numpy as np

    given, born = cleaned.get("age"), cleaned.get("date_of_birth")
    if born is None:
        return cleaned["age"]
    years = ages(born.values.astype(np.int32, copy=False), as_of)
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


def status_of(cleaned: CleanedColumns, as_of: dt.date, extracted_on: dt.date) -> dict[str, Cleaned | int]:
    """On the list and alive on the list date; and still there when the data was drawn. 1: everyone is."""
    on_list: Flags | None = None
    present: Flags | None = None
    for name in ("deregistered_on", "date_of_death"):
        if (column := cleaned.get(name)) is not None:
            on_list = _and(on_list, ~_known(column, column.values <= day_number(as_of)))
            present = _and(present, ~_known(column, column.values <= day_number(extracted_on)))
    if (column := cleaned.get("registered_on")) is not None:
        on_list = _and(on_list, ~_known(column, column.values > day_number(as_of)))
    return {
        name: 1 if flag is None else Cleaned(flag.view("uint8"), None)
        for name, flag in (("on_list", on_list), ("present", present))
    }


def _known(column: Cleaned | FlagColumn, true: Flags) -> Flags:
    """Where something is true of a column's values, which is never known of a missing one."""
    return true if column.present is None else column.present & true


def _and(one: Flags | None, other: Flags) -> Flags:
    """Both, the first of which is true for everyone where it is None."""
    return other if one is None else one & other
