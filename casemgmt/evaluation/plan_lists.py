"""The lists that a scheme would make at other shares: how many, at what risk, and who comes anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.errors import InputError, plural
from casemgmt.scheme.routes import Everyone, Nominated, Route, Scheme, Share, TopShare
from casemgmt.selection.choosing import choose

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.selection.keys import Ranking
    from casemgmt.selection.workings import Workings

    Floats = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]


class Lists(NamedTuple):
    """The lists of one share, one entry a practice.

    Attributes
    ----------
    places : of the share route
    ranked : whom the share route lets in
    others : who has a place by another route alone
    expected : float64, the sum of the risks of ``ranked``
    """

    places: Counts
    ranked: Counts
    others: Counts
    expected: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Planned:
    """What a plan asks of a register: a scheme whose share route is set anew, what ranks, and each one's risk.

    Attributes
    ----------
    register : the people
    scheme : with its routes that give places: those by share, rule and nomination. Reviews and bands are left out
    share_route : the place of the first share route in it
    caps : the places of the nominated routes by the scheme as it is written, by their place in it
    ranking : what ranks
    risk : float64, 0 to 1, one a packed row; NaN where there is none
    sizes : int64, each practice's official list size, or -1 where rows are counted
    """

    register: Register
    scheme: Scheme
    share_route: int
    caps: Mapping[int, Nominated]
    ranking: Ranking
    risk: Floats
    sizes: Counts

    @property
    def route(self) -> TopShare:
        """The share route."""
        route = self.scheme.routes[self.share_route]
        assert isinstance(route, TopShare)  # noqa: S101 - as made
        return route

    def ranked_alone(self) -> Planned:
        """The same without the routes that let people in whatever their score."""
        return replace(self, scheme=replace(self.scheme, routes=(self.route,)), share_route=0, caps={})

    def lists(self, share: Fraction) -> Lists:
        """The lists with this share of each practice's list in place of the scheme's own."""
        return _counts(self, self._chosen(share), share)

    def _chosen(self, share: Fraction) -> Workings:
        route = replace(self.route, share=share_of(share, self.route.share.limit))
        routes = (*self.scheme.routes[: self.share_route], route, *self.scheme.routes[self.share_route + 1 :])
        return choose(self.register, replace(self.scheme, routes=routes), self.ranking, self.sizes)


def planned(register: Register, scheme: Scheme, ranking: Ranking, risk: Floats, sizes: Counts) -> Planned:
    """Prepare a plan.

    Raises
    ------
    InputError
        The scheme has no share route, or several.
    """
    shares = [route for route in scheme.routes if isinstance(route, TopShare)]
    if len(shares) != 1:
        raise InputError(
            f"The scheme '{scheme.id}' has {plural(len(shares), 'route')} of kind top_share, and a plan changes the "
            "share of one. Choose a scheme with one, such as rotherham-2015-16."
        )
    kept: list[Route] = []
    caps = {}
    for route in scheme.routes:
        if route.counts_as != "case_management" or not isinstance(route, (TopShare, Everyone, Nominated)):
            continue
        if isinstance(route, Nominated):
            # At a smaller share more of the nominated need a place of their own: they are counted up to the cap.
            caps[len(kept)] = route
            kept.append(replace(route, share=share_of(Fraction(1), "at_most")))
        else:
            # Within what the caseload keeps its places is said of the scheme's own share, and of no other.
            kept.append(replace(route, keep_within=None) if isinstance(route, TopShare) else route)
    if shares[0].counts_as != "case_management":
        raise InputError(f"The share route '{shares[0].name}' of '{scheme.id}' gives no places of case management.")
    places = [place for place, route in enumerate(kept) if isinstance(route, TopShare)]
    return Planned(
        register=register,
        scheme=replace(scheme, routes=tuple(kept)),
        share_route=places[0],
        caps=caps,
        ranking=ranking,
        risk=risk,
        sizes=sizes,
    )


def share_of(fraction: Fraction, limit: str) -> Share:
    """A share as a scheme file writes it."""
    return Share.read(f"{fraction.numerator}/{fraction.denominator}", "at_most" if limit == "at_most" else "at_least")


def _counts(plan: Planned, made: Workings, share: Fraction) -> Lists:
    import numpy as np

    choice, practices = made.choice, len(plan.register.practices)
    ranked = choice.member & np.uint32(1 << plan.share_route) != 0

    def per_practice(which: npt.NDArray[np.bool_]) -> Counts:
        return np.bincount(choice.practice[which], minlength=practices).astype(np.int64)

    others = per_practice((choice.place >= 0) & ~ranked & ~np.isin(choice.place, list(plan.caps)))
    for place, route in plan.caps.items():
        sizes = _sizes(plan, made, route)
        nominated = per_practice((choice.place == place) & ~ranked)
        others = others + np.minimum(nominated, [route.share.places(size) for size in sizes])
    # Rows in order of their risk, so that the sum does not depend on the order of the register.
    rows, risk = choice.practice[ranked], plan.risk[choice.rows[ranked]]
    order = np.lexsort((risk, rows))
    expected = np.bincount(rows[order], np.nan_to_num(risk[order]), minlength=practices).astype(np.float64)
    s = choice.plan.score_routes.index(plan.share_route)
    return Lists(choice.outcome.places[:, s], per_practice(ranked), others, expected)


def _sizes(plan: Planned, made: Workings, route: Nominated) -> list[int]:
    counted = made.choice.outcome.counts[:, made.choice.plan.bits.denominators[route.of]].tolist()
    return [n if given < 0 else given for n, given in zip(counted, plan.sizes.tolist(), strict=True)]
