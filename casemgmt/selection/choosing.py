"""Selecting: a register, a scheme and a score become the lists of each practice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import TYPE_CHECKING, Literal, NamedTuple

from casemgmt.errors import CapExceededError, InputError, listed, not_loaded, not_one_of, plural
from casemgmt.register.register import Register
from casemgmt.risk.demonstration import check_demonstration
from casemgmt.scheme.routes import Band, Nominated, Scheme
from casemgmt.selection.earlier import with_caseload
from casemgmt.selection.expected import Expected
from casemgmt.selection.given import given_scores
from casemgmt.selection.keys import GivenRanking, ModelRanking, Ranking, band_keys
from casemgmt.selection.loop_arrays import Outcome
from casemgmt.selection.nominations import Nominations, with_nominations
from casemgmt.selection.plan import Plan, compile_scheme, route_arrays
from casemgmt.selection.running import Emitted, Question, emitted_rows, outcome_of
from casemgmt.selection.sentinels import warn_of_far_scores
from casemgmt.selection.ties import first_of_tied, nomination_order
from casemgmt.selection.workings import Choice, Workings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.limits import Share
    from casemgmt.risk.explain import Reference
    from casemgmt.risk.model import Model

OverCap = Literal["error", "queue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a register, as :func:`casemgmt.select` takes it.

    Attributes
    ----------
    expected : what is known of the register before
    ended : ids of those whose case management a person has ended → the reason
    nominations : what practices have sent back, laid over the register's own
    max_quarantined, max_corrected : shares beyond which the register is refused; None: those that it was read with
    """

    scheme: Scheme
    model: Model | None = None
    score: object = None
    over_cap: OverCap = "error"
    reference: Reference = "base"
    expected: Expected
    ended: Mapping[str, str] = field(default_factory=dict)
    nominations: Nominations = field(default_factory=Nominations)
    allow_demonstration: bool = False
    max_quarantined: Share | None = None
    max_corrected: Share | None = None
    threads: int | None = None


class Gathered(NamedTuple):
    """The rows that can matter, what is asked of them, and what the choosing loops made of it."""

    register: Register
    question: Question
    outcome: Outcome


def gather(register: Register, asked: Asked) -> Gathered:
    """Choose from a register that is held whole, up to the ties at each cut.

    Raises
    ------
    InputError
        As :func:`casemgmt.select`.
    """
    asked.expected.check_day(register.as_of)
    register.require_whole("Selecting again")
    register = replace(register, limits=register.limits.changed(asked.max_quarantined, asked.max_corrected))
    register.check_limits()
    register = with_nominations(register, asked.nominations)
    require_order(register, asked.scheme, asked.over_cap)
    register = with_caseload(register, asked.expected.previous, asked.ended)
    if asked.model is not None:
        check_demonstration(asked.model, register, asked.allow_demonstration)
    ranking = ranking_of(register, asked.model, asked.score)
    sizes = official_sizes(register, asked.scheme, asked.expected.list_sizes)
    asked.expected.check(register)
    question = question_for(register, asked.scheme, ranking, sizes)
    return Gathered(register, question, outcome_of(register.packed, question, asked.threads))


