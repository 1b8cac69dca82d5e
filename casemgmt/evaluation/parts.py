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
    InputError : it is neither, or gives what no score is
    """
    from casemgmt.register.given.values import values_given
    from casemgmt.risk.link import risk
    from casemgmt.risk.scoring import points_of, sums_of

    if isinstance(fitted, Model):
        score = points_of(fitted, sums_of(fitted, register))
        return (score, False) if fitted.link == "points" else (risk(fitted, score), True)
    if not callable(fitted):
        raise InputError(
            "fit: what it returns must be a model, or a function that is given a register and returns risks, such as "
            "lambda register: classifier.predict_proba(inputs_of(register))[:, 1]."
        )
    return values_given(register, fitted(register)), True
