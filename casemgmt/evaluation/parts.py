"""Parts of a register, to fit on some people and judge by others; and what a fit made of them says of everyone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError
from casemgmt.register.register import Register
from casemgmt.risk.model import Model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]


def part_of(register: Register, rows: Counts) -> Register:
    """A register of some packed rows and their practices alone, grouped by practice; a row may come more than once.

    Its account of rows in, quarantine and corrections stays that of the whole.
    """
    import numpy as np

    practice = register.packed.practice_of(rows)
    order = np.argsort(practice, kind="stable")
    present, counts = np.unique(practice, return_counts=True)
    groups = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    part = register.take(rows[order], groups)
    return replace(part, practices=tuple(register.practices[p] for p in present.tolist()))


def scored(fitted: Any, register: Register) -> tuple[Floats, bool]:
    """What a fit gives each packed row of a register, NaN for none, and whether that is a risk.

    Parameters
    ----------
    fitted : a model; or a function that is given a register and returns risks, in any form that ``score=`` of
        :func:`casemgmt.select` takes

    Raises
    ------
    InputError : it is neither, gives what no score is, or is a demonstration model for people not marked synthetic
    """
    from casemgmt.register.given.values import values_given
    from casemgmt.risk.link import risk
    from casemgmt.risk.scoring import points_of, sums_of

    if isinstance(fitted, Model):
        _refuse_demonstration(fitted, register)
        score = points_of(fitted, sums_of(fitted, register))
        return (score, False) if fitted.link == "points" else (risk(fitted, score), True)
    if not callable(fitted):
        raise InputError(
            "fit: what it returns must be a model, or a function that is given a register and returns risks, such as "
            "lambda register: classifier.predict_proba(inputs_of(register))[:, 1]."
        )
    return values_given(register, fitted(register), "fit"), True


def _refuse_demonstration(model: Model, register: Register) -> None:
    """A result that comes of several models has nowhere to say that one of them is no model for patients."""
    from casemgmt.risk.demonstration import is_demonstration

    if is_demonstration(model) and not register.synthetic:
        raise InputError(
            f"fit: the model '{model.name}' that it returns is for demonstration only, and this register is not marked "
            "synthetic. Fit a model on these people, or judge that one by cm.evaluate with allow_demonstration=True."
        )
