"""Who was told of case management in time, too late, or not yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from casemgmt.caseload.events import kinds
from casemgmt.caseload.plans.following import Followed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]


class Told(NamedTuple):
    """What holds of each event by which somebody became managed; one value an event that is asked about.

    Attributes
    ----------
    told : whether the patient was told in that spell, and ``day``: on which day; 0 where not
    still : whether that spell still stands in the end
    """

    told: Flags
    day: npt.NDArray[np.int32]
    still: Flags


def told_of(people: Followed, joining: npt.NDArray[np.int64]) -> Told:
    """Whether and when those who joined were first told in the spell that they joined in.

    Who was told while only proposed was told.

    Parameters
    ----------
    joining : places of the events by which somebody became managed
    """
    import numpy as np

    spells = int(people.spell.max(initial=-1)) + 1
    day, found = np.zeros(spells, dtype=np.int32), np.zeros(spells, dtype=bool)
    telling = np.flatnonzero(people.are(kinds.PATIENT_TOLD) & (people.spell >= 0))
    spell, first = np.unique(people.spell[telling], return_index=True)
    found[spell] = True
    day[spell] = people.day[telling[first]]
    standing = np.zeros(spells, dtype=bool)
    standing[people.spell[people.is_last() & (people.spell >= 0)]] = True
    own = people.spell[joining]
    return Told(found[own], day[own], standing[own])
