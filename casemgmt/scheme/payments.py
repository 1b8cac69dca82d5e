"""What is paid: an amount per head, per plan or per review, whole or in instalments, each with its source.

Schemes state payments in their table ``[caseload]``, tariffs in files of their own; both are read here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, cast

from casemgmt.errors import SchemeError, did_you_mean, must_be
from casemgmt.scheme.conditions import decimal_text
from casemgmt.scheme.shares import Share
from casemgmt.scheme.tables import within

Per = Literal["head", "plan", "review"]
Condition = Literal["declared", "register_test"]

PER: tuple[Per, ...] = ("head", "plan", "review")
CERTAINTY = ("A", "B", "C", "D")
CONDITIONS: tuple[Condition, ...] = ("declared", "register_test")
LONGEST_TEXT = 500  # a cell of a spreadsheet takes 32,767

AMOUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_YEAR_BEGINS = (4, 1)
MOST_INSTALMENTS = 24

PAYMENT_KEYS = ("name", "per", "amount", "certainty", "source")
TESTED_KEYS = ("list_on", "register_on")
_EVERY_KEY = ("name", "share", "condition", "says", *TESTED_KEYS)


@dataclass(frozen=True, slots=True, order=True)
class DayOfYear:
    """A day of every financial year, which runs from 1 April to 31 March.

    Examples
    --------
    >>> DayOfYear(9, 30).in_year(2014), DayOfYear(1, 1).in_year(2014)
    (datetime.date(2014, 9, 30), datetime.date(2015, 1, 1))
    """

    month: int
    day: int

    def in_year(self, year: int) -> dt.date:
        """The day in the financial year that begins on 1 April of ``year``."""
        return dt.date(year + ((self.month, self.day) < _YEAR_BEGINS), self.month, self.day)

    def __str__(self) -> str:
        """As a file writes it: ``09-30``."""
        return f"{self.month:02d}-{self.day:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """A part of a payment, and what it is paid for.

    Attributes
    ----------
    name : lower-case letters, digits and underscores
    share : of the payment, exactly
    share_text : as the file writes it
    condition : ``declared``: somebody declares it; ``register_test``: the scheme's register test decides
    says : what is declared; empty for a register test
    list_on, register_on : days of the register test: of the list, and of the register; None where it is declared
    """

    name: str
    share: Fraction
    share_text: str
    condition: Condition
    says: str = ""
    list_on: DayOfYear | None = None
    register_on: DayOfYear | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One amount.

    Attributes
    ----------
    name : what it is called
    per : ``head`` of the whole list, ``plan`` (a place used) or ``review`` (one done)
    pence : of one
    certainty : ``A`` to ``D``: primary source, good secondary source, recall, decided here
    source : in words
    list_on : of a payment per head, the day whose list is paid for; None: 1 April
    instalments : in the order in which they are paid, together the whole; none where it is paid at once
    """

    name: str
    per: str
    pence: int
    certainty: str
    source: str
    list_on: DayOfYear | None = None
    instalments: tuple[Instalment, ...] = ()

    def __post_init__(self) -> None:
        """Refuse instalments that are not together the whole, or of one name."""
        if not self.instalments:
            return
        whole = sum((each.share for each in self.instalments), Fraction())
        if whole != 1:
            raise SchemeError(f"the instalments are together {decimal_text(100 * whole)}% of the payment, not 100%.")
        if len({each.name for each in self.instalments}) < len(self.instalments):
            raise SchemeError("two instalments have one name.")


def read_payments(given: object, place: str) -> tuple[Payment, ...]:
    """The payments of a list of tables.

    Parameters
    ----------
    given : what stands under ``[[payment]]``
    place : how messages call one, such as ``payment``

    Raises
    ------
    SchemeError : they say what a payment may not say, or leave something out
    """
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise SchemeError(f"a {place} is headed [[{place}]], with two brackets on each side.")
    found = []
    for number, values in enumerate(given, start=1):
        with within(f"{place} {number}"):
            found.append(_read_payment(values))
    if len({each.name for each in found}) < len(found):
        raise SchemeError("two payments have one name.")
    return tuple(found)


