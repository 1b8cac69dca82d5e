"""Files that appear whole or not at all, and are private to their owner.

A publication is written into a hidden folder beside its place and moved in by renaming. One that is replaced is moved
aside first, so at every moment the old or the new one lies whole on the disk, and :func:`recover` knows which:

- ``.name.casemgmt-new``: a publication being written, or one being deleted; never needed again
- ``.name.casemgmt-old``: the earlier publication, set aside; it goes back where nothing has taken its place
- ``.name.casemgmt-lock``: held by the one process that may touch the two
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: two runs at once are then found by the renames alone
    fcntl = None  # type: ignore[assignment]

Bytes = bytes | memoryview

NEW, OLD, LOCK = "casemgmt-new", "casemgmt-old", "casemgmt-lock"
_PATIENCE_SECONDS, _STEP_SECONDS = 1.0, 0.02  # a reader who tidies up after a killed run holds the lock a moment
_CREATE = os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class BusyError(OSError):
    """Another process is publishing to the same place."""


class LeftoverError(OSError):
    """The new publication is in its place, but the earlier one could not be deleted."""


def beside(target: Path, what: str) -> Path:
    """The hidden neighbour of a publication."""
    return target.with_name(f".{target.name}.{what}")


@dataclass(frozen=True, slots=True)
class Staging:
    """A publication being written."""

    target: Path
    folder: Path

    def write(self, name: str, data: Bytes) -> None:
        """Write a new file, private, and have it on the disk when this returns."""
        write_file(self.folder / name, data)

    def read(self, name: str) -> bytes:
        """What the file holds."""
        return (self.folder / name).read_bytes()

    def put_in_place(self) -> None:
        """Move the finished publication to its place; on a failure both are where they were."""
        for folder in (*(entry for entry in sorted(self.folder.iterdir()) if entry.is_dir()), self.folder):
            _sync_folder(folder)
        replaced, old = os.path.lexists(self.target), beside(self.target, OLD)
        aside = placed = False
        try:
            if replaced:
                os.rename(self.target, old)  # noqa: PTH104
                aside = True
            os.rename(self.folder, self.target)  # noqa: PTH104
            placed = True
            _sync_folder(self.target.parent)
        except BaseException:
            if placed:
                os.rename(self.target, self.folder)  # noqa: PTH104
            if aside:
                os.rename(old, self.target)  # noqa: PTH104
            raise
        if replaced:
            try:
                _discard(old)
            except OSError as problem:
                raise LeftoverError(problem.errno, problem.strerror) from None


@contextmanager
def staged(target: Path, folders: tuple[str, ...]) -> Iterator[Staging]:
    """A private folder beside the target to write into, removed again if anything fails.

    Raises
    ------
    BusyError : another process is publishing to the same place
    OSError : the folder cannot be made
    """
    with locked(target, _PATIENCE_SECONDS):
        recover(target)
        staging = Staging(target, beside(target, NEW))
        try:
            _make_folder(staging.folder)
            for name in folders:
                _make_folder(staging.folder / name)
            yield staging
        except BaseException:
            with suppress(OSError):
                _remove(staging.folder)
            raise


def recover(target: Path) -> None:
    """Undo or finish what a killed run left behind. The caller holds the lock."""
    new, old = beside(target, NEW), beside(target, OLD)
    _remove(new)
    if os.path.lexists(old):
        if os.path.lexists(target):
            _discard(old)
        else:
            os.rename(old, target)  # noqa: PTH104
            _sync_folder(target.parent)


@contextmanager
def locked(target: Path, patience: float = 0) -> Iterator[None]:
    """Hold the publication's lock, which ends with the process.

    Parameters
    ----------
    patience : seconds to wait for another who holds it

    Raises
    ------
    BusyError : another process holds it
    """
    path = beside(target, LOCK)
    descriptor = _take_lock(path, patience)
    try:
        yield
    finally:
        try:
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108
        finally:
            os.close(descriptor)


def write_file(path: Path, data: Bytes) -> None:
    """Write a new file with mode 0600, whatever the umask, through to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_EXCL | _CREATE, 0o600)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)
        left = memoryview(data).cast("B")
        while left:
            left = left[os.write(descriptor, left[: 1 << 26]) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def file_replaced(target: Path) -> Iterator[Path]:
    """A path to write a private file at, which takes the place of what is there when all is written, or is removed.

    Two runs at once do not meet. The file must be on the disk when the block ends; see :func:`sync_file`.

    Raises
    ------
    BusyError : another process is writing the same file
    OSError : it could not be written; what was there is left as it was
    """
    new = beside(target, NEW)
    with locked(target, _PATIENCE_SECONDS):
        try:
            _remove(new)
            yield new
            os.replace(new, target)  # noqa: PTH105
        except BaseException:
            with suppress(OSError):
                _remove(new)
            raise


def replace_file(target: Path, data: Bytes) -> None:
    """Write one private file, whole or not at all; see :func:`file_replaced`."""
    with file_replaced(target) as new:
        write_file(new, data)


def sync_file(path: Path) -> None:
    """Have a file on the disk when this returns."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_parents(target: Path) -> list[Path]:
    """Make the folders above the target that are missing, private; those made, the outermost first."""
    made: list[Path] = []
    missing = [parent for parent in target.parents if not os.path.lexists(parent)]
    try:
        for parent in reversed(missing):
            _make_folder(parent)
            made.append(parent)
    except OSError:
        remove_empty(made)
        raise
    return made


def remove_empty(folders: list[Path]) -> None:
    """Remove folders that hold nothing, the innermost first."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def _take_lock(path: Path, patience: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | _CREATE, 0o600)
        try:
            _lock(descriptor, patience)
            # The one who held it before may have removed the file that was just locked.
            if os.path.lexists(path) and os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, patience: float) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if patience <= 0:
            raise BusyError("another process is publishing here") from None
        time.sleep(_STEP_SECONDS)
        _lock(descriptor, patience - _STEP_SECONDS)
    except OSError as problem:
        if problem.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise


def _make_folder(path: Path) -> None:
    os.mkdir(path, 0o700)  # noqa: PTH102
    os.chmod(path, 0o700)  # noqa: PTH101


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # Windows has no such call, and its renames need none
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(old: Path) -> None:
    """Delete an earlier publication under the name of something unfinished, so that half of it never comes back."""
    new = old.with_name(old.name.removesuffix(OLD) + NEW)
    os.rename(old, new)  # noqa: PTH104
    _remove(new)


def _remove(path: Path) -> None:
    if not os.path.lexists(path):
        return
    if stat.S_ISDIR(os.lstat(path).st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)  # noqa: PTH108
