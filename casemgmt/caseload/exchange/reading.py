"""An export read back: every byte held against its checksums, every event against its hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.caseload.events.chain import Heads, heads_if_whole
from casemgmt.caseload.events.table import COLUMNS, stored_events
from casemgmt.caseload.exchange import package
from casemgmt.caseload.exchange.changed import what_changed
from casemgmt.caseload.exchange.checking import faults_in_words
from casemgmt.caseload.exchange.flat import flat_schema, from_text, unflattened
from casemgmt.errors import InputError, VerifyError
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.layout import MANIFEST
from casemgmt.outputs.manifest import read_manifest, sha256
from casemgmt.parquet.reading import VerifiedFile
from casemgmt.rule_files import TooLargeError, is_folder, plain_bytes, shown_path

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_BYTES = 16 * 1_000_000_000  # a hundred times the events of a programme of ten years
_AGAIN = "Take the folder as it was exported, or export again."


def read_export(folder: Path) -> pa.Table:
    """The events of an exported store, in the order of practices and numbers.

    Raises
    ------
    InputError : the folder is no export of a caseload
    VerifyError : a file is not as it was exported; which, and what is different in it
    """
    files = _files(folder)
    described = _described(files[package.PACKAGE])
    form = described["resources"][0]["format"]
    name = package.events_file(form)
    if name not in files:
        raise VerifyError(f"'{name}' is missing from the export. {_AGAIN}")
    events = unflattened(_table(name, files[name]))
    heads = package.heads_in(described)
    if heads_if_whole(stored_events(events)) != heads:
        faults = faults_in_words(stored_events(events), heads) or "its practices do not stand in order"
        raise VerifyError(f"'{name}' does not hold whole chains: {faults}. {_AGAIN}")
    return events


def heads_of_export(folder: Path) -> Heads:
    """The last event of each chain as an export says, by practice: its number and hash; the file of events is not read.

    Raises
    ------
    InputError : the folder is no export of a caseload
    VerifyError : ``datapackage.json`` or the manifest was changed
    """
    return package.heads_in(_described(_files(folder, (package.PACKAGE,))[package.PACKAGE]))


def _files(folder: Path, wanted: tuple[str, ...] = package.FILES) -> dict[str, bytes]:
    """The files that the manifest names, as it says they are; ``datapackage.json`` is among them."""
    held = package.KIND.manifest_of(folder) if is_folder(folder) else None
    if held is None:
        raise InputError(f"'{shown_path(folder)}' is no folder that caseload.export wrote.")
    try:
        named = read_manifest(held, package.KIND.format)["files"]
        sums = {name: str(named[name]["sha256"]) for name in sorted(named) if name in wanted}
    except (ValueError, KeyError, TypeError) as problem:
        said = problem if type(problem) is ValueError else "it names no files"
        raise VerifyError(f"'{MANIFEST}': {said}. {_AGAIN}") from None
    files: dict[str, bytes] = {}
    for name in (package.PACKAGE, *(name for name in sums if name != package.PACKAGE)):
        try:
            data = plain_bytes(folder / name, _MOST_BYTES)
        except (OSError, TooLargeError):
            data = None
        if data is None:
            raise VerifyError(f"'{name}' is missing from the export, or cannot be read. {_AGAIN}")
        if sha256(data) != sums.get(name):
            raise VerifyError(f"'{name}' was changed since it was exported{_said(name, data, files)}. {_AGAIN}")
        files[name] = data
    return files


def _said(name: str, data: bytes, before: dict[str, bytes]) -> str:
    """What is different in a changed file of events; ``datapackage.json`` comes before it."""
    if name not in map(package.events_file, package.FORMATS) or package.PACKAGE not in before:
        return ""
    described = _described(before[package.PACKAGE])
    return f": {what_changed(name, data, described)}"


def _described(data: bytes) -> dict[str, Any]:
    try:
        described: dict[str, Any] = json.loads(data)
        resource = described["resources"][0]
        names = [field["name"] for field in resource["schema"]["fields"]]
        is_known = described["format_version"] == package.FORMAT_VERSION and resource["format"] in package.FORMATS
        package.heads_in(described), int(resource["rows"])
    except (ValueError, KeyError, TypeError, IndexError):
        raise VerifyError(f"'{package.PACKAGE}' does not describe an export of a caseload. {_AGAIN}") from None
    # Columns of details may differ: other versions know other kinds of event, and 'details' says all of it.
    if not is_known or names[: len(COLUMNS)] != list(COLUMNS):
        raise VerifyError(
            f"'{package.PACKAGE}' describes an export of another form than this version of casemgmt reads. Import with "
            "the version that exported it, or a later one."
        )
    return described


def _table(name: str, data: bytes) -> pa.Table:
    """The columns of events of a file whose bytes are those that were exported."""
    import pyarrow as pa

    try:
        if name.endswith(".csv"):
            return from_text(read_csv(data))
        wanted = [field for field in flat_schema() if field.name in COLUMNS]
        return VerifiedFile(data, name).read().select(list(COLUMNS)).cast(pa.schema(wanted))
    except (ValueError, KeyError) as problem:
        said = problem if str(problem).startswith("column '") else "its columns are others"
        raise VerifyError(f"'{name}' is no table of events: {said}. {_AGAIN}") from None
