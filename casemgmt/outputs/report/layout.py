"""Where each part of a report lies."""

from __future__ import annotations

PAGE = "report.html"
WORKBOOK = "report.xlsx"
FIGURES = "figures"
NAMES = ("places", "reviews", "programme", "money", "care_homes", "equity", "change")


def figure_file(name: str) -> str:
    """The CSV file of a figure."""
    return f"{FIGURES}/{name}.csv"


FILES = (PAGE, WORKBOOK, *map(figure_file, NAMES))
