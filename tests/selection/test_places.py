"""Places: a ceiling rounds down and a floor rounds up, to the exact whole number for every list size."""

from __future__ import annotations

import math
import random
import re
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from a_model import serial_ids
from engines import assert_same, by_library, by_oracle, library_selection
from hypothesis import given
from hypothesis import strategies as st
from registers import Case, scheme_text, top_share

from casemgmt.errors import InputError
from casemgmt.scheme.shares import Share
from casemgmt.selection.loop_arrays import RouteArrays
from casemgmt.selection.places_kernels import places_of

EXACT = [(share, limit) for share in ("0.5%", "1.8%", "2%", "3%", "7%", "29%") for limit in ("at_most", "at_least")]
LARGEST_LIST = 20_000


def exact_places(share: str, limit: str, size: int) -> int:
    exact = Fraction(share.rstrip("%")) / 100 * size
    return math.floor(exact) if limit == "at_most" else math.ceil(exact)


@given(
    st.integers(0, 100_000_000),
    st.fractions(0, 1, max_denominator=10**6).filter(bool),
    st.sampled_from(["at_most", "at_least"]),
)
def test_the_rule_and_the_compiled_loops_give_the_places_of_a_fraction(size, fraction, limit):
    share = Share.read(f"{fraction.numerator}/{fraction.denominator}", limit)
    exact = math.floor(fraction * size) if limit == "at_most" else math.ceil(fraction * size)
    assert share.places(size) == exact
    row = (0, 1, 0, 0, 0, share.fraction.numerator, share.fraction.denominator, limit == "at_least", 0)
    arrays = [np.array([number], dtype=np.int64) for number in row]
    assert places_of(RouteArrays(*arrays, np.uint32(0), np.uint32(0), 0, 0), 0, size) == exact


def test_a_ceiling_of_29_per_cent_is_not_what_floats_make_of_it():
    share = Share.read("29%", "at_most")
    assert sum(share.places(size) != math.floor(0.29 * size) for size in range(20_001)) > 0
    assert share.places(100) == 29


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param(sorted({*range(1000), *range(0, LARGEST_LIST, 50), LARGEST_LIST - 1, LARGEST_LIST}), id="thinned"),
        pytest.param(range(LARGEST_LIST + 1), id="every one", marks=pytest.mark.long),
    ],
)
def test_an_official_list_size_has_its_exact_places(sizes):
    codes = [f"A{size:05d}" for size in sizes]
    table = pa.table({"patient_id": [f"p{size}" for size in sizes], "practice_id": codes, "age": [40] * len(sizes)})
    case = Case(
        rows=[],
        columns=[],
        scores=[1.0] * len(sizes),
        scheme_text=scheme_text(top_share(*each) for each in EXACT),
        list_sizes=dict(zip(codes, sizes, strict=True)),
    )
    summary = library_selection(case, table=table).summary()
    assert summary["practice_id"].to_pylist() == [code for code in codes for _ in EXACT]
    places = [exact_places(share, limit, size) for size in sizes for share, limit in EXACT]
    assert summary["places"].to_pylist() == places
    assert summary["met"].to_pylist() == [min(each, 1) for each in places]


def test_official_list_sizes_are_refused_where_a_denominator_is_part_of_the_list():
    case = Case(
        rows=[{"patient_id": "a", "practice_id": "C87001", "age": 40}],
        columns=["patient_id", "practice_id", "age"],
        scores=[1.0],
        scheme_text=scheme_text([top_share("3%", "at_most").replace("of = {}", "of = { age = { at_least = 18 } }")]),
        list_sizes={"C87001": 100},
    )
    with pytest.raises(InputError, match=r"list_sizes.*top_3__at_most"):
        library_selection(case)


def test_a_thinned_range_of_list_sizes_selects_the_exact_count():
    sizes = [*range(1, 251), 333, 334, 999, 1000, 1001, 1700, 8543, 10_000, 19_999, 20_000]
    assert_exact_counts(sizes)


@pytest.mark.long
@pytest.mark.parametrize("largest", range(1000, LARGEST_LIST + 1, 1000))
def test_every_list_size_selects_the_exact_count(largest):
    block: list[int] = []
    for size in range(largest - 999, largest + 1):
        block.append(size)
        if sum(block) > 2_000_000 or size == largest:
            assert_exact_counts(block)
            block = []


def assert_exact_counts(sizes: list[int]) -> None:
    """One practice a size, everyone scored, many ties; the table is counted, not the summary."""
    total = sum(sizes)
    generator = np.random.default_rng(total)
    codes = pa.array([f"A{size:05d}" for size in sizes])
    practice = pa.array(np.repeat(np.arange(len(sizes)), sizes))
    table = pa.table({"patient_id": serial_ids(total), "practice_id": codes.take(practice), "age": np.full(total, 40)})
    case = Case(
        rows=[],
        columns=[],
        scores=generator.integers(0, 50, total).astype(float),  # type: ignore[arg-type]
        scheme_text=scheme_text(top_share(*each) for each in EXACT),
    )
    selected = library_selection(case, table=table).to_arrow()
    names = [re.sub(r"\W", "_", f"top_{share}_{limit}") for share, limit in EXACT]
    counted = (
        selected.select(["practice_id", *names]).group_by("practice_id").aggregate([(name, "sum") for name in names])
    )
    found = {row.pop("practice_id"): list(row.values()) for row in counted.to_pylist()}
    for size in sizes:
        wanted = dict(zip(names, (exact_places(share, limit, size) for share, limit in EXACT), strict=True))
        assert found[f"A{size:05d}"] == list(wanted.values()), (size, wanted)


def test_the_large_registers_have_distinct_serial_ids():
    assert serial_ids(3).to_pylist() == ["00000000", "00000001", "00000002"]


def test_a_practice_at_the_edge_of_a_place_equals_the_oracle():
    sizes = [1, 2, 3, 32, 33, 34, 49, 50, 66, 67, 99, 100, 101, 150, 200]
    for seed, size in enumerate(sizes):
        rng = random.Random(seed)
        routes = [top_share("3%", "at_most"), top_share("2%", "at_least"), top_share("29%", "at_most")]
        case = Case(
            rows=[{"patient_id": f"p{i}", "practice_id": "C87001", "age": 40} for i in range(size)],
            columns=["patient_id", "practice_id", "age"],
            scores=[rng.choice([0.25, 0.5, None]) for _ in range(size)],
            scheme_text=scheme_text(routes),
        )
        assert_same(by_oracle(case), by_library(case))
