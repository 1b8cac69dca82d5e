"""Reading a register: from a source to checked, packed rows, in one pass that can account for each row."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from casemgmt.dates import as_date, day_number
from casemgmt.errors import InputError, did_you_mean, is_misspelt, listed, missing_columns, plural
from casemgmt.register.accounting import Account
from casemgmt.register.cleaning import Cleaned, clean_column
from casemgmt.register.columns import NO_DAY
from casemgmt.register.fields import FIELDS
from casemgmt.register.freshness import day_of_extract
from casemgmt.register.identity import ODS_PATTERN, as_text, judge, judge_repeats, text_values
from casemgmt.register.packing import Packer
from casemgmt.register.register import Register
from casemgmt.register.sources import Source, open_source, stated_days
from casemgmt.register.standing import age_of, status_of
from casemgmt.register.values import AFTER_EXTRACT, BEFORE_1900, OUTER_SPACES

if TYPE_CHECKING:
    import pyarrow as pa

# Fields whose values decide who may be listed or who is chosen share the first chunk, one look-up for all.
_FIRST = ("objected", "nominated", "care_home_type", "sex", "imd_decile")
_WIDE = ("nomination_order",)
_LEAVING = ("date_of_death", "deregistered_on")
_SAFETY = ("objected", *_LEAVING, "registered_on")


def read_register(
    source: Any,
    *,
    as_of: str | dt.date,
    extracted_on: str | dt.date | None = None,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    date_format: Mapping[str, str] | None = None,
    null_means_absent: Iterable[str] = (),
    practice_pattern: str = ODS_PATTERN,
    encoding: str = "utf-8",
    expected_rows: int | None = None,
    extracts_within: int = 0,
) -> Register:
    """Read a practice register, check every row and lose none.

    Parameters
    ----------
    source : a path (Parquet, CSV, Arrow IPC), a list of paths, or any object with ``__arrow_c_stream__``: a pandas,
        polars or pyarrow table, a DuckDB relation
    as_of : the list date (ISO); ages are whole years on it
    extracted_on : the day the data was drawn; a date after it is refused as future. By default the day that the data
        itself states, in a column ``extracted_on`` or in the metadata of its files, else ``as_of``
    columns : the source's column name → the field, such as ``{"NHSNo": "patient_id"}``
    values : field → {text in the source: value}, such as ``{"sex": {"1": "M", "2": "F"}}``
    date_format : field → form, such as ``{"date_of_birth": "%d/%m/%Y"}``; ISO without
    null_means_absent : conditions for which a missing value means that the patient does not have it
    practice_pattern : regular expression a practice code must match whole; an ODS code by default
    encoding : of a CSV file
    expected_rows : refuse a source with another number of rows, such as a file that was cut short
    extracts_within : days by which the days of extract that the data states may differ

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
    import pyarrow as pa

    list_date, extract_date = _dates(as_of, extracted_on)
    opened = open_source(source, encoding)
    if expected_rows is not None and opened.rows_in != expected_rows:
        raise InputError(f"{opened.rows_in:,} rows where {expected_rows:,} were expected: the source is not whole.")
    table = _renamed(opened.table, columns or {})
    _check_columns(table)
    declared = None if extracted_on is None else extract_date
    extract_date = day_of_extract(table, stated_days(opened.metadata), list_date, declared, extracts_within)
    absent = _check_options(table, values or {}, date_format or {}, null_means_absent, practice_pattern)
    by_text = {name: {str(key): value for key, value in mapping.items()} for name, mapping in (values or {}).items()}
    try:
        cleaner = _Cleaner(_with_texts(table, by_text), by_text, date_format or {}, day_number(extract_date), absent)
        return _checked(opened, cleaner, practice_pattern, list_date, extract_date)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(
            f"A column holds text that is not UTF-8, or values that Arrow cannot read ({type(error).__name__})."
        ) from None


