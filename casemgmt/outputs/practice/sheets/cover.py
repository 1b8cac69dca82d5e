"""The cover: what this is, for which date, by which rules, and who should do what by when; and the legend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casemgmt.outputs.practice.answers import JUDGEMENT, LIST, REMOVALS, REVIEWS
from casemgmt.outputs.practice.practice_list import NEW, STAYS, PracticeList, day_in_words, printable
from casemgmt.outputs.practice.sheets import layout
from casemgmt.outputs.practice.sheets.styles import Styles
from casemgmt.outputs.practice.sheets.tables import lay_out

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

_WHAT_WIDTH, _SAID_WIDTH = 34, 110


def write_cover(book: Workbook, styles: Styles, shown: PracticeList) -> None:
    """One table of two columns: what, and what is said of it."""
    page = book.add_worksheet(layout.COVER)
    page.write_string(
        0, 0, f"Case management: practice {printable(shown.practice_id)}, {day_in_words(shown.as_of)}", styles.title
    )
    page.write_string(1, 0, "This sheet holds one table. Yellow cells are for you to fill in.", styles.note)
    rows = [*_purpose(shown), *_numbers(shown), *_tasks(shown), *_facts(shown)]
    fill_in = (layout.ANSWERED_BY, layout.ANSWERED_ON)
    last = _two_columns(page, styles, rows, "Cover_table", ("What", "Meaning"), fill_in)
    page.write_blank(_row_of(rows, layout.ANSWERED_BY), 1, None, styles.answer)
    page.write_blank(_row_of(rows, layout.ANSWERED_ON), 1, None, styles.date)
    lay_out(page, shown, "Cover")
    page.print_area(0, 0, last, 1)
    page.protect("", {"format_columns": True, "format_rows": True})


def write_legend(book: Workbook, styles: Styles, shown: PracticeList) -> None:
    """What each word means."""
    page = book.add_worksheet(layout.LEGEND)
    page.write_string(0, 0, f"Legend: what the words mean, {day_in_words(shown.as_of)}", styles.title)
    page.write_string(1, 0, "This sheet holds one table.", styles.note)
    last = _two_columns(page, styles, list(shown.legend), "Legend_table", ("Word", "Meaning"), ())
    lay_out(page, shown, "Legend")
    page.print_area(0, 0, last, 1)
    page.protect("", {"format_columns": True, "format_rows": True})


def _purpose(shown: PracticeList) -> list[tuple[str, str]]:
    cautions = [("Caution", said) for said in shown.cautions]
    purpose = " ".join(f"{said.rstrip('.')}." for said in shown.purpose)
    return [*cautions, ("What this is for", purpose)]


def _numbers(shown: PracticeList) -> list[tuple[str, str]]:
    """How many are on each sheet, and what is left."""
    standing = [row.standing for row in shown.listed]
    known = any(standing)
    new, stay = standing.count(NEW), standing.count(STAYS)
    said = f": {new:,} new, {stay:,} stay" if known else "; no earlier list is known"
    rows = [
        ("People on the practice's list", f"{shown.list_size:,}"),
        (f"Sheet “{layout.SHEET_NAMES[LIST]}”", f"{len(shown.listed):,} patients{said}"),
    ]
    if shown.judgement is not None:
        rows.append(
            (
                f"Sheet “{layout.SHEET_NAMES[JUDGEMENT]}”",
                f"{shown.judgement_places:,} places, {shown.judgement_used:,} used, {shown.judgement_left:,} left for "
                f"nominations; {len(shown.candidates):,} patients to think of, and rows for anyone else",
            )
        )
    due = sum(route.due or 0 for route in shown.routes)
    if any(route.due is not None for route in shown.routes):
        more = len(shown.reviews) - due
        rows.append(
            (f"Sheet “{layout.SHEET_NAMES[REVIEWS]}”", f"{due:,} reviews due now, {max(more, 0):,} within a month")
        )
    if shown.removals:
        rows.append((f"Sheet “{layout.SHEET_NAMES[REMOVALS]}”", f"{len(shown.removals):,} patients to decide about"))
    for route in shown.routes:
        if route.places is not None or route.used is not None:
            places = "no limit" if route.places is None else f"{route.places:,} places"
            left = "" if route.left is None else f", {route.left:,} left"
            rows.append((f"Route: {route.title}", f"{places}, {route.used or 0:,} used{left}: {route.rule}"))
    return rows


def _tasks(shown: PracticeList) -> list[tuple[str, str]]:
    return [(f"To do: {task.who[0].lower()}{task.who[1:]}", f"{task.what} ({task.by_when})") for task in shown.tasks]


def _facts(shown: PracticeList) -> list[tuple[str, str]]:
    model = f"{shown.model_title}: " if shown.model_title else ""
    return [
        (layout.ANSWERED_BY, ""),
        (layout.ANSWERED_ON, ""),
        ("Send back to", shown.contact),
        (layout.PRACTICE, shown.practice_id),
        (layout.LIST_DATE, shown.as_of.isoformat()),
        ("Scheme", f"{shown.scheme_title} ({shown.scheme_id})"),
        ("Source of the scheme", shown.scheme_source),
        ("Ranked by", f"{model}{shown.ranked_by}"),
        *([(layout.CASELOAD, shown.caseload_head)] if shown.caseload_head else []),
        (layout.SELECTION, shown.fingerprint),
        (layout.FILE_FORMAT, f"{layout.FORMAT} {layout.FORMAT_VERSION}"),
    ]


def _row_of(rows: list[tuple[str, str]], what: str) -> int:
    return 3 + next(i for i, (name, _) in enumerate(rows) if name == what)


def _two_columns(
    page: Worksheet,
    styles: Styles,
    rows: list[tuple[str, str]],
    name: str,
    heads: tuple[str, str],
    fill_in: tuple[str, ...],
) -> int:
    """Write a table from the third row on; its last row, counted from 0."""
    last = 2 + len(rows)
    page.add_table(
        2,
        0,
        last,
        1,
        {
            "name": name,
            "style": "Table Style Light 1",
            "banded_rows": False,
            "autofilter": False,
            "columns": [{"header": head, "header_format": styles.head} for head in heads],
        },
    )
    for at, (what, said) in enumerate(rows, start=3):
        page.write_string(at, 0, what, styles.wrapped_text)
        if what not in fill_in:
            page.write_string(at, 1, said, styles.wrapped_text)
        lines = max(-(-len(what) // int(_WHAT_WIDTH * 1.2)), -(-len(said) // int(_SAID_WIDTH * 1.2)), 1)
        page.set_row(at, 12.75 * lines + 1.5)
    page.set_column(0, 0, _WHAT_WIDTH)
    page.set_column(1, 1, _SAID_WIDTH)
    return last
