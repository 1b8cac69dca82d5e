"""What callers of the fitting functions pass, looked at where it comes in."""

from __future__ import annotations

from typing import Any

from casemgmt import arguments
from casemgmt.errors import InputError

MOST_BAGS, LARGEST_SEED = 100, 2**31


def pairs_of_names(value: Any, name: str) -> tuple[tuple[str, str], ...]:
    """Pairs of two different columns each."""
    found = [arguments.texts(each, f"each of {name}") for each in arguments.several(value, name)]
    if any(len(pair) != 2 or pair[0] == pair[1] for pair in found):
        raise InputError(f"{name} is a list of pairs of two columns, such as [('age', 'copd')].")
    if len({frozenset(pair) for pair in found}) < len(found):
        raise InputError(f"{name} names a pair twice; the order of its two columns says nothing.")
    return tuple((pair[0], pair[1]) for pair in found)


def seed(value: Any, name: str) -> int:
    """A whole number that can be a seed."""
    found = int(arguments.whole(value, name))
    if not 0 <= found < LARGEST_SEED:
        raise InputError(f"{name} is a whole number from 0 to {LARGEST_SEED - 1:,}.")
    return found


def bags(value: Any, name: str) -> int:
    """How many classifiers are averaged."""
    found = int(arguments.whole(value, name))
    if not 1 <= found <= MOST_BAGS:
        raise InputError(f"{name} is a whole number from 1 to {MOST_BAGS}.")
    return found


def texts_or_none(value: Any, name: str) -> Any:
    """A list of texts, or none."""
    return None if value is None else arguments.list_of_texts(value, name)
