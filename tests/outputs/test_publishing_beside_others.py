"""Publishing where other processes and people do as they like: what is theirs stays, what is ours is old or new."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from publications import SCHEME, files_of, hidden_beside, names_in, register_of, selection_of

from casemgmt import disk
from casemgmt.cli.files import write_table
from casemgmt.disk import LOCK, NEW, OLD, beside, locked
from casemgmt.errors import PublishError, VerifyError
from casemgmt.outputs.published import verify
from casemgmt.results.published import load_selection
from casemgmt.results.selection import Selection

CALLS = ("open", "write", "fsync", "rename", "mkdir", "rmdir", "unlink", "chmod", "fchmod", "lstat", "scandir")
Files = dict[str, bytes]


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="module")
def first() -> Selection:
    return warmed(selection_of(register_of(["C87001"], people=40)))


@pytest.fixture(scope="module")
def second() -> Selection:
    return warmed(selection_of(register_of(["C87001"], people=40), SCHEME.replace('"10%"', '"20%"')))


def warmed(selection: Selection) -> Selection:
    for table in (selection.to_arrow, selection.summary, selection.unscored, selection.queue):
        table()
    return selection


@contextmanager
def interrupted(at: int, afterwards: bool, names: tuple[str, ...] = CALLS) -> Iterator[list[str]]:
    """Raise KeyboardInterrupt before, or after, call number ``at``."""
    made: list[str] = []
    real = {name: getattr(os, name) for name in names if hasattr(os, name)}

    def counted(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            made.append(name)
            now = len(made) - 1 == at
            if now and not afterwards:
                raise KeyboardInterrupt
            answer = real[name](*arguments, **options)
            if now:
                if name == "open":
                    os.close(answer)
                if name == "scandir":
                    answer.close()
                raise KeyboardInterrupt
            return answer

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(os, name, counted(name))
        yield made


@pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("afterwards", [False, True])
@pytest.mark.parametrize("replacing", [False, True])
def test_an_interrupt_at_any_call_leaves_the_old_or_the_new_at_its_place_and_no_rows_beside(
    first, second, tmp_path, afterwards, replacing, step
):
    target = tmp_path / "out"
    before = files_of(first.save(target)) if replacing else None
    with interrupted(-1, afterwards) as made:
        second.save(target, overwrite=True)
    new = files_of(target)
    # Every call around the renames, and each of the others or some.
    renames, seen = [at for at, name in enumerate(made) if name == "rename"], set()
    near = {at for each in renames for at in range(each - 8, each + 9) if at < len(made)}
    for at in sorted({*range(0, len(made), step), *near, len(made) - 1}):
        shutil.rmtree(target, ignore_errors=True)
        if replacing:
            first.save(target)
        with interrupted(at, afterwards) as made, suppress(KeyboardInterrupt):
            second.save(target, overwrite=True)
        found = files_of(target) if target.exists() else None
        assert found in (before, new), (at, made[at])
        seen.add(found == new)
        # A marker of the lock may stay; no folder with rows.
        assert set(names_in(tmp_path)) <= {"out", f".out.{LOCK}"}, (at, made[at])
    assert seen == {False, True}


def test_a_folder_that_takes_the_place_while_files_are_written_is_left_alone(first, second, tmp_path):
    def swap(target: Path) -> None:
        target.rename(tmp_path / "moved by another")
        target.mkdir()
        (target / "precious.txt").write_text("mine")

    assert_left_alone(first, second, tmp_path, swap, {"precious.txt": b"mine"})


def test_a_publication_of_someone_else_that_takes_the_place_is_left_alone(first, second, tmp_path):
    third = selection_of(register_of(["C87003"], people=40))

    def swap(target: Path) -> None:
        shutil.rmtree(target)
        third.save(tmp_path / "third")
        (tmp_path / "third").rename(target)

    assert_left_alone(first, second, tmp_path, swap, files_of(third.save(tmp_path / "theirs")))


@pytest.mark.parametrize("name", ["notes.txt", "practices/C87001 marked up.csv", "practices/desktop.ini"])
def test_a_file_that_somebody_adds_while_files_are_written_is_kept_and_named(first, second, tmp_path, name):
    expected = files_of(first.save(tmp_path / "same")) | {name: b"mine"}

    def swap(target: Path) -> None:
        (target / name).write_text("mine")

    problem = assert_left_alone(first, second, tmp_path, swap, expected)
    assert name in problem


@pytest.mark.parametrize(
    "name", ["desktop.ini", ".DS_Store", "Thumbs.db", "practices/desktop.ini", "processor/.DS_Store"]
)
def test_a_file_of_the_desktop_is_named_with_the_remedy_and_neither_it_nor_the_publication_is_touched(
    first, second, tmp_path, name
):
    target = first.save(tmp_path / "out")
    (target / name).write_text("not ours")
    before = files_of(target)
    with pytest.raises(PublishError) as problem:
        second.save(target, overwrite=True)
    assert f"1 file that this library did not write ('{name}')" in str(problem.value)
    assert "Move them elsewhere first; nothing was touched." in str(problem.value)
    assert files_of(target) == before
    assert name in str(verify(target))
    (target / name).unlink()
    second.save(target, overwrite=True)


@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_what_appears_where_nothing_was_is_left_alone(first, tmp_path, what):
    def appear(target: Path) -> None:
        if what == "folder":
            target.mkdir()
        elif what == "file":
            target.write_text("mine")
        else:
            target.symlink_to(tmp_path)

    with meanwhile(lambda: appear(tmp_path / "out")), pytest.raises(PublishError, match="taken its place"):
        first.save(tmp_path / "out")
    assert names_in(tmp_path) == ["out"]
    with suppress(NotADirectoryError):
        assert what == "link" or names_in(tmp_path / "out") == []


def test_a_folder_that_takes_the_place_between_the_look_and_the_rename_goes_back(first, second, tmp_path):
    target, real = first.save(tmp_path / "out"), os.rename

    def rename(source: Any, destination: Any) -> None:
        if Path(source) == target:
            real(target, tmp_path / "moved by another")
            target.mkdir()
            (target / "precious.txt").write_text("mine")
            os.rename = real
        real(source, destination)

    os.rename = rename
    try:
        with pytest.raises(PublishError, match="another has taken its place"):
            second.save(target, overwrite=True)
    finally:
        os.rename = real
    assert files_of(target) == {"precious.txt": b"mine"}
    assert hidden_beside(target) == []


def test_a_folder_that_takes_the_place_between_the_two_renames_stays_and_the_earlier_one_is_named(
    first, second, tmp_path
):
    target, real = first.save(tmp_path / "out"), os.rename
    before = files_of(target)

    def rename(source: Any, destination: Any) -> None:
        real(source, destination)
        if Path(source) == target and Path(destination) == beside(target, OLD):
            target.mkdir()
            (target / "precious.txt").write_text("mine")

    os.rename = rename
    try:
        with pytest.raises(PublishError, match=f"'.out.{OLD}'"):
            second.save(target, overwrite=True)
    finally:
        os.rename = real
    assert files_of(target) == {"precious.txt": b"mine"}
    assert files_of(beside(target, OLD)) == before
    with pytest.raises(PublishError, match="not written by this library"):
        second.save(target, overwrite=True)
    assert files_of(beside(target, OLD)) == before
    shutil.rmtree(target)
    load_selection(target)
    assert files_of(target) == before


@pytest.mark.parametrize("what", [NEW, OLD])
def test_a_folder_of_the_hidden_names_that_is_not_ours_is_never_deleted(first, second, tmp_path, what):
    target = first.save(tmp_path / "out")
    before = files_of(target)
    theirs = beside(target, what)
    (theirs / "practices").mkdir(parents=True)
    (theirs / "practices/precious.txt").write_text("mine")
    assert verify(target).scheme == "small"
    with pytest.raises(PublishError, match=what):
        second.save(target, overwrite=True)
    assert files_of(theirs) == {"practices/precious.txt": b"mine"}
    assert files_of(target) == before


def assert_left_alone(
    first: Selection, second: Selection, tmp_path: Path, swap: Callable[[Path], None], expected: Files
) -> str:
    target = first.save(tmp_path / "out")
    with meanwhile(lambda: swap(target)), pytest.raises(PublishError) as caught:
        second.save(target, overwrite=True)
    assert files_of(target) == expected
    assert hidden_beside(target) == []
    return str(caught.value)


@contextmanager
def meanwhile(happening: Callable[[], None]) -> Iterator[None]:
    """Let something happen when the files are written and nothing is moved yet."""
    real, done = disk._sync_folder, []

    def sync(path: Path) -> None:
        if not done:
            done.append(path)
            happening()
        real(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "_sync_folder", sync)
        yield


# What else lies in a published folder

HARMLESS = (
    *("desktop.ini", ".DS_Store", "practices/Thumbs.db", "practices/~$C87001.csv", "practices/._C87001.csv"),
    *("practices/C87001.csv~", "processor/.nfs0001", "read me.txt"),
)


@pytest.mark.parametrize("name", HARMLESS)
def test_a_file_of_other_software_is_named_and_breaks_nothing(first, tmp_path, name):
    folder = first.save(tmp_path / "out")
    assert "not part" not in str(verify(folder))
    (folder / name).write_text("")
    found = verify(folder)
    assert found.foreign == (name,)
    assert f"1 file that is not part of the publication: '{name}'." in str(found)
    assert load_selection(folder).to_arrow().equals(first.to_arrow())
    with pytest.raises(PublishError, match="did not write"):
        first.save(folder, overwrite=True)
    assert (folder / name).exists()


@pytest.mark.parametrize(
    "name", ["practices/C87001 - Copy.csv", "practices/C87009.CSV", "C87001.csv", "processor/queue (1).parquet"]
)
def test_a_file_that_could_be_taken_for_a_list_is_refused(first, tmp_path, name):
    folder = first.save(tmp_path / "out")
    (folder / name).write_text("")
    with pytest.raises(VerifyError, match="not part of the publication"):
        verify(folder)


def test_a_published_file_that_has_grown_without_end_is_not_read(first, tmp_path):
    folder = first.save(tmp_path / "out")
    with (folder / "practices/C87001.csv").open("r+b") as file:
        file.truncate(20 << 30)
    began = time.monotonic()
    with pytest.raises(VerifyError, match="changed since"):
        verify(folder)
    assert time.monotonic() - began < 5


# The lock


def test_a_lock_whose_file_cannot_be_looked_at_does_not_spin(first, tmp_path, monkeypatch):
    real = os.lstat

    def lstat(path: Any, **options: Any) -> Any:
        if str(path).endswith(LOCK):
            raise OSError(errno.EIO, "Input/output error")
        return real(path, **options)

    monkeypatch.setattr(os, "lstat", lstat)
    began = time.monotonic()
    with suppress(PublishError):
        first.save(tmp_path / "out")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_a_share_has_no_locks_a_marker_keeps_two_runs_apart(first, tmp_path, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")

    def flock(*arguments: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(tmp_path / "out"), pytest.raises(PublishError, match="Another process"):
        first.save(tmp_path / "out")
    first.save(tmp_path / "out")
    assert names_in(tmp_path) == ["out"]


def test_of_two_saves_at_once_at_least_one_is_done(first, second, tmp_path):
    for turn in range(8):
        target, ends = tmp_path / f"out{turn}", []

        def save(selection: Selection, target: Path = target, ends: list[str] = ends) -> None:
            try:
                selection.save(target, overwrite=True)
                ends.append("done")
            except PublishError:
                ends.append("refused")

        threads = [threading.Thread(target=save, args=(each,)) for each in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert "done" in ends and len(ends) == 2
        verify(target)
        assert hidden_beside(target) == []


ON_ANOTHER_SYSTEM = """
import os, sys
sys.modules["fcntl"] = None
for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "fork", "register_at_fork"):
    if hasattr(os, name):
        delattr(os, name)
