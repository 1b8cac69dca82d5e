"""What Windows does with files where other systems do otherwise, done on this one: a part of the simulation.

Every call goes to the real disk in the end. What is refused is refused with the numbers that Windows gives.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PureWindowsPath
from typing import Any

REAL = {name: getattr(os, name) for name in ("open", "mkdir", "rename", "replace", "unlink", "rmdir", "chmod")}
REAL |= {name: getattr(os, name) for name in ("stat", "lstat", "fstat")}
LONGEST_FILE, LONGEST_FOLDER = 259, 247
# Who stands between the library and a call: the standard library's own paths, and what tests put there to count calls.
_BETWEEN = ("pathlib", "genericpath", "posixpath", "os", "faulty_disk", "test_publishing_beside_others", __name__)
_numbers = itertools.count(1)


def refused(number: int, windows: int, path: object) -> OSError:
    """The error that Windows gives: its own number stands beside that of C."""
    problem = OSError(number, f"[WinError {windows}] {os.strerror(number)}", str(path))
    problem.winerror = windows  # type: ignore[attr-defined,unused-ignore]
    return problem


def is_ours() -> bool:
    """Whether the library itself made the call, and no package that it stands on and no test."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") in _BETWEEN:
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).startswith("casemgmt")


def open_paths() -> Iterator[str]:
    """What this process has open, by whatever library; its working folder too."""
    for place in (*(f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")), "/proc/self/cwd"):
        try:
            yield os.readlink(place)
        except OSError:
            continue


def is_mapped(path: Path) -> bool:
    """Whether a file is part of this process's memory, as a reader of columns may leave it."""
    return str(path.resolve()) in Path("/proc/self/maps").read_text(encoding="utf-8")


@cache
def _true_folder(folder: str) -> str:
    return os.path.realpath(folder)


def is_there(path: Any) -> bool:
    """Whether anything has this name, asked of the real disk: tests count and break what goes by ``os``."""
    try:
        REAL["lstat"](path)
    except (OSError, ValueError):
        return False
    return True


def is_folder(path: Any) -> bool:
    """Whether a folder has this name, asked in the same way."""
    try:
        return stat.S_ISDIR(REAL["stat"](path).st_mode)
    except (OSError, ValueError):
        return False


def is_held(path: Any) -> bool:
    """Whether a file, or one in a folder, is open."""
    where = os.path.join(_true_folder(os.path.dirname(os.path.abspath(path))), os.path.basename(path))
    return any(each == where or each.startswith(f"{where}/") for each in open_paths())


def check_new(path: Any, longest: int) -> None:
    """Refuse a path that Windows could not have, and a name that differs from one that is there by capitals alone."""
    path = os.path.abspath(path)
    folder, name = os.path.split(path)
    if len(path) > longest and not path.startswith("\\\\?\\"):
        raise refused(errno.ENOENT, 206, path)
    wrong = any(mark in name for mark in '<>:"/\\|?*') or any(ord(letter) < 32 for letter in name)
    if wrong or name.endswith((".", " ")) or PureWindowsPath(name).is_reserved():
        raise refused(errno.EINVAL, 123, path)
    assert PureWindowsPath(name).name == name, name
    if is_folder(folder) and not is_there(path):
        alike = [each for each in os.listdir(folder) if each.casefold() == name.casefold()]
        if alike:
            raise refused(errno.EEXIST, 183, path)


def _open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    if dir_fd is not None or isinstance(path, int):
        return REAL["open"](path, flags, mode, dir_fd=dir_fd)
    if flags & os.O_CREAT:
        check_new(path, LONGEST_FILE)
    if is_ours() and is_folder(path):
        raise refused(errno.EACCES, 5, path)
    return REAL["open"](path, flags, mode)


def _mkdir(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
    if dir_fd is None:
        check_new(path, LONGEST_FOLDER)
    REAL["mkdir"](path, mode, dir_fd=dir_fd)


def _rename(source: Any, target: Any, **folders: Any) -> None:
    check_new(target, LONGEST_FILE)
    if is_held(source):
        raise refused(errno.EACCES, 5 if is_folder(source) else 32, source)
    if is_there(target) and not os.path.samestat(REAL["lstat"](source), REAL["lstat"](target)):
        raise refused(errno.EEXIST, 183, target)
    REAL["rename"](source, target, **folders)


def _replace(source: Any, target: Any, **folders: Any) -> None:
    check_new(target, LONGEST_FILE)
    if is_held(source):
        raise refused(errno.EACCES, 32, source)
    if is_folder(target) or (is_there(target) and is_held(target)):
        raise refused(errno.EACCES, 5, target)
    REAL["replace"](source, target, **folders)


def _unlink(path: Any, *, dir_fd: int | None = None) -> None:
    # Python's own memory between processes is a file that is open here and another thing there.
    is_of_python = sys._getframe(1).f_globals.get("__name__", "").startswith("multiprocessing")
    if is_of_python or dir_fd is not None:
        REAL["unlink"](path, dir_fd=dir_fd)
        return
    if is_there(path) and (is_held(path) or stat.S_ISDIR(REAL["lstat"](path).st_mode)):
        raise refused(errno.EACCES, 32, path)
    REAL["unlink"](path, dir_fd=dir_fd)


def _rmdir(path: Any, *, dir_fd: int | None = None) -> None:
    if dir_fd is None and is_folder(path) and is_held(path):
        raise refused(errno.EACCES, 32, path)
    REAL["rmdir"](path, dir_fd=dir_fd)


def _chmod(path: Any, mode: int, **options: Any) -> None:
    if not is_ours():  # Windows knows only whether a file may be written
        REAL["chmod"](path, mode, **options)


def _as_told(found: os.stat_result) -> os.stat_result:
    """Other numbers each time, or none; nobody's rights; a moment of creation in place of the last change."""
    number = next(_numbers)
    mode = stat.S_IFMT(found.st_mode) | (0o777 if stat.S_ISDIR(found.st_mode) else 0o666)
    head = (mode, number if number % 2 else 0, 0, found.st_nlink, 0, 0, found.st_size, 0, int(found.st_mtime), 0)
    times = {"st_mtime": found.st_mtime, "st_mtime_ns": found.st_mtime_ns, "st_ctime": 0.0, "st_ctime_ns": 0}
    return os.stat_result(head, times | {"st_atime": 0.0, "st_atime_ns": 0})


def _looked_at(name: str) -> Callable[..., os.stat_result]:
    def call(path: Any, **options: Any) -> os.stat_result:
        found = REAL[name](path, **options)
        return _as_told(found) if is_ours() else found

    return call


CALLS: dict[str, Callable[..., Any]] = {
    "open": _open,
    "mkdir": _mkdir,
    "rename": _rename,
    "replace": _replace,
    "unlink": _unlink,
    "remove": _unlink,
    "rmdir": _rmdir,
    "chmod": _chmod,
    **{name: _looked_at(name) for name in ("stat", "lstat", "fstat")},
}


def held_open(path: Path) -> Any:
    """A file as a program has it open that lets nobody replace it."""
    return path.open("rb")
