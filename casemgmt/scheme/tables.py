"""A table of a scheme file, read key by key: nothing unknown, nothing left out, nothing of another type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from casemgmt.errors import SchemeError, did_you_mean, listed, missing_key, must_be
from casemgmt.scheme.conditions import EDGE_NAMES, Condition, Edges, Where, read_decimal

# What to write where a key is missing.
REMEDIES = {
    "id": 'Write id = "my-scheme".',
    "title": 'Write title = "what the scheme is called".',
    "source": 'Write source = "where its rules come from".',
    "decisions": 'Write what you decided where the source is silent: decisions = ["rounding", "ties"], or [] for none.',
    "tie_key": 'Write tie_key = "a short public text", which orders exact ties.',
    "required": "Name the register columns the scheme needs, or write required = [].",
    "optional": "Name the register columns the scheme uses where they are present, or write optional = [].",
    "name": 'Write name = "highest_risk".',
    "kind": 'Write kind = "top_share", "everyone", "nominated", "review" or "band".',
    "counts_as": 'Write counts_as = "case_management" or "entitlement".',
    "share": 'Write share = "3%".',
    "limit": 'Write limit = "at_most" for a ceiling or "at_least" for a floor.',
    "of": "Write who the share is of: of = {} for everyone on the list, or of = { age = { at_least = 18 } }.",
    "among": "Write who is ranked: among = {} for everyone with a score, or among = { age = { at_least = 18 } }.",
    "where": "Write who is in it, such as where = { age = { at_least = 75 } }.",
    "every_months": "Write every_months = 12.",
    "on": 'Write on = "score" or on = "risk".',
}


@contextmanager
def within(place: str) -> Iterator[None]:
    """Put the place in front of the message of any scheme error raised inside."""
    try:
        yield
    except SchemeError as problem:
        raise SchemeError(f"{place}: {problem}") from None


@dataclass(frozen=True, slots=True)
class Table:
    """The values of one table of the file."""

    values: Mapping[str, object]

    def allow(self, known: Sequence[str]) -> None:
        """Refuse every key that is not known."""
        unknown = [key for key in self.values if key not in known]
        if unknown:
            near = did_you_mean(unknown[0], known)
            word = "key" if len(unknown) == 1 else "keys"
            raise SchemeError(f"unknown {word} {listed(unknown)}.{near} Known here: {listed(known, most=40)}.")

    def need(self, *keys: str) -> None:
        """Refuse the first missing key, with what to write."""
        for key in keys:
            if key not in self.values:
                raise missing_key(key, _remedy(key), error=SchemeError)

    def text(self, key: str) -> str:
        """A text that is not empty."""
        self.need(key)
        value = self.values[key]
        if not isinstance(value, str) or not value.strip():
            raise must_be(key, "text, and not empty", _remedy(key), error=SchemeError)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, none empty."""
        self.need(key)
        value = self.values[key]
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise must_be(key, "a list of texts", _remedy(key), error=SchemeError)
        return tuple(value)

    def whole(self, key: str) -> int:
        """A whole number from 0."""
        self.need(key)
        value = self.values[key]
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise must_be(key, "a whole number, not negative", _remedy(key), error=SchemeError)
        return value

    def flag(self, key: str) -> bool:
        """True or false, and false where the key is absent."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise must_be(key, "true or false", error=SchemeError)
        return value

    def where(self, key: str) -> Where:
        """Conditions joined by *and*."""
        self.need(key)
        values = self.values[key]
        if not isinstance(values, dict):
            raise must_be(key, "a table of conditions", _remedy(key), error=SchemeError)
        with within(f"'{key}'"):
            return Where(conditions=tuple(read_condition(field, value) for field, value in values.items()))

    def edges(self) -> Edges:
        """The edges among the values."""
        return Edges(**{name: read_decimal(self.values[name], name) for name in EDGE_NAMES if name in self.values})


def read_condition(field: str, value: object) -> Condition:
    """One condition as a file writes it: ``true``, ``["a", "b"]`` or ``{ at_least = 18 }``."""
    if isinstance(value, bool):
        return Condition(field=field, flag=value)
    if isinstance(value, list):
        return Condition(field=field, allowed=tuple(value))
    if not isinstance(value, dict):
        raise must_be(
            field,
            "a list of allowed values, true or false, or edges",
            f'Write {field} = ["…"], {field} = true or {field} = {{ at_least = 1 }}.',
            error=SchemeError,
        )
    table = Table(value)
    with within(f"'{field}'"):
        table.allow((*EDGE_NAMES, "on") if field == "age" else EDGE_NAMES)
        edges = table.edges()
    on = value.get("on", "as_of")
    if type(on) is dt.date:  # TOML has dates of its own, written without quotes
        on = on.isoformat()
    return Condition(field=field, edges=edges, on=on)


def _remedy(key: str) -> str:
    return REMEDIES.get(key, "")
