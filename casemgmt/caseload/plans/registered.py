"""Who is on the register that a scheme tests: the managed, as the scheme says who of them counts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from casemgmt.arrow import array_of, in_one_piece, numpy_of, rows_of, text_scalar, texts, validity_of
from casemgmt.caseload.events import kinds
from casemgmt.caseload.events.kinds import CORRECTING
from casemgmt.caseload.plans.following import JOINING, LEAVING, Followed, died_or_moved, followed, of_kinds
from casemgmt.caseload.state.folding import state_at
from casemgmt.caseload.state.settling import Settled
from casemgmt.caseload.state.statuses import MANAGED
from casemgmt.dates import day_number

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.scheme.caseload_rules import RegisterTest

    Flags = npt.NDArray[np.bool_]
    Places = npt.NDArray[np.int64]

# What status, route, plan and GP follow from; reviews, of which there are most, are not looked at.
_LOOKED_AT: Final = (
    *(kinds.PROPOSED, *JOINING, *LEAVING),
    *(kinds.PLAN_AGREED, kinds.PLAN_DECLINED, kinds.GP_NAMED),
)


def count_registered(
    events: pa.Table, found: Settled, test: RegisterTest, start: dt.date, end: dt.date, codes: list[str]
) -> dict[str, npt.NDArray[np.int64]]:
    """How many patients count, by practice.

    Who died or moved in the period counts, where the scheme has it so, as they stood before.

    Parameters
    ----------
    events, found : the same events, before and after their corrections were followed
    test : who counts
    start, end : the first and the last day of the period
    codes : the practices, in the order of the counts

    Returns
    -------
    ``register``, who counts; of them ``declined`` a plan, and are ``gone``; and those managed and ``not_counted``
    """
    import numpy as np
    import pyarrow.compute as pc

    kept = of_kinds(found.kind, *_LOOKED_AT, *CORRECTING)
    people = followed(found, day_number(end))
    if test.leavers_count:
        kept &= ~_after_going(people, day_number(start))
    state = state_at(_only(events, found, kept), end, review_every_months=1).table
    state = state.filter(pc.equal(state.column("status"), MANAGED))
    practice = numpy_of(pc.index_in(state.column("practice_id"), value_set=texts(codes)))
    counts, still = _who_counts(state, test), _are(state, people)

    def by_practice(which: Flags) -> npt.NDArray[np.int64]:
        return np.bincount(practice[which], minlength=len(codes))

    return {
        "register": by_practice(counts),
        "declined": by_practice(counts & _equal(state, "plan", "declined")),
        "gone": by_practice(counts & ~still),
        "not_counted": by_practice(~counts & still),
    }


def _who_counts(state: pa.Table, test: RegisterTest) -> Flags:
    """Which of the managed count."""
    import numpy as np
    import pyarrow.compute as pc

    counts = np.ones(state.num_rows, dtype=bool)
    if test.beside:
        counts &= ~numpy_of(pc.is_in(state.column("route"), value_set=texts(test.beside))).astype(bool)
    if not test.declined_counts:
        counts &= ~_equal(state, "plan", "declined")
    for need, column in (("plan", "plan"), ("named_gp", "accountable_gp")):
        if need in test.needs:
            counts &= numpy_of(state.column(column).is_valid()).astype(bool)
    return counts


def _equal(state: pa.Table, name: str, word: str) -> Flags:
    import pyarrow.compute as pc

    return numpy_of(pc.fill_null(pc.equal(state.column(name), word), False)).astype(bool)


def _are(state: pa.Table, people: Followed) -> Flags:
    """Which people of a state are managed in the end."""
    import numpy as np
    import pyarrow.compute as pc

    found, rows = people.settled, people.row[np.flatnonzero(people.standing(MANAGED))]
    names = (
        found.practice.values.take(rows_of(found.practice.codes[rows])),
        found.patient.values.take(rows_of(found.patient.codes[rows])),
    )
    asked = (in_one_piece(state.column(name)) for name in ("practice_id", "patient_id"))
    one, other = (pc.binary_join_element_wise(*each, text_scalar("\n")) for each in (asked, names))
    return numpy_of(pc.is_in(one, value_set=other)).astype(bool)


def _after_going(people: Followed, start: int) -> Flags:
    """Which of all events are those by which somebody died or moved from a day on, or come after that for the patient.

    Only of those who are not managed in the end: who returned counts as they stand.
    """
    import numpy as np

    found = people.settled
    left = people.left() & (people.day >= start)
    gone = left & (people.are(kinds.DIED, kinds.MOVED) | died_or_moved(people, left))
    gone &= ~people.standing(MANAGED)[people.is_last()][people.person]
    last = np.flatnonzero(gone)
    if not len(last):
        return np.zeros(len(found.kind), dtype=bool)
    of_each = np.ones(len(last), dtype=bool)
    of_each[:-1] = people.person[last[1:]] != people.person[last[:-1]]
    last = people.row[last[of_each]]
    many = len(found.patient.values)
    own = np.where(found.patient.codes >= 0, found.practice.codes * many + found.patient.codes, -1)
    keys = own[last]  # in the order of practices and patients, as everyone is followed
    row = last[np.minimum(np.searchsorted(keys, own), len(keys) - 1)]
    later = (found.day > found.day[row]) | ((found.day == found.day[row]) & (found.number >= found.number[row]))
    return np.asarray((own == own[row]) & later)


def _only(events: pa.Table, found: Settled, kept: Flags) -> pa.Table:
    """Some of the events, without what corrects others."""
    import numpy as np
    import pyarrow as pa

    kept = kept.copy()
    key = (found.practice.codes << 32) + found.number
    given = validity_of(events.column("corrects"))
    named = np.where(True if given is None else given, numpy_of(events.column("corrects")), 0).astype(np.int64)
    # A correcting event comes after the one it names, so one look in order finds corrections of corrections too.
    correcting = np.flatnonzero(of_kinds(found.kind, *CORRECTING))
    target = np.searchsorted(key, (found.practice.codes[correcting] << 32) + named[correcting])
    for row, of in zip(correcting.tolist(), target.tolist(), strict=True):
        kept[row] = kept[of]
    return events.filter(array_of(kept, pa.bool_()))
