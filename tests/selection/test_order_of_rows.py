"""The order of a table's rows, by practice and then by id, and ranks within a practice: compiled or not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from engines import compiling_from
from hypothesis import given, settings
from hypothesis import strategies as st

from casemgmt.selection.ordering import by_practice_and_id, ranks_within
from casemgmt.selection.stretches import ids_in_stretches
from casemgmt.texts.id_order import order_in_groups, texts_at

MORE = settings(max_examples=300, deadline=None, derandomize=True, database=None)
ROADS = pytest.mark.parametrize("compile_from", [0, 10**9])


IDS = st.lists(
    st.builds(
        "{}{}".format, st.sampled_from(("", "p", "patient-", "patient-é")), st.text("ab0\0é\U0001d52d", max_size=9)
    ),
    max_size=40,
)


@ROADS
@MORE
@given(IDS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_rows_are_ordered_by_practice_and_then_by_the_bytes_of_the_id(compile_from, ids, practices, chance):
    ids = list(dict.fromkeys(ids))
    practice = np.array(sorted(chance.randrange(practices) for _ in ids), dtype=np.int64)
    expected = sorted(range(len(ids)), key=lambda row: (practice[row], ids[row].encode()))
    padded = pa.array(["before", *ids], pa.string())
    with compiling_from(compile_from):
        for column in (pa.array(ids, pa.string()), padded.slice(1)):
            assert by_practice_and_id(practice, column).tolist() == expected


@ROADS
@pytest.mark.parametrize("first", [0, 40_000])
def test_many_practices_are_kept_in_order_also_where_their_numbers_pass_sixteen_bits(first, compile_from):
    count = 30_000
    practice = np.repeat(np.arange(first, first + count), 2)
    ids = pa.array([f"{n * 7919 % (2 * count):06d}" for n in range(2 * count)])
    with compiling_from(compile_from):
        order = by_practice_and_id(practice, ids)
    assert np.array_equal(practice[order], practice)
    assert np.array_equal(np.sort(order), np.arange(2 * count))
    pairs = np.array(ids.take(pa.array(order)).to_pylist()).reshape(-1, 2)
    assert (pairs[:, 0] < pairs[:, 1]).all()


KEYS = st.sampled_from((-(2**63), -(2**31), -(2**31) + 1, -1, 0, 1, 1, 2, 2**31 - 1, 2**63 - 1))


@ROADS
@MORE
@given(st.lists(st.tuples(st.integers(0, 3), KEYS), max_size=40), st.sampled_from((np.int32, np.int64)))
def test_a_rank_is_one_more_than_the_number_with_a_higher_key(compile_from, rows, kind):
    rows = [(practice, key) for practice, key in sorted(rows) if np.iinfo(kind).min <= key <= np.iinfo(kind).max]
    practice = np.array([practice for practice, _ in rows], dtype=np.int64)
    keys = np.array([key for _, key in rows], dtype=kind)
    expected = [1 + sum(other == own and more > key for other, more in rows) for own, key in rows]
    assert ranks_within(practice, keys).tolist() == expected


FORMS = {
    "plain": lambda ids: pa.chunked_array([pa.array(["before", *ids, "after"]).slice(1, len(ids))]),
    "large": lambda ids: pa.chunked_array([pa.array(ids, pa.large_string())]),
    "views": lambda ids: pa.chunked_array([pa.array(ids, pa.string_view())]),
    "chunks": lambda ids: pa.chunked_array([ids[:7], ids[7:8], ids[8:]], pa.string()),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("longest", [7, 8, 15, 16, 64, 250, 251, 300])
def test_ids_come_in_the_order_of_the_table_whatever_holds_them(form, longest):
    """Ids of up to 250 bytes are moved as words, the last ones of a buffer byte by byte, and longer ones by Arrow."""
    draw = np.random.default_rng(longest)
    ids = [f"{number:0{draw.integers(5, longest + 1)}d}" for number in draw.permutation(3_000)]
    ids = [*ids[:-1], "é" * (longest // 2)]
    rows = np.sort(draw.choice(len(ids), 2_000, replace=False))
    rows[-1] = len(ids) - 1
    practice = np.sort(draw.integers(0, 9, len(rows)))
    expected = sorted(range(len(rows)), key=lambda row: (practice[row], ids[rows[row]].encode()))
    with compiling_from(0):
        order, found = ids_in_stretches(practice, FORMS[form](ids), rows)
    assert order.tolist() == expected
    assert found.type == pa.string()
    found.validate(full=True)
    assert found.to_pylist() == [ids[rows[row]] for row in expected]


@pytest.mark.parametrize("seed", range(40))
def test_numbers_are_sorted_however_they_lie(seed):
    """Evenly, all in one place but for one far away, in steps, nearly in order, falling, and a few again and again."""
    draw = np.random.default_rng(seed)
    sizes = draw.integers(0, [3, 40, 3_000][seed % 3], 12)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    count = int(starts[-1])
    numbers = [
        lambda: draw.integers(0, 2**64, count, dtype=np.uint64),
        lambda: np.where(draw.random(count) < 0.01, 2**64 - 1, draw.integers(0, 1_000, count)).astype(np.uint64),
        lambda: np.exp2(draw.random(count) * 63).astype(np.uint64),
        lambda: np.arange(count, dtype=np.uint64) ^ np.uint64(1),
        np.arange(count, dtype=np.uint64)[::-1].copy,
        lambda: draw.integers(0, 3, count).astype(np.uint64) << np.uint64(62),
    ][seed % 6]()
    order = order_in_groups(starts, numbers)
    for first, last in pairwise(starts.tolist()):
        own = order[first:last]
        assert np.array_equal(np.sort(own), np.arange(first, last))
        assert np.array_equal(numbers[own], np.sort(numbers[first:last]))


@ROADS
def test_few_texts_are_repeated_and_missing_where_said(compile_from):
    values = ["C87002", "", "é" * 300, "C8"]
    draw = np.random.default_rng(1)
    for known in (values[:2], values):  # with one that is too long for a key, and without
        places, present = draw.integers(0, len(known), 500).astype(np.int8), draw.random(500) < 0.7
        with compiling_from(compile_from):
            found, all_there = texts_at(known, places, present), texts_at(known, places)
        assert found.type == all_there.type == pa.string()
        found.validate(full=True)
        assert all_there.to_pylist() == [known[place] for place in places]
        assert found.to_pylist() == [known[p] if here else None for p, here in zip(places, present, strict=True)]
