"""Published selections read back: every byte is checked before a row is believed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casemgmt import system
from casemgmt.disk import LOCK, NEW, OLD, BusyError, beside, locked, recover
from casemgmt.errors import SchemeError, VerifyError, listed, plural
from casemgmt.outputs import layout
from casemgmt.outputs.contents import Contents, check_agreement, read_contents
from casemgmt.outputs.manifest import OWN_SUM, read_manifest, sha256
from casemgmt.outputs.owning import PUBLICATION, entries_in, passes_for_a_list
from casemgmt.outputs.refusals import publish_again, wrong_file
from casemgmt.rule_files import MANIFEST_BYTES, path_of, read_bytes, shown_path
from casemgmt.scheme.files import read_scheme_text
from casemgmt.scheme.routes import Scheme

_WAIT_SECONDS = 2.0
_STEP_SECONDS = 0.01
_TRIES = 3  # at least, where reading alone takes longer than the wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A publication that is what its manifest says.

    Attributes
    ----------
    folder : where it lies
    scheme : the identifier of its scheme
    facts : what it was made from, as :attr:`casemgmt.Selection.facts`
    counts : practices, listed, case_managed, unscored, waiting, quarantined, corrections, as counted in the files
    files : rows of each table, by path inside the folder
    documents : the files for people beside them, such as workbooks
    manifest_sha256 : the checksum in which the manifest ends
    versions : of casemgmt, python, numpy and pyarrow, that wrote it
    foreign : what else lies in the folder and is no part of it, such as ``desktop.ini``; a folder ends in ``/``
    """

    folder: Path
    scheme: str
    facts: Mapping[str, Any]
    counts: Mapping[str, int]
    files: Mapping[str, int]
    versions: Mapping[str, str]
    manifest_sha256: str
    foreign: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    def __str__(self) -> str:
        """A line for people, and another where something else lies in the folder."""
        others = ""
        if self.foreign:
            count = plural(len(self.foreign), "file that is", "files that are")
            others = f"\n{count} not part of the publication: {listed(self.foreign)}."
        whole = len(self.files) + len(self.documents) + 1
        return (
            f"{self.folder}: {plural(whole, 'file')} intact; {plural(self.counts['listed'], 'patient')} "
            f"listed in {plural(self.counts['practices'], 'practice')} by '{self.scheme}', "
            f"list of {self.facts['as_of']}.{others}"
        )


def verify(folder: str | Path) -> Verified:
    """Check a published selection: each file's SHA-256, size and rows, and that the files agree with each other.

    Raises
    ------
    VerifyError : which file is changed, missing, unexpected or at odds with another
    """
    return read_publication(folder)[0]


def read_publication(folder: str | Path) -> tuple[Verified, Contents, Scheme]:
    """Read and check; again where another process has just put a new publication in the folder's place.

    Raises
    ------
    VerifyError : as :func:`verify`
    """
    folder = path_of(folder, VerifyError, "A publication")
    until, tries = time.monotonic() + _WAIT_SECONDS, 0
    while True:
        _settle(folder)
        before = _identity(folder)
        try:
            return _read(folder)
        except VerifyError:
            tries += 1
            is_over = tries >= _TRIES and time.monotonic() > until
            if is_over or not _is_being_replaced(folder, before):
                raise
            time.sleep(_STEP_SECONDS)


def _read(folder: Path) -> tuple[Verified, Contents, Scheme]:
    manifest, files, foreign = _read_files(folder)
    contents = read_contents(files, files.__getitem__)
    _check_rows(manifest, contents)
    try:
        scheme = read_scheme_text(manifest["scheme"]["text"], "the published scheme")
        check_agreement(contents, scheme, manifest["facts"]["rows"])
        _check_claims(manifest, contents, scheme)
        verified = Verified(
            folder=folder,
            scheme=scheme.id,
            facts=manifest["facts"],
            counts=contents.counts(),
            files={name: table.num_rows for name, table in sorted(contents.tables.items())},
            versions=manifest["versions"],
            manifest_sha256=manifest[OWN_SUM],
            foreign=foreign,
            documents=contents.documents,
        )
    except (KeyError, TypeError, AttributeError):
        raise publish_again("leaves something out") from None
    except SchemeError as problem:
        raise VerifyError(f"'{layout.MANIFEST}': {problem}") from None
    return verified, contents, scheme


