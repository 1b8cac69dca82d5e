"""Years as people label them: calendar years (``2013``) and financial years from 1 April (``2013/14``)."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from casemgmt.errors import InputError, not_one_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

YearKind = Literal["financial", "calendar"]
KINDS = ("financial", "calendar")
_MONTHS_BEFORE = {"financial": 3, "calendar": 0}
_FINANCIAL, _CALENDAR = re.compile(r"([0-9]{4})[/-]([0-9]{2})"), re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Years:
    """One of the two conventions. A year is known by the calendar year in which it begins.

    Examples
    --------
    >>> financial = Years("financial")
    >>> financial.read("2013/14", "base_year"), financial.label(2013), str(financial.last_day(2013))
    (2013, '2013/14', '2014-03-31')
    """

    kind: str

    def __post_init__(self) -> None:
        """Refuse what is neither."""
        if self.kind not in KINDS:
            raise not_one_of("year", KINDS)

    @property
    def form(self) -> str:
        """How a year is written."""
        return "'2013/14'" if self.kind == "financial" else "'2013'"

    def read(self, value: object, name: str) -> int:
        """The year in which a labelled year begins.

        Raises
        ------
        InputError : it is not written as the convention writes years
        """
        first = self.known(str(value).strip()) if isinstance(value, (str, int)) and not isinstance(value, bool) else 0
        if not first:
            raise InputError(f"{name}: write a {self.kind} year as {self.form}.")
        return first

    def known(self, text: str) -> int:
        """The same; 0 for a text that is no such year. A financial year names both its years, which must follow."""
        if self.kind == "calendar":
            return int(text) if _CALENDAR.fullmatch(text) and 1900 <= int(text) < 2200 else 0
        found = _FINANCIAL.fullmatch(text)
        if found is None or not 1900 <= int(found[1]) < 2200 or (int(found[1]) + 1) % 100 != int(found[2]):
            return 0
        return int(found[1])

    def label(self, first: int) -> str:
        """As people write it."""
        return str(first) if self.kind == "calendar" else f"{first}/{(first + 1) % 100:02}"

    def first_day(self, first: int) -> dt.date:
        """The first day of a year."""
        return dt.date(first, 1 + _MONTHS_BEFORE[self.kind], 1)

    def last_day(self, first: int) -> dt.date:
        """The last day of a year."""
        return self.first_day(first + 1) - dt.timedelta(days=1)

    def of_days(self, days: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """The year of each day number."""
        import numpy as np

        months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return np.asarray((months - _MONTHS_BEFORE[self.kind]) // 12 + 1970, dtype=np.int64)
