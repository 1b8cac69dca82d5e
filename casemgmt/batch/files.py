"""Files read a part at a time: row groups of Parquet, decoded by polars where it is installed, or else by pyarrow."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from casemgmt.errors import InputError
from casemgmt.parquet.frame import Frame, check_frame, check_table
from casemgmt.parquet.pages import check_pages
from casemgmt.register.cleaning import is_text
from casemgmt.register.forms import FileForm, as_path, data_files
from casemgmt.register.freshness import EXTRACTED_ON, days_of_rows, refuse_repeated_files
from casemgmt.register.sources import (
    PACKED,
    Part,
    Source,
    check_same_columns,
    differing_types,
    joined_metadata,
    metadata_of,
    open_source,
    refuse_repeated_names,
    sha256_of,
    without_long_views,
)

if TYPE_CHECKING:
    import pyarrow as pa

Decoder = Literal["auto", "polars", "pyarrow"]

# Rows decoded at a time, unless one row group holds more.
ROWS_AT_A_TIME = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFile:
    """One file of a scanned register.

    Attributes
    ----------
    path : where it lies
    rows : data rows; -1 where they are counted when it is read
    schema : its columns
    said : what it says of itself, such as that its people are synthetic
    parquet : pyarrow's metadata; None for a file that is read whole
    frame : the footer, found to agree with itself
    state : size, time of change and number on the disk, which must be the same when all is read
    promoted : the types of the columns of all files together; None where they are this file's own
    """

    path: Path
    rows: int
    schema: pa.Schema
    said: dict[str, Any]
    parquet: Any
    frame: Frame | None
    state: tuple[int, int, int]
    promoted: pa.Schema | None = None

    def check_unchanged(self) -> None:
        """Refuse a file that was written to while it was read."""
        try:
            same = _state_of(self.path) == self.state
        except OSError:
            same = False
        if not same:
            raise InputError(f"{self.path.name} changed while it was being read. Run again when it is complete.")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of one file that are decoded together: row groups ``first`` to ``last``, or all rows of other files."""

    file: RegisterFile
    first: int
    last: int
    start: int
    rows: int


def open_files(paths: list[Path], encoding: FileForm | str) -> list[RegisterFile]:
    """Look at each file's columns and size.

    Raises
    ------
    InputError
        A file that cannot be read, or whose columns are not those of the first.
    """
    import pyarrow as pa

    files = [_open(path, encoding) for path in paths]
    names = files[0].schema.names
    for other in files[1:]:
        check_same_columns(files[0].path.name, names, other.path.name, other.schema.names)
    plain = [pa.schema([pa.field(name, file.schema.field(name).type) for name in names]) for file in files]
    if all(schema == plain[0] for schema in plain):
        return files
    try:
        promoted = pa.unify_schemas(plain, promote_options="permissive")
    except pa.ArrowException:
        raise differing_types() from None
    return [
        replace(file, promoted=None if own == promoted else promoted) for file, own in zip(files, plain, strict=True)
    ]


