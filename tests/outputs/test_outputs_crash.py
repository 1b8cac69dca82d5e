"""A run that dies or fails at any moment leaves the old publication or the new one, and the next run tidies up."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from faulty_disk import Dead, Files, calls_of, dies, disk_that, fails, torn, warmed
from publications import SCHEME, files_of, hidden_beside, names_in, register_of, selection_of
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt import system
from casemgmt.cli import app
from casemgmt.cli.files import write_table
from casemgmt.disk import LOCK, NEW, OLD, beside, locked
from casemgmt.errors import PublishError, VerifyError
from casemgmt.outputs import published as published_module
from casemgmt.outputs.published import verify
from casemgmt.results.published import load_selection
from casemgmt.results.selection import Selection


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls to fsync are counted, and can fail, but nothing here cuts the power: they need not be slow."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="module")
def first() -> Selection:
    return warmed(selection_of(register_of(["C87001"], people=40)))


@pytest.fixture(scope="module")
def second() -> Selection:
    # Of other people: a manifest keeps what it replaced of the same ones, and so depends on what stood there.
    return warmed(selection_of(register_of(["C87001"], people=41), SCHEME.replace('"10%"', '"20%"')))


def published(selection: Selection, tmp_path: Path, name: str) -> Files:
    folder = selection.save(tmp_path / name)
    verify(folder)
    return files_of(folder)


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("replacing", [False, True])
def test_a_run_killed_at_any_call_leaves_old_or_new_and_the_next_run_leaves_nothing_else(
    first, second, tmp_path, replacing, step
):
    new, before = published(second, tmp_path, "new"), published(first, tmp_path, "old")
    old = before if replacing else None
    target = tmp_path / "work" / "out"
    seen, calls = set(), calls_into(target, first, second, replacing)
    # Each call, or some; and the last, among which are the renames and the deleting.
    for at in sorted({*range(0, calls, step), *range(calls - 8, calls)}):
        with disk_that(at, dies, forever=True), suppress(Dead):
            second.save(target, overwrite=True)
        found = torn(target)
        assert found in (old, new), at
        seen.add(found == new)
        assert hidden_beside(target) in ([], [f".out.{LOCK}"]), at
        first.save(target, overwrite=True)
        assert files_of(target) == before
        assert names_in(target.parent) == ["out"]
        if not replacing:
            shutil.rmtree(target)
    assert seen == {True, False}


def calls_into(target: Path, first: Selection, second: Selection, replacing: bool) -> int:
    """How many calls it takes to publish the second selection; the first is there afterwards, or nothing."""
    target.parent.mkdir()
    if replacing:
        first.save(target)
    total = calls_of(lambda: second.save(target, overwrite=True))
    assert total > 45
    shutil.rmtree(target)
    if replacing:
        first.save(target)
    return total


@pytest.mark.parametrize(
    ("number", "step"),
    [(errno.EIO, 3), *(pytest.param(number, 1, marks=pytest.mark.long) for number in (errno.EIO, errno.ENOSPC))],
)
@pytest.mark.parametrize("replacing", [False, True])
def test_any_call_that_fails_ends_in_one_error_with_the_old_output_intact(
    first, second, tmp_path, replacing, number, step
):
    new, before = published(second, tmp_path, "new"), published(first, tmp_path, "old")
    old = before if replacing else None
    target = tmp_path / "work" / "out"
    harmless = []
    calls = calls_into(target, first, second, replacing)
    # Each call, or some; and the first and the last, among which are those that nobody needs.
    for at in sorted({*range(12), *range(0, calls, step), *range(calls - 12, calls)}):
        try:
            with disk_that(at, fails(number), forever=False) as made:
                second.save(target, overwrite=True)
        except PublishError as problem:
            assert problem.exit_code == 4
            if "holds the new publication" in str(problem):
                assert replacing and files_of(target) == new
            else:
                assert (files_of(target) if target.exists() else None) == old, (at, made[at])
                assert hidden_beside(target) in ([], [f".out.{LOCK}"]), (at, made[at])
        else:
            harmless.append(made[at:])
            assert files_of(target) == new
        first.save(target, overwrite=True)
        assert files_of(target) == before
        assert names_in(target.parent) == ["out"]
        if not replacing:
            shutil.rmtree(target)
    # The first call asks for the lock's folder, which is there (not on Windows); the last removes the lock, or else the
    # next run does. After that the manifest is read for its checksum, without which the selection has none.
    assert [calls[0] for calls in harmless] == (["mkdir"] if not system.ON_WINDOWS else []) + ["unlink", "open"]
    assert harmless[-1] == ["open"]


def test_a_failed_fsync_ends_the_run_at_once_and_is_never_tried_again(first, second, tmp_path):
    target = first.save(tmp_path / "work" / "out")
    before = files_of(target)
    with disk_that(-1, dies, forever=False) as made:
        second.save(tmp_path / "work" / "other")
    syncs = [at for at, name in enumerate(made) if name == "fsync"]
    folders = 0 if system.ON_WINDOWS else 4 + 1  # there is no such call for a folder there
    assert len(syncs) == len(files_of(tmp_path / "work" / "other")) + folders
    shutil.rmtree(tmp_path / "work" / "other")
    for at in range(len(syncs)):
        with failing_fsync(at) as calls, pytest.raises(PublishError, match="The disk reports a failure") as caught:
            second.save(target, overwrite=True)
        assert caught.value.exit_code == 4
        assert not {"write", "fsync"} & set(calls[calls.index("failed") + 1 :]), at
        assert files_of(target) == before, at
        assert names_in(target.parent) == ["out"], at


@contextmanager
def failing_fsync(at: int) -> Iterator[list[str]]:
    """Let the fsync of this number fail as it does on a bad disk: once, and then it says that all is well."""
    with pytest.MonkeyPatch.context() as patch, disk_that(-1, dies, forever=False) as calls:
        counted, tried = os.fsync, iter(range(10_000))

        def fsync(descriptor: int) -> None:
            if next(tried) == at:
                calls.append("failed")
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            counted(descriptor)

        patch.setattr(os, "fsync", fsync)
        yield calls


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_the_command_line_ends_in_4_on_a_disk_that_fails_and_leaves_what_was_there(tmp_path, monkeypatch, number):
    rules = ("--as-of", "2015-04-01", "--scheme", "rotherham-2015-16", "--model", "cambridge-multimorbidity-20")
    pq.write_table(cm.synthesise("C87616", as_of="2015-04-01", seed=1).to_arrow(), tmp_path / "register.parquet")
    select = ("select", tmp_path / "register.parquet", *rules, "--out", tmp_path / "lists" / "out", "--overwrite")
    score = ("score", tmp_path / "register.parquet", *rules[:2], *rules[4:], "--out", tmp_path / "lists" / "s.csv")
    runs = [[str(word) for word in words] for words in (select, (*score, "--overwrite"))]
    (tmp_path / "lists").mkdir()
    for words in runs:
        assert CliRunner().invoke(app, words).exit_code == 0
    before = files_of(tmp_path / "lists")

    def fsync(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    for words in runs:
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 4
        assert os.strerror(number) in " ".join(result.output.split())
    assert files_of(tmp_path / "lists") == before
    assert names_in(tmp_path / "lists") == ["out", "s.csv"]


def test_every_file_and_folder_is_on_the_disk_before_it_is_moved_into_place(first, tmp_path):
    with disk_that(-1, dies, forever=False) as made:
        target = first.save(tmp_path / "out")
    before, after = made[: made.index("rename")], made[made.index("rename") :]
    folders = [target, *(path for path in target.iterdir() if path.is_dir())]
    assert before.count("fsync") == len(files_of(target)) + len(folders)
    assert after[:3] == ["rename", "open", "fsync"]


def test_a_full_disk_says_so_with_the_remedy(first, tmp_path):
    with disk_that(12, fails(errno.ENOSPC), forever=False), pytest.raises(PublishError, match="Free some space"):
        first.save(tmp_path / "out")
    assert names_in(tmp_path) == []


def test_a_disk_that_stays_broken_is_named_with_what_was_left_behind(first, tmp_path):
    with disk_that(30, fails(errno.EIO), forever=True), pytest.raises(PublishError, match="holds patient rows"):
        first.save(tmp_path / "out")
    first.save(tmp_path / "out")
    assert names_in(tmp_path) == ["out"]


def test_a_failed_run_removes_the_folders_it_made_on_the_way(first, tmp_path):
    with disk_that(20, fails(errno.EIO), forever=False), pytest.raises(PublishError):
        first.save(tmp_path / "a" / "b" / "out")
    assert names_in(tmp_path) == []


def test_a_limit_on_file_size_leaves_the_old_publication(first, second, tmp_path):
    import resource

    target = first.save(tmp_path / "out")
    before = files_of(target)
    largest = max(map(len, published(second, tmp_path, "new").values()))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in [*range(0, largest, max(largest // 25, 1))][:25]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(PublishError, match="was not written"):
                second.save(target, overwrite=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert files_of(target) == before
        assert hidden_beside(target) == []


def test_an_interrupted_run_cleans_up_after_itself(first, tmp_path):
    def interrupted(name: str, arguments: tuple[Any, ...]) -> None:
        raise KeyboardInterrupt

    with disk_that(25, interrupted, forever=False), pytest.raises(KeyboardInterrupt):
        first.save(tmp_path / "out")
    assert names_in(tmp_path) == []


def test_a_reader_puts_back_a_publication_that_was_set_aside(first, tmp_path):
    target = first.save(tmp_path / "out")
    before = files_of(target)
    target.rename(beside(target, OLD))
    beside(target, NEW).mkdir()
    assert load_selection(target).to_arrow().equals(first.to_arrow())
    assert files_of(target) == before
    assert names_in(tmp_path) == ["out"]


def test_two_runs_at_once_do_not_meet(first, tmp_path):
    target = tmp_path / "out"
    with locked(target), pytest.raises(PublishError, match="Another process"):
        first.save(target)
    first.save(target)
    assert names_in(tmp_path) == ["out"]


@pytest.mark.parametrize("replacing", [False, True])
@pytest.mark.parametrize("happening", [dies, fails(errno.EIO), fails(errno.ENOSPC)], ids=["dies", "EIO", "ENOSPC"])
def test_a_single_file_is_the_old_or_the_new_one_whatever_call_goes_wrong(
    first, second, tmp_path, happening, replacing
):
    def write(selection: Selection) -> None:
        write_table(selection.to_arrow(), target, overwrite=True)

    target, seen = tmp_path / "list.csv", set()
    write(second)
    new, total = target.read_bytes(), calls_of(lambda: write(second))
    write(first)
    old = target.read_bytes() if replacing else None
    assert total >= 5
    for at in range(total):
        write(first)
        if not replacing:
            target.unlink()
        with disk_that(at, happening, forever=happening is dies), suppress(Dead, PublishError):
            write(second)
        found = target.read_bytes() if target.exists() else None
        assert found in (old, new), at
        seen.add(found == new)
        write(second)
        assert target.read_bytes() == new
        assert names_in(tmp_path) == ["list.csv"], at
    assert seen == {True, False}


HOLDING = """
import sys, time
from pathlib import Path
from casemgmt.disk import locked

