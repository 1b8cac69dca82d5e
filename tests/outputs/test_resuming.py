"""The watch over batches: a sound one passes it, and each way of getting it wrong is caught."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from resuming import check_refuses_a_changed_input, check_resumes

from casemgmt.disk import write_file
from casemgmt.errors import InputError


class Batch:
    """Counts the bytes of each file, as a batch would score it; ``fault`` is one way of getting it wrong."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def __call__(self, inputs, out):
        work, new = out.with_name(".parts"), out.with_name(".new")
        self.plan(work, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in inputs})
        for path in inputs if self.fault == "order" else sorted(inputs):
            if self.fault == "forgetful" or not (work / path.name).exists():
                with open(path, "rb") as stream:  # noqa: PTH123
                    self.finish(work, path.name, f"{path.name}: {len(stream.read())}\n".encode())
        shutil.rmtree(new, ignore_errors=True)
        folder = out if self.fault == "torn" else new
        folder.mkdir()
        write_file(folder / "counts.txt", self.together(work))
        write_file(folder / "manifest.json", b"{}")
        if folder == new:
            new.replace(out)
        if self.fault != "debris":
            shutil.rmtree(work)

    def plan(self, work, digests):
        """Write down what is to be read, or refuse to go on with something else."""
        plan = work / "plan.json"
        if plan.exists():
            if json.loads(plan.read_bytes()) != digests and self.fault != "trusting":
                raise InputError("An input has changed.")
            return
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        self.finish(work, plan.name, json.dumps(digests).encode())

    def finish(self, work, name, data):
        """Put a part in its place; a batch that appends to one file counts a part twice when it is done again."""
        if self.fault in ("twice", "order") and name != "plan.json":
            with open(work / "all", "ab") as stream:  # noqa: PTH123
                stream.write(data)
        (work / "partial").unlink(missing_ok=True)
        write_file(work / "partial", data)
        (work / "partial").replace(work / name)

    def together(self, work):
        if (work / "all").exists():
            return (work / "all").read_bytes()
        return b"".join(path.read_bytes() for path in sorted(work.iterdir()) if path.suffix == ".txt")


@pytest.fixture
def inputs(tmp_path) -> list[Path]:
    (tmp_path / "in").mkdir()
    (tmp_path / "work").mkdir()
    paths = [tmp_path / "in" / f"{name}.txt" for name in ("north", "south", "west")]
    for number, path in enumerate(paths, 1):
        path.write_bytes(b"x" * 100 * number)
    return paths


def test_a_sound_batch_resumes_at_every_call_and_reads_no_finished_input_again(inputs, tmp_path):
    resumed = check_resumes(Batch(), inputs, tmp_path / "work" / "out")
    assert resumed.interruptions > 20
    assert set(resumed.read_again) == {0, 1, 2, 3}
    assert check_resumes(Batch(), inputs, tmp_path / "work" / "out", points=5).interruptions == 5


def test_a_sound_batch_refuses_each_input_that_was_changed_in_between(inputs, tmp_path):
    check_refuses_a_changed_input(Batch(), inputs, tmp_path / "work" / "out", InputError)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("torn", "half a result|other bytes|File exists"),
        ("twice", "other bytes"),
        ("order", "order of the inputs"),
        ("debris", "leftovers"),
    ],
)
def test_a_batch_that_resumes_wrongly_is_caught(inputs, tmp_path, fault, seen):
    with pytest.raises((AssertionError, FileExistsError), match=seen):
        check_resumes(Batch(fault), inputs, tmp_path / "work" / "out")


def test_a_batch_that_starts_over_is_seen_to_read_everything_again(inputs, tmp_path):
    resumed = check_resumes(Batch("forgetful"), inputs, tmp_path / "work" / "out")
    assert set(resumed.read_again) == {3}


def test_a_batch_that_trusts_a_changed_input_is_caught(inputs, tmp_path):
    with pytest.raises(AssertionError, match="nobody noticed"):
        check_refuses_a_changed_input(Batch("trusting"), inputs, tmp_path / "work" / "out", InputError)
