"""Good NumPy: blocks that fit the cache, whole-number sums, `np.partition` a practice, ties in the written order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.answers import RESIDENTS, SHARE_PER_CENT, TIE_KEY
from benchmarks.data import CATEGORIES
from benchmarks.formula import AGE_FROM, AGE_SQUARE, COUNTS, FLAGS, IMD_STEP, INTERCEPT, MALE, amount
from benchmarks.works import Inputs
from casemgmt.register.lookup import answers_by_code
from casemgmt.selection.ties import first_of_tied

# Timed best among 10,000 to 300,000: temporaries stay in the second-level cache, and few calls share the interpreter.
BLOCK_ROWS = 60_000
BARRED = -(2**30)

# From the rows start to stop: the scores (BARRED where not ranked) and who lives in a care home.
Score = Callable[[int, int], tuple[Any, Any]]


def packed(inputs: Inputs) -> Callable[[], tuple[Any, Any]]:
    """From the register's own packed arrays: the word as 16-bit pieces, each looked up in a table of 65,536 entries."""
    register = inputs.register
    where = register.packed
    pieces = where.words[0].view(np.uint16).reshape(-1, 4)
    tables = _piece_tables(where)
    used = [place for place, table in enumerate(tables) if table.any()]
    home = where.slots["care_home_type"]
    shift, least = home.shift, home.values.index(RESIDENTS[0])
    counts = {name: _numbers(where, name) for name in COUNTS}
    age = _numbers(where, "age")

    def score(start: int, stop: int) -> tuple[Any, Any]:
        total = np.take(tables[used[0]], pieces[start:stop, used[0]])
        for place in used[1:]:
            total += np.take(tables[place], pieces[start:stop, place])
        _add_numbers(total, age, counts, start, stop)
        kind = (pieces[start:stop, 0] >> np.uint16(shift)) & np.uint16(7)
        # The kinds of resident are neighbours, so one unsigned comparison tells them.
        return total, (kind - np.uint16(least)) <= np.uint16(len(RESIDENTS) - 1)

    return lambda: _choose(inputs, score)


def loose(inputs: Inputs) -> Callable[[], tuple[Any, Any]]:
    """From one array a column: a boolean each flag, a small integer each number."""
    columns = inputs.population.columns
    counts = {name: columns[name] for name in COUNTS}
    least = CATEGORIES["care_home_type"].index(RESIDENTS[0])

    def score(start: int, stop: int) -> tuple[Any, Any]:
        total = np.full(stop - start, INTERCEPT + 10 * IMD_STEP, dtype=np.int32)
        part = np.empty_like(total)
        for name, weight in FLAGS.items():
            total += np.multiply(columns[name][start:stop], np.int32(weight), out=part)
        total += np.multiply(columns["sex"][start:stop], np.int32(MALE), out=part)
        total -= np.multiply(columns["imd_decile"][start:stop], np.int32(IMD_STEP), out=part)
        _add_numbers(total, columns["age"], counts, start, stop)
        total[columns["objected"][start:stop]] = BARRED
        return total, (columns["care_home_type"][start:stop] - np.uint8(least)) <= np.uint8(len(RESIDENTS) - 1)

    return lambda: _choose(inputs, score)


def _piece_tables(where: Any) -> list[Any]:
    """What each 16-bit piece of the word adds, for each of its values."""
    tables = [np.zeros(65_536, dtype=np.int32) for _ in range(4)]
    tables[0] += INTERCEPT
    for name, slot in where.slots.items():
        if slot.group != "word":
            continue
        place, shift = divmod(slot.shift, 16)
        if shift + slot.width > 16 or slot.row:
            raise ValueError(f"'{name}' lies across two pieces or in another word.")
        codes = (np.arange(65_536) >> shift) & ((1 << slot.width) - 1)
        if name == "objected":
            tables[place] += np.int32(BARRED) * (codes == 1)
        elif name in FLAGS or name in ("sex", "imd_decile"):
            amounts = answers_by_code(name, slot, lambda value, name=name: amount(name, value) or 0)
            tables[place] += amounts.astype(np.int32)[codes]
    return tables


def _numbers(where: Any, name: str) -> Any:
    slot = where.slots[name]
    return (where.bytes if slot.group == "byte" else where.shorts)[slot.row]


def _add_numbers(total: Any, age: Any, counts: dict[str, Any], start: int, stop: int) -> None:
    years = np.maximum(age[start:stop], AGE_FROM).astype(np.int32)
    years -= AGE_FROM
    years *= years
    years *= AGE_SQUARE
    total += years
    for name, (weight, cap) in COUNTS.items():
        part = np.minimum(counts[name][start:stop], cap).astype(np.int32)
        part *= weight
        total += part


def _choose(inputs: Inputs, score: Score) -> tuple[Any, Any]:
    """The chosen rows, rising, and which of them are in by risk."""
    offsets = inputs.population.offsets
    marks = np.searchsorted(offsets, np.arange(0, offsets[-1], BLOCK_ROWS))
    blocks = list(pairwise(np.unique([*marks.tolist(), len(offsets) - 1]).tolist()))
    with ThreadPoolExecutor(inputs.threads) as pool:
        done = list(pool.map(lambda block: _choose_in_block(block[0], block[1], offsets, score), blocks))
    rows = np.concatenate([rows for rows, _, _ in done])
    by_risk = np.concatenate([by_risk for _, by_risk, _ in done])
    tied = [each for _, _, some in done for each in some]
    if tied:
        _order_tied(inputs, rows, by_risk, tied)
        kept = by_risk | _residents(inputs, rows)
        rows, by_risk = rows[kept], by_risk[kept]
    return rows, by_risk


def _choose_in_block(first: int, last: int, offsets: Any, score: Score) -> tuple[Any, Any, list[tuple[Any, int]]]:
    """Everyone at or above each practice's cut, and the tied of those practices where that is too many."""
    start = offsets[first]
    keys, chosen = score(start, offsets[last])
    by_risk = np.zeros(len(keys), dtype=bool)
    tied = []
    for p in range(first, last):
        here = slice(offsets[p] - start, offsets[p + 1] - start)
        own = keys[here]
        places = len(own) * SHARE_PER_CENT // 100
        if places == 0:
            continue
        at = len(own) - places
        # Half of BARRED is under every score and over every barred one: those with no score are never let in.
        cut = max(np.partition(own, at)[at], BARRED // 2)
        inside = np.greater_equal(own, cut, out=by_risk[here])
        if np.count_nonzero(inside) > places:
            level = np.flatnonzero(own == cut)
            tied.append((offsets[p] + level, places - int(np.count_nonzero(own > cut))))
    rows = np.flatnonzero(chosen | by_risk)
    return rows + start, by_risk[rows], tied


def _order_tied(inputs: Inputs, rows: Any, by_risk: Any, tied: list[tuple[Any, int]]) -> None:
    level = np.concatenate([each for each, _ in tied])
    groups = np.repeat(np.arange(len(tied)), [len(each) for each, _ in tied])
    inside = first_of_tied(inputs.register, level, groups, np.array([take for _, take in tied]), TIE_KEY.decode())
    by_risk[np.searchsorted(rows, level[~inside])] = False


def _residents(inputs: Inputs, rows: Any) -> Any:
    codes = [CATEGORIES["care_home_type"].index(name) for name in RESIDENTS]
    return np.isin(inputs.population.columns["care_home_type"][rows], codes)
