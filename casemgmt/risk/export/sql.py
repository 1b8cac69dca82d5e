"""A model as one SELECT: columns read, inputs looked up in a table of bands or by flat CASEs, the sum, the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from casemgmt.risk.export.bands import Band, bands_of, value_of
from casemgmt.risk.export.columns import is_true, reading_of
from casemgmt.risk.export.dialects import Dialect
from casemgmt.risk.export.links import linked
from casemgmt.risk.export.wording import comment, heading

if TYPE_CHECKING:
    from casemgmt.risk.additive import AdditiveModel

Form = Literal["bands", "case"]
PREFIX = "casemgmt_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a query finds the people.

    Attributes
    ----------
    table : the table, quoted
    column : by the name of a register's column, the expression of it in that table, quoted
    objected : whether people who objected are left without a score
    vectors : whether the table holds test vectors: other models' scores are columns, and what is missing stays so
    """

    table: str
    column: Callable[[str], str]
    objected: bool = False
    vectors: bool = False


def query_of(
    model: AdditiveModel,
    dialect: Dialect,
    source: Source,
    *,
    form: Form,
    reasons: bool = False,
    before: Sequence[str] = (),
) -> tuple[list[str], str]:
    """The steps of the query, each ``name AS (…)``, and the SELECT that ends it, from ``casemgmt_linked``.

    Parameters
    ----------
    before : steps that come first
    """
    steps = [*before, *_sums_of(model, dialect, source, form, reasons, ""), *linked(model, dialect)]
    columns = ["l.patient_id", "l.score", "l.risk"]
    end = f"FROM {PREFIX}linked AS l"
    if reasons:
        steps.append(_top_reasons(PREFIX))
        columns += [f"CASE WHEN l.score IS NOT NULL THEN t.reason_{place} END AS reason_{place}" for place in (1, 2, 3)]
        end += f"\nLEFT JOIN {PREFIX}reasons AS t ON t.patient_id = l.patient_id"
    return steps, f"SELECT {', '.join(columns)}\n{end}"


def written(model: AdditiveModel, dialect: Dialect, steps: Sequence[str], select: str) -> str:
    """The whole text: what it is, the steps, the SELECT."""
    return f"{heading(model, dialect)}\nWITH\n" + ",\n".join(steps) + f"\n{select}\n"


def _sums_of(model: AdditiveModel, dialect: Dialect, source: Source, form: Form, reasons: bool, path: str) -> list[str]:
    """The steps that end in ``casemgmt_sum``: patient_id and the floored total, NULL where there is no score.

    ``path`` numbers a model whose score is taken; the steps of these come first.
    """
    steps, joins, totals = [], [], {}
    for number, each in enumerate(model.inputs, start=1):
        if each.kind != "score":
            continue
        if source.vectors:
            totals[each.name] = f"CAST({source.column(each.name)} AS {dialect.exact})"
            continue
        inner = f"{path}_{number}"
        steps += _sums_of(model.nested[each.name], dialect, source, form, False, inner)
        joins.append(
            f"  LEFT JOIN {PREFIX}sum{inner} AS s{inner} ON s{inner}.patient_id = t.{source.column('patient_id')}"
        )
        totals[each.name] = f"s{inner}.total"
    steps.append(_read(model, dialect, source, totals, joins, path))
    steps.append(_cells(model, dialect, path))
    bands = bands_of(model)
    if form == "case":
        return [*steps, _sum_of_cases(model, bands, dialect, path)]
    steps += [_bands(model, bands, dialect, reasons, path), _unpivoted(model, dialect, path), _met(reasons, path)]
    return [*steps, _sum_of_bands(model, dialect, path)]


def _read(
    model: AdditiveModel, dialect: Dialect, source: Source, totals: Mapping[str, str], joins: Sequence[str], path: str
) -> str:
    lines = [f"t.{source.column('patient_id')} AS patient_id"]
    objected = is_true(f"t.{source.column('objected')}", dialect) if source.objected and not path else ""
    lines.append(f"CASE WHEN {objected} THEN 1 ELSE 0 END AS objected" if objected else "0 AS objected")
    for number, each in enumerate(model.inputs, start=1):
        if each.kind == "pair":
            continue
        own = totals.get(each.name)
        if own is None:
            own = reading_of(each, f"t.{source.column(each.name)}", dialect, as_vectors=source.vectors)
        lines.append(f"{own} AS input_{number}")
    body = ",\n    ".join(lines)
    after = "\n" + "\n".join(joins) if joins else ""
    return f"{PREFIX}read{path} AS (\n  SELECT\n    {body}\n  FROM {source.table} AS t{after}\n)"


