"""The packed register file: a register checked and packed once, as a Parquet file that is read in a fraction of the
time.

What the file holds, so that other software can read it too:

- ``practice_id`` (text) and ``patient_id`` (text, or fixed-size binary where all ids are of one length), one row an
  accepted patient, rows of a practice together in the order in which they came, practices in byte order; each row group
  holds whole practices
- ``word_0`` … (uint64), ``byte_0`` …, ``short_0`` …: the packed fields, as :mod:`casemgmt.register.packing` says
- ``day.<field>`` and ``number.<field>`` (int32; the smallest int32 where missing), ``told.<name>``: text fields and
  carried columns, as they came
- in the footer, under the key ``casemgmt.packed``, JSON: the fields and where each is packed, the list date, practices
  and how many rows each has, the account of all rows that came in, quarantine and corrections, the sources' SHA-256,
  the Arrow types of the ``told`` columns

Every page has its CRC-32, and the file a seal over all the rest (:mod:`casemgmt.parquet.seal`): no bit of it
can change unseen. Opening it checks the seal, and reading a row group the checksums of its pages.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from casemgmt.arrow import in_one_piece, numpy_of
from casemgmt.errors import InputError
from casemgmt.parquet.frame import FileBytes, footer_of
from casemgmt.parquet.reading import VerifiedFile
from casemgmt.parquet.seal import check_seal
from casemgmt.parquet.thrift import DamagedError
from casemgmt.register.account import Account
from casemgmt.register.columns import Days
from casemgmt.register.counts import Counts
from casemgmt.register.packing import Packed, Slot
from casemgmt.register.sources import PACKED, Part

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

VERSION = 1
_Unsigned = TypeVar("_Unsigned", bound="np.unsignedinteger")


def _text_table(text: str) -> pa.Table:
    import pyarrow as pa

    return pa.ipc.open_stream(base64.b64decode(text)).read_all()


class PackedFile:
    """A packed register file, its seal and footer verified.

    Attributes
    ----------
    path : where it lies
    account : of all rows that came in
    practices, rows : the practices, and how many rows each has
    slots : where each field is packed
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self.path = path
        try:
            check_seal(path)
            self._parquet = VerifiedFile(path)
            described = json.loads(self._parquet.metadata.metadata[PACKED])
        except (pa.ArrowException, OSError, ValueError, KeyError):
            raise damaged(path) from None
        if described["version"] != VERSION:
            raise InputError(
                f"{path.name} is a packed register of version {described['version']}, and this library reads version "
                f"{VERSION}. Pack the register again."
            )
        self.slots = {
            name: Slot(group, row, shift, width, tuple(values), missing)
            for name, (group, row, shift, width, values, missing) in described["slots"].items()
        }
        self._carried = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(described["told_types"])))
        self.practices: list[str] = described["practices"]
        self.rows: list[int] = described["rows_of_practices"]
        self.account = Account(
            as_of=dt.date.fromisoformat(described["as_of"]),
            extracted_on=dt.date.fromisoformat(described["extracted_on"]),
            rows_in=described["rows_in"],
            merged=described["merged"],
            quarantine=_text_table(described["quarantine"]),
            corrections=_text_table(described["corrections"]),
            parts=tuple(Part(name=p["name"], rows=p["rows"], sha256=p["sha256"]) for p in described["sources"]),
            metadata=described["metadata"],
            fields=tuple(described["fields"]),
            notes=tuple(described.get("notes", ())),
            counts=self._counts(described),
        )

    def _counts(self, described: Mapping[str, Any]) -> Counts:
        """Of the accepted rows; a file of an earlier release says only how many each practice has."""
        if "counts" in described:
            return Counts.from_plain(described["counts"])
        return Counts(accepted=dict(zip(self.practices, self.rows, strict=True)))

    @property
    def rows_of_groups(self) -> tuple[int, ...]:
        """Rows of each row group, which are those of whole practices."""
        return self._parquet.frame.rows_of_groups

    @property
    def bytes_of_a_row(self) -> float:
        """Before compression, as the file says."""
        chunks = [chunk for group in self._parquet.frame.groups for chunk in group]
        return sum(chunk.uncompressed for chunk in chunks) / max(self._parquet.rows, 1)

    @property
    def carried(self) -> list[str]:
        """Text fields and carried columns."""
        return [name.removeprefix("told.") for name in self._carried.names]

    def groups(self) -> Iterator[tuple[int, int, int]]:
        """Each row group, and the first and the last but one of its practices."""
        first = 0
        for group, rows in enumerate(self._parquet.frame.rows_of_groups):
            left, last = rows, first
            while last < len(self.rows) and (left > 0 or (self.rows[last] == 0 and last > first)):
                left -= self.rows[last]
                last += 1
            if group == self._parquet.groups.stop - 1:
                last = len(self.rows)
            yield group, first, last
            first = last

    def read(self, group: int, first: int, last: int) -> tuple[Packed, Days, Days, pa.Table]:
        """Packed rows with each one's practice, counted from ``first`` on; days; wide numbers; ids and carried columns.

        Raises
        ------
        InputError
            The file is not as it was sealed.
        """
        import numpy as np
        import pyarrow as pa

        names = [name for name in self._parquet.schema.names if name != "practice_id"]
        try:
            own = range(group, group + 1)
            # The pages of the practices too, which are known from the footer.
            table = self._parquet.read(own, names, others=True)
            rows = self.rows[first:last]
            _check(table.num_rows == sum(rows), "the row group holds another number of rows")
        except (pa.ArrowException, OSError, ValueError):
            raise damaged(self.path) from None

        def arrays(stem: str, dtype: type[_Unsigned]) -> npt.NDArray[_Unsigned]:
            found = [numpy_of(table.column(name)) for name in names if name.startswith(f"{stem}_")]
            return np.stack(found) if found else np.empty((0, table.num_rows), dtype=dtype)

        def by_field(stem: str) -> Days:
            own = [name for name in names if name.startswith(stem)]
            return {name.removeprefix(stem): numpy_of(table.column(name)) for name in own}

        practice = np.repeat(np.arange(last - first, dtype=np.int32), rows)
        packed = Packed(
            arrays("word", np.uint64), arrays("byte", np.uint8), arrays("short", np.uint16), self.slots, None, practice
        )
        as_it_came = table.select(self._carried.names).cast(self._carried)
        carried = pa.table(
            {
                "patient_id": _as_text(table.column("patient_id")),
                **dict(zip(self.carried, as_it_came.columns, strict=True)),
            }
        )
        return packed, by_field("day."), by_field("number."), carried


def _as_text(ids: pa.ChunkedArray) -> pa.Array:
    """Ids of one length as text again."""
    import numpy as np
    import pyarrow as pa

    column = in_one_piece(ids)
    if not pa.types.is_fixed_size_binary(column.type):
        return column
    width = column.type.byte_width
    offsets = np.arange(0, width * (len(column) + 1), max(width, 1), dtype=np.int32)[: len(column) + 1]
    data = column.buffers()[1].slice(width * column.offset, width * len(column))
    return pa.Array.from_buffers(pa.string(), len(column), [None, pa.py_buffer(offsets), data])


def _check(sound: bool, why: str) -> None:
    if not sound:
        raise ValueError(why)


def damaged(path: Path) -> InputError:
    """A packed file that is not as it was written."""
    return InputError(f"{path.name}: this packed register is damaged, or was changed. Pack the register again.")


def is_packed(path: Path) -> bool:
    """Whether a file says that it is a packed register, sound or not."""
    try:
        with path.open("rb") as stream:
            data = FileBytes(stream)
            start, end = footer_of(data)
            return PACKED in data[start:end]
    except (OSError, DamagedError):
        return False
