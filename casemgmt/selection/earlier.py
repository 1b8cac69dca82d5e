"""What an earlier selection leaves behind: who was on the caseload, who is still to be decided about, who was ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.arrow import numpy_of, texts
from casemgmt.errors import InputError, not_valid_text, plural
from casemgmt.register.columns import person_keys, person_parts
from casemgmt.texts.guards import without_guards_of_csv

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.lists import Lists


def earlier_caseload(previous: Lists) -> pa.Array:
    """Everyone on the caseload after an earlier selection, as :func:`person_keys`, each once.

    They are its case-managed patients, and whoever it proposed for removal: nobody leaves until a person decides.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    listed = previous.to_arrow(reasons=False)
    managed = listed.filter(listed.column("case_managed"))
    keys = [
        person_keys(table.column("practice_id"), table.column("patient_id")).cast(pa.string()).combine_chunks()
        for table in (managed, previous.pending_removals())
    ]
    return pc.unique(pa.chunked_array(keys, pa.string()))


def with_caseload(register: Register, previous: Lists | None, ended: Mapping[str, str]) -> Register:
    """The register with everyone of an earlier caseload on the caseload as well, but for those who were ended.

    Raises
    ------
    InputError
        Somebody is ended who is on no caseload.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if previous is None and not ended:
        return register
    flags = register.packed.is_set("on_caseload")
    patients = register.column("patient_id").cast(pa.string())
    earlier = texts([])
    if previous is not None:
        earlier = earlier_caseload(previous)
        own = person_keys(register.column("practice_id"), patients)
        flags = flags | numpy_of(pc.is_in(own, value_set=earlier))
    if ended:
        gone = texts(ended)
        known = {*patients.filter(_as_mask(flags)).to_pylist(), *person_parts(earlier)[1]}
        strangers = sum(patient not in known for patient in ended)
        if strangers:
            raise InputError(
                f"ended= names {plural(strangers, 'patient')} not on the caseload: neither case managed by the "
                "earlier selection, nor proposed for removal by it, nor on_caseload in the register. Check the ids."
            )
        flags = flags & ~numpy_of(pc.is_in(patients, value_set=gone))
    return replace(register, packed=register.packed.with_flag("on_caseload", flags))


def _as_mask(flags: npt.NDArray[np.bool_]) -> pa.Array:
    import pyarrow as pa

    from casemgmt.arrow import array_of

    return array_of(flags, pa.bool_())


def read_ended(ended: object) -> dict[str, str]:
    """Whose case management a person has ended, by patient id, each with the reason.

    Parameters
    ----------
    ended : None; a mapping of patient ids to reasons; or a table with the columns ``patient_id`` and ``reason``, or the
        path of its file

    Raises
    ------
    InputError
        An id that is no text or is given twice, or one without a reason.
    """
    if ended is None:
        return {}
    pairs = list(ended.items()) if isinstance(ended, Mapping) else _pairs(ended)
    wrong = sum(not isinstance(patient, str) or not patient.strip() for patient, _ in pairs)
    if wrong:
        raise InputError(f"ended= holds {plural(wrong, 'row')} whose patient_id is missing or no text.")
    without = sum(not isinstance(reason, str) or not reason.strip() for _, reason in pairs)
    if without:
        raise InputError(f"ended= holds {plural(without, 'patient')} without a reason. Say why each was ended.")
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InputError(f"ended= names {plural(len(pairs) - len(found), 'patient')} twice. Keep one row of each.")
    try:
        "".join(found).encode()
    except UnicodeEncodeError:
        raise not_valid_text("ended= holds a patient_id") from None
    return found


def _pairs(ended: object) -> list[tuple[object, object]]:
    from casemgmt.register.sources import open_source

    if not (isinstance(ended, (str, Path)) or hasattr(ended, "__arrow_c_stream__")):
        raise InputError("ended= is a mapping of patient ids to reasons, or a table with patient_id and reason.")
    opened = open_source(ended)
    if opened.unsplit:
        lines = plural(len(opened.unsplit), "line")
        raise InputError(f"ended= holds {lines} with another number of values than its header.")
    table = without_guards_of_csv(ended, opened.table)
    missing = [name for name in ("patient_id", "reason") if name not in table.column_names]
    if missing:
        raise InputError(f"ended= is a table without the column '{missing[0]}'. It needs patient_id and reason.")
    return list(zip(table.column("patient_id").to_pylist(), table.column("reason").to_pylist(), strict=True))
