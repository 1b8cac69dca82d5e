"""The works of coded rows: how ids and codes are held, and whether in memory or in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import coded_ways
from benchmarks.bounds import CODED_FILE, CODED_FILE_GROUPS, CODED_GROUPS, CODED_NUMBERS, CODED_TEXTS
from benchmarks.coded_rows import ROWS_A_PATIENT, CodedRows, HexIds, RunningIds, TextIds
from benchmarks.data import Order
from benchmarks.works import Contender, Work

IDS = {
    RunningIds: "patients numbered from 0",
    CodedRows: "ids of nine digits",
    TextIds: "ids of 10 characters",
    HexIds: "ids of 64 characters",
}
MOST = 1_250_000


Prepare = Callable[[Any], Callable[[], Any]]
Read = Callable[[Any], Any]


def _as_it_is(found: Any) -> Any:
    return found


def _from_polars(frame: Any) -> Any:
    return frame.to_arrow()


def _from_file(path: Path) -> Any:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return file.read()


def _contenders(
    ours: Prepare,
    polars: Prepare,
    duckdb: Prepare,
    *parts: Contender,
    of_polars: Read = _as_it_is,
    read: Read = _as_it_is,
) -> tuple[Contender, ...]:
    """The contenders of one work, and the parts that nobody can leave out; ``read`` of all but polars."""
    packages = ("casemgmt", "numpy", "numba", "pyarrow")
    return (
        Contender(key="casemgmt", name="casemgmt", packages=packages, prepare=ours, read=read),
        Contender(key="polars-best", name="polars at its best", packages=("polars",), prepare=polars, read=of_polars),
        Contender(key="duckdb", name="DuckDB at its best", packages=("duckdb", "pyarrow"), prepare=duckdb, read=read),
        *parts,
    )


def _in_memory(name: str, inputs: type[CodedRows], *, dictionary: bool) -> Work:
    codes = "dictionary-encoded codes" if dictionary else "plain codes"

    def ready(given: CodedRows) -> None:
        _ = given.truth

    return Work(
        name=name,
        title=f"coded rows in memory, {codes}, {IDS[inputs]} → Charlson score",
        orders=("shuffled", "sorted"),
        ready=ready,
        most=MOST,
        inputs=inputs,
        rows_a_patient=ROWS_A_PATIENT,
        contenders=_contenders(
            coded_ways.ours(dictionary=dictionary),
            coded_ways.polars(dictionary=dictionary),
            coded_ways.duckdb(dictionary=dictionary),
            CODED_TEXTS if inputs.ids in ("text", "hex") else CODED_NUMBERS,
            CODED_GROUPS,
            of_polars=_from_polars,
        ),
    )


def _from_files(name: str, inputs: type[CodedRows], orders: tuple[Order, ...]) -> Work:
    def ready(given: CodedRows) -> None:
        _ = given.file

    return Work(
        name=name,
        title=f"coded rows in Parquet, {IDS[inputs]} → Charlson score, Parquet",
        orders=orders,
        files=True,
        ready=ready,
        most=MOST,
        inputs=inputs,
        rows_a_patient=ROWS_A_PATIENT,
        contenders=_contenders(
            coded_ways.ours_from_file,
            coded_ways.polars_from_file,
            coded_ways.duckdb_from_file,
            CODED_FILE,
            CODED_FILE_GROUPS,
            of_polars=_from_file,
            read=_from_file,
        ),
    )


CODED = (
    _in_memory("coded-running-ids", RunningIds, dictionary=True),
    _in_memory("coded-dictionary", CodedRows, dictionary=True),
    _in_memory("coded-plain", CodedRows, dictionary=False),
    _in_memory("coded-text-ids", TextIds, dictionary=False),
    _in_memory("coded-hex-ids", HexIds, dictionary=False),
    _from_files("coded-file", CodedRows, ("shuffled",)),
    _from_files("coded-file-text-ids", TextIds, ("shuffled",)),
    _from_files("coded-file-hex-ids", HexIds, ("shuffled", "sorted")),
)
