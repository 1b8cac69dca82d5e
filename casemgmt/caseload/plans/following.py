"""Everyone followed from event to event: where each stood before and after, and in which spell on the caseload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from casemgmt.arrow import numpy_of
from casemgmt.caseload.events import kinds
from casemgmt.caseload.state.details import said
from casemgmt.caseload.state.settling import NAMES, Settled
from casemgmt.caseload.state.statuses import DIED, ENDED, MANAGED, MOVED, NOT_ACCEPTED, PROPOSED
from casemgmt.outputs.practice.answers import DIED_OR_MOVED

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Places = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

# A status as a number is its place here.
STATUSES: Final = (None, PROPOSED, MANAGED, NOT_ACCEPTED, ENDED, MOVED, DIED)

JOINING: Final = (kinds.ACCEPTED, kinds.RETURNED, kinds.PRACTICE_CHANGED)
LEAVING: Final = (kinds.NOT_ACCEPTED, kinds.ENDED, kinds.MOVED, kinds.DIED)  # to the statuses from the fourth on
_REMOVAL: Final = (kinds.REMOVAL_PROPOSED, kinds.REMOVAL_LAPSED, kinds.REMOVAL_REJECTED)
_FOLLOWED: Final = (kinds.PROPOSED, *JOINING, *LEAVING, *_REMOVAL, kinds.PATIENT_TOLD)


class Followed(NamedTuple):
    """Events that change where somebody stands, in the order of people, days and numbers; one value an event.

    Attributes
    ----------
    settled : all the events
    row : of the event in ``settled``
    practice : code of the practice in ``settled``
    person : 0, 1, 2 … in the order of practices and patients
    starts : the place of each person's first event
    kind : place of its kind in ``NAMES``
    day : counted from 1970-01-01
    before, after : status as a number, see :data:`STATUSES`
    spell : number of the standing spell of proposed or managed, -1 where there is none
    pending : whether a removal waits for a decision after the event
    """

    settled: Settled
    row: Places
    practice: Places
    person: Places
    starts: Places
    kind: Places
    day: npt.NDArray[np.int32]
    before: npt.NDArray[np.int8]
    after: npt.NDArray[np.int8]
    spell: Places
    pending: Flags

    def are(self, *names: str) -> Flags:
        """Which events are of these kinds."""
        return of_kinds(self.kind, *names)

    def is_last(self) -> Flags:
        """Which events are the last of their person."""
        import numpy as np

        last = np.ones(len(self.person), dtype=bool)
        last[:-1] = self.person[1:] != self.person[:-1]
        return last

    def standing(self, status: str) -> Flags:
        """The last events of those who stand so in the end."""
        import numpy as np

        return np.asarray(self.is_last() & (self.after == STATUSES.index(status)))

    def joined(self) -> Flags:
        """The events by which somebody became managed."""
        import numpy as np

        managed = STATUSES.index(MANAGED)
        return np.asarray((self.after == managed) & (self.before != managed))

    def left(self) -> Flags:
        """The events by which somebody who was managed no longer was."""
        import numpy as np

        managed = STATUSES.index(MANAGED)
        return np.asarray((self.before == managed) & (self.after != managed))


def of_kinds(kind: Places, *names: str) -> Flags:
    """Which kinds, as places in ``NAMES``, are these."""
    import numpy as np

    wanted = np.zeros(len(NAMES), dtype=bool)
    wanted[[NAMES.index(name) for name in names]] = True
    return np.asarray(wanted[kind])


def followed(found: Settled, until: int) -> Followed:
    """Follow everyone up to the end of a day.

    Parameters
    ----------
    found : the events with their corrections
    until : day counted from 1970-01-01
    """
    import numpy as np

    there = of_kinds(found.kind, *_FOLLOWED) & found.in_force & (found.day <= until) & (found.patient.codes >= 0)
    row = np.flatnonzero(there)
    key = found.practice.codes[row] * len(found.patient.values) + found.patient.codes[row]
    order = np.lexsort((found.day[row], key))  # events of one day stay in the order of their numbers
    row, key = row[order], key[order]
    begins = np.ones(len(row), dtype=bool)
    begins[1:] = key[1:] != key[:-1]
    starts = np.flatnonzero(begins)
    person = np.cumsum(begins) - 1
    kind = found.kind[row]
    first = starts[person] if len(row) else row
    after = _statuses(kind, first)
    before = np.where(begins, 0, np.concatenate([[0], after[:-1]])[: len(after)]).astype(np.int8)
    spell, began = _spells(before, after)
    return Followed(
        settled=found,
        row=row,
        practice=found.practice.codes[row],
        person=person,
        starts=starts,
        kind=kind,
        day=found.day[row],
        before=before,
        after=after,
        spell=spell,
        pending=_pending(kind, first, spell, began),
    )


def died_or_moved(people: Followed, left: Flags) -> Flags:
    """Which of some leavings ended because the patient died or moved, and nobody says which."""
    import numpy as np
    import pyarrow.compute as pc

    found = np.zeros(len(left), dtype=bool)
    ended = np.flatnonzero(left & people.are(kinds.ENDED))
    reason = said(people.settled.details, people.row[ended], words=("reason",))["reason"]
    found[ended] = numpy_of(pc.fill_null(pc.equal(reason, DIED_OR_MOVED), False))
    return found


def _last(which: Flags, first: Places) -> Places:
    """The place of the person's last such event up to and with each event; -1 for none."""
    import numpy as np

    if not len(which):
        return first
    last = np.maximum.accumulate(np.where(which, np.arange(len(which)), -1))
    return np.where(last >= first, last, -1)


