"""The order of different ids given as keys, and keys as texts again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


def order_of_keys(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The places of different keys, (keys, width), from the least to the greatest.

    Ids of one form differ in few bits of few characters. As many of those bits as one number holds, from the left, are
    put in order first, and then those that are alike in all of them.
    """
    import numpy as np

    from casemgmt.texts.key_kernels import differing, first_differences

    if len(keys) < 2:
        return np.arange(len(keys))
    bits = differing(keys)
    numbers = np.empty(len(keys), dtype=np.uint64)
    whole = first_differences(keys, bits, numbers)
    order = np.argsort(numbers)
    if whole:
        return order
    sorted_numbers = numbers[order]
    same = sorted_numbers[1:] == sorted_numbers[:-1]
    tied = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
    places = order[tied]
    words = [keys[places, word] for word in np.flatnonzero(bits)[::-1]]
    order[tied] = places[np.lexsort((*words, numbers[places]))]
    return order


def texts_of_keys(keys: npt.NDArray[np.uint64], order: npt.NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    """The texts of keys in an order, of a kind of text; of ``large_string`` where that does not hold as many bytes."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.texts.key_kernels import unpack_texts

    lengths = (keys[order, -1] & np.uint64(255)).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    if pa.types.is_large_string(kind) or offsets[-1] >= 2**31:
        kind = pa.large_string()
    else:
        offsets = offsets.astype(np.int32)
    words = np.empty(int(offsets[-1]) // 8 + 1, dtype=np.uint64)
    unpack_texts(keys, order, words)
    return pa.Array.from_buffers(kind, len(order), [None, pa.py_buffer(offsets), pa.py_buffer(words)])
