"""Routes, the ways into a selection, and the scheme that holds them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from casemgmt import arguments
from casemgmt.errors import InputError, SchemeError, did_you_mean, listed, must_be
from casemgmt.register.fields import FIELDS
from casemgmt.scheme.caseload_rules import CaseloadRules
from casemgmt.scheme.conditions import EVERYONE, Edges, Where
from casemgmt.scheme.shares import Share, one_of

__all__ = ["Band", "Everyone", "Nominated", "Review", "Route", "Scheme", "Share", "TopShare"]

CountsAs = Literal["case_management", "entitlement"]

COUNTS_AS = ("case_management", "entitlement")

# A route's name becomes a column of the selection, where these stand already.
SELECTION_COLUMNS = frozenset(
    {
        *("practice_id", "patient_id", "score", "risk", "rank", "place", "case_managed", "review_due"),
        *("inputs_missing", "reason_1", "reason_2", "reason_3"),
    }
)

ROUTE_NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST_TIE_KEY = 64  # bytes
MOST_MONTHS = 1200  # between two reviews
SCHEME_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    name: str
    counts_as: CountsAs

    def __post_init__(self) -> None:
        _check_name(self.name)
        one_of("counts_as", self.counts_as, COUNTS_AS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopShare(_Route):
    """The highest scores of each practice, up to a share of a named denominator.

    Attributes
    ----------
    name, counts_as : the column in the selection, and what meeting it means
    share : how many, of ``of``
    of : who is counted in the denominator
    among : who is ranked, of those with a score
    include_tied : for floors alone, whether everyone tied with the last one in is in as well
    keep_within : a share larger than ``share``, of ``of`` and rounded alike. Whoever is on the caseload and stands
        among so many first of the route's order keeps a place before anybody else has one; the places that are left go
        to the others in that order, and there are never more places than ``share`` gives. None: a place goes by the
        order alone
    """

    share: Share
    of: Where
    among: Where
    include_tied: bool = False
    keep_within: Share | None = None
    kind: Literal["top_share"] = "top_share"

    def __post_init__(self) -> None:
        """Refuse ties above a ceiling, and a caseload kept within no more than the share."""
        _Route.__post_init__(self)
        if self.include_tied and self.share.limit != "at_least":
            raise SchemeError("'include_tied' would exceed a ceiling. Remove it, or write limit = \"at_least\".")
        if self.keep_within is not None:
            self._check_keep_within(self.keep_within)

    def _check_keep_within(self, within: Share) -> None:
        if within.limit != self.share.limit:
            raise must_be("keep_within", f'rounded as the share: limit = "{self.share.limit}"', error=SchemeError)
        if within.fraction <= self.share.fraction:
            more = f'Write keep_within = "4%", more than share = "{self.share.text}", or leave it out.'
            raise must_be("keep_within", "more than the share", more, error=SchemeError)
        if self.include_tied:
            raise SchemeError(
                "'keep_within' and 'include_tied' do not go together: the tied at the cut would be let in beside those "
                "who are kept, and nothing says at which cut. Remove one."
            )

    @property
    def reach(self) -> Share:
        """How far down its order the route looks for whom it lets in."""
        return self.keep_within or self.share

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns the route asks about."""
        kept = () if self.keep_within is None else ("on_caseload",)
        return tuple(dict.fromkeys((*self.of.fields, *self.among.fields, *kept)))

    def describe(self) -> str:
        """The route in words."""
        ranked = "everyone with a score" if self.among.is_everyone else f"those scored with {self.among.describe()}"
        tied = ", with everyone tied at the cut" if self.include_tied else ""
        kept = "" if self.keep_within is None else f"; who is {kept_in_words(self.keep_within)}, keeps a place"
        return f"the highest scores, {self.share.describe()} of {_people(self.of)}, ranked among {ranked}{tied}{kept}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everyone(_Route):
    """Everyone who meets the conditions, of which there is at least one."""

    where: Where
    kind: Literal["everyone"] = "everyone"

    def __post_init__(self) -> None:
        """Refuse the whole list."""
        _Route.__post_init__(self)
        if self.where.is_everyone:
            raise SchemeError("'where' is empty, which would select the whole list. Write at least one condition.")

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns the route asks about."""
        return self.where.fields

    def describe(self) -> str:
        """The route in words."""
        return f"everyone with {self.where.describe()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nominated(_Route):
    """Patients whom the practice nominates, up to a share of a named denominator, which is always a ceiling."""

    share: Share
    of: Where
    kind: Literal["nominated"] = "nominated"

    def __post_init__(self) -> None:
        """Refuse a floor: nobody can be nominated by a rule."""
        _Route.__post_init__(self)
        if self.share.limit != "at_most":
            raise must_be("limit", '"at_most": a nominated route has a cap, not a floor', error=SchemeError)

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns the route asks about."""
        return tuple(dict.fromkeys(("nominated", *self.of.fields)))

    def describe(self) -> str:
        """The route in words."""
        return f"patients the practice nominates, {self.share.describe()} of {_people(self.of)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(_Route):
    """A regular review for everyone who meets the conditions, an age rule among them.

    Attributes
    ----------
    name, counts_as : the column in the selection; always an entitlement
    where : who is entitled
    every_months : calendar months from the last review until the next is due, 1 to 1200
    """

    where: Where
    every_months: int
    kind: Literal["review"] = "review"

    def __post_init__(self) -> None:
        """Refuse a review without an age rule or an interval."""
        _Route.__post_init__(self)
        if self.counts_as != "entitlement":
            raise must_be("counts_as", '"entitlement": a review is owed, and uses no place', error=SchemeError)
        if "age" not in self.where.fields:
            raise SchemeError("'where' has no age rule. Write where = { age = { at_least = 75 } }.")
        months = self.every_months
        if not isinstance(months, int) or isinstance(months, bool) or not 1 <= months <= MOST_MONTHS:
            raise must_be("every_months", f"a whole number of months from 1 to {MOST_MONTHS}", error=SchemeError)

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns the route asks about."""
        return self.where.fields

    def describe(self) -> str:
        """The route in words."""
        interval = "month" if self.every_months == 1 else f"{self.every_months} months"
        return f"a review every {interval} for everyone with {self.where.describe()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band(_Route):
    """Everyone whose score, or whose risk, lies within fixed edges.

    Attributes
    ----------
    name, counts_as : the column in the selection, and what meeting it means
    on : ``score``, what ranks; or ``risk``, a probability from 0 to 1
    edges : the band
    where : who may be in it
    """

    on: Literal["score", "risk"]
    edges: Edges
    where: Where = EVERYONE
    kind: Literal["band"] = "band"

    def __post_init__(self) -> None:
        """Refuse edges that no risk can reach."""
        _Route.__post_init__(self)
        one_of("on", self.on, ("score", "risk"))
        given = [edge for edge in (self.edges.lower, self.edges.upper) if edge is not None]
        if self.on == "risk" and not all(0 <= edge <= 1 for edge in given):
            raise SchemeError('a risk lies from 0 to 1, and an edge does not. For 40% write at_least = "0.40".')

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns the route asks about."""
        return self.where.fields

    def describe(self) -> str:
        """The route in words."""
        among = "" if self.where.is_everyone else f", among those with {self.where.describe()}"
        return f"{self.on} {self.edges.describe()}{among}"