def _checked(
    opened: Source, cleaner: _Cleaner, practice_pattern: str, list_date: dt.date, extract_date: dt.date
) -> Register:
    """Judge every row, clean every column, and pack the accepted rows."""
    import numpy as np

    table = cleaner.table
    ids = as_text(table, "patient_id")
    verdict, practice, codes = judge(table, ids, practice_pattern, cleaner.values.get("practice_id"))
    judge_repeats(verdict, table, ids)
    cleaned = {name: cleaner.clean(name) for name in FIELDS if name in table.column_names and _is_packed_kind(name)}
    for name in _LEAVING:
        # Taken as missing, an unreadable day of death would put the dead on a list.
        for rows, reason in cleaner.unreadable(name):
            verdict.set_aside(rows[~np.isin(rows, list(verdict.merged_into))], name, reason)
    kept = verdict.code == 0
    kept[list(verdict.merged_into)] = False
    accepted = np.flatnonzero(kept)
    order = accepted[np.argsort(practice[accepted], kind="stable")]
    # A practice all of whose rows were refused for another reason is still a practice, with nobody on its list.
    used = np.setdiff1d(practice[practice >= 0], verdict.refused_practices)
    offsets = np.searchsorted(practice[order], np.append(used, len(codes))).astype(np.int64)

    age = age_of(cleaned, list_date, cleaner.problems)
    # Always packed, so that an earlier selection can fill it; false for everyone without the column.
    caseload = cleaned.pop("on_caseload", Cleaned(np.zeros(table.num_rows, dtype=np.int32), None))
    packer = Packer(table.num_rows)
    for name, flag in status_of(cleaned, list_date, extract_date, table.num_rows).items():
        packer.add_bits(name, flag, 1, (False, True), None)
    packer.add("on_caseload", caseload)
    days, numbers = {}, {}
    for name in (*_FIRST, *(name for name in FIELDS if name not in _FIRST)):
        if name in cleaned and name != "age":
            if FIELDS[name].kind == "date":
                days[name] = _wide(cleaned[name], order)
            elif name in _WIDE:
                numbers[name] = _wide(cleaned[name], order)
            else:
                packer.add(name, cleaned[name])
    packer.add("age", age)

    where = Account(opened, practice, codes)
    fields = tuple(name for name in FIELDS if name in table.column_names or name == "age")
    return Register(
        as_of=list_date,
        extracted_on=extract_date,
        practices=tuple(codes[i] for i in used),
        quarantine=where.quarantine(verdict),
        corrections=where.corrections(cleaner.problems, kept),
        rows_in=opened.rows_in,
        merged=len(verdict.merged_into),
        parts=opened.parts,
        metadata=opened.metadata,
        packed=packer.pack(order, offsets),
        days=days,
        numbers=numbers,
        source_table=table,
        ids=ids,
        table_row=order,
        source_row=opened.row_numbers,
        merged_into=verdict.merged_into,
        index=opened.index,
        fields=fields,
    )


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


def _check_columns(table: pa.Table) -> None:
    missing = [name for name in ("patient_id", "practice_id") if name not in table.column_names]
    if "age" not in table.column_names and "date_of_birth" not in table.column_names:
        missing.append("age or date_of_birth")
    if missing:
        raise missing_columns(missing, table.column_names, "every register")
    for name in _SAFETY:
        near = [column for column in table.column_names if column not in FIELDS and is_misspelt(column, name)]
        if name not in table.column_names and near:
            raise InputError(
                f"Column {listed(near)} looks like '{name}', which decides who may be listed or ranked. Rename it with "
                f"columns={{'{near[0]}': '{name}'}}, or give it another name."
            )


def _check_options(
    table: pa.Table,
    values: Mapping[str, Mapping[str, str]],
    date_format: Mapping[str, str],
    null_means_absent: Iterable[str],
    pattern: str,
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
        if sorted(re.findall(r"%.", form)) != ["%Y", "%d", "%m"]:
            raise InputError(
                f"date_format={{'{name}': …}} needs %d, %m and %Y once each, such as '%d/%m/%Y'; "
                "two-digit years and month names are not read."
            )
    try:
        re.compile(pattern)
    except re.error:
        raise InputError("practice_pattern is not a regular expression.") from None
    return absent


def _is_packed_kind(name: str) -> bool:
    return FIELDS[name].kind in {"flag", "integer", "category", "date"}


class _Cleaner:
    """Cleans columns and keeps the list of what it changed."""

    def __init__(
        self,
        table: pa.Table,
        values: Mapping[str, Mapping[str, Any]],
        date_format: Mapping[str, str],
        last_day: int,
        absent: frozenset[str],
    ) -> None:
        self.table, self.values, self._forms = table, values, date_format
        self._last_day, self._absent = last_day, absent
        self.problems: list[tuple[str, Any, str]] = []

    def clean(self, name: str) -> Cleaned:
        """Read one field's column."""
        cleaned = clean_column(
            FIELDS[name],
            self.table.column(name),
            mapping=self.values.get(name),
            date_format=self._forms.get(name),
            last_day=self._last_day,
        )
        self.problems += [(name, rows, reason) for rows, reason in cleaned.problems]
        if cleaned.present is None:
            return cleaned
        import numpy as np

        if name in self._absent:
            # Only a value that was never given means absent; one that could not be read is missing.
            present = np.ones_like(cleaned.present)
            for rows, _ in cleaned.problems:
                present[rows] = cleaned.present[rows]
            return Cleaned(cleaned.values, None if present.all() else present)
        if name == "objected":
            # Whoever wrote something that cannot be read may have objected: nobody is ranked on a guess.
            for rows, _ in self.unreadable(name):
                cleaned.values[rows] = 1
                cleaned.present[rows] = True
        return cleaned

    def unreadable(self, name: str) -> list[tuple[Any, str]]:
        """(rows, reason) of a column's values that nobody can read; a date out of range can be."""
        ranges = (AFTER_EXTRACT, BEFORE_1900, OUTER_SPACES)
        return [(rows, reason) for column, rows, reason in self.problems if column == name and reason not in ranges]


def _wide(cleaned: Cleaned, order: Any) -> Any:
    import numpy as np

    values = cleaned.values if cleaned.present is None else np.where(cleaned.present, cleaned.values, NO_DAY)
    return values[order].astype(np.int32)
