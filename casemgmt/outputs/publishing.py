"""Publishing a selection: every file of it, or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.disk import (
    NEW,
    OLD,
    BusyError,
    Bytes,
    LeftoverError,
    Staging,
    StrangersError,
    beside,
    locked,
    make_parents,
    recover,
    remove_empty,
    staged,
)
from casemgmt.errors import CasemgmtError, InputError, PublishError, VerifyError, listed, plural
from casemgmt.outputs import layout
from casemgmt.outputs.contents import check_agreement, read_contents
from casemgmt.outputs.csv_text import to_csv, to_csv_parts
from casemgmt.outputs.disclosure.earlier import REPLACED, Earlier, as_said, earlier_publications
from casemgmt.outputs.listing import listing_order
from casemgmt.outputs.manifest import OWN_SUM, canonical, make_manifest, read_manifest, sha256
from casemgmt.outputs.owning import PUBLICATION, manifest_of, strangers_in
from casemgmt.parquet.writing import to_parquet
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY
from casemgmt.system import WordedError
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.outputs.disclosure.worlds import Publication
    from casemgmt.outputs.practice.files import Documents
    from casemgmt.register.register import Register
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.lists import Lists

_PATIENCE_SECONDS = 1.0  # for a reader who tidies up after a killed run

_REMEDIES = {
    errno.ENOSPC: "Free some space, then run again.",
    errno.EDQUOT: "Free some of your quota, then run again.",
    errno.EFBIG: "The largest file you may write is too small: raise the limit, then run again.",
    errno.EACCES: "Choose a folder that you may write to.",
    errno.EPERM: "Choose a folder that you may write to.",
    errno.EROFS: "Choose a folder on a disk that can be written.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ENOTDIR: "Choose a path whose parents are folders.",
    errno.EIO: "The disk reports a failure: have it checked, or choose another.",
}


def publish(
    lists: Lists,
    folder: Path,
    include: Iterable[str] = (),
    overwrite: bool = False,
    published_before: Iterable[str | os.PathLike[str]] = (),
    documents: Documents | None = None,
) -> Path:
    """Write a selection's files to a new folder, or in place of an earlier publication.

    Parameters
    ----------
    lists : of a selection that was made now, by :func:`casemgmt.select`
    folder : the folder to make; parents that are missing are made too
    include : register columns to add to the selection and the practice lists
    overwrite : replace an earlier publication; nothing else is ever replaced
    published_before : folders of other publications that a reader can hold beside this one; the folder that is
        replaced, and those beside it, are looked at anyway
    documents : which files for people to make beside the tables; None: none

    Returns
    -------
    the folder, its path whole

    Raises
    ------
    InputError : a column of ``include`` that is not there or that CSV cannot show
    PublishError : the folder holds something else, or cannot be written; what was there is left as it was
    """
    include = _names(include)
    target = Path(os.path.abspath(folder))  # noqa: PTH100 - a link must stay a link, to be refused
    with _in_words(folder, target):
        _undo_half_done(target)
        _check_place(folder, target, overwrite)
    _check_scheme(lists.scheme)
    register = _register_of(lists)
    before = earlier_publications(lists, target, published_before)
    files = _files(lists, register, include, before.publications)
    files |= _for_people(lists, include, documents, list(files))
    with _in_words(folder, target):
        made = make_parents(target)
        try:
            with staged(target, PUBLICATION) as staging:
                replaced = _check_place(folder, target, overwrite)
                _fill(staging, lists, include, files, before)
                staging.put_in_place(replaced)
        except BaseException:
            remove_empty(made)
            raise
    return target


def own_sum_of(folder: Path) -> str | None:
    """The checksum in which a publication's manifest ends; None where somebody has taken it away again."""
    try:
        manifest = manifest_of(folder)
        return None if manifest is None else str(read_manifest(manifest)[OWN_SUM])
    except (OSError, ValueError):
        return None


def _names(include: Iterable[str]) -> list[str]:
    names = [include] if isinstance(include, str) else list(include)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"include names {plural(len(repeated), 'column')} twice: {listed(repeated)}.")
    return names


def _register_of(lists: Lists) -> Register:
    if lists.workings is None:
        raise PublishError("This selection was read back from files: copy the folder, or select again.")
    return lists.workings.register


