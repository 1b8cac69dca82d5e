"""The compiled loops read a column to its end and no further; what lies behind may not be this process's."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCHEME = """
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

# Scores end where a page of memory ends, and the next page may not be touched.
PROGRAM = """
import ctypes, mmap, sys
import numpy as np, pyarrow as pa
import casemgmt as cm, casemgmt.compiling

casemgmt.compiling.COMPILE_FROM = 0
rows, mixed, page = int(sys.argv[1]), sys.argv[2] == "mixed", mmap.PAGESIZE
pages = -(-rows * 8 // page)
memory = mmap.mmap(-1, (pages + 1) * page)
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
end = pages * page
scores = np.frombuffer(memory, np.float64, rows, end - rows * 8)
scores[:] = np.random.default_rng(0).random(rows)
assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(address + end), ctypes.c_size_t(page), 0) == 0
practice = np.arange(rows) % 7 if mixed else np.arange(rows) * 7 // rows
register = cm.read_register(
    pa.table({
        "patient_id": [f"p{i}" for i in range(rows)],
        "practice_id": [f"C8700{p}" for p in practice],
        "age": np.full(rows, 40),
    }),
    as_of="2015-04-01",
)
assert (register.packed.groups is None) == mixed
scheme = cm.load_scheme(sys.argv[3])
listed = cm.select(register, scheme, score=scores).to_arrow().num_rows
expected = sum(int(n) * 3 // 100 for n in np.bincount(practice))
assert listed == expected, (listed, expected)
print("selected")
"""


@pytest.mark.parametrize(("rows", "order"), [(3001, "mixed"), (100, "mixed"), (3001, "grouped")])
def test_given_scores_are_read_to_their_end(tmp_path, rows, order):
    scheme = tmp_path / "scheme.toml"
    scheme.write_text(SCHEME, encoding="utf-8")
    words = [sys.executable, "-c", PROGRAM, str(rows), order, str(scheme)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "selected\n"), done.stderr
