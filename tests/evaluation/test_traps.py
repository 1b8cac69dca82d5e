"""Each trap is found where it was laid, and none where the data is clean."""

from __future__ import annotations

import datetime as dt
import warnings

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

import casemgmt as cm
from casemgmt.evaluation.traps import find_traps, warn_of
from casemgmt.register.fields import CONDITIONS
from casemgmt.risk.trap_columns import by_value, managed_against_alike
from casemgmt.synthetic.planted import Planted

OUTCOME = "outcome_emergency_admission_12m"
PRACTICE = "C87616"
# In what people are alike: in steps of how many, and up to which step.
ALIKE_IN = {
    "age": (10, 9),
    "emergency_admissions_12m": (1, 3),
    "ae_attendances_12m": (1, 2),
    "repeat_medicines": (4, 3),
    "frailty_deficits": (4, 6),
}


def kinds(traps):
    return [(trap.kind, trap.columns) for trap in traps]


def with_columns(register, **columns):
    """The register with carried columns more."""
    table = register.to_arrow()
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return cm.read_register(table, as_of=register.as_of)


@pytest.fixture(scope="module")
def register():
    return cm.synthesise(PRACTICE, seed=1)


@pytest.mark.parametrize("seed", range(4))
def test_a_clean_practice_is_silent(seed):
    assert find_traps(cm.synthesise(PRACTICE, seed=seed), OUTCOME) == ()


def test_a_clean_area_is_silent_by_the_usual_inputs_and_by_those_of_a_model():
    register = cm.synthesise("03L", seed=1)
    assert find_traps(register, OUTCOME) == ()
    assert find_traps(register, OUTCOME, model=cm.load_model("demonstration-admission")) == ()


def test_an_input_that_nearly_tells_the_outcome_is_found(register):
    random = np.random.default_rng(0)
    happened = register.to_arrow()[OUTCOME].to_numpy()
    noisy = np.where(random.random(len(happened)) < 0.02, ~happened, happened)
    other = with_columns(register, bill=noisy.astype(int), seen=(happened & (random.random(len(happened)) < 0.3)))
    found = find_traps(other, OUTCOME, inputs=["age", "bill", "seen", "outcome_emergency_admissions_count_12m"])
    assert ("tells the outcome", ("bill",)) in kinds(found)
    assert ("tells the outcome", ("seen",)) in kinds(found)  # few have it, and all of those the outcome
    assert ("tells the outcome", ("outcome_emergency_admissions_count_12m",)) in kinds(found)
    assert all(trap.columns != ("age",) for trap in found)


def test_the_area_under_the_curve_of_an_input_is_that_of_its_shares(register):
    y = register.column(OUTCOME).to_numpy(zero_copy_only=False)
    cells = by_value(register, "emergency_admissions_12m", np.ones(len(register), dtype=bool), y)
    counts = np.minimum(register.column("emergency_admissions_12m").to_numpy(zero_copy_only=False), 3)
    rates = {n: y[counts == n].mean() for n in np.unique(counts)}
    assert cells.auroc == pytest.approx(roc_auc_score(y, [rates[n] for n in counts]), abs=0.003)


def test_an_input_that_was_recorded_after_the_list_date_is_found(register):
    day = [dt.date(2020, 6, 1) if i % 50 else dt.date(2021, 6, 1) for i in range(len(register))]
    text = [each.isoformat() for each in day]
    other = with_columns(register, seen_on=day, coded_on=text, frail=[i % 7 == 0 for i in range(len(register))])
    assert kinds(find_traps(other, OUTCOME, inputs=["seen_on"])) == [("recorded later", ("seen_on",))]
    assert kinds(find_traps(other, OUTCOME, inputs=["coded_on"])) == [("recorded later", ("coded_on",))]
    by_date = find_traps(other, OUTCOME, inputs=["frail"], recorded_on={"frail": "coded_on"})
    assert kinds(by_date) == [("recorded later", ("frail", "coded_on"))]
    assert find_traps(other, OUTCOME, inputs=["frail"]) == ()
    assert kinds(find_traps(register, OUTCOME, inputs=["outcome_death_12m"])) == [
        ("recorded later", ("outcome_death_12m",))
    ]


@pytest.mark.parametrize(
    ("name", "later"),
    [("admitted_next_year", True), ("Outcome", True), ("next_of_kin_known", False), ("outcomes_clinic_12m", False)],
)
def test_names_of_what_comes_later_are_told_from_other_names(register, name, later):
    other = with_columns(register, **{name: [i % 7 == 0 for i in range(len(register))]})
    assert bool(find_traps(other, OUTCOME, inputs=[name])) is later


def test_a_year_that_copies_the_one_before_is_found():
    copied = cm.synthesise(PRACTICE, seed=1, planted=Planted(copied_year=True))
    assert kinds(find_traps(copied, OUTCOME)) == [
        ("copied year", ("emergency_admissions_12m", "emergency_admissions_year_before"))
    ]


def test_people_who_are_dead_or_gone_and_have_an_outcome_are_found(register):
    table = register.to_arrow()
    died = [dt.date(2020, 5, 1) if i < 12 else None for i in range(table.num_rows)]
    place = table.column_names.index("date_of_death")
    dead = cm.read_register(table.set_column(place, "date_of_death", pa.array(died)), as_of=register.as_of)
    found = find_traps(dead, OUTCOME)
    assert kinds(found) == [("cannot have the outcome", ("date_of_death", "deregistered_on"))]
    assert found[0].words.startswith("12 people with an outcome were dead")


