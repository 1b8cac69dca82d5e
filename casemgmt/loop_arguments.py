"""Arguments of compiled loops as machine code takes them: arrays and tuples taken apart into numbers and addresses.

numba passes an array as seven or more cells: two pointers to what owns it (none here), how many entries, bytes of each,
the address, and its lengths and strides. Tuples are passed as what they hold.
"""

from __future__ import annotations

import ctypes
from typing import Any

_ARRAY, _TUPLE = "array", "tuple"
_WHOLE = {f"{sign}{8 * size}": (sign, size) for sign in "iu" for size in (1, 2, 4, 8)}
_FLOATS = {"f32": ("float", ctypes.c_float), "f64": ("double", ctypes.c_double)}
# numba's names of what a loop returns.
RETURNED: dict[str, Any] = {
    "none": ctypes.c_void_p,
    "boolean": ctypes.c_bool,
    "float64": ctypes.c_double,
    **{f"int{8 * size}": getattr(ctypes, f"c_int{8 * size}") for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}": getattr(ctypes, f"c_uint{8 * size}") for size in (1, 2, 4, 8)},
}


def taken_apart(arguments: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    """The kinds of the arguments, which say what machine code they need, and the cells it is called with.

    Raises
    ------
    TypeError
        An argument is neither a number nor an array nor a tuple of those.
    """
    kinds: list[Any] = []
    cells: list[Any] = []
    for argument in arguments:
        _take_apart(argument, kinds, cells)
    return tuple(kinds), cells


def _take_apart(value: Any, kinds: list[Any], cells: list[Any]) -> None:
    import numpy as np

    kind = type(value)
    if kind is np.ndarray:
        flags = value.flags
        layout = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"
        kinds.append((_ARRAY, value.dtype.str, value.ndim, layout, flags.writeable))
        cells += (None, None, value.size, value.itemsize, value.__array_interface__["data"][0])
        cells += value.shape
        cells += value.strides
    elif isinstance(value, tuple):
        kinds.append((_TUPLE, len(value), kind.__qualname__, getattr(kind, "_fields", None)))
        for each in value:
            _take_apart(each, kinds, cells)
    elif kind is bool or kind is np.bool_:
        kinds.append("b8")
        cells.append(bool(value))
    elif kind is int:
        kinds.append("i64" if value < 1 << 63 else "u64")
        cells.append(value)
    elif kind is float:
        kinds.append("f64")
        cells.append(value)
    elif isinstance(value, (np.integer, np.floating)):
        kinds.append(f"{value.dtype.kind}{8 * value.dtype.itemsize}")
        cells.append(value.item())
    else:
        raise TypeError(f"A compiled loop takes numbers, arrays and tuples of those, and no {kind.__name__}.")


def cell_types(kinds: tuple[Any, ...]) -> list[tuple[str, Any]]:
    """LLVM's and ctypes' names of the type of each cell; an address of entries is ``*`` in place of LLVM's name."""
    found: list[tuple[str, Any]] = []
    for kind in kinds:
        if kind == "b8":
            found.append(("i8", ctypes.c_uint8))
        elif kind in _WHOLE:
            sign, size = _WHOLE[kind]
            found.append((f"i{8 * size}", getattr(ctypes, f"c_{'u' if sign == 'u' else ''}int{8 * size}")))
        elif kind in _FLOATS:
            found.append(_FLOATS[kind])
        elif kind[0] == _ARRAY:
            found += [("i8*", ctypes.c_void_p)] * 2
            found += [("i64", ctypes.c_int64)] * 2
            found.append(("*", ctypes.c_void_p))
            found += [("i64", ctypes.c_int64)] * (2 * kind[2])
    return found
