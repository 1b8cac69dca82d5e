"""Hospital episodes as a table: coded columns as text, and the codes of each episode beside a code list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import in_one_piece, numpy_of, rows_of, texts
from casemgmt.codes.codebook import is_no_code
from casemgmt.codes.source_columns import by_other_names, code_columns
from casemgmt.codes.systems import NUMBERS_REFUSED
from casemgmt.errors import InputError, MissingColumnsError, missing_columns
from casemgmt.register.cleaning import distinct_values, is_text
from casemgmt.register.columns import NO_DAY

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.codes.codelist import CodeList

    Bools = npt.NDArray[np.bool_]

# A row of the table, the field and the reason.
Fault = tuple[int, str, str]


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeTable:
    """Episodes from a file or a frame, under our names.

    Attributes
    ----------
    table : the rows that could be split into columns
    names : our name → the source's
    source_rows : int64, the source row (from 0) of each
    unsplit : source row and reason of each row that has no columns
    """

    table: pa.Table
    names: Mapping[str, str]
    source_rows: npt.NDArray[np.int64]
    unsplit: tuple[tuple[int, str], ...]

    no_day = NO_DAY

    @classmethod
    def read(
        cls,
        source: Any,
        columns: Mapping[str, str],
        *,
        needed: Sequence[str],
        codes: Sequence[str | Sequence[str]],
        known_as: Mapping[str, str] | None = None,
    ) -> EpisodeTable:
        """The episodes of a source, with the columns ``needed`` and those that hold ``codes``.

        ``known_as`` holds other names of columns, in capitals → ours.
        """
        import numpy as np

        from casemgmt.register.sources import open_source

        opened = open_source(source)
        present = opened.table.column_names
        if absent := [name for name in columns if name not in present]:
            raise missing_columns(absent, present, "columns=")
        names = {columns.get(name, name): name for name in present if name not in columns or columns[name] == name}
        names |= {ours: name for name, ours in columns.items()}
        names |= by_other_names(present, names, {*needed, "admission_date"}, known_as or {})
        codes = [code_columns(present, names, each) for each in codes]
        coded = [name for each in codes for name in ([each] if isinstance(each, str) else each)]
        missing = [name for name in needed if name not in names]
        missing += [name for name in coded if name not in names and name not in present]
        if missing:
            problem = missing_columns(missing, present, "this count")
            remedy = (
                "Where the source holds only rows that count by a column, say assume=[…]; no procedures: procedures=()."
            )
            error = MissingColumnsError(f"{problem}\n  {remedy}")
            error.columns = problem.columns
            raise error
        rows = opened.row_numbers
        numbers = np.arange(opened.table.num_rows, dtype=np.int64) if rows is None else rows
        return cls(opened.table, names, numbers, opened.unsplit)

    @property
    def rows(self) -> int:
        """How many episodes."""
        return int(self.table.num_rows)

    def has(self, name: str) -> bool:
        """Whether there is a column of that name, ours or the source's."""
        return name in self.names

    def column(self, name: str) -> Any:
        """A column, by our name or by the source's."""
        return in_one_piece(self.table.column(self.names.get(name, name)))

    def days(self, name: str, date_format: str | None) -> tuple[npt.NDArray[np.int32], list[Fault]]:
        """A column of dates as day numbers, ``no_day`` where there is none; and what cannot be read as a date."""
        import numpy as np

        from casemgmt.codes.events import days_of

        days, bad = days_of(self.column(name), name, date_format)
        faults = [(int(row), name, reason) for rows, reason in bad for row in rows]
        return np.asarray(days, dtype=np.int32), faults

    def faults(self, found: Sequence[Fault]) -> pa.Table:
        """Source row, field and reason of each fault, and of each row that could not be split into columns."""
        import numpy as np
        import pyarrow as pa

        said = [(row, "", reason) for row, reason in self.unsplit]
        said += [(int(self.source_rows[row]), field, reason) for row, field, reason in found]
        said.sort(key=lambda fault: fault[0])
        return pa.table(
            {
                "source_row": rows_of(np.array([row for row, _, _ in said], dtype=np.int64)),
                "field": texts(field or None for _, field, _ in said),
                "reason": texts(reason for _, _, reason in said),
            }
        )


