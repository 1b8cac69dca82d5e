"""A table as the bytes of a Parquet file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

# Nearly every row holds another value: a dictionary of them costs time and room, and is given up half way.
_DISTINCT = frozenset({"patient_id", "score", "risk"})


def to_parquet(table: pa.Table) -> memoryview:
    """The bytes of a Parquet file of a table, with a checksum a page; the same for the same rows.

    Repeated values, such as practices and reasons, are written once a row group and numbered.

    Raises
    ------
    InputError : a column holds what Parquet cannot show
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    repeated = [name for name in table.column_names if name not in _DISTINCT]
    try:
        # One chunk, so that the bytes do not depend on how the table was put together.
        pq.write_table(
            table.combine_chunks(),
            sink,
            use_dictionary=repeated,
            compression="zstd",
            compression_level=1,
            write_page_checksum=True,
        )
    except (pa.ArrowException, NotImplementedError):
        raise InputError("include: a column holds values that Parquet cannot show. Leave it out.") from None
    return memoryview(sink.getvalue()).cast("B")
