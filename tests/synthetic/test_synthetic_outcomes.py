"""Outcomes with a known truth: published rates met, no easier than reality, and each planted fault alone."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.register.fields import CONDITIONS
from casemgmt.synthetic import TRUTH, Planted, outcome_rates, practices, synthesise_table, true_risks
from casemgmt.synthetic.arrow import MONTH_COLUMNS, OUTCOME_SCHEMA, SCHEMA
from casemgmt.synthetic.checks import ages_of
from casemgmt.synthetic.outcomes import draw_outcomes
from casemgmt.synthetic.people import draw_practice
from casemgmt.synthetic.published_rates import NO_CONTACT, RATE_BY_AGE_BAND, RATE_BY_TENTH
from casemgmt.synthetic.truth import expected_rates, levels_of, logistic

SEEDS = range(5)
SMALL = "C87616"  # 5,819 people
EVENT = ("outcome_emergency_admission_12m", "outcome_death_12m")
EXTRA = [name for name in OUTCOME_SCHEMA.names if name not in SCHEMA.names]
USE = ("emergency_admissions_12m", "ae_attendances_12m", "outpatient_attendances_12m", "gp_consultations_12m")


@pytest.fixture(scope="module")
def rotherham() -> list[pa.Table]:
    return [synthesise_table("03L", seed=seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def plain() -> pa.Table:
    return synthesise_table(SMALL, seed=3)


def numbers(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy()


def event_of(table: pa.Table) -> np.ndarray:
    return numbers(table, EVENT[0]) | numbers(table, EVENT[1])


def bare(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)


def changed(before: pa.Table, after: pa.Table) -> set[str]:
    assert before.schema.names == after.schema.names
    return {name for name in before.schema.names if not before[name].equals(after[name])}


# The published rates


def test_rotherham_has_the_published_rates_by_age_and_deprivation_in_five_seeds(rotherham):
    rows = outcome_rates(*rotherham).to_pylist()
    assert [row["group"] for row in rows if row["within"] is None] == ["10"]  # nobody there lives in the least deprived
    assert [row for row in rows if row["within"] is False] == []


def test_every_seed_alone_has_the_published_rates_where_there_are_enough_events(rotherham):
    for table in rotherham:
        rows = outcome_rates(table).to_pylist()
        assert [row for row in rows if row["within"] is False] == []
        assert sum(row["within"] is not None for row in rows) >= 17


@pytest.mark.parametrize(
    "step", [pytest.param(450, id="some practices"), pytest.param(60, id="many", marks=pytest.mark.long)]
)
def test_england_has_the_published_rates_in_every_band_and_every_tenth(step):
    keep = ["date_of_birth", "imd_decile", "recent_contact", *EVENT]
    codes = [practice.code for practice in practices("England")]
    tables = [synthesise_table(code, seed=seed).select(keep) for seed in SEEDS for code in codes[seed::step]]
    rows = outcome_rates(*tables).to_pylist()
    assert len(rows) == 21
    assert [row for row in rows if not row["within"]] == []
    # The whole list, with those who had no recent contact, stands beside and is lower.
    assert all(row["whole_list"] < row["with_contact"] for row in rows)


def test_rates_are_compared_only_where_chance_leaves_something_to_compare(plain):
    rows = outcome_rates(plain).to_pylist()
    assert all((row["within"] is None) == (row["events"] < 400) for row in rows)
    assert sum(row["people"] for row in rows if row["measure"] == "age") == numbers(plain, "recent_contact").sum()
    wrong = plain.set_column(
        plain.schema.get_field_index(EVENT[1]), EVENT[1], pa.array(np.ones(plain.num_rows, dtype=bool))
    )
    assert [row["within"] for row in outcome_rates(wrong).to_pylist() if row["measure"] == "all"] == [False]
    with pytest.raises(InputError, match="outcomes=True"):
        outcome_rates(synthesise_table(SMALL, outcomes=False))


def test_people_without_recent_contact_are_a_quarter_and_at_lower_risk(rotherham):
    for table in rotherham:
        without = ~numbers(table, "recent_contact")
        assert without.mean() == pytest.approx(NO_CONTACT, abs=0.001)
        assert 0 < event_of(table)[without].mean() < 0.25 * event_of(table)[~without].mean()
        used = sum(numbers(table, name) for name in USE[:3])
        assert used[without].sum() == 0


def test_deaths_are_the_published_share_of_events(rotherham):
    died = np.concatenate([numbers(table, EVENT[1]) for table in rotherham])
    admitted = np.concatenate([numbers(table, EVENT[0]) for table in rotherham])
    assert died.sum() / (died | admitted).sum() == pytest.approx(0.1445, abs=0.012)
    assert (died & ~admitted).sum() / died.sum() == pytest.approx(0.3465, abs=0.015)


# Not easier than reality


def inputs_of(table: pa.Table) -> np.ndarray:
    """Age, sex, deprivation, conditions and previous use, as anyone would write them down first."""
    age = ages_of(table).astype(float)
    columns = [age / 20, *(np.maximum(age - knot, 0) / 20 for knot in (10, 30, 60, 80))]
    columns += [numbers(table, "sex") == "F", table["imd_decile"].to_numpy() / 10]
    columns += [numbers(table, name) for name in CONDITIONS]
    for name in USE:
        counts = np.minimum(numbers(table, name), 10)
        columns += [counts > 0, np.log1p(counts)]
    return np.column_stack([np.ones(age.size), *columns]).astype(np.float64)


def fitted(inputs: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Coefficients of a logistic regression with a light ridge, by Newton's method."""
    found = np.zeros(inputs.shape[1])
    for _ in range(9):
        risk = 1 / (1 + np.exp(-(inputs @ found)))
        curvature = (inputs * (risk * (1 - risk))[:, None]).T @ inputs + np.eye(found.size)
        found += np.linalg.solve(curvature, inputs.T @ (outcome - risk) - found)
    return found