from pathlib import Path
from publications import hidden_beside, selection_of
import casemgmt as cm
from casemgmt.disk import locked
from casemgmt.errors import PublishError
from casemgmt.outputs.published import verify

folder = Path(sys.argv[1])
made = selection_of()
made.save(folder / "out")
made.save(folder / "out", overwrite=True)
verify(folder / "out")
with locked(folder / "out"):
    try:
        made.save(folder / "out", overwrite=True)
    except PublishError as problem:
        assert "Another process" in str(problem)
    else:
        raise SystemExit("two at once")
assert hidden_beside(folder / "out") == []
cm.load_scheme("rotherham-2015-16"), cm.load_model("lace")
print("done")
"""


def test_all_of_it_works_where_python_lacks_what_only_unix_has(tmp_path):
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(root / "tests/helpers"), str(root)]),
    }
    words = [sys.executable, "-W", "error", "-c", ON_ANOTHER_SYSTEM, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == "done\n", done.stderr


def test_a_single_file_never_takes_the_place_of_a_folder_beside_it(first, tmp_path):
    theirs = beside(tmp_path / "list.csv", NEW)
    theirs.mkdir()
    (theirs / "precious.txt").write_text("mine")
    with pytest.raises(PublishError):
        write_table(first.summary(), tmp_path / "list.csv", overwrite=True)
    assert files_of(theirs) == {"precious.txt": b"mine"}