@pytest.mark.parametrize("codes", [("died", "home", "ward"), ("11", "1", "3")])
def test_a_value_with_which_nobody_has_the_outcome_is_found(register, codes):
    died, home, ward = codes
    happened = register.to_arrow()[OUTCOME].to_pylist()
    where = [died if i % 9 == 0 and not y else (home if i % 2 else ward) for i, y in enumerate(happened)]
    other = with_columns(register, discharged_to=where)
    assert kinds(find_traps(other, OUTCOME, inputs=["age", "discharged_to"])) == [
        ("cannot have the outcome", ("discharged_to",))
    ]


def test_people_whom_management_has_spared_are_found_and_those_managed_in_vain_are_not():
    spared = cm.synthesise("03L", seed=1, planted=Planted(effect=0.25))
    found = find_traps(spared, OUTCOME)
    assert kinds(found) == [("already managed", ("on_caseload",))]
    assert "update paradox" in found[0].remedy


def test_the_managed_are_held_against_people_alike_by_a_plain_twin():
    register = cm.synthesise("C87002", seed=1)
    happened = register.column(OUTCOME).to_numpy(zero_copy_only=False).astype(float)
    found = managed_against_alike(register, happened, "on_caseload")
    table = pa.table({name: register.column(name) for name in (*ALIKE_IN, *CONDITIONS, "on_caseload")})
    groups: dict[tuple, list[tuple[bool, float]]] = {}
    for row, y in zip(table.to_pylist(), happened.tolist(), strict=True):
        kind = tuple(min((row[name] or 0) // width, most) for name, (width, most) in ALIKE_IN.items())
        conditions = min(sum(bool(row[name]) for name in CONDITIONS) // 2, 4)
        groups.setdefault((*kind, conditions), []).append((row["on_caseload"], y))
    people, events, expected = 0, 0.0, 0.0
    for each in groups.values():
        others = [y for managed, y in each if not managed]
        own = [y for managed, y in each if managed]
        if len(others) >= 5:
            people, events = people + len(own), events + sum(own)
            expected += len(own) * sum(others) / len(others)
    assert found is not None and (found.people, found.ratio) == (people, pytest.approx(events / expected))
    assert managed_against_alike(register, np.zeros(len(register)), "on_caseload") is None
    assert managed_against_alike(register, happened, "nobody_asked") is None


def test_traps_are_warned_of_where_there_is_no_result_to_hold_them():
    copied = cm.synthesise(PRACTICE, seed=1, planted=Planted(copied_year=True))
    with pytest.warns(cm.InputWarning, match="copied year"):
        warn_of(find_traps(copied, OUTCOME))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of(())


def test_columns_that_are_not_there_are_refused(register):
    with pytest.raises(cm.InputError, match="Did you mean 'age'"):
        find_traps(register, OUTCOME, inputs=["agee"])
    with pytest.raises(cm.InputError, match="which is no column"):
        find_traps(register, OUTCOME, recorded_on={"age": "nowhere"})


@pytest.mark.parametrize("people", [300, 400, 700])
def test_an_input_that_is_the_outcome_is_found_in_a_small_register_too_and_a_clean_one_is_silent(people):
    table = cm.synthesise("C87608", seed=1).to_arrow().slice(0, people)
    random = np.random.default_rng(0)
    had = np.array([bool(each) for each in table.column(OUTCOME).to_pylist()])
    assert 10 <= had.sum() < 60
    more = {
        "copy": had,
        "word": np.where(had, "yes", "no"),
        "only_then": pa.array([1.0 if each else None for each in had]),
        "number": random.normal(0, 1, people) + 6 * had,
        "chance": random.normal(0, 1, people),
        "coin": random.random(people) < 0.1,
        "letter": random.choice(list("abcdefgh"), people),
    }
    for name, values in more.items():
        table = table.append_column(name, pa.array(values))
    register = cm.read_register(table, as_of="2021-01-01")
    found = {trap.columns[0] for trap in find_traps(register, OUTCOME, inputs=list(more))}
    assert found == ({"copy", "word", "only_then", "number"} if had.sum() >= 50 else {"copy", "word", "only_then"})
    assert find_traps(register, OUTCOME) == ()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"inputs": 5}, "inputs"),
        ({"inputs": "agee"}, "'agee'"),
        ({"model": "demonstration-admission"}, "model is a model"),
        ({"recorded_on": ["age"]}, "recorded_on is a mapping"),
        ({"recorded_on": {"agee": "later_on"}}, "'agee', which is no input. Did you mean 'age'"),
        ({"recorded_on": {"age": "later_onn"}}, "'later_onn'"),
        ({"recorded_on": {"age": "british"}}, "'british', which holds no dates"),
        ({"managed": "on_caselod"}, "'on_caselod'"),
        ({"managed": 4}, "managed is text"),
    ],
)
def test_a_slip_in_what_is_to_be_looked_at_is_no_clean_bill(register, wrong, words):
    later = ["2021-06-01"] * len(register)
    dated = with_columns(register, later_on=later, british=["01/06/2021"] * len(register))
    with pytest.raises(cm.InputError, match=words):
        find_traps(dated, OUTCOME, **wrong)
    found = find_traps(dated, OUTCOME, inputs=["age"], recorded_on={"age": "later_on"})
    assert kinds(found) == [("recorded later", ("age", "later_on"))]
