"""A register with every fault, and coded records, through Spark Connect: ``connect_child.py local[2] FILE``.

Instead of ``local[2]`` the address of a server may be given, such as ``sc://localhost:15002``.
"""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from in_pieces import NO_LIMITS, TABLES, assert_same_tables, in_order, whole
from pyspark.sql import SparkSession
from register_tools import awkward_table

import casemgmt as cm
from casemgmt import spark as on_spark

AS_OF = "2015-04-01"


def main(address: str, path: str) -> None:
    """Say ``the same`` and the notes, or end with an error."""
    session = SparkSession.builder.remote(address).getOrCreate()
    assert "connect" in type(session).__module__
    session.conf.set("spark.sql.shuffle.partitions", "3")
    table = awkward_table(700)
    pq.write_table(table.append_column("row", pa.array(range(table.num_rows), pa.int64())), path)
    frame = session.read.parquet(path)
    scheme, model = cm.load_scheme("rotherham-2015-16"), cm.load_model("cambridge-multimorbidity-20")
    options: dict[str, Any] = {"as_of": AS_OF, "model": model, "over_cap": "queue"}
    expected = whole(table, scheme, **options)
    for keep_in in (None, "connect_run"):
        found = on_spark.select(frame, scheme, row_number="row", keep_in=keep_in, **options, **NO_LIMITS)
        given = {name: in_order(name, on_spark.to_arrow(getattr(found, name)), scheme) for name in TABLES}
        assert_same_tables(expected, given)
        print(keep_in, found.notes)
    for name in ("ids", "open", "lists"):
        session.sql(f"DROP TABLE IF EXISTS connect_run_{name}")
    codes = [("p1", "I21.0", dt.date(2014, 5, 1)), ("p1", "E11.5", None), ("p2", "I2I0", dt.date(2014, 6, 1))]
    events = pa.table(dict(zip(("patient_id", "code", "date"), zip(*codes, strict=True), strict=True)))
    derived = cm.derive_conditions(events, "charlson-quan-2005", as_of=AS_OF)
    rows = session.createDataFrame(codes, "patient_id string, code string, date date")
    there = on_spark.derive_conditions(rows, "charlson-quan-2005", as_of=AS_OF)
    assert on_spark.to_arrow(there.table.orderBy("patient_id")).to_pylist() == derived.to_arrow().to_pylist()
    assert there.account.equals(derived.account)
    print("the same")


if __name__ == "__main__":
    main(*sys.argv[1:])
