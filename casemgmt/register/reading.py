"""Reading a register: from a source to checked, packed rows, in one pass that can account for each row."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt import arguments
from casemgmt.compiling import pays
from casemgmt.dates import as_date, day_number
from casemgmt.errors import InputError, InputWarning, did_you_mean, is_misspelt, listed, missing_columns, plural
from casemgmt.names import slipped_field
from casemgmt.register import fixed_width
from casemgmt.register.accounting import Account
from casemgmt.register.cleaning import Cleaned, FlagColumn, clean_column
from casemgmt.register.columns import NO_DAY
from casemgmt.register.config import declare
from casemgmt.register.contradictions import BEFORE_BIRTH, BEFORE_JOINING, contradictions_of
from casemgmt.register.counts import count_rows, given_values
from casemgmt.register.date_forms import check_date_form
from casemgmt.register.excel import ID_FIELDS
from casemgmt.register.fields import FIELDS
from casemgmt.register.fixed_width import trimmed
from casemgmt.register.forms import with_texts
from casemgmt.register.freshness import day_of_extract, days_of_rows
from casemgmt.register.identity import (
    ODS_PATTERN,
    Judged,
    Verdict,
    judge,
    judge_part,
    text_as_it_lies,
    text_values,
)
from casemgmt.register.layout import Column, layout_of, pack_rows
from casemgmt.register.limits import Limits, Share
from casemgmt.register.long_texts import by_number, counts_of
from casemgmt.register.packing import STATUS, Packed, group_order, is_rising
from casemgmt.register.readable import ReadableCount, count_of, last_days, notes_of, refuse_columns
from casemgmt.register.register import Register
from casemgmt.register.registrations import Registrations
from casemgmt.register.soundness import in_plain_layout
from casemgmt.register.sources import Source, open_source, stated_days
from casemgmt.register.standing import age_of, status_of
from casemgmt.register.value_maps import ValueMaps, check_targets
from casemgmt.register.values import OUTER_SPACES, is_out_of_range

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

# Fields whose values decide who may be listed or who is chosen share the first chunk, one look-up for all.
_FIRST = ("objected", "nominated", "care_home_type", "sex", "imd_decile")
_WIDE = ("nomination_order",)
# Columns that are no fields, looked at for slips.
_MOST_NAMES = 500
_LEAVING = ("date_of_death", "deregistered_on")
# What is said of values that were read, and taken as they are.
_READ = (OUTER_SPACES, BEFORE_JOINING)
_SAFETY = ("objected", *_LEAVING, "registered_on")


@arguments.checked(
    columns=arguments.text_mapping,
    values=arguments.mapping,
    date_format=arguments.text_mapping,
    null_means_absent=arguments.texts,
    practice_pattern=arguments.text_or_none,
    expected_rows=arguments.whole_or_none,
)
def read_register(
    source: Any,
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
    said = declare(
        config,
        columns=columns,
        values=values,
        date_format=date_format,
        null_means_absent=null_means_absent,
        practice_pattern=practice_pattern,
        encoding=encoding,
        separator=separator,
        skip_lines=skip_lines,
        sheet=sheet,
    )
    opened = open_source(source, with_texts(said.form, said.columns, ID_FIELDS))
    if expected_rows is not None and opened.rows_in != expected_rows:
        raise unexpected_rows(opened.rows_in, expected_rows)
    reader = reader_for(
        opened.table,
        as_of=as_of,
        extracted_on=extracted_on,
        columns=said.columns,
        values=said.values,
        date_format=said.date_format,
        null_means_absent=said.null_means_absent,
        practice_pattern=said.practice_pattern or ODS_PATTERN,
        stated=stated_days(opened.metadata),
        extracts_within=extracts_within,
        limits=said.limits(max_quarantined, max_corrected),
    )
    return reader.read(opened)


def read_practice(table: pa.Table, **options: Any) -> Register:
    """:func:`read_register` of the rows of one practice of a register that judges its columns as a whole."""
    opened = open_source(table)
    defaults: dict[str, Any] = {"extracted_on": None, "columns": None, "values": None, "date_format": None}
    defaults |= {"null_means_absent": (), "practice_pattern": ODS_PATTERN, "extracts_within": 0, "limits": Limits()}
    reader = reader_for(opened.table, stated=stated_days(opened.metadata), **{**defaults, **options})
    return replace(reader, judges_columns=False).read(opened)


def unexpected_rows(found: int, expected: int) -> InputError:
    """A source that has been cut short, or is another one."""
    return InputError(f"{found:,} rows where {expected:,} were expected: the source is not whole.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How a register is read; the arguments of :func:`read_register`, checked.

    Attributes
    ----------
    list_date, extract_date : ``as_of`` and ``extracted_on``
    columns : the source's column name → the field
    values : field → {text in the source: value}
    date_format : field → form
    absent : conditions for which a missing value means that the patient does not have it
    pattern : that a practice code must match whole
    limits : the shares of rows and values beyond which the register is refused
    judges_columns : whether the rows are all that there are, so that a column can be refused; not of one practice alone
    """

    list_date: dt.date
    extract_date: dt.date
    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, Any]]
    date_format: Mapping[str, str]
    absent: frozenset[str]
    pattern: str
    limits: Limits
    judges_columns: bool = True

    @property
    def registrations(self) -> Registrations:
        """How to tell a patient's open registration from those that have ended."""
        days = day_number(self.list_date), day_number(self.extract_date)
        return Registrations(*days, self.values, self.date_format)

    def read(self, opened: Source) -> Register:
        """Check every row of a whole source."""
        with in_words():
            # Of one practice alone a mapping can match nothing, and be of use to the others.
            if self.values and self.judges_columns:
                maps = self.value_maps()
                maps.add(_renamed(opened.table, self.columns))
                maps.refuse_vain()
            return self._register(opened, None)[0]

    def read_part(self, opened: Source, known: Known) -> Part:
        """Check the rows of a part, and leave to its reader what only the whole can tell."""
        with in_words():
            return Part(*self._register(opened, known))

    def table(self, opened: Source, as_they_are: frozenset[str] = frozenset()) -> tuple[pa.Table, dict[str, int]]:
        """The source's rows, its columns under the fields' names, its text fields as text; the widths of its ids.

        See :func:`casemgmt.register.fixed_width.trimmed`.
        """
        table = in_plain_layout(_renamed(opened.table, self.columns))
        table, widths = trimmed(table, self.values, as_they_are)
        return _with_texts(table, self.values), widths

    def value_maps(self) -> ValueMaps:
        """What tells whether ``values`` finds anything to map."""
        return ValueMaps(self.values, self.date_format, self.pattern, day_number(self.extract_date))

    def _register(
        self, opened: Source, known: Known | None
    ) -> tuple[Register, Judged, Mapping[str, ReadableCount], npt.NDArray[np.bool_], Mapping[str, int]]:
        """Judge every row, clean every column, and pack the accepted rows."""
        import numpy as np

        # What one practice alone has of one width, others may not have.
        as_they_are = frozenset() if self.judges_columns else frozenset(fixed_width.COLUMNS)
        table, widths = self.table(opened, as_they_are if known is None else known.as_they_are)
        cleaner = _Cleaner(table, self)
        rows, practice_values = table.num_rows, self.values.get("practice_id")
        if known is None:
            judged = judge(table, self.pattern, practice_values, self.registrations)
        else:
            judged = judge_part(table, self.pattern, practice_values, known.codes)
            known.apply_to(judged.verdict)
        verdict, practice, codes = judged.verdict, judged.practice, judged.practices
        merged = np.array(list(verdict.merged_into), dtype=np.int64)
        cleaned = {n: cleaner.clean(n) for n in FIELDS if n in table.column_names and _is_packed_kind(n)}
        cleaner.compare(cleaned)
        if isinstance(left := cleaned.get("deregistered_on"), Cleaned):
            closing = last_days(left, practice, codes)
            cleaner.readable["deregistered_on"] = cleaner.readable["deregistered_on"]._replace(practices=closing)
        if known is None and self.judges_columns:
            refuse_columns(cleaner.readable)
            cleaner.forget_padding()
        for name in _LEAVING:
            # Taken as missing, an unreadable day of death would put the dead on a list.
            for wrong, reason in cleaner.unreadable(name):
                verdict.set_aside(wrong[~np.isin(wrong, merged)], name, reason)
        for name, wrong in cleaner.ended_before_birth:
            verdict.set_aside(wrong[~np.isin(wrong, merged)], name, BEFORE_BIRTH)
        kept = verdict.code == 0
        kept[merged] = False
        # A practice all of whose rows were refused for another reason is still a practice, with nobody on its list.
        used = np.setdiff1d(np.flatnonzero(counts_of(practice, len(codes))), verdict.refused_practices)
        number = np.full(len(codes) + 1, -1, dtype=np.int32)
        number[used] = np.arange(len(used), dtype=np.int32)
        own = practice if len(used) == len(codes) else by_number(practice, number)
        order, grouping = _in_order(own, None if kept.all() else kept, len(used), mixed=known is not None)
        packed, days, numbers = self._packed(cleaned, cleaner, rows, order, known)
        where = Account(opened, practice, codes)
        practices, packed = tuple(codes[i] for i in used), replace(packed, **grouping)
        counts = count_rows(practices, packed, days, self.list_date, self.extract_date)
        register = Register(
            as_of=self.list_date,
            extracted_on=self.extract_date,
            practices=practices,
            quarantine=where.quarantine(verdict),
            corrections=where.corrections(cleaner.problems, kept),
            rows_in=opened.rows_in,
            merged=len(merged),
            parts=opened.parts,
            metadata=opened.metadata,
            packed=packed,
            days=days,
            numbers=numbers,
            source_table=table,
            ids=text_as_it_lies(table, "patient_id"),
            order=order,
            source_row=opened.row_numbers,
            merged_into=verdict.merged_into,
            index=opened.index,
            fields=tuple(name for name in FIELDS if name in table.column_names or name == "age"),
            notes=(*fixed_width.notes_of(widths), *notes_of(cleaner.readable)) if known is None else (),
            counts=replace(counts, given=given_values(cleaner.read, cleaner.problems, kept)),
            limits=self.limits,
        )
        return register, judged, cleaner.readable, kept, widths

    def _packed(
        self, cleaned: Mapping[str, Cleaned | FlagColumn], cleaner: _Cleaner, rows: int, order: Any, known: Known | None
    ) -> tuple[Packed, dict[str, Any], dict[str, Any]]:
        """The packed fields, the days and the wide numbers, in ``order``."""
        import numpy as np

        columns: dict[str, Column] = dict(status_of(cleaned, self.list_date, self.extract_date))
        # Always packed, so that an earlier selection can fill it; false for everyone without the column.
        columns["on_caseload"] = cleaned.get("on_caseload", 0)
        wide = [name for name in cleaned if FIELDS[name].kind == "date" or name in _WIDE]
        for name in (*_FIRST, *(name for name in FIELDS if name not in _FIRST)):
            if name in cleaned and name not in (*wide, "age", "on_caseload"):
                columns[name] = cleaned[name]
        columns["age"] = age_of(cleaned, self.list_date, cleaner.problems)
        layout = layout_of(columns, STATUS, frozenset() if known is None else known.nullable)
        words, bytes_, shorts = pack_rows(layout, columns, rows)
        if order is not None:
            words, bytes_, shorts = (np.take(each, order, axis=1) for each in (words, bytes_, shorts))
        wider = {name: _wide(cleaned[name], order) for name in wide}
        days = {name: values for name, values in wider.items() if name not in _WIDE}
        return Packed(words, bytes_, shorts, layout.slots), days, {n: v for n, v in wider.items() if n in _WIDE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the reader of a part must know of the other parts.

    Attributes
    ----------
    codes : the practice codes of all parts, as far as they were met
    nullable : flags that have missing values in some part; ``None`` where every flag is to have room for them
    set_aside : row of this part → (field, reason), for repeats that contradict each other
    merged : rows of this part that repeat another row, which stays
    as_they_are : columns that are of fixed width in some parts, and not in others
    """

    codes: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    set_aside: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    merged: tuple[int, ...] = ()
    as_they_are: frozenset[str] = frozenset()

    def apply_to(self, verdict: Verdict) -> None:
        """Set aside and merge what the whole told."""
        import numpy as np

        for name, reason in sorted(set(self.set_aside.values())):
            rows = [row for row, said in self.set_aside.items() if said == (name, reason)]
            verdict.set_aside(np.array(sorted(rows), dtype=np.int64), name, reason)
        verdict.merged_into.update((row, -1) for row in self.merged if verdict.code[row] == 0)


class Part(NamedTuple):
    """The rows of a part, checked but for what only the whole can tell.

    Attributes
    ----------
    register : its rows in source order
    judged : what its ids and practice codes came to
    readable : how much of each column can be read
    kept : bool, one a source row: accepted
    widths : of the columns of fixed width; 0 of others
    """

    register: Register
    judged: Judged
    readable: Mapping[str, ReadableCount]
    kept: npt.NDArray[np.bool_]
    widths: Mapping[str, int]


def reader_for(
    table: pa.Table,
    *,
    as_of: str | dt.date,
    extracted_on: str | dt.date | None,
    columns: Mapping[str, str] | None,
    values: Mapping[str, Mapping[str, str]] | None,
    date_format: Mapping[str, str] | None,
    null_means_absent: Iterable[str],
    practice_pattern: str,
    stated: Iterable[str],
    extracts_within: int,
    limits: Limits,
    drawn: Iterable[dt.date] | None = None,
) -> Reader:
    """A reader for tables with the columns of this one.

    Parameters
    ----------
    stated : the days of extract in the metadata of files (ISO)
    limits : the shares of rows and values beyond which the register is refused
    drawn : the days in the column ``extracted_on``, if the table does not hold all of its rows

    Raises
    ------
    InputError
        A missing column, or an option that names none.
    """
    list_date, extract_date = _dates(as_of, extracted_on)
    renamed = _renamed(table, columns or {})
    _check_columns(renamed)
    declared = None if extracted_on is None else extract_date
    drawn = days_of_rows(renamed) if drawn is None else drawn
    extract_date = day_of_extract(drawn, stated, list_date, declared, extracts_within)
    absent = _check_options(
        renamed, values or {}, date_format or {}, null_means_absent, practice_pattern, day_number(extract_date)
    )
    return Reader(
        list_date=list_date,
        extract_date=extract_date,
        columns=columns or {},
        values={name: {str(k): value for k, value in mapping.items()} for name, mapping in (values or {}).items()},
        date_format=date_format or {},
        absent=absent,
        pattern=practice_pattern,
        limits=limits,
    )


@contextmanager
def in_words() -> Iterator[None]:
    """Say what Arrow refuses without the values that it quotes."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(
            f"A column holds text that is not UTF-8, or values that Arrow cannot read ({type(error).__name__})."
        ) from None


