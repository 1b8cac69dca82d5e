"""Rates of the drawn outcomes beside the published ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from casemgmt.errors import InputError
from casemgmt.synthetic.checks import ages_of
from casemgmt.synthetic.published_rates import AGE_BANDS, RATE, RATE_BY_AGE_BAND, RATE_BY_TENTH

TOLERANCE = 0.10  # of the published rate
FEWEST_EVENTS = 400  # then chance alone moves a rate by 5% of itself, and twice that is the tolerance

Flags = npt.NDArray[np.bool_]


def outcome_rates(*tables: Any) -> Any:
    """Emergency admission or death in 12 months, by age and by deprivation, beside the published Scottish rates.

    Parameters
    ----------
    tables : from ``synthesise_table`` with outcomes; several, such as those of five seeds, are pooled

    Returns
    -------
    pyarrow.Table of measure (``age``, ``imd_decile`` or ``all``), group, published (0-1), people and events among those
    with a recent contact, with_contact (their rate, the one to compare; null for no people), whole_list (the rate of
    everyone) and within (whether with_contact is within 10% of published; null where there are under 400 events, too
    few to tell).
    """
    age, tenth, contact, event = (np.concatenate(part) for part in zip(*map(_columns, tables), strict=True))
    rows = [_row("age", name, rate, age == place, contact, event) for place, (name, rate) in enumerate(_AGES)]
    rows += [_row("imd_decile", str(k), r, tenth == k, contact, event) for k, r in enumerate(RATE_BY_TENTH, start=1)]
    rows.append(_row("all", "everyone", RATE, np.ones_like(contact), contact, event))
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


_AGES = tuple(zip(AGE_BANDS, RATE_BY_AGE_BAND, strict=True))
_SCHEMA = pa.schema(
    [
        ("measure", pa.string()),
        ("group", pa.string()),
        ("published", pa.float64()),
        ("people", pa.int64()),
        ("events", pa.int64()),
        ("with_contact", pa.float64()),
        ("whole_list", pa.float64()),
        ("within", pa.bool_()),
    ]
)


def _columns(table: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Flags, Flags]:
    if "outcome_death_12m" not in table.schema.names:
        raise InputError("This table has no outcomes: make it with synthesise_table(…, outcomes=True).")
    event = table["outcome_emergency_admission_12m"].to_numpy() | table["outcome_death_12m"].to_numpy()
    tenth = table["imd_decile"].fill_null(0).to_numpy().astype(np.int64)
    band = np.minimum(ages_of(table).astype(np.int64) // 10, len(AGE_BANDS) - 1)
    return band, tenth, table["recent_contact"].to_numpy(), event


def _row(measure: str, name: str, published: float, group: Flags, contact: Flags, event: Flags) -> dict[str, Any]:
    people, events = int((group & contact).sum()), int((group & contact & event).sum())
    rate = events / people if people else None
    told = rate is not None and events >= FEWEST_EVENTS
    return {
        "measure": measure,
        "group": name,
        "published": published,
        "people": people,
        "events": events,
        "with_contact": rate,
        "whole_list": float(event[group].mean()) if group.any() else None,
        "within": abs(rate / published - 1) <= TOLERANCE if told and rate is not None else None,
    }
