"""The door for coded rows: a file or frame of any size as batches of patient, code and day, each row numbered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.arrow import in_one_piece, numpy_of, rows_of, validity_of
from casemgmt.codes.source_columns import found_columns
from casemgmt.codes.systems import NUMBERS_REFUSED
from casemgmt.errors import InputError, not_text
from casemgmt.register.cleaning import clean_column, is_text
from casemgmt.register.columns import NO_DAY
from casemgmt.register.excel import ID_FIELDS
from casemgmt.register.fields import Field
from casemgmt.register.forms import FileForm, data_files, is_paths, with_texts
from casemgmt.register.soundness import plain_column
from casemgmt.register.values import FIRST_DATE
from casemgmt.texts.numbering import LONGEST_TEXT, lengths_of
from casemgmt.threads import read_ahead

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


# Rows of a Parquet file that are taken at a time, and their bytes; the next ones are decoded meanwhile.
BATCH_ROWS = 1 << 21
_BATCH_BYTES = 1 << 25
LAST_DAY = 2**31 - 1
# Characters, of four bytes each at most.
_LONGEST_CODE = LONGEST_TEXT // 4


@dataclass(frozen=True, slots=True)
class Events:
    """A source of rows, and how its columns are called.

    Attributes
    ----------
    source : a path (Parquet, CSV, Arrow IPC), a list of paths, or a frame (pandas, polars, pyarrow, DuckDB)
    columns : the source's column name → ours, such as ``{"PATIENT": "patient_id", "START": "date"}``
    date_format : how dates are written where they are text, such as ``"%d/%m/%Y"``; ISO without
    encoding : of a CSV file
    known_as : other names under which columns are found, in capitals → ours; the verbs set it
    """

    source: Any
    columns: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    encoding: str = "utf-8"
    known_as: Mapping[str, str] = field(default_factory=dict, repr=False)


class Batch(NamedTuple):
    """Some rows of a source.

    ``columns`` are Arrow arrays by our names. ``first_row`` is the source row (from 0) of the first; ``row_numbers``
    (int64) the source row of each where they do not simply follow; ``file_rows`` how many the file has in all, of which
    these are some, where that is known.
    """

    columns: Mapping[str, Any]
    rows: int
    first_row: int
    row_numbers: npt.NDArray[np.int64] | None = None
    file_rows: int = 0

    def source_rows(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Source rows from rows of the batch."""
        return rows + self.first_row if self.row_numbers is None else self.row_numbers[rows]


class Opened(NamedTuple):
    """A source, ready to be walked once.

    ``unsplit`` holds source row and reason of each CSV line that has not the header's columns; ``whole`` says that the
    rows are in memory already and come as one batch.
    """

    batches: Iterator[Batch]
    unsplit: tuple[tuple[int, str], ...]
    whole: bool


def open_events(
    events: Events,
    needed: Sequence[str],
    optional: Sequence[str] = (),
    known_as: Mapping[str, str] | None = None,
) -> Opened:
    """Open a source with the columns ``needed``, and those of ``optional`` that it has.

    ``known_as`` holds other names of columns, in capitals → ours. Where ``code`` is needed, columns of diagnoses such
    as ``diag_01`` to ``diag_20`` may stand in its place, and come as ``code of diag_01`` and so on.

    Raises
    ------
    InputError
        A missing column (all are named at once), a file that cannot be read.
    """
    source, events = events.source, replace(events, known_as=known_as or events.known_as)
    is_files = isinstance(source, (str, Path)) or is_paths(source)
    source = paths = data_files(source) if is_files else source
    if is_files and all(Path(path).suffix.lower() in {".parquet", ".pq"} for path in paths):
        return Opened(read_ahead(_from_parquet([Path(path) for path in paths], events, needed, optional), 2), (), False)
    from casemgmt.register.sources import open_source

    form = with_texts(FileForm(encoding=events.encoding), events.columns, (*ID_FIELDS, "code"))
    opened = open_source(_narrowed(source, events, needed, optional), form)
    table = _chosen(opened.table, events, needed, optional)
    columns = {name: in_one_piece(plain_column(table.column(name))) for name in table.column_names}
    batch = Batch(columns, table.num_rows, 0, opened.row_numbers)
    return Opened(iter([batch]), opened.unsplit, True)


def _narrowed(source: Any, events: Events, needed: Sequence[str], optional: Sequence[str]) -> Any:
    """A frame with the wanted columns alone, so that others need not be converted."""
    import pyarrow as pa

    if isinstance(source, (str, Path)) or not hasattr(source, "columns"):
        return source
    if any(base.__module__.partition(".")[0] == "pandas" for base in type(source).__mro__):
        names = [str(name) for name in source.columns]
        if len(set(names)) == len(names):
            wanted = _wanted(names, events, needed, optional)
            return source.iloc[:, [names.index(name) for name in wanted]]
    if isinstance(source, pa.Table):
        return source.select(list(_wanted(source.column_names, events, needed, optional)))
    return source


