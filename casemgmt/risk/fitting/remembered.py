"""Which estimator was tabulated as which model, for as long as the estimator is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

from casemgmt.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.risk.model import Model

    Floats = npt.NDArray[np.float64]


class Remembered(NamedTuple):
    """A model, and what its estimator said of some made-up rows when it was tabulated."""

    model: Model
    again: Callable[[object], Floats]
    said: Floats


# By the estimator itself, not by what it equals: one that can be compared need not be a key.
_MODELS: dict[int, tuple[ref[object], Remembered]] = {}


def remember(estimator: object, model: Model, sample: tuple[Callable[[object], Floats], Floats]) -> None:
    """Keep the model of an estimator, for as long as the estimator is there."""
    place = id(estimator)
    try:
        there = ref(estimator, lambda _: _MODELS.pop(place, None))
    except TypeError:  # one of a class with slots cannot be watched: its model is what tabulate gave
        return
    _MODELS[place] = there, Remembered(model, *sample)


def model_of(estimator: object) -> Model:
    """The model that an estimator was tabulated as.

    Raises
    ------
    ModelError : it was not tabulated, or has been fitted again since
    """
    import numpy as np

    there, found = _MODELS.get(id(estimator), (None, None))
    if there is None or found is None or there() is not estimator:
        raise ModelError(
            f"A model is named by text or by a Path, or is an estimator that cm.tabulate was given, not a value "
            f"of type {type(estimator).__name__}. Tabulate it first: cm.tabulate(estimator, frame)."
        )
    if not np.array_equal(found.again(estimator), found.said):
        raise ModelError("The estimator has been fitted again since it was tabulated: call cm.tabulate once more.")
    return found.model
