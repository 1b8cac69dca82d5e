"""The options of reading a register, held against its columns: names of columns, mappings, forms of dates."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from casemgmt.dates import as_date
from casemgmt.errors import (
    InputError,
    InputWarning,
    did_you_mean,
    is_misspelt,
    listed,
    missing_columns,
    no_such_column,
    plural,
)
from casemgmt.names import slipped_field
from casemgmt.register.date_forms import check_date_form
from casemgmt.register.fields import FIELDS
from casemgmt.register.value_maps import check_targets

if TYPE_CHECKING:
    import pyarrow as pa

# Columns that are no fields, looked at for slips.
_MOST_NAMES = 500
_SAFETY = ("objected", "date_of_death", "deregistered_on", "registered_on")


def unexpected_rows(found: int, expected: int) -> InputError:
    """A source that has been cut short, or is another one."""
    return InputError(f"{found:,} rows where {expected:,} were expected: the source is not whole.")


def list_and_extract_dates(as_of: str | dt.date, extracted_on: str | dt.date | None) -> tuple[dt.date, dt.date]:
    """``as_of`` and ``extracted_on`` as dates, in that order of days."""
    list_date = as_date(as_of)
    extract_date = list_date if extracted_on is None else as_date(extracted_on, "extracted_on")
    if extract_date < list_date:
        raise InputError("extracted_on is before as_of: a list cannot be taken on a day after the data was drawn.")
    return list_date, extract_date


def renamed(table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    """The table with its columns under the fields' names; refuses names that are not there, or that meet."""
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


def _stands_for(column: str, name: str) -> bool:
    return is_misspelt(column, name) or slipped_field(column) == name


def check_columns(table: pa.Table) -> None:
    """Refuse a table that lacks what every register has, or names nearly what decides who may be listed."""
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


def check_options(
    table: pa.Table,
    values: Mapping[str, Mapping[str, object]],
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
                raise no_such_column(option, name, present)
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
