"""What Spark 3.5, Spark 4 and Spark Connect each do in their own way, done in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import empty_table
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

NOT_KEPT = (
    "Spark Connect before 4 cannot keep what one run gave: lists are cached, and worked out anew from the frame where "
    "a part of the cache is lost. Say keep_in=, a name of tables that may be written."
)
_DATA = "data"


def to_arrow(frame: DataFrame) -> pa.Table:
    """A Spark DataFrame as an Arrow table on the driver, with the types and values that its workers see.

    ``DataFrame.toArrow`` is of Spark 4 alone, and shows a timestamp in UTC, where midnight in London in summer is an
    hour of the day before; here it stands in the time zone of the session. Rows keep the order of an ``orderBy``.

    Examples
    --------
    ``to_arrow(lists.selection.orderBy("practice_id", "rank"))``
    """
    import pyarrow as pa

    if not all(hasattr(frame, name) for name in ("mapInArrow", "collect", "schema")):
        raise InputError(f"frame: give a Spark DataFrame, not {type(frame).__name__}.")
    names = list(frame.columns)
    plain = frame.toDF(*(f"c{i}" for i in range(len(names))))
    pieces = [row[0] for row in plain.mapInArrow(_as_streams, f"{_DATA} binary").collect()]
    if not pieces:
        return empty_table(pa.schema(list(zip(names, types_of(frame), strict=True))))
    tables = [pa.ipc.open_stream(pa.py_buffer(bytes(piece))).read_all() for piece in pieces]
    return pa.concat_tables(tables).rename_columns(names)


def _as_streams(batches: Iterable[Any]) -> Iterator[Any]:
    """Each batch of rows as the bytes of an Arrow stream, in one cell."""
    import pyarrow as pa

    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        yield pa.record_batch([pa.array([sink.getvalue().to_pybytes()], pa.binary())], names=[_DATA])


def types_of(frame: DataFrame) -> list[pa.DataType]:
    """The Arrow type of each column."""
    if hasattr(frame, "toArrow"):
        return list(frame.toDF(*(f"c{i}" for i in range(len(frame.columns)))).limit(0).toArrow().schema.types)
    from pyspark.sql.pandas.types import to_arrow_type

    return [to_arrow_type(each.dataType) for each in frame.schema]


def by_bytes(text: Column) -> Column:
    """A text column, compared byte by byte; before Spark 4 there is no other way to compare."""
    from pyspark.sql import functions as F

    return F.collate(text, "UTF8_BINARY") if hasattr(F, "collate") else text


def can_keep(frame: DataFrame) -> bool:
    """Whether the rows of a frame can be kept as one run gave them: not by a Spark Connect before 4."""
    try:
        return callable(frame.localCheckpoint)
    except (AttributeError, NotImplementedError):
        return False


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps what one run gave: on the executors, or in tables whose names begin with ``tables``.

    Where Spark can do neither, in a cache, which :attr:`notes` says.
    """

    tables: str | None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: DataFrame, tables: str | None) -> Keeper:
        """What keeps the tables that a frame is made into."""
        if tables is not None and not (isinstance(tables, str) and tables.strip()):
            raise InputError('keep_in: name where tables may be written, such as "catalog.schema.casemgmt_run".')
        return cls(tables, () if tables or can_keep(frame) else (NOT_KEPT,))

    def keep(self, frame: DataFrame, name: str) -> DataFrame:
        """The rows of one run, however often they are read."""
        if self.tables is not None:
            frame.write.saveAsTable(f"{self.tables}_{name}")
            return frame.sparkSession.table(f"{self.tables}_{name}")
        return frame.localCheckpoint() if can_keep(frame) else frame.persist()
