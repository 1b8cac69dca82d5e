"""Tables as CSV that a spreadsheet opens without running, and that reads back as it was.

UTF-8 with a byte order mark, CRLF, every text in quotes, everything else bare; a null is empty and an empty text is
``""``. Made column by column in Arrow, so the bytes do not depend on machine or locale.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from casemgmt.arrow import file_of, numpy_of, text_scalar, texts, utc_as_text
from casemgmt.errors import InputError
from casemgmt.texts.guards import needs_guard, without_guards
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

BOM = b"\xef\xbb\xbf"
END = "\r\n"
_BATCH_ROWS = 65_536
_REPEATED = 4  # a text that stands so often on average is quoted once


def to_csv(table: pa.Table) -> bytes:
    """The table as CSV, header first.

    Raises
    ------
    InputError : a column holds lists, records or bytes, which CSV cannot show
    """
    return to_csv_parts(table, [(0, table.num_rows)])[0]


def to_csv_parts(table: pa.Table, parts: Iterable[tuple[int, int]]) -> list[bytes]:
    """Stretches of a table as CSV, each with the header; the lines of the table are made once.

    Parameters
    ----------
    parts : the first row of each stretch, and how many rows it has

    Raises
    ------
    InputError : a column holds lists, records or bytes, which CSV cannot show
    """
    names = _cells(texts(table.column_names), "name of a column").to_pylist()
    header = BOM + (",".join(names) + END).encode()
    # A line begins where the one before ends, and the lines of a batch are one run of bytes.
    starts = range(0, table.num_rows, _BATCH_ROWS)
    batches = dict(enumerate(on_threads(lambda start: _lines(table.slice(start, _BATCH_ROWS)), starts)))
    files, parts = [], list(parts)
    # A file is a copy of its lines: where files come in the order of their lines, those before them are let go.
    is_in_order = all(one[0] <= other[0] for one, other in pairwise(part for part in parts if part[1]))
    for first, count in parts:
        if is_in_order and count:
            batches = {number: lines for number, lines in batches.items() if number >= first // _BATCH_ROWS}
        file: list[bytes | memoryview] = [header]
        last = first + count
        for number in range(first // _BATCH_ROWS, -(-last // _BATCH_ROWS) if count else 0):
            data, ends = batches[number]
            start = number * _BATCH_ROWS
            file.append(data[ends[max(first - start, 0)] : ends[min(last - start, len(ends) - 1)]])
        files.append(b"".join(file))
    return files


def read_csv(data: bytes, only: Sequence[str] | None = None) -> pa.Table:
    """The table of :func:`to_csv`, every column as text, null where a cell was null.

    Parameters
    ----------
    only : the columns that are wanted, all by default

    Raises
    ------
    ValueError : these are not the bytes of such a table
    """
    import pyarrow as pa
    import pyarrow.csv as pacsv

    names = _header(data)
    wanted = names if only is None else list(only)
    try:
        table = pacsv.read_csv(
            file_of(data),
            read_options=pacsv.ReadOptions(block_size=min(len(data) + 1, 2**30), use_threads=False),
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError, csv.Error):
        raise ValueError("not a CSV file of this library") from None
    if table.column_names != wanted:
        raise ValueError("a header that does not fit")
    if b"'" not in data:  # nothing is guarded
        return table
    columns = [without_guards(table.column(name)) for name in wanted]
    return pa.table(columns, names=without_guards(texts(wanted)).to_pylist())


def _header(data: bytes) -> list[str]:
    """The first record, which may run over several lines."""
    if not data.startswith(BOM):
        raise ValueError("no byte order mark")
    try:
        names = next(csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")), [])
    except (UnicodeDecodeError, csv.Error):
        raise ValueError("not a CSV file of this library") from None
    if not names or len(set(names)) != len(names):
        raise ValueError("a header without names, or with the same one twice")
    return names


def _lines(table: pa.Table) -> tuple[memoryview, npt.NDArray[np.int32]]:
    """The rows as one run of bytes, and where in it each row begins and the last one ends.

    They are the character data and the offsets of an Arrow column whose values are the lines.
    """
    import pyarrow as pa

    cells = [_cells(table.column(name).combine_chunks(), name) for name in table.column_names]
    lines = _joined(*cells, between=",")
    ended = _joined(lines, text_scalar(END))
    _, offsets, data = ended.buffers()
    ends = numpy_of(pa.Array.from_buffers(pa.int32(), len(ended) + 1, [None, offsets], offset=ended.offset))
    return memoryview(data), ends


def _joined(*parts: pa.Array | pa.Scalar, between: str = "") -> pa.Array:
    """Texts put together value by value; a null adds nothing."""
    import pyarrow.compute as pc

    options = pc.JoinOptions("replace", "")
    return pc.call_function("binary_join_element_wise", [*parts, text_scalar(between)], options)


def _cells(column: pa.Array, name: str) -> pa.Array:
    """Each value as it stands in the file; null stays null."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise _cannot_show(name)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    try:
        is_utc = pa.types.is_timestamp(kind) and kind.tz == "UTC"
        text = utc_as_text(column) if is_utc else column.cast(pa.string())
    except (pa.ArrowException, NotImplementedError):
        raise _cannot_show(name) from None
    if not is_text:
        return text
    encoded = text.dictionary_encode()
    if _REPEATED * len(encoded.dictionary) <= len(text):
        return _quoted(encoded.dictionary).take(encoded.indices)
    return _quoted(text)


def _quoted(text: pa.Array) -> pa.Array:
    """Texts in quotes, guarded where a spreadsheet would take them for a formula; null stays null."""
    import pyarrow.compute as pc

    guard = pc.if_else(needs_guard(text), text_scalar("'"), text_scalar(""))
    quote, doubled = text_scalar('"'), pc.replace_substring(text, '"', '""')
    quoted = [quote, guard, doubled, quote, text_scalar("")]
    return pc.call_function("binary_join_element_wise", quoted, pc.JoinOptions("emit_null"))


def _cannot_show(name: str) -> InputError:
    return InputError(
        f"include: column '{name}' holds values that CSV cannot show. Include columns of text, numbers, dates or "
        "true and false."
    )
