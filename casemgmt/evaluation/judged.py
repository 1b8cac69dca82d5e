"""The people by whom a score is judged: what each scored, what happened, and where the scheme's cut put them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError, not_loaded, plural
from casemgmt.evaluation.enough import refuse_few
from casemgmt.register.outcomes import outcome_given
from casemgmt.register.ranked import is_listable
from casemgmt.scheme.routes import Band, Scheme, TopShare

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.register import Register
    from casemgmt.risk.model import Model
    from casemgmt.selection.places import OverCap
    from casemgmt.selection.workings import Workings

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Judged:
    """The people by whom a score is judged; arrays have one entry a person.

    They are everyone who is ranked (on the list, still there, no objection), has a score, and whose outcome is known.
    Their order is that of practice, then of score from the highest, then of patient_id: it does not depend on the order
    of the register's rows.

    Attributes
    ----------
    register : whose rows ``rows`` are; ``register.column(name, judged.rows)`` gives a column of the people judged
    practices : practice codes, in byte order
    rows : int64, packed row
    practice : int64, index of the practice in ``practices``
    score : float64, what ranks; the higher the sooner
    risk : float64, 0 to 1: the risk of the outcome that the score states; None for a score that states none
    outcome : bool, whether it happened
    inside : bool, whether the scheme's share and band routes let the person in; None without a scheme
    case_managed : bool, whether the scheme gives the person a place by any route; None without a scheme
    just_below : bool, whether the person is among the next tenth of places below the first share route's cut, as
        :meth:`casemgmt.Selection.by` counts them; None without a scheme that has such a route
    set_aside : why people are not judged → how many, each under the first reason that is true
    model : the model that scored; None where scores were given
    scheme : whose cut it is; None without one
    workings : the selection that the scheme makes by the score; None without a scheme
    """

    register: Register
    practices: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    practice: npt.NDArray[np.int64]
    score: Floats
    risk: Floats | None
    outcome: Flags
    inside: Flags | None
    case_managed: Flags | None
    just_below: Flags | None
    set_aside: Mapping[str, int]
    model: Model | None = None
    scheme: Scheme | None = None
    workings: Workings | None = None

    def __len__(self) -> int:
        """How many people are judged."""
        return len(self.rows)

    def __repr__(self) -> str:
        """Counts only."""
        aside = "; ".join(f"{count:,} {why}" for why, count in self.set_aside.items() if count)
        return (
            f"<Judged: {plural(len(self), 'person', 'people')} in {plural(len(self.practices), 'practice')}, of whom "
            f"{int(self.outcome.sum()):,} had the outcome{f'; set aside: {aside}' if aside else ''}>"
        )


def judge(
    model_or_risks: Any,
    outcome: Any,
    register: Register,
    scheme: Scheme | None = None,
    *,
    are_risks: bool = True,
    over_cap: OverCap = "error",
    allow_demonstration: bool = False,
) -> Judged:
    """The people by whom a score is judged.

    Parameters
    ----------
    model_or_risks, outcome, register, scheme, are_risks : as of :func:`casemgmt.evaluate`
    over_cap, allow_demonstration : as of :func:`casemgmt.select`

    Raises
    ------
    InputError
        Scores, outcome or register that cannot be used, or fewer than ten people with or without the outcome.
    """
    import numpy as np

    from casemgmt.selection.ordering import by_practice_and_id

    model = _model_of(model_or_risks)
    if scheme is not None and not isinstance(scheme, Scheme):
        raise not_loaded("scheme")
    register.require_whole("Judging a score")
    happened = outcome_given(register, outcome)
    score, risk = _scores(model_or_risks, model, register, are_risks, allow_demonstration)
    workings = _selected(model_or_risks, model, register, scheme, over_cap, allow_demonstration)
    rows, set_aside = _who_is_judged(register, score, happened)
    refuse_few(happened[rows] == 1)
    chosen, practice, places = score[rows], register.packed.practice_of(rows), _places(workings)
    inside, case_managed, below = (None if mask is None else mask[rows] for mask in places)
    stated, had = None if risk is None else risk[rows], happened[rows] == 1
    order = by_practice_and_id(practice, register.column("patient_id", rows))
    order = order[np.lexsort((-chosen[order], practice[order]))]
    return Judged(
        register=register,
        practices=register.practices,
        rows=rows[order].astype(np.int64),
        practice=practice[order],
        score=chosen[order],
        risk=None if stated is None else stated[order],
        outcome=had[order],
        inside=None if inside is None else inside[order],
        case_managed=None if case_managed is None else case_managed[order],
        just_below=None if below is None else below[order],
        set_aside=set_aside,
        model=model,
        scheme=scheme,
        workings=workings,
    )


def _who_is_judged(register: Register, score: Floats, happened: Floats) -> tuple[npt.NDArray[np.int64], dict[str, int]]:
    """The packed rows of the people judged, and how many are not, each under the first reason that is true."""
    import numpy as np

    reasons = {
        "not on the list, or gone when the data was drawn": ~is_listable(register.packed),
        "objected to risk stratification": register.packed.is_set("objected"),
        "without a score": ~np.isfinite(score),
        "outcome not known": np.isnan(happened),
    }
    judged, set_aside = np.ones(len(register), dtype=bool), {"quarantined rows": register.quarantine.num_rows}
    for why, applies in reasons.items():
        set_aside[why] = int(np.count_nonzero(judged & applies))
        judged &= ~applies
    return np.flatnonzero(judged), set_aside


def _model_of(model_or_risks: Any) -> Model | None:
    from casemgmt.risk.model import Model

    if model_or_risks is None or isinstance(model_or_risks, type):
        raise InputError(
            "model_or_risks: give a model from cm.load_model, or the risks that are to be judged, such as "
            "classifier.predict_proba(X)[:, 1]."
        )
    return model_or_risks if isinstance(model_or_risks, Model) else None


def _selected(
    given: Any,
    model: Model | None,
    register: Register,
    scheme: Scheme | None,
    over_cap: OverCap,
    allow_demonstration: bool,
) -> Workings | None:
    """The selection that the scheme makes by the score."""
    if scheme is None:
        return None
    from casemgmt.selection.asked import Asked, Terms
    from casemgmt.selection.choosing import gather, workings_of
    from casemgmt.selection.expected import Expected

    asked = Asked(
        scheme=scheme,
        model=model,
        score=None if model is not None else given,
        terms=Terms(over_cap, allow_demonstration=allow_demonstration),
        expected=Expected(),
    )
    return workings_of(gather(register, asked), asked)


def _scores(
    given: Any, model: Model | None, register: Register, are_risks: bool, allow_demonstration: bool
) -> tuple[Floats, Floats | None]:
    """What ranks each packed row, NaN where there is no score; and the risk that it states, if it states any."""
    import numpy as np

    from casemgmt.register.given.values import values_given
    from casemgmt.risk.demonstration import check_demonstration
    from casemgmt.risk.link import risk
    from casemgmt.risk.scoring import points_of, sums_of

    register.check_limits()
    if model is not None:
        check_demonstration(model, register, allow_demonstration)
        score = points_of(model, sums_of(model, register))
        return score, None if model.link == "points" else risk(model, score)
    score = values_given(register, given, "model_or_risks")
    if not are_risks:
        return score, None
    outside = int(np.count_nonzero(np.isfinite(score) & ((score < 0) | (score > 1))))
    if outside:
        raise InputError(
            f"model_or_risks: {plural(outside, 'value')} outside 0 to 1, which no risk is. Divide percentages by 100; "
            "or say are_risks=False of a score that ranks and states no risk, such as points."
        )
    return score, score


def _places(workings: Workings | None) -> tuple[Flags | None, Flags | None, Flags | None]:
    """Where the scheme put each packed row: inside its cut, case managed, just below."""
    import numpy as np

    from casemgmt.selection.summary import just_below

    if workings is None:
        return None, None, None
    rows, choice = len(workings.register), workings.choice
    by_score = sum(1 << i for i, route in enumerate(workings.scheme.routes) if isinstance(route, (TopShare, Band)))

    def marked(which: npt.NDArray[np.int64]) -> Flags:
        mask = np.zeros(rows, dtype=bool)
        mask[which] = True
        return mask

    below = just_below(workings)
    inside = marked(choice.rows[choice.member & np.uint32(by_score) != 0])
    return inside, marked(choice.rows[choice.place >= 0]), None if below is None else marked(below)
