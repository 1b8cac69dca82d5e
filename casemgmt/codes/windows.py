"""Look-back windows: a number of days, months or years that ends on the list date, that day included."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from casemgmt.dates import first_day_within
from casemgmt.errors import InputError

LONGEST = 99_999

TEXT = re.compile(r"([1-9][0-9]{0,4}) (day|month|year)s?")
_SUFFIX = {"day": "d", "month": "m", "year": "y"}


@dataclass(frozen=True, slots=True)
class Window:
    """A look-back window, such as ``Window(12, "month")``.

    Attributes
    ----------
    length : how many
    unit : ``day``, ``month`` or ``year``; months and years are of the calendar
    """

    length: int
    unit: str

    def __post_init__(self) -> None:
        """Refuse what no text could say."""
        is_whole = isinstance(self.length, int) and not isinstance(self.length, bool)
        if (
            not is_whole
            or not 1 <= self.length <= LONGEST
            or not isinstance(self.unit, str)
            or self.unit not in _SUFFIX
        ):
            raise InputError("A window is a number of days, months or years, such as Window(12, 'month').")

    def first_day(self, as_of: dt.date) -> dt.date:
        """The first day inside the window; ``as_of`` is the last."""
        if self.unit == "day":
            return max(as_of, dt.date.min + dt.timedelta(days=self.length)) - dt.timedelta(days=self.length - 1)
        return first_day_within(self.length * (12 if self.unit == "year" else 1), as_of)

    @property
    def suffix(self) -> str:
        """The end of a column's name: ``12m``, ``5y``, ``30d``."""
        return f"{self.length}{_SUFFIX[self.unit]}"

    def __str__(self) -> str:
        """As people write it: ``12 months``."""
        return f"{self.length} {self.unit}{'s' if self.length > 1 else ''}"


def window_of(value: object, name: str) -> Window | None:
    """The window that a text such as ``"12 months"`` says; None (ever) of None.

    Raises
    ------
    InputError
        Of anything else; a number alone would have to be guessed to be days or months.
    """
    if value is None or isinstance(value, Window):
        return value
    found = TEXT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise InputError(f"{name}: write a number of days, months or years, such as {name}='12 months', or None: ever.")
    return Window(int(found[1]), found[2])
