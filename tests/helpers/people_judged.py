"""A register whose people have a risk and an outcome, some of whom cannot be judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

import casemgmt as cm

AS_OF = "2020-04-01"


def people_table(
    seed: int = 1, sizes: tuple[int, ...] = (400, 300, 200), *, right: float = 1.0, rounded: int = 3
) -> pa.Table:
    """People of a few practices, with ``risk`` and ``happened``.

    Parameters
    ----------
    right : slope of the true log-odds on those of the risk
    rounded : decimals of the risk, so that some people share one
    """
    random = np.random.default_rng(seed)
    count = sum(sizes)
    log_odds = random.normal(-1.6, 1.3, count)
    risk = np.round(1 / (1 + np.exp(-log_odds)), rounded)
    happened = random.random(count) < 1 / (1 + np.exp(-right * log_odds))
    known = random.random(count) > 0.02
    practice = np.repeat([f"C8700{i + 1}" for i in range(len(sizes))], sizes)
    return pa.table(
        {
            "patient_id": [f"{i:05d}" for i in range(count)],
            "practice_id": practice.tolist(),
            "age": np.clip(random.normal(55, 18, count) + 4 * log_odds, 18, 99).astype(int).tolist(),
            "emergency_admissions_12m": random.poisson(np.exp(0.4 * log_odds)).tolist(),
            "frailty_deficits": random.integers(0, 20, count).tolist(),
            "care_home_type": ["none"] * count,
            "nominated": [False] * count,
            "objected": (random.random(count) < 0.03).tolist(),
            "date_of_death": pa.array([None] * (count - 4) + ["2020-01-01"] * 4),
            "happened": pa.array([bool(x) if k else None for x, k in zip(happened, known, strict=True)]),
            "risk": pa.array(risk, mask=random.random(count) < 0.01),
        }
    )


def people(seed: int = 1, **options: Any) -> cm.Register:
    """The same, read."""
    return cm.read_register(people_table(seed, **options), as_of=AS_OF)


def shuffled(table: pa.Table, seed: int = 3) -> pa.Table:
    """The same rows in another order."""
    return table.take(np.random.default_rng(seed).permutation(table.num_rows))


def scheme(*routes: str, share: str = "5%") -> Any:
    """A scheme of the routes given, by default of one share route."""
    from registers import read_scheme, scheme_text

    plain = f'name = "highest_risk"\nkind = "top_share"\ncounts_as = "case_management"\nshare = "{share}"\n'
    plain += 'limit = "at_most"\nof = {}\namong = {}'
    return read_scheme(scheme_text(routes or (plain,), optional=("emergency_admissions_12m",)))
