"""Nobody is scored by a model that saw them, their practice or their group; and how far refits move a risk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from people_judged import AS_OF, people, people_table, scheme, shuffled

import casemgmt as cm
from casemgmt.evaluation.parts import part_of

SIZES = (120, 110, 100, 90, 80, 70)


class Spy:
    """A fit that remembers whom it saw, and gives everyone the risk that is in the register."""

    def __init__(self, column: str = "practice_id") -> None:
        self.column, self.seen, self.ids = column, [], []

    def __call__(self, training):
        seen = set(training.column(self.column).to_pylist()) - {None}  # rows without a value are groups of their own
        self.seen.append(seen)
        self.ids.append(training.column("patient_id").to_pylist())

        def risks(register):
            # Outside 0 to 1 for whoever was seen: to use it is an error.
            own = register.column(self.column).to_pylist()
            risk = register.column("risk").to_pylist()
            values = [2.0 if value in seen else each for value, each in zip(own, risk, strict=True)]
            return pa.array(register.to_source_rows(np.array(values, dtype=float)))

        return risks


def grouped(table: pa.Table) -> pa.Table:
    """With a person's number that several rows share, over practices, and some without."""
    numbers = [None if i % 50 == 0 else f"n{i % 90}" for i in range(table.num_rows)]
    return table.append_column("person", pa.array(numbers))


def test_each_practice_is_scored_by_a_model_that_never_saw_it():
    fit, told = Spy(), []
    found = cm.validate(
        people(sizes=SIZES), "happened", fit, scheme(), folds=3, replicates=100, progress=lambda *at: told.append(at)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert len(fit.seen) == 3
    held_out = [set(found.judged.practices) - seen for seen in fit.seen]
    assert sorted(each for out in held_out for each in out) == sorted(found.judged.practices)
    direct = cm.evaluate("risk", "happened", people(sizes=SIZES), scheme(), replicates=100)
    assert found.measures.equals(direct.measures)
    assert found.at_cut.equals(direct.at_cut)
    said = "Each person was scored by one of 3 models, fitted without anybody of the same practice_id."
    assert said in found.notes()
    assert found.outcome_name == "happened"


def test_a_person_of_several_rows_stands_on_one_side():
    register = cm.read_register(grouped(people_table(sizes=SIZES)), as_of=AS_OF)
    fit = Spy("person")
    cm.validate(register, "happened", fit, by="person", folds=4, replicates=100)
    numbers = dict(zip(register.column("patient_id").to_pylist(), register.column("person").to_pylist(), strict=True))
    for ids in fit.ids:
        inside = {numbers[each] for each in ids} - {None}
        outside = {number for each, number in numbers.items() if each not in set(ids)} - {None}
        assert inside
        assert outside
        assert not inside & outside


def test_folds_are_of_about_one_size_and_do_not_depend_on_the_order_of_rows():
    table = people_table(sizes=SIZES)
    fits = [Spy(), Spy()]
    for fit, each in zip(fits, (table, shuffled(table)), strict=True):
        cm.validate(cm.read_register(each, as_of=AS_OF), "happened", fit, folds=3, replicates=100)
    assert fits[0].seen == fits[1].seen
    sizes = [sum(SIZES) - len(ids) for ids in fits[0].ids]
    assert max(sizes) - min(sizes) <= max(SIZES)


def test_a_later_year_is_judged_without_those_whom_the_model_saw():
    earlier = people_table(1, sizes=SIZES)
    # A year later: the same people, of whom every tenth has moved to another practice.
    later = people_table(2, sizes=SIZES)
    moved = later.column("practice_id").to_pylist()
    moved[::10] = moved[::10][5:] + moved[::10][:5]
    later = later.set_column(1, "practice_id", pa.array(moved))
    registers = [cm.read_register(each, as_of=day) for each, day in ((earlier, "2019-04-01"), (later, "2020-04-01"))]
    fit = Spy()
    found = cm.validate(registers[0], "happened", fit, later=registers[1], folds=3, replicates=100)
    ids = found.judged.register.column("patient_id", found.judged.rows).to_pylist()
    practices = [found.judged.practices[p] for p in found.judged.practice]
    for seen, trained in zip(fit.seen, fit.ids, strict=True):
        of_fold = {each for each, practice in zip(ids, practices, strict=True) if practice not in seen}
        assert of_fold
        assert not of_fold & set(trained)
    assert found.judged.set_aside["without a score"] > 20


def test_a_year_that_is_not_later_is_refused():
    register = people(sizes=SIZES)
    with pytest.raises(cm.InputError, match="has seen the future"):
        cm.validate(register, "happened", Spy(), later=register)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"folds": 1}, "from 2 to the number of groups of 'practice_id', of which there are 3"),
        ({"folds": 4}, "of which there are 3"),
        ({"by": "pratice_id"}, "no column"),
        ({"folds": 2, "seed": -1}, "seed"),
        ({"folds": 2, "replicates": 7}, "replicates is a whole number from 100"),
        ({"folds": 2, "threshold": 7}, "threshold"),
        ({"folds": 2, "replicates": "many"}, "replicates is a whole number"),
        ({"folds": 2, "over_cap": None}, "over_cap must be"),
        ({"folds": 2, "replicatse": 700}, "no option 'replicatse'. Did you mean 'replicates'"),
        ({"folds": 2, "are_risks": False}, "no option 'are_risks'"),
    ],
)
def test_what_cannot_be_dealt_is_refused(options, words):
    fit = Spy()
    with pytest.raises(cm.InputError, match=words):
        cm.validate(people(), "happened", fit, **options)
    assert not fit.seen, "nothing was fitted before it was refused"


