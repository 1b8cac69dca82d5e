"""Patients whose rows come in any order, each found by the id: in parts by its hash, so that a part fits the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from casemgmt.codes.codebook import CellTables
from casemgmt.codes.gathering import Gathered
from casemgmt.codes.in_id_order import Known, in_id_order
from casemgmt.codes.refusals import ids_of_two_kinds
from casemgmt.register.columns import NO_DAY
from casemgmt.texts.long_texts import hashes_of
from casemgmt.texts.numbering import BLOCK_ROWS, Keys, longest_of, widened
from casemgmt.threads import on_threads, threads_for

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.codes.plan import Plan

_MOST_BITS = 9
# Rows for which another part is worth it, and the bytes of dealt rows that are held at a time: many of one piece of
# rows, fewer of pieces that come one after the other, as from a file.
_ROWS_A_PART = 1 << 17
_DEALT_BYTES = 1 << 28
_WAITING_BYTES = 1 << 26
_HASHED = 1 << 20  # rows worth handing to a thread
# A part has room for so many patients at least.
_FEWEST = 64


def id_hashes(ids: pa.Array) -> npt.NDArray[np.uint64]:
    """A hash of each id, text or whole number; the same in every layout."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.codes.by_id_kernels import hash_numbers

    if not pa.types.is_integer(ids.type):
        return hashes_of(pa.chunked_array([ids]))[0]
    keys = Keys(ids).block(0, len(ids))
    hashes = np.empty(len(ids), dtype=np.uint64)
    pieces = [slice(low, low + _HASHED) for low in range(0, len(ids), _HASHED)]
    on_threads(lambda own: hash_numbers(keys[own, 0], hashes[own]), pieces)
    return hashes


class Named(NamedTuple):
    """Some rows: their ids and these as hashes, the cell of each, the tables of the cells, and days where dates are."""

    ids: pa.Array
    hashes: npt.NDArray[np.uint64]
    cells: npt.NDArray[Any]
    tables: CellTables
    days: npt.NDArray[np.int32] | None

    def slice(self, start: int, stop: int) -> Named:
        """The rows from ``start`` to ``stop``."""
        days = None if self.days is None else self.days[start:stop]
        ids = self.ids.slice(start, stop - start)
        return self._replace(ids=ids, hashes=self.hashes[start:stop], cells=self.cells[start:stop], days=days)


# Of longer records, fewer are worth a thread.
_WORDS_OF_A_RECORD = 3


class Dealt:
    """Rows dealt out to parts, in memory that is used again.

    Attributes
    ----------
    starts : int64, (parts + 1,): where the rows of each part begin
    records : of each row, by part; see :func:`casemgmt.codes.by_id_kernels.deal_out`
    tables : of their cells
    """

    starts: npt.NDArray[np.int64]
    tables: CellTables

    def __init__(self, rows: int, width: int, bits: int, *, with_days: bool) -> None:
        import numpy as np

        self._width, self._shift, self._parts = width, np.uint64(64 - bits), 1 << bits
        self.with_days = with_days
        self.records: npt.NDArray[np.uint64] = np.empty((rows, 1 + width + with_days), dtype=np.uint64)

    def deal(self, rows: Named) -> None:
        """Deal out rows; no more than there is room for."""
        import numpy as np

        from casemgmt.codes.by_id_kernels import deal_out
        from casemgmt.texts.hash_kernels import count_parts

        counts = np.zeros(self._parts, dtype=np.int64)
        count_parts(rows.hashes, 0, len(rows.hashes), self._shift, counts)
        self.starts, self.tables = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), rows.tables
        places, keys = self.starts[:-1].copy(), Keys(rows.ids, self._width)
        days = np.empty(0, dtype=np.int32)
        for start in range(0, len(rows.hashes), BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, len(rows.hashes))
            if self.with_days:
                days = np.full(stop - start, NO_DAY, np.int32) if rows.days is None else rows.days[start:stop]
            block = rows.hashes[start:stop], keys.block(start, stop), rows.cells[start:stop], days
            deal_out(*block, self._shift, places, self.records, rows.tables.tally)

    def part(self, place: int) -> npt.NDArray[np.uint64]:
        """The records of one part."""
        return self.records[self.starts[place] : self.starts[place + 1]]


