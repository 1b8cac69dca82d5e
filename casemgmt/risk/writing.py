"""A model as the text of its model file."""

from __future__ import annotations

import json

from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.bands import ScoreBand
from casemgmt.risk.inputs import ModelInput, decimal_text
from casemgmt.risk.pairs import PairInput

_WORDS = ("name", "title", "source", "outcome", "population", "intended_use", "not_for", "licence", "version", "link")


def model_text(model: AdditiveModel) -> str:
    """The text of a ``model.toml`` that reads back as the same model.

    Parameters
    ----------
    model : its own ``text`` is not read. The models whose scores it takes are named as its inputs name them
    """
    lines = ["[model]", *(_line(key, str(getattr(model, key))) for key in _WORDS)]
    lines += [_line("horizon_days", model.horizon_days)] if model.horizon_days is not None else []
    lines.append(_line("intercept", decimal_text(model.intercept)))
    lines += [_line("baseline_survival", model.baseline_survival)] if model.baseline_survival is not None else []
    for key, amount in (("centre", model.centre), ("floor", model.floor)):
        lines += [_line(key, decimal_text(amount))] if amount is not None else []
    lines += [_line("divide_by", model.divide_by)] if model.divide_by != 1 else []
    lines += ["demonstration = true"] if model.demonstration else []
    lines += [_list("calibrated_in", list(model.calibrated_in))] if model.calibrated_in else []
    for band in model.bands:
        lines += ["", "[[model.bands]]", *_band_lines(band)]
    for each in model.inputs:
        lines += ["", "[[input]]", *_input_lines(each)]
    return "\n".join(lines) + "\n"


def _input_lines(each: ModelInput) -> list[str]:
    lines = [_line("name", each.name), _line("label", each.label), _line("kind", each.kind)]
    if isinstance(each, PairInput):
        return [*lines, *_pair_lines(each), _line("missing", _rule(each.missing))]
    table = [decimal_text(amount) for amount in each.table]
    match each.kind:
        case "flag":
            lines.append(_line("value", table[1]))
            lines += [_list("superseded_by", list(each.superseded_by))] if each.superseded_by else []
        case "integer":
            lines += [_line("from", each.first)]
            lines += [_line("below", each.below)] if each.below is not None else []
            lines += [_line("reference", each.reference)] if each.reference is not None else []
            lines.append(_list("table", table))
        case "category":
            pairs = zip(each.categories, table, strict=True)
            lines.append(f"values = {{ {', '.join(f'{json.dumps(k)} = {json.dumps(v)}' for k, v in pairs)} }}")
            lines += [_line("other", _rule(each.other))] if each.other is not None else []
        case _:
            lines += [_line("model", each.model)] if each.kind == "score" else []
            lines += [_list("edges", [decimal_text(edge) for edge in each.edges]), _line("closed", each.closed)]
            lines.append(_list("table", table))
    return [*lines, _line("missing", _rule(each.missing))]


def _band_lines(band: ScoreBand) -> list[str]:
    lines = [_line("name", band.name)]
    if band.lower is not None:
        lines.append(_line("at_least" if band.lower_included else "above", decimal_text(band.lower)))
    if band.upper is not None:
        lines.append(_line("at_most" if band.upper_included else "below", decimal_text(band.upper)))
    return lines


def _pair_lines(pair: PairInput) -> list[str]:
    lines = [_list("of", [side.input.name for side in pair.sides])]
    for key, amounts in (
        ("edges_first", pair.sides[0].edges),
        ("edges_second", pair.sides[1].edges),
        ("missing_first", pair.missing_first),
        ("missing_second", pair.missing_second),
    ):
        lines += [_list(key, [decimal_text(amount) for amount in amounts])] if amounts else []
    table, columns = [decimal_text(amount) for amount in pair.table], pair.shape[1]
    rows = [table[start : start + columns] for start in range(0, len(table), columns)]
    return [*lines, "table = [", *(f"    {json.dumps(row)}," for row in rows), "]"]


def _rule(rule: str | int) -> str:
    return decimal_text(rule) if isinstance(rule, int) else rule


def _line(key: str, value: object) -> str:
    # A JSON string is a TOML string too, once DEL, which JSON lets pass, is escaped.
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    return f"{key} = {text}".replace("\x7f", "\\u007f")


def _list(key: str, values: list[str]) -> str:
    rows = [values[start : start + 10] for start in range(0, len(values), 10)]
    if len(rows) == 1:
        return f"{key} = {json.dumps(values)}"
    body = "".join(f"    {json.dumps(row)[1:-1]},\n" for row in rows)
    return f"{key} = [\n{body}]"
