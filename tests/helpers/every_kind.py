"""A model of everything that a model file can say, tables of awkward rows for it, and what the kernel makes of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from engines import ANY_QUALITY
from model_folders import FLAG, HEAD, INPUTS, ONE_FLAG, write_model
from register_tools import AS_OF

import casemgmt as cm
from casemgmt.register.fields import FIELDS
from casemgmt.risk.link import risk

# Everything that a model file can say, on the model of every kind of input; the score comes from another folder.
MORE = """
[[input]]
name = "cancer"
kind = "flag"
value = "0.4"
missing = "absent"
superseded_by = ["palliative_care"]

[[input]]
name = "palliative_care"
kind = "flag"
value = "0.9"
missing = "0.001"

[[input]]
name = "lives_alone"
kind = "flag"
value = "0.06"
missing = "0.03"

[[input]]
name = "falls"
kind = "integer"
from = 0
table = ["0", "0.2", "0.5"]
missing = "0.11"

[[input]]
name = "steps"
kind = "integer"
from = 3
below = "first"
table = ["0.9", "0.5", "0.1"]
missing = "0.12"

[[input]]
name = "stairs"
kind = "integer"
from = 2
below = "no score"
table = ["0.01", "0.02"]
missing = "0.13"

[[input]]
name = "glucose"
kind = "number"
edges = ["3.9", "7.8", "11.100001"]
closed = "right"
table = ["0.3", "0", "0.15", "0.35"]
missing = "0.02"

[[input]]
name = "burden"
kind = "score"
model = "../inner"
edges = ["0.5", "1.5"]
closed = "right"
table = ["0", "0.07", "0.19"]
missing = "0.5"

[[input]]
name = "age with cancer"
kind = "pair"
of = ["age", "cancer"]
edges_first = ["20"]
table = [["0", "0.21"], ["0.22", "0.23"]]
missing_second = ["0.001", "0.002"]
missing = "0.05"

[[input]]
name = "housing with glucose"
kind = "pair"
of = ["housing", "glucose"]
edges_second = ["7.8"]
table = [["0", "0.31"], ["0.32", "0.33"], ["0.34", "0.35"]]
missing_first = ["0.01", "0.02"]
missing = "0.06"

[[input]]
name = "sex with medicines"
kind = "pair"
of = ["sex", "repeat_medicines"]
table = [["0", "0.1", "0.2"], ["0.3", "0.4", "0.5"]]
missing = "0.07"
"""
INNER = ONE_FLAG + "divide_by = 2\n" + FLAG.replace("asthma", "copd") + FLAG.replace("asthma", "gout")
COLUMNS = {
    "diabetes": (pa.bool_(), (True, False, None)),
    "asthma": (pa.int64(), (0, 1, 2, None)),
    "age": (pa.int64(), (-1, 0, 17, 18, 19, 20, 21, 64, 120, 121, None)),
    "repeat_medicines": (pa.float64(), (0.0, 1.0, 2.0, 3.0, 4.0, 60.0, 61.0, math.nan, None)),
    "sex": (pa.string(), ("F", "M", "F", "M", "F", "m", " F ", "I", "U", "", None)),
    "housing": (pa.string(), ("flat", "house", "Flat", "house boat", "O'Brien's; --", "  ", None)),
    "body_mass_index": (pa.float64(), (17.0, 18.499999, 18.5, 25.0, 30.25, 99.0, 99.0, math.nan, math.inf, None)),
    "emergency_admissions_12m": (pa.int64(), (-3, 0, 1, 2, 3, 99, 100, None)),
    "cancer": (pa.bool_(), (True, False, None)),
    "palliative_care": (pa.bool_(), (True, False, None)),
    "lives_alone": (pa.string(), ("Y", "n", "true", "0", "1.0", "", "NA", None)),
    "falls": (pa.int64(), (-2, 0, 1, 2, 3, 100, None)),
    "steps": (pa.float64(), (-7.0, 0.0, 3.0, 4.0, 5.0, 1e9, math.nan, None)),
    "stairs": (pa.int64(), (1, 2, 2, 2, 3, 4, None)),
    "glucose": (pa.float64(), (-1e300, 3.9, 3.900001, 7.8, 11.1, 11.100001, 11.100002, 1e300, math.nan, None)),
    "copd": (pa.bool_(), (True, False, None)),
    "gout": (pa.bool_(), (True, False, None)),
    "objected": (pa.bool_(), (*[False] * 12, True, None)),
}


def everything(folder: Path) -> Any:
    """A survival model with a floor and a divisor, every kind of input, pairs, and the score of another model."""
    write_model(folder / "inner", INNER)
    return cm.load_model(write_model(folder / "every-kind", HEAD.replace('"-1.2"', '"0.1"') + INPUTS + MORE))


def rows_of(columns, count: int, seed: int) -> pa.Table:
    choose = np.random.default_rng(seed)
    values = {
        name: pa.array([pool[place] for place in choose.integers(len(pool), size=count)], kind, from_pandas=False)
        for name, (kind, pool) in columns.items()
    }
    ids = [f"p{number:07d}" for number in range(count)]
    return pa.table({"patient_id": ids, "practice_id": ["C87002"] * count} | values)


def expected_of(model, table: pa.Table) -> tuple[dict, dict]:
    """Scores and risks by id, as the kernel gives them."""
    register = cm.read_register(table, as_of=AS_OF, **ANY_QUALITY)
    assert len(register) == table.num_rows
    scores = model.score(register)
    ids = table["patient_id"].to_pylist()
    points = np.array([math.nan if score is None else score for score in scores.to_pylist()])
    risks = [None if math.isnan(one) else one for one in risk(model, points).tolist()]
    return dict(zip(ids, scores.to_pylist(), strict=True)), dict(zip(ids, risks, strict=True))


def agree(answer, scores, risks) -> int:
    """Every row answered once, its score to the digit and its risk within 1e-12; returns how many have a score."""
    assert len(answer) == len(scores)
    scored = 0
    for person, score, likely in answer:
        wanted, chance = scores[person], risks[person]
        assert (score is None) == (wanted is None), person
        if score is not None:
            assert float(score) == wanted, person
            scored += 1
        assert (likely is None) == (chance is None)
        assert likely is None or abs(likely - chance) <= 1e-12
    return scored


def pool_of(column: str):
    if column == "sex":
        return COLUMNS["sex"]
    field = FIELDS.get(column)
    if field is not None and field.kind == "flag":
        return pa.bool_(), (True, False)
    if field is None:
        return pa.int64(), (0, 1)
    return pa.int64(), (*range(field.least, min(field.most, 12)), field.most, None)
