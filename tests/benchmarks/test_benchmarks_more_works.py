"""Coded rows, published lists, fitting and judging: every contender is right, and a wrong answer is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.answers import DiffersError
from benchmarks.child import do
from benchmarks.coded_rows import CodedRows, HexIds
from benchmarks.coded_works import CODED
from benchmarks.contenders import PUBLISHED
from benchmarks.fitting import EVALUATE, FIGURES, FIT
from benchmarks.processes import python
from benchmarks.report import losses, table_of
from benchmarks.run import results_of
from benchmarks.timing import Times, measure, timed

PATIENTS = 2_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("works")


def given(work, folder, patients=PATIENTS, order="shuffled"):
    name = f"{work.name}-{order}"
    return work.inputs(patients=patients, practices=4, threads=2, order=order, data=folder, out=folder / name)


@pytest.mark.parametrize("work", CODED, ids=lambda work: work.name)
def test_every_contender_gives_everybody_the_right_score_and_another_is_refused(work, folder):
    for order in work.orders if work.files else work.orders[:1]:
        inputs = given(work, folder, order=order)
        truth = inputs.truth
        # Some score nothing, and some have several conditions.
        assert (truth.score == 0).any() and (truth.score > 6).any()
        for contender in work.contenders:
            answer = contender.prepare(inputs)()
            if not contender.is_part:
                found = contender.read(answer)
                truth.check(found)
        for spoilt in spoilt_scores(found):
            with pytest.raises(DiffersError, match=r"^1 differ"):
                truth.check(spoilt)


def spoilt_scores(table):
    ids, score = table.column("patient_id"), table.column("score").to_numpy().copy()
    score[3] += 1
    yield table.set_column(table.column_names.index("score"), "score", pa.array(score))
    yield table.slice(1)
    yield pa.concat_tables([table, table.slice(5, 1)])
    unknown = pa.array([-1] if pa.types.is_integer(ids.type) else ["P"], ids.type)
    stranger = pa.table({"patient_id": unknown, "score": score[:1]}).select(table.column_names).cast(table.schema)
    yield pa.concat_tables([table, stranger])


def test_the_same_rows_come_with_every_kind_of_id_and_in_the_order_of_the_ids(folder):
    number, hexed = given(CODED[1], folder), given(CODED[-1], folder, order="sorted")
    assert type(number) is CodedRows and type(hexed) is HexIds
    ids = hexed.table(dictionary=False).column("patient_id").to_pylist()
    assert ids == sorted(ids) and len(ids[0]) == 64
    codes = [sorted(each.table(dictionary=False).column("code").to_pylist()) for each in (number, hexed)]
    assert codes[0] == codes[1]
    assert sorted(number.truth.score) == sorted(hexed.truth.score)


def test_a_patient_without_a_row_has_no_score(folder):
    truth = given(CODED[0], folder, patients=20_000).truth
    assert 0 < 20_000 - truth.counts["patients_scored"] < 50


@pytest.mark.parametrize("key", ["polars-best", "duckdb"])
def test_a_coded_contender_that_errs_stops_the_run_before_any_timing(key, folder):
    right = CODED[0].contender(key)
    wrong = replace(right, read=lambda found: next(spoilt_scores(right.read(found))))
    said = []
    with pytest.raises(DiffersError, match="the score"):
        measure([wrong], given(CODED[0], folder), 1, said.append)
    assert said == []


def test_a_list_for_every_practice_is_published_by_a_process_whose_time_and_memory_count(folder):
    inputs = given(PUBLISHED, folder, patients=2_000)
    PUBLISHED.ready(inputs)
    job = {name: getattr(inputs, name) for name in ("patients", "practices", "threads", "order")}
    job |= {"work": "published", "contender": "casemgmt", "data": str(folder), "out": str(inputs.out), "calls": "first"}
    (turn,) = do(job)
    # Python alone, with what it must import, takes longer than any call of this process would.
    assert turn.processor > 0.2 and turn.peak_bytes > 60_000_000
    ours, polars = PUBLISHED.contenders
    inputs.truth.check(ours.read(inputs.out), ours.ties)
    lists = sorted(path for path in (inputs.out / "practices").glob("*.csv") if "removals" not in path.name)
    assert len(lists) == 4
    lines = lists[0].read_text(encoding="utf-8").splitlines()
    lists[0].write_text("\n".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(DiffersError):
        inputs.truth.check(ours.read(inputs.out), ours.ties)
    lists[0].write_text("\n".join(lines), encoding="utf-8")
    lists[1].rename(lists[0])
    with pytest.raises(DiffersError, match="another practice"):
        ours.read(inputs.out)

    other = replace(inputs, out=folder / "of-polars")
    other.truth.check(polars.read(polars.prepare(other)()), polars.ties)


def test_processor_time_of_a_process_that_was_waited_for_counts():
    turn, _ = timed(lambda: python(["-c", "sum(range(3_000_000))"]))
    assert turn.processor > 0.02


def test_a_contender_that_does_less_is_marked_wherever_it_is_told(folder):
    inputs = given(PUBLISHED, folder, patients=2_000)
    times = [
        Times(contender=each, cold=cold, warm=(cold,), processor=(cold,), peak_bytes=(1,))
        for each, cold in zip(PUBLISHED.contenders, (2.0, 1.0), strict=True)
    ]
    run = json.loads(json.dumps(results_of(PUBLISHED, inputs, times)))
    assert "a CSV file a practice (does less) |" in table_of(run)
    assert "(does less) (best 0.50" in losses([run])[0]
    coded = {**run, "patients": 1_000, "rows_a_patient": 8}
    assert "1,000 patients, 8,000 rows" in table_of(coded)


@pytest.fixture(scope="module")
def to_fit(folder):
    return given(FIT, folder, patients=3_000, order="sorted")


@pytest.mark.parametrize("contender", FIT.contenders, ids=lambda each: each.key)
def test_both_fits_are_the_plain_one_to_the_promised_rounding(contender, to_fit):
    log_odds = contender.read(contender.prepare(to_fit)())
    to_fit.truth.check(log_odds)
    with pytest.raises(DiffersError, match="log-odds, by up to 2"):
        to_fit.truth.check(lambda inputs: log_odds(inputs) + 2e-5)


@pytest.mark.parametrize("contender", EVALUATE.contenders, ids=lambda each: each.key)
def test_figures_and_intervals_are_right_and_others_are_refused(contender, folder):
    inputs = given(EVALUATE, folder, patients=2_000, order="sorted")
    found = contender.read(contender.prepare(inputs)())
    inputs.truth.check(found)
    for name in FIGURES:
        value, low, high = found[name]
        for wrong in ((value + 1e-6, low, high), (value, low, low + 2 * (high - low)), (value, value, high)):
            with pytest.raises(DiffersError, match=name):
                inputs.truth.check(found | {name: wrong})
    assert np.isfinite([*inputs.truth.widths.values()]).all()
