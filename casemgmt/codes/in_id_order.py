"""The patients of all parts as one, in the order of their ids: dealt out by ranges of the id, and sorted in each.

To sort all of them at once, and to fetch what is known of each from where it lies, would wait for memory at every
patient. The patients of a few ranges stay in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import array_of
from casemgmt.codes.gathering import Gathered
from casemgmt.texts.id_order import Pieces, joined, order_in_groups, settle_equals, unpacked
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_RANGE_BITS = 10
# So many patients are sorted at a time, or those of one range where they are more.
_AT_ONCE = 1 << 15
_LOW = 0xFFFFFFFF


class Known(NamedTuple):
    """What is known of the patients of one part, each of whom stands in no other.

    Attributes
    ----------
    keys : uint64, (patients, width)
    words : uint64, (words, patients)
    counts, latest : int32, (measures, patients)
    """

    keys: npt.NDArray[np.uint64]
    words: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.int32]
    latest: npt.NDArray[np.int32]


def in_id_order(parts: Sequence[Known], kind: pa.DataType) -> Gathered:
    """All patients in ascending order of ids: numbers by size, texts by their bytes.

    Parameters
    ----------
    parts : of one width; one patient at least
    kind : of the ids
    """
    import numpy as np
    import pyarrow as pa

    parts = _fewer(parts)
    width, words, measures = parts[0].keys.shape[1], len(parts[0].words), len(parts[0].counts)
    is_number, turned = pa.types.is_integer(kind), np.uint64(pa.types.is_signed_integer(kind) << 63)
    dealt = _dealt(parts, turned, are_texts=not is_number)
    starts, count = dealt.starts, len(dealt.records)
    found = np.empty((words, count), dtype=np.uint64)
    counts, latest = (np.empty((measures, count), dtype=np.int32) for _ in range(2))
    # Of numbers the ids themselves, of texts their lengths and all their bytes.
    ids: npt.NDArray[np.integer[Any]] = np.empty(count, dtype=np.uint64 if is_number else np.int32)
    data = np.empty(0 if is_number else int(dealt.bytes[-1]), dtype=np.uint8)

    def sort(bound: tuple[int, int]) -> None:
        low, high = starts[list(bound)].tolist()
        own = dealt.records[low:high]
        numbers, keys = np.ascontiguousarray(own[:, 0]), np.ascontiguousarray(own[:, 1 : 1 + width])
        order = order_in_groups(starts[bound[0] : bound[1] + 1] - low, numbers)
        if not dealt.tell_all:
            settle_equals(order, numbers, keys)
        own = own[order, 1 + width :]
        found[:, low:high] = own[:, :words].T
        counts[:, low:high] = (own[:, words:] & np.uint64(_LOW)).astype(np.uint32).view(np.int32).T
        latest[:, low:high] = (own[:, words:] >> np.uint64(32)).astype(np.uint32).view(np.int32).T
        if is_number:
            ids[low:high] = keys[order, 0] ^ turned
        else:
            ids[low:high], data[slice(*dealt.bytes[list(bound)])] = unpacked(keys, order)

    marks = np.searchsorted(starts, np.arange(0, count, _AT_ONCE))
    on_threads(sort, list(pairwise(np.unique([*marks, len(starts) - 1]).tolist())))
    made = array_of(ids, kind) if is_number else joined([Pieces(ids, data)], kind)
    return Gathered(made, found, counts, latest, ordered=True)


def _fewer(parts: Sequence[Known]) -> list[Known]:
    """The same patients in parts of `_AT_ONCE` or more, but for the last: many small ones cost more to go through."""
    import numpy as np

    ends = np.cumsum([len(part.keys) for part in parts])
    marks = np.searchsorted(ends, np.arange(_AT_ONCE, ends[-1], _AT_ONCE)) + 1
    bounds = np.unique([0, *marks, len(parts)]).tolist()

    def joined_parts(bound: tuple[int, int]) -> Known:
        keys, *others = zip(*parts[slice(*bound)], strict=True)
        return Known(np.concatenate(keys), *(np.concatenate(each, axis=1) for each in others))

    return [part for part in on_threads(joined_parts, list(pairwise(bounds))) if len(part.keys)]


class _Dealt(NamedTuple):
    """Patients dealt out by ranges of their ids.

    Attributes
    ----------
    records : uint64: of each patient a number that follows the order of ids, the key, the words, and for each measure
        the count with the latest day above it
    starts, bytes : int64, (ranges + 1,): where the patients of each range begin, and the bytes of their ids
    tell_all : whether the numbers tell all patients apart
    """

    records: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]
    bytes: npt.NDArray[np.int64]
    tell_all: bool


def _dealt(parts: Sequence[Known], turned: np.uint64, *, are_texts: bool) -> _Dealt:
    """Deal patients out; ``turned`` are bits of a key to be turned round first, so that numbers below 0 come first."""
    import numpy as np

    from casemgmt.codes.by_id_kernels import deal_numbered
    from casemgmt.texts.hash_kernels import count_parts
    from casemgmt.texts.key_kernels import differing, first_differences

    width, base = parts[0].keys.shape[1], parts[0].keys[0]

    def bits_of(part: Known) -> npt.NDArray[np.uint64]:
        bits = np.empty(width, dtype=np.uint64)
        differing(part.keys, bits)
        bits |= part.keys[0] ^ base
        return bits

    bits = np.bitwise_or.reduce(on_threads(bits_of, parts))
    shift = np.uint64(max(_bits_used(bits) - _RANGE_BITS, 0))

    def numbered(part: Known) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64], npt.NDArray[np.int64], bool]:
        numbers, tally = np.empty(len(part.keys), dtype=np.uint64), np.zeros(1 << _RANGE_BITS, dtype=np.int64)
        tell_all = first_differences(part.keys ^ turned, bits, numbers)
        count_parts(numbers, 0, len(numbers), shift, tally)
        sizes = np.zeros_like(tally)
        if are_texts:  # the last byte of a key is the text's length
            lengths = part.keys[:, -1] & np.uint64(255)
            sizes = np.bincount((numbers >> shift).astype(np.int64), lengths, minlength=len(tally)).astype(np.int64)
        return numbers, tally, sizes, bool(tell_all)

    numbers, tallies, sizes, tell_all = zip(*on_threads(numbered, parts), strict=True)
    # The patients of a range stand together, those of one part after those of another.
    by_range = np.array(tallies).T
    places = (np.cumsum(by_range).reshape(by_range.shape) - by_range).T.copy()
    starts = np.append(places[0], sum(map(len, numbers)))
    columns = 1 + width + len(parts[0].words) + len(parts[0].counts)
    records = np.empty((int(starts[-1]), columns), dtype=np.uint64)

    def deal(place: int) -> None:
        part = parts[place]
        rows = np.empty((len(part.keys), columns), dtype=np.uint64)
        rows[:, 0], rows[:, 1 : 1 + width] = numbers[place], part.keys ^ turned
        rows[:, 1 + width : 1 + width + len(part.words)] = part.words.T
        low, high = part.counts.view(np.uint32).astype(np.uint64), part.latest.view(np.uint32).astype(np.uint64)
        rows[:, 1 + width + len(part.words) :] = (low | (high << np.uint64(32))).T
        deal_numbered(rows, shift, places[place], records)

    on_threads(deal, range(len(parts)))
    return _Dealt(records, starts, np.concatenate([[0], np.cumsum(sum(sizes))]), all(tell_all))


def _bits_used(bits: npt.NDArray[np.uint64]) -> int:
    """How many bits `first_differences` takes of keys that differ in some."""
    used = 0
    for byte in bits.astype(">u8").tobytes():
        count = byte.bit_length() - (byte & -byte).bit_length() + 1 if byte else 0
        if used + count > 64:
            break
        used += count
    return used
