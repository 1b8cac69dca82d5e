"""What may stand in a scheme file."""

from __future__ import annotations

import re
from typing import Any

from casemgmt.register.fields import FIELDS, Field
from casemgmt.schemas.parts import Schema, by_key, choice, document, flag, many, number, table, text, without
from casemgmt.schemas.payment_files import CERTAIN, payments
from casemgmt.scheme.caseload_rules import MOST_DAYS_TO_TELL, NEEDS, PARTS, RULES_KEYS, TEST_KEYS, TEST_MAY_HAVE
from casemgmt.scheme.conditions import AGE_RULES, DECIMAL, EDGE_NAMES
from casemgmt.scheme.files import HEAD_LISTS, HEAD_TEXTS, KIND_KEYS, MOST_ROUTES, ROUTE_KEYS, TABLES
from casemgmt.scheme.routes import (
    COUNTS_AS,
    LONGEST_TIE_KEY,
    MOST_MONTHS,
    ROUTE_NAME,
    SCHEME_ID,
    SELECTION_COLUMNS,
)
from casemgmt.scheme.shares import LIMITS, SHARE
from casemgmt.scheme.tables import REMEDIES

_WHOLE = re.compile(r"-?[0-9]{1,18}(\.0{1,18})?")
_RISK = re.compile(r"-?0{1,18}(\.0{1,18})?|0{0,17}1(\.0{1,18})?|0{1,18}\.[0-9]{1,18}")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHERE: Schema = {"$ref": "#/$defs/where"}
_UNLIKE = {"allOf": [without("at_least", "above"), without("below", "at_most")]}


def scheme() -> Schema:
    """A scheme file."""
    names = many(text(), unique=True)
    head = {
        **{key: text(REMEDIES[key]) for key in HEAD_TEXTS},
        **{key: {**names, "description": REMEDIES[key]} for key in HEAD_LISTS},
        "decisions": many(text(), says=REMEDIES["decisions"]),
        "id": text(REMEDIES["id"], pattern=SCHEME_ID),
        "tie_key": {"type": "string", "minLength": 1, "maxLength": LONGEST_TIE_KEY, "pattern": r"\S"},
    }
    keys = {
        "scheme": table(head, tuple(head), says="What the scheme is, and the columns it looks at."),
        "route": many(
            by_key("kind", {kind: _route(kind) for kind in KIND_KEYS}), 1, MOST_ROUTES, says="A way into a list."
        ),
        "programme": table({}, others=number(0), says="Totals that are reported beside the result, never enforced."),
        "caseload": _caseload(),
        "notes": table({}, others=text(), says="What the source states and nothing here enforces."),
    }
    found = table({key: keys[key] for key in TABLES}, ("scheme", "route"))
    return document("A scheme of casemgmt", found | {"$defs": {"where": _where()}})


def _route(kind: str) -> Schema:
    needed, may_have = KIND_KEYS[kind]
    risky = _edges(_RISK, (0, 1))
    keys: dict[str, Schema] = {
        "name": text(REMEDIES["name"], pattern=ROUTE_NAME)
        | {"not": {"anyOf": [{"enum": sorted(SELECTION_COLUMNS)}, {"pattern": "^register_"}]}},
        "kind": {"const": kind},
        "counts_as": choice(COUNTS_AS, REMEDIES["counts_as"]),
        "share": text(REMEDIES["share"], pattern=SHARE),
        "keep_within": text("Who is on the caseload keeps a place within this larger share.", pattern=SHARE),
        "limit": choice(LIMITS, REMEDIES["limit"]),
        **{key: _WHERE | {"description": REMEDIES[key]} for key in ("of", "among", "where")},
        "include_tied": flag("Whether everyone tied with the last one in is in as well."),
        "every_months": number(1, MOST_MONTHS, REMEDIES["every_months"]),
        "on": choice(("score", "risk"), REMEDIES["on"]),
        **dict.fromkeys(EDGE_NAMES, _edge(DECIMAL)),
    }
    rules: dict[str, list[Schema]] = {
        "top_share": [
            _if("include_tied", True, {"properties": {"limit": {"const": "at_least"}}}),
            _if("include_tied", True, {"not": {"required": ["keep_within"]}}),
        ],
        "everyone": [{"properties": {"where": {"minProperties": 1}}}],
        "nominated": [{"properties": {"limit": {"const": "at_most"}}}],
        "review": [{"properties": {"where": {"required": ["age"]}, "counts_as": {"const": "entitlement"}}}],
        "band": [_UNLIKE, {"anyOf": [{"required": [name]} for name in EDGE_NAMES]}, _if("on", "risk", risky)],
    }
    known = (*ROUTE_KEYS, *needed, *may_have)
    return table({key: keys[key] for key in known}, (*ROUTE_KEYS, *needed), allOf=rules[kind])


