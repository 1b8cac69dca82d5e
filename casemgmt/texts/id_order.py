"""The order of different ids given as keys, and keys as texts again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import MOST_TEXT, array_of, texts
from casemgmt.compiling import pays_once_made
from casemgmt.texts.numbering import LONGEST_TEXT, Keys, lengths_of
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

    if len(keys) < 2:
        return np.arange(len(keys))
    numbers, tell_all = first_numbers(keys)
    order = _order_of_numbers(numbers)
    if not tell_all:
        settle_equals(order, numbers, keys)
    return order


def first_numbers(keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], bool]:
    """A number a key, in the order of the keys, and whether different keys have different ones."""
    import numpy as np

    from casemgmt.texts.key_kernels import differing, first_differences

    bits, numbers = np.empty(keys.shape[1], dtype=np.uint64), np.empty(len(keys), dtype=np.uint64)
    differing(keys, bits)
    return numbers, bool(first_differences(keys, bits, numbers))


def order_in_groups(starts: npt.NDArray[np.int64], numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The places of the numbers of each group, from the least to the greatest; ``starts`` as in `order_groups`."""
    import numpy as np

    from casemgmt.texts.sort_kernels import buckets_for, order_groups

    largest = int(np.diff(starts).max(initial=0))
    order = np.empty(len(numbers), dtype=np.int64)
    buckets, beside = np.empty(buckets_for(largest) + 1, dtype=np.int32), np.empty(largest, dtype=np.uint64)
    order_groups(starts, numbers, order, buckets, beside)
    return order


def settle_equals(
    order: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.uint64],
    keys: npt.NDArray[np.uint64],
    group: npt.NDArray[np.int64] | None = None,
) -> None:
    """Put in order, by whole keys, what equal numbers leave open.

    Parameters
    ----------
    order : places of keys by group, then by number; changed in place
    numbers, keys : of each place
    group : of each entry of ``order``, from the least; one for all by default
    """
    import numpy as np

    own = numbers[order]
    same = own[1:] == own[:-1]
    if group is not None:
        same &= group[1:] == group[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    places = order[tied]
    sort_by = [*(keys[places, word] for word in range(keys.shape[1])[::-1]), numbers[places]]
    if group is not None:
        sort_by.append(group[tied])
    order[tied] = places[np.lexsort(sort_by)]


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
    half = len(order) // 2
    bounds = [(0, half), (half, len(order))] if len(order) >= _ALONE else [(0, len(order))]
    return joined(on_threads(lambda bound: unpacked(keys, order[slice(*bound)]), bounds), kind)


class Pieces(NamedTuple):
    """Texts as the bytes of each, counted, and all their bytes."""

    lengths: npt.NDArray[np.integer[Any]]
    data: npt.NDArray[np.uint8]


def unpacked(keys: npt.NDArray[np.uint64], order: npt.NDArray[np.int64]) -> Pieces:
    """The texts of keys in an order."""
    import numpy as np

    from casemgmt.texts.key_kernels import unpack_texts

    lengths = (keys[:, -1].astype(np.uint8)[order]).astype(np.int32)
    size = int(lengths.sum(dtype=np.int64))
    words = np.empty(size // 8 + 1, dtype=np.uint64)
    unpack_texts(keys, order, words)
    return Pieces(lengths, words.view(np.uint8)[:size])


def joined(pieces: Sequence[Pieces], kind: pa.DataType) -> pa.Array:
    """Texts of several pieces as one array of a kind of text; of ``large_string`` where that cannot hold them."""
    import numpy as np
    import pyarrow as pa

    if sum(len(piece.data) for piece in pieces) > MOST_TEXT:
        kind = pa.large_string()
    lengths, data = pieces[0]
    if len(pieces) > 1:
        lengths, data = (
            np.concatenate([each.lengths for each in pieces]),
            np.concatenate([each.data for each in pieces]),
        )
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64 if pa.types.is_large_string(kind) else np.int32)
    np.cumsum(lengths, dtype=offsets.dtype, out=offsets[1:])
    return pa.Array.from_buffers(kind, len(lengths), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def texts_at(
    values: Sequence[str], places: npt.NDArray[np.integer[Any]], present: npt.NDArray[np.bool_] | None = None
) -> pa.Array:
    """Of a few texts those at some places, one a row, as ``string``; missing where ``present`` is false."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.texts.key_kernels import unpack_texts

    few = texts([*values, ""])
    codes = places.astype(np.int64) if present is None else np.where(present, places, len(values)).astype(np.int64)
    if not pays_once_made(len(codes), unpack_texts) or lengths_of(few)[1] > LONGEST_TEXT:
        return few.take(array_of(codes, pa.int64(), present))
    found = texts_of_keys(Keys(few).block(0, len(few)), codes, pa.string())
    if present is None:
        return found
    _, offsets, data = found.buffers()
    valid = pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(found.type, len(found), [valid, offsets, data])
