"""The order of different ids given as keys, and keys as texts again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# So few ids are put in order by one thread.
_ALONE = 1 << 17


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
    order = _order_of_numbers(numbers)
    if whole:
        return order
    sorted_numbers = numbers[order]
    same = sorted_numbers[1:] == sorted_numbers[:-1]
    tied = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
    places = order[tied]
    words = [keys[places, word] for word in np.flatnonzero(bits)[::-1]]
    order[tied] = places[np.lexsort((*words, numbers[places]))]
    return order


def _order_of_numbers(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """``np.argsort``, on threads: those below a number that halves them, and the others."""
    import numpy as np

    if len(numbers) < _ALONE:
        return np.argsort(numbers)
    middle = np.median(numbers[:: max(len(numbers) // 1024, 1)])

    def half(below: bool) -> npt.NDArray[np.int64]:
        places = np.flatnonzero((numbers < middle) == below)
        return places[np.argsort(numbers[places])]

    return np.concatenate(on_threads(half, (True, False)))


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

    def piece(bound: tuple[int, int]) -> npt.NDArray[np.uint8]:
        low, high = (int(offsets[place]) for place in bound)
        words = np.empty((high - low) // 8 + 1, dtype=np.uint64)
        unpack_texts(keys, order[slice(*bound)], words)
        return words.view(np.uint8)[: high - low]

    half = len(order) // 2
    bounds = [(0, half), (half, len(order))] if len(order) >= _ALONE else [(0, len(order))]
    data = np.concatenate(on_threads(piece, bounds))
    return pa.Array.from_buffers(kind, len(order), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
