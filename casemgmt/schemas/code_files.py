"""What may stand in a file of rules over coded records, and in the side file of a code list."""

from __future__ import annotations

from casemgmt.codes.codelist import CONDITION_NAME, MATCHES
from casemgmt.codes.listfiles import SIDE_KEYS
from casemgmt.codes.rules import MOST_ROWS, RULE_KEYS, SEEN_KEYS
from casemgmt.codes.systems import SYSTEMS
from casemgmt.codes.windows import TEXT
from casemgmt.schemas.parts import Schema, any_text, choice, document, many, number, table, text, without


def rules() -> Schema:
    """A file of rules."""
    window = 'A number of days, months or years, such as "12 months".'
    seen = {
        "condition": any_text("A condition of a code list."),
        "at_least": number(1, MOST_ROWS, "In how many rows."),
        "within": text(window, pattern=TEXT),
        "first_within": text(f"The window of the very first row. {window}", pattern=TEXT),
        "later_than": any_text("Another condition, of which every row must lie before the latest of this one."),
    }
    alone = [without("first_within", "within"), {"if": {"required": ["first_within"]}, "then": _once()}]
    each = table({key: seen[key] for key in SEEN_KEYS}, ("condition",), allOf=alone)
    parts = {
        "all": many(each, says="Each must be seen."),
        "any": many(each, says="At least one must be seen."),
        "unless": many(each, says="None may be seen."),
    }
    keys = {"name": text("The flag that it makes.", pattern=CONDITION_NAME), **parts}
    asks = [{"required": [part], "properties": {part: {"minItems": 1}}} for part in ("all", "any")]
    rule = table({key: keys[key] for key in RULE_KEYS}, ("name",), anyOf=asks)
    return document("Rules of casemgmt over coded records", table({"rule": many(rule)}, ("rule",)))


def _once() -> Schema:
    return {"properties": {"at_least": {"const": 1}}}


def codelist() -> Schema:
    """The side file of a code list."""
    keys = {key: text() for key in SIDE_KEYS} | {"system": choice(SYSTEMS), "match": choice(MATCHES)}
    return document("What a code list says of itself", table({"codelist": table(keys)}, ("codelist",)))
