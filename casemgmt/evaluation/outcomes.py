"""The outcome that a score is judged by: known to have happened, known not to have, or not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.arrow import numpy_of, validity_of
from casemgmt.errors import InputError, no_such_column, plural
from casemgmt.register.cleaning import distinct_values, is_text
from casemgmt.register.spellings import flag_of, is_missing_word
from casemgmt.selection.float_scores import as_floats
from casemgmt.selection.given import given_scores

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register

# With fewer people who had the outcome, or who had it not, no figure means anything.
FEWEST_EVENTS = 10


def given_outcome(register: Register, outcome: object) -> npt.NDArray[np.float64]:
    """Each packed row's outcome: 1 it happened, 0 it did not, NaN not known.

    Parameters
    ----------
    outcome : a column's name; or true and false, or 0 and 1, in any form that ``score=`` of :func:`casemgmt.select`
        takes: an array in source order, a Series, or keyed by patient_id. Null is not known

    Raises
    ------
    InputError
        A column that is not there, or values that are neither.
    """
    import numpy as np

    if isinstance(outcome, str):
        if outcome not in register.column_names:
            raise no_such_column("outcome", outcome, register.column_names)
        values = _of_column(register.column(outcome), outcome)
    else:
        values = given_scores(register, _as_numbers(outcome), "outcome")
    other = int(np.count_nonzero(~np.isnan(values) & (values != 0) & (values != 1)))
    if other:
        raise _neither(outcome, other)
    return values


def refuse_few(outcome: npt.NDArray[np.bool_]) -> None:
    """Refuse to judge by an outcome that hardly anybody had, or nearly everybody.

    Raises
    ------
    InputError
    """
    had = int(outcome.sum())
    for count, which in ((had, "had the outcome"), (len(outcome) - had, "did not have the outcome")):
        if count < FEWEST_EVENTS:
            raise InputError(
                f"outcome: of {plural(len(outcome), 'person', 'people')} who can be judged, {count or 'nobody'} "
                f"{which}, and at least {FEWEST_EVENTS} must have. Give the column that says what happened, or more "
                "people; null means that it is not known."
            )


def _as_numbers(outcome: object) -> object:
    """True and false as 1 and 0, in the container they came in; anything else as it is."""
    import numpy as np

    kind = getattr(getattr(outcome, "dtype", None), "kind", None)
    if isinstance(outcome, np.ndarray) and kind == "b":
        return outcome.astype(np.float64)
    if isinstance(outcome, dict):
        return {key: _number(value) for key, value in outcome.items()}
    if isinstance(outcome, (list, tuple)):
        return [_number(value) for value in outcome]
    if hasattr(outcome, "reindex") and not hasattr(outcome, "columns") and kind in ("b", "O"):
        return outcome.map(_number, na_action="ignore")  # type: ignore[attr-defined]  # a pandas Series
    if hasattr(outcome, "type") and str(outcome.type) == "bool":
        import pyarrow as pa

        return outcome.cast(pa.int8())  # type: ignore[attr-defined]  # an Arrow column
    return outcome


def _number(value: object) -> object:
    import numpy as np

    return int(value) if isinstance(value, (bool, np.bool_)) else value


def _of_column(column: pa.Array, name: str) -> npt.NDArray[np.float64]:
    """A column's values as 1, 0 and NaN; numbers stay what they are."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        present, values = validity_of(column), numpy_of(column).astype(np.float64)
        return values if present is None else np.where(present, values, np.nan)
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    if not (is_text(column.type) or pa.types.is_dictionary(column.type)):
        return as_floats(column, f"Column '{name}'")
    places, distinct = distinct_values(pa.chunked_array([column]))
    meant = [np.nan if value is None or is_missing_word(str(value)) else flag_of(str(value)) for value in distinct]
    wrong = {place for place, value in enumerate(meant) if value is None}
    if wrong:
        raise _neither(name, int(np.isin(places, list(wrong)).sum()))
    by_place: npt.NDArray[np.float64] = np.array([*(float(value) for value in meant if value is not None), np.nan])
    return np.asarray(by_place[places])


def _neither(outcome: object, count: int) -> InputError:
    what = f"Column '{outcome}'" if isinstance(outcome, str) else "outcome="
    return InputError(
        f"{what} holds {plural(count, 'value')} that are neither 0 nor 1. An outcome happened (true, 1) or did not "
        "(false, 0), and null says that it is not known. Of a count, give whether it is above 0."
    )
