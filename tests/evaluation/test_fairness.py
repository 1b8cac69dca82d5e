"""Fairness by groups: every figure against someone else's, a planted bias is named, a fair score is not."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registers import read_scheme, scheme_text, top_share
from scipy.optimize import LinearConstraint, milp
from scipy.stats import chi2
from sklearn.metrics import precision_score, recall_score
from statsmodels.stats.proportion import proportion_confint

import casemgmt as cm
from casemgmt.errors import InputError
from casemgmt.evaluation.fairness import COUNTED, RATIOS, SHARES, fairness_of, fairness_table
from casemgmt.evaluation.intervals import of_expected, of_share
from casemgmt.evaluation.judged import Judged, judge
from casemgmt.evaluation.same_score import rates_at_scores
from casemgmt.synthetic.planted import Planted

AS_OF = "2015-04-01"


def scheme(share: str = "10%") -> Any:
    return read_scheme(scheme_text([top_share(share, "at_most")]))


def people(seed: int, size: int, **columns: Any) -> pa.Table:
    draw = np.random.default_rng(seed)
    base = {
        "patient_id": [f"p{i:06d}" for i in range(size)],
        "practice_id": [f"C8700{1 + i % 2}" for i in range(size)],
        "age": draw.integers(0, 100, size),
        "sex": draw.choice(["F", "M"], size),
    }
    return pa.table({**base, **columns})


def judged_of(table: pa.Table, share: str = "10%", are_risks: bool = True, with_scheme: bool = True) -> Judged:
    register = cm.read_register(table, as_of=AS_OF)
    return judge("risk", "happened", register, scheme(share) if with_scheme else None, are_risks=are_risks)


def random_people(seed: int, size: int = 900) -> pa.Table:
    draw = np.random.default_rng(seed)
    risk = np.round(draw.beta(1, 6, size), 2)
    ethnicity = draw.choice(["Asian", "Black", "White", ""], size, p=[0.2, 0.1, 0.6, 0.1])
    happened = draw.random(size) < risk
    return people(seed, size, risk=risk, happened=happened, ethnicity=ethnicity)


# Each figure against someone else's


@pytest.mark.parametrize("column", ["ethnicity", "sex", "age_band"])
@pytest.mark.parametrize("seed", range(3))
def test_counts_shares_and_ratios_are_those_of_other_libraries(seed, column):
    judged = judged_of(random_people(seed))
    rows = fairness_table(judged, column).to_pylist()
    assert sum(row["people"] for row in rows) == len(judged)
    held = judged.register.column("age" if column == "age_band" else column, judged.rows).to_pylist()
    named = [_group(column, value) for value in held]
    assert set(named) <= {row[column] for row in rows}
    rates = plain_rates(judged.score, judged.outcome)
    for row in rows:
        own = np.array([name == row[column] for name in named])
        had, inside, below = judged.outcome[own], judged.inside[own], judged.just_below[own]
        assert [row[name] for name in COUNTED] == [
            *(own.sum(), had.sum(), inside.sum(), (had & inside).sum(), (had & ~inside).sum()),
            *(below.sum(), (had & below).sum()),
        ]
        if not own.any():
            continue
        if inside.any():
            assert row["ppv"] == pytest.approx(precision_score(had, inside))
        if had.any():
            assert row["false_negative_rate"] == pytest.approx(1 - recall_score(had, inside))
        for name, (part, whole) in SHARES.items():
            if row[whole]:
                ends = proportion_confint(row[part], row[whole], method="wilson")
                assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx(ends, abs=1e-12)
        assert row["expected_at_score"] == pytest.approx(rates[own].sum())
        assert row["expected"] == pytest.approx(judged.risk[own].sum())
        for ratio, expected in RATIOS.items():
            events, due = row["events"], row[expected]
            low = chi2.ppf(0.025, 2 * events) / 2 / due if events else 0.0
            ends = (low, chi2.ppf(0.975, 2 * events + 2) / 2 / due)
            assert row[ratio] == pytest.approx(events / due)
            assert (row[f"{ratio}_low"], row[f"{ratio}_high"]) == pytest.approx(ends)
    assert sum(row["expected_at_score"] for row in rows) == pytest.approx(judged.outcome.sum())


def _group(column: str, value: Any) -> str:
    if column == "age_band":
        return "90 and over" if value >= 90 else f"{value // 10 * 10}–{value // 10 * 10 + 9}"
    return value or "not stated"


def plain_rates(score: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """The rising rates, by pooling neighbours of which the first has the higher one until none has."""
    blocks = [[s, int(outcome[score == s].sum()), int((score == s).sum()), 1] for s in np.unique(score)]
    place = 0
    while place < len(blocks) - 1:
        (_, events, count, wide), (_, more, other, wider) = blocks[place], blocks[place + 1]
        if events * other >= more * count:
            blocks[place : place + 2] = [[blocks[place][0], events + more, count + other, wide + wider]]
            place = max(place - 1, 0)
        else:
            place += 1
    rates = {}
    distinct = iter(np.unique(score).tolist())
    for _, events, count, wide in blocks:
        rates |= {next(distinct): events / count for _ in range(wide)}
    return np.array([rates[s] for s in score.tolist()])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=60))
def test_the_rates_at_each_score_rise_and_keep_the_number_of_outcomes(pairs):
    score = np.array([float(s) for s, _ in pairs])
    outcome = np.array([had for _, had in pairs])
    rates = rates_at_scores(score, outcome)
    assert rates == pytest.approx(plain_rates(score, outcome))
    assert (np.diff(rates[np.argsort(score, kind="stable")]) >= -1e-12).all()
    assert rates.sum() == pytest.approx(outcome.sum())


def test_intervals_of_nobody_and_of_no_event_are_the_widest():
    assert of_share(0, 0) == (0.0, 1.0)
    assert of_expected(0, 2.0)[0] == 0.0
    assert (of_share(0, 10)[0], of_share(10, 10)[1]) == pytest.approx((0.0, 1.0), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_tenths_by_score_hold_everyone_once_and_nobody_of_one_score_apart(seed):
    judged = judged_of(random_people(seed))
    table = fairness_of(judged, "sex").by_score.to_pylist()
    below = {s: int((judged.score < s).sum()) for s in set(judged.score.tolist())}
    sex = judged.register.column("sex", judged.rows).to_pylist()
    for row in table:
        own = [
            had
            for s, had, group in zip(judged.score.tolist(), judged.outcome.tolist(), sex, strict=True)
            if group == row["sex"] and 10 * below[s] // len(judged) == row["tenth"] - 1
        ]
        assert (row["people"], row["events"], row["event_rate"]) == (len(own), sum(own), sum(own) / len(own))
        assert (row["event_rate_low"], row["event_rate_high"]) == pytest.approx(
            proportion_confint(sum(own), len(own), method="wilson"), abs=1e-12
        )
    assert sum(row["people"] for row in table) == len(judged)


def test_the_order_of_the_registers_rows_changes_no_byte():
    table = random_people(5)
    shuffled = table.take(np.random.default_rng(1).permutation(table.num_rows))
    one, other = (fairness_of(judged_of(each), "ethnicity") for each in (table, shuffled))
    assert one.groups.equals(other.groups)
    assert one.by_score.equals(other.by_score)


def test_without_a_scheme_or_risks_what_needs_them_is_null():
    table = random_people(1)
    alone = fairness_table(judged_of(table, with_scheme=False), "sex")
    assert alone["inside"].null_count == alone["ppv"].null_count == alone.num_rows
    assert alone["need_at_equal_score"].null_count == 1  # not stated, of whom there is nobody
    points = fairness_table(judged_of(table, are_risks=False), "sex")
    assert points["expected"].null_count == points["observed_to_expected"].null_count == points.num_rows
    assert points["share_inside"].null_count == 1


# A label that records less of one group


def with_equal_need(seed: int, recorded: float, size: int = 30_000) -> Judged:
    """Two groups of the same need; the score is a cost, of which the second group causes only a share for its need."""
    draw = np.random.default_rng(seed)
    need = draw.gamma(1.2, 1.0, size)
    second = draw.random(size) < 0.3
    cost = need * np.where(second, recorded, 1.0) * np.exp(0.3 * draw.normal(size=size))
    happened = draw.random(size) < 1 / (1 + np.exp(4 - 1.1 * need))
    group = np.where(second, "recorded less", "recorded whole")
    return judged_of(people(seed, size, risk=cost, happened=happened, ethnicity=group), "3%", are_risks=False)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("recorded", [0.5, 0.7])
def test_a_cost_label_that_records_less_of_a_group_of_equal_need_is_named(seed, recorded):
    found = fairness_of(with_equal_need(seed, recorded), "ethnicity")
    said, *others = found.warnings
    assert all(other.startswith("recorded whole") and "overstates their need" in other for other in others)
    assert re.match(r"recorded less: people had the outcome 1\.\d\d times as often as everyone of the same score", said)
    assert "cost or recorded admissions" in said and "in 100 of their outcomes fell outside the cut" in said
    rows = {row["ethnicity"]: row for row in found.groups.to_pylist()}
    less, whole = rows["recorded less"], rows["recorded whole"]
    assert less["event_rate"] == pytest.approx(whole["event_rate"], rel=0.15)  # the need is the same
    assert less["share_inside_high"] < whole["share_inside_low"]
    assert less["false_negative_rate_low"] > whole["false_negative_rate_high"]
    assert less["ppv"] > whole["ppv"]


@pytest.mark.parametrize("seed", range(10))
def test_a_fair_score_of_the_same_people_is_not_named(seed):
    assert fairness_of(with_equal_need(seed, 1.0, 10_000), "ethnicity").warnings == ()


def test_a_score_that_overstates_the_need_of_a_group_is_named_too():
    draw = np.random.default_rng(3)
    size = 30_000
    need, few = draw.gamma(1.2, 1.0, size), draw.random(size) < 0.1
    happened = draw.random(size) < 1 / (1 + np.exp(4 - 1.1 * need))
    table = people(3, size, risk=need * np.where(few, 2.0, 1.0), happened=happened, group=np.where(few, "few", "most"))
    (said,) = fairness_of(judged_of(table, are_risks=False), "group").warnings
    assert said.startswith("few: people had the outcome 0.") and "overstates their need" in said


@pytest.fixture(scope="module")
def synthetic() -> dict[str, Judged]:
    """The register of Rotherham, whole, and with most conditions of one group not recorded."""
    model, rule = cm.load_model("demonstration-admission"), cm.load_scheme("rotherham-2015-16")
    planted = Planted(under_recording=0.7, under_recorded=("ethnicity", "Asian"))
    found = {}
    for name, what in (("fair", None), ("planted", planted)):
        register = cm.synthesise("03L", as_of=AS_OF, seed=2, planted=what)
        found[name] = judge(model, "outcome_emergency_admission_12m", register, rule, over_cap="queue")
    return found


def test_conditions_that_are_not_recorded_of_a_group_are_seen_by_its_outcomes(synthetic):
    assert [said.partition(":")[0] for said in fairness_of(synthetic["planted"], "ethnicity").warnings] == ["Asian"]
    leaving = fairness_of(synthetic["planted"], "ethnicity", suppressed=True)
    assert [said.partition(":")[0] for said in leaving.warnings] == ["Asian"]


@pytest.mark.parametrize("column", ["ethnicity", "imd_decile", "sex", "age_band"])
def test_the_register_without_it_gives_no_warning(synthetic, column):
    assert fairness_of(synthetic["fair"], column).warnings == ()


# The form that may leave


def small_people(seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    size = int(draw.integers(60, 500))
    risk = np.round(draw.beta(1, 4, size), 2)
    groups = [*"abcd"][: int(draw.integers(2, 5))]
    weights = draw.dirichlet(np.full(len(groups), 0.7))
    happened = draw.random(size) < np.clip(risk * draw.choice([0.5, 1, 2]), 0, 1)
    happened[:10], happened[10:20] = True, False
    return people(seed, size, risk=risk, happened=happened, ethnicity=draw.choice(groups, size, p=weights))


@pytest.mark.parametrize("seed", range(25))
def test_whoever_knows_the_totals_and_the_rules_pins_no_count_of_1_to_7(seed):
    assert_nothing_pinned(seed)


@pytest.mark.long
@pytest.mark.parametrize("block", range(20))
def test_whoever_knows_the_totals_and_the_rules_pins_no_count_of_1_to_7_in_a_thousand_tables(block):
    for seed in range(1000 + 50 * block, 1050 + 50 * block):
        assert_nothing_pinned(seed)


def assert_nothing_pinned(seed: int) -> None:
    judged = judged_of(small_people(seed), "15%")
    whole = fairness_table(judged, "ethnicity").to_pylist()
    try:
        shown = fairness_table(judged, "ethnicity", suppressed=True).to_pylist()
    except InputError as refused:
        assert "coarser grouping" in str(refused)
        return
    assert [row["ethnicity"] for row in shown] == [row["ethnicity"] for row in whole]
    for row, true in zip(shown, whole, strict=True):
        if row["people"] is None or row["events"] is None:
            assert {row[name] for name in (*RATIOS, *RATIOS.values())} == {None}
        for name in COUNTED:
            if row[name] is None:
                assert re.search(rf"\b{name} (1–7|withheld)", row["note"])
            else:
                assert row[name] % 5 == 0 and abs(row[name] - true[name]) <= 2 and (row[name] or not true[name])
    for place, row in enumerate(whole):
        for name in COUNTED:
            if 1 <= row[name] <= 7:
                low, high = attacked(shown, whole, place, name)
                assert low <= row[name] <= high
                assert not (low >= 1 and high <= 7 and (low, high) != (1, 7)), (seed, name, low, high)


def attacked(shown: list[dict[str, Any]], whole: list[dict[str, Any]], place: int, aim: str) -> tuple[int, int]:
    """The least and the greatest that one count can be, to a reader with a solver who knows each column's total."""
    groups, names = len(shown), list(COUNTED)
    at = {(g, name): g * len(names) + i for g in range(groups) for i, name in enumerate(names)}
    low = np.zeros(len(at))
    totals = {name: sum(each[name] for each in whole) for name in names}
    # A small total stands on no page.
    known = {name: (1, 7) if 1 <= total <= 7 else (total, total) for name, total in totals.items()}
    high = np.array([known[name][1] for _ in range(groups) for name in names], dtype=float)
    for (g, name), number in at.items():
        value = shown[g][name]
        if value is not None:
            low[number], high[number] = (0, 0) if value == 0 else (max(value - 2, 8), value + 2)
        elif re.search(rf"\b{name} 1–7", shown[g]["note"]):
            low[number], high[number] = 1, 7
    rows, least, most = [], [], []

    def rule(factors: dict[tuple[int, str], int], lower: float, upper: float) -> None:
        row = np.zeros(len(at))
        for key, factor in factors.items():
            row[at[key]] = factor
        rows.append(row)
        least.append(lower)
        most.append(upper)

    for name in names:
        rule({(g, name): 1 for g in range(groups)}, *known[name])
    for g in range(groups):
        rule({(g, "events_inside"): 1, (g, "missed"): 1, (g, "events"): -1}, 0, 0)
        without = {(g, "inside"): 1, (g, "events_inside"): -1}
        rule(without, 0, np.inf)
        rule({(g, "just_below"): 1, (g, "events_just_below"): -1}, 0, np.inf)
        rule({(g, "missed"): 1, (g, "events_just_below"): -1}, 0, np.inf)
        others = {(g, "just_below"): -1, (g, "events_just_below"): 1, (g, "inside"): -1, (g, "events_inside"): 1}
        rule({(g, "people"): 1, (g, "events"): -1, **others}, 0, np.inf)
    goal = np.zeros(len(at))
    goal[at[place, aim]] = 1
    found = []
    for sign in (1, -1):
        answer = milp(
            sign * goal,
            integrality=np.ones(len(at)),
            bounds=(low, high),
            constraints=LinearConstraint(np.array(rows), least, most),
            options={"presolve": False},  # with it, HiGHS 1.12 now and then misses the least: the range is too narrow
        )
        assert answer.x is not None
        found.append(round(float(answer.x @ goal)))
    return found[0], found[1]


