"""Did it work? People just inside the cut against people just outside it, who needed it nearly as much."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from casemgmt import arguments
from casemgmt.errors import InputError, not_one_of, such_as
from casemgmt.evaluation.both_sides import AtTheCut, OtherRoutes, people_at_the_cut, selection_workings
from casemgmt.evaluation.density import density_check
from casemgmt.evaluation.detectable import detectable, expected_jump, no_base_rate
from casemgmt.evaluation.discontinuity import Jump, jump_at_zero
from casemgmt.evaluation.effect_result import EffectAtCut
from casemgmt.evaluation.enough import refuse_few, refuse_thin_sides
from casemgmt.register.outcomes import outcome_given

if TYPE_CHECKING:
    import numpy.typing as npt

    from casemgmt.annotations import Values
    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.lists import Lists

    Floats = npt.NDArray[np.float64]

# With a smaller step in who is managed, an effect divided by it says nothing.
LEAST_UPTAKE = 0.1


@arguments.checked(comparison=arguments.text, other_routes=arguments.text, allow_demonstration=arguments.yes_or_no)
def effect_at_cut(
    selection: Lists | Register,
    outcome: Values | None = None,
    *,
    scheme: Scheme | None = None,
    model: Model | None = None,
    score: Values | None = None,
    risk: Values | None = None,
    managed: Values | Set[str] | None = None,
    base_rate: Values | float | None = None,
    other_routes: OtherRoutes = "exclude",
    comparison: str = "cut",
    bandwidth: float | None = None,
    allow_demonstration: bool = False,
) -> EffectAtCut:
    """What case management did to an outcome, among people near the cut; without an outcome, what could be told.

    Each practice's cut lies half-way between the lowest score inside and the highest outside. All practices are taken
    together by distance from it; whoever is tied at a cut that some of the tied passed is set aside. A line on each
    side says what to expect exactly at the cut, and the step between them is the effect *there*, and not far above it.
    Call it before the year starts, without an outcome, and write down ``minimum_detectable``.

    Parameters
    ----------
    selection : from :func:`casemgmt.select`; or its register, with ``scheme`` and ``model``, or ``score`` and ``risk``
    outcome : of the year after, in any form that ``outcome`` of :func:`casemgmt.evaluate` takes. Null is not known, and
        set aside; None: the year is not over
    managed : who was managed in fact, in the same forms or a set of ids; None: whoever the scheme gave a place. Where
        given, the step in the outcome is divided by the step in who was managed (a fuzzy design)
    base_rate : what to expect, for ``minimum_detectable``: the outcome of the year before, or a share over 0 and under
        1; None: the model's risks
    other_routes : those with a place whatever their score (residents, nominees): ``exclude`` compares the others alone,
        which is sound where nobody was nominated because of the list; ``fuzzy`` keeps all, and divides as above
    comparison : ``cut``. A before–after difference is refused
    bandwidth : how far from the cut people count, in units of the score; None: what the estimate's error asks for
    allow_demonstration : rank by a demonstration model though the register is not marked synthetic

    Raises
    ------
    InputError
        A before–after comparison; no share route, or one with ``keep_within``, which has no sharp cut; too few
        different scores, people or outcomes; nothing to expect.

    Examples
    --------
    >>> cm.effect_at_cut(selection, "outcome_emergency_admission_12m")
    <EffectAtCut: (synthetic people) at the cut −8.5 in 100 ... had the outcome, of 31.0 in 100 without; ...
    """
    _refuse_other_comparisons(comparison)
    if other_routes not in ("exclude", "fuzzy"):
        raise not_one_of("other_routes", ("exclude", "fuzzy"))
    if bandwidth is not None and not _is_width(bandwidth):
        raise such_as("bandwidth", "write a number over 0, in units of the score", "0.5")
    made = selection_workings(selection, scheme, model, score, risk=risk, allow_demonstration=allow_demonstration)
    people = people_at_the_cut(made, other_routes)
    return _answer(people, outcome, managed, base_rate, bandwidth, managed is not None or other_routes == "fuzzy")


def _answer(
    people: AtTheCut, outcome: Any, managed: Any, base_rate: Any, bandwidth: float | None, fuzzy: bool
) -> EffectAtCut:
    happened = None if outcome is None else outcome_given(people.workings.register, outcome)[people.rows]
    in_fact = _managed(people.workings.register, managed, people)
    expected = expected_jump(people, base_rate)
    if expected is None and happened is None:
        raise no_base_rate()
    known = ~np.isnan(in_fact)
    if fuzzy:
        refuse_thin_sides(people.distance[known], "managed")
    uptake = jump_at_zero(people.distance[known], in_fact[known]) if fuzzy else None
    step = 1.0 if uptake is None else _step(uptake)
    return EffectAtCut(
        people=people,
        outcome=happened,
        managed=in_fact,
        fuzzy=fuzzy,
        jump=_effect(people, happened, in_fact if fuzzy else None, bandwidth),
        uptake=uptake,
        expected=expected,
        minimum_detectable=None if expected is None else detectable(expected) / step,
        density=density_check(people.distance),
    )


def _effect(people: AtTheCut, happened: Floats | None, managed: Floats | None, bandwidth: float | None) -> Jump | None:
    """The step of the outcome, for each one managed where not everyone inside was."""
    if happened is None:
        return None
    known = ~np.isnan(happened)
    if managed is not None:
        known &= ~np.isnan(managed)
    refuse_few(happened[known] == 1)
    x, y = people.distance[known], happened[known]
    refuse_thin_sides(x, "outcome", bandwidth)
    plain = jump_at_zero(x, y, bandwidth=bandwidth)
    if managed is None:
        return plain
    return ratio_of_jumps(x, y, managed[known], plain)


def ratio_of_jumps(x: Floats, y: Floats, managed: Floats, plain: Jump) -> Jump:
    """The step of the outcome divided by that of who is managed, by the delta method, at the outcome's bandwidths.

    A ratio a ÷ b moves as (a − r·b) ÷ b does near its value r, so its error is that of the step of ``y − r·managed``.
    """
    h, b = plain.bandwidth, plain.bias_bandwidth
    share = _step(jump_at_zero(x, managed, bandwidth=h, bias_bandwidth=b))
    ratio = plain.estimate / share
    rest = jump_at_zero(x, y - ratio * managed, bandwidth=h, bias_bandwidth=b)
    return replace(
        plain,
        estimate=ratio,
        corrected=ratio + rest.corrected / share,
        standard_error=rest.standard_error / share,
    )


def _managed(register: Register, managed: Any, people: AtTheCut) -> Floats:
    if managed is None:
        return people.case_managed.astype(np.float64)
    if isinstance(managed, (set, frozenset)):
        ids = [each for each in managed if isinstance(each, str)]
        if len(ids) != len(managed):
            raise InputError("managed: a set holds patient ids, and some of these are no text.")
        managed = dict.fromkeys(ids, 1)
        return np.nan_to_num(outcome_given(register, managed, "managed")[people.rows])
    return outcome_given(register, managed, "managed")[people.rows]


def _step(uptake: Jump) -> float:
    if uptake.estimate < LEAST_UPTAKE:
        raise InputError(
            f"At the cut the share of those managed rises by {100 * uptake.estimate:.1f} in 100, and an effect can be "
            f"told from {100 * LEAST_UPTAKE:.0f} in 100 on. Where many below the cut are managed too, the cut decides "
            "nothing, and cannot say what management does."
        )
    return uptake.estimate


def _refuse_other_comparisons(comparison: str) -> None:
    plain = comparison.lower().replace("–", "-").replace("_", "-").replace(" ", "-")
    if plain in ("before-after", "before-and-after", "pre-post", "difference-before-after"):
        raise InputError(
            "A before–after difference is no effect, and is not worked out. Patients are listed because their last "
            "year was bad, and the next is better without any help: those with two or more emergency admissions made "
            "38 in 100 of all admissions in one year and under 10 in 100 in the next, untreated (regression to the "
            'mean). Compare people on both sides of the cut, with comparison="cut".'
        )
    if comparison != "cut":
        raise InputError('comparison must be "cut": people on both sides of the cut, in the same year.')


def _is_width(value: object) -> bool:
    from math import isfinite

    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and value > 0
    except OverflowError:
        return False
