"""What no one can leave out of a work, alone: reading what it needs, from memory or from a file, and nothing else.

How near casemgmt comes to it says how much there is left to win. Where ids have to be told apart, that step alone in
polars stands beside it. Each has casemgmt's threads, and takes its turn with the others; there is no answer to check.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.coded_rows import CodedRows
from benchmarks.works import Contender, Inputs

# Temporary results stay in the cache.
_PIECE = 1 << 18


def _part(name: str, prepare: Callable[[Any], Callable[[], Any]], packages: Sequence[str] = ("numpy",)) -> Contender:
    return Contender(key="part", name=name, packages=tuple(packages), prepare=prepare, is_part=True)


def _ids_part(name: str, prepare: Callable[[Any], Callable[[], Any]]) -> Contender:
    return Contender(key="part-ids", name=name, packages=("polars",), prepare=prepare, is_part=True)


def _reading(arrays: Sequence[Any], threads: int) -> Callable[[], Any]:
    """Go once through arrays of numbers, as fast as NumPy can."""
    flat = [np.ascontiguousarray(each).reshape(-1).view(np.uint8) for each in arrays]
    words = [each[: len(each) // 8 * 8].view(np.uint64) for each in flat]
    pieces = [each[low : low + _PIECE] for each in words for low in range(0, len(each), _PIECE)]

    def run() -> Any:
        with ThreadPoolExecutor(threads) as pool:
            return sum(map(int, pool.map(np.bitwise_or.reduce, pieces)))

    return run


def _packed(inputs: Inputs) -> Callable[[], Any]:
    where = inputs.register.packed
    return _reading([where.words, where.bytes, where.shorts], inputs.threads)


def _scores(inputs: Inputs) -> Callable[[], Any]:
    from benchmarks.own_scores import scores_of

    return _reading([scores_of(inputs), inputs.register.packed.words], inputs.threads)


def _ids(column: Any) -> Callable[[], Any]:
    """A hash of each text, and whether it is a plain id: what finding repeats or patients begins with."""
    import pyarrow as pa

    from casemgmt.texts.long_texts import hashes_of

    chunked = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    return lambda: hashes_of(chunked)


def _ids_of_polars(inputs: Inputs) -> Callable[[], Any]:
    import polars as pl

    # With its views, as casemgmt takes it.
    return _ids(inputs.polars_frame.get_column("patient_id").to_arrow(compat_level=pl.CompatLevel.newest()))


def _ids_of_pandas(inputs: Inputs) -> Callable[[], Any]:
    import pyarrow as pa

    return _ids(pa.array(inputs.pandas_frame["patient_id"]))


def _ids_of_rows(inputs: CodedRows) -> Callable[[], Any]:
    return _ids(inputs.table(dictionary=True).column("patient_id"))


def _columns_of_rows(inputs: CodedRows) -> Callable[[], Any]:
    table = inputs.table(dictionary=True).combine_chunks()
    return _reading([_values(column.chunk(0)) for column in table.columns], inputs.threads)


def _values(column: Any) -> Any:
    indices = getattr(column, "indices", column)
    return indices.to_numpy()


def _decoding(path_of: Callable[[Any], Path]) -> Callable[[Any], Callable[[], Path]]:
    """Arrow decodes every column of a Parquet file, a row group at a time."""

    def prepare(inputs: Any) -> Callable[[], Path]:
        import pyarrow.parquet as pq

        path = path_of(inputs)

        def run() -> Path:
            with pq.ParquetFile(path, pre_buffer=False) as file:
                for group in range(file.metadata.num_row_groups):
                    file.read_row_group(group)
            return path

        return run

    return prepare


def _splitting(inputs: Inputs) -> Callable[[], Path]:
    """Arrow reads the CSV file; flags and numbers as such, texts as dictionaries where they repeat."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    path = inputs.csv
    texts = {name: pa.dictionary(pa.int32(), pa.string()) for name in ("practice_id", "sex", "care_home_type")}
    options = pacsv.ConvertOptions(column_types={**texts, "patient_id": pa.string()})

    def run() -> Path:
        pacsv.read_csv(path, convert_options=options)
        return path

    return run


def _distinct(column_of: Callable[[Inputs], Any]) -> Callable[[Inputs], Callable[[], Any]]:
    """How many different ids there are, exactly."""

    def prepare(inputs: Inputs) -> Callable[[], Any]:
        import polars as pl

        count = pl.LazyFrame({"patient_id": column_of(inputs)}).select(pl.col("patient_id").n_unique())
        return lambda: count.collect(engine="streaming")

    return prepare


def _polars_ids(inputs: Inputs) -> Any:
    return inputs.polars_frame.get_column("patient_id")


def _pandas_ids(inputs: Inputs) -> Any:
    import polars as pl

    # pandas holds text as Arrow does; what it takes to have it as polars does is left out.
    return pl.Series(inputs.pandas_frame["patient_id"].array.__arrow_array__())


def _rows_by_id(inputs: CodedRows) -> Callable[[], Any]:
    """How many rows each patient has."""
    import polars as pl

    ids = pl.from_arrow(inputs.table(dictionary=True).select(["patient_id"])).rechunk()
    rows = ids.lazy().group_by("patient_id").len()
    return lambda: rows.collect(engine="streaming")


def _rows_by_id_in_file(inputs: CodedRows) -> Callable[[], Path]:
    import polars as pl

    rows = pl.scan_parquet(inputs.file).select("patient_id").group_by("patient_id").len()

    def run() -> Path:
        rows.collect(engine="streaming")
        return inputs.file

    return run


PACKED = _part("reading the packed columns once", _packed)
OWN_SCORES = _part("reading scores and packed words once", _scores)
POLARS_IDS = _part("hashing the ids once", _ids_of_polars, ("polars", "pyarrow"))
PANDAS_IDS = _part("hashing the ids once", _ids_of_pandas, ("pandas", "pyarrow"))
WIDE_FILE = _part("Arrow's decoder", _decoding(lambda inputs: inputs.wide), ("pyarrow",))
PACKED_FILE = _part("Arrow's decoder", _decoding(lambda inputs: inputs.packed_file), ("pyarrow",))
CSV_FILE = _part("Arrow's CSV reader", _splitting, ("pyarrow",))
CODED_NUMBERS = _part("reading ids and codes once", _columns_of_rows, ("pyarrow",))
CODED_TEXTS = _part("hashing the ids once", _ids_of_rows, ("pyarrow",))
CODED_FILE = _part("Arrow's decoder", _decoding(lambda inputs: inputs.file), ("pyarrow",))
POLARS_DISTINCT = _ids_part("polars counts different ids", _distinct(_polars_ids))
PANDAS_DISTINCT = _ids_part("polars counts different ids", _distinct(_pandas_ids))
CODED_GROUPS = _ids_part("polars counts rows by id", _rows_by_id)
CODED_FILE_GROUPS = _ids_part("polars counts rows by id", _rows_by_id_in_file)
