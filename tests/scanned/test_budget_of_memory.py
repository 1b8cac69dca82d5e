"""A budget of memory is read, held or refused, and changes nothing that is selected."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from scanned import said_by, written
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.errors import InputError
from casemgmt.scanned.budget import memory_or_none

MB = 1_000_000


def people(rows: int) -> pa.Table:
    draw = np.random.default_rng(7)
    return pa.table(
        {
            "patient_id": [f"p{n:07d}" for n in draw.permutation(rows)],
            "practice_id": pa.array([f"C8700{n}" for n in draw.integers(1, 6, rows)]),
            "age": pa.array(draw.integers(0, 100, rows), pa.int16()),
            "points": draw.integers(0, 900, rows) / 8,
            "nominated": draw.random(rows) < 0.001,
            "care_home_type": pa.array(draw.choice(["none", "nursing"], rows, p=[0.99, 0.01])),
        }
    )


def in_groups(folder: Path, rows: int, rows_in_a_group: int) -> Path:
    (path,) = written(people(rows), folder, rows_in_a_group=rows_in_a_group)
    return path


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("500 MB", 500 * MB),
        ("500mb", 500 * MB),
        (" 1.5 GB ", 1_500 * MB),
        ("2GiB", 2 << 30),
        ("512 MiB", 512 << 20),
        (123_456, 123_456),
        (10**400, 2**62),
        ("999999999999999 TB", 2**62),
        (None, None),
    ],
)
def test_a_budget_is_a_text_with_a_unit_or_a_number_of_bytes(said, size):
    assert memory_or_none(said, "memory") == size


@pytest.mark.parametrize(
    "said", ["", "lots", "500", "MB", "-1 MB", "0 GB", "5 mb/s", 0, -5, True, 1.5, b"5 MB", "1e3 MB"]
)
def test_whatever_else_is_refused(tmp_path, said):
    path = in_groups(tmp_path, 50, 50)
    with pytest.raises(InputError, match="memory is a text such as '500 MB' or '2 GiB', or a whole number of bytes"):
        cm.scan_register(path, as_of="2021-01-01", memory=said)


def test_row_groups_in_flight_follow_the_budget_and_the_lists_do_not(tmp_path):
    path, scheme = in_groups(tmp_path, 60_000, 2_000), cm.load_scheme("rotherham-2015-16")
    seen, wanted = [], None
    for memory in (None, "400 MB", "353 MB", 351_350_000):
        parts: list[int] = []
        register = cm.scan_register(
            path, as_of="2021-01-01", memory=memory, progress=lambda done, of, parts=parts: parts.append(done)
        )
        found = said_by(lambda r=register: cm.select(r, scheme, score="points"))
        wanted = wanted or found
        assert found == wanted and found["selection"].num_rows > 1_000
        seen.append((len(parts), register._held.ahead))
    counts = [count for count, _ in seen]
    assert counts[0] == counts[1] == 1 and 1 < counts[2] < counts[3] == 30, seen
    assert [ahead for _, ahead in seen] == [True, True, True, False]


def test_a_budget_that_no_row_group_fits_in_is_refused_with_what_is_needed_and_the_remedy(tmp_path):
    path = in_groups(tmp_path, 60_000, 60_000)
    with pytest.raises(
        InputError, match=r"part_0\.parquet needs about (\d+) MB.*up to 60,000 rows.*row_group_size="
    ) as no:
        cm.scan_register(path, as_of="2021-01-01", memory="352 MB")
    least = re.search(r"needs about (\d+) MB", str(no.value))[1]
    register = cm.scan_register(path, as_of="2021-01-01", memory=f"{least} MB")
    assert len(cm.select(register, cm.load_scheme("rotherham-2015-16"), score="points")) > 1_000


def test_the_largest_row_group_of_any_file_counts(tmp_path):
    table = people(40_000)
    paths = written(table.slice(0, 10_000), tmp_path, rows_in_a_group=1_000)
    (tmp_path / "b").mkdir()
    paths += written(table.slice(10_000), tmp_path / "b", rows_in_a_group=30_000)
    with pytest.raises(InputError, match="up to 30,000 rows"):
        cm.scan_register(paths, as_of="2021-01-01", memory="351 MB")


def test_a_file_that_is_read_whole_is_refused_where_it_does_not_fit(tmp_path):
    pa.csv.write_csv(people(60_000), tmp_path / "r.csv")
    with pytest.raises(InputError, match=r"r\.csv needs about 36\d MB.*It is read whole.*write it as Parquet"):
        cm.scan_register(tmp_path / "r.csv", as_of="2021-01-01", memory="352 MB")
    assert cm.scan_register(tmp_path / "r.csv", as_of="2021-01-01", memory="400 MB").checked().accepted == 60_000


def test_a_packed_register_is_read_a_group_at_a_time_or_refused(tmp_path, monkeypatch):
    from casemgmt.register import packed_writing

    monkeypatch.setattr(packed_writing, "ROWS_IN_A_GROUP", 5_000)
    packed = cm.read_register(people(40_000), as_of="2021-01-01").save_packed(tmp_path / "packed.parquet")
    scheme = cm.load_scheme("rotherham-2015-16")
    lists = [
        said_by(
            lambda m=memory: cm.select(cm.scan_register(packed, as_of="2021-01-01", memory=m), scheme, score="points")
        )
        for memory in (None, "352 MB")
    ]
    assert lists[0] == lists[1] and lists[0]["selection"].num_rows > 800
    with pytest.raises(InputError, match=r"packed\.parquet needs about .* of whole practices"):
        cm.scan_register(packed, as_of="2021-01-01", memory="350 MB")


def test_the_command_line_scans_within_a_budget_and_says_what_is_missing(tmp_path):
    path = in_groups(tmp_path, 20_000, 2_000)
    words = ["select", str(path), "--as-of", "2021-01-01", "--scheme", "rotherham-2015-16", "--score", "points"]
    for name, budget in (("a", []), ("b", ["--memory", "400 MB"])):
        done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / name), *budget])
        assert done.exit_code == 0, done.output
    first, second = (
        {p.name: p.read_bytes() for p in (tmp_path / name).rglob("*.csv") if "removals" not in p.name} for name in "ab"
    )
    assert first == second and len(first) > 5
    small = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "c"), "--memory", "350 MB"])
    assert small.exit_code and "--memory is 350 MB" in " ".join(small.output.split())
    whole = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "c"), "--memory", "1 GB", "--no-scan"])
    assert whole.exit_code == 2 and "no budget" in whole.output


HIGHEST = """
[scheme]
id = "highest-three-per-cent"
title = "The highest 3% of each list"
source = "made for a test"
decisions = ["rounding"]
tie_key = "test"
required = []
optional = []

