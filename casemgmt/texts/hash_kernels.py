"""The compiled loops over long columns of text: a hash of each, whether it is plain, and which are alike."""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within

_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / the golden ratio, and another odd number without pattern
_ODD_TOO = np.uint64(0xD6E8FEB86659FD93)
_ONES = np.uint64(0x0101010101010101)
_HIGHS = np.uint64(0x8080808080808080)
_ZEROS = np.uint64(0x3030303030303030)  # eight times the digit 0
_A = np.uint64(0x4141414141414141)
_AFTER_Z = np.uint64(0x5B5B5B5B5B5B5B5B)

# What is written of a text that is odd because it has bytes that are not ASCII.
NOT_ASCII = np.uint8(2)

EMPTY_SLOT = np.uint64(0)
FREE = np.uint32(0xFFFFFFFF)


@compiled_within
def mix(hashed, word):
    """A hash with one more word of text."""
    hashed = (hashed ^ word) * _ODD
    return (hashed ^ (hashed >> np.uint64(29))) * _ODD_TOO


@compiled_within
def has_odd_byte(word):
    """Whether one of eight bytes is no printable ASCII from the digits on, and no hyphen."""
    low = word & ~_HIGHS
    from_digits = low + (_HIGHS - _ZEROS)
    deleted = low + _ONES  # 0x7f, the last control character
    hyphen = (low ^ (np.uint64(0x2D) * _ONES)) + (_HIGHS - _ONES)  # the high bit stays clear for a hyphen alone
    return (word | deleted | (~from_digits & hyphen)) & _HIGHS != np.uint64(0)


@compiled_within
def lowered(word, highs):
    """Eight bytes with the capitals A to Z in lower case; as they are where ``highs`` is 0 and not ``_HIGHS``."""
    if word & highs >> np.uint64(1) == np.uint64(0):  # no letter
        return word
    low = word & ~_HIGHS
    from_a, after_z = low + (_HIGHS - _A), low + (_HIGHS - _AFTER_Z)
    return word | ((from_a & ~after_z & ~word & highs) >> np.uint64(2))


@compiled_within
def second_look(word):
    """Bits of eight bytes that need a second look: what stands before the digits, hyphens too, or is no plain ASCII."""
    low = word & ~_HIGHS
    return (word | (low + _ONES) | ~(low + (_HIGHS - _ZEROS))) & _HIGHS


@compiled_within
def fold_word(word, count, hashed, pending, kept):
    """Take the first ``count`` bytes of a word into a hash, but for hyphens and spaces.

    Parameters
    ----------
    hashed, pending, kept : the hash of the whole words so far, the bytes after them, and how many bytes were taken
    """
    word = lowered(word, _HIGHS)
    while count > np.uint64(0):
        byte = word & np.uint64(0xFF)
        word, count = word >> np.uint64(8), count - np.uint64(1)
        if byte == np.uint64(0x20) or byte == np.uint64(0x2D):
            continue
        pending |= byte << ((kept & np.uint64(7)) << np.uint64(3))
        kept += np.uint64(1)
        if kept & np.uint64(7) == np.uint64(0):
            hashed, pending = mix(hashed, pending), np.uint64(0)
    return hashed, pending, kept


@compiled_within
def fold_span(words, start, length):
    """:func:`hash_span` of a text that has bytes to be left out."""
    place, shift, left = start >> np.uint64(3), (start & np.uint64(7)) << np.uint64(3), length
    hashed, pending, kept = _ODD, np.uint64(0), np.uint64(0)
    while left > np.uint64(0):
        word = words[place] >> shift | (words[place + np.uint64(1)] << np.uint64(1)) << (np.uint64(63) - shift)
        count = min(left, np.uint64(8))
        hashed, pending, kept = fold_word(word, count, hashed, pending, kept)
        place, left = place + np.uint64(1), left - count
    return mix(mix(hashed, pending), kept)


