"""Pounds split into instalments, exact to the penny, and the year that they are of."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Final

from casemgmt import arguments
from casemgmt.errors import InputError
from casemgmt.scheme.payments import Payment

PENNY: Final = Decimal("0.01")
_FIRST_YEAR, _LAST_YEAR = 1948, 2999


def split(counted: int | None, payment: Payment) -> list[Decimal | None]:
    """The instalments of a payment in pounds, or the whole where it has none; their sum is the whole.

    Each is rounded to the nearest penny, halves up; the last is what is left.

    Parameters
    ----------
    counted : heads, plans or reviews; None: not known, and nor are the amounts

    Examples
    --------
    >>> from casemgmt.scheme.files import load_scheme
    >>> payment = load_scheme("avoiding-unplanned-admissions-2014-15").caseload.payments[0]
    >>> [str(each) for each in split(8543, payment)]  # of 24,518.41
    ['11033.28', '4903.68', '2451.84', '2451.84', '3677.77']
    """
    if counted is None:
        return [None] * max(len(payment.instalments), 1)
    whole = counted * payment.pence
    pence = []
    for part in payment.instalments[:-1]:
        exact = whole * part.share
        pence.append((2 * exact.numerator + exact.denominator) // (2 * exact.denominator))
    return [Decimal(each) * PENNY for each in (*pence, whole - sum(pence))]


def year_of(year: object) -> tuple[dt.date, dt.date]:
    """The first and the last day of the financial year that begins on 1 April of a year.

    Raises
    ------
    InputError : it is no year
    """
    found = arguments.whole(year, "year")
    if isinstance(year, bool) or not _FIRST_YEAR <= found <= _LAST_YEAR:
        raise InputError("year: write the year in which the financial year begins, such as 2014 for 2014/15.")
    return dt.date(found, 4, 1), dt.date(found + 1, 3, 31)
