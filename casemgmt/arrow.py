"""Between Arrow and NumPy by way of buffers: pyarrow's own conversions import pandas, which takes half a second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_AT_ONCE = 1 << 15
_NOT_ASCII = 0x8080808080808080
# So many bytes of text at most stand in one array with 32-bit offsets.
MOST_TEXT = 2**31 - 1


def numpy_of(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[Any]:
    """The values of a column of numbers, dates, times or true and false; anything may stand where one is missing.

    Dates and times come as their whole numbers. The array may share the column's memory, and must not be changed.
    """
    import numpy as np
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        parts = [numpy_of(chunk) for chunk in column.chunks if len(chunk)]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty(0, dtype=_dtype(column.type))
    data = column.buffers()[1]
    if data is None or not len(column):
        return np.zeros(len(column), dtype=_dtype(column.type))
    start, stop = column.offset, column.offset + len(column)
    if pa.types.is_boolean(column.type):
        first = start // 8
        packed = np.frombuffer(data, dtype=np.uint8, offset=first, count=-(-stop // 8) - first)
        return np.unpackbits(packed, bitorder="little")[start - 8 * first : stop - 8 * first].astype(bool)
    dtype = _dtype(column.type)
    return np.frombuffer(data, dtype=dtype, offset=start * dtype.itemsize, count=len(column))


def validity_of(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_] | None:
    """Where a column of any type has a value; None where it has one everywhere."""
    return None if not column.null_count else numpy_of(column.is_valid())


def array_of(values: npt.NDArray[Any], kind: pa.DataType, present: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """An Arrow array of numbers, dates or true and false; missing where ``present`` is false."""
    import numpy as np
    import pyarrow as pa

    valid = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    if pa.types.is_boolean(kind):
        data = np.packbits(values.astype(bool), bitorder="little")
    else:
        data = np.ascontiguousarray(values, dtype=_dtype(kind))
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(data)])


def texts(values: Iterable[str | None]) -> pa.Array:
    """An Arrow array of text; None is missing."""
    import numpy as np
    import pyarrow as pa

    values = list(values)
    encoded = [b"" if value is None else value.encode() for value in values]
    ends = np.fromiter(accumulate(map(len, encoded), initial=0), np.int32, len(values) + 1)
    valid = None
    if None in values:
        present = np.array([value is not None for value in values], dtype=bool)
        valid = pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), len(values), [valid, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def column_of(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """An Arrow array of a short list of Python values; None is missing."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_string(kind):
        return texts(values)
    present = np.array([value is not None for value in values], dtype=bool)
    filled = np.array([0 if value is None else value for value in values], dtype=_dtype(kind))
    return array_of(filled, kind, None if present.all() else present)


def text_scalar(value: str, kind: pa.DataType | None = None) -> pa.Scalar:
    """One text as an Arrow scalar, of ``kind`` where it is given."""
    return (texts([value]) if kind is None else texts([value]).cast(kind))[0]


