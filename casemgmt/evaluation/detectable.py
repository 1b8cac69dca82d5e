"""The smallest effect that a comparison at the cut can tell, worked out before anybody knows the outcome."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

from casemgmt.errors import InputError, plural, such_as
from casemgmt.evaluation.discontinuity import LEVEL, Jump, jump_at_zero
from casemgmt.evaluation.enough import FEWEST_EVENTS, refuse_few, refuse_thin_sides
from casemgmt.register.outcomes import outcome_given

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.evaluation.both_sides import AtTheCut

    Floats = npt.NDArray[np.float64]

POWER = 0.8


def detectable(jump: Jump, power: float = POWER, level: float = LEVEL) -> float:
    """The smallest true jump whose interval leaves nought out in so many of all years."""
    normal = NormalDist()
    return (normal.inv_cdf(0.5 + level / 2) + normal.inv_cdf(power)) * jump.standard_error


def expected_jump(people: AtTheCut, base_rate: object) -> Jump | None:
    """The comparison as it would come out without an effect: its standard error is what can be known beforehand.

    Parameters
    ----------
    people : at the cut
    base_rate : an outcome of the year before, in any form that ``outcome`` takes; a share from 0 to 1, the rate at the
        cut; or None, and the model's risks say what to expect

    Returns
    -------
    None where neither is there

    Raises
    ------
    InputError
        A share outside 0 to 1, or values that are no outcome.
    """
    import numpy as np

    if base_rate is None:
        if people.risk is None:
            return None
        return jump_at_zero(people.distance, people.risk, variance=people.risk * (1 - people.risk))
    if isinstance(base_rate, (int, float)):
        if isinstance(base_rate, bool) or not 0 < base_rate < 1:
            raise such_as("base_rate", "write a share over 0 and under 1, or a column of the year before", "0.3")
        refuse_rare(float(base_rate), len(people.rows))
        level = np.full(len(people.rows), float(base_rate))
        return jump_at_zero(people.distance, level, variance=level * (1 - level))
    before = outcome_given(people.workings.register, base_rate, "base_rate")[people.rows]
    known = ~np.isnan(before)
    refuse_few(before[known] == 1, "base_rate")
    refuse_thin_sides(people.distance[known], "base_rate")
    return jump_at_zero(people.distance[known], before[known])


def no_base_rate() -> InputError:
    """Neither an outcome, nor risks, nor anything of the year before."""
    return InputError(
        "What can be told at the cut depends on how common the outcome is, and scores that are no risks do not say. "
        "Give base_rate=: a column with the outcome of the year before, or a share such as 0.3."
    )


def refuse_rare(rate: float, people: int) -> None:
    """Refuse a share at which too few of the people compared would have the outcome, or would not.

    Raises
    ------
    InputError
    """
    if min(rate, 1 - rate) * people < FEWEST_EVENTS:
        raise InputError(
            f"base_rate: at that share fewer than {FEWEST_EVENTS} of the {plural(people, 'person', 'people')} compared "
            "would have the outcome, or would not. Give the share that had it in the year before, such as 0.3."
        )
