"""What holds of the events once corrections and withdrawals are followed.

A correcting event counts as soon as it is recorded, whatever its own day: what it says is about the event it names. The
order in which things were told decides between corrections (the highest number wins, value by value); a withdrawn
correction says nothing, and neither does a withdrawn withdrawal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import in_one_piece, numpy_of, rows_of, texts, validity_of
from casemgmt.caseload.events.event import details_text
from casemgmt.caseload.events.kinds import CORRECTED, CORRECTING, KINDS, WITHDRAWN
from casemgmt.caseload.state.details import damaged, day_of, parsed
from casemgmt.errors import InputError, listed, plural

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Rows = npt.NDArray[np.int64]

NAMES = tuple(KINDS)  # a kind's code is its place here


class Coded(NamedTuple):
    """A column of texts as numbers in byte order of the texts.

    Attributes
    ----------
    codes : one a row, -1 where there is no text
    values : the text of each code
    """

    codes: npt.NDArray[np.int64]
    values: pa.Array


class Settled(NamedTuple):
    """The events, each with what holds of it; arrays have one value an event.

    Attributes
    ----------
    practice, patient : as numbers
    number : of the event in its practice's chain
    kind : place of its kind in ``NAMES``
    in_force : false where it was withdrawn
    day : the (corrected) day it happened, counted from 1970-01-01
    details : the (corrected) details, canonical JSON
    withdrawn_by, corrected_by : number of the event in force that withdrew it, or corrected it last; 0 for none
    """

    practice: Coded
    patient: Coded
    number: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int64]
    in_force: npt.NDArray[np.bool_]
    day: npt.NDArray[np.int32]
    details: pa.Array
    withdrawn_by: npt.NDArray[np.int32]
    corrected_by: npt.NDArray[np.int32]


def settled(events: pa.Table) -> Settled:
    """Follow the corrections and withdrawals of some events, which come by practice and number.

    Raises
    ------
    InputError : an event of a kind this version does not know, or a correcting event that names none it could correct
    """
    import numpy as np

    practice, patient = coded(events.column("practice_id")), coded(events.column("patient_id"))
    number, kind = numpy_of(events.column("number")), _kinds(events.column("kind"))
    key = (practice.codes << 32) + number
    if not (key[1:] > key[:-1]).all():
        raise InputError(
            "The events do not come by practice and number, each once: sort them, or run caseload.verify()."
        )
    day, details = numpy_of(events.column("happened_on")), in_one_piece(events.column("details"))
    none = np.zeros(len(kind), dtype=np.int32)
    found = Settled(practice, patient, number, kind, np.ones(len(kind), dtype=bool), day, details, none, none)
    correcting = np.flatnonzero(np.isin(kind, [NAMES.index(name) for name in CORRECTING]))
    if not len(correcting):
        return found
    named = _named(found, key, correcting, events.column("corrects"))
    return _with_corrections(_without_withdrawn(found, correcting, named), correcting, named)


def coded(column: pa.ChunkedArray) -> Coded:
    """A column of texts as numbers in byte order."""
    import numpy as np
    import pyarrow.compute as pc

    encoded = in_one_piece(column).dictionary_encode()
    order = pc.array_sort_indices(encoded.dictionary)
    places = np.empty(len(order), dtype=np.int64)
    places[numpy_of(order)] = np.arange(len(order))
    values = encoded.dictionary.take(order)
    if not len(places):
        return Coded(np.full(len(column), -1, dtype=np.int64), values)
    present = validity_of(encoded.indices)
    indices = numpy_of(encoded.indices)
    if present is None:
        return Coded(places[indices], values)
    return Coded(np.where(present, places[np.where(present, indices, 0)], -1), values)


def _kinds(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """The kinds as places in ``NAMES``."""
    import numpy as np

    found = coded(column)
    known = found.values.to_pylist()
    strange = [name for name in known if name not in KINDS]
    if strange or (found.codes < 0).any():
        count = int(np.isin(found.codes, [-1, *(known.index(name) for name in strange)]).sum())
        raise InputError(
            f"{plural(count, 'event')} of a kind that this version of casemgmt does not know ({listed(strange)}): what "
            "holds on a date cannot be told without them. Use the version that wrote them, or a later one."
        )
    return np.array([NAMES.index(name) for name in known] or [0], dtype=np.int64)[found.codes]


def _named(found: Settled, key: Rows, correcting: Rows, corrects: pa.ChunkedArray) -> Rows:
    """The row of the event that each correcting event names."""
    import numpy as np

    given = validity_of(corrects)
    number = np.where(True if given is None else given, numpy_of(corrects), 0)[correcting].astype(np.int64)
    wanted = (found.practice.codes[correcting] << 32) + number
    rows = np.searchsorted(key, wanted)
    there = (number > 0) & (rows < correcting)
    there &= key[np.where(there, rows, 0)] == wanted
    rows = np.where(there, rows, 0)
    again = (found.kind[correcting] == NAMES.index(CORRECTED)) & np.isin(found.kind[rows], found.kind[correcting])
    wrong = ~there | again | (found.patient.codes[rows] != found.patient.codes[correcting])
    if wrong.any():
        raise damaged(
            f"{plural(int(wrong.sum()), 'correcting event')} that names no earlier event of the same practice and "
            "patient that could be corrected so"
        )
    return rows


def _without_withdrawn(found: Settled, correcting: Rows, named: Rows) -> Settled:
    """From the last to the first: a withdrawal in force puts the event it names out of force."""
    import numpy as np

    withdrawals = found.kind[correcting] == NAMES.index(WITHDRAWN)
    rows, named = correcting[withdrawals], named[withdrawals]
    out: dict[int, int] = {}
    for row, target in zip(rows[::-1].tolist(), named[::-1].tolist(), strict=True):
        if row not in out:
            out.setdefault(target, row)
    targets = np.fromiter(out.keys(), dtype=np.int64, count=len(out))
    in_force, withdrawn_by = found.in_force.copy(), found.withdrawn_by.copy()
    in_force[targets] = False
    withdrawn_by[targets] = found.number[np.fromiter(out.values(), dtype=np.int64, count=len(out))]
    return found._replace(in_force=in_force, withdrawn_by=withdrawn_by)


def _with_corrections(found: Settled, correcting: Rows, named: Rows) -> Settled:
    """From the first to the last: what a correction in force says replaces what was said before."""
    import numpy as np

    holds = (found.kind[correcting] == NAMES.index(CORRECTED)) & found.in_force[correcting]
    rows, named = correcting[holds], named[holds]
    if not len(rows):
        return found
    said: dict[int, dict[str, Any]] = {}
    for target, text in zip(named.tolist(), found.details.take(rows_of(rows)).to_pylist(), strict=True):
        values = parsed(text).get("values")
        if not isinstance(values, dict):
            raise damaged("a correction that says nothing")
        said.setdefault(target, {}).update(values)
    corrected_by, day = found.corrected_by.copy(), found.day.copy()
    corrected_by[named] = found.number[rows]  # the last of several stays
    moved = {row: day_of(values.pop("happened_on")) for row, values in said.items() if "happened_on" in values}
    day[np.fromiter(moved.keys(), np.int64, len(moved))] = np.fromiter(moved.values(), np.int32, len(moved))
    details = _replaced(found.details, {row: values for row, values in said.items() if values})
    return found._replace(corrected_by=corrected_by, day=day, details=details)


def _replaced(details: pa.Array, said: dict[int, dict[str, Any]]) -> pa.Array:
    """The details with other values in some rows."""
    import numpy as np
    import pyarrow as pa

    if not said:
        return details
    rows = np.fromiter(said.keys(), np.int64, len(said))
    before = details.take(rows_of(rows)).to_pylist()
    after = [details_text({**parsed(text), **values}) for text, values in zip(before, said.values(), strict=True)]
    places = np.arange(len(details))
    places[rows] = len(details) + np.arange(len(rows))
    return pa.concat_arrays([details, texts(after)]).take(rows_of(places))