def is_sound_ascii(chunk: pa.Array) -> bool:
    """Whether a chunk is text of plain ASCII that lies in its buffer, one text after the other.

    That takes a fifth of the time of pyarrow's own look. False says nothing: the text may be sound all the same.
    """
    import numpy as np
    import pyarrow as pa

    if not (pa.types.is_string(chunk.type) or pa.types.is_large_string(chunk.type)) or not len(chunk):
        return False
    _, ends, data = chunk.buffers()
    if ends is None or data is None:
        return False
    kind = np.dtype(np.int64 if pa.types.is_large_string(chunk.type) else np.int32)
    offsets = np.frombuffer(ends, kind, count=len(chunk) + 1, offset=chunk.offset * kind.itemsize)
    first, last = int(offsets[0]), int(offsets[-1])
    if not 0 <= first <= last <= data.size:
        return False
    for low in range(0, len(chunk), _AT_ONCE):
        part = offsets[low : low + _AT_ONCE + 1]
        if (part[1:] < part[:-1]).any():
            return False
    raw = np.frombuffer(data, np.uint8, count=last - first, offset=first)
    words = raw[: len(raw) // 8 * 8].view(np.uint64)
    rest = raw[8 * len(words) :]
    return not (int(np.bitwise_or.reduce(words)) & _NOT_ASCII or int(np.bitwise_or.reduce(rest)) & 0x80)


def empty_table(schema: pa.Schema) -> pa.Table:
    """A table of a schema without a row. Arrow's own ``empty_table`` imports pandas."""
    import pyarrow as pa

    return pa.table([pa.nulls(0, kind) for kind in schema.types], schema=schema)


def in_one_piece(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as one array; of texts with more bytes than 32-bit offsets reach, with 64-bit ones."""
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)  # combining would copy it
    if pa.types.is_string(column.type) and column.nbytes > MOST_TEXT:
        column = column.cast(pa.large_string())
    return column.combine_chunks() if column.num_chunks else pa.nulls(0, column.type)


def rows_of(rows: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """Row numbers, for ``take``."""
    import pyarrow as pa

    return array_of(rows, pa.int64())


def _dtype(kind: pa.DataType) -> np.dtype[Any]:
    import numpy as np
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return np.dtype(bool)
    if pa.types.is_floating(kind):
        return np.dtype(f"f{kind.bit_width // 8}")
    sign = "u" if pa.types.is_unsigned_integer(kind) else "i"
    return np.dtype(f"{sign}{kind.bit_width // 8}")


def taken(column: pa.ChunkedArray, rows: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """Some rows of a column as one array; text comes as ``string``, whatever its layout was."""
    import pyarrow as pa

    if pa.types.is_string_view(column.type):
        return _taken_views(column, rows)
    found = column.take(rows_of(rows))
    return in_one_piece(found.cast(pa.string()) if pa.types.is_large_string(found.type) else found)


def taken_rows(table: pa.Table, rows: npt.NDArray[np.integer[Any]]) -> pa.Table:
    """Some rows of a table; text comes as ``string``, whatever its layout was."""
    import pyarrow as pa

    return pa.table([taken(column, rows) for column in table.columns], names=table.column_names)


def _taken_views(column: pa.ChunkedArray, rows: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """Some rows of a text column of views, for which pyarrow has no ``take``: sixteen bytes a row are moved."""
    import numpy as np
    import pyarrow as pa

    starts = np.cumsum([0, *(len(chunk) for chunk in column.chunks)])
    part = np.searchsorted(starts, rows, side="right") - 1
    pieces, places = [], []
    for number, chunk in enumerate(column.chunks):
        own = np.flatnonzero(part == number) if column.num_chunks > 1 else slice(None)
        inside = rows[own] - starts[number]
        buffers = chunk.buffers()
        views = np.frombuffer(buffers[1], dtype="V16", offset=16 * chunk.offset, count=len(chunk))[inside]
        valid = np.packbits(numpy_of(chunk.is_valid())[inside], bitorder="little") if chunk.null_count else None
        some = pa.Array.from_buffers(
            chunk.type,
            len(views),
            [None if valid is None else pa.py_buffer(valid), pa.py_buffer(views.tobytes()), *buffers[2:]],
        )
        pieces.append(some.cast(pa.string()))
        places.append(np.arange(len(rows))[own])
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return texts([])
    back = np.empty(len(rows), dtype=np.int64)
    back[np.concatenate(places)] = np.arange(len(rows))
    return pa.concat_arrays(pieces).take(rows_of(back))


def file_of(data: bytes) -> pa.BufferReader:
    """Bytes as a file in Arrow's own memory.

    A thread of Arrow's can let go of a file after its reader has come back. Were the memory Python's, and Python just
    ending, that would end the process with an abort in place of its exit code.
    """
    import pyarrow as pa

    held = pa.allocate_buffer(len(data))
    with pa.FixedSizeBufferWriter(held) as file:
        file.write(data)
    return pa.BufferReader(held)


def local_times(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Times with a zone as a clock there shows them, without it; any other column as it is.

    Arrow needs a table of zones for that, which Windows does not have; for UTC it needs none here.

    Raises
    ------
    pa.ArrowInvalid : the zone is not known
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        return column
    return column.cast(pa.timestamp(column.type.unit)) if column.type.tz == "UTC" else pc.local_timestamp(column)


def utc_as_text(column: pa.Array | pa.ChunkedArray, between: str = " ") -> pa.Array | pa.ChunkedArray:
    """Times in UTC as Arrow writes them, such as ``2015-04-01 09:30:00Z``, again without its table of zones.

    Parameters
    ----------
    between : what stands between day and time
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    shown = column.cast(pa.timestamp(column.type.unit)).cast(pa.string())
    if between != " ":
        shown = pc.replace_substring(shown, pattern=" ", replacement=between)
    return pc.call_function("binary_join_element_wise", [shown, text_scalar("Z"), text_scalar("")])
