"""Model folders made for tests: a model of every kind of input, one of a single flag, and how they are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from casemgmt.risk.files import load_model
from casemgmt.risk.model import Model
from casemgmt.risk.vectors import covering_vectors

CAMBRIDGE = "cambridge-multimorbidity-20"

HEAD = """[model]
name = "every-kind"
title = "Every kind of input"
source = "made for a test"
outcome = "none"
horizon_days = 365
population = "nobody"
intended_use = "tests"
not_for = "use"
licence = "MIT"
version = "1"
link = "survival"
baseline_survival = "0.9712345"
centre = "0.35"
intercept = "-0.25"
floor = "-1.2"
divide_by = 3
"""

INPUTS = """
[[input]]
name = "diabetes"
kind = "flag"
value = "0.75"
missing = "absent"

[[input]]
name = "asthma"
kind = "flag"
value = "-0.31"
missing = "0.017"

[[input]]
name = "age"
kind = "integer"
from = 18
below = "no score"
table = ["0.1", "0.22", "0.37", "0.59"]
missing = "no score"

[[input]]
name = "repeat_medicines"
kind = "integer"
from = 2
below = "first"
table = ["-0.4", "0.013", "0.9"]
missing = "0.05"

[[input]]
name = "sex"
kind = "category"
values = { F = "0.1", M = "0.26" }
other = "no score"
missing = "0.2"

[[input]]
name = "housing"
kind = "category"
values = { flat = "0.11", house = "-0.05" }
other = "0.3"
missing = "no score"

[[input]]
name = "body_mass_index"
kind = "number"
edges = ["18.5", "25", "30.25"]
closed = "left"
table = ["0.6", "0.02", "0.21", "0.47"]
missing = "no score"

[[input]]
name = "emergency_admissions_12m"
kind = "number"
edges = ["0", "2"]
closed = "right"
table = ["-0.9", "0.33", "1.21"]
missing = "0.04"
"""

ONE_FLAG = HEAD.replace('link = "survival"', 'link = "points"')
for _line in ('baseline_survival = "0.9712345"', 'centre = "0.35"', 'floor = "-1.2"', "divide_by = 3", "-0.25"):
    ONE_FLAG = ONE_FLAG.replace(_line, "0" if _line == "-0.25" else "")
FLAG = '\n[[input]]\nname = "asthma"\nkind = "flag"\nvalue = "1"\nmissing = "absent"\n'


def write_model(folder: Path, text: str, vectors: str | None = None) -> Path:
    """A model folder; its vectors are made from the tables unless given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.toml").write_text(text, encoding="utf-8")
    if vectors is None:
        vectors = covering_vectors(read_unchecked(folder))
    (folder / "vectors.csv").write_text(vectors, encoding="utf-8")
    return folder


def read_unchecked(folder: Path) -> Model:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("casemgmt.risk.vectors.check_vectors", lambda *_: None)
        if not (folder / "vectors.csv").exists():
            (folder / "vectors.csv").write_text("")
        return load_model(folder)


def other_digits(text: str, pattern: str) -> list[str]:
    """The text with one digit changed, for each digit within each match of the pattern."""
    places = [at for match in re.finditer(pattern, text) for at in range(*match.span(1)) if text[at].isdigit()]
    return [text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :] for at in places]
