"""Whether a batch of many files resumes: interrupted anywhere, it ends in the same bytes; a changed input stops it.

A batch is any function ``run(inputs, out)`` that reads files and publishes a folder. It keeps what it has finished
where it likes, so long as it lies beside ``out`` and is gone when ``out`` is there.
"""

from __future__ import annotations

import builtins
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from faulty_disk import Dead, calls_of, dies, disk_that
from publications import files_of, names_in

Run = Callable[[Sequence[Path], Path], object]


@dataclass
class Resumed:
    """What the interruptions showed: how many there were, and how many inputs were opened again after each."""

    interruptions: int
    read_again: list[int]


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[str]]:
    """The names of inputs in the order they are opened by Python; a reader of another language is not seen."""
    names, seen, real = {str(path): path.name for path in paths}, [], builtins.open

    def counted(file, *arguments, **options):
        if str(file) in names:
            seen.append(names[str(file)])
        return real(file, *arguments, **options)

    builtins.open = counted
    try:
        yield seen
    finally:
        builtins.open = real


def check_resumes(run: Run, inputs: Sequence[Path], out: Path, points: int = 0) -> Resumed:
    """Kill a batch at every call to the disk (or at ``points`` of them, evenly spread), and run it again.

    Holds after each: nothing or the whole is at ``out``; the second run gives the bytes of an uninterrupted one, and
    leaves nothing beside them.
    """
    whole = uninterrupted(run, inputs, out)
    total = calls_of(lambda: run(inputs, out))
    clear(out)
    again = []
    for point in range(points or total):
        at = point * total // points if points else point
        interrupt(run, inputs, out, at)
        if out.exists():
            assert files_of(out) == whole, f"half a result after call {at}"
            clear(out)
        with opened(inputs) as seen:
            run(inputs, out)
        assert files_of(out) == whole, f"other bytes after call {at}"
        assert names_in(out.parent) == [out.name], f"leftovers after call {at}"
        again.append(len(seen))
        clear(out)
    return Resumed(len(again), again)


def check_refuses_a_changed_input(
    run: Run, inputs: Sequence[Path], out: Path, refusal: type[BaseException], at_share: float = 0.6
) -> None:
    """Interrupt a batch, change one byte of each input in turn (its size and time kept), and run it again.

    The second run refuses, whether the input was finished already or not begun; with the input as it was, it goes on.
    """
    whole = uninterrupted(run, inputs, out)
    total = calls_of(lambda: run(inputs, out))
    clear(out)
    for path in inputs:
        interrupt(run, inputs, out, int(total * at_share))
        sound, status = path.read_bytes(), path.stat()
        middle = len(sound) // 2
        path.write_bytes(sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1 :])
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        try:
            run(inputs, out)
        except refusal:
            pass
        else:
            raise AssertionError(f"{path.name} was changed between two runs and nobody noticed")
        assert not out.exists()
        path.write_bytes(sound)
        run(inputs, out)
        assert files_of(out) == whole
        clear(out)


def uninterrupted(run: Run, inputs: Sequence[Path], out: Path) -> dict[str, bytes]:
    """The bytes that a batch makes in one go, which are the same when it is given its inputs in another order."""
    run(inputs, out)
    whole = files_of(out)
    assert names_in(out.parent) == [out.name], "leftovers"
    clear(out)
    run(list(reversed(inputs)), out)
    assert files_of(out) == whole, "the bytes depend on the order of the inputs"
    clear(out)
    return whole


def interrupt(run: Run, inputs: Sequence[Path], out: Path, at: int) -> None:
    """Kill a batch at one call to the disk."""
    with disk_that(at, dies, forever=True), suppress(Dead):
        run(inputs, out)


def clear(out: Path) -> None:
    """Take the result away, and leave what an interrupted run may have put beside it."""
    shutil.rmtree(out)
