"""The runs that each release makes of the same registers, kept beside what it made of them.

The release itself makes them, once, from its own code:

    git worktree add /tmp/release COMMIT
    PYTHONPATH=/tmp/release python tests/releases/frozen_runs.py

It writes ``VERSION/selected.csv`` (who was listed or proposed for removal in each run), ``VERSION/accounts.csv`` (rows
in, accepted, set aside) and ``VERSION/published/``, the publication of the first run. The registers were made with
0.1.0 and are not made again: ``january.parquet`` and ``february.parquet`` are synthetic, ``untidy.csv`` is a list as it
comes. Whom a later release selects otherwise is in ``differences.csv``, with the words of the changelog that say so.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import casemgmt as cm

HERE = Path(__file__).parent
REGISTERS = HERE / "registers"
BURDEN, DEMONSTRATION = {"model": "cambridge-multimorbidity-20"}, {"model": "demonstration-admission"}
# name: register, list date, scheme, what ranks, whether the first run is the list before
RUNS = {
    "published": ("january.parquet", "2021-01-01", "rotherham-2015-16", BURDEN, False),
    "month after": ("february.parquet", "2021-02-01", "rotherham-2015-16", BURDEN, True),
    "2014/15": ("january.parquet", "2021-01-01", "rotherham-2014-15", BURDEN, False),
    "unplanned admissions": ("january.parquet", "2021-01-01", "avoiding-unplanned-admissions-2014-15", BURDEN, False),
    "half a percent": ("january.parquet", "2021-01-01", "prism-top-half-percent", BURDEN, False),
    "frailty": ("january.parquet", "2021-01-01", "frailty-2017-18", {"score": "frailty_deficits"}, False),
    "bands": ("january.parquet", "2021-01-01", "sparra-band-40-60", DEMONSTRATION, False),
    "untidy": ("untidy.csv", "2021-01-01", "rotherham-2015-16", {"score": "points"}, False),
}
COLUMNS = ("run", "what", "practice_id", "patient_id", "place", "rank", "score", "case_managed", "review_due")
Row = tuple[str, ...]


def made(run: str, release: Path) -> tuple[list[Row], dict[str, int], cm.Selection]:
    """Who is listed or proposed for removal in a run, by ids in order; the account of its rows; and the selection.

    Parameters
    ----------
    release : the folder of the release whose publication is the list before
    """
    name, as_of, scheme, ranks, follows = RUNS[run]
    register = cm.read_register(REGISTERS / name, as_of=as_of)
    ranking = {"score": ranks["score"]} if "score" in ranks else {"model": cm.load_model(ranks["model"])}
    previous = cm.load_selection(release / "published") if follows else None
    chosen = cm.select(register, cm.load_scheme(scheme), previous=previous, **ranking)
    listed = [
        (run, "listed", *(said(row.get(column)) for column in COLUMNS[2:])) for row in chosen.to_arrow().to_pylist()
    ]
    leaving = [
        (run, "removal", row["practice_id"], row["patient_id"], row["proposal"], "", "", "", "")
        for row in chosen.removals().to_pylist()
    ]
    account = {
        "in": register.rows_in,
        "accepted": len(register),
        "quarantined": register.quarantine.num_rows,
        "corrections": register.corrections.num_rows,
    }
    return sorted(listed + leaving), account, chosen


def said(value: object) -> str:
    """A value as it is kept: empty for none; a score to the digit."""
    return "" if value is None else str(value)


def freeze() -> None:
    """Write what the release at hand makes of every run."""
    release = HERE / cm.__version__
    release.mkdir()
    rows, accounts = [], []
    for run in RUNS:
        listed, account, chosen = made(run, release)
        if run == "published":
            chosen.save(release / "published")
        rows += listed
        accounts += [(run, what, str(count)) for what, count in account.items()]
    write(release / "selected.csv", COLUMNS, rows)
    write(release / "accounts.csv", ("run", "what", "count"), accounts)


def write(path: Path, header: tuple[str, ...], rows: list[Row]) -> None:
    """A CSV file with line ends that no system changes."""
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerows([header, *rows])
    path.write_bytes(held.getvalue().encode())


def read(path: Path) -> list[Row]:
    """The rows of such a file, without its header."""
    with path.open(newline="", encoding="utf-8") as file:
        return [tuple(row) for row in csv.reader(file)][1:]


if __name__ == "__main__":
    sys.exit(freeze())
