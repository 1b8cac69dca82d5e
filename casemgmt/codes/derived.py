"""Conditions derived from coded rows: one row a patient, packed, with an account of every row that came in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casemgmt import arguments
from casemgmt.arrow import array_of
from casemgmt.codes.account import OfSources, SourceAccount, report_table
from casemgmt.errors import InputError, did_you_mean, plural
from casemgmt.register.columns import NO_DAY
from casemgmt.shown import shows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    from casemgmt.risk.model import Model


@shows(
    "as_of conditions counts latest patients rows flag score report account unmapped set_aside sources",
    "to_arrow to_pandas",
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Derived(OfSources):
    """What :func:`casemgmt.derive_conditions` gives.

    Attributes
    ----------
    as_of : the list date; later rows do not count
    patients : each patient that a row names, once, in ascending order of ids (texts by their bytes)
    words : uint64, (words, patients): the flags, a bit each
    bits : the bit of each flag, from 0, through the words
    counts : int32 a patient, of each condition whose rows are counted
    latest : day number a patient, of each condition whose latest day is kept; NO_DAY where there is none
    sources : what became of the rows of each source
    rows : rows of each patient, whatever they hold, where that was asked for

    Notes
    -----
    Flags are never null: a patient without a row of a condition does not have it *in these records*.

    A table of diagnoses side by side (``diag_01`` to ``diag_20``, ``DIAG_4_01``) is read as it is: each of those
    columns counts as a row. ``-``, ``&``, blanks and words for a missing value are no code. The date may be called
    ``admission_date``, ``ADMIDATE`` or ``EPISTART`` there. An id that :func:`casemgmt.read_register` refuses is no
    patient here either. No answer depends on the order of rows or files: flags, counts and latest days do not, and
    ``later_than`` of a rule asks for a later day, so that two rows of one day are not later than each other.

    Examples
    --------
    >>> import pyarrow as pa, casemgmt as cm
    >>> rows = pa.table({"patient_id": ["a", "a", "b"], "code": ["I21.9", "E11.9", "Z00.0"]})
    >>> derived = cm.derive_conditions(rows, "charlson-quan-2005", as_of="2024-02-01", undated_as_ever=True)
    >>> derived.flag("charlson_myocardial_infarction").tolist()
    [True, False]
    """

    as_of: dt.date
    patients: pa.Array
    words: npt.NDArray[np.uint64]
    bits: Mapping[str, int]
    counts: Mapping[str, npt.NDArray[np.int32]]
    latest: Mapping[str, npt.NDArray[np.int32]]
    sources: tuple[SourceAccount, ...]
    rows: npt.NDArray[np.int32] | None = None

    @property
    def report(self) -> pa.Table:
        """The rows to look at: system, source_row (from 0), field, reason; never a value."""
        return report_table(self.sources)

    def __len__(self) -> int:
        """Patients."""
        return len(self.patients)

    def __repr__(self) -> str:
        """Counts only."""
        account = self.account
        total = {name: sum(account.column(name).to_pylist()) for name in account.column_names[1:]}
        fates = " + ".join(
            f"{count:,} {name.replace('_', ' ')}" for name, count in total.items() if name != "rows_in" and count
        )
        return (
            f"<Derived: {plural(len(self.bits), 'condition')} of {plural(len(self), 'patient')} on {self.as_of}; "
            f"{plural(total['rows_in'], 'row')} in = {fates or 0}>"
        )

    @property
    def conditions(self) -> tuple[str, ...]:
        """The flags, in the order of the lists and rules."""
        return tuple(self.bits)

    @arguments.checked(name=arguments.text)
    def flag(self, name: str) -> npt.NDArray[np.bool_]:
        """Whether each patient has a condition."""
        import numpy as np

        if name not in self.bits:
            raise InputError(f"There is no derived condition '{name}'.{did_you_mean(name, self.conditions)}")
        bit = self.bits[name]
        return np.asarray((self.words[bit // 64] >> np.uint64(bit % 64)) & np.uint64(1), dtype=bool)

    def to_arrow(self) -> pa.Table:
        """One row a patient: patient_id, a flag a condition (never null), counts and latest days where asked for."""
        import pyarrow as pa

        columns = {"patient_id": self.patients}
        columns |= {name: array_of(self.flag(name), pa.bool_()) for name in self.bits}
        columns |= {f"{name}_count": array_of(count, pa.int32()) for name, count in self.counts.items()}
        columns |= {f"{name}_latest": array_of(day, pa.date32(), day != NO_DAY) for name, day in self.latest.items()}
        return pa.table(columns)

    def to_pandas(self) -> pd.DataFrame:
        """:meth:`to_arrow` as a pandas data frame."""
        return self.to_arrow().to_pandas()

    @arguments.checked(model=arguments.model)
    def score(self, model: Model) -> pa.Table:
        """One row a patient: patient_id and the score of a model all of whose inputs are derived flags.

        A model that needs more, such as age, scores the register that :func:`casemgmt.build_register` makes.

        Raises
        ------
        InputError
            An input of the model that is no derived condition; all are named at once.
        """
        from casemgmt.risk.from_flags import score_derived

        return score_derived(self, model)
