"""Did it work? People just inside the cut against people just outside it, who needed it nearly as much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.errors import InputError, not_one_of, plural, such_as
from casemgmt.evaluation.at_the_cut import AtTheCut, OtherRoutes, people_at_the_cut, selection_workings
from casemgmt.evaluation.density import density_check
from casemgmt.evaluation.detectable import detectable, expected_jump, no_base_rate
from casemgmt.evaluation.discontinuity import Jump, jump_at_zero
from casemgmt.evaluation.effect_result import EffectAtCut
from casemgmt.evaluation.outcomes import given_outcome, refuse_few

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model
    from casemgmt.scheme.routes import Scheme

    Floats = npt.NDArray[np.float64]

# With a smaller step in who is managed, an effect divided by it says nothing.
LEAST_UPTAKE = 0.1


@arguments.checked(comparison=arguments.text, other_routes=arguments.text, allow_demonstration=arguments.yes_or_no)
def effect_at_cut(
    selection: Any,
    outcome: Any = None,
    *,
    scheme: Scheme | None = None,
    model: Model | None = None,
    score: Any = None,
    managed: Any = None,
    base_rate: Any = None,
    other_routes: OtherRoutes = "exclude",
    comparison: str = "cut",
    bandwidth: float | None = None,
    allow_demonstration: bool = False,
) -> EffectAtCut:
    """What case management did to an outcome, among people near the cut; without an outcome, what could be told.

    Each practice has a cut of its own: half-way between the lowest score inside and the highest outside. People are
    compared by how far their score is from it, all practices together. A line on each side, fitted to those near the
    cut, says what to expect exactly at it, and the step between the two lines is the effect *there*: it says nothing of
    people far above the cut. Someone tied at a cut that only some of the tied passed is set aside.

    Call it before the year starts, without an outcome, and write down ``minimum_detectable``.

    Parameters
    ----------
    selection : from :func:`casemgmt.select`; or the register that it was made from, with ``scheme`` and ``model`` or
        ``score``
    outcome : what happened in the year after: a carried column's name, true and false in source order, or keyed by
        patient_id, as a mapping or a table with one column more. Null: not known, set aside. None: not there yet
    scheme, model, score : where ``selection`` is a register
    managed : who was managed in fact, in the same forms; None: whoever the scheme gave a place. Where given, the step
        in the outcome is divided by the step in who was managed (a fuzzy design)
    base_rate : what to expect without an effect, for ``minimum_detectable``: the outcome of the year before, in the
        forms of ``outcome``, or a share over 0 and under 1; None: the model's risks
    other_routes : those who have a place whatever their score, such as residents and nominees: ``exclude`` compares the
        others alone, which is sound where nobody was nominated because of the list; ``fuzzy`` keeps everyone and
        divides by the step in who was managed
    comparison : ``cut``. A before–after difference is refused
    bandwidth : how far from the cut people count, in units of the score; None: what the estimate's error asks for
    allow_demonstration : rank by a demonstration model though the register is not marked synthetic

    Returns
    -------
    EffectAtCut

    Raises
    ------
    InputError
        A before–after comparison; no share route; too few different scores, people or outcomes to compare; nothing that
        says what to expect.
    """
    _refuse_other_comparisons(comparison)
    if other_routes not in ("exclude", "fuzzy"):
        raise not_one_of("other_routes", ("exclude", "fuzzy"))
    if bandwidth is not None and not _is_width(bandwidth):
        raise such_as("bandwidth", "write a number over 0, in units of the score", "0.5")
    made = selection_workings(selection, scheme, model, score, allow_demonstration=allow_demonstration)
    people = people_at_the_cut(made, other_routes)
    fuzzy = managed is not None or other_routes == "fuzzy"
    happened = None if outcome is None else given_outcome(made.register, outcome)[people.rows]
    in_fact = _managed(made.register, managed, people)
    expected = expected_jump(people, base_rate)
    if expected is None and happened is None:
        raise no_base_rate()
    uptake = jump_at_zero(people.distance, in_fact) if fuzzy else None
    # Before the year starts the rule alone says who will be managed.
    step = 1.0 if uptake is None else _step(uptake)
    found = _effect(people, happened, in_fact if fuzzy else None, bandwidth)
    return EffectAtCut(
        people=people,
        outcome=happened,
        managed=in_fact,
        fuzzy=fuzzy,
        jump=found,
        uptake=uptake,
        expected=expected,
        minimum_detectable=None if expected is None else detectable(expected) / step,
        density=density_check(people.distance),
    )


def _effect(people: AtTheCut, happened: Floats | None, managed: Floats | None, bandwidth: float | None) -> Jump | None:
    """The step of the outcome, for each one managed where not everyone inside was."""
    import numpy as np

    if happened is None:
        return None
    known = ~np.isnan(happened)
    if managed is not None:
        known &= ~np.isnan(managed)
    refuse_few(happened[known] == 1)
    x, y = people.distance[known], happened[known]
    for side, which in ((x < 0, "outside"), (x >= 0, "inside")):
        if np.count_nonzero(side) < 50:
            raise InputError(f"outcome: it is known of {plural(int(side.sum()), 'person', 'people')} {which} the cut.")
    plain = jump_at_zero(x, y, bandwidth=bandwidth)
    if managed is None:
        return plain
    return ratio_of_jumps(x, y, managed[known], plain)


def ratio_of_jumps(x: Floats, y: Floats, managed: Floats, plain: Jump) -> Jump:
    """The step of the outcome divided by that of who is managed, by the delta method, at the outcome's bandwidths.

    A ratio a ÷ b moves as (a − r·b) ÷ b does near its value r, so its error is that of the step of ``y − r·managed``.
    """
    widths = {"bandwidth": plain.bandwidth, "bias_bandwidth": plain.bias_bandwidth}
    step = jump_at_zero(x, managed, **widths)
    share = _step(step)
    ratio = plain.estimate / share
    rest = jump_at_zero(x, y - ratio * managed, **widths)
    return Jump(
        estimate=ratio,
        corrected=ratio + rest.corrected / share,
        standard_error=rest.standard_error / abs(share),
        left=plain.left,
        right=plain.right,
        used_left=plain.used_left,
        used_right=plain.used_right,
        **widths,
    )


def _managed(register: Register, managed: Any, people: AtTheCut) -> Floats:
    import numpy as np

    if managed is None:
        return people.case_managed.astype(np.float64)
    if isinstance(managed, (set, frozenset)):
        ids = [each for each in managed if isinstance(each, str)]
        if len(ids) != len(managed):
            raise InputError("managed: a set holds patient ids, and some of these are no text.")
        managed = dict.fromkeys(ids, 1)
        found = _renamed(register, managed)[people.rows]
        return np.nan_to_num(found)
    return _renamed(register, managed)[people.rows]


def _renamed(register: Register, managed: Any) -> Floats:
    try:
        return given_outcome(register, managed)
    except InputError as problem:
        raise InputError(str(problem).replace("outcome", "managed")) from None


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
