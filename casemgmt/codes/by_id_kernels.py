"""The compiled loops that gather rows in any order: dealt out to parts by a hash of the patient, numbered in each.

A part's patients fit the cache, where a table of all of them would not. Ids go along with their rows as keys, since to
look an id up where it lies costs more than all the rest.
"""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within
from casemgmt.texts.hash_kernels import mix
from casemgmt.texts.key_kernels import shift_of

_ONE = np.uint64(1)
_LOW = np.uint64(0xFFFFFFFF)


@compiled
def hash_numbers(values, hashes):
    """Write a hash of each whole number, given as its 64 bits."""
    for i in range(len(values)):
        hashes[i] = mix(np.uint64(0), values[i])


@compiled
def deal_out(hashes, keys, cells, days, shift, places, records, tally):
    """Deal rows out to the parts that the highest bits of their hashes name, and count the rows of each cell.

    Parameters
    ----------
    hashes : uint64, (rows,)
    keys : uint64, (rows, width): their ids as keys
    cells : whole numbers, (rows,), below the length of ``tally``
    days : int32, (rows,), or (0,) where they do not matter
    shift : 64 less the bits that name a part; at most 63
    places : int64, (parts,): where the next row of each part goes; changed
    records : uint64, (rows, 1 + width, and 1 more with days), out: of each row the tag (the 32 bits of the hash after
        those that name the part) with the cell below it, the key, and the day
    tally : int64, (cells,): rows so far; changed
    """
    bits, width, with_days = np.uint64(64) - shift, np.uint64(keys.shape[1]), len(days) > 0
    for i in range(len(hashes)):
        hashed, cell = hashes[i], np.uint64(cells[i])
        part = hashed >> shift
        at = np.uint64(places[part])
        places[part] += 1
        records[at, 0] = ((hashed << bits) & ~_LOW) | cell
        records[at, 1] = keys[i, 0]
        for w in range(_ONE, width):
            records[at, _ONE + w] = keys[i, w]
        if with_days:
            records[at, _ONE + width] = np.uint64(np.int64(days[i]))
        tally[cell] += 1


@compiled
def number_part(records, slots, keys, known, masks, words, numbers):
    """Number the patients of one part's rows in the order in which each is first seen, and or each row's mask in.

    Parameters
    ----------
    records : uint64, (rows, 1 + width or more): see :func:`deal_out`
    slots : uint64, a power of two long and at least twice ``keys``: tag and number + 1 of a patient, 0 where free;
        changed
    keys : uint64, (patients there is room for, width): the id of each; changed
    known : how many there are so far
    masks : uint64, (words, cells), one word at least: the bits that a row of a cell sets
    words : uint64, (words, patients there is room for); changed
    numbers : int32, (rows,), out

    Returns
    -------
    rows numbered, fewer than given where ``keys`` is full; and how many patients there are
    """
    mask, shift = np.uint64(len(slots) - 1), shift_of(len(slots))
    width, done = np.uint64(keys.shape[1]), len(records)
    first_words, first_masks = words[0], masks[0]
    for i in range(len(records)):
        head, first = records[i, 0], records[i, 1]
        tag, at = head & ~_LOW, head >> shift
        while True:
            slot = slots[at]
            found = (slot & _LOW) - _ONE
            if slot == np.uint64(0):
                if known == len(keys):
                    done = i
                    break
                found = np.uint64(known)
                for w in range(width):
                    keys[found, w] = records[i, _ONE + w]
                known += 1
                slots[at] = tag | np.uint64(known)
                break
            same = slot & ~_LOW == tag and keys[found, 0] == first
            if same and (width == _ONE or _is_key(keys, found, records, i, width)):
                break
            at = (at + _ONE) & mask
        if done == i:
            break
        numbers[i] = found
        first_words[found] |= first_masks[head & _LOW]
    for w in range(1, len(masks)):
        for i in range(done):
            words[w, np.uint64(numbers[i])] |= masks[w, records[i, 0] & _LOW]
    return done, known


@compiled_within
def _is_key(keys, found, records, i, width):
    """Whether the words of a patient's key after the first are those of a record's."""
    w = _ONE
    while w < width and keys[found, w] == records[i, _ONE + w]:
        w += _ONE
    return w >= width


@compiled
def refill(before, slots):
    """Put what stands in slots into others, all free."""
    mask, shift = np.uint64(len(slots) - 1), shift_of(len(slots))
    for i in range(len(before)):
        if before[i] != np.uint64(0):
            at = before[i] >> shift
            while slots[at] != np.uint64(0):
                at = (at + _ONE) & mask
            slots[at] = before[i]


@compiled
def deal_numbered(rows, shift, places, records):
    """Deal rows out by the highest bits of the number that each begins with.

    Parameters
    ----------
    rows : uint64, (rows, width)
    shift : the bits that do not count, at most 63
    places : int64, where the next row of each range goes; changed
    records : uint64, (rows of all parts, width), out
    """
    width = rows.shape[1]
    for i in range(len(rows)):
        part = rows[i, 0] >> shift
        at = np.uint64(places[part])
        places[part] += 1
        for w in range(width):
            records[at, w] = rows[i, w]
