"""Selecting: a register, a scheme and a score become the lists of each practice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

from casemgmt import arguments
from casemgmt.errors import CapExceededError, InputError, listed, plural
from casemgmt.register.register import Register
from casemgmt.risk.demonstration import check_demonstration
from casemgmt.scheme.routes import Band, Nominated, Scheme
from casemgmt.selection.earlier import read_ended, with_caseload
from casemgmt.selection.expected import LIST_SIZE_WITHIN, Expected
from casemgmt.selection.given import given_scores
from casemgmt.selection.keys import GivenRanking, ModelRanking, Ranking, band_keys
from casemgmt.selection.plan import Outcome, Plan, RouteArrays, compile_scheme, route_arrays
from casemgmt.selection.result import Choice, Selection, Workings
from casemgmt.selection.running import Question, emitted_rows, outcome_of
from casemgmt.selection.ties import first_of_tied, nomination_order

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.batch.scanning import ScannedRegister
    from casemgmt.register.limits import Share
    from casemgmt.risk.explain import Reference
    from casemgmt.risk.model import Model

OverCap = Literal["error", "queue"]


@arguments.checked(over_cap=arguments.text, reference=arguments.text)
def select(
    register: Register | ScannedRegister,
    scheme: Scheme,
    *,
    model: Model | None = None,
    score: Any = None,
    over_cap: OverCap = "error",
    list_sizes: Mapping[str, int] | None = None,
    previous: Selection | None = None,
    ended: Any = None,
    reference: Reference = "base",
    allow_demonstration: bool = False,
    allow_missing_practices: bool | Iterable[str] = False,
    list_size_within: Share | None = LIST_SIZE_WITHIN,
    max_quarantined: Share | None = None,
    max_corrected: Share | None = None,
    threads: int | None = None,
) -> Selection:
    """Select patients in each practice by a scheme, ranked by a model or by given scores.

    Parameters
    ----------
    register : from :func:`casemgmt.read_register` or :func:`casemgmt.scan_register`
    scheme : from :func:`casemgmt.load_scheme`
    model : ranks by this model's score
    score : ranks by these values instead (neither is needed by a scheme that ranks nobody): a column's name; one value
        a source row in source order (a pandas Series is matched on its index, which ``register.to_pandas()`` has too);
        or scores keyed by patient id, as a mapping, or as a frame with ``patient_id`` and one column more. NaN, null,
        masked values and infinities mean no score, and so does an id that is not among those given. Whole numbers
        above 2**53 are refused. A scheme with a band on risk takes them as risks from 0 to 1
    over_cap : what happens when a practice nominates more patients than it has places: ``error`` raises once for all
        practices, ``queue`` fills the places in ``nomination_order`` and lets the rest wait
    list_sizes : official list size of each practice, used instead of counted rows as the whole-list denominator
    previous : an earlier selection; its case-managed patients and those whom it proposed for removal are on the
        caseload, beside those whom the register's ``on_caseload`` names, and ``removals()`` lists whoever is on the
        caseload and not selected again, month after month until somebody decides
    ended : whose case management a person has ended since: a mapping of patient ids to reasons, or a table (or its
        file) with ``patient_id`` and ``reason``. They are off the caseload and proposed for removal no more
    reference : what the reasons are held against: the ``base`` of each of the model's tables (absent, none), or the
        average of the ranked patients of the ``practice``
    allow_demonstration : rank by a demonstration model though the register is not marked synthetic
    allow_missing_practices : practices of ``list_sizes`` or ``previous`` that may have no accepted row in the register;
        True: any of them
    list_size_within : share of an official list size by which the rows on the list may differ from it, of practices of
        20 people or more: ``"10%"``, ``"1/10"`` or 0.1; None: by anything
    max_quarantined, max_corrected : shares of the register beyond which it is refused, by default those that it was
        read with; see :func:`casemgmt.read_register`
    threads : how many to use on large registers; the result does not depend on it

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        A column that scheme, model or score needs is missing; scores that cannot be used; a demonstration model on a
        register that is not marked synthetic; too many rows quarantined or values corrected; a practice that vanished;
        a list size far from its rows; an earlier selection of whose people few are in the register.
    CapExceededError
        More nominations than places, under ``over_cap="error"``.
    """
    if not isinstance(register, Register) and not hasattr(register, "select_streamed"):
        raise InputError("register: read it first, with cm.read_register(…, as_of=…).")
    check_arguments(scheme, model, score, over_cap, reference, previous)
    decided = read_ended(ended)
    expected = Expected.of(list_sizes, previous, allow_missing_practices, list_size_within)
    expected.check_day(register.as_of)
    limits = register.limits.changed(max_quarantined, max_corrected)
    if not isinstance(register, Register):
        if decided:
            raise InputError("ended= needs every row of the register: read it with cm.read_register.")
        return register.select_streamed(
            scheme,
            expected=expected,
            limits=limits,
            model=model,
            score=score,
            over_cap=over_cap,
            reference=reference,
            allow_demonstration=allow_demonstration,
            threads=threads,
        )
    register.require_whole("Selecting again")
    register = replace(register, limits=limits)
    register.check_limits()
    require_order(register, scheme, over_cap)
    register = with_caseload(register, previous, decided)
    if model is not None:
        check_demonstration(model, register, allow_demonstration)
    ranking = ranking_of(register, model, score)
    sizes = official_sizes(register, scheme, list_sizes)
    expected.check(register)
    workings = choose(register, scheme, ranking, sizes, over_cap, threads)
    return _selection(replace(workings, ended=frozenset(decided)), reference, expected, score)


def selection_of(
    register: Register,
    scheme: Scheme,
    question: Question,
    outcome: Outcome,
    over_cap: OverCap,
    reference: Reference,
    expected: Expected,
    score: Any,
) -> Selection:
    """The selection that an outcome of a register's question comes to."""
    return _selection(settled(register, scheme, question, outcome, over_cap), reference, expected, score)


