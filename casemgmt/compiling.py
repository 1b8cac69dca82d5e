"""The compiled loops: from what size they pay, and what calls them.

A loop that Python calls is :func:`compiled`; a loop that only other loops call is :func:`compiled_within` them. Both
keep every float operation as it is written, and neither tests an index: the caller has checked them. Machine code that
was kept is run without numba; see :mod:`casemgmt.machine_code`.
"""

from __future__ import annotations

import functools
import os
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

_Loop = TypeVar("_Loop", bound=Callable[..., Any])

# Below this many rows, NumPy is done before a compiled loop would pay; below twice as many, before the loops would have
# been loaded; below ten times as many, long before they would have been compiled.
COMPILE_FROM = 400_000
_UNLOADED, _UNMADE, _SPARING = 2, 10, 8
LOOPS: list[CompiledLoop] = []  # every one so far
_counted: Counter[str] = Counter()


def pays(rows: int) -> bool:
    """Whether to use the compiled loops for so many rows; the result does not depend on it.

    Where no machine code was kept, they are compiled for very many rows, or once the process has gone through as many
    without them.
    """
    if rows < COMPILE_FROM or rows + _counted["gone through"] >= _UNMADE * COMPILE_FROM:
        return rows >= COMPILE_FROM
    if any(loop.ways and loop.__module__.split(".")[1] in ("selection", "texts") for loop in LOOPS):
        return True
    if rows < _UNLOADED * COMPILE_FROM:
        return False
    from casemgmt.kept_code import is_anything_kept

    return is_anything_kept()


def went_through(rows: int) -> None:
    """Count rows that NumPy has chosen among: whoever comes again with as many had better compile."""
    _counted["gone through"] += rows if rows >= COMPILE_FROM else 0


def pays_once_made(rows: int, *loops: CompiledLoop) -> bool:
    """Whether to use loops that spare some milliseconds and take far longer to compile; the result does not depend on
    it.

    Where their machine code was kept or is loaded, they are used for an eighth of the rows from which loops pay; where
    not, they are compiled once the process has gone through very many rows without them.
    """
    if rows < max(COMPILE_FROM // _SPARING, 1):
        return False
    from casemgmt.kept_code import is_kept

    if all(loop.ways or is_kept(loop.loop) for loop in loops):
        return True
    _counted["without these"] += rows
    return _counted["without these"] >= _UNMADE * COMPILE_FROM


class CompiledLoop:
    """A loop as Python calls it: by position, with whole numbers, floats, arrays, and tuples of those.

    Its machine code is fetched or made at the first call with arguments of a kind, and runs without the interpreter's
    lock. With ``NUMBA_DISABLE_JIT`` set, the loop runs as plain Python.
    """

    def __init__(self, loop: Callable[..., Any]) -> None:
        functools.update_wrapper(self, loop)
        self.loop = loop
        self.ways: dict[tuple[Any, ...], Callable[[tuple[Any, ...], list[Any]], Any]] = {}
        self._lock = threading.Lock()
        self._plain = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
        LOOPS.append(self)

    def __call__(self, *arguments: Any) -> Any:
        """What the loop returns for these arguments."""
        if self._plain:
            return self.loop(*arguments)
        from casemgmt.loop_arguments import taken_apart

        kinds, cells = taken_apart(arguments)
        way = self.ways.get(kinds)
        if way is None:
            with self._lock:
                way = self.ways.get(kinds)
                if way is None:
                    from casemgmt.machine_code import way_to_run

                    way = self.ways[kinds] = way_to_run(self.loop, kinds, arguments)
        return way(arguments, cells)


def compiled(loop: Callable[..., Any]) -> Any:
    """A loop compiled at its first call; the machine code is kept where it can be.

    Nothing has to be writable: where machine code cannot be kept, or what was kept cannot be used, the loop is compiled
    in memory. No compiled loop calls one of these: what both call is :func:`compiled_within`.
    """
    return CompiledLoop(loop)


def compiled_within(loop: _Loop) -> _Loop:
    """A loop that becomes part of every :func:`compiled` loop that calls it; from Python it runs as plain Python."""
    from casemgmt.machine_code import UNTOLD

    UNTOLD.append(loop)
    return loop
