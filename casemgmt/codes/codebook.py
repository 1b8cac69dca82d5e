"""What each distinct code of a source says: judged once, by the checks of its system and by the lists."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from casemgmt.codes.codelist import CodeList
from casemgmt.codes.plan import Plan
from casemgmt.register.spellings import is_missing_word
from casemgmt.texts.numbering import Keys

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

OTHER_CASE = "differs from a listed code in upper and lower case alone"
SOUND, BLANK, FAULTY = range(3)
# HES writes them where a row has fewer codes than columns.
_MARKS = ("-", "&")


def is_no_code(text: str) -> bool:
    """Whether a text stands for no code: a blank, a word for a missing value, or a mark that extracts write there."""
    return text.strip() in _MARKS or is_missing_word(text)


class Verdict(NamedTuple):
    """What is said of one text.

    Attributes
    ----------
    status : ``SOUND``, ``BLANK`` (see :func:`is_no_code`) or ``FAULTY`` (no code of the system)
    conditions : the number of the set of conditions that it makes, in the codebook; 0 for none
    fault : why it is no code of the system
    """

    status: int
    conditions: int = 0
    fault: str = ""


class Codebook:
    """The code lists of one system, the verdicts given so far, and the sets of conditions that codes make.

    Parameters
    ----------
    lists : one or more, all of one system

    Attributes
    ----------
    kind : the system
    sets : the sets of conditions by number; the first is empty
    notes : what a reader should know of a code that no list has
    """

    def __init__(self, lists: Sequence[CodeList]) -> None:
        self.kind = lists[0].kind
        self.sets: list[tuple[str, ...]] = [()]
        self.notes: dict[str, str] = {}
        self._numbers: dict[tuple[str, ...], int] = {(): 0}
        self._lock = threading.Lock()
        self._order = {name: place for place, name in enumerate(name for each in lists for name in each.conditions)}
        self._verdicts: dict[str, Verdict] = {}
        self._exact: dict[str, set[str]] = {}
        self._prefixes: dict[int, dict[str, set[str]]] = {}
        for entry in (entry for codes in lists for entry in codes.entries):
            found = self._exact if entry.match == "exact" else self._prefixes.setdefault(len(entry.code), {})
            found.setdefault(entry.code, set()).add(entry.condition)
        self._folded_prefixes = {code.casefold() for found in self._prefixes.values() for code in found}
        self._folded = {code.casefold() for code in self._exact} | self._folded_prefixes
        self._lookups: list[_Lookup] | None = None
        self._columns: tuple[pa.Array, CodeColumns] | None = None

    def columns_of(self, values: pa.Array, plan: Plan) -> CodeColumns:
        """The codes of a column that came with its distinct values; no more can be taken in.

        In batches of a file, many columns that follow each other come with the same.
        """
        known = self._columns
        if known is None or known[1].plan is not plan or not known[0].equals(values):
            columns = CodeColumns(plan, self, len(values))
            columns.extend(values)
            self._columns = known = values, columns
        return known[1]

    def verdict(self, text: str) -> Verdict:
        """What is said of a text, as it came."""
        found = self._verdicts.get(text)
        if found is None:
            found = self._verdicts[text] = self._judged(text)
        return found

    def _judged(self, text: str) -> Verdict:
        if is_no_code(text):
            return Verdict(BLANK)
        fault = self.kind.fault(text)
        if fault is not None:
            return Verdict(FAULTY, fault=fault)
        code = self.kind.normalise(text)
        conditions = set(self._exact.get(code, ()))
        for length, found in self._prefixes.items():
            conditions |= found.get(code[:length], set())
        if not conditions and self.kind.case_sensitive and self._is_listed_in_another_case(code):
            self.notes[text] = OTHER_CASE
        return Verdict(SOUND, self.number_of(conditions))

    def _is_listed_in_another_case(self, code: str) -> bool:
        folded = code.casefold()
        return folded in self._folded or any(folded[:length] in self._folded_prefixes for length in self._prefixes)

    def number_of(self, conditions: Iterable[str]) -> int:
        """The number of a set of conditions."""
        names = tuple(sorted(conditions, key=self._order.__getitem__))
        number = self._numbers.get(names)
        if number is None:
            number = self._numbers[names] = len(self.sets)
            self.sets.append(names)
        return number

    def judge(self, texts: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
        """Status and set of conditions of each text, as :meth:`verdict` says of each alone.

        Codes written in their system's plainest form are looked up all at once, others one by one. Threads may share a
        codebook.
        """
        with self._lock:
            return self._judge(texts)

    def _judge(self, texts: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
        import numpy as np
        import pyarrow as pa

        status = np.zeros(len(texts), dtype=np.uint8)
        sets = np.zeros(len(texts), dtype=np.int32)
        plain = None
        if texts.type in (pa.string(), pa.large_string()) and not texts.null_count:
            keys = Keys(texts)
            plain = self.kind.plain(keys.block(0, len(texts))) if keys.width == 1 else None
        if plain is not None:
            is_plain, codes = plain
            sets[is_plain] = self._sets_of(codes[is_plain])
            others = np.flatnonzero(~is_plain)
        else:
            others = np.arange(len(texts))
        for place in others.tolist():
            status[place], sets[place], _ = self.verdict(texts[place].as_py() or "")
        return status, sets

    def _sets_of(self, codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """The set of conditions of each code, given as its bytes from the highest on, zeros after them."""
        import numpy as np

        if self._lookups is None:
            self._lookups = [_Lookup(8, self._exact), *(_Lookup(*each) for each in sorted(self._prefixes.items()))]
        sets = np.zeros(len(codes), dtype=np.int32)
        for lookup in self._lookups:
            found = lookup.places(codes)
            # Few pairs of a set so far and an entry occur, however many codes there are.
            pairs, place = np.unique(sets.astype(np.int64) << 32 | found, return_inverse=True)
            met = [(self.sets[pair >> 32], lookup.conditions[pair & 0xFFFFFFFF]) for pair in pairs.tolist()]
            sets = np.array([self.number_of({*before, *new}) for before, new in met], dtype=np.int32)[place]
        return sets


class _Lookup:
    """The entries of one length, as sorted numbers.

    Attributes
    ----------
    conditions : of each entry; the last is that of codes that meet none
    """

    def __init__(self, length: int, entries: Mapping[str, set[str]]) -> None:
        import numpy as np

        codes = sorted(entries)
        self.conditions = [*(entries[code] for code in codes), set[str]()]
        self._mask = np.uint64((1 << 64) - (1 << (64 - 8 * length)))
        numbers = [int.from_bytes(code.encode().ljust(8, b"\0")[:8], "big") for code in codes]
        self._numbers = np.array(numbers, dtype=np.uint64)

    def places(self, codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """Which entry each code meets; as many as there are entries for none."""
        import numpy as np

        wanted = codes & self._mask
        none = len(self._numbers)
        if not none:
            return np.zeros(len(codes), dtype=np.int64)
        place = np.searchsorted(self._numbers, wanted)
        met = self._numbers[np.minimum(place, none - 1)] == wanted
        return np.where(met, place, none)


class CellTables(NamedTuple):
    """The tables by which the kernels look up the cells of one or more classes of days.

    ``masks`` is uint64, (words, cells): the bits that a row of each cell sets; ``flagged`` is bool, (cells,): whether
    it sets any. ``tally`` is int64, (cells,): rows of each. ``starts`` and ``features`` say which measures a row adds
    to; see the kernel ``measure``.
    """

    masks: npt.NDArray[np.uint64]
    flagged: npt.NDArray[np.bool_]
    tally: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    features: npt.NDArray[np.int32]


class CodeColumns:
    """What the kernels need to know of one column's codes, for the texts met so far.

    Codes are numbered as they are met; the last number, ``stride - 1``, stands for none.

    Attributes
    ----------
    known : how many there are
    stride : cells of a class of days
    status, sets : by code: see :class:`Verdict`
    faulty : whether any code's rows are to be reported
    tally : int64, (classes * stride): rows of each cell
    """

    def __init__(self, plan: Plan, codebook: Codebook, room: int) -> None:
        import numpy as np

        self.plan, self.codebook = plan, codebook
        self.known, self.stride, self.faulty = 0, room + 1, False
        self._texts: list[pa.Array] = []
        self.status = np.zeros(self.stride, dtype=np.uint8)
        self.sets = np.zeros(self.stride, dtype=np.int32)
        self.tally = np.zeros(plan.classes * self.stride, dtype=np.int64)
        self._tables: dict[int, CellTables] = {}

    def of_a_thread(self) -> CodeColumns:
        """The same codes, with rows of their own; no more codes can be taken in."""
        import numpy as np

        shared = CodeColumns.__new__(CodeColumns)
        shared.plan, shared.codebook, shared.known, shared.stride = self.plan, self.codebook, self.known, self.stride
        shared.status, shared.sets, shared.faulty, shared._texts = self.status, self.sets, self.faulty, self._texts
        shared.tally, shared._tables = np.zeros_like(self.tally), {}
        for first_class in (0, self.plan.classes - 1):
            tally = shared.tally[first_class * self.stride :]
            shared._tables[first_class] = self.tables(first_class)._replace(tally=tally)
        return shared

    def shares_codes(self, other: CodeColumns) -> bool:
        """Whether another was made of the same codes by :meth:`of_a_thread`."""
        return self._texts is other._texts

    @property
    def no_code(self) -> int:
        """The code that stands for none."""
        return self.stride - 1

    def extend(self, texts: pa.Array) -> None:
        """Take in the next distinct codes."""
        status, sets = self.codebook.judge(texts)
        if self.known + len(texts) >= self.stride:
            self._make_room(2 * (self.known + len(texts)))
        places = slice(self.known, self.known + len(texts))
        self.status[places], self.sets[places] = status, sets
        self.faulty = self.faulty or bool((status == FAULTY).any())
        self._texts.append(texts)
        self.known += len(texts)
        self._tables.clear()

    def _make_room(self, room: int) -> None:
        import numpy as np

        before, classes = self.stride, self.plan.classes
        kept = self.tally.reshape(classes, before)
        self.stride = room + 1
        self.status = np.concatenate([self.status[:-1], np.zeros(self.stride - before + 1, dtype=np.uint8)])
        self.sets = np.concatenate([self.sets[:-1], np.zeros(self.stride - before + 1, dtype=np.int32)])
        self.tally = np.zeros(classes * self.stride, dtype=np.int64)
        tally = self.tally.reshape(classes, self.stride)
        tally[:, : before - 1], tally[:, -1] = kept[:, :-1], kept[:, -1]

    def tables(self, first_class: int) -> CellTables:
        """The tables of the classes of days from the first given: 0, or the last for rows without a column of dates."""
        if first_class not in self._tables:
            self._tables[first_class] = self._make_tables(first_class)
        return self._tables[first_class]

    def _make_tables(self, first_class: int) -> CellTables:
        import numpy as np

        used = np.unique(self.sets)
        masks = np.stack([self.plan.masks(self.codebook.sets[number])[:, first_class:] for number in used.tolist()])
        place = np.searchsorted(used, self.sets)
        by_cell = np.ascontiguousarray(masks[place].transpose(1, 2, 0)).reshape(self.plan.words, -1)
        starts, features = self._measures(first_class) if self.plan.measures else ([0], [])
        return CellTables(
            by_cell,
            np.asarray(by_cell.any(axis=0)),
            self.tally[first_class * self.stride :],
            np.array(starts, dtype=np.int64),
            np.array(features, dtype=np.int32),
        )

    def _measures(self, first_class: int) -> tuple[list[int], list[int]]:
        starts, features = [0], list[int]()
        for day_class in range(first_class, self.plan.classes):
            found = [self.plan.measured(names, day_class) for names in self.codebook.sets]
            for number in self.sets.tolist():
                features += found[number]
                starts.append(len(features))
        return starts, features

    def rows(self) -> npt.NDArray[np.int64]:
        """Rows by class of days and code, (classes, stride)."""
        return self.tally.reshape(self.plan.classes, self.stride)

    def texts(self) -> pa.Array:
        """The codes as they came, by number."""
        import pyarrow as pa

        return pa.concat_arrays([each.cast(pa.large_string()) for each in self._texts])

    def fault(self, code: int) -> str:
        """Why a code is none."""
        return self.codebook.verdict(self.text(code)).fault

    def text(self, code: int) -> str:
        """One code, as it came."""
        for texts in self._texts:
            if code < len(texts):
                return texts[code].as_py() or ""
            code -= len(texts)
        raise IndexError(code)

    def faults(self) -> Iterator[tuple[int, str]]:
        """The codes that are none, and why."""
        for code in (self.status == FAULTY).nonzero()[0].tolist():
            yield code, self.fault(code)
