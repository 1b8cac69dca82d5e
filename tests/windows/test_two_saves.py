"""Two who save at once: one is done, the other waits or says who is busy; never both refused, never half of each."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from publications import files_of, names_in, register_of, selection_of

from casemgmt.cli.files import write_table
from casemgmt.errors import PublishError
from casemgmt.outputs.published import verify
from casemgmt.results.selection import Selection

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def selections() -> list[Selection]:
    return [selection_of(register_of(["C87001"], people=n)) for n in (40, 41)]


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Begin all at one moment; what came of each."""
    begin, ends = threading.Barrier(len(acts)), [""] * len(acts)

    def run(number: int) -> None:
        begin.wait()
        try:
            acts[number]()
            ends[number] = "done"
        except PublishError as problem:
            ends[number] = str(problem)
        except BaseException as problem:
            ends[number] = f"unexpected: {problem!r}"

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def assert_one_won(ends: list[str]) -> None:
    assert "done" in ends, ends
    busy = ("done", "Another process is publishing", "holds an earlier publication", "Another process is writing")
    assert all(any(words in end for words in busy) for end in ends), ends


@pytest.fixture(params=["here", "on_windows"])
def anywhere(request: pytest.FixtureRequest) -> None:
    if request.param != "here":
        request.getfixturevalue(request.param)


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("replacing", [False, True])
def test_of_two_selections_saved_at_once_one_stands_whole(selections, tmp_path, monkeypatch, replacing):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    expected = [files_of(each.save(tmp_path / f"whole{n}")) for n, each in enumerate(selections)]
    for turn in range(3):
        target = tmp_path / f"turn{turn}" / "out"
        if replacing:
            selections[turn % 2].save(target)
        ends = at_once(*(partial(each.save, target, overwrite=replacing) for each in selections))
        assert_one_won(ends)
        verify(target)
        found = files_of(target)
        # A manifest keeps what the folder held before, so the lists are compared.
        lists = [{k: v for k, v in each.items() if k != "manifest.json"} for each in (found, *expected)]
        assert lists[0] in lists[1:]
        assert names_in(target.parent) == ["out"]


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("depth", [1, 3])
def test_a_folder_above_that_another_makes_in_the_same_moment_is_no_refusal(selections, tmp_path, monkeypatch, depth):
    make, target = os.mkdir, tmp_path.joinpath(*"abc"[:depth], "out")

    def made_by_another_first(path: Path, *mode: int) -> None:
        if target.is_relative_to(path) and path != target:
            make(path)
        make(path, *mode)

    monkeypatch.setattr(os, "mkdir", made_by_another_first)
    verify(selections[0].save(target))
    assert names_in(target.parent) == ["out"]


@pytest.mark.usefixtures("anywhere")
def test_of_two_who_write_one_file_at_once_one_stands_whole(selections, tmp_path):
    tables = [each.summary() for each in selections]
    target = tmp_path / "summary.csv"
    for table in tables:
        write_table(table, tmp_path / f"{table.column('list_size')[0]}.csv", overwrite=True)
    expected = [path.read_bytes() for path in tmp_path.iterdir()]
    assert len(expected) == 2
    for _ in range(5):
        ends = at_once(*(partial(write_table, table, target, overwrite=True) for table in tables))
        assert_one_won(ends)
        assert target.read_bytes() in expected
        assert not [name for name in names_in(tmp_path) if name.startswith(".")]


SAVING = """
import sys
from pathlib import Path
import windows_layer
from publications import register_of, selection_of
from casemgmt.errors import PublishError

made, target = selection_of(register_of(["C87001"], people=40)), Path(sys.argv[1])
made.summary(), made.to_arrow()
with windows_layer.as_windows():
    print("ready", flush=True)
    for turn in range(int(sys.argv[2])):
        sys.stdin.readline()
        try:
            made.save(target / f"out{turn}", overwrite=True)
            print("done", flush=True)
        except PublishError as problem:
            print(problem, flush=True)
"""


@pytest.mark.long
def test_of_two_processes_that_save_at_once_one_is_done_and_the_other_waits_or_says_who_is_busy(tmp_path):
    turns = 8
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests/helpers"), str(ROOT)])}
    words = [sys.executable, "-c", SAVING, str(tmp_path), str(turns)]
    pipe = subprocess.PIPE
    both = [subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, env=environment) for _ in range(2)]
    try:
        assert [each.stdout.readline() for each in both] == ["ready\n"] * 2
        for turn in range(turns):
            for each in both:
                each.stdin.write("\n")
                each.stdin.flush()
            assert_one_won([each.stdout.readline().strip() for each in both])
            verify(tmp_path / f"out{turn}")
    finally:
        for each in both:
            each.stdin.close()
            each.wait()
            each.stdout.close()
    assert names_in(tmp_path) == [f"out{turn}" for turn in range(turns)]


@pytest.mark.usefixtures("on_windows")
def test_a_reader_beside_a_writer_sees_one_set_or_the_other_and_the_writer_is_not_refused(
    selections, tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    target = selections[0].save(tmp_path / "out")
    stop, seen, problems = threading.Event(), set(), []

    def read() -> None:
        try:
            while not stop.is_set():
                seen.add(verify(target).counts["listed"])
        except BaseException as problem:
            problems.append(problem)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for turn in range(10):
            selections[turn % 2].save(target, overwrite=True)
    finally:
        stop.set()
        reader.join()
    assert not problems
    assert seen <= {each.to_arrow().num_rows for each in selections}
    assert names_in(tmp_path) == ["out"]


@pytest.mark.usefixtures("on_windows")
def test_where_a_share_has_no_locks_a_marker_keeps_two_apart_as_windows_says_so(selections, tmp_path, monkeypatch):
    import filelock
    import windows_disk

    class NoLock:
        def __init__(self, path: object, **_: object) -> None:
            self.path = path

        def acquire(self) -> None:
            raise windows_disk.refused(22, 50, self.path)

    monkeypatch.setattr(filelock, "FileLock", NoLock)
    # The package asks for the name of the system, not for what it has: its marker sets rights on this one.
    monkeypatch.setattr(os, "fchmod", lambda descriptor, mode: None, raising=False)
    ends = at_once(*(partial(each.save, tmp_path / "out", overwrite=True) for each in selections))
    assert_one_won(ends)
    verify(tmp_path / "out")
    assert names_in(tmp_path) == ["out"]
