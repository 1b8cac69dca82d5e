"""Coded rows of Parquet files come in batches: what they say is what the same rows say at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import casemgmt as cm
from casemgmt.codes import events, scanning
from casemgmt.codes.codebook import Codebook, CodeColumns
from casemgmt.codes.deriving import wanted_of
from casemgmt.codes.plan import plan_of
from casemgmt.dates import as_date
from casemgmt.parquet.reading import VerifiedFile

CODES = (
    ["I50", "E119", "I214", "Z99", None],
    ["J449", "C509", "-", "E119", "I50"],
    ["I50", "E119", "not a code", "N18", ""],
)
GROUP = 300


def ids_of(numbers: np.ndarray, kind: str) -> pa.Array:
    if kind == "numbers":
        return pa.array(numbers * 1_000_003)
    if kind == "10 characters":
        return pa.array([f"{number:010}" for number in numbers])
    return pa.array([hashlib.sha256(str(number).encode()).hexdigest() for number in numbers])


def rows_of(kind: str, *, in_order: bool, seed: int = 5) -> pa.Table:
    """Rows in groups, of which each has other codes than the one before, as many."""
    chance = np.random.default_rng(seed)
    numbers = chance.integers(0, 150, GROUP * len(CODES))
    ids = ids_of(numbers, kind)
    codes = [codes[pick] for codes in CODES for pick in chance.integers(0, len(codes), GROUP).tolist()]
    dates = pa.array(chance.integers(17_000, 19_000, len(codes)), pa.int32()).cast(pa.date32())
    rows = pa.table({"patient_id": ids, "code": codes, "date": dates})
    return rows.sort_by("patient_id") if in_order else rows


def said(given: Path | list[Path] | pa.Table) -> list[object]:
    found = cm.derive_conditions(given, "charlson-quan-2005", as_of="2022-01-01", lookback="3 years", latest="all")
    return [found.to_arrow(), found.account, found.unmapped, found.report]


@pytest.mark.parametrize("batch", [7, 70, 299, 1 << 20])
@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "in no order"])
@pytest.mark.parametrize("kind", ["numbers", "10 characters", "64 characters"])
def test_batches_of_row_groups_with_other_codes_say_what_all_rows_say(tmp_path, monkeypatch, kind, in_order, batch):
    monkeypatch.setattr(events, "BATCH_ROWS", batch)
    rows, path = rows_of(kind, in_order=in_order), tmp_path / "rows.parquet"
    pq.write_table(rows, path, row_group_size=GROUP)
    assert said(path) == said(rows)


@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "in no order"])
def test_batches_shared_out_among_threads_say_what_all_rows_say(tmp_path, monkeypatch, in_order):
    rows, path = rows_of("64 characters", in_order=in_order), tmp_path / "rows.parquet"
    pq.write_table(rows, path, row_group_size=GROUP)
    alone = said(rows)
    monkeypatch.setattr(scanning, "threads_for", lambda rows: 3)
    assert said(path) == said(rows) == alone


@pytest.mark.parametrize("orders", [(True, False), (False, True), (True, True)], ids=str)
def test_files_of_which_some_are_in_order_say_what_all_rows_say(tmp_path, monkeypatch, orders):
    monkeypatch.setattr(events, "BATCH_ROWS", 110)
    parts = [rows_of("64 characters", in_order=in_order, seed=seed) for seed, in_order in enumerate(orders)]
    paths = [tmp_path / f"{place}.parquet" for place in range(len(parts))]
    for part, path in zip(parts, paths, strict=True):
        pq.write_table(part, path, row_group_size=GROUP)
    assert said(paths) == said(pa.concat_tables(parts))


def test_row_groups_are_cut_evenly(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(rows_of("numbers", in_order=True), path, row_group_size=GROUP)
    sizes = [batch.num_rows for batch in VerifiedFile(path).batches(["patient_id"], 299)]
    assert sizes == [150] * 6
    assert [batch.num_rows for batch in VerifiedFile(path).batches(["patient_id"], GROUP)] == [GROUP] * 3


def test_distinct_codes_that_come_again_are_judged_once(tmp_path, monkeypatch):
    judged: list[int] = []
    extend = CodeColumns.extend
    monkeypatch.setattr(CodeColumns, "extend", lambda own, texts: (judged.append(len(texts)), extend(own, texts))[1])
    monkeypatch.setattr(events, "BATCH_ROWS", 100)
    path = tmp_path / "rows.parquet"
    pq.write_table(rows_of("numbers", in_order=False), path, row_group_size=GROUP)
    said(path)
    assert len(judged) == len(CODES)  # once a row group, of three batches


def test_a_codebook_keeps_the_codes_of_two_plans_apart():
    lists = (cm.load_codelist("charlson-quan-2005"),)
    book, values = Codebook(lists), pa.array(["I50", "E119"])
    plans = [
        plan_of(*wanted_of(lists, (), lookback, ((), (), (), ())), as_date("2022-01-01"), undated_as_ever=False)
        for lookback in (None, "1 year")
    ]
    first = book.columns_of(values, plans[0])
    assert book.columns_of(pa.array(["I50", "E119"]), plans[0]) is first
    assert book.columns_of(values, plans[1]).plan is plans[1]
    assert book.columns_of(pa.array(["I50", "E118"]), plans[1]).texts().to_pylist() == ["I50", "E118"]
