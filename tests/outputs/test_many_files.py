"""Publications of many practices: files are written side by side, and a failure among them leaves nothing."""

from __future__ import annotations

import errno
import os

import numpy as np
import pyarrow as pa
import pytest
from publications import SCHEME, names_in
from registers import read_scheme

import casemgmt as cm
from casemgmt import disk
from casemgmt.errors import PublishError
from casemgmt.outputs.published import verify


@pytest.fixture(scope="module")
def many():
    people = 3000
    table = pa.table(
        {
            "patient_id": [f"p{i:04}" for i in range(people)],
            "practice_id": [f"B{i % 300:05}" for i in range(people)],
            "age": np.arange(people) % 100,
            "care_home_type": ["none"] * people,
            "nominated": [False] * people,
            "risk": np.arange(people) * 7919 % 3001 / 3001,
        }
    )
    register = cm.read_register(table, as_of="2015-04-01")
    return cm.select(register, read_scheme(SCHEME), score="risk")


def files_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_written_side_by_side_are_those_written_one_after_the_other(many, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    together = files_in(many.save(tmp_path / "together"))
    assert len(together) > disk._MANY_FILES
    monkeypatch.setattr(disk, "_MANY_FILES", 10**9)
    assert files_in(many.save(tmp_path / "in turn")) == together
    assert verify(tmp_path / "together").counts["practices"] == 300


@pytest.mark.parametrize("at", [0, 1, 150, 299, 305])
def test_one_failed_write_among_many_leaves_nothing(many, tmp_path, monkeypatch, at):
    calls, real = iter(range(10**6)), disk.write_file

    def write(path, data):
        if next(calls) == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, data)

    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(disk, "write_file", write)
    with pytest.raises(PublishError, match="Free some space"):
        many.save(tmp_path / "out")
    assert names_in(tmp_path) == []


def test_an_interrupt_among_many_leaves_nothing_being_written(many, tmp_path, monkeypatch):
    calls, real = iter(range(10**6)), disk.write_file

    def write(path, data):
        if next(calls) == 100:
            raise KeyboardInterrupt
        real(path, data)

    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(disk, "write_file", write)
    with pytest.raises(KeyboardInterrupt):
        many.save(tmp_path / "out")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("many_files", [256, 10**9])
@pytest.mark.parametrize("altered", ["practices/B00007.csv", "practices/README.txt", "processor/selection.parquet"])
def test_a_file_that_reads_back_otherwise_is_never_published(many, tmp_path, monkeypatch, altered, many_files):
    real = disk.write_file

    def write(path, data):
        is_altered = path.as_posix().endswith(altered)
        real(path, bytes(data).replace(b"p", b"q") if is_altered else data)

    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(disk, "write_file", write)
    monkeypatch.setattr(disk, "_MANY_FILES", many_files)
    with pytest.raises(PublishError, match="does not read back as it was written"):
        many.save(tmp_path / "out")
    assert names_in(tmp_path) == []
