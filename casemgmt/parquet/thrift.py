"""Thrift's compact protocol, read only, as far as a Parquet file's footer and page headers use it.

What numbers and fields look like is said in :mod:`casemgmt.parquet.thrift_kernels`, for the compiled reading of page
headers too.

Whatever the bytes are, what comes back is a struct's fields by number or a :class:`DamagedError`: no number is longer
than nine bytes, nothing is nested more than a few deep, and nothing is made that is longer than the bytes given.
"""

from __future__ import annotations

from typing import Any

from casemgmt.parquet.thrift_kernels import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    I64,
    LIST,
    SET,
    STOP,
    STRUCT,
    TRUE,
    binary_at,
    head_at,
    number_at,
    varint_at,
)

_DEEPEST = 12


class DamagedError(ValueError):
    """Bytes that contradict themselves."""


def read_struct(data: Any, at: int, end: int) -> tuple[dict[int, Any], int]:
    """The fields of a struct by number, and where it ends.

    Parameters
    ----------
    data : bytes
    at : where the struct begins
    end : where it must have ended at the latest

    Returns
    -------
    fields : whole numbers, bytes, true and false, lists, and structs as dictionaries; None for a double
    end : the first byte after it

    Raises
    ------
    DamagedError
        No struct stands there.
    """
    return _struct(data, at, end, 0)


def _struct(data: Any, at: int, end: int, depth: int) -> tuple[dict[int, Any], int]:
    if depth > _DEEPEST:
        raise DamagedError
    fields: dict[int, Any] = {}
    number = 0
    while True:
        kind, number, at = head_at(data, at, end, number)
        if at < 0:
            raise DamagedError
        if kind == STOP:
            return fields, at
        if kind in (TRUE, FALSE):
            fields[number] = kind == TRUE
        else:
            fields[number], at = _value(data, at, end, kind, depth)


def _value(data: Any, at: int, end: int, kind: int, depth: int) -> tuple[Any, int]:
    found: Any = None
    if I16 <= kind <= I64:
        found, at = number_at(data, at, end)
    elif kind == BINARY:
        start, at = binary_at(data, at, end)
        found = bytes(data[start:at]) if at >= 0 else None
    elif kind == STRUCT:
        return _struct(data, at, end, depth + 1)
    elif kind in (LIST, SET):
        return _list(data, at, end, depth + 1)
    elif kind == DOUBLE:
        at += 8
    elif kind in (TRUE, FALSE, BYTE) and at < end:  # in a list, true and false take a byte
        found, at = data[at], at + 1
    else:
        raise DamagedError
    if not 0 <= at <= end:
        raise DamagedError
    return found, at


def _list(data: Any, at: int, end: int, depth: int) -> tuple[list[Any], int]:
    if at >= end or depth > _DEEPEST:
        raise DamagedError
    size, kind = data[at] >> 4, data[at] & 15
    at += 1
    if size == 15:
        size, at = varint_at(data, at, end)
    if at < 0 or size > end - at:  # nothing in a list is shorter than a byte
        raise DamagedError
    found = []
    for _ in range(size):
        value, at = _value(data, at, end, kind, depth)
        found.append(value)
    return found, at