def _cells_of(records: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """The cell of each record, which stands below its tag."""
    import numpy as np

    return (records[:, 0] & np.uint64(0xFFFFFFFF)).astype(np.int32)


class _Room(NamedTuple):
    """Room for the patients of a part: their keys, slots, words, counts and latest days; see :class:`Gathered`."""

    keys: npt.NDArray[np.uint64]
    slots: npt.NDArray[np.uint64]
    words: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.int32]
    latest: npt.NDArray[np.int32]


def _rooms(parts: int, patients: int, width: int, words: int, measures: int) -> list[_Room]:
    """Room for so many patients in each of some parts, taken in one piece each: large pieces cost less by far."""
    import numpy as np

    # A slot that another patient has costs more than a slot in the cache.
    slots = 1 << (3 * patients).bit_length()
    made = (
        np.empty((parts, patients, width), dtype=np.uint64),
        np.zeros((parts, slots), dtype=np.uint64),
        np.zeros((parts, words, patients), dtype=np.uint64),
        np.zeros((parts, measures, patients), dtype=np.int32),
        np.full((parts, measures, patients), NO_DAY, dtype=np.int32),
    )
    return [_Room(*(each[part] for each in made)) for part in range(parts)]


class _Part:
    """The patients of one part, numbered in the order in which each is first seen."""

    def __init__(self, room: _Room) -> None:
        self.known, self.room = 0, room

    def take(self, records: npt.NDArray[np.uint64], masks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """Or the masks of rows into the words of their patients; the number of each row's patient."""
        import numpy as np

        from casemgmt.codes.by_id_kernels import number_part

        numbers = np.empty(len(records), dtype=np.int32)
        done = 0
        while done < len(records):
            room = self.room
            table = room.slots, room.keys, self.known
            count, self.known = number_part(records[done:], *table, masks, room.words, numbers[done:])
            done += count
            if done < len(records):
                self._grow(2 * len(room.keys), room.keys.shape[1])
        return numbers

    def _grow(self, patients: int, width: int) -> None:
        from casemgmt.codes.by_id_kernels import refill

        before = self.room
        self.room = _rooms(1, patients, width, len(before.words), len(before.counts))[0]
        keys = before.keys[: self.known]
        self.room.keys[: self.known] = keys if width == keys.shape[1] else widened(keys, width)
        for name in ("words", "counts", "latest"):
            getattr(self.room, name)[:, : self.known] = getattr(before, name)[:, : self.known]
        refill(before.slots, self.room.slots)

    def widen(self, width: int) -> None:
        """Make keys wider."""
        self._grow(len(self.room.keys), width)


# A part, the number of each row's patient, the rows' records, and the tables of their cells.
_Then: TypeAlias = "Callable[[_Part, npt.NDArray[np.int32], npt.NDArray[np.uint64], CellTables], None]"


class PatientsById:
    """Patients by their ids, over any number of sources, whatever the order of their rows.

    Parameters
    ----------
    plan : what is gathered of each
    rows : about how many rows there are; it decides how many parts there are, and never the result
    """

    def __init__(self, plan: Plan, rows: int) -> None:
        import numpy as np

        self._plan, self._rows = plan, rows
        self._bits = min(max((rows // _ROWS_A_PART).bit_length(), 1), _MOST_BITS)
        self._counted = np.array(plan.counted, dtype=bool)
        self._parts: list[_Part] = []
        self._kinds: list[pa.DataType] = []
        self._width = 0
        self._waiting: list[Dealt] = []
        self._free: list[Dealt] = []

    def take_rows(self, sources: Sequence[Named]) -> None:
        """Take in rows of each of some threads; a thread's rows may have tables of their own.

        They are dealt out at once, and wait for others: to number patients, a part is fetched into the cache.
        """
        self._prepare([rows.ids for rows in sources])
        step = max(_DEALT_BYTES // ((8 * self._width + 16) * len(sources)), BLOCK_ROWS)
        for start in range(0, max(len(rows.hashes) for rows in sources), step):
            steps = [rows.slice(start, start + step) for rows in sources if start < len(rows.hashes)]
            self._deal(steps, with_days=bool(len(self._counted)))
            if sum(each.records.nbytes for each in self._waiting) >= _WAITING_BYTES:
                self._number(self._measure)

    def take_patients(self, piece: Gathered) -> None:
        """Take in patients of whom each stands there once."""
        import numpy as np

        self._number(self._measure)
        self._prepare([piece.ids])
        count = len(piece.ids)
        nothing = np.zeros((self._plan.words, count), dtype=np.uint64)
        tables = CellTables(
            nothing,
            np.zeros(count, dtype=bool),
            np.zeros(count, dtype=np.int64),
            np.empty(0, dtype=np.int64),
            np.empty(0, dtype=np.int32),
        )
        rows = Named(piece.ids, id_hashes(piece.ids), np.arange(count, dtype=np.int32), tables, None)

        def join(part: _Part, numbers: npt.NDArray[np.int32], records: npt.NDArray[np.uint64], _: CellTables) -> None:
            places, room = _cells_of(records), part.room
            # Each patient stands once in a piece, so that no place is written twice.
            room.words[:, numbers] |= piece.words[:, places]
            room.counts[:, numbers] += piece.counts[:, places]
            room.latest[:, numbers] = np.maximum(room.latest[:, numbers], piece.latest[:, places])

        self._deal([rows], with_days=False)
        self._number(join)

    def _prepare(self, columns: Sequence[pa.Array]) -> None:
        """Make keys wide enough for ids, and refuse those of another kind than before."""
        import pyarrow as pa

        self._kinds += [ids.type for ids in columns]
        if len({pa.types.is_integer(kind) for kind in self._kinds}) > 1:
            raise ids_of_two_kinds()
        width = max(Keys.width_for(longest_of(ids)) for ids in columns)
        if width <= self._width:
            return
        self._number(self._measure)
        self._width, self._free = width, []
        if not self._parts:
            # Of most records, a patient has several rows.
            shape = max(self._rows // 6 >> self._bits, _FEWEST), width, self._plan.words, len(self._plan.measures)
            self._parts = [_Part(room) for room in _rooms(1 << self._bits, *shape)]
            return
        for part in self._parts:
            part.widen(width)

    def _deal(self, sources: Sequence[Named], *, with_days: bool) -> None:
        """Deal rows out, on a thread each; they wait to be numbered."""
        dealt = [self._room_for(len(rows.hashes), with_days=with_days) for rows in sources]
        on_threads(lambda place: dealt[place].deal(sources[place]), range(len(sources)))
        self._waiting += dealt

    def _room_for(self, rows: int, *, with_days: bool) -> Dealt:
        """Room for so many rows: the least of what was used before that is large enough."""
        fitting = [each for each in self._free if rows <= len(each.records) and each.with_days == with_days]
        if not fitting:
            self._free.clear()
            return Dealt(rows, self._width, self._bits, with_days=with_days)
        found = min(fitting, key=lambda each: len(each.records))
        self._free.remove(found)
        return found

    def _number(self, then: _Then) -> None:
        """Number the patients of the rows that wait; ``then`` takes in what the words do not hold."""
        waiting, self._waiting = self._waiting, []

        def work(place: int) -> None:
            for each in waiting:
                records = each.part(place)
                if len(records):
                    then(self._parts[place], self._parts[place].take(records, each.tables.masks), records, each.tables)

        rows = sum(int(each.starts[-1]) for each in waiting)
        if rows:
            words = rows * waiting[0].records.shape[1]
            on_threads(work, range(1 << self._bits), threads_for(words // _WORDS_OF_A_RECORD))
        self._free += waiting

    def _measure(
        self, part: _Part, numbers: npt.NDArray[np.int32], records: npt.NDArray[np.uint64], tables: CellTables
    ) -> None:
        """Count what is counted, and keep the latest days."""
        import numpy as np

        from casemgmt.codes.kernels import measure

        if len(self._counted):
            days, room = records[:, -1].view(np.int64).astype(np.int32), part.room
            measure(
                _cells_of(records),
                numbers,
                days,
                tables.starts,
                tables.features,
                room.counts,
                room.latest,
                self._counted,
            )

    def result(self) -> Gathered:
        """Every patient once, in ascending order of ids: numbers by size, texts by their bytes."""
        import pyarrow as pa

        self._number(self._measure)
        self._free = []
        known = []
        for part in self._parts:
            own, room = slice(part.known), part.room
            known.append(Known(room.keys[own], room.words[:, own], room.counts[:, own], room.latest[:, own]))
        kind = self._kinds[0]
        if len(set(self._kinds)) > 1:
            kind = pa.int64() if pa.types.is_integer(kind) else pa.large_string()
        return in_id_order(known, kind)