def check_texts(given: Mapping[str, Any], names: tuple[str, ...], also: tuple[str, ...] = ()) -> dict[str, str]:
    """Texts of one line, each needed, and no key beside them but those of ``also``.

    Raises
    ------
    SchemeError : one is missing, is no text, or cannot stand in a cell; or there is another key
    """
    for name in given:
        if name not in names and name not in also:
            near = did_you_mean(name[:40], (*names, *also))
            raise SchemeError(f"'{name[:40]}' is no key of it.{near} Keys: {', '.join((*names, *also))}.")
    for name in names:
        if not isinstance(given.get(name), str) or not given[name].strip():
            raise SchemeError(f"'{name}' is missing, or is no text.")
        if len(given[name]) > LONGEST_TEXT or not given[name].isprintable():
            raise SchemeError(f"'{name}' is one line of at most {LONGEST_TEXT} letters that can be printed.")
    return {name: given[name] for name in names}


def _read_payment(values: dict[str, Any]) -> Payment:
    said = check_texts(values, PAYMENT_KEYS, ("list_on", "instalment"))
    for name, allowed in (("per", PER), ("certainty", CERTAINTY)):
        if said[name] not in allowed:
            raise must_be(name, f"one of {', '.join(allowed)}", error=SchemeError)
    if not AMOUNT.fullmatch(said["amount"]):
        raise must_be("amount", 'pounds in quotation marks, such as "5.00"', error=SchemeError)
    pounds, _, pence = said["amount"].partition(".")
    if "list_on" in values and said["per"] != "head":
        raise SchemeError("'list_on' is of a payment per head. Remove it.")
    parts = values.get("instalment", [])
    if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        raise SchemeError("an instalment is headed [[…payment.instalment]], with two brackets on each side.")
    if len(parts) > MOST_INSTALMENTS:
        raise SchemeError(f"it has {len(parts):,} instalments; {MOST_INSTALMENTS} is the most.")
    instalments = []
    for number, each in enumerate(parts, start=1):
        with within(f"instalment {number}"):
            instalments.append(_read_instalment(each))
    return Payment(
        name=said["name"],
        per=said["per"],
        pence=100 * int(pounds) + int(pence.ljust(2, "0") or 0),
        certainty=said["certainty"],
        source=said["source"],
        list_on=_day(values, "list_on") if "list_on" in values else None,
        instalments=tuple(instalments),
    )


def _read_instalment(values: dict[str, Any]) -> Instalment:
    for key in values:
        if key not in _EVERY_KEY:
            raise SchemeError(f"unknown key '{key[:40]}'.{did_you_mean(key, _EVERY_KEY)}")
    condition = values.get("condition")
    if condition not in CONDITIONS:
        raise must_be("condition", f"one of {', '.join(CONDITIONS)}", error=SchemeError)
    declared = condition == "declared"
    said = check_texts(values, ("name", "share", "condition", *(("says",) if declared else TESTED_KEYS)))
    if not NAME.fullmatch(said["name"]):
        what = "a lower-case letter, then lower-case letters, digits and underscores, at most 60"
        raise must_be("name", what, error=SchemeError)
    days = {} if declared else {name: _day(values, name) for name in TESTED_KEYS}
    if days and days["list_on"].in_year(2014) > days["register_on"].in_year(2014):
        raise SchemeError("'list_on' comes after 'register_on' in a year from 1 April to 31 March.")
    share = Share.read(said["share"], "at_most")
    return Instalment(
        name=said["name"],
        share=share.fraction,
        share_text=share.text,
        condition=cast(Condition, condition),
        says=said.get("says", ""),
        **days,
    )


def _day(values: Mapping[str, Any], key: str) -> DayOfYear:
    what = 'a day of every year in quotation marks, month first, such as "09-30"'
    found = DAY.fullmatch(values[key]) if isinstance(values[key], str) else None
    if found is None:
        raise must_be(key, what, error=SchemeError)
    month, day = int(found[1]), int(found[2])
    try:
        dt.date(2015, month, day)  # no leap year: 29 February is no day of every year
    except ValueError:
        raise must_be(key, what, error=SchemeError) from None
    return DayOfYear(month, day)