@compiled_within
def odd_span(words, start, length):
    """How odd a text of ``length`` bytes is that needs a second look; see :func:`hash_texts`."""
    place, shift, left = start >> np.uint64(3), (start & np.uint64(7)) << np.uint64(3), length
    every, unusual = np.uint64(0), False
    while left > np.uint64(0):
        word = words[place] >> shift | (words[place + np.uint64(1)] << np.uint64(1)) << (np.uint64(63) - shift)
        if left < np.uint64(8):
            beyond = left << np.uint64(3)
            word = (word & ((np.uint64(1) << beyond) - np.uint64(1))) | _ZEROS << beyond
        every, unusual = every | word, unusual | has_odd_byte(word)
        place, left = place + np.uint64(1), left - min(left, np.uint64(8))
    return NOT_ASCII if every & _HIGHS != np.uint64(0) else np.uint8(unusual)


@compiled_within
def hash_span(words, start, length, by_form):
    """The hash of the text of ``length`` bytes from byte ``start`` on, and how odd it is; see :func:`hash_texts`.

    Everything is unsigned: signed indices cost as much again.
    """
    place, shift = start >> np.uint64(3), (start & np.uint64(7)) << np.uint64(3)
    hashed, left, looks, eight = _ODD, length, np.uint64(0), np.uint64(0)
    highs = _HIGHS if by_form else np.uint64(0)
    here = words[place]
    while True:
        after = words[place + np.uint64(1)]
        word = here >> shift | (after << np.uint64(1)) << (np.uint64(63) - shift)
        if left < np.uint64(8):
            break
        eight, looks = word, looks | second_look(word)
        hashed = mix(hashed, lowered(word, highs))
        here, place, left = after, place + np.uint64(1), left - np.uint64(8)
    beyond = left << np.uint64(3)
    word &= (np.uint64(1) << beyond) - np.uint64(1)
    looks |= second_look(word | _ZEROS << beyond)
    odd = np.uint8(length == np.uint64(0))
    if length == np.uint64(10):
        odd = np.uint8(same_digit(eight, word & np.uint64(0xFF), word >> np.uint64(8)))
    hashed = mix(mix(hashed, lowered(word, highs)), length)
    if looks != np.uint64(0):
        odd = odd_span(words, start, length)
        if by_form:
            hashed = fold_span(words, start, length)
    return hashed, odd


@compiled
def hash_texts(offsets, words, hashes, odd, by_form):
    """Hash texts: the same as :func:`hash_views` gives for the same texts.

    Parameters
    ----------
    offsets : int32 or int64, one more than there are texts: the byte with which each begins
    words : uint64, the bytes of all texts, and at least two words more
    hashes : uint64, one a text, written
    odd : uint8, one a text, written: 1 where the text is empty, one digit ten times, or has a byte that no plain id
        has; ``NOT_ASCII`` where it has bytes that are not ASCII
    by_form : whether capitals count as small letters, and hyphens and spaces as nothing; of ASCII alone
    """
    start = np.uint64(offsets[0])
    for i in range(len(hashes)):
        stop = np.uint64(offsets[i + 1])
        length = stop - start
        if length < np.uint64(16):
            place, shift = start >> np.uint64(3), (start & np.uint64(7)) << np.uint64(3)
            a, b, c = words[place], words[place + np.uint64(1)], words[place + np.uint64(2)]
            low = a >> shift | (b << np.uint64(1)) << (np.uint64(63) - shift)
            high = b >> shift | (c << np.uint64(1)) << (np.uint64(63) - shift)
            hashes[i], odd[i] = hash_short(low, high, length, by_form)
        else:
            hashes[i], odd[i] = hash_span(words, start, length, by_form)
        start = stop


@compiled_within
def same_digit(eight, ninth, tenth):
    """Whether ten bytes are one and the same digit."""
    digit = eight & np.uint64(0xFF)
    same = (eight == digit * _ONES) & (ninth == digit) & (tenth == digit)
    return same & (digit >= np.uint64(48)) & (digit <= np.uint64(57))


