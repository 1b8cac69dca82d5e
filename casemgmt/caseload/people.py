"""Who is who in two registers: a person of a practice is the practice's code and the patient's id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.register.columns import person_keys, person_parts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.selection.result import Workings


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everyone on either list.

    Attributes
    ----------
    practice, patient : codes and ids
    before, after : packed row in each register's own practice, -1 where there is none
    elsewhere : whether the patient's id is on another practice's list in the later register
    """

    practice: list[str]
    patient: list[str]
    before: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    elsewhere: npt.NDArray[np.bool_]


def pair_people(old: Workings, new: Workings) -> People:
    """Find everyone on either list in both registers."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    old_ids, new_ids = (made.register.column("patient_id") for made in (old, new))
    old_keys, new_keys = (
        person_keys(made.register.column("practice_id"), ids) for made, ids in ((old, old_ids), (new, new_ids))
    )
    listed = pa.chunked_array(
        [old_keys.take(pa.array(old.choice.rows)), new_keys.take(pa.array(new.choice.rows))], pa.string()
    )
    keys = pc.unique(listed)
    keys = keys.take(pc.sort_indices(keys))
    before, after = (_rows(keys, among) for among in (old_keys, new_keys))
    practices, patients = person_parts(keys)
    elsewhere = (after < 0) & (_rows(pa.array(patients, pa.string()), new_ids) >= 0)
    return People(
        practice=practices,
        patient=patients,
        before=before,
        after=after,
        elsewhere=np.asarray(elsewhere),
    )


def _rows(wanted: Any, among: pa.Array) -> npt.NDArray[np.int64]:
    import numpy as np
    import pyarrow.compute as pc

    found = pc.fill_null(pc.index_in(wanted, value_set=among), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)
