"""What is kept of a scanned register while its parts pass: counts, the account of rows, and hashes of the ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from casemgmt.arrow import text_scalar
from casemgmt.register.counts import Counts
from casemgmt.register.identity import practice_faults
from casemgmt.register.readable import refuse_columns
from casemgmt.register.readable_counts import ReadableCount
from casemgmt.register.values import OUTER_SPACES
from casemgmt.texts.long_texts import PART_BITS, grouped_by_part, repeated_in

if TYPE_CHECKING:
    import re

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.register.reader import CheckedPart

# So many are sorted before the parts would have been gone through one by one.
FEW_IDS = 1 << 15


class IdHashes:
    """The hashes of all ids, kept by their highest bits, eight bytes an id."""

    def __init__(self) -> None:
        self._parts: list[tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]] = []

    def add(self, hashes: npt.NDArray[np.uint64]) -> None:
        """Keep those of one part."""
        self._parts.append(grouped_by_part(hashes))

    def parts(self) -> Iterator[npt.NDArray[np.uint64]]:
        """All that were kept, part by part."""
        return (hashes for hashes, _ in self._parts)

    def repeated(self) -> npt.NDArray[np.uint64]:
        """The hashes that occur more than once, rising."""
        import numpy as np

        def of_part(part: int) -> npt.NDArray[np.uint64]:
            return np.concatenate([each[starts[part] : starts[part + 1]] for each, starts in self._parts])

        if not self._parts:
            return np.empty(0, dtype=np.uint64)
        if sum(map(len, self.parts())) < FEW_IDS:
            different, times = np.unique(np.concatenate(list(self.parts())), return_counts=True)
            return np.asarray(different[times > 1])
        largest = int(np.sum([np.diff(starts) for _, starts in self._parts], axis=0).max())
        return repeated_in(of_part, 1 << PART_BITS, largest)


@dataclass(slots=True)
class Tally:
    """The account of the parts that have passed.

    Attributes
    ----------
    numbers : each practice code met → its number, in the order in which they were met
    rows : by number, source rows that name the practice
    judgements : (practice code, why it was refused; None where it was not), as the parts judged it
    readable : how much of each column can be read
    counts : of the accepted rows
    """

    numbers: dict[str, int] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    judgements: set[tuple[str, str | None]] = field(default_factory=set)
    readable: dict[str, ReadableCount] = field(default_factory=dict)
    quarantine: list[pa.Table] = field(default_factory=list)
    corrections: list[pa.Table] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    rows_in: int = 0
    accepted: int = 0
    merged: int = 0

    def add(self, part: CheckedPart) -> npt.NDArray[np.int32]:
        """Count a part in; the number of each of its own practices."""
        import numpy as np

        register = part.register
        self.rows_in += register.rows_in
        self.accepted += len(register)
        self.merged += register.merged
        self.counts += register.counts
        named = [code for code in part.judged.practices if code]
        self.codes.update(named)
        self.judgements.update((code, part.judged.faults.get(code)) for code in named)
        self.used.update(register.practices)
        for name, count in part.readable.items():
            self.readable[name] = self.readable[name].and_then(count) if name in self.readable else count
        if register.quarantine.num_rows:
            self.quarantine.append(register.quarantine)
        if register.corrections.num_rows:
            self.corrections.append(register.corrections)
        own = [self.numbers.setdefault(code, len(self.numbers)) for code in register.practices]
        return np.array(own, dtype=np.int32)

    def misjudged(self, pattern: re.Pattern[str]) -> bool:
        """Whether a part judged a practice code otherwise than all the codes together do."""
        every = practice_faults(self.codes, pattern)
        return any(every.get(code) != why for code, why in self.judgements)

    def refuse_columns(self) -> None:
        """Refuse a column that cannot be read in the whole; and of one that is padded, keep one note for all of it."""
        import pyarrow.compute as pc

        refuse_columns(self.readable)
        for name in [name for name, count in self.readable.items() if count.is_fixed_width]:
            field, reason = text_scalar(name), text_scalar(OUTER_SPACES)
            self.corrections = [
                table.filter(
                    pc.invert(pc.and_(pc.equal(table.column("field"), field), pc.equal(table.column("reason"), reason)))
                )
                for table in self.corrections
            ]

    def practices(self) -> list[str]:
        """The practices with a row that may be used, in byte order."""
        return sorted(self.used, key=lambda code: code.encode())