@compiled_within
def hash_short(low, high, length, by_form):
    """:func:`hash_span` of a text of up to fifteen bytes, which stand in two words; what follows them is ignored."""
    if length < np.uint64(8):
        beyond = length << np.uint64(3)
        low &= (np.uint64(1) << beyond) - np.uint64(1)
        high = np.uint64(0)
        first, second = low | _ZEROS << beyond, _ZEROS
    else:
        beyond = (length - np.uint64(8)) << np.uint64(3)
        high &= (np.uint64(1) << beyond) - np.uint64(1)
        first, second = low, high | _ZEROS << beyond
    highs = _HIGHS if by_form else np.uint64(0)
    odd = np.uint8(length == np.uint64(0))
    if length == np.uint64(10):
        odd = np.uint8(same_digit(low, high & np.uint64(0xFF), high >> np.uint64(8)))
    hashed = mix(_ODD, lowered(low, highs))
    if length >= np.uint64(8):
        hashed = mix(hashed, lowered(high, highs))
    hashed = mix(hashed, length)
    if second_look(first) | second_look(second) != np.uint64(0):
        odd = np.uint8(has_odd_byte(first) | has_odd_byte(second))
        odd = NOT_ASCII if (low | high) & _HIGHS != np.uint64(0) else odd
        if by_form:
            hashed, pending, kept = fold_word(low, min(length, np.uint64(8)), _ODD, np.uint64(0), np.uint64(0))
            if length > np.uint64(8):
                hashed, pending, kept = fold_word(high, length - np.uint64(8), hashed, pending, kept)
            hashed = mix(mix(hashed, pending), kept)
    return hashed, odd


@compiled
def hash_views(views, first, hashes, odd, longs, by_form):
    """:func:`hash_texts` of views of sixteen bytes that hold their text, which is up to twelve bytes.

    Parameters
    ----------
    views : uint64, (texts, 2): the length and the first four bytes, and the other eight
    first : the number of the first of these texts
    longs : int64, (buffers, 2), the first and the last but one text that lies in each buffer; widened. Longer texts are
        left to :func:`hash_long_views`
    """
    for i in range(len(hashes)):
        a, b = views[i, 0], views[i, 1]
        length = a & np.uint64(0xFFFFFFFF)
        if length > np.uint64(12):
            buffer = np.int64(b & np.uint64(0xFFFFFFFF))
            longs[buffer, 0] = min(longs[buffer, 0], first + i)
            longs[buffer, 1] = max(longs[buffer, 1], first + i + 1)
            continue
        hashes[i], odd[i] = hash_short(a >> np.uint64(32) | b << np.uint64(32), b >> np.uint64(32), length, by_form)


@compiled
def hash_long_views(views, words, buffer, first, last, hashes, odd, by_form):
    """Hash the texts ``first`` to ``last`` that are longer than twelve bytes and lie in one buffer."""
    for i in range(first, last):
        a, b = views[i, 0], views[i, 1]
        if a & np.uint64(0xFFFFFFFF) > np.uint64(12) and np.int64(b & np.uint64(0xFFFFFFFF)) == buffer:
            hashes[i], odd[i] = hash_span(words, b >> np.uint64(32), a & np.uint64(0xFFFFFFFF), by_form)


@compiled
def count_parts(hashes, first, last, shift, counts):
    """Add to ``counts`` how many hashes from ``first`` to ``last`` have each of the highest bits."""
    for i in range(first, last):
        counts[hashes[i] >> shift] += 1


@compiled
def spread_parts(hashes, first, last, shift, places, out):
    """Put hashes of a part together; ``places`` says where the next of each part goes."""
    for i in range(first, last):
        part = hashes[i] >> shift
        at = places[part]
        places[part] = at + 1
        out[at] = hashes[i]


@compiled
def repeated_in_part(hashes, start, stop, slots, repeated, found):
    """Write the hashes that occur again among ``hashes[start:stop]`` into ``repeated``, from ``found`` on.

    Parameters
    ----------
    slots : uint64, a power of two and more than there are hashes in the part; overwritten
    repeated : uint64; where it is full, more are counted and not written
    """
    mask = np.uint64(len(slots) - 1)
    slots[:] = EMPTY_SLOT
    for i in range(start, stop):
        hashed = hashes[i]
        at = hashed & mask
        while slots[at] != EMPTY_SLOT and slots[at] != hashed:
            at = (at + np.uint64(1)) & mask
        if slots[at] == hashed and hashed != EMPTY_SLOT:
            if found < len(repeated):
                repeated[found] = hashed
            found += 1
        slots[at] = hashed
    return found


