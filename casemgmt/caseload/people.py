"""Who is who in two registers: a person of a practice is the practice's code and the patient's id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import numpy_of, rows_of, texts, validity_of
from casemgmt.register.columns import person_keys, person_parts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.workings import Workings


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a register holds some patients' ids.

    Attributes
    ----------
    row : packed row, -1 for none
    set_aside : whether the id stands only in rows that could not be used
    """

    row: npt.NDArray[np.int64]
    set_aside: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everyone on either list.

    Attributes
    ----------
    practice, patient : codes and ids
    before, after : packed row in each register's own practice, -1 where there is none
    found : where the later register holds the patients' ids, in whatever practice
    """

    practice: list[str]
    patient: list[str]
    before: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    found: Found


def pair_people(old: Workings, new: Workings) -> People:
    """Find everyone on either list in both registers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    old_ids, new_ids = (made.register.column("patient_id") for made in (old, new))
    old_keys, new_keys = (
        person_keys(made.register.column("practice_id"), ids) for made, ids in ((old, old_ids), (new, new_ids))
    )
    listed = pa.chunked_array(
        [old_keys.take(rows_of(old.choice.rows)), new_keys.take(rows_of(new.choice.rows))], pa.string()
    )
    keys = pc.unique(listed)
    keys = keys.take(pc.sort_indices(keys))
    before, after = (_rows(keys, among) for among in (old_keys, new_keys))
    practices, patients = person_parts(keys)
    return People(
        practice=practices,
        patient=patients,
        before=before,
        after=after,
        found=find_ids(patients, new.register),
    )


def find_ids(patients: Sequence[str], register: Register) -> Found:
    """Find patients by their ids alone, among the accepted rows of every practice, then among all rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = texts(patients)
    row = _rows(ids, register.column("patient_id"))
    anywhere = numpy_of(pc.is_in(ids, value_set=register.ids.cast(pa.string())))
    return Found(row=row, set_aside=(row < 0) & anywhere)


def _rows(wanted: Any, among: pa.Array) -> npt.NDArray[np.int64]:
    import numpy as np
    import pyarrow.compute as pc

    found = pc.index_in(wanted, value_set=among)
    rows, present = numpy_of(found).astype(np.int64), validity_of(found)
    return rows if present is None else np.where(present, rows, -1)
