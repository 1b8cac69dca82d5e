"""``casemgmt warm``: everything compiled once, in a folder that is named; and nothing compiled after that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt import compiling, kept_code
from casemgmt.cli import app
from casemgmt.results import warming


@pytest.fixture
def few_loops(tmp_path, monkeypatch):
    """A folder that is named, and one small piece of work in place of all of them."""
    import numpy as np

    from casemgmt.texts.hash_kernels import count_numbers

    def work():
        count_numbers(np.zeros(3, dtype=np.int32), np.zeros(2, dtype=np.int64))

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.setattr(warming, "_works", lambda scratch: iter([work]))
    monkeypatch.setattr(kept_code, "USED", {})
    monkeypatch.setattr(warming, "USED", kept_code.USED)
    monkeypatch.setattr(kept_code, "NOT_KEPT", set())
    monkeypatch.setattr(warming, "NOT_KEPT", kept_code.NOT_KEPT)
    monkeypatch.setattr(count_numbers, "ways", {})
    return tmp_path / "kept"


def warm(*options: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["warm", *options])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_what_is_kept_is_named_and_checked(few_loops):
    assert "No compiled loops are kept" in warm("--check", code=1)
    (folder,) = kept_code.folders()
    # How long the machine code is depends on the processor.
    assert re.search(rf"1 compiled loops, \d kB, are kept in {re.escape(str(folder))} ", warm())
    assert warm("--check").startswith("1 compiled loops")
    (file,) = few_loops.rglob("*.loop")
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    assert "1 of 1 compiled loops are missing or damaged" in warm("--check", code=1)
    file.unlink()
    assert "1 of 1 compiled loops are missing or damaged" in warm("--check", code=1)


def test_a_note_of_other_settings_is_not_believed(few_loops, monkeypatch):
    warm()
    monkeypatch.setattr(kept_code, "_machine_stamp", lambda: "0" * 64)
    assert "No compiled loops are kept" in warm("--check", code=1)


def test_where_nothing_can_be_written_the_remedy_is_said(few_loops):
    few_loops.write_text("a file where the folder would be")
    said = warm(code=4)
    assert "could not be kept" in said
    assert "NUMBA_CACHE_DIR" in said


def test_registers_of_any_size_are_compiled_for_meanwhile_and_not_after(few_loops, monkeypatch):
    met = []
    monkeypatch.setattr(warming, "_works", lambda scratch: iter([lambda: met.append(compiling.COMPILE_FROM)]))
    usual = compiling.COMPILE_FROM
    with pytest.raises(cm.PublishError):
        cm.warm()
    assert (met, compiling.COMPILE_FROM) == ([0], usual)


ALL = """
import sys
import casemgmt as cm
print(cm.warm().loops, cm.warm(check=True).loops, "numba" in sys.modules)
"""


@pytest.mark.long
def test_every_loop_is_made_once_and_then_nothing_needs_the_compiler(tmp_path):
    root = str(Path(cm.__file__).parents[1])
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": root}
    for compiler in ("True", "False"):
        command = [sys.executable, "-W", "error", "-c", ALL]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600)
        made, checked, imported = done.stdout.split()
        assert made == checked
        assert int(made) > 50
        assert imported == compiler
