"""The compiled loops over views of text: sixteen bytes a text, which hold its length and up to twelve bytes of it."""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled


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
def unplain_views(views, never):
    """0 where all views hold their texts, all of which are ASCII, and nothing but zeros after them.

    Parameters
    ----------
    views : uint64, (texts, 2)
    never : uint64, (16, 2): the bits that a view never has whose length ends in these four bits
    """
    met = np.uint64(0)
    for i in range(len(views)):
        a, b = views[i, 0], views[i, 1]
        length = a & np.uint64(15)
        met |= (a & never[length, 0]) | (b & never[length, 1])
    return met
