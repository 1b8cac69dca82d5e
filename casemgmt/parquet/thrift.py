"""Thrift's compact protocol, read only, as far as a Parquet file's footer and page headers use it.

Whatever the bytes are, what comes back is a struct's fields by number or a :class:`DamagedError`: no number is longer
than ten bytes, nothing is nested more than a few deep, and nothing is read or made that is longer than the bytes given.
"""

from __future__ import annotations

from typing import Any

_DEEPEST, _LONGEST_NUMBER = 12, 10
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 12
_WHOLE_NUMBERS = frozenset({4, 5, 6})


class DamagedError(ValueError):
    """Bytes that contradict themselves."""


def read_struct(data: Any, at: int, end: int) -> tuple[dict[int, Any], int]:
    """The fields of a struct by number, and where it ends.

    Parameters
    ----------
    data : bytes, or a memory map
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
    try:
        fields, after = _struct(data, at, end, 0)
    except IndexError:
        raise DamagedError from None
    if after > end:
        raise DamagedError
    return fields, after


def _struct(data: Any, at: int, end: int, depth: int) -> tuple[dict[int, Any], int]:
    if depth > _DEEPEST:
        raise DamagedError
    fields: dict[int, Any] = {}
    number = 0
    while True:
        head = data[at]
        at += 1
        if head == _STOP:
            return fields, at
        if head >> 4:
            number += head >> 4
        else:
            number, at = _number(data, at)
        kind = head & 15
        if kind in _WHOLE_NUMBERS:
            fields[number], at = _number(data, at)
        elif kind in (_TRUE, _FALSE):
            fields[number] = kind == _TRUE
        else:
            fields[number], at = _value(data, at, end, kind, depth)


def _value(data: Any, at: int, end: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in _WHOLE_NUMBERS:
        return _number(data, at)
    if kind == _BINARY:
        length, at = _varint(data, at)
        if at + length > end:
            raise DamagedError
        return bytes(data[at : at + length]), at + length
    if kind == _STRUCT:
        return _struct(data, at, end, depth + 1)
    if kind in (_LIST, _SET):
        return _list(data, at, end, depth + 1)
    if kind == _DOUBLE:
        return None, at + 8
    if kind in (_TRUE, _FALSE, _BYTE):  # in a list, true and false take a byte
        return data[at], at + 1
    raise DamagedError


def _list(data: Any, at: int, end: int, depth: int) -> tuple[list[Any], int]:
    size, kind = data[at] >> 4, data[at] & 15
    at += 1
    if size == 15:
        size, at = _varint(data, at)
    if at + size > end or depth > _DEEPEST:  # nothing in a list is shorter than a byte
        raise DamagedError
    found = []
    for _ in range(size):
        value, at = _value(data, at, end, kind, depth)
        found.append(value)
    return found, at


def _number(data: Any, at: int) -> tuple[int, int]:
    """A signed number, its sign in the last bit."""
    byte = data[at]
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at + 1
    raw, at = _varint(data, at)
    return (raw >> 1) ^ -(raw & 1), at


def _varint(data: Any, at: int) -> tuple[int, int]:
    found = 0
    for shift in range(0, 7 * _LONGEST_NUMBER, 7):
        byte = data[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at
    raise DamagedError
