"""Work that is shared out among threads: every piece once, in order; and of several faults the first piece's."""

from __future__ import annotations

import threading
import time

import pytest

from casemgmt.threads import on_threads


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("pieces", [0, 1, 7, 300])
def test_each_piece_is_worked_on_once_and_answers_come_in_order(workers, pieces):
    met = []

    def work(piece: int) -> int:
        met.append(piece)
        return 2 * piece

    assert on_threads(work, range(pieces), workers) == [2 * piece for piece in range(pieces)]
    assert sorted(met) == list(range(pieces))


def test_pieces_are_worked_on_at_the_same_time():
    meeting = threading.Barrier(3, timeout=30)
    assert on_threads(lambda piece: meeting.wait() >= 0, range(3), 3) == [True] * 3


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_the_error_of_the_first_piece_that_fails_is_raised_and_the_rest_is_left(workers):
    met = []

    def work(piece: int) -> None:
        met.append(piece)
        if piece in (3, 5):
            time.sleep(0.05 * (piece == 3))  # the later one fails first
            raise ValueError(f"piece {piece}")
        time.sleep(0.001)

    with pytest.raises(ValueError, match="piece 3"):
        on_threads(work, range(1_000), workers)
    assert len(met) < 1_000


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_shared_out_within_a_piece_is_done_there_and_nobody_waits_for_ever(workers):
    def work(piece: int) -> list[int]:
        return on_threads(lambda each: 10 * piece + each, range(5), workers)

    assert on_threads(work, range(6), workers) == [[10 * piece + each for each in range(5)] for piece in range(6)]
