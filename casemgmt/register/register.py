"""The register: checked rows, packed for scoring, with an account of every row that came in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.arrow import numpy_of, rows_of, taken, text_scalar, texts
from casemgmt.errors import InputError, missing_columns, needs_every_row, plural
from casemgmt.register.account import Account
from casemgmt.register.counts import Counts, by_practice_field_and_reason
from casemgmt.register.fields import FIELDS
from casemgmt.register.limits import Limits, refuse_beyond
from casemgmt.register.packing import Packed, Rows, group_order
from casemgmt.register.sources import Part
from casemgmt.shown import shows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa


@shows(
    "as_of extracted_on practices rows_in accepted merged quarantine corrections counts notes fields carried",
    "column_names column parts metadata synthetic limits to_arrow to_pandas save_packed",
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Register:
    """A practice register as :func:`casemgmt.read_register` gives it.

    Attributes
    ----------
    row_account : of all rows that came in; what it holds can be asked of the register too, such as ``quarantine``
    practices : practice codes, in byte order
    packed : the rows; a large register whose practices were mixed is grouped by practice only when it must be
    days : day numbers of date fields, packed order; NO_DAY is missing
    numbers : integers too large to pack, packed order; NO_DAY is missing
    source_table : the rows as they came, after renaming
    ids : patient ids, rows of ``source_table``
    order : packed row → row of ``source_table``; None: the same
    source_row : row of ``source_table`` → source row; None: the same
    merged_into : row of ``source_table`` of a repeat → the row that stays
    index : of the pandas frame that the rows came from
    accepted_rows : where only some of the accepted patients' rows were kept, how many accepted patients there are
    limits : the shares of quarantined rows and corrected values beyond which nothing is made of the register
    """

    row_account: Account
    practices: tuple[str, ...]
    packed: Packed
    days: Mapping[str, npt.NDArray[np.int32]]
    numbers: Mapping[str, npt.NDArray[np.int32]]
    source_table: pa.Table
    ids: pa.ChunkedArray
    order: npt.NDArray[np.int64] | None = None
    source_row: npt.NDArray[np.int64] | None = None
    merged_into: Mapping[int, int] = field(default_factory=dict)
    index: pd.Index | None = None
    accepted_rows: int | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def as_of(self) -> dt.date:
        """The list date, on which ages and list sizes are taken."""
        return self.row_account.as_of

    @property
    def extracted_on(self) -> dt.date:
        """The day the data was drawn; later dates are refused."""
        return self.row_account.extracted_on

    @property
    def quarantine(self) -> pa.Table:
        """Rows that cannot be used: source_file, source_row (from 0), practice_id, field, reason."""
        return self.row_account.quarantine

    @property
    def corrections(self) -> pa.Table:
        """The same columns, of values set to missing or repaired; the person stays."""
        return self.row_account.corrections

    @property
    def rows_in(self) -> int:
        """Rows in the source = accepted + merged repeats + quarantined."""
        return self.row_account.rows_in

    @property
    def merged(self) -> int:
        """Identical repeats that became one row."""
        return self.row_account.merged

    @property
    def parts(self) -> tuple[Part, ...]:
        """The files, with their rows and SHA-256."""
        return self.row_account.parts

    @property
    def metadata(self) -> Mapping[str, object]:
        """What the source says of itself, such as ``{"synthetic": True}``."""
        return self.row_account.metadata

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the source has, ``age`` included."""
        return self.row_account.fields

    @property
    def notes(self) -> tuple[str, ...]:
        """What was read otherwise than it was written, a sentence each."""
        return self.row_account.notes

    @property
    def counts(self) -> Counts:
        """Accepted patients by practice and who of them is barred, values by field."""
        return self.row_account.counts

    @property
    def table_row(self) -> npt.NDArray[np.int64]:
        """The row of ``source_table`` in which each packed row stood."""
        import numpy as np

        return np.arange(len(self)) if self.order is None else self.order

    @property
    def synthetic(self) -> bool:
        """Whether the source says that its people are made up."""
        return self.metadata.get("synthetic") is True

    @property
    def accepted(self) -> int:
        """Accepted patients, whether or not their rows were kept."""
        return len(self) if self.accepted_rows is None else self.accepted_rows

    @property
    def is_whole(self) -> bool:
        """Whether every accepted patient's row is held, not only those that a selection needs."""
        return self.accepted_rows is None

    def require_whole(self, what: str) -> None:
        """Raise InputError where only the rows that a selection needs were kept.

        Raises
        ------
        InputError
            It names the remedy.
        """
        if not self.is_whole:
            raise needs_every_row(what, ", and of a scanned one only the rows that can matter to the lists were kept")

    def check_limits(self) -> None:
        """Raise InputError where more is quarantined or corrected than ``max_quarantined`` and ``max_corrected`` allow.

        Selecting, scoring, explaining and packing ask this first; looking at the account and the rows does not.

        Raises
        ------
        InputError
            It names every field and practice with its counts, and how to raise the limit.
        """
        aside, changed = (by_practice_field_and_reason(table) for table in (self.quarantine, self.corrections))
        refuse_beyond(self.limits, self.counts, aside, changed, self.rows_in - self.merged)

    def __len__(self) -> int:
        """Patients whose rows are held."""
        return self.packed.rows

    def __repr__(self) -> str:
        """Counts only."""
        from casemgmt.register.facts import named

        barred = sum(self.counts.barred_in_all().values())
        return (
            f"<Register: {plural(self.accepted, 'patient')} in {plural(len(self.practices), 'practice')} "
            f"on {self.as_of}; {plural(self.rows_in, 'row')} in = {self.accepted:,} accepted + "
            f"{self.merged:,} merged repeats + {self.quarantine.num_rows:,} quarantined{named(self.quarantine)}; "
            f"{plural(self.corrections.num_rows, 'correction')}{named(self.corrections)}"
            f"{f'; {barred:,} barred' if barred else ''}>"
        )

    def _repr_html_(self) -> str:
        from casemgmt.register.facts import register_html

        return register_html(self)

    @arguments.checked(names=arguments.texts, needed_by=arguments.text)
    def require(self, names: tuple[str, ...], needed_by: str) -> None:
        """Raise one InputError that names every column of ``names`` the register does not hold."""
        present = set(self.column_names)
        missing = [name for name in names if name not in present]
        if missing:
            raise missing_columns(missing, sorted(present), needed_by, checked=True)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Fields held, ``age`` included, then carried columns."""
        return (*self.fields, *self.carried)

    @property
    def carried(self) -> tuple[str, ...]:
        """Columns that are no field, kept as they came."""
        return tuple(name for name in self.source_table.column_names if name not in FIELDS)

    @arguments.checked(name=arguments.text)
    def column(self, name: str, rows: Rows | npt.ArrayLike | None = None) -> pa.Array:
        """The cleaned values of a column, in packed order, for all rows or those given.

        Parameters
        ----------
        name : a field the register holds, or a carried column
        rows : int array of packed rows, optional
        """
        import numpy as np

        from casemgmt.register.columns import cleaned_values

        if name not in self.column_names:
            raise missing_columns([name], sorted(self.column_names), "this call", checked=True)
        rows = np.arange(len(self)) if rows is None else arguments.rows_of_many(rows, len(self), "rows")
        if name not in FIELDS or FIELDS[name].kind in {"text", "id", "practice"}:
            return self._source_values(name, rows)
        values: pa.Array = cleaned_values(self, name, rows)
        return values

    def _source_values(self, name: str, rows: npt.NDArray[np.int64]) -> pa.Array:
        if name == "practice_id":
            return texts(self.practices).take(rows_of(self.packed.practice_of(rows)))
        column = self.ids if name == "patient_id" else self.source_table.column(name)
        return taken(column, rows if self.order is None else self.order[rows])

    def grouped(self) -> Register:
        """The same register with the rows of each practice together."""
        if self.packed.practice is None:
            return self
        return self.take(*group_order(self.packed.practice, len(self.practices)))

    def take(self, rows: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]) -> Register:
        """Some of the rows, which stand grouped by practice at ``groups``; the account of rows stays the whole's."""
        rows = arguments.rows_of_many(rows, len(self), "rows")
        groups = arguments.rows_of_many(groups, len(rows) + 1, "groups")
        return replace(
            self,
            packed=self.packed.take(rows, groups=groups),
            days={name: days[rows] for name, days in self.days.items()},
            numbers={name: numbers[rows] for name, numbers in self.numbers.items()},
            order=rows if self.order is None else self.order[rows],
        )

    def to_arrow(self) -> pa.Table:
        """The accepted rows with their cleaned values, in source order: fields first, then carried columns."""
        import numpy as np
        import pyarrow as pa

        self.require_whole("Its table")
        rows = np.argsort(self.table_row, kind="stable")
        columns = {name: self.column(name, rows) for name in self.column_names}
        metadata = {b"casemgmt": _json(self.metadata)} if self.metadata else None
        return pa.table(columns).replace_schema_metadata(metadata)

    @arguments.checked(path=arguments.path)
    def save_packed(self, path: str | Path) -> Path:
        """Write the register to a packed file, which :func:`casemgmt.scan_register` reads in a fraction of the time.

        Parameters
        ----------
        path : of the file, which is replaced whole or not at all; only its owner may read it

        Returns
        -------
        the path

        Raises
        ------
        InputError
            A carried column that Parquet cannot hold, or a register without a practice.
        PublishError
            The file cannot be written; what was there is left as it was.

        Notes
        -----
        The rows of a practice keep the order in which they came, and the file's bytes follow it.
        """
        from casemgmt.register.packed_writing import save_packed

        return save_packed(self, Path(path))

    def to_pandas(self) -> pd.DataFrame:
        """:meth:`to_arrow` as a pandas data frame whose index says which source row each patient is.

        Returns
        -------
        pandas.DataFrame
            its index holds the labels of the pandas frame that the register was read from, where they are unique, else
            the number of the source row, from 0, as ``source_row``. ``score=`` takes a Series with that index
        """
        import numpy as np
        import pandas as pd

        frame = self.to_arrow().to_pandas()
        rows = np.sort(self.table_row)
        rows = rows if self.source_row is None else self.source_row[rows]
        labels = None if self.index is None or not self.index.is_unique else self.index
        frame.index = pd.Index(rows, name="source_row") if labels is None else labels[rows]
        return frame

    def to_source_rows(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """One value a source row from one a packed row; NaN where the row was quarantined, repeats as the row kept."""
        import numpy as np

        self.require_whole("One value a source row")
        if getattr(values, "shape", None) != (len(self),) or values.dtype.kind not in "iuf":
            raise InputError(f"values is an array of numbers, one an accepted row, of which there are {len(self):,}.")
        by_table = np.full(self.source_table.num_rows, np.nan)
        by_table[self.table_row] = values
        if self.merged_into:
            by_table[list(self.merged_into)] = by_table[list(self.merged_into.values())]
        if self.source_row is None:
            return by_table
        by_source = np.full(self.rows_in, np.nan)
        by_source[self.source_row] = by_table
        return by_source

    def id_texts(self) -> pa.ChunkedArray:
        """The patient id of every row of the source table, as ``large_string``."""
        import pyarrow as pa

        return self.ids.cast(pa.large_string())

    @arguments.checked(patient_id=arguments.text)
    def find(self, patient_id: str) -> int:
        """The packed row of an accepted patient; InputError where there is none."""
        import numpy as np
        import pyarrow.compute as pc

        if not isinstance(patient_id, str):
            raise InputError("A patient_id is text: give it in quotes.")
        ids = self.id_texts()
        same = pc.equal(ids, text_scalar(patient_id, ids.type))
        found = np.flatnonzero(numpy_of(same) & numpy_of(ids.is_valid()))
        packed = np.flatnonzero(np.isin(self.table_row, found))
        if not len(packed):
            self.require_whole("Finding a patient who is not on the lists")
            raise InputError("No accepted patient of this register has that patient_id.")
        return int(packed[0])


def _json(value: Mapping[str, object]) -> bytes:
    import json

    return json.dumps(dict(value), sort_keys=True).encode()


def a_register(value: object, name: str) -> Register:
    """An argument that is a register that was read; InputError where it is none."""
    if not isinstance(value, Register):
        raise arguments.is_not(name, "a register from cm.read_register", value)
    return value
