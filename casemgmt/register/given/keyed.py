"""Values that say whose they are: each beside its patient id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from casemgmt.arrow import in_one_piece, numpy_of, texts, validity_of
from casemgmt.errors import InputError, listed, no_rows_yet, not_valid_text, plural
from casemgmt.register.cleaning import is_text
from casemgmt.register.given.floats import as_floats, is_pandas

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.given.floats import ToFloats
    from casemgmt.register.register import Register

# Of the values keyed by patient id, or of the patients if they are fewer, the share that must meet.
MATCHED_SHARE = Fraction(1, 5)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ValuesById:
    """Values keyed by patient id.

    Attributes
    ----------
    ids : large_string, each once
    values : float64, one an id; NaN for none
    name : of the argument that they are, for messages
    """

    ids: pa.Array
    values: npt.NDArray[np.float64]
    name: str = "score"

    def of(self, register: Register) -> tuple[npt.NDArray[np.float64], int]:
        """The values in packed order, NaN where a patient's id is not among them; and how many ids were found."""
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
        """Refuse values that meet nobody, or few, of so many accepted patients.

        Parameters
        ----------
        met : patients whose id is among the values'
        among : ids of the register, to say why so few meet; None where they are not at hand

        Raises
        ------
        InputError
        """
        smaller = min(len(self.ids), patients)
        if not smaller or met >= MATCHED_SHARE * smaller:
            return
        raise InputError(
            f"{self.name}= holds the values of {plural(len(self.ids), 'patient_id')}, and {met or 'not one'} of them "
            f"is that of one of the {plural(patients, 'accepted patient')} of the register. Give them with the ids "
            f"that the register has, character by character.{_likely_cause(self.ids, among)}"
        )


def _likely_cause(ids: pa.Array, among: pa.ChunkedArray | None) -> str:
    if among is None:
        return ""
    from casemgmt.register.unmatched import likely_cause

    return f" {likely_cause(ids, among)}"


def values_by_id(given: object, name: str = "score", read: ToFloats = as_floats) -> ValuesById | None:
    """Values that say whose they are, or None for values that do not.

    Parameters
    ----------
    read : as of :func:`casemgmt.register.given.values.values_given`

    Raises
    ------
    InputError
        An id that is missing, no text, or given twice; a frame with ``patient_id`` and not one column more.
    """
    if isinstance(given, Mapping):
        return keyed_by(list(given.keys()), list(given.values()), name, read)
    if is_pandas(given):
        if not hasattr(given, "columns"):
            return keyed_by(given.index, given, name, read) if given.index.name == "patient_id" else None
        if "patient_id" not in given.columns:
            named = given.index.name == "patient_id" and len(given.columns) == 1
            return keyed_by(given.index, given.iloc[:, 0], name, read) if named else None
        other = _the_other([str(each) for each in given.columns], name)
        return keyed_by(given["patient_id"], given[other], name, read)
    if type(given).__name__ == "LazyFrame":
        raise no_rows_yet(f"{name}= is a lazy frame, which has")
    names = column_names(given)
    if names is None:
        return None
    if "patient_id" not in names:
        raise InputError(
            f"{name}= is a table without a column patient_id, so its rows cannot be matched. Give it the column "
            "patient_id, or give the values as an array in source order."
        )
    from casemgmt.register.sources import open_source

    table = open_source(given).table
    return keyed_by(table.column("patient_id"), table.column(_the_other(table.column_names, name)), name, read)


def column_names(given: object) -> list[str] | None:
    """The column names of a table, None of anything else; an Arrow or polars column has no names of columns."""
    names = getattr(given, "column_names", None) or getattr(given, "columns", None)
    if not (isinstance(names, (list, tuple)) and names and hasattr(given, "__arrow_c_stream__")):
        return None
    return [str(name) for name in names]


def _the_other(names: list[str], argument: str) -> str:
    others = [name for name in names if name != "patient_id"]
    if len(others) != 1 or len(names) != 2:
        raise InputError(
            f"{argument}= is a table with patient_id and {plural(len(others), 'column')} more"
            f"{f' ({listed(others)})' if others else ''}. Give patient_id and that one column."
        )
    return others[0]


def keyed_by(
    ids: object,
    values: object,
    name: str = "score",
    read: ToFloats = as_floats,
) -> ValuesById:
    """Values beside the ids that they are of.

    Raises
    ------
    InputError
        An id that is missing, no text, or given twice.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = in_one_piece(_ids_as_arrow(ids, name))
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not (is_text(column.type) or (pa.types.is_null(column.type) and not len(column))):
        raise InputError(
            f"{name}= is keyed by ids that are not text: leading zeros and long ids are lost in numbers. "
            "Give each patient_id as text, as the register has it."
        )
    column = column.cast(pa.large_string())
    repeated = len(column) - column.null_count - pc.count_distinct(column).as_py()
    for count, what in ((column.null_count, "without a patient_id"), (repeated, "whose patient_id was given before")):
        if count:
            raise InputError(f"{name}= holds {plural(count, name.removesuffix('s'))} {what}. Give each patient's once.")
    return ValuesById(column, read(values, f"{name}="), name)


def _ids_as_arrow(ids: object, name: str) -> pa.Array | pa.ChunkedArray:
    import pyarrow as pa

    if isinstance(ids, (pa.Array, pa.ChunkedArray)):
        return ids
    if isinstance(ids, list):
        if not all(isinstance(each, str) for each in ids):
            return pa.nulls(1)  # refused as no text, whatever it is
        try:
            return texts(ids)
        except UnicodeEncodeError:
            raise not_valid_text(f"{name}= is keyed by an id") from None
    try:
        return pa.Array.from_pandas(ids)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.nulls(1)
