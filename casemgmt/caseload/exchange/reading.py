"""An export read back: every byte held against its checksums, every event against its hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.caseload.events.chain import Heads, heads_if_whole
from casemgmt.caseload.events.table import stored_events
from casemgmt.caseload.exchange import package
from casemgmt.caseload.exchange.changed import what_changed
from casemgmt.caseload.exchange.checking import faults_in_words
from casemgmt.caseload.exchange.fields import table_schema
from casemgmt.caseload.exchange.flat import flat_schema, from_text, unflattened
from casemgmt.errors import InputError, VerifyError
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.layout import MANIFEST
from casemgmt.outputs.manifest import read_manifest, sha256
from casemgmt.parquet.reading import VerifiedFile
from casemgmt.rule_files import is_folder, shown_path

if TYPE_CHECKING:
    import pyarrow as pa

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
    """The files that the manifest names, as it says they are."""
    if not is_folder(folder) or package.KIND.manifest_of(folder) is None:
        raise InputError(f"'{shown_path(folder)}' is no folder that caseload.export wrote.")
    try:
        named = read_manifest((folder / MANIFEST).read_bytes(), package.KIND.format)["files"]
    except ValueError as problem:
        raise VerifyError(f"'{MANIFEST}': {problem}. {_AGAIN}") from None
    files: dict[str, bytes] = {}
    for name, entry in named.items():
        if name not in wanted:
            continue
        try:
            data = (folder / name).read_bytes()
        except OSError:
            raise VerifyError(f"'{name}' is missing from the export, or cannot be read. {_AGAIN}") from None
        if sha256(data) != entry["sha256"]:
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
        is_known = resource["schema"] == table_schema() and resource["format"] in package.FORMATS
        package.heads_in(described), int(resource["rows"])
    except (ValueError, KeyError, TypeError, IndexError):
        raise VerifyError(f"'{package.PACKAGE}' does not describe an export of a caseload. {_AGAIN}") from None
    if not is_known:
        raise VerifyError(
            f"'{package.PACKAGE}' describes other columns than this version of casemgmt writes. Import with the "
            "version that exported it, or export again."
        )
    return described


def _table(name: str, data: bytes) -> pa.Table:
    """The flat table of a file whose bytes are those that were exported."""
    try:
        if name.endswith(".csv"):
            return from_text(read_csv(data))
        return VerifiedFile(data, name).read().cast(flat_schema())
    except ValueError as problem:
        raise VerifyError(f"'{name}' is no table of events: {problem}. {_AGAIN}") from None
