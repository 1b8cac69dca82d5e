"""One input and its lookup table: cells, contributions, exact sums, and the score of another model."""

from __future__ import annotations

import math
import random
import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from model_folders import CAMBRIDGE, FLAG, HEAD, INPUTS, ONE_FLAG, write_model

from casemgmt.errors import InputError, ModelError
from casemgmt.risk.files import load_model
from casemgmt.risk.inputs import MILLION, ModelInput, decimal_text, millionths


@pytest.fixture
def every_kind(tmp_path: Path) -> Path:
    return write_model(tmp_path / "every-kind", HEAD + INPUTS)


def number_input(closed: str) -> ModelInput:
    return ModelInput(
        name="weight",
        label="Weight",
        kind="number",
        missing=7,
        edges=(10 * MILLION, 20_500_000),
        closed=closed,  # type: ignore[arg-type]
        table=(1, 2, 3),
    )


@pytest.mark.parametrize(
    ("value", "left", "right"),
    [
        (-1e300, 1, 1),
        (9.999999, 1, 1),
        (10, 2, 1),
        (np.float64(10.000001), 2, 2),
        (20.5, 3, 2),
        (Decimal("20.6"), 3, 3),
        (math.nan, 7, 7),
        (math.inf, 7, 7),
        (np.float32("-inf"), 7, 7),
        (None, 7, 7),
    ],
)
def test_an_edge_belongs_to_the_cell_on_its_closed_side(value: object, left: int, right: int) -> None:
    assert number_input("left").contribution(value) == left
    assert number_input("right").contribution(value) == right


def test_cells_are_named_for_people(every_kind: Path) -> None:
    cells = {each.name: each.cells for each in load_model(every_kind).inputs}
    assert cells["diabetes"] == ("absent", "present", "missing")
    assert cells["age"] == ("18", "19", "20", "21 or more", "under 18", "missing")
    assert cells["sex"] == ("F", "M", "any other", "missing")
    assert cells["body_mass_index"] == (
        "under 18.5",
        "18.5 to under 25",
        "25 to under 30.25",
        "30.25 and over",
        "missing",
    )
    assert cells["emergency_admissions_12m"] == ("0 and under", "over 0 to 2", "over 2", "missing")


def test_every_cell_has_its_contribution_in_the_same_place(every_kind: Path) -> None:
    inputs = {each.name: each for each in load_model(every_kind).inputs}
    assert inputs["diabetes"].contributions == (0, 750_000, 0)
    assert inputs["age"].contributions == (100_000, 220_000, 370_000, 590_000, None, None)
    assert [inputs["age"].contribution(age) for age in (17, 18, 21, 99, None)] == [
        None,
        100_000,
        590_000,
        590_000,
        None,
    ]
    assert [inputs["repeat_medicines"].contribution(n) for n in (0, 2, 3, 4, 60)] == [
        -400_000,
        -400_000,
        13_000,
        900_000,
        900_000,
    ]
    assert [inputs["housing"].contribution(kind) for kind in ("flat", "Flat", " ", None)] == [
        110_000,
        300_000,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("diabetes", 2), ("diabetes", "1"), ("age", 40.5), ("age", "40"), ("housing", 3), ("body_mass_index", "25")],
)
def test_a_value_of_the_wrong_kind_is_refused_without_being_shown(every_kind: Path, name: str, value: object) -> None:
    each = next(each for each in load_model(every_kind).inputs if each.name == name)
    with pytest.raises(InputError, match=f"'{name}'") as caught:
        each.contribution(value)
    assert str(value) not in re.sub("0 or 1", "", str(caught.value))