def _cells(model: AdditiveModel, dialect: Dialect, path: str) -> str:
    numbers = {each.name: number for number, each in enumerate(model.inputs, start=1)}
    lines = ["patient_id", "objected"]
    for number, each in enumerate(model.inputs, start=1):
        value = value_of(each, lambda name: f"input_{numbers[name]}", dialect)
        lines.append(f"CAST({value} AS {dialect.double}) AS value_{number}  -- {comment(each.name, dialect)}")
    # The comma must stand before the comment.
    named = [line.replace("  -- ", ",  -- ", 1) if "  -- " in line else f"{line}," for line in lines[:-1]]
    body = "\n    ".join([*named, lines[-1]])
    return f"{PREFIX}cells{path} AS (\n  SELECT\n    {body}\n  FROM {PREFIX}read{path}\n)"


def _bands(model: AdditiveModel, bands: Sequence[Band], dialect: Dialect, reasons: bool, path: str) -> str:
    names = ["input", "name", "band", "missing", "at_least", "under", "points"]
    names += ["difference", "sentence"] if reasons else []
    rows = ",\n    ".join(f"({', '.join(_band_row(model, band, dialect, reasons))})" for band in bands)
    values = f"VALUES\n    {rows}"
    if dialect.name in ("tsql", "spark"):
        values = f"SELECT * FROM ({values}) AS v ({', '.join(names)})"
    return f"{PREFIX}bands{path} ({', '.join(names)}) AS (\n  {values}\n)"


def _band_row(model: AdditiveModel, band: Band, dialect: Dialect, reasons: bool) -> list[str]:
    from casemgmt.risk.export.wording import plain, sentence

    edges = ["NULL" if edge is None else dialect.number(edge) for edge in (band.at_least, band.under)]
    row = [str(band.number), dialect.text(plain(band.input.name)), dialect.text(plain(band.input.cells[band.cell]))]
    row += [str(int(band.is_missing)), *edges, dialect.amount(band.amount)]
    if reasons:
        said = dialect.text(plain(sentence(model, band))) if band.difference > 0 else "NULL"
        row += [dialect.amount(band.difference), said]
    return row


def _unpivoted(model: AdditiveModel, dialect: Dialect, path: str) -> str:
    """One row a person and input."""
    numbers = range(1, len(model.inputs) + 1)
    rows = ", ".join(f"({number}, c.value_{number})" for number in numbers)
    start = f"SELECT c.patient_id, c.objected, v.input, v.value FROM {PREFIX}cells{path} AS c"
    match dialect.name:
        case "tsql":
            body = f"{start}\n  CROSS APPLY (VALUES {rows}) AS v (input, value)"
        case "spark":
            flat = ", ".join(f"{number}, c.value_{number}" for number in numbers)
            body = f"{start}\n  LATERAL VIEW STACK({len(numbers)}, {flat}) v AS input, value"
        case "duckdb":  # much faster there than a lateral join
            values = ", ".join(f"c.value_{number}" for number in numbers)
            body = (
                f"SELECT c.patient_id, c.objected, UNNEST([{', '.join(map(str, numbers))}]) AS input, "
                f"UNNEST([{values}]) AS value\n  FROM {PREFIX}cells{path} AS c"
            )
        case "sqlite":
            cases = " ".join(f"WHEN {number} THEN c.value_{number}" for number in numbers)
            body = (
                f"SELECT c.patient_id, c.objected, v.column1 AS input, CASE v.column1 {cases} END AS value\n"
                f"  FROM {PREFIX}cells{path} AS c CROSS JOIN (VALUES {', '.join(f'({n})' for n in numbers)}) AS v"
            )
        case _:
            body = f"{start}\n  CROSS JOIN LATERAL (VALUES {rows}) AS v (input, value)"
    return f"{PREFIX}values{path} AS (\n  {body}\n)"


