"""Single tables that a command writes: whole or not at all, readable by their owner alone."""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typer

from casemgmt.cli.show import complain, wrote
from casemgmt.disk import BusyError, replace_file
from casemgmt.errors import PublishError, being_written
from casemgmt.system import note_of_file, note_of_folder


def write_table(table: Any, path: Path, *, overwrite: bool) -> None:
    """Write an Arrow table as .parquet or .csv.

    Raises
    ------
    PublishError
        The file is there already, or cannot be written; what was there is left as it was.
    """
    check_writable(path, overwrite=overwrite)
    _replace(path, _parquet_bytes(table) if path.suffix.lower() == ".parquet" else _csv_bytes(table))
    wrote(path, table.num_rows)


def write_text(text: str, path: Path, *, overwrite: bool) -> None:
    """Write a text.

    Raises
    ------
    PublishError
        The file is there already, or cannot be written; what was there is left as it was.
    """
    refuse_existing(path, overwrite=overwrite)
    _replace(path, text.encode())
    wrote(path)


def _replace(path: Path, data: bytes) -> None:
    try:
        replace_file(Path(os.path.abspath(path)), data)  # noqa: PTH100 - a link is replaced, not what it points to
    except BusyError:
        raise being_written(path) from None
    except OSError as error:
        raise PublishError(f"{path} could not be written: {error.strerror or type(error).__name__}.") from None
    note_who_may_read()


@cache
def note_who_may_read(what: Literal["file", "folder"] = "file") -> None:
    """Say once, where it is so, that what was written is no more private than the folder that it is in."""
    if note := note_of_file() if what == "file" else note_of_folder():
        complain(f"note: {note}")


def check_writable(path: Path | None, *, overwrite: bool) -> None:
    """Refuse, before any work is done, a file that :func:`write_table` could not or should not write."""
    if path is None:
        return
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise typer.BadParameter(f"{path.name}: write to a file that ends in .csv or .parquet.")
    refuse_existing(path, overwrite=overwrite)


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raise PublishError where a file would be lost."""
    if path.exists() and not overwrite:
        raise PublishError(f"{path} is there already. Give another name, or add --overwrite.")


def _parquet_bytes(table: Any) -> bytes:
    import pyarrow.parquet as pq

    held = io.BytesIO()
    pq.write_table(table, held, compression="lz4", write_page_checksum=True)
    return held.getvalue()


def _csv_bytes(table: Any) -> bytes:
    from casemgmt.outputs.csv_text import to_csv

    return to_csv(table)
