"""Fresh processes: how they are started, and what a Python process needs to run these benchmarks."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def python(
    arguments: Sequence[str], extra: Mapping[str, str] | None = None, *, progress: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a fresh Python process to its end; with ``progress`` its messages are shown as they come.

    Raises
    ------
    RuntimeError : the process failed
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment(extra or {}),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=None if progress else subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr or "").strip().splitlines()[-1:]
        raise RuntimeError(f"a fresh process failed: {' '.join(last) or f'exit code {done.returncode}'}")
    return done


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, with bytecode cached and these benchmarks importable."""
    # Without its bytecode cache Python reads every import two or three times too slow.
    found = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    found["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [found.get("PYTHONPATH")])])
    return found | extra


def thread_environment(threads: int) -> dict[str, str]:
    """What polars reads once, when it is imported."""
    return {"POLARS_MAX_THREADS": str(threads)}


def confine(threads: int) -> None:
    """Hold this process to so many cores, where the system can: coded rows take no number of threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def processor_seconds() -> float:
    """Processor time of this process and of the processes that it started and waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_bytes_with_children() -> int:
    """The most memory that this process, or one that it waited for, has held."""
    return max(peak_bytes(), _in_bytes(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))


def peak_bytes() -> int:
    """The most memory that this process has held since its program started.

    On Linux from VmHWM: the resource usage of a young process still shows what its parent held.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return _in_bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _in_bytes(held: int) -> int:
    return held if platform.system() == "Darwin" else held * 1024
