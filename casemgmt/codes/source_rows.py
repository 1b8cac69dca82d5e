"""The rows of a source of records, column by column: what can be used, and which rows to look at and why."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from casemgmt.arrow import in_one_piece
from casemgmt.codes.checking import tell_dates
from casemgmt.codes.events import Batch, Events, days_of
from casemgmt.codes.patient_ids import people_of
from casemgmt.codes.set_aside import check_share
from casemgmt.codes.small_codes import SmallCodes, check_readable, empty_column, small_codes
from casemgmt.errors import InputError
from casemgmt.register.columns import NO_DAY
from casemgmt.register.spellings import NONE_OF

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Bools = npt.NDArray[np.bool_]

MISSING, NO_CODE, NOT_KNOWN = NOTHING_SAID = ("missing", "no such code", "not known")
AS_RECORDED = "Give the codes as they were recorded (NHS Data Dictionary)."


class SourceRows:
    """Reads columns of one source, and keeps which rows to look at.

    Parameters
    ----------
    most : the share of the values of a column that may be set aside before the source is refused

    Attributes
    ----------
    reported : source row, field and reason of each row to look at
    noted : how many, by field and reason
    """

    def __init__(self, most: Fraction) -> None:
        self.most = most
        self.reported: list[tuple[int, str, str]] = []
        self.noted: dict[tuple[str, str], int] = {}

    def report(self, batch: Batch, rows: Any, name: str, reason: str) -> None:
        """Name rows of a batch, with the field and the reason."""
        if len(rows):
            self.noted[name, reason] = self.noted.get((name, reason), 0) + len(rows)
        self.reported += [(int(row), name, reason) for row in batch.source_rows(rows)]

    def people(self, batch: Batch) -> tuple[pa.Array, Bools]:
        """The patient ids, and which of them can be used."""
        import numpy as np

        ids, named, faults, _ = people_of(batch.columns["patient_id"])
        for rows, reason in faults:
            self.report(batch, rows, "patient_id", reason)
        odd = [fault for fault in faults if fault[1] != MISSING]
        why = max(odd, key=lambda fault: len(fault[0]), default=((), ""))[1]
        present = np.ones(batch.rows, dtype=bool) if named is None else named
        remedy = "Give the ids as the register has them, read as text."
        unread = sum(len(rows) for rows, _ in odd)
        check_share("Column 'patient_id'", count_of(present) + unread, unread, self.most, why, remedy)
        if batch.rows >= NONE_OF and not present.any():
            raise empty_column("patient_id", batch.rows, "patient ids")
        return ids, present

    def days(self, batch: Batch, name: str, events: Events) -> npt.NDArray[np.int32]:
        """A column of dates as day numbers; refused where little of it can be read, or it is empty."""
        days, problems = days_of(batch.columns[name], name, events.date_format)
        for rows, reason in problems:
            self.report(batch, rows, name, reason)
        unread, readable = sum(len(rows) for rows, _ in problems), count_of(days != NO_DAY)
        why = max(problems, key=lambda problem: len(problem[0]), default=((), ""))[1]
        check_readable(name, "a date", readable, unread, tell_dates(why), why)
        check_share(f"Column '{name}'", readable + unread, unread, self.most, why, tell_dates(why))
        if batch.rows >= NONE_OF and not readable and not unread and name != "discharge_date":
            raise empty_column(name, batch.rows, "dates")
        found: npt.NDArray[np.int32] = days
        return found

    def codes(
        self,
        batch: Batch,
        name: str,
        known: frozenset[str],
        expected: str,
        otherwise: str,
        unknown_codes: tuple[str, ...] = (),
    ) -> SmallCodes:
        """A column of small codes; what stands for nothing, is no code, or says that it is not known, is reported."""
        import numpy as np

        codes = small_codes(batch.columns[name], name, known, expected, AS_RECORDED)
        unsaid = np.isin(codes.texts, unknown_codes)
        self.report(batch, np.flatnonzero(unsaid), name, f"{NOT_KNOWN}: {otherwise}")
        self.report(batch, np.flatnonzero(codes.missing), name, f"{MISSING}: {otherwise}")
        self.report(batch, np.flatnonzero(codes.unknown), name, f"{NO_CODE}: {otherwise}")
        given, unknown = count_of(~codes.missing), count_of(codes.unknown)
        check_share(f"Column '{name}'", given, unknown, self.most, NO_CODE, AS_RECORDED)
        return codes


def count_of(where: Bools) -> int:
    """How many are true."""
    return int(where.sum())


def whole(batches: list[Batch]) -> Batch:
    """All rows of a source as one batch."""
    import pyarrow as pa

    if len(batches) == 1:
        return batches[0]
    if not batches:
        raise InputError("A source of episodes has no rows at all, so that its columns cannot be told.")
    columns = {
        name: in_one_piece(pa.chunked_array([batch.columns[name] for batch in batches])) for name in batches[0].columns
    }
    return Batch(columns, sum(batch.rows for batch in batches), 0)
