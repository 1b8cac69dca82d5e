"""Publishing a report: every file of it, or none."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from casemgmt.disk import BusyError, Bytes, Owned, Staging, StrangersError, make_parents, remove_empty, staged
from casemgmt.errors import PublishError, listed, plural
from casemgmt.outputs.disclosure.earlier import REPLACED
from casemgmt.outputs.layout import MANIFEST
from casemgmt.outputs.manifest import FORMAT_VERSION, REPORT, canonical, is_report, read_manifest, sha256, versions
from casemgmt.outputs.report.layout import EVERYTHING, FIGURES, PAGE, WORKBOOK, figure_file
from casemgmt.outputs.report.making import Made, figure_csv
from casemgmt.outputs.report.page import page_of
from casemgmt.outputs.report.workbook import workbook_of
from casemgmt.rule_files import MANIFEST_BYTES, TooLargeError, plain_bytes


def files_of(made: Made) -> dict[str, Bytes]:
    """Every file of a report but its manifest."""
    files: dict[str, Bytes] = {figure_file(figure.name): figure_csv(figure, made.facts) for figure in made.figures}
    return {PAGE: page_of(made).encode(), WORKBOOK: workbook_of(made), **files}


def save(made: Made, folder: Path, *, overwrite: bool) -> Path:
    """Write a report to a new folder, or in place of an earlier one.

    Raises
    ------
    PublishError : the folder holds something else, or cannot be written; what was there is left as it was
    """
    target = Path(os.path.abspath(folder))  # noqa: PTH100 - a link must stay a link, to be refused
    files = files_of(made)
    manifest = _manifest(made, files)
    with _in_words(folder):
        made_here = make_parents(target)
        try:
            with staged(target, OWNED) as staging:
                replaced = _check_place(folder, target, overwrite=overwrite)
                for name, data in sorted(files.items()):
                    staging.write(name, data)
                _check_written(staging, files)
                staging.write(MANIFEST, manifest)
                read_manifest(staging.read(MANIFEST), REPORT)
                staging.put_in_place(replaced)
        except BaseException:
            remove_empty(made_here)
            raise
    return target


def _check_written(staging: Staging, files: Mapping[str, Bytes]) -> None:
    altered = [name for name, data in files.items() if staging.read(name) != data]
    if altered:
        raise OSError(errno.EIO, f"{altered[0]} does not read back as it was written")


def _manifest(made: Made, files: Mapping[str, Bytes]) -> bytes:
    entries = {name: {"sha256": sha256(data), "bytes": len(data)} for name, data in files.items()}
    scheme = {"id": made.facts["scheme"], "text": made.said["scheme"]}
    whole = {
        "format": REPORT,
        "format_version": FORMAT_VERSION,
        "versions": versions(),
        "facts": dict(made.facts),
        "scheme": scheme,
        "said": dict(made.said),
        "files": entries,
    }
    return canonical({**whole, REPLACED: [dict(each) for each in made.replaced]} if made.replaced else whole)


def _check_place(folder: Path, target: Path, *, overwrite: bool) -> bytes | None:
    if not os.path.lexists(target):
        return None
    manifest = _manifest_of(target)
    if manifest is None:
        raise PublishError(f"'{folder}' exists and is no report of this library. Choose a folder that is not there.")
    if not overwrite:
        raise PublishError(f"'{folder}' holds an earlier report. Choose another folder, or say overwrite.")
    if strangers := _strangers_in(target, manifest):
        raise StrangersError(target, tuple(strangers))
    return manifest


def _manifest_of(folder: Path) -> bytes | None:
    try:
        if not (stat.S_ISDIR(os.lstat(folder).st_mode) and stat.S_ISREG(os.lstat(folder / MANIFEST).st_mode)):
            return None
        data = plain_bytes(folder / MANIFEST, MANIFEST_BYTES)
    except (FileNotFoundError, NotADirectoryError, TooLargeError):
        return None
    return data if data is not None and is_report(data) else None


def _named_in(manifest: bytes) -> frozenset[str]:
    files = json.loads(manifest).get("files")
    return frozenset((MANIFEST, *(files if isinstance(files, dict) else ())))


def _strangers_in(folder: Path, manifest: bytes) -> list[str]:
    known = _named_in(manifest)
    found = []
    for entry in list(os.scandir(folder)):
        if entry.name == FIGURES and entry.is_dir(follow_symlinks=False):
            found += [f"{FIGURES}/{inner.name}" for inner in list(os.scandir(entry.path))]
        else:
            found.append(entry.name)
    return sorted(name for name in found if name not in known)


OWNED = Owned(
    folders=(FIGURES,),
    manifest_of=_manifest_of,
    named_in=_named_in,
    may_hold=EVERYTHING.__contains__,
    strangers_in=_strangers_in,
)


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
