"""The compiled loops that number ids: texts or whole numbers become keys, and keys small numbers, through a hash table.

A *key* is a text or whole number as 64-bit words whose order as unsigned numbers is the order of the texts' bytes.
Every array is a block of rows that fits the cache.
"""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within

_EIGHT = np.uint64(8)
_ONE = np.uint64(1)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio: Fibonacci hashing, Knuth 6.4
# What keeps the first 0 to 8 bytes of a word.
_FIRST_BYTES = np.array([(1 << 8 * k) - 1 for k in range(9)], dtype=np.uint64)


@compiled_within
def _swapped(word):
    """The eight bytes of a word in the other order."""
    word = ((word & np.uint64(0x00FF00FF00FF00FF)) << _EIGHT) | ((word >> _EIGHT) & np.uint64(0x00FF00FF00FF00FF))
    word = ((word & np.uint64(0x0000FFFF0000FFFF)) << np.uint64(16)) | (
        (word >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF)
    )
    return (word << np.uint64(32)) | (word >> np.uint64(32))


@compiled
def extremes(offsets):
    """The bytes of the shortest and the longest text, of one text at least; ``offsets`` as in :func:`pack_texts`."""
    least = most = np.int64(offsets[1] - offsets[0])
    for i in range(1, len(offsets) - 1):
        length = np.int64(offsets[i + 1] - offsets[i])
        least, most = min(least, length), max(most, length)
    return least, most


@compiled
def pack_texts(offsets, data, words, first, count, keys):
    """Write the keys of texts ``first`` to ``first + count``.

    Parameters
    ----------
    offsets : int32 or int64, where each text begins and ends in ``data``
    data : uint8, the bytes of all texts
    words : uint64, the whole words of the same bytes
    keys : uint64, (count, width), out; the last byte of a key is the text's length, so a text must be shorter than
        ``8 * width`` bytes and than 256
    """
    last = np.int64(len(words) - keys.shape[1] - 1)
    stop = np.uint64(offsets[first])
    for i in range(count):
        start, stop = stop, np.uint64(offsets[first + i + 1])
        if np.int64(start >> np.uint64(3)) < last:
            _pack_words(words, start >> np.uint64(3), start & np.uint64(7), stop - start, keys, i)
        else:
            _pack_bytes(data, start, stop - start, keys, i)


@compiled
def find_texts(offsets, rows, starts, lengths):
    """Write where the texts at some rows begin, and how many bytes each has; return the most.

    ``offsets`` as in :func:`pack_texts`; ``rows``, ``starts`` and ``lengths`` are int64.
    """
    most = np.int64(0)
    for i in range(len(rows)):
        row = np.uint64(rows[i])
        starts[i] = offsets[row]
        lengths[i] = np.int64(offsets[row + _ONE]) - starts[i]
        most = max(most, lengths[i])
    return most


@compiled
def pack_chosen(starts, lengths, data, words, keys, beside):
    """Write the keys of some texts, each where it begins in ``data`` and how long it is; see :func:`pack_texts`.

    The words are fetched first, of many texts, and shifted into place afterwards: so the processor waits for many of
    them at a time. ``beside`` is uint64, working memory, width + 1 words for each of some texts.
    """
    last, size = np.int64(len(words) - keys.shape[1] - 1), np.uint64(keys.shape[1] + 1)
    at_once = len(beside) // (keys.shape[1] + 1)
    for low in range(0, len(starts), at_once):
        some = min(at_once, len(starts) - low)
        for i in range(some):
            place = np.uint64(starts[low + i]) >> np.uint64(3)
            if np.int64(place) < last:
                for w in range(size):
                    beside[np.uint64(i) * size + w] = words[place + w]
        for i in range(some):
            start, length = np.uint64(starts[low + i]), np.uint64(lengths[low + i])
            if np.int64(start >> np.uint64(3)) < last:
                _pack_words(beside, np.uint64(i) * size, start & np.uint64(7), length, keys, low + i)
            else:
                _pack_bytes(data, start, length, keys, low + i)


@compiled_within
def _pack_words(words, place, byte, length, keys, i):
    """Write the key of the text of ``length`` bytes that begins at a byte of the word at ``place``."""
    width, shift = np.uint64(keys.shape[1]), byte << np.uint64(3)
    here = words[place]
    for w in range(length >> np.uint64(3)):
        after = words[place + w + _ONE]
        keys[i, w] = _swapped((here >> shift) | ((after << _ONE) << (np.uint64(63) - shift)))
        here = after
    w = length >> np.uint64(3)
    after = words[place + w + _ONE]
    word = (here >> shift) | ((after << _ONE) << (np.uint64(63) - shift))
    keys[i, w] = _swapped(word & _FIRST_BYTES[length & np.uint64(7)])
    for v in range(w + _ONE, width):
        keys[i, v] = np.uint64(0)
    keys[i, width - _ONE] |= length


