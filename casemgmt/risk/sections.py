"""Reading the keys of a model file so that every refusal names the file, the table and the key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from casemgmt.errors import ModelError, did_you_mean, listed, unknown_key
from casemgmt.risk.inputs import millionths, value_must_be

T = TypeVar("T")
Word = TypeVar("Word", bound=str)

MODEL_WORDS = ("name", "title", "source", "outcome", "population", "intended_use", "not_for", "licence", "version")
RESERVED = ("expected_score", "expected_risk", "expected_band")


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a model file, and where it stands; every reading names the file, the table and the key."""

    values: Mapping[str, object]
    where: str

    def only(self, known: Sequence[str]) -> None:
        """Refuse keys that mean nothing here."""
        for key in self.values:
            if key not in known:
                raise unknown_key(self.where, key, known, listing=True, error=ModelError)

    def checked(self, key: str, reading: Callable[[object], T]) -> T:
        """What a key's value reads as; a missing key is refused, and a wrong one is named."""
        if key not in self.values:
            raise ModelError(f"{self.where}: key '{key}' is missing.")
        try:
            return reading(self.values[key])
        except ModelError as problem:
            raise ModelError(f"{self.where}: key '{key}' {problem}") from None

    def optional(self, key: str, reading: Callable[[object], T]) -> T | None:
        """The same for a key that may be left out; None where it is."""
        return self.checked(key, reading) if key in self.values else None

    def built(self, make: Callable[[], T]) -> T:
        """What ``make`` returns, its errors prefixed by where this stands unless they say so themselves."""
        try:
            return make()
        except ModelError as problem:
            message = str(problem)
            raise ModelError(message if message.startswith(self.where) else f"{self.where}: {message}") from None

    def words(self, key: str) -> str:
        """Text, not blank."""
        return self.checked(key, plain_text)

    def section(self, key: str) -> Section:
        """A table inside this one."""
        return Section(self.checked(key, table_of), f"{self.where}: [{key}]")

    def tables(self, key: str) -> list[dict[str, object]]:
        """A list of tables."""
        return self.checked(key, list_of(table_of))


def input_name(section: Section) -> str:
    """The name of an input, which must be able to head a column of the vectors."""
    name = section.words("name")
    if name in RESERVED or name != name.strip():
        raise ModelError(f"{section.where}: key 'name' may not be {listed(RESERVED)}, nor begin or end with a space.")
    return name


def plain_text(value: object) -> str:
    """Text, not blank."""
    if isinstance(value, str) and value.strip():
        return value
    raise value_must_be("text, and not blank")


def table_of(value: object) -> dict[str, object]:
    """A table."""
    if isinstance(value, dict):
        return value
    raise value_must_be("a table")


def whole(value: object) -> int:
    """A whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31:
        return value
    raise value_must_be("a whole number, without quotes")


def yes_or_no(value: object) -> bool:
    """A boolean."""
    if isinstance(value, bool):
        return value
    raise value_must_be("true or false")


def survival(value: object) -> str:
    """A decimal between 0 and 1, kept as its text."""
    if 0 < millionths(value, places=20) < 10**20:
        return str(value)
    raise value_must_be("over 0 and under 1")


def one_of(*known: Word) -> Callable[[object], Word]:
    """A reading that takes one of the texts that are known."""

    def reading(value: object) -> Word:
        for word in known:
            if word == value:
                return word
        near = did_you_mean(value, known) if isinstance(value, str) else ""
        raise value_must_be(" or ".join(repr(word) for word in known), near)

    return reading


def amount_or(*rules: str) -> Callable[[object], str | int]:
    """A reading that takes a decimal as text, in millionths, or one of the rules by name."""

    def reading(value: object) -> str | int:
        if isinstance(value, str) and value in rules:
            return value
        if isinstance(value, str) and value.strip()[:1].isalpha():
            near = did_you_mean(value, rules)
            raise value_must_be(f"{' or '.join(repr(rule) for rule in rules)} or a decimal as text", near)
        return millionths(value)

    return reading


def list_of(reading: Callable[[object], T]) -> Callable[[object], list[T]]:
    """A reading of a list whose items each read as ``reading`` says."""

    def readings(value: object) -> list[T]:
        if not isinstance(value, list):
            raise value_must_be("a list")
        done = []
        for number, each in enumerate(value, start=1):
            try:
                done.append(reading(each))
            except ModelError as problem:
                raise ModelError(f"item {number} {problem}") from None
        return done

    return readings