def _wanted(
    present: Sequence[str], events: Events, needed: Sequence[str], optional: Sequence[str]
) -> Mapping[str, str]:
    """The source's name → ours, of the columns to read."""
    return found_columns(present, events.columns, events.known_as, needed, optional)


def _chosen(table: pa.Table, events: Events, needed: Sequence[str], optional: Sequence[str]) -> pa.Table:
    wanted = _wanted(table.column_names, events, needed, optional)
    return table.select(list(wanted)).rename_columns(list(wanted.values()))


def _from_parquet(
    paths: Sequence[Path], events: Events, needed: Sequence[str], optional: Sequence[str]
) -> Iterator[Batch]:
    """Batches of Parquet files, verified as they are needed."""
    from casemgmt.parquet.reading import VerifiedFile
    from casemgmt.register.sources import refuse_repeated_names

    first_row = 0
    for path in paths:
        if not path.exists():
            raise InputError(f"There is no file {path}.")
        file = VerifiedFile(path)
        refuse_repeated_names(file.schema.names)
        wanted = _wanted(file.schema.names, events, needed, optional)
        texts = [name for name in wanted if is_text(file.schema.field(name).type)]
        # Codes repeat, and lie in the file as numbers of a dictionary already.
        coded = [name for name, ours in wanted.items() if ours == "code" and name in texts]
        rows = min(BATCH_ROWS, max(_BATCH_BYTES // file.bytes_a_row(list(wanted)), 1))
        for batch in file.batches(list(wanted), rows, dictionary=coded):
            columns = {ours: batch.column(name) for name, ours in wanted.items()}
            yield Batch(columns, batch.num_rows, first_row, file_rows=file.rows)
            first_row += batch.num_rows


def days_of(column: pa.Array, name: str, date_format: str | None) -> tuple[Any, list[tuple[Any, str]]]:
    """The day number of each value of a column of dates, NO_DAY where there is none, and (rows, reason) of bad ones."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_date32(column.type) and not column.null_count:
        days = numpy_of(column)
        # A day before 1900 is a placeholder, which clean_column reports.
        if not len(days) or days.min() >= FIRST_DATE:
            return days, []
    spec = Field(name=name, kind="date", missing="")
    cleaned = clean_column(spec, pa.chunked_array([column]), mapping=None, date_format=date_format, last_day=LAST_DAY)
    days = cleaned.values if cleaned.present is None else np.where(cleaned.present, cleaned.values, np.int32(NO_DAY))
    days = days.astype(np.int32, copy=False)
    # Outer spaces are dropped and the day is read: nothing is lost that a report should name.
    return days, [(rows, reason) for rows, reason in cleaned.problems if (days[rows] == NO_DAY).any()]


def ids_of(column: pa.Array) -> tuple[pa.Array, npt.NDArray[np.bool_] | None]:
    """A column of patient ids as text or whole numbers, and where there is one, not empty (None: everywhere).

    Raises
    ------
    InputError
        Of ids that are neither: a number with a decimal point has already lost digits.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if isinstance(column.type, pa.BaseExtensionType):
        column = in_one_piece(plain_column(pa.chunked_array([column])))
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if not (is_text(column.type) or pa.types.is_integer(column.type)):
        raise not_text("patient_id", f"{column.type}; it should hold text, or whole numbers")
    if is_text(column.type) and lengths_of(column)[0] == 0:
        return column, numpy_of(pc.fill_null(pc.greater(pc.binary_length(column), 0), False))
    return column, validity_of(column)


def codes_of(column: pa.Array) -> tuple[Any, pa.Array | None]:
    """Row indices and the distinct values of a column of codes that is dictionary-encoded; text and None of another.

    Raises
    ------
    InputError
        Of codes that are no text.
    """
    import numpy as np
    import pyarrow as pa

    if column.null_count == len(column):
        column = pa.nulls(len(column), pa.string())
    is_dictionary = pa.types.is_dictionary(column.type)
    if not is_text(column.type.value_type if is_dictionary else column.type):
        raise InputError(f"Column 'code': {NUMBERS_REFUSED}")
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if not is_dictionary:
        return column, None
    indices, values = numpy_of(column.indices), column.dictionary
    present = validity_of(column.indices)
    if values.null_count and present is None:
        present = np.ones(len(indices), dtype=bool)
    if present is not None:
        gone = ~present
        if values.null_count:
            gone |= ~numpy_of(values.is_valid())[np.where(present, indices, 0)]
        indices = np.where(gone, np.int64(len(values)), indices).astype(np.int32)
    return indices, shortened(values)


def shortened(texts: pa.Array) -> pa.Array:
    """The texts, of those that are longer than any code the beginning alone: it is no code either."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.large_string())
    _, longest = lengths_of(texts)
    return texts if longest <= LONGEST_TEXT else pc.utf8_slice_codeunits(texts, 0, _LONGEST_CODE)


def taken(batch: Batch, rows: npt.NDArray[np.int64]) -> Batch:
    """Some rows of a batch."""
    columns = {name: column.take(rows_of(rows)) for name, column in batch.columns.items()}
    return Batch(columns, len(rows), batch.first_row, batch.source_rows(rows))
