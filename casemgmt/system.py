"""Where Windows differs from other systems in what the disk does: open files, names, long paths, numbers of files.

There a file that another program has open can be neither replaced, moved nor deleted, and no folder with such a file
can be moved. A virus scanner or a reader lets go in a moment, so a refusal is tried again for a while; a spreadsheet
does not, and then the error says in words what to do.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ON_WINDOWS = os.name == "nt"
ON_MACOS = sys.platform == "darwin"

_T = TypeVar("_T")
PATIENCE_SECONDS = 3.0
_STEP_SECONDS = 0.05
_ACCESS_DENIED, _SHARING, _LOCKED, _NOT_EMPTY = 5, 32, 33, 145
_NO_LOCKS = (1, 50)  # what a share without locks answers: "incorrect function", "not supported"
_LONGEST_FILE, _LONGEST_FOLDER = 259, 247  # letters of a path, unless the machine is set to take longer ones
_REMOTE = 4  # DRIVE_REMOTE, as GetDriveTypeW answers
_LONG = "\\\\?\\"
_NOT_IN_NAMES = re.compile(r'[<>:"|?*\x00-\x1f]')
_DEVICES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])\s*(\..*)?", re.IGNORECASE | re.DOTALL)
# The first release of each line of Python whose mkdir(0o700) makes a folder for its owner and administrators alone.
_PRIVATE_FOLDERS: dict[tuple[int, ...], int] = {(3, 11): 10, (3, 12): 4}


class WordedError(OSError):
    """What Windows refused or would refuse; the text says what to do."""


def rename(source: Path, target: Path) -> None:
    """Move a file or a folder to a name that is free."""
    patiently(lambda: os.rename(source, target), is_changing=True)


def replace(source: Path, target: Path) -> None:
    """Move a file to a name, in place of the file that has it."""
    patiently(lambda: os.replace(source, target), is_changing=True)


def unlink(path: Path) -> None:
    """Delete a file."""
    patiently(lambda: os.unlink(path), is_changing=True)


def rmdir(path: Path) -> None:
    """Delete a folder that is empty."""
    patiently(lambda: os.rmdir(path), is_changing=True)


def patiently(act: Callable[[], _T], *, is_changing: bool = False) -> _T:
    """Do something on the disk; on Windows again for a while where another program has the file open.

    Parameters
    ----------
    is_changing : whether something that was there is changed by it, so that a refusal is most likely an open file's

    Raises
    ------
    WordedError : the file is still open
    OSError : it is refused for another reason
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except OSError as problem:
            number = getattr(problem, "winerror", None)
            if not ON_WINDOWS or number not in (_ACCESS_DENIED, _SHARING, _LOCKED, _NOT_EMPTY):
                raise
            if time.monotonic() > until:
                if number in (_SHARING, _LOCKED) or (is_changing and number == _ACCESS_DENIED):
                    raise _held_open(may_be_a_right=number == _ACCESS_DENIED) from None
                raise
        time.sleep(_STEP_SECONDS)


def _held_open(*, may_be_a_right: bool) -> WordedError:
    or_not = ", or you may not change it" if may_be_a_right else ""
    return WordedError(
        errno.EBUSY,
        f"it, or a file in it, is open in another program{or_not}. Close it there (in Excel, say), then run again",
    )


def has_no_locks(problem: OSError) -> bool:
    """Whether a lock was refused since the place, such as a share, has none."""
    return getattr(problem, "winerror", None) in _NO_LOCKS


def check_name(path: Path) -> None:
    """Refuse, on Windows, a path with a name that Windows cannot hold, or would take for another or for a device.

    Raises
    ------
    WordedError
    """
    if not ON_WINDOWS:
        return
    if not path.name:  # what Windows makes of nul.csv, too
        raise WordedError(errno.EINVAL, "it is a device, or the root of a disk. Choose another name")
    for name in path.parts[1:] if path.anchor else path.parts:
        if name not in (".", "..") and (why := why_not_a_name(name)):
            raise WordedError(errno.EINVAL, f"Windows has no files or folders of this name ({why}). Choose another")


def why_not_a_name(name: str) -> str:
    """Why Windows cannot hold a file of this name; empty where it can.

    Examples
    --------
    >>> why_not_a_name("lists:2015"), why_not_a_name("nul.csv"), why_not_a_name("C87001.csv")
    ("it holds ':'", 'a device is called so', '')
    """
    if found := _NOT_IN_NAMES.search(name):
        return f"it holds {found.group()!r}"
    if name.endswith((".", " ")):
        return "it ends in a full stop or a space"
    return "a device is called so" if _DEVICES.fullmatch(name) else ""


def check_length(path: Path, *, is_folder: bool = False) -> None:
    """Refuse, on Windows, to make a file or folder whose path is longer than this machine takes.

    Raises
    ------
    WordedError
    """
    most = _LONGEST_FOLDER if is_folder else _LONGEST_FILE
    if not ON_WINDOWS or len(text := os.path.abspath(path)) <= most or text.startswith(_LONG) or _takes_long_paths():
        return
    what = "folder" if is_folder else "file"
    raise WordedError(
        errno.ENAMETOOLONG,
        f"the path of a {what} would have {len(text)} letters, and this machine takes {most}. "
        "Choose a folder nearer to the root, such as C:\\lists",
    )


def _takes_long_paths() -> bool:
    try:
        return bool(_calls().ntdll.RtlAreLongPathsEnabled() & 0xFF)
    except (AttributeError, OSError):  # before Windows 10
        return False


def _calls() -> Any:
    """The libraries of Windows itself."""
    import ctypes

    return ctypes.windll  # type: ignore[attr-defined,unused-ignore]


def file_address(path: Path) -> str:
    """A file's address, ``file:///…``; the mark of a long path of Windows is no part of it."""
    return Path(str(path.absolute()).removeprefix(_LONG)).as_uri()


def is_on_a_share(path: Path) -> bool:
    """Whether a path of Windows is on another machine: it names a server, or a letter that stands for a share."""
    where = str(path).removeprefix(_LONG)
    if not ON_WINDOWS:
        return False
    if where.startswith(("\\\\", "UNC\\")):
        return True
    try:
        return bool(_calls().kernel32.GetDriveTypeW(f"{path.absolute().drive}\\") == _REMOTE)
    except (AttributeError, OSError):
        return False


def number_on_disk(found: os.stat_result) -> tuple[int, ...]:
    """What tells a file from another that takes its name; nothing on Windows, where a share may say another each time.

    Parameters
    ----------
    found : what ``stat`` says of it
    """
    return () if ON_WINDOWS else (found.st_dev, found.st_ino)


def note_of_file() -> str:
    """What a user must be told who may think that a file just written is private; empty where it is."""
    if not ON_WINDOWS:
        return ""
    return "on Windows whoever may read the folder may read a file written to it. Keep it in a folder of your own."


def note_of_folder(version: tuple[int, ...] = sys.version_info[:3]) -> str:
    """The same of a folder just written, which Python makes private from some release on."""
    if not ON_WINDOWS or version[2] >= _PRIVATE_FOLDERS.get(version[:2], 0):
        return ""
    least = ".".join(map(str, (*version[:2], _PRIVATE_FOLDERS[version[:2]])))
    return f"{note_of_file()} From Python {least} on, a folder is made for its owner and administrators alone."
