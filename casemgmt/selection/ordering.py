"""The order of a table's rows: by practice, and within it by a number or by the patient's id.

Of few rows, or those in any order, here by NumPy; of many in :mod:`casemgmt.selection.stretches`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.arrow import numpy_of, rows_of
from casemgmt.selection.stretches import many_together, order_in_stretches, ranks_in_stretches

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.selection.loop_arrays import Keys

_SIXTEEN_BITS = 1 << 16
_PREFIX = 8


def order_within(practice: npt.NDArray[np.int64], keys: npt.NDArray[np.number]) -> npt.NDArray[np.int64]:
    """The rows by practice, then by key; rows equal in both come in any order.

    Parameters
    ----------
    practice : index of each row's practice
    keys : one whole number a row
    """
    import numpy as np

    by_key = np.argsort(keys)
    groups = practice[by_key]
    if len(groups) and groups.max() < _SIXTEEN_BITS:
        groups = groups.astype(np.uint16)  # NumPy's stable sort of these is a radix sort
    return by_key[np.argsort(groups, kind="stable")]


def ranks_within(practice: npt.NDArray[np.int64], keys: Keys) -> npt.NDArray[np.int32]:
    """1 + the number of rows of the same practice with a larger key.

    Parameters
    ----------
    practice : index of each row's practice
    keys : int32 or int64
    """
    import numpy as np

    if many_together(practice):
        return ranks_in_stretches(practice, keys)
    # Whole numbers without a sign, in the order of the keys from the largest.
    falling = (~keys).view(f"u{keys.itemsize}") ^ (1 << 8 * keys.itemsize - 1)
    order = order_within(practice, falling)
    practice, keys = practice[order], keys[order]
    number = np.arange(len(order), dtype=np.int32)
    new_practice = np.ones(len(order), dtype=bool)
    np.not_equal(practice[1:], practice[:-1], out=new_practice[1:])
    new_key = new_practice.copy()
    new_key[1:] |= keys[1:] != keys[:-1]
    ranks = np.empty(len(order), dtype=np.int32)
    # The place of the first row of the same key, less that of the first row of the practice.
    ranks[order] = _last_true(new_key, number) - _last_true(new_practice, number) + 1
    return ranks


def _last_true(begins: npt.NDArray[np.bool_], number: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """For each row the number of the last row, up to itself, at which something begins."""
    import numpy as np

    return np.asarray(np.maximum.accumulate(np.where(begins, number, 0)))


def by_practice_and_id(practice: npt.NDArray[np.int64], ids: pa.Array) -> npt.NDArray[np.int64]:
    """The rows by practice, then by the bytes of the id.

    Parameters
    ----------
    practice : index of each row's practice
    ids : text, none missing
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if many_together(practice):
        return order_in_stretches(practice, ids)
    keys = _prefixes(ids)
    order = order_within(practice, keys)
    keys, groups = keys[order], practice[order]
    same = (keys[1:] == keys[:-1]) & (groups[1:] == groups[:-1])
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False)) if same.any() else np.empty(0, np.int64)
    if len(tied):
        # The prefix leaves these open: whole ids decide, and each stretch of equal prefixes keeps its place.
        open_rows = order[tied]
        table = pa.table({"practice": rows_of(practice[open_rows]), "id": ids.take(rows_of(open_rows))})
        closed = numpy_of(pc.sort_indices(table, [("practice", "ascending"), ("id", "ascending")]))
        order[tied] = open_rows[closed.astype(np.int64)]
    return order


def _prefixes(ids: pa.Array) -> npt.NDArray[np.uint64]:
    """Eight bytes of each id as a number that sorts as they do, after the bytes that all ids begin with."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(ids):
        return np.empty(0, dtype=np.uint64)
    ends = pc.min_max(ids)
    first, last = (ends[which].as_py().encode() for which in ("min", "max"))
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    _, offsets, data = ids.buffers()
    text = b"" if data is None else memoryview(data)
    padded = np.concatenate([np.frombuffer(text, dtype=np.uint8), np.zeros(_PREFIX, dtype=np.uint8)])
    # Every eight bytes in a row, wherever they begin.
    windows = np.ndarray(len(padded) - _PREFIX + 1, dtype=">u8", buffer=padded, strides=(1,))
    bounds = numpy_of(pa.Array.from_buffers(pa.int32(), len(ids) + 1, [None, offsets], offset=ids.offset))
    starts = bounds[:-1] + shared
    # Bytes of the next id do not count.
    masks = np.array([(1 << 64) - (1 << 8 * (_PREFIX - n)) for n in range(_PREFIX + 1)], dtype=np.uint64)
    return np.asarray(windows[starts].astype(np.uint64) & masks[np.minimum(bounds[1:] - starts, _PREFIX)])