def _in_order(practice: Any, kept: Any, practices: int, mixed: bool) -> tuple[Any, dict[str, Any]]:
    """The accepted rows in the order in which they are packed (None: all as they came), and how they are grouped.

    Few rows are grouped by practice at once; many only where they came so, and the rows of a part (``mixed``) never.
    """
    import numpy as np

    accepted = None if kept is None else np.flatnonzero(kept)
    own = practice if accepted is None else practice[accepted]
    if own.min(initial=0) < 0:
        raise AssertionError("A row without a practice was accepted.")  # the compiled loops would not notice
    if mixed:
        return accepted, {"practice": own}
    if not is_rising(own):
        if pays(len(own)):
            return accepted, {"practice": own}
        order, groups = group_order(own, practices)
        return order if accepted is None else accepted[order], {"groups": groups}
    return accepted, {"groups": np.concatenate([[0], np.cumsum(counts_of(own, practices))]).astype(np.int64)}


def _dates(as_of: str | dt.date, extracted_on: str | dt.date | None) -> tuple[dt.date, dt.date]:
    list_date = as_date(as_of)
    extract_date = list_date if extracted_on is None else as_date(extracted_on, "extracted_on")
    if extract_date < list_date:
        raise InputError("extracted_on is before as_of: a list cannot be taken on a day after the data was drawn.")
    return list_date, extract_date


