"""What was published beside what was drawn, and the age shape that was assumed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from casemgmt.ages import ages
from casemgmt.errors import InputError
from casemgmt.register.fields import CONDITIONS
from casemgmt.synthetic.ages import age_sex_table, cell_ages, cell_is_female
from casemgmt.synthetic.condition_table import CONDITION_TABLE
from casemgmt.synthetic.published import Practice, practices
from casemgmt.synthetic.synthesise import METADATA_KEY

Flags = npt.NDArray[np.bool_]

AGE_BANDS = {
    "aged_16_over": (16, 200),
    "aged_18_over": (18, 200),
    "aged_30_74": (30, 74),
    "aged_50_over": (50, 200),
    "aged_65_over": (65, 200),
}
MEANS = ("mean_age", "mean_age_male", "mean_age_female")
ASSUMPTION = "assumption"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One published number of one practice.

    Attributes
    ----------
    practice : practice code
    name : a published column, ``males``, or a condition for its disease register
    published : as published
    feasible : the nearest value that the practice's other published numbers allow
    tolerance : how far from ``feasible`` a synthetic value may lie
    """

    practice: str
    name: str
    published: float
    feasible: float
    tolerance: float


def published_counts(area: str) -> Any:
    """What is published about the practices of an area: a table of practice, measure, published and feasible.

    ``feasible`` differs from ``published`` where a register exceeds those who may be on it, or mean ages cannot hold.
    """
    measures = [measure for practice in practices(area) for measure in _measures(practice)]
    return _table(
        practice=[m.practice for m in measures],
        measure=[m.name for m in measures],
        published=[m.published for m in measures],
        feasible=[m.feasible for m in measures],
    )


def check_against_published(table: Any) -> Any:
    """Every published number of every practice in a synthetic table, beside what was drawn.

    Parameters
    ----------
    table : pyarrow.Table from ``synthesise_table`` (its metadata gives the list date)

    Returns
    -------
    pyarrow.Table of practice, measure, published, feasible, synthetic and within. List size, males and counts by age
    must be exact, registers within 2% or 5 people, mean ages within 0.05 years and 25 years over the number of people.
    """
    codes, rows = _practice_rows(table)
    columns = _columns(table)
    measures: list[Measure] = []
    drawn: list[float] = []
    for code, row in zip(codes, rows, strict=True):
        practice = practices(code)[0]
        values = _drawn(columns, row)
        measures += (found := _measures(practice))
        drawn += [values[measure.name] for measure in found]
    return _table(
        practice=[m.practice for m in measures],
        measure=[m.name for m in measures],
        published=[m.published for m in measures],
        feasible=[m.feasible for m in measures],
        synthetic=drawn,
        within=[abs(value - m.feasible) <= m.tolerance for value, m in zip(drawn, measures, strict=True)],
    )


def condition_age_shares(source: Any) -> Any:
    """For each condition: people with it, the share of them aged 65 and over (0-1, null for none), and its basis.

    The registers are published without ages, so every share follows from an assumed age curve and says so.

    Parameters
    ----------
    source : pyarrow.Table from ``synthesise_table``, or the path of a Parquet file from ``synthesise(..., to=...)``

    Returns
    -------
    pyarrow.Table of condition, registered, share_aged_65_over and basis
    """
    everyone = dict.fromkeys(CONDITIONS, 0)
    older = dict.fromkeys(CONDITIONS, 0)
    for table in _parts(source):
        old = ages_of(table) >= 65
        for name in CONDITIONS:
            present = _flags(table, name)
            everyone[name] += int(present.sum())
            older[name] += int(old[present].sum())
    return _table(
        condition=list(CONDITIONS),
        registered=list(everyone.values()),
        share_aged_65_over=[older[name] / count if count else None for name, count in everyone.items()],
        basis=[ASSUMPTION] * len(CONDITIONS),
    )


def _parts(source: Any) -> Iterator[Any]:
    if not isinstance(source, (str, Path)):
        yield source
        return
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=["date_of_birth", *CONDITIONS])


def _measures(practice: Practice) -> list[Measure]:
    cells = age_sex_table(practice)
    age, female = cell_ages(), cell_is_female()

    def exact(name: str, value: int) -> Measure:
        return Measure(practice=practice.code, name=name, published=value, feasible=value, tolerance=0.0)

    found = [exact("list_size", practice.list_size), exact("males", practice.males)]
    found += [exact(name, getattr(practice, name)) for name in AGE_BANDS]
    for name, group in zip(MEANS, (np.ones_like(female), ~female, female), strict=True):
        published, people = getattr(practice, name), int(cells.counts[group].sum())
        if published is None or not people:
            continue
        attained = float((cells.counts * age)[group].sum()) / people
        feasible = published if cells.means_met else attained
        tolerance = 0.05 + 25 / people
        found.append(
            Measure(practice=practice.code, name=name, published=published, feasible=feasible, tolerance=tolerance)
        )
    for condition in CONDITION_TABLE:
        if condition.has_register:
            published = practice.registers[condition.name]
            feasible = min(published, int(cells.counts[age >= condition.least_age].sum()))
            found.append(
                Measure(
                    practice=practice.code,
                    name=condition.name,
                    published=published,
                    feasible=feasible,
                    tolerance=max(0.02 * feasible, 5.0),
                )
            )
    return found


def _drawn(columns: dict[str, npt.NDArray[Any]], row: npt.NDArray[np.intp]) -> dict[str, float]:
    age, female = columns["age"][row], columns["female"][row]
    values = {"list_size": float(row.size), "males": float((~female).sum())}
    for name, (first, last) in AGE_BANDS.items():
        values[name] = float(((age >= first) & (age <= last)).sum())
    for name, group in zip(MEANS, (np.ones_like(female), ~female, female), strict=True):
        values[name] = float(age[group].mean()) if group.any() else float("nan")
    return values | {name: float(columns[name][row].sum()) for name in CONDITIONS}


def _columns(table: Any) -> dict[str, npt.NDArray[Any]]:
    female = pc.equal(table["sex"], "F").to_numpy()
    return {"age": ages_of(table), "female": female, **{name: _flags(table, name) for name in CONDITIONS}}


def _practice_rows(table: Any) -> tuple[list[str], list[npt.NDArray[np.intp]]]:
    encoded = table["practice_id"].combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    indices = encoded.indices.to_numpy()
    order = np.argsort(indices, kind="stable")
    sizes = np.bincount(indices, minlength=len(encoded.dictionary))
    return encoded.dictionary.to_pylist(), np.split(order, np.cumsum(sizes)[:-1])


def ages_of(table: Any) -> npt.NDArray[np.int32]:
    """The age of everyone in a synthetic table, on its list date."""
    facts = (table.schema.metadata or {}).get(METADATA_KEY)
    if facts is None:
        raise InputError("This table does not say that it is synthetic: give one made by synthesise_table.")
    as_of = dt.date.fromisoformat(json.loads(facts)["as_of"])
    return ages(table["date_of_birth"].cast(pa.int32()).to_numpy(), as_of)


def _flags(table: Any, name: str) -> Flags:
    flags: Flags = table[name].to_numpy()
    return flags


def _table(**columns: list[Any]) -> Any:
    return pa.table(columns)
