"""Planning: what lists of other lengths would hold, and take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.errors import InputError, plural
from casemgmt.evaluation.plan_lists import planned
from casemgmt.evaluation.plan_result import Plan, plan_of
from casemgmt.evaluation.tariff import Tariff
from casemgmt.register.register import Register, a_register
from casemgmt.risk.demonstration import check_demonstration
from casemgmt.risk.moved import why_no_risk
from casemgmt.scheme.shares import Share

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.annotations import Values
    from casemgmt.risk.model import Model
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.keys import Ranking

SHARES = tuple(f"{half / 2:g}%" for half in range(1, 21))
MOST_SHARES = 1000
_A_TARIFF = "a tariff, such as Tariff(contacts_a_patient=12)"


@arguments.checked(
    register=a_register,
    scheme=arguments.scheme,
    model=arguments.instance_or_none("casemgmt.risk.model:Model", "a model from cm.load_model"),
    tariff=arguments.instance_or_none(Tariff, _A_TARIFF),
    shares=arguments.list_of_texts,
    allow_demonstration=arguments.yes_or_no,
    progress=arguments.to_be_called_or_none,
)
def plan(
    register: Register,
    scheme: Scheme,
    model: Model | None = None,
    *,
    score: Values | None = None,
    risk: Values | None = None,
    tariff: Tariff | None = None,
    shares: Iterable[str] = SHARES,
    list_sizes: Mapping[str, int] | None = None,
    allow_demonstration: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """What a list of each length would hold and take: patients, expected admissions, contacts, hours and money.

    The share of the scheme's share route is set to each of ``shares`` in turn, and its lists are made by the rules of
    :func:`casemgmt.select`, by rank alone: a ``keep_within`` of the route is left out. Expected admissions are what the
    risks say will happen to the people on the list; how many management would avoid is not known, and nothing is
    claimed of it.

    Parameters
    ----------
    register : from :func:`casemgmt.read_register`
    scheme : from :func:`casemgmt.load_scheme`, with one share route
    model : ranks, and gives risks; recalibrate it first to the place that it is used in
    score : ranks instead, in any form that :func:`casemgmt.select` takes
    risk : each one's risk of the outcome, 0 to 1, in the same forms; None: the model's, or the scores themselves
    tariff : what a managed patient takes; None: our default, which is no more than a place to start
    shares : of each practice's list, such as ``("0.5%", "1%")``, or one
    list_sizes : official list size of each practice
    allow_demonstration : rank by a demonstration model though the register is not marked synthetic
    progress : called with (shares done, shares in all)

    Raises
    ------
    InputError
        A model that gives points and no risks, risks outside 0 to 1, a scheme without a share route.

    Examples
    --------
    >>> risks = cm.load_model("demonstration-admission")
    >>> cm.plan(register, scheme, risks, shares=["1%", "3%"]).table.column("patients").to_pylist()
    [150, 254]
    """
    from casemgmt.selection.places import official_sizes

    if (model is None) == (score is None):
        raise InputError("Say what ranks the patients: either model=cm.load_model('…') or score=….")
    register.require_whole("A plan")
    register.check_limits()
    if model is not None:
        check_demonstration(model, register, allow_demonstration)
        if risk is None:
            _refuse_without_risks(model, register)
    wanted = sorted({_share(text) for text in shares})
    if not 0 < len(wanted) <= MOST_SHARES:
        raise InputError(f"shares: give 1 to {MOST_SHARES} shares, such as ('1%', '2%').")
    ranking, risks = _ranking(register, model, score, risk)
    asked = planned(register, scheme, ranking, risks, official_sizes(register, scheme, list_sizes))
    return plan_of(asked, wanted, tariff or Tariff(), progress)


def _share(text: str) -> Fraction:
    from casemgmt.errors import SchemeError

    try:
        return Share.read(text, "at_most").fraction
    except SchemeError:
        raise InputError('shares: each is a text such as "3%" or "3/100", over 0% and at most 100%.') from None


def _ranking(register: Register, model: Model | None, score: Any, risk: Any) -> tuple[Ranking, npt.NDArray[np.float64]]:
    """What ranks, and the risk of each packed row; NaN where there is none."""
    import numpy as np

    from casemgmt.register.given.values import values_given
    from casemgmt.selection.choosing import ranking_of
    from casemgmt.selection.plain_rows import keys_of

    ranking = ranking_of(register, model, score)
    scores = ranking.scores(keys_of(ranking.source))
    if risk is not None:
        risks = values_given(register, risk, "risk")
        unknown = int(np.count_nonzero(np.isfinite(scores) & ~np.isfinite(risks)))
        if unknown:
            raise InputError(f"risk: {plural(unknown, 'ranked patient')} without a risk. Give one for each score.")
    else:
        risks = ranking.risks(scores) if model is not None else scores
    outside = int(np.count_nonzero(np.isfinite(risks) & ((risks < 0) | (risks > 1))))
    if outside:
        what = "score" if risk is None else "risk"
        more = "" if risk is not None else ", and give the risks themselves as risk="
        raise InputError(
            f"{what}: {plural(outside, 'value')} outside 0 to 1, which no risk is. Divide percentages by 100{more}."
        )
    return ranking, risks


def _refuse_without_risks(model: Model, register: Register) -> None:
    """Refuse a model whose numbers are no chances here: points, or risks of people of other places alone."""
    remedy = "Recalibrate it on a register whose outcome is known (model.recalibrate(register, 'outcome column')), "
    if model.link == "points":
        raise InputError(
            f"The model '{model.name}' gives points, which rank patients and do not say how likely an admission is. "
            f"{remedy}choose a model with a logistic or survival link, or give each one's risk with risk=."
        )
    why = why_no_risk(model, register.counts.accepted)
    if why is not None:
        raise InputError(f"{why} Or give each one's risk with risk=.")
