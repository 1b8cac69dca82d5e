"""A flag that a graver one supersedes: cancer beside metastatic cancer counts once, everywhere a score is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_folders import ONE_FLAG, read_unchecked, write_model
from register_tools import AS_OF, people

import casemgmt as cm
from casemgmt.errors import ModelError
from casemgmt.risk.scoring import NO_SCORE_64, sums_of
from casemgmt.risk.writing import model_text

# One superseded flag is a register field, held as a bit; the other a carried column.
HIERARCHY = (
    ONE_FLAG
    + """
[[input]]
name = "cancer"
kind = "flag"
value = "2"
missing = "absent"
superseded_by = ["metastatic_cancer", "palliative_care"]

[[input]]
name = "metastatic_cancer"
kind = "flag"
value = "6"
missing = "no score"

[[input]]
name = "palliative_care"
kind = "flag"
value = "-3.5"
missing = "0.25"

[[input]]
name = "skin_cancer"
kind = "flag"
value = "0.5"
missing = "absent"
superseded_by = ["metastatic_cancer"]
"""
)
NAMES = ("cancer", "metastatic_cancer", "palliative_care", "skin_cancer")
FLAG = st.sampled_from((None, False, True))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return cm.load_model(write_model(tmp_path_factory.mktemp("hierarchy"), HIERARCHY))


def by_hand(cancer, metastatic, palliative, skin) -> int | None:
    """The score in ten-thousandths of a point, told from the file's words alone."""
    if metastatic is None:
        return None
    total = 60_000 if metastatic else 0
    total += 2_500 if palliative is None else -35_000 if palliative else 0
    total += 20_000 if cancer and not metastatic and not palliative else 0
    return total + (5_000 if skin and not metastatic else 0)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(FLAG, FLAG, FLAG, FLAG), min_size=1, max_size=30))
def test_the_greater_flag_silences_the_lesser_in_one_score_and_in_a_registers(model, rows):
    expected = [by_hand(*row) for row in rows]
    assert [model.score_of(dict(zip(NAMES, row, strict=True))) for row in rows] == [
        None if score is None else score * 100 for score in expected
    ]
    columns = {name: pa.array(column, pa.bool_()) for name, column in zip(NAMES, zip(*rows, strict=True), strict=True)}
    register = cm.read_register(people(len(rows), **columns), as_of=AS_OF)
    assert model.score(register).to_pylist() == [None if score is None else score / 10_000 for score in expected]


def test_the_compiled_loop_knows_hierarchies_as_numpy_does(model):
    choose = np.random.default_rng(4)
    columns = {name: pa.array(choose.random(3_000) < 0.4) for name in NAMES}
    register = cm.read_register(people(3_000, **columns), as_of=AS_OF)
    compiled = sums_of(model, register, compiled=True)
    assert np.array_equal(compiled, sums_of(model, register, compiled=False))
    assert len(np.unique(compiled)) == 7 and NO_SCORE_64 not in compiled


def test_what_is_superseded_is_said_so_where_a_score_is_explained(model):
    present = {name: [True] for name in NAMES}
    register = cm.read_register(people(1, **present), as_of=AS_OF)
    told = {row["input"]: row for row in model.explain(register, "020000").to_pylist()}
    assert told["cancer"]["words"] == "Cancer: counted under a graver condition"
    assert [told[name]["contribution"] for name in NAMES] == [0.0, 6.0, -3.5, 0.0]
    assert not any(row["missing"] for row in told.values())
    assert "2, none beside metastatic_cancer or palliative_care" in model._repr_html_()


def test_a_hierarchy_left_out_or_weakened_is_refused_by_the_vectors(tmp_path):
    vectors = (write_model(tmp_path / "whole", HIERARCHY) / "vectors.csv").read_text()
    for old, new in [
        ('superseded_by = ["metastatic_cancer", "palliative_care"]', ""),
        ('superseded_by = ["metastatic_cancer", "palliative_care"]', 'superseded_by = ["metastatic_cancer"]'),
        ('superseded_by = ["metastatic_cancer", "palliative_care"]', 'superseded_by = ["palliative_care"]'),
        ('superseded_by = ["metastatic_cancer"]', ""),
    ]:
        with pytest.raises(ModelError, match=r"vectors\.csv line \d+: the tables give"):
            cm.load_model(write_model(tmp_path / "changed", HIERARCHY.replace(old, new), vectors))


def test_vectors_that_never_stand_beside_a_greater_flag_are_refused(tmp_path):
    lines = (write_model(tmp_path / "whole", HIERARCHY) / "vectors.csv").read_text().splitlines()
    beside_palliative = [line for line in lines if not line.startswith("1,0,1,")]
    assert len(beside_palliative) == len(lines) - 1
    with pytest.raises(ModelError, match="no vector touches input 'cancer', present beside 'palliative_care' alone"):
        cm.load_model(write_model(tmp_path / "fewer", HIERARCHY, "\n".join(beside_palliative)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["metastatic_cancer"]', '["metastatic_cancre"]', "Did you mean 'metastatic_cancer'"),
        ('["metastatic_cancer"]', '["skin_cancer"]', "names 'skin_cancer', which is no other flag"),
        ('["metastatic_cancer"]', '["cancer"]', "names 'cancer', which is superseded itself"),
        ('["metastatic_cancer"]', '["metastatic_cancer", "metastatic_cancer"]', "names 'metastatic_cancer' twice"),
        ('["metastatic_cancer"]', '"metastatic_cancer"', "must be a list"),
        ('"0.5"\nmissing = "absent"', '"0.5"\nmissing = "no score"', 'that others supersede must be "absent"'),
        ('["metastatic_cancer"]', '["age"]', "no other flag"),
    ],
)
def test_a_hierarchy_that_cannot_be_is_refused_by_name(tmp_path, old, new, message):
    text = HIERARCHY.replace(old, new) if old != '["metastatic_cancer"]' else HIERARCHY[:-1].rsplit(old, 1)[0] + new
    age = '\n[[input]]\nname = "age"\nkind = "integer"\nfrom = 0\ntable = ["0"]\nmissing = "no score"\n'
    with pytest.raises(ModelError, match=message):
        read_unchecked(write_model(tmp_path, text + age, ""))


def test_a_written_model_keeps_its_hierarchy(model, tmp_path: Path):
    again = cm.load_model(write_model(tmp_path, model_text(model)))
    assert again.inputs == model.inputs


def test_a_graver_illness_next_month_takes_the_mild_ones_points_and_the_moves_add_up(model):
    def listed(metastatic: list[bool], as_of: str):
        columns = {name: [False] * 40 for name in NAMES} | {"metastatic_cancer": metastatic}
        columns["cancer"] = [row < 2 for row in range(40)]
        columns["skin_cancer"] = [row == 0 for row in range(40)]
        care = {"care_home_type": ["none"] * 40, "nominated": [False] * 40}
        register = cm.read_register(people(40, **columns, **care), as_of=as_of)
        return cm.select(register, cm.load_scheme("rotherham-2015-16"), model=model)

    before = listed([False] * 40, "2015-03-01")
    after = listed([row == 1 for row in range(40)], "2015-04-01")
    moved = {
        row["input"]: (row["before"], row["after"], row["moved"])
        for row in cm.compare(before, after).attribution.to_pylist()
        if row["patient_id"] == "020001"
    }
    assert moved == {"cancer": ("present", "superseded", -2.0), "metastatic_cancer": ("absent", "present", 6.0)}
    assert after.practice("C87002")["score"].to_pylist() == [6.0]
