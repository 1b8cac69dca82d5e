"""Columns of dates and of times as day numbers: which days are out of range, and which times are no day at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from casemgmt.arrow import in_one_piece, numpy_of, validity_of
from casemgmt.errors import InputError
from casemgmt.register.date_forms import TIME_OF_DAY, date_form
from casemgmt.register.fields import Field
from casemgmt.register.values import AFTER_EXTRACT, BEFORE_1900, FAR_AWAY, FIRST_DATE, NO_DATE, OPEN_END, OPEN_ENDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Flags = npt.NDArray[np.bool_] | None

# Days are dates of the years 1 to 9999, so that they can be shown.
_FIRST, _LAST = -719_162, 2_932_896
# 2015-04-01: where its dashes and digits stand, and which digits are year, month and day.
_ISO_SIZE, _DASHES, _DIGITS = 10, (4, 7), (0, 1, 2, 3, 5, 6, 8, 9)
_PARTS = (((0, 1, 2, 3), (1000, 100, 10, 1)), ((4, 5), (10, 1)), ((6, 7), (10, 1)))
_DAYS_AS = {"date32[day]": 1, "date64[ms]": 86_400_000}
_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def days_of_dates(
    field: Field, column: pa.ChunkedArray, date_format: str | None, times: Literal["midnight", "any"]
) -> tuple[npt.NDArray[np.int32], Flags, Flags]:
    """The day number of each value, where one is given (None: everywhere), and where it is no midnight (None: nowhere).

    A time with a zone is the day that it is there.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
    if zoned:
        try:
            column = pc.local_timestamp(column)
        except pa.ArrowException:
            raise InputError(
                f"Column '{field.name}' holds times in a zone that is not known here. Convert them to local dates "
                "where the data is loaded."
            ) from None
    per_day = _DAYS_AS.get(str(column.type)) or _PER_DAY[column.type.unit]
    raw, present = numpy_of(column), validity_of(column)
    if per_day == 1:
        return raw, present, None
    # Division rounds down, so a time before 1970 stays on its own day.
    days = raw // per_day
    untimely = None
    if not date_form(date_format).truncates and (zoned or times == "midnight"):
        untimely = days * per_day != raw
        if present is not None:
            untimely &= present
        untimely = untimely if untimely.any() else None
    return np.clip(days, _FIRST, _LAST).astype(np.int32), present, untimely


def in_range(
    field: Field, days: npt.NDArray[np.int32], present: Flags, untimely: Flags, last_day: int
) -> tuple[npt.NDArray[np.int32], Flags, tuple[tuple[npt.NDArray[np.int64], str], ...], dict[str, int]]:
    """Days that a field may hold, where one is given, (rows, reason) of the others, and how many ends are open."""
    import numpy as np

    if present is not None:
        days = np.where(present, days, np.int32(FIRST_DATE + 1))
    least = FIRST_DATE + (field.dated == "end")
    if not len(days) or (untimely is None and days.min() >= least and days.max() <= last_day):
        return days, present, (), {}
    late = days > last_day
    wrong: list[tuple[npt.NDArray[np.bool_], str]] = [(days < FIRST_DATE, BEFORE_1900)]
    words = {}
    gone = np.zeros(len(days), dtype=bool)
    if field.dated == "end":
        wrong.append((days == FIRST_DATE, NO_DATE))
        open_end = late & ((days >= FAR_AWAY) | np.isin(days, OPEN_ENDS))
        if open_end.any():
            words, late, gone = {OPEN_END: int(open_end.sum())}, late & ~open_end, open_end
    if field.dated != "start":
        wrong.append((late, AFTER_EXTRACT))
    problems = []
    for rows, reason in wrong:
        if rows.any():
            problems.append((np.flatnonzero(rows), reason))
            gone |= rows
    if untimely is not None and (bad := untimely & ~gone).any():
        problems.append((np.flatnonzero(bad), TIME_OF_DAY))
        gone |= bad
    if field.dated == "start" and (late := late & ~gone).any():
        # Whoever is to join after the list date is not on the list, so the day of joining is kept.
        problems.append((np.flatnonzero(late), AFTER_EXTRACT))
        days = np.clip(days, None, np.int32(_LAST))
    if gone.any():
        days = np.where(gone, np.int32(FIRST_DATE), days)
        present = ~gone if present is None else present & ~gone
    return days.astype(np.int32, copy=False), present, tuple(problems), words


def plain_days_of_texts(column: pa.ChunkedArray, last_day: int) -> npt.NDArray[np.int32] | None:
    """The day number of each text, 0 for null, where all are days of the form 2015-04-01 up to ``last_day``.

    None where one is anything else, or no later than 1 January 1900, which takes a look at each.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = column.cast(pa.large_string()).drop_null()
    sizes = pc.min_max(pc.binary_length(texts)).as_py()
    if not len(texts) or sizes["min"] != _ISO_SIZE or sizes["max"] != _ISO_SIZE:
        return None
    piece = in_one_piece(texts)
    _, ends, data = piece.buffers()
    first = int(np.frombuffer(ends, np.int64, count=1, offset=8 * piece.offset)[0])
    raw = np.frombuffer(data, np.uint8, count=_ISO_SIZE * len(texts), offset=first).reshape(-1, _ISO_SIZE)
    digits = raw[:, _DIGITS] - np.uint8(ord("0"))
    if (digits > 9).any() or (raw[:, _DASHES] != ord("-")).any():
        return None
    year, month, day = (digits[:, part].astype(np.int32) @ powers for part, powers in _PARTS)
    if year.min() < 1 or month.min() < 1 or month.max() > 12 or day.min() < 1:
        return None
    months = (12 * (year - 1970) + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64) + day - 1
    if (days >= (months + 1).astype("datetime64[D]").astype(np.int64)).any():
        return None
    if days.min() <= FIRST_DATE or days.max() > last_day:
        return None
    if not column.null_count:
        return days.astype(np.int32)
    found = np.zeros(len(column), dtype=np.int32)
    found[numpy_of(pc.is_valid(column))] = days
    return found
