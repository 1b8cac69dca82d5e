"""The change since the last report: published figures beside published figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casemgmt.errors import CasemgmtError, InputError
from casemgmt.outputs import layout
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.disclosure.commissioner import ALL_PRACTICES, CASE_MANAGED
from casemgmt.outputs.manifest import REPORT, is_report, read_manifest, sha256
from casemgmt.outputs.report.figures import Figure, Row
from casemgmt.outputs.report.layout import figure_file
from casemgmt.rule_files import shown_path

Values = dict[tuple[str, str], float | int]
_PLACES, _REVIEWS, _HOMES = "places", "reviews", "care_homes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The figures of an earlier report.

    Attributes
    ----------
    folder : where it lies
    as_of : its list date
    scheme : the id of its scheme
    values : by practice and figure
    """

    folder: Path
    as_of: str
    scheme: str
    values: Mapping[tuple[str, str], float | int]


def read_last(folder: Path) -> Last:
    """The figures of an earlier report, or of the commissioner's table of a published selection.

    Raises
    ------
    InputError : the folder holds neither, or a damaged one
    """
    try:
        raw = (folder / layout.MANIFEST).read_bytes()
        whole = is_report(raw)
        manifest = read_manifest(raw, REPORT) if whole else read_manifest(raw)
        names = [figure_file(name) for name in (_PLACES, _REVIEWS, _HOMES)] if whole else [layout.COMMISSIONER]
        data = {name: (folder / name).read_bytes() for name in names}
        intact = all(manifest["files"][name]["sha256"] == sha256(each) for name, each in data.items())
        tables = [read_csv(each).to_pylist() for each in data.values()] if intact else []
        values = values_of(*tables) if intact else None
        as_of, scheme = manifest["facts"]["as_of"], manifest["scheme"]["id"]
    except (OSError, ValueError, KeyError, TypeError, CasemgmtError):
        values = None
    if values is None:
        raise InputError(
            f"previous: '{shown_path(folder)}' holds no report and no published selection that is intact. Name another."
        )
    return Last(folder=folder, as_of=as_of, scheme=scheme, values=values)


def values_of(places: Sequence[Row], reviews: Sequence[Row] = (), homes: Sequence[Row] = ()) -> Values:
    """What is compared: of each practice its list size, plans and reviews; over all practices the routes too."""
    found: Values = {}

    def keep(row: Row, column: str, name: str) -> None:
        value = row.get(column)
        if value not in (None, ""):
            number = float(value)
            found[row["practice_id"], name] = int(number) if number.is_integer() and "percent" not in column else number

    for row in places:
        keep(row, "list_size", "list size")
        if row["route"] == CASE_MANAGED:
            keep(row, "used", "case managed")
        elif row["practice_id"] == ALL_PRACTICES:
            keep(row, "met", f"{_words(row['route'])}: met")
            keep(row, "used", f"{_words(row['route'])}: places used")
    for row in reviews:
        for column, words in (("due", "due"), ("done", "done"), ("uptake_percent", "uptake, % (in 100)")):
            keep(row, column, f"{_words(row['route'])}: {words}")
    for row in homes:
        if row["practice_id"] == ALL_PRACTICES:
            keep(row, "care_homes", "care homes")
            keep(row, "shared_care_homes", "care homes served by more than one practice")
    return found


def change_figure(now: Values, last: Last | None, scheme: str) -> Figure:
    """Each figure now and in the last report."""
    rows: list[Row] = []
    for practice, name in now if last else ():
        before, after = (last.values if last else now).get((practice, name)), now[practice, name]
        told: dict[str, Any] = {"practice_id": practice, "figure": name, "before": before, "now": after}
        difference = None if before is None else round(after - before, 1)
        rows.append({**told, "change": difference, "note": None if before is not None else "not in the last report"})
    said = f" Last: list of {last.as_of}, scheme {last.scheme}." if last else ""
    if last and last.scheme != scheme:
        said += " The scheme has changed: figures of the same name may count other people."
    return Figure(
        name="change",
        title="Change since the last report",
        says="Both are rounded, so a change of 5 may be none. A change is no effect: patients chosen in a bad year "
        f"have a better one next, untreated.{said}",
        headings={
            "practice_id": "Practice",
            "figure": "Figure",
            "before": "Last report",
            "now": "This report",
            "change": "Change",
            "note": "Note",
        },
        kinds=dict.fromkeys(("before", "now", "change"), "percent"),
        rows=rows,
        missing="" if last else "No earlier report was given.",
    )


def _words(route: str) -> str:
    return route.replace("_", " ")
