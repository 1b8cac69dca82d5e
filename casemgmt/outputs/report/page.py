"""The report as one page: no script, nothing from the network, each chart with its table."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from casemgmt.outputs.disclosure.commissioner import ALL_PRACTICES, AT_LEAST
from casemgmt.outputs.disclosure.suppression import ROUND_TO, SUPPRESS_UP_TO, SUPPRESSED, WITHHELD
from casemgmt.outputs.in_100 import percent_in_words
from casemgmt.outputs.purpose import PURPOSE
from casemgmt.outputs.report.figures import Figure, Row
from casemgmt.outputs.report.layout import figure_file
from casemgmt.outputs.report.making import Made, cautions, of_caseload

_HERE = resources.files("casemgmt.outputs.report")
MOST_BARS = 60
_SHARES = ("uptake_percent", "percent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a chart: a label, the share of the longest bar (0 to 100), and its number in words."""

    label: str
    percent: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Horizontal bars."""

    title: str
    bars: tuple[Bar, ...]


def page_of(made: Made) -> str:
    """The page as HTML; the same for the same report."""
    from jinja2 import Environment, StrictUndefined

    style = (_HERE / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    machine = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = machine.from_string((_HERE / "page.html.j2").read_text(encoding="utf-8"))
    page: str = template.render(
        style=style,
        style_hash=f"sha256-{digest}",
        facts=made.facts,
        of_caseload=of_caseload(made.facts),
        cautions=cautions(made.facts),
        purpose=PURPOSE,
        suppressed=SUPPRESS_UP_TO,
        rounded=ROUND_TO,
        figures=[(figure, _cells(figure), _charts(figure)) for figure in made.figures],
        file_of=figure_file,
    )
    return page


def _cells(figure: Figure) -> list[list[tuple[str, str]]]:
    """Each cell's words, and whether it is a number (``n``), a total's row (``t``) or text."""
    rows = []
    for row in figure.rows:
        total = row.get("practice_id") == ALL_PRACTICES
        cells = []
        for name in figure.headings:
            kind = "n" if name in figure.kinds else ""
            cells.append((words_of(row, name, figure.kinds.get(name)), f"{kind}{'t' if total else ''}"))
        rows.append(cells)
    return rows


def words_of(row: Row, name: str, kind: str | None) -> str:
    """A cell in words: a number, *1–7*, *withheld*, or a dash where there is none."""
    value = row.get(name)
    if kind is None:
        return str(value).replace("_", " ") if name in ("route", "note") and value else str(value or "–")
    said = {part.split(" ", 1)[0]: part.split(" ", 1)[-1] for part in (row.get("note") or "").split("; ")}
    if value is None:
        told = said.get({"entitled": "met"}.get(name, name), "")
        return told if told in (SUPPRESSED, WITHHELD) else "–"
    number = _number(value, kind)
    return f"at least {number}" if said.get({"entitled": "met", "here": "met"}.get(name, name)) == AT_LEAST else number


def _number(value: float, kind: str) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return percent_in_words(value) if kind == "share" else f"{value:,.{2 if kind == 'pounds' else 1}f}"


def _charts(figure: Figure) -> list[Chart]:
    found = []
    if figure.name == "places":
        own = [row for row in figure.rows if row["practice_id"] == ALL_PRACTICES and row["used"] is not None]
        found.append(_chart("Places used, all practices", own, "route", "used"))
    if figure.name == "reviews":
        for route in dict.fromkeys(row["route"] for row in figure.rows):
            own = [row for row in figure.rows if row["route"] == route]
            found.append(_chart(f"Uptake: {route.replace('_', ' ')}", own, "practice_id", "uptake_percent", top=100))
    if figure.name == "equity":
        for by in dict.fromkeys(row["by"] for row in figure.rows):
            own = [row for row in figure.rows if row["by"] == by]
            found.append(_chart(f"Case managed, of the list, by {by}", own, "group", "percent"))
    return [chart for chart in found if chart.bars]


def _chart(title: str, rows: list[Row], label: str, name: str, top: float | None = None) -> Chart:
    told: list[tuple[str, Any]] = [(str(row[label]).replace("_", " "), row.get(name)) for row in rows]
    shown = [(words, value) for words, value in told if value is not None][:MOST_BARS]
    longest = top or max([value for _, value in shown], default=0) or 1
    words = percent_in_words if name in _SHARES else "{:,}".format
    bars = [Bar(label=w, percent=round(100 * v / longest, 2), words=words(v)) for w, v in shown]
    return Chart(title=title, bars=tuple(bars))
