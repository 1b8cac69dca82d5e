"""A simulation of Windows on another system, as far as the disk, the locks and Python's own library differ there.

``pytest --as-windows FOLDER…`` runs every test within it but those of :mod:`windows_exceptions`; a test of its own uses
the fixture ``on_windows``, and a program ``with windows_layer.as_windows():``. What it cannot show stands in
CONTRIBUTING.md.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import windows_disk
from filelock import Timeout

try:
    import fcntl
except ImportError:  # on Windows itself, where nothing needs to be simulated
    fcntl = None  # type: ignore[assignment]

# Modules and names of `os` that Python does not have there: https://docs.python.org/3/library/os.html
NO_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
NO_NAMES = (
    *("chown", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups", "getuid"),
    *("lchown", "mkfifo", "mknod", "nice", "posix_fadvise", "posix_fallocate", "pread", "pwrite", "register_at_fork"),
    *("sched_getaffinity", "setegid", "seteuid", "setgid", "setuid", "sync"),
    *("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC"),
)
_ZONES = Path("/usr/share/zoneinfo")
_NEW_MOUNTS, _BIND, _RECURSIVE, _PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000


class WindowsLock:
    """A lock as filelock has it on Windows: its file is open while it is held, and so cannot be removed."""

    def __init__(self, path: Any, *, timeout: float, mode: int, poll_interval: float, **_: Any) -> None:
        self._path, self._mode, self._step, self._patience = str(path), mode, poll_interval, timeout
        self._descriptor = -1

    def acquire(self) -> None:
        until = time.monotonic() + self._patience
        while not self._try():
            if time.monotonic() >= until:
                raise Timeout(self._path)
            time.sleep(self._step)

    def _try(self) -> bool:
        descriptor = windows_disk.REAL["open"](self._path, os.O_RDWR | os.O_CREAT, self._mode)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # There nobody can have removed the file meanwhile.
            same = os.path.samestat(windows_disk.REAL["stat"](self._path), windows_disk.REAL["fstat"](descriptor))
        except OSError:
            same = False
        if same:
            self._descriptor = descriptor
        else:
            os.close(descriptor)
        return same

    def release(self) -> None:
        with suppress(OSError):  # the package removes the file on Windows when it is closed
            windows_disk.REAL["unlink"](self._path)
        os.close(self._descriptor)


@contextmanager
def as_windows() -> Iterator[None]:
    """Windows, as far as it is simulated, while the block runs."""
    filelock, system = importlib.import_module("filelock"), importlib.import_module("casemgmt.system")
    with pytest.MonkeyPatch.context() as patch:
        for name in NO_MODULES:
            patch.setitem(sys.modules, name, None)
        for name in NO_NAMES:
            patch.delattr(os, name, raising=False)
        for name, call in windows_disk.CALLS.items():
            patch.setattr(os, name, call)
        patch.setattr(filelock, "FileLock", WindowsLock)
        patch.setattr(system, "ON_WINDOWS", True)
        patch.setattr(system, "PATIENCE_SECONDS", 0.5)
        yield


def hide_zones() -> bool:
    """Take the table of time zones away from this process and its children; false where that is not allowed.

    Arrow reads it from the system, and finds none on Windows.
    """
    if not (sys.platform == "linux" and _ZONES.is_dir()):
        return False
    system = ctypes.CDLL(None, use_errno=True)
    empty = tempfile.mkdtemp(prefix="no-zones-").encode()
    is_hidden: bool = (
        system.unshare(_NEW_MOUNTS) == 0
        and system.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None) == 0
        and system.mount(empty, str(_ZONES).encode(), None, _BIND, None) == 0
    )
    Path(os.fsdecode(empty)).rmdir()
    return is_hidden
