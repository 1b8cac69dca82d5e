"""Made-up years of hospital episodes, lists and deaths, for the page on outcomes. No row is of anybody.

Emergency admissions rise to a peak in the second year and fall after it, by numbers written here and for no reason.
"""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PRACTICES = [f"C870{number:02}" for number in range(1, 9)]
FIRST_YEAR, YEARS = 2012, 4
OF_100_LISTED = (9.6, 10.0, 9.5, 9.1)  # emergency admissions in each year
AVOIDABLE, OTHER = ["J45.9", "I50.0", "J44.1", "E11.9", "I48X"], ["N39.0", "R07.4", "S52.5", "J18.9", "A09.9"]
GOES_TO = ["19"] * 80 + ["85"] * 6 + ["79"] * 6 + ["51"] * 8


def made_up_years(seed: int = 0) -> dict[str, pa.Table]:
    """Tables: ``episodes`` (by the names of Hospital Episode Statistics), ``lists``, ``deaths``."""
    choose = random.Random(seed)  # noqa: S311  -- nothing is kept secret by it
    episodes: list[dict[str, object]] = []
    lists: list[dict[str, object]] = []
    deaths: list[dict[str, object]] = []
    for place, practice in enumerate(PRACTICES):
        size = 2000 + 900 * place
        for at in range(YEARS):
            first = dt.date(FIRST_YEAR + at, 4, 1)
            lists.append({"practice_id": practice, "year": f"{first.year}/{(first.year + 1) % 100}", "list_size": size})
            lean = 1.25 if practice == PRACTICES[5] else 1.0
            for number in range(round(size * OF_100_LISTED[at] * lean * choose.uniform(0.94, 1.06) / 100)):
                episodes.append(_episode(choose, practice, first, "21" if number % 5 else "2A", size))
            for _ in range(round(size * 0.03)):
                episodes.append(_episode(choose, practice, first, "11", size))
            for _ in range(round(size * 0.009 * (1 - 0.03 * at))):
                deaths.append(_death(choose, practice, first, size))
    made = {"episodes": episodes, "lists": lists, "deaths": deaths}
    return {name: pa.Table.from_pylist(rows) for name, rows in made.items()}


def _episode(choose: random.Random, practice: str, first: dt.date, method: str, size: int) -> dict[str, object]:
    start = first + dt.timedelta(days=choose.randrange(365))
    return {
        "patient_id": f"{practice}-{choose.randrange(size):05}",
        "GPPRAC": practice,
        "ADMIDATE": start,
        "ADMIMETH": method,
        "DISDATE": start + dt.timedelta(days=min(int(choose.expovariate(0.25)), 60)),
        "DISDEST": choose.choice(GOES_TO),
        "ADMISORC": "19",
        "CLASSPAT": "1",
        "EPIORDER": 1,
        "EPISTAT": "3",
        "EPITYPE": "1",
        "STARTAGE": int(min(max(choose.gauss(68, 20), 0), 101)),
        "SEX": choose.choice("12"),
        "DIAG_01": choose.choice(AVOIDABLE if choose.random() < 0.15 else OTHER),
    }


def _death(choose: random.Random, practice: str, first: dt.date, size: int) -> dict[str, object]:
    return {
        "patient_id": f"{practice}-{choose.randrange(size):05}",
        "practice_id": practice,
        "date_of_death": first + dt.timedelta(days=choose.randrange(365)),
        "age": int(min(max(choose.gauss(78, 13), 0), 101)),
        "amenable": choose.random() < 0.3,
    }


if __name__ == "__main__":
    for name, table in made_up_years().items():
        pq.write_table(table, Path(f"{name}.parquet"))
