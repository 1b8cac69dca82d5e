"""Drift: whether a model, and the rule that it feeds, still meet the people that they were made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.errors import InputError, no_such_column, plural
from casemgmt.evaluation.both_sides import selection_workings
from casemgmt.evaluation.drift_calibration import Calibration, calibration_of, calibration_table
from casemgmt.evaluation.drift_inputs import cells_table, compared_inputs, inputs_table
from casemgmt.evaluation.drift_selection import score_drift, selection_table
from casemgmt.evaluation.drift_words import (
    calibration_warnings,
    copy_warnings,
    input_warnings,
    practice_warnings,
    score_warnings,
    selection_warnings,
)
from casemgmt.evaluation.labels import in_front, labels_of
from casemgmt.register.outcomes import outcome_given
from casemgmt.register.ranked import is_ranked
from casemgmt.register.register import Register, a_register
from casemgmt.risk.demonstration import check_demonstration

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.annotations import MaybeNone, Values
    from casemgmt.risk.model import Model
    from casemgmt.scheme.routes import Scheme

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Drift:
    """What changed between two registers; made by :func:`casemgmt.drift`. Whole counts, for the practices' own use.

    Attributes
    ----------
    inputs : one row an input: input, psi (population stability index), missing_old, missing_new (shares), and of
        numbers the 1st, 50th and 99th hundredth
    cells : one row an input and cell: input, cell, people_old, people_new, share_old, share_new
    calibration : one row a register whose outcome is known: register, people, events, rate, expected,
        observed_expected, intercept (what to add to the log-odds); the last three null without risks. None without an
        outcome
    selection : one row a group: who would be listed and selected, old and new; None without a scheme
    scores : percentile, score_old, score_new; None without anything that scores
    warnings : what changed by more than chance and a stated threshold, a sentence each; none where nothing did
    labels : ``synthetic people`` and ``demonstration only``, where they are true
    """

    inputs: pa.Table
    cells: pa.Table
    calibration: pa.Table | MaybeNone
    selection: pa.Table | MaybeNone
    scores: pa.Table | MaybeNone
    warnings: tuple[str, ...]
    labels: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """How many inputs were compared, and every warning."""
        said = " ".join(self.warnings) or "Nothing changed by more than chance and the stated thresholds."
        return f"<Drift: {in_front(self.labels)}{plural(self.inputs.num_rows, 'input')} compared. {said}>"


@arguments.checked(
    old=a_register,
    new=a_register,
    model=arguments.instance_or_none("casemgmt.risk.model:Model", "a model from cm.load_model"),
    scheme=arguments.instance_or_none("casemgmt.scheme.routes:Scheme", "a scheme from cm.load_scheme"),
    allow_demonstration=arguments.yes_or_no,
)
def drift(
    old: Register,
    new: Register,
    model: Model | None = None,
    outcome: Values | None = None,
    scheme: Scheme | None = None,
    *,
    allow_demonstration: bool = False,
) -> Drift:
    """What changed between two registers in the inputs, in calibration, and in who would be selected.

    Parameters
    ----------
    old, new : from :func:`casemgmt.read_register`, such as the one that a model was fitted on and this month's
    model : whose inputs, scores and risks are compared; None: the usual fields, and no scores
    outcome : the name of a carried column, which the new register may lack while its year is not over; or two outcomes,
        (old, new), in any form that ``outcome`` of :func:`casemgmt.evaluate` takes, None where it is not known. None:
        calibration is not looked at
    scheme : who would be selected by it is compared, ranked by ``model``
    allow_demonstration : score by a demonstration model though a register is not marked synthetic

    Returns
    -------
    Drift

    Raises
    ------
    InputError
        Columns that are not there, or a scheme without a model to rank by.

    Examples
    --------
    >>> cm.drift(cm.synthesise("C87616", as_of="2021-01-01", seed=1), register, model)
    <Drift: (synthetic people) 20 inputs compared. Nothing changed by more than chance and the stated thresholds.>
    """
    for register in (old, new):
        register.require_whole("Comparing registers")
        if model is not None:
            check_demonstration(model, register, allow_demonstration)
            register.require(model.columns, f"the model '{model.name}'")
    inputs, in_one_alone = compared_inputs(old, new, model)
    warnings = [*practice_warnings(old, new), *input_warnings(inputs, in_one_alone, old), *copy_warnings(old, new)]
    before, after = (None, None) if model is None else (_scored(old, model), _scored(new, model))
    calibrations = _calibrations(old, new, outcome, model, before, after)
    if calibrations is not None:
        warnings += calibration_warnings(*calibrations)
    scores = None if before is None or after is None else score_drift(before, after)
    if scores is not None:
        warnings += score_warnings(scores, len(old), len(new))
    selection = None
    if scheme is not None:
        selection = _selections(old, new, scheme, model, allow_demonstration)
        warnings += selection_warnings(selection)
    return Drift(
        inputs=inputs_table(inputs),
        cells=cells_table(inputs),
        calibration=None if calibrations is None else calibration_table(*calibrations),
        selection=selection,
        scores=None if scores is None else scores.table,
        warnings=tuple(warnings),
        labels=tuple(dict.fromkeys((*labels_of(old, model), *labels_of(new, model)))),
    )


def _scored(register: Register, model: Model) -> Floats:
    """Each packed row's score; NaN for whoever is not ranked."""
    import numpy as np

    from casemgmt.risk.scoring import points_of, sums_of

    return np.where(is_ranked(register.packed), points_of(model, sums_of(model, register)), np.nan)


def _calibrations(
    old: Register, new: Register, outcome: Any, model: Model | None, before: Floats | None, after: Floats | None
) -> tuple[Calibration | None, Calibration | None] | None:
    if outcome is None:
        return None
    from casemgmt.risk.link import risk

    given = outcome if isinstance(outcome, tuple) else (outcome, outcome)
    if len(given) != 2:
        raise InputError("outcome: give the name of a column that both have, or two outcomes, (old, new).")
    if isinstance(outcome, str):
        if outcome not in (*old.column_names, *new.column_names):
            raise no_such_column("outcome", outcome, old.column_names)
        given = tuple(outcome if outcome in register.column_names else None for register in (old, new))
    elif not isinstance(outcome, tuple):
        raise InputError("outcome: give the name of a column that both have, or two outcomes, (old, new).")
    found: list[Calibration | None] = []
    for register, each, score in ((old, given[0], before), (new, given[1], after)):
        if each is None:
            found.append(None)
            continue
        happened = outcome_given(register, each)
        happened[~is_ranked(register.packed)] = float("nan")
        stated = None if model is None or score is None or model.link == "points" else risk(model, score)
        found.append(calibration_of(happened, stated))
    return found[0], found[1]


def _selections(
    old: Register, new: Register, scheme: Scheme, model: Model | None, allow_demonstration: bool
) -> pa.Table:
    if scheme.ranks and model is None:
        raise InputError(f"The scheme '{scheme.id}' ranks patients: give model= beside it.")
    made = [
        selection_workings(register, scheme, model, allow_demonstration=allow_demonstration) for register in (old, new)
    ]
    return selection_table(*made)
