"""What became of people, in any form, means the same to whatever fits, recalibrates or judges; or all refuse alike."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from people_judged import scheme

import casemgmt as cm
from casemgmt.evaluation.traps import find_traps
from casemgmt.register.outcomes import outcome_given
from casemgmt.risk.model import Model

AS_OF, PEOPLE, UNKNOWN = "2020-04-01", 1_500, 40
Form = Callable[[pd.DataFrame], Any]


@functools.cache
def frame() -> pd.DataFrame:
    """People of three practices in an order that is not that of their labels, as a sorted frame has them.

    ``happened`` is true, false or not known, ``known`` the same and false where that is not known; ``said`` and
    ``number`` say what ``happened`` says in words and in numbers; ``told`` nearly is the outcome.
    """
    random = np.random.default_rng(1)
    risk = np.round(random.beta(1, 4, PEOPLE), 6)
    had = random.random(PEOPLE) < risk
    known = random.permutation(PEOPLE) >= UNKNOWN
    made = pd.DataFrame(
        {
            "patient_id": [f"p{i:05d}" for i in range(PEOPLE)],
            "practice_id": [f"C8700{1 + i % 3}" for i in range(PEOPLE)],
            "age": np.clip(20 + 120 * risk + random.normal(0, 9, PEOPLE), 0, 99).astype(int),
            "care_home_type": "none",
            "nominated": False,
            "copd": had ^ (random.random(PEOPLE) < 0.01),
            "risk": risk,
            "happened": np.where(known, had, None),
            "known": had & known,
            "said": np.where(known, np.where(had, " Yes", "n"), "NULL"),
            "number": np.where(known, had.astype(float), np.nan),
            "count": random.integers(0, 5, PEOPLE),
            "other": [f"x{i}" for i in range(PEOPLE)],
        }
    )
    return made.sample(frac=1, random_state=2)


@functools.cache
def register() -> cm.Register:
    return cm.read_register(frame(), as_of=AS_OF)


@functools.cache
def selection() -> cm.Selection:
    return cm.select(register(), scheme(share="10%"), score="risk")


@functools.cache
def model() -> Model:
    """One that states risks, calibrated elsewhere."""
    made = cm.fit_model(register(), "known", inputs=["age"], kind="logistic", bags=1)
    return replace(made, calibrated_in=("Y00001",), fitting=None)


def risks_of(part: cm.Register) -> pa.Array:
    return part.to_arrow().column("risk")


def fitted(outcome: Any) -> object:
    made = cm.fit_model(register(), outcome, inputs=["age"], kind="logistic", bags=1)
    return made.inputs, made.intercept, made.fitting.outcomes, made.fitting.set_aside


def recalibrated(outcome: Any) -> object:
    made = model().recalibrate(register(), outcome).recalibration
    return made.intercept, made.slope, made.outcomes, made.set_aside


def moved(outcome: Any) -> object:
    with pytest.raises(cm.InputError) as raised:
        model().risk(register(), outcome=outcome)
    if "O/E" not in str(raised.value):
        raise raised.value
    return str(raised.value)


def evaluated(outcome: Any) -> object:
    made = cm.evaluate("risk", outcome, register(), rules=False, replicates=100)
    return made.value("auroc"), made.judged.set_aside, made.judged.outcome.tolist()


def validated(outcome: Any) -> object:
    made = cm.validate(register(), outcome, lambda _: risks_of, folds=2, rules=False, replicates=100)
    return made.value("auroc"), made.judged.set_aside, made.judged.outcome.tolist()


def effect(outcome: Any) -> object:
    made = cm.effect_at_cut(selection(), outcome, base_rate=0.3)
    return made.jump, repr(made.outcome.tolist())


def expected(outcome: Any) -> object:
    return cm.effect_at_cut(selection(), base_rate=outcome).minimum_detectable


def drifted(outcome: Any) -> object:
    return cm.drift(register(), register(), outcome=(outcome, "known")).calibration.to_pylist()


def trapped(outcome: Any) -> object:
    found = find_traps(register(), outcome, inputs=["age", "copd"])
    assert found
    return [str(trap) for trap in found]


DOORS: dict[str, Callable[[Any], object]] = {
    "fit_model": fitted,
    "recalibrate": recalibrated,
    "risk": moved,
    "evaluate": evaluated,
    "validate": validated,
    "effect_at_cut": effect,
    "base_rate": expected,
    "drift": drifted,
    "find_traps": trapped,
}


@functools.cache
def result_of_column(door: str, column: str) -> object:
    """What a door says of a column of true and false."""
    return DOORS[door](column)


def by_id(values: pd.Series) -> pd.DataFrame:
    """A frame with patient ids, in an order that is nobody else's."""
    return pd.DataFrame({"patient_id": frame().patient_id, "had": values}).sort_values("patient_id", ascending=False)


