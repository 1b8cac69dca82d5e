"""A process that does nothing but read registers, one after another, within 2 GB; and the parent that watches it.

A path goes in on a line, and the door that it is to come in by (doors.py) if that is not ``read_register``; what
became of the file comes back as a line of JSON. A child that dies or says nothing for
20 seconds is a crash or a hang, and the parent says which file did it.
"""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 20
BYTES = 2 * 1024**3
AS_OF = "2015-04-01"


@dataclass(frozen=True)
class Report:
    """What became of one file: refused in words, accepted with its rows, or a fault of the library."""

    outcome: str
    message: str = ""
    rows_in: int = 0
    merged: int = 0
    quarantined: tuple[tuple[Any, ...], ...] = ()
    corrected: tuple[tuple[Any, ...], ...] = ()
    accepted: tuple[dict[str, Any], ...] = ()
    said: str = ""


class Reader:
    """The parent's hold on a child; a new one is started where the last one died.

    ``first`` is Python that the child runs before each file, to try the watch itself.
    """

    def __init__(self, first: str = "", seconds: float = SECONDS, bytes_: int = BYTES) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._first, self._seconds, self._bytes = first, seconds, bytes_

    def read(self, path: Path, door: str = "") -> Report:
        """Have the child read a file, by one of the doors."""
        if self._child is None:
            here = Path(__file__)
            # A thread takes address space, of which the child has little.
            few = {"POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2"}
            places = os.pathsep.join([str(here.parent), str(here.parents[2])])
            environment = {**os.environ, **few, "PYTHONPATH": places}
            self._child = subprocess.Popen(
                [sys.executable, str(here), self._first, str(self._bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
            )
        self._child.stdin.write(f"{path}\t{door}\n".encode())
        self._child.stdin.flush()
        if not select.select([self._child.stdout], [], [], self._seconds)[0]:
            self.close()
            return Report("hang", f"no answer within {self._seconds} seconds")
        line = self._child.stdout.readline()
        if not line.endswith(b"\n"):
            code = self._child.wait()
            self.close()
            return Report("crash", f"the process ended with {code}")
        said = json.loads(line)
        for name in ("quarantined", "corrected", "accepted"):
            if name in said:
                said[name] = tuple(tuple(row) if isinstance(row, list) else row for row in said[name])
        return Report(**said)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child.stdin.close()
            self._child.stdout.close()
            self._child = None


def report_of(path: Path, first: str = "") -> dict[str, Any]:
    """Read one file and say what became of it."""
    import casemgmt as cm

    try:
        exec(first)
        register = cm.read_register(path, as_of=AS_OF)
        told = {
            name: [[row[key] for key in ("source_row", "practice_id", "field", "reason")] for row in rows.to_pylist()]
            for name, rows in (("quarantined", register.quarantine), ("corrected", register.corrections))
        }
        rows = register.to_arrow().to_pylist()
    except cm.InputError as problem:
        return {"outcome": "refused", "message": str(problem)}
    except BaseException as problem:
        where = traceback.extract_tb(problem.__traceback__)[-1]
        return {
            "outcome": "fault",
            "message": f"{type(problem).__name__} at {Path(where.filename).name}:{where.lineno}",
        }
    return {
        "outcome": "accepted",
        "rows_in": register.rows_in,
        "merged": register.merged,
        "accepted": [{name: _plain(value) for name, value in row.items()} for row in rows],
        **told,
    }


def by_door(path: Path, door: str) -> dict[str, Any]:
    """Bring one file in by a door and say all that came of it."""
    from doors import DOORS

    import casemgmt as cm

    try:
        return {"outcome": "accepted", "said": DOORS[door](path)}
    except cm.CasemgmtError as problem:
        return {"outcome": "refused", "message": str(problem)}
    except BaseException as problem:
        where = traceback.extract_tb(problem.__traceback__)[-1]
        return {
            "outcome": "fault",
            "message": f"{type(problem).__name__} at {Path(where.filename).name}:{where.lineno}",
        }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        # The one statement that bytes are text can be lost from a file that does not say it twice. They are the same
        # bytes, and no field of a register is read from them.
        return value.decode()
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def main() -> None:
    """Answer until there is nothing more to read."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        path, _, door = line.rstrip("\n").partition("\t")
        report = by_door(Path(path), door) if door else report_of(Path(path), sys.argv[1])
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
