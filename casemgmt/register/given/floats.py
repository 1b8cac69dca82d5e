"""Numbers as users give them, as floats without a rounded number: two that differ never become one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Real
from typing import TYPE_CHECKING, TypeGuard

from casemgmt.arrow import in_one_piece, numpy_of, rows_of, validity_of
from casemgmt.errors import InputError
from casemgmt.register.cleaning import is_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    # Makes floats, NaN where one is missing, of a container of values and what it is called in messages.
    ToFloats = Callable[[object, str], npt.NDArray[np.float64]]

# Beyond this, two different whole numbers can be one float.
LARGEST_WHOLE = 2**53
_WHOLE_AS_TEXT = r"^\s*[+-]?[0-9]+(\.0*)?\s*$"


def as_floats(score: object, what: str = "score=") -> npt.NDArray[np.float64]:
    """A user's scores as floats, NaN where one is missing or masked.

    Raises
    ------
    InputError
        Something that is not a number; or a number that a float would round so that another could become equal to it.
    """
    import pyarrow as pa

    try:
        if isinstance(score, (pa.Array, pa.ChunkedArray)):
            return _from_arrow(score, what)
        if hasattr(score, "to_arrow"):
            return as_floats(score.to_arrow(), what)
        if is_pandas(score):
            return _from_pandas(score, what)
        if isinstance(score, (list, tuple)):
            return _from_objects(score, what)
        return _from_numpy(score, what)
    except InputError:
        raise
    except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError):
        raise _no_numbers(what) from None


def is_pandas(score: object) -> TypeGuard[pd.Series | pd.DataFrame]:
    """Whether it is a pandas Series or frame, which knows whose its values are by an index."""
    of_pandas = any(base.__module__.partition(".")[0] == "pandas" for base in type(score).__mro__)
    return of_pandas and hasattr(score, "index") and hasattr(score, "reindex")


def _no_numbers(what: str) -> InputError:
    return InputError(
        f"{what} holds something that is not a number. Give numbers such as 0.25, and nothing where there is no score; "
        "a word, a percent sign or a comma is not read."
    )


def _too_large(what: str) -> InputError:
    return InputError(
        f"{what} holds whole numbers above 2**53, of which two can become one as floats, and the order of patients "
        "would be lost. Give smaller numbers, such as their ranks."
    )


def _merged(what: str) -> InputError:
    return InputError(
        f"{what} holds numbers of so many digits that different ones become equal as floats, and the order of patients "
        "would be lost. Round them to 15 digits, or give their ranks."
    )


def _from_arrow(column: pa.Array | pa.ChunkedArray, what: str) -> npt.NDArray[np.float64]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    column = in_one_piece(column)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if pa.types.is_integer(kind):
        return _from_whole(numpy_of(column), validity_of(column), what)
    if pa.types.is_string_view(kind):
        column = column.cast(pa.large_string())
        kind = column.type
    if not (is_text(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise _no_numbers(what)
    floats = column.cast(pa.float64(), safe=not pa.types.is_decimal(kind))
    values, present = numpy_of(floats), validity_of(floats)
    values = values if present is None else np.where(present, values, np.nan)
    if is_text(kind):
        large = column.take(rows_of(np.flatnonzero(np.abs(values) >= LARGEST_WHOLE)))
        whole = large.filter(pc.match_substring_regex(large, pattern=_WHOLE_AS_TEXT)).to_pylist()
        if any(abs(int(text.strip().partition(".")[0])) > LARGEST_WHOLE for text in whole):
            raise _too_large(what)
    elif pa.types.is_decimal(kind) and len(np.unique(values[~np.isnan(values)])) < pc.count_distinct(column).as_py():
        raise _merged(what)
    return np.ascontiguousarray(values)


def _from_whole(
    values: npt.NDArray[np.generic], present: npt.NDArray[np.bool_] | None, what: str
) -> npt.NDArray[np.float64]:
    """Whole numbers, which are refused where a float could not hold each of them."""
    import numpy as np

    known = values if present is None else values[present]
    if len(known) and (int(known.max()) > LARGEST_WHOLE or int(known.min()) < -LARGEST_WHOLE):
        raise _too_large(what)
    floats = values.astype(np.float64)
    return floats if present is None else np.where(present, floats, np.nan)


def _from_pandas(series: pd.Series, what: str) -> npt.NDArray[np.float64]:
    import numpy as np
    import pyarrow as pa

    if isinstance(series.dtype, np.dtype):
        return _from_numpy(series.to_numpy(), what)
    return _from_arrow(pa.Array.from_pandas(series), what)


def _from_numpy(score: object, what: str) -> npt.NDArray[np.float64]:
    import numpy as np

    mask = np.ma.getmaskarray(score) if isinstance(score, np.ma.MaskedArray) else None
    values = np.asarray(score)
    if values.dtype.kind == "O":
        shape = values.shape
        out = _from_objects(values.ravel().tolist(), what).reshape(shape)
        return out if mask is None else np.where(mask, np.nan, out)
    if values.dtype.kind not in "iuf":
        raise _no_numbers(what)
    if values.dtype.kind in "iu":
        flat = None if mask is None else ~mask.ravel()
        return _from_whole(values.ravel(), flat, what).reshape(values.shape)
    floats = np.ascontiguousarray(values, dtype=np.float64)
    if values.dtype.itemsize > 8:
        given = values[~np.isnan(values)]
        if len(np.unique(given)) > len(np.unique(given.astype(np.float64))):
            raise _merged(what)
    return floats if mask is None else np.where(mask, np.nan, floats)


def _from_objects(values: Iterable[object], what: str) -> npt.NDArray[np.float64]:
    """Python numbers one by one; None, pandas' NA and NumPy's masked are missing."""
    import numpy as np

    floats, exact = [], set()
    for value in values:
        if value is None or value is np.ma.masked or type(value).__name__ in ("NAType", "NaTType"):
            floats.append(np.nan)
        elif isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, Decimal)):
            raise _no_numbers(what)
        elif isinstance(value, Integral) and abs(int(value)) > LARGEST_WHOLE:
            raise _too_large(what)
        else:
            floats.append(float(value))
            if isinstance(value, (Decimal, Fraction)):
                exact.add(value)
    if len({float(value) for value in exact}) < len(exact):
        raise _merged(what)
    return np.array(floats, dtype=np.float64)
