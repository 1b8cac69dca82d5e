"""The apostrophe before a text that a spreadsheet would take for a formula: where it is needed, and what it hides."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# What starts a formula: = + - @ with their full-width, small, raised and lowered forms, and what spreadsheets drop
# from the start of a cell (tab, line ends).
_STARTS = (
    r"=+\-@\t\r\n\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}\x{fe66}\x{fe62}\x{fe63}\x{fe6b}"
    r"\x{2212}\x{fb29}\x{207a}\x{207b}\x{207c}\x{208a}\x{208b}\x{208c}"
)
# Spaces and invisible characters in front do not help, and a text that looks guarded already is guarded again, so that
# taking one apostrophe away always gives the text back.
_NEEDS_GUARD = rf"^'*[\p{{Z}}\p{{Cc}}\p{{Cf}}]*[{_STARTS}]"
_IS_GUARDED = rf"^'+[\p{{Z}}\p{{Cc}}\p{{Cf}}]*[{_STARTS}]"


def needs_guard(text: pa.Array) -> pa.Array:
    """Which texts a spreadsheet would take for a formula."""
    import pyarrow.compute as pc

    return pc.match_substring_regex(text, _NEEDS_GUARD)


def without_guards(column: pa.Array | pa.ChunkedArray) -> Any:
    """The texts as they were before a file of this library guarded them."""
    import pyarrow.compute as pc

    return pc.if_else(pc.match_substring_regex(column, _IS_GUARDED), pc.utf8_slice_codeunits(column, 1), column)


def without_guards_of_csv(source: object, table: pa.Table) -> pa.Table:
    """A table as it was before this library wrote it, where it came from the path of a CSV file."""
    import pyarrow as pa

    if not isinstance(source, (str, os.PathLike)) or not os.fsdecode(source).lower().endswith(".csv"):
        return table
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(place, field.name, without_guards(table.column(place)))
    return table
