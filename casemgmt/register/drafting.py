"""A first mapping file for a source: what its names and values surely mean, and questions where they may mean more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from casemgmt.errors import InputError, missing_columns, plural
from casemgmt.names import are_names, is_condition, slipped_field
from casemgmt.register.drafted_dates import date_line
from casemgmt.register.drafted_values import counts_of, key_of, number_columns, value_lines
from casemgmt.register.fields import FIELDS
from casemgmt.register.first_lines import Looked, look_at
from casemgmt.register.forms import FileForm, data_files, is_paths
from casemgmt.register.questions import QUESTION
from casemgmt.register.sources import open_source
from casemgmt.register.spellings import flag_of, is_missing_word

if TYPE_CHECKING:
    import pyarrow as pa

_ALWAYS = ("patient_id", "practice_id")
_AGES = ("age", "date_of_birth")
_MOST_NAMED = 40
_MOST_ROWS_ABOVE = 12  # of a sheet, above its header
# Words in the name of a column that says who must not be ranked, or has a place, whatever else it is called.
_HINTS = {
    "objected": r"object|opt(ed|s)?[ _-]*out|dissent|consent|declin|refus",
    "date_of_death": r"death|died|dead|deceas|\bdod\b",
    "deregistered_on": r"dereg|deduct|left|leav|moved",
    "care_home_type": r"care[ _-]*home|nursing|resid",
    "nominated": r"nominat|gp[ _-]*choice|judg",
    "on_caseload": r"case[ _-]*load|case[ _-]*manag",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is known of a source before it is looked at; None and empty where nothing is said.

    Attributes
    ----------
    columns : its name in the source → the field
    encoding, separator, skip_lines, sheet : of :class:`FileForm`
    needed : fields and columns that will be needed, with what needs them
    used : fields that would be used where they are there, with what uses them
    """

    columns: Mapping[str, str]
    encoding: str | None = None
    separator: str | None = None
    skip_lines: int | None = None
    sheet: str | int | None = None
    needed: Mapping[str, str]
    used: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A mapping file that was drafted.

    Attributes
    ----------
    text : of the file, in TOML
    questions : how many questions stand in it, each a ``"?"``
    """

    text: str
    questions: int

    def __str__(self) -> str:
        """The text of the file."""
        return self.text


def draft(source: object, said: Said) -> Draft:
    """A mapping file for a source, to be looked through by whoever knows the source.

    Columns are recognised by their names, values by spellings whose meaning is plain, and the form of dates only where
    all values of a column together leave one. What is not sure stands in it as a question, which has to be answered
    before anything is read by the file. Ids, dates and free text are never written into it, nor a value that few
    people have.

    Raises
    ------
    InputError
        The source cannot be read, or has no header.
    """
    looked, table = _opened(source, said)
    names = table.column_names
    if not (set(names) & set(said.columns) or are_names(names)):
        raise missing_columns(_ALWAYS, names, "every register")
    columns = _columns(names, said)
    own = {field: name for name, field in columns.items()} | {name: name for name in names if name in FIELDS}
    lines = [
        "# A mapping file: how this source is written. Drafted from its header and its values; look through it, and",
        '# write the answer where a "?" stands: until then nothing is read by it.',
        "",
        *_gap_lines(table, own),
        *_column_lines(table, columns, own, said),
        *(line for name, field in FIELDS.items() if name in own for line in value_lines(field, table, own[name])),
        *_date_lines(table, own),
        *_reading_lines(looked),
    ]
    text = "\n".join(lines) + "\n"
    return Draft(text, sum(_asks(line) for line in lines))


def _opened(source: object, said: Said) -> tuple[Looked, pa.Table]:
    """The source, and how it is written; the header of a workbook is looked for in its first rows."""
    looked = _looked(source, said)
    if not looked.is_workbook or said.skip_lines is not None:
        return looked, open_source(source, looked.form).table
    problem: InputError | None = None
    for rows in range(_MOST_ROWS_ABOVE + 1):
        lower = replace(looked, form=replace(looked.form, skip_lines=rows))
        try:
            table = open_source(source, lower.form).table
        except InputError as refusal:  # a title that stands above the columns, say
            problem = problem or refusal
            continue
        if are_names(table.column_names) or set(table.column_names) & set(said.columns):
            return lower, table
    raise problem or missing_columns(_ALWAYS, table.column_names, "every register")


def _asks(line: str) -> bool:
    said = line.partition("  #")[0]
    return not line.startswith("#") and (said.endswith(f'= "{QUESTION}"') or line.startswith(f'"{QUESTION} '))


def _looked(source: object, said: Said) -> Looked:
    how = {name: getattr(said, name) for name in ("encoding", "separator", "skip_lines", "sheet")}
    if isinstance(source, str) or hasattr(source, "suffix") or is_paths(source):
        return look_at(data_files(source)[0], **how, known=tuple(said.columns))  # type: ignore[arg-type]
    return Looked(form=replace(FileForm(), **{name: value for name, value in how.items() if value is not None}))


def _columns(names: Sequence[str], said: Said) -> dict[str, str]:
    """The source's column → the field it surely is."""
    known = {name: field for name, field in said.columns.items() if name in names}
    meant = {name: slipped_field(name) for name in names if name not in FIELDS and name not in known}
    fields = [*(field for field in meant.values() if field is not None), *known.values()]
    sure = {n: f for n, f in meant.items() if f is not None and fields.count(f) == 1 and f not in names}
    return {name: {**sure, **known}[name] for name in names if name in sure or name in known}


