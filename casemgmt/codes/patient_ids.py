"""Patient ids of coded records: what a register refuses as an id is no patient here either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def people_of(column: pa.Array) -> tuple[pa.Array, npt.NDArray[np.bool_] | None, list[tuple[Any, str]]]:
    """A column of patient ids; where there is one that can be used (None: everywhere); and (rows, reason) elsewhere.

    Text is judged as :func:`casemgmt.read_register` judges it. Whole numbers are taken as their digits: where they are
    joined with a list of patients, :func:`casemgmt.build_register` says whether that can be right.

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
    if is_text(ids.type) and len(ids):
        suspects = _suspects(ids)
        for rows, reason in _judged(ids, suspects[usable[suspects]]):
            usable[rows] = False
            faults.append((rows, reason))
    return ids, None if usable.all() else usable, faults


def _suspects(ids: pa.Array) -> npt.NDArray[np.int64]:
    """The rows whose id may be at fault."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pays(len(ids)):
        return np.flatnonzero(hashes_of(pa.chunked_array([ids]))[1])
    distinct = pc.unique(ids)
    found = pc.or_(pc.match_substring_regex(distinct, _FAULT), pc.match_substring_regex(distinct, _BLANK))
    odd = distinct.filter(pc.fill_null(found, False))
    return np.flatnonzero(numpy_of(pc.is_in(ids, value_set=odd))) if len(odd) else np.zeros(0, dtype=np.int64)


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
