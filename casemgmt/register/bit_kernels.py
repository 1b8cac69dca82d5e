"""The compiled loop that turns columns of bits into words of one bit a column."""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within


@compiled_within
def swap_halves(a, width, mask):
    """One step of turning a square of 64 by 64 bits: swap the off-diagonal quarters of each square of 2 ``width``."""
    shift = np.uint64(width)
    for first in range(0, 64, 2 * width):
        for k in range(first, first + width):
            moved = ((a[k] >> shift) ^ a[k + width]) & mask
            a[k] ^= moved << shift
            a[k + width] ^= moved


@compiled
def turn_bits(planes, places, always, words):
    """Write into bit ``places[c]`` of ``words[i]`` bit ``i`` of column ``c``; the words' other bits become ``always``.

    Parameters
    ----------
    planes : uint64, (columns, ceil(rows / 64)), the first row in the lowest bit
    places : int64, one a column, each from 0 to 63 and none twice
    always : uint64
    words : uint64, (rows,), written
    """
    rows = len(words)
    a = np.empty(64, dtype=np.uint64)
    for block in range(planes.shape[1]):
        for k in range(64):
            a[k] = np.uint64(0)
        for c in range(len(places)):
            a[places[c]] = planes[c, block]
        swap_halves(a, 32, np.uint64(0x00000000FFFFFFFF))
        swap_halves(a, 16, np.uint64(0x0000FFFF0000FFFF))
        swap_halves(a, 8, np.uint64(0x00FF00FF00FF00FF))
        swap_halves(a, 4, np.uint64(0x0F0F0F0F0F0F0F0F))
        swap_halves(a, 2, np.uint64(0x3333333333333333))
        swap_halves(a, 1, np.uint64(0x5555555555555555))
        start = 64 * block
        for k in range(min(64, rows - start)):
            words[start + k] = a[k] | always


@compiled
def shift_in(codes, shift, words):
    """Set in each of ``words`` (uint64) the bits of its code (uint8), ``shift`` places up."""
    for i in range(len(words)):
        words[i] |= np.uint64(codes[i]) << np.uint64(shift)
