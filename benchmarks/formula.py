"""The benchmark model's formula, in whole millionths, and the model folder written from it.

``python -m benchmarks.formula`` writes ``benchmarks/model``. The numbers are made up: they only have to look like a
score of admissions. Contenders write this formula in their own words; the vectors are worked out from it, not from the
tables, so that a wrong table is refused when the model loads.

score = intercept + Σ weight of each condition present + 0.061 (men) + 0.0137 × (10 − deprivation decile)
        + 0.000173 × max(age − 18, 0)² + Σ weight of each count × min(count, its cap)
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from casemgmt.register.fields import CONDITIONS, FIELDS
from casemgmt.risk.inputs import MILLION, decimal_text

FOLDER = Path(__file__).with_name("model")

INTERCEPT = -5_218_403
# Odd steps, so that few sums are equal by accident.
FLAGS: dict[str, int] = {name: 61_003 + 17_351 * ((7 * place) % 27) for place, name in enumerate(CONDITIONS)}
MALE = 61_000
IMD_STEP = 13_700
AGE_FROM, AGE_SQUARE = 18, 173
# Count → (millionths for each, the largest that still adds).
COUNTS: dict[str, tuple[int, int]] = {
    "emergency_admissions_12m": (412_309, 10),
    "ae_attendances_12m": (97_211, 15),
    "outpatient_attendances_12m": (18_917, 30),
    "repeat_medicines": (43_127, 20),
    "frailty_deficits": (52_361, 36),
}

HEAD = """# Written by `python -m benchmarks.formula`.
[model]
name         = "benchmark"
title        = "A made-up score of the usual shape, for timings"
source       = "benchmarks/formula.py; the numbers are invented"
outcome      = "none"
horizon_days = 365
population   = "made-up people"
intended_use = "timings"
not_for      = "any patient"
licence      = "MIT"
version      = "1"
link         = "logistic"
demonstration = true
"""


def amount(name: str, value: Any) -> int | None:
    """What one input adds, in millionths; None where there is no score."""
    if value is None:
        return None if name == "age" else 0
    if name in FLAGS:
        return FLAGS[name] * int(value)
    if name == "sex":
        return MALE if value == "M" else 0
    if name == "imd_decile":
        return IMD_STEP * (10 - int(value))
    if name == "age":
        return AGE_SQUARE * int(max(value - AGE_FROM, 0)) ** 2
    weight, cap = COUNTS[name]
    return weight * int(min(value, cap))


def cells() -> dict[str, list[Any]]:
    """Each input's values, one a cell of its table; the last integer stands for every larger one."""
    return {
        **{name: [0, 1] for name in FLAGS},
        "sex": ["F", "M", "U"],
        "imd_decile": list(range(1, 11)),
        "age": list(range(FIELDS["age"].most + 1)),
        **{name: list(range(cap + 1)) for name, (_, cap) in COUNTS.items()},
    }


def model_text() -> str:
    """The model file."""
    parts = [HEAD, f'intercept    = "{decimal_text(INTERCEPT)}"\n']
    for name, values in cells().items():
        amounts = [decimal_text(amount(name, value) or 0) for value in values]
        parts.append(f'\n[[input]]\nname    = "{name}"\n')
        if name in FLAGS:
            parts.append(f'kind    = "flag"\nvalue   = "{amounts[1]}"\nmissing = "absent"\n')
        elif name == "sex":
            parts.append(f'kind    = "category"\nvalues  = {{ F = "{amounts[0]}", M = "{amounts[1]}" }}\n')
            parts.append('other   = "0"\nmissing = "0"\n')
        else:
            table = ", ".join(f'"{text}"' for text in amounts)
            missing = "no score" if name == "age" else "0"
            parts.append(f'kind    = "integer"\nfrom    = {values[0]}\ntable   = [{table}]\nmissing = "{missing}"\n')
    return "".join(parts)


def vectors_text() -> str:
    """Vectors that stand in every cell of every table, each score worked out from the formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    names = list(cells())
    writer.writerow((*names, "expected_score", "expected_risk"))
    for values in _covering():
        amounts = [amount(name, values[name]) for name in names]
        row = ["" if values[name] is None else str(values[name]) for name in names]
        if None in amounts:
            writer.writerow((*row, "", ""))
        else:
            total = INTERCEPT + sum(each for each in amounts if each is not None)
            writer.writerow((*row, decimal_text(total), repr(1 / (1 + math.exp(-total / MILLION)))))
    return out.getvalue()


def _covering() -> Iterator[Mapping[str, Any]]:
    every = cells()
    base = {name: values[0] for name, values in every.items()}
    yield base
    for name, values in every.items():
        for value in (*values[1:], None):
            yield {**base, name: value}


def write_model(folder: Path = FOLDER) -> None:
    """Write the model folder."""
    folder.mkdir(exist_ok=True)
    (folder / "model.toml").write_text(model_text(), encoding="utf-8")
    (folder / "vectors.csv").write_text(vectors_text(), encoding="utf-8")


if __name__ == "__main__":
    write_model()
