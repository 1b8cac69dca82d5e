"""A command ends with its exit code, whatever Arrow's threads are still doing."""

from __future__ import annotations

import sys

import pyarrow as pa
import pyarrow.csv
import pytest

import casemgmt as cm
from casemgmt.arrow import file_of

ROWS = b"patient_id,practice_id,age\n" + b"".join(b"p%d,C87616,50\n" % number for number in range(30))


def test_a_file_in_arrows_memory_holds_nothing_of_pythons():
    data = bytes(bytearray(ROWS))
    before = sys.getrefcount(data)
    file = file_of(data)
    assert sys.getrefcount(data) == before
    assert file.read() == data
    assert file_of(b"").read() == b""
    held = pa.BufferReader(data)
    assert sys.getrefcount(data) > before  # so that the check above can fail
    del held


@pytest.mark.parametrize("module", ["casemgmt.register.csv_reading", "casemgmt.outputs.csv_text"])
def test_text_files_are_read_from_arrows_memory(module, tmp_path, monkeypatch):
    plain, made, given = pyarrow.csv.read_csv, [], []

    def making(data):
        made.append(file_of(data))
        return made[-1]

    def watched(source, **options):
        given.append(source)
        return plain(source, **options)

    path = tmp_path / "register.csv"
    path.write_bytes(ROWS)
    monkeypatch.setattr(f"{module}.file_of", making)
    monkeypatch.setattr(pyarrow.csv, "read_csv", watched)
    register = cm.read_register(path, as_of="2021-01-01")
    if module == "casemgmt.outputs.csv_text":
        given.clear()
        selection = cm.select(register, cm.load_scheme("prism-top-half-percent"), score=[1.0] * 30)
        cm.load_selection(selection.save(tmp_path / "out"))
    assert given
    assert all(any(source is each for each in made) for source in given)
