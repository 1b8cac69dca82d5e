"""Whether an estimator and a column can be asked about: log-odds of two classes, and values that a model reads."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from casemgmt.errors import InputError, ModelError, plural
from casemgmt.register.fields import FIELDS
from casemgmt.risk.fitting.cells import CellKind

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

_LARGEST_TABLE = 1_000
# Rows on which the log-odds are held against the probabilities, and how far these may be apart: single precision.
_HELD_AGAINST, _APART = 1_000, 1e-5


def log_odds(estimator: Any, rows: Any) -> Floats:
    """What ``decision_function`` says, one number a row; of a classifier of two classes alone.

    Raises
    ------
    InputError : it is not fitted, does not take these columns, or has more classes
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # categories that it does not know are shown to it on purpose
        found = np.asarray(estimator.decision_function(_shown(estimator, rows)), dtype=np.float64)
    if found.ndim != 1 or len(found) != len(rows):
        raise InputError("The estimator's decision_function must give one number a row: it must know two classes.")
    return found


def _shown(estimator: Any, rows: pd.DataFrame) -> Any:
    """Rows as it was fitted to them: columns with names or without, as scikit-learn's estimators remember it."""
    by_name = hasattr(estimator, "feature_names_in_") or not hasattr(estimator, "n_features_in_")
    return rows if by_name else rows.to_numpy()


def refuse_no_log_odds(estimator: Any, rows: pd.DataFrame) -> None:
    """Refuse an estimator whose ``decision_function`` gives something else, such as a support vector's distance.

    Raises
    ------
    InputError : it has no ``predict_proba``, or one that says other probabilities
    """
    remedy = "Fit a classifier that gives log-odds, or give its score to cm.select as it is, score=."
    if not callable(getattr(estimator, "predict_proba", None)):
        raise InputError(
            "The estimator has no predict_proba, so that nothing shows that its decision_function gives log-odds: a "
            f"support vector machine's, for one, gives a distance. {remedy}"
        )
    some = rows.iloc[np.unique(np.linspace(0, len(rows) - 1, min(_HELD_AGAINST, len(rows))).astype(np.int64))]
    said = log_odds(estimator, some)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stated = np.asarray(estimator.predict_proba(_shown(estimator, some)), dtype=np.float64)[:, 1]
    apart = float(np.abs(1 / (1 + np.exp(-np.clip(said, -700, 700))) - stated).max())
    if not apart <= _APART:
        raise InputError(
            "The estimator's decision_function does not give the log-odds of its predict_proba: the probabilities "
            f"differ by up to {apart:.2g}. {remedy}"
        )


def sound_values(name: str, values: npt.NDArray[Any]) -> list[Any]:
    """The distinct values of a column that are not missing, rising.

    Raises
    ------
    InputError : they are neither text nor finite numbers
    ModelError : there are none
    """
    texts = sum(isinstance(each, str) for each in values)
    if texts and texts < len(values):
        raise InputError(f"'{name}' holds text and numbers in one column.")
    if not texts:
        other = sum(not _is_number(each) for each in values)
        if other:
            raise InputError(
                f"'{name}' holds {plural(other, 'value')} neither text nor numbers, which no model takes as an input. "
                "Of a date, give the days since; and fit the estimator to that."
            )
        infinite = sum(not math.isfinite(each) for each in values)
        if infinite:
            raise InputError(
                f"'{name}' holds {plural(infinite, 'infinite number')}, which a model reads as missing. Write them as "
                "missing, or as the largest number that can be, and fit the estimator to that."
            )
    distinct = sorted(set(values.tolist()), key=None if texts else float)
    if not distinct:
        raise ModelError(f"'{name}' is empty in the rows given: nothing can be asked about it.")
    return distinct


def _is_number(value: object) -> bool:
    from decimal import Decimal

    return isinstance(value, (Real, Decimal, np.bool_))


def kind_of(name: str, distinct: list[Any]) -> CellKind:
    """What kind of input a column's values make.

    Raises
    ------
    InputError : it bears the name of a register's field that cannot hold them
    """
    if isinstance(distinct[0], str):
        return "category"
    field = FIELDS.get(name)
    if field is None or field.kind not in ("flag", "integer"):
        if all(each in (0, 1) for each in distinct):
            return "flag"
        return "integer" if _are_whole(distinct, 0, _LARGEST_TABLE) else "number"
    if field.kind == "flag":
        _refuse_misnamed(name, distinct, (0, 1), "true or false, 0 or 1")
        return "flag"
    _refuse_misnamed(name, distinct, range(field.least, field.most + 1), f"whole, from {field.least} to {field.most}")
    return "integer"


def _are_whole(values: Iterable[Any], least: int, most: int) -> bool:
    return all(least <= each <= most and each == int(each) for each in values)


def _refuse_misnamed(name: str, distinct: list[Any], known: Iterable[int], allowed: str) -> None:
    fit = set(known)
    other = sum(each not in fit for each in distinct)
    if other:
        raise InputError(
            f"'{name}' is a field of a register, {allowed}; the frame has {plural(other, 'other value')}. Where the "
            " column holds something else, such as a standardised value, fit the estimator to one of another name; "
            "better, leave scaling to a pipeline."
        )
