"""Columns of a register as numbers for evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.arrow import numpy_of, validity_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register


def numbers_of(register: Register, name: str, rows: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.float64]:
    """A column's values of all packed rows or some; NaN where missing, or where the register has no such column."""
    import numpy as np
    import pyarrow as pa

    count = len(register) if rows is None else len(rows)
    if name not in register.column_names:
        return np.full(count, np.nan)
    column = register.column(name, rows)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    present, values = validity_of(column), numpy_of(column).astype(np.float64)
    return values if present is None else np.where(present, values, np.nan)
