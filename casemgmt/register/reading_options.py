"""What a register is read with, held once: what a call and its mapping file say, and the reader they make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.dates import day_number
from casemgmt.register.config import Declared, declare
from casemgmt.register.excel import ID_FIELDS
from casemgmt.register.forms import FileForm, with_texts
from casemgmt.register.freshness import day_of_extract, days_of_rows
from casemgmt.register.identity import ODS_PATTERN
from casemgmt.register.limits import Limits, Share
from casemgmt.register.options import (
    check_columns,
    check_options,
    list_and_extract_dates,
    renamed,
    unexpected_rows,
)
from casemgmt.register.reader import Reader

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """What a register is read with, whichever way its rows come.

    Attributes
    ----------
    declared : how the source is written, as the call and its mapping file say together
    as_of, extracted_on, expected_rows, extracts_within : as of :func:`casemgmt.read_register`
    max_quarantined, max_corrected : as of it; None: as the mapping file says, else the usual shares
    """

    declared: Declared
    as_of: str | dt.date
    extracted_on: str | dt.date | None
    expected_rows: int | None = None
    extracts_within: int = 0
    max_quarantined: Share | None = None
    max_corrected: Share | None = None

    @property
    def form(self) -> FileForm:
        """How text files and workbooks are written; ids in a workbook must be text."""
        return with_texts(self.declared.form, self.declared.columns, ID_FIELDS)

    @property
    def limits(self) -> Limits:
        """The shares of rows and values beyond which the register is refused."""
        return self.declared.limits(self.max_quarantined, self.max_corrected)

    def check_rows(self, rows: int) -> None:
        """Refuse a source of another number of rows than was expected."""
        if self.expected_rows is not None and rows != self.expected_rows:
            raise unexpected_rows(rows, self.expected_rows)

    def reader(
        self, table: pa.Table, limits: Limits, stated: Iterable[str], drawn: Iterable[dt.date] | None = None
    ) -> Reader:
        """A reader for tables with the columns of this one.

        Parameters
        ----------
        limits : the shares of rows and values beyond which the register is refused
        stated : the days of extract in the metadata of files (ISO)
        drawn : the days in the column ``extracted_on``, if the table does not hold all of its rows

        Raises
        ------
        InputError
            A missing column, or an option that names none.
        """
        said = self.declared
        list_date, extract_date = list_and_extract_dates(self.as_of, self.extracted_on)
        named = renamed(table, said.columns)
        check_columns(named)
        declared = None if self.extracted_on is None else extract_date
        drawn = days_of_rows(named) if drawn is None else drawn
        extract_date = day_of_extract(drawn, stated, list_date, declared, self.extracts_within)
        pattern = said.practice_pattern or ODS_PATTERN
        absent = check_options(
            named, said.values, said.date_format, said.null_means_absent, pattern, day_number(extract_date)
        )
        return Reader(
            list_date=list_date,
            extract_date=extract_date,
            columns=said.columns,
            values={name: {str(key): value for key, value in each.items()} for name, each in said.values.items()},
            date_format=said.date_format,
            absent=absent,
            pattern=pattern,
            limits=limits,
        )


class Meaning(NamedTuple):
    """What a call says of columns and values, in the words of :func:`casemgmt.read_register`."""

    columns: Mapping[str, str] | None = None
    values: Mapping[str, Mapping[str, object]] | None = None
    date_format: Mapping[str, str] | None = None
    null_means_absent: Iterable[str] | None = None
    practice_pattern: str | None = None


class Written(NamedTuple):
    """What a call says of how files are written, in the words of :func:`casemgmt.read_register`."""

    encoding: str | None = None
    separator: str | None = None
    skip_lines: int | None = None
    sheet: str | int | None = None
    config: str | Path | None = None


class Bounds(NamedTuple):
    """What a call expects of a source, in the words of :func:`casemgmt.read_register`."""

    expected_rows: int | None = None
    extracts_within: int = 0
    max_quarantined: Share | None = None
    max_corrected: Share | None = None


def reading_options(
    as_of: str | dt.date,
    extracted_on: str | dt.date | None,
    meaning: Meaning,
    written: Written | None = None,
    bounds: Bounds | None = None,
) -> ReadingOptions:
    """The arguments that :func:`casemgmt.read_register` and :func:`casemgmt.scan_register` have in common.

    Raises
    ------
    InputError
        A mapping file that cannot be read, or an argument of another kind.
    """
    declared = declare(**(written or Written())._asdict(), **meaning._asdict())
    bounds = bounds or Bounds()
    return ReadingOptions(declared=declared, as_of=as_of, extracted_on=extracted_on, **bounds._asdict())