def arrow_by_id() -> pa.Table:
    return pa.table({"had": pa.array(by_id(frame().happened).had, pa.bool_()), "patient_id": sorted_ids()})


def sorted_ids() -> list[str]:
    return by_id(frame().happened).patient_id.tolist()


def hidden(values: pd.Series, kind: type, beneath: object) -> Any:
    """A masked array, with something else beneath the mask."""
    gaps = values.isna().to_numpy()
    return np.ma.array([kind(beneath if gap else value) for gap, value in zip(gaps, values, strict=True)], mask=gaps)


def objects(values: pd.Series) -> list[Any]:
    return values.astype(object).tolist()


# Each says what the column ``happened`` says.
HAPPENED: dict[str, Form] = {
    "a column of words": lambda f: "said",
    "a column of numbers": lambda f: "number",
    "a list": lambda f: objects(f.happened),
    "a tuple of NumPy's own": lambda f: tuple(None if v is None else np.bool_(v) for v in f.happened),
    "a list of words": lambda f: objects(f.said),
    "an array of floats": lambda f: f.number.to_numpy(),
    "an array of objects": lambda f: f.happened.to_numpy(),
    "an array of words": lambda f: f.said.to_numpy().astype("U"),
    "masked true and false": lambda f: hidden(f.happened, bool, True),
    "masked whole numbers": lambda f: hidden(f.number, int, 7),
    "masked floats": lambda f: hidden(f.number, float, 0.5),
    "masked words": lambda f: np.ma.array(f.said.replace("NULL", "gone").tolist(), mask=f.happened.isna()),
    "a Series": lambda f: f.happened,
    "a Series in another order": lambda f: f.happened.iloc[::-1],
    "a Series of those who are known": lambda f: f.happened.dropna().astype(bool).sort_index(),
    "a Series of pandas' true and false": lambda f: f.happened.astype("boolean"),
    "a Series of pandas' whole numbers": lambda f: f.number.astype("Int8"),
    "a Series of text": lambda f: f.said.astype("string"),
    "a Series of categories": lambda f: f.said.astype("category"),
    "a Series of Arrow's": lambda f: f.happened.astype("bool[pyarrow]"),
    "a Series by patient_id": lambda f: by_id(f.happened).set_index("patient_id").had,
    "a frame of one column": lambda f: f[["happened"]].iloc[::-1],
    "a polars Series": lambda f: pl.Series(objects(f.happened)),
    "a polars Series of categories": lambda f: pl.Series(objects(f.said), dtype=pl.Categorical),
    "an Arrow array": lambda f: pa.array(objects(f.happened)),
    "an Arrow array in pieces": lambda f: pa.chunked_array(
        [pa.array(objects(f.happened)[:700]), pa.array(objects(f.happened)[700:])]
    ),
    "an Arrow array of whole numbers": lambda f: pa.array(objects(f.happened)).cast(pa.int8()),
    "an Arrow array of words": lambda f: pa.array(objects(f.said)).dictionary_encode(),
    "a mapping": lambda f: dict(zip(sorted_ids(), by_id(f.happened).had, strict=True)),
    "a mapping of words": lambda f: dict(zip(sorted_ids(), by_id(f.said).had, strict=True)),
    "a mapping of those who are known": lambda f: by_id(f.happened).dropna().set_index("patient_id").had.to_dict(),
    "a frame by patient_id": lambda f: by_id(f.happened),
    "a frame of pandas' true and false by patient_id": lambda f: by_id(f.happened.astype("boolean")),
    "a frame of those who are known, by patient_id": lambda f: by_id(f.happened.dropna().astype(bool)).dropna(),
    "an Arrow table by patient_id": lambda f: arrow_by_id(),
    "a polars frame by patient_id": lambda f: pl.from_arrow(arrow_by_id()),
}
# Each says what the column ``known`` says; they have no way to say that something is not known.
KNOWN: dict[str, Form] = {
    "an array of true and false": lambda f: f.known.to_numpy(),
    "an array of whole numbers": lambda f: f.known.to_numpy().astype(np.int64),
    "an array of small whole numbers": lambda f: f.known.to_numpy().astype(np.uint8),
    "a list of 0 and 1": lambda f: f.known.astype(int).tolist(),
    "a Series of NumPy's true and false": lambda f: f.known.iloc[::-1],
    "a frame of NumPy's true and false by patient_id": lambda f: by_id(f.known),
}
REFUSED: dict[str, tuple[Form, str]] = {
    "a Series numbered anew": (lambda f: f.happened.reset_index(drop=True), "Series numbered from 0"),
    "a frame numbered anew": (lambda f: f[["happened"]].reset_index(drop=True), "Series numbered from 0"),
    "fewer, numbered anew": (
        lambda f: f.happened.dropna().reset_index(drop=True),
        "Series of 1,460 values numbered",
    ),
    "labels of others": (lambda f: f.happened.rename(lambda n: n + 7), "7 labels of its index"),
    "labels twice": (lambda f: pd.concat([f.happened, f.happened]), "labels occur twice"),
    "too few": (lambda f: [True, False, None], "outcome= holds 3 values; the source has 1,500 rows"),
    "an array of rows": (lambda f: f[["number"]].to_numpy()[:, [0, 0]], "is a table of 2 columns"),
    "a share": (lambda f: [0.5, *objects(f.number)[1:]], "outcome= holds 1 value neither 0 nor 1"),
    "infinity": (lambda f: [np.inf, *objects(f.number)[1:]], "outcome= holds 1 value neither 0 nor 1"),
    "other words": (lambda f: ["perhaps", "", *objects(f.said)[2:]], "outcome= holds 1 value neither 0 nor 1"),
    "other words in Arrow": (lambda f: pa.array(f.patient_id), "outcome= holds 1,500 values neither 0 nor 1"),
    "a column of counts": (lambda f: "count", r"Column 'count' holds [0-9]+ values neither 0 nor 1"),
    "a column of ids": (lambda f: "other", r"Column 'other' holds 1,500 values neither 0 nor 1"),
    "no column": (lambda f: "hapened", "outcome= names 'hapened', which is no column. Did you mean 'happened'"),
    "dates": (lambda f: pd.Series(pd.Timestamp("2020-01-01"), f.index), "something neither 0 nor 1"),
    "lists": (lambda f: [[True]] * PEOPLE, "something neither 0 nor 1"),
    "bytes": (lambda f: [b"yes"] * PEOPLE, "something neither 0 nor 1"),
    "large numbers": (lambda f: [2**60] * PEOPLE, "something neither 0 nor 1"),
    "strangers": (lambda f: {f"q{i}": True for i in range(PEOPLE)}, "not one of them is that of one of the 1,500"),
    "ids that are numbers": (lambda f: dict.fromkeys(range(PEOPLE), True), "keyed by ids that are not text"),
    "an id twice": (lambda f: pd.concat([by_id(f.known)] * 2), "1,500 outcomes whose patient_id was given before"),
    "a table of others": (lambda f: pa.table({"had": f.known}), "a table without a column patient_id"),
    "two columns": (lambda f: f[["patient_id", "happened", "known"]], "2 columns more"),
    "a lazy frame": (lambda f: pl.LazyFrame({"patient_id": ["p"], "had": [True]}), "a lazy frame"),
    "a set": (lambda f: {"p00001"}, "outcome= is the name of a column; or true and false"),
    "bytes alone": (lambda f: b"happened", "outcome= is the name of a column; or true and false"),
    "a function": (lambda f: len, "outcome= holds something neither 0 nor 1"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("form", HAPPENED)
def test_every_form_says_through_every_door_what_the_column_says(form, door):
    assert DOORS[door](HAPPENED[form](frame())) == result_of_column(door, "happened")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("form", KNOWN)
def test_so_does_every_form_in_which_all_is_known(form, door):
    assert DOORS[door](KNOWN[form](frame())) == result_of_column(door, "known")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("form", REFUSED)
def test_every_door_refuses_the_same_in_the_same_words(form, door):
    made, words = REFUSED[form]
    with pytest.raises(cm.InputError, match=words) as plainly:
        outcome_given(register(), made(frame()))
    with pytest.raises(cm.InputError) as refused:
        DOORS[door](made(frame()))
    assert str(refused.value).replace("base_rate", "outcome") == str(plainly.value)


def test_what_is_known_and_unknown_differ_so_that_forms_could_be_told_apart():
    for door in DOORS:
        assert result_of_column(door, "happened") != result_of_column(door, "known"), door


def test_the_outcome_is_the_callers_to_change():
    for given in ("number", "happened", frame().number.to_numpy()):
        found = outcome_given(register(), given)
        found[:] = 0
        assert np.isnan(outcome_given(register(), given)).sum() == UNKNOWN


def test_a_field_of_the_register_is_an_outcome_to_whatever_judges_and_none_to_learn():
    assert cm.evaluate("risk", "copd", register(), rules=False, replicates=100).judged.outcome.sum() > 50
    with pytest.raises(cm.InputError, match="outcome= names 'copd', which is a field of the register"):
        cm.fit_model(register(), "copd")


def test_repeats_of_a_row_have_one_outcome():
    twice = pd.concat([frame(), frame().head(5)], ignore_index=True)
    there = cm.read_register(twice, as_of=AS_OF)
    same = twice.known.to_numpy(copy=True)
    assert outcome_given(there, same).sum() == frame().known.sum()
    same[-1] = ~same[-1]
    with pytest.raises(cm.InputError, match="outcome= gives different values to repeats of one row"):
        outcome_given(there, same)
