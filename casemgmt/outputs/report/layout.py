"""Where each part of a report lies."""

from __future__ import annotations

PAGE = "report.html"
WORKBOOK = "report.xlsx"
FIGURES = "figures"
NAMES = ("places", "reviews", "programme", "money", "care_homes", "equity", "change")
OF_A_PERIOD = ("caseload", "register_test", "payments", "homes_over_time", "heads")
OUTCOMES = "outcomes"


def figure_file(name: str) -> str:
    """The CSV file of a figure."""
    return f"{FIGURES}/{name}.csv"


FILES = (PAGE, WORKBOOK, *map(figure_file, (*NAMES, *OF_A_PERIOD, OUTCOMES)))
