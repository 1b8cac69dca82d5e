"""A model fitted to a register, in one call: an additive classifier, written out as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.register.register import Register, a_register
from casemgmt.risk.fitting import given
from casemgmt.risk.fitting.medicine import Direction
from casemgmt.risk.fitting.running import Asked, FitKind, fitted_model

if TYPE_CHECKING:
    from casemgmt.annotations import Values
    from casemgmt.risk.model import Model


@arguments.checked(
    register=a_register,
    inputs=given.texts_or_none,
    kind=arguments.text,
    name=arguments.text,
    horizon_days=arguments.whole,
    needed=arguments.list_of_texts,
    pairs=given.pairs_of_names,
    groups=arguments.text_or_none,
    bags=given.bags,
    seed=given.seed,
    words=arguments.text_mapping,
    options=arguments.mapping,
    progress=arguments.to_be_called_or_none,
)
def fit_model(
    register: Register,
    outcome: Values,
    *,
    inputs: Sequence[str] | None = None,
    kind: FitKind = "boosted",
    name: str = "fitted-model",
    horizon_days: int = 365,
    needed: Sequence[str] = (),
    monotone: bool | Mapping[str, Direction] = True,
    pairs: Sequence[tuple[str, str]] = (),
    groups: str | None = "practice_id",
    bags: int = 4,
    seed: int = 0,
    words: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Model:
    """A risk model learned from a register and what became of its people: tables like those of any loaded model.

    Parameters
    ----------
    register : from ``read_register``; who objected or is not on the list is set aside, and so is a null outcome
    outcome : true and false, 0 and 1, or words such as ``yes`` and ``N``, null where it is not known: the name of a
        carried column; one value a source row; a pandas Series, matched on its index; or keyed by patient id
    inputs : columns known on the list date. None: all fields but identifiers, dates, selections and reviews
    kind : ``boosted``, trees that look at one input each; ``logistic``, penalised; ``points``, ten rows or fewer
        of whole points from -5 to 10
    name, horizon_days, words : what the model file says; of ``title``, ``source``, ``outcome``, ``population``,
        ``intended_use``, ``not_for``, ``licence`` and ``version``, what is not given is said honestly
    needed : inputs without which there is no score; a missing value adds what was learned of it, or the average
    monotone : True: amounts only rise with what :mod:`casemgmt.risk.fitting.medicine` lists; False: no such rule;
        ``{"age": "rises", "asthma": "free"}`` changes it for some. A logistic fit keeps no such rule
    pairs : pairs of inputs that may act together (boosted)
    groups : the column whose groups are left out together to see how it does; None: people are
    bags, seed : classifiers that are averaged, each with another part left out; the same seed, the same model
    options : parameters of :class:`casemgmt.risk.AdditiveRiskClassifier`, such as ``{"max_iter": 400}``
    progress : called with (steps done, in all); an error raised in it, or Ctrl-C, ends the fit

    Returns
    -------
    Model
        ``model.fitting`` says what it learned from, which cells of fewer than 8 people share an amount, and how it
        does on people left out. One of a register that is marked synthetic is for demonstration only

    Raises
    ------
    InputError, ModelError : a column cannot be used; or fewer than 50 people had the outcome, or had it not

    Examples
    --------
    >>> cm.fit_model(register, "outcome_emergency_admission_12m", inputs=["age", "copd"], kind="logistic")
    <Model fitted-model 1.0: 2 inputs, logistic, demonstration only>
    """
    said = words or {}, options or {}
    asked = Asked(outcome, inputs, kind, name, horizon_days, needed, monotone, pairs, groups, bags, seed, *said)
    return fitted_model(register, asked, progress)
