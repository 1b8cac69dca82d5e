"""A disk on which a call fails, or at which the process dies; and what a reader finds afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from publications import files_of

from casemgmt.errors import VerifyError
from casemgmt.outputs.published import verify
from casemgmt.results.selection import Selection

CALLS = ("open", "write", "fsync", "rename", "replace", "mkdir", "rmdir", "unlink", "chmod", "fchmod")


Files = dict[str, bytes]


class Dead(BaseException):
    """The process is gone: nothing it does after this reaches the disk."""


@contextmanager
def disk_that(at: int, happening: Callable[[str, tuple[Any, ...]], None], forever: bool) -> Iterator[list[str]]:
    """Let something happen at call number ``at`` to the disk, and at every later one if ``forever``."""
    real = {name: getattr(os, name) for name in CALLS if hasattr(os, name)}
    made: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            made.append(name)
            if len(made) - 1 == at or (forever and len(made) > at):
                happening(name, arguments)
            return real[name](*arguments, **options)

        return call

    for name in real:
        setattr(os, name, counted(name))
    try:
        yield made
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def dies(name: str, arguments: tuple[Any, ...]) -> None:
    raise Dead


def fails(number: int) -> Callable[[str, tuple[Any, ...]], None]:
    def happening(name: str, arguments: tuple[Any, ...]) -> None:
        raise OSError(number, os.strerror(number))

    return happening


def warmed(selection: Selection) -> Selection:
    for table in (selection.to_arrow, selection.summary, selection.unscored, selection.queue):
        table()
    return selection


def calls_of(save: Callable[[], object]) -> int:
    with disk_that(-1, dies, forever=False) as made:
        save()
    return len(made)


def torn(path: Path) -> Files | None:
    """What a reader finds, checked; None where there is no publication."""
    with suppress(VerifyError):
        verify(path)
        return files_of(path)
    assert not path.exists()
    return None
