"""From columns as they came to whole-number codes: each distinct value is read once, each change is listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError, plural
from casemgmt.register.fields import Field
from casemgmt.register.values import FIRST_DATE, Reading, read_value

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# A column this long of which not one value can be read was declared wrongly, not typed wrongly.
_HOPELESS = 20


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One column read.

    Attributes
    ----------
    values : int32, one per row; what it says where ``present``, else 0
    present : bool, one per row; None where no value is missing
    problems : (rows, reason) for each reason a value was changed
    """

    values: npt.NDArray[np.int32]
    present: npt.NDArray[np.bool_] | None
    problems: tuple[tuple[npt.NDArray[np.int64], str], ...] = ()


def clean_column(
    field: Field, column: pa.ChunkedArray, *, mapping: Mapping[str, str] | None, date_format: str | None, last_day: int
) -> Cleaned:
    """Read a column as ``field`` allows.

    Raises
    ------
    InputError
        A column whose type cannot hold the field, or in which not one of many values can be read.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_timestamp(kind):
        column, kind = _dates_of(field, column), pa.date32()
    if pa.types.is_date64(kind):
        column, kind = column.cast(pa.date32()), pa.date32()
    _check_type(field, kind)
    if mapping is None:
        if field.kind == "flag" and pa.types.is_boolean(kind):
            return _from_numbers(column.cast(pa.uint8()), 0, 1, "")
        if field.kind == "flag" and pa.types.is_integer(kind):
            return _from_numbers(column, 0, 1, "not true or false, or 0 or 1")
        if field.kind == "integer" and pa.types.is_integer(kind):
            return _from_numbers(column, field.least, field.most, f"outside {field.least} to {field.most}")
        if field.kind == "date" and pa.types.is_date32(kind):
            return _from_days(column, last_day)
    return _from_distinct(field, column, mapping, date_format, last_day)


def _check_type(field: Field, kind: pa.DataType) -> None:
    import pyarrow as pa

    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    textual = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    ok = textual or pa.types.is_null(kind)
    if field.kind in {"integer", "flag"}:
        ok = ok or numeric or (field.kind == "flag" and pa.types.is_boolean(kind))
    elif field.kind == "date":
        ok = ok or pa.types.is_date32(kind)
    elif field.kind == "category":
        ok = ok or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    if not ok:
        raise InputError(f"Column '{field.name}' holds {kind}; it should hold {field.allowed_in_words}.")


def _dates_of(field: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    if column.type.tz is not None:
        raise InputError(
            f"Column '{field.name}' holds times with a time zone, in which a day can shift. Give plain dates."
        )
    return column.cast(pa.timestamp("s"), safe=False).cast(pa.date32(), safe=False)


def _numpy(column: pa.ChunkedArray, filler: int) -> tuple[Any, Any]:
    """The values as a NumPy array, missing ones as ``filler``, and which are present (None: all)."""
    if not column.null_count:
        return column.to_numpy(), None
    return column.fill_null(filler).to_numpy(), column.is_valid().to_numpy()


def _from_numbers(column: pa.ChunkedArray, least: int, most: int, reason: str) -> Cleaned:
    import numpy as np

    raw, present = _numpy(column, least)
    problems: tuple[tuple[Any, str], ...] = ()
    if len(raw) and (raw.min() < least or raw.max() > most):
        outside = (raw < least) | (raw > most)
        raw = np.where(outside, least, raw)
        present = ~outside if present is None else present & ~outside
        problems = ((np.flatnonzero(outside), reason),)
    values = raw.astype(np.int32)
    return Cleaned(values, present, problems)


def _from_days(column: pa.ChunkedArray, last_day: int) -> Cleaned:
    import numpy as np
    import pyarrow as pa

    early = _from_numbers(column.cast(pa.int32()), FIRST_DATE, 2**31 - 1, "before 1900")
    late = early.values > last_day
    if not late.any():
        return early
    present = ~late if early.present is None else early.present & ~late
    problems = (*early.problems, (np.flatnonzero(late), "after the extract date"))
    return Cleaned(np.where(late, 0, early.values).astype(np.int32), present, problems)


def _from_distinct(
    field: Field, column: pa.ChunkedArray, mapping: Mapping[str, str] | None, date_format: str | None, last_day: int
) -> Cleaned:
    import numpy as np

    indices, distinct = distinct_values(column)
    readings = [
        read_value(field, mapped(value, mapping), date_format=date_format, last_day=last_day) for value in distinct
    ]
    _refuse_hopeless(field, distinct, readings, len(column) - column.null_count)
    readings.append(Reading(None))  # the row of null indices, which are -1
    values = np.array([reading.value or 0 for reading in readings], dtype=np.int32)[indices]
    is_present = np.array([reading.value is not None for reading in readings])
    present = None if is_present[:-1].all() and not column.null_count else is_present[indices]
    reasons = sorted({reading.reason for reading in readings if reading.reason})
    problems = tuple(
        (np.flatnonzero(np.array([reading.reason == reason for reading in readings])[indices]), reason)
        for reason in reasons
    )
    return Cleaned(values, present, problems)


def distinct_values(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """Where each row's value stands among the distinct values (-1 for null), and those values."""
    import numpy as np
    import pyarrow as pa

    combined = column.combine_chunks()
    if pa.types.is_string_view(combined.type):
        combined = combined.cast(pa.large_string())
    encoded = combined.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks != 1 else encoded.chunk(0)
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return indices, encoded.dictionary.to_pylist()


def mapped(value: Any, mapping: Mapping[str, str] | None) -> Any:
    """The value a user's ``values=`` gives for this one, or the value itself; keys are its text."""
    if mapping is None or value is None:
        return value
    key = str(value).lower() if isinstance(value, bool) else str(value)
    return mapping.get(key, value)


def _refuse_hopeless(field: Field, distinct: list[Any], readings: list[Reading], given: int) -> None:
    unread = [reading.reason for reading in readings if reading.value is None and reading.reason]
    if given >= _HOPELESS and distinct and len(unread) == len(distinct):
        example = "date_format" if field.kind == "date" else "values"
        raise InputError(
            f"Column '{field.name}': not one of {plural(given, 'value')} is {field.allowed_in_words} "
            f"({unread[0]}). Say how it is written with {example}={{'{field.name}': …}}."
        )
