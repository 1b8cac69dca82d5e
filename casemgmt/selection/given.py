"""A user's own scores, each beside the right person or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from casemgmt.arrow import in_one_piece, numpy_of, texts, validity_of
from casemgmt.errors import InputError, listed, no_rows_yet, no_such_column, not_valid_text, plural
from casemgmt.register.cleaning import is_text
from casemgmt.selection.float_scores import as_floats, is_pandas

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    from casemgmt.register.register import Register

# Of the scores keyed by patient id, or of the patients if they are fewer, the share that must meet.
MATCHED_SHARE = Fraction(1, 5)


def given_scores(register: Register, score: object) -> npt.NDArray[np.float64]:
    """The user's scores in packed order.

    Parameters
    ----------
    score : a column's name; one value a source row in source order; a pandas Series or a frame of one column, matched
        on its index; or scores keyed by patient id: a mapping, a Series whose index is named ``patient_id``, or a frame
        with ``patient_id`` and one column more. Null, NaN and infinities mean no score
    """
    if isinstance(score, str):
        return _column_scores(register, score)
    import numpy as np

    keyed = scores_by_id(score)
    if keyed is not None:
        scores, met = keyed.of(register)
        keyed.refuse_unmatched(met, len(register), register.ids)
        return scores
    by_source, named = scores_by_row(score, register.rows_in, register.index)
    repeats = np.array(list(register.merged_into.items()), dtype=np.int64).reshape(-1, 2)
    refuse_differing(by_source, named, repeats if register.source_row is None else register.source_row[repeats])
    by_table = by_source if register.source_row is None else by_source[register.source_row]
    return by_table[register.table_row]


def scores_by_row(
    score: object, rows: int, index: pd.Index | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_] | None]:
    """One score a source row, and which rows the scores name; None where they name all.

    Parameters
    ----------
    rows : of the source
    index : of the pandas frame that the source is; None for any other source, whose rows are numbered from 0
    """
    named = None
    if is_pandas(score):
        score, named = _by_index(_one_column(score), rows, index)
    values = as_floats(score)
    if values.shape != (rows,):
        raise InputError(
            f"score= holds {plural(values.size, 'value')}; the source has {plural(rows, 'row')}. Give one value a "
            "source row, in source order, quarantined rows included; or scores with their ids, as a frame with "
            "patient_id and one column."
        )
    return values, named


def refuse_differing(
    by_source: npt.NDArray[np.float64], named: npt.NDArray[np.bool_] | None, repeats: npt.NDArray[np.int64]
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
        raise InputError("score= gives different values to repeats of one row. Remove the repeats from the source.")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ScoresById:
    """Scores keyed by patient id.

    Attributes
    ----------
    ids : large_string, each once
    values : float64, one an id; NaN for no score
    """

    ids: pa.Array
    values: npt.NDArray[np.float64]

    def of(self, register: Register) -> tuple[npt.NDArray[np.float64], int]:
        """The scores in packed order, NaN where a patient's id is not among them; and how many ids were found."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if not len(register):
            return np.empty(0, dtype=np.float64), 0
        place = pc.index_in(register.column("patient_id").cast(pa.large_string()), value_set=self.ids)
        present = validity_of(place)
        rows = numpy_of(place) if present is None else np.where(present, numpy_of(place), len(self.ids))
        return np.append(self.values, np.nan)[rows], int(np.count_nonzero(rows < len(self.ids)))

    def refuse_unmatched(self, met: int, patients: int, among: pa.ChunkedArray | None) -> None:
        """Refuse scores that meet nobody, or few, of so many accepted patients.

        Parameters
        ----------
        met : patients whose id is among the scores'
        among : ids of the register, to say why so few meet; None where they are not at hand

        Raises
        ------
        InputError
        """
        smaller = min(len(self.ids), patients)
        if not smaller or met >= MATCHED_SHARE * smaller:
            return
        raise InputError(
            f"score= holds the scores of {plural(len(self.ids), 'patient_id')}, and {met or 'not one'} of them is that "
            f"of one of the {plural(patients, 'accepted patient')} of the register. Give the scores with the ids that "
            f"the register has, character by character.{_likely_cause(self.ids, among)}"
        )


def _likely_cause(ids: pa.Array, among: pa.ChunkedArray | None) -> str:
    if among is None:
        return ""
    from casemgmt.register.unmatched import likely_cause

    return f" {likely_cause(ids, among)}"


def scores_by_id(score: object) -> ScoresById | None:
    """Scores that say whose they are, or None for scores that do not.

    Raises
    ------
    InputError
        An id that is missing, no text, or given twice; a frame with ``patient_id`` and not one column more.
    """
    if isinstance(score, Mapping):
        return _keyed(list(score.keys()), list(score.values()))
    if is_pandas(score):
        if not hasattr(score, "columns"):
            return _keyed(score.index, score) if score.index.name == "patient_id" else None
        if "patient_id" not in score.columns:
            named = score.index.name == "patient_id" and len(score.columns) == 1
            return _keyed(score.index, score.iloc[:, 0]) if named else None
        other = _the_other([str(name) for name in score.columns])
        return _keyed(score["patient_id"], score[other])
    if type(score).__name__ == "LazyFrame":
        raise no_rows_yet("score= is a lazy frame, which has")
    names = _column_names(score)
    if names is None:
        return None
    if "patient_id" not in names:
        raise InputError(
            "score= is a table without a column patient_id, so its rows cannot be matched. Give it the column "
            "patient_id, or give the scores as an array in source order."
        )
    from casemgmt.register.sources import open_source

    table = open_source(score).table
    return _keyed(table.column("patient_id"), table.column(_the_other(table.column_names)))


