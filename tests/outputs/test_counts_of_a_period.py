"""Counts of a period that hang together: an attacker who tries every table that fits finds no small count."""

from __future__ import annotations

import itertools
import random

import pytest

from casemgmt.outputs.disclosure.period_counts import Relation, Told, forms_that_may_leave, note_of

INF = float("inf")
NAMES = ("end", "agreed", "declined", "joined", "left", "start")
# start + joined - left = end; agreed + declined are of those at the end.
RELATIONS = (
    Relation({"start": 1, "joined": 1, "left": -1, "end": -1}, 0, 0),
    Relation({"agreed": 1, "declined": 1, "end": -1}, -INF, 0),
)


def some_counts(generator, start=None):
    large = generator.choice((3, 9, 14, 40))
    start = generator.randrange(large) if start is None else start
    left = generator.randint(0, start)
    joined = generator.randrange(large)
    end = start + joined - left
    agreed = generator.randint(0, end)
    return {
        "end": end,
        "agreed": agreed,
        "declined": generator.randint(0, end - agreed),
        "joined": joined,
        "left": left,
        "start": start,
    }


def keys_of(quarter):
    """The end of one quarter is the start of the next; everything else is of the quarter itself."""
    own = {name: (name, quarter) for name in NAMES}
    return own | {"start": ("managed", quarter - 1), "end": ("managed", quarter)}


MOST = 160  # more than any count here


def values_behind(form):
    """Every true count that a published form may stand for, read from the rule in words."""
    if form == "withheld":
        return range(MOST)
    if form == "1–7":
        return range(1, 8)
    return [n for n in range(MOST) if (n == 0 and form == 0) or (n > 7 and 5 * ((n + 2) // 5) == form)]


def tables_behind(shown):
    """The possible (end, start) and, for each, the possible values of the others, by trying them all."""
    flows = {}
    for joined, left in itertools.product(values_behind(shown["joined"]), values_behind(shown["left"])):
        flows.setdefault(joined - left, ([], []))
        flows[joined - left][0].append(joined)
        flows[joined - left][1].append(left)
    plans = [(a, d) for a in values_behind(shown["agreed"]) for d in values_behind(shown["declined"])]
    fewest = {}
    for end in values_behind(shown["end"]):
        fewest[end] = [(a, d) for a, d in plans if a + d <= end]
    for end in values_behind(shown["end"]):
        if not fewest[end]:
            continue
        for start in values_behind(shown["start"]):
            if end - start in flows:
                yield end, start, flows[end - start], fewest[end]


def ranges(shown, starts=None, ends=None):
    found = {name: set() for name in NAMES}
    for end, start, (joined, left), plans in tables_behind(shown):
        if (starts is not None and start not in starts) or (ends is not None and end not in ends):
            continue
        found["end"].add(end)
        found["start"].add(start)
        found["joined"].update(joined)
        found["left"].update(left)
        found["agreed"].update(a for a, _ in plans)
        found["declined"].update(d for _, d in plans)
    return found


def narrowed(found):
    """The counts known to be a part of 1 to 7."""
    return [n for n, v in found.items() if v and min(v) >= 1 and max(v) <= 7 and (min(v), max(v)) != (1, 7)]


def attack(generator):
    first = some_counts(generator)
    told = forms_that_may_leave({"A": first}, RELATIONS, keys=keys_of(1))["A"]
    alone = narrowed(ranges(told))
    second = some_counts(generator, start=first["end"])
    before = Told(rows={"A": told}, relations=RELATIONS, keys=keys_of(1))
    later = forms_that_may_leave({"A": second}, RELATIONS, [before], keys_of(2))["A"]
    after, earlier = ranges(later), ranges(told)
    both = earlier["end"] & after["start"]
    return alone, narrowed(after), narrowed(ranges(told, ends=both)), narrowed(ranges(later, starts=both))


@pytest.mark.parametrize("seed", range(60))
def test_nothing_small_follows_from_one_quarter_or_from_two(seed):
    assert attack(random.Random(seed)) == ([], [], [], [])


@pytest.mark.long
def test_nothing_small_follows_from_ten_thousand_quarters_and_the_next():
    for seed in range(1000, 11000):
        assert attack(random.Random(seed)) == ([], [], [], []), seed


def test_the_attacker_finds_a_small_count_behind_its_neighbours():
    shown = {"end": 10, "agreed": 10, "declined": "1–7", "joined": 0, "left": 0, "start": 10}
    assert narrowed(ranges(shown)) == ["declined"]


def test_the_smallest_neighbour_is_withheld():
    counts = {"end": 10, "agreed": 8, "declined": 2, "joined": 0, "left": 0, "start": 10}
    shown = forms_that_may_leave({"A": counts}, RELATIONS)["A"]
    assert shown["declined"] == "1–7"
    assert "withheld" in shown.values()
    assert "declined 1–7" in note_of(shown)


def test_large_counts_are_rounded_and_nothing_is_withheld():
    counts = {"end": 103, "agreed": 80, "declined": 12, "joined": 21, "left": 9, "start": 91}
    shown = forms_that_may_leave({"A": counts}, RELATIONS)["A"]
    assert shown == {"end": 105, "agreed": 80, "declined": 10, "joined": 20, "left": 10, "start": 90}


def test_practices_are_looked_at_one_by_one():
    small, large = (
        dict.fromkeys(NAMES, 0),
        {"end": 103, "agreed": 80, "declined": 12, "joined": 21, "left": 9, "start": 91},
    )
    alone = forms_that_may_leave({"A": large}, RELATIONS)["A"]
    assert forms_that_may_leave({"B": small, "A": large}, RELATIONS)["A"] == alone
