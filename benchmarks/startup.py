"""What a fresh process pays: imports, and a whole `casemgmt select`, each in a process of its own, taking turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.data import AS_OF, make_population
from benchmarks.files import write_wide
from benchmarks.formula import FOLDER
from benchmarks.processes import python
from benchmarks.works import SCHEME

PATIENTS, PRACTICES = 10_000, 2
IMPORTS = ("casemgmt", "numpy", "pandas", "polars")
SELECT = f"casemgmt select, {PATIENTS:,} patients"
SELECT_COMPILING = f"{SELECT}, empty compile cache"
USUAL_IMPORTS = "import pandas, sklearn.ensemble"

_IMPORT = """
import time
start = time.perf_counter()
import {name}
print(time.perf_counter() - start)
"""


def start_up_times(repeats: int, scratch: Path) -> dict[str, dict[str, list[float]]]:
    """Seconds, by what was started: of imports inside fresh processes, and of whole processes by the clock outside.

    Files are already in the system's cache; one unmeasured turn of each writes the bytecode and the compiled code. With
    an empty compile cache, numba is given an empty folder in place of the one where compiled code lies.
    """
    register = scratch / "register.parquet"
    write_wide(make_population(PATIENTS, PRACTICES), register)
    imports = {f"import {name}": _importing(name) for name in IMPORTS}
    processes = {
        SELECT: _selecting(register, scratch, compiling=False),
        SELECT_COMPILING: _selecting(register, scratch, compiling=True),
        USUAL_IMPORTS: lambda turn: _whole(["-c", USUAL_IMPORTS], {}),
    }
    return {"imports": _in_turns(imports, repeats), "processes": _in_turns(processes, repeats)}


def _in_turns(programs: dict[str, Callable[[int], float]], repeats: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(repeats + 1):
        for name, run in programs.items():
            seconds = run(turn)
            if turn:
                found[name].append(seconds)
    return found


def _importing(name: str) -> Callable[[int], float]:
    return lambda turn: float(python(["-c", _IMPORT.format(name=name)]).stdout)


def _selecting(register: Path, scratch: Path, *, compiling: bool) -> Callable[[int], float]:
    command = ["-m", "casemgmt", "select", str(register), "--as-of", AS_OF, "--scheme", str(SCHEME)]
    command += ["--model", str(FOLDER), "--overwrite", "--out"]
    kind = "compiling" if compiling else "warm"

    def run(turn: int) -> float:
        out, cache = scratch / f"lists-{kind}", scratch / f"compiled-{turn}"
        return _whole([*command, str(out)], {"NUMBA_CACHE_DIR": str(cache)} if compiling else {})

    return run


def _whole(arguments: list[str], extra: dict[str, str]) -> float:
    start = time.perf_counter()
    python(arguments, extra)
    return time.perf_counter() - start
