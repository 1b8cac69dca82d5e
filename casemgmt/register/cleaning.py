"""From columns as they came to whole-number codes: each distinct value is read once, each change is listed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from casemgmt.arrow import array_of, in_one_piece, numpy_of, validity_of
from casemgmt.compiling import pays
from casemgmt.errors import InputError, plural
from casemgmt.register.fields import Field
from casemgmt.register.long_texts import by_number, numbered
from casemgmt.register.values import AFTER_EXTRACT, BEFORE_1900, FIRST_DATE, Reading, is_out_of_range, read_value

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
    values : whole numbers, one per row; what it says where ``present``, else anything allowed
    present : bool, one per row; None where no value is missing
    problems : (rows, reason) for each reason a value was changed
    """

    values: npt.NDArray[Any]
    present: npt.NDArray[np.bool_] | None
    problems: tuple[tuple[npt.NDArray[np.int64], str], ...] = ()

    @property
    def has_missing(self) -> bool:
        """Whether a value is missing."""
        return self.present is not None


@dataclass(frozen=True, slots=True)
class FlagColumn:
    """A flag that came as true and false: nothing in it can be wrong, and its bits are packed as they lie.

    Attributes
    ----------
    column : bool, one per row
    absent : whether a missing value means false
    """

    column: pa.ChunkedArray
    absent: bool = False

    problems: ClassVar[tuple[tuple[Any, str], ...]] = ()

    @property
    def has_missing(self) -> bool:
        """Whether a value is missing."""
        return bool(self.column.null_count) and not self.absent

    @property
    def values(self) -> npt.NDArray[np.uint8]:
        """One number a row, 0 where the value is missing."""
        raw, present = numpy_of(self.column).view("uint8"), validity_of(self.column)
        return raw if present is None else raw * present

    @property
    def present(self) -> npt.NDArray[np.bool_] | None:
        """Where a value is given; None where none is missing."""
        return validity_of(self.column) if self.has_missing else None

    def planes(self, start: int, stop: int) -> tuple[Any, Any]:
        """The bits of some rows, the first row lowest, in uint64: known to be true, and missing."""
        import numpy as np

        part = self.column.slice(start, stop - start)
        true = _bits(part)
        if not part.null_count:
            return true, np.uint64(0)
        valid = _bits(part.is_valid())
        return true & valid, np.uint64(0) if self.absent else ~valid


