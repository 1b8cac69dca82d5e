"""Several gatherings of patients as one: end to end while each goes on where the last one ended, by id otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.arrow import rows_of
from casemgmt.codes.gathering import Gathered
from casemgmt.codes.refusals import ids_of_two_kinds
from casemgmt.register.columns import NO_DAY
from casemgmt.texts.numbering import BLOCK_ROWS, Keys, KeyTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


class Merger:
    """Takes in gatherings one by one, and holds each patient once."""

    def __init__(self) -> None:
        self._pieces: list[Gathered] = []
        self._by_id: _ById | None = None

    def add(self, piece: Gathered) -> None:
        """Take in what more rows say."""
        if not len(piece.ids):
            return
        if self._by_id is None:
            if not self._pieces or (piece.ordered and self._goes_on(piece)):
                self._pieces.append(piece)
                return
            self._by_id = _ById()
            for earlier in self._pieces:
                self._by_id.add(earlier)
            self._pieces.clear()
        self._by_id.add(piece)

    def _goes_on(self, piece: Gathered) -> bool:
        last = self._pieces[-1]
        if not last.ordered or not _of_one_kind(last.ids, piece.ids):
            return False
        here, there = last.ids[-1].as_py(), piece.ids[0].as_py()
        # Text in the order of its UTF-8 bytes, which is that of its code points.
        return bool(here <= there)

    def result(self) -> Gathered | None:
        """Every patient once, in ascending order of ids; None where there is none."""
        if self._by_id is not None:
            return in_order(self._by_id.result())
        return in_order(_end_to_end(self._pieces)) if self._pieces else None


def _end_to_end(pieces: list[Gathered]) -> Gathered:
    import numpy as np

    if len(pieces) == 1:
        return pieces[0]
    kept = []
    for before, piece in zip([None, *pieces], pieces, strict=False):
        if before is None or before.ids[-1].as_py() != piece.ids[0].as_py():
            kept.append(piece)
            continue
        # The patient whose rows go on from one piece to the next.
        last = kept[-1]
        last.words[:, -1] |= piece.words[:, 0]
        last.counts[:, -1] += piece.counts[:, 0]
        last.latest[:, -1] = np.maximum(last.latest[:, -1], piece.latest[:, 0])
        if len(piece.ids) > 1:
            kept.append(_columns(piece, slice(1, None), piece.ids.slice(1)))
    return Gathered(
        _joined_ids([each.ids for each in kept]),
        np.concatenate([each.words for each in kept], axis=1),
        np.concatenate([each.counts for each in kept], axis=1),
        np.concatenate([each.latest for each in kept], axis=1),
        ordered=True,
    )


def _joined_ids(pieces: list[pa.Array]) -> pa.Array:
    import pyarrow as pa

    if len({piece.type for piece in pieces}) > 1:
        wide = pa.int64() if pa.types.is_integer(pieces[0].type) else pa.large_string()
        pieces = [piece.cast(wide) for piece in pieces]
    return pa.concat_arrays(pieces)


def _columns(gathered: Gathered, places: Any, ids: pa.Array, *, ordered: bool = True) -> Gathered:
    return Gathered(ids, gathered.words[:, places], gathered.counts[:, places], gathered.latest[:, places], ordered)


def _of_one_kind(one: pa.Array, other: pa.Array) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(one.type) == pa.types.is_integer(other.type))


class _ById:
    """Patients by id, with room that doubles."""

    def __init__(self) -> None:
        self._table: KeyTable | None = None
        self._ids: list[pa.Array] = []
        self._held: Gathered | None = None

    def add(self, piece: Gathered) -> None:
        """Take in a gathering in which each patient stands once."""
        import numpy as np

        if self._held is not None and not _of_one_kind(self._held.ids, piece.ids):
            raise ids_of_two_kinds()
        keys = Keys(piece.ids)
        if self._table is None:
            self._table = KeyTable(keys.width)
        before = self._table.known
        numbers = np.empty(len(piece.ids), dtype=np.int32)
        for start in range(0, len(numbers), BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, len(numbers))
            self._table.number(keys.block(start, stop), start, numbers[start:stop])
        self._ids.append(piece.ids.take(rows_of(np.flatnonzero(numbers >= before))))
        held = self._roomy(piece, self._table.known)
        # Each patient stands once in a piece, so that no place is written twice.
        held.words[:, numbers] |= piece.words
        held.counts[:, numbers] += piece.counts
        held.latest[:, numbers] = np.maximum(held.latest[:, numbers], piece.latest)

    def _roomy(self, piece: Gathered, patients: int) -> Gathered:
        import numpy as np

        held = self._held
        room = 0 if held is None else held.words.shape[1]
        if held is not None and patients <= room:
            return held
        room = max(patients, 2 * room)
        words = np.zeros((len(piece.words), room), dtype=np.uint64)
        counts = np.zeros((len(piece.counts), room), dtype=np.int32)
        latest = np.full((len(piece.latest), room), NO_DAY, dtype=np.int32)
        if held is not None:
            for new, old in ((words, held.words), (counts, held.counts), (latest, held.latest)):
                new[:, : old.shape[1]] = old
        self._held = Gathered(piece.ids, words, counts, latest, False)
        return self._held

    def result(self) -> Gathered:
        """What is held, in the order in which each patient was first seen."""
        assert self._held is not None and self._table is not None  # noqa: S101  -- a merger adds before it asks
        return _columns(self._held, slice(self._table.known), _joined_ids(self._ids), ordered=False)


def in_order(gathered: Gathered) -> Gathered:
    """The same patients in ascending order of ids: numbers by size, texts by their bytes."""
    if gathered.ordered:
        return gathered
    order = order_of(gathered.ids)
    return _columns(gathered, order, gathered.ids.take(rows_of(order)))


def order_of(ids: pa.Array) -> npt.NDArray[np.int64]:
    """The places of the ids, from the least to the greatest."""
    import numpy as np
    import pyarrow as pa

    keys = Keys(ids).block(0, len(ids))
    if pa.types.is_signed_integer(ids.type):
        return np.argsort(keys[:, 0].view(np.int64), kind="stable")
    varying = np.bitwise_or.reduce(keys ^ keys[:1], axis=0)
    words = np.flatnonzero(varying)
    if len(words) == 2 and words[1] == words[0] + 1:
        # Ids of one form differ in few characters: those of both words fit one.
        low, high = int(varying[words[0]]).bit_length(), _trailing_zeros(int(varying[words[1]]))
        if low <= high:
            first = keys[:, words[0]] & np.uint64((1 << low) - 1)
            both = (first << np.uint64(64 - low)) | (keys[:, words[1]] >> np.uint64(low))
            return np.argsort(both, kind="stable")
    if len(words) <= 1:
        return np.argsort(keys[:, words[0] if len(words) else 0], kind="stable")
    return np.lexsort(tuple(keys[:, word] for word in words[::-1]))


def _trailing_zeros(value: int) -> int:
    return (value & -value).bit_length() - 1
