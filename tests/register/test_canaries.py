"""No patient's value in an error of publishing, loading, comparing or the command line, expected or not."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from publications import put
from test_register_privacy import CANARY, assert_silent, canaries, read, scheme
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.errors import CasemgmtError
from casemgmt.outputs.csv_text import read_csv, to_csv

RULES = ("--as-of", "2015-04-01", "--scheme", "rotherham-2015-16")


def selection(count: int = 30, **changed):
    return cm.select(read(pa.table(canaries(count) | changed)), scheme(), score=np.arange(float(count)))


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    return selection().save(tmp_path_factory.mktemp("canaries") / "out", include=["surname"])


# Published files that were changed, with every checksum put right


def with_canary(data: bytes, name: str, column: str) -> bytes | None:
    """A published table with a canary in one column's first row; None where the column cannot hold one."""
    is_csv = name.endswith(".csv")
    table = read_csv(data) if is_csv else pq.read_table(io.BytesIO(data))
    values = table.column(column).to_pylist()
    if not values or not (is_csv or pa.types.is_string(table.schema.field(column).type)):
        return None
    changed = pa.array([CANARY, *(None if value is None else str(value) for value in values[1:])], pa.string())
    table = table.set_column(table.column_names.index(column), column, changed)
    if is_csv:
        return to_csv(table)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def test_no_cell_of_a_publication_is_shown_when_the_publication_is_refused(published, tmp_path):
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    manifest = (copy / "manifest.json").read_bytes()
    refused = 0
    for path in sorted(p for p in copy.rglob("*") if p.suffix in (".csv", ".parquet")):
        name, sound = path.relative_to(copy).as_posix(), path.read_bytes()
        names = (read_csv(sound) if name.endswith(".csv") else pq.read_table(path)).column_names
        for column in set(names) - {"practice_id"}:  # a practice's code is told, so that whoever sent it can mend it
            damaged = with_canary(sound, name, column)
            if damaged is not None:
                put(copy, name, damaged)
                refused += refuses(lambda: cm.load_selection(copy))
                path.write_bytes(sound)
                (copy / "manifest.json").write_bytes(manifest)
    cm.load_selection(copy)
    assert refused > 20


def refuses(attempt: Callable[[], object]) -> bool:
    """Whether an attempt is refused; a refusal in silence about patients, or the test fails."""
    try:
        attempt()
    except CasemgmtError as problem:
        assert_silent(problem)
        return True
    return False


# Comparing, and what follows a selection


ATTEMPTS = {
    "something that is no selection": lambda made, read_back: cm.compare(made, CANARY),
    "a selection read back": cm.compare,
    "two selections read back": lambda made, read_back: cm.compare(read_back, read_back),
    "an unknown practice": lambda made, read_back: cm.compare(made, made).practice("C87003"),
    "an unknown patient": lambda made, read_back: made.explain("nobody"),
    "a patient and no model": lambda made, read_back: made.explain(f"{CANARY}1"),
    "a picture and no model": lambda made, read_back: made.waterfall(f"{CANARY}1"),
    "an unknown group": lambda made, read_back: made.by("surnam"),
    "a group of a selection read back": lambda made, read_back: read_back.by("surname"),
    "an unknown column": lambda made, read_back: made.to_arrow(include=["surnam"]),
    "a publication read back and published again": lambda made, read_back: read_back.save("nowhere"),
    "a folder that is there": lambda made, read_back: made.save(Path(__file__).parent),
    "a previous selection that is none": lambda made, read_back: cm.select(
        made.register, scheme(), score=np.ones(30), previous=CANARY
    ),
    "given scores of too many": lambda made, read_back: cm.select(made.register, scheme(), score=np.ones(31)),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_no_step_after_a_selection_shows_a_value_in_its_refusal(name, published):
    made, read_back = selection(), cm.load_selection(published)
    with pytest.raises(CasemgmtError) as refusal:
        ATTEMPTS[name](made, read_back)
    assert_silent(refusal.value)


def test_people_who_contradict_each_other_in_two_months_are_compared_without_an_error():
    before = selection()
    after = selection(practice_id=["C87003"] * 30, ethnicity=[f"{CANARY} other"] * 30)
    assert cm.compare(before, after).changes.num_rows


# The command line, when the library itself is at fault

PROGRAM = """
import sys
from casemgmt.cli import main

def broken(*arguments, **options):
    surname, everyone = "{canary}, J", arguments
    raise {error}(f"could not convert {{surname}}")

import {module} as module
module.{name} = broken
main()
"""

FAULTS = {
    "cleaning": ("casemgmt.register.column_cleaner", "clean_column"),
    "publishing": ("casemgmt.outputs.publishing", "read_contents"),
    "showing": ("casemgmt.cli.selecting", "show_selection"),
}
ERRORS = ("KeyError", "MemoryError", "RecursionError", "UnicodeError", "BaseException", "OSError", "ExceptionGroup")


@pytest.fixture(scope="module")
def register(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("register") / "register.parquet"
    pq.write_table(pa.table(canaries() | {"points": [float(i) for i in range(30)]}), path)
    return path


def in_a_process(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(Path(cm.__file__).resolve().parent.parent)}
    words = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(words, check=False, env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("place", FAULTS)
def test_a_fault_anywhere_in_the_program_shows_no_value_and_no_local_variable(register, tmp_path, place):
    module, name = FAULTS[place]
    program = PROGRAM.format(module=module, name=name, error="KeyError", canary=CANARY)
    done = in_a_process(program, "select", register, *RULES, "--score", "points", "--out", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert "unexpected KeyError" in done.stderr and "in broken" in done.stderr


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_of_any_kind_shows_no_value(register, tmp_path, monkeypatch, error):
    from casemgmt.register import column_cleaner

    kind = __builtins__[error] if isinstance(__builtins__, dict) else getattr(__builtins__, error)

    def broken(*arguments, **options):
        surname = f"{CANARY}, J"
        raise kind(surname, [ValueError(surname)]) if error == "ExceptionGroup" else kind(surname)

    monkeypatch.setattr(column_cleaner, "clean_column", broken)
    done = CliRunner().invoke(app, ["check", str(register), *RULES[:2]])
    assert done.exit_code == 1
    assert CANARY not in done.output
    assert isinstance(done.exception, SystemExit)


def test_every_command_that_reads_a_register_refuses_a_damaged_one_in_silence(register, tmp_path):
    damaged = tmp_path / "damaged.parquet"
    data = bytearray(register.read_bytes())
    data[len(data) // 2] ^= 0xFF
    damaged.write_bytes(data[:-9])
    model = ("--model", "cambridge-multimorbidity-20")
    out = ("--out", tmp_path / "out.csv")
    key = tmp_path / "practice.key"
    assert CliRunner().invoke(app, ["new-key", str(key)]).exit_code == 0
    for words in (
        ("check", damaged, *RULES[:2]),
        ("score", damaged, *RULES[:2], *model, *out),
        ("select", damaged, *RULES, *model, *out),
        ("compare", register, damaged, "--as-of-before", "2015-04-01", *RULES, "--score", "points"),
        ("explain", damaged, f"{CANARY}1", *RULES[:2], *model),
        ("explain", register, f"{CANARY}-nobody", *RULES[:2], *model),
        ("verify", register.parent),
        ("letters", damaged, *RULES, *out),
        ("report", damaged, *RULES[:2], "--selection", register.parent, *out),
        ("pseudonymise", damaged, "--key", key, *out),
        ("reidentify", damaged, "--lookup", damaged, *out),
    ):
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == 1, (words[0], done.output)
        assert CANARY not in done.output
    assert not (tmp_path / "out.csv").exists()
