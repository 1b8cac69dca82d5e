"""Columns of a register, and outcomes of its people, as numbers for evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.arrow import numpy_of, validity_of
from casemgmt.errors import InputError
from casemgmt.evaluation.outcomes import given_outcome

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


def known_outcome(register: Register, outcome: Any, argument: str = "outcome") -> npt.NDArray[np.float64]:
    """Each packed row's outcome as :func:`given_outcome` reads it; a table keyed by patient_id may hold true and false.

    Parameters
    ----------
    argument : what the caller calls it, for messages
    """
    try:
        return given_outcome(register, _numbered(outcome))
    except InputError as problem:
        if argument == "outcome":
            raise
        raise InputError(str(problem).replace("outcome=", f"{argument}=")) from None


def _numbered(outcome: Any) -> Any:
    """A table whose columns of true and false are 1 and 0; anything else as it is."""
    import pyarrow as pa

    if isinstance(outcome, pa.Table):
        for place, column in enumerate(outcome.columns):
            if pa.types.is_boolean(column.type):
                outcome = outcome.set_column(place, outcome.column_names[place], column.cast(pa.int8()))
    elif hasattr(outcome, "columns") and hasattr(outcome, "select_dtypes"):  # pandas
        truths = list(outcome.select_dtypes(["bool", "boolean"]).columns)
        if truths:
            outcome = outcome.astype(dict.fromkeys(truths, "Int8"))
    return outcome
