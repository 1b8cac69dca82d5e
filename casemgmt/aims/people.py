"""The people of other sources among those who were in hospital."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt.aims.stays import Stays
from casemgmt.arrow import in_one_piece
from casemgmt.codes.events import Events, open_events
from casemgmt.codes.refusals import ids_of_two_kinds
from casemgmt.codes.source_rows import SourceRows, whole
from casemgmt.errors import InputError, plural
from casemgmt.register.columns import NO_DAY
from casemgmt.register.spellings import FEW_OF

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


def patients_in(
    stays: Stays, ids: pa.Array, named: npt.NDArray[np.bool_], days: npt.NDArray[np.int32], source: str
) -> dict[int, int]:
    """The earliest day of each patient who has a stay, by the patient's number in the stays.

    Raises
    ------
    InputError : ids of another kind, or of which not one has a stay
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(ids.type) != pa.types.is_integer(stays.ids.type):
        raise ids_of_two_kinds()
    wide = pa.int64() if pa.types.is_integer(ids.type) else pa.large_string()
    places = pc.index_in(ids.cast(wide), value_set=stays.ids.cast(wide)).to_pylist()
    found: dict[int, int] = {}
    for place, is_named, day in zip(places, named.tolist(), days.tolist(), strict=True):
        if place is not None and is_named and day != NO_DAY:
            found[place] = min(day, found.get(place, day))
    if not found and int(named.sum()) >= FEW_OF and len(stays.ids) >= FEW_OF:
        raise InputError(
            f"{source}: not one of {plural(int(named.sum()), 'patient id')} has a stay in episodes=. Give ids of one "
            "kind: pseudonyms made with the same key, or numbers written alike."
        )
    return found


def last_days(stays: Stays, care_homes: Any, most: Fraction) -> dict[int, int]:
    """When each patient who has a stay moved into a care home, from ``patient_id`` and ``moved_in``."""
    events = care_homes if isinstance(care_homes, Events) else Events(care_homes)
    opened = open_events(events, ("patient_id", "moved_in"))
    batch, rows = whole(list(opened.batches)), SourceRows(most)
    ids, named = rows.people(batch)
    return patients_in(stays, in_one_piece(ids), named, rows.days(batch, "moved_in", events), "care_homes")
