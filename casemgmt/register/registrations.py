"""Someone who left and came back: rows with one id that are registrations one after the other, the last one open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from casemgmt.register.cleaning import clean_column
from casemgmt.register.fields import FIELDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

Flags: TypeAlias = "npt.NDArray[np.bool_]"

# Rows of one patient that differ in nothing else are registrations of one person.
REGISTRATION = frozenset({"practice_id", "registered_on", "deregistered_on"})
EARLIER = "an earlier registration, which has ended; the patient is kept at the open one"


class Registrations(NamedTuple):
    """How to tell an open registration from those that have ended.

    Attributes
    ----------
    list_day, last_day : the day numbers of the list date and the extract date
    values, date_format : as columns of dates are read
    """

    list_day: int
    last_day: int
    values: Mapping[str, Mapping[str, object]]
    date_format: Mapping[str, str]

    def earlier(
        self, rows: pa.Table, group: npt.NDArray[np.int32], alike: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """Which rows are registrations that had ended by the list date, of patients with one row that had not.

        Parameters
        ----------
        rows : those of the patients in question, each patient's together
        group : a number for the patient of each row, rising
        alike : whether a row differs from the first one of its patient in nothing but its registration
        """
        import numpy as np

        if "deregistered_on" not in rows.column_names or not len(group):
            return np.zeros(len(group), dtype=bool)
        left, left_known, left_bad = self._days(rows, "deregistered_on")
        joined, joined_known, joined_bad = self._days(rows, "registered_on")
        ended = left_known & (left <= self.list_day)
        starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
        sizes = np.diff(np.append(starts, len(group)))
        open_rows = np.add.reduceat((~ended).astype(np.int64), starts)
        whole = np.logical_and.reduceat(alike & ~left_bad & ~joined_bad, starts)
        # The open registration begins when the last of the others has ended, or nobody says when.
        began = np.maximum.reduceat(np.where(~ended & joined_known, joined, -(2**31)), starts)
        last_end = np.maximum.reduceat(np.where(ended, left, -(2**31)), starts)
        follows = (began == -(2**31)) | (began >= last_end)
        begun = began <= self.list_day
        certain: Flags = np.repeat(whole & (open_rows == 1) & follows & begun, sizes)
        earlier: Flags = certain & ended
        return earlier

    def ended(self, rows: pa.Table) -> Flags:
        """Which rows are registrations that had ended by the list date."""
        import numpy as np

        if "deregistered_on" not in rows.column_names:
            return np.zeros(rows.num_rows, dtype=bool)
        left, known, _ = self._days(rows, "deregistered_on")
        return np.asarray(known & (left <= self.list_day))

    def _days(self, rows: pa.Table, name: str) -> tuple[npt.NDArray[np.int64], Flags, Flags]:
        """The day of each row, whether there is one, and whether there is something that is none."""
        import numpy as np

        if name not in rows.column_names:
            nothing = np.zeros(rows.num_rows, dtype=bool)
            return np.zeros(rows.num_rows, dtype=np.int64), nothing, nothing
        mapping = self.values.get(name)
        read = clean_column(
            FIELDS[name],
            rows.column(name),
            mapping=mapping,
            date_format=self.date_format.get(name),
            last_day=self.last_day,
            times="midnight",
        )
        known = np.ones(rows.num_rows, dtype=bool) if read.present is None else read.present
        bad = np.zeros(rows.num_rows, dtype=bool)
        for where, _ in read.problems:
            bad[where] = ~known[where]
        return read.values.astype(np.int64), known, bad
