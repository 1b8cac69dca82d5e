"""What a fresh process pays: imports, and a first small selection, each in a process of its own, taking turns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

_ROOT = Path(__file__).resolve().parent.parent

PATIENTS = 10_000
IMPORTS = ("casemgmt", "numpy", "pandas", "polars")
FIRST_SELECTION = f"casemgmt: import, read and select {PATIENTS:,} patients"

_IMPORT = """
import time
start = time.perf_counter()
import {name}
print(time.perf_counter() - start)
"""
_SELECT = f"""
import time
from benchmarks.works import Inputs, SCHEME
from benchmarks.formula import FOLDER
from benchmarks.data import AS_OF
table = Inputs(patients={PATIENTS}, practices=1).population.to_arrow()
start = time.perf_counter()
import casemgmt as cm
register = cm.read_register(table, as_of=AS_OF)
cm.select(register, cm.load_scheme(SCHEME), model=cm.load_model(FOLDER))
print(time.perf_counter() - start)
"""


def start_up_times(repeats: int) -> dict[str, tuple[float, ...]]:
    """Seconds inside fresh processes, files already in the system's cache; one unmeasured turn writes the bytecode.

    The selection's process already holds NumPy, pyarrow and the fields table, with which its people were made.
    """
    programs = {f"import {name}": _IMPORT.format(name=name) for name in IMPORTS} | {FIRST_SELECTION: _SELECT}
    found: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(repeats + 1):
        for name, program in programs.items():
            seconds = _run(program)
            if turn:
                found[name].append(seconds)
    return {name: tuple(times) for name, times in found.items()}


def start_up_table(times: dict[str, tuple[float, ...]]) -> str:
    """As Markdown, in ratios to ``import pandas``."""
    pandas = times["import pandas"]
    lines = ["| fresh process | best, × `import pandas` | median, × `import pandas` |", "|---|---:|---:|"]
    for name, each in times.items():
        lines.append(f"| {name} | {min(each) / min(pandas):.2f} | {median(each) / median(pandas):.2f} |")
    lines += [
        "",
        f"`import pandas` took {min(pandas) * 1000:.0f} ms at best, {median(pandas) * 1000:.0f} ms in the median.",
    ]
    return "\n".join(lines)


def _run(program: str) -> float:
    # Without its bytecode cache Python reads every import two or three times too slow.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *filter(None, [environment.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"a fresh process failed: {done.stderr.strip().splitlines()[-1:]}")
    return float(done.stdout)
