"""Ids and practice codes from columns of fixed width: every value padded with spaces to one length."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from casemgmt.register.cleaning import is_text

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("patient_id", "practice_id")


def trimmed(
    table: pa.Table, values: Mapping[str, Mapping[str, object]], as_they_are: Collection[str]
) -> tuple[pa.Table, dict[str, int]]:
    """The table without the padding of its ids and practice codes, and the width of each such column with a value.

    The width is below 0 where the spaces come first, and 0 where a column is not of fixed width. Then it stays as it
    is: spaces around some of its values are a fault of those rows.

    Parameters
    ----------
    values : field → {text in the source: value}; a column some of whose texts to be mapped have outer spaces is left
    as_they_are : columns that are not of fixed width in the whole register, whatever they are here
    """
    widths = {}
    for name in COLUMNS:
        place, column = table.column_names.index(name), table.column(name)
        mapped = any(key != key.strip(" ") for key in values.get(name, ()))
        first = None if name in as_they_are or mapped else _first_value(column)
        if first is None:
            continue
        found = _without_padding(column) if first != first.strip(" ") else None
        widths[name] = 0 if found is None else found[0]
        if found is not None:
            table = table.set_column(place, name, found[1])
    return table, widths


def notes_of(widths: Mapping[str, int]) -> tuple[str, ...]:
    """What was done to the columns, in sentences."""
    return tuple(
        f"Column '{name}' is text of fixed width, every value padded with spaces to {abs(width)} characters. "
        "The spaces were removed."
        for name, width in sorted(widths.items())
        if width
    )


def _first_value(column: pa.ChunkedArray) -> str | None:
    """The first text of a column; None where it has none, or is not text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not is_text(kind):
        return None
    for chunk in column.chunks:
        if chunk.null_count < len(chunk):
            place = pc.index(chunk.is_valid(), True).as_py() if chunk.null_count else 0
            return str(chunk[place].as_py())
    return None


def _without_padding(column: pa.ChunkedArray) -> tuple[int, pa.ChunkedArray] | None:
    """The width of a column and its texts without padding; None where some value is not padded as the others are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    text = column.cast(pa.large_string())
    span = pc.min_max(pc.utf8_length(text)).as_py()
    if span["min"] != span["max"]:
        return None
    after, before = (bool(pc.all(each(text, " ")).as_py()) for each in (pc.ends_with, pc.starts_with))
    if after == before:
        return None
    if after:
        return int(span["max"]), pc.utf8_rtrim(text, " ")
    return -int(span["max"]), pc.utf8_ltrim(text, " ")