def _check_scheme(scheme: Scheme) -> None:
    """Refuse a scheme that no file describes: its text is published, and read back from there."""
    from casemgmt.scheme.files import read_scheme_text

    try:
        as_written = read_scheme_text(scheme.text, "the scheme") if scheme.text else None
    except CasemgmtError:
        as_written = None
    if as_written != scheme:
        raise PublishError(
            f"The scheme '{scheme.id}' is not what its file says, and the file is published with the selection. "
            "Write the change into a scheme file and load that."
        )


def _files(lists: Lists, register: Register, include: list[str], before: Sequence[Publication]) -> dict[str, Bytes]:
    """Every file's bytes but the manifest's, worked out before the disk is touched."""
    from casemgmt.outputs.disclosure import commissioner_table

    table, queue, summary = lists.to_arrow(include), lists.queue(), lists.summary()
    caution = DEMONSTRATION_ONLY if lists.facts["demonstration"] else None
    files: dict[str, Bytes] = {
        layout.SELECTION: to_parquet(table),
        layout.SUMMARY: to_csv(summary),
        layout.UNSCORED: to_parquet(lists.unscored()),
        layout.QUEUE: to_parquet(queue),
        layout.QUARANTINE: to_parquet(register.quarantine),
        layout.CORRECTIONS: to_parquet(register.corrections),
        layout.REMOVALS: to_parquet(lists.removals()),
        **({layout.KEPT: to_parquet(lists.kept())} if lists.scheme.keeps_places else {}),
        layout.COMMISSIONER: to_csv(
            commissioner_table(
                summary,
                lists.scheme,
                caution,
                ranked_by=lists.facts["ranked_by"],
                waiting=queue.num_rows > 0,
                before=before,
            )
        ),
    }
    stretches = _stretches(table)
    csv = to_csv_parts(listing_order(table), [stretches.get(practice, (0, 0)) for practice in lists.practices])
    files |= zip(map(layout.practice_file, lists.practices), csv, strict=True)
    for name, own in ((layout.waiting_file, queue), (layout.removals_file, lists.removals())):
        stretches = _stretches(own)
        files |= zip(map(name, stretches), to_csv_parts(own, stretches.values()), strict=True)
    return files


def _for_people(
    lists: Lists, include: list[str], documents: Documents | None, tables: Iterable[str]
) -> dict[str, Bytes]:
    """The workbooks and pages that are asked for, and the text that says what each file and column is."""
    from casemgmt.outputs.practice.files import documents_of
    from casemgmt.outputs.practice.readme import readme_of

    files: dict[str, Bytes] = {} if documents is None else {**documents_of(lists, documents)}
    files[layout.README] = readme_of(lists, lists.to_arrow(include).column_names, [*tables, *files])
    return files


def _stretches(table: pa.Table) -> dict[str, tuple[int, int]]:
    """Where each practice's rows begin, and how many they are: tables are in order of practice."""
    import pyarrow.compute as pc

    runs = pc.run_end_encode(table.column("practice_id").combine_chunks())
    found, start = {}, 0
    for practice, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        found[practice] = (start, end - start)
        start = end
    return found


def _fill(staging: Staging, lists: Lists, include: list[str], files: dict[str, Bytes], before: Earlier) -> None:
    """Write the files, read them back, and write the manifest from what was read."""
    sums: dict[str, str] = {}

    def read_back(name: str) -> bytes:
        wait_for(name)
        data = staging.read(name)
        if files[name] != data:
            raise OSError(errno.EIO, f"{name} does not read back as it was written")
        sums[name] = sha256(data)
        return data

    with staging.writing(files) as wait_for:
        contents = read_contents(sorted(files), read_back, ids_alone=True)
        on_threads(lambda name: len(read_back(name)), contents.documents)
    check_agreement(contents, lists.scheme, lists.facts["rows"])
    practices = {*contents.practices, *contents.tables[layout.REMOVALS].column("practice_id").to_pylist()}
    practice_of = {name: practice for practice in practices for name in layout.files_of_practice(practice)}
    entries: dict[str, dict[str, Any]] = {}
    rows = contents.rows()
    for name in sorted(files):
        entries[name] = {"sha256": sums[name], "bytes": len(files[name])}
        if name in rows:
            entries[name]["rows"] = rows[name]
        if name in practice_of:
            entries[name]["practice_id"] = practice_of[name]
    facts = make_manifest(lists, include, entries, contents.counts())
    table = contents.tables[layout.COMMISSIONER]
    said = as_said(lists.scheme, facts["facts"]["ranked_by"], bool(facts["counts"]["waiting"]), table)
    # Whoever read what stood here before still knows it.
    replaced = [each for each in before.replaced if each != said]
    manifest = canonical({**facts, REPLACED: replaced} if replaced else facts)
    staging.write(layout.MANIFEST, manifest)
    read_manifest(staging.read(layout.MANIFEST))


