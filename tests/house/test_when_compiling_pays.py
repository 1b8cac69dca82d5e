"""From how many rows on loops are compiled: sooner where machine code was kept, or was loaded already."""

from __future__ import annotations

from collections import Counter

import pytest

from casemgmt import compiling, kept_code


class Loop:
    """A stand-in for a loop that was called, or was not."""

    def __init__(self, module: str, *, called: bool) -> None:
        self.__module__, self.ways, self.loop = module, {(): print} if called else {}, print


@pytest.fixture
def process(monkeypatch):
    """A process in which no loop was called and, unless told otherwise, no machine code was kept."""
    monkeypatch.setattr(compiling, "LOOPS", [Loop("casemgmt.texts.hash_kernels", called=False)])
    monkeypatch.setattr(compiling, "_counted", Counter())
    monkeypatch.setattr(kept_code, "is_anything_kept", lambda: False)
    return monkeypatch


def least_that_pays() -> int:
    """The fewest rows, in hundreds of thousands, that loops are used for."""
    return next(n for n in range(100) if compiling.pays(n * 100_000))


def test_where_nothing_is_kept_only_very_many_rows_are_worth_compiling_for(process):
    assert least_that_pays() == 40


def test_kept_code_is_loaded_for_fewer(process):
    process.setattr(kept_code, "is_anything_kept", lambda: True)
    assert least_that_pays() == 8


@pytest.mark.parametrize(("module", "least"), [("selection.kernels", 4), ("parquet.page_kernels", 40)])
def test_code_that_is_loaded_already_is_used_for_fewer_still(process, module, least):
    process.setattr(compiling, "LOOPS", [Loop(f"casemgmt.{module}", called=True)])
    assert least_that_pays() == least


def test_whoever_goes_through_many_rows_again_and_again_compiles_in_the_end(process):
    for _ in range(3):
        compiling.went_through(1_000_000)
    assert least_that_pays() == 10
    compiling.went_through(100_000)  # too few to compile for, however often
    assert least_that_pays() == 10
    compiling.went_through(1_000_000)
    assert least_that_pays() == 4


def test_any_number_of_rows_can_be_made_to_pay(process):
    process.setattr(compiling, "COMPILE_FROM", 0)
    assert compiling.pays(0)


def test_loops_that_spare_little_are_used_where_they_are_there_and_compiled_for_very_many_rows(process):
    ready, unmade = Loop("casemgmt.texts.hash_kernels", called=True), Loop("casemgmt.selection.kernels", called=False)
    process.setattr(kept_code, "is_kept", lambda loop: False)
    assert not compiling.pays_once_made(49_999, ready)
    assert compiling.pays_once_made(50_000, ready)
    assert not compiling.pays_once_made(50_000, ready, unmade)
    assert not compiling.pays_once_made(3_900_000, ready, unmade)
    assert compiling.pays_once_made(50_000, ready, unmade)  # the process has gone through 4 million by now
    compiling._counted.clear()
    process.setattr(kept_code, "is_kept", lambda loop: True)
    assert compiling.pays_once_made(50_000, ready, unmade)
    process.setattr(compiling, "COMPILE_FROM", 0)
    assert not compiling.pays_once_made(0, unmade)
    assert compiling.pays_once_made(1, unmade)
