"""A user's own scores, each beside the right person or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import InputError, no_such_column, plural
from casemgmt.selection.float_scores import as_floats, is_pandas
from casemgmt.selection.keyed_scores import scores_by_id

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from casemgmt.register.register import Register


def given_scores(register: Register, score: object, name: str = "score") -> npt.NDArray[np.float64]:
    """The user's scores, or risks, in packed order.

    Parameters
    ----------
    score : a column's name; one value a source row in source order; a pandas Series or a frame of one column, matched
        on its index; or scores keyed by patient id: a mapping, a Series whose index is named ``patient_id``, or a frame
        with ``patient_id`` and one column more. Null, NaN and infinities mean no score
    name : of the argument, for messages
    """
    if isinstance(score, str):
        return _column_scores(register, score, name)
    import numpy as np

    keyed = scores_by_id(score, name)
    if keyed is not None:
        scores, met = keyed.of(register)
        keyed.refuse_unmatched(met, len(register), register.ids)
        return scores
    by_source, named = scores_by_row(score, register.rows_in, register.index, name)
    repeats = np.array(list(register.merged_into.items()), dtype=np.int64).reshape(-1, 2)
    repeats = repeats if register.source_row is None else register.source_row[repeats]
    refuse_differing(by_source, named, repeats, name)
    return in_packed_order(register, by_source)


def in_packed_order(register: Register, by_source: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """One value a packed row, from one a source row."""
    by_table = by_source if register.source_row is None else by_source[register.source_row]
    return by_table[register.table_row]


def scores_by_row(
    score: object, rows: int, index: pd.Index | None, name: str = "score"
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_] | None]:
    """One score a source row, and which rows the scores name; None where they name all.

    Parameters
    ----------
    rows : of the source
    index : of the pandas frame that the source is; None for any other source, whose rows are numbered from 0
    """
    named = None
    if is_pandas(score):
        score, named = _by_index(_one_column(score, name), rows, index, name)
    values = as_floats(score, f"{name}=")
    if values.shape != (rows,):
        raise InputError(
            f"{name}= holds {plural(values.size, 'value')}; the source has {plural(rows, 'row')}. Give one value a "
            "source row, in source order, quarantined rows included; or scores with their ids, as a frame with "
            "patient_id and one column."
        )
    return values, named


def refuse_differing(
    by_source: npt.NDArray[np.float64],
    named: npt.NDArray[np.bool_] | None,
    repeats: npt.NDArray[np.int64],
    name: str = "score",
) -> None:
    """Refuse scores that differ between repeats of one row.

    Parameters
    ----------
    by_source, named : from :func:`scores_by_row`; a repeat that is not named is scored as the row it repeats
    repeats : int64, shape (n, 2): the source row of each repeat, and of the row that stays

    Raises
    ------
    InputError
    """
    import numpy as np

    repeats = repeats if named is None else repeats[named[repeats[:, 0]]]
    if not np.array_equal(by_source[repeats[:, 0]], by_source[repeats[:, 1]], equal_nan=True):
        raise InputError(f"{name}= gives different values to repeats of one row. Remove the repeats from the source.")


def _column_scores(register: Register, name: str, argument: str) -> npt.NDArray[np.float64]:
    if name not in register.column_names:
        raise no_such_column(argument, name, register.column_names)
    return as_floats(register.column(name), f"Column '{name}'")


def _one_column(score: pd.Series | pd.DataFrame, name: str) -> pd.Series:
    if not hasattr(score, "columns"):
        return score
    if len(score.columns) != 1:
        raise InputError(
            f"{name}= is a frame of {plural(len(score.columns), 'column')}. Give the one column, or "
            "patient_id and that column."
        )
    return score.iloc[:, 0]


def _by_index(
    score: pd.Series, rows: int, index: pd.Index | None, name: str = "score"
) -> tuple[pd.Series, npt.NDArray[np.bool_] | None]:
    """A Series in source order, a missing value where it names no row."""
    import pandas as pd

    if index is None or (score.index.name == "source_row" and not index.is_unique):
        index = pd.RangeIndex(rows)
    if score.index.nlevels != index.nlevels:
        raise InputError(
            f"{name}= is a Series, matched on its index, which has {plural(score.index.nlevels, 'level')}; that of the "
            f"register's source has {index.nlevels}. Give a frame with patient_id and the scores, or an array in "
            "source order."
        )
    if not (index.is_unique and score.index.is_unique):
        raise InputError(f"{name}= is a Series, matched on its index, and labels occur twice. Give an array instead.")
    unknown = int((~score.index.isin(index)).sum())
    if unknown:
        raise InputError(
            f"{name}= is a Series, matched on its index: {plural(unknown, 'label')} of its index that the register's "
            "source does not have. Give an array in source order, or align the index."
        )
    if len(score) < rows and _is_default(score.index):
        # The values of accepted patients, say, numbered anew: each would go to another patient's row.
        raise InputError(
            f"{name}= is a Series of {plural(len(score), 'value')} numbered from 0, and the source has "
            f"{plural(rows, 'row')}: which rows they belong to cannot be told. Keep the index of the frame that they "
            "were worked out from (register.to_pandas() has one), or give a frame with patient_id and the scores."
        )
    if _is_default(score.index) and not _is_default(index.rename(None)):
        # Of a frame that was sorted, its labels and its row numbers are the same numbers in another order.
        raise InputError(
            f"{name}= is a Series numbered from 0, and the frame that the register was read from is numbered in "
            "another order: whether its numbers are that frame's labels or its rows cannot be told. Give an array in "
            "source order, a Series with that frame's index, or a frame with patient_id and the scores."
        )
    return score.reindex(index), None if len(score) == rows else index.isin(score.index)


def _is_default(index: pd.Index) -> bool:
    """Whether an index is the one that pandas gives to rows of which it knows nothing: 0, 1, 2 and so on, unnamed."""
    import numpy as np

    if index.name is not None or index.dtype.kind not in "iu":
        return False
    return bool((index.to_numpy() == np.arange(len(index))).all())