def _selection(workings: Workings, reference: Reference, expected: Expected, score: Any) -> Selection:
    column = score if isinstance(score, str) else None
    made = replace(workings, reference=reference, previous=expected.previous, score_column=column)
    made = replace(made, missing_practices=tuple(expected.missing_practices(made.register.counts)))
    return Selection(scheme=workings.scheme, workings=made)


def require_order(register: Any, scheme: Scheme, over_cap: OverCap) -> None:
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
    return settled(register, scheme, question, outcome_of(register.packed, question, threads), over_cap)


def question_for(register: Register, scheme: Scheme, ranking: Ranking, sizes: npt.NDArray[np.int64]) -> Question:
    """What a scheme and a ranking ask of every row of a register."""
    plan = compile_scheme(scheme, register)
    bands = {i: route for i, route in enumerate(scheme.routes) if isinstance(route, Band)}
    ranking.check_bands(list(bands.values()))
    routes = route_arrays(scheme, plan, {i: band_keys(band, ranking) for i, band in bands.items()})
    return Question(ranking, plan, routes, sizes)


def settled(register: Register, scheme: Scheme, question: Question, outcome: Outcome, over_cap: OverCap) -> Workings:
    """What an outcome comes to when ties are broken and places given out."""
    ranking, plan, routes, sizes = question
    choice = _settle(register, scheme, plan, routes, sizes, outcome, over_cap)
    return Workings(register=register, scheme=scheme, ranking=ranking, choice=choice, list_sizes=sizes)


def check_arguments(scheme: Any, model: Any, score: Any, over_cap: str, reference: str, previous: Any) -> None:
    """Refuse what no register can be selected from with."""
    if previous is not None and not isinstance(previous, Selection):
        raise InputError("previous: give a selection, from cm.select or cm.load_selection.")
    if not isinstance(scheme, Scheme):
        raise InputError("scheme: give a loaded scheme, such as cm.load_scheme('rotherham-2015-16').")
    if reference not in ("base", "practice"):
        raise InputError("reference must be 'base' or 'practice'.")
    if over_cap not in ("error", "queue"):
        raise InputError("over_cap must be 'error' or 'queue'.")
    if (model is None) == (score is None) and (scheme.ranks or model is not None):
        raise InputError(
            "Say what ranks the patients: either model=cm.load_model('…') or score=…; there is no default model."
        )
    if isinstance(model, str):
        raise InputError("model: give a loaded model, such as cm.load_model('cambridge-multimorbidity-20').")


def ranking_of(register: Register, model: Model | None, score: Any) -> Ranking:
    """What ranks the rows of a register: the model, or the user's scores."""
    import numpy as np

    if model is not None:
        return ModelRanking(model, register)
    scores = np.full(len(register), np.nan) if score is None else given_scores(register, score)
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


def is_list_size(figure: Any) -> bool:
    """Whether a figure is a whole number of people."""
    return isinstance(figure, Real) and not isinstance(figure, bool) and float(figure) >= 0 and figure % 1 == 0


def _settle(
    register: Register, scheme: Scheme, plan: Plan, routes: RouteArrays, sizes: Any, out: Outcome, over_cap: OverCap
) -> Choice:
    """Break the ties at each cut, give out places in file order, and fill or refuse nominations."""
    import numpy as np

    practice, rows, keys, member, at_cut = emitted_rows(out)
    for s, bit in enumerate(routes.bit.tolist()):
        tied = np.flatnonzero(at_cut & np.uint32(1 << bit))
        if len(tied):
            present, groups = np.unique(practice[tied], return_inverse=True)
            inside = first_of_tied(register, rows[tied], groups, out.taken[present, s], scheme.tie_key)
            member[tied[inside]] |= np.uint32(1 << bit)
    caps = nominated_places(scheme, plan, out, sizes)
    place, queued = _give_places(register, scheme, practice, rows, member, caps, over_cap)
    chosen = member != 0
    if not chosen.all():
        practice, rows, keys, member, place = (each[chosen] for each in (practice, rows, keys, member, place))
    return Choice(
        plan=plan,
        outcome=out,
        caps=caps,
        practice=practice,
        rows=rows,
        keys=keys,
        member=member,
        place=place,
        queue=queued,
    )


def nominated_places(scheme: Scheme, plan: Plan, out: Outcome, official: Any) -> dict[int, list[int]]:
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
    practice: Any,
    rows: Any,
    member: Any,
    caps: Mapping[int, list[int]],
    over_cap: OverCap,
) -> tuple[Any, list[tuple[int, int]]]:
    """The route whose place each row uses (-1: none), and (route, row) of everyone who waits; clears their bit."""
    import numpy as np

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
