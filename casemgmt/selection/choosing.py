"""Selecting: a register, a scheme and a score become the lists of each practice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.register.given.values import values_given
from casemgmt.register.ranked import is_ranked
from casemgmt.register.register import Register
from casemgmt.risk.demonstration import check_demonstration
from casemgmt.scheme.routes import Band, Nominated, Scheme
from casemgmt.selection.asked import Asked
from casemgmt.selection.contributions import contributions_of
from casemgmt.selection.earlier import with_caseload
from casemgmt.selection.keeping import CaseloadCut, keep_places
from casemgmt.selection.keys import GivenRanking, ModelRanking, Ranking, band_keys
from casemgmt.selection.loop_arrays import Outcome
from casemgmt.selection.nominations import with_nominations
from casemgmt.selection.places import OverCap, give_places, nominated_places, official_sizes
from casemgmt.selection.plan import compile_scheme, route_arrays
from casemgmt.selection.risks import faulty_risks
from casemgmt.selection.running import Question, emitted_rows, outcome_of
from casemgmt.selection.sentinels import warn_of_far_scores
from casemgmt.selection.ties import first_of_tied
from casemgmt.selection.workings import Choice, Whereabouts, Workings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.risk.model import Model


class Gathered(NamedTuple):
    """The rows that can matter, what is asked of them, and what the choosing loops made of it.

    ``overruled`` patients are on the register's caseload though they have left; of a register that was read a part at a
    time, ``whereabouts`` says what became of people who have no row in their practice.
    """

    register: Register
    question: Question
    outcome: Outcome
    overruled: int = 0
    whereabouts: Whereabouts | None = None


def gather(register: Register, asked: Asked) -> Gathered:
    """Choose from a register that is held whole, up to the ties at each cut.

    Raises
    ------
    InputError
        As :func:`casemgmt.select`.
    """
    terms = asked.terms
    asked.expected.check_day(register.as_of)
    register.require_whole("Selecting again")
    register = replace(register, limits=register.limits.changed(terms.max_quarantined, terms.max_corrected))
    register.check_limits()
    register = with_nominations(register, asked.nominations)
    require_order(register, asked.scheme, terms.over_cap)
    register, overruled = with_caseload(register, asked.expected.previous, asked.ended)
    if asked.model is not None:
        check_demonstration(asked.model, register, terms.allow_demonstration)
    ranking = ranking_of(register, asked.model, asked.score, asked.risk)
    sizes = official_sizes(register, asked.scheme, asked.expected.list_sizes)
    asked.expected.check(register)
    question = question_for(register, asked.scheme, ranking, sizes)
    return Gathered(register, question, outcome_of(register.packed, question, terms.threads), overruled)


def workings_of(gathered: Gathered, asked: Asked) -> Workings:
    """What a selection comes to once the rows that can matter are gathered."""
    expected = asked.expected
    register, question, outcome, overruled, whereabouts = gathered
    return replace(
        resolved(register, asked.scheme, question, outcome, asked.terms.over_cap),
        reference=asked.terms.reference,
        previous=expected.previous,
        overruled=overruled,
        whereabouts=whereabouts,
        ended=frozenset(asked.ended),
        given_columns=tuple(each for each in (asked.score, asked.risk) if isinstance(each, str)),
        contributions=contributions_of(register, question.ranking, asked.contributions),
        missing_practices=tuple(expected.missing_practices(register.counts)),
        nominations=asked.nominations.met_in(register),
    )


def require_order(register: Register, scheme: Scheme, over_cap: OverCap) -> None:
    """Refuse a queue of nominees whom nobody has put in order."""
    if over_cap == "queue" and any(isinstance(route, Nominated) for route in scheme.routes):
        register.require(("nomination_order",), 'over_cap="queue"')


def choose(
    register: Register,
    scheme: Scheme,
    ranking: Ranking,
    sizes: npt.NDArray[np.int64],
    over_cap: OverCap = "error",
    threads: int | None = None,
) -> Workings:
    """Choose by a scheme and a ranking whose arguments have been checked; ``sizes`` holds -1 where rows are counted."""
    question = question_for(register, scheme, ranking, sizes)
    return resolved(register, scheme, question, outcome_of(register.packed, question, threads), over_cap)


def question_for(register: Register, scheme: Scheme, ranking: Ranking, sizes: npt.NDArray[np.int64]) -> Question:
    """What a scheme and a ranking ask of every row of a register."""
    plan = compile_scheme(scheme, register, ranking.given_risks)
    bands = {i: route for i, route in enumerate(scheme.routes) if isinstance(route, Band)}
    ranking.check_bands(list(bands.values()))
    routes = route_arrays(scheme, plan, {i: band_keys(band, ranking) for i, band in bands.items()})
    return Question(ranking, plan, routes, sizes)


def resolved(register: Register, scheme: Scheme, question: Question, outcome: Outcome, over_cap: OverCap) -> Workings:
    """What an outcome comes to when ties are broken and places given out."""
    choice = _choice_of(register, scheme, question, outcome, over_cap)
    sizes = question.list_sizes
    return Workings(register=register, scheme=scheme, ranking=question.ranking, choice=choice, list_sizes=sizes)


def ranking_of(register: Register, model: Model | None, score: object, risk: object = None) -> Ranking:
    """What ranks the rows of a register: the model, or the user's scores, with their risks where there are any."""
    import numpy as np

    if model is not None:
        return ModelRanking(model, register)
    if score is None:
        return GivenRanking(np.full(len(register), np.nan), register)
    scores = values_given(register, score)
    warn_of_far_scores(scores)
    if risk is None:
        return GivenRanking(scores, register)
    risks = values_given(register, risk, "risk")
    faulty_risks(scores, risks, is_ranked(register.packed)).refuse()
    return GivenRanking(scores, register, risks)


def _choice_of(register: Register, scheme: Scheme, question: Question, out: Outcome, over_cap: OverCap) -> Choice:
    """Break the ties at each cut, give out places in file order, and fill or refuse nominations."""
    import numpy as np

    found = emitted_rows(out)
    some_are_tied = int(np.bitwise_or.reduce(found.at_cut))
    for s, bit in enumerate(question.routes.bit.tolist()):
        if some_are_tied >> bit & 1:
            tied = np.flatnonzero(found.at_cut & np.uint32(1 << bit))
            present, groups = np.unique(found.practice[tied], return_inverse=True)
            inside = first_of_tied(register, found.rows[tied], groups, out.taken[present, s], scheme.tie_key)
            found.member[tied[inside]] |= np.uint32(1 << bit)
    kept, cuts = np.zeros(len(found.member), dtype=found.member.dtype), dict[int, CaseloadCut]()
    if scheme.keeps_places:
        out, kept, cuts = keep_places(register, scheme, question, out, found)
    caps = nominated_places(scheme, question.plan, out, question.list_sizes)
    place, queued = give_places(register, scheme, found, caps, over_cap)
    chosen = found.member != 0
    if not chosen.all():
        found, place, kept = found.only(chosen), place[chosen], kept[chosen]
    return Choice(
        plan=question.plan,
        outcome=out,
        caps=caps,
        practice=found.practice,
        rows=found.rows,
        keys=found.keys,
        member=found.member,
        kept=kept,
        caseload_cuts=cuts,
        place=place,
        queue=queued,
    )
