"""Several tables in one Spark DataFrame: a row names its table, and fills that table's column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

TABLE = "table"
_WORDS = {
    "string": "string",
    "double": "double",
    "int32": "int",
    "int64": "bigint",
    "bool": "boolean",
    "date32[day]": "date",
}


def side_by_side(schemas: Mapping[str, pa.Schema], tables: Mapping[str, pa.Table]) -> pa.Table:
    """The rows of all tables, one after the other, in the columns that :func:`in_words` describes."""
    import pyarrow as pa

    from casemgmt.arrow import texts

    kinds = {name: pa.struct(list(schema)) for name, schema in schemas.items()}
    schema = pa.schema([(TABLE, pa.string()), *kinds.items()])
    pieces = [
        pa.table(
            [
                texts([name] * table.num_rows),
                *(table.to_struct_array() if own == name else pa.nulls(table.num_rows, kinds[own]) for own in kinds),
            ],
            schema=schema,
        )
        for name, table in tables.items()
    ]
    return pa.concat_tables(pieces)


def in_words(schemas: Mapping[str, pa.Schema]) -> str:
    """The schema of the frame, in Spark's words."""
    return ", ".join([f"`{TABLE}` string", *(f"`{name}` {_struct(schema)}" for name, schema in schemas.items())])


def _struct(schema: pa.Schema) -> str:
    return f"struct<{', '.join(f'`{each.name}`: {_WORDS[str(each.type)]}' for each in schema)}>"


def part(tables: DataFrame, name: str) -> DataFrame:
    """The rows of one table."""
    from pyspark.sql import functions as F

    return tables.where(F.col(TABLE) == name).select(f"{name}.*")