def days_drawn(files: list[RegisterFile], columns: Mapping[str, str], encoding: FileForm | str) -> set[dt.date]:
    """The days in the column ``extracted_on`` of all files, if they have one.

    Raises
    ------
    InputError
        It does not hold a date in every row, or a file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [name for name in files[0].schema.names if columns.get(name, name) == EXTRACTED_ON]
    found: set[dt.date] = set()
    for file in files if names else []:
        try:
            if file.parquet is None:
                table = open_source(file.path, encoding).table.select(names)
            else:
                table = pq.read_table(file.path, columns=names, page_checksum_verification=True)
        except (pa.ArrowException, OSError, ValueError):
            raise _damaged(file.path) from None
        found |= days_of_rows(table.rename_columns([EXTRACTED_ON]))
    return found


def said_by(files: list[RegisterFile]) -> dict[str, Any]:
    """What the files say of themselves together."""
    return joined_metadata([file.said for file in files])


def _open(path: Path, encoding: FileForm | str) -> RegisterFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = as_path(path)
    state = _state_of(path)  # before anything is read
    if path.suffix.lower() not in {".parquet", ".pq"}:
        opened = open_source(path, encoding)
        return RegisterFile(
            path=path,
            rows=opened.rows_in,
            schema=opened.table.schema,
            said=opened.metadata,
            parquet=None,
            frame=None,
            state=state,
        )
    try:
        frame = check_frame(path, pages=False)
        metadata = pq.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
    except (pa.ArrowException, OSError, ValueError):
        raise _damaged(path) from None
    if PACKED in (metadata.metadata or {}):
        raise _damaged(path)  # a sound one is known by its seal
    refuse_repeated_names(schema.names)
    return RegisterFile(
        path=path,
        rows=metadata.num_rows,
        schema=schema,
        said=metadata_of(schema, metadata.num_rows),
        parquet=metadata,
        frame=frame,
        state=state,
    )


def _damaged(path: Path) -> InputError:
    return InputError(f"{path.name}: not a readable Parquet file; it is damaged or cut short. Copy it again.")


def _state_of(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def stretches_of(files: list[RegisterFile], rows_at_a_time: int) -> list[Stretch]:
    """The rows of all files in order, in stretches of whole row groups."""
    found = []
    for file in files:
        if file.parquet is None:
            found.append(Stretch(file, 0, 0, 0, file.rows))
            continue
        first = start = rows = 0
        for group in range(file.parquet.num_row_groups):
            own = file.parquet.row_group(group).num_rows
            if rows and rows + own > rows_at_a_time:
                found.append(Stretch(file, first, group, start, rows))
                first, start, rows = group, start + rows, 0
            rows += own
        found.append(Stretch(file, first, file.parquet.num_row_groups, start, rows))
    return found


def chosen_decoder(decoder: Decoder, files: list[RegisterFile]) -> Literal["polars", "pyarrow"]:
    """The decoder to use: polars reads plain columns faster, and only those are left to it."""
    plain = all(_is_plain(kind) for file in files for kind in file.schema.types)
    if decoder == "auto":
        return "polars" if plain and importlib.util.find_spec("polars") else "pyarrow"
    if decoder == "polars" and not plain:
        raise InputError("decoder='polars' reads columns of text, numbers, dates and true or false; use 'pyarrow'.")
    if decoder not in ("polars", "pyarrow"):
        raise InputError("decoder must be 'auto', 'polars' or 'pyarrow'.")
    return decoder


def _is_plain(kind: pa.DataType) -> bool:
    import pyarrow as pa

    text = is_text(kind) and not pa.types.is_string_view(kind)
    number = pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)
    return bool(text or number or pa.types.is_boolean(kind) or pa.types.is_date32(kind))


def decoded(
    stretches: list[Stretch],
    decoder: Literal["polars", "pyarrow"],
    encoding: FileForm | str,
    rows_at_a_time: int | None,
) -> Iterator[tuple[Stretch, Source]]:
    """Each stretch and its rows, in order; the next is decoded while one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        ahead: Future[Source] | None = None
        for place in range(len(stretches)):
            source = _decode(stretches[place], decoder, encoding) if ahead is None else ahead.result()
            ahead = None
            if place + 1 < len(stretches):
                ahead = pool.submit(_decode, stretches[place + 1], decoder, encoding)
            yield from ((stretches[place], piece) for piece in _cut(source, rows_at_a_time))


def _cut(source: Source, rows: int | None) -> Iterator[Source]:
    """A source in pieces of so many rows."""
    import numpy as np

    total = source.table.num_rows
    if rows is None or total <= rows:
        yield source
        return
    numbers = np.arange(total, dtype=np.int64) if source.row_numbers is None else source.row_numbers
    for low in range(0, total, rows):
        first = int(numbers[low]) if low else 0
        after = int(numbers[low + rows]) if low + rows < total else source.rows_in
        yield Source(
            table=source.table.slice(low, rows),
            parts=source.parts,
            row_numbers=numbers[low : low + rows],
            unsplit=tuple(each for each in source.unsplit if first <= each[0] < after),
            metadata=source.metadata,
        )


