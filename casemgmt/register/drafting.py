"""A first mapping file for a source: what its names and values surely mean, and questions where they may mean more."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from casemgmt.errors import missing_columns, plural
from casemgmt.names import are_names, slipped_field
from casemgmt.register.fields import FIELDS, Field
from casemgmt.register.forms import FileForm
from casemgmt.register.sources import open_source
from casemgmt.register.spellings import flag_of, is_missing_word
from casemgmt.register.value_maps import OBVIOUS
from casemgmt.register.values import read_value

if TYPE_CHECKING:
    import pyarrow as pa

# Of a column of codes; one with more different values is free text, of which nothing is written down.
_MOST_CODES, _LONGEST_CODE = 12, 24
# A code that fewer people have may be something that was typed about one of them.
_FEWEST_PEOPLE = 8
_SEPARATED = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4})")
_MONTH_NAMED = re.compile(r"\d{1,2}([/. \-])[A-Za-z]{3}\1\d{4}")
_LAST_DAY = 2**31 - 1
_NHS_SEX = {"1": "M", "2": "F", "0": "U", "9": "I"}


def draft_config(source: object, form: FileForm | None = None) -> str:
    """The text of a mapping file for a source, to be looked through by whoever knows the source.

    Columns are guessed by their names, values by spellings whose meaning is plain, and the form of dates only where all
    values of a column together leave one. Ids, dates and free text are never written into it.

    Raises
    ------
    InputError
        The source cannot be read, or has no header.
    """
    form = form or FileForm()
    table = open_source(source, form).table
    names = table.column_names
    if not are_names(names):
        raise missing_columns(["patient_id", "practice_id"], names, "every register")
    columns = _columns(names)
    own = {field: name for name, field in columns.items()} | {name: name for name in names if name in FIELDS}
    text = [
        "# A mapping file: how this source is written. Drafted from its header and its values; look through",
        "# it before use. casemgmt check FILE --as-of DATE --config THIS_FILE",
        "",
        "# Conditions for which an empty value means that the patient does not have it.",
        '# null_means_absent = "all-conditions"',
        "",
        *_column_lines(names, columns),
        *_value_lines(table, own),
        *_date_lines(table, own),
        *_reading_lines(form),
    ]
    return "\n".join(text) + "\n"


def _columns(names: Sequence[str]) -> dict[str, str]:
    """The source's column → the field it surely is."""
    meant = {name: slipped_field(name) for name in names if name not in FIELDS}
    fields = [field for field in meant.values() if field is not None]
    return {n: f for n, f in meant.items() if f is not None and fields.count(f) == 1 and f not in names}


def _column_lines(names: Sequence[str], columns: dict[str, str]) -> list[str]:
    lines = ["[columns]  # its name in the source = the field; casemgmt fields lists them all"]
    lines += [f"{_key(name)} = {_key(field, value=True)}" for name, field in columns.items()]
    for name in names:
        field = None if name in FIELDS or name in columns else slipped_field(name)
        if field is not None and field not in names:
            lines.append(f"# {_key(name)} = {_key(field, value=True)}  # or another column: which one is it?")
    left = [name for name in names if name not in FIELDS and name not in columns and slipped_field(name) is None]
    if left:
        lines.append(f"# No field, and carried along untouched: {', '.join(_key(name) for name in left[:40])}")
    return [*lines, ""]


