"""Whether enough people had an outcome, and enough had it not, for a score to be judged by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import InputError, plural

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# With fewer people who had the outcome, or who had it not, no figure means anything.
FEWEST_EVENTS = 10


def refuse_few(outcome: npt.NDArray[np.bool_]) -> None:
    """Refuse to judge by an outcome that hardly anybody had, or nearly everybody.

    Raises
    ------
    InputError
    """
    had = int(outcome.sum())
    for count, which in ((had, "had the outcome"), (len(outcome) - had, "did not have the outcome")):
        if count < FEWEST_EVENTS:
            raise InputError(
                f"outcome: of {plural(len(outcome), 'person', 'people')} who can be judged, {count or 'nobody'} "
                f"{which}, and at least {FEWEST_EVENTS} must have. Give the column that says what happened, or more "
                "people; null means that it is not known."
            )