with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("write", ["publication", "file"])
def test_a_living_process_holds_its_lock_and_a_dead_one_does_not(first, tmp_path, write):
    target = tmp_path / "out.csv"
    if write == "publication":
        attempt = partial(first.save, target)
    else:
        attempt = partial(write_table, first.summary(), target, overwrite=False)
    holder = subprocess.Popen([sys.executable, "-c", HOLDING, str(target)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(PublishError, match="Another process") as caught:
            attempt()
        assert caught.value.exit_code == 4
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert names_in(tmp_path) == [f".out.csv.{LOCK}"]
    attempt()
    assert names_in(tmp_path) == ["out.csv"]


RACING = """
import os, sys
from pathlib import Path
from publications import names_in, register_of, selection_of
from faulty_disk import warmed
from casemgmt.cli.files import write_table
from casemgmt.errors import PublishError
from casemgmt.outputs.published import verify

os.fsync = lambda descriptor: None
made = warmed(selection_of(register_of(["C87001"], people=40)))
table, seen = made.summary(), set()
for turn in range(12):
    target = Path(sys.argv[1]) / f"lists{turn}"
    go, ready = os.pipe()
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            os.close(ready)
            os.read(go, 1)
            try:
                made.save(target)
                write_table(table, target.with_suffix(".csv"), overwrite=True)
            except PublishError as problem:
                write_table(table, target.with_suffix(".csv"), overwrite=True)
                os._exit(problem.exit_code)
            os._exit(0)
        children.append(child)
    os.close(go)
    os.close(ready)
    ends = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    assert ends == [0, 4, 4], ends
    verify(target)
    assert target.with_suffix(".csv").stat().st_size > 100
assert len(names_in(Path(sys.argv[1]))) == 24, names_in(Path(sys.argv[1]))
"""


def test_of_several_publishers_at_once_one_wins_and_the_others_say_so(tmp_path):
    in_another_process(RACING, tmp_path)


def test_a_reader_beside_a_writer_sees_the_old_set_or_the_new_one(first, second, tmp_path):
    target = first.save(tmp_path / "out")
    expected = {first.to_arrow().num_rows, second.to_arrow().num_rows}
    stop, problems, seen = threading.Event(), [], set()

    def read() -> None:
        try:
            while not stop.is_set():
                seen.add(load_selection(target).to_arrow().num_rows)
        except BaseException as problem:
            problems.append(problem)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for turn in range(30):
            (first if turn % 2 else second).save(target, overwrite=True)
    finally:
        stop.set()
        reader.join()
    assert not problems
    assert seen <= expected
    assert names_in(tmp_path) == ["out"]


@pytest.mark.parametrize("left", [LOCK, NEW, OLD])
def test_a_reader_waits_for_a_writer_that_is_between_its_two_renames(first, tmp_path, monkeypatch, left):
    """The place is empty when the reader looks, and still empty when it looks again."""
    target = first.save(tmp_path / "out")
    away = target.rename(tmp_path / "away")
    reads = iter(range(100))
    monkeypatch.setattr(published_module, "_settle", lambda folder: None)
    read = published_module._read

    def look(folder: Path) -> Any:
        if next(reads) == 4:
            away.rename(target)
            beside(target, left).rmdir()
        return read(folder)

    beside(target, left).mkdir()
    monkeypatch.setattr(published_module, "_read", look)
    assert load_selection(target).to_arrow().equals(first.to_arrow())
    assert next(reads) == 5


def test_a_folder_that_is_not_there_is_said_so_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(published_module.time, "sleep", lambda seconds: pytest.fail("it waits"))
    with pytest.raises(VerifyError, match="There is no publication"):
        load_selection(tmp_path / "nothing")


KILLED = """
import os, random, shutil, signal, sys
from pathlib import Path
from publications import SCHEME, files_of, names_in, register_of, selection_of
from faulty_disk import CALLS, calls_of, disk_that, torn, warmed

os.fsync = lambda descriptor: None
tmp, points = Path(sys.argv[1]), int(sys.argv[2])
first = warmed(selection_of(register_of(["C87001"], people=40)))
second = warmed(selection_of(register_of(["C87001"], people=41), SCHEME.replace('"10%"', '"20%"')))
old, new = files_of(first.save(tmp / "old")), files_of(second.save(tmp / "new"))
target = first.save(tmp / "work" / "out")
replacing = calls_of(lambda: second.save(target, overwrite=True))
shutil.rmtree(target)
fresh = calls_of(lambda: second.save(target))
generator = random.Random(1)
real_write = os.write

def killed(name, arguments):
    if name == "write":
        real_write(arguments[0], bytes(arguments[1])[: generator.randrange(len(arguments[1]) + 1)])
    os.kill(os.getpid(), signal.SIGKILL)

seen = []
for point in range(points):
    total, before = (replacing, old) if point % 4 else (fresh, None)
    at = point * total // points if points < total else (point // 4 * 4 + point) % total
    first.save(target, overwrite=True)
    if before is None:
        shutil.rmtree(target)
    child = os.fork()
    if child == 0:
        with disk_that(at, killed, forever=False):
            second.save(target, overwrite=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (at, status)
    found = torn(target)
    assert found in (before, new), at
    seen.append((found == new, before is None))
    second.save(target, overwrite=True)
    assert names_in(target.parent) == ["out"] and files_of(target) == new, at
assert len(set(seen)) == 4
print(len(seen), "killed")
"""


def kill(points: int, tmp_path: Path) -> None:
    assert in_another_process(KILLED, tmp_path, points) == f"{points} killed\n"


def in_another_process(program: str, *arguments: object) -> str:
    """What a program prints that may fork and be killed."""
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(root / "tests/helpers"), str(root)]),
    }
    # A process that has forked leaves at once: what libraries' threads do at the end is not what is looked at here.
    program += "\nsys.stdout.flush()\nos._exit(0)\n"
    words = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_process_killed_with_signal_nine_leaves_old_or_new(tmp_path):
    kill(50, tmp_path)


@pytest.mark.long
def test_a_process_killed_with_signal_nine_leaves_old_or_new_a_thousand_times(tmp_path):
    kill(1000, tmp_path)
