"""The compiled loops over coded rows: class the dates, gather flags, counts and latest days.

A *cell* is a row's code and the class of its date in one number. Every array is a block of rows that fits the cache.
"""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled

NO_DAY = -(2**31)


@compiled
def cells_of(codes, days, edges, last_day, known_codes, cells):
    """Write each row's cell: ``class * (known_codes + 1) + code``.

    Parameters
    ----------
    codes : any whole number, (rows,): the index of the row's code, below ``known_codes``
    days : int32, (rows,): day numbers, NO_DAY where there is none
    edges : int32, ascending: the first day inside each look-back window
    last_day : the last day that counts
    cells : int32, (rows,), out. Classes count the edges that the day has reached; one more is after ``last_day``, two
        more is no day
    """
    step = np.int32(known_codes + 1)
    after = np.int32(len(edges) + 1)
    for i in range(len(codes)):
        day = days[i]
        kind = np.int32(0)
        for k in range(len(edges)):
            kind += np.int32(day >= edges[k])
        kind = after if day > last_day else kind
        kind = np.int32(after + 1) if day == NO_DAY else kind
        cells[i] = kind * step + np.int32(codes[i])


@compiled
def gather(cells, numbers, masks, flagged, words, tally):
    """Or each row's mask into its patient's words, and count the rows of each cell.

    Few rows set a bit, and a patient in any order is far away in memory: the rows that do are picked out first.

    Parameters
    ----------
    cells : whole numbers, (rows,), below the length of ``tally``
    numbers : int32, (rows,): the patient of each row
    masks : uint64, (words, cells): the bits that a row of a cell sets
    flagged : bool, (cells,): whether it sets any
    words : uint64, (words, patients); changed
    tally : int64, (cells,): rows so far; changed
    """
    picked = np.empty(len(cells) + 1, dtype=np.int32)
    count = np.int64(0)
    for i in range(len(cells)):
        cell = np.uint32(cells[i])  # unsigned: no check for places from the end
        tally[cell] += 1
        picked[np.uint64(count)] = i
        count += np.int64(flagged[cell])
    for k in range(count):
        i = picked[k]
        for w in range(len(masks)):
            words[w, numbers[i]] |= masks[w, cells[i]]


@compiled
def gather_by_id(cells, ids, least, masks, flagged, words, named, tally):
    """:func:`gather` where a patient's place is the id less the least id, and mark who is named.

    Parameters
    ----------
    ids : whole numbers, (rows,)
    named : uint8, (patients,): 1 where a row names the patient; changed
    the rest : as there
    """
    picked = np.empty(len(cells) + 1, dtype=np.int32)
    count = np.int64(0)
    for i in range(len(cells)):
        cell = np.uint32(cells[i])
        tally[cell] += 1
        named[np.uint64(ids[i] - least)] = 1
        picked[np.uint64(count)] = i
        count += np.int64(flagged[cell])
    for k in range(count):
        i = picked[k]
        for w in range(len(masks)):
            words[w, ids[i] - least] |= masks[w, cells[i]]


@compiled
def close_up(named, least, words, ids, kept):
    """Write the ids and words of those who are named, side by side.

    Parameters
    ----------
    named : uint8, (places,), 1 or 0
    words : uint64, (words, places)
    ids : int64, (named,), out
    kept : uint64, (words, named), out
    """
    count = 0
    for i in range(len(named)):
        if named[i]:
            ids[count] = least + i
            for w in range(len(words)):
                kept[w, count] = words[w, i]
            count += 1


@compiled
def measure(cells, numbers, days, starts, features, counts, latest, counted):
    """Count rows and keep the latest day, for the few features of which that is asked.

    Parameters
    ----------
    cells, numbers, days : int32, (rows,)
    starts : int64, (cells + 1,): a row of cell ``c`` adds to ``features[starts[c]:starts[c + 1]]``
    features : int32
    counts : int32, (features, patients); changed where ``counted``
    latest : int32, (features, patients), NO_DAY where there was none; changed
    counted : bool, (features,): whether rows are counted
    """
    for i in range(len(cells)):
        for k in range(starts[cells[i]], starts[cells[i] + 1]):
            feature, number = features[k], numbers[i]
            if counted[feature]:
                counts[feature, number] += 1
            latest[feature, number] = max(latest[feature, number], days[i])
