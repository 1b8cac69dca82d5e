"""Whether an extract is the one that is meant: no file twice, no mixture of days, not last month's bytes again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casemgmt.dates import as_date, day_number, from_day_number
from casemgmt.errors import InputError, listed, plural
from casemgmt.register.cleaning import clean_column
from casemgmt.register.fields import Field

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.register.sources import Part

EXTRACTED_ON = "extracted_on"
_FIELD = Field(name=EXTRACTED_ON, kind="date", missing="refused")
_LAST_DAY = day_number(dt.date.max)


def refuse_repeated_files(parts: Sequence[Part]) -> None:
    """Refuse a file that is given twice, under whatever names; files without a row may be alike.

    Raises
    ------
    InputError
    """
    seen: dict[str, str] = {}
    for part in parts:
        if part.sha256 is None or not part.rows:
            continue
        if part.sha256 in seen:
            raise InputError(
                f"{seen[part.sha256]} and {part.name} are one file given twice, byte for byte. Give each file once."
            )
        seen[part.sha256] = part.name


def day_of_extract(
    drawn: Iterable[dt.date], stated: Iterable[str], as_of: dt.date, declared: dt.date | None, within: int
) -> dt.date:
    """The day the data was drawn: as it says itself, else as declared, else the list date.

    Parameters
    ----------
    drawn : the days on which rows were drawn, from :func:`days_of_rows`
    stated : the days in the metadata of files (ISO)
    as_of : the list date
    declared : what the caller says, if anything
    within : days by which the days that the data states may differ

    Raises
    ------
    InputError
        The data states days further apart than ``within``, a last day other than the one declared, or one before the
        list date.
    """
    if isinstance(within, bool) or not isinstance(within, int) or within < 0:
        raise InputError("extracts_within is a whole number of days, 0 or more.")
    days = sorted({*(as_date(day, "extracted_on in a file's metadata") for day in stated), *drawn})
    if not days:
        return declared or as_of
    apart = (days[-1] - days[0]).days
    if apart > within:
        raise InputError(
            f"The data was drawn on {len(days):,} different days, {days[0]} to {days[-1]}: {plural(apart, 'day')} "
            f"apart, where {within:,} may be. Get one extract of all practices, or say extracts_within={apart}."
        )
    if declared is not None and declared != days[-1]:
        raise InputError(
            f"The data says that it was drawn on {days[-1]}, and extracted_on says {declared}. "
            "Check that this is the extract that is meant."
        )
    if days[-1] < as_of:
        raise InputError(
            f"The data says that it was drawn on {days[-1]}, before the list date {as_of}: it may be an earlier "
            "month's. Get the extract of this list date, or give the list date of this extract."
        )
    return days[-1]


def days_of_rows(table: pa.Table) -> set[dt.date]:
    """The days in a table's column ``extracted_on``, if it has one.

    Raises
    ------
    InputError
        It does not hold a date in every row.
    """
    import numpy as np

    if EXTRACTED_ON not in table.column_names or not table.num_rows:
        return set()
    cleaned = clean_column(_FIELD, table.column(EXTRACTED_ON), mapping=None, date_format=None, last_day=_LAST_DAY)
    if cleaned.present is not None and not cleaned.present.all():
        without = int((~cleaned.present).sum())
        raise InputError(
            f"Column '{EXTRACTED_ON}' holds no ISO date in {plural(without, 'row')}. It says on which day each row was "
            "drawn: fill it, leave it out, or give it another name if it means something else."
        )
    return {from_day_number(day) for day in np.unique(cleaned.values)}


def refuse_used_before(parts: Sequence[Part], as_of: dt.date, earlier: Mapping[str, Any]) -> None:
    """Refuse files of which an earlier list of another date was made already.

    Parameters
    ----------
    parts : the files of the register
    as_of : the list date now
    earlier : ``Selection.facts`` of the earlier list

    Raises
    ------
    InputError
    """
    if earlier["as_of"] == as_of.isoformat():
        return
    used = {source["sha256"] for source in earlier["sources"] if source["sha256"] and source["rows"]}
    again = [part.name for part in parts if part.sha256 in used]
    if again:
        raise InputError(
            f"The list of {earlier['as_of']} was made from the same {plural(len(again), 'file')}, byte for byte: "
            f"{listed(again)}. Give the extract of {as_of}, or say that the same one is meant (--same-extract)."
        )