def _statuses(kind: Places, first: Places) -> npt.NDArray[np.int8]:
    """The status after each event: a death holds until a return, the last leaving or joining otherwise."""
    import numpy as np

    died, returned = of_kinds(kind, kinds.DIED), of_kinds(kind, kinds.RETURNED)
    turn = _last(died | returned, first)
    dead = (turn >= 0) & died[turn]
    setter = _last(of_kinds(kind, *JOINING, *LEAVING), first)
    proposal = _last(of_kinds(kind, kinds.PROPOSED), first)
    of_kind = np.zeros(len(NAMES), dtype=np.int8)
    of_kind[[NAMES.index(name) for name in JOINING]] = STATUSES.index(MANAGED)
    for place, name in enumerate(LEAVING, start=STATUSES.index(NOT_ACCEPTED)):
        of_kind[NAMES.index(name)] = place
    status = np.where(setter >= 0, of_kind[kind[setter]] if len(kind) else 0, 0)
    again = (proposal > setter) & (status != STATUSES.index(MANAGED))
    status = np.where(again, STATUSES.index(PROPOSED), status)
    return np.where(dead, STATUSES.index(DIED), status).astype(np.int8)


def _spells(before: npt.NDArray[np.int8], after: npt.NDArray[np.int8]) -> tuple[Places, Places]:
    """The number of the spell that stands after each event, and the place where it began; -1 for none."""
    import numpy as np

    on, was = ((each == 1) | (each == 2) for each in (after, before))
    began = on & ~was
    spell = np.where(on, np.cumsum(began) - 1, -1)
    places = np.flatnonzero(began)
    return spell, np.where(on, places[spell] if len(places) else -1, -1)


def _pending(kind: Places, first: Places, spell: Places, began: Places) -> Flags:
    """Whether a removal that was proposed in the standing spell waits for a decision after each event."""
    import numpy as np

    proposed = _last(of_kinds(kind, kinds.REMOVAL_PROPOSED), first)
    cleared = _last(of_kinds(kind, kinds.REMOVAL_LAPSED, kinds.REMOVAL_REJECTED, *JOINING, *LEAVING), first)
    return np.asarray((spell >= 0) & (proposed > np.maximum(cleared, began)))
