"""Files read a part at a time: row groups of Parquet, decoded by polars where it is installed, or else by pyarrow."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from casemgmt.errors import InputError, not_one_of
from casemgmt.parquet.reading import ENDINGS, VerifiedFile
from casemgmt.parquet.thrift import DamagedError
from casemgmt.register.cleaning import is_text
from casemgmt.register.forms import FileForm, as_path, data_files
from casemgmt.register.freshness import EXTRACTED_ON, days_of_rows, refuse_repeated_files
from casemgmt.register.sources import (
    PACKED,
    Part,
    Source,
    check_same_columns,
    joined_metadata,
    metadata_of,
    open_source,
    refuse_repeated_names,
    sha256_of,
    without_long_views,
)
from casemgmt.register.widening import FileTypes, as_types, common_schema
from casemgmt.system import number_on_disk

if TYPE_CHECKING:
    import pyarrow as pa

Decoder = Literal["auto", "polars", "pyarrow"]

# Rows decoded at a time, unless one row group holds more.
ROWS_AT_A_TIME = 1_000_000
# Columns of text with few different values.
REPEATED = ("practice_id", "sex", "care_home_type")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFile:
    """One file of a scanned register.

    Attributes
    ----------
    path : where it lies
    rows : data rows; -1 where they are counted when it is read
    schema : its columns
    said : what it says of itself, such as that its people are synthetic
    parquet : the file's verified reader; None for a file that is read whole
    state : size, time of change and number on the disk, which must be the same when all is read
    shared : the types in which the columns of all files can be held; None where all files have the same
    """

    path: Path
    rows: int
    schema: pa.Schema
    said: dict[str, object]
    parquet: VerifiedFile | None
    state: tuple[int, ...]
    shared: pa.Schema | None = None

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
    """Rows of one file that are decoded together: those of some row groups, or all rows of other files."""

    file: RegisterFile
    groups: range
    start: int
    rows: int


def open_files(paths: list[Path], encoding: FileForm | str) -> list[RegisterFile]:
    """Look at each file's columns and size.

    Raises
    ------
    InputError
        A file that cannot be read, or whose columns are not those of the first.
    """
    files = [_open(path, encoding) for path in paths]
    names = files[0].schema.names
    for other in files[1:]:
        check_same_columns(files[0].path.name, names, other.path.name, other.schema.names)
    types = [FileTypes(file.path.name, file.schema, _missing_in(file, encoding)) for file in files]
    shared = common_schema(types)
    return files if shared is None else [replace(file, shared=shared) for file in files]


def _missing_in(file: RegisterFile, encoding: FileForm | str) -> Callable[[str], bool]:
    """Whether a column of a file holds no value: by its own count, or else by reading it."""

    def is_missing(name: str) -> bool:
        if file.parquet is None:
            column = open_source(file.path, encoding).table.column(name)
            return bool(column.null_count == len(column))
        nulls = file.parquet.nulls_of(name)
        if nulls is None:
            nulls = file.parquet.read(columns=[name]).column(0).null_count
        return bool(nulls == file.rows)

    return is_missing


def days_drawn(files: list[RegisterFile], columns: Mapping[str, str], encoding: FileForm | str) -> set[dt.date]:
    """The days in the column ``extracted_on`` of all files, if they have one.

    Raises
    ------
    InputError
        It does not hold a date in every row, or a file is damaged.
    """
    names = [name for name in files[0].schema.names if columns.get(name, name) == EXTRACTED_ON]
    found: set[dt.date] = set()
    for file in files if names else []:
        if file.parquet is None:
            table = open_source(file.path, encoding).table.select(names)
        else:
            table = file.parquet.read(columns=names)
        found |= days_of_rows(table.rename_columns([EXTRACTED_ON]))
    return found


def said_by(files: list[RegisterFile]) -> dict[str, object]:
    """What the files say of themselves together."""
    return joined_metadata([file.said for file in files])


def _open(path: Path, encoding: FileForm | str) -> RegisterFile:
    path = as_path(path)
    state = _state_of(path)  # before anything is read
    if path.suffix.lower() not in ENDINGS:
        opened = open_source(path, encoding)
        return RegisterFile(
            path=path,
            rows=opened.rows_in,
            schema=opened.table.schema,
            said=opened.metadata,
            parquet=None,
            state=state,
        )
    file = VerifiedFile(path)
    with file.refusing_damage():
        if PACKED in (file.metadata.metadata or {}):
            raise DamagedError  # a sound one is known by its seal
    refuse_repeated_names(file.schema.names)
    return RegisterFile(
        path=path,
        rows=file.rows,
        schema=file.schema,
        said=metadata_of(file.schema, file.rows),
        parquet=file,
        state=state,
    )


def _state_of(path: Path) -> tuple[int, ...]:
    """The file's size, and what else changes when it is written or replaced."""
    found = path.stat()
    return (found.st_size, found.st_mtime_ns, *number_on_disk(found))


