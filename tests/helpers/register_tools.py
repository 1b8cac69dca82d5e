"""Small registers for the tests of reading: from files, from text tables, and from every library of data frames."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pyarrow as pa

from casemgmt.register.fields import CONDITIONS

CORPUS = Path(__file__).parents[1] / "corpus"
AS_OF = "2015-04-01"

Told = tuple[int, str | None, str | None, str]


def told(table: pa.Table) -> list[Told]:
    """Source row, practice, field and reason of each row of a quarantine or of corrections."""
    names = ("source_row", "practice_id", "field", "reason")
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


def ids_of(register: Any) -> list[str]:
    """The accepted patients, in source order."""
    return register.to_arrow()["patient_id"].to_pylist()


def by_id(register: Any, name: str) -> dict[str, Any]:
    """A column's cleaned values by patient."""
    table = register.to_arrow()
    return dict(zip(table["patient_id"].to_pylist(), table[name].to_pylist(), strict=True))


def people(count: int, practice: str = "C87002", **columns: Any) -> pa.Table:
    """A register of ``count`` patients of one practice, aged 40 unless columns say more."""
    ids = [f"{practice[-2:]}{number:04d}" for number in range(count)]
    return pa.table({"patient_id": ids, "practice_id": [practice] * count, "age": [40] * count} | columns)