def auroc(score: np.ndarray, outcome: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(outcome, score))


def ppv_at_top(score: np.ndarray, outcome: np.ndarray, share: float = 0.03) -> float:
    top = np.argsort(-score, kind="stable")[: int(share * score.size)]
    return float(outcome[top].mean())


def check_not_easier(train: pa.Table, held_out: pa.Table) -> None:
    train, held_out = (table.filter(table["recent_contact"]) for table in (train, held_out))
    score = inputs_of(held_out) @ fitted(inputs_of(train), event_of(train))
    assert 0.78 <= auroc(score, event_of(held_out)) <= 0.81
    assert 0.55 <= ppv_at_top(score, event_of(held_out)) <= 0.65


def test_a_held_out_logistic_fit_does_as_well_as_published_models_and_no_better(rotherham):
    check_not_easier(rotherham[0], rotherham[1])


@pytest.mark.long
def test_a_held_out_logistic_fit_does_no_better_in_any_of_five_seeds(rotherham):
    for seed in SEEDS:
        check_not_easier(rotherham[seed - 1], rotherham[seed])


def test_even_the_true_risk_does_not_know_who_will_be_admitted(rotherham):
    risks = true_risks("03L", 0)
    assert risks["patient_id"].equals(rotherham[0]["patient_id"])
    contact, event = numbers(rotherham[0], "recent_contact"), event_of(rotherham[0])
    risk = numbers(risks, "true_risk")
    assert 0.81 < auroc(risk[contact], event[contact]) < 0.85
    # The truth is calibrated: in each tenth of risk, as many events as it says, within chance.
    for rows in np.array_split(np.argsort(risk, kind="stable"), 10):
        spread = np.sqrt((risk[rows] * (1 - risk[rows])).sum())
        assert abs(event[rows].sum() - risk[rows].sum()) < 4 * spread


def test_last_years_frequent_users_fall_back_as_published(rotherham):
    for table in rotherham:
        old = ages_of(table) >= 65
        before = numbers(table, "emergency_admissions_12m")
        after = numbers(table, "outcome_emergency_admissions_count_12m")
        earlier = numbers(table, "emergency_admissions_year_before")
        frequent, earlier_frequent = old & (before >= 2), old & (earlier >= 2)
        assert before[frequent].sum() / before[old].sum() == pytest.approx(0.38, abs=0.02)
        assert 0.04 < after[frequent].sum() / after[old].sum() < 0.10
        assert 0.03 < before[earlier_frequent].sum() / before[old].sum() < 0.10
        # Not one year that is odd: the next year has frequent users of its own.
        assert after[old & (after >= 2)].sum() / after[old].sum() == pytest.approx(0.38, abs=0.03)


