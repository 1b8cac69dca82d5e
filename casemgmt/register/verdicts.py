"""What the ids and practice codes of rows came to: which rows are set aside and why, and which repeat another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from casemgmt.register.packing import Rows


@dataclass(slots=True)
class Verdict:
    """Which rows are set aside, and why.

    Attributes
    ----------
    code : uint8, one per row; 0 accepted, otherwise an index into ``reasons``
    reasons : (field, reason) by code
    merged_into : row of an identical repeat → the row that stays
    refused_practices : indices of the practice codes that cannot be used
    """

    code: npt.NDArray[np.uint8]
    reasons: list[tuple[str, str]] = field(default_factory=lambda: [("", "")])
    merged_into: dict[int, int] = field(default_factory=dict)
    refused_practices: list[int] = field(default_factory=list)

    def names_somebody(self, rows: Rows = slice(None)) -> npt.NDArray[np.bool_]:
        """Of which rows the id can be used."""
        import numpy as np

        usable = np.array([name != "patient_id" for name, _ in self.reasons])
        return np.asarray(usable[self.code[rows]])

    def set_aside(self, rows: npt.NDArray[np.int64], name: str, reason: str) -> None:
        """Quarantine the rows that have no reason yet."""
        fresh = rows[self.code[rows] == 0]
        if not len(fresh):
            return
        if (name, reason) not in self.reasons:
            self.reasons.append((name, reason))
        self.code[fresh] = self.reasons.index((name, reason))


class Judged(NamedTuple):
    """What the ids and practice codes of a table came to.

    Attributes
    ----------
    verdict : which rows are set aside and which are repeats
    practice : int32, one a row, an index into ``practices``; -1 where the code is missing
    practices : the distinct practice codes after mapping, in byte order
    faults : each of those that cannot be used → why
    hashes : uint64, one a row; None where repeats were looked for without
    """

    verdict: Verdict
    practice: npt.NDArray[np.int32]
    practices: list[str]
    faults: Mapping[str, str]
    hashes: npt.NDArray[np.uint64] | None

    @property
    def known_hashes(self) -> npt.NDArray[np.uint64]:
        """The hashes, of rows that were judged by them."""
        if self.hashes is None:
            raise TypeError("Repeats were looked for without hashes.")
        return self.hashes
