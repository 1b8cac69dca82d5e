"""What a fresh process pays: imports, and a whole `casemgmt select`, each in a process of its own, taking turns.

Of a short register and a long one, each with compiled code kept (warm) and with none (cold).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.data import AS_OF, make_population
from benchmarks.files import write_wide
from benchmarks.formula import FOLDER
from benchmarks.processes import python
from benchmarks.works import SCHEME

SHORT, LONG = (10_000, 2), (1_000_000, 100)  # patients, practices
IMPORTS = ("casemgmt", "numpy", "pandas", "polars")
WARM = ["-m", "casemgmt", "warm"]
USUAL_IMPORTS = "import pandas, sklearn.ensemble"

_IMPORT = """
import time
start = time.perf_counter()
import {name}
print(time.perf_counter() - start)
"""


def start_up_times(repeats: int, scratch: Path) -> dict[str, dict[str, list[float]]]:
    """Seconds, by what was started: of imports inside fresh processes, and of whole processes by the clock outside.

    Files are already in the system's cache; one unmeasured turn of each writes the bytecode. Warm is after
    ``casemgmt warm``; for cold, the folder named for compiled code is empty each time.
    """
    imports = {f"import {name}": _importing(name) for name in IMPORTS}
    kept = _kept(scratch / "kept")
    processes: dict[str, Callable[[int], float]] = {}
    for patients, practices in (SHORT, LONG):
        register = scratch / f"register-{patients}.parquet"
        write_wide(make_population(patients, practices), register)
        name = f"casemgmt select, {patients:,} patients"
        processes[f"{name}, warm"] = _selecting(register, kept)
        processes[f"{name}, cold"] = _selecting(register, None)
    processes[USUAL_IMPORTS] = lambda turn: _whole(["-c", USUAL_IMPORTS], {})
    return {"imports": _in_turns(imports, repeats), "processes": _in_turns(processes, repeats)}


def _kept(folder: Path) -> dict[str, str]:
    """The environment in which all compiled code is kept: this machine's own where it holds all, else a folder."""
    try:
        python([*WARM, "--check"])
    except RuntimeError:
        elsewhere = {"NUMBA_CACHE_DIR": str(folder)}
        python(WARM, elsewhere)
        return elsewhere
    return {}


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


def _selecting(register: Path, kept: Mapping[str, str] | None) -> Callable[[int], float]:
    """A whole selection; ``kept`` is the environment that names compiled code, a new folder each turn for None."""
    command = ["-m", "casemgmt", "select", str(register), "--as-of", AS_OF, "--scheme", str(SCHEME)]
    command += ["--model", str(FOLDER), "--overwrite", "--out", str(register.with_suffix(""))]

    def run(turn: int) -> float:
        new = {"NUMBA_CACHE_DIR": str(register.with_name(f"compiled-{register.stem}-{turn}"))}
        return _whole(command, new if kept is None else kept)

    return run


def _whole(arguments: list[str], extra: Mapping[str, str]) -> float:
    start = time.perf_counter()
    python(arguments, extra)
    return time.perf_counter() - start
