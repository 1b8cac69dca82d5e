"""Texts and whole numbers as keys, and a number for each distinct one: patients and codes alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import numpy_of
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

BLOCK_ROWS = 1 << 16
LONGEST_TEXT = 250
_LENGTH = 255


class TextBuffers(NamedTuple):
    """Where texts lie: offsets (int32 or int64, one more than rows), bytes, and the same bytes as 64-bit words."""

    offsets: npt.NDArray[np.signedinteger]
    data: npt.NDArray[np.uint8]
    words: npt.NDArray[np.uint64]


class Keys:
    """A column whose values can be had as keys, block by block.

    Parameters
    ----------
    column : text or whole numbers; what stands where one is missing means nothing
    at_least : the least width

    Attributes
    ----------
    width : 64-bit words of a key

    Raises
    ------
    LongTextError
        Of a text of more than ``LONGEST_TEXT`` bytes.
    """

    def __init__(self, column: pa.Array, at_least: int = 1) -> None:
        import pyarrow as pa

        self._is_text = not pa.types.is_integer(column.type)
        self._rows = len(column)
        if self._is_text:
            self._texts = text_buffers(column)
            _, longest = _extremes(self._texts.offsets)
            if longest > LONGEST_TEXT:
                raise LongTextError(f"A patient_id of {longest:,} bytes; {LONGEST_TEXT} is the most that is read.")
            self.width = max(self.width_for(longest), at_least)
            self._block = _matrix(0, self.width)
        else:
            wide = column if column.type in (pa.int64(), pa.uint64()) else column.cast(pa.int64())
            self.width = 1
            self._numbers = numpy_of(wide).view("uint64").reshape(-1, 1)

    @staticmethod
    def width_for(longest: int) -> int:
        """The width of the keys of texts of so many bytes at most: one byte more, for the length."""
        return (longest + 8) // 8

    @property
    def is_short_text(self) -> bool:
        """Whether the values are texts whose keys are one word."""
        return self._is_text and self.width == 1

    @property
    def buffers(self) -> TextBuffers:
        """Where texts lie; there are none of numbers."""
        return self._texts

    def block(self, start: int, stop: int) -> npt.NDArray[np.uint64]:
        """The keys of some rows, (rows, width); of texts, until the next call."""
        if not self._is_text:
            return self._numbers[start:stop]
        from casemgmt.texts.key_kernels import pack_texts

        if stop - start > len(self._block):
            self._block = _matrix(max(stop - start, min(BLOCK_ROWS, self._rows)), self.width)
        keys = self._block[: stop - start]
        pack_texts(*self._texts, start, stop - start, keys)
        return keys


class KeyTable:
    """Numbers distinct keys from 0, in the order in which each is first seen.

    Attributes
    ----------
    known : how many numbers are given
    seen_at : int64; of each number, the row in which its key was first seen
    """

    def __init__(self, width: int) -> None:
        import numpy as np

        self.width, self.known = width, 0
        self._table = _matrix(1024, width)
        self.seen_at: npt.NDArray[np.int64] = np.empty(1024, dtype=np.int64)
        self._slots = np.full(8192, -1, dtype=np.int32)

    def number(self, keys: npt.NDArray[np.uint64], first_row: int, out: npt.NDArray[np.int32]) -> None:
        """Write the number of each key; ``first_row`` is the row of the first."""
        from casemgmt.texts.key_kernels import number_keys

        if keys.shape[1] > self.width:
            self._widen(keys.shape[1])
        elif keys.shape[1] < self.width:
            keys = widened(keys, self.width)
        done = 0
        while True:
            count, self.known = number_keys(
                keys[done:], self._slots, self._table, self.known, first_row + done, self.seen_at, out[done:]
            )
            done += count
            if done == len(keys):
                return
            self._grow()

    def number_column(self, keys: Keys, start: int, stop: int, out: npt.NDArray[np.int32]) -> None:
        """Write the number of each of some rows of a column."""
        if not keys.is_short_text or self.width > 1:
            self.number(keys.block(start, stop), start, out)
            return
        from casemgmt.texts.key_kernels import number_short_texts

        done = start
        while done < stop:
            room = self._slots, self._table, self.known, done, self.seen_at
            count, self.known = number_short_texts(*keys.buffers, done, stop - done, *room, out[done - start :])
            done += count
            if done < stop:
                self._grow()

    def _grow(self) -> None:
        import numpy as np

        room = 4 * len(self._table) if len(self._table) < 1 << 18 else 2 * len(self._table)
        table, seen_at = _matrix(room, self.width), np.empty(room, dtype=np.int64)
        table[: self.known], seen_at[: self.known] = self._table[: self.known], self.seen_at[: self.known]
        self._table, self.seen_at = table, seen_at
        self._refill()

    def _widen(self, width: int) -> None:
        self._table, self.width = widened(self._table, width), width
        self._refill()

    def _refill(self) -> None:
        import numpy as np

        from casemgmt.texts.key_kernels import refill

        # A small table is looked up in the cache, where free slots cost less than a second look.
        slots = (8 if len(self._table) <= BLOCK_ROWS else 2) * len(self._table)
        self._slots = np.full(slots, -1, dtype=np.int32)
        refill(self._table, self.known, self._slots)


def widened(keys: npt.NDArray[np.uint64], width: int) -> npt.NDArray[np.uint64]:
    """The keys of the same texts with more words: the length moves to the new last byte."""
    import numpy as np

    wide = np.zeros((len(keys), width), dtype=np.uint64)
    before = keys.shape[1]
    wide[:, :before] = keys
    wide[:, width - 1] |= keys[:, before - 1] & np.uint64(_LENGTH)
    wide[:, before - 1] &= ~np.uint64(_LENGTH)
    return wide


def _matrix(rows: int, width: int) -> npt.NDArray[np.uint64]:
    import numpy as np

    return np.empty((rows, width), dtype=np.uint64)


class LongTextError(InputError):
    """A text that is too long to be an id or a code."""


def lengths_of(column: pa.Array) -> tuple[int, int]:
    """The bytes of the shortest and the longest text of a column; what is missing has some length, too."""
    return _extremes(text_buffers(column).offsets)


def longest_of(column: pa.Array) -> int:
    """The bytes of the longest text of a column; 0 of whole numbers."""
    import pyarrow as pa

    return 0 if pa.types.is_integer(column.type) else lengths_of(column)[1]


def _extremes(offsets: npt.NDArray[np.signedinteger]) -> tuple[int, int]:
    from casemgmt.texts.key_kernels import extremes

    if len(offsets) < 2:
        return 0, 0
    least, most = extremes(offsets)
    return int(least), int(most)


def text_buffers(column: pa.Array) -> TextBuffers:
    """Where the texts of a column of ``string`` or ``large_string`` lie."""
    import numpy as np
    import pyarrow as pa

    _, ends, data = column.buffers()
    kind = np.dtype(np.int64 if pa.types.is_large_string(column.type) else np.int32)
    if ends is None or not len(column):
        offsets = np.zeros(len(column) + 1, dtype=kind)
    else:
        offsets = np.frombuffer(ends, kind, count=len(column) + 1, offset=column.offset * kind.itemsize)
    raw = np.zeros(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
    return TextBuffers(offsets, raw, raw[: len(raw) // 8 * 8].view(np.uint64))
