"""A missing input is counted whichever model looks at it: the one that ranks, or one whose score it takes."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from register_tools import AS_OF, people

import casemgmt as cm
from casemgmt.risk.chosen import chosen_rows, missing_inputs


def register_for(model: Any, rows: int, seed: int) -> tuple[pa.Table, Any]:
    """A register with gaps in every input of a model, its nested models' included."""
    rng = random.Random(seed)
    names = [name for name in model.columns if name != "age"]
    columns = {name: pa.array([rng.choice([None, 0, 1, 1]) for _ in range(rows)], pa.int8()) for name in names}
    table = people(rows, **columns).append_column("nominated", pa.array([False] * rows))
    table = table.append_column("care_home_type", pa.array(["nursing"] * rows))
    return table, cm.read_register(table, as_of=AS_OF)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", ["lace", "lace-comorbidity", "charlson", "charlson-age-adjusted"])
def test_inputs_missing_counts_every_empty_column_that_a_model_or_its_nested_models_look_at(name, compiled):
    model = cm.load_model(name)
    table, register = register_for(model, 60, seed=1)
    rows = np.arange(60)
    expected = [sum(row[column] is None for column in model.columns) for row in table.to_pylist()]
    assert max(expected) > 3
    chosen = chosen_rows(model, register, rows, compiled=compiled)
    assert missing_inputs(model, chosen, rows).tolist() == expected
    selection = cm.select(register, cm.load_scheme("rotherham-2015-16"), model=model)
    assert selection.to_arrow()["inputs_missing"].to_pylist() == expected


def test_an_explained_nested_score_says_how_many_of_its_inputs_are_not_recorded():
    model = cm.load_model("lace")
    inner = model.nested["lace_comorbidity"].columns
    columns = {name: [1, 1] for name in model.columns if name != "age"}
    columns[inner[0]] = [None, 1]
    register = cm.read_register(people(2, **columns), as_of=AS_OF)
    with_gap, without = (
        next(row for row in model.explain(register, patient).to_pylist() if row["input"] == "lace_comorbidity")
        for patient in ("020000", "020001")
    )
    assert with_gap["missing"] and with_gap["words"].endswith("(1 input of it not recorded)")
    assert not without["missing"] and "recorded" not in without["words"]
