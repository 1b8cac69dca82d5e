"""Long columns of text: a hash of each, which hashes occur twice, and the distinct texts of a column with few.

Everything is exact: equal hashes are a reason to compare the texts, and distinct texts are compared by their bytes.
The loops test no bound: a column comes here only when :mod:`casemgmt.register.soundness` has found it sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from casemgmt.arrow import taken, validity_of
from casemgmt.compiling import pays
from casemgmt.texts.id_forms import folded
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# What is found in a piece of rows; what stands under a number.
_Found = TypeVar("_Found")
_Answer = TypeVar("_Answer", bound="np.generic")
# Where a piece begins and ends in its column, and its distinct texts.
Piece: TypeAlias = tuple[int, int, list[bytes]]

PART_BITS = 10
_ROOM = 65_536
_ROOM_FOR_REPEATS = 16
_PIECE = 1 << 19
# Bytes of a text up to which so many are a piece.
_SHORT = 16
# The loops read the word after the last one that they need.
_SPARE_WORDS = 3


def on_pieces(work: Callable[[int, int], _Found], rows: int, piece: int | None = None) -> list[_Found]:
    """What ``work(first, last)`` gives for each piece of so many rows, on threads."""
    piece = _PIECE if piece is None else piece
    bounds = [(low, min(low + piece, rows)) for low in range(0, rows, piece)]
    return on_threads(lambda each: work(*each), bounds)


def hashes_of(column: pa.ChunkedArray, by_form: bool = False) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """A hash of each text, and whether it is missing, empty or has anything that a plain id has not.

    The hash of a text is the same in every layout.

    Parameters
    ----------
    column : text of any layout, found sound
    by_form : whether to give the hashes of :func:`casemgmt.texts.id_forms.folded`, which texts that differ in
        spaces, hyphens or case alone have in common
    """
    import numpy as np
    import pyarrow as pa

    from casemgmt.texts import hash_kernels as kernels

    rows = len(column)
    hashes, kinds = np.empty(rows, dtype=np.uint64), np.empty(rows, dtype=np.uint8)
    start = 0
    for chunk in column.chunks:
        own_hashes, own_odd = hashes[start : start + len(chunk)], kinds[start : start + len(chunk)]
        start += len(chunk)
        if pa.types.is_string_view(chunk.type):
            _hash_views(chunk, own_hashes, own_odd, by_form)
        else:
            for first, last, offsets, words in _spans(chunk):
                part = own_hashes[first:last], own_odd[first:last]
                hash_part = partial(_hash, kernels.hash_texts, offsets, words, part, by_form)
                # Of longer texts, fewer are worth a thread.
                size = int(offsets[last - first] - offsets[0]) // (last - first)
                on_pieces(hash_part, last - first, max(_PIECE * _SHORT // max(size, _SHORT), 1))
    odd, present = kinds != 0, validity_of(column)
    if present is not None:
        odd |= ~present
        kinds[~present] = 0
    if by_form and kinds.max(initial=0) == kernels.NOT_ASCII:
        foreign = np.flatnonzero(kinds == kernels.NOT_ASCII)
        hashes[foreign] = hashes_of(pa.chunked_array([folded(taken(column, foreign))]))[0]
    return hashes, odd


def _hash(
    kernel: Callable[..., None],
    offsets: npt.NDArray[np.signedinteger],
    words: npt.NDArray[np.uint64],
    out: tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8]],
    by_form: bool,
    low: int,
    high: int,
) -> None:
    kernel(offsets[low:], words, *(each[low:high] for each in out), by_form)


def _hash_views(chunk: pa.Array, hashes: npt.NDArray[np.uint64], odd: npt.NDArray[np.uint8], by_form: bool) -> None:
    import numpy as np

    from casemgmt.texts import hash_kernels as kernels

    views, buffers = views_of(chunk), chunk.buffers()[2:]

    def work(low: int, high: int) -> npt.NDArray[np.int64]:
        longs = np.empty((max(len(buffers), 1), 2), dtype=np.int64)
        longs[:, 0], longs[:, 1] = len(chunk), 0
        kernels.hash_views(views[low:high], low, hashes[low:high], odd[low:high], longs, by_form)
        return longs

    spans = on_pieces(work, len(chunk))
    for place, buffer in enumerate(buffers):
        words = _words(buffer)
        for longs in spans:
            kernels.hash_long_views(views, words, place, *longs[place].tolist(), hashes, odd, by_form)


def grouped_by_part(hashes: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The hashes grouped by part (their highest bits), and where each part begins."""
    import numpy as np

    from casemgmt.texts import hash_kernels as kernels

    shift, parts = np.uint64(64 - PART_BITS), 1 << PART_BITS

    def count(low: int, high: int) -> tuple[int, npt.NDArray[np.int64]]:
        counts = np.zeros(parts, dtype=np.int64)
        kernels.count_parts(hashes, low, high, shift, counts)
        return low, counts

    counted = on_pieces(count, len(hashes))
    sizes = np.array([each for _, each in counted]).reshape(-1, parts)
    starts = np.concatenate([[0], np.cumsum(sizes.sum(axis=0))]).astype(np.int64)
    places = starts[:-1] + np.cumsum(sizes, axis=0) - sizes
    grouped = np.empty(len(hashes), dtype=np.uint64)
    by_start = {low: own for (low, _), own in zip(counted, places, strict=True)}
    on_pieces(lambda low, high: kernels.spread_parts(hashes, low, high, shift, by_start[low], grouped), len(hashes))
    return grouped, starts