def test_an_outcome_or_scheme_that_cannot_be_judged_is_refused_before_anything_is_fitted():
    fit = Spy()
    with pytest.raises(cm.InputError, match="neither 0 nor 1"):
        cm.validate(people(), "age", fit, folds=2)
    assert not fit.seen


@pytest.mark.parametrize("what", [None, 7, "model"])
def test_a_fit_that_returns_neither_model_nor_function_is_refused(what):
    with pytest.raises(cm.InputError, match="must be a model, or a function"):
        cm.validate(people(), "happened", lambda _: what, folds=2)


def test_a_fit_may_return_a_model():
    register = cm.synthesise("C87616", seed=1)
    model = replace(cm.load_model("demonstration-admission"), demonstration=False)
    halves = pa.array([f"h{i % 2}" for i in range(len(register))])
    table = (
        register.to_arrow().append_column("half", halves).replace_schema_metadata(register.source_table.schema.metadata)
    )
    again = cm.read_register(table, as_of=register.as_of)
    found = cm.validate(again, "outcome_emergency_admission_12m", lambda _: model, by="half", folds=2, replicates=100)
    direct = cm.evaluate(model, "outcome_emergency_admission_12m", again, replicates=100)
    assert found.value("brier") == pytest.approx(direct.value("brier"))
    assert found.value("auroc") == pytest.approx(direct.value("auroc"))


def test_a_part_of_a_register_holds_those_rows_and_their_practices_alone():
    register = people(sizes=SIZES)
    rows = np.flatnonzero(np.isin(register.packed.practice_of(), [1, 4]))[::-1]
    part = part_of(register, rows)
    assert part.practices == ("C87002", "C87005")
    assert sorted(part.column("patient_id").to_pylist()) == sorted(register.column("patient_id", rows).to_pylist())
    assert part.to_arrow().num_rows == len(rows)
    by_id = dict(zip(*(register.column(name).to_pylist() for name in ("patient_id", "practice_id")), strict=True))
    assert part.column("practice_id").to_pylist() == [by_id[each] for each in part.column("patient_id").to_pylist()]


def test_a_fit_that_never_moves_is_perfectly_stable():
    found = cm.stability(people(), lambda _: lambda register: np.full(register.rows_in, 0.25), refits=3)
    assert found.mape == 0
    assert found.people.column("low").to_pylist() == found.people.column("high").to_pylist()


