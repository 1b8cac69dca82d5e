"""From columns as they came to whole-number codes: each distinct value is read once, each change is listed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from casemgmt.arrow import array_of, in_one_piece, numpy_of, validity_of
from casemgmt.compiling import pays
from casemgmt.errors import InputError
from casemgmt.register.date_columns import days_of_dates, in_range, plain_days_of_texts
from casemgmt.register.date_forms import TIME_OF_DAY, TRUNCATE, date_form
from casemgmt.register.fields import Field
from casemgmt.register.spellings import whole_of
from casemgmt.register.values import Reading, read_value
from casemgmt.texts.long_texts import by_number, numbered

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


_SHORT_CHUNK = 1 << 17  # rows


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One column read.

    Attributes
    ----------
    values : whole numbers, one per row; what it says where ``present``, else anything allowed
    present : bool, one per row; None where no value is missing
    problems : (rows, reason) for each reason a value was changed
    words : word that was read as a missing value → how often
    lengths : of the shortest and the longest text; None where no value is text
    """

    values: npt.NDArray[np.integer]
    present: npt.NDArray[np.bool_] | None
    problems: tuple[tuple[npt.NDArray[np.int64], str], ...] = ()
    words: Mapping[str, int] = field(default_factory=dict)
    lengths: tuple[int, int] | None = None

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

    problems: ClassVar[tuple[tuple[npt.NDArray[np.int64], str], ...]] = ()
    words: ClassVar[Mapping[str, int]] = {}
    lengths: ClassVar[None] = None

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

    def planes(self) -> PlanesOf:
        """What gives the bits of some rows: those from the first, which 64 divides, to before the last."""
        import numpy as np

        true, valid = _bits(self.column), None
        if self.column.null_count:
            valid = _bits(self.column.is_valid())

        def of_rows(start: int, stop: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64] | np.uint64]:
            words = slice(start // 64, -(-stop // 64))
            if valid is None:
                return true[words], np.uint64(0)
            return true[words] & valid[words], np.uint64(0) if self.absent else ~valid[words]

        return of_rows


CleanedColumns: TypeAlias = Mapping[str, Cleaned | FlagColumn]
# First row, last row → the bits known to be true and those missing, the first row lowest.
PlanesOf: TypeAlias = "Callable[[int, int], tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64] | np.uint64]]"
# A field, rows of it, and why their values were changed.
Problem: TypeAlias = "tuple[str, npt.NDArray[np.int64], str]"


def _bits(column: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """The values of a column of true and false as bits, the first row lowest; what follows the last may be anything."""
    import numpy as np

    rows = len(column)
    chunk = in_one_piece(column)
    if chunk.offset % 8 == 0 and chunk.buffers()[1] is not None:
        data, first = chunk.buffers()[1], chunk.offset // 8
        if first + -(-rows // 64) * 8 <= data.size:
            return np.frombuffer(data, dtype=np.uint64, offset=first, count=-(-rows // 64))
        packed = np.frombuffer(data, dtype=np.uint8, offset=first, count=-(-rows // 8))
    else:
        packed = np.packbits(numpy_of(chunk), bitorder="little")
    out = np.zeros(-(-rows // 64) * 8, dtype=np.uint8)
    out[: len(packed)] = packed
    return out.view(np.uint64)


def clean_column(
    field: Field,
    column: pa.ChunkedArray,
    *,
    mapping: Mapping[str, object] | None,
    date_format: str | None,
    last_day: int,
    times: Literal["midnight", "any"] = "any",
) -> Cleaned | FlagColumn:
    """Read a column as ``field`` allows.

    Parameters
    ----------
    times : whether a time without zone must be midnight, or stands for its day at any hour, as in a declared form

    Raises
    ------
    InputError
        A column whose type cannot hold the field.
    """
    import pyarrow as pa

    if times == "any" and date_format is not None and not date_form(date_format).truncates:
        date_format = f"{TRUNCATE} {date_format}"
    if pa.types.is_dictionary(column.type):
        if field.kind == "category" and is_text(column.type.value_type):
            return _from_distinct(field, column, mapping, date_format, last_day)
        column = column.cast(column.type.value_type)
    if field.kind == "date" and date_format is not None:
        column = _whole_numbers_as_text(column)
    if field.kind in {"date", "category"}:
        column = typeless(column)
    _check_type(field, column.type, mapping)
    if pa.types.is_temporal(column.type):
        return _from_dates(field, column, mapping, date_format, last_day, times)
    if mapping is None and field.kind == "flag" and pa.types.is_boolean(column.type):
        return FlagColumn(column)
    if mapping is None and field.kind in {"flag", "integer"}:
        reason = "not true or false, or 0 or 1" if field.kind == "flag" else f"outside {field.least} to {field.most}"
        if pa.types.is_integer(column.type):
            return _from_numbers(numpy_of(column), validity_of(column), field.least, field.most, reason)
        if pa.types.is_floating(column.type):
            whole = _from_whole_floats(column, field.least, field.most, reason)
            if whole is not None:
                return whole
    return _from_distinct(field, column, mapping, date_format, last_day)


def _check_type(field: Field, kind: pa.DataType, mapping: Mapping[str, object] | None) -> None:
    import pyarrow as pa

    decimal = pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    numeric = pa.types.is_integer(kind) or decimal
    ok = is_text(kind) or pa.types.is_null(kind)
    if field.kind in {"integer", "flag"}:
        ok = ok or numeric or (field.kind == "flag" and pa.types.is_boolean(kind))
    elif field.kind == "date":
        ok = ok or pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    elif field.kind == "category":
        # Whole numbers with gaps come as 1.0 and 2.0. Residence may come as true and false, and so as these, too.
        ok = ok or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
        ok = ok or (decimal and (mapping is not None or field.name == "care_home_type"))
    if not ok:
        remedy = _remedy_of_type(field, kind)
        raise InputError(f"Column '{field.name}' holds {kind}; it should hold {field.allowed_in_words}.{remedy}")


def typeless(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without a value as one without a type: pandas takes a column of gaps for one of decimals."""
    import pyarrow as pa
    import pyarrow.compute as pc

    gaps = column.null_count
    if pa.types.is_floating(column.type) and gaps < len(column):
        # One value that is no NaN settles it for most columns.
        first = column.drop_null()[0].as_py()
        gaps = pc.sum(pc.is_null(column, nan_is_null=True)).as_py() if first != first else 0  # noqa: PLR0124
    return pa.chunked_array([pa.nulls(len(column))]) if len(column) and gaps == len(column) else column


def _remedy_of_type(field: Field, kind: pa.DataType) -> str:
    """What to do about a type that cannot hold a field."""
    import pyarrow as pa

    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if number and field.kind == "date":
        return (
            f" If it is written 20150401, say so with date_format={{'{field.name}': '%Y%m%d'}}; days counted by a "
            "spreadsheet, years and numbers for no date are not read: make dates of them where the data is loaded."
        )
    return f" Say what its numbers mean with values={{'{field.name}': …}}." if number else ""


def _whole_numbers_as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers, which a declared form such as ``%Y%m%d`` can read as dates, as text; any other column as it is."""
    import pyarrow as pa

    try:
        if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
            column = column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column
    return column.cast(pa.string()) if pa.types.is_integer(column.type) else column


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type is text of any layout."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _from_numbers(
    raw: npt.NDArray[np.integer], present: npt.NDArray[np.bool_] | None, least: int, most: int, reason: str
) -> Cleaned:
    import numpy as np

    if present is not None:
        raw = np.where(present, raw, raw.dtype.type(max(least, 0)))
    problems: tuple[tuple[npt.NDArray[np.int64], str], ...] = ()
    if len(raw) and (raw.min() < least or raw.max() > most):
        outside = (raw < least) | (raw > most)
        raw = np.where(outside, raw.dtype.type(least), raw)
        present = ~outside if present is None else present & ~outside
        problems = ((np.flatnonzero(outside), reason),)
    return Cleaned(raw, present, problems)


def _from_whole_floats(column: pa.ChunkedArray, least: int, most: int, reason: str) -> Cleaned | None:
    """Whole numbers that came as 21.0, with NaN for a missing one; None where a number is not whole."""
    import numpy as np

    raw, present = numpy_of(column).astype(np.float64, copy=False), validity_of(column)
    gaps = np.isnan(raw)
    if present is not None:
        gaps |= ~present
    missing = bool(gaps.any())
    raw = np.where(gaps, float(least), raw) if missing else raw
    if not (np.isfinite(raw).all() and (np.floor(raw) == raw).all()):
        return None
    # Numbers too large for any field stay out of range.
    numbers = np.clip(raw, -1e6, 2.0**31).astype(np.int64)
    return _from_numbers(numbers, ~gaps if missing else None, least, most, reason)


def _from_dates(
    field: Field,
    column: pa.ChunkedArray,
    mapping: Mapping[str, object] | None,
    date_format: str | None,
    last_day: int,
    times: Literal["midnight", "any"],
) -> Cleaned:
    """Read dates, and times as the day they fall on where they are its first moment."""
    import numpy as np
    import pyarrow as pa

    days, present, untimely = days_of_dates(field, column, date_format, times)
    if not mapping:
        return Cleaned(*in_range(field, days, present, untimely, last_day))
    as_days = pa.chunked_array([array_of(days, pa.date32(), present)])
    read = _from_distinct(field, as_days.cast(pa.string()), mapping, None, last_day)
    if untimely is None:
        return read
    # What is mapped away needs no time of day.
    wrong = untimely if read.present is None else untimely & read.present
    present = ~wrong if read.present is None else read.present & ~wrong
    return replace(read, present=present, problems=(*read.problems, (np.flatnonzero(wrong), TIME_OF_DAY)))


def _from_distinct(
    field: Field, column: pa.ChunkedArray, mapping: Mapping[str, object] | None, date_format: str | None, last_day: int
) -> Cleaned:
    import numpy as np

    if field.kind == "date" and mapping is None and date_form(date_format).pattern is None and is_text(column.type):
        days = plain_days_of_texts(column, last_day)
        if days is not None:
            return Cleaned(days, validity_of(column), (), {}, (len("2015-04-01"),) * 2)
    indices, distinct = distinct_values(column)
    readings = [
        read_value(field, mapped_loosely(value, mapping), date_format=date_format, last_day=last_day)
        for value in distinct
    ]
    readings.append(Reading(None))  # the row of null indices, which are -1
    answers = np.array([reading.value or 0 for reading in readings], dtype=np.int32)
    fits = field.kind != "date" and answers.min() >= 0 and answers.max() < 256
    narrow: npt.NDArray[np.integer] = answers.astype(np.uint8) if fits else answers
    values = by_number(indices, narrow)
    is_present = np.array([reading.value is not None for reading in readings])
    present = None if is_present[:-1].all() and not column.null_count else by_number(indices, is_present)
    reasons = sorted({reading.reason for reading in readings if reading.reason})
    problems = tuple(
        (np.flatnonzero(np.array([reading.reason == reason for reading in readings])[indices]), reason)
        for reason in reasons
    )
    words: dict[str, int] = {}
    for place, reading in enumerate(readings):
        if reading.word is not None:
            words[reading.word] = words.get(reading.word, 0) + int(np.count_nonzero(indices == place))
    lengths = [len(value) for value in distinct if isinstance(value, str) and value]
    return Cleaned(values, present, problems, words, (min(lengths), max(lengths)) if lengths else None)


def distinct_values(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.integer], list[Any]]:
    """Where each row's value stands among the distinct values (-1 for null), and those values."""
    import numpy as np
    import pyarrow as pa

    if is_text(column.type) and pays(len(column)):
        if column.num_chunks * _SHORT_CHUNK > len(column) and not pa.types.is_string_view(column.type):
            column = pa.chunked_array([in_one_piece(column)])  # each chunk costs as much as some thousands of rows
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


def _only_met(indices: npt.NDArray[np.int64], distinct: list[object]) -> tuple[npt.NDArray[np.int64], list[object]]:
    """The same without values that no row has, which a dictionary may hold; its nulls and repeats are none either."""
    import numpy as np

    met = np.unique(indices[indices >= 0]).tolist()
    values = list(dict.fromkeys(distinct[i] for i in met if distinct[i] is not None))
    place = {value: i for i, value in enumerate(values)}
    by_index = np.full(len(distinct) + 1, -1, dtype=np.int64)
    by_index[met] = [place.get(distinct[i], -1) for i in met]
    return by_index[indices], values


def mapped(value: object, mapping: Mapping[str, object] | None) -> object:
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


def mapped_loosely(value: object, mapping: Mapping[str, object] | None) -> object:
    """:func:`mapped`, for which text may have outer spaces or stand for a whole number as 2.0."""
    if mapping is None or not isinstance(value, str):
        return mapped(value, mapping)
    bare = value.strip()
    for key in (value, bare, whole_of(bare)):
        if key in mapping:
            return mapping[key]
    return value
