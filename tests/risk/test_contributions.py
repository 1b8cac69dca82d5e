"""What is said of many patients at once is what is said of each alone, and adds up to the score."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

import casemgmt as cm
from casemgmt.risk.contributions import contributions_of, factor_text, points_text
from casemgmt.risk.inputs import MILLION


@pytest.fixture(scope="module")
def register():
    return cm.synthesise("C87616", seed=1)


MODELS = ("cambridge-multimorbidity-20", "demonstration-admission")


@pytest.mark.parametrize("name", MODELS)
def test_each_patient_s_contributions_are_those_of_explain(register, name):
    model = cm.load_model(name)
    rows = np.flatnonzero(~register.packed.is_set("objected"))[:150]
    ids = register.column("patient_id", rows).to_pylist()
    found = contributions_of(model, register, rows)
    for patient, places in zip(ids, found.of_rows, strict=True):
        told = model.explain(register, patient, allow_demonstration=True)
        amounts = told.column("millionths").to_pylist()
        if None in amounts:
            assert places is None
            continue
        said = sorted((found.distinct[place].words, found.distinct[place].millionths) for place in places)
        rows_told = zip(told.column("words").to_pylist(), amounts, told.column("missing").to_pylist(), strict=True)
        assert said == sorted((words, amount) for words, amount, missing in rows_told if amount or missing)
        assert sum(found.distinct[place].millionths for place in places) == sum(amounts)


@pytest.mark.parametrize("name", MODELS)
def test_points_are_written_exactly(register, name):
    model = cm.load_model(name)
    for amount in (0, 1, -1, 1_530_000, 12_000_000, -7_000_001):
        text = points_text(model, amount)
        assert Decimal(text) * MILLION * model.divide_by == amount
        assert "E" not in text and text != "-0"
        assert bool(factor_text(model, amount)) == (model.link != "points")
