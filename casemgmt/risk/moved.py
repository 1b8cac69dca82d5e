"""Where a model's risks are probabilities: among the people of the practices that it was calibrated in."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from casemgmt.arrow import array_of, numpy_of, validity_of
from casemgmt.errors import InputError, plural

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.register import Register
    from casemgmt.risk.additive import AdditiveModel

# A risk holds where at least this share of the people are of the practices it was calibrated in: our decision. Lists
# gain a practice or two from year to year; another area shares none.
AT_HOME = Fraction(1, 2)


def why_no_risk(model: AdditiveModel, accepted: Mapping[str, int]) -> str | None:
    """Why a model's numbers are no probabilities for these people; None where they are, or the model does not say.

    Parameters
    ----------
    accepted : by practice, how many people
    """
    people = sum(accepted.values())
    if model.link == "points" or not model.calibrated_in or not people:
        return None
    home = frozenset(model.calibrated_in)
    there = sum(count for practice, count in accepted.items() if practice in home)
    if there >= AT_HOME * people:
        return None
    return (
        f"The risks of the model '{model.name}' were calibrated on people of "
        f"{plural(len(model.calibrated_in), 'practice')}, and {there:,} of these {plural(people, 'person', 'people')} "
        "are of them: it may rank them, but what it says here is no probability. Recalibrate it first, with "
        "model.recalibrate(register, outcome) and the outcomes of a year that is over."
    )


def risks_of_scores(model: AdditiveModel, scores: pa.Array) -> pa.Array:
    """The risk of each score; null where there is none."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.risk.link import risk

    present, points = validity_of(scores), numpy_of(scores)
    risks = risk(model, points if present is None else np.where(present, points, np.nan))
    return array_of(risks, pa.float64(), ~np.isnan(risks))


def refuse_moved(model: AdditiveModel, register: Register, outcome: object = None) -> None:
    """Refuse to call a model's numbers probabilities where it was not calibrated.

    Parameters
    ----------
    outcome : what happened to these people, where it is known, as :meth:`Model.recalibrate` takes it; the refusal then
        says how far off the model is

    Raises
    ------
    InputError
    """
    why = why_no_risk(model, register.counts.accepted)
    if why is None:
        return
    if outcome is not None:
        why = f"{why} {observed_and_expected(model, register, outcome)}"
    raise InputError(why)


def observed_and_expected(model: AdditiveModel, register: Register, outcome: object) -> str:
    """How many of a register's people had the outcome, and how many the model's risks say would have, in words."""
    import numpy as np

    from casemgmt.risk.link import risk
    from casemgmt.risk.recalibrating.people import people_of
    from casemgmt.risk.scoring import points_of

    people = people_of(model, register, outcome, fewest=1)
    distinct, counts = np.unique(people.sums, return_counts=True)
    expected = float((counts * risk(model, points_of(model, distinct))).sum())
    return (
        f"Of {plural(len(people.had), 'person', 'people')} here, {people.events:,} had the outcome; the model expected "
        f"{expected:,.1f} (O/E {people.events / expected:.2f})."
    )
