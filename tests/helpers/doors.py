"""Every door that a Parquet file comes in by, all that each says of a sound file, and what to put before it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

AS_OF = "2015-04-01"


def plain(value: Any) -> Any:
    """A value as text, so that two are compared; bytes are the text that they were written as."""
    # The one statement that bytes are text can be lost from a file that does not say it twice. They are the same bytes.
    return value.decode() if isinstance(value, bytes) else str(value)


def said(*tables: pa.Table) -> str:
    """All that some tables hold."""
    return repr([[{name: plain(value) for name, value in row.items()} for row in each.to_pylist()] for each in tables])


def of_register(path: Path) -> str:
    import casemgmt as cm

    register = cm.read_register(path, as_of=AS_OF)
    return said(register.to_arrow(), register.quarantine, register.corrections)


def of_scan(path: Path, **options: Any) -> str:
    import casemgmt as cm

    register = cm.scan_register(path, as_of=AS_OF, **options)
    parts: list[pa.Table] = []
    register.passed(lambda part, start, own: parts.append(part.to_arrow()), parts.clear)
    rows = [row for part in parts for row in said(part)[2:-2].split("}, {")] if parts else []
    return repr((rows, said(register.quarantine, register.corrections)))


def of_conditions(path: Path) -> str:
    import casemgmt as cm
    from casemgmt.codes.codelist import Entry

    entries = (Entry("I21", "heart", "prefix"), Entry("E11", "diabetes", "prefix"))
    lists = cm.CodeList(name="test", system="icd10", entries=entries)
    found = cm.derive_conditions(path, lists, as_of=AS_OF, counts="all", latest="all", count_rows=True)
    return said(found.to_arrow(), found.account, found.report, found.unmapped)


def of_episodes(path: Path) -> str:
    import casemgmt as cm

    found = cm.count_admissions(path, as_of=AS_OF)
    return said(found.to_arrow(), found.account, found.report)


def of_publication(folder: Path) -> str:
    import casemgmt as cm
    from casemgmt.outputs.published import verify

    found = cm.load_selection(folder)
    return said(found.to_arrow(), found.unscored(), found.queue()) + repr(verify(folder).counts)


DOORS: dict[str, Callable[[Path], str]] = {
    "register": of_register,
    "scanned by polars": lambda path: of_scan(path, decoder="polars"),
    "scanned by pyarrow": lambda path: of_scan(path, decoder="pyarrow"),
    "conditions": of_conditions,
    "episodes": of_episodes,
    "publication": of_publication,
    "packed": of_scan,
}


def coded_rows(seed: int, count: int) -> pa.Table:
    """Coded rows of a few patients; each says everything that a row can say."""
    choose = random.Random(seed)
    days = [None, *(dt.date(2014, 1, 1) + dt.timedelta(days=day) for day in range(0, 500, 7))]
    return pa.table(
        {
            "patient_id": [f"p{choose.randrange(20):03d}" for _ in range(count)],
            "code": pa.array([choose.choice(["I210", "E119", "I10", "Z000", None]) for _ in range(count)], pa.string()),
            "date": pa.array([choose.choice(days) for _ in range(count)], pa.date32()),
            "note": pa.array([choose.choice(["a", "b", None]) for _ in range(count)], pa.string()),
        }
    )


def episode_rows(seed: int, count: int) -> pa.Table:
    """Hospital episodes of a few patients."""
    choose = random.Random(seed)
    days = [None, *(dt.date(2014, 1, 1) + dt.timedelta(days=day) for day in range(0, 500, 7))]
    return pa.table(
        {
            "patient_id": [f"p{choose.randrange(20):03d}" for _ in range(count)],
            "admission_date": pa.array([choose.choice(days) for _ in range(count)], pa.date32()),
            "admission_method": pa.array([choose.choice(["21", "2A", "11", None]) for _ in range(count)], pa.string()),
            "episode_order": pa.array([choose.randrange(1, 4) for _ in range(count)], pa.int16()),
        }
    )