def test_shares_intervals_and_sentences_follow_from_the_published_numbers_alone(synthetic):
    shown = fairness_table(synthetic["planted"], "ethnicity", suppressed=True).to_pylist()
    for row in shown:
        for name, (part, whole) in SHARES.items():
            if row[part] is None or not row[whole]:
                assert row[name] is None
            else:
                assert row[name] == row[part] / row[whole]
                assert (row[f"{name}_low"], row[f"{name}_high"]) == of_share(row[part], row[whole])
        for name, expected in RATIOS.items():
            assert row[expected] % 5 == 0
            assert row[name] == (row["events"] / row[expected] if row[expected] else None)
    assert fairness_of(synthetic["planted"], "sex", suppressed=True).by_score is None


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("patient_id", "it is an id"),
        ("age", "age_band"),
        ("free_text", "free text|different values"),
        ("nobody", "has no column|missing|not"),
        ("ethnicity", "coarser grouping"),
    ],
)
def test_what_cannot_be_made_safe_or_is_not_there_is_refused(column, words):
    table = random_people(4)
    size = table.num_rows
    table = table.append_column("free_text", pa.array([f"note {i}" for i in range(size)]))
    table = table.set_column(6, "ethnicity", pa.array(["rare" if i < 5 else "common" for i in range(size)]))
    with pytest.raises(InputError, match=words):
        fairness_of(judged_of(table), column, suppressed=True)


