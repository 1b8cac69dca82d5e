"""The compiled reading of page headers: a large file has tens of thousands of them."""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within

# Thrift's compact protocol, as casemgmt.parquet.thrift reads it.
_TRUE, _FALSE, _BYTE, _I16, _I64, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 4, 6, 7, 8, 12
_DEEPEST = 4
_MOST_SHIFT = np.uint64(63)


@compiled_within
def varint_at(data, at):  # type: ignore[no-untyped-def]
    """An unsigned number, and where it ends; past the data where it does not."""
    value, shift = np.uint64(0), np.uint64(0)
    while at < len(data) and shift <= _MOST_SHIFT:
        byte = np.uint64(data[at])
        at += 1
        value |= (byte & np.uint64(127)) << shift
        if byte < np.uint64(128):
            return value, at
        shift += np.uint64(7)
    return value, len(data) + 1


@compiled_within
def signed(value):  # type: ignore[no-untyped-def]
    """A number whose sign stands in its last bit."""
    return np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1))


@compiled
def page_headers(data, own_fields, out):  # type: ignore[no-untyped-def]
    """Read the headers of the pages that lie one after the other in ``data``.

    Parameters
    ----------
    data : uint8, the bytes of one column of one row group
    own_fields : int64, by the kind of page the field that describes it (0: none), and in that the field of its encoding
    out : int64, (room, 8), written: where the page begins, bytes of its header, kind, uncompressed and compressed size,
        checksum (-1 for none), values, encoding

    Returns
    -------
    int : how many pages there are, more than the room where there are more; -1 where no header can be read
    """
    at, count, end = np.int64(0), np.int64(0), np.int64(len(data))
    levels = np.zeros(_DEEPEST + 1, dtype=np.int64)  # the field that was read last in each struct
    found = np.empty((_DEEPEST + 1, 16), dtype=np.int64)
    inner = np.empty((16, 16), dtype=np.int64)  # of each struct in the header, its numbers
    while at < end:
        start, depth = at, 0
        levels[0] = 0
        found[0, :] = -1
        inner[:] = -1
        has_checksum = False
        while depth >= 0:
            if at >= end:
                return np.int64(-1)
            head = np.int64(data[at])
            at += 1
            if head == 0:
                depth -= 1
                if depth == 0:
                    inner[levels[0]] = found[1]
                continue
            if head >> 4:
                levels[depth] += head >> 4
            else:
                raw, at = varint_at(data, at)
                if at > end:
                    return np.int64(-1)
                levels[depth] = signed(raw)
            field, kind = levels[depth], head & 15
            if field < 0 or field > 15:
                return np.int64(-1)
            if _I16 <= kind <= _I64:
                raw, at = varint_at(data, at)
                if at > end:
                    return np.int64(-1)
                found[depth, field] = signed(raw)
                has_checksum |= depth == 0 and field == 4
            elif kind == _STRUCT:
                depth += 1
                if depth > _DEEPEST:
                    return np.int64(-1)
                levels[depth] = 0
                found[depth, :] = -1
            elif kind == _BINARY:
                raw, at = varint_at(data, at)
                if at > end or raw > np.uint64(end - at):
                    return np.int64(-1)
                at += np.int64(raw)
            elif kind == _BYTE:
                at += 1
            elif kind == _DOUBLE:
                at += 8
            elif kind not in (_TRUE, _FALSE):
                return np.int64(-1)
        kind = found[0, 1]
        if kind < 0 or kind >= len(own_fields) or own_fields[kind, 0] == 0:
            return np.int64(-1)
        own = inner[own_fields[kind, 0]]
        compressed = found[0, 3]
        if found[0, 2] < 0 or compressed < 0 or compressed > end - at:
            return np.int64(-1)
        if own[1] < 0 or own[own_fields[kind, 1]] < 0:
            return np.int64(-1)
        if count < len(out):
            page = out[count]
            page[0], page[1], page[2], page[3], page[4] = start, at - start, kind, found[0, 2], compressed
            page[5] = found[0, 4] & np.int64(0xFFFFFFFF) if has_checksum else np.int64(-1)
            page[6], page[7] = own[1], own[own_fields[kind, 1]]
        count += 1
        at += compressed
    return count
