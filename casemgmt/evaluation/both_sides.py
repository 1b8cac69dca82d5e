"""Everybody by how far their score is from their own practice's cut, and which side the rule put them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from casemgmt.errors import InputError, not_loaded, plural
from casemgmt.register.ranked import is_ranked
from casemgmt.register.register import Register
from casemgmt.scheme.routes import Nominated, Scheme, TopShare

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.risk.model import Model
    from casemgmt.selection.workings import Workings

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

OtherRoutes = Literal["exclude", "fuzzy"]

FEWEST_DIFFERENT = 20  # scores on each side: with fewer the line at the cut is drawn by the gaps between them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AtTheCut:
    """The people of a selection that can be compared at the cut of its first share route; one entry a person.

    Attributes
    ----------
    workings : the selection
    route : the name of the route
    rows : int64, packed row
    practice : int64, index of the practice
    score : float64, what ranked
    distance : float64, the score less its practice's cut; those at nought or above are inside
    case_managed : bool, whether the scheme gives a place, by whichever route
    risk : float64, 0 to 1, what the model says; None where it says none
    practices : how many practices have a cut
    set_aside : why people are not compared → how many, each under the first reason that is true
    """

    workings: Workings
    route: str
    rows: npt.NDArray[np.int64]
    practice: npt.NDArray[np.int64]
    score: Floats
    distance: Floats
    case_managed: Flags
    risk: Floats | None
    practices: int
    set_aside: Mapping[str, int]

    @property
    def inside(self) -> Flags:
        """Whether the cut let each in."""
        import numpy as np

        return np.asarray(self.distance >= 0)


def selection_workings(
    selection: Any,
    scheme: Scheme | None = None,
    model: Model | None = None,
    score: Any = None,
    *,
    risk: Any = None,
    allow_demonstration: bool = False,
) -> Workings:
    """What a selection was worked out from; of a register, the selection that the scheme makes of it.

    Raises
    ------
    InputError
        Neither a selection that was made now nor a register with a scheme and what ranks.
    """
    if isinstance(selection, Register):
        from casemgmt.selection.asked import Asked, Terms, check_arguments
        from casemgmt.selection.choosing import gather, workings_of
        from casemgmt.selection.expected import Expected

        if not isinstance(scheme, Scheme):
            raise not_loaded("scheme")
        terms = Terms(allow_demonstration=allow_demonstration)
        asked = Asked(scheme=scheme, model=model, score=score, risk=risk, terms=terms, expected=Expected())
        check_arguments(asked)
        return workings_of(gather(selection, asked), asked)
    if any(each is not None for each in (scheme, model, score, risk)):
        raise InputError("scheme=, model=, score= and risk= go with a register; a selection has its own.")
    found = getattr(selection, "workings", None)
    if found is None or isinstance(selection, type) or not hasattr(found, "choice"):
        raise InputError(
            "selection: give a selection from cm.select; or the register that it was made from, with scheme= and "
            "model= or score=. One that was read back from files does not hold its register."
        )
    found.register.require_whole("A comparison at the cut")
    workings: Workings = found
    return workings


def people_at_the_cut(made: Workings, other_routes: OtherRoutes) -> AtTheCut:
    """Everyone ranked by the first share route, with the distance from their practice's cut.

    Raises
    ------
    InputError
        The scheme has no share route, no practice has a cut, or the scores are too few different ones.
    """
    import numpy as np

    from casemgmt.selection.plain_rows import keys_of

    register, source = made.register, made.ranking.source
    route = _first_share(made.scheme)
    inside = _let_in(made, 1 << route)
    score = made.ranking.scores(keys_of(source, slice(0, len(register))))
    eligible = _eligible(made, route)
    distance, split, practices = _distances(made, score, inside, eligible)
    reasons = {
        "not ranked: not on the list, objected, or not among those whom the route ranks": ~eligible,
        "in a practice without a cut": np.isnan(distance),
        "tied at the cut, where only some of the tied have a place": split,
    }
    if other_routes == "exclude":
        reasons["in by another route, whatever the score"] = _by_other_routes(made, route)
    kept, set_aside = np.ones(len(register), dtype=bool), {}
    for why, applies in reasons.items():
        set_aside[why] = int(np.count_nonzero(kept & applies))
        kept &= ~applies
    rows = np.flatnonzero(kept)
    _refuse_coarse(distance[rows], practices)
    managed = np.zeros(len(register), dtype=bool)
    managed[made.choice.rows[made.choice.place >= 0]] = True
    risk = made.ranking.risks_of(rows, score[rows])
    return AtTheCut(
        workings=made,
        route=made.scheme.routes[route].name,
        rows=rows,
        practice=register.packed.practice_of(rows).astype(np.int64),
        score=score[rows],
        distance=distance[rows],
        case_managed=managed[rows],
        risk=None if np.isnan(risk).all() else risk,
        practices=practices,
        set_aside=set_aside,
    )


def _first_share(scheme: Scheme) -> int:
    for place, route in enumerate(scheme.routes):
        if isinstance(route, TopShare):
            _refuse_kept(scheme, route)
            return place
    raise InputError(
        f"The scheme '{scheme.id}' ranks nobody up to a share, so it has no cut to compare at. Choose a scheme with a "
        "route of kind top_share."
    )


def _refuse_kept(scheme: Scheme, route: TopShare) -> None:
    """Refuse a route by which who is on the caseload decides as well, so that no score divides its people."""
    if route.keep_within is not None:
        raise InputError(
            f"The route '{route.name}' of '{scheme.id}' has keep_within: the caseload keeps places below "
            "the score at which others are let in, so it has no sharp cut to compare at. Give the register with a "
            "scheme without keep_within, and as managed= who was managed in fact: the step is then divided by theirs."
        )


def _let_in(made: Workings, routes: int) -> Flags:
    """Whether any of some routes, one bit each, let each packed row in."""
    import numpy as np

    mask = np.zeros(len(made.register), dtype=bool)
    mask[made.choice.rows[made.choice.member & np.uint32(routes) != 0]] = True
    return mask


def _eligible(made: Workings, route: int) -> Flags:
    """Whom the route ranks, of those with a score."""
    import numpy as np

    from casemgmt.selection.tables import eligible_keys

    everyone = np.arange(len(made.register))
    scored = np.asarray(eligible_keys(made, everyone, route) != made.ranking.source.no_score)
    return scored & is_ranked(made.register.packed)


def _by_other_routes(made: Workings, route: int) -> Flags:
    """Who has a place whatever the score: by any other route that gives places, or nominated where one asks that."""
    others = [
        (place, each)
        for place, each in enumerate(made.scheme.routes)
        if place != route and each.counts_as == "case_management"
    ]
    found = _let_in(made, sum(1 << place for place, _ in others))
    if any(isinstance(each, Nominated) for _, each in others):
        found |= made.register.packed.is_set("nominated")
    return found


def _distances(made: Workings, score: Floats, inside: Flags, eligible: Flags) -> tuple[Floats, Flags, int]:
    """Each one's score less the cut, who is tied at a cut that not all of them pass, and how many practices have one.

    The cut lies half-way between the lowest score inside and the highest outside; where one score is on both sides, it
    is that score, and who has it is set aside: they were told apart by the written order of ties, not by need.
    """
    import numpy as np

    practices = len(made.register.practices)
    practice = made.register.packed.practice_of(np.arange(len(score)))
    lowest, highest = np.full(practices, np.inf), np.full(practices, -np.inf)
    np.minimum.at(lowest, practice[eligible & inside], score[eligible & inside])
    np.maximum.at(highest, practice[eligible & ~inside], score[eligible & ~inside])
    there = np.isfinite(lowest) & np.isfinite(highest)
    with np.errstate(invalid="ignore"):
        cut = np.where(there, (lowest + highest) / 2, np.nan)
        split = there & (lowest <= highest)
        distance = np.where(eligible, score - cut[practice], np.nan)
        # Of two neighbouring floats, half-way may be the lower one.
        distance = np.where(eligible & ~inside & (distance >= 0), np.nextafter(0, -1), distance)
        tied = eligible & split[practice] & (score == lowest[practice])
    return distance, tied, int(there.sum())


def _refuse_coarse(distance: Floats, practices: int) -> None:
    import numpy as np

    if not practices:
        raise InputError("No practice has both people inside and people outside its cut: there is nothing to compare.")
    for side, which in ((distance[distance < 0], "outside"), (distance[distance >= 0], "inside")):
        different = len(np.unique(side))
        if different < FEWEST_DIFFERENT:
            raise InputError(
                f"The people {which} the cut have {plural(different, 'different score')}, once those tied at it are "
                f"set aside, and at least {FEWEST_DIFFERENT} are needed to draw a line up to the cut. Rank by a finer "
                "score, such as a risk, or by more practices together."
            )
