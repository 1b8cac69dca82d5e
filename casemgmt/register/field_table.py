"""Every field of a register as a table: what it holds, how that may be written, and what its column may be called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.register.fields import FIELDS
from casemgmt.register.value_maps import OBVIOUS

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBERS = "21, 21.0"


def fields() -> pa.Table:
    """One row a field of a register, in the order in which they are documented.

    Returns
    -------
    pyarrow.Table
        ``field``; ``type`` (id, practice, text, category, integer, date, flag); ``allowed``, the values or the range;
        ``unit`` of a whole number; ``missing``, what a missing value means; ``spellings``, other ways to write its
        values that are read as they are; ``map``, values whose meaning is plain, and which ``values=`` can map;
        ``synonyms``, other names of its column, which errors and a drafted mapping file suggest.

    Examples
    --------
    >>> cm.fields().column("field").to_pylist()[:3]
    ['patient_id', 'practice_id', 'age']
    """
    import pyarrow as pa

    rows = [
        {
            "field": field.name,
            "type": field.kind,
            "allowed": field.allowed_in_words,
            "unit": field.unit,
            "missing": field.missing,
            "spellings": field.accepted,
            "map": ", ".join(OBVIOUS.get(field.name, {})),
            "synonyms": ", ".join(field.synonyms),
        }
        for field in FIELDS.values()
    ]
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]})
