"""Tables as people read them in a notebook: counts of people always, rows of people only where somebody asks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from casemgmt import arguments
from casemgmt.errors import InputError, plural
from casemgmt.names import meant_field

if TYPE_CHECKING:
    import pyarrow as pa

PATIENT = "patient_id"
_MOST_ROWS = 20
_WITHOUT_VALUE = "–"
# A table with one of these sets of columns is one that this library answers; others keep the display they have.
_OURS = (
    {PATIENT},
    {"practice_id"},
    {"listed", "selected", "share"},
    {"input", "words", "contribution"},
    {"field", "allowed", "synonyms"},
)
_RIGHT = " style='text-align:right'"
_LEFT = " style='text-align:left'"


@dataclass(frozen=True, slots=True, repr=False)
class ShownTable:
    """A table as a notebook shows it; made by :func:`show`.

    Attributes
    ----------
    table : the table itself, whole
    patients : whether rows of patients may be shown
    rows : how many rows are shown at most
    """

    table: pa.Table
    patients: bool = False
    rows: int = _MOST_ROWS

    def __repr__(self) -> str:
        """The table in plain text."""
        names, rows, note = _shown(self)
        cells = [names, *([_text(value) for value in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        right = [_is_number(self.table, name) for name in names]
        lines = [
            "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)).rstrip()
            for line in cells
        ]
        return "\n".join([*lines, note])

    def _repr_html_(self) -> str:
        names, rows, note = _shown(self)
        aligned = [_RIGHT if _is_number(self.table, name) else _LEFT for name in names]
        head = "".join(f"<th scope='col'{how}>{escape(name)}</th>" for name, how in zip(names, aligned, strict=True))
        body = "".join(f"<tr>{''.join(_cells(row, aligned))}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(note)}</p>"


@arguments.checked(patients=arguments.yes_or_no, rows=arguments.whole)
def show(table: pa.Table, *, patients: bool = False, rows: int = _MOST_ROWS) -> ShownTable:
    """A table of this library as a readable table, in a notebook or printed.

    In a notebook such tables are shown so without a call; what they are does not change: each is a
    :class:`pyarrow.Table`.

    Parameters
    ----------
    table : any table that this library answers, such as ``selection.summary()``
    patients : show rows of a table with a row a patient; without it, rows are counted by practice
    rows : how many rows to show at most, 1 or more

    Returns
    -------
    ShownTable

    Raises
    ------
    InputError : what is given is no table or has a name twice, or fewer rows than one are to be shown

    Examples
    --------
    >>> import pyarrow as pa
    >>> cm.show(pa.table({"practice_id": ["C87001", "C87001"], "patient_id": ["1", "2"]}))
    practice_id  rows
    C87001          2
    2 rows, one a patient. Show them with cm.show(table, patients=True).
    """
    import pyarrow as pa

    if not isinstance(table, pa.Table):
        raise arguments.is_not("table", "an Arrow table, such as selection.summary()", table)
    if len(set(table.column_names)) < table.num_columns:
        raise InputError("show: two columns of the table have one name. Rename one.")
    if rows < 1:
        raise InputError("rows is how many rows to show at most: 1 or more.")
    return ShownTable(table, patients, rows)


def in_notebooks() -> None:
    """Show this library's tables so wherever IPython runs, without a call; a display that somebody set stays."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return
    for kind, how in (("text/html", _html_of), ("text/plain", _print_into)):
        formatter = shell.display_formatter.formatters[kind]
        if "pyarrow.lib.Table" not in formatter:
            formatter.for_type_by_name("pyarrow.lib", "Table", how)


def counts_table(caption: str, counts: Iterable[tuple[str, int | str]], note: str = "") -> str:
    """A small table of named counts as HTML, with words below it."""
    rows = "".join(
        f"<tr><th scope='row'{_LEFT}>{escape(name)}</th><td{_RIGHT}>{escape(_text(count))}</td></tr>"
        for name, count in counts
    )
    said = f"<p>{escape(note)}</p>" if note else ""
    return f"<table><caption>{escape(caption)}</caption><tbody>{rows}</tbody></table>{said}"


def _html_of(table: pa.Table) -> str | None:
    """For IPython, which keeps to its own where this answers None."""
    return ShownTable(table)._repr_html_() if _is_ours(table) else None


def _print_into(table: pa.Table, printer: Any, cycle: bool) -> None:
    """The same as plain text, which a notebook keeps in its file beside the HTML."""
    printer.text(repr(ShownTable(table)) if _is_ours(table) else repr(table))


def _is_ours(table: pa.Table) -> bool:
    names = set(table.column_names)
    return len(names) == table.num_columns and any(known <= names for known in _OURS)


def _shown(shown: ShownTable) -> tuple[list[str], list[Sequence[Any]], str]:
    """The columns, the rows, and what is said below them."""
    import pyarrow as pa

    table, count = shown.table, shown.table.num_rows
    if not _is_of_patients(table) or shown.patients:
        cut = table.slice(0, min(shown.rows, count))
        left = max(count - shown.rows, 0)
        note = plural(count, "row") + (f", of which {left:,} more are not shown." if left else ".")
        return list(table.column_names), _rows_of(cut), note
    note = f"{plural(count, 'row')}, one a patient. Show them with cm.show(table, patients=True)."
    if "practice_id" not in table.column_names:
        return ["rows"], [[count]], note
    practices = table.column("practice_id")
    if pa.types.is_dictionary(practices.type):  # which cannot be sorted
        practices = practices.cast(practices.type.value_type)
    counts = (
        pa.table({"practice_id": practices}).group_by("practice_id", use_threads=False).aggregate([([], "count_all")])
    )
    counts = counts.sort_by("practice_id").select(["practice_id", "count_all"])
    if counts.num_rows > shown.rows:
        note = f"{plural(counts.num_rows, 'practice')}, the first {shown.rows:,} shown. {note}"
    return ["practice_id", "rows"], _rows_of(counts.slice(0, shown.rows)), note


def _is_of_patients(table: pa.Table) -> bool:
    """Whether a table has a row a patient, by whatever name a column of ids goes."""
    return any(meant_field(name) == PATIENT for name in table.column_names)


def _rows_of(table: pa.Table) -> list[Sequence[Any]]:
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


def _cells(row: Sequence[Any], aligned: Sequence[str]) -> Iterable[str]:
    for value, how in zip(row, aligned, strict=True):
        yield f"<td{how}>{escape(_text(value))}</td>"


def _is_number(table: pa.Table, name: str) -> bool:
    import pyarrow as pa

    if name not in table.column_names:
        return name == "rows"
    kind = table.schema.field(name).type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _text(value: Any) -> str:
    """A value as people write it: a dash for null, yes and no, thousands apart, four figures of a fraction."""
    if value is None:
        return _WITHOUT_VALUE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return str(value)
