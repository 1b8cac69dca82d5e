"""What happens when a model is fitted: people, classifier, tables, and how it does on those left out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from casemgmt import arguments
from casemgmt.errors import InputError, InputWarning, did_you_mean, listed, not_one_of
from casemgmt.register.outcomes import outcome_given
from casemgmt.register.register import Register
from casemgmt.risk.fitting.building import WORDS, built_model, decimal_amounts, register_wording
from casemgmt.risk.fitting.cells import in_words
from casemgmt.risk.fitting.medicine import Direction, monotone_signs
from casemgmt.risk.fitting.people import People, people_of
from casemgmt.risk.fitting.probing import Probed, probed
from casemgmt.risk.fitting.record import Fitting, settled, versions
from casemgmt.risk.traps import traps_in

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier
    from casemgmt.risk.model import Model

    Codes = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float64]

FitKind = Literal["boosted", "logistic", "points"]
KINDS: tuple[FitKind, ...] = ("boosted", "logistic", "points")
_OWN = frozenset({"kind", "bags", "monotonic_cst", "pairs", "categorical_features", "random_state"})


class Asked(NamedTuple):
    """What was asked for; see :func:`casemgmt.fit_model`."""

    outcome: object
    inputs: Sequence[str] | None
    kind: FitKind
    name: str
    horizon_days: int
    needed: Sequence[str]
    monotone: bool | Mapping[str, Direction]
    pairs: Sequence[tuple[str, str]]
    groups: str | None
    bags: int
    seed: int
    words: Mapping[str, str]
    options: Mapping[str, Any]


def fitted_model(register: Register, asked: Asked, progress: Callable[[int, int], None] | None) -> Model:
    """The model that was asked for."""
    if asked.kind not in KINDS:
        raise not_one_of("kind", KINDS)
    if not 1 <= asked.horizon_days <= 36_525:
        raise InputError("horizon_days is a whole number of days, at least 1.")
    _check_words(asked.words, asked.options)
    register.check_limits()
    people = people_of(register, asked.outcome, asked.inputs, needed=asked.needed, groups=asked.groups)
    names = [each.name for each in people.inputs]
    traps = _traps(register, asked.outcome, names)
    categories = [each.name for each in people.inputs if each.kind == "category"]
    signs = monotone_signs(names, categories, asked.monotone)
    if asked.kind == "logistic":
        signs = _without_signs(signs, asked.monotone)
    estimator, seen = _estimator(people, asked, signs), seen_by(people)
    pairs = [(names.index(one), names.index(other)) for one, other in asked.pairs]
    try:
        estimator.fit(seen, people.had, groups=people.groups, progress=progress)
    except InputError:  # raised by the caller's own function
        raise
    except ValueError as problem:
        raise InputError(f"The classifier does not take these options or people: {problem}") from None
    tables = probed_classifier(people, estimator, pairs, asked.seed)
    said = asked.outcome if isinstance(asked.outcome, str) else "the outcome given"
    wording = register_wording(register, len(people.rows), asked.name, said, asked.horizon_days, asked.words)
    fitting = _record(people, asked, signs, tables, _held_out(people, estimator, pairs, asked.seed), traps)
    if asked.kind == "points":
        from casemgmt.risk.fitting.points import points_model

        return points_model(people, tables, wording, asked.needed, fitting, asked.seed)
    truth = estimator.decision_function(seen)
    return built_model(people.inputs, tables, wording, asked.needed, fitting, codes=people.codes, truth=truth)


def _without_signs(signs: Mapping[str, int], monotone: bool | Mapping[str, Direction]) -> dict[str, int]:
    """What a logistic fit keeps of directions: none, which is refused where one was asked for by name."""
    said = [name for name in signs if not isinstance(monotone, bool) and name in monotone]
    if said:
        raise InputError(
            f"monotone= asks that amounts only rise or fall with {listed(said)}, which a logistic fit does not keep. "
            "Leave monotone out, or fit kind='boosted' or 'points'."
        )
    return {}


def _traps(register: Register, outcome: object, inputs: Sequence[str]) -> tuple[str, ...]:
    """What is wrong with the data that would be learned from, said aloud."""
    found = traps_in(register, outcome_given(register, outcome), inputs)
    for trap in found:
        warnings.warn(f"{trap.kind} ({listed(trap.columns)}): {trap}", InputWarning, stacklevel=4)
    return tuple(str(trap) for trap in found)


def _record(
    people: People,
    asked: Asked,
    signs: Mapping[str, int],
    tables: Probed,
    held_out: dict[str, float | None],
    traps: tuple[str, ...],
) -> Fitting:
    return Fitting(
        kind=asked.kind,
        people=len(people.rows),
        outcomes=int(people.had.sum()),
        set_aside=people.set_aside,
        inputs={each.name: in_words(each) for each in people.inputs},
        left_out=people.left_out,
        traps=traps,
        merged=tuple(sentence for each in people.inputs for sentence in each.merged),
        monotone=signs,
        groups="" if people.groups is None or asked.groups is None else asked.groups,
        discrepancy=0.0,
        joint_discrepancy=settled(tables.discrepancy),
        seed=asked.seed,
        versions=versions(),
        **held_out,
    )


def _check_words(words: Mapping[str, str], options: Mapping[str, object]) -> None:
    for key, text in words.items():
        arguments.text(text, f"words['{key}']")
        if key not in WORDS:
            raise InputError(f"words= names '{key}'.{did_you_mean(key, WORDS)} Known: {listed(WORDS)}.")
    from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier

    known = sorted({*AdditiveRiskClassifier().get_params()} - _OWN)
    for key in options:
        if key not in known:
            raise InputError(f"options= names '{key}'.{did_you_mean(key, known)} Known: {listed(known, 20)}.")


def _estimator(people: People, asked: Asked, signs: Mapping[str, int]) -> AdditiveRiskClassifier:
    from casemgmt.risk.fitting.classifier import AdditiveRiskClassifier

    names = [each.name for each in people.inputs]
    for pair in asked.pairs:
        for each in pair:
            if each not in names:
                raise InputError(f"pairs= names '{each}', which is no input.{did_you_mean(str(each), names)}")
    is_logistic = asked.kind == "logistic"
    return AdditiveRiskClassifier(
        "logistic" if is_logistic else "boosted",
        bags=asked.bags,
        monotonic_cst=None if is_logistic else [signs.get(name, 0) for name in names],
        pairs=[(names.index(one), names.index(other)) for one, other in asked.pairs],
        categorical_features=[number for number, each in enumerate(people.inputs) if each.kind == "category"],
        random_state=asked.seed,
        **asked.options,
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
