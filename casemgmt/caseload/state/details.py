"""What the details of some events say: read from their JSON once for each different text."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import array_of, column_of, numpy_of, rows_of, text_scalar, texts
from casemgmt.dates import day_number
from casemgmt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


def damaged(what: str) -> InputError:
    """Events that no version of this library wrote so."""
    return InputError(f"The caseload is not whole: {what}. Run caseload.verify() to find where it was changed.")


def parsed(text: str | None) -> dict[str, Any]:
    """The details of one event by name."""
    if not text:
        return {}
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise damaged("details that cannot be read")
    return said


def day_of(value: Any) -> int:
    """The day number of an ISO date."""
    try:
        return day_number(dt.date.fromisoformat(value))
    except (TypeError, ValueError):
        raise damaged("a date in details that is none") from None


def said(
    details: pa.Array, rows: npt.NDArray[np.int64], words: tuple[str, ...] = (), dates: tuple[str, ...] = ()
) -> dict[str, pa.Array]:
    """What some events say by name, text or date32; null where it is not said, or where the row is -1.

    Parameters
    ----------
    details : of all the events
    rows : those to read
    words, dates : the names of details that are texts, and that are dates
    """
    import numpy as np
    import pyarrow as pa

    present = rows >= 0
    if not present.any():
        none = {name: pa.nulls(len(rows), pa.string()) for name in words}
        return none | {name: pa.nulls(len(rows), pa.date32()) for name in dates}
    taken = details.take(rows_of(rows[present]))
    encoded = (taken.fill_null(text_scalar("")) if taken.null_count else taken).dictionary_encode()
    different = [parsed(text) for text in encoded.dictionary.to_pylist()]
    codes = np.zeros(len(rows), dtype=np.int32)
    codes[present] = numpy_of(encoded.indices)
    places = array_of(codes, pa.int32(), present)
    found = {name: texts(_word(each.get(name)) for each in different).take(places) for name in words}
    for name in dates:
        days = [None if each.get(name) is None else day_of(each[name]) for each in different]
        found[name] = column_of(days, pa.date32()).take(places)
    return found


def _word(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise damaged("a text in details that is none")
    return value