def _value_lines(table: pa.Table, own: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for name, field in FIELDS.items():
        if name in own and field.kind in ("category", "flag"):
            lines += _values_of(field, table.column(own[name]))
    return lines


def _values_of(field: Field, column: pa.ChunkedArray) -> list[str]:
    """The lines for one column of codes; none where all can be read as they are."""
    counts = _counts(column)
    if counts is None:
        return []
    unread = {value: count for value, count in counts.items() if not _is_read(field, value)}
    if not unread:
        return []
    if len(counts) > _MOST_CODES or any(len(value) > _LONGEST_CODE for value in counts):
        return [f"# [values.{field.name}]  # {plural(len(unread), 'value')} to map: too many or too long to list", ""]
    sure = {value: _obvious(field, value, counts) for value in unread}
    lines = [f"[values.{field.name}]  # {field.allowed_in_words}"]
    lines += [f"{_key(value)} = {_key(meant, value=True)}" for value, meant in sure.items() if meant is not None]
    asked = [value for value, meant in sure.items() if meant is None]
    shown = [value for value in asked if unread[value] >= _FEWEST_PEOPLE]
    lines += [f'# {_key(value)} = "?"  # what does it mean?' for value in shown]
    if len(shown) < len(asked):
        lines.append(f"# {plural(len(asked) - len(shown), 'rare value')} not shown here")
    return [*lines, ""]


def _obvious(field: Field, value: str, counts: Iterable[str]) -> str | None:
    plain = OBVIOUS.get(field.name, {}).get(value.strip().casefold())
    if plain is None and field.name == "sex" and {v.strip() for v in counts} <= {*_NHS_SEX, ""}:
        # Person stated gender, NHS Data Dictionary: 1 male, 2 female, 9 indeterminate.
        return _NHS_SEX.get(value.strip())
    return plain


def _is_read(field: Field, value: str) -> bool:
    if field.kind == "flag":
        return is_missing_word(value) or flag_of(value) is not None
    return not value.strip() or read_value(field, value, date_format=None, last_day=_LAST_DAY).value is not None


def _counts(column: pa.ChunkedArray) -> dict[str, int] | None:
    """How often each text stands in a column; None for other columns."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        kind = pa.string()
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        return None
    found = pc.value_counts(column.cast(pa.large_string()))
    pairs = zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True)
    return {re.sub(r"\.0$", "", value): count for value, count in pairs if value is not None}


def _date_lines(table: pa.Table, own: dict[str, str]) -> list[str]:
    lines = ["[date_formats]  # where dates are not written as 1944-02-03"]
    for name, field in FIELDS.items():
        if name in own and field.kind == "date":
            counts = _counts(table.column(own[name]))
            values = [value.strip() for value in counts or () if not is_missing_word(value)]
            lines += _date_line(name, values)
    return [*lines, ""]


def _date_line(name: str, values: Sequence[str]) -> list[str]:
    """The line for one field, from all its values; a question where they leave more than one form."""
    if not values or all(re.fullmatch(r"\d{4}-\d\d-\d\d([T ]00:00:00(\.0+)?)?", value) for value in values):
        return []
    if all(re.fullmatch(r"(19|20)\d{6}", value) for value in values) and _all_read(values, "%Y%m%d"):
        return [f'{name} = "%Y%m%d"']
    for mark in "-/. ":
        form = f"%d{mark}%b{mark}%Y"
        if all(_MONTH_NAMED.fullmatch(value) for value in values) and _all_read(values, form):
            return [f'{name} = "{form}"']
    found = [_SEPARATED.fullmatch(value) for value in values]
    marks = {each[2] for each in found if each}
    if not all(found) or len(marks) != 1:
        return [f'# {name} = "?"  # its values are not all written in one form that is known here']
    mark = marks.pop()
    day_first, month_first = (mark.join(parts) for parts in (("%d", "%m", "%Y"), ("%m", "%d", "%Y")))
    fits = [form for form in (day_first, month_first) if _all_read(values, form)]
    if len(fits) == 1:
        return [f'{name} = "{fits[0]}"']
    if not fits:
        return [f'# {name} = "{day_first}"  # day first in some values, month first in others, or no dates: which?']
    return [f'# {name} = "{day_first}"  # or "{month_first}"? No day over 12 in any value tells: ask the source']


def _all_read(values: Sequence[str], form: str) -> bool:
    try:
        for value in values:
            dt.datetime.strptime(value, form)
    except ValueError:
        return False
    return True


def _reading_lines(form: FileForm) -> list[str]:
    lines = ["[reading]"]
    if form.skip_lines:
        lines.append(f"skip_lines = {form.skip_lines}")
    if form.separator is not None:
        lines.append(f"separator = {_key({chr(9): 'tab'}.get(form.separator, form.separator), value=True)}")
    if form.encoding != "utf-8":
        lines.append(f"encoding = {_key(form.encoding, value=True)}")
    if form.sheet is not None:
        lines.append(f"sheet = {form.sheet if isinstance(form.sheet, int) else _key(form.sheet, value=True)}")
    return lines


def _key(text: str, *, value: bool = False) -> str:
    """A text as TOML has it: bare where a key may be, else in quotes."""
    if not value and re.fullmatch(r"[A-Za-z0-9_-]+", text):
        return text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
