"""On many small practices and random schemes: inside is who was let in, and a rule gets the places that were used."""

from __future__ import annotations

import numpy as np
import pytest
from registers import arrow_of, packed_case, read_scheme

import casemgmt as cm
from casemgmt.evaluation.judged import judge
from casemgmt.evaluation.rules import inside_by
from casemgmt.scheme.routes import Band, TopShare

SEEDS = range(24)


def judged_case(seed):
    case = packed_case(seed, 40)
    table = arrow_of(case.rows, case.columns)
    limits = {"max_quarantined": "100%", "max_corrected": "100%"}
    register = cm.read_register(table, as_of=case.as_of, extracted_on=case.extracted_on, **limits)
    scheme = read_scheme(case.scheme_text)
    scores = np.array([np.nan if each is None else each for each in case.scores], dtype=float)
    happened = np.random.default_rng(seed).random(len(case.rows)) < 0.3
    options = {"are_risks": False, "over_cap": "queue"}
    return register, scheme, scores, judge(scores, happened, register, scheme, **options)


@pytest.mark.parametrize("seed", SEEDS)
def test_inside_and_case_managed_are_who_was_let_in(seed):
    register, scheme, scores, judged = judged_case(seed)
    table = cm.select(register, scheme, score=scores, over_cap="queue").to_arrow(reasons=False).to_pylist()
    by_score = [route.name for route in scheme.routes if isinstance(route, (TopShare, Band))]
    ids = register.column("patient_id", judged.rows).to_pylist()
    inside = {row["patient_id"] for row in table if any(row[name] for name in by_score)}
    managed = {row["patient_id"] for row in table if row["case_managed"]}
    assert {each for each, there in zip(ids, judged.inside, strict=True) if there} == inside & set(ids)
    assert {each for each, there in zip(ids, judged.case_managed, strict=True) if there} == managed & set(ids)
    assert len(judged) + sum(judged.set_aside.values()) == register.rows_in - register.merged


@pytest.mark.parametrize("seed", SEEDS)
def test_the_score_as_a_rule_lets_in_whom_it_let_in(seed):
    """By share routes; a band from above and not from below, or a place that is kept, lets in others."""
    register, scheme, _, judged = judged_case(seed)
    score = np.full(len(register), np.nan)
    score[judged.rows] = judged.score
    routes = [route for route in scheme.routes if isinstance(route, (TopShare, Band))]
    inside = inside_by(judged.workings, score)
    let_in = judged.workings.choice.member & np.uint32(
        sum(1 << i for i, route in enumerate(scheme.routes) if route in routes)
    )
    rows = judged.workings.choice.rows[let_in != 0]
    if any(isinstance(route, Band) for route in routes) or scheme.keeps_places:
        assert inside.sum() <= len(rows) or len(routes) > 1
    else:
        assert set(np.flatnonzero(inside).tolist()) == set(rows.tolist())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cut_counts_everyone_once(seed):
    _, _, _, judged = judged_case(seed)
    from casemgmt.evaluation.evaluate import evaluation_of

    found = evaluation_of(judged, replicates=100)
    first, *practices = found.at_cut.to_pylist()
    for name in ("people", "events", "inside", "events_inside"):
        assert first[name] == sum(row[name] for row in practices)
    assert first["people"] == len(judged)
    for row in found.at_cut.to_pylist():
        for figure in ("ppv", "sensitivity"):
            if row[figure] is not None and row[f"{figure}_low"] is not None:
                assert 0 <= row[f"{figure}_low"] <= row[figure] + 1e-12
                assert row[figure] - 1e-12 <= row[f"{figure}_high"] <= 1
