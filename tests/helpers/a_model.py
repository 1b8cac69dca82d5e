"""A model of four tables, and ids to score by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa


def a_model(link: str) -> Any:
    """A model of four tables, with every missing rule; ages 70 and under share a cell."""
    from casemgmt.risk.inputs import ModelInput
    from casemgmt.risk.model import Model

    words = dict.fromkeys(("title", "source", "outcome", "population", "intended_use", "not_for", "licence"), "tests")
    homes = ("none", "nursing", "residential", "unspecified", "respite", "supported_living")
    inputs = (
        ("age", "integer", "no score", (100_000, 200_000, 200_000, 200_000, 300_001), {"first": 70, "below": "first"}),
        ("diabetes", "flag", "absent", (0, 250_000), {}),
        ("emergency_admissions_12m", "integer", 50_000, (0, 500_000, 1_000_000), {}),
        ("care_home_type", "category", 150_000, (0, 300_000, 300_000, 200_000, 0, 100_000), {"categories": homes}),
    )
    return Model(
        **words,
        name="a-model",
        version="1",
        horizon_days=365,
        link=link,
        intercept=-1_200_000,
        inputs=tuple(
            ModelInput(name=name, label=name, kind=kind, missing=missing, table=table, **more)
            for name, kind, missing, table, more in inputs
        ),
    )


MODEL_COLUMNS = ("diabetes", "emergency_admissions_12m", "care_home_type")


def serial_ids(count: int) -> pa.Array:
    """``00000000``, ``00000001``, … as text, made from digits directly."""
    digits = np.arange(count)[:, None] // 10 ** np.arange(7, -1, -1) % 10 + ord("0")
    offsets = np.arange(count + 1, dtype=np.int32) * 8
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(digits.astype(np.uint8).tobytes()))
