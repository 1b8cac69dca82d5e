"""The likely cause of ids that meet nobody: each accident is named, and no id is shown."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest

from casemgmt.register.unmatched import are_few, likely_cause

PLAIN = [f"000{i}X{i * 7919:06d}" for i in range(40)]
NUMBERS = [f"{999_000_0000 + i * 31}" for i in range(40)]


def hashed(ids, key):
    return [hashlib.sha256(f"{key}{each}".encode()).hexdigest() for each in ids]


@pytest.mark.parametrize(
    ("ids", "among", "said"),
    [
        pytest.param([each.lower() for each in PLAIN], PLAIN, "upper and lower case", id="case"),
        pytest.param([f"{each} " for each in PLAIN], PLAIN, "spaces before or after", id="a space after"),
        pytest.param([each.ljust(30) for each in PLAIN], PLAIN, "spaces before or after", id="fixed width"),
        pytest.param([f"{n[:3]} {n[3:6]} {n[6:]}" for n in NUMBERS], NUMBERS, "inside", id="spaces inside"),
        pytest.param([f"{n[:3]}-{n[3:6]}-{n[6:]}" for n in NUMBERS], NUMBERS, "inside", id="hyphens"),
        pytest.param([f"{n[:3]}\u00a0{n[3:]}" for n in NUMBERS], NUMBERS, "inside", id="a space that does not break"),
        pytest.param([each.lstrip("0") for each in PLAIN], PLAIN, "leading zeros", id="zeros lost"),
        pytest.param([f"{n}.0" for n in NUMBERS], NUMBERS, "decimals", id="decimals as text"),
        pytest.param([f"'{n}'" for n in NUMBERS], NUMBERS, "quotation marks", id="quoted"),
        pytest.param(
            [f" {each.lower().lstrip('0')}" for each in PLAIN], PLAIN, "several different ways", id="all at once"
        ),
        pytest.param(hashed(NUMBERS, ""), NUMBERS, "pseudonyms and the other plain", id="one hashed"),
        pytest.param(hashed(NUMBERS, "a"), hashed(NUMBERS, "b"), "different keys", id="two keys"),
        pytest.param([n[:6] for n in NUMBERS], NUMBERS, "ids of another kind", id="another number"),
        pytest.param([n[::-1] for n in NUMBERS], NUMBERS, "may be other people", id="other people"),
        pytest.param([], NUMBERS, "no patient id at all", id="nobody"),
    ],
)
def test_the_accident_is_named_in_both_directions_and_no_id_is_shown(ids, among, said):
    for one, other in ((ids, among), (among, ids)):
        words = likely_cause(pa.array(one, pa.string()), pa.chunked_array([pa.array(other, pa.string())]))
        assert said in words
        assert not any(each and each in words for each in [*ids, *among])


def test_whole_numbers_meet_text_without_their_zeros():
    numbers = pa.array([12, 345, 6789], pa.int64())
    text = pa.array(["00012", "00345", "06789"])
    assert "leading zeros" in likely_cause(numbers, text)
    assert "leading zeros" in likely_cause(pa.array([12.0, 345.0, None, 6789.0]), text)


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_every_layout_of_text_is_read(kind):
    upper = pa.array(["aB1", "aB2", None, "aB3"])
    column = upper.dictionary_encode() if pa.types.is_dictionary(kind) else upper.cast(kind)
    assert "upper and lower case" in likely_cause(column, pa.array(["AB1", "AB2", "AB3"]))


@pytest.mark.parametrize(
    ("met", "of", "few"), [(0, 0, False), (0, 1, True), (1, 5, False), (1, 6, True), (20, 101, True)]
)
def test_under_a_fifth_is_few(met, of, few):
    assert are_few(met, of) is few
