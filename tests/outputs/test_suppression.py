"""The rule for one count: 1 to 7 is suppressed, anything else is rounded to the nearest 5."""

from __future__ import annotations

import pytest

from casemgmt.outputs.disclosure import behind, suppress
from casemgmt.outputs.disclosure.suppression import tells

TINY = range(1, 8)


def test_counts_of_1_to_7_are_suppressed_and_others_rounded_to_the_nearest_5():
    for count in range(2000):
        shown = suppress(count)
        if count in TINY:
            assert shown is None
        else:
            assert shown % 5 == 0 and abs(shown - count) <= 2
    assert [suppress(count) for count in (0, 7, 8, 12, 13)] == [0, None, 10, 10, 15]


@pytest.mark.parametrize(
    ("published", "counts"), [(None, (1, 7)), (0, (0, 0)), (10, (8, 12)), (15, (13, 17)), (100, (98, 102))]
)
def test_what_a_published_count_says(published, counts):
    assert behind(published) == counts
    low, high = counts
    assert {suppress(count) for count in range(low, high + 1)} == {published}


@pytest.mark.parametrize(
    ("known", "told"),
    [
        *(((1, 7), False), ((0, 7), False), ((1, 8), False), ((0, 0), False), ((8, 9), False)),
        *(((2, 7), True), ((1, 6), True), ((3, 3), True), ((1, 1), True), ((7, 7), True)),
    ],
)
def test_a_part_of_1_to_7_tells_a_small_count(known, told):
    assert tells(known) == told
