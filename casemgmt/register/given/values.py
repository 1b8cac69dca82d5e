"""Values given beside a register, such as scores and outcomes: each beside the right person, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.errors import InputError, no_such_column, plural
from casemgmt.register.given.floats import as_floats, is_pandas
from casemgmt.register.given.keyed import values_by_id

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from casemgmt.register.given.floats import ToFloats
    from casemgmt.register.register import Register


def values_given(
    register: Register,
    given: object,
    name: str = "score",
    read: ToFloats = as_floats,
) -> npt.NDArray[np.float64]:
    """A user's scores, risks or outcomes, in packed order.

    Parameters
    ----------
    given : a column's name; one value a source row in source order; a pandas Series or a frame of one column, matched
        on its index; or values keyed by patient id: a mapping, a Series whose index is named ``patient_id``, or a frame
        with ``patient_id`` and one column more. Null and NaN mean that there is none
    name : of the argument, for messages
    read : makes floats of a container of values, given it and what it is called; NaN where one is missing
    """
    if isinstance(given, str):
        return _of_column(register, given, name, read)
    import numpy as np

    keyed = values_by_id(given, name, read)
    if keyed is not None:
        values, met = keyed.of(register)
        keyed.refuse_unmatched(met, len(register), register.ids)
        return values
    by_source, named = values_by_row(given, register.rows_in, register.index, name, read)
    repeats = np.array(list(register.merged_into.items()), dtype=np.int64).reshape(-1, 2)
    repeats = repeats if register.source_row is None else register.source_row[repeats]
    refuse_differing(by_source, named, repeats, name)
    return in_packed_order(register, by_source)


def in_packed_order(register: Register, by_source: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """One value a packed row, from one a source row."""
    by_table = by_source if register.source_row is None else by_source[register.source_row]
    return by_table if register.order is None else by_table[register.order]


def values_by_row(
    given: object,
    rows: int,
    index: pd.Index | None,
    name: str = "score",
    read: ToFloats = as_floats,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_] | None]:
    """One value a source row, and which rows the values name; None where they name all.

    Parameters
    ----------
    rows : of the source
    index : of the pandas frame that the source is; None for any other source, whose rows are numbered from 0
    read : as of :func:`values_given`
    """
    named = None
    if is_pandas(given):
        given, named = _by_index(_one_column(given, name), rows, index, name)
    values = read(given, f"{name}=")
    if values.ndim > 1:
        raise InputError(
            f"{name}= is a table of {plural(values.shape[-1], 'column')}. Give one value a row; risks of "
            "a classifier are classifier.predict_proba(X)[:, 1]."
        )
    if values.shape != (rows,):
        raise InputError(
            f"{name}= holds {plural(values.size, 'value')}; the source has {plural(rows, 'row')}. Give one value a "
            "source row, in source order, quarantined rows included; or values with their ids, as a frame with "
            "patient_id and one column."
        )
    return values, named


def refuse_differing(
    by_source: npt.NDArray[np.float64],
    named: npt.NDArray[np.bool_] | None,
    repeats: npt.NDArray[np.int64],
    name: str = "score",
) -> None:
    """Refuse values that differ between repeats of one row.

    Parameters
    ----------
    by_source, named : from :func:`values_by_row`; a repeat that is not named is taken as the row it repeats
    repeats : int64, shape (n, 2): the source row of each repeat, and of the row that stays

    Raises
    ------
    InputError
    """
    import numpy as np

    repeats = repeats if named is None else repeats[named[repeats[:, 0]]]
    if not np.array_equal(by_source[repeats[:, 0]], by_source[repeats[:, 1]], equal_nan=True):
        raise InputError(f"{name}= gives different values to repeats of one row. Remove the repeats from the source.")


def _of_column(register: Register, name: str, argument: str, read: ToFloats) -> npt.NDArray[np.float64]:
    if name not in register.column_names:
        raise no_such_column(argument, name, register.column_names)
    return read(register.column(name), f"Column '{name}'")


def _one_column(given: pd.Series | pd.DataFrame, name: str) -> pd.Series:
    if not hasattr(given, "columns"):
        return given
    if len(given.columns) != 1:
        raise InputError(
            f"{name}= is a frame of {plural(len(given.columns), 'column')}. Give the one column, or "
            "patient_id and that column."
        )
    return given.iloc[:, 0]


def _by_index(
    given: pd.Series, rows: int, index: pd.Index | None, name: str = "score"
) -> tuple[pd.Series, npt.NDArray[np.bool_] | None]:
    """A Series in source order, a missing value where it names no row."""
    import pandas as pd

    if index is None or (given.index.name == "source_row" and not index.is_unique):
        index = pd.RangeIndex(rows)
    if given.index.nlevels != index.nlevels:
        raise InputError(
            f"{name}= is a Series, matched on its index, which has {plural(given.index.nlevels, 'level')}; that of the "
            f"register's source has {index.nlevels}. Give a frame with patient_id and the values, or an array in "
            "source order."
        )
    if not (index.is_unique and given.index.is_unique):
        raise InputError(f"{name}= is a Series, matched on its index, and labels occur twice. Give an array instead.")
    unknown = int((~given.index.isin(index)).sum())
    if unknown:
        raise InputError(
            f"{name}= is a Series, matched on its index: {plural(unknown, 'label')} of its index that the register's "
            "source does not have. Give an array in source order, or align the index."
        )
    if len(given) < rows and _is_default(given.index):
        # The values of accepted patients, say, numbered anew: each would go to another patient's row.
        raise InputError(
            f"{name}= is a Series of {plural(len(given), 'value')} numbered from 0, and the source has "
            f"{plural(rows, 'row')}: which rows they belong to cannot be told. Keep the index of the frame that they "
            "were worked out from (register.to_pandas() has one), or give a frame with patient_id and the values."
        )
    if _is_default(given.index) and not _is_default(index.rename(None)):
        # Of a frame that was sorted, its labels and its row numbers are the same numbers in another order.
        raise InputError(
            f"{name}= is a Series numbered from 0, and the frame that the register was read from is numbered in "
            "another order: whether its numbers are that frame's labels or its rows cannot be told. Give an array in "
            "source order, a Series with that frame's index, or a frame with patient_id and the values."
        )
    return given.reindex(index), None if len(given) == rows else index.isin(given.index)


def _is_default(index: pd.Index) -> bool:
    """Whether an index is the one that pandas gives to rows of which it knows nothing: 0, 1, 2 and so on, unnamed."""
    import numpy as np

    if index.name is not None or index.dtype.kind not in "iu":
        return False
    return bool((index.to_numpy() == np.arange(len(index))).all())
