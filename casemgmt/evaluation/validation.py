"""Judging a way to fit, by people whom none of its models has seen: in other practices, or in a later year.

References
----------
Debray TPA et al. A new framework to enhance the interpretation of external validation studies of clinical prediction
models. J Clin Epidemiol 2015;68:279-289.
Steyerberg EW, Harrell FE. Prediction models need appropriate internal, internal-external, and external validation.
J Clin Epidemiol 2016;69:245-247 (leaving whole practices out).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.arrow import in_one_piece, numpy_of, validity_of
from casemgmt.errors import InputError, no_such_column, unknown_name
from casemgmt.evaluation.evaluate import check_options, evaluate, evaluation_of, name_of
from casemgmt.evaluation.judged import judge
from casemgmt.evaluation.parts import part_of, scored
from casemgmt.evaluation.result import Evaluation
from casemgmt.register.register import Register, a_register

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.annotations import Values
    from casemgmt.risk.model import Model
    from casemgmt.scheme.routes import Scheme

    Counts = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Fit = Callable[[Register], Model | Values | Callable[[Register], Values]]
    Progress = Callable[[int, int], None]

# Arguments of evaluate that validate takes or gives itself, and those that have a range.
_SAID = ("model_or_risks", "outcome", "register", "scheme", "seed", "are_risks", "allow_demonstration")
_RANGED = ("threshold", "replicates", "over_cap", "threads")


@arguments.checked(
    register=a_register,
    fit=arguments.to_be_called,
    scheme=arguments.instance_or_none("casemgmt.scheme.routes:Scheme", "a scheme from cm.load_scheme"),
    later=arguments.instance_or_none(Register, "a register from cm.read_register"),
    by=arguments.text,
    folds=arguments.whole,
    seed=arguments.whole,
    progress=arguments.to_be_called_or_none,
)
def validate(
    register: Register,
    outcome: Values,
    fit: Fit,
    scheme: Scheme | None = None,
    *,
    later: Register | None = None,
    by: str = "practice_id",
    folds: int = 5,
    seed: int = 1,
    progress: Progress | None = None,
    **options: Any,
) -> Evaluation:
    """Judge a way to fit by people of groups that the model which scores them never saw.

    The groups, whole practices by default, are dealt out into folds of about the same size. For each fold ``fit`` is
    given a register of the other groups alone, and what it returns scores the fold. Everyone's score together is judged
    as :func:`casemgmt.evaluate` judges any.

    Parameters
    ----------
    register : from :func:`casemgmt.read_register`
    outcome : the column that says what happened; ``fit`` finds it in the register that it is given
    fit : a function that is given a register and returns a model, such as
        ``lambda training: cm.fit_model(training, "readmitted")``; or a function from a register to risks
    scheme : whose cut the scores are judged at
    later : a register of a later list date: fitted on ``register``, judged by those groups of the later one that were
        not seen in the earlier; whoever has moved from a group that was seen is set aside
    by : the column whose groups stay whole, such as that of the person where one has several rows. A row without a
        value is a group of its own; of a later register it has no score
    folds : whole number from 2; as many as there are groups leaves out one at a time
    seed : whole number from 0, of the dealing and of the bootstrap
    progress : called with (folds fitted, folds in all)
    options : of :func:`casemgmt.evaluate`, such as ``replicates``

    Raises
    ------
    InputError
        Fewer groups than folds; a later register that is not later; a fit that returns neither model nor function;
        what :func:`casemgmt.evaluate` refuses.

    Examples
    --------
    >>> risks = cm.load_model("demonstration-admission")
    >>> fit = lambda people: risks.recalibrate(people, "outcome_emergency_admission_12m")
    >>> cm.validate(register, "outcome_emergency_admission_12m", fit, by="patient_id", replicates=100)
    <Evaluation by 5,754 people in 1 practice, of whom 405 had the outcome. AUROC 0.81...>
    """
    import numpy as np

    judged_by = register if later is None else later
    for each in (register, judged_by):
        each.require_whole("Validating")
        if by not in each.column_names:
            raise no_such_column("by", by, each.column_names)
    if later is not None and later.as_of <= register.as_of:
        raise _not_later(later, register)
    _check_before_fitting(judged_by, outcome, scheme, seed, options)
    groups = _groups([register] if later is None else [register, later], by)
    fold_of = _dealt(np.concatenate(groups), folds, seed, by)
    scores, are_risks = _scored_by_others(register, later, by, fit, fold_of, folds, progress)
    over_cap = options.pop("over_cap", "error")
    by_source = judged_by.to_source_rows(scores)
    judged = judge(by_source, outcome, judged_by, scheme, are_risks=are_risks, over_cap=over_cap)
    return evaluation_of(
        judged, seed=seed, outcome_name=name_of(outcome), validated=_in_words(register, later, by, folds), **options
    )


def _scored_by_others(
    register: Register,
    later: Register | None,
    by: str,
    fit: Fit,
    fold_of: Counts,
    folds: int,
    progress: Progress | None,
) -> tuple[Floats, bool]:
    """Each packed row's score by the model that did not see its group, or NaN; and whether all are risks."""
    import numpy as np

    judged_by = register if later is None else later
    training_fold, judged_fold = fold_of[: len(register)], fold_of[len(fold_of) - len(judged_by) :]
    scores, are_risks = np.full(len(judged_by), np.nan), True
    for fold in range(folds):
        training = part_of(register, np.flatnonzero(training_fold != fold))
        found, stated = scored(fit(training), judged_by)
        held_out = judged_fold == fold
        if later is not None:
            held_out &= ~_in_both(training, later, "patient_id") & _has_value(later, by)
        scores[held_out], are_risks = found[held_out], are_risks and stated
        if progress is not None:
            progress(fold + 1, folds)
    return scores, are_risks


