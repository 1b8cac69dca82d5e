"""Test vectors: what a model must give for stated inputs, checked each time the model is loaded.

A vector's cells are text. An empty cell, or an input that the file does not name, is missing; a score input is given
the other model's score. ``expected_score`` is a decimal, or a fraction such as ``7/36`` where no decimal is exact;
empty means no score. ``expected_risk`` is 0 to 1. A model with bands has ``expected_band`` too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import isnan
from typing import Any, TypeVar

from casemgmt.errors import ModelError, did_you_mean, listed, plural
from casemgmt.register.fields import FIELDS
from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.coverage import check_coverage, places, standing
from casemgmt.risk.inputs import MILLION, ModelInput, decimal_text, millionths, value_must_be

T = TypeVar("T")

RISK_TOLERANCE = 1e-12
# Cells of all tables times lines of vectors, which is how long checking takes: seconds here, 72,000 in the largest
# shipped model.
MOST_TO_CHECK = 5_000_000

_SCORE = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6}|/[1-9][0-9]{0,9})?")
_RISK = re.compile(r"[01](\.[0-9]{1,40})?(e-[0-9]{1,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One line of test vectors; ``values`` are as ``Model.sum_before_floor`` takes them."""

    line: int
    values: Mapping[str, object]
    score: Fraction | None
    risk: float | None
    band: str


def check_vectors(model: AdditiveModel, where: str = "vectors.csv") -> None:
    """Refuse a model that disagrees with its vectors, or whose vectors leave part of a table untouched.

    Raises
    ------
    ModelError : a score differs at all, a risk by more than 1e-12, or a cell, an edge, the floor or a band is
        untouched; the message names the input and the cell
    """
    vectors = read_vectors(model, where)
    for vector in vectors:
        _check_score(model, vector, f"{where} line {vector.line}")
    _check_risks(model, vectors, where)
    check_coverage(model, vectors, where)


def read_vectors(model: AdditiveModel, where: str = "vectors.csv") -> list[Vector]:
    """The vectors of ``model.vectors_text``, each value read as its input reads it."""
    cells, lines = sum(len(each.table) for each in model.inputs), sum(map(model.vectors_text.count, "\n\r")) + 1
    if cells * lines > MOST_TO_CHECK:
        raise ModelError(
            f"{where}: {plural(lines, 'line')} for tables of {plural(cells, 'cell')} are more than can be checked. "
            f"Keep the lines that touch a cell, an edge, the floor or a band."
        )
    rows = csv.reader(io.StringIO(model.vectors_text, newline=""), strict=True)
    try:
        header = next(rows, [])
        _check_header(model, header, where)
        return [_vector_of(model, header, row, rows.line_num, where) for row in rows if row]
    except csv.Error as problem:
        raise ModelError(f"{where} line {rows.line_num}: is not CSV: {problem}.") from None


def _given(model: AdditiveModel) -> list[ModelInput]:
    """The inputs that vectors have columns of: a pair looks at those of its two inputs."""
    return [each for each in model.inputs if each.kind != "pair"]


def _check_header(model: AdditiveModel, header: list[str], where: str) -> None:
    expected = ["expected_score"]
    if model.link != "points":
        expected.append("expected_risk")
    if model.bands:
        expected.append("expected_band")
    known = [*(each.name for each in _given(model)), "expected_score", "expected_risk", *expected[1:]]
    for name in header:
        if name not in known:
            raise ModelError(f"{where}: column {listed([name])} is no input of the model.{did_you_mean(name, known)}")
    if len(set(header)) != len(header):
        raise ModelError(f"{where}: a column is named twice.")
    if lacking := [name for name in expected if name not in header]:
        raise ModelError(f"{where}: {plural(len(lacking), 'column')} missing: {listed(lacking)}.")


def _vector_of(model: AdditiveModel, header: list[str], row: list[str], line: int, where: str) -> Vector:
    at = f"{where} line {line}"
    if len(row) != len(header):
        raise ModelError(f"{at}: has {plural(len(row), 'cell')}; the header has {len(header)}.")
    texts = dict(zip(header, row, strict=True))
    values = {
        each.name: _read(f"{at}: '{each.name}'", texts[each.name], partial(_value_of, each))
        for each in _given(model)
        if each.name in texts
    }
    return Vector(
        line=line,
        values=values,
        score=_read(f"{at}: 'expected_score'", texts["expected_score"], _score_of),
        risk=_read(f"{at}: 'expected_risk'", texts.get("expected_risk", ""), _risk_of),
        band=texts.get("expected_band", ""),
    )


def _read(at: str, text: str, reading: Callable[[str], T]) -> T | None:
    if not text:
        return None
    try:
        return reading(text)
    except ModelError as problem:
        raise ModelError(f"{at} {problem}") from None


def _value_of(each: ModelInput, text: str) -> object:
    if each.kind == "category":
        if each.name in FIELDS and FIELDS[each.name].allowed and text not in FIELDS[each.name].allowed:
            raise ModelError(f"holds what the column never does; it holds {FIELDS[each.name].allowed_in_words}.")
        return text
    if each.kind == "flag":
        if text not in ("0", "1"):
            raise value_must_be("0, 1 or empty")
        return int(text)
    amount = millionths(text)
    if each.kind == "integer" or each.name in FIELDS:
        number, rest = divmod(amount, MILLION)
        field = FIELDS.get(each.name)
        if rest or (field and not field.least <= number <= field.most):
            raise value_must_be(field.allowed_in_words if field else "a whole number")
        return number
    return amount * each.scale if each.kind == "score" else amount / MILLION


