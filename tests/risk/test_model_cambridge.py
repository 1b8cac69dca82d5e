"""The shipped Cambridge score is the published one."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from pathlib import Path

import pytest
from model_folders import CAMBRIDGE, other_digits, write_model

from casemgmt.errors import ModelError
from casemgmt.risk import files
from casemgmt.risk.files import load_model
from casemgmt.risk.inputs import MILLION, decimal_text, millionths

CAMBRIDGE_WEIGHTS = {
    "hypertension": "0.08",
    "anxiety_depression": "0.5",
    "painful_condition": "0.92",
    "hearing_loss": "0.09",
    "irritable_bowel": "0.21",
    "asthma": "0.19",
    "diabetes": "0.75",
    "coronary_heart_disease": "0.49",
    "chronic_kidney_disease": "0.53",
    "atrial_fibrillation": "1.34",
    "constipation": "1.12",
    "stroke_tia": "0.8",
    "copd": "1.46",
    "connective_tissue_disorder": "0.43",
    "cancer": "1.53",
    "alcohol_problems": "0.65",
    "heart_failure": "1.18",
    "dementia": "2.5",
    "psychosis_bipolar": "0.64",
    "epilepsy": "0.92",
}


@pytest.mark.parametrize(
    ("present", "score"),
    [
        (("hypertension", "diabetes"), "0.83"),
        (("dementia", "atrial_fibrillation", "constipation", "painful_condition"), "5.88"),
        (tuple(CAMBRIDGE_WEIGHTS), "16.33"),
        ((), "0"),
    ],
)
def test_each_worked_example_of_the_cambridge_score_comes_out_exactly(present: tuple[str, ...], score: str) -> None:
    model = load_model(CAMBRIDGE)
    total = model.score_of({name: int(name in present) for name in CAMBRIDGE_WEIGHTS})
    assert total == millionths(score)
    assert model.points(total) == float(score)
    assert model.score_of(dict.fromkeys(present, True)) == total, "what is not named is absent"


def test_the_cambridge_weights_are_the_published_ones_in_the_published_order() -> None:
    model = load_model(CAMBRIDGE)
    assert {each.name: decimal_text(each.table[1]) for each in model.inputs} == CAMBRIDGE_WEIGHTS
    assert model.columns == tuple(CAMBRIDGE_WEIGHTS)
    assert (model.link, model.intercept, model.floor, model.no_score_inputs) == ("points", 0, None, ())
    assert all(each.missing == "absent" for each in model.inputs)


def test_any_changed_digit_in_the_cambridge_tables_is_refused(tmp_path: Path) -> None:
    shipped = files._shipped_folder() / CAMBRIDGE
    text, vectors = (shipped / "model.toml").read_text(), (shipped / "vectors.csv").read_text()
    changed = other_digits(text, r'(?:value +|intercept +)= "([^"]*)"')
    assert len(changed) == 1 + sum(sum(c.isdigit() for c in weight) for weight in CAMBRIDGE_WEIGHTS.values())
    for wrong in changed:
        with pytest.raises(ModelError, match=r"vectors\.csv line \d+: the tables give"):
            load_model(write_model(tmp_path / "copy", wrong, vectors))


def test_two_swapped_conditions_of_the_cambridge_score_are_refused(tmp_path: Path) -> None:
    shipped = files._shipped_folder() / CAMBRIDGE
    text = (shipped / "model.toml").read_text().replace('"0.64"', '"x"').replace('"0.65"', '"0.64"')
    with pytest.raises(ModelError, match="the tables give"):
        load_model(write_model(tmp_path / "copy", text.replace('"x"', '"0.65"'), (shipped / "vectors.csv").read_text()))


def test_sums_are_exact_and_the_score_is_rounded_once() -> None:
    model = load_model(CAMBRIDGE)
    random_source = random.Random(20)
    weights = {name: Fraction(weight) for name, weight in CAMBRIDGE_WEIGHTS.items()}
    for _ in range(500):
        values = {name: random_source.choice((0, 1, True, 1.0, None, math.nan)) for name in weights}
        exact = sum((weights[name] for name, value in values.items() if value == 1), Fraction(0))
        total = model.score_of(values)
        assert total is not None and Fraction(total, MILLION) == exact
        assert model.points(total) == float(exact)