@compiled_within
def _pack_bytes(data, start, length, keys, i):
    """The same at the end of the bytes, where a whole word may reach beyond them."""
    width = np.uint64(keys.shape[1])
    for w in range(width):
        word = np.uint64(0)
        for k in range(w << np.uint64(3), min(length, (w << np.uint64(3)) + _EIGHT)):
            word |= np.uint64(data[start + k]) << (np.uint64(56) - ((k & np.uint64(7)) << np.uint64(3)))
        keys[i, w] = word
    keys[i, width - _ONE] |= length


@compiled_within
def shift_of(slots):
    """What leaves, of 64 bits, those that number a power of two of slots."""
    shift = 64
    while slots > 1:
        slots >>= 1
        shift -= 1
    return np.uint64(shift)


@compiled_within
def _slot_of(keys, row, shift):
    """Where a key is first looked for: the high bits of products, which every byte of the key has a part in."""
    mixed = keys[row, 0] * _GOLDEN
    for w in range(1, keys.shape[1]):
        mixed = ((mixed ^ (mixed >> np.uint64(32))) + keys[row, w]) * _GOLDEN
    return mixed >> shift


@compiled
def number_keys(keys, slots, table, known, first_row, seen_at, numbers):
    """Number the keys in the order in which each is first seen.

    Parameters
    ----------
    keys : uint64, (rows, width)
    slots : int32, a power of two long, -1 where free; changed
    table : uint64, (keys there is room for, width): the key of each number; changed
    known : how many numbers are given so far; all of ``table`` may be given, and must be at most half of ``slots``
    first_row : the source row of ``keys[0]``
    seen_at : int64, as long as ``table``: a row where the key was seen; changed
    numbers : int32, (rows,), out

    Returns
    -------
    rows numbered, fewer than given where ``table`` is full; and how many numbers are given
    """
    mask = np.uint64(len(slots) - 1)
    shift = shift_of(len(slots))
    width = keys.shape[1]
    for i in range(len(keys)):
        at = _slot_of(keys, i, shift)
        while True:
            found = slots[at]
            if found < 0:
                if known == len(table):
                    return i, known
                slots[at] = known
                seen_at[known] = first_row + i
                for w in range(width):
                    table[known, w] = keys[i, w]
                numbers[i] = known
                known += 1
                break
            same = True
            for w in range(width):
                same &= table[found, w] == keys[i, w]
            if same:
                numbers[i] = found
                break
            at = (at + _ONE) & mask
    return len(keys), known


@compiled
def number_short_texts(offsets, data, words, first, count, slots, table, known, first_row, seen_at, numbers):
    """:func:`pack_texts` and :func:`number_keys` in one for keys of one word: the texts of a column of codes."""
    mask = np.uint64(len(slots) - 1)
    shift = shift_of(len(slots))
    last = len(words) - 1
    for i in range(count):
        at = int(offsets[first + i])
        length = int(offsets[first + i + 1]) - at
        place = at >> 3
        if place < last:
            within = np.uint64((at & 7) << 3)
            key = (words[place] >> within) | ((words[place + 1] << _ONE) << (np.uint64(63) - within))
            key = _swapped(key & _FIRST_BYTES[length])
        else:
            key = np.uint64(0)
            for k in range(length):
                key |= np.uint64(data[at + k]) << np.uint64(56 - 8 * k)
        key |= np.uint64(length)
        slot = (key * _GOLDEN) >> shift
        while True:
            found = slots[slot]
            if found >= 0 and table[found, 0] == key:
                numbers[i] = found
                break
            if found < 0:
                if known == len(table):
                    return i, known
                slots[slot] = known
                seen_at[known] = first_row + i
                table[known, 0] = key
                numbers[i] = known
                known += 1
                break
            slot = (slot + _ONE) & mask
    return count, known


@compiled
def refill(table, known, slots):
    """Put every known key into empty ``slots``; as :func:`number_keys` would."""
    mask = np.uint64(len(slots) - 1)
    shift = shift_of(len(slots))
    for i in range(known):
        at = _slot_of(table, i, shift)
        while slots[at] >= 0:
            at = (at + _ONE) & mask
        slots[at] = i


