"""Pairs of registers: a month or a year in which people join, leave, die, move and change, under rules that may change.

Seeded, small, and made of the awkward values of ``registers``.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from typing import Any

from compare_twin import Month
from registers import (
    AGE_LATER,
    AGE_ON_AS_OF,
    AS_OF,
    NAN,
    PRACTICES,
    SCORE_POOLS,
    SHARES,
    Case,
    Row,
    add_repeats,
    choose_routes,
    pools,
    scheme_text,
    with_share,
)

from casemgmt.risk.inputs import ModelInput
from casemgmt.risk.model import Model

HOMES = ("none", "nursing", "residential", "unspecified", "respite", "supported_living")
MODEL_COLUMNS = {"diabetes", "emergency_admissions_12m", "care_home_type", "date_of_birth"}
ALWAYS = {
    *("date_of_birth", "on_caseload", "emergency_admissions_12m", "objected", "nominated", "nomination_order"),
    *("date_of_death", "deregistered_on", "registered_on", "last_review"),
}
WORDS = dict.fromkeys(("title", "source", "outcome", "population", "intended_use", "not_for", "licence"), "tests")


def a_model(link: str = "points", *, age: int = 100_000, floor: int | None = None) -> Model:
    """Four tables with every rule for a missing value; people of 70 and under share a cell."""
    age_table = (age, 2 * age, 2 * age, 2 * age, 300_001)
    inputs = (
        ("age", "integer", "no score", age_table, {"first": 70, "below": "first"}),
        ("diabetes", "flag", "absent", (0, 250_000), {}),
        ("emergency_admissions_12m", "integer", 50_000, (0, 500_000, 1_000_000), {}),
        ("care_home_type", "category", 150_000, (0, 300_000, 300_000, 200_000, 0, 100_000), {"categories": HOMES}),
    )
    return Model(
        **WORDS,
        name="a-model",
        version="1",
        horizon_days=365,
        link=link,
        intercept=-1_200_000,
        floor=floor,
        inputs=tuple(
            ModelInput(name=name, label=name, kind=kind, missing=missing, table=table, **more)
            for name, kind, missing, table, more in inputs
        ),
    )


MODELS = (a_model(), a_model(age=-200_000), a_model("logistic"), a_model("logistic"), a_model(floor=-900_000))


def pair(seed: int) -> tuple[Month, Month]:
    """Two months of one area."""
    rng = random.Random(seed)
    choose = rng.choice
    as_of = choose(AS_OF)
    later = choose(
        (as_of, as_of + dt.timedelta(days=31), as_of + dt.timedelta(days=31), as_of + dt.timedelta(days=366))
    )
    models = _models(rng)
    on_risk = all(model is not None and model.link == "logistic" for model in models) and choose((False, True))
    routes, used = choose_routes(choose, AGE_ON_AS_OF + AGE_LATER, has_risk=on_risk)
    later_routes, later_used = routes, used
    match choose(("same", "same", "same", "shares", "routes")):
        case "shares":
            later_routes = [with_share(route, choose(SHARES)) for route in routes]
        case "routes":
            later_routes, later_used = choose_routes(choose, AGE_ON_AS_OF + AGE_LATER, has_risk=on_risk)
    needed = (ALWAYS | used | later_used | (MODEL_COLUMNS if any(models) else set())) - {"age"}
    extracts = [as_of + dt.timedelta(days=choose((0, 10)))]
    extracts.append(max(extracts[0], later + dt.timedelta(days=choose((0, 10)))))
    old_pools, new_pools = ({n: p for n, p in pools(day, day).items() if n in needed} for day in extracts)
    score_pool = choose(SCORE_POOLS[1:5])
    rows, scores = first_month(rng, old_pools, score_pool)
    later_rows, later_scores = a_month_later(rng, rows, scores, new_pools, score_pool, extracts[1])
    if choose((False, False, True)):
        add_repeats(choose, rows, scores, "date_of_birth")
    # A column that only the later scheme asks for may not have been collected before.
    lacked = (later_used - used - ALWAYS - MODEL_COLUMNS - {"age"}) if choose((False, False, True)) else set()
    rows = [{name: value for name, value in row.items() if name not in lacked} for row in rows]
    months = (
        (rows, scores, routes, used, set(), as_of, extracts[0]),
        (later_rows, later_scores, later_routes, later_used, lacked, later, extracts[1]),
    )
    return tuple(  # type: ignore[return-value]
        Month(case=_case(rng, *parts), model=model) for parts, model in zip(months, models, strict=True)
    )


def _models(rng: random.Random) -> tuple[Model | None, Model | None]:
    some = rng.choice(MODELS)
    return rng.choice(
        ((None, None), (None, None), (some, some), (some, rng.choice(MODELS)), (None, some), (some, None))
    )


def _case(
    rng: random.Random,
    rows: list[Row],
    scores: list[Any],
    routes: list[str],
    used: set[str],
    required: set[str],
    as_of: dt.date,
    extracted_on: dt.date,
) -> Case:
    order = list(range(len(rows)))
    rng.shuffle(order)
    sizes = None
    if not re.search(r"(?m)^of = \{ *\w", "\n".join(routes)) and rng.random() < 0.2:
        sizes = {row["practice_id"]: rng.choice((0, 33, 50, 200)) for row in rows if row["practice_id"]}
    return Case(
        rows=[rows[i] for i in order],
        columns=list(rows[0]),
        scores=[scores[i] for i in order],
        scheme_text=scheme_text(routes, required=sorted(required), optional=sorted(used - required - {"age"})),
        as_of=as_of,
        extracted_on=extracted_on,
        over_cap="queue",
        list_sizes=sizes,
    )


def first_month(rng: random.Random, values: dict[str, list[Any]], score_pool: list[Any]) -> tuple[list[Row], list[Any]]:
    rows = []
    for practice in PRACTICES[: rng.choice((2, 3, 4))]:
        for number in range(rng.choice((3, 8, 15, 40, 60))):
            row = {"patient_id": f"{practice[-1]}{number * 37 % 100:03d}é", "practice_id": practice}
            rows.append(row | {name: rng.choice(pool) for name, pool in values.items()})
    return rows, [rng.choice(score_pool) for _ in rows]


def a_month_later(
    rng: random.Random,
    rows: list[Row],
    scores: list[Any],
    values: dict[str, list[Any]],
    score_pool: list[Any],
    extracted_on: dt.date,
) -> tuple[list[Row], list[Any]]:
    """The same people after a while: some gone, dead or elsewhere, some changed, some new, some rows contradictory."""
    later: list[Row] = []
    later_scores: list[Any] = []
    codes = sorted({row["practice_id"] for row in rows})
    how_much = rng.choice((0.0, 0.05, 0.15))
    for old, score in zip(rows, scores, strict=True):
        fate = rng.random()
        if fate < 0.04:
            continue
        row = {
            name: rng.choice(values[name]) if _changes(rng, name, values, how_much) else v for name, v in old.items()
        }
        recently = extracted_on - dt.timedelta(days=rng.choice((0, 5, 40)))
        if fate < 0.07:
            row["date_of_death"] = recently
        elif fate < 0.10:
            row["deregistered_on"] = recently
        elif fate < 0.15:
            row["practice_id"] = rng.choice((*codes, PRACTICES[4]))
        elif fate < 0.17:
            later.append(row | {"date_of_birth": dt.date(1950, 5, 5)})
            later_scores.append(score)
        later.append(row)
        later_scores.append(rng.choice(score_pool) if rng.random() < 2 * how_much else score)
    for number in range(rng.choice((0, 2, 10))):
        new = {"patient_id": f"new{number}", "practice_id": rng.choice(codes)}
        later.append(new | {name: rng.choice(pool) for name, pool in values.items()})
        later_scores.append(rng.choice((*score_pool, NAN)))
    return later, later_scores


def _changes(rng: random.Random, name: str, values: dict[str, list[Any]], how_much: float) -> bool:
    return name in values and rng.random() < how_much
