"""What a scheme pays, as a file: an amount per head, per plan and per review, each with its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from casemgmt.errors import InputError, must_be, unknown_name
from casemgmt.rule_files import SCHEME_BYTES, path_of, read_text, read_toml

PER = ("head", "plan", "review")
_LONGEST = 500  # of a text; a cell of a spreadsheet takes 32,767
CERTAINTY = ("A", "B", "C", "D")
_AMOUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
_SHIPPED = resources.files("casemgmt.outputs.report") / "tariffs"


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
    """

    name: str
    per: str
    pence: int
    certainty: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTariff:
    """The amounts of a scheme, and where they come from."""

    id: str
    title: str
    source: str
    payments: tuple[Payment, ...]
    text: str


def list_tariffs() -> list[str]:
    """The names of the tariffs that ship with the library, in order."""
    return sorted(each.name.removesuffix(".toml") for each in _SHIPPED.iterdir() if each.name.endswith(".toml"))


def load_tariff(source: str | Path) -> PaymentTariff:
    """A tariff that ships with the library, by name, or one of your own, by path.

    Raises
    ------
    InputError : there is none of that name, or the file does not say what a tariff says
    """
    if isinstance(source, str) and not re.search(r"[/\\]", source):
        if source not in list_tariffs():
            raise unknown_name("tariff", source, list_tariffs(), remedy="A file of your own is a Path.")
        return read_tariff_text((_SHIPPED / f"{source}.toml").read_text(encoding="utf-8"), source)
    path = path_of(source, InputError, "A tariff")
    return read_tariff_text(read_text(path, InputError, SCHEME_BYTES, "tariff file"), path.name)


def read_tariff_text(text: str, origin: str) -> PaymentTariff:
    """The tariff that a TOML text states.

    Parameters
    ----------
    origin : what messages call it
    """
    document = read_toml(text, origin, InputError, "tariff file")
    head, payments = document.get("tariff"), document.get("payment")
    if not isinstance(head, dict) or not isinstance(payments, list) or not payments:
        raise InputError(f"{origin}: a tariff has a table [tariff] and at least one [[payment]].")
    said = _texts_of(head, ("id", "title", "source"), f"{origin}: [tariff]")
    found = [_payment(each, f"{origin}: payment {number}") for number, each in enumerate(payments, start=1)]
    if len({each.name for each in found}) < len(found):
        raise InputError(f"{origin}: two payments have one name.")
    return PaymentTariff(id=said["id"], title=said["title"], source=said["source"], payments=tuple(found), text=text)


def _payment(given: Any, where: str) -> Payment:
    if not isinstance(given, dict):
        raise InputError(f"{where} is a table: [[payment]].")
    said = _texts_of(given, ("name", "per", "amount", "certainty", "source"), where)
    for name, allowed in (("per", PER), ("certainty", CERTAINTY)):
        if said[name] not in allowed:
            raise must_be(f"{where}: {name}", f"one of {', '.join(allowed)}")
    if not _AMOUNT.fullmatch(said["amount"]):
        raise must_be(f"{where}: amount", 'pounds in quotation marks, such as "5.00"')
    pounds, _, pence = said["amount"].partition(".")
    whole = 100 * int(pounds) + int(pence.ljust(2, "0") or 0)
    return Payment(name=said["name"], per=said["per"], pence=whole, certainty=said["certainty"], source=said["source"])


def _texts_of(given: dict[str, Any], names: tuple[str, ...], where: str) -> dict[str, str]:
    for name in given:
        if name not in names:
            raise InputError(f"{where}: '{name[:40]}' is no key of it. Keys: {', '.join(names)}.")
    for name in names:
        if not isinstance(given.get(name), str) or not given[name].strip():
            raise InputError(f"{where}: '{name}' is missing, or is no text.")
        if len(given[name]) > _LONGEST or not given[name].isprintable():
            raise InputError(f"{where}: '{name}' is one line of at most {_LONGEST} letters that can be printed.")
    return {name: given[name] for name in names}
