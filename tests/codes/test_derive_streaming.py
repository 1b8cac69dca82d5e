"""More rows than fit in memory: a hundred million stream through, and what is held grows with the patients alone."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import casemgmt as cm

ROWS, PATIENTS, STEP = 100_000_000, 12_500_000, 2_000_000

STREAM = """
import json, sys
from pathlib import Path
import casemgmt as cm
import casemgmt.codes.kernels, numpy, pyarrow.parquet

def held(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(name))

before = held("VmRSS")
derived = cm.derive_conditions(Path(sys.argv[1]), "charlson-quan-2005", as_of="2024-02-01", lookback="5 years")
account = derived.account.to_pylist()[0]
flags = sum(int(derived.flag(name).sum()) for name in derived.conditions)
print(json.dumps({"patients": len(derived), "flags": flags, **account, "extra_mb": held("VmHWM") - before}))
"""


def write(path, rows, patients, order):
    """Rows of nobody in steps: the patient, one of 5,000 codes, and a day of ten years."""
    codes = [f"{chr(65 + number // 1000)}{number % 1000:03}" for number in range(0, 26_000, 5)]
    schema = pa.schema({"patient_id": pa.int64(), "code": pa.dictionary(pa.int32(), pa.string()), "date": pa.date32()})
    chance = np.random.default_rng(1)
    with pq.ParquetWriter(path, schema, compression="lz4") as writer:
        for start in range(0, rows, STEP):
            place = np.arange(start, min(start + STEP, rows))
            # A multiplier without a common factor visits every patient, each step's rows all over the list.
            who = place * patients // rows if order == "in order" else place * 7_368_787 % patients
            code = pa.DictionaryArray.from_arrays(
                pa.array(chance.integers(0, len(codes), len(place)).astype(np.int32)), pa.array(codes)
            )
            day = chance.integers(16_000, 19_800, len(place)).astype(np.int32)
            writer.write_table(pa.table([pa.array(who), code, pa.array(day).cast(pa.date32())], schema=schema))


def streamed(path):
    done = subprocess.run([sys.executable, "-c", STREAM, str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("order", ["in order", "any order"])
def test_what_streams_through_says_what_the_same_rows_in_memory_say(tmp_path, monkeypatch, order):
    from casemgmt.codes import events

    monkeypatch.setattr(events, "BATCH_ROWS", 1000)
    path = tmp_path / "rows.parquet"
    write(path, 20_000, 700, order)
    options = {"as_of": "2024-02-01", "lookback": "5 years", "latest": "all"}
    one_by_one = cm.derive_conditions(path, "charlson-quan-2005", **options)
    at_once = cm.derive_conditions(pq.read_table(path), "charlson-quan-2005", **options)
    assert one_by_one.to_arrow() == at_once.to_arrow()
    assert one_by_one.account == at_once.account
    assert one_by_one.unmapped == at_once.unmapped


@pytest.mark.long
@pytest.mark.parametrize("order", ["in order", "any order"])
def test_a_hundred_million_rows_stream_through_in_less_memory_than_the_rows_take(tmp_path, order):
    path = tmp_path / "rows.parquet"
    write(path, ROWS, PATIENTS, order)
    found = streamed(path)
    assert found["patients"] == PATIENTS
    assert found["rows_in"] == ROWS
    assert found["used"] + found["outside_lookback"] + found["after_as_of"] + found["unmapped"] == ROWS
    print(f"\n{order}: {found['extra_mb']:,} MB beside the interpreter for {ROWS:,} rows and {PATIENTS:,} patients")
    # As text and numbers the rows are 16 bytes and more each: 1,600 MB.
    assert found["extra_mb"] < 1_400
