"""What the times depend on: the machine, without its name, and the versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.works import usable_cores

PACKAGES = ("casemgmt", "numpy", "numba", "pyarrow", "pandas", "polars", "duckdb", "scikit-learn")


def versions_of(packages: Sequence[str]) -> dict[str, str]:
    """The installed versions; casemgmt's own from its source."""
    import casemgmt

    return {name: casemgmt.__version__ if name == "casemgmt" else importlib.metadata.version(name) for name in packages}


def machine() -> dict[str, Any]:
    """The processor, its cores and memory, the system, how busy it was, and the versions."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "cpu_count": os.cpu_count(),
        "usable_cores": usable_cores(),
        "memory_bytes": _memory(),
        "load_average_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": versions_of(PACKAGES),
    }


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _memory() -> int | None:
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def machine_line(found: dict[str, Any]) -> str:
    """The machine and the versions, for people."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    memory = "" if found["memory_bytes"] is None else f", {found['memory_bytes'] / 1e9:.0f} GB of memory"
    return (
        f"{found['processor']} ({found['architecture']}), {found['usable_cores']} of {found['cpu_count']} cores"
        f"{memory}, load average before the run {found['load_average_1min']}; Python {found['python']}, {versions}."
    )