def repeated_hashes(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The hashes that occur more than once, rising."""
    grouped, starts = grouped_by_part(hashes)
    largest = max(b - a for a, b in pairwise(starts.tolist()))
    return repeated_in(lambda part: grouped[starts[part] : starts[part + 1]], 1 << PART_BITS, largest)


def repeated_in(of_part: Callable[[int], npt.NDArray[np.uint64]], parts: int, largest: int) -> npt.NDArray[np.uint64]:
    """The hashes that occur more than once in some part, rising.

    Parameters
    ----------
    of_part : what gives the hashes of a part; no part holds more than ``largest``
    """
    import numpy as np

    from casemgmt.texts import hash_kernels as kernels

    size = 1 << (2 * largest + 1).bit_length()

    def look(low: int) -> npt.NDArray[np.uint64]:
        slots = np.empty(size, dtype=np.uint64)
        found = []
        for part in range(low, low + step):
            own = of_part(part)
            repeated = np.empty(_ROOM_FOR_REPEATS, dtype=np.uint64)
            count = kernels.repeated_in_part(own, 0, len(own), slots, repeated, 0)
            if count > len(repeated):
                repeated = np.empty(count, dtype=np.uint64)
                kernels.repeated_in_part(own, 0, len(own), slots, repeated, 0)
            found.append(repeated[:count])
            # A hash of zero stands for an empty slot, and is looked for by itself.
            if part == 0 and np.count_nonzero(own == 0) > 1:
                found.append(np.zeros(1, dtype=np.uint64))
        return np.concatenate(found)

    step = parts // 16
    found = on_threads(look, range(0, parts, step))
    return np.unique(np.concatenate(found))


def numbered(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], list[str | None]] | None:
    """Where each text stands among the distinct texts (-1: missing), and those in byte order.

    None where there are too many distinct texts, or longer ones, than the compiled loop is for.
    """
    import numpy as np
    import pyarrow as pa

    if any(pa.types.is_dictionary(chunk.type) for chunk in column.chunks):
        return None
    numbers = np.empty(len(column), dtype=np.int32)
    pieces: list[Piece] = []
    start = 0
    for chunk in column.chunks:
        found = _number_chunk(chunk, numbers[start : start + len(chunk)], start)
        if found is None:
            return None
        pieces += found
        start += len(chunk)
    present = validity_of(column)
    distinct = sorted({text for *_, texts in pieces for text in texts})
    place = {text: i for i, text in enumerate(distinct)}
    by_start = {low: np.array([place[text] for text in texts], dtype=np.int32) for low, _, texts in pieces}

    def work(piece: Piece) -> None:
        from casemgmt.texts.hash_kernels import read_by_number

        own = numbers[piece[0] : piece[1]]
        read_by_number(own, by_start[piece[0]], own)

    on_threads(work, pieces)
    if present is not None:
        numbers[~present] = -1
        # Something stands where a text is missing: it is no text of the column unless a row has it.
        met = np.unique(numbers[present])
        renumbered = np.zeros(len(distinct) + 1, dtype=np.int32)
        renumbered[met] = np.arange(len(met), dtype=np.int32)
        renumbered[-1] = -1
        numbers, distinct = renumbered[numbers], [distinct[i] for i in met]
    return numbers, [text.decode() for text in distinct]


def by_number(
    numbers: npt.NDArray[np.integer], answers: npt.NDArray[_Answer], compiled: bool | None = None
) -> npt.NDArray[_Answer]:
    """What ``answers`` gives for each number; -1 is its last entry.

    The caller has checked that every number is one of ``answers``; the compiled loop would not notice.
    """
    import numpy as np

    if not (pays(len(numbers)) if compiled is None else compiled):
        return np.asarray(answers[numbers])
    from casemgmt.texts.hash_kernels import read_by_number

    out = np.empty(len(numbers), dtype=answers.dtype)
    on_pieces(lambda low, high: read_by_number(numbers[low:high], answers, out[low:high]), len(numbers))
    return out


def counts_of(numbers: npt.NDArray[np.int32], most: int, compiled: bool | None = None) -> npt.NDArray[np.int64]:
    """How often each number below ``most`` occurs; -1 is none."""
    import numpy as np

    if not (pays(len(numbers)) if compiled is None else compiled):
        return np.bincount(numbers + 1, minlength=most + 1)[1:]
    from casemgmt.texts.hash_kernels import count_numbers

    def work(low: int, high: int) -> npt.NDArray[np.int64]:
        counts = np.zeros(most + 1, dtype=np.int64)
        count_numbers(numbers[low:high], counts)
        return counts

    return np.asarray(sum(on_pieces(work, len(numbers)), np.zeros(most + 1, dtype=np.int64))[:most])


def _number_chunk(chunk: pa.Array, numbers: npt.NDArray[np.int32], start: int) -> list[Piece] | None:
    """Number the texts of a chunk piece by piece; each piece has its own numbers, which its distinct texts explain."""
    import pyarrow as pa

    from casemgmt.texts import hash_kernels as kernels

    found: list[Piece | None] = []
    if pa.types.is_string_view(chunk.type):
        found += on_pieces(partial(_number, kernels.number_views, (views_of(chunk),), numbers, start), len(chunk))
    else:
        for first, last, offsets, words in _spans(chunk):
            number = partial(_number, kernels.number_texts, (offsets, words), numbers[first:last], start + first)
            found += on_pieces(number, last - first)
    pieces = [each for each in found if each is not None]
    return pieces if len(pieces) == len(found) else None


def _number(
    kernel: Callable[..., int],
    arrays: tuple[npt.NDArray[np.integer], ...],
    numbers: npt.NDArray[np.int32],
    start: int,
    low: int,
    high: int,
) -> Piece | None:
    """Number the texts of one piece; None where it is not for the loop."""
    import numpy as np

    from casemgmt.texts.hash_kernels import FREE

    room = 256
    while True:
        known = tuple(np.empty(room, dtype=np.uint64) for _ in range(3))
        slots = np.full(4 * room, FREE, dtype=np.uint32)
        count = kernel(arrays[0][low:], *arrays[1:], numbers[low:high], known, slots)
        if 0 <= count <= room:
            return start + low, start + high, _texts_of(*(part[:count] for part in known))
        if count < 0 or room == _ROOM:
            return None
        room = _ROOM if room > 256 else 16_384


def _texts_of(
    lows: npt.NDArray[np.uint64], highs: npt.NDArray[np.uint64], lengths: npt.NDArray[np.uint64]
) -> list[bytes]:
    """Texts of up to sixteen bytes, which stand in two words each."""
    import numpy as np

    data = np.column_stack([lows, highs]).tobytes()
    return [data[at : at + length] for at, length in zip(range(0, len(data), 16), lengths.tolist(), strict=True)]


def views_of(chunk: pa.Array) -> npt.NDArray[np.uint64]:
    """The sixteen bytes of each view of a chunk, as two words: 0 where a text is missing."""
    import numpy as np

    data = chunk.buffers()[1]
    if data is None:
        return np.zeros((len(chunk), 2), dtype=np.uint64)
    flat = np.frombuffer(data, dtype=np.uint64, offset=16 * chunk.offset, count=2 * len(chunk)).reshape(-1, 2)
    present = validity_of(chunk)
    # Where a text is missing, anything may stand, and point anywhere.
    return flat if present is None else np.where(present[:, None], flat, np.uint64(0))


def _spans(chunk: pa.Array) -> Iterator[tuple[int, int, npt.NDArray[np.signedinteger], npt.NDArray[np.uint64]]]:
    """First row, last row, offsets and words of a chunk: most of it as it lies, and its end with words to spare."""
    import numpy as np
    import pyarrow as pa

    if not len(chunk):
        return
    _, ends, data = chunk.buffers()
    kind = np.dtype(np.int64 if pa.types.is_large_string(chunk.type) else np.int32)
    offsets = np.frombuffer(ends, kind, count=len(chunk) + 1, offset=chunk.offset * kind.itemsize)
    size = 0 if data is None else data.size
    whole = max(size // 8 - _SPARE_WORDS, 0)
    cut = max(int(np.searchsorted(offsets, 8 * whole, side="right")) - 1, 0) if whole else 0
    if cut:
        yield 0, cut, offsets, np.frombuffer(data, dtype=np.uint64, count=size // 8)
    if cut < len(chunk):
        first = int(offsets[cut]) // 8 * 8
        rest = np.zeros((size - first) // 8 + 1 + _SPARE_WORDS, dtype=np.uint64)
        if size > first:
            rest.view(np.uint8)[: size - first] = np.frombuffer(data, dtype=np.uint8)[first:]
        yield cut, len(chunk), offsets[cut:] - kind.type(first), rest


def _words(buffer: pa.Buffer) -> npt.NDArray[np.uint64]:
    """The bytes of a buffer as words, with a few more after them."""
    import numpy as np

    words = np.zeros(buffer.size // 8 + 1 + _SPARE_WORDS, dtype=np.uint64)
    words.view(np.uint8)[: buffer.size] = np.frombuffer(buffer, dtype=np.uint8)
    return words