def _renamed(table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    absent = [name for name in columns if name not in table.column_names]
    if absent and set(absent) <= set(FIELDS) and set(columns.values()) <= set(table.column_names):
        raise InputError("columns= is the wrong way round: write {'its name in your data': 'the field'}.")
    if absent:
        raise missing_columns(absent, table.column_names, "columns=")
    names = [columns.get(name, name) for name in table.column_names]
    for name, given in columns.items():
        meant = slipped_field(given)
        if given not in FIELDS and meant is not None:
            raise InputError(f"columns= gives '{name}' the name '{given}', which is no field. Did you mean '{meant}'?")
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise InputError(f"columns= gives {plural(len(repeated), 'name')} to two columns: {listed(repeated)}.")
    return table.rename_columns(names)


def _with_texts(table: pa.Table, values: Mapping[str, Mapping[str, Any]]) -> pa.Table:
    """The table with its text fields as text, so that repeats, groups and every source agree on them."""
    for place, name in enumerate(table.column_names):
        if name in FIELDS and FIELDS[name].kind == "text":
            table = table.set_column(place, name, text_values(table, name, values.get(name)))
    return table


def _stands_for(column: str, name: str) -> bool:
    return is_misspelt(column, name) or slipped_field(column) == name


def _check_columns(table: pa.Table) -> None:
    missing = [name for name in ("patient_id", "practice_id") if name not in table.column_names]
    if "age" not in table.column_names and "date_of_birth" not in table.column_names:
        missing.append("age or date_of_birth")
    if missing:
        raise missing_columns(missing, table.column_names, "every register")
    for name in _SAFETY:
        near = [column for column in table.column_names if column not in FIELDS and _stands_for(column, name)]
        if name not in table.column_names and near:
            raise InputError(
                f"Column {listed(near)} looks like '{name}', which decides who may be listed or ranked. Rename it with "
                f"columns={{'{near[0]}': '{name}'}}, or give it another name."
            )
    _warn_of_near_names(table.column_names)


def _warn_of_near_names(present: list[str]) -> None:
    """Warn of columns that are carried along untouched, and are called nearly like a field that is not there."""
    aged = {"age", "date_of_birth"}
    near = {}
    for name in [each for each in present if each not in FIELDS][:_MOST_NAMES]:
        meant = slipped_field(name)
        if meant is not None and meant not in present and not (meant in aged and aged & set(present)):
            near[name] = meant
    if near:
        pairs = ", ".join(f"'{name}': '{meant}'" for name, meant in near.items())
        said = f"{plural(len(near), 'column')} called nearly like a field that is not there, and not used as it: "
        warnings.warn(f"{said}rename with columns={{{pairs}}} where that is meant.", InputWarning, stacklevel=2)


def _check_options(
    table: pa.Table,
    values: Mapping[str, Mapping[str, str]],
    date_format: Mapping[str, str],
    null_means_absent: Iterable[str],
    pattern: str,
    last_day: int,
) -> frozenset[str]:
    """Refuse options that name no column, or the wrong kind of column."""
    absent = frozenset([null_means_absent] if isinstance(null_means_absent, str) else null_means_absent)
    present = table.column_names
    for option, names in (("values", values), ("date_format", date_format)):
        for name in names:
            if name not in present:
                raise InputError(f"{option}= names '{name}', which is no column.{did_you_mean(name, present)}")
    for name in values:
        if name not in FIELDS or name == "patient_id":
            raise InputError(f"values= names '{name}', whose values are carried as they come.")
        if not isinstance(values[name], Mapping):
            raise InputError(f"values={{'{name}': …}} needs a mapping, such as {{'1': 'M', '2': 'F'}}.")
    conditions = [name for name, field in FIELDS.items() if field.condition]
    for name in sorted(absent):
        if name not in conditions:
            raise InputError(
                f"null_means_absent names '{name}', which is no condition.{did_you_mean(name, conditions)}"
            )
    for name, form in date_format.items():
        if name not in FIELDS or FIELDS[name].kind != "date":
            raise InputError(f"date_format= names '{name}', which is no date field.")
        check_date_form(name, form)
    try:
        re.compile(pattern)
    except (re.error, TypeError):
        raise InputError("practice_pattern is not a regular expression.") from None
    check_targets(values, date_format, pattern, last_day)
    return absent


def _is_packed_kind(name: str) -> bool:
    return FIELDS[name].kind in {"flag", "integer", "category", "date"}


class _Cleaner:
    """Cleans columns and keeps the list of what it changed."""

    def __init__(self, table: pa.Table, reader: Reader) -> None:
        self.table, self._reader = table, reader
        self.problems: list[tuple[str, Any, str]] = []
        self.readable: dict[str, ReadableCount] = {}
        self.ended_before_birth: list[tuple[str, Any]] = []
        self.read: dict[str, Cleaned | FlagColumn] = {}  # as each column was read, its gaps not filled

    def clean(self, name: str) -> Cleaned | FlagColumn:
        """Read one field's column."""
        cleaned = clean_column(
            FIELDS[name],
            self.table.column(name),
            mapping=self._reader.values.get(name),
            date_format=self._reader.date_format.get(name),
            last_day=day_number(self._reader.extract_date),
            times="midnight",
        )
        self.readable[name], self.read[name] = count_of(FIELDS[name], cleaned), cleaned
        self.problems += [(name, rows, reason) for rows, reason in cleaned.problems]
        if not cleaned.has_missing:
            return cleaned
        import numpy as np

        if isinstance(cleaned, FlagColumn):
            return FlagColumn(cleaned.column, absent=name in self._reader.absent)
        if name in self._reader.absent:
            # Only a value that was never given means absent; one that could not be read is missing.
            given = np.asarray(cleaned.present)
            present = np.ones_like(given)
            for rows, _ in cleaned.problems:
                present[rows] = given[rows]
            return Cleaned(cleaned.values, None if present.all() else present)
        if name == "objected":
            # Whoever wrote something that cannot be read may have objected: nobody is ranked on a guess.
            values, given = cleaned.values.copy(), np.array(cleaned.present)
            for rows, _ in self.unreadable(name):
                values[rows], given[rows] = 1, True
            return Cleaned(values, given)
        return cleaned

    def compare(self, cleaned: Mapping[str, Cleaned | FlagColumn]) -> None:
        """Count what contradicts another column; the patient stays, but for a life that ended before it began."""
        for name, reason, rows, of in contradictions_of(cleaned, self._reader.list_date):
            count = self.readable[name]
            self.readable[name] = count._replace(clashes={**count.clashes, reason: (len(rows), of)})
            if reason == BEFORE_BIRTH:
                self.ended_before_birth.append((name, rows))
            elif reason == BEFORE_JOINING and len(rows):
                self.problems.append((name, rows, reason))

    def forget_padding(self) -> None:
        """Leave texts that are all of one width out of what was changed: one note tells of them."""
        padded = {name for name, count in self.readable.items() if count.is_fixed_width}
        self.problems = [each for each in self.problems if each[0] not in padded or each[2] != OUTER_SPACES]

    def unreadable(self, name: str) -> list[tuple[Any, str]]:
        """(rows, reason) of a column's values that nobody can read; a date out of range can be."""
        return [
            (rows, reason)
            for column, rows, reason in self.problems
            if column == name and reason not in _READ and not is_out_of_range(reason)
        ]


def _wide(cleaned: Cleaned | FlagColumn, order: Any) -> Any:
    import numpy as np

    values = cleaned.values.astype(np.int32)
    values = values if cleaned.present is None else np.where(cleaned.present, values, np.int32(NO_DAY))
    return values if order is None else values[order]
