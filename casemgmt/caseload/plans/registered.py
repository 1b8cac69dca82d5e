"""Who is on the register that a scheme tests: the managed, as the scheme says who of them counts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, in_one_piece, numpy_of, text_scalar, texts, validity_of
from casemgmt.caseload.events import kinds
from casemgmt.caseload.events.kinds import CORRECTING
from casemgmt.caseload.plans.following import died_or_moved, followed
from casemgmt.caseload.state.folding import state_at
from casemgmt.caseload.state.settling import NAMES, Settled
from casemgmt.caseload.state.statuses import MANAGED
from casemgmt.dates import day_number

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.scheme.caseload_rules import RegisterTest

    Flags = npt.NDArray[np.bool_]


def count_registered(
    events: pa.Table, found: Settled, test: RegisterTest, start: dt.date, end: dt.date, codes: list[str]
) -> dict[str, npt.NDArray[np.int64]]:
    """How many patients count, by practice.

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

    people = events
    if test.leavers_count:
        people = _without(events, found, _gone(found, start, end))
    state = state_at(people, end, review_every_months=1).table  # no review is looked at
    state = state.filter(pc.equal(state.column("status"), MANAGED))
    practice = numpy_of(pc.index_in(state.column("practice_id"), value_set=texts(codes)))
    counts = _who_counts(state, test)
    declined = counts & _equal(state, "plan", "declined")

    def by_practice(which: Flags) -> npt.NDArray[np.int64]:
        return np.bincount(practice[which], minlength=len(codes))

    found_counts = {"register": by_practice(counts), "declined": by_practice(declined)}
    still = _managed(events, end) if test.leavers_count else None
    gone = counts & ~_in(state, still) if still is not None else np.zeros(len(counts), dtype=bool)
    return found_counts | {"gone": by_practice(gone), "not_counted": by_practice(~counts & _in(state, still))}


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


def _managed(events: pa.Table, end: dt.date) -> pa.Array:
    """Who is managed at the end of a day, as one text a person."""
    import pyarrow.compute as pc

    state = state_at(events, end, review_every_months=1).table
    return _person(state.filter(pc.equal(state.column("status"), MANAGED)))


def _person(state: pa.Table) -> pa.Array:
    import pyarrow.compute as pc

    names = ("practice_id", "patient_id")
    return pc.binary_join_element_wise(*(in_one_piece(state.column(name)) for name in names), text_scalar("\n"))


def _in(state: pa.Table, people: pa.Array | None) -> Flags:
    import numpy as np
    import pyarrow.compute as pc

    if people is None:
        return np.ones(state.num_rows, dtype=bool)
    return numpy_of(pc.is_in(_person(state), value_set=people)).astype(bool)


def _equal(state: pa.Table, name: str, word: str) -> Flags:
    import pyarrow.compute as pc

    return numpy_of(pc.fill_null(pc.equal(state.column(name), word), False)).astype(bool)


def _gone(found: Settled, start: dt.date, end: dt.date) -> npt.NDArray[np.int64]:
    """The rows of the events by which somebody who was managed died or moved in the period."""
    people = followed(found, day_number(end))
    left = people.left() & (people.day >= day_number(start))
    gone = left & (people.are(kinds.DIED, kinds.MOVED) | died_or_moved(people, left))
    return people.row[gone]


def _without(events: pa.Table, found: Settled, rows: npt.NDArray[np.int64]) -> pa.Table:
    """The events without some, and without what corrects those."""
    import numpy as np
    import pyarrow as pa

    if not len(rows):
        return events
    key = (found.practice.codes << 32) + found.number
    given = validity_of(events.column("corrects"))
    named = np.where(True if given is None else given, numpy_of(events.column("corrects")), 0).astype(np.int64)
    kept = np.ones(events.num_rows, dtype=bool)
    kept[rows] = False
    # A correcting event comes after the one it names, so one look in order finds corrections of corrections too.
    correcting = np.isin(found.kind, [NAMES.index(name) for name in CORRECTING]).nonzero()[0]
    target = np.searchsorted(key, (found.practice.codes[correcting] << 32) + named[correcting])
    for row, of in zip(correcting.tolist(), target.tolist(), strict=True):
        kept[row] &= kept[of]
    return events.filter(array_of(kept, pa.bool_()))