def _undo_half_done(target: Path) -> None:
    """Put back a publication whose replacement was killed half way, before asking what is there."""
    if target.name and any(os.path.lexists(beside(target, what)) for what in (NEW, OLD)):
        with locked(target, _PATIENCE_SECONDS):
            recover(target, PUBLICATION)


def _check_place(folder: Path, target: Path, overwrite: bool) -> bytes | None:
    """Refuse anything but an absent folder, or with ``overwrite`` a publication and nothing more.

    Returns
    -------
    the manifest of the publication that may be replaced; None where nothing is there
    """
    if not target.name:
        raise PublishError(f"'{folder}' is the root of a disk. Name a folder inside it.")
    if not os.path.lexists(target):
        return None
    if target.is_symlink() or not target.is_dir():
        raise PublishError(f"'{folder}' exists and is not a folder. Choose another name.")
    manifest = manifest_of(target)
    if manifest is None:
        raise PublishError(f"'{folder}' exists and was not written by this library. Choose a folder that is not there.")
    if not overwrite:
        raise PublishError(f"'{folder}' holds an earlier publication. Choose another folder, or say overwrite.")
    if strangers := strangers_in(target, manifest):
        raise PublishError(_strangers(f"'{folder}'", strangers))
    return manifest


def _strangers(where: str, names: Iterable[str]) -> str:
    names = list(names)
    return (
        f"{where} holds {plural(len(names), 'file')} that this library did not write ({listed(names)}). "
        "Move them elsewhere first; nothing was touched."
    )


@contextmanager
def _in_words(folder: Path, target: Path) -> Iterator[None]:
    """Turn what the system refuses into a PublishError with the remedy."""
    try:
        yield
    except BusyError:
        raise PublishError(f"Another process is publishing to '{folder}'. Wait, then run again.") from None
    except LeftoverError as problem:
        raise PublishError(
            f"'{folder}' holds the new publication, but the earlier one could not be deleted "
            f"({problem.strerror}). Delete '{beside(target, NEW).name}' and '{beside(target, OLD).name}' beside it."
        ) from None
    except StrangersError as problem:
        where = f"'{folder}'" if problem.folder == target else f"'{problem.folder.name}' beside '{folder}'"
        if problem.names:
            raise PublishError(_strangers(where, problem.names)) from None
        raise PublishError(
            f"{where} is not the publication that was to be replaced: another has taken its place. It was left as it "
            f"is. Look at it, then choose another folder.{_set_aside(target)}"
        ) from None
    except VerifyError as problem:
        raise PublishError(f"'{folder}' was not written: {problem}") from None
    except OSError as problem:
        what = problem.strerror or "the system refused"
        remedy = _REMEDIES.get(problem.errno or 0, "See to that, then run again.")
        said = f"{what}." if isinstance(problem, WordedError) else f"{what}. {remedy}"
        raise PublishError(f"'{folder}' was not written: {said}{_leftover(target)}") from None


def _set_aside(target: Path) -> str:
    """Where the earlier publication is, if its place was taken while it was set aside."""
    old = beside(target, OLD)
    return f" The earlier publication is in '{old.name}' beside it." if manifest_of(old) is not None else ""


def _leftover(target: Path) -> str:
    """What a failed run could not clean up after itself."""
    new = beside(target, NEW)
    if not os.path.lexists(new):
        return ""
    return f" '{new.name}' beside it holds patient rows and could not be deleted: delete it."
