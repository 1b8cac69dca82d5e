"""A practice's register as a clinical system gives it: made-up people, nothing called as this library calls it."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

NAMES = ("Quigley", "Zebedee", "Lovelace")
HEAD = (
    *("NHS Number", "Surgery", "Surname", "D.O.B.", "Gender", "Care Home", "GP Nominated", "COPD (Y/N)"),
    *("Heart Failure", "Diabetic", "Last Review", "Emergency Admissions", "Risk %", "Objects to sharing"),
)
BEFORE = ("Practice register", "Meadow View and Hill Street", "Drawn on: 01/04/2024", "")


def own_csv(
    path: Path, patients: int, *, separator: str = ",", encoding: str = "utf-8", ends: str = "\n", **cells
) -> Path:
    """Write so many people, one row each; ``cells`` has functions of a row's number for other values of a column."""
    random_ = random.Random(patients)
    lines = [*BEFORE, separator.join(HEAD)]
    for i in range(patients):
        born = dt.date(1925, 1, 1) + dt.timedelta(days=random_.randrange(33_000))
        reviewed = dt.date(2023, 1, 1) + dt.timedelta(days=random_.randrange(400))
        row = {
            "NHS Number": f"X{i:06d}",
            "Surgery": ("C87616", "C87002")[i % 4 == 0],
            "Surname": random_.choice(NAMES),
            "D.O.B.": f"{born:%d/%m/%Y}",
            "Gender": random_.choice(("Male", "Female")),
            "Care Home": random_.choices(("", "Nursing Home", "Residential Home"), (94, 3, 3))[0],
            "GP Nominated": "NY"[i % 60 == 7],
            "COPD (Y/N)": random_.choice("YNNNN"),
            "Heart Failure": random_.choice("YNNNN"),
            "Diabetic": random_.choice(("Y", "", "", "")),
            "Last Review": f"{reviewed:%d/%m/%Y}" if i % 2 else "",
            "Emergency Admissions": str(random_.choice((0, 0, 0, 1, 2))),
            "Risk %": f"{random_.random() * 60:.1f}",
            "Objects to sharing": "NY"[i % 40 == 3],
        }
        row |= {name: make(i) for name, make in cells.items()}
        lines.append(separator.join(row[name] for name in HEAD))
    path.write_bytes((ends.join(lines) + ends).encode(encoding))
    return path
