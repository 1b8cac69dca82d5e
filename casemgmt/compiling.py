"""The compiled loops: from what size they pay, and how they are compiled.

A loop that Python calls is :func:`compiled`; a loop that only other loops call is :func:`compiled_within` them. Both
keep every float operation as it is written, and neither tests an index: the caller has checked them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

# Below this many rows, NumPy is done before a compiled loop would pay; below twice as many, before the loops would have
# been loaded.
COMPILE_FROM = 400_000
_UNLOADED = 2


def pays(rows: int) -> bool:
    """Whether to use the compiled loops for so many rows; the result does not depend on it."""
    loaded = "casemgmt.selection.kernels" in sys.modules or "casemgmt.texts.hash_kernels" in sys.modules
    return rows >= (COMPILE_FROM if loaded else _UNLOADED * COMPILE_FROM)


def compiled(loop: Callable[..., Any]) -> Any:
    """A loop compiled at its first call, without the interpreter's lock; the machine code is kept where it can be.

    Nothing has to be writable: where machine code cannot be kept, or what was kept cannot be used, the loop is compiled
    in memory. See :mod:`casemgmt.machine_code`.
    """
    import numba as nb

    made = nb.njit(nogil=True, boundscheck=False)(loop)
    if not nb.config.DISABLE_JIT:
        from casemgmt.machine_code import KeptCode

        made._cache = KeptCode(loop)
    return made


def compiled_within(loop: Callable[..., Any]) -> Any:
    """A loop that becomes part of every :func:`compiled` loop that calls it; from Python it runs as plain Python.

    With no way in from Python and nothing kept of its own, it takes half as long to compile.
    """
    from numba.extending import register_jitable

    return register_jitable(boundscheck=False)(loop)
