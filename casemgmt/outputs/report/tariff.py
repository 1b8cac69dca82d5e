"""What a scheme pays, as a file: an amount per head, per plan and per review, each with its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from casemgmt.errors import InputError, SchemeError, unknown_key, unknown_name
from casemgmt.rule_files import SCHEME_BYTES, path_of, read_text, read_toml
from casemgmt.scheme.payments import Payment, check_texts, read_payments
from casemgmt.scheme.tables import within

_SHIPPED = resources.files("casemgmt.outputs.report") / "tariffs"


TARIFF_KEYS = ("id", "title", "source")
_TABLES = ("tariff", "payment")


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
    for key in document:
        if key not in _TABLES:
            raise unknown_key(origin, key, _TABLES)
    head, payments = document.get("tariff"), document.get("payment")
    if not isinstance(head, dict) or not isinstance(payments, list) or not payments:
        raise InputError(f"{origin}: a tariff has a table [tariff] and at least one [[payment]].")
    try:
        with within(f"{origin}: [tariff]"):
            said = check_texts(head, TARIFF_KEYS)
        with within(origin):
            found = read_payments(payments, "payment")
    except SchemeError as problem:
        raise InputError(str(problem)) from None
    return PaymentTariff(**said, payments=found, text=text)
