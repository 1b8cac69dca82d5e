"""Patients whose rows come in any order, each found by the id: in parts by its hash, so that a part fits the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from casemgmt.arrow import array_of
from casemgmt.codes.codebook import CellTables
from casemgmt.codes.gathering import Gathered
from casemgmt.codes.refusals import ids_of_two_kinds
from casemgmt.register.columns import NO_DAY
from casemgmt.texts.id_order import order_of_keys, texts_of_keys
from casemgmt.texts.long_texts import hashes_of
from casemgmt.texts.numbering import BLOCK_ROWS, Keys, longest_of, widened
from casemgmt.threads import on_threads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from casemgmt.codes.plan import Plan

MOST_BITS = 7
# Rows for which another part is worth it, and the bytes of dealt rows that are held at a time.
_ROWS_A_PART = 1 << 15
_DEALT_BYTES = 1 << 28


def id_hashes(ids: pa.Array) -> npt.NDArray[np.uint64]:
    """A hash of each id, text or whole number; the same in every layout."""
    import numpy as np
    import pyarrow as pa

    from casemgmt.codes.by_id_kernels import hash_numbers

    if not pa.types.is_integer(ids.type):
        return hashes_of(pa.chunked_array([ids]))[0]
    keys = Keys(ids).block(0, len(ids))
    hashes = np.empty(len(ids), dtype=np.uint64)
    hash_numbers(keys[:, 0], hashes)
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


class _Part:
    """The patients of one part, numbered in the order in which each is first seen."""

    def __init__(self, words: int, measures: int, width: int) -> None:
        import numpy as np

        self.known, self.width = 0, width
        self.keys: npt.NDArray[np.uint64] = np.empty((0, width), dtype=np.uint64)
        self.slots: npt.NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)
        self.words: npt.NDArray[np.uint64] = np.empty((words, 0), dtype=np.uint64)
        self.counts: npt.NDArray[np.int32] = np.empty((measures, 0), dtype=np.int32)
        self.latest: npt.NDArray[np.int32] = np.empty((measures, 0), dtype=np.int32)

    def take(self, records: npt.NDArray[np.uint64], masks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """Or the masks of rows into the words of their patients; the number of each row's patient."""
        import numpy as np

        from casemgmt.codes.by_id_kernels import number_part

        numbers = np.empty(len(records), dtype=np.int32)
        # Of most records, a patient has several rows.
        if not len(self.keys):
            self._make_room(max(256, len(records) // 4))
        done = 0
        while done < len(records):
            table = self.slots, self.keys, self.known
            count, self.known = number_part(records[done:], *table, masks, self.words, numbers[done:])
            done += count
            if done < len(records):
                self._make_room(2 * len(self.keys))
        return numbers

    def _make_room(self, room: int) -> None:
        import numpy as np

        from casemgmt.codes.by_id_kernels import refill

        keys, slots = np.empty((room, self.width), dtype=np.uint64), np.zeros(_slots(room), dtype=np.uint64)
        words = np.zeros((len(self.words), room), dtype=np.uint64)
        counts = np.zeros((len(self.counts), room), dtype=np.int32)
        latest = np.full((len(self.latest), room), NO_DAY, dtype=np.int32)
        keys[: self.known] = self.keys[: self.known]
        for new, old in ((words, self.words), (counts, self.counts), (latest, self.latest)):
            new[:, : self.known] = old[:, : self.known]
        refill(self.slots, slots)
        self.keys, self.slots, self.words, self.counts, self.latest = keys, slots, words, counts, latest

    def widen(self, width: int) -> None:
        """Make keys wider."""
        self.keys, self.width = widened(self.keys, width), width


def _slots(room: int) -> int:
    """A power of two of at least twice as many."""
    return 1 << (2 * room - 1).bit_length()


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

        self._bits = min(max((rows // _ROWS_A_PART).bit_length(), 1), MOST_BITS)
        self._counted = np.array(plan.counted, dtype=bool)
        self._parts = [_Part(plan.words, len(plan.measures), 1) for _ in range(1 << self._bits)]
        self._kinds: list[pa.DataType] = []
        self._width = 1
        self._dealt: list[Dealt] = []

    def take_rows(self, sources: Sequence[Named]) -> None:
        """Take in rows of each of some threads; a thread's rows may have tables of their own."""
        self._prepare([rows.ids for rows in sources])
        step = max(_DEALT_BYTES // ((8 * self._width + 16) * len(sources)), BLOCK_ROWS)
        for start in range(0, max(len(rows.hashes) for rows in sources), step):
            steps = [rows.slice(start, start + step) for rows in sources if start < len(rows.hashes)]
            self._take(steps, self._measure, with_days=bool(len(self._counted)))

    def take_patients(self, piece: Gathered) -> None:
        """Take in patients of whom each stands there once."""
        import numpy as np

        self._prepare([piece.ids])
        count = len(piece.ids)
        nothing = np.empty((0, count), dtype=np.uint64)
        tables = CellTables(
            nothing,
            np.zeros(count, dtype=bool),
            np.zeros(count, dtype=np.int64),
            np.empty(0, dtype=np.int64),
            np.empty(0, dtype=np.int32),
        )
        rows = Named(piece.ids, id_hashes(piece.ids), np.arange(count, dtype=np.int32), tables, None)

        def join(part: _Part, numbers: npt.NDArray[np.int32], records: npt.NDArray[np.uint64], _: CellTables) -> None:
            places = (records[:, 0] & np.uint64(0xFFFFFFFF)).astype(np.int64)
            # Each patient stands once in a piece, so that no place is written twice.
            part.words[:, numbers] |= piece.words[:, places]
            part.counts[:, numbers] += piece.counts[:, places]
            part.latest[:, numbers] = np.maximum(part.latest[:, numbers], piece.latest[:, places])

        self._take([rows], join)

    def _prepare(self, columns: Sequence[pa.Array]) -> None:
        """Make keys wide enough for ids, and refuse those of another kind than before."""
        import pyarrow as pa

        self._kinds += [ids.type for ids in columns]
        if len({pa.types.is_integer(kind) for kind in self._kinds}) > 1:
            raise ids_of_two_kinds()
        width = max(Keys.width_for(longest_of(ids)) for ids in columns)
        if width > self._width:
            self._width, self._dealt = width, []
            for part in self._parts:
                part.widen(width)

    def _take(self, sources: Sequence[Named], then: _Then, *, with_days: bool = False) -> None:
        """Deal rows out and number their patients; ``then`` takes in what the words do not hold."""
        for place, rows in enumerate(sources):
            if place == len(self._dealt):
                self._dealt.append(Dealt(0, 0, self._bits, with_days=with_days))
            held = self._dealt[place]
            if len(held.records) < len(rows.hashes) or held.with_days != with_days:
                self._dealt[place] = Dealt(len(rows.hashes), self._width, self._bits, with_days=with_days)
        dealt = self._dealt[: len(sources)]
        on_threads(lambda place: dealt[place].deal(sources[place]), range(len(sources)))

        def work(place: int) -> None:
            for each in dealt:
                records = each.part(place)
                if len(records):
                    then(self._parts[place], self._parts[place].take(records, each.tables.masks), records, each.tables)

        on_threads(work, range(len(self._parts)), None if len(sources) > 1 else 1)

    def _measure(
        self, part: _Part, numbers: npt.NDArray[np.int32], records: npt.NDArray[np.uint64], tables: CellTables
    ) -> None:
        """Count what is counted, and keep the latest days."""
        import numpy as np

        from casemgmt.codes.kernels import measure

        if len(self._counted):
            cells = (records[:, 0] & np.uint64(0xFFFFFFFF)).astype(np.int32)
            days = records[:, -1].view(np.int64).astype(np.int32)
            measure(cells, numbers, days, tables.starts, tables.features, part.counts, part.latest, self._counted)

    def result(self) -> Gathered:
        """Every patient once, in ascending order of ids: numbers by size, texts by their bytes."""
        import numpy as np
        import pyarrow as pa

        self._dealt = []
        known = [(part, part.known) for part in self._parts]
        keys = np.concatenate([part.keys[:count] for part, count in known])
        kind = self._kinds[0]
        if len(set(self._kinds)) > 1:
            kind = pa.int64() if pa.types.is_integer(kind) else pa.large_string()
        is_number = pa.types.is_integer(kind)
        is_signed = pa.types.is_signed_integer(kind)
        order = np.argsort(keys[:, 0].view(np.int64)) if is_signed else order_of_keys(keys)

        def ids() -> pa.Array:
            return array_of(keys[order, 0], kind) if is_number else texts_of_keys(keys, order, kind)

        def joined(name: str) -> npt.NDArray[Any]:
            return np.concatenate([getattr(part, name)[:, :count] for part, count in known], axis=1)[:, order]

        wanted = ids, *(partial(joined, name) for name in ("words", "counts", "latest"))
        patients, words, counts, latest = on_threads(lambda make: make(), wanted)
        return Gathered(patients, words, counts, latest, ordered=True)
