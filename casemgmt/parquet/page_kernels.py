"""The compiled reading of page headers: a large file has tens of thousands of them."""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within
from casemgmt.parquet.thrift_kernels import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    I64,
    STOP,
    STRUCT,
    TRUE,
    binary_at,
    head_at,
    number_at,
    varint_at,
)

_DEEPEST, _MOST_FIELDS = 4, 16

for _each in (varint_at, number_at, head_at, binary_at):
    compiled_within(_each)


@compiled
def page_headers(data, own_fields, out):
    """Read the headers of the pages that lie one after the other in ``data``, up to the first that is not all there.

    Parameters
    ----------
    data : uint8, bytes of one column of one row group, from the beginning of a page on
    own_fields : int64, by the kind of page the field that describes it (0: none), and in that the field of its encoding
    out : int64, (room, 8), written: where the page begins, bytes of its header, kind, uncompressed and compressed size,
        checksum (-1 for none), values, encoding

    Returns
    -------
    how many pages were read, and where the next begins: the end of ``data``, or a page for which there is no room, that
    goes on beyond ``data``, or whose header cannot be read
    """
    at, count, end = np.int64(0), np.int64(0), np.int64(len(data))
    levels = np.zeros(_DEEPEST + 1, dtype=np.int64)  # the field that was read last in each struct
    found = np.empty((_DEEPEST + 1, _MOST_FIELDS), dtype=np.int64)
    inner = np.empty((_MOST_FIELDS, _MOST_FIELDS), dtype=np.int64)  # of each struct in the header, its numbers
    while at < end and count < len(out):
        start, depth = at, 0
        levels[0] = 0
        found[0, :] = -1
        inner[:] = -1
        has_checksum = False
        while depth >= 0:
            kind, field, at = head_at(data, at, end, levels[depth])
            if at < 0:
                return count, start
            if kind == STOP:
                depth -= 1
                if depth == 0:
                    inner[levels[0]] = found[1]
                continue
            if field < 0 or field >= _MOST_FIELDS:
                return count, start
            levels[depth] = field
            if I16 <= kind <= I64:
                found[depth, field], at = number_at(data, at, end)
                has_checksum |= depth == 0 and field == 4
            elif kind == STRUCT:
                depth += 1
                if depth > _DEEPEST:
                    return count, start
                levels[depth] = 0
                found[depth, :] = -1
            elif kind == BINARY:
                _, at = binary_at(data, at, end)
            elif kind == BYTE:
                at += 1
            elif kind == DOUBLE:
                at += 8
            elif kind not in (TRUE, FALSE):
                return count, start
            if not 0 <= at <= end:
                return count, start
        kind = found[0, 1]
        if kind < 0 or kind >= len(own_fields) or own_fields[kind, 0] == 0:
            return count, start
        own = inner[own_fields[kind, 0]]
        compressed = found[0, 3]
        if found[0, 2] < 0 or compressed < 0 or compressed > end - at:
            return count, start
        if own[1] < 0 or own[own_fields[kind, 1]] < 0:
            return count, start
        page = out[count]
        page[0], page[1], page[2], page[3], page[4] = start, at - start, kind, found[0, 2], compressed
        page[5] = found[0, 4] & np.int64(0xFFFFFFFF) if has_checksum else np.int64(-1)
        page[6], page[7] = own[1], own[own_fields[kind, 1]]
        count += 1
        at += compressed
    return count, at
