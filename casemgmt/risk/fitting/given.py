"""What callers of the fitting functions pass, looked at where it comes in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from casemgmt import arguments
from casemgmt.errors import InputError

MOST_BAGS, LARGEST_SEED = 100, 2**31


def pairs_of_names(value: Any, name: str) -> tuple[tuple[str, str], ...]:
    """Pairs of two different columns each."""
    found = [arguments.texts(each, f"each of {name}") for each in arguments.several(value, name)]
    if any(len(pair) != 2 or pair[0] == pair[1] for pair in found):
        raise InputError(f"{name} is a list of pairs of two columns, such as [('age', 'copd')].")
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
    return None if value is None else arguments.texts(value, name)


def outcome(value: Any, name: str) -> Any:
    """The name of a column, or an Arrow column of one value a source row."""
    import numpy as np
    import pyarrow as pa

    if isinstance(value, str):
        return arguments.text(value, name)
    if isinstance(value, (bytes, dict)) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) != 1:
        raise arguments.is_not(name, "a carried column, or a list of true and false, one a source row", value)
    if isinstance(value, (pa.Table, pa.RecordBatch)):
        raise arguments.is_not(name, "a carried column, or a list of true and false, one a source row", value)
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return value
    try:
        return pa.array(list(value) if isinstance(value, (set, tuple)) else value, from_pandas=True)
    except (
        pa.ArrowInvalid,
        pa.ArrowTypeError,
        pa.ArrowNotImplementedError,
        TypeError,
        OverflowError,
        np.exceptions.AxisError,
    ):
        raise InputError(f"{name} holds something that is neither true nor false, nor 0 or 1.") from None