def _bits(column: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """The values of a column of true and false as bits, the first row lowest."""
    import numpy as np

    rows = len(column)
    out = np.zeros(-(-rows // 64) * 8, dtype=np.uint8)
    chunk = column.chunk(0) if column.num_chunks == 1 else None
    if chunk is not None and chunk.offset % 8 == 0 and chunk.buffers()[1] is not None:
        count = -(-rows // 8)
        out[:count] = np.frombuffer(chunk.buffers()[1], dtype=np.uint8, offset=chunk.offset // 8, count=count)
    else:
        packed = np.packbits(numpy_of(column), bitorder="little")
        out[: len(packed)] = packed
    return out.view(np.uint64)


def clean_column(
    field: Field, column: pa.ChunkedArray, *, mapping: Mapping[str, Any] | None, date_format: str | None, last_day: int
) -> Cleaned | FlagColumn:
    """Read a column as ``field`` allows.

    Raises
    ------
    InputError
        A column whose type cannot hold the field.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        if field.kind == "category" and is_text(column.type.value_type):
            return _from_distinct(field, column, mapping, date_format, last_day)
        column = column.cast(column.type.value_type)
    _check_type(field, column.type)
    if pa.types.is_temporal(column.type):
        cleaned = _from_dates(field, column, mapping, last_day)
    elif mapping is None and field.kind == "flag" and pa.types.is_boolean(column.type):
        return FlagColumn(column)
    elif mapping is None and field.kind == "flag" and pa.types.is_integer(column.type):
        cleaned = _from_numbers(numpy_of(column), validity_of(column), 0, 1, "not true or false, or 0 or 1")
    elif mapping is None and field.kind == "integer" and pa.types.is_integer(column.type):
        reason = f"outside {field.least} to {field.most}"
        cleaned = _from_numbers(numpy_of(column), validity_of(column), field.least, field.most, reason)
    else:
        cleaned = _from_distinct(field, column, mapping, date_format, last_day)
    return cleaned


def _check_type(field: Field, kind: pa.DataType) -> None:
    import pyarrow as pa

    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    ok = is_text(kind) or pa.types.is_null(kind)
    if field.kind in {"integer", "flag"}:
        ok = ok or numeric or (field.kind == "flag" and pa.types.is_boolean(kind))
    elif field.kind == "date":
        ok = ok or pa.types.is_date(kind) or pa.types.is_timestamp(kind)
        if pa.types.is_timestamp(kind) and kind.tz is not None:
            raise InputError(
                f"Column '{field.name}' holds times with a time zone, in which a day can shift. Give plain dates."
            )
    elif field.kind == "category":
        # Residence may come as true and false, and so, with gaps, as 1.0 and 0.0.
        ok = ok or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
        ok = ok or (field.name == "care_home_type" and pa.types.is_floating(kind))
    if not ok:
        raise InputError(f"Column '{field.name}' holds {kind}; it should hold {field.allowed_in_words}.")


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type is text of any layout."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _from_numbers(raw: Any, present: Any, least: int, most: int, reason: str) -> Cleaned:
    import numpy as np

    if present is not None:
        raw = np.where(present, raw, raw.dtype.type(max(least, 0)))
    problems: tuple[tuple[Any, str], ...] = ()
    if len(raw) and (raw.min() < least or raw.max() > most):
        outside = (raw < least) | (raw > most)
        raw = np.where(outside, raw.dtype.type(least), raw)
        present = ~outside if present is None else present & ~outside
        problems = ((np.flatnonzero(outside), reason),)
    return Cleaned(raw, present, problems)


_DAYS_AS = {"date32[day]": 1, "date64[ms]": 86_400_000}
_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def _from_dates(field: Field, column: pa.ChunkedArray, mapping: Mapping[str, Any] | None, last_day: int) -> Cleaned:
    """Read dates, and times as the day they fall on."""
    import numpy as np
    import pyarrow as pa

    per_day = _DAYS_AS.get(str(column.type)) or _PER_DAY[column.type.unit]
    days, present = numpy_of(column), validity_of(column)
    # Division rounds down, so a time before 1970 stays on its own day.
    days = days if per_day == 1 else np.clip(days // per_day, -(2**31), 2**31 - 1).astype(np.int32)
    if mapping:
        as_days = pa.chunked_array([array_of(days, pa.date32(), present)])
        return _from_distinct(field, as_days.cast(pa.string()), mapping, None, last_day)
    early = _from_numbers(days, present, FIRST_DATE, 2**31 - 1, BEFORE_1900)
    late = early.values > last_day
    if not late.any():
        return early
    present = ~late if early.present is None else early.present & ~late
    problems = (*early.problems, (np.flatnonzero(late), AFTER_EXTRACT))
    return Cleaned(np.where(late, 0, early.values).astype(np.int32), present, problems)


def _from_distinct(
    field: Field, column: pa.ChunkedArray, mapping: Mapping[str, Any] | None, date_format: str | None, last_day: int
) -> Cleaned:
    import numpy as np

    indices, distinct = distinct_values(column)
    readings = [
        read_value(field, mapped(value, mapping), date_format=date_format, last_day=last_day) for value in distinct
    ]
    readings.append(Reading(None))  # the row of null indices, which are -1
    answers = np.array([reading.value or 0 for reading in readings], dtype=np.int32)
    fits = field.kind != "date" and answers.min() >= 0 and answers.max() < 256
    narrow = answers.astype(np.uint8) if fits else answers
    values = by_number(indices, narrow)
    is_present = np.array([reading.value is not None for reading in readings])
    present = None if is_present[:-1].all() and not column.null_count else by_number(indices, is_present)
    reasons = sorted({reading.reason for reading in readings if reading.reason})
    problems = tuple(
        (np.flatnonzero(np.array([reading.reason == reason for reading in readings])[indices]), reason)
        for reason in reasons
    )
    return Cleaned(values, present, problems)


def distinct_values(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.integer[Any]], list[Any]]:
    """Where each row's value stands among the distinct values (-1 for null), and those values."""
    import numpy as np
    import pyarrow as pa

    if is_text(column.type) and pays(len(column)):
        found = numbered(column)
        if found is not None:
            return found
    combined = in_one_piece(column)
    if pa.types.is_string_view(combined.type):
        combined = combined.cast(pa.large_string())
    came_encoded = pa.types.is_dictionary(combined.type)
    encoded = combined if came_encoded else combined.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks != 1 else encoded.chunk(0)
    indices, present = numpy_of(encoded.indices).astype(np.int64), validity_of(encoded.indices)
    indices = indices if present is None else np.where(present, indices, -1)
    distinct = encoded.dictionary.to_pylist()
    if len(indices) and not -1 <= indices.min() <= indices.max() < len(distinct):
        raise InputError("A dictionary column points to what is not in its dictionary. Make it anew.")
    return _only_met(indices, distinct) if came_encoded else (indices, distinct)


def _only_met(indices: npt.NDArray[np.int64], distinct: list[Any]) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """The same without values that no row has, which a dictionary may hold; its nulls and repeats are none either."""
    import numpy as np

    met = np.unique(indices[indices >= 0]).tolist()
    values = list(dict.fromkeys(distinct[i] for i in met if distinct[i] is not None))
    place = {value: i for i, value in enumerate(values)}
    by_index = np.full(len(distinct) + 1, -1, dtype=np.int64)
    by_index[met] = [place.get(distinct[i], -1) for i in met]
    return by_index[indices], values


def mapped(value: Any, mapping: Mapping[str, Any] | None) -> Any:
    """The value a user's ``values=`` gives for this one, or the value itself; keys are its text, ``9`` for 9.0 too."""
    if mapping is None or value is None:
        return value
    if isinstance(value, bool):
        key = str(value).lower()
    elif isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value):
        key = str(int(value))
    else:
        key = str(value)
    return mapping.get(key, value)


class Hope(NamedTuple):
    """Whether a column can be read as its field at all.

    ``some`` says that a value could be read, ``unread`` how many could not, ``why`` the first reason in the alphabet
    among those that are not of its size: values out of range were typed wrongly, and are only corrected.
    """

    some: bool
    unread: int
    why: str | None

    def and_then(self, later: Hope) -> Hope:
        """Of this part of a column and a later one."""
        whys = [why for why in (self.why, later.why) if why]
        return Hope(self.some or later.some, self.unread + later.unread, min(whys, default=None))


def hope_of(cleaned: Cleaned | FlagColumn) -> Hope:
    """Of one column read."""
    if isinstance(cleaned, FlagColumn):
        return Hope(len(cleaned.column) > 0, 0, None)
    if len(cleaned.values) and (cleaned.present is None or cleaned.present.any()):
        return Hope(True, 0, None)
    unread = sum(len(rows) for rows, _ in cleaned.problems)
    malformed = [reason for rows, reason in cleaned.problems if len(rows) and not is_out_of_range(reason)]
    return Hope(False, unread, min(malformed, default=None))


def refuse_hopeless(field: Field, hope: Hope) -> None:
    """Refuse a column that was declared wrongly, not typed wrongly.

    Raises
    ------
    InputError
        Not one of many values could be read.
    """
    if not hope.some and hope.unread >= _HOPELESS and hope.why:
        example = "date_format" if field.kind == "date" else "values"
        raise InputError(
            f"Column '{field.name}': not one of {plural(hope.unread, 'value')} is {field.allowed_in_words} "
            f"({hope.why}). Say how it is written with {example}={{'{field.name}': …}}."
        )