def test_wrong_arguments_are_answered_in_a_sentence():
    judged = judged_of(random_people(4))
    for column in (None, 3, ["sex"]):
        with pytest.raises(InputError, match="column"):
            fairness_of(judged, column)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="True or False"):
        fairness_of(judged, "sex", suppressed="yes")  # type: ignore[arg-type]


# Figures


@pytest.mark.parametrize("by_score", [False, True])
def test_a_figure_stands_beside_its_numbers(by_score, tmp_path):
    found = fairness_of(with_equal_need(1, 0.5, 8000), "ethnicity")
    path = found.save_plot(tmp_path / "fair.png", by_score=by_score)
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert found.save_plot(tmp_path / "fair.png", by_score=by_score).read_bytes() == path.read_bytes()
    table = found.by_score if by_score else found.groups
    text = (tmp_path / "fair.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["people"]) for row in rows] == table["people"].to_pylist()
    assert sorted(each.name for each in tmp_path.iterdir() if not each.name.startswith(".")) == ["fair.csv", "fair.png"]


def test_figures_mark_a_flag_in_words_and_refuse_what_has_no_numbers(tmp_path):
    from matplotlib import pyplot as plt

    found = fairness_of(with_equal_need(1, 0.5), "ethnicity")
    labels = [label.get_text() for label in found.plot().get_yticklabels()]
    assert labels == ["recorded less (flagged)", "recorded whole"]
    axes = plt.subplots()[1]
    assert found.plot_by_score(axes) is axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["recorded less", "recorded whole"]
    leaving = fairness_of(with_equal_need(1, 0.5), "ethnicity", suppressed=True)
    with pytest.raises(InputError, match="suppressed=False"):
        leaving.plot_by_score()
    with pytest.raises(InputError, match=r"ends in \.png"):
        found.save_plot(tmp_path / "fair.jpg")
    with pytest.raises(InputError, match="axes of a matplotlib figure"):
        found.plot("here")
    assert "1 of them" in repr(found) and "suppressed" in repr(leaving)
    assert list(found.tables()) == ["fairness_ethnicity", "fairness_ethnicity_by_score"]
    plt.close("all")
