"""Conditions on a register's columns: a list of allowed values, true or false, or edges on a number.

A missing value never meets a condition, whichever way round the condition is written.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from casemgmt.ages import reference_date
from casemgmt.errors import InputError, SchemeError, listed, must_be
from casemgmt.register.fields import FIELDS, Field

# Each named age rule, and how a sentence ends that uses it.
AGE_RULES = {
    "as_of": "",
    "end_of_calendar_year": " at the end of the calendar year",
    "end_of_financial_year": " at the end of the financial year",
}
EDGE_NAMES = ("at_least", "above", "below", "at_most")

DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


def read_decimal(value: object, key: str) -> Fraction:
    """The exact value of a text decimal (``"0.40"``) or a whole number (``75``), or an error that names the key."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Fraction(value)
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return Fraction(value)
    if isinstance(value, float):
        raise SchemeError(f"'{key}' is a number with a point, which is not held exactly. Write it as text: \"0.40\".")
    raise must_be(key, 'a whole number, such as 75, or a decimal as text, such as "0.40"', error=SchemeError)


def decimal_text(value: Fraction) -> str:
    """The shortest decimal that is exactly the value, or a fraction where no decimal is."""
    for places in range(19):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = str(abs(scaled.numerator)).zfill(places + 1)
            point = len(digits) - places
            sign = "-" if value < 0 else ""
            return sign + digits[:point] + ("." + digits[point:] if places else "")
    return f"{value.numerator}/{value.denominator}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """At most one lower and one upper edge on a number, held exactly.

    Attributes
    ----------
    at_least, above : the lower edge, itself inside or outside; at most one of them
    below, at_most : the upper edge, itself outside or inside; at most one of them

    Examples
    --------
    >>> band = Edges(at_least=Fraction("0.40"), below=Fraction("0.60"))
    >>> band.contains(0.4), band.contains(0.6), band.contains(float("nan"))
    (True, False, False)
    """

    at_least: Fraction | None = None
    above: Fraction | None = None
    below: Fraction | None = None
    at_most: Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse no edge, two edges on one side, or edges that leave nothing between them."""
        if self.at_least is not None and self.above is not None:
            raise SchemeError("'at_least' and 'above' are both lower edges. Keep one.")
        if self.below is not None and self.at_most is not None:
            raise SchemeError("'below' and 'at_most' are both upper edges. Keep one.")
        if self.lower is None and self.upper is None:
            raise SchemeError(f"no edge is given. Write at least one of {listed(EDGE_NAMES)}.")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise SchemeError(
                f"the lower edge ({decimal_text(self.lower)}) must be smaller than the upper edge "
                f"({decimal_text(self.upper)})."
            )

    @property
    def lower(self) -> Fraction | None:
        """The lower edge, or None where the numbers are open below."""
        return self.above if self.at_least is None else self.at_least

    @property
    def upper(self) -> Fraction | None:
        """The upper edge, or None where the numbers are open above."""
        return self.below if self.at_most is None else self.at_most

    def contains(self, value: int | float | Fraction | None) -> bool:
        """Whether the value lies within the edges; never for None, NaN or an infinity.

        Whole numbers and fractions are compared exactly. A float is compared with the float nearest to each edge, so
        that the float written 0.6 is not below ``"0.60"``.
        """
        if value is None or not math.isfinite(value):
            return False
        nearest = isinstance(value, float)

        def edge(exact: Fraction) -> float | Fraction:
            return float(exact) if nearest else exact

        return (
            (self.at_least is None or value >= edge(self.at_least))
            and (self.above is None or value > edge(self.above))
            and (self.below is None or value < edge(self.below))
            and (self.at_most is None or value <= edge(self.at_most))
        )

    def whole_numbers(self, least: int, most: int) -> range:
        """The whole numbers from ``least`` to ``most``, both inclusive, that lie within the edges."""
        first, last = least, most
        if self.at_least is not None:
            first = max(first, math.ceil(self.at_least))
        if self.above is not None:
            first = max(first, math.floor(self.above) + 1)
        if self.below is not None:
            last = min(last, math.ceil(self.below) - 1)
        if self.at_most is not None:
            last = min(last, math.floor(self.at_most))
        return range(first, last + 1)

    def describe(self) -> str:
        """The edges in words: ``at least 18``, ``9 to 12``, ``at least 0.4 and below 0.6``."""
        if self.at_least is not None and self.at_most is not None:
            return f"{decimal_text(self.at_least)} to {decimal_text(self.at_most)}"
        given = ((name, getattr(self, name)) for name in EDGE_NAMES)
        return " and ".join(
            f"{name.replace('_', ' ')} {decimal_text(edge)}" for name, edge in given if edge is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition on one column: exactly one of ``allowed``, ``flag`` and ``edges`` is set.

    Attributes
    ----------
    field : a register field, or a column of the user's own
    allowed : the values that meet it
    flag : the answer that meets it
    edges : the numbers that meet it
    on : for age alone, the date on which it is counted: ``as_of``, ``end_of_calendar_year``,
        ``end_of_financial_year`` or an ISO date (see `casemgmt.dates.reference_date`)
    """

    field: str
    allowed: tuple[str, ...] | None = None
    flag: bool | None = None
    edges: Edges | None = None
    on: str = "as_of"

    def __post_init__(self) -> None:
        """Refuse what the field's kind cannot answer."""
        if sum(part is not None for part in (self.allowed, self.flag, self.edges)) != 1:
            raise SchemeError(f"'{self.field}': give a list of allowed values, true or false, or edges; one of them.")
        if self.allowed is not None:
            _check_allowed(self.field, self.allowed)
        if self.on != "as_of":
            _check_age_rule(self.field, self.on)
        if self.field in FIELDS:
            _check_kind(self, FIELDS[self.field])

    def describe(self) -> str:
        """The condition in words: ``age at least 18``, ``care home type nursing or residential``."""
        name = self.field.replace("_", " ")
        if self.allowed is not None:
            return f"{name} {_either(self.allowed)}"
        if self.edges is None:
            return name if self.flag else f"not {name}"
        return f"{name} {self.edges.describe()}{AGE_RULES.get(self.on, f' on {self.on}')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Conditions joined by *and*; none means everyone."""

    conditions: tuple[Condition, ...] = ()

    @property
    def is_everyone(self) -> bool:
        """Whether nothing is asked."""
        return not self.conditions

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns asked about, each once, in order."""
        return tuple(dict.fromkeys(condition.field for condition in self.conditions))

    def describe(self) -> str:
        """The conditions in plain English: ``age at least 18``, or ``everyone on the list``."""
        return " and ".join(condition.describe() for condition in self.conditions) or "everyone on the list"


EVERYONE = Where()


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _check_allowed(field: str, allowed: tuple[str, ...]) -> None:
    if not allowed:
        raise SchemeError(f"'{field}' allows no value. Write at least one.")
    if not all(isinstance(value, str) for value in allowed):
        raise SchemeError(f"'{field}': a list holds text. For numbers write edges, such as {{ at_most = 2 }}.")
    if "" in allowed:
        raise SchemeError(f"'{field}' allows an empty text, and a missing value never meets a condition. Remove it.")
    if len(set(allowed)) < len(allowed):
        raise SchemeError(f"'{field}' lists a value twice. Remove one.")


def _check_age_rule(field: str, on: str) -> None:
    if field != "age":
        raise SchemeError(f"'{field}': 'on' says when an age is counted, and belongs to 'age' alone. Remove it.")
    try:
        reference_date(str(on), dt.date(2000, 1, 1))  # a date with a time of day is no ISO date
    except InputError:
        raise must_be("on", f"one of {listed(AGE_RULES)}, or an ISO date", place="'age'", error=SchemeError) from None


def _check_kind(condition: Condition, field: Field) -> None:
    name = field.name
    match field.kind:
        case "flag":
            if condition.flag is None:
                raise SchemeError(f"'{name}' is true or false. Write {name} = true or {name} = false.")
        case "integer":
            if condition.edges is None:
                raise SchemeError(
                    f"'{name}' is {field.allowed_in_words}. "
                    f"Write edges, such as {name} = {{ at_least = {field.least + 1} }}."
                )
            _check_whole(condition.edges, field)
        case "category" | "text":
            if condition.allowed is None:
                kind = f"one of {field.allowed_in_words}" if field.allowed else "text"
                raise SchemeError(f"'{name}' is {kind}. Write a list of allowed values.")
            unknown = [value for value in condition.allowed if field.allowed and value not in field.allowed]
            if unknown:
                raise SchemeError(f"'{name}' is never {listed(unknown)}. It is one of {field.allowed_in_words}.")
        case _:
            remedy = " Write a condition on 'age'." if name == "date_of_birth" else ""
            raise SchemeError(f"'{name}' cannot stand in a condition.{remedy}")


def _check_whole(edges: Edges, field: Field) -> None:
    if any(edge is not None and edge.denominator != 1 for edge in (edges.lower, edges.upper)):
        raise SchemeError(f"'{field.name}' is {field.allowed_in_words}: its edges must be whole numbers.")
    if not edges.whole_numbers(field.least, field.most):
        raise SchemeError(f"'{field.name}' is {field.allowed_in_words}: none lies within '{edges.describe()}'.")
