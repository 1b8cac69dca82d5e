"""What became of each person, as a caller gives it: it happened, it did not, or it is not known."""

from __future__ import annotations

from numbers import Number
from typing import TYPE_CHECKING

from casemgmt.arguments import is_not
from casemgmt.arrow import in_one_piece, numpy_of, validity_of
from casemgmt.errors import InputError, plural
from casemgmt.register.cleaning import distinct_values, is_text
from casemgmt.register.given.floats import as_floats, is_pandas
from casemgmt.register.given.values import values_given
from casemgmt.register.spellings import flag_of, is_missing_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.register import Register

    Floats = npt.NDArray[np.float64]

# What a word is that says neither true nor false, nor that it is not known; counted with 2 and 0.5.
_NEITHER = float("inf")


def outcome_given(register: Register, outcome: object, name: str = "outcome") -> Floats:
    """Each packed row's outcome: 1 it happened, 0 it did not, NaN not known.

    The one reader of outcomes: what fits, recalibrates and evaluates takes the same forms and refuses the same.

    Parameters
    ----------
    outcome : true and false, 0 and 1, or words such as ``yes`` and ``N``, in any form that ``score=`` of
        :func:`casemgmt.select` takes: a column's name; one value a source row in source order; a pandas Series, matched
        on its index; or keyed by patient id (a mapping, or a frame with ``patient_id`` and one column more). Null,
        NaN, masked, and words such as ``NULL`` are not known, and nor is whoever a form with labels or ids leaves out
    name : of the argument, for messages

    Returns
    -------
    float64, one a packed row, the caller's to change

    Raises
    ------
    InputError
        A column that is not there; values that are neither; values that cannot be matched to the rows, such as a Series
        numbered anew beside a frame that was sorted.
    """
    import numpy as np

    if outcome is None or isinstance(outcome, (Number, bytes, set, frozenset, type)):
        raise is_not(
            f"{name}=",
            "the name of a column; or true and false, one a source row in source order, or with their patient_id",
            outcome,
        )
    values = np.array(values_given(register, outcome, name, _as_ones), dtype=np.float64)
    other = int(np.count_nonzero(~np.isnan(values) & (values != 0) & (values != 1)))
    if other:
        raise _neither(_called(outcome, name), plural(other, "value"))
    return values


def _called(outcome: object, name: str) -> str:
    return f"Column '{outcome}'" if isinstance(outcome, str) else f"{name}="


def _neither(what: str, values: str) -> InputError:
    return InputError(
        f"{what} holds {values} neither 0 nor 1. An outcome happened (true, 1) or did not (false, 0), and null says "
        "that it is not known. Of a count, give whether it is above 0."
    )


def _as_ones(values: object, what: str) -> Floats:
    """Values of any container as 1 for true, 0 for false and NaN for not known; other numbers stay what they are."""
    import numpy as np
    import pyarrow as pa

    try:
        if isinstance(values, (pa.Array, pa.ChunkedArray)):
            return _from_arrow(in_one_piece(values), what)
        if hasattr(values, "to_arrow"):
            return _as_ones(values.to_arrow(), what)
        if is_pandas(values):
            as_numpy = isinstance(getattr(values, "dtype", None), np.dtype)
            return _as_ones(values.to_numpy() if as_numpy else pa.Array.from_pandas(values), what)
        if isinstance(values, (list, tuple)):
            return _floats(_ones(values), what)
        return _from_numpy(values, what)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError) as problem:
        raise (problem if isinstance(problem, InputError) else _neither(what, "something")) from None


def _floats(values: object, what: str) -> Floats:
    """Numbers as floats; of anything else, what an outcome is rather than what a score is."""
    try:
        return as_floats(values, what)
    except InputError:
        raise _neither(what, "something") from None


def _from_numpy(given: object, what: str) -> Floats:
    import numpy as np

    values = np.asarray(given)
    if values.dtype.kind not in "bOTU":  # true and false, objects and text
        return _floats(given, what)
    # What a mask hides may be anything, and is not looked at.
    values = values.astype(object)
    if isinstance(given, np.ma.MaskedArray):
        values[np.ma.getmaskarray(given)] = None
    return _floats(_ones(values.ravel().tolist()), what).reshape(values.shape)


def _from_arrow(column: pa.Array, what: str) -> Floats:
    import numpy as np
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        present, values = validity_of(column), numpy_of(column).astype(np.float64)
        return values if present is None else np.where(present, values, np.nan)
    if not (is_text(column.type) or pa.types.is_dictionary(column.type)):
        return _floats(column, what)
    places, distinct = distinct_values(pa.chunked_array([column]))
    by_place = np.array([*(_one(str(value)) for value in distinct), np.nan])
    return np.asarray(by_place[places])


def _ones(values: Iterable[object]) -> list[object]:
    """Python's values, those that are true, false or words as numbers."""
    import numpy as np

    def number(value: object) -> object:
        if isinstance(value, str):
            return _one(value)
        return int(value) if isinstance(value, (bool, np.bool_)) else value

    return [number(value) for value in values]


def _one(word: str) -> float:
    """What a word says."""
    if is_missing_word(word):
        return float("nan")
    flag = flag_of(word)
    return _NEITHER if flag is None else float(flag)
