"""What a practice's rows say of a patient beside the score: age, care home, last review; and every rank."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.selection.tables import eligible_keys

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.selection.workings import Workings

HOMES = {
    "nursing": "nursing home",
    "residential": "residential home",
    "unspecified": "care home",
    "respite": "respite",
    "supported_living": "supported living",
}


class Facts(NamedTuple):
    """Age in whole years on the list date, the home in words, the day of the last review."""

    age: int | None
    care_home: str
    last_review: dt.date | None


def facts_of_rows(register: Register, rows: npt.NDArray[np.int64]) -> list[Facts]:
    """Of each of some packed rows."""
    ages, homes, reviews = (values_of(register, name, rows) for name in ("age", "care_home_type", "last_review"))
    return [Facts(age, HOMES.get(home, ""), last) for age, home, last in zip(ages, homes, reviews, strict=True)]


def values_of(register: Register, name: str, rows: npt.NDArray[np.int64]) -> list[Any]:
    """A column's values, None throughout where the register has no such column."""
    if name not in register.column_names:
        return [None] * len(rows)
    found: list[Any] = register.column(name, rows).to_pylist()
    return found


class Practices:
    """Where the rows of each practice stand, among all packed rows and among the chosen."""

    def __init__(self, made: Workings) -> None:
        import numpy as np

        self._rows = made.register.packed.by_practice()
        self._every = np.arange(len(made.register))
        self._chosen = made.choice.practice

    def rows(self, practice: int) -> npt.NDArray[np.int64]:
        """The packed rows of a practice, by its number."""
        return self._every[self._rows(practice)]

    def chosen(self, practice: int) -> slice:
        """Its stretch of the arrays of the choice."""
        import numpy as np

        return slice(*np.searchsorted(self._chosen, [practice, practice + 1]).tolist())


class Ranks:
    """The ranks of one practice: 1 + the number of its patients with a higher score."""

    def __init__(self, made: Workings, rows: npt.NDArray[np.int64]) -> None:
        import numpy as np

        keys = eligible_keys(made, rows)
        self._no_score = made.ranking.source.no_score
        scored = keys != self._no_score
        self._sorted = np.sort(keys[scored])
        self._key_of = dict(zip(rows[scored].tolist(), keys[scored].tolist(), strict=True))

    def of(self, row: int) -> int | None:
        """The rank of a packed row; None where it has no score."""
        import numpy as np

        if row not in self._key_of:
            return None
        return 1 + len(self._sorted) - int(np.searchsorted(self._sorted, self._key_of[row], side="right"))


def id_list(register: Register, rows: npt.NDArray[np.int64]) -> list[str]:
    """The patients' ids."""
    found: list[str] = register.column("patient_id", rows).to_pylist()
    return found