def test_stability_is_the_mean_distance_of_the_refits_from_the_first_fit():
    register, parts = people(), []

    def fit(part):
        rate = float(np.mean([bool(each) for each in part.column("happened").to_pylist()]))
        parts.append(sorted(part.column("patient_id").to_pylist()))
        return lambda other: np.full(other.rows_in, rate)

    found = cm.stability(register, fit, refits=4, seed=2)
    happened = dict(zip(*(register.column(name).to_pylist() for name in ("patient_id", "happened")), strict=True))
    rates = [np.mean([bool(happened[each]) for each in ids]) for ids in parts]
    assert len(parts) == 5
    assert parts[0] == sorted(happened)
    assert len(set(parts[1])) < len(parts[1]) == len(register), "drawn with replacement, as many as there are"
    moved = np.abs(np.array(rates[1:]) - rates[0]).mean()
    assert found.mape == pytest.approx(moved)
    assert found.people.column("mape").to_numpy() == pytest.approx(moved)


def test_the_draws_do_not_depend_on_the_order_of_rows():
    table, seen = people_table(), []

    def fit(part):
        seen.append(sorted(part.column("patient_id").to_pylist()))
        return lambda other: np.full(other.rows_in, 0.2)

    for each in (table, shuffled(table)):
        cm.stability(cm.read_register(each, as_of=AS_OF), fit, refits=2, seed=3)
    assert seen[:3] == seen[3:]


def test_stability_of_points_is_refused():
    with pytest.raises(cm.InputError, match="risks from 0 to 1"):
        cm.stability(people(), lambda _: lambda register: np.full(register.rows_in, 3.0), refits=2)


def test_stability_is_drawn():
    plt = pytest.importorskip("matplotlib.pyplot")
    found = cm.stability(people(), lambda _: lambda register: np.full(register.rows_in, 0.25), refits=2)
    axes = found.plot()
    assert axes.get_xlabel() == "risk by the fit on everyone"
    plt.close(axes.figure)


@pytest.mark.parametrize("kind", [pa.float64(), pa.decimal128(20, 2), pa.string(), pa.int64()])
def test_somebody_whose_number_is_written_as_another_kind_of_number_is_still_on_one_side(kind):
    table = people_table()
    random = np.random.default_rng(0)
    numbers = pa.array(random.integers(10_000_000_000, 10_000_000_300, table.num_rows))
    register = cm.read_register(table.append_column("person", numbers), as_of=AS_OF)
    names = pa.array([f"later{i}" for i in range(table.num_rows)])
    years_later = table.drop_columns("date_of_death").set_column(0, "patient_id", names)
    written = numbers.cast(kind) if kind != pa.decimal128(20, 2) else numbers.cast(pa.decimal128(19, 0)).cast(kind)
    later = cm.read_register(years_later.append_column("person", written), as_of="2021-04-01")
    trained_on = []

    def fit(training):
        seen = {int(number) for number in training.column("person").to_pylist()}
        trained_on.append(seen)
        return lambda other: other.to_source_rows(
            np.array([float(int(float(number)) in seen) for number in other.column("person").to_pylist()])
        )

    found = cm.validate(register, "happened", fit, later=later, by="person", rules=False, replicates=100)
    assert len(trained_on) == 5
    assert found.judged.score.max() == 0


@pytest.mark.parametrize("judged", ["validate", "stability"])
def test_a_demonstration_model_that_a_fit_returns_needs_people_who_say_that_they_are_made_up(judged):
    model = cm.load_model("demonstration-admission")
    frames = [cm.synthesise(code, seed=1).to_pandas() for code in ("C87616", "C87608")]
    register = cm.read_register(pd.concat(frames, ignore_index=True), as_of="2021-01-01")
    outcome = ("outcome_emergency_admission_12m",) if judged == "validate" else ()
    options = {"folds": 2, "replicates": 100} if judged == "validate" else {"refits": 2}
    with pytest.raises(cm.InputError, match="is for demonstration only"):
        getattr(cm, judged)(register, *outcome, lambda _: model, **options)