# The columns


def test_months_add_up_and_agree_with_the_year(rotherham):
    for table in rotherham[:2]:
        months = np.stack([numbers(table, name) for name in MONTH_COLUMNS])
        assert months.dtype == np.int8
        assert (months.sum(axis=0, dtype=np.int64) == numbers(table, USE[0])).all()
        each = months.sum(axis=1, dtype=np.int64)
        assert (np.abs(each - each.mean()) < 5 * np.sqrt(each.mean())).all()
        count = numbers(table, "outcome_emergency_admissions_count_12m")
        assert ((count > 0) == numbers(table, EVENT[0])).all()


def test_outcomes_are_carried_and_are_no_register_fields(plain):
    register = cm.synthesise(SMALL, seed=3)
    assert register.carried == tuple(EXTRA)
    assert register.synthetic
    assert register.column(EVENT[0]).type == pa.bool_()


def test_the_people_are_the_same_with_and_without_outcomes(plain):
    assert bare(plain.select(SCHEMA.names)).equals(bare(synthesise_table(SMALL, seed=3, outcomes=False)))


def test_outcomes_of_a_practice_are_the_same_alone_and_within_its_area(rotherham):
    within = rotherham[3].filter(pa.compute.equal(rotherham[3]["practice_id"], SMALL))
    assert bare(within).combine_chunks().equals(bare(synthesise_table(SMALL, seed=3)).combine_chunks())


def test_the_list_date_moves_no_outcome(plain):
    moved = synthesise_table(SMALL, "2015-04-01", 3)
    assert bare(moved.select(EXTRA)).equals(bare(plain.select(EXTRA)))


def test_another_seed_draws_other_outcomes(plain):
    assert set(EXTRA) <= changed(plain, synthesise_table(SMALL, seed=4))


def test_a_streamed_file_holds_the_outcomes(plain, tmp_path):
    import pyarrow.parquet as pq

    path = cm.synthesise(SMALL, seed=3, to=tmp_path / "r.parquet", planted=Planted(drift=1.5))
    written = pq.read_table(path)
    assert written.equals(synthesise_table(SMALL, seed=3, planted=Planted(drift=1.5)))
    assert cm.synthesise(SMALL, seed=3, to=tmp_path / "s.parquet", outcomes=False).exists()
    assert pq.read_schema(tmp_path / "s.parquet").names == SCHEMA.names


@pytest.mark.parametrize("code", ["J84020", "E82057", "Y05412", "H85691", "Y04225", "Y03051"])
def test_odd_practices_have_outcomes_too(code):
    for seed in SEEDS:
        table = synthesise_table(code, seed=seed)
        risk = numbers(true_risks(code, seed), "true_risk")
        assert table.num_rows == risk.size
        assert np.isfinite(risk).all()
        assert 0 <= risk.min() <= risk.max() <= 1


# The stated function