def awkward_rows(count: int = 240, seed: int = 5) -> list[dict[str, Any]]:
    """Rows of four practices with gaps, ties, contradictions, repeats and values out of range."""
    choose = random.Random(seed)
    as_of = dt.date(2015, 4, 1)

    def day(least: int, most: int) -> dt.date:
        return as_of - dt.timedelta(days=choose.randint(least, most))

    def sometimes(value: Any, share: float = 0.3) -> Any:
        return value if choose.random() < share else None

    rows = []
    for number in range(count):
        resident = choose.choice([None, "none", "none", "none", "nursing", "residential", "respite"])
        row = {
            "patient_id": f"9{number * 7919 % 100_003:06d}é",
            "practice_id": choose.choice(["C87002", "C87003", "C87003", "Y00001"]),
            "date_of_birth": sometimes(day(6000, 36_000), 0.95),
            "sex": choose.choice(["F", "M", "I", None]),
            "imd_decile": choose.choice([None, *range(1, 11)]),
            "ethnicity": choose.choice([None, "White", "Asian, other", 'the "other"']),
            "care_home_type": resident,
            "care_home_id": f"007{number % 9}" if resident in ("nursing", "residential") else None,
            "emergency_admissions_12m": choose.choice([None, 0, 0, 1, 2, 99]),
            "nominated": sometimes(choose.random() < 0.2, 0.8),
            "nomination_order": sometimes(choose.randint(1, 70_000), 0.5),
            "on_caseload": sometimes(choose.random() < 0.4, 0.9),
            "last_review": sometimes(day(0, 900)),
            "objected": sometimes(choose.random() < 0.1, 0.9),
            "date_of_death": sometimes(day(-20, 30), 0.04),
            "deregistered_on": sometimes(day(-20, 30), 0.04),
            **{name: sometimes(choose.random() < 0.4, 0.8) for name in CONDITIONS},
            "ward": choose.choice(["north", "süd", None]),
        }
        rows.append(row)
    for number, change in enumerate(AWKWARD):
        rows[count // 10 * number + 3] |= change
    return [*rows, dict(rows[10]), rows[30] | {"ward": "elsewhere"}]


AWKWARD = (
    {"imd_decile": 11},
    {"date_of_birth": dt.date(1890, 1, 1)},
    {"care_home_type": "hotel"},
    {"practice_id": None},
    {"practice_id": "c87003"},
    {"patient_id": "9990001234.0"},
    {"patient_id": None},
    {"last_review": dt.date(2015, 9, 1)},
    {"emergency_admissions_12m": 100},
)

ARROW_TYPES = {
    "date_of_birth": pa.date32(),
    "last_review": pa.date32(),
    "date_of_death": pa.date32(),
    "deregistered_on": pa.date32(),
    "imd_decile": pa.int64(),
    "emergency_admissions_12m": pa.int64(),
    "nomination_order": pa.int64(),
    **dict.fromkeys(("nominated", "on_caseload", "objected", *CONDITIONS), pa.bool_()),
}


def awkward_table(count: int = 240, seed: int = 5) -> pa.Table:
    rows = awkward_rows(count, seed)
    return pa.table(
        {name: pa.array([row[name] for row in rows], ARROW_TYPES.get(name, pa.string())) for name in rows[0]}
    )


# Every library of data frames, and every kind of file


def pandas_objects(table: pa.Table, folder: Path) -> Any:
    """As pandas made it for long: text and gaps as objects, whole numbers with gaps as floats, dates as dates."""
    import pandas as pd

    frame = table.to_pandas()
    for field in table.schema:
        if pa.types.is_string(field.type):
            frame[field.name] = pd.Series(table[field.name].to_pylist(), dtype=object)
    return frame


def pandas_floats(table: pa.Table, folder: Path) -> Any:
    """Flags too as 1.0, 0.0 and NaN; dates as times with NaT; an index that is not the row number."""
    import pandas as pd

    frame = table.to_pandas()
    for field in table.schema:
        if pa.types.is_boolean(field.type):
            frame[field.name] = frame[field.name].astype("float64")
        elif pa.types.is_date(field.type):
            frame[field.name] = frame[field.name].astype("datetime64[ms]")
    return frame.set_index(pd.Index([f"row {2 * i}" for i in range(len(frame))][::-1]))


def pandas_strings(table: pa.Table, folder: Path) -> Any:
    frame = table.to_pandas().convert_dtypes()
    for name in {"sex", "ethnicity"} & set(frame.columns):
        frame[name] = frame[name].astype("category")
    return frame


def pandas_arrow(table: pa.Table, folder: Path) -> Any:
    import pandas as pd

    return table.to_pandas(types_mapper=pd.ArrowDtype)


def polars_frame(table: pa.Table, folder: Path) -> Any:
    import polars as pl

    frame = pl.from_arrow(table)
    kinds = {"sex": pl.Enum(["F", "I", "M"]), "ethnicity": pl.Categorical}
    return frame.with_columns(pl.col(name).cast(kind) for name, kind in kinds.items() if name in frame.columns)


def pyarrow_table(table: pa.Table, folder: Path) -> Any:
    return table


def pyarrow_chunks(table: pa.Table, folder: Path) -> Any:
    """In uneven pieces, with dictionaries that differ from piece to piece, and large text."""
    pieces = [table.slice(start, stop - start) for start, stop in ((0, 7), (7, 7), (7, 100), (100, len(table)))]
    joined = pa.concat_tables(pieces)
    for name, column in zip(joined.column_names, joined.columns, strict=True):
        if pa.types.is_string(column.type):
            large = [chunk.cast(pa.large_string()) for chunk in column.chunks]
            encoded = [chunk.dictionary_encode() for chunk in large] if name in ("sex", "practice_id") else large
            joined = joined.set_column(joined.column_names.index(name), name, pa.chunked_array(encoded))
    return joined


def duckdb_relation(table: pa.Table, folder: Path) -> Any:
    import duckdb

    return duckdb.connect().from_arrow(table)


def csv_file(table: pa.Table, folder: Path) -> Any:
    from pyarrow import csv

    csv.write_csv(table, folder / "register.csv")
    return folder / "register.csv"


def parquet_file(table: pa.Table, folder: Path) -> Any:
    from pyarrow import parquet

    parquet.write_table(table, folder / "register.parquet", row_group_size=50, write_page_checksum=True)
    return folder / "register.parquet"


def arrow_file(table: pa.Table, folder: Path) -> Any:
    with pa.ipc.new_file(folder / "register.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=50)
    return folder / "register.arrow"


def arrow_stream_file(table: pa.Table, folder: Path) -> Any:
    with pa.ipc.new_stream(folder / "register.ipc", table.schema) as writer:
        writer.write_table(table, max_chunksize=50)
    return folder / "register.ipc"


def two_files(table: pa.Table, folder: Path) -> Any:
    from pyarrow import parquet

    paths = [folder / "north.parquet", folder / "south.parquet"]
    for path, start, stop in ((paths[0], 0, 33), (paths[1], 33, len(table))):
        parquet.write_table(table.slice(start, stop - start), path)
    return paths


LIBRARIES = {
    maker.__name__: maker
    for maker in (
        pandas_objects,
        pandas_floats,
        pandas_strings,
        pandas_arrow,
        polars_frame,
        pyarrow_table,
        pyarrow_chunks,
        duckdb_relation,
        csv_file,
        parquet_file,
        arrow_file,
        arrow_stream_file,
        two_files,
    )
}
