"""Thrift's compact protocol: what a number, a field's head and a run of bytes look like, said once.

These loops run as they stand, in :mod:`casemgmt.parquet.thrift`, which makes dictionaries of a footer; and they are
compiled as they stand, in :mod:`casemgmt.parquet.page_kernels`, which makes rows of numbers of a large file's page
headers. So they use whole numbers alone, raise nothing, and import no compiler.
"""

from __future__ import annotations

from typing import Any

STOP, TRUE, FALSE, BYTE, I16, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 12
# Nine bytes of seven bits: no count, size or place in a file needs more, and a 64-bit integer holds them.
_MOST_SHIFT = 56
_DAMAGED = -1


def varint_at(data: Any, at: Any, end: Any) -> tuple[Any, Any]:
    """An unsigned number, and where it ends; -1 for the place where none stands before ``end``."""
    value = shift = 0
    while at < end and shift <= _MOST_SHIFT:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    return 0, _DAMAGED


def number_at(data: Any, at: Any, end: Any) -> tuple[Any, Any]:
    """A number whose sign stands in its last bit, and where it ends; -1 for the place where none stands."""
    value, at = varint_at(data, at, end)
    return (value >> 1) ^ -(value & 1), at


def head_at(data: Any, at: Any, end: Any, last: Any) -> tuple[Any, Any, Any]:
    """The kind and the number of the field that begins here, and where its value begins; -1 where none does.

    ``last`` is the number of the field before it in its struct; the kind is STOP where the struct ends.
    """
    if at >= end:
        return STOP, last, _DAMAGED
    head = data[at]
    at += 1
    if head == STOP:
        return STOP, last, at
    kind, step = head & 15, head >> 4
    if step:
        return kind, last + step, at
    field, at = number_at(data, at, end)
    return kind, field, at


def binary_at(data: Any, at: Any, end: Any) -> tuple[Any, Any]:
    """Where a run of bytes begins and where it ends; -1 for the end where none stands."""
    length, start = varint_at(data, at, end)
    if start < 0 or length > end - start:
        return at, _DAMAGED
    return start, start + length
