"""Work shared out among threads: one pool a process for each number of threads, since starting threads costs too."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Any, TypeVar, cast

_Item = TypeVar("_Item")

# A thread takes longer to start than these rows take to read; row groups of a million rows are worth two.
ROWS_A_THREAD = 500_000
MOST_THREADS = 8


# Whether the present thread is one of a pool's.
_own = threading.local()


def _mark() -> None:
    _own.is_of_pool = True


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="casemgmt", initializer=_mark)


if hasattr(os, "register_at_fork"):  # the threads of a pool do not come along
    os.register_at_fork(after_in_child=_pool.cache_clear)


def default_workers() -> int:
    """One for each core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_for(rows: int) -> int:
    """On how many threads so many rows are worth working on."""
    return max(1, min(rows // ROWS_A_THREAD, MOST_THREADS, os.cpu_count() or 1))


def on_threads(work: Callable[[Any], Any], pieces: Sequence[Any], workers: int | None = None) -> list[Any]:
    """What ``work`` gives for each piece, in their order. What ``work`` itself would share out is done one by one.

    Where it fails for some pieces, the rest are left, and the error of the first of those is raised.
    """
    workers = workers or default_workers()
    # A pool's thread that waited for others of its pool could wait for ever.
    if workers == 1 or len(pieces) < 2 or getattr(_own, "is_of_pool", False):
        return [work(piece) for piece in pieces]
    # One task a thread, which takes piece after piece: to wake a thread for each piece costs more than a short piece.
    waiting, found, failed = deque(enumerate(pieces)), [None] * len(pieces), dict[int, BaseException]()

    def take_pieces() -> None:
        while True:
            try:
                place, piece = waiting.popleft()
            except IndexError:
                return
            try:
                found[place] = work(piece)
            except BaseException as error:
                failed[place] = error
                waiting.clear()

    try:
        wait([_pool(workers).submit(take_pieces) for _ in range(min(workers, len(pieces)))])
    finally:
        waiting.clear()  # also where a user has stopped the program
    if failed:
        raise failed[min(failed)]
    return found


def read_ahead(items: Iterator[_Item], most: int) -> Iterator[_Item]:
    """The same items; up to ``most`` are made on a thread ahead of the one that is worked on."""
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="casemgmt-ahead") as pool:
        waiting = deque(pool.submit(next, items, end) for _ in range(most))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, items, end))
            yield cast(_Item, item)
