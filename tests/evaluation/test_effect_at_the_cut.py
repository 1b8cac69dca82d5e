"""Who is compared at the cut, what is refused, and what is said before the year starts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.evaluation.both_sides import people_at_the_cut
from casemgmt.evaluation.matching import CALIPER, nearest_pairs
from casemgmt.synthetic.planted import Planted

OUTCOME = "outcome_emergency_admission_12m"
SCHEME = "rotherham-2015-16"


def made_up(count: int = 4000, seed: int = 0, **columns):
    """Two practices of people with a risk, and what happened to them."""
    random = np.random.default_rng(seed)
    risk = np.round(random.beta(1, 12, count), 9)
    own = {
        "patient_id": [f"p{i:05d}" for i in range(count)],
        "practice_id": ["C87001"] * (count // 4) + ["C87002"] * (count - count // 4),
        "age": random.integers(0, 100, count).tolist(),
        "sex": random.choice(["F", "M"], count).tolist(),
        "care_home_type": np.where(random.random(count) < 0.02, "nursing", "none").tolist(),
        "nominated": (random.random(count) < 0.01).tolist(),
        "mine": risk.tolist(),
        "happened": (random.random(count) < risk).tolist(),
        "last_year": (random.random(count) < risk).tolist(),
    }
    return cm.read_register(pa.table(own | columns), as_of="2015-04-01")


@pytest.fixture(scope="module")
def register():
    return made_up()


@pytest.fixture(scope="module")
def selection(register):
    return cm.select(register, cm.load_scheme(SCHEME), score="mine")


@pytest.fixture(scope="module")
def practice():
    """A made-up practice of its own, by a model with risks."""
    return cm.synthesise("C87616", seed=1)


def test_each_practice_has_its_own_cut_half_way_between_inside_and_outside(register, selection):
    people = people_at_the_cut(selection.workings, "fuzzy")
    scores, practices = register.column("mine").to_numpy(), register.column("practice_id").to_pylist()
    summary = {row["practice_id"]: row for row in selection.summary().to_pylist() if row["route"] == "highest_risk"}
    for row, distance in zip(people.rows.tolist(), people.distance.tolist(), strict=True):
        lowest = summary[practices[row]]["score_at_cut"]
        below = max(s for s, p in zip(scores.tolist(), practices, strict=True) if p == practices[row] and s < lowest)
        assert distance == pytest.approx(scores[row] - (lowest + below) / 2, abs=1e-15)
        assert (distance >= 0) == (scores[row] >= lowest)
        if row > 200:
            break
    assert people.practices == 2
    assert int(people.inside.sum()) == sum(row["met"] for row in summary.values())


def test_those_with_a_place_whatever_their_score_are_left_out_on_both_sides(register, selection):
    people = people_at_the_cut(selection.workings, "exclude")
    ids = set(register.column("patient_id", people.rows).to_pylist())
    table = register.to_arrow().to_pylist()
    others = {row["patient_id"] for row in table if row["nominated"] or row["care_home_type"] == "nursing"}
    assert others and not ids & others
    assert people.set_aside["in by another route, whatever the score"] == len(others)
    assert len(ids) + sum(people.set_aside.values()) == len(register)


def test_whoever_is_tied_at_a_cut_that_some_of_the_tied_pass_is_set_aside():
    random = np.random.default_rng(4)
    scores = np.round(random.beta(1, 12, 4000), 2) + np.arange(4000) * 1e-9
    order = np.argsort(-scores)
    scores[order[20:40]] = scores[order[30]]  # 3% of the first practice is 30 places
    register = made_up(mine=scores.tolist(), practice_id=["C87001"] * 4000)
    selection = cm.select(register, cm.load_scheme(SCHEME), score="mine")
    cut = next(row for row in selection.summary().to_pylist() if row["route"] == "highest_risk")
    people = people_at_the_cut(selection.workings, "fuzzy")
    assert people.set_aside["tied at the cut, where only some of the tied have a place"] == (
        cut["tied_in"] + cut["tied_out"] if cut["tied_out"] else 0
    )
    assert not (people.distance == 0).any()


def test_scores_of_few_values_are_refused_with_the_remedy(register):
    coarse = made_up(mine=[float(i % 30) for i in range(4000)])
    selection = cm.select(coarse, cm.load_scheme(SCHEME), score="mine")
    with pytest.raises(cm.InputError, match=r"different score.*finer score"):
        cm.effect_at_cut(selection, "happened", base_rate=0.1)


def test_without_an_outcome_the_smallest_effect_that_could_be_told_is_stated(practice):
    scheme, model = cm.load_scheme(SCHEME), cm.load_model("demonstration-admission")
    found = cm.effect_at_cut(cm.select(practice, scheme, model=model))
    assert found.effect is None and found.interval is None
    assert 0.05 < found.minimum_detectable < 1
    assert "no outcome yet" in repr(found)
    again = cm.effect_at_cut(practice, OUTCOME, scheme=scheme, model=model)
    assert again.minimum_detectable == found.minimum_detectable
    assert again.effect is not None and again.interval[0] < again.interval[1]
    assert again.to_arrow()["effect"].to_pylist() == [again.effect]


def test_scores_that_are_no_risks_need_a_base_rate(selection):
    with pytest.raises(cm.InputError, match="base_rate="):
        cm.effect_at_cut(selection)
    by_share = cm.effect_at_cut(selection, base_rate=0.3)
    by_column = cm.effect_at_cut(selection, base_rate="last_year")
    assert by_share.minimum_detectable > 0 and by_column.minimum_detectable > 0
    assert cm.effect_at_cut(selection, base_rate=0.5).minimum_detectable > by_share.minimum_detectable


def test_risks_that_were_given_beside_the_scores_say_what_to_expect(register):
    beside = cm.select(register, cm.load_scheme(SCHEME), score="mine", risk="mine")
    found = cm.effect_at_cut(beside)
    assert found.minimum_detectable > 0
    again = cm.effect_at_cut(register, scheme=cm.load_scheme(SCHEME), score="mine", risk="mine")
    assert again.minimum_detectable == found.minimum_detectable
    assert found.people.risk == pytest.approx(found.people.score)


@pytest.mark.parametrize("said", ["before-after", "before–after", "before and after", "pre_post", "Before_After"])
def test_a_before_after_difference_is_refused_with_the_reason(selection, said):
    with pytest.raises(cm.InputError, match="regression to the mean"):
        cm.effect_at_cut(selection, "happened", comparison=said)


def test_the_outcome_may_be_a_column_an_array_or_keyed_by_patient(register, selection):
    column = cm.effect_at_cut(selection, "happened", base_rate=0.3)
    values = register.column("happened").to_pylist()
    ids = register.column("patient_id").to_pylist()
    keyed = dict(zip(ids, values, strict=True))
    by_source = [keyed[i] for i in register.source_table["patient_id"].to_pylist()]
    table = pa.table({"patient_id": ids, "happened": values})
    for form in (keyed, np.array(by_source), table, table.to_pandas()):
        assert cm.effect_at_cut(selection, form, base_rate=0.3).effect == column.effect


def test_unknown_outcomes_are_set_aside_and_counted(register):
    values = [None if i % 10 == 0 else bool(i % 3 == 0) for i in range(4000)]
    other = made_up(happened=values)
    found = cm.effect_at_cut(cm.select(other, cm.load_scheme(SCHEME), score="mine"), "happened", base_rate=0.3)
    aside = dict(zip(*(found.set_aside()[name].to_pylist() for name in ("reason", "people")), strict=True))
    assert aside["the outcome is not known"] == int(np.isnan(found.outcome).sum()) > 300


def test_who_was_managed_in_fact_makes_the_design_fuzzy(practice):
    scheme, model = cm.load_scheme(SCHEME), cm.load_model("demonstration-admission")
    table = cm.select(practice, scheme, model=model).to_arrow(reasons=False)
    ids = set(table.filter(table["case_managed"])["patient_id"].to_pylist())
    fuzzy = cm.effect_at_cut(practice, OUTCOME, scheme=scheme, model=model, managed=ids)
    sharp = cm.effect_at_cut(practice, OUTCOME, scheme=scheme, model=model)
    assert fuzzy.fuzzy and not sharp.fuzzy
    assert fuzzy.uptake.estimate == pytest.approx(1)
    assert fuzzy.effect == pytest.approx(sharp.effect)
    with pytest.raises(cm.InputError, match="the cut decides nothing"):
        cm.effect_at_cut(practice, OUTCOME, scheme=scheme, model=model, managed=set(list(ids)[:1]))


def test_a_planted_effect_is_found_in_one_register_by_both_designs():
    scheme, model = cm.load_scheme(SCHEME), cm.load_model("demonstration-admission")
    selection = cm.select(cm.synthesise("03L", seed=4), scheme, model=model)
    table = selection.to_arrow(reasons=False)
    ids = table.filter(table["case_managed"])["patient_id"].to_pylist()
    spared = cm.synthesise("03L", seed=4, planted=Planted(effect=0.4, managed=ids))
    for other_routes in ("exclude", "fuzzy"):
        found = cm.effect_at_cut(spared, OUTCOME, scheme=scheme, model=model, other_routes=other_routes)
        middle, reach = sum(found.interval) / 2, (found.interval[1] - found.interval[0]) / 2
        assert found.interval[1] < 0
        # Of one register alone: an interval of 95% misses one time in twenty, one and a half times as wide hardly ever.
        assert abs(middle + 0.4 * found.rate_without) < 1.5 * reach


def test_matched_pairs_are_of_one_group_near_in_score_and_each_person_is_in_one():
    random = np.random.default_rng(3)
    score, managed, group = random.normal(size=600), random.random(600) < 0.3, random.integers(0, 6, 600)
    pairs = nearest_pairs(score, managed, group)
    assert len(pairs.managed) + pairs.unmatched == managed.sum()
    assert managed[pairs.managed].all() and not managed[pairs.like].any()
    assert (group[pairs.managed] == group[pairs.like]).all()
    assert len(set(pairs.like.tolist())) == len(pairs.like)
    assert (np.abs(score[pairs.managed] - score[pairs.like]) <= CALIPER * score.std(ddof=1) + 1e-9).all()
    assert plain_pairs(score, managed, group) == sorted(zip(pairs.managed.tolist(), pairs.like.tolist(), strict=True))


def plain_pairs(score, managed, group):
    """The managed from the highest score, each beside the nearest who is left."""
    reach, free, found = CALIPER * score.std(ddof=1), set(np.flatnonzero(~managed).tolist()), []
    for each in sorted(np.flatnonzero(managed).tolist(), key=lambda i: -score[i]):
        near = [j for j in free if group[j] == group[each] and abs(score[j] - score[each]) <= reach]
        if near:
            best = min(near, key=lambda j: abs(score[j] - score[each]))
            free.remove(best)
            found.append((each, best))
    return sorted(found)


def test_matching_brings_the_two_groups_nearer_in_score(practice):
    scheme, model = cm.load_scheme(SCHEME), cm.load_model("demonstration-admission")
    found = cm.effect_at_cut(practice, OUTCOME, scheme=scheme, model=model, other_routes="fuzzy").matched()
    rows = {row["characteristic"]: row for row in found.to_pylist()}
    assert abs(rows["score"]["matched_difference"]) < 0.2 < rows["score"]["difference"]
    assert {"age", "female", "conditions", "outcome"} <= set(rows)
    assert rows["score"]["pairs"] + rows["score"]["unmatched"] == 259


def test_the_order_of_the_register_is_nowhere_in_the_answer(register):
    table = register.to_arrow()
    scores = [round(score, 3) for score in table["mine"].to_pylist()]  # with ties
    table = table.set_column(table.column_names.index("mine"), "mine", pa.array(scores))
    said = []
    for order in (np.arange(4000), np.random.default_rng(1).permutation(4000)):
        made = cm.select(cm.read_register(table.take(order), as_of="2015-04-01"), cm.load_scheme(SCHEME), score="mine")
        found = cm.effect_at_cut(made, "happened", base_rate="last_year", other_routes="fuzzy")
        said.append((found.to_arrow(), found.binned(), found.matched(), found.set_aside()))
    assert all(one.equals(other) for one, other in zip(*said, strict=True))


def test_the_plot_draws_its_numbers(practice):
    pytest.importorskip("matplotlib").use("Agg")
    scheme, model = cm.load_scheme(SCHEME), cm.load_model("demonstration-admission")
    found = cm.effect_at_cut(practice, OUTCOME, scheme=scheme, model=model)
    numbers, axes = found.binned().to_pylist(), found.plot()
    drawn = sorted(tuple(point) for path in axes.collections for point in path.get_offsets().tolist())
    shown = sorted((row["distance"], 100 * row["outcome"]) for row in numbers)
    assert np.array(drawn) == pytest.approx(np.array(shown))


def test_a_published_selection_and_a_scheme_beside_a_selection_are_refused(register, selection, tmp_path):
    published = cm.load_selection(selection.save(tmp_path / "out"))
    with pytest.raises(cm.InputError, match="or the register that it was made from"):
        cm.effect_at_cut(published, base_rate=0.3)
    with pytest.raises(cm.InputError, match="go with a register"):
        cm.effect_at_cut(selection, scheme=cm.load_scheme(SCHEME), base_rate=0.3)


def of_people_compared(register, selection, values):
    """One value a source row: those given, of the people compared; not known of anybody else."""
    people = people_at_the_cut(selection.workings, "exclude")
    found = np.full(len(register), np.nan)
    found[people.rows] = values(people.distance)
    return register.to_source_rows(found)


@pytest.mark.parametrize("bandwidth", [5e-324, 1e-12, 1e-6, 1e-3, 1e300])
def test_a_bandwidth_that_holds_hardly_anybody_or_knows_no_end_is_refused(selection, bandwidth):
    with pytest.raises(cm.InputError, match="bandwidth: "):
        cm.effect_at_cut(selection, "happened", base_rate=0.2, bandwidth=bandwidth)


@pytest.mark.parametrize("argument", ["managed", "base_rate"])
@pytest.mark.parametrize(
    "known",
    [
        lambda distance: np.full(len(distance), np.nan),
        lambda distance: np.where(distance < 0, (np.arange(len(distance)) % 5 == 0) * 1.0, np.nan),
        lambda distance: np.where(distance >= 0, (np.arange(len(distance)) % 2 == 0) * 1.0, np.nan),
        lambda distance: np.where(np.arange(len(distance)) < 5, 1.0, np.nan),
        lambda distance: np.zeros(len(distance)),
    ],
    ids=["nobody", "outside", "inside", "five", "none-had-it"],
)
def test_what_is_known_of_too_few_is_refused_and_nothing_is_said_to_be_detectable(register, selection, argument, known):
    given = of_people_compared(register, selection, known)
    with pytest.raises(cm.InputError):
        cm.effect_at_cut(selection, "happened", **({"base_rate": 0.2} | {argument: given}))


@pytest.mark.parametrize("share", [1e-12, 1e-4, 1 - 1e-9])
def test_a_base_rate_at_which_nobody_would_have_the_outcome_is_refused(selection, share):
    with pytest.raises(cm.InputError, match="base_rate: at that share fewer than 10"):
        cm.effect_at_cut(selection, base_rate=share)
