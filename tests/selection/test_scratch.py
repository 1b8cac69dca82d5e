"""Memory of outcomes: kept for the next one once nobody has it, and never held by two."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from casemgmt.selection import scratch
from casemgmt.selection.scratch import written_in_places

LARGE = scratch._LARGE_BYTES


@pytest.fixture(autouse=True)
def nothing_kept():
    gc.collect()
    scratch._kept.clear()
    yield
    scratch._kept.clear()


def address(array):
    return array.__array_interface__["data"][0]


def test_memory_is_used_again_once_the_array_and_all_its_slices_are_gone():
    first = written_in_places(LARGE, np.int32)
    at, part = address(first), first[10:20].reshape(2, 5)[1]
    part[:] = 7
    del first
    second = written_in_places(LARGE, np.int32)
    second[:] = 1
    assert part.tolist() == [7] * 5
    assert address(second) != at
    del part
    assert address(written_in_places(LARGE, np.int32)) == at


def test_no_two_arrays_share_memory_whatever_is_let_go_in_between():
    generator, held = random.Random(0), {}
    for turn in range(300):
        if held and generator.random() < 0.5:
            number, array = (
                held.popitem() if generator.random() < 0.5 else (next(iter(held)), held.pop(next(iter(held))))
            )
            assert (array == number).all()
        size = LARGE // 4 + generator.randrange(3 * LARGE // 4)
        made = written_in_places(size, np.int32)
        assert len(made) == size
        made[:] = turn
        held[turn] = made
        if len(held) > 6:
            held.pop(next(iter(held)))
    assert all((array == number).all() for number, array in held.items())
    assert len(scratch._kept) <= 8


def test_memory_much_larger_than_asked_for_waits_for_what_needs_it():
    at = address(written_in_places(8 * LARGE, np.uint8))
    small = written_in_places(LARGE, np.uint8)
    assert address(small) != at
    assert address(written_in_places(8 * LARGE, np.uint8)) == at


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_what_a_forked_process_writes_is_its_own():
    code = """
import os
import sys
import numpy as np
from casemgmt.selection.scratch import written_in_places
array = written_in_places(1 << 22, np.int32)
array[:] = 1
child = os.fork()
if not child:
    array[:] = 2
    os._exit(0)
os.waitpid(child, 0)
sys.exit(int((array != 1).any()))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
