"""Small registers of some practices in any order, with a scheme, and how long to search among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, Phase, settings

SETTINGS = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


LONG = settings(SETTINGS, max_examples=3000, derandomize=False)


SCHEME = """
[scheme]
id = "a-scheme"
title = "A scheme"
source = "tests"
decisions = ["all"]
tie_key = "k"
required = []
optional = ["diabetes", "copd", "asthma"]

[[route]]
name = "top"
kind = "top_share"
share = "10%"
limit = "at_most"
of = {}
among = {}
counts_as = "case_management"

[[route]]
name = "floor"
kind = "top_share"
share = "7%"
limit = "at_least"
include_tied = true
of = { age = { at_least = 18 } }
among = { diabetes = true }
counts_as = "case_management"
"""


AS_OF = "2015-04-01"


def people(rows: int, *, practices: int = 3, seed: int = 1, **columns: Any) -> pa.Table:
    """So many patients, mixed among some practices, with a score."""
    generator = np.random.default_rng(seed)
    codes = [f"C{87001 + p}" for p in range(practices)]
    return pa.table(
        {
            "patient_id": [f"id{n:06d}" for n in range(rows)],
            "practice_id": [codes[p] for p in generator.integers(0, practices, rows)],
            "age": generator.integers(0, 100, rows),
            "diabetes": pa.array(generator.random(rows) < 0.3),
            "points": generator.integers(0, 40, rows) / 8,
        }
        | columns
    )


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """The table with one column in the place of another, or added."""
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, values)
    return table.append_column(name, values)
