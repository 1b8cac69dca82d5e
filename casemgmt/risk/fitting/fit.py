"""A model fitted to a register, in one call: an additive classifier, written out as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from casemgmt import arguments
from casemgmt.errors import InputError, did_you_mean, listed, not_one_of
from casemgmt.register.register import Register, a_register
from casemgmt.risk.fitting import given
from casemgmt.risk.fitting.building import built_model, decimal_amounts, register_wording
from casemgmt.risk.fitting.cells import in_words
from casemgmt.risk.fitting.medicine import Direction, monotone_signs
from casemgmt.risk.fitting.people import People, people_of
from casemgmt.risk.fitting.probing import Probed, probed
from casemgmt.risk.fitting.record import Fitting, versions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier
    from casemgmt.risk.model import Model

    Codes = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float64]

FitKind = Literal["boosted", "logistic", "points"]
KINDS: tuple[FitKind, ...] = ("boosted", "logistic", "points")
WORDS = ("title", "source", "outcome", "population", "intended_use", "not_for", "licence", "version")
_OWN = frozenset({"kind", "bags", "monotonic_cst", "pairs", "categorical_features", "random_state"})


@arguments.checked(
    register=a_register,
    outcome=given.outcome,
    inputs=given.texts_or_none,
    kind=arguments.text,
    name=arguments.text,
    horizon_days=arguments.whole,
    needed=arguments.texts,
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
    outcome: str | Sequence[object] | pa.Array,
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
    register : a register from ``read_register``; who objected, or is not on the list on its date, is set aside
    outcome : a carried column of true and false, or 0 and 1; or such values, one a source row in source order. People
        whose outcome is null are set aside
    inputs : columns to learn from: fields, and carried columns by name. None: all fields but identifiers, dates, and
        what was selected or reviewed. Nothing recorded after the list date may be among them
    kind : ``boosted``, trees that look at one input each; ``logistic``, penalised logistic regression on straight
        lines; ``points``, at most 10 rows of whole points from -5 to 10, which a person can add up
    name : of the model
    horizon_days : how far ahead of the list date the outcome was counted
    needed : inputs without which there is no score; otherwise a missing value adds what people without one taught, or,
        where fewer than 8 lacked it, what people add on average
    monotone : True: amounts only rise with more of what is in :data:`casemgmt.risk.fitting.medicine.RISES_WITH`;
        False: no such rule; a mapping, such as ``{"age": "rises", "asthma": "free"}``, changes the rule for some
    pairs : pairs of inputs that may act together (boosted)
    groups : the column whose groups are left out together while the model is tried out, such as the practice; None, or
        fewer than five practices: each person is a group. Name the column of the person where rows are events
    bags : classifiers that are averaged; each leaves out one part of the groups, which shows how well it does and when
        it has learned enough
    seed : the same seed and people give the same model, whatever their order
    words : what the model file says of itself: ``title``, ``source``, ``outcome``, ``population``, ``intended_use``,
        ``not_for``, ``licence``, ``version``; what is not given is said honestly
    options : further parameters of :class:`casemgmt.risk.AdditiveRiskClassifier`, such as ``{"max_iter": 400}``
    progress : called with (steps done, in all); an error raised in it, or Ctrl-C, ends the fit, and nothing is left

    Returns
    -------
    Model
        ``model.fitting`` says what it was fitted to and how it does on people left out. A model fitted to a register
        that is marked synthetic is for demonstration only

    Raises
    ------
    InputError : a column that is not there or cannot be used, or fewer than 50 people with or without the outcome
    ModelError : an input of which too few people share any value

    Notes
    -----
    No cell of a table is learned from fewer than 8 people: it shares an amount with its neighbour, and
    ``model.fitting.merged`` says so.

    Examples
    --------
    >>> import casemgmt as cm
    >>> register = cm.synthesise("C87616", seed=1)
    >>> model = cm.fit_model(register, "outcome_emergency_admission_12m", inputs=["age", "emergency_admissions_12m"])
    >>> model
    <Model fitted-model 1.0: 2 inputs, logistic, demonstration only>
    """
    if kind not in KINDS:
        raise not_one_of("kind", KINDS)
    _check_words(words, options)
    register.check_limits()
    people = people_of(register, outcome, inputs, needed=needed, groups=groups)
    names = [each.name for each in people.inputs]
    categories = [each.name for each in people.inputs if each.kind == "category"]
    signs = {} if kind == "logistic" else monotone_signs(names, categories, monotone)
    settings: dict[str, Any] = dict(options or {})
    estimator = _estimator(people, "logistic" if kind == "logistic" else "boosted", signs, pairs, bags, seed, settings)
    seen = seen_by(people)
    numbered = [(names.index(one), names.index(other)) for one, other in pairs]
    estimator.fit(seen, people.had, groups=people.groups, progress=progress)
    tables = probed_classifier(people, estimator, numbered, seed)
    said = outcome if isinstance(outcome, str) else "the outcome given"
    wording = register_wording(register, len(people.rows), name, said, horizon_days, words or {})
    fitting = Fitting(
        kind=kind,
        people=len(people.rows),
        outcomes=int(people.had.sum()),
        set_aside=people.set_aside,
        inputs={each.name: in_words(each) for each in people.inputs},
        left_out=people.left_out,
        merged=tuple(sentence for each in people.inputs for sentence in each.merged),
        monotone=signs,
        groups="" if people.groups is None or groups is None else groups,
        discrepancy=0.0,
        joint_discrepancy=tables.discrepancy,
        seed=seed,
        versions=versions(),
        **_held_out(people, estimator, numbered, seed),
    )
    if kind == "points":
        from casemgmt.risk.fitting.points import points_model

        return points_model(people, tables, wording, needed, fitting, seed)
    return built_model(
        people.inputs, tables, wording, needed, fitting, codes=people.codes, truth=estimator.decision_function(seen)
    )


