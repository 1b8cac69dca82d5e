"""The folder of an export: its files, and what ``datapackage.json`` says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from casemgmt.caseload.events.chain import Heads
from casemgmt.caseload.exchange.fields import table_schema
from casemgmt.errors import plural
from casemgmt.outputs.folders import Kind

FORMATS: Final = ("parquet", "csv")

PACKAGE, README = "datapackage.json", "README.txt"
FORMAT_VERSION: Final = 1

_DIALECT = {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "lineTerminator": "\r\n", "header": True}
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def events_file(form: str) -> str:
    """The file of the events."""
    return f"events.{form}"


FILES: Final = (PACKAGE, README, *map(events_file, FORMATS))

KIND = Kind(
    called="export of a caseload",
    format="casemgmt caseload",
    folders=(),
    may_hold=frozenset(FILES).__contains__,
)


def package_text(form: str, data: bytes | memoryview, sum_of_data: str, rows: int, heads: Heads) -> bytes:
    """``datapackage.json``: the one resource, its schema, and the last event of each practice's chain.

    Parameters
    ----------
    data, sum_of_data : what the file of events holds, and its SHA-256
    rows, heads : how many events, and the last one of each practice's chain
    """
    resource: dict[str, Any] = {
        "name": "events",
        "path": events_file(form),
        "format": form,
        "mediatype": _MEDIA[form],
        "bytes": len(data),
        "hash": f"sha256:{sum_of_data}",
        "rows": rows,
    }
    if form == "csv":
        resource |= {"encoding": "utf-8", "dialect": _DIALECT}
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "caseload",
        "title": "A caseload of case management: every event, in the order of practices and numbers",
        "format_version": FORMAT_VERSION,
        "resources": [{**resource, "schema": table_schema()}],
        "heads": [{"practice_id": code, "number": number, "hash": own.hex()} for code, (number, own) in heads.items()],
    }
    return (json.dumps(package, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def heads_in(described: Mapping[str, Any]) -> Heads:
    """The last event of each chain, as ``datapackage.json`` says."""
    return {each["practice_id"]: (each["number"], bytes.fromhex(each["hash"])) for each in described["heads"]}


def readme_text(form: str, events: int, practices: int) -> bytes:
    """What lies here, for who opens the folder."""
    lines = [
        "A caseload of case management, exported whole.",
        "",
        f"{events_file(form)}: {plural(events, 'event')} of {plural(practices, 'practice')}, one row each, in order of",
        "  practice and number. A correction is an event of its own; nothing is ever changed.",
        f"{PACKAGE}: what each column is (a Table Schema), the SHA-256 of that file, and each practice's last",
        "  event.",
        "manifest.json: the SHA-256 of every file here.",
        "",
        "It holds patients' ids, and is for those who may see the caseload. 'casemgmt caseload import' reads it into a",
        "new store, after checking every byte: a file that a spreadsheet has saved is refused. Read ids as text, since",
        "leading zeros count.",
    ]
    if form == "csv":
        lines += [
            "A text that a spreadsheet would take for a formula has an apostrophe before it, which is no part of it."
        ]
    return ("\r\n".join(lines) + "\r\n").encode()
