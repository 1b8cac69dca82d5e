"""A table given beside a register, such as decisions or nominations: a frame, or the path of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt.errors import InputError, plural
from casemgmt.texts.guards import without_guards_of_csv

if TYPE_CHECKING:
    import pyarrow as pa


def is_table(given: object) -> bool:
    """Whether it is a frame, or what may be the path of a file."""
    return isinstance(given, (str, Path)) or hasattr(given, "__arrow_c_stream__")


def table_given(given: object, name: str) -> pa.Table:
    """The table, without the apostrophes that a CSV file has before what looks like a formula.

    Parameters
    ----------
    name : of the argument, for messages

    Raises
    ------
    InputError : a file cannot be read, or has lines that are not split as its header is
    """
    from casemgmt.register.sources import open_source

    opened = open_source(given)
    if opened.unsplit:
        lines = plural(len(opened.unsplit), "line")
        raise InputError(f"{name}= holds {lines} with another number of values than its header.")
    table: pa.Table = without_guards_of_csv(given, opened.table)
    return table
