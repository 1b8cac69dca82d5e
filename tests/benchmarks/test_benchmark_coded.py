"""The benchmark of coded rows: every work runs, and the check before the timing can fail."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import casemgmt as cm
from benchmarks import coded


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows")
    coded.write_rows(path, 30_000, 2_000)
    return path


@pytest.mark.parametrize("work", coded.WORKS, ids=lambda work: work.title)
def test_each_work_runs_and_a_score_that_differs_without_a_reason_is_refused(folder, work):
    table = coded.load(folder, work)
    found = coded.ours(table, work.score)
    mine = found.column("score").to_numpy()
    if work.score == "charlson":
        derived = cm.derive_conditions(table, "charlson-quan-2005", as_of="2024-02-01", undated_as_ever=True)
        theirs = mine - 2 * derived.flag("charlson_hiv_aids")
    else:
        theirs = mine + coded.counted_twice(table, found)
    assert (theirs != mine).any()
    path = folder / "theirs.parquet"
    for changed in (None, 3):
        scores = theirs.copy()
        if changed is not None:
            scores[changed] += 1
        # The other side's rows come in an order of their own.
        order = np.random.default_rng(1).permutation(len(scores))
        columns = {"id": found.column("patient_id"), "score": pa.array(scores)}
        pq.write_table(pa.table(columns).take(pa.array(order)), path)
        if changed is None:
            assert "scores equal" in coded.compare(work, table, found, path)
        else:
            with pytest.raises(AssertionError, match="difference that is not"):
                coded.compare(work, table, found, path)


def test_rows_in_any_order_and_by_patient_are_the_same_rows(folder):
    tables = [pq.read_table(folder / f"{name}.parquet") for name in ("any", "order", "any_text", "order_text")]
    rows = [sorted(zip(*table.to_pydict().values(), strict=True)) for table in tables]
    assert rows[0] == rows[1]
    assert rows[2] == rows[3]
    assert [code for _, code in rows[0]] == [code for _, code in rows[2]]
