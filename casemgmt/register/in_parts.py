"""A register that is read a part at a time, as those see it who choose from it or pack it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt

    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.account import Account
    from casemgmt.register.counts import Counts
    from casemgmt.register.limits import Limits
    from casemgmt.register.register import Register

# Is given each part's rows, the row of the whole at which its file begins, and its practices' numbers in the whole.
See = Callable[["Register", int, "npt.NDArray[np.int32]"], None]


class PartsCounted(Protocol):
    """The account of all rows, once every part has passed."""

    rows_in: int
    accepted: int
    merged: int
    counts: Counts

    def practices(self) -> list[str]:
        """The practices with a row that may be used, in byte order."""


class RegisterInParts(Protocol):
    """A register in files; see :class:`casemgmt.ScannedRegister`.

    Attributes
    ----------
    rows_in : rows in the files
    has_source_rows : whether its rows are those of a source, in the source's order
    holds_whole_practices : whether each part holds all rows of its practices
    """

    rows_in: int
    has_source_rows: bool
    holds_whole_practices: bool

    @property
    def as_of(self) -> dt.date:
        """The list date."""

    @property
    def synthetic(self) -> bool:
        """Whether the files say that their people are made up."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """Fields held, ``age`` included, then carried columns."""

    @property
    def row_account(self) -> Account:
        """The account of all rows."""

    @property
    def limits(self) -> Limits:
        """The shares of quarantined rows and corrected values beyond which nothing is made of the register."""

    @property
    def is_counted(self) -> bool:
        """Whether the account of all rows is known."""

    def check_limits(self, limits: Limits | None = None) -> None:
        """Refuse a register of which too much is quarantined or corrected."""

    def merged_rows(self) -> Mapping[int, int]:
        """Row in the whole → the row that it repeats."""

    def passed(self, see: See, restart: Callable[[], None] = ...) -> PartsCounted:
        """Pass all parts before ``see``; ``restart`` is called before a pass begins anew."""
