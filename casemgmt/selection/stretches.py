"""The order of many rows whose practices stand together: a few practices at a time, compiled and on threads."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.arrow import numpy_of, rows_of, taken
from casemgmt.compiling import pays_once_made
from casemgmt.texts.id_order import Pieces, first_numbers, joined, order_in_groups, settle_equals, unpacked
from casemgmt.texts.numbering import LONGEST_TEXT, Keys, TextBuffers, lengths_of, text_buffers
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.selection.loop_arrays import Keys as Scores

# So many rows, with their ids, stay in the cache.
_AT_ONCE = 1 << 15
_FETCHED = 1 << 10  # rows whose words are fetched before any is used


class Stretch(NamedTuple):
    """Rows ``first`` to ``last`` of whole practices; ``starts`` (int64, practices + 1) counts from ``first`` on."""

    first: int
    last: int
    starts: npt.NDArray[np.int64]


def many_together(practice: npt.NDArray[np.int64]) -> bool:
    """Whether rows are so many that this road pays, and those of each practice stand together, in its order."""
    from casemgmt.texts.key_kernels import first_differences
    from casemgmt.texts.sort_kernels import order_groups, rank_groups

    loops = order_groups, rank_groups, first_differences
    return pays_once_made(len(practice), *loops) and bool((practice[1:] >= practice[:-1]).all())


def ranks_in_stretches(practice: npt.NDArray[np.int64], keys: Scores) -> npt.NDArray[np.int32]:
    """1 + the number of rows of the same practice with a larger key."""
    import numpy as np

    from casemgmt.texts.sort_kernels import rank_groups

    ranks = np.empty(len(keys), dtype=np.int32)

    def rank(stretch: Stretch) -> None:
        own = slice(stretch.first, stretch.last)
        falling = (~keys[own].astype(np.int64)).view(np.uint64) ^ np.uint64(1 << 63)
        rank_groups(stretch.starts, falling, order_in_groups(stretch.starts, falling), ranks[own])

    on_threads(rank, _stretches(practice))
    return ranks


def order_in_stretches(practice: npt.NDArray[np.int64], ids: pa.Array) -> npt.NDArray[np.int64]:
    """The rows by practice, then by the bytes of the id."""
    import numpy as np

    def order(stretch: Stretch) -> npt.NDArray[np.int64]:
        own = ids.slice(stretch.first, stretch.last - stretch.first)
        return stretch.first + _order_of_ids(stretch.starts, own)

    return np.concatenate(on_threads(order, _stretches(practice)))


def ids_in_stretches(
    practice: npt.NDArray[np.int64], ids: pa.ChunkedArray, rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """The rows by practice, then by the bytes of the id; and the ids in that order, as ``string``.

    Parameters
    ----------
    practice : index of each row's practice
    ids : text in any of Arrow's forms
    rows : of each row, where its id stands
    """
    import numpy as np
    import pyarrow as pa

    plain = ids.chunk(0) if ids.num_chunks == 1 and _is_plain(ids.type) else None
    buffers = None if plain is None else text_buffers(plain)

    whole = np.empty(len(rows), dtype=np.int64)

    def sort(stretch: Stretch) -> Pieces:
        own, into = rows[stretch.first : stretch.last], whole[stretch.first : stretch.last]
        keys = None if buffers is None else _keys_at(buffers, own)
        if keys is not None:
            order = _order_of_keys(stretch.starts, keys)
            np.add(order, stretch.first, out=into)
            return unpacked(keys, order)
        found = taken(ids, own)
        order = _order_of_ids(stretch.starts, found)
        np.add(order, stretch.first, out=into)
        offsets, data, _ = text_buffers(found.take(rows_of(order)))
        return Pieces(np.diff(offsets), data[offsets[0] : offsets[-1]])

    pieces = on_threads(sort, _stretches(practice))
    return whole, joined(pieces, pa.string())


def _is_plain(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _keys_at(ids: TextBuffers, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64] | None:
    """The keys of the ids at rows; None where one is too long for a key."""
    import numpy as np

    from casemgmt.texts.key_kernels import find_texts, pack_chosen

    starts, lengths = np.empty((2, len(rows)), dtype=np.int64)
    longest = find_texts(ids.offsets, rows, starts, lengths)
    if longest > LONGEST_TEXT:
        return None
    width = Keys.width_for(longest)
    keys, beside = np.empty((len(rows), width), dtype=np.uint64), np.empty(_FETCHED * (width + 1), dtype=np.uint64)
    pack_chosen(starts, lengths, ids.data, ids.words, keys, beside)
    return keys


def _order_of_ids(starts: npt.NDArray[np.int64], ids: pa.Array) -> npt.NDArray[np.int64]:
    """The places of ids by practice, then by their bytes."""
    if lengths_of(ids)[1] <= LONGEST_TEXT:
        return _order_of_keys(starts, Keys(ids).block(0, len(ids)))
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.table({"practice": rows_of(_groups(starts)), "id": ids})
    found = pc.sort_indices(table, [("practice", "ascending"), ("id", "ascending")])
    return numpy_of(found).astype("int64")


def _order_of_keys(starts: npt.NDArray[np.int64], keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The places of keys by practice, then from the least to the greatest."""
    numbers, tell_all = first_numbers(keys)
    order = order_in_groups(starts, numbers)
    if not tell_all:
        settle_equals(order, numbers, keys, _groups(starts))
    return order


def _groups(starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The practice of each row, numbered from 0."""
    import numpy as np

    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


def _stretches(practice: npt.NDArray[np.int64]) -> list[Stretch]:
    """Whole practices, of about `_AT_ONCE` rows together where they are no larger."""
    import numpy as np

    starts = np.concatenate([[0], np.flatnonzero(practice[1:] != practice[:-1]) + 1, [len(practice)]])
    marks = np.searchsorted(starts, np.arange(0, len(practice), _AT_ONCE))
    bounds = np.unique(np.append(marks, len(starts) - 1)).tolist()
    return [Stretch(int(starts[a]), int(starts[b]), starts[a : b + 1] - starts[a]) for a, b in pairwise(bounds)]
