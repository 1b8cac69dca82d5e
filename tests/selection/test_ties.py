"""Ties are broken as it is written: on the caseload, more emergency admissions, then the scheme's key; never by row."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import casemgmt as cm
from casemgmt.selection.ties import first_of_tied, nomination_order, tie_rank

PEOPLE = st.lists(
    st.tuples(st.booleans(), st.none() | st.integers(0, 3), st.none() | st.integers(1, 4)), min_size=1, max_size=24
)


def register_of(people: list[tuple[bool, int | None, int | None]], names: tuple[str, ...]) -> cm.Register:
    """One practice of these people, with some of the three columns that order them."""
    columns: dict[str, Any] = {
        "patient_id": [f"p{i * 7 % 100:02d}" for i in range(len(people))],
        "practice_id": ["C87001"] * len(people),
        "age": [50] * len(people),
        "on_caseload": [caseload for caseload, _, _ in people],
        "emergency_admissions_12m": pa.array([admissions for _, admissions, _ in people], pa.int64()),
        "nominated": [True] * len(people),
        "nomination_order": pa.array([order for _, _, order in people], pa.int64()),
    }
    always = ("patient_id", "practice_id", "age", "nominated")
    return cm.read_register(pa.table({name: columns[name] for name in (*always, *names)}), as_of="2015-04-01")


def by_key(patient_id: str, key: str) -> tuple[bytes, bytes]:
    digest = hashlib.blake2b(patient_id.encode(), digest_size=8, key=key.encode()).digest()
    return digest, patient_id.encode()


def plainly(register: cm.Register, rows: list[int], key: str) -> list[int]:
    """The rows in their order, each step spelled out."""

    def order(row: int) -> tuple[bool, bool, int, bytes, bytes]:
        said = {name: register.column(name)[row].as_py() for name in register.column_names}
        admissions = said.get("emergency_admissions_12m")
        return not said.get("on_caseload"), admissions is None, -(admissions or 0), *by_key(said["patient_id"], key)

    return sorted(rows, key=order)


@settings(deadline=None, max_examples=60)
@given(PEOPLE, st.data(), st.sampled_from(["rotherham-2015-16", "ü"]))
def test_those_let_in_are_the_first_in_the_written_order_of_each_group(people, data, key):
    columns = data.draw(st.sets(st.sampled_from(["on_caseload", "emergency_admissions_12m"])))
    register = register_of(people, tuple(sorted(columns)))
    rows = np.arange(len(people))
    edges = sorted(data.draw(st.sets(st.integers(1, len(people)), max_size=3)) | {0, len(people)})
    sizes = np.diff(edges)
    if (sizes < 2).any():  # of one person alone, nobody can be left out
        return
    groups = np.repeat(np.arange(len(sizes)), sizes)
    take = np.array([data.draw(st.integers(1, int(size) - 1)) for size in sizes])
    inside = first_of_tied(register, rows, groups, take, key)
    for group, let_in in enumerate(take.tolist()):
        own = rows[groups == group].tolist()
        assert {row for row in own if inside[row]} == set(plainly(register, own, key)[:let_in])


@settings(deadline=None, max_examples=60)
@given(PEOPLE, st.booleans())
def test_nominees_come_in_their_order_then_by_the_schemes_key_and_those_without_one_last(people, has_order):
    register = register_of(people, ("nomination_order",) if has_order else ())
    rows = np.arange(len(people))
    ids = register.column("patient_id").to_pylist()
    orders = register.column("nomination_order").to_pylist() if has_order else [None] * len(people)
    expected = sorted(rows.tolist(), key=lambda i: (orders[i] is None, orders[i] or 0, *by_key(ids[i], "k")))
    assert list(nomination_order(register, rows, "k")) == expected


@pytest.mark.parametrize(
    ("key", "starts"),
    [("k", "62 77 2a 08"), ("k2", "b2 23 17 8c"), ("2015", "d7 ed 51 85"), ("ü", "f6 6a 66 54")],
)
def test_the_last_step_is_the_keyed_blake2b_of_the_id(key, starts):
    found = [tie_rank(each, key.encode()) for each in "abcd"]
    assert " ".join(digest[:1].hex() for digest, _ in found) == starts
    assert [len(digest) for digest, _ in found] == [8] * 4
    assert [raw for _, raw in found] == [b"a", b"b", b"c", b"d"]
