"""The one door for registers: files and data frames become one Arrow table, every source row numbered."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.compiling import pays
from casemgmt.errors import InputError, damaged_file, listed, no_rows_yet, plural
from casemgmt.names import are_names
from casemgmt.register.forms import (
    ARROW,
    CSV,
    EXCEL,
    PARQUET,
    TAB,
    TEXT,
    FileForm,
    data_files,
    ending_of,
    form_of,
    is_paths,
    shown,
    unknown_ending,
)
from casemgmt.register.frames import arrow_of, uuids_as_text
from casemgmt.register.freshness import EXTRACTED_ON, refuse_repeated_files
from casemgmt.register.refusals import repeated_names
from casemgmt.register.soundness import sound
from casemgmt.register.widening import FileTypes, as_types, common_schema
from casemgmt.system import number_on_disk

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

MEMORY = "in memory"
# What a packed register file says of itself stands in its footer under this key.
PACKED = b"casemgmt.packed"
_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file, or one object in memory, of which a register is made.

    Attributes
    ----------
    name : file name, without its folder
    rows : data rows in it
    sha256 : of the file's bytes; None in memory
    """

    name: str
    rows: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What came through the door.

    Attributes
    ----------
    table : the rows that could be split into columns, as they came
    row_numbers : int64, the source row (from 0) of each row of ``table``; None where they are the same
    unsplit : source row and reason of each row that has no columns
    parts : the files, in order
    index : the index of a pandas frame, else None
    """

    table: pa.Table
    parts: tuple[Part, ...]
    row_numbers: npt.NDArray[np.int64] | None = None
    unsplit: tuple[tuple[int, str], ...] = ()
    index: pd.Index | None = None
    metadata: dict[str, object] = field(default_factory=dict)

    @property
    def rows_in(self) -> int:
        """Rows in the source, whatever became of them."""
        return int(self.table.num_rows) + len(self.unsplit)


def open_source(source: object, form: FileForm | str = "utf-8") -> Source:
    """Turn a path, a list of paths, or any object with ``__arrow_c_stream__`` into a Source.

    Parameters
    ----------
    source : a folder stands for the part files in it
    form : how text files and workbooks are written, or their encoding alone
    """
    if isinstance(source, (str, Path)) or is_paths(source):
        files = data_files(source)
        sources = [_open_file(path, form_of(form)) for path in files]
        return sources[0] if len(sources) == 1 else _join(sources)
    return _open_frame(source)


def _open_file(path: Path, form: FileForm) -> Source:
    if not path.is_file():
        raise InputError(f"{shown(path)} is no file. Give the file itself.")
    (suffix, packed), before = ending_of(path), _version(path)
    row_numbers: npt.NDArray[np.int64] | None
    if suffix in CSV + TAB or (suffix in TEXT and form.separator):
        from casemgmt.register.csv_reading import read_csv
        from casemgmt.register.gzip_reading import unpack

        data = path.read_bytes()
        with ThreadPoolExecutor(1, thread_name_prefix="casemgmt-sum") as pool:
            own_sum = pool.submit(lambda: hashlib.sha256(data).hexdigest())
            plain = unpack(path, data) if packed else data
            table, row_numbers, unsplit = read_csv(
                plain, path.name, form.encoding, form.separator_of(suffix), form.skip_lines
            )
            sha256 = own_sum.result()
    elif suffix in TEXT:
        raise InputError(f"{shown(path)}: say what stands between its values: separator=',', ';', 'tab' or '|'.")
    elif packed:
        raise unknown_ending(path, f"{suffix}.gz")
    elif suffix in EXCEL:
        from casemgmt.register.excel import read_workbook

        table, row_numbers, unsplit = read_workbook(path, form)
        sha256 = sha256_of(path)
    elif suffix in PARQUET:
        table, row_numbers, unsplit = _read_parquet(path), None, ()
        sha256 = sha256_of(path)
    elif suffix in ARROW:
        table, row_numbers, unsplit = _read_ipc(path), None, ()
        sha256 = sha256_of(path)
    else:
        raise unknown_ending(path, suffix)
    if _version(path) != before:
        raise InputError(f"{path.name} changed while it was read. Wait until it is finished, then run again.")
    part = Part(name=path.name, rows=table.num_rows + len(unsplit), sha256=sha256)
    return Source(table=table, parts=(part,), row_numbers=row_numbers, unsplit=unsplit, metadata=_metadata(table))


def _version(path: Path) -> tuple[int, ...]:
    """What changes when a file is written or replaced."""
    found = path.stat()
    return (*number_on_disk(found), found.st_size, found.st_mtime_ns)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_parquet(path: Path) -> pa.Table:
    from casemgmt.parquet.reading import VerifiedFile

    file = VerifiedFile(path)
    if PACKED in (file.metadata.metadata or {}):
        raise InputError(f"{path.name} is a packed register: open it with cm.scan_register.")
    refuse_repeated_names(file.schema.names)
    return without_long_views(file.read())


def _read_ipc(path: Path) -> pa.Table:
    import pyarrow as pa

    try:
        with pa.OSFile(str(path)) as stream:
            try:
                table = pa.ipc.open_file(stream).read_all()
            except pa.ArrowInvalid:
                stream.seek(stream.size() - len(_END_OF_STREAM))
                if stream.read() != _END_OF_STREAM:
                    raise
                stream.seek(0)
                table = pa.ipc.open_stream(stream).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError):
        raise damaged_file(path.name, "Arrow") from None
    refuse_repeated_names(table.column_names)
    return without_long_views(table)


def _open_frame(frame: Any) -> Source:
    import pyarrow as pa

    index = None
    if any(base.__module__.partition(".")[0] == "pandas" for base in type(frame).__mro__):
        table, index = _from_pandas(frame), frame.index
    elif isinstance(frame, pa.Table):
        table = frame
    elif type(frame).__name__ == "LazyFrame":
        raise no_rows_yet("A lazy frame has")
    elif hasattr(frame, "__arrow_c_stream__"):
        table = arrow_of(frame)
    else:
        raise InputError(
            "A register is read from a path or a data frame (pandas, polars, pyarrow, DuckDB), "
            f"not {type(frame).__name__}."
        )
    refuse_repeated_names(table.column_names)
    table = without_long_views(sound(table))
    part = Part(name=MEMORY, rows=table.num_rows, sha256=None)
    return Source(table=table, parts=(part,), index=index, metadata=_metadata(table))


def refuse_repeated_names(names: Sequence[str]) -> None:
    """Refuse a table in which a column cannot be named."""
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated and not are_names(names):
        raise repeated_names(
            repeated,
            ", in a first line that does not look like a header; nothing of it is shown. "
            "Read the data with its header, and give each column its own name.",
        )
    if repeated:
        raise repeated_names(repeated, f": {listed(repeated)}. Rename or drop one.")


def without_long_views(table: pa.Table, compiled: bool | None = None) -> pa.Table:
    """polars' string views as plain strings, which every Arrow function takes; a long table keeps them.

    Parameters
    ----------
    compiled : whether the compiled loops, which take views, will read it; by the number of rows without
    """
    import pyarrow as pa

    if any(kind == pa.binary_view() for kind in table.schema.types):
        plain = [
            column.cast(pa.large_binary()) if column.type == pa.binary_view() else column for column in table.columns
        ]
        table = pa.table(plain, names=table.column_names, metadata=table.schema.metadata)
    compiled = pays(table.num_rows) if compiled is None else compiled
    if compiled and not any(pa.types.is_dictionary(kind) for kind in table.schema.types):
        return table
    columns = [_without_view(column) for column in table.columns]
    return pa.table(columns, names=table.column_names, metadata=table.schema.metadata)


def _without_view(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    if pa.types.is_dictionary(column.type) and pa.types.is_string_view(column.type.value_type):
        plain = [chunk.dictionary.cast(pa.large_string()).take(chunk.indices) for chunk in column.chunks]
        return pa.chunked_array(plain, pa.large_string())
    return column


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    if not hasattr(frame, "columns"):
        raise InputError("A register is a table, not a single column: give the whole data frame.")
    names = [str(name) for name in frame.columns]
    refuse_repeated_names(names)
    arrays = []
    for position, name in enumerate(names):
        try:
            arrays.append(pa.Array.from_pandas(frame.iloc[:, position]))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            as_text = uuids_as_text(frame.iloc[:, position].tolist())
            if as_text is not None:
                arrays.append(as_text)
                continue
            # The names of a frame that was read without its header are a patient's values.
            said = f"'{name}'" if are_names(names) else f"number {position + 1}"
            column = f"'{name}'" if are_names(names) else "…"
            raise InputError(
                f"Column {said} mixes kinds of value (text, numbers, dates). Make it one kind, for example "
                f"df[{column}] = df[{column}].astype('string')."
            ) from None
    columns = [array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array]) for array in arrays]
    metadata = frame.attrs.get("casemgmt")
    schema_metadata = {b"casemgmt": str(metadata).encode()} if isinstance(metadata, str) else None
    fields = [pa.field(name, column.type) for name, column in zip(names, columns, strict=True)]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=schema_metadata))


def _metadata(table: pa.Table) -> dict[str, object]:
    return metadata_of(table.schema, table.num_rows)


def metadata_of(schema: pa.Schema, rows: int) -> dict[str, object]:
    """What an earlier step of this library wrote about a table of so many rows, such as that its people are made up."""
    import json

    raw = (schema.metadata or {}).get(b"casemgmt")
    if raw is None:
        return {}
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    # Rows added to a made-up table are not made up because the table says so.
    said = found.get("rows")
    if isinstance(said, int) and rows > said:
        found = {**found, "synthetic": False}
    return found


def stated_days(metadata: Mapping[str, object]) -> list[str]:
    """The days on which the data was drawn, as the metadata of files says them."""
    said = metadata.get(EXTRACTED_ON, [])
    return [str(day) for day in (said if isinstance(said, list) else [said])]


def _join(sources: Sequence[Source]) -> Source:
    """Many files as one register: the same columns in each, rows in the order of the files."""
    import numpy as np
    import pyarrow as pa

    refuse_repeated_files([s.parts[0] for s in sources])
    first = sources[0]
    for other in sources[1:]:
        check_same_columns(first.parts[0].name, first.table.column_names, other.parts[0].name, other.table.column_names)
    shared = common_schema([FileTypes(s.parts[0].name, s.table.schema, _missing_in(s.table)) for s in sources])
    tables = [s.table.select(first.table.column_names) for s in sources]
    if shared is not None:
        tables = [as_types(table, shared, s.parts[0].name) for table, s in zip(tables, sources, strict=True)]
    # Text of several layouts becomes one here.
    table = pa.concat_tables(tables, promote_options="permissive")
    starts = np.cumsum([0, *(s.rows_in for s in sources)])
    numbers, unsplit = [], []
    for start, s in zip(starts, sources, strict=False):
        own = np.arange(s.table.num_rows, dtype=np.int64) if s.row_numbers is None else s.row_numbers
        numbers.append(own + start)
        unsplit += [(row + int(start), reason) for row, reason in s.unsplit]
    return Source(
        table=table,
        parts=tuple(s.parts[0] for s in sources),
        row_numbers=np.concatenate(numbers),
        unsplit=tuple(unsplit),
        metadata=joined_metadata([s.metadata for s in sources]),
    )


def _missing_in(table: pa.Table) -> Callable[[str], bool]:
    return lambda name: table.column(name).null_count == table.num_rows


def check_same_columns(first: str, names: Sequence[str], other: str, other_names: Sequence[str]) -> None:
    """Refuse a file whose columns are not those of the first."""
    differing = sorted(set(names) ^ set(other_names))
    if differing and not (are_names(names) and are_names(other_names)):
        raise InputError(
            f"{first} and {other} differ in {plural(len(differing), 'column')}, and a first line does not look like a "
            "header; nothing of it is shown. Files of one register need the same columns, named in their first line."
        )
    if differing:
        raise InputError(
            f"{first} and {other} differ in {plural(len(differing), 'column')}: "
            f"{listed(differing)}. Files of one register need the same columns."
        )


def joined_metadata(each: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """What many files say of themselves together: made up only if all are; drawn on all the days that they state."""
    days = sorted({day for said in each for day in stated_days(said)})
    said = {**each[0], "synthetic": all(said.get("synthetic") for said in each)} if each[0] else {}
    return {**said, **({EXTRACTED_ON: days} if days else {})}
