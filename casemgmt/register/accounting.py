"""Which rows were set aside, which values were changed, and where each stood in the sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from casemgmt.arrow import rows_of, texts
from casemgmt.register.sources import Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.cleaning import Problem
    from casemgmt.register.verdicts import Verdict


class Whereabouts:
    """Says where in the sources a row stood."""

    def __init__(self, source: Source, practice: npt.NDArray[np.int32], codes: Sequence[str]) -> None:
        self._source, self._practice, self._codes = source, practice, codes

    def _table(
        self,
        rows: npt.NDArray[np.int64],
        fields: Sequence[str],
        reasons: Sequence[str],
        unsplit: Sequence[tuple[int, str]] = (),
    ) -> pa.Table:
        import numpy as np
        import pyarrow as pa

        numbers = rows if self._source.row_numbers is None else self._source.row_numbers[rows]
        source_row = np.concatenate([numbers, np.array([row for row, _ in unsplit], dtype=np.int64)]).astype(np.int64)
        practice = np.concatenate([self._practice[rows], np.full(len(unsplit), -1)]).astype(np.int64)
        all_fields = [*fields, *[None] * len(unsplit)]
        all_reasons = [*reasons, *(reason for _, reason in unsplit)]
        starts = np.cumsum([0, *(part.rows for part in self._source.parts)])
        part = np.searchsorted(starts, source_row, side="right") - 1
        order = np.lexsort((np.arange(len(source_row)), source_row))
        name = [self._source.parts[p].name for p in part[order]]
        return pa.table(
            {
                "source_file": texts(name),
                "source_row": rows_of((source_row - starts[part])[order]),
                "practice_id": texts(self._codes[p] if p >= 0 else None for p in practice[order]),
                "field": texts(all_fields[i] for i in order),
                "reason": texts(all_reasons[i] for i in order),
            }
        )

    def quarantine(self, verdict: Verdict) -> pa.Table:
        """The rows set aside, each with its reason."""
        import numpy as np

        rows = np.flatnonzero(verdict.code)
        said = [verdict.reasons[code] for code in verdict.code[rows]]
        return self._table(rows, [name for name, _ in said], [reason for _, reason in said], self._source.unsplit)

    def corrections(self, problems: Sequence[Problem], kept: npt.NDArray[np.bool_]) -> pa.Table:
        """The values of accepted rows that were set to missing or repaired."""
        import numpy as np

        parts = [(name, rows[kept[rows]], reason) for name, rows, reason in problems]
        rows = np.concatenate([np.zeros(0, dtype=np.int64), *(rows for _, rows, _ in parts)])
        fields = [name for name, rows, _ in parts for _ in range(len(rows))]
        reasons = [reason for _, rows, reason in parts for _ in range(len(rows))]
        return self._table(rows, fields, reasons)
