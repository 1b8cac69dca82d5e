"""Comparing two selections: equal to a plain twin, one reason a change, and what-ifs that a hand can check."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import compare_twin as twin
import pytest
from compare_twin import Month
from engines import library_selection
from months import pair

import casemgmt as cm

PAIRS = 200
REASONS = {
    *("registration", "scheme", "model", "care home", "nomination", "age", "objection", "record"),
    *("own score", "cut moved"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One pair of months, compared by the library and by the twin."""

    seed: int
    before: Any
    after: Any
    found: Any
    path: twin.Path
    expected: twin.Found

    def rows(self) -> list[dict[str, Any]]:
        return self.found.changes.to_pylist()


def compared(seed: int, months: tuple[Month, Month] | None = None) -> Compared:
    months = months or pair(seed)
    before, after = (library_selection(month.case, month.model) for month in months)
    return Compared(
        seed=seed,
        before=before,
        after=after,
        found=cm.compare(before, after),
        path=twin.path_between(*months),
        expected=twin.compare(*months),
    )


@pytest.fixture(scope="module")
def pairs() -> list[Compared]:
    return [compared(seed) for seed in range(PAIRS)]


def people_in(rows: list[dict[str, Any]]) -> dict[tuple[str, str], set[str]]:
    found = defaultdict(set)
    for row in rows:
        found[row["practice_id"], row["route"]].add(row["patient_id"])
    return found


def listed(selection: Any) -> dict[tuple[str, str], set[str]]:
    """Who is on each practice's list by each route, from the selection's own table."""
    names = [*(route.name for route in selection.scheme.routes), "case_managed"]
    found = defaultdict(set)
    for row in selection.to_arrow().to_pylist():
        for name in names:
            if row[name]:
                found[row["practice_id"], name].add(row["patient_id"])
    return found


# Equality with the twin


def assert_equal_to_the_twin(one: Compared) -> None:
    found = {
        (row["practice_id"], row["patient_id"], row["route"]): (row["change"], row["reason"]) for row in one.rows()
    }
    assert len(found) == len(one.rows())
    differ = {
        key: (one.expected.get(key), found.get(key))
        for key in {*found, *one.expected}
        if one.expected.get(key) != found.get(key)
    }
    assert not differ, f"seed {one.seed}: (twin, library) {dict(list(differ.items())[:5])}"


def test_200_pairs_of_registers_equal_the_twin(pairs):
    for one in pairs:
        assert_equal_to_the_twin(one)
    c = Counter(r["reason"] for one in pairs for r in one.rows()); print(c)
    assert 0


@pytest.mark.long
def test_2000_more_pairs_of_registers_equal_the_twin():
    for seed in range(1000, 3000):
        assert_equal_to_the_twin(compared(seed))
