"""The compiled loop behind reasons: the three inputs of each row that come first in an order of all cells."""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within

BLOCK = 4_096  # rows that stay in the processor's nearest memory while every input is walked


@compiled_within
def rank_codes(column, shift, mask, cells, ranks, out):
    """Write the rank of the cell that each row's code means."""
    for i in range(len(column)):
        out[i] = ranks[cells[(np.uint64(column[i]) >> shift) & mask]]


@compiled_within
def keep_three(found, first, second, third):
    """Put each row's new rank among its three smallest, in order."""
    for i in range(len(first)):
        rank = found[i]
        after = max(rank, first[i])
        first[i] = min(rank, first[i])
        last = max(after, second[i])
        second[i] = min(after, second[i])
        third[i] = min(last, third[i])


@compiled
def three_least(columns, fields, cells, starts, ranks, start, stop, out):
    """Write into ``out`` the three smallest ranks of the cells of each row from ``start`` to ``stop``, smallest first.

    Parameters
    ----------
    columns : Columns of the rows
    fields : int64, (inputs, 4): group (0 words, 1 bytes, 2 shorts, 3 extra), row there, shift, mask
    cells : int32, the cells of all inputs' codes one after the other, numbered through all inputs
    starts : int64, inputs + 1; ``cells[starts[k]:starts[k + 1]]`` are the codes of input ``k``
    ranks : int32, one a cell
    start, stop : the rows
    out : int32, (3, ``stop - start``), filled with a rank that is larger than any that counts
    """
    found = np.empty(BLOCK, dtype=np.int32)
    for first in range(start, stop, BLOCK):
        last = min(first + BLOCK, stop)
        for k in range(len(fields)):
            row, shift, mask = fields[k, 1], np.uint64(fields[k, 2]), np.uint64(fields[k, 3])
            own = cells[starts[k] : starts[k + 1]]
            if fields[k, 0] == 0:
                rank_codes(columns.words[row, first:last], shift, mask, own, ranks, found)
            elif fields[k, 0] == 1:
                rank_codes(columns.bytes[row, first:last], shift, mask, own, ranks, found)
            elif fields[k, 0] == 2:
                rank_codes(columns.shorts[row, first:last], shift, mask, own, ranks, found)
            else:
                rank_codes(columns.extra[row, first:last], shift, mask, own, ranks, found)
            here = slice(first - start, last - start)
            keep_three(found, out[0, here], out[1, here], out[2, here])