@compiled_within
def slot_of(low, high, length, known, slots):
    """The slot of a text of up to sixteen bytes: one that holds its number, or a free one.

    Parameters
    ----------
    known : (lows, highs, lengths), uint64: the two words and the length of each text met, by number
    slots : uint32, a power of two and at least twice the room in ``known``: numbers by hash, ``FREE`` for none
    """
    lows, highs, lengths = known
    mask = np.uint64(len(slots) - 1)
    at = ((low ^ (high * _ODD_TOO)) * _ODD) >> np.uint64(40)
    at = (at ^ length) & mask
    number = slots[at]
    while number != FREE and (lows[number] != low or highs[number] != high or lengths[number] != length):
        at = (at + np.uint64(1)) & mask
        number = slots[at]
    return at


@compiled_within
def learn(low, high, length, known, slots, at, count):
    """Give a new text the number ``count``."""
    lows, highs, lengths = known
    slots[at] = np.uint32(count)
    lows[count], highs[count], lengths[count] = low, high, length


@compiled
def number_texts(offsets, words, numbers, known, slots):
    """Number the distinct texts; see :func:`hash_texts` and :func:`slot_of`.

    Returns
    -------
    int : how many are distinct; more than there is room for where there are more; -1 where a text is too long
    """
    count, room = np.uint64(0), np.uint64(len(known[0]))
    for i in range(len(numbers)):
        start = np.uint64(offsets[i])
        length = np.uint64(offsets[i + 1]) - start
        if length > np.uint64(16):
            return np.int64(-1)
        place, shift = start >> np.uint64(3), (start & np.uint64(7)) << np.uint64(3)
        a, b = words[place], words[place + np.uint64(1)]
        low = a >> shift | (b << np.uint64(1)) << (np.uint64(63) - shift)
        high = np.uint64(0)
        if length > np.uint64(8):
            c = words[place + np.uint64(2)]
            high = b >> shift | (c << np.uint64(1)) << (np.uint64(63) - shift)
            if length < np.uint64(16):
                high &= (np.uint64(1) << ((length - np.uint64(8)) << np.uint64(3))) - np.uint64(1)
        elif length < np.uint64(8):
            low &= (np.uint64(1) << (length << np.uint64(3))) - np.uint64(1)
        at = slot_of(low, high, length, known, slots)
        if slots[at] == FREE:
            if count >= room:
                return np.int64(room) + 1
            learn(low, high, length, known, slots, at, count)
            count += np.uint64(1)
        numbers[i] = slots[at]
    return np.int64(count)


@compiled
def number_views(views, numbers, known, slots):
    """:func:`number_texts` for views that hold their text; see :func:`hash_views`."""
    count, room = np.uint64(0), np.uint64(len(known[0]))
    for i in range(len(numbers)):
        a, b = views[i, 0], views[i, 1]
        length = a & np.uint64(0xFFFFFFFF)
        if length > np.uint64(12):
            return np.int64(-1)
        low, high = a >> np.uint64(32) | b << np.uint64(32), b >> np.uint64(32)
        at = slot_of(low, high, length, known, slots)
        if slots[at] == FREE:
            if count >= room:
                return np.int64(room) + 1
            learn(low, high, length, known, slots, at, count)
            count += np.uint64(1)
        numbers[i] = slots[at]
    return np.int64(count)


@compiled
def read_by_number(numbers, by_number, out):
    """Write into ``out`` what ``by_number`` gives for each number; -1 is its last entry."""
    for i in range(len(numbers)):
        out[i] = by_number[numbers[i]]


@compiled
def count_numbers(numbers, counts):
    """Add to ``counts`` how often each number occurs; -1 is its last entry."""
    for i in range(len(numbers)):
        counts[numbers[i]] += 1
