"""What an earlier selection leaves behind: who was on the caseload, who is still to be decided about, who was ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import in_one_piece, numpy_of, texts
from casemgmt.errors import InputError, not_valid_text, plural
from casemgmt.register.columns import person_keys, person_parts
from casemgmt.register.given.tables import is_table, table_given

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.selection.lists import Earlier, Lists


class EarlierSelection:
    """An earlier selection: its case-managed patients, and whoever it proposed for removal: nobody leaves until a
    person decides.
    """

    named, where, dated = "the previous selection", "on the earlier lists", "its list"

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self.as_of: str = lists.facts["as_of"]
        self.workings = lists.workings

    def on_caseload(self) -> pa.Array:
        """See :class:`Earlier`."""
        import pyarrow as pa
        import pyarrow.compute as pc

        listed = self._lists.to_arrow(reasons=False)
        managed = listed.filter(listed.column("case_managed"))
        keys = [
            person_keys(table.column("practice_id"), table.column("patient_id")).cast(pa.string()).combine_chunks()
            for table in (managed, self.pending_removals())
        ]
        return pc.unique(pa.chunked_array(keys, pa.string()))

    def left(self) -> pa.Table:
        """Nobody that it knows of."""
        return nobody_left()

    def pending_removals(self) -> pa.Table:
        """See :class:`Earlier`."""
        return self._lists.pending_removals()

    def ids(self) -> pa.Array | pa.ChunkedArray:
        """Of everyone listed."""
        return self._lists.to_arrow(reasons=False).column("patient_id")

    def practices(self) -> list[str]:
        """See :class:`Earlier`."""
        summary = self._lists.summary()
        columns = (summary.column(name).to_pylist() for name in ("practice_id", "list_size"))
        return [code for code, size in dict(zip(*columns, strict=True)).items() if size]

    def facts(self) -> dict[str, Any]:
        """Nothing."""
        return {}


def nobody_left() -> pa.Table:
    """The table of :meth:`Earlier.left` without a row."""
    import pyarrow as pa

    names = ("practice_id", "patient_id", "status")
    return pa.table({**{name: texts([]) for name in names}, "left_on": pa.array([], pa.date32())})


class WithCaseload(NamedTuple):
    """A register whose ``on_caseload`` is that of the caseload as it stands, and how many it had on it that left."""

    register: Register
    overruled: int


def with_caseload(register: Register, previous: Earlier | None, ended: Mapping[str, str]) -> WithCaseload:
    """The register with everyone of an earlier caseload on the caseload as well, but for those who left or were ended.

    Raises
    ------
    InputError
        Somebody is ended who is on no caseload.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if previous is None and not ended:
        return WithCaseload(register, 0)
    earlier = texts([]) if previous is None else previous.on_caseload()
    flags, overruled = flags_of(register, earlier, keys_of(nobody_left() if previous is None else previous.left()))
    if ended:
        patients, gone = register.column("patient_id").cast(pa.string()), texts(ended)
        known = {*patients.filter(_as_mask(flags)).to_pylist(), *person_parts(earlier)[1]}
        strangers = sum(patient not in known for patient in ended)
        if strangers:
            raise InputError(
                f"ended= names {plural(strangers, 'patient')} not on the caseload: neither case managed by the "
                "earlier selection, nor proposed for removal by it, nor on_caseload in the register. Check the ids."
            )
        flags = flags & ~numpy_of(pc.is_in(patients, value_set=gone))
    return WithCaseload(replace(register, packed=register.packed.with_flag("on_caseload", flags)), overruled)


def flags_of(register: Register, on_caseload: pa.Array, left: pa.Array) -> tuple[npt.NDArray[np.bool_], int]:
    """Who of a register is on the caseload, and how many it had on it who have left.

    Parameters
    ----------
    on_caseload, left : keys of people, as :func:`person_keys`
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    flags = register.packed.is_set("on_caseload")
    own = person_keys(register.column("practice_id"), register.column("patient_id").cast(pa.string()))
    gone = numpy_of(pc.is_in(own, value_set=left))
    overruled = int((flags & gone).sum())
    return (flags & ~gone) | numpy_of(pc.is_in(own, value_set=on_caseload)), overruled


def keys_of(table: pa.Table) -> pa.Array:
    """The key of each row of a table with practice_id and patient_id."""
    import pyarrow as pa

    columns = (table.column(name).cast(pa.string()) for name in ("practice_id", "patient_id"))
    return in_one_piece(person_keys(*columns))


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
    if not is_table(ended):
        raise InputError("ended= is a mapping of patient ids to reasons, or a table with patient_id and reason.")
    table = table_given(ended, "ended")
    missing = [name for name in ("patient_id", "reason") if name not in table.column_names]
    if missing:
        raise InputError(f"ended= is a table without the column '{missing[0]}'. It needs patient_id and reason.")
    return list(zip(table.column("patient_id").to_pylist(), table.column("reason").to_pylist(), strict=True))
