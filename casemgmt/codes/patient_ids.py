"""Patient ids of coded records: what a register refuses as an id is no patient here either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import numpy_of, rows_of, validity_of
from casemgmt.codes.events import ids_of
from casemgmt.compiling import pays
from casemgmt.register.cleaning import is_text
from casemgmt.register.identity import _ID_FAULTS as ID_FAULTS
from casemgmt.texts.long_texts import hashes_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_FAULT = "|".join(f"(?:{pattern})" for pattern, _ in ID_FAULTS)
_BLANK = r"^[\s\p{Z}]*$"


class People(NamedTuple):
    """A column of patient ids.

    Attributes
    ----------
    ids : text or whole numbers
    usable : where there is one that can be used; None where there is everywhere
    faults : (rows, reason) of the others
    hashes : of each id, where they were worked out
    """

    ids: pa.Array
    usable: npt.NDArray[np.bool_] | None
    faults: list[tuple[Any, str]]
    hashes: npt.NDArray[np.uint64] | None


def people_of(column: pa.Array, expected: int = 0) -> People:
    """The patients of a column of ids.

    Text is judged as :func:`casemgmt.read_register` judges it. Whole numbers are taken as their digits: where they are
    joined with a list of patients, :func:`casemgmt.build_register` says whether that can be right. ``expected`` says
    how many there are in all; it decides whether compiled loops pay, and never the result.

    Raises
    ------
    InputError
        Of ids that are neither text nor whole numbers.
    """
    import numpy as np

    ids, present = ids_of(column)
    faults: list[tuple[Any, str]] = []
    usable = np.ones(len(ids), dtype=bool) if present is None else np.array(present, dtype=bool)
    if not usable.all():
        faults.append((np.flatnonzero(~usable), "missing"))
    hashes = None
    if is_text(ids.type) and len(ids):
        suspects, hashes = _suspects(ids, max(len(ids), expected))
        for rows, reason in _judged(ids, suspects[usable[suspects]]):
            usable[rows] = False
            faults.append((rows, reason))
    return People(ids, None if usable.all() else usable, faults, hashes)


def _suspects(ids: pa.Array, rows: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64] | None]:
    """The rows whose id may be at fault, and the hashes of all where they came along."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pays(rows):
        hashes, odd = hashes_of(pa.chunked_array([ids]))
        return np.flatnonzero(odd), hashes
    distinct = pc.unique(ids)
    found = pc.or_(pc.match_substring_regex(distinct, _FAULT), pc.match_substring_regex(distinct, _BLANK))
    odd = distinct.filter(pc.fill_null(found, False))
    suspects = np.flatnonzero(numpy_of(pc.is_in(ids, value_set=odd))) if len(odd) else np.zeros(0, dtype=np.int64)
    return suspects, None


def _judged(ids: pa.Array, rows: npt.NDArray[np.int64]) -> list[tuple[Any, str]]:
    """Of rows under suspicion, those at fault, each under its first reason."""
    import pyarrow.compute as pc

    faults = []
    for pattern, reason in ((_BLANK, "missing"), *ID_FAULTS):
        if not len(rows):
            break
        answers = pc.match_substring_regex(ids.take(rows_of(rows)), pattern)
        present, true = validity_of(answers), numpy_of(answers)
        true = true if present is None else true & present
        if true.any():
            faults.append((rows[true], reason))
            rows = rows[~true]
    return faults
