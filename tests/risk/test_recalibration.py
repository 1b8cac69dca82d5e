"""Risks set right for other people: the lines and steps that others fit, exact amounts, and refusals in words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
import statsmodels.api as sm
from engines import ANY_QUALITY
from every_kind import everything, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st
from register_tools import AS_OF
from sklearn.isotonic import IsotonicRegression

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.outcomes import outcome_given
from casemgmt.risk.link import risk
from casemgmt.risk.recalibrating.curves import counted, line, rising, steps
from casemgmt.risk.scoring import NO_SCORE_64, points_of, sums_of

CAMBRIDGE = "cambridge-multimorbidity-20"


@pytest.fixture(scope="module")
def register():
    return people(12_000, 1)


def people(count: int, seed: int, practices=("C87001", "C87002", "C87003")):
    """People with random conditions, and an outcome that follows them, more often than any model says."""
    choose = np.random.default_rng(seed)
    columns = cm.load_model(CAMBRIDGE).columns
    flags = {name: choose.random(count) < 0.15 for name in columns}
    power = -3 + 1.3 * sum(flags[name] * (0.2 + 0.05 * place) for place, name in enumerate(columns))
    had = choose.random(count) < 1 / (1 + np.exp(-power))
    known = choose.random(count) > 0.02
    table = {"patient_id": [f"p{n:06d}" for n in range(count)], "age": choose.integers(18, 100, count)}
    table["practice_id"] = np.array(practices)[choose.integers(len(practices), size=count)]
    table |= flags | {"admitted": pa.array(np.where(known, had, None).tolist(), pa.bool_())}
    return cm.read_register(pa.table(table), as_of=AS_OF, **ANY_QUALITY)


def logistic(name="a-logistic", **changes):
    """The Cambridge score taken for log-odds, far too high."""
    model = cm.load_model(CAMBRIDGE)
    return replace(model, name=name, link="logistic", horizon_days=365, intercept=-2_000_000, **changes)


def used(model, register):
    """Scores and outcomes of those whose outcome is known."""
    had = outcome_given(register, "admitted")
    sums = sums_of(model, register)
    keep = ~np.isnan(had) & (sums != NO_SCORE_64)
    return points_of(model, sums[keep]), had[keep]


def test_the_intercept_is_that_of_a_regression_with_the_score_as_its_offset(register):
    model = logistic()
    power, had = used(model, register)
    fitted = sm.GLM(had, np.ones((len(had), 1)), family=sm.families.Binomial(), offset=power).fit(tol=1e-14)
    made = model.recalibrate(register, "admitted", "intercept")
    assert made.recalibration.intercept == pytest.approx(fitted.params[0], abs=1e-8)
    assert made.intercept - model.intercept == round(fitted.params[0] * 1e6)
    assert [each.table for each in made.inputs] == [each.table for each in model.inputs]
    assert made.recalibration.largest_rounding <= 0.5e-6 + 1e-12


def test_intercept_and_slope_are_those_of_a_regression_on_the_score(register):
    model = logistic()
    power, had = used(model, register)
    fitted = sm.GLM(had, sm.add_constant(power), family=sm.families.Binomial()).fit(tol=1e-14)
    made = model.recalibrate(register, "admitted", "slope")
    found = made.recalibration
    assert (found.intercept, found.slope) == pytest.approx(tuple(fitted.params), abs=1e-8)
    for old, new in zip(model.inputs, made.inputs, strict=True):
        assert [*new.table] == [round(amount * Fraction(found.slope)) for amount in old.table]
    scores, _ = used(made, register)
    wanted = found.intercept + found.slope * power
    assert np.abs(scores - wanted).max() == pytest.approx(found.largest_rounding, abs=1e-12)
    assert 0 < found.largest_rounding <= (len(model.inputs) + 2) * 0.5e-6
    again = made.recalibrate(register, "admitted", "slope").recalibration
    assert (again.intercept, again.slope) == pytest.approx((0, 1), abs=1e-5)


def test_points_are_given_a_risk(register):
    model = cm.load_model(CAMBRIDGE)
    power, had = used(model, register)
    fitted = sm.GLM(had, sm.add_constant(power), family=sm.families.Binomial()).fit(tol=1e-14)
    made = model.recalibrate(register, "admitted", "slope", horizon_days=365)
    assert (made.link, made.horizon_days) == ("logistic", 365)
    assert made.recalibration.slope == pytest.approx(fitted.params[1], abs=1e-8)
    assert made.recalibration.expected is None and "no risks before" in repr(made.recalibration)
    risks = np.array(made.risk(register).to_pylist(), dtype=float)
    known = [had is not None for had in register.to_arrow()["admitted"].to_pylist()]
    assert risks[known].sum() == pytest.approx(had.sum(), rel=1e-5)


def test_isotonic_steps_are_scikit_learns(register):
    model = logistic()
    made = model.recalibrate(register, "admitted", "isotonic")
    power, had = used(model, register)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(power, had)
    ours = risk(made, used(made, register)[0])
    whole = rising(counted(*sums_and_had(model, register)))
    assert len(made.inputs) == 1 and made.recalibration.cells <= len(whole.people)
    same = np.isclose(theirs.predict(power), ours, atol=2e-6)
    # Steps of few people, or of one outcome alone, were joined to a neighbour; all the others are theirs.
    assert same.mean() > 0.98
    assert np.all(np.diff(made.inputs[0].table) > 0)
    assert made.recalibration.largest_rounding <= 0.5e-6 + 1e-12
    cells = np.bincount(np.searchsorted(made.inputs[0].edges, np.rint(power * 1e6), side="right"))
    assert cells.min() >= 8


def sums_and_had(model, register):
    had = outcome_given(register, "admitted")
    sums = sums_of(model, register)
    keep = ~np.isnan(had) & (sums != NO_SCORE_64)
    return sums[keep], had[keep] == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=120), st.sampled_from((1, 8)))
def test_steps_rise_keep_everybody_and_are_of_enough_people(rows, least):
    sums, had = (np.array(column) for column in zip(*rows, strict=True))
    found = steps(counted(sums.astype(np.int64), had.astype(bool)), least)
    assert found.people.sum() == len(rows) and found.events.sum() == had.sum()
    share = found.events / found.people
    assert np.all(np.diff(share) > 0)
    assert np.all(found.highest[:-1] < found.lowest[1:])
    if len(found.people) > 1:
        assert found.people.min() >= least and np.all((share > 0) & (share < 1))
    pooled = rising(counted(sums.astype(np.int64), had.astype(bool)))
    ours = (pooled.events / pooled.people)[np.searchsorted(pooled.lowest, sums, side="right") - 1]
    assert np.allclose(IsotonicRegression().fit(sums, had).predict(sums), ours)


def test_a_line_is_the_same_whatever_the_order_and_fits_points_as_it_fits_log_odds():
    choose = np.random.default_rng(3)
    power = choose.normal(0, 1, 3_000)
    had = choose.random(3_000) < 1 / (1 + np.exp(-(0.4 * power - 1)))
    sums = np.rint(power * 1e6).astype(np.int64)
    at = counted(sums, had)
    shuffled = choose.permutation(3_000)
    again = counted(sums[shuffled], had[shuffled])
    assert line(at.sums / 1e6, at, slope=True) == line(again.sums / 1e6, again, slope=True)
    a, b = line(at.sums / 1e6, at, slope=True)
    c, d = line(at.sums * 50.0 + 1e9, at, slope=True)
    assert d * 5e7 == pytest.approx(b, rel=1e-9) and c + d * 1e9 == pytest.approx(a, abs=1e-6)


def test_every_practice_is_held_against_what_was_expected(register):
    model = logistic()
    made = model.recalibrate(register, "admitted", "slope")
    table = made.recalibration.by_practice.to_pylist()
    assert [row["practice_id"] for row in table] == ["C87001", "C87002", "C87003"]
    power, had = used(model, register)
    kept = ~np.isnan(outcome_given(register, "admitted"))
    practice = register.packed.practice_of(np.flatnonzero(kept))
    for place, row in enumerate(table):
        own = practice == place
        assert (row["people"], row["observed"]) == (own.sum(), had[own].sum())
        assert row["expected_before"] == pytest.approx(risk(model, power[own]).sum())
        assert row["ratio_before"] == pytest.approx(had[own].sum() / risk(model, power[own]).sum())
        assert row["ratio_after"] == pytest.approx(row["observed"] / row["expected_after"])
    assert sum(row["expected_after"] for row in table) == pytest.approx(had.sum(), rel=1e-6)
    assert made.recalibration.expected == pytest.approx(risk(model, power).sum())
    assert f"{int(had.sum()):,} had the outcome; the model expected" in made.recalibration.was_off


def test_a_recalibrated_model_says_so_and_is_a_file_like_any_other(register, tmp_path):
    made = logistic().recalibrate(register, "admitted", "slope")
    assert made.calibrated_in == ("C87001", "C87002", "C87003")
    assert made.name == "a-logistic-recalibrated"
    assert "recalibrated (intercept and slope) on" in made.source and "3 practices" in made.source
    assert cm.load_model(made.save(tmp_path / "mine")) == made
    assert made.recalibrate(register, "admitted", "intercept").name == "a-logistic-recalibrated"


def test_steps_are_saved_with_the_model_whose_score_they_take(register, tmp_path):
    made = logistic().recalibrate(register, "admitted", "isotonic")
    folder = made.save(tmp_path / "steps")
    read = cm.load_model(folder)
    assert read.score(register).equals(made.score(register))
    assert read.inputs == made.inputs
    assert made.save(folder, overwrite=True) == folder
    with pytest.raises(cm.ModelError, match="copy both folders"):
        made.recalibrate(register, "admitted", "isotonic").save(tmp_path / "twice")
    (folder / "score" / "notes.txt").write_text("mine")
    with pytest.raises(cm.PublishError, match="no part of a model"):
        made.save(folder, overwrite=True)


def test_every_kind_of_input_is_multiplied_and_pairs_follow(tmp_path):
    from every_kind import COLUMNS

    model = everything(tmp_path)
    flat = replace(model, link="logistic", baseline_survival=None, centre=None, floor=None, name="flat")
    table = rows_of({name: pool for name, pool in COLUMNS.items() if name != "objected"}, 30_000, 9)
    register = cm.read_register(table, as_of=AS_OF, **ANY_QUALITY)
    scores = np.array([np.nan if s is None else s for s in flat.score(register).to_pylist()])
    choose = np.random.default_rng(1)
    had = choose.random(30_000) < 1 / (1 + np.exp(-(2.5 * np.nan_to_num(scores) - 1)))
    made = flat.recalibrate(register, had, "slope")
    again = np.array([np.nan if s is None else s for s in made.score(register).to_pylist()])
    wanted = made.recalibration.intercept + made.recalibration.slope * scores
    assert np.array_equal(np.isnan(scores), np.isnan(again))
    assert np.nanmax(np.abs(again - wanted)) <= (len(model.inputs) + 2) * 0.5e-6
    assert made.divide_by == 1 and made.nested.keys() == model.nested.keys()


REFUSED = [
    ({"method": "slop"}, "method"),
    ({"outcome": "admited"}, "admited"),
    ({"outcome": [True, False]}, "outcome= holds 2 values; the source has 12,000 rows"),
    ({"outcome": "age"}, "neither 0 nor 1"),
    ({"outcome": None}, "name of a column"),
    ({"outcome": [False] * 12_000}, "0 had it. At least 50"),
    ({"outcome": [n < 30 for n in range(12_000)]}, "30 had it"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_cannot_be_recalibrated_is_refused_in_words(number, register):
    changed, message = REFUSED[number]
    asked = {"outcome": "admitted", "method": "slope"} | changed
    with pytest.raises(InputError, match=message):
        logistic().recalibrate(register, **asked)


def test_an_outcome_beside_a_frame_is_matched_on_its_index_or_refused(register):
    import pandas as pd

    model, frame = logistic(), register.to_arrow().to_pandas()
    frame.index = [f"row {n}" for n in range(len(frame))]
    again = cm.read_register(frame.drop(columns="admitted"), as_of=AS_OF, **ANY_QUALITY)
    named = model.recalibrate(register, "admitted", "slope").recalibration
    beside = model.recalibrate(again, frame["admitted"], "slope").recalibration
    assert (named.intercept, named.slope) == (beside.intercept, beside.slope)
    turned = model.recalibrate(again, frame["admitted"].iloc[::-1], "slope").recalibration
    assert (named.intercept, named.slope) == (turned.intercept, turned.slope)
    with pytest.raises(InputError, match="12,000 labels of its index that the register's source does not have"):
        model.recalibrate(again, pd.Series(frame["admitted"].to_numpy()), "slope")


def test_a_line_needs_log_odds_or_points_and_a_score_that_rises_with_the_outcome(register, tmp_path):
    points = cm.load_model(CAMBRIDGE)
    with pytest.raises(InputError, match="gives points, and a point is no unit"):
        points.recalibrate(register, "admitted", "intercept", horizon_days=365)
    with pytest.raises(InputError, match="no horizon"):
        replace(points, horizon_days=None).recalibrate(register, "admitted", "slope")
    odd = np.random.default_rng(1).random(12_000) < 0.2
    turned = odd ^ np.array([score is None or score < 1 for score in points.score(register).to_pylist()])
    for method in ("slope", "isotonic"):
        with pytest.raises(InputError, match=r"falls as the score|does not rise"):
            logistic().recalibrate(register, turned, method)
    perfect = np.array([score is not None and score >= 1 for score in points.score(register).to_pylist()])
    with pytest.raises(InputError, match="No line fits"):
        logistic().recalibrate(register, perfect, "slope")


def test_a_survival_model_is_recalibrated_in_steps_alone(register):
    base = cm.load_model(CAMBRIDGE)
    survival = replace(base, link="survival", baseline_survival="0.9", centre=500_000, horizon_days=365, name="cox")
    for method in ("intercept", "slope"):
        with pytest.raises(InputError, match="survival link"):
            survival.recalibrate(register, "admitted", method)
    made = survival.recalibrate(register, "admitted", "isotonic")
    assert made.link == "logistic" and made.recalibration.cells > 3


# Moved to another area.

SCHEME = "rotherham-2015-16"


def elsewhere():
    return people(4_000, 2, ("Y00001", "Y00002"))


def listable(register_of, model):
    table = register_of.to_arrow()
    table = table.append_column("care_home_type", pa.array(["none"] * table.num_rows))
    return table.append_column("nominated", pa.array([False] * table.num_rows))


def test_a_moved_model_refuses_to_call_its_numbers_probabilities_and_says_how_far_off_it_is(register):
    made = logistic().recalibrate(register, "admitted", "slope")
    assert made.risk(register).null_count == 0
    away = elsewhere()
    assert made.score(away).null_count == 0
    with pytest.raises(InputError, match=r"0 of these 4,000 people are of them.*model\.recalibrate"):
        made.risk(away)
    with pytest.raises(InputError, match=r"had the outcome; the model expected .* \(O/E [01]\.[0-9]{2}\)"):
        made.risk(away, outcome="admitted")
    assert made.recalibrate(away, "admitted", "intercept").risk(away).null_count == 0
    assert logistic().risk(away).null_count == 0, "a model that names no practices is as before"
    with pytest.raises(InputError, match="gives points, not risks"):
        cm.load_model(CAMBRIDGE).risk(away)


def test_half_of_the_people_at_home_are_enough():
    model = logistic(calibrated_in=("C87001",))
    for other, fine in ((100, True), (101, False)):
        codes = ["C87001"] * 100 + ["C87002"] * other
        flags = {name: [False] * len(codes) for name in model.columns}
        ids = [str(n) for n in range(len(codes))]
        table = pa.table({"patient_id": ids, "practice_id": codes, "age": [40] * len(codes), **flags})
        there = cm.read_register(table, as_of=AS_OF)
        if fine:
            assert made_risks(model, there) == len(codes)
        else:
            with pytest.raises(InputError, match="100 of these 201 people"):
                model.risk(there)


def made_risks(model, there) -> int:
    return len(model.risk(there).drop_null())


def test_lists_of_a_moved_model_have_no_risk_in_memory_scanned_and_packed(register, tmp_path):
    import pyarrow.parquet as pq

    made = logistic().recalibrate(register, "admitted", "slope")
    scheme = cm.load_scheme(SCHEME)
    table = listable(elsewhere(), made)
    pq.write_table(table, tmp_path / "register.parquet", row_group_size=700)
    whole = cm.read_register(table, as_of=AS_OF)
    whole.save_packed(tmp_path / "packed.parquet")
    doors = [
        whole,
        *(cm.scan_register(tmp_path / name, as_of=AS_OF) for name in ("register.parquet", "packed.parquet")),
    ]
    lists = []
    for door in doors:
        with pytest.warns(cm.InputWarning, match="column 'risk' is empty. The risks of the model 'a-logistic-recal"):
            found = cm.select(door, scheme, model=made)
        assert "no probability" in found.facts["no_risk"]
        lists.append(found.to_arrow())
    assert lists[0]["risk"].null_count == lists[0].num_rows > 50
    assert lists[0]["score"].null_count == 0
    assert lists[0].equals(lists[1]) and lists[0].equals(lists[2])
    plain = cm.select(whole, scheme, model=replace(made, calibrated_in=()))
    assert plain.to_arrow()["risk"].null_count == 0
    assert "no_risk" not in plain.facts
    assert plain.to_arrow().drop(["risk"]).equals(lists[0].drop(["risk"]))


BAND = """
[scheme]
id = "band"
title = "A band"
source = "test"
decisions = []
tie_key = "band"
required = []
optional = []

