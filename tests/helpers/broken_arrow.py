"""Arrow columns of two values that are broken in memory; and, as a program, what becomes of each at every door.

Whoever trusts such a column may crash, so the doors are tried in a process of its own: a line for each, as it comes.
"""

from __future__ import annotations

import struct
import sys
from typing import Any

import numpy as np
import pyarrow as pa

AS_OF = "2015-04-01"
COLUMNS = ("patient_id", "practice_id", "sex", "ward")


def views(rows: list[bytes], *buffers: bytes) -> pa.Array:
    held = [None, pa.py_buffer(b"".join(rows)), *map(pa.py_buffer, buffers)]
    return pa.Array.from_buffers(pa.string_view(), len(rows), held)


def short(text: bytes, size: int | None = None) -> bytes:
    return struct.pack("<i12s", len(text) if size is None else size, text)


def long(size: int, prefix: bytes, buffer: int, start: int) -> bytes:
    return struct.pack("<i4sii", size, prefix, buffer, start)


def texts(ends: list[int], kind: Any = None, data: bytes = b"C87001C87002", valid: int | None = None, nulls: int = -1):
    kind = pa.string() if kind is None else kind
    held = pa.py_buffer(np.array(ends, np.int32 if kind == pa.string() else np.int64))
    bits = None if valid is None else pa.py_buffer(bytes([valid]))
    return pa.Array.from_buffers(kind, len(ends) - 1, [bits, held, pa.py_buffer(data)], nulls)


def dictionary(indices: list[int], values: Any = ("C87001", "C87002"), kind: Any = None) -> pa.Array:
    held = values if isinstance(values, pa.Array) else pa.array(values)
    return pa.DictionaryArray.from_arrays(pa.array(indices, kind or pa.int32()), held, safe=False)


FIRST = short(b"C87001")
BUFFER = b"abcd" * 9
MAKE: dict[str, Any] = {
    "an index past the dictionary": lambda: dictionary([0, 2]),
    "an index far past the dictionary": lambda: dictionary([0, 2**31 - 1]),
    "an index below the dictionary": lambda: dictionary([0, -1]),
    "an index of eight bits below it": lambda: dictionary([0, -7], kind=pa.int8()),
    "an index into an empty dictionary": lambda: dictionary([0, 0], pa.array([], pa.string())),
    "a broken dictionary inside a dictionary": lambda: dictionary([0, 1], dictionary([0, 9])),
    "a dictionary of broken texts": lambda: dictionary([0, 1], texts([0, 9, 3])),
    "a dictionary of broken views": lambda: dictionary([0, 1], views([FIRST, long(20, b"abcd", 3, 0)], BUFFER)),
    "a view into a buffer that is not there": lambda: views([FIRST, long(20, b"abcd", 3, 0)], BUFFER),
    "a view into a buffer below the first": lambda: views([FIRST, long(20, b"abcd", -1, 0)], BUFFER),
    "a view past its buffer": lambda: views([FIRST, long(20, b"abcd", 0, 30)], BUFFER),
    "a view before its buffer": lambda: views([FIRST, long(20, b"abcd", 0, -30)], BUFFER),
    "a view with another beginning": lambda: views([FIRST, long(20, b"zzzz", 0, 0)], BUFFER),
    "a view of less than nothing": lambda: views([FIRST, short(b"C87002", -6)]),
    "offsets that fall": lambda: texts([0, 12, 6]),
    "long offsets that fall": lambda: texts([0, 12, 6], pa.large_string()),
    "offsets past the text between others": lambda: texts([0, 4000, 12]),
    "bytes that are not UTF-8": lambda: texts([0, 6, 12], data=b"C87001C\xff7002"),
    "fewer values missing than it says": lambda: texts([0, 6, 12], valid=3, nulls=1),
}


def frame(name: str, column: str) -> pa.Table:
    own = {"patient_id": ["a", "b"], "practice_id": ["C87001"] * 2, "age": [50, 50], "sex": ["M", "F"]}
    return pa.table(own | {column: MAKE[name]()})


def main(from_rows: int) -> None:
    import casemgmt as cm
    from casemgmt import compiling

    compiling.COMPILE_FROM = from_rows
    for name in MAKE:
        for column in COLUMNS:
            say(name, column, lambda n=name, c=column: cm.read_register(frame(n, c), as_of=AS_OF))
        for column in ("patient_id", "code"):
            say(name, f"events {column}", lambda n=name, c=column: events(n, c))


def events(name: str, column: str) -> None:
    from a_code_list import LIST

    import casemgmt as cm

    own = {"patient_id": ["a", "b"], "code": ["x", "y"], "date": ["2014-01-01"] * 2}
    table = pa.table(own | {column: MAKE[name]()})
    cm.derive_conditions(table, LIST, as_of=AS_OF)


def say(name: str, door: str, work: Any) -> None:
    import casemgmt as cm

    try:
        work()
        said = "accepted"
    except cm.InputError as error:
        said = f"refused: {error}"
    except Exception as error:  # to be told to the parent, whatever it is
        said = f"{type(error).__name__}: {error}"
    print(f"{name}\t{door}\t{' '.join(said.split())}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
