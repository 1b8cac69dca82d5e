"""A register packed for scoring: flags and small categories as bits of 64-bit words, small integers as bytes.

Each bit field lies inside one *chunk* of eleven bits, so that a table of 2,048 entries answers for every field of
the chunk at once. Practices are contiguous in the byte order of their codes, or the rows stand in source order with
the number of the practice beside each: grouping many millions of rows costs more than choosing among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from casemgmt.texts.long_texts import counts_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Packed rows: a stretch from one to another, or a number each.
Rows: TypeAlias = "slice | npt.NDArray[np.int64] | list[int]"
# What a code of a field means; None: missing.
Value: TypeAlias = bool | int | str | None
_Number = TypeVar("_Number", bound="np.unsignedinteger")

CHUNK_BITS = 11
CHUNKS_PER_WORD = 6  # the last one has nine bits
FLAG_MISSING = 2
BYTE_MISSING = 255
SHORT_MISSING = 65_535

STATUS = ("on_list", "present")

# Rows looked at at a time where NumPy would make wider copies.
_STRETCH = 1 << 16


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a field lies in the packed arrays, and how to read its codes.

    Attributes
    ----------
    group : which packed array
    row : its row there; for ``word`` the index of the word
    shift, width : the field's bits, inside one chunk (words only)
    values : the value of each code, None for the code that means missing; empty for a field held as a number
    missing : the code that means missing, or None where none is
    """

    group: Literal["word", "byte", "short"]
    row: int
    shift: int = 0
    width: int = 0
    values: tuple[Value, ...] = ()
    missing: int | None = None

    @property
    def chunk(self) -> int:
        """Which chunk of its word the field lies in."""
        return self.shift // CHUNK_BITS


@dataclass(frozen=True, slots=True)
class Packed:
    """The packed rows of a register.

    Attributes
    ----------
    words : uint64, (words, rows)
    bytes : uint8, (byte fields, rows)
    shorts : uint16, (short fields, rows)
    slots : where each field lies
    groups : int64, practices + 1, where rows ``groups[p]:groups[p + 1]`` are practice ``p``; None where the rows are
        not grouped by practice
    practice : int32, one a row, the number of its practice; None where the rows are grouped
    """

    words: npt.NDArray[np.uint64]
    bytes: npt.NDArray[np.uint8]
    shorts: npt.NDArray[np.uint16]
    slots: Mapping[str, Slot]
    groups: npt.NDArray[np.int64] | None = None
    practice: npt.NDArray[np.int32] | None = None

    @property
    def rows(self) -> int:
        """Packed patients."""
        return int(self.words.shape[1])

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each practice begins and ends; only of rows grouped by practice."""
        if self.groups is None:
            raise TypeError("These rows are not grouped by practice; see Register.grouped().")
        return self.groups

    @property
    def numbers(self) -> npt.NDArray[np.int32]:
        """The number of each row's practice; only of rows that are not grouped."""
        if self.practice is None:
            raise TypeError("These rows are grouped by practice; see Packed.practice_of().")
        return self.practice

    def practice_of(self, rows: Rows = slice(None)) -> npt.NDArray[np.int64]:
        """The number of the practice of all rows or some."""
        import numpy as np

        if self.practice is not None:
            return np.asarray(self.practice[rows], dtype=np.int64)
        wanted = np.arange(self.rows)[rows] if isinstance(rows, slice) else np.asarray(rows)
        return np.asarray(np.searchsorted(self.offsets, wanted, side="right") - 1)

    def by_practice(self) -> Callable[[int], Rows]:
        """What gives the rows of a practice by its number: a slice where they stand together, else one number each."""
        if self.practice is None:
            starts = self.offsets.tolist()
            return lambda p: slice(starts[p], starts[p + 1])
        order, groups = group_order(self.practice, int(self.practice.max(initial=-1)) + 1)
        return lambda p: order[groups[p] : groups[p + 1]] if p + 1 < len(groups) else order[:0]

    def take(
        self,
        rows: npt.NDArray[np.int64],
        *,
        groups: npt.NDArray[np.int64] | None = None,
        practice: npt.NDArray[np.int32] | None = None,
    ) -> Packed:
        """Some rows, which stand grouped by practice at ``groups``, or whose practices ``practice`` says."""
        import numpy as np

        def some(columns: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
            return np.stack([column[rows] for column in columns]) if len(columns) else columns[:, : len(rows)]

        return Packed(some(self.words), some(self.bytes), some(self.shorts), self.slots, groups, practice)

    def codes(self, name: str, rows: Rows = slice(None)) -> npt.NDArray[np.uint16]:
        """The codes of a field, for all rows or some."""
        import numpy as np

        slot = self.slots[name]
        if slot.group == "word":
            mask = np.uint64((1 << slot.width) - 1)
            return np.asarray((self.words[slot.row, rows] >> np.uint64(slot.shift)) & mask, dtype=np.uint16)
        source = self.bytes if slot.group == "byte" else self.shorts
        return np.asarray(source[slot.row, rows], dtype=np.uint16)

    def is_set(self, name: str, rows: Rows = slice(None)) -> npt.NDArray[np.bool_]:
        """Where a flag is known to be true; all false for a flag the register does not hold."""
        import numpy as np

        if name not in self.slots:
            return np.zeros(len(self.words[0, rows]), dtype=bool)
        return np.asarray(self.codes(name, rows) == 1)

    def with_flag(self, name: str, true: npt.NDArray[np.bool_]) -> Packed:
        """The same register with a one-bit flag set as ``true`` says, one a row."""
        import numpy as np

        slot = self.slots[name]
        bit = np.uint64(1 << slot.shift)
        words = self.words.copy()
        words[slot.row] = np.where(true, words[slot.row] | bit, words[slot.row] & ~bit)
        return replace(self, words=words)

    def is_missing(self, name: str, rows: Rows = slice(None)) -> npt.NDArray[np.bool_]:
        """Where a field has no value."""
        import numpy as np

        slot = self.slots[name]
        if slot.missing is None:
            return np.zeros(len(self.words[0, rows]), dtype=bool)
        return np.asarray(self.codes(name, rows) == slot.missing)


def group_order(practice: npt.NDArray[np.int32], practices: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The order of rows that groups them by practice, each practice in the order it had, and where each begins."""
    import numpy as np

    narrow = practice.astype(np.uint16) if practices <= 65_536 else practice  # sorted by radix, in linear time
    order = np.argsort(narrow, kind="stable")
    groups = np.concatenate([[0], np.cumsum(counts_of(practice, practices))]).astype(np.int64)
    return order, groups


def is_rising(practice: npt.NDArray[np.int32]) -> bool:
    """Whether the rows of each practice stand together, practices in order."""
    for start in range(0, len(practice), _STRETCH):
        part = practice[start : start + _STRETCH + 1]
        if (part[1:] < part[:-1]).any():
            return False
    return True
