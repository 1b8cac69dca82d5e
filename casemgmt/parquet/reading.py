"""The one reader of Parquet files: whatever comes out of it has been held against the file's own words.

Registers, scanned files, coded records, episodes, publications and packed registers are read through here. The footer
must agree with itself, every page with its checksum and with the footer, and the rows with the footer's counts; text is
UTF-8. Only then is a row believed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import is_sound_ascii
from casemgmt.errors import InputError, damaged_file
from casemgmt.parquet.frame import FileBytes, Frame, check_counts, read_footer
from casemgmt.parquet.pages import check_pages
from casemgmt.parquet.thrift import DamagedError

if TYPE_CHECKING:
    import pyarrow as pa

# Bytes that pyarrow reads at a time, in place of a whole column of a row group.
_BUFFER = 1 << 20
ENDINGS = frozenset({".parquet", ".pq"})


class VerifiedFile:
    """A Parquet file whose footer agrees with itself.

    Parameters
    ----------
    source : where the file lies, or its bytes
    name : what to call it in an error; a path's own name where it is left out

    Attributes
    ----------
    name : as errors call it
    frame : the footer, as this library reads it
    metadata : the same, as pyarrow reads it
    schema : the columns

    Raises
    ------
    InputError
        The file is damaged, or cannot be read.
    """

    __slots__ = ("_source", "frame", "metadata", "name", "schema")

    def __init__(self, source: Path | bytes, name: str | None = None) -> None:
        import pyarrow.parquet as pq

        self._source = source
        self.name = name if name is not None else source.name if isinstance(source, Path) else "in memory"
        with self.refusing_damage():
            with self._opened() as stream:
                # First, since pyarrow's own view of a damaged footer can end the process.
                self.frame: Frame = read_footer(FileBytes(stream))
            self.metadata: Any = pq.read_metadata(self._for_pyarrow())
            self.schema: pa.Schema = self.metadata.schema.to_arrow_schema()
            self._check_names()

    @property
    def rows(self) -> int:
        """In the file."""
        return self.frame.rows

    @property
    def groups(self) -> range:
        """The numbers of the row groups."""
        return range(len(self.frame.groups))

    def bytes_a_row(self, columns: Sequence[str]) -> int:
        """About how many bytes a row of some columns takes once it is decompressed; 1 at least."""
        wanted = {name.encode() for name in columns}
        places = [place for place, name in enumerate(self.frame.names) if name in wanted]
        return max(
            sum(group[place].uncompressed for group in self.frame.groups for place in places) // max(self.rows, 1), 1
        )

    def nulls_of(self, column: str) -> int | None:
        """How many values of a column are missing, as the footer counts them; None where it does not."""
        if not self.frame.flat:
            return None
        place = self.frame.names.index(column.encode())
        counted = [group[place].nulls for group in self.frame.groups]
        known = [each for each in counted if each is not None]
        return sum(known) if len(known) == len(counted) else None

    def read(
        self,
        groups: range | None = None,
        columns: Sequence[str] | None = None,
        *,
        dictionary: Sequence[str] = (),
        others: bool = False,
        checked: bool = False,
    ) -> pa.Table:
        """The rows of some row groups, verified.

        Parameters
        ----------
        groups : row groups that follow each other; None for all
        columns : names, in this order; None for all. Their names must differ
        dictionary : columns of text to give as dictionaries, as they mostly lie in the file
        others : whether the pages of the other columns are looked at too
        checked : whether :meth:`check_pages` has passed for these row groups

        Raises
        ------
        InputError
            The file is not as it was written, or holds what cannot be read.
        """
        own = self.groups if groups is None else groups
        with self.refusing_damage():
            if not checked:
                self._check_headers(own, columns, others=others)
            with self._decoder(dictionary, checked=checked) as file:
                table = file.read_row_groups(list(own), columns=None if columns is None else list(columns))
            if columns is not None:
                table = table.select(list(columns))  # a name with a dot brings others along
            self.check(table, own)
            # A damaged file can hold text that is not UTF-8; its bytes must not come up later, in somebody's error.
            table.validate(full=True)
        return table

    def batches(
        self, columns: Sequence[str], rows_at_a_time: int, *, dictionary: Sequence[str] = ()
    ) -> Iterator[pa.RecordBatch]:
        """The rows of some columns in batches, verified; a count that the footer contradicts comes up after them.

        Parameters
        ----------
        rows_at_a_time : at most so many rows a batch
        columns, dictionary : as for :meth:`read`

        Raises
        ------
        InputError
        """
        names = list(columns)
        for groups in self.stretches(rows_at_a_time):
            self._check_headers(groups, names, others=True)  # a file that is damaged elsewhere is not believed either
            rows, nulls = 0, dict.fromkeys(names, 0)
            there = sum(self.frame.rows_of_groups[groups.start : groups.stop])
            evenly = -(-there // max(-(-there // rows_at_a_time), 1))
            with self.refusing_damage(), self._decoder(dictionary, checked=False) as file:
                for batch in file.iter_batches(max(evenly, 1), row_groups=list(groups), columns=names):
                    batch.validate()
                    own = batch.select(names)
                    for column in own.columns:
                        if not is_sound_ascii(column):
                            column.validate(full=True)
                    rows += own.num_rows
                    for name, column in zip(names, own.columns, strict=True):
                        nulls[name] += column.null_count
                    yield own
                check_counts(self.frame, groups, rows, nulls)

    def stretches(self, rows_at_a_time: int) -> list[range]:
        """The row groups in order, in stretches of at most so many rows or of one group."""
        found, first, rows = [], 0, 0
        for group, own in enumerate(self.frame.rows_of_groups):
            if group > first and rows + own > rows_at_a_time:
                found.append(range(first, group))
                first, rows = group, 0
            rows += own
        return [*found, range(first, len(self.frame.groups))]

    def check_pages(self, groups: range) -> bool:
        """Hold the pages of some row groups against checksums and footer, before anything decodes them.

        Returns
        -------
        bool : whether all pages are of the first version, as :func:`casemgmt.parquet.pages.check_pages` says

        Raises
        ------
        InputError
        """
        with self.refusing_damage(), self._opened() as stream:
            return check_pages(stream, self.frame, groups)

    def _check_headers(self, groups: range, columns: Sequence[str] | None, *, others: bool) -> None:
        """As :meth:`check_pages`, before pyarrow decodes some columns and works out their checksums."""
        wanted = None if columns is None else {name.encode() for name in columns}
        decoded = [place for place, name in enumerate(self.frame.names) if wanted is None or name in wanted]
        with self.refusing_damage(), self._opened() as stream:
            check_pages(stream, self.frame, groups, None if others else decoded, headers_alone=decoded)

    def check(self, table: pa.Table, groups: range) -> None:
        """Refuse rows of some row groups, whoever decoded them, of which the footer counts others.

        Raises
        ------
        InputError
        """
        nulls = dict(zip(table.column_names, (column.null_count for column in table.columns), strict=True))
        with self.refusing_damage():
            check_counts(self.frame, groups, table.num_rows, nulls)

    @contextmanager
    def refusing_damage(self) -> Iterator[None]:
        """Say in words what pyarrow or the disk finds wrong; their own words can quote a value.

        Raises
        ------
        InputError
        """
        import pyarrow as pa

        try:
            yield
        except InputError:
            raise
        except (pa.ArrowException, OSError, ValueError):
            raise damaged_file(self.name, "Parquet") from None

    def _decoder(self, dictionary: Sequence[str], *, checked: bool) -> Any:
        """pyarrow's reader, to be closed; it verifies the checksums that were not verified before."""
        import pyarrow.parquet as pq

        return pq.ParquetFile(
            self._for_pyarrow(),
            metadata=self.metadata,
            read_dictionary=list(dictionary),
            pre_buffer=False,
            buffer_size=_BUFFER,
            page_checksum_verification=not checked,
        )

    def _opened(self) -> io.BufferedIOBase:
        return self._source.open("rb") if isinstance(self._source, Path) else io.BytesIO(self._source)

    def _for_pyarrow(self) -> Any:
        import pyarrow as pa

        return self._source if isinstance(self._source, Path) else pa.BufferReader(self._source)

    def _check_names(self) -> None:
        """The columns of both views of the footer are the same, in one order, and say the same of what is missing."""
        import pyarrow as pa

        names = list(dict.fromkeys(self.frame.names))
        if names != list(dict.fromkeys(name.encode() for name in self.schema.names)):
            raise DamagedError
        # A column that can hold no value may not be said to hold some.
        for field in self.schema:
            if pa.types.is_null(field.type) and self.nulls_of(field.name) not in (None, self.rows):
                raise DamagedError
