"""Texts side by side as rows of bytes, so that a column of codes is checked in a few array steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import texts, validity_of
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

NUMBERS_REFUSED = (
    "Codes must be text: as numbers they have lost leading zeros, and the last digits of long ones. "
    "Read the column as text where the data is loaded (for example dtype=str)."
)


@dataclass(frozen=True, slots=True)
class Cells:
    """A column of texts as bytes.

    Attributes
    ----------
    column : the texts, as Arrow has them
    matrix : uint8, rows × width, each text from the left, zeros after it; of a longer text, its beginning
    lengths : int64, bytes of each text without the spaces after it; 0 where there is none; more than the width where
        the text is longer
    """

    column: pa.Array
    matrix: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.int64]

    def text(self, row: int) -> str:
        """One text, as it came."""
        return str(self.column[row].as_py())


def cells_of(codes: Sequence[str | None] | pa.Array | pa.ChunkedArray, width: int) -> Cells:
    """A sequence of texts (None: missing), or an Arrow column of text, as :class:`Cells` of ``width`` bytes a row."""
    import numpy as np

    column = as_text_column(codes)
    rows = len(column)
    offsets, data = _buffers(column)
    lengths = np.diff(offsets)
    present = validity_of(column)
    if present is not None:
        lengths = np.where(present, lengths, 0)
    places = np.arange(width)
    inside = places < lengths[:, None]
    matrix = np.zeros((rows, width), dtype=np.uint8)
    if len(data):
        matrix = np.where(inside, data[np.minimum(offsets[:-1, None] + places, len(data) - 1)], np.uint8(0))
    # A fixed-width column pads with spaces, which mean nothing; every other space is left to be found.
    written = (matrix != ord(" ")) & inside
    kept = np.where(written.any(axis=1), width - np.argmax(written[:, ::-1], axis=1), 0)
    lengths = np.where(lengths <= width, kept, lengths)
    return Cells(column, np.where(places < lengths[:, None], matrix, np.uint8(0)), lengths)


def as_text_column(codes: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> pa.Array:
    """The same texts as one Arrow array of text.

    Raises
    ------
    InputError
        Anything that is not text: a number has already lost something.
    """
    import pyarrow as pa

    if isinstance(codes, str):
        raise InputError("Give a sequence of codes, such as a list, not one text.")
    if not isinstance(codes, (pa.Array, pa.ChunkedArray)):
        values = list(codes)
        if not all(value is None or isinstance(value, str) for value in values):
            raise InputError(NUMBERS_REFUSED)
        return texts(values)
    column: Any = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.nulls(0, pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_null(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise InputError(NUMBERS_REFUSED)
    return column


def _buffers(column: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Where each text begins and ends (one more than there are texts), and the bytes of all."""
    import numpy as np
    import pyarrow as pa

    _, ends, data = column.buffers()
    if ends is None or not len(column):
        return np.zeros(len(column) + 1, dtype=np.int64), np.zeros(0, dtype=np.uint8)
    kind = np.dtype(np.int64 if pa.types.is_large_string(column.type) else np.int32)
    offsets = np.frombuffer(ends, kind, count=len(column) + 1, offset=column.offset * kind.itemsize)
    raw = np.zeros(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
    return offsets.astype(np.int64), raw


def bytes_key(matrix: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Rows of eight bytes as whole numbers, the first byte the highest."""
    import numpy as np

    return np.ascontiguousarray(matrix[:, :8]).view(">u8").astype(np.uint64).reshape(-1)


def right_aligned(cells: Cells) -> npt.NDArray[np.uint8]:
    """The matrix with each text at the right, zeros before it; texts must not be longer than the matrix is wide."""
    import numpy as np

    rows, width = cells.matrix.shape
    from_place = np.arange(width) - (width - cells.lengths[:, None])
    moved = np.take_along_axis(cells.matrix, np.clip(from_place, 0, width - 1), axis=1)
    return np.where((from_place >= 0) & (from_place < width), moved, np.uint8(0)).reshape(rows, width)