@compiled
def number_in_order(keys, marks, last, known, kept, numbers):
    """Number the keys of rows that are in ascending order of their keys: a number where the key differs from the last.

    Parameters
    ----------
    keys : uint64, (rows, width)
    marks : int64, (rows,): what is kept of the last row of each number
    last : uint64, (width,): the key before ``keys[0]``; changed to that of the last row
    known : how many numbers are given so far; 0 where ``last`` says nothing
    kept : int64, with room for each new number; changed
    numbers : int32, (rows,), out

    Returns
    -------
    how many numbers are given; -1 where the rows are not in order, and then nothing else means anything
    """
    width = keys.shape[1]
    if known == 0 and len(keys):
        known = 1
        for w in range(width):
            last[w] = keys[0, w]
    if width == 1:
        before, ordered = last[0], True
        for i in range(len(keys)):
            key = keys[i, 0]
            ordered &= key >= before
            known += np.int64(key != before)
            before = key
            kept[np.uint64(known - 1)] = marks[i]
            numbers[i] = known - 1
        last[0] = before
        return known if ordered else -1
    for i in range(len(keys)):
        w = 0
        while w < width - 1 and keys[i, w] == last[w]:
            w += 1
        if keys[i, w] < last[w]:
            return -1
        if keys[i, w] > last[w]:
            known += 1
            for v in range(w, width):
                last[v] = keys[i, v]
        kept[known - 1] = marks[i]
        numbers[i] = known - 1
    return known


@compiled
def differing(keys, bits):
    """Write into ``bits``, one word each, the bits of each word in which some keys, (keys, width), differ."""
    bits[:] = np.uint64(0)
    for i in range(len(keys)):
        for w in range(keys.shape[1]):
            bits[w] |= keys[i, w] ^ keys[0, w]


@compiled
def first_differences(keys, bits, numbers):
    """Write, of each key, a number by which it is told from others, in the order of the keys.

    Parameters
    ----------
    keys : uint64, (keys, width)
    bits : uint64, (width,): see :func:`differing`
    numbers : uint64, (keys,), out: of each byte in which keys differ, the bits from the highest to the lowest that do,
        as many as fit 64 bits

    Returns
    -------
    1 where all of them do: then the numbers of different keys differ; 0 else
    """
    width = keys.shape[1]
    words, downs = np.empty(8 * width, dtype=np.int64), np.empty(8 * width, dtype=np.uint64)
    masks, ups = np.empty(8 * width, dtype=np.uint64), np.empty(8 * width, dtype=np.uint64)
    used, left, whole = 0, np.uint64(64), 1
    for w in range(width):
        for k in range(8):
            down = np.uint64(56 - 8 * k)
            byte = (bits[w] >> down) & np.uint64(255)
            if byte == np.uint64(0) or not whole:
                continue
            low, count = np.uint64(0), np.uint64(0)
            while (byte >> low) & _ONE == np.uint64(0):
                low += _ONE
            while byte >> (low + count) != np.uint64(0):
                count += _ONE
            if count > left:
                whole = 0
                continue
            left -= count
            words[used], downs[used], ups[used] = w, down + low, count
            masks[used] = (_ONE << count) - _ONE
            used += 1
    for i in range(len(keys)):
        number = np.uint64(0)
        for k in range(used):
            number = (number << ups[k]) | ((keys[i, words[k]] >> downs[k]) & masks[k])
        numbers[i] = number
    return whole


@compiled
def unpack_texts(keys, order, words):
    """Write the bytes of the texts of keys, those at ``order`` one after another, as words; the last one's end is 0.

    Parameters
    ----------
    keys : uint64, (keys, width)
    order : int64, places of keys
    words : uint64, out, with room for all bytes and for one word more
    """
    pending, filled, at = np.uint64(0), np.uint64(0), np.int64(0)
    for i in range(len(order)):
        row = order[i]
        left = keys[row, keys.shape[1] - 1] & np.uint64(255)
        w = 0
        while left > np.uint64(0):
            count = min(left, _EIGHT)
            word = _swapped(keys[row, w]) & _FIRST_BYTES[count]
            pending |= word << (filled << np.uint64(3))
            filled += count
            if filled >= _EIGHT:
                words[at] = pending
                at += 1
                filled -= _EIGHT
                # Of the last word, the bytes that found no place; shifts of 64 are none.
                over = (count - filled) << np.uint64(3)
                pending = np.uint64(0) if filled == np.uint64(0) else word >> over
            left -= count
            w += 1
    words[at] = pending
