"""Reading a register: from a source to checked, packed rows, in one pass that can account for each row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.register.limits import Limits, Share
from casemgmt.register.reading_options import reading_options
from casemgmt.register.register import Register
from casemgmt.register.sources import open_source, stated_days

if TYPE_CHECKING:
    import pyarrow as pa


@arguments.checked(
    columns=arguments.text_mapping,
    values=arguments.mapping,
    date_format=arguments.text_mapping,
    null_means_absent=arguments.texts,
    practice_pattern=arguments.text_or_none,
    expected_rows=arguments.whole_or_none,
)
def read_register(
    source: object,
    *,
    as_of: str | dt.date,
    extracted_on: str | dt.date | None = None,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    date_format: Mapping[str, str] | None = None,
    null_means_absent: Iterable[str] = (),
    practice_pattern: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    skip_lines: int | None = None,
    sheet: str | int | None = None,
    config: str | Path | None = None,
    expected_rows: int | None = None,
    extracts_within: int = 0,
    max_quarantined: Share | None = None,
    max_corrected: Share | None = None,
) -> Register:
    """Read a practice register, check every row and lose none.

    Parameters
    ----------
    source : a path (Parquet, CSV, CSV with gzip, Excel, Arrow IPC), a folder of part files of one kind, a list of
        paths, or any object with ``__arrow_c_stream__``: a pandas, polars or pyarrow table, a DuckDB relation
    as_of : the list date (ISO); ages are whole years on it
    extracted_on : the day the data was drawn; a date after it is refused as future. By default the day that the data
        itself states, in a column ``extracted_on`` or in the metadata of its files, else ``as_of``
    columns : the source's column name → the field, such as ``{"NHSNo": "patient_id"}``
    values : field → {text in the source: value}, such as ``{"sex": {"1": "M", "2": "F"}}``
    date_format : field → form, such as ``{"date_of_birth": "%d/%m/%Y"}`` or ``"%d-%b-%Y"``; ISO without. A time of day
        must be midnight, unless ``"truncate"``, alone or before a form, says that the day is taken as it is written
    null_means_absent : conditions for which a missing value means that the patient does not have it
    practice_pattern : regular expression a practice code must match whole; an ODS code by default
    encoding : of a CSV file; UTF-8 by default
    separator : between the values of a CSV file: ``","`` by default, ``";"``, ``"tab"``, ``"|"``
    skip_lines : lines of a CSV file, or rows of a sheet, before the header
    sheet : of a workbook: its name, or its place from 1; needed where there are several
    config : a mapping file that says all of this (``casemgmt check FILE --write-config`` drafts one); what the call
        says itself comes before it
    expected_rows : refuse a source with another number of rows, such as a file that was cut short
    extracts_within : days by which the days of extract that the data states may differ
    max_quarantined : share of the rows, of the register and of each practice, that may be quarantined: ``"5%"``,
        ``"1/20"`` or 0.05; 5% by default. Beyond it the register can be looked at, and nothing can be made of it
    max_corrected : the same of the values of a field that may be set to missing or to something safer; outer spaces
        that were removed do not count; 10% by default. Of fewer than 20 rows or values no share is taken

    Returns
    -------
    Register

    Raises
    ------
    InputError
        A missing column (all are named at once), an unreadable file, a column of the wrong type; a file given twice,
        extracts of different days, or one drawn before the list date.

    Examples
    --------
    >>> import pyarrow as pa, casemgmt as cm
    >>> table = pa.table({"patient_id": ["a", "b"], "practice_id": ["C87002", "C87002"], "age": [80, 31]})
    >>> len(cm.read_register(table, as_of="2015-04-01"))
    2
    """
    options = reading_options(
        as_of=as_of,
        extracted_on=extracted_on,
        columns=columns,
        values=values,
        date_format=date_format,
        null_means_absent=null_means_absent,
        practice_pattern=practice_pattern,
        encoding=encoding,
        separator=separator,
        skip_lines=skip_lines,
        sheet=sheet,
        config=config,
        expected_rows=expected_rows,
        extracts_within=extracts_within,
        max_quarantined=max_quarantined,
        max_corrected=max_corrected,
    )
    opened = open_source(source, options.form)
    options.check_rows(opened.rows_in)
    return options.reader(opened.table, options.limits, stated_days(opened.metadata)).read(opened)


def read_practice(
    table: pa.Table,
    *,
    as_of: str | dt.date,
    extracted_on: str | dt.date | None = None,
    values: Mapping[str, Mapping[str, object]] | None = None,
    date_format: Mapping[str, str] | None = None,
    null_means_absent: Iterable[str] = (),
    practice_pattern: str | None = None,
) -> Register:
    """:func:`read_register` of the rows of one practice of a register that judges its columns as a whole."""
    opened = open_source(table)
    options = reading_options(
        as_of=as_of,
        extracted_on=extracted_on,
        values=values,
        date_format=date_format,
        null_means_absent=null_means_absent,
        practice_pattern=practice_pattern,
    )
    reader = options.reader(opened.table, Limits(), stated_days(opened.metadata))
    return replace(reader, judges_columns=False).read(opened)
