"""Reading a register: from a source to checked, packed rows, in one pass that can account for each row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments, logs
from casemgmt.errors import plural
from casemgmt.register.limits import Limits, Share
from casemgmt.register.reading_options import Bounds, Meaning, ReadingOptions, Written, reading_options
from casemgmt.register.register import Register
from casemgmt.register.sources import open_source, stated_days

if TYPE_CHECKING:
    import pyarrow as pa

    from casemgmt.annotations import Files


@arguments.checked(
    columns=arguments.text_mapping,
    values=arguments.mapping,
    date_format=arguments.text_mapping,
    null_means_absent=arguments.texts_or_none,
    practice_pattern=arguments.text_or_none,
    expected_rows=arguments.whole_or_none,
)
def read_register(
    source: Files,
    *,
    as_of: str | dt.date,
    extracted_on: str | dt.date | None = None,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    date_format: Mapping[str, str] | None = None,
    null_means_absent: Iterable[str] | None = None,
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
    source : a path (Parquet, CSV, CSV with gzip, Excel, Arrow IPC), a folder of part files of one kind, a pattern such
        as ``"extracts/*.csv"``, a list of these, or any object with ``__arrow_c_stream__``: a pandas, polars or pyarrow
        table, a DuckDB relation
    as_of : the list date (ISO); ages are whole years on it
    extracted_on : the day the data was drawn, after which a date is future; by default as its column ``extracted_on``
        or the metadata of its files say, else ``as_of``. What they say may differ by ``extracts_within`` days
    columns, values : such as ``{"NHSNo": "patient_id"}``, and ``{"sex": {"1": "M", "2": "F"}}``
    date_format : field → form, such as ``{"date_of_birth": "%d/%m/%Y"}`` or ``"%d-%b-%Y"``; ISO without. A time of day
        must be midnight, unless ``"truncate"``, alone or before a form, says that the day is taken as it is written
    null_means_absent : conditions for which a missing value means that the patient does not have it; [] for none, where
        a mapping file says some
    practice_pattern : regular expression a practice code must match whole; an ODS code by default
    encoding, separator, skip_lines : of a CSV file: UTF-8, ``","`` (or ``";"``, ``"tab"``, ``"|"``), and how many lines
        (of a sheet: rows) stand before the header
    sheet : of a workbook: its name, or its place from 1; needed where there are several
    config : a mapping file that says all of this (``casemgmt check FILE --write-config``); the call comes before it
    expected_rows : refuse a source with another number of rows, such as a file that was cut short
    max_quarantined, max_corrected : beyond what share of the rows, or of the values of a field, nothing can be made of
        the register: ``"5%"``, ``"1/20"`` or 0.05; by default 5% and 10%, as :mod:`casemgmt.register.limits` has it

    Raises
    ------
    InputError
        A missing column (all are named at once) or one of the wrong type, an unreadable file, a file given twice,
        extracts of different days, or one drawn before the list date.

    Examples
    --------
    >>> import pyarrow as pa, casemgmt as cm
    >>> table = pa.table({"patient_id": ["a", "b"], "practice_id": ["C87002", "C87002"], "age": [80, 31]})
    >>> len(cm.read_register(table, as_of="2015-04-01"))
    2
    """
    meaning = Meaning(columns, values, date_format, null_means_absent, practice_pattern)
    written = Written(encoding, separator, skip_lines, sheet, config)
    bounds = Bounds(expected_rows, extracts_within, max_quarantined, max_corrected)
    return _read(source, reading_options(as_of, extracted_on, meaning, written, bounds))


def _read(source: object, options: ReadingOptions) -> Register:
    opened = open_source(source, options.form)
    options.check_rows(opened.rows_in)
    register = options.reader(opened.table, options.limits, stated_days(opened.metadata)).read(opened)
    logs.info(
        "register",
        "read %s of %s: %s accepted, %s, %s quarantined, %s",
        plural(register.rows_in, "row"),
        plural(len(register.parts), "file"),
        f"{len(register):,}",
        plural(register.merged, "merged repeat"),
        f"{register.quarantine.num_rows:,}",
        plural(register.corrections.num_rows, "correction"),
    )
    return register


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
    meaning = Meaning(None, values, date_format, null_means_absent, practice_pattern)
    options = reading_options(as_of, extracted_on, meaning)
    reader = options.reader(opened.table, Limits(), stated_days(opened.metadata))
    return replace(reader, judges_columns=False).read(opened)
