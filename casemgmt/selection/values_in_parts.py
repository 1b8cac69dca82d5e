"""A user's scores, or risks, of a register that is read a part at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import InputError
from casemgmt.register.given.keyed import ValuesById, values_by_id
from casemgmt.register.given.values import refuse_differing, values_by_row, values_given

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.in_parts import RegisterInParts
    from casemgmt.register.register import Register


class ValuesInParts:
    """Given values, met part by part: a column, keyed by patient id, or one a row of the files.

    Parameters
    ----------
    value : as the caller gave it; None for nothing
    name : of the argument
    for_kept_rows : whether they are asked for again of rows that were kept, which have lost their place in the files
    """

    def __init__(self, scanned: RegisterInParts, value: object, name: str, *, for_kept_rows: bool = False) -> None:
        self._value, self._name = value, name
        self._held = _held(scanned, value, name, for_kept_rows)
        self._met = 0

    def restart(self) -> None:
        """Forget what a pass has met."""
        self._met = 0

    def of(self, register: Register, start: int) -> npt.NDArray[np.float64]:
        """Those of a part, in packed order: NaN where there are none.

        Parameters
        ----------
        start : the row of the whole at which the part's file begins
        """
        import numpy as np

        if self._value is None:
            return np.full(len(register), np.nan)
        if self._held is None:
            return values_given(register, self._value, self._name)
        if isinstance(self._held, ValuesById):
            values, met = self._held.of(register)
            self._met += met
            return values
        rows = register.source_table.num_rows
        numbers = np.arange(rows) if register.source_row is None else register.source_row
        return np.asarray(self._held[start + numbers][register.table_row])

    def of_kept(self, register: Register) -> npt.NDArray[np.float64] | None:
        """Those of rows that were kept; None where none were given."""
        if self._value is None:
            return None
        return self._held.of(register)[0] if isinstance(self._held, ValuesById) else self.of(register, 0)

    def refuse_unmatched(self, patients: int) -> None:
        """Refuse values keyed by ids that met few of so many accepted patients."""
        if isinstance(self._held, ValuesById):
            self._held.refuse_unmatched(self._met, patients, None)


def _held(
    scanned: RegisterInParts, value: object, name: str, for_kept_rows: bool
) -> ValuesById | npt.NDArray[np.float64] | None:
    """Values keyed by patient id, or one a row of the files; None where there are none, or they are a column."""
    import numpy as np

    if value is None or isinstance(value, str):
        return None
    keyed = values_by_id(value, name)
    if keyed is not None:
        return keyed
    if for_kept_rows or not scanned.has_source_rows:
        why = "a packed register has lost its source's rows" if not scanned.has_source_rows else "it is read in parts"
        raise InputError(f"{name}= must be the name of a carried column, or {name}s with their patient_id: {why}.")
    values, named = values_by_row(value, scanned.rows_in, None, name)
    repeats = np.array(list(scanned.merged_rows().items()), dtype=np.int64).reshape(-1, 2)
    refuse_differing(values, named, repeats, name)
    return values