def _met(reasons: bool, path: str) -> str:
    more = ", b.difference, b.sentence" if reasons else ""
    return (
        f"{PREFIX}met{path} AS (\n"
        f"  SELECT v.patient_id, v.objected, v.input, b.points{more}\n"
        f"  FROM {PREFIX}values{path} AS v\n"
        f"  LEFT JOIN {PREFIX}bands{path} AS b ON b.input = v.input\n"
        "    AND b.missing = CASE WHEN v.value IS NULL THEN 1 ELSE 0 END\n"
        "    AND (b.at_least IS NULL OR v.value >= b.at_least) AND (b.under IS NULL OR v.value < b.under)\n)"
    )


def _sum_of_bands(model: AdditiveModel, dialect: Dialect, path: str) -> str:
    count, base = len(model.inputs), dialect.amount(model.intercept)
    return (
        f"{PREFIX}added{path} AS (\n"
        "  SELECT patient_id,  -- an id that occurs twice has no score, nor has whoever lacks one\n"
        f"    CASE WHEN COUNT(*) = {count} AND COUNT(patient_id) = {count} AND COUNT(points) = {count} "
        "AND MAX(objected) = 0\n"
        f"      THEN CAST({base} + SUM(points) AS {dialect.exact}) END AS total\n"
        f"  FROM {PREFIX}met{path}\n  GROUP BY patient_id\n),\n{_floored(model, dialect, path)}"
    )


def _sum_of_cases(model: AdditiveModel, bands: Sequence[Band], dialect: Dialect, path: str) -> str:
    terms = [dialect.amount(model.intercept)]
    for number, each in enumerate(model.inputs, start=1):
        own = [band for band in bands if band.number == number]
        cases = " ".join(
            f"WHEN {_holds(band, f'value_{number}', dialect)} THEN {dialect.amount(band.amount)}" for band in own
        )
        terms.append(f"CASE {cases} END  -- {comment(each.name, dialect)}")
    body = "\n      + ".join(terms)
    return (
        f"{PREFIX}terms{path} AS (\n"
        "  SELECT patient_id, objected, COUNT(patient_id) OVER (PARTITION BY patient_id) AS rows_of_id,\n"
        f"    CAST({body}\n    AS {dialect.exact}) AS total\n  FROM {PREFIX}cells{path}\n),\n"
        f"{PREFIX}added{path} AS (\n"
        "  SELECT patient_id,  -- an id that occurs twice has no score, nor has whoever lacks one\n"
        "    CASE WHEN rows_of_id = 1 AND objected = 0 THEN total END AS total\n"
        f"  FROM {PREFIX}terms{path}\n),\n{_floored(model, dialect, path)}"
    )


def _holds(band: Band, value: str, dialect: Dialect) -> str:
    if band.is_missing:
        return f"{value} IS NULL"
    parts = [] if band.at_least is None else [f"{value} >= {dialect.number(band.at_least)}"]
    parts += [] if band.under is None else [f"{value} < {dialect.number(band.under)}"]
    return " AND ".join(parts)


def _floored(model: AdditiveModel, dialect: Dialect, path: str) -> str:
    total = "total"
    if model.floor is not None:
        floor = f"CAST({dialect.amount(model.floor)} AS {dialect.exact})"
        total = f"CASE WHEN total < {floor} THEN {floor} ELSE total END AS total"
    return f"{PREFIX}sum{path} AS (SELECT patient_id, {total} FROM {PREFIX}added{path})"


def _top_reasons(prefix: str) -> str:
    columns = ", ".join(f"MAX(CASE WHEN place = {place} THEN sentence END) AS reason_{place}" for place in (1, 2, 3))
    return (
        f"{prefix}places AS (\n"
        "  SELECT patient_id, sentence,\n"
        "    ROW_NUMBER() OVER (PARTITION BY patient_id ORDER BY difference DESC, input) AS place\n"
        f"  FROM {prefix}met WHERE difference > 0\n),\n"
        f"{prefix}reasons AS (SELECT patient_id, {columns} FROM {prefix}places GROUP BY patient_id)"
    )