def _column_lines(table: pa.Table, columns: Mapping[str, str], own: Mapping[str, str], said: Said) -> list[str]:
    names = table.column_names
    lines = ["[columns]  # its name in the source = the field; casemgmt fields lists them all"]
    lines += [f"{key_of(name)} = {key_of(field, value=True)}" for name, field in columns.items()]
    rivals: dict[str, list[str]] = {}
    for name in names:
        field = None if name in FIELDS or name in columns else slipped_field(name)
        if field is not None and field not in own:
            rivals.setdefault(field, []).append(name)
    for field, several in rivals.items():
        quoted = " or ".join(key_of(name, value=True) for name in several)
        lines.append(_which(field, f"which column is it: {quoted}? Its name in place of the question"))
    left = [name for name in names if name not in FIELDS and name not in columns and slipped_field(name) is None]
    may_be = _may_be(left, own)
    for field, why in _missing(own, said).items():
        if field not in rivals and field not in names and field not in may_be.values():
            lines.append(
                _which(
                    field, f"{why}: which column is it? Its name in place of the question; if none, it has to be added"
                )
            )
    left = [name for name in left if name not in may_be]
    for name, field in may_be.items():
        lines.append(
            f'{key_of(name)} = "{QUESTION}"  # is it {field}? That name if so; its own name, if it is no field at all'
        )
    if left:
        lines.append(f"# No field, and carried along untouched: {', '.join(map(key_of, left[:_MOST_NAMED]))}")
    lines += _used_lines(said, own, may_be)
    numbers = number_columns(table, left)
    if numbers:
        listed = ", ".join(key_of(name, value=True) for name in numbers[:_MOST_NAMED])
        lines.append(f"# Of numbers, such as a score of your own (--score ranks by one of them): {listed}")
    return [*lines, ""]


def _used_lines(said: Said, own: Mapping[str, str], may_be: Mapping[str, str]) -> list[str]:
    """What would be used and has no column, for somebody who knows of one under another name."""
    unmet = [name for name in said.used if name in FIELDS and name not in own and name not in may_be.values()]
    users = " and ".join(dict.fromkeys(said.used[name] for name in unmet))
    return [f"# {users} would use these too: {', '.join(unmet)}"] if unmet else []


def _may_be(left: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """Columns that are no field by their name, and may be one that bars a patient or gives a place."""
    return {
        name: field
        for name in left
        for field, words in _HINTS.items()
        if field not in own and re.search(words, name, re.IGNORECASE)
    }


def _which(field: str, question: str) -> str:
    return f"{key_of(f'{QUESTION} {field}')} = {key_of(field, value=True)}  # {question}"


def _missing(own: Mapping[str, str], said: Said) -> dict[str, str]:
    """The fields that are needed and have no column, and why they are needed."""
    why = dict.fromkeys((name for name in _ALWAYS if name not in own), "every register needs it")
    if not any(name in own for name in _AGES):
        why["date_of_birth"] = "every register needs it, or age"
    needed = {name: what for name, what in said.needed.items() if name not in own and name in FIELDS}
    return why | {name: f"{what} needs it" for name, what in needed.items() if name not in _AGES}


def _gap_lines(table: pa.Table, own: Mapping[str, str]) -> list[str]:
    """Whether an empty value of a condition means that the patient does not have it: nobody else knows."""
    gaps, never_no, most = [], 0, 0
    for field, name in own.items():
        if not is_condition(field):
            continue
        counts = counts_of(table.column(name))
        empty = table.column(name).null_count + sum(n for text, n in (counts or {}).items() if is_missing_word(text))
        if empty:
            gaps.append(field)
            most = max(most, empty)
            never_no += not any(flag_of(text) is False for text in counts or {})
    if not gaps:
        return []
    some = f"{plural(len(gaps), 'condition')} ({', '.join(gaps[:4])}{', …' if len(gaps) > 4 else ''})"
    some += f" {'has' if len(gaps) == 1 else 'have'} empty values, in up to {most:,} of {plural(table.num_rows, 'row')}"
    written = f"; {never_no} of them {'has' if never_no == 1 else 'have'} no 'no' written at all" if never_no else ""
    return [
        f"# {some}{written}.",
        "# Does empty mean that the patient does not have it?",
        '# "all-conditions" if so; a list of those for which it does; [] if it means that nobody knows.',
        f'null_means_absent = "{QUESTION}"',
        "",
    ]


def _date_lines(table: pa.Table, own: Mapping[str, str]) -> list[str]:
    lines = ["[date_formats]  # where dates are not written as 1944-02-03"]
    for name, field in FIELDS.items():
        if name in own and field.kind == "date":
            counts = counts_of(table.column(own[name]))
            values = [value.strip() for value in counts or () if not is_missing_word(value)]
            lines += date_line(name, values)
    return [*lines, ""]


def _reading_lines(looked: Looked) -> list[str]:
    form, lines = looked.form, ["[reading]"]
    if form.skip_lines:
        lines.append(f"skip_lines = {form.skip_lines}  # before the header")
    if form.separator is not None:
        lines.append(f"separator = {key_of({chr(9): 'tab'}.get(form.separator, form.separator), value=True)}")
    if looked.unsure_of_encoding:
        lines.append(f'encoding = "{QUESTION}"  # it is no UTF-8: "cp1252" if a program on Windows saved it')
    elif form.encoding != "utf-8":
        lines.append(f"encoding = {key_of(form.encoding, value=True)}")
    if form.sheet is not None:
        lines.append(f"sheet = {form.sheet if isinstance(form.sheet, int) else key_of(form.sheet, value=True)}")
    return lines