def test_the_mean_risk_of_each_band_of_a_practice_is_its_expected_rate():
    draw = draw_practice(practices("C87002")[0], 0)
    outcomes = draw_outcomes(draw, 0)
    contact = outcomes.recent_contact
    rates, band = expected_rates(draw, contact), np.minimum(draw.age // 10, 9)
    for place in range(10):
        assert outcomes.risk[contact & (band == place)].mean() == pytest.approx(rates[place], rel=1e-3)
    by_age = np.take(RATE_BY_AGE_BAND, band[contact]).mean()
    by_tenth = np.take(RATE_BY_TENTH, draw.imd_decile[contact] - 1).mean()
    expected = TRUTH.level * by_tenth**TRUTH.deprivation_weight * by_age ** (1 - TRUTH.deprivation_weight)
    assert outcomes.risk[contact].mean() == pytest.approx(expected, rel=1e-3)


def test_levels_are_found_from_afar():
    random = np.random.default_rng(1)
    band = random.integers(0, 3, 5000)
    log_odds = (random.normal(0, 3, 5000) + 25).astype(np.float32)
    rates = np.array([0.001, 0.5, 0.9])
    moved = log_odds + levels_of(log_odds, band, rates)[band]
    for place, rate in enumerate(rates):
        assert logistic(moved[band == place]).mean() == pytest.approx(rate, rel=1e-3)


def test_the_written_truth_is_that_of_the_code():
    text = (files("casemgmt.synthetic") / "assumptions.md").read_text(encoding="utf-8")
    section = text[text.index("## 5. Outcomes") : text.index("## 6. What can be planted")]
    for name in ("by_age", "emergency_admissions", "band_ratios"):
        assert " ".join(f"{value:g}" for value in getattr(TRUTH, name)) in section, name
    assert " ".join(f"{value:g}" for value in TRUTH.by_decile[1:]) in section
    for name, amount in TRUTH.conditions.items():
        assert f"{name} {amount:g}" in section, name
    for words in (
        f"standard deviation {TRUTH.circumstances:g}",
        f"{TRUTH.frailty:g} a standard deviation",
        f"{TRUTH.female:g}; {TRUTH.care_home:g}",
        f"{TRUTH.ae_attendance:g} an A&E attendance, {TRUTH.outpatient_attendance:g} an outpatient attendance, "
        f"{TRUTH.medicine:g} a repeat medicine, at most {TRUTH.most} of each",
        f"{TRUTH.recent_admission:g} for any in the last 3 months",
        f"and {TRUTH.fading:g} less for each ten years more",
        f"{TRUTH.level:g} × (the mean",
        f"{TRUTH.no_contact:g} of what it would be",
    ):
        assert words in section, words
    assert set(TRUTH.conditions) == set(CONDITIONS)
    assert all(f"`{name}`" in section for name in EXTRA if not name.startswith("emergency_admissions_m"))


# What can be planted: each option changes what it says and nothing else


def test_nothing_planted_is_the_default(plain):
    assert synthesise_table(SMALL, seed=3, planted=Planted()).equals(plain, check_metadata=True)
    assert "planted" not in json.loads(plain.schema.metadata[b"casemgmt"])


def test_a_planted_effect_spares_the_managed_their_admissions_and_changes_nothing_else(plain):
    managed = {i for i in plain["patient_id"].to_pylist() if int(i[-1]) % 2}
    other = synthesise_table(SMALL, seed=3, planted=Planted(effect=0.4, managed=managed))
    assert changed(plain, other) == {EVENT[0], "outcome_emergency_admissions_count_12m"}
    inside = np.array([i in managed for i in plain["patient_id"].to_pylist()])
    before, after = (numbers(table, "outcome_emergency_admissions_count_12m") for table in (plain, other))
    assert (before[~inside] == after[~inside]).all()
    assert ((after == before) | (after == 0)).all()
    admitted = inside & (before > 0)
    spared = (after[admitted] == 0).mean()
    assert spared == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / admitted.sum()))
    assert other.schema.metadata[b"casemgmt"].count(b"-0000") == 0  # the metadata names no one


def test_a_planted_effect_is_as_large_as_it_says(rotherham):
    other = synthesise_table("03L", seed=0, planted=Planted(effect=0.2))
    caseload = numbers(rotherham[0], "on_caseload")
    for name in (EVENT[0], "outcome_emergency_admissions_count_12m"):
        before, after = (numbers(table, name)[caseload].astype(int).sum() for table in (rotherham[0], other))
        assert after / before == pytest.approx(0.8, abs=0.05)
    assert numbers(other, EVENT[0])[~caseload].sum() == numbers(rotherham[0], EVENT[0])[~caseload].sum()


def test_under_recording_loses_conditions_of_the_group_alone(rotherham):
    planted = Planted(under_recording=0.3, under_recorded=("ethnicity", "Asian"))
    other = synthesise_table("03L", seed=0, planted=planted)
    assert changed(rotherham[0], other) == set(CONDITIONS)
    asian = pa.compute.equal(rotherham[0]["ethnicity"], "Asian").fill_null(False).to_numpy()
    kept = lost = 0
    for name in CONDITIONS:
        before, after = numbers(rotherham[0], name), numbers(other, name)
        assert (before[~asian] == after[~asian]).all()
        assert not (after & ~before).any()
        kept, lost = kept + after[asian].sum(), lost + (before & ~after)[asian].sum()
    assert lost / (lost + kept) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    "group", [("sex", "F"), ("imd_decile", 1), ("ethnicity", None), ("care_home_type", "residential"), ("sex", "I")]
)
def test_any_group_can_be_under_recorded(plain, group):
    other = synthesise_table(SMALL, seed=3, planted=Planted(under_recording=1, under_recorded=group))
    column = plain[group[0]]
    inside = (column.is_null() if group[1] is None else pa.compute.equal(column, group[1]).fill_null(False)).to_numpy()
    for name in CONDITIONS:
        assert (numbers(other, name) == (numbers(plain, name) & ~inside)).all()


