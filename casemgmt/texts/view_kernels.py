"""The compiled loops over views of text: sixteen bytes a text, which hold its length and up to twelve bytes of it."""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled

_HIGHS = np.uint64(0x8080808080808080)


@compiled
def led_by_zeros(views, rows):
    """Write into ``rows`` (int32) the places of views, (views, 2), of texts that begin with the digit 0.

    Returns
    -------
    how many those are; and the bytes of the shortest and of the longest text that has any, 2**32 and 0 where none has
    """
    found, least, most = np.int64(0), np.uint64(1) << np.uint64(32), np.uint64(0)
    for i in range(len(views)):
        head = views[i, 0]
        length = head & np.uint64(0xFFFFFFFF)
        least = min(least, length if length != np.uint64(0) else least)
        most = max(most, length)
        rows[found] = i
        found += np.int64((length != np.uint64(0)) & ((head >> np.uint64(32)) & np.uint64(0xFF) == np.uint64(0x30)))
    return found, np.int64(least), np.int64(most)


@compiled
def unplain_views(views):
    """0 where all views hold their texts, all of which are ASCII, and nothing but zeros after them."""
    met = np.uint64(0)
    for i in range(len(views)):
        a, b = views[i, 0], views[i, 1]
        length = a & np.uint64(0xFFFFFFFF)
        bits = min(length, np.uint64(12)) << np.uint64(3)
        # Shifts of 64 bits are none: of four bytes and eight, one at least is not reached by them.
        first = (np.uint64(1) << min(bits, np.uint64(32))) - np.uint64(1)
        second = (np.uint64(2) << (max(bits, np.uint64(33)) - np.uint64(33))) - np.uint64(1)
        second = second if bits > np.uint64(32) else np.uint64(0)
        met |= np.uint64(length > np.uint64(12))
        met |= (a >> np.uint64(32)) & (~first | _HIGHS)
        met |= b & (~second | _HIGHS)
    return met
