"""The events of each patient in the order of days and numbers, and where the standing spell of each began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from casemgmt.caseload.events import kinds
from casemgmt.caseload.state.settling import NAMES, Settled

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Places = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

JOINING: Final = (kinds.ACCEPTED, kinds.RETURNED, kinds.PRACTICE_CHANGED)
LEAVING: Final = (kinds.NOT_ACCEPTED, kinds.ENDED, kinds.MOVED, kinds.DIED)
PLANS: Final = (kinds.PLAN_AGREED, kinds.PLAN_DECLINED)
CLEARING: Final = (kinds.REMOVAL_LAPSED, kinds.REMOVAL_REJECTED, *JOINING, *LEAVING)
_FOLLOWED: Final = (
    *(*CLEARING, *PLANS, kinds.PROPOSED, kinds.REMOVAL_PROPOSED, kinds.REVIEWED),
    *(kinds.GP_NAMED, kinds.PATIENT_TOLD, kinds.HOME_CHANGED),
)


class Spells(NamedTuple):
    """The events that were followed, in the order of people, days and numbers, and where each person stands.

    A place is that of an event in this order; arrays of people hold -1 for none, or ``len(kind)`` where the first of
    something is asked for and there is none.

    Attributes
    ----------
    settled : all the events
    row, kind, day, person : of each event that is followed; the row is that of ``settled``
    starts : the place of each person's first event
    left : the place of the last leaving that counts
    joined, proposed : the first joining, and the first proposal, after that
    """

    settled: Settled
    row: Places
    kind: Places
    day: npt.NDArray[np.int32]
    person: Places
    starts: Places
    left: Places
    joined: Places
    proposed: Places

    def are(self, *names: str) -> Flags:
        """Which events are of these kinds."""
        import numpy as np

        wanted = np.zeros(len(NAMES), dtype=bool)
        wanted[[NAMES.index(name) for name in names]] = True
        return np.asarray(wanted[self.kind])

    def last(self, which: Flags) -> Places:
        """The place of each person's last such event."""
        import numpy as np

        if not len(self.starts):
            return self.starts
        return np.maximum.reduceat(np.where(which, np.arange(len(which)), -1), self.starts)

    def first(self, which: Flags, after: Places) -> Places:
        """The place of each person's first such event after a place."""
        import numpy as np

        if not len(self.starts):
            return self.starts
        places = np.arange(len(which))
        counts = which & (places > after[self.person])
        return np.minimum.reduceat(np.where(counts, places, len(which)), self.starts)

    @property
    def began(self) -> Places:
        """The place where the standing spell of proposed or managed began."""
        import numpy as np

        return np.minimum(self.joined, self.proposed)

    def is_(self, places: Places) -> Flags:
        """Where there is such an event."""
        return (places >= 0) & (places < len(self.kind))

    def rows(self, places: Places) -> Places:
        """The row of the event at each place, -1 where there is none."""
        import numpy as np

        there = self.is_(places)
        return np.where(there, self.row[np.where(there, places, 0)] if len(self.row) else -1, -1)

    def days(self, places: Places, none: int = 0) -> npt.NDArray[np.int32]:
        """The day of the event at each place."""
        import numpy as np

        there = self.is_(places)
        days = self.day[np.where(there, places, 0)] if len(self.day) else self.day
        return np.where(there, days, none).astype(np.int32)


def spells_until(found: Settled, date: int) -> Spells:
    """Put the events in order and find where everybody's standing spell began."""
    import numpy as np

    wanted = np.zeros(len(NAMES), dtype=bool)
    wanted[[NAMES.index(name) for name in _FOLLOWED]] = True
    row = np.flatnonzero(wanted[found.kind] & found.in_force & (found.day <= date) & (found.patient.codes >= 0))
    person = found.practice.codes[row] * len(found.patient.values) + found.patient.codes[row]
    row = row[np.lexsort((found.day[row], person))]  # rows of one day stay in the order of their numbers
    person = found.practice.codes[row] * len(found.patient.values) + found.patient.codes[row]
    begins = np.ones(len(row), dtype=bool)
    begins[1:] = person[1:] != person[:-1]
    nobody = np.zeros(0, dtype=np.int64)
    spells = Spells(
        settled=found,
        row=row,
        kind=found.kind[row],
        day=found.day[row],
        person=np.cumsum(begins) - 1,
        starts=np.flatnonzero(begins),
        left=nobody,
        joined=nobody,
        proposed=nobody,
    )
    counts = ~_after_death(spells)
    left = spells.last(spells.are(*LEAVING) & counts)
    joined = spells.first(spells.are(*JOINING) & counts, left)
    return spells._replace(left=left, joined=joined, proposed=spells.first(spells.are(kinds.PROPOSED) & counts, left))


def _after_death(spells: Spells) -> Flags:
    """Events that come after a death, up to a return: they change no status."""
    import numpy as np

    places = np.arange(len(spells.kind))
    died, returned = spells.are(kinds.DIED), spells.are(kinds.RETURNED)
    before = np.full(len(places), -1)  # the last death or return before each event
    before[1:] = np.maximum.accumulate(np.where(died | returned, places, -1))[:-1]
    own = before >= spells.starts[spells.person]
    return np.asarray(own & died[np.where(own, before, 0)] & ~returned)
