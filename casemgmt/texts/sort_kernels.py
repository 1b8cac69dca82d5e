"""The compiled loops that put the numbers of each group in order: a few thousand at a time, which fit the cache."""

from __future__ import annotations

import numpy as np

from casemgmt.compiling import compiled, compiled_within

# At most so many buckets, of four bytes each, stay in the cache.
_MOST_BUCKETS = 1 << 16
_FEW = 16  # are moved into place one by one


def buckets_for(largest: int) -> int:
    """How many buckets groups of up to so many numbers are dealt out to: about two a number."""
    return min(1 << (2 * largest - 1).bit_length(), _MOST_BUCKETS) if largest else 1


@compiled
def order_groups(starts, numbers, order, buckets, beside):
    """Write the order of the numbers of each group, from the least; equal ones come in any order.

    The numbers are dealt out to buckets by their highest bits; what one bucket holds is sorted by comparing.

    Parameters
    ----------
    starts : int64, groups + 1: where each group begins
    numbers : uint64
    order : int64, out: the places of the numbers of the first group, of the second, and so on
    buckets : int32, `buckets_for` the largest group, and one more; working memory
    beside : uint64, as long as the largest group, working memory
    """
    stack = np.empty(128, dtype=np.int64)
    for g in range(len(starts) - 1):
        first, count = starts[g], starts[g + 1] - starts[g]
        own, places = numbers[first : first + count], order[first : first + count]
        least, most, is_sorted = np.uint64(0), np.uint64(0), True
        if count:
            least, most = own[0], own[0]
        for i in range(1, count):
            is_sorted &= own[i - 1] <= own[i]
            least, most = min(least, own[i]), max(most, own[i])
        if is_sorted:
            for i in range(count):
                places[i] = first + i
            continue
        bits, shift = np.uint64(1), np.uint64(0)
        while np.int64(1) << np.int64(bits) < min(2 * count, len(buckets) - 1):
            bits += np.uint64(1)
        while (most - least) >> shift >> bits != np.uint64(0):
            shift += np.uint64(1)
        size = np.int64(1) << np.int64(bits)
        buckets[: size + 1] = 0
        for i in range(count):
            buckets[((own[i] - least) >> shift) + np.uint64(1)] += 1
        for k in range(1, size + 1):
            buckets[k] += buckets[k - 1]
        for i in range(count):
            k = (own[i] - least) >> shift
            places[buckets[k]], beside[buckets[k]] = first + i, own[i]
            buckets[k] += 1
        begin = np.int64(0)
        for k in range(size):
            end = np.int64(buckets[k])
            if end - begin > 1:
                sort_pairs(beside, places, begin, end, stack)
            begin = end


@compiled_within
def sort_pairs(numbers, places, begin, end, stack):
    """Sort ``numbers[begin:end]`` from the least, and move ``places`` along; ``stack`` is int64, 128."""
    depth = 0
    while True:
        while end - begin > _FEW:
            a, b, c = numbers[begin], numbers[(begin + end) // 2], numbers[end - 1]
            pivot = max(min(a, b), min(max(a, b), c))
            i, j = begin, end - 1
            while i <= j:
                while numbers[i] < pivot:
                    i += 1
                while numbers[j] > pivot:
                    j -= 1
                if i <= j:
                    numbers[i], numbers[j] = numbers[j], numbers[i]
                    places[i], places[j] = places[j], places[i]
                    i += 1
                    j -= 1
            # The larger side waits, so that few wait at a time.
            if j + 1 - begin > end - i:
                stack[depth], stack[depth + 1], begin = begin, j + 1, i
            else:
                stack[depth], stack[depth + 1], end = i, end, j + 1
            depth += 2
        for i in range(begin + 1, end):
            number, place, k = numbers[i], places[i], i
            while k > begin and numbers[k - 1] > number:
                numbers[k], places[k] = numbers[k - 1], places[k - 1]
                k -= 1
            numbers[k], places[k] = number, place
        if depth == 0:
            return
        depth -= 2
        begin, end = stack[depth], stack[depth + 1]


@compiled
def rank_groups(starts, numbers, order, ranks):
    """Write, of each number, 1 + how many of its group are less.

    Parameters
    ----------
    starts, numbers, order : as of :func:`order_groups`, which has written ``order``
    ranks : int32, out
    """
    for g in range(len(starts) - 1):
        rank = np.int32(0)
        for i in range(starts[g], starts[g + 1]):
            if i == starts[g] or numbers[order[i]] != numbers[order[i - 1]]:
                rank = np.int32(i - starts[g] + 1)
            ranks[order[i]] = rank