def _if(key: str, value: Any, then: Schema) -> Schema:
    return {"if": {"required": [key], "properties": {key: {"const": value}}}, "then": then}


def _where() -> Schema:
    """Conditions on columns: fields of the register by what they hold, and columns of the user's own."""
    own = {"anyOf": [{"type": "boolean"}, _allowed({"type": "string", "minLength": 1}), _edge_table(DECIMAL)]}
    return {
        "type": "object",
        "properties": {name: _condition(field) for name, field in FIELDS.items()},
        "additionalProperties": own,
    }


def _condition(field: Field) -> Schema | bool:
    match field.kind:
        case "flag":
            return {"type": "boolean"}
        case "integer":
            more = {"on": {"anyOf": [{"enum": list(AGE_RULES)}, text(pattern=_ISO_DAY)]}} if field.name == "age" else {}
            return _edge_table(_WHOLE) | {"description": field.allowed_in_words} | {"properties": _of(_WHOLE) | more}
        case "category":
            return _allowed({"enum": list(field.allowed)})
        case "text":
            return _allowed({"enum": list(field.allowed)} if field.allowed else {"type": "string", "minLength": 1})
        case _:
            return False


def _allowed(item: Schema) -> Schema:
    return many(item, 1, unique=True)


def _edge(pattern: re.Pattern[str], ends: tuple[int, int] | None = None) -> Schema:
    least, most = ends or (None, None)
    return {"anyOf": [number(least, most), text(pattern=pattern)]}


def _of(pattern: re.Pattern[str]) -> dict[str, Schema]:
    return dict.fromkeys(EDGE_NAMES, _edge(pattern))


def _edges(pattern: re.Pattern[str], ends: tuple[int, int]) -> Schema:
    return {"properties": dict.fromkeys(EDGE_NAMES, _edge(pattern, ends))}


def _edge_table(pattern: re.Pattern[str]) -> Schema:
    has_one = {"anyOf": [{"required": [name]} for name in EDGE_NAMES]}
    return table(_of(pattern), allOf=[*_UNLIKE["allOf"], has_one])


def _caseload() -> Schema:
    ages = sorted(int(edge) for of in PARTS for condition in of.conditions if (edge := condition.edges.at_least))  # type: ignore[union-attr]  # every part is everyone, or of an age and over
    aged = {"anyOf": [{"enum": ages}, text(pattern=re.compile(rf"0*({'|'.join(map(str, ages))})(\.0+)?"))]}
    people = table({"age": table({"at_least": aged, "on": {"const": "as_of"}}, ("at_least",))})
    test = {
        "share": text('Such as "1.8%".', pattern=SHARE),
        "of": people,
        "declined_counts": flag("Whether who declined a plan counts all the same."),
        "leavers_count": flag("Whether who died or moved in the period counts."),
        "beside": many(text(), says="Routes whose patients are on the register as well."),
        "needs": many(choice(NEEDS)),
    }
    keys = {
        "source": text("Where the rules come from."),
        "certainty": CERTAIN,
        "tell_within_days": number(0, MOST_DAYS_TO_TELL, "Days from acceptance until the patient has been told."),
        "register_test": table({key: test[key] for key in (*TEST_KEYS, *TEST_MAY_HAVE)}, TEST_KEYS),
        "payment": payments(),
    }
    return table({key: keys[key] for key in RULES_KEYS}, ("source", "certainty"), says="Asked of a caseload over time.")
