"""No patient's value in any error: every column holds a canary, and every way to fail is tried."""

from __future__ import annotations

import datetime as dt
import traceback

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from model_folders import INPUTS, ONE_FLAG, write_model
from register_tools import AS_OF

import casemgmt as cm
from casemgmt.errors import CasemgmtError
from casemgmt.register.fields import FIELDS

CANARY, NUMBER = "ZANARY", 8_675_309
PRACTICE = "C87002"
KINDS = ("text", "number", "fraction", "day", "bytes")


def canaries(count: int = 30) -> dict[str, list]:
    """A usable register in which every free text is a canary, and every carried column holds one."""
    columns = {
        "patient_id": [f"{CANARY}{row}" for row in range(count)],
        "practice_id": [PRACTICE] * count,
        "age": [80] * count,
        "sex": ["F"] * count,
        "ethnicity": [f"{CANARY} group"] * count,
        "care_home_type": ["nursing"] * count,
        "care_home_id": [f"{CANARY} house"] * count,
        "nominated": [True] * count,
        "surname": [f"{CANARY}, J"] * count,
        "body_mass_index": [f"{CANARY} ft"] * count,
        "asthma": [True] * count,
    }
    return columns


def spoilt(name: str, kind: str, count: int = 30) -> pa.Table:
    """The register with one column turned into canaries of one kind."""
    values = {
        "text": pa.array([f"{CANARY}{row % 7}" for row in range(count)]),
        "number": pa.array([NUMBER] * count),
        "fraction": pa.array([NUMBER + 0.25] * count),
        "day": pa.array([dt.date(8675, 3, 9)] * count),
        "bytes": pa.array([f"{CANARY}{row}".encode() for row in range(count)]),
    }[kind]
    table = pa.table(canaries(count))
    table = table.drop_columns([name]) if name in table.column_names else table
    return table.append_column(name, values)


def shown(problem: BaseException) -> str:
    """All that a user is shown of an error: its words, its repr, and the errors it came from."""
    return "".join(traceback.format_exception(problem)) + str(problem) + repr(problem)


def assert_silent(problem: BaseException) -> None:
    text = shown(problem)
    for secret in (CANARY, CANARY.lower(), str(NUMBER), f"{NUMBER:,}", "8675"):
        assert secret not in text, text


def read(source, **options):
    return cm.read_register(source, **({"as_of": AS_OF} | options))


def scheme():
    return cm.load_scheme("rotherham-2015-16")


@pytest.mark.parametrize("kind", KINDS)
def test_no_column_of_any_kind_shows_a_value_in_its_refusal(kind):
    refused = 0
    for name in FIELDS:
        table = spoilt(name, kind)
        for source in (table, table.to_pandas(), pl.from_arrow(table), duckdb.from_arrow(table)):
            try:
                register = read(source)
            except CasemgmtError as problem:
                assert_silent(problem)
                refused += 1
            else:
                assert CANARY not in repr(register) + register._repr_html_()
                for told in (register.quarantine, register.corrections):
                    # A practice code that was refused is told, since whoever sent it must mend it.
                    kept = [column for column in told.column_names if column != "practice_id"]
                    assert CANARY not in str(told.select(kept).to_pylist())
    assert refused > 20


def test_a_refusal_that_shows_a_value_would_be_caught():
    try:
        int(f"{CANARY}1")
    except ValueError as problem:
        with pytest.raises(AssertionError):
            assert_silent(problem)
        chained = CasemgmtError("wrong")
        chained.__context__ = problem
        with pytest.raises(AssertionError):
            assert_silent(chained)


# Files


SPOILT_FILES = {
    "no header": f"{CANARY}1,{PRACTICE},{CANARY},{CANARY}\n",
    "no header and no repeat": f"{CANARY}1,{PRACTICE},80,{CANARY} J\n",
    "an unclosed quote": f'patient_id,practice_id,age\n{CANARY}1,{PRACTICE},"{CANARY}\n',
    "another encoding": f"patient_id,practice_id,age,surname\n{CANARY}1,{PRACTICE},80,{CANARY}Ë\n".encode("cp1252"),
    "zeros": f"patient_id,practice_id,age\n{CANARY}\x001,{PRACTICE},80\n",
    "carriage returns": f"patient_id,practice_id,age\r{CANARY}1,{PRACTICE},80\n",
    "semicolons": f"{CANARY};{PRACTICE};80\n",
    "hopeless dates": "patient_id,practice_id,date_of_birth\n"
    + "".join(f"{CANARY}{row},{PRACTICE},{CANARY}\n" for row in range(30)),
    "nothing": "",
}


@pytest.mark.parametrize("name", SPOILT_FILES)
@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow", "txt"])
def test_no_spoilt_file_shows_a_value_in_its_refusal(tmp_path, name, ending):
    data = SPOILT_FILES[name]
    path = tmp_path / f"register.{ending}"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(CasemgmtError) as refusal:
        read(path)
    assert_silent(refusal.value)


