"""The user's own risk column: rank what is there, no model, and give the people as a table.

Everything stands in memory, sorted by practice: casemgmt its register, the others one array or column each of ids,
practices, scores, residence and objection. The answer is practice_id, patient_id, score, by_risk and resident.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks import ours
from benchmarks.answers import COLUMNS, RESIDENTS, SHARE_PER_CENT
from benchmarks.data import CATEGORIES
from benchmarks.in_numpy import BLOCK_ROWS
from benchmarks.works import Inputs
from casemgmt.risk.inputs import MILLION

_CODES = [CATEGORIES["care_home_type"].index(name) for name in RESIDENTS]


def scores_of(inputs: Inputs) -> Any:
    """A score for everybody, objectors too, as float64: the work's own formula, worked out beforehand."""
    return inputs.truth.keys / MILLION


def in_casemgmt(inputs: Inputs) -> Callable[[], Any]:
    """The public API; the table is sorted and in the library's own columns."""
    import casemgmt as cm

    register, scheme, scores = inputs.register, inputs.scheme, scores_of(inputs)

    def run() -> Any:
        made = cm.select(register, scheme, score=scores, threads=inputs.threads)
        return made.to_arrow(columns=list(ours.NAMES))

    return run


def in_numpy(inputs: Inputs) -> Callable[[], Any]:
    """Blocks of practices on threads, `np.partition` a practice; some of the tied, and the table by pyarrow's take."""
    import pyarrow as pa

    table = inputs.population.to_arrow().select(["patient_id"])
    ids, codes = table.column("patient_id").combine_chunks(), pa.array(inputs.population.practice_codes())
    offsets, columns, scores = inputs.population.offsets, inputs.population.columns, scores_of(inputs)
    objected, homes = columns["objected"], columns["care_home_type"]
    marks = np.searchsorted(offsets, np.arange(0, offsets[-1], BLOCK_ROWS))
    blocks = list(pairwise(np.unique([*marks.tolist(), len(offsets) - 1]).tolist()))

    def choose(block: tuple[int, int]) -> tuple[Any, ...]:
        first, last = block
        start, stop = offsets[first], offsets[last]
        resident = (homes[start:stop] - np.uint8(min(_CODES))) <= np.uint8(len(_CODES) - 1)
        keys = np.where(objected[start:stop], -np.inf, scores[start:stop])
        by_risk = np.zeros(stop - start, dtype=bool)
        for p in range(first, last):
            own = keys[offsets[p] - start : offsets[p + 1] - start]
            places = len(own) * SHARE_PER_CENT // 100
            if places:
                at = len(own) - places
                cut = np.partition(own, at)[at]
                inside = own >= cut
                over = int(np.count_nonzero(inside)) - places
                if over:
                    inside[np.flatnonzero(own == cut)[:over]] = False
                by_risk[offsets[p] - start : offsets[p + 1] - start] = inside
        by_risk &= keys > -np.inf
        rows = np.flatnonzero(by_risk | resident)
        practice = np.repeat(np.arange(first, last), np.diff(np.searchsorted(rows + start, offsets[first : last + 1])))
        own = keys[rows]
        score = pa.array(own, mask=np.isneginf(own))
        found = pa.DictionaryArray.from_arrays(pa.array(practice.astype(np.int32)), codes)
        taken = ids.slice(start, stop - start).take(pa.array(rows))
        return found, taken, score, pa.array(by_risk[rows]), pa.array(resident[rows])

    def run() -> Any:
        with ThreadPoolExecutor(inputs.threads) as pool:
            parts = list(pool.map(choose, blocks))
        return pa.table([pa.chunked_array(column) for column in zip(*parts, strict=True)], names=list(COLUMNS))

    return run


def _polars_frame(inputs: Inputs) -> Any:
    import polars as pl

    frame = pl.from_arrow(
        inputs.population.to_arrow().select(["practice_id", "patient_id", "objected", "care_home_type"])
    )
    return frame.with_columns(
        score=pl.Series(scores_of(inputs)), practice_id=pl.col("practice_id").cast(pl.Categorical)
    )


def polars_by_rank(inputs: Inputs) -> Callable[[], Any]:
    """The way people write it: a rank over the practice."""
    import polars as pl

    frame = _polars_frame(inputs)
    score = pl.when(~pl.col("objected")).then(pl.col("score"))
    places = pl.len().over("practice_id") * SHARE_PER_CENT // 100
    by_risk = (score.rank("ordinal", descending=True).over("practice_id") <= places).fill_null(False)
    chosen = frame.lazy().select(
        "practice_id", "patient_id", score=score, by_risk=by_risk, resident=pl.col("care_home_type").is_in(RESIDENTS)
    )
    chosen = chosen.filter(pl.col("by_risk") | pl.col("resident"))
    run: Callable[[], Any] = chosen.collect
    return run


def polars_at_its_best(inputs: Inputs) -> Callable[[], Any]:
    """One threshold a practice from its top few, joined back; the tied all stay."""
    import polars as pl

    frame = _polars_frame(inputs)
    if inputs.order == "sorted":
        frame = frame.with_columns(pl.col("practice_id").set_sorted())
    score = pl.when(~pl.col("objected")).then(pl.col("score"))
    scored = frame.lazy().select(
        "practice_id", "patient_id", score=score, resident=pl.col("care_home_type").is_in(RESIDENTS)
    )

    def run() -> Any:
        found = scored.collect(engine="streaming")
        top = pl.col("score").top_k(pl.len() * SHARE_PER_CENT // 100)
        cuts = found.lazy().group_by("practice_id").agg(cut=top.min())
        by_risk = (pl.col("score") >= pl.col("cut")).fill_null(False)
        joined = found.lazy().join(cuts, on="practice_id", how="left").with_columns(by_risk=by_risk)
        return joined.filter(pl.col("by_risk") | pl.col("resident")).select(COLUMNS).collect(engine="streaming")

    return run