def _not_later(later: Register, register: Register) -> InputError:
    """A model that is fitted on a later year and judged by an earlier one has seen the future."""
    return InputError(
        f"later: its list date, {later.as_of}, is not after that of the register, {register.as_of}. What is fitted "
        "on a later year and judged by an earlier one has seen the future."
    )


def _in_words(register: Register, later: Register | None, by: str, folds: int) -> str:
    year = "" if later is None else f" on the register of {register.as_of.isoformat()}"
    return f"Each person was scored by one of {folds} models, fitted{year} without anybody of the same {by}."


def _check_before_fitting(
    register: Register, outcome: Any, scheme: Scheme | None, seed: int, options: dict[str, Any]
) -> None:
    """Refuse now what :func:`evaluate` would refuse when everything is fitted."""
    import numpy as np

    known = [name for name in inspect.signature(evaluate).parameters if name not in _SAID and name != "progress"]
    for name in options:
        if name not in known:
            raise unknown_name("option", name, known)
    check_options(seed=seed, **{name: options[name] for name in _RANGED if name in options})
    over_cap = options.get("over_cap", "error")
    judge(np.zeros(register.rows_in), outcome, register, scheme, are_risks=False, over_cap=over_cap)


def _groups(registers: list[Register], by: str) -> list[Counts]:
    """The number of each packed row's group, in order of the groups' values; a row without one is alone."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.register.cleaning import distinct_values

    columns = [_as_text(each.column(by)) for each in registers]
    indices, distinct = distinct_values(pa.chunked_array(columns))
    place = np.empty(len(distinct) + 1, dtype=np.int64)
    place[sorted(range(len(distinct)), key=lambda i: str(distinct[i]).encode())] = np.arange(len(distinct))
    groups, missing = place[indices], indices < 0
    groups[missing] = len(distinct) + np.arange(int(missing.sum()))
    return list(np.split(groups, [len(registers[0])])) if len(registers) > 1 else [groups]


def _as_text(column: pa.Array) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        # Ids that pandas made floats of are whole: 12345678901.0 is whom another register calls 12345678901.
        with suppress(pa.ArrowInvalid):
            column = column.cast(pa.int64())
    try:
        return column.cast(pa.large_string())
    except pa.ArrowException:
        raise InputError("by: the column holds lists or records, which are no groups.") from None


def _dealt(groups: Counts, folds: int, seed: int, by: str) -> Counts:
    """The fold of each row: groups in random order, the largest first, each to the fold with the fewest rows so far."""
    import numpy as np

    sizes = np.bincount(groups)
    if not 2 <= folds <= len(sizes):
        raise InputError(
            f"folds is a whole number from 2 to the number of groups of '{by}', of which there are {len(sizes):,}."
        )
    if not 0 <= seed < 2**63:
        raise InputError("seed is a whole number from 0 to 2**63 - 1.")
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    so_far, fold_of = [0] * folds, np.empty(len(sizes), dtype=np.int64)
    for group in order.tolist():
        least = min(range(folds), key=so_far.__getitem__)
        fold_of[group] = least
        so_far[least] += int(sizes[group])
    dealt: Counts = fold_of[groups]
    return dealt


def _in_both(training: Register, later: Register, name: str) -> Flags:
    """Which packed rows of the later register have a value that the training one has too."""
    import numpy as np
    import pyarrow.compute as pc

    before, after = (in_one_piece(_as_text(each.column(name))) for each in (training, later))
    there = pc.is_in(after, value_set=before.drop_null())
    return np.asarray(numpy_of(there) & numpy_of(after.is_valid()))


def _has_value(register: Register, name: str) -> Flags:
    import numpy as np

    present = validity_of(register.column(name))
    return np.ones(len(register), dtype=bool) if present is None else present
