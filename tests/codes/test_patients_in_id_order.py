"""Patients of several parts as one table in the order of their ids, with what is known of each beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from casemgmt.codes.in_id_order import Known, in_id_order
from casemgmt.texts.numbering import Keys

IDS: dict[str, tuple[pa.DataType, Callable[[Any, int], list[Any]]]] = {
    "small numbers": (pa.int32(), lambda draw, count: draw.permutation(3 * count)[:count] - count),
    "numbers of both signs": (pa.int64(), lambda draw, count: draw.integers(-(2**63), 2**63, count, dtype=np.int64)),
    "large numbers": (pa.uint64(), lambda draw, count: draw.integers(0, 2**64, count, dtype=np.uint64)),
    "one far from all others": (pa.int64(), lambda draw, count: np.append(draw.permutation(count - 1), 2**62)),
    "ten digits": (pa.string(), lambda draw, count: [f"{n:010d}" for n in draw.permutation(4 * count)[:count]]),
    "of every length": (pa.string(), lambda draw, count: [str(n) * (n % 30) + str(n) for n in draw.permutation(count)]),
    "alike at first": (pa.large_string(), lambda draw, count: [f"{'x' * 70}{n}é" for n in draw.permutation(count)]),
    "hexadecimal": (pa.string(), lambda draw, count: [draw.bytes(32).hex() for _ in range(count)]),
    "long at random": (
        pa.string(),
        lambda draw, count: [draw.bytes(draw.integers(8, 100)).hex() for _ in range(count)],
    ),
}


@pytest.mark.parametrize("form", IDS)
@pytest.mark.parametrize("count", [1, 2, 700, 70_000])
def test_patients_come_in_the_order_of_their_ids_with_all_that_is_known_of_them(form, count):
    draw = np.random.default_rng(count)
    kind, make = IDS[form]
    values = np.unique(np.asarray(make(draw, count)))
    column = pa.array(values.tolist(), kind)
    ids = column.take(pa.array(draw.permutation(len(column))))
    keys = Keys(ids).block(0, len(ids)).copy()
    words = draw.integers(0, 2**64, (2, len(ids)), dtype=np.uint64)
    counts = draw.integers(0, 2**31, (3, len(ids))).astype(np.int32)
    latest = draw.integers(-(2**31), 2**31, (3, len(ids))).astype(np.int32)
    bounds = np.sort(draw.integers(0, len(ids) + 1, 9)).tolist()
    parts = [
        Known(keys[own], words[:, own], counts[:, own], latest[:, own])
        for own in (slice(low, high) for low, high in zip([0, *bounds], [*bounds, len(ids)], strict=True))
    ]
    found = in_id_order(parts, kind)
    told = dict(
        zip(ids.to_pylist(), zip(words.T.tolist(), counts.T.tolist(), latest.T.tolist(), strict=True), strict=True)
    )
    order = sorted(told, key=lambda each: each.encode() if isinstance(each, str) else each)
    assert found.ordered
    assert found.ids.type == kind
    found.ids.validate(full=True)
    assert found.ids.to_pylist() == order
    for values, place in ((found.words, 0), (found.counts, 1), (found.latest, 2)):
        assert values.T.tolist() == [told[each][place] for each in order]


def test_parts_that_differ_in_what_is_alike_within_each_are_told_apart():
    count = 40_000
    columns = [pa.array([f"{letter}{number:05d}" for number in range(count)]) for letter in "BA"]
    nothing = np.empty((0, count), dtype=np.int32)
    parts = [Known(Keys(ids).block(0, count).copy(), nothing.astype(np.uint64), nothing, nothing) for ids in columns]
    found = in_id_order(parts, pa.string())
    assert found.ids.equals(pa.concat_arrays(columns[::-1]))