def _score_of(text: str) -> Fraction:
    if _SCORE.fullmatch(text):
        return Fraction(text)
    raise value_must_be("a decimal of at most six places, a fraction such as 7/36, or empty for no score")


def _risk_of(text: str) -> float:
    if _RISK.fullmatch(text) and float(text) <= 1:
        return float(text)
    raise value_must_be("a decimal from 0 to 1, or empty for no risk")


def _check_score(model: AdditiveModel, vector: Vector, at: str) -> None:
    total = model.floored(model.sum_before_floor(vector.values))
    given = None if total is None else Fraction(total, MILLION * model.divide_by)
    if given != vector.score:
        raise ModelError(f"{at}: the tables give {_shown(given)}, the vector expects {_shown(vector.score)}.")
    if (model.band_of(total) or "") != vector.band:
        raise ModelError(f"{at}: the bands give '{model.band_of(total) or ''}', the vector expects '{vector.band}'.")


def _shown(score: Fraction | None) -> str:
    if score is None:
        return "no score"
    amount = score * MILLION
    return decimal_text(int(amount)) if amount.denominator == 1 else str(score)


def _check_risks(model: AdditiveModel, vectors: list[Vector], where: str) -> None:
    if model.link == "points":
        for vector in vectors:
            if vector.risk is not None:
                raise ModelError(f"{where} line {vector.line}: expects a risk; a points model gives none.")
        return
    for vector, given in zip(vectors, risks_of(model, [vector.score for vector in vectors]), strict=True):
        at = f"{where} line {vector.line}"
        if (vector.risk is None) != (given is None):
            raise ModelError(f"{at}: 'expected_risk' must be empty exactly where 'expected_score' is.")
        if given is not None and vector.risk is not None and abs(given - vector.risk) > RISK_TOLERANCE:
            raise ModelError(f"{at}: the link gives a risk of {given!r}, the vector expects {vector.risk!r}.")


def risks_of(model: AdditiveModel, scores: list[Fraction | None]) -> list[float | None]:
    """The risk of each exact score; None where there is no score, or the model gives none."""
    import numpy as np

    from casemgmt.risk.link import risk

    points = np.array([float("nan") if score is None else float(score) for score in scores], dtype=np.float64)
    return [None if isnan(given) else given for given in risk(model, points).tolist()]


def covering_vectors(model: AdditiveModel) -> str:
    """The text of a ``vectors.csv`` that touches every place of every table once, made from the tables themselves.

    It saves an author the typing, and proves nothing until someone checks it by hand against the source of the
    model: a number copied wrongly into the tables is copied wrongly here too.

    Parameters
    ----------
    model : a model; its own vectors are not read

    Returns
    -------
    CSV text. In each line one input stands in the place to be touched, and the others where they contribute most (a
    model with a floor) or in their first cell. Bands that the tables' own steps do not reach are left to the author.
    """
    # A row that is there already touches nothing more.
    distinct = {tuple(values.items()): values for values in _covering_values(model)}
    rows = list(distinct.values())
    totals = [model.floored(model.sum_before_floor(values)) for values in rows]
    scores = [None if total is None else Fraction(total, MILLION * model.divide_by) for total in totals]
    risks = risks_of(model, scores) if model.link != "points" else [None] * len(rows)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    careful = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)  # quotes a carriage return too
    bands = ("expected_band",) if model.bands else ()
    header = (*(each.name for each in _given(model)), "expected_score", "expected_risk", *bands)
    (careful if any("\r" in name for name in header) else writer).writerow(header)
    for values, total, score, risk in zip(rows, totals, scores, risks, strict=True):
        given = [_text_of(each, values[each.name]) for each in _given(model)]
        expected = ["" if score is None else _shown(score), "" if risk is None else repr(risk)]
        row = (*given, *expected, *([model.band_of(total) or ""] if bands else ()))
        (careful if any("\r" in cell for cell in row) else writer).writerow(row)
    return out.getvalue()


def _covering_values(model: AdditiveModel) -> Iterator[dict[str, object]]:
    base: dict[str, object] = {}
    least: dict[str, object] = {}
    most: dict[str, object] = {}
    for each in _given(model):
        spots = [(amount, value) for amount, value in _amounts_and_values(each) if amount is not None]
        least[each.name] = min(spots, key=lambda spot: spot[0])[1]
        most[each.name] = max(spots, key=lambda spot: spot[0])[1]
        base[each.name] = spots[0][1] if model.floor is None else most[each.name]
    for each in model.inputs:
        for place, _, value in places(each):
            yield standing(each, place, value, base)
    if model.floor is not None:
        yield least
    if model.bands:
        for step in range(len(_given(model)) + 1):
            raised = {each.name for each in _given(model)[:step]}
            yield {name: most[name] if name in raised else value for name, value in least.items()}


def _amounts_and_values(each: ModelInput) -> list[tuple[int | None, object]]:
    return [(each.contribution(value), value) for _, _, value in places(each)]


def _text_of(each: ModelInput, value: Any) -> str:
    if value is None:
        return ""
    if each.kind == "score":
        return decimal_text(value // each.scale)
    return decimal_text(round(value * MILLION)) if each.kind == "number" else str(value)
