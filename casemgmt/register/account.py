"""The account of a register: of every row that came in, what became of it, and where it came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from casemgmt.register.counts import Counts
from casemgmt.register.sources import Part

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Account:
    """What became of every row: rows in = accepted + merged repeats + quarantined.

    Attributes
    ----------
    as_of : the list date, on which ages and list sizes are taken
    extracted_on : the day the data was drawn; later dates are refused
    rows_in : rows in the source
    merged : identical repeats that became one row
    quarantine : table of rows that cannot be used: source_file, source_row (from 0), practice_id, field, reason
    corrections : table, the same columns: values set to missing or repaired; the person stays
    parts : the files, with their rows and SHA-256
    metadata : what the source says of itself, such as ``{"synthetic": True}``
    fields : the fields that the source has, ``age`` included
    notes : what was read otherwise than it was written, a sentence each: words of a missing value, padded text
    counts : accepted patients by practice and who of them is barred, values by field
    """

    as_of: dt.date
    extracted_on: dt.date
    rows_in: int
    merged: int
    quarantine: pa.Table
    corrections: pa.Table
    parts: tuple[Part, ...]
    metadata: Mapping[str, object]
    fields: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    counts: Counts = field(default_factory=Counts)

    def of_own_rows(self, rows: int) -> Account:
        """The account of some accepted rows alone, before they are joined to those of the other parts."""
        return Account(
            as_of=self.as_of,
            extracted_on=self.extracted_on,
            rows_in=rows,
            merged=0,
            quarantine=self.quarantine.slice(0, 0),
            corrections=self.corrections.slice(0, 0),
            parts=self.parts,
            metadata=self.metadata,
            fields=self.fields,
            notes=self.notes,
        )
