"""What may stand in a tariff, and in the payments of a scheme."""

from __future__ import annotations

import re

from casemgmt.outputs.report.tariff import TARIFF_KEYS
from casemgmt.schemas.parts import Schema, by_key, choice, document, many, table, text, whole
from casemgmt.scheme.payments import (
    AMOUNT,
    CERTAINTY,
    CONDITIONS,
    DAY,
    LONGEST_TEXT,
    MOST_INSTALMENTS,
    NAME,
    PAYMENT_KEYS,
    PER,
    TESTED_KEYS,
)
from casemgmt.scheme.shares import SHARE

CERTAIN = choice(CERTAINTY, "A a primary source, B a good secondary one, C recall, D decided here.")
_DAY_SAYS = 'A day of every year, month first, such as "09-30".'
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]*")


def one_line(says: str = "") -> Schema:
    """A text of one line that is not blank."""
    return text(says, most=LONGEST_TEXT) | {"allOf": [{"pattern": whole(_ONE_LINE)}]}


def payments(least: int = 0) -> Schema:
    """The payments of a list of tables."""
    keys = {
        "name": one_line("What it is called."),
        "per": choice(PER, "For each patient of the list, each plan, or each review."),
        "amount": text('Pounds in quotation marks, such as "5.00".', pattern=AMOUNT),
        "certainty": CERTAIN,
        "source": one_line("Where the amount comes from."),
        "list_on": text(_DAY_SAYS, pattern=DAY),
        "instalment": many(_instalment(), most=MOST_INSTALMENTS, says="Together the whole of the payment."),
    }
    of_heads: Schema = {"if": {"required": ["list_on"]}, "then": {"properties": {"per": {"const": "head"}}}}
    return many(table(keys, PAYMENT_KEYS, **of_heads), least, says="What is paid.")


def tariff() -> Schema:
    """A file of a tariff."""
    head = table({key: one_line() for key in TARIFF_KEYS}, TARIFF_KEYS)
    keys = {"tariff": head, "payment": payments(1)}
    return document("A tariff of casemgmt", table(keys, tuple(keys)))


def _instalment() -> Schema:
    own = {"name": text(pattern=NAME), "share": text('Such as "60%".', pattern=SHARE)}
    declared = {**own, "condition": {"const": CONDITIONS[0]}, "says": one_line("What is declared.")}
    tested = {**own, "condition": {"const": CONDITIONS[1]}, **dict.fromkeys(TESTED_KEYS, text(_DAY_SAYS, pattern=DAY))}
    tables = {CONDITIONS[0]: declared, CONDITIONS[1]: tested}
    return by_key("condition", {str(name): table(keys, tuple(keys)) for name, keys in tables.items()})
