"""Arrow from memory, looked through before any loop meets it; and odd layouts as plain ones.

A buffer that somebody else filled can point anywhere. pyarrow reads memory where an index, an offset or a view says,
and so do the compiled loops: what is wrong is refused here, by column.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from casemgmt.arrow import is_sound_ascii
from casemgmt.compiling import pays
from casemgmt.errors import InputError
from casemgmt.register.cleaning import is_text
from casemgmt.register.fields import FIELDS
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_PIECE = 1 << 19
_FEW = 1 << 13  # values of a dictionary


def sound(table: pa.Table) -> pa.Table:
    """The table, every buffer of which is what Arrow says it must be.

    Numbers are looked at by size alone; texts and dictionaries whole: plain ASCII in a nanosecond or two a value, other
    text in some ten.

    Raises
    ------
    InputError
        It names the column, and no value.
    """
    look = partial(_is_sound, compiled=pays(table.num_rows))
    for name, column in zip(table.column_names, table.columns, strict=True):
        if len(column) != table.num_rows:
            raise _broken(name) from None
        pieces = [piece for chunk in column.chunks for piece in _pieces(chunk)]
        if not all(map(_is_as_stated, column.chunks)) or not all(on_threads(look, pieces)):
            raise _broken(name) from None
    return table


def _broken(name: str) -> InputError:
    return InputError(
        f"Column '{name}' cannot be trusted: it points to what is not there, counts otherwise than it holds, or holds "
        "text that is not UTF-8. Make it anew where the data is loaded."
    )


def _pieces(chunk: pa.Array) -> list[pa.Array]:
    import pyarrow as pa

    kind = chunk.type
    if pa.types.is_primitive(kind) or pa.types.is_boolean(kind):
        return []
    # A dictionary is looked at anew with every piece.
    if len(chunk) <= _PIECE or (isinstance(chunk, pa.DictionaryArray) and len(chunk.dictionary) > _FEW):
        return [chunk]
    return [chunk.slice(low, _PIECE) for low in range(0, len(chunk), _PIECE)]


def _is_as_stated(chunk: pa.Array) -> bool:
    """Whether a chunk's buffers are as long as they must be, and as many values missing as it says."""
    import numpy as np
    import pyarrow as pa

    try:
        chunk.validate()
        valid = None if pa.types.is_null(chunk.type) else chunk.buffers()[0]
    except (pa.ArrowException, IndexError, ValueError):
        return False
    if isinstance(chunk, pa.DictionaryArray) and not _is_as_stated(chunk.dictionary):
        return False
    if valid is None or isinstance(chunk, (pa.UnionArray, pa.RunEndEncodedArray)):
        return True
    first, stop = chunk.offset, chunk.offset + len(chunk)
    packed = np.frombuffer(valid, dtype=np.uint8, offset=first // 8, count=-(-stop // 8) - first // 8)
    present = int(np.bitwise_count(packed).sum(dtype=np.int64))
    if len(packed):  # bits before the first row and after the last
        present -= int(packed[0] & ((1 << first % 8) - 1)).bit_count()
        present -= (int(packed[-1]) >> (stop % 8 or 8)).bit_count()
    return bool(present == len(chunk) - chunk.null_count)


def _is_sound(piece: pa.Array, compiled: bool) -> bool:
    import pyarrow as pa

    if is_sound_ascii(piece) or (compiled and _are_plain_views(piece)):
        return True
    try:
        piece.validate(full=True)
    except (pa.ArrowException, IndexError, ValueError):
        return False
    return True


def _are_plain_views(piece: pa.Array) -> bool:
    """Whether a piece is views that hold plain ASCII themselves; False says nothing."""
    import numpy as np
    import pyarrow as pa

    data = piece.buffers()[1] if pa.types.is_string_view(piece.type) else None
    if data is None:
        return False
    from casemgmt.texts.view_kernels import unplain_views

    views = np.frombuffer(data, dtype=np.uint64, offset=16 * piece.offset, count=2 * len(piece)).reshape(-1, 2)
    return bool(unplain_views(views, _never_in_views()) == 0)


@cache
def _never_in_views() -> npt.NDArray[np.uint64]:
    """For each length of a view's text, by its lowest four bits, the bits that are never set: (16, 2)."""
    import numpy as np

    never = np.full((16, 16), 0xFF, dtype=np.uint8)
    for length in range(13):  # more do not lie in the view
        never[length, 0] = 0xF0
        never[length, 4 : 4 + length] = 0x80
    return never.view(np.uint64)


def in_plain_layout(table: pa.Table) -> pa.Table:
    """The table without the layouts that few Arrow functions take.

    Runs are written out, a dictionary is one of plain text without nulls or the values themselves, and a field's
    extension type is what it is stored as; a UUID becomes its text, in small letters.
    """
    import pyarrow as pa

    for place, (name, kind) in enumerate(zip(table.column_names, table.schema.types, strict=True)):
        if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind) or isinstance(kind, pa.BaseExtensionType):
            plain = plain_column(table.column(place), name in FIELDS)
            table = table.set_column(place, table.schema.field(place).with_type(plain.type), plain)
    return table


