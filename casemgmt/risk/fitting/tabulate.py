"""Any additive estimator as a model: its public ``decision_function`` is asked, and nothing in it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.errors import InputError, ModelError, did_you_mean, listed, plural
from casemgmt.risk.fitting import given
from casemgmt.risk.fitting.asking import Asked, asked_columns
from casemgmt.risk.fitting.building import WORDS, Wording, built_model
from casemgmt.risk.fitting.cells import in_words
from casemgmt.risk.fitting.probing import Probed, bound, probed
from casemgmt.risk.fitting.record import Fitting, settled, versions
from casemgmt.risk.fitting.remembered import remember

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from casemgmt.annotations import Estimator
    from casemgmt.risk.model import Model

MOST_CELLS_IN_ALL = 2_000  # as many as test vectors are checked for in a few seconds


@arguments.checked(
    name=arguments.text,
    outcome=arguments.text,
    horizon_days=arguments.whole,
    cells=arguments.whole,
    seed=given.seed,
    words=arguments.text_mapping,
    demonstration=arguments.yes_or_no,
)
def tabulate(
    estimator: Estimator,
    frame: pd.DataFrame | pa.Table,
    *,
    name: str = "tabulated-model",
    outcome: str = "the estimator's second class",
    horizon_days: int = 365,
    cells: int = 256,
    seed: int = 0,
    words: Mapping[str, str] | None = None,
    demonstration: bool = False,
) -> Model:
    """The model that a fitted additive estimator is: tables that give its log-odds, to the nearest millionth.

    Parameters
    ----------
    estimator : fitted, of two classes, with ``decision_function``: ours, interpret's
        ``ExplainableBoostingClassifier``, a logistic or spline pipeline. It may have a few pairs of inputs
    frame : the rows that it was developed on, in columns as it takes them; they say which values there are
    name : of the model
    outcome : in words
    horizon_days : how far ahead the outcome was counted
    cells : the most cells of an input whose log-odds change at nearly every value; each holds about as many rows, and
        ``model.fitting`` says how far its amount is from the estimator's. Where they change in steps, these are kept
    seed : of the joint probes
    words : what the model file says of itself; see :func:`casemgmt.fit_model`
    demonstration : the model is for made-up people alone, such as those that the estimator was fitted to

    Returns
    -------
    Model
        A missing value and a category that no row has add what the estimator says of them; where it refuses them,
        there is no score. Whole numbers beyond those in the rows, and numbers beyond the last step, count as the
        outermost ones. ``cm.load_model(estimator)`` gives the model again

    Raises
    ------
    InputError : no such frame or estimator
    ModelError : the estimator is not additive, with the largest discrepancy found, or its tables would be too large

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> people = register.to_pandas()
    >>> inputs = people[["copd", "diabetes"]].astype(int)
    >>> fitted = LogisticRegression().fit(inputs, people["outcome_emergency_admission_12m"])
    >>> cm.tabulate(fitted, inputs, demonstration=True)
    <Model tabulated-model 1.0: 2 inputs, logistic, demonstration only>
    """
    for key in words or {}:
        if key not in WORDS:
            raise InputError(f"words= names '{key}'.{did_you_mean(key, WORDS)} Known: {listed(WORDS)}.")
    if not 2 <= cells <= 1_000:
        raise InputError("cells is a whole number from 2 to 1,000.")
    if not 1 <= horizon_days <= 36_525:
        raise InputError("horizon_days is a whole number of days, at least 1.")
    asked = asked_columns(estimator, frame, cells)
    wording = Wording(
        name=name,
        outcome=outcome,
        horizon_days=horizon_days,
        words=words or {},
        source=f"Tabulated from a fitted {type(estimator).__name__}",
        population=f"As the estimator's; held against {plural(int(asked.known.sum()), 'row')} that it was developed on",
        demonstration=demonstration,
    )
    model = _tabulated(asked, wording, seed)
    remember(estimator, model, asked.sample(seed))
    return model


def _tabulated(asked: Asked, wording: Wording, seed: int) -> Model:
    inputs = [column.cells for column in asked.columns]
    counts = [len(column.values) for column in asked.columns]
    if sum(counts) > MOST_CELLS_IN_ALL:
        largest = max(zip(counts, (each.name for each in inputs), strict=True))
        raise ModelError(
            f"the tables would have {sum(counts):,} cells, of which '{largest[1]}' has {largest[0]:,}; "
            f"{MOST_CELLS_IN_ALL:,} is the most. Give a smaller cells=, or group that input before it is fitted."
        )
    tables = probed(
        asked.decide, counts, [each.base for each in inputs], [each.name for each in inputs], seed=seed, pairs=None
    )
    truth = asked.truth()
    fitting = Fitting(
        kind=type(asked.estimator).__name__,
        people=len(truth),
        outcomes=None,
        inputs={each.name: in_words(each) for each in inputs},
        merged=tuple(sentence for each in inputs for sentence in each.merged),
        discrepancy=0.0,
        joint_discrepancy=settled(tables.discrepancy),
        seed=seed,
        versions=versions(),
    )
    return built_model(
        inputs,
        tables,
        wording,
        asked.needed,
        fitting,
        codes=asked.codes(),
        truth=truth,
        within=bound(len(inputs)) + _off(asked, tables),
    )


def _off(asked: Asked, tables: Probed) -> float:
    """By how much the cells of numbers that never rest are off together; of one in a pair, that is not known."""
    paired = {asked.columns[number].cells.name for pair in tables.pairs for number in pair}
    return float("inf") if paired & set(asked.smooth) else sum(asked.smooth.values())