def test_drift_moves_next_years_rates_by_its_factor_and_nothing_else(rotherham):
    for drift in (0.8, 1.25):
        other = synthesise_table("03L", seed=0, planted=Planted(drift=drift))
        assert changed(rotherham[0], other) == {*EVENT, "outcome_emergency_admissions_count_12m"}
        before, after = event_of(rotherham[0]), event_of(other)
        assert not (before & ~after).any() if drift > 1 else not (after & ~before).any()
        assert after.sum() / before.sum() == pytest.approx(drift, abs=0.025)
    capped = numbers(true_risks(SMALL, 3, planted=Planted(drift=5)), "true_risk")
    assert capped.max() == 1


def test_a_copied_year_shows_the_year_before_and_the_outcomes_stay(plain):
    other = synthesise_table(SMALL, seed=3, planted=Planted(copied_year=True))
    assert changed(plain, other) == {*USE, *MONTH_COLUMNS}
    assert other["emergency_admissions_12m"].equals(other["emergency_admissions_year_before"])
    months = np.stack([numbers(other, name) for name in MONTH_COLUMNS]).sum(axis=0, dtype=np.int64)
    assert (months == numbers(other, "emergency_admissions_year_before")).all()
    assert not plain["emergency_admissions_12m"].equals(plain["emergency_admissions_year_before"])
    # A register without outcomes can be a copied one too: the same use.
    without = synthesise_table(SMALL, seed=3, outcomes=False, planted=Planted(copied_year=True))
    assert bare(without).equals(bare(other.select(SCHEMA.names)))


def test_what_is_planted_is_said_in_the_metadata(plain):
    planted = Planted(effect=0.1, under_recording=0.2, under_recorded=("sex", "F"), drift=1.1, copied_year=True)
    facts = json.loads(synthesise_table(SMALL, planted=planted).schema.metadata[b"casemgmt"])
    assert facts["planted"] == {
        "effect": 0.1,
        "managed": "on_caseload",
        "under_recording": 0.2,
        "under_recorded": ["sex", "F"],
        "drift": 1.1,
        "copied_year": True,
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"effect": 1.1}, "effect: write a share from 0 to 1"),
        ({"effect": True}, "effect: write a share"),
        ({"drift": 0}, "drift: write a factor over 0"),
        ({"drift": float("nan")}, "drift"),
        ({"managed": {"C87616-000001"}}, "but effect is 0"),
        ({"effect": 0.1, "managed": "C87616-000001"}, "a set or a list"),
        ({"under_recording": 0.1}, "go together"),
        ({"under_recorded": ("sex", "F")}, "go together"),
        ({"under_recording": 0.1, "under_recorded": ("etnicity", "Asian")}, "Did you mean 'ethnicity'"),
        ({"under_recording": 0.1, "under_recorded": "Asian"}, "column, value"),
        ({"copied_year": 1}, "copied_year: write True or False"),
    ],
)
def test_what_cannot_be_planted_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        Planted(**options)


def test_managed_ids_that_no_one_bears_are_counted_and_not_shown():
    ids = ["C87616-000001", "C87616-999999", "C87616-1", "nobody"]
    with pytest.raises(InputError, match="3 ids") as caught:
        synthesise_table(SMALL, planted=Planted(effect=0.1, managed=ids))
    assert "nobody" not in str(caught.value)
    with pytest.raises(InputError, match=r"Planted\(effect=0.2\)"):
        synthesise_table(SMALL, planted={"effect": 0.2})
    with pytest.raises(InputError, match="outcomes only"):
        synthesise_table(SMALL, outcomes=False, planted=Planted(drift=1.2))
