"""What each distinct code of a source says: judged once, by the checks of its system and by the lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from casemgmt.codes.codelist import CodeList
from casemgmt.codes.plan import Plan

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

OTHER_CASE = "differs from a listed code in upper and lower case alone"


class Verdict(NamedTuple):
    """What is said of one text.

    Attributes
    ----------
    fault : why it is no code of the system; None where it is one
    conditions : what it makes; none where no list has it
    blank : whether it is no more than spaces
    note : what a reader should know of a code that no list has
    """

    fault: str | None
    conditions: tuple[str, ...] = ()
    blank: bool = False
    note: str = ""


class Codebook:
    """The code lists of one system, and the verdicts given so far.

    Parameters
    ----------
    lists : one or more, all of one system
    """

    def __init__(self, lists: Sequence[CodeList]) -> None:
        self.kind = lists[0].kind
        self._lists = tuple(lists)
        self._verdicts: dict[str, Verdict] = {}
        self._folded = (
            {each.code.casefold() for codes in lists for each in codes.entries} if self.kind.case_sensitive else set()
        )

    def verdict(self, text: str) -> Verdict:
        """What is said of a text, as it came."""
        found = self._verdicts.get(text)
        if found is None:
            found = self._verdicts[text] = self._judged(text)
        return found

    def _judged(self, text: str) -> Verdict:
        if not text.strip(" "):
            return Verdict(None, blank=True)
        fault = self.kind.fault(text)
        if fault is not None:
            return Verdict(fault)
        code = self.kind.normalise(text)
        conditions = dict.fromkeys(name for codes in self._lists for name in codes.conditions_of_written(code))
        note = OTHER_CASE if not conditions and code.casefold() in self._folded else ""
        return Verdict(None, tuple(conditions), note=note)


class CellTables:
    """The tables by which the kernels look up the cells of one or more classes of days.

    Attributes
    ----------
    masks : uint64, (words, cells): the bits that a row of each cell sets
    tally : int64, (cells,): rows of each cell
    """

    def __init__(self, columns: CodeColumns, first_class: int) -> None:
        import numpy as np

        self._columns, self._first_class = columns, first_class
        start = first_class * columns.stride
        self.masks: npt.NDArray[np.uint64] = np.ascontiguousarray(columns.masks[:, start:])
        self.tally: npt.NDArray[np.int64] = columns.tally[start:]
        self._measured: tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]] | None = None

    def measured(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """Where each cell's measures begin in the list of measures, and that list; see the kernel ``measure``."""
        import numpy as np

        if self._measured is None:
            starts, found = [0], list[int]()
            for measures in self._columns.measures_from(self._first_class):
                found += measures
                starts.append(len(found))
            self._measured = np.array(starts, dtype=np.int64), np.array(found, dtype=np.int32)
        return self._measured


class CodeColumns:
    """What the kernels need to know of one column's codes, for the texts met so far.

    Codes are numbered as they are met; the last number, ``stride - 1``, stands for none.

    Attributes
    ----------
    texts, verdicts : by code
    stride : cells of a class of days
    faulty : bool, (stride,): the codes whose rows are reported
    """

    masks: npt.NDArray[np.uint64]
    tally: npt.NDArray[np.int64]
    faulty: npt.NDArray[np.bool_]
    _dated: CellTables | None
    _undated: CellTables | None

    def __init__(self, plan: Plan, codebook: Codebook, room: int) -> None:
        self._plan, self._codebook = plan, codebook
        self.verdicts: list[Verdict] = []
        self.texts: list[str] = []
        self._masks_of: dict[tuple[str, ...], Any] = {}
        self.stride = 0
        self._make_room(room)

    @property
    def no_code(self) -> int:
        """The code that stands for none."""
        return self.stride - 1

    @property
    def dated(self) -> CellTables:
        """The tables of rows with a column of dates."""
        if self._dated is None:
            self._dated = CellTables(self, 0)
        return self._dated

    @property
    def undated(self) -> CellTables:
        """The tables of rows without one: a row's cell is its code."""
        if self._undated is None:
            self._undated = CellTables(self, self._plan.classes - 1)
        return self._undated

    def extend(self, texts: Iterable[str]) -> None:
        """Take in the next distinct codes."""
        new = [(text, self._codebook.verdict(text)) for text in texts]
        if len(self.verdicts) + len(new) >= self.stride:
            self._make_room(2 * (len(self.verdicts) + len(new)))
        for place, (text, verdict) in enumerate(new, len(self.verdicts)):
            self._set(place, verdict)
            self.texts.append(text)
            self.verdicts.append(verdict)
        self._dated = self._undated = None

    def _make_room(self, room: int) -> None:
        import numpy as np

        classes, before = self._plan.classes, self.stride
        kept = self.tally.reshape(classes, before) if before else None
        self.stride = room + 1
        # Whoever has a row with no code at all was still named.
        self.masks = np.zeros((self._plan.words, classes * self.stride), dtype=np.uint64)
        self.masks[0] = 1
        self.tally = np.zeros(classes * self.stride, dtype=np.int64)
        self.faulty = np.zeros(self.stride, dtype=bool)
        self._dated = self._undated = None
        if kept is not None:
            tally = self.tally.reshape(classes, self.stride)
            tally[:, : before - 1], tally[:, -1] = kept[:, : before - 1], kept[:, -1]
            for place, verdict in enumerate(self.verdicts):
                self._set(place, verdict)

    def _set(self, place: int, verdict: Verdict) -> None:
        self.faulty[place] = verdict.fault is not None
        if not verdict.conditions:
            return
        masks = self._masks_of.get(verdict.conditions)
        if masks is None:
            masks = self._masks_of[verdict.conditions] = self._plan.masks(verdict.conditions)
        self.masks[:, place :: self.stride] = masks

    def measures_from(self, first_class: int) -> Iterator[list[int]]:
        """The measures that a row of each cell adds to, from a class of days on."""
        for day_class in range(first_class, self._plan.classes):
            found = {key: self._plan.measured(key, day_class) for key in {each.conditions for each in self.verdicts}}
            yield from (found[each.conditions] for each in self.verdicts)
            yield from ([] for _ in range(self.stride - len(self.verdicts)))

    def rows_by_code(self) -> Iterator[tuple[str, Verdict, tuple[int, ...]]]:
        """Of each text that stands in a row, its verdict and its rows in each class of days."""
        import numpy as np

        tally = self.tally.reshape(self._plan.classes, self.stride)[:, : len(self.verdicts)]
        seen = np.flatnonzero(tally.any(axis=0))
        for place, rows in zip(seen.tolist(), tally[:, seen].T.tolist(), strict=True):
            yield self.texts[place], self.verdicts[place], tuple(rows)

    def rows_without_code(self) -> int:
        """Rows in which no code stands."""
        return int(self.tally.reshape(self._plan.classes, self.stride)[:, -1].sum())