[[route]]
name = "highest_risk"
kind = "top_share"
share = "3%"
limit = "at_most"
of = {}
among = {}
counts_as = "case_management"
"""
PEAK = """
import re, sys
import casemgmt as cm
register = cm.scan_register(sys.argv[1], as_of="2021-01-01", memory=sys.argv[3] if len(sys.argv) > 3 else None)
print(len(cm.select(register, cm.load_scheme(sys.argv[2]), score="points")))
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process's peak memory")
@pytest.mark.long
def test_peak_memory_follows_the_budget_and_not_the_register(tmp_path):
    found = {}
    scheme = tmp_path / "scheme.toml"
    scheme.write_text(HIGHEST, encoding="utf-8")
    for rows in (1_000_000, 4_000_000):
        path = in_groups(tmp_path, rows, 25_000)
        for memory in (420, 470, None):
            words = [sys.executable, "-c", PEAK, str(path), str(scheme), *([f"{memory} MB"] if memory else [])]
            done = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ})
            listed, peak = map(int, done.stdout.split())
            found[rows, memory] = (listed, peak * 1024 / MB)
        path.unlink()
    for (rows, memory), (listed, peak) in found.items():
        assert listed == found[rows, None][0]
        assert memory is None or peak <= memory, found
    assert found[4_000_000, 420][1] < 0.85 * found[4_000_000, None][1], found
