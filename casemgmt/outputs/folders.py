"""Folders of this library other than publications of a selection: every file of one, or none, and a manifest."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casemgmt.disk import BusyError, Bytes, Owned, Staging, StrangersError, make_parents, remove_empty, staged
from casemgmt.errors import PublishError, listed, plural
from casemgmt.outputs.layout import MANIFEST
from casemgmt.outputs.manifest import FORMAT_VERSION, canonical, format_of, read_manifest, sha256, versions
from casemgmt.rule_files import MANIFEST_BYTES, TooLargeError, plain_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of folder.

    Attributes
    ----------
    called : in words, such as ``report``
    format : what its manifest names itself
    folders : those inside it
    may_hold : whether an unfinished one may hold a file of that path
    """

    called: str
    format: str
    folders: tuple[str, ...]
    may_hold: Callable[[str], bool]

    def owned(self) -> Owned:
        """How a folder of this kind is told from any other."""
        return Owned(
            folders=self.folders,
            manifest_of=self.manifest_of,
            named_in=_named_in,
            may_hold=lambda name: name == MANIFEST or self.may_hold(name),
            strangers_in=self.strangers_in,
        )

    def manifest_of(self, folder: Path) -> bytes | None:
        """The manifest of a folder of this kind; None where it is none."""
        try:
            if not (stat.S_ISDIR(os.lstat(folder).st_mode) and stat.S_ISREG(os.lstat(folder / MANIFEST).st_mode)):
                return None
            data = plain_bytes(folder / MANIFEST, MANIFEST_BYTES)
        except (FileNotFoundError, NotADirectoryError, TooLargeError):
            return None
        return data if data is not None and format_of(data) == self.format else None

    def strangers_in(self, folder: Path, manifest: bytes) -> list[str]:
        """What the folder holds that its manifest does not name."""
        known = _named_in(manifest)
        found = []
        for entry in list(os.scandir(folder)):
            if entry.name in self.folders and entry.is_dir(follow_symlinks=False):
                found += [f"{entry.name}/{inner.name}" for inner in list(os.scandir(entry.path))]
            else:
                found.append(entry.name)
        return sorted(name for name in found if name not in known)


def save_folder(
    kind: Kind, files: Mapping[str, Bytes], said: Mapping[str, Any], folder: Path, *, overwrite: bool
) -> Path:
    """Write a new folder, or one in place of an earlier one of the same kind.

    Parameters
    ----------
    files : every file's bytes by its path inside
    said : what the manifest says beside the files' checksums

    Raises
    ------
    PublishError : the folder holds something else, or cannot be written; what was there is left as it was
    """
    target = Path(os.path.abspath(folder))  # noqa: PTH100 - a link must stay a link, to be refused
    entries = {name: {"sha256": sha256(data), "bytes": len(data)} for name, data in files.items()}
    head = {"format": kind.format, "format_version": FORMAT_VERSION, "versions": versions()}
    manifest = canonical({**head, **said, "files": entries})
    with _in_words(folder):
        made_here = make_parents(target)
        try:
            with staged(target, kind.owned()) as staging:
                replaced = _check_place(kind, folder, target, overwrite=overwrite)
                with staging.writing(files):
                    pass
                _check_written(staging, files)
                staging.write(MANIFEST, manifest)
                read_manifest(staging.read(MANIFEST), kind.format)
                staging.put_in_place(replaced)
        except BaseException:
            remove_empty(made_here)
            raise
    return target


def _check_written(staging: Staging, files: Mapping[str, Bytes]) -> None:
    altered = [name for name, data in files.items() if staging.read(name) != data]
    if altered:
        raise OSError(errno.EIO, f"{altered[0]} does not read back as it was written")


def _check_place(kind: Kind, folder: Path, target: Path, *, overwrite: bool) -> bytes | None:
    if not os.path.lexists(target):
        return None
    manifest = kind.manifest_of(target)
    if manifest is None:
        raise PublishError(
            f"'{folder}' exists and is no {kind.called} of this library. Choose a folder that is not there."
        )
    if not overwrite:
        raise PublishError(f"'{folder}' holds an earlier {kind.called}. Choose another folder, or say overwrite.")
    if strangers := kind.strangers_in(target, manifest):
        raise StrangersError(target, tuple(strangers))
    return manifest


def _named_in(manifest: bytes) -> frozenset[str]:
    files = json.loads(manifest).get("files")
    return frozenset((MANIFEST, *(files if isinstance(files, dict) else ())))


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except BusyError:
        raise PublishError(f"Another process is writing '{folder}'. Wait, then run again.") from None
    except StrangersError as problem:
        what = f"{plural(len(problem.names), 'file')} that this library did not write ({listed(problem.names)})"
        what = what if problem.names else "something that this library did not write"
        raise PublishError(f"'{folder}' holds {what}. Move that elsewhere; nothing was touched.") from None
    except OSError as problem:
        raise PublishError(f"'{folder}' was not written: {problem.strerror or 'the system refused'}.") from None