def _decode(stretch: Stretch, decoder: Literal["polars", "pyarrow"], encoding: FileForm | str) -> Source:
    import numpy as np
    import pyarrow as pa

    file = stretch.file
    if file.parquet is None:
        whole = open_source(file.path, encoding)
        file.check_unchanged()
        return whole if file.promoted is None else replace(whole, table=_promoted(whole.table, file.promoted))
    assert file.frame is not None  # noqa: S101 - a Parquet file has one
    try:
        with file.path.open("rb", buffering=0) as stream:
            first_version = check_pages(stream, file.frame, range(stretch.first, stretch.last))
        by_polars = decoder == "polars" and file.promoted is None and first_version
        table = _by_polars(stretch) if by_polars else _by_pyarrow(stretch)
        _check_shape(table, stretch)
        check_table(file.frame, table, range(stretch.first, stretch.last))
        table.validate(full=not by_polars)
        if file.promoted is not None:
            table = _promoted(table, file.promoted)
    except (pa.ArrowException, OSError, ValueError):
        file.check_unchanged()
        raise _damaged(file.path) from None
    part = Part(name=file.path.name, rows=file.rows, sha256=None)
    numbers = None if stretch.start == 0 else np.arange(stretch.start, stretch.start + stretch.rows, dtype=np.int64)
    return Source(table=without_long_views(table), parts=(part,), row_numbers=numbers, metadata=file.said)


def _check_shape(table: pa.Table, stretch: Stretch) -> None:
    if table.num_rows != stretch.rows or table.column_names != stretch.file.schema.names:
        raise ValueError("the file holds other rows or columns")


def _promoted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the types that it would have in one with the other files."""
    import pyarrow as pa

    return pa.concat_tables([schema.empty_table(), table], promote_options="permissive")


def _by_pyarrow(stretch: Stretch) -> pa.Table:
    import pyarrow.parquet as pq

    names: list[str] = []
    if stretch.file.promoted is None:
        names = [name for name in ("practice_id", "sex", "care_home_type") if name in stretch.file.schema.names]
    with pq.ParquetFile(
        stretch.file.path,
        metadata=stretch.file.parquet,
        read_dictionary=names,
        pre_buffer=False,
    ) as file:
        return file.read_row_groups(list(range(stretch.first, stretch.last)), use_threads=True)


def _by_polars(stretch: Stretch) -> pa.Table:
    """The rows as polars reads them; None where it would read them otherwise, or on the word of headers alone."""
    import polars as pl
    import pyarrow as pa

    path = stretch.file.path
    try:
        frame = pl.scan_parquet(path, glob=False).slice(stretch.start, stretch.rows).collect()
    except (Exception, pl.exceptions.PanicException):
        # polars has errors of many kinds, some of them no Exception, and their words may quote values.
        raise ValueError("polars cannot read the file") from None
    table = pa.table(frame)
    wanted = stretch.file.schema.types
    alike = len(wanted) == len(table.schema.types) and all(map(_are_alike, wanted, table.schema.types))
    return table if alike else None


def _are_alike(wanted: pa.DataType, found: pa.DataType) -> bool:
    return bool(wanted == found or (is_text(wanted) and is_text(found)))


class LatePart(Part):
    """A file as a register names it, whose SHA-256 is worked out when it is first asked for.

    Selecting does not need it, publishing does; a file that has changed since it was read is refused then.
    """

    __slots__ = ("_file", "_sum")

    def __init__(self, file: RegisterFile) -> None:
        for name, value in (("name", file.path.name), ("rows", file.rows), ("_file", file), ("_sum", None)):
            object.__setattr__(self, name, value)

    @property
    def size(self) -> int:
        """Bytes."""
        return self._file.state[0]

    @property
    def sha256(self) -> str:
        """Of the file's bytes."""
        if self._sum is None:
            found = sha256_of(self._file.path)
            self._file.check_unchanged()
            object.__setattr__(self, "_sum", found)
        return self._sum

    _file: RegisterFile
    _sum: str


def refuse_repeated(parts: tuple[LatePart, ...]) -> None:
    """Refuse a file that is given twice; only files of one size are looked at whole."""
    sizes = Counter(part.size for part in parts)
    refuse_repeated_files([part for part in parts if sizes[part.size] > 1])


def as_paths(paths: Any) -> list[Path]:
    """A path or a list of paths as paths.

    Raises
    ------
    InputError
        Something else, none at all, or the same file twice.
    """
    each = [paths] if isinstance(paths, (str, Path)) else list(paths) if isinstance(paths, (list, tuple)) else []
    if not each or not all(isinstance(path, (str, Path)) for path in each):
        raise InputError("scan_register takes a path or a list of paths; a data frame is read with cm.read_register.")
    found = data_files(each)
    if len({os.path.realpath(path) for path in found}) < len(found):
        raise InputError("paths names the same file twice. Leave one out.")
    return found
