"""Files that appear whole or not at all, and are private to their owner.

A publication is written into a hidden folder beside its place and moved in by renaming. One that is replaced is moved
aside first, so at every moment the old or the new one lies whole on the disk, and :func:`recover` knows which:

- ``.name.casemgmt-new``: a publication being written, or one being deleted; never needed again
- ``.name.casemgmt-old``: the earlier publication, set aside; it goes back where nothing has taken its place
- ``.name.casemgmt-lock``: held by the one process that may touch the two

Other processes do as they like with the place meanwhile. So what was moved aside is looked at once it is out of their
way, and goes back if it is not what was to be replaced; and only files that a publication names are ever deleted.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from casemgmt import system
from casemgmt.locks import BusyError, held

__all__ = ["LOCK", "NEW", "OLD", "BusyError", "LeftoverError", "Owned", "Staging", "StrangersError", "beside", "locked"]

Bytes = bytes | memoryview

NEW, OLD, LOCK = "casemgmt-new", "casemgmt-old", "casemgmt-lock"
_PATIENCE_SECONDS = 1.0  # a reader who tidies up after a killed run holds the lock a moment
_MANY_FILES, _WRITERS = 256, 8
_CREATE = os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class LeftoverError(OSError):
    """The new publication is in its place, but the earlier one could not be deleted."""


class StrangersError(OSError):
    """A place or a folder holds what this library did not write; it was left as it was.

    Attributes
    ----------
    folder : where
    names : what, by path inside; none where the folder as a whole is not this library's
    """

    def __init__(self, folder: Path, names: tuple[str, ...] = ()) -> None:
        super().__init__(errno.EEXIST, "it holds what this library did not write")
        self.folder, self.names = folder, names


@dataclass(frozen=True, slots=True)
class Owned:
    """How a folder of this library's is told from any other.

    Attributes
    ----------
    folders : those that it has inside
    manifest_of : the bytes that say what a finished folder holds; None where it is not this library's
    named_in : the files that such bytes name, by path inside
    may_hold : whether an unfinished one may hold a file of that path inside
    strangers_in : what a finished one holds beside what its manifest names
    """

    folders: tuple[str, ...]
    manifest_of: Callable[[Path], bytes | None]
    named_in: Callable[[bytes], frozenset[str]]
    may_hold: Callable[[str], bool]
    strangers_in: Callable[[Path, bytes], list[str]]

    def check_same(self, folder: Path, manifest: bytes) -> None:
        """Refuse a folder that is not the publication of that manifest and nothing more."""
        if self.manifest_of(folder) != manifest:
            raise StrangersError(folder)
        if strangers := self.strangers_in(folder, manifest):
            raise StrangersError(folder, tuple(strangers))


def beside(target: Path, what: str) -> Path:
    """The hidden neighbour of a publication."""
    return target.with_name(f".{target.name}.{what}")


@dataclass(frozen=True, slots=True)
class Staging:
    """A publication being written."""

    target: Path
    folder: Path
    owned: Owned

    def write(self, name: str, data: Bytes) -> None:
        """Write a new file, private, and have it on the disk when this returns."""
        write_file(self.folder / name, data)

    @contextmanager
    def writing(self, files: Mapping[str, Bytes]) -> Iterator[Callable[[str], None]]:
        """Write new files, many side by side; meanwhile give what waits until one is there, as all are in the end."""
        if len(files) < _MANY_FILES:
            for name in sorted(files):
                self.write(name, files[name])
            yield lambda name: None
            return
        pool = ThreadPoolExecutor(_WRITERS, thread_name_prefix="casemgmt-writer")
        try:
            written = {name: pool.submit(self.write, name, files[name]) for name in sorted(files)}
            yield lambda name: written[name].result()
            for each in written.values():
                each.result()
        finally:  # after a failure the rest is not written, and nothing is being written when this ends
            pool.shutdown(cancel_futures=True)

    def read(self, name: str) -> bytes:
        """What the file holds."""
        return (self.folder / name).read_bytes()

    def put_in_place(self, replaced: bytes | None) -> None:
        """Move the finished publication to its place; on a failure or an interrupt both are where they were.

        Parameters
        ----------
        replaced : the manifest of the publication that may be replaced; None where nothing was there

        Raises
        ------
        StrangersError : something else has taken the place meanwhile; it is there as it was
        LeftoverError : it is done, but the earlier publication could not be deleted
        """
        for folder in (*(entry for entry in sorted(self.folder.iterdir()) if entry.is_dir()), self.folder):
            _sync_folder(folder)
        old, manifest = beside(self.target, OLD), self.owned.manifest_of(self.folder)
        if os.path.lexists(old):
            raise StrangersError(old)
        is_replacing = os.path.lexists(self.target)
        if is_replacing:
            if replaced is None:
                raise StrangersError(self.target)
            self.owned.check_same(self.target, replaced)
        try:
            if is_replacing:
                self._set_aside(old, replaced or b"")
            system.rename(self.folder, self.target)
            _sync_folder(self.target.parent)
        except BaseException as problem:
            self._put_back_whatever_happens(manifest)
            if isinstance(problem, OSError) and os.path.lexists(old) and os.path.lexists(self.target):
                raise StrangersError(self.target) from None  # it appeared between the two renames
            raise
        if is_replacing:
            self._delete_earlier(old)

    def _set_aside(self, old: Path, replaced: bytes) -> None:
        """Move what stands at the place aside, and look at it where nobody else reaches it by its name."""
        system.rename(self.target, old)
        try:
            self.owned.check_same(old, replaced)
        except StrangersError as problem:
            raise StrangersError(self.target, problem.names) from None

    def _put_back_whatever_happens(self, manifest: bytes | None) -> None:
        """Undo, once more where undoing is interrupted or fails itself."""
        try:
            self._put_back(manifest)
        except BaseException:
            self._put_back(manifest)
            raise

    def _put_back(self, manifest: bytes | None) -> None:
        """Undo whichever of the two renames has happened, as the names now on the disk say."""
        old = beside(self.target, OLD)
        if not os.path.lexists(self.folder) and self.owned.manifest_of(self.target) == manifest:
            system.rename(self.target, self.folder)
        if os.path.lexists(old) and not os.path.lexists(self.target):
            system.rename(old, self.target)

    def _delete_earlier(self, old: Path) -> None:
        try:
            _discard(old, self.owned)
        except OSError as problem:
            raise LeftoverError(problem.errno, problem.strerror) from None
        except BaseException:  # the new publication stands; no rows of the earlier one stay beside it
            with suppress(OSError):
                recover(self.target, self.owned)
            raise


@contextmanager
def staged(target: Path, owned: Owned) -> Iterator[Staging]:
    """A private folder beside the target to write into, removed again if anything fails.

    Raises
    ------
    BusyError : another process is publishing to the same place
    StrangersError : what lies beside the target under this library's names is not its own
    OSError : the folder cannot be made
    """
    with locked(target, _PATIENCE_SECONDS):
        recover(target, owned)
        staging = Staging(target, beside(target, NEW), owned)
        try:
            _make_folder(staging.folder)
            for name in owned.folders:
                _make_folder(staging.folder / name)
            yield staging
        except BaseException as problem:
            _remove_after(problem, staging)
            raise


def _remove_after(problem: BaseException, staging: Staging) -> None:
    """Remove an unfinished publication; once more where that is interrupted."""
    with suppress(OSError):
        try:
            _remove_folder(staging.folder, staging.owned.may_hold, staging.owned.folders)
        except OSError:
            raise
        except BaseException:
            _remove_folder(staging.folder, staging.owned.may_hold, staging.owned.folders)
            raise


def recover(target: Path, owned: Owned) -> None:
    """Undo or finish what a killed run left behind. The caller holds the lock.

    What is not this library's own stays where it is, and so does an earlier publication whose place somebody else has
    taken.

    Raises
    ------
    StrangersError : a folder that should be deleted holds what this library did not write
    """
    new, old = beside(target, NEW), beside(target, OLD)
    _remove_folder(new, owned.may_hold, owned.folders)
    if owned.manifest_of(old) is None:
        return
    if not os.path.lexists(target):
        system.rename(old, target)
        _sync_folder(target.parent)
    elif owned.manifest_of(target) is not None:
        _discard(old, owned)


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
    system.check_name(target)
    system.check_length(beside(target, LOCK))
    with held(beside(target, LOCK), patience):
        yield


def write_file(path: Path, data: Bytes) -> None:
    """Write a new file with mode 0600, whatever the umask, through to the disk."""
    system.check_length(path)
    descriptor = system.patiently(lambda: os.open(path, os.O_WRONLY | os.O_EXCL | _CREATE, 0o600))
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
    system.check_name(target)
    new = beside(target, NEW)
    with locked(target, _PATIENCE_SECONDS):
        try:
            _remove_file(new)
            yield new
            system.replace(new, target)
        except BaseException:
            with suppress(OSError):
                _remove_file(new)
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
    system.check_name(target)
    above = next(parent for parent in target.parents if os.path.lexists(parent))
    if not above.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    missing = [parent for parent in target.parents if not os.path.lexists(parent)]
    try:
        for parent in reversed(missing):
            # Another run that makes the same folder in this moment is welcome; a file in its place shows itself below.
            with suppress(FileExistsError):
                _make_folder(parent)
                made.append(parent)
    except BaseException:
        remove_empty(made)
        raise
    return made


def remove_empty(folders: list[Path]) -> None:
    """Remove folders that hold nothing, the innermost first."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def _make_folder(path: Path) -> None:
    system.check_length(path, is_folder=True)
    system.patiently(lambda: os.mkdir(path, 0o700))
    os.chmod(path, 0o700)


