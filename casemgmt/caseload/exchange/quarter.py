"""The tables of a quarter as a folder of CSV files, private, with what each column counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import texts
from casemgmt.outputs.csv_text import to_csv
from casemgmt.outputs.folders import Kind, save_folder

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.caseload.store.keeping import Head

DEFINITIONS = "definitions"

KIND = Kind(
    called="quarter of a caseload",
    format="casemgmt caseload quarter",
    folders=(),
    may_hold=frozenset({"process.csv", "register_test.csv", "definitions.csv"}).__contains__,
)


def save_quarter(
    tables: Mapping[str, pa.Table],
    heads: Mapping[str, Head],
    facts: Mapping[str, Any],
    folder: Path,
    *,
    overwrite: bool,
) -> Path:
    """Write the tables, whole or not at all.

    Parameters
    ----------
    tables : by name, whose fields' metadata say what they count
    heads : the last event of each practice that was counted; the manifest keeps them
    facts : what the manifest says beside them
    """
    files = {f"{name}.csv": to_csv(table) for name, table in tables.items()}
    files[f"{DEFINITIONS}.csv"] = to_csv(_definitions(tables))
    ends = {code: {"number": head.number, "hash": head.hash.hex()} for code, head in heads.items()}
    return save_folder(KIND, files, {"facts": dict(facts), "heads": ends}, folder, overwrite=overwrite)


def _definitions(tables: Mapping[str, pa.Table]) -> pa.Table:
    import pyarrow as pa

    rows = [
        (name, field.name, (field.metadata or {}).get(b"definition", b"").decode())
        for name, table in tables.items()
        for field in table.schema
    ]
    told = [row for row in rows if row[2]]
    columns = zip(*told, strict=True) if told else ((), (), ())
    return pa.table(dict(zip(("table", "column", "counts"), map(texts, columns), strict=True)))