def _check_words(words: Mapping[str, str] | None, options: Mapping[str, object] | None) -> None:
    for key in words or {}:
        if key not in WORDS:
            raise InputError(f"words= names '{key}'.{did_you_mean(key, WORDS)} Known: {listed(WORDS)}.")
    from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier

    known = sorted({*AdditiveRiskClassifier().get_params()} - _OWN)
    for key in options or {}:
        if key not in known:
            raise InputError(f"options= names '{key}'.{did_you_mean(key, known)} Known: {listed(known, 20)}.")


def _estimator(
    people: People,
    kind: Literal["boosted", "logistic"],
    signs: Mapping[str, int],
    pairs: Sequence[tuple[str, str]],
    bags: int,
    seed: int,
    settings: dict[str, Any],
) -> AdditiveRiskClassifier:
    from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier

    names = [each.name for each in people.inputs]
    for pair in pairs:
        for each in pair:
            if each not in names:
                raise InputError(f"pairs= names '{each}', which is no input.{did_you_mean(str(each), names)}")
    return AdditiveRiskClassifier(
        kind,
        bags=bags,
        monotonic_cst=None if kind == "logistic" else [signs.get(name, 0) for name in names],
        pairs=[(names.index(one), names.index(other)) for one, other in pairs],
        categorical_features=[number for number, each in enumerate(people.inputs) if each.kind == "category"],
        random_state=seed,
        **settings,
    )


def seen_by(people: People, codes: Codes | None = None) -> Floats:
    """What the classifier is shown of rows of cells: a number an input, NaN where it is missing."""
    import numpy as np

    rows = people.codes if codes is None else codes
    columns = [np.array([*each.seen, np.nan])[rows[:, number]] for number, each in enumerate(people.inputs)]
    return np.column_stack(columns)


def probed_classifier(people: People, estimator: Any, pairs: Sequence[tuple[int, int]], seed: int) -> Probed:
    """The tables of a classifier that was fitted to these people, or of one of its members."""
    inputs = people.inputs
    return probed(
        lambda codes: estimator.decision_function(seen_by(people, codes)),
        [len(each.people) + each.learns_missing for each in inputs],
        [each.base for each in inputs],
        [each.name for each in inputs],
        seed=seed,
        pairs=pairs,
    )


def _held_out(
    people: People, estimator: AdditiveRiskClassifier, pairs: Sequence[tuple[int, int]], seed: int
) -> dict[str, float | None]:
    """The AUROC of people left out, each scored by one that has not learned from them: estimator and tables."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    has = ~np.isnan(estimator.out_of_fold_)
    if not has.any() or len(np.unique(people.had[has])) < 2:
        return {"auroc_held_out": None, "auroc_tables": None}
    by_tables = np.full(len(has), np.nan)
    for member, rows in estimator.left_out_:
        tables = decimal_amounts(probed_classifier(people, member, pairs, seed))
        by_tables[rows] = tables.sums(people.codes[rows])
    return {
        "auroc_held_out": float(roc_auc_score(people.had[has], estimator.out_of_fold_[has])),
        "auroc_tables": float(roc_auc_score(people.had[has], by_tables[has])),
    }