class CodesOfEpisodes:
    """What the codes of each episode are, beside a code list.

    Parameters
    ----------
    names : the column of lists of codes, or the columns of one code each, in order
    field : what the codes are called in a fault
    not_known : a mark that says that there may be a code, and which is not known (HES writes ``&`` for procedures)

    Attributes
    ----------
    first_present, first_unread : bool: whether the first place holds anything; whether that is no code
    unread : bool: whether any place holds what is no code
    faults : row, field and reason of each
    """

    def __init__(
        self, table: EpisodeTable, names: str | Sequence[str], codelist: CodeList, field: str, not_known: str = ""
    ) -> None:
        import numpy as np

        rows, places, column = _codes(table, code_columns(table.table.column_names, table.names, names), field)
        indices, distinct = distinct_values(_chunked(column))
        kind = codelist.kind
        # A fixed-width column pads with spaces, which mean nothing.
        blank = [is_no_code(text) and text.strip() != not_known for text in distinct]
        reasons = [None if empty else kind.fault(text) for text, empty in zip(distinct, blank, strict=True)]
        conditions = [
            () if empty or reason else codelist.conditions_of(text)
            for text, empty, reason in zip(distinct, blank, reasons, strict=True)
        ]
        self._rows, self._places, self._count = rows, places, table.rows
        self._indices, self._conditions = indices, conditions
        present = np.array([*(not empty for empty in blank), False])[indices]
        unread = np.array([*(reason is not None for reason in reasons), False])[indices]
        self.first_present = self._spread(present & (places == 0))
        self.first_unread = self._spread(unread & (places == 0))
        self.unread = self._spread(unread)
        given, bad = int(present.sum()), int(unread.sum())
        why = Counter(reasons[at] for at in indices[unread].tolist()).most_common(1)
        self.given, self.bad, self.why = given, bad, str(why[0][0]) if why else ""
        self.faults: list[Fault] = [
            (int(rows[at]), f"{field} {places[at] + 1}", str(reasons[indices[at]])) for at in np.flatnonzero(unread)
        ]

    def _spread(self, where: Bools) -> Bools:
        """Episodes from codes."""
        import numpy as np

        out = np.zeros(self._count, dtype=bool)
        out[self._rows[where]] = True
        return out

    def _makes(self, condition: str) -> Bools:
        """The codes that make a condition."""
        import numpy as np

        makes = np.array([*(condition in each for each in self._conditions), False], dtype=bool)
        return np.asarray(makes[self._indices])

    def first(self, condition: str) -> Bools:
        """The episodes whose first code makes a condition."""
        return self._spread(self._makes(condition) & (self._places == 0))

    def any(self, condition: str) -> Bools:
        """The episodes of which any code makes a condition."""
        return self._spread(self._makes(condition))


def _codes(table: EpisodeTable, names: str | Sequence[str], field: str) -> tuple[Any, Any, pa.Array]:
    """Every code of every episode: its row, its place among the row's codes from 0, and its text."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(names, str):
        lists = table.column(names)
        if not (pa.types.is_list(lists.type) or pa.types.is_large_list(lists.type)):
            raise InputError(
                f"Column '{names}' holds {lists.type}; {field} is a column of lists of codes, or a list of the columns "
                f"that hold one code each, such as {field}=['first', 'second']."
            )
        rows = numpy_of(pc.list_parent_indices(lists)).astype(np.int64)
        starts = np.concatenate([[True], rows[1:] != rows[:-1]]) if len(rows) else np.zeros(0, dtype=bool)
        places = np.arange(len(rows)) - np.maximum.accumulate(np.where(starts, np.arange(len(rows)), 0))
        return rows, places, _text(pc.list_flatten(lists), names)
    columns = [_text(table.column(name), name) for name in names]
    rows = np.tile(np.arange(table.rows, dtype=np.int64), len(columns))
    places = np.repeat(np.arange(len(columns)), table.rows)
    return rows, places, pa.concat_arrays(columns) if columns else texts([])


def _text(column: pa.Array, name: str) -> pa.Array:
    """A column of codes as plain text; numbers are refused."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.large_string())
    if pa.types.is_string_view(column.type) or is_text(column.type):
        return column.cast(pa.large_string())
    raise InputError(f"Column '{name}': {NUMBERS_REFUSED}")


def _chunked(column: pa.Array) -> Any:
    import pyarrow as pa

    return pa.chunked_array([column])
