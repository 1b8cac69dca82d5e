"""Which folders, and which files in them, are this library's own: nothing else is ever moved, replaced or deleted."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from casemgmt.disk import Owned
from casemgmt.outputs import layout
from casemgmt.outputs.manifest import is_publication
from casemgmt.rule_files import MANIFEST_BYTES, TooLargeError, plain_bytes

# What other software leaves in any folder begins so: .DS_Store, ._list.csv, ~$list.csv, @eaDir. A file of this
# library never does.
_OTHER_SOFTWARE = (".", "~$", "@", "$")
_OF_LISTS = (".csv", ".parquet", ".json", ".xlsx", ".html")
_OF_PRACTICES = (".csv", ".xlsx", ".html")


def manifest_of(folder: Path) -> bytes | None:
    """The manifest of a publication of whatever version; None where the folder is none, or no folder.

    Raises
    ------
    OSError : it cannot be told
    """
    manifest = folder / layout.MANIFEST
    try:
        if not (stat.S_ISDIR(os.lstat(folder).st_mode) and stat.S_ISREG(os.lstat(manifest).st_mode)):
            return None
        data = plain_bytes(manifest, MANIFEST_BYTES)
    except (FileNotFoundError, NotADirectoryError, TooLargeError):
        return None
    return data if data is not None and is_publication(data) else None


def named_in(manifest: bytes) -> frozenset[str]:
    """Every file of a publication by its path inside, the manifest's own too."""
    files = json.loads(manifest).get("files")
    return frozenset((layout.MANIFEST, *(files if isinstance(files, dict) else ())))


def may_be_ours(name: str) -> bool:
    """Whether an unfinished publication may hold a file of this path inside it."""
    folder, _, file = name.rpartition("/")
    if name in (layout.MANIFEST, layout.REMOVALS, layout.KEPT, layout.README) or name in layout.TABLES:
        return True
    return folder == "practices" and file.endswith(_OF_PRACTICES) and not file.startswith(_OTHER_SOFTWARE)


def strangers_in(folder: Path, manifest: bytes) -> list[str]:
    """What the folder holds that its manifest does not name, by path inside, in order."""
    known = named_in(manifest)
    return sorted(name for name in entries_in(folder) if name not in known)


def entries_in(folder: Path) -> Iterator[str]:
    """Every file of a publication's folders, and every other entry as it stands: a strange folder ends in ``/``."""
    for entry in list(os.scandir(folder)):
        if not stat.S_ISDIR(entry.stat(follow_symlinks=False).st_mode):
            yield entry.name
        elif entry.name not in layout.FOLDERS:
            yield f"{entry.name}/"
        else:
            for inner in list(os.scandir(entry.path)):
                is_folder = stat.S_ISDIR(inner.stat(follow_symlinks=False).st_mode)
                yield f"{entry.name}/{inner.name}{'/' if is_folder else ''}"


def passes_for_a_list(name: str) -> bool:
    """Whether a file that is not the publication's could be taken for one of its lists: a copy, or another practice's.

    Examples
    --------
    >>> passes_for_a_list("practices/C87001 - Copy.csv"), passes_for_a_list("practices/~$C87001.csv")
    (True, False)
    """
    file = name.rstrip("/").rpartition("/")[2]
    if file.startswith(_OTHER_SOFTWARE):
        return False
    return name.endswith("/") or file.lower().endswith(_OF_LISTS)


PUBLICATION = Owned(
    folders=layout.FOLDERS, manifest_of=manifest_of, named_in=named_in, may_hold=may_be_ours, strangers_in=strangers_in
)