[[route]]
name = "high"
kind = "band"
on = "risk"
at_least = "0.5"
counts_as = "case_management"
"""


def test_a_band_on_risk_is_refused_for_a_moved_model_whole_and_scanned(register, tmp_path):
    import pyarrow.parquet as pq

    (tmp_path / "band.toml").write_text(BAND)
    scheme = cm.load_scheme(tmp_path / "band.toml")
    made = logistic().recalibrate(register, "admitted", "slope")
    assert cm.select(register, scheme, model=made).to_arrow().num_rows > 0
    table = elsewhere().to_arrow()
    pq.write_table(table, tmp_path / "register.parquet", row_group_size=700)
    for door in (cm.read_register(table, as_of=AS_OF), cm.scan_register(tmp_path / "register.parquet", as_of=AS_OF)):
        with pytest.raises(InputError, match="The scheme has a band on risk"):
            cm.select(door, scheme, model=made)


def test_the_table_of_scores_of_a_moved_model_has_no_risk(register):
    from casemgmt.risk.score_table import score_table

    made = logistic().recalibrate(register, "admitted", "slope")
    with pytest.warns(cm.InputWarning, match="no probability"):
        table = score_table(elsewhere(), made)
    assert table["risk"].null_count == table.num_rows
    assert score_table(register, made)["risk"].null_count == 0