def plain_column(column: pa.ChunkedArray, is_field: bool = True) -> pa.ChunkedArray:
    """See :func:`in_plain_layout`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    while True:
        kind = column.type
        if pa.types.is_run_end_encoded(kind):
            column = pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks], kind.value_type)
        elif isinstance(kind, pa.UuidType):
            column = pa.chunked_array([_uuid_texts(chunk) for chunk in column.chunks], pa.string())
        elif isinstance(kind, pa.BaseExtensionType) and is_field:
            column = pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
        elif pa.types.is_dictionary(kind) and not _is_plain_dictionary(column):
            plain = [chunk.dictionary.take(chunk.indices) for chunk in map(_with_plain_values, column.chunks)]
            column = pa.chunked_array(plain, None if plain else kind.value_type)
        else:
            return column


def _is_plain_dictionary(column: pa.ChunkedArray) -> bool:
    return is_text(column.type.value_type) and not any(chunk.dictionary.null_count for chunk in column.chunks)


def _with_plain_values(chunk: pa.DictionaryArray) -> pa.DictionaryArray:
    """A dictionary whose values can be taken from it."""
    import pyarrow as pa

    values = plain_column(pa.chunked_array([chunk.dictionary])).combine_chunks()
    if pa.types.is_string_view(values.type):
        values = values.cast(pa.large_string())
    return pa.DictionaryArray.from_arrays(chunk.indices, values)


def _uuid_texts(chunk: pa.ExtensionArray) -> pa.Array:
    """UUIDs as text: 32 digits with hyphens after the 8th, 12th, 16th and 20th, in small letters."""
    import numpy as np
    import pyarrow as pa

    stored = chunk.storage
    raw = np.zeros((len(stored), 16), dtype=np.uint8)
    if len(stored) and stored.buffers()[1] is not None:
        data = np.frombuffer(stored.buffers()[1], dtype=np.uint8, offset=16 * stored.offset, count=16 * len(stored))
        raw = data.reshape(-1, 16)
    digits = np.stack([raw >> 4, raw & 15], axis=2).reshape(-1, 32)
    letters = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[digits]
    text = np.insert(letters, [8, 12, 16, 20], ord("-"), axis=1)
    ends = np.arange(0, 36 * (len(stored) + 1), 36, dtype=np.int64)
    valid = None
    if stored.null_count:
        from casemgmt.arrow import numpy_of

        valid = pa.py_buffer(np.packbits(numpy_of(stored.is_valid()), bitorder="little"))
    buffers = [valid, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(text))]
    return pa.Array.from_buffers(pa.large_string(), len(stored), buffers).cast(pa.string())
