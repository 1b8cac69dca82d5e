"""The lock that lets one process at a time write at a place, on every system and on shares.

The lock itself is :mod:`filelock`'s: of the system where there is one, so that it ends with the process whatever ends
that; and a marker file where a share has no locks, which is taken over once its process is gone or it has grown old.
"""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt import system

if TYPE_CHECKING:
    from filelock import BaseFileLock

_STEP_SECONDS = 0.02
_OLD_SECONDS = 3600.0  # no publication takes an hour; only markers grow old
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class BusyError(OSError):
    """Another process is writing at the same place."""


@contextmanager
def held(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock whose file is at the path, and remove the file in the end.

    Parameters
    ----------
    patience : seconds to wait for another who holds it

    Raises
    ------
    BusyError : another process holds it
    OSError : the file cannot be made
    """
    lock, is_marker = _taken(path, patience)
    try:
        yield
    finally:
        try:
            # Removed while it is held: who waits for a removed file sees that, and makes a new one. A marker is removed
            # by being released. Windows removes no file that is open; there the package does so on releasing it.
            if not is_marker:
                with suppress(OSError):
                    os.unlink(path)
        finally:
            with suppress(OSError):
                lock.release()


def _taken(path: Path, patience: float) -> tuple[BaseFileLock, bool]:
    """The lock, and whether it is a marker file."""
    with warnings.catch_warnings():
        # Where Python has no system locks the package warns that it marks files instead, which is what is wanted here.
        warnings.simplefilter("ignore", UserWarning)
        from filelock import FileLock, SoftFileLock, Timeout

    os.stat(path.parent)  # the package would make a folder that is not there, such as one misspelt
    common: Any = {"timeout": max(patience, 0.0), "mode": 0o600, "thread_local": False, "poll_interval": _STEP_SECONDS}
    try:
        if not issubclass(FileLock, SoftFileLock):
            try:
                lock = FileLock(path, fallback_to_soft=False, **common)
                lock.acquire()
            except OSError as problem:
                if isinstance(problem, Timeout) or not (problem.errno in _NO_LOCKS or system.has_no_locks(problem)):
                    raise
                with suppress(OSError):
                    if os.path.getsize(path) == 0:  # made for the lock that this place does not have
                        os.unlink(path)
            else:
                return lock, False
        with warnings.catch_warnings():
            # It warns that who takes longer could be overtaken; what is renamed is looked at, so nothing is lost.
            warnings.simplefilter("ignore")
            marker = SoftFileLock(path, lifetime=_OLD_SECONDS, **common)
        marker.acquire()
    except Timeout:
        raise BusyError(errno.EAGAIN, "another process is writing here") from None
    return marker, True