def test_contributions_add_up_to_the_score_and_never_pass_the_bound(every_kind: Path) -> None:
    model = load_model(every_kind)
    low, high = model.extremes
    assert -model.largest_sum <= low < high <= model.largest_sum
    totals = [model.sum_before_floor(values) for values in random_patients(300)]
    given = [total for total in totals if total is not None]
    assert min(given) >= low and max(given) <= high and len(given) > 100
    for values, total in zip(random_patients(300), totals, strict=True):
        amounts = [each.contribution(values[each.name]) for each in model.inputs]
        assert total == (None if None in amounts else model.intercept + sum(filter(None, amounts)))
        assert model.score_of(values) == (None if total is None else max(total, -1_200_000))


def random_patients(count: int) -> list[dict[str, object]]:
    source = random.Random(3)
    return [
        {
            "diabetes": source.choice((0, 1, None)),
            "asthma": source.choice((0, 1, None)),
            "age": source.choice((*range(16, 40), None)),
            "repeat_medicines": source.choice((0, 1, 2, 3, 4, 9, None)),
            "sex": source.choice(("F", "M", "F", "M", "U", None)),
            "housing": source.choice(("flat", "house", "boat", "barn", None)),
            "body_mass_index": source.choice((17.0, 18.5, 24.9, 25, 31.0)),
            "emergency_admissions_12m": source.choice((0, 1, 2, 3, None)),
        }
        for _ in range(count)
    ]


def test_decimals_are_read_and_written_exactly() -> None:
    for text, whole in (("0", 0), ("-0.000001", -1), ("12.5", 12_500_000), ("1000000", 10**12), ("0.10", 100_000)):
        assert millionths(text) == whole
        assert Decimal(decimal_text(whole)) == Decimal(text)
    for wrong in ("", ".", "1.", ".5", "+1", "--1", "1_0", " 1", "0x1", "nan", "1.2.3", None, True, 1, 0.5):
        with pytest.raises(ModelError):
            millionths(wrong)


SCORE = """
[[input]]
name = "burden"
kind = "score"
model = "{model}"
edges = ["0.5", "2"]
closed = "left"
table = ["0", "1.5", "4"]
missing = "no score"
"""


def test_a_score_input_reads_another_models_exact_score(tmp_path: Path) -> None:
    inner = ONE_FLAG + "divide_by = 2\n" + FLAG + FLAG.replace("asthma", "copd").replace('"1"', '"3"')
    write_model(tmp_path / "inner", inner)
    outer = ONE_FLAG + FLAG.replace("asthma", "dementia") + SCORE.format(model="../inner")
    model = load_model(write_model(tmp_path / "outer", outer))
    assert model.columns == ("dementia", "asthma", "copd")
    assert model.score_of({}) == 0
    assert model.score_of({"asthma": 1}) == 1_500_000, "1 halved is on the edge 0.5, which is closed on the left"
    assert model.score_of({"asthma": 1, "copd": 1, "dementia": 1}) == 5_000_000
    shipped = load_model(write_model(tmp_path / "shipped", ONE_FLAG + SCORE.format(model=CAMBRIDGE)))
    assert shipped.score_of({"dementia": True}) == 4_000_000
    assert shipped.score_of({"epilepsy": True}) == 1_500_000


def test_a_score_input_without_a_score_is_missing(tmp_path: Path) -> None:
    write_model(tmp_path / "inner", ONE_FLAG + FLAG.replace("absent", "no score"))
    text = ONE_FLAG + SCORE.format(model="../inner")
    assert load_model(write_model(tmp_path / "a", text)).score_of({}) is None
    text = text.replace('missing = "no score"', 'missing = "0.7"')
    assert load_model(write_model(tmp_path / "b", text)).score_of({}) == 700_000


def test_models_that_take_their_own_score_are_refused(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a"), ("self", "self")):
        write_model(tmp_path / name, ONE_FLAG + SCORE.format(model=f"../{other}"), "")
    for name in ("a", "self"):
        with pytest.raises(ModelError, match="takes its own score as an input"):
            load_model(tmp_path / name)
    with pytest.raises(ModelError, match="key 'model' There is no model 'nonesuch'"):
        load_model(write_model(tmp_path / "c", ONE_FLAG + SCORE.format(model="nonesuch"), ""))
