"""Whether enough people had an outcome, and enough had it not, for a score to be judged by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import InputError, plural

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# With fewer people who had the outcome, or who had it not, no figure means anything.
FEWEST_EVENTS = 10
# On each side of a cut: fewer people, or fewer different scores among them, bear no line up to it.
FEWEST_OF_A_SIDE = 50
FEWEST_SCORES = 10


def refuse_few(outcome: npt.NDArray[np.bool_], name: str = "outcome") -> None:
    """Refuse to judge by an outcome that hardly anybody had, or nearly everybody.

    Parameters
    ----------
    outcome : one a person
    name : of the argument that it is, for messages

    Raises
    ------
    InputError
    """
    had = int(outcome.sum())
    for count, which in ((had, "had the outcome"), (len(outcome) - had, "did not have the outcome")):
        if count < FEWEST_EVENTS:
            raise InputError(
                f"{name}: of {plural(len(outcome), 'person', 'people')} who can be judged, {count or 'nobody'} "
                f"{which}, and at least {FEWEST_EVENTS} must have. Give the column that says what happened, or more "
                "people; null means that it is not known."
            )


def refuse_thin_sides(distance: npt.NDArray[np.float64], name: str, bandwidth: float | None = None) -> None:
    """Refuse a comparison at a cut in which a side has too few people, or all but a few of one score.

    Parameters
    ----------
    distance : float64, of each person who can be compared: the score less the cut
    name : of the argument that says of them, for messages
    bandwidth : how far from the cut people count, where the caller says so

    Raises
    ------
    InputError
    """
    import numpy as np

    for side, which in ((distance[distance < 0], "outside"), (distance[distance >= 0], "inside")):
        if len(side) < FEWEST_OF_A_SIDE:
            raise InputError(
                f"{name}: it is known of {plural(len(side), 'person', 'people')} {which} the cut, and at least "
                f"{FEWEST_OF_A_SIDE} must be compared. Take more practices, or more years of outcome, together."
            )
        if len(np.unique(side)) < FEWEST_SCORES:
            raise InputError(
                f"{name}: the people {which} the cut of whom it is known have {len(np.unique(side))} different scores, "
                f"and at least {FEWEST_SCORES} are needed to draw a line. Give it of more people."
            )
        near = len(np.unique(side[np.abs(side) < bandwidth])) if bandwidth is not None else FEWEST_SCORES
        if near < FEWEST_SCORES:
            raise InputError(
                f"bandwidth: within it the people {which} the cut have {plural(near, 'different score')}, and at least "
                f"{FEWEST_SCORES} are needed to draw a line. Give a wider one, or none."
            )
    farthest = float(np.abs(distance).max())
    if bandwidth is not None and bandwidth > 1000 * farthest:
        raise InputError(
            "bandwidth: it is more than a thousand times as far as anybody is from the cut. It is in units of the "
            "score; where everyone is to count alike, give ten times the widest distance."
        )
