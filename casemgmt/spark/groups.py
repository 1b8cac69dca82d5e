"""The rows of each group, whole, through a function of Arrow tables; as ``applyInArrow``, which is of Spark 4 alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


def each_group(rows: DataFrame, key: str, answer: Callable[[Any, pa.Table], pa.Table], schema: str) -> DataFrame:
    """What ``answer`` gives for each value of the column ``key`` and all the rows that have it.

    The rows of a key come to one task, side by side: a task holds one group at a time.

    Parameters
    ----------
    rows : with a column of text ``key``, compared byte by byte; null is a key as others are
    answer : called with the key and its rows, the key's column among them
    schema : of the answers, in Spark's words
    """

    def answers(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for value, table in groups_of(batches, key):
            yield from answer(value, table).combine_chunks().to_batches()

    return rows.repartition(key).sortWithinPartitions(key).mapInArrow(answers, schema)


def groups_of(batches: Iterable[pa.RecordBatch], key: str) -> Iterator[tuple[Any, pa.Table]]:
    """Each key with its rows, from batches in which the rows of a key stand side by side."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    value: Any = None
    for batch in batches:
        for piece in _runs(batch, key):
            own = piece.column(key)[0].as_py()
            if held and own != value:
                yield value, pa.Table.from_batches(held)
                held = []
            held.append(piece)
            value = own
    if held:
        yield value, pa.Table.from_batches(held)


def _runs(batch: pa.RecordBatch, key: str) -> Iterator[pa.RecordBatch]:
    """The batch in pieces of one key each."""
    import pyarrow.compute as pc

    if not batch.num_rows:
        return
    ends = pc.run_end_encode(batch.column(key)).run_ends.to_pylist()
    for start, stop in zip([0, *ends], ends, strict=False):
        yield batch.slice(start, stop - start)
