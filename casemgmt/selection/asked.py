"""What is asked of a register, in the words of :func:`casemgmt.select`, and how it is said in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.errors import InputError, not_loaded, not_one_of
from casemgmt.scheme.routes import Scheme
from casemgmt.selection.expected import Expected
from casemgmt.selection.nominations import Nominations
from casemgmt.selection.places import OverCap

if TYPE_CHECKING:
    from casemgmt.register.limits import Share
    from casemgmt.risk.explain import Reference
    from casemgmt.risk.model import Model


class Terms(NamedTuple):
    """On what terms a register is selected from.

    Attributes
    ----------
    over_cap : what happens when a practice nominates more patients than it has places: ``error`` raises once for all
        practices, ``queue`` fills the places in ``nomination_order`` and lets the rest wait
    reference : what the reasons are held against: the ``base`` of each of the model's tables (absent, none), or the
        average of the ranked patients of the ``practice``
    allow_demonstration : rank by a demonstration model though the register is not marked synthetic
    max_quarantined, max_corrected : shares beyond which the register is refused; None: those that it was read with
    threads : how many to use on large registers; the result does not depend on it
    """

    over_cap: OverCap = "error"
    reference: Reference = "base"
    allow_demonstration: bool = False
    max_quarantined: Share | None = None
    max_corrected: Share | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a register, as :func:`casemgmt.select` takes it.

    Attributes
    ----------
    score : what ranks instead of a model: a column's name; one value a source row in source order (a pandas Series is
        matched on its index, which ``register.to_pandas()`` has too); or scores keyed by patient id, as a mapping, or
        as a frame with ``patient_id`` and one column more. NaN, null, masked values and infinities mean no score, and
        so does an id that is not among those given. Whole numbers above 2**53 are refused, and one value far from all
        others that several people have, as 999 for "no score", is warned of. A scheme with a band on risk takes them as
        risks from 0 to 1, unless there are any beside them
    risk : what each score means, from 0 to 1, in the same forms; they fill the column ``risk``, and bands on risk look
        at them. Everyone with a score has one and nobody else, and they need not rise with the score
    contributions : what each input adds to the score, one column an input, such as SHAP values: a frame with
        ``patient_id``, or one row a source row (a pandas frame is matched on its index). They become the reasons, and
        what ``explain`` shows. Each row adds up to its score, to within a ten-thousandth of what was added; what
        everyone starts from stands in a column ``base`` or, without one, is the same difference in every row. A frame
        with ``patient_id`` may hold some of the patients, and the others have no reasons
    expected : what is known of the register before
    ended : ids of those whose case management a person has ended → the reason; off the caseload, proposed for removal
        no more
    nominations : what practices have sent back, laid over the register's own
    """

    scheme: Scheme
    model: Model | None = None
    score: object = None
    risk: object = None
    contributions: object = None
    terms: Terms
    expected: Expected
    ended: Mapping[str, str] = field(default_factory=dict)
    nominations: Nominations = field(default_factory=Nominations)


def check_arguments(asked: Asked) -> None:
    """Refuse what no register can be selected from with."""
    scheme, model, score, terms = asked.scheme, asked.model, asked.score, asked.terms
    if not isinstance(scheme, Scheme):
        raise not_loaded("scheme")
    if terms.reference not in ("base", "practice"):
        raise not_one_of("reference", ("base", "practice"))
    if terms.over_cap not in ("error", "queue"):
        raise not_one_of("over_cap", ("error", "queue"))
    if (model is None) == (score is None) and (scheme.ranks or model is not None):
        raise InputError(
            "Say what ranks the patients: either model=cm.load_model('…') or score=…; there is no default model."
        )
    if isinstance(model, str):
        raise not_loaded("model")
    for name, given in (("risk", asked.risk), ("contributions", asked.contributions)):
        if given is not None and score is None:
            raise InputError(f"{name}= stands beside score=, and says what that is; a model gives its own.")
    if asked.contributions is not None and terms.reference != "base":
        raise InputError(
            "reference='practice' holds a model's reasons against a practice's average; contributions= are held "
            "against what everyone starts from. Leave reference out."
        )
