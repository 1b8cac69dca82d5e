"""Several gatherings of patients as one: end to end while each goes on where the last one ended, by id otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.arrow import rows_of
from casemgmt.codes.by_id import PatientsById
from casemgmt.codes.gathering import Dense, Gathered
from casemgmt.texts.id_order import order_of_keys
from casemgmt.texts.numbering import Keys

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.codes.plan import Plan


class Merger:
    """Takes in gatherings one by one, and holds each patient once.

    Attributes
    ----------
    dense : the patients so far, where each has a place by its number
    expected : about how many rows there will be, where that is known
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._pieces: list[Gathered] = []
        self.expected = 0
        self.dense: Dense | None = None
        self._by_id: PatientsById | None = None

    def add(self, piece: Gathered | Dense) -> None:
        """Take in what more rows say."""
        if isinstance(piece, Dense):
            if self._by_id is None and not self._pieces:
                joined = piece if self.dense is None else self.dense.joined(piece)
                if joined is not None:
                    self.dense = joined
                    return
            piece = piece.result()
        if not len(piece.ids):
            return
        self._close_up()
        if self._by_id is None and (not self._pieces or (piece.ordered and self._goes_on(piece))):
            self._pieces.append(piece)
            return
        self.by_id(len(piece.ids)).take_patients(piece)

    @property
    def is_by_id(self) -> bool:
        """Whether each patient is found by the id, since earlier rows were in no order."""
        return self._by_id is not None

    def by_id(self, rows: int) -> PatientsById:
        """What takes in rows in any order; so many come next."""
        self._close_up()
        if self._by_id is None:
            so_far = sum(len(piece.ids) for piece in self._pieces)
            self._by_id = PatientsById(self._plan, max(rows + so_far, self.expected))
            for earlier in self._pieces:
                self._by_id.take_patients(earlier)
            self._pieces.clear()
        return self._by_id

    def _close_up(self) -> None:
        """What stands in places for numbers, as a gathering like the others."""
        if self.dense is not None:
            self._pieces, self.dense = [self.dense.result()], None

    def _goes_on(self, piece: Gathered) -> bool:
        last = self._pieces[-1]
        if not last.ordered or not _of_one_kind(last.ids, piece.ids):
            return False
        here, there = last.ids[-1].as_py(), piece.ids[0].as_py()
        # Text in the order of its UTF-8 bytes, which is that of its code points.
        return bool(here <= there)

    def result(self) -> Gathered | None:
        """Every patient once, in ascending order of ids; None where there is none."""
        self._close_up()
        if self._by_id is not None:
            return self._by_id.result()
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


def in_order(gathered: Gathered) -> Gathered:
    """The same patients in ascending order of ids: numbers by size, texts by their bytes."""
    if gathered.ordered:
        return gathered
    order = order_of(gathered.ids)
    return _columns(gathered, order, gathered.ids.take(rows_of(order)))


def order_of(ids: pa.Array) -> npt.NDArray[np.int64]:
    """The places of the ids, each of which stands there once, from the least to the greatest."""
    import numpy as np
    import pyarrow as pa

    keys = Keys(ids).block(0, len(ids))
    return np.argsort(keys[:, 0].view(np.int64)) if pa.types.is_signed_integer(ids.type) else order_of_keys(keys)