def _sync_folder(path: Path) -> None:
    if system.ON_WINDOWS:  # it has no such call, and its renames need none
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(old: Path, owned: Owned) -> None:
    """Delete an earlier publication under the name of something unfinished, so that half of it never comes back."""
    manifest = owned.manifest_of(old)
    if manifest is None:
        raise StrangersError(old)
    owned.check_same(old, manifest)
    new = old.with_name(old.name.removesuffix(OLD) + NEW)
    system.rename(old, new)
    _remove_folder(new, owned.named_in(manifest).__contains__, owned.folders)


def _remove_folder(path: Path, belongs: Callable[[str], bool], folders: tuple[str, ...]) -> None:
    """Delete a folder of which every file belongs; where one does not, nothing is deleted.

    A file that somebody adds meanwhile stays too: a folder is removed only once it is empty.
    """
    if not os.path.lexists(path):
        return
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        _remove_file(path)
        return
    found = [entry.name for entry in list(os.scandir(path))]
    inside = [name for name in folders if name in found and stat.S_ISDIR(os.lstat(path / name).st_mode)]
    files = [name for name in found if name not in inside]
    files += [f"{name}/{entry.name}" for name in inside for entry in list(os.scandir(path / name))]
    strangers = [name for name in files if not (belongs(name) and stat.S_ISREG(os.lstat(path / name).st_mode))]
    if strangers:
        raise StrangersError(path, tuple(sorted(strangers)))
    for name in files:
        system.unlink(path / name)
    for name in inside:
        system.rmdir(path / name)
    system.rmdir(path)


def _remove_file(path: Path) -> None:
    if os.path.lexists(path):
        system.unlink(path)
