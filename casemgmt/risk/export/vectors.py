"""A query that checks itself: the model's test vectors in place of a table, and the rows that come out otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.risk.export.links import score_of
from casemgmt.risk.export.sql import PREFIX, Form, Source, query_of
from casemgmt.risk.inputs import MILLION, ModelInput
from casemgmt.risk.vectors import RISK_TOLERANCE, Vector, read_vectors

if TYPE_CHECKING:
    from casemgmt.risk.additive import AdditiveModel
    from casemgmt.risk.export.dialects import Dialect


def check_of(model: AdditiveModel, dialect: Dialect, form: Form) -> tuple[list[str], str]:
    """The steps and the SELECT of a query with no rows where the model's query is right."""
    given = [each for each in model.inputs if each.kind != "pair"]
    names = {each.name: f"vector_{number}" for number, each in enumerate(given, start=1)} | {"patient_id": "line"}
    source = Source(table=f"{PREFIX}vectors", column=lambda name: names[name], vectors=True)
    steps, _ = query_of(model, dialect, source, form=form, before=_vectors(model, given, dialect))
    expected = score_of(model, "v.expected_total", dialect)
    steps.append(
        f"{PREFIX}compared AS (\n"
        f"  SELECT v.line, {expected} AS expected_score, l.score, v.expected_total, l.total, v.expected_risk, l.risk\n"
        f"  FROM {PREFIX}vectors AS v LEFT JOIN {PREFIX}linked AS l ON l.patient_id = v.line\n)"
    )
    differ = " OR ".join(
        f"({one} IS NULL AND {other} IS NOT NULL) OR ({one} IS NOT NULL AND {other} IS NULL)"
        for one, other in (("expected_total", "total"), ("expected_score", "score"), ("expected_risk", "risk"))
    )
    select = (
        "SELECT line, expected_score, score, expected_risk, risk  -- the vectors that are missed; none: all is right\n"
        f"FROM {PREFIX}compared\n"
        f"WHERE total <> expected_total OR score <> expected_score OR ABS(risk - expected_risk) > {RISK_TOLERANCE!r}\n"
        f"  OR {differ}"
    )
    return steps, select


def _vectors(model: AdditiveModel, given: list[ModelInput], dialect: Dialect) -> list[str]:
    vectors = read_vectors(model)
    names = ["line", *(f"vector_{number}" for number in range(1, len(given) + 1)), "expected_total", "expected_risk"]
    types = [dialect.text_type, *(_type_of(each, dialect) for each in given), dialect.exact, dialect.double]
    rows = ",\n    ".join(f"({', '.join(_row(model, vector, given, dialect))})" for vector in vectors)
    values = f"VALUES\n    {rows}"
    if dialect.name in ("tsql", "spark"):
        values = f"SELECT * FROM ({values}) AS v ({', '.join(names)})"
    casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in zip(names, types, strict=True))
    return [
        f"{PREFIX}lines ({', '.join(names)}) AS (\n  {values}\n)",
        f"{PREFIX}vectors AS (SELECT {casts} FROM {PREFIX}lines)",
    ]


def _type_of(each: ModelInput, dialect: Dialect) -> str:
    kinds = {"category": dialect.text_type, "number": dialect.double, "score": dialect.exact}
    return kinds.get(each.kind, dialect.whole)


def _row(model: AdditiveModel, vector: Vector, given: list[ModelInput], dialect: Dialect) -> list[str]:
    total = None if vector.score is None else int(vector.score * MILLION * model.divide_by)
    risk = "NULL" if vector.risk is None else f"{vector.risk!r}{'' if 'e' in repr(vector.risk) else 'e0'}"
    values = [_literal(each, vector.values.get(each.name), dialect) for each in given]
    return [dialect.text(f"line {vector.line}"), *values, dialect.amount(total), risk]


def _literal(each: ModelInput, value: Any, dialect: Dialect) -> str:
    if value is None:
        return "NULL"
    if each.kind == "category":
        return dialect.text(value)
    return dialect.amount(value) if each.kind == "score" else dialect.number(value)