def workings_of(gathered: Gathered, asked: Asked) -> Workings:
    """What a selection comes to once the rows that can matter are gathered."""
    expected = asked.expected
    register, question, outcome = gathered
    return replace(
        resolved(register, asked.scheme, question, outcome, asked.over_cap),
        reference=asked.reference,
        previous=expected.previous,
        ended=frozenset(asked.ended),
        score_column=asked.score if isinstance(asked.score, str) else None,
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
    plan = compile_scheme(scheme, register)
    bands = {i: route for i, route in enumerate(scheme.routes) if isinstance(route, Band)}
    ranking.check_bands(list(bands.values()))
    routes = route_arrays(scheme, plan, {i: band_keys(band, ranking) for i, band in bands.items()})
    return Question(ranking, plan, routes, sizes)


def resolved(register: Register, scheme: Scheme, question: Question, outcome: Outcome, over_cap: OverCap) -> Workings:
    """What an outcome comes to when ties are broken and places given out."""
    choice = _choice_of(register, scheme, question, outcome, over_cap)
    sizes = question.list_sizes
    return Workings(register=register, scheme=scheme, ranking=question.ranking, choice=choice, list_sizes=sizes)


def check_arguments(scheme: object, model: object, score: object, over_cap: str, reference: str) -> None:
    """Refuse what no register can be selected from with."""
    if not isinstance(scheme, Scheme):
        raise not_loaded("scheme")
    if reference not in ("base", "practice"):
        raise not_one_of("reference", ("base", "practice"))
    if over_cap not in ("error", "queue"):
        raise not_one_of("over_cap", ("error", "queue"))
    if (model is None) == (score is None) and (scheme.ranks or model is not None):
        raise InputError(
            "Say what ranks the patients: either model=cm.load_model('…') or score=…; there is no default model."
        )
    if isinstance(model, str):
        raise not_loaded("model")


def ranking_of(register: Register, model: Model | None, score: object) -> Ranking:
    """What ranks the rows of a register: the model, or the user's scores."""
    import numpy as np

    if model is not None:
        return ModelRanking(model, register)
    if score is None:
        return GivenRanking(np.full(len(register), np.nan), register)
    scores = given_scores(register, score)
    warn_of_far_scores(scores)
    return GivenRanking(scores, register)


def official_sizes(register: Register, scheme: Scheme, list_sizes: Mapping[str, int] | None) -> npt.NDArray[np.int64]:
    """Each practice's official list size; -1 where rows are counted."""
    import numpy as np

    if list_sizes is None:
        return np.full(len(register.practices), -1, dtype=np.int64)
    missing = [practice for practice in register.practices if practice not in list_sizes]
    if missing:
        raise InputError(f"list_sizes has no figure for {plural(len(missing), 'practice')}: {listed(missing)}.")
    partial = [route.name for route in scheme.routes if hasattr(route, "of") and not route.of.is_everyone]
    if partial:
        raise InputError(
            f"list_sizes gives whole lists, and {plural(len(partial), 'route')} ({listed(partial)}) has a denominator "
            "of part of the list. Leave list_sizes out, and the register is counted."
        )
    sizes = [list_sizes[practice] for practice in register.practices]
    wrong = sum(not is_list_size(n) for n in sizes)
    if wrong:
        raise InputError(f"list_sizes: {plural(wrong, 'figure')} that is not a whole number of people.")
    return np.array(sizes, dtype=np.int64)


def is_list_size(figure: object) -> bool:
    """Whether a figure is a whole number of people."""
    return isinstance(figure, Real) and not isinstance(figure, bool) and float(figure) >= 0 and figure % 1 == 0


def _choice_of(register: Register, scheme: Scheme, question: Question, out: Outcome, over_cap: OverCap) -> Choice:
    """Break the ties at each cut, give out places in file order, and fill or refuse nominations."""
    import numpy as np

    found = emitted_rows(out)
    for s, bit in enumerate(question.routes.bit.tolist()):
        tied = np.flatnonzero(found.at_cut & np.uint32(1 << bit))
        if len(tied):
            present, groups = np.unique(found.practice[tied], return_inverse=True)
            inside = first_of_tied(register, found.rows[tied], groups, out.taken[present, s], scheme.tie_key)
            found.member[tied[inside]] |= np.uint32(1 << bit)
    caps = nominated_places(scheme, question.plan, out, question.list_sizes)
    place, queued = _give_places(register, scheme, found, caps, over_cap)
    chosen = found.member != 0
    if not chosen.all():
        found, place = found.only(chosen), place[chosen]
    return Choice(
        plan=question.plan,
        outcome=out,
        caps=caps,
        practice=found.practice,
        rows=found.rows,
        keys=found.keys,
        member=found.member,
        place=place,
        queue=queued,
    )


def nominated_places(scheme: Scheme, plan: Plan, out: Outcome, official: npt.NDArray[np.int64]) -> dict[int, list[int]]:
    """The places of each nominated route, by practice."""
    caps = {}
    for i, route in enumerate(scheme.routes):
        if isinstance(route, Nominated):
            counted = out.counts[:, plan.bits.denominators[route.of]].tolist()
            sizes = [n if given < 0 else given for n, given in zip(counted, official.tolist(), strict=True)]
            caps[i] = [route.share.places(size) for size in sizes]
    return caps


def _give_places(
    register: Register,
    scheme: Scheme,
    found: Emitted,
    caps: Mapping[int, list[int]],
    over_cap: OverCap,
) -> tuple[npt.NDArray[np.int8], list[tuple[int, int]]]:
    """The route whose place each row uses (-1: none), and (route, row) of everyone who waits; clears their bit."""
    import numpy as np

    practice, rows, member = found.practice, found.rows, found.member
    place = np.full(len(rows), -1, dtype=np.int8)
    queue: list[tuple[int, int]] = []
    exceeded: list[tuple[str, str, int, int]] = []
    for i, route in enumerate(scheme.routes):
        mask = np.uint32(1 << i)
        if isinstance(route, Nominated):
            needing = np.flatnonzero((member & mask != 0) & (place < 0))
            needed = np.bincount(practice[needing], minlength=len(register.practices))
            over = [p for p in np.flatnonzero(needed).tolist() if needed[p] > caps[i][p]]
            if over and over_cap == "error":
                exceeded += [(register.practices[p], route.name, int(needed[p]), caps[i][p]) for p in over]
            elif over:
                for p in over:
                    own = needing[practice[needing] == p]
                    order = nomination_order(register, rows[own], scheme.tie_key)
                    waiting = own[order[caps[i][p] :]]
                    member[waiting] &= ~mask
                    queue += [(i, int(row)) for row in rows[waiting]]
        if route.counts_as == "case_management":
            place[(member & mask != 0) & (place < 0)] = i
    if exceeded:
        raise _cap_exceeded(exceeded)
    return place, queue


def _cap_exceeded(exceeded: list[tuple[str, str, int, int]]) -> CapExceededError:
    lines = [
        f"  {practice}: {plural(count, 'nomination')} for {plural(places, 'place')} ({route})"
        for practice, route, count, places in exceeded
    ]
    return CapExceededError(
        f"{plural(len({practice for practice, *_ in exceeded}), 'practice')} nominated more patients than the cap "
        "allows (those already in by an earlier route are not counted):\n"
        + "\n".join(lines)
        + '\n  Withdraw nominations, or use over_cap="queue" with a nomination_order.'
    )