def _read_files(folder: Path) -> tuple[dict[str, Any], dict[str, bytes], tuple[str, ...]]:
    """The manifest, the bytes of every file, each read once and as the manifest says it is, and what else is there."""
    try:
        if not folder.is_dir():
            raise VerifyError(f"There is no publication at '{shown_path(folder)}'.")
        if not os.path.lexists(folder / layout.MANIFEST):
            raise VerifyError(f"'{folder}' holds no {layout.MANIFEST}: it is not a finished publication.")
        try:
            manifest = read_manifest(read_bytes(folder / layout.MANIFEST, VerifyError, MANIFEST_BYTES, "manifest"))
        except ValueError as problem:
            if isinstance(problem, VerifyError):
                raise
            raise publish_again(f"cannot be trusted: {problem}") from None
        entries = manifest.get("files")
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise publish_again("leaves out the files")
        present = sorted(entries_in(folder))
        foreign = [name for name in present if name not in entries and name != layout.MANIFEST]
        _check_plain(folder, entries, foreign)
        _refuse("missing", [name for name in entries if name not in present])
        _refuse("not part of the publication", list(filter(passes_for_a_list, foreign)))
        _refuse("changed since it was published", _of_other_size(folder, entries))
        files = {name: (folder / name).read_bytes() for name in entries}
    except (OSError, ValueError) as problem:  # a ValueError of the system: no folder can have that name
        if isinstance(problem, VerifyError):
            raise
        reason = getattr(problem, "strerror", None) or "the system refused"
        raise wrong_file(shown_path(folder), f"cannot be read: {reason}") from None
    changed = [
        name
        for name, entry in entries.items()
        if len(files[name]) != entry.get("bytes") or sha256(files[name]) != entry.get("sha256")
    ]
    _refuse("changed since it was published", changed)
    return manifest, files, tuple(foreign)


def _check_plain(folder: Path, entries: Mapping[str, Any], foreign: list[str]) -> None:
    """Refuse a link, a folder or a pipe where the publication has a file, and one that could be taken for a list."""
    for name in [layout.MANIFEST, *entries, *filter(passes_for_a_list, foreign)]:
        try:
            mode = (folder / name).lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(mode):
            kind = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "no plain file"
            raise wrong_file(name.rstrip("/"), f"is {kind}, which no publication holds")


def _of_other_size(folder: Path, entries: Mapping[str, Any]) -> list[str]:
    """Files that are not worth reading: nothing that has grown without end is taken into memory."""
    return [name for name, entry in entries.items() if (folder / name).lstat().st_size != entry.get("bytes")]


def _refuse(problem: str, names: list[str]) -> None:
    if names:
        raise VerifyError(f"{plural(len(names), 'file')} {problem}: {listed(names)}.")


def _check_rows(manifest: Mapping[str, Any], contents: Contents) -> None:
    for name, held in contents.rows().items():
        claimed = manifest["files"][name].get("rows")
        if claimed != held:
            raise wrong_file(name, f"holds {plural(held, 'row')}, and the manifest says {claimed}")


def _check_claims(manifest: Mapping[str, Any], contents: Contents, scheme: Scheme) -> None:
    """What the manifest repeats must be what the files say."""
    facts, claimed, counted = manifest["facts"], manifest["counts"], contents.counts()
    differing = [key for key in {**claimed, **counted} if claimed.get(key) != counted.get(key)]
    if facts["practices"] != counted["practices"]:
        differing.append("practices")
    if facts["scheme"] != scheme.id or manifest["scheme"]["id"] != scheme.id:
        differing.append("scheme")
    for name in (*sorted(contents.tables), *contents.documents):
        if name.startswith("practices/") and name != layout.README:
            practice = manifest["files"][name]["practice_id"]
            if name not in layout.files_of_practice(practice):
                differing.append(name)
    if differing:
        raise wrong_file(layout.MANIFEST, f"and the files do not agree on {listed(differing)}")


def _settle(folder: Path) -> None:
    """Finish what a killed run left; wait a moment where a living one is between its two renames."""
    target = Path(os.path.abspath(folder))  # noqa: PTH100 - links are not followed
    if not target.name or not any(os.path.lexists(beside(target, what)) for what in (NEW, OLD)):
        return
    try:
        with locked(target):
            recover(target, PUBLICATION)
    except BusyError:
        waited = 0.0
        while not os.path.lexists(target) and waited < _WAIT_SECONDS:
            time.sleep(_STEP_SECONDS)
            waited += _STEP_SECONDS
    except OSError:
        if not os.path.lexists(target):
            raise VerifyError(
                f"'{folder}' was being replaced when that was cut short, and cannot be put back by you. "
                "Read it once as a user who may write there."
            ) from None


def _is_being_replaced(folder: Path, before: tuple[int, ...] | None) -> bool:
    """Whether another process has put a new folder there since, or is between its two renames."""
    target = Path(os.path.abspath(folder))  # noqa: PTH100 - links are not followed
    if before is None and target.name and any(os.path.lexists(beside(target, what)) for what in (LOCK, NEW, OLD)):
        return True
    return before != _identity(folder)


def _identity(folder: Path) -> tuple[int, ...] | None:
    """Which folder stands there; the number of a deleted one is given to the next, so its last renaming counts too.

    Windows may give no numbers, and keeps no time of renaming: there it is when its manifest was written.
    """
    try:
        found = folder.stat()
        if not system.ON_WINDOWS:
            return (*system.number_on_disk(found), found.st_ctime_ns)
        manifest = (folder / layout.MANIFEST).stat()
    except OSError:
        return None
    return found.st_mtime_ns, manifest.st_mtime_ns, manifest.st_size