def test_no_damaged_parquet_file_shows_a_value_in_its_refusal(tmp_path):
    path = tmp_path / "register.parquet"
    pq.write_table(pa.table(canaries()), path, compression="none", write_page_checksum=True)
    sound = path.read_bytes()
    refused = 0
    for place in range(4, len(sound) // 2, 97):
        damaged = bytearray(sound)
        damaged[place] ^= 0x80
        path.write_bytes(damaged)
        try:
            read(path)
        except CasemgmtError as problem:
            assert_silent(problem)
            refused += 1
    assert refused > 10


# Libraries


def not_utf_8() -> pa.Table:
    raw = f"{CANARY}".encode() + b"\xff"
    ends = pa.array([0, len(raw)], pa.int32()).buffers()[1]
    damaged = pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(raw)])
    return pa.table(canaries(1)).set_column(3, "sex", damaged)


LIBRARIES = {
    "a failing query": lambda: duckdb.sql(
        f"select 'a' patient_id, '{PRACTICE}' practice_id, cast(x as integer) age from (values ('{CANARY}')) t(x)"
    ),
    "mixed kinds": lambda: pd.DataFrame(canaries(2)).assign(age=[80, CANARY]),
    "mixed kinds of id": lambda: pd.DataFrame(canaries(2)).assign(patient_id=[NUMBER, CANARY]),
    "a single column": lambda: pd.Series([CANARY]),
    "a single polars column": lambda: pl.Series([CANARY]),
    "a list": lambda: [CANARY, NUMBER],
    "a list of rows": lambda: [{"patient_id": CANARY}],
    "text that is not UTF-8": not_utf_8,
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_no_library_shows_a_value_in_its_refusal(name):
    with pytest.raises(CasemgmtError) as refusal:
        read(LIBRARIES[name]())
    if name != "a list":  # a list of text is a list of paths, and a path is named
        assert_silent(refusal.value)


# After reading


def register():
    return read(pa.table(canaries()))


def number_model(tmp_path):
    number = INPUTS[INPUTS.index('[[input]]\nname = "body_mass_index"') :].split("[[input]]\n")[1]
    return cm.load_model(write_model(tmp_path / "by-size", ONE_FLAG + "\n[[input]]\n" + number))


def cambridge():
    return cm.load_model("cambridge-multimorbidity-20")


LATER = {
    "nominations over the cap": lambda _: cm.select(
        read(pa.table(canaries() | {"care_home_type": ["none"] * 30})), scheme(), score=np.ones(30)
    ),
    "a model without its columns": lambda _: cambridge().score(register()),
    "a number that is text": lambda folder: number_model(folder).score(register()),
    "a score that is text": lambda _: cm.select(register(), scheme(), score="surname"),
    "a score of texts": lambda _: cm.select(register(), scheme(), score=[CANARY] * 30),
    "a score of objects": lambda _: cm.select(register(), scheme(), score=np.array([CANARY] * 30, dtype=object)),
    "a score of arrow texts": lambda _: cm.select(register(), scheme(), score=pa.array([CANARY] * 30)),
    "a score on another index": lambda _: cm.select(
        read(pd.DataFrame(canaries()).set_index("surname", drop=False)),
        scheme(),
        score=pd.Series([1.0], index=[CANARY]),
    ),
    "a score of too few": lambda _: cm.select(register(), scheme(), score=[float(NUMBER)]),
    "an unknown column": lambda _: register().column("surnames"),
    "an unknown patient": lambda _: register().find("nobody"),
    "an explanation of nobody": lambda folder: number_model(folder).explain(register(), "nobody"),
    "an unknown include": lambda _: cm.select(register(), scheme(), score=np.ones(30)).to_arrow(include=["surnames"]),
    "an unknown group": lambda _: cm.select(register(), scheme(), score=np.ones(30)).by("surnames"),
    "an unknown practice": lambda _: cm.select(register(), scheme(), score=np.ones(30)).practice("C87003"),
    "a queue without an order": lambda _: cm.select(
        read(pa.table(canaries() | {"care_home_type": ["none"] * 30})), scheme(), score=np.ones(30), over_cap="queue"
    ),
    "list sizes that lack a practice": lambda _: cm.select(register(), scheme(), score=np.ones(30), list_sizes={}),
    "repeats with other scores": lambda _: cm.select(
        read(pa.concat_tables([pa.table(canaries(2))] * 2)), scheme(), score=[float(NUMBER), 1, 2, 3]
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_no_later_step_shows_a_value_in_its_refusal(name, tmp_path):
    with pytest.raises(CasemgmtError) as refusal:
        LATER[name](tmp_path)
    assert_silent(refusal.value)


def test_a_register_and_a_selection_show_counts_alone():
    for thing in (register(), cm.select(register(), scheme(), score=np.ones(30))):
        for text in (repr(thing), str(thing), thing._repr_html_()):
            assert CANARY not in text
