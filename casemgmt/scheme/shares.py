"""Shares of a count of people, held exactly and turned into whole places."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from casemgmt.errors import SchemeError, did_you_mean, listed, must_be

Limit = Literal["at_most", "at_least"]

LIMITS = ("at_most", "at_least")

SHARE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)%|([0-9]{1,9})/([0-9]{1,9})")
_WRITE = {"share": 'Write share = "3%".', "keep_within": 'Write keep_within = "4%", more than the share.'}


def one_of(key: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse a value that is none of the known ones, naming its key."""
    if value not in known:
        raise must_be(key, f"one of {listed(known)}", did_you_mean(str(value), known).strip(), error=SchemeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of a count of people, held exactly, as a ceiling or a floor.

    Attributes
    ----------
    text : as the file writes it
    fraction : above 0, at most 1
    limit : ``at_most`` rounds places down, ``at_least`` rounds them up

    Examples
    --------
    >>> Share.read("3%", "at_most").places(8543), Share.read("3%", "at_least").places(8543)
    (256, 257)
    """

    text: str
    fraction: Fraction
    limit: Limit

    def __post_init__(self) -> None:
        """Refuse a share outside (0, 1] and an unknown limit."""
        one_of("limit", self.limit, LIMITS)
        _refuse_outside(self.fraction, "share")

    @classmethod
    def read(cls, text: object, limit: Limit, key: str = "share") -> Share:
        """The exact share that ``"3%"`` or ``"3/100"`` says; a number, ``"3"`` and ``"0.03"`` are refused.

        Parameters
        ----------
        key : of the scheme file, by which errors name it
        """
        if not isinstance(text, str):
            raise must_be(key, "text, read as an exact fraction, and is not", _WRITE[key], error=SchemeError)
        found = SHARE.fullmatch(text)
        if found is None:
            raise must_be(key, 'a percentage, or a fraction such as "3/100"', _WRITE[key], error=SchemeError)
        percent, part, whole = found.groups()
        if percent is None and int(whole) == 0:
            raise SchemeError(f"'{key}' divides by nought. {_WRITE[key]}")
        fraction = Fraction(percent) / 100 if percent is not None else Fraction(int(part), int(whole))
        _refuse_outside(fraction, key)
        return cls(text=text, fraction=fraction, limit=limit)

    def places(self, n: int) -> int:
        """The places among ``n`` people: rounded down for a ceiling, up for a floor, in whole numbers throughout."""
        n = operator.index(n)
        if n < 0:
            raise SchemeError("A share of fewer than 0 people was asked for.")
        part = n * self.fraction.numerator
        whole = self.fraction.denominator
        return part // whole if self.limit == "at_most" else -(-part // whole)

    def describe(self) -> str:
        """``at most 3%``."""
        return f"{self.limit.replace('_', ' ')} {self.text}"


def _refuse_outside(fraction: Fraction, key: str) -> None:
    if not 0 < fraction <= 1:
        raise must_be(key, "more than 0% and at most 100%", _WRITE[key], error=SchemeError)