Route = TopShare | Everyone | Nominated | Review | Band


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scheme:
    """The set of routes a commissioner buys, and the file it was read from.

    Attributes
    ----------
    id, title, source : its name, its name in words, and where its rules come from
    decisions : what the source leaves open and this file decides
    tie_key : public text, 1 to 64 bytes, that orders exact ties
    required, optional : the register columns it needs, and those it uses where they are present
    routes : in file order, which is the order in which places are used
    programme : totals reported beside the result, never enforced
    caseload : what it asks of a caseload over time; None where it asks nothing
    notes : what the source also states, and the library does not enforce
    text : the text of the file
    """

    id: str
    title: str
    source: str
    decisions: tuple[str, ...]
    tie_key: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    routes: tuple[Route, ...]
    programme: Mapping[str, int] = field(default_factory=dict, hash=False)
    caseload: CaseloadRules | None = None
    notes: Mapping[str, str] = field(default_factory=dict, hash=False)
    text: str = ""

    def __post_init__(self) -> None:
        """Refuse repeated names and columns that are not declared."""
        try:
            self._check_types()
        except InputError as problem:
            raise SchemeError(str(problem)) from None
        if not SCHEME_ID.fullmatch(self.id):
            raise must_be("id", "1 to 64 letters, digits, points, hyphens and underscores", error=SchemeError)
        if not 1 <= len(self.tie_key.encode()) <= LONGEST_TIE_KEY:
            raise must_be("tie_key", "1 to 64 bytes of UTF-8 text", "Write a short public text.", error=SchemeError)
        if not self.routes:
            raise SchemeError("it has no route. Write at least one [[route]].")
        names = [route.name for route in self.routes]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise SchemeError(f"route {listed(repeated)}: the 'name' is repeated. Each route needs its own.")
        for route in self.routes:
            self._check_fields(route)
        self._check_declared()
        if self.caseload is not None:
            self.caseload.check_routes(names)

    def _check_types(self) -> None:
        for name in ("id", "title", "source", "tie_key", "text"):
            arguments.text(getattr(self, name), f"'{name}'")
        for name in ("decisions", "required", "optional"):
            given = getattr(self, name)
            if not isinstance(given, (list, tuple)):
                raise SchemeError(f"'{name}' is a list of texts, such as ('age',).")
            arguments.texts(given, f"'{name}'")
        arguments.values_by_name(self.notes, "'notes'")
        arguments.values_by_name(self.programme, "'programme'")
        arguments.instance_or_none(CaseloadRules, "the rules of a [caseload] table")(self.caseload, "'caseload'")
        if not isinstance(self.routes, (list, tuple)) or not all(isinstance(each, _Route) for each in self.routes):
            raise SchemeError("'routes' is a list of routes, such as those of cm.load_scheme(…).routes.")

    def _check_fields(self, route: Route) -> None:
        declared = {*self.required, *self.optional}
        for name in route.fields:
            if name == "age" or name in declared:
                continue
            near = "" if name in FIELDS else did_you_mean(name, (*FIELDS, *sorted(declared)))
            kind = "" if name in FIELDS else ", which is no register field,"
            raise SchemeError(
                f"route '{route.name}': '{name}'{kind} stands in neither 'required' nor 'optional'.{near} "
                f"Name the column in one of them."
            )

    def _check_declared(self) -> None:
        both = [name for name in self.required if name in self.optional]
        if both:
            raise SchemeError(f"'required' and 'optional' both name {listed(both)}. Keep one.")
        used = {name for route in self.routes for name in route.fields}
        for key, names in (("required", self.required), ("optional", self.optional)):
            for name in names:
                if names.count(name) > 1:
                    raise SchemeError(f"'{key}' names '{name}' twice. Remove one.")
                if name not in FIELDS and name not in used and (near := did_you_mean(name, tuple(FIELDS))):
                    raise SchemeError(f"'{key}' names '{name}', which is no register field and no route uses.{near}")

    @property
    def fields(self) -> tuple[str, ...]:
        """Every column the routes ask about, each once, in file order."""
        return tuple(dict.fromkeys(name for route in self.routes for name in route.fields))

    @property
    def ranks(self) -> bool:
        """Whether any route looks at a score."""
        return any(isinstance(route, (TopShare, Band)) for route in self.routes)

    @property
    def keeps_places(self) -> bool:
        """Whether the caseload keeps places by any route."""
        return any(isinstance(route, TopShare) and route.keep_within is not None for route in self.routes)

    def __repr__(self) -> str:
        """The scheme and its routes in plain words."""
        lines = [f"Scheme '{self.id}': {self.title}"]
        lines += [f"  {route.name} ({route.counts_as.replace('_', ' ')}): {route.describe()}" for route in self.routes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(route.name)}</td><td>{escape(route.describe())}</td>"
            f"<td>{escape(route.counts_as.replace('_', ' '))}</td></tr>"
            for route in self.routes
        )
        decisions = escape("; ".join(self.decisions) or "none")
        return (
            f"<table><caption>{escape(self.title)}</caption>"
            f"<thead><tr><th>route</th><th>who</th><th>counts as</th></tr></thead><tbody>{rows}</tbody></table>"
            f"<p>Source: {escape(self.source)}. Decided here, not by the source: {decisions}.</p>"
        )


def kept_in_words(within: Share) -> str:
    """``on the caseload, and within the first 4%``."""
    return f"on the caseload, and within the first {within.text}"


def _people(of: Where) -> str:
    return of.describe() if of.is_everyone else f"those with {of.describe()}"


def _check_name(name: str) -> None:
    if not ROUTE_NAME.fullmatch(name):
        raise must_be("name", "a lower-case letter, then lower-case letters, digits and underscores", error=SchemeError)
    if name in SELECTION_COLUMNS or name.startswith("register_"):
        raise SchemeError(f"'name' may not be '{name}': the selection has a column of that name. Choose another.")