def stretches_of(files: list[RegisterFile], rows_at_a_time: int) -> list[Stretch]:
    """The rows of all files in order, in stretches of whole row groups."""
    found = []
    for file in files:
        if file.parquet is None:
            found.append(Stretch(file, range(0), 0, file.rows))
            continue
        start = 0
        for groups in file.parquet.stretches(rows_at_a_time):
            rows = sum(file.parquet.frame.rows_of_groups[groups.start : groups.stop])
            found.append(Stretch(file, groups, start, rows))
            start += rows
    return found


def chosen_decoder(decoder: Decoder, files: list[RegisterFile]) -> Literal["polars", "pyarrow"]:
    """The decoder to use: polars reads plain columns faster, and pyarrow reads what polars is not left to."""
    if decoder not in ("auto", "polars", "pyarrow"):
        raise not_one_of("decoder", ("auto", "polars", "pyarrow"))
    has_polars = importlib.util.find_spec("polars") is not None
    if decoder == "polars" and not has_polars:
        raise InputError("decoder='polars' needs the package polars, which is not installed; use 'pyarrow'.")
    if decoder == "auto":
        plain = all(_is_plain(kind) for file in files for kind in file.schema.types)
        return "polars" if plain and has_polars else "pyarrow"
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
    *,
    reads_ahead: bool = True,
) -> Iterator[tuple[Stretch, Source]]:
    """Each stretch and its rows, in order; the next is decoded while one is worked on, or only then."""
    with ThreadPoolExecutor(1) as pool:
        ahead: Future[Source] | None = None
        for place in range(len(stretches)):
            source = _decode(stretches[place], decoder, encoding) if ahead is None else ahead.result()
            ahead = None
            if reads_ahead and place + 1 < len(stretches):
                ahead = pool.submit(_decode, stretches[place + 1], decoder, encoding)
            pieces = _cut(source, rows_at_a_time)
            del source  # the next one is decoded when nothing holds this one any more
            yield from ((stretches[place], piece) for piece in pieces)


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

    file = stretch.file
    if file.parquet is None:
        whole = open_source(file.path, encoding)
        file.check_unchanged()
        return (
            whole if file.shared is None else replace(whole, table=as_types(whole.table, file.shared, file.path.name))
        )
    try:
        table = _decoded_by(decoder, file.parquet, stretch)
    except InputError:
        file.check_unchanged()
        raise
    if file.shared is not None:
        table = as_types(table, file.shared, file.path.name)
    part = Part(name=file.path.name, rows=file.rows, sha256=None)
    numbers = None if stretch.start == 0 else np.arange(stretch.start, stretch.start + stretch.rows, dtype=np.int64)
    return Source(table=without_long_views(table), parts=(part,), row_numbers=numbers, metadata=file.said)


def _decoded_by(decoder: Literal["polars", "pyarrow"], parquet: VerifiedFile, stretch: Stretch) -> pa.Table:
    """The rows, verified; whatever polars does not read as pyarrow would is read by pyarrow."""
    # polars takes the word of page headers of the second version.
    first_version = parquet.check_pages(stretch.groups)
    if decoder == "polars" and first_version and all(map(_is_plain, parquet.schema.types)):
        table = _by_polars(stretch)
        if table is not None:
            parquet.check(table, stretch.groups)
            return table
    names: list[str] = []
    if decoder == "pyarrow" and stretch.file.shared is None:
        # Every part of the register is read so: a column that is a dictionary in some parts alone has two types.
        names = [name for name in REPEATED if name in parquet.schema.names and is_text(parquet.schema.field(name).type)]
    return parquet.read(stretch.groups, dictionary=names, checked=True)


def _by_polars(stretch: Stretch) -> pa.Table | None:
    """The rows as polars reads them; None where it cannot, or gives other columns or types than the file's."""
    import polars as pl
    import pyarrow as pa

    path, wanted = stretch.file.path, stretch.file.schema
    try:
        found = pl.scan_parquet(path, glob=False).slice(stretch.start, stretch.rows).collect()
        table = pa.RecordBatchReader.from_stream(found).read_all()  # pa.table would import pandas
        table.validate()
    except (Exception, pl.exceptions.PanicException):
        # polars has errors of many kinds, some of them no Exception, and their words may quote values. What it does
        # not like may be sound, such as metadata that is not UTF-8.
        return None
    if table.num_rows != stretch.rows or table.column_names != wanted.names:
        return None
    return table if all(map(_are_alike, wanted.types, table.schema.types)) else None


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


def as_paths(paths: object) -> list[Path]:
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