def _column_names(score: object) -> list[str] | None:
    """The column names of a table, None of anything else; an Arrow or polars column has no names of columns."""
    names = getattr(score, "column_names", None) or getattr(score, "columns", None)
    if not (isinstance(names, (list, tuple)) and names and hasattr(score, "__arrow_c_stream__")):
        return None
    return [str(name) for name in names]


def _the_other(names: list[str]) -> str:
    others = [name for name in names if name != "patient_id"]
    if len(others) != 1 or len(names) != 2:
        raise InputError(
            f"score= is a table with patient_id and {plural(len(others), 'column')} more"
            f"{f' ({listed(others)})' if others else ''}. Give patient_id and the one column that ranks."
        )
    return others[0]


def _keyed(ids: object, values: object) -> ScoresById:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = in_one_piece(_ids_as_arrow(ids))
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not (is_text(column.type) or (pa.types.is_null(column.type) and not len(column))):
        raise InputError(
            "score= is keyed by ids that are not text: leading zeros and long ids are lost in numbers. "
            "Give each patient_id as text, as the register has it."
        )
    column = column.cast(pa.large_string())
    repeated = len(column) - column.null_count - pc.count_distinct(column).as_py()
    for count, what in ((column.null_count, "without a patient_id"), (repeated, "whose patient_id was given before")):
        if count:
            raise InputError(f"score= holds {plural(count, 'score')} {what}. Give each patient's score once.")
    return ScoresById(column, as_floats(values))


def _ids_as_arrow(ids: object) -> pa.Array | pa.ChunkedArray:
    import pyarrow as pa

    if isinstance(ids, (pa.Array, pa.ChunkedArray)):
        return ids
    if isinstance(ids, list):
        if not all(isinstance(each, str) for each in ids):
            return pa.nulls(1)  # refused as no text, whatever it is
        try:
            return texts(ids)
        except UnicodeEncodeError:
            raise not_valid_text("score= is keyed by an id") from None
    try:
        return pa.Array.from_pandas(ids)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.nulls(1)


def _column_scores(register: Register, name: str) -> npt.NDArray[np.float64]:
    if name not in register.column_names:
        raise no_such_column("score", name, register.column_names)
    return as_floats(register.column(name), f"Column '{name}'")


def _one_column(score: pd.Series | pd.DataFrame) -> pd.Series:
    if not hasattr(score, "columns"):
        return score
    if len(score.columns) != 1:
        raise InputError(
            f"score= is a frame of {plural(len(score.columns), 'column')}. Give the one column that ranks, or "
            "patient_id and that column."
        )
    return score.iloc[:, 0]


def _by_index(score: pd.Series, rows: int, index: pd.Index | None) -> tuple[pd.Series, npt.NDArray[np.bool_] | None]:
    """A Series in source order, a missing value where it names no row."""
    import pandas as pd

    if index is None or (score.index.name == "source_row" and not index.is_unique):
        index = pd.RangeIndex(rows)
    if score.index.nlevels != index.nlevels:
        raise InputError(
            f"score= is a Series, matched on its index, which has {plural(score.index.nlevels, 'level')}; that of the "
            f"register's source has {index.nlevels}. Give a frame with patient_id and the scores, or an array in "
            "source order."
        )
    if not (index.is_unique and score.index.is_unique):
        raise InputError("score= is a Series, matched on its index, and labels occur twice. Give an array instead.")
    unknown = int((~score.index.isin(index)).sum())
    if unknown:
        raise InputError(
            f"score= is a Series, matched on its index: {plural(unknown, 'label')} of its index that the register's "
            "source does not have. Give an array in source order, or align the index."
        )
    if len(score) < rows and _is_default(score.index):
        # The values of accepted patients, say, numbered anew: each would go to another patient's row.
        raise InputError(
            f"score= is a Series of {plural(len(score), 'value')} numbered from 0, and the source has "
            f"{plural(rows, 'row')}: which rows they belong to cannot be told. Keep the index of the frame that they "
            "were worked out from (register.to_pandas() has one), or give a frame with patient_id and the scores."
        )
    if _is_default(score.index) and not _is_default(index.rename(None)):
        # Of a frame that was sorted, its labels and its row numbers are the same numbers in another order.
        raise InputError(
            "score= is a Series numbered from 0, and the frame that the register was read from is numbered in another "
            "order: whether its numbers are that frame's labels or its rows cannot be told. Give an array in source "
            "order, a Series with that frame's index, or a frame with patient_id and the scores."
        )
    return score.reindex(index), None if len(score) == rows else index.isin(score.index)


def _is_default(index: pd.Index) -> bool:
    """Whether an index is the one that pandas gives to rows of which it knows nothing: 0, 1, 2 and so on, unnamed."""
    import numpy as np

    if index.name is not None or index.dtype.kind not in "iu":
        return False
    return bool((index.to_numpy() == np.arange(len(index))).all())
