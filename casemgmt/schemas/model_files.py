"""What may stand in a model file."""

from __future__ import annotations

import re

from casemgmt.risk.additive import LINKS
from casemgmt.risk.files import BAND_KEYS, INPUT_KEYS, MODEL_KEYS, MOST_INPUTS, OF_EVERY_INPUT, TABLES
from casemgmt.risk.inputs import LONGEST_TABLE
from casemgmt.risk.sections import MODEL_WORDS, RESERVED
from casemgmt.schemas.parts import Schema, by_key, choice, document, flag, many, number, table, text, without

_DECIMAL = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,6})?")
_LARGE = 2**31 - 1
_SURVIVAL = re.compile(r"0{1,10}\.[0-9]{1,20}")
_NAME = re.compile(r"\S|\S.*\S")
NO_SCORE = "no score"


def model() -> Schema:
    """A model file; its tables must fit its inputs too, and its vectors agree, which ``models check`` sees."""
    keys = {
        **{key: text() for key in MODEL_WORDS},
        "link": choice(LINKS, "From the sum to a risk; points gives none."),
        "intercept": _amount("What everybody starts from."),
        "horizon_days": number(1, _LARGE, "Within how many days the outcome counts; needed for a risk."),
        "baseline_survival": text("Of the survival link: of someone at the centre, at the horizon.", pattern=_SURVIVAL),
        "centre": _amount("Of the survival link."),
        "floor": _amount("No sum is under it."),
        "divide_by": number(1, _LARGE, "By which the sum is divided before it is shown."),
        "bands": many(_band(), says="Named ranges of the score, one beginning where the other ends."),
        "demonstration": flag("Refused for people who are not made up."),
        "calibrated_in": many(text(), unique=True, says="Practices on whose outcomes it was calibrated."),
    }
    survival = ["baseline_survival", "centre"]
    head = table(
        {key: keys[key] for key in MODEL_KEYS},
        (*MODEL_WORDS, "link", "intercept"),
        allOf=[
            {
                "if": _link("survival"),
                "then": {"required": survival},
                "else": {"not": {"anyOf": [{"required": [key]} for key in survival]}},
            },
            {"if": _link("points"), "else": {"required": ["horizon_days"]}},
        ],
    )
    inputs = many(by_key("kind", {kind: _input(kind) for kind in INPUT_KEYS}), 1, MOST_INPUTS)
    tables = {"model": head, "input": inputs}
    return document("A model of casemgmt", table({key: tables[key] for key in TABLES}, TABLES))


def _link(name: str) -> Schema:
    return {"properties": {"link": {"const": name}}}


def _amount(says: str = "") -> Schema:
    return text(f"{says} A decimal in quotation marks, of at most six places.".strip(), pattern=_DECIMAL)


def _amount_or(*rules: str) -> Schema:
    return {"anyOf": [choice(rules), _amount()]}


def _amounts(least: int = 0) -> Schema:
    return many(_amount(), least, LONGEST_TABLE)


def _input(kind: str) -> Schema:
    needed, may_have = INPUT_KEYS[kind]
    rules = ("absent", NO_SCORE) if kind == "flag" else (NO_SCORE,)
    keys = {
        "name": text("The column of the register.", pattern=_NAME) | {"not": {"enum": list(RESERVED)}},
        "kind": {"const": kind},
        "label": text("The same in words."),
        "missing": _amount_or(*rules) | {"description": "What a missing value does."},
        "value": _amount("What it adds."),
        "superseded_by": many(text(), unique=True, says="The greater flags beside which this one adds nothing."),
        "from": number(-_LARGE, _LARGE, "The whole number of the table's first value."),
        "table": many(_amounts(1), 1) if kind == "pair" else _amounts(1),
        "below": choice(("first", NO_SCORE), "What a smaller number does."),
        "reference": number(-_LARGE, _LARGE, "The number that reasons are held against."),
        "values": table({}, others=_amount(), says="By category, what it adds.", minProperties=1),
        "other": _amount_or(NO_SCORE) | {"description": "What any other text does."},
        "edges": _amounts(1),
        "closed": choice(("left", "right"), "left: an edge belongs to the cell above it."),
        "model": text("The name or the folder of the other model."),
        "of": many(text(), 2, 2, unique=True, says="Two other inputs."),
        **dict.fromkeys(("edges_first", "edges_second", "missing_first", "missing_second"), _amounts()),
    }
    known = (*OF_EVERY_INPUT, *needed, *may_have)
    more = {"if": {"required": ["superseded_by"], "properties": {"superseded_by": {"minItems": 1}}}}
    supersedes = [more | {"then": {"properties": {"missing": {"const": "absent"}}}}] if kind == "flag" else []
    needs = ("name", "kind", "missing", *needed)
    found = table({key: keys[key] for key in known}, needs)
    return found | ({"allOf": supersedes} if supersedes else {})


def _band() -> Schema:
    keys = {"name": text()} | {key: _amount() for key in BAND_KEYS if key != "name"}
    return table(keys, ("name",), allOf=[without("above", "at_least"), without("below", "at_most")])
