"""A caseload over several months, worked by hand: who keeps a place, who gives it up, and when a newcomer comes in.

Each month is selected with the month before as ``previous``, so that whoever was selected, or proposed for removal, is
on the caseload. Ten patients, two places, and the first four are within.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from registers import read_scheme, scheme_text

import casemgmt as cm

ROUTE = 'name = "highest"\nkind = "top_share"\nshare = "20%"\nlimit = "at_most"\nof = {}\namong = {}\n'
ROUTE += 'counts_as = "case_management"'
KEEPING = ROUTE + '\nkeep_within = "40%"'

# The patients from the highest score; then who is in with keep_within and without it.
MONTHS = """
month      | order               | keeping | by order | kept | cut
2015-04-01 | a b c d e f g h i j | a b     | a b      |      | 9
2015-05-01 | a c b d e f g h i j | a b     | a c      | b    |
2015-06-01 | d c a b e f g h i j | a b     | c d      | a b  |
2015-07-01 | d c e a b f g h i j | a d     | c d      | a    | 10
2015-08-01 | d c b e a f g h i j | b d     | c d      | b    |
2015-09-01 | c e f b d a g h i j | b c     | c e      | b    | 10
"""


def months() -> list[dict[str, str]]:
    names, *rows = ([cell.strip() for cell in line.split("|")] for line in MONTHS.strip().splitlines())
    return [dict(zip(names, row, strict=True)) for row in rows]


def month_of(month: dict[str, str], route: str, previous: Any, **options: Any) -> Any:
    """One month's selection; the first in the order scores 10, the next 9."""
    order = month["order"].split()
    columns = {"patient_id": order, "practice_id": ["C87001"] * 10, "age": [40] * 10}
    register = cm.read_register(pa.table(columns), as_of=month["month"])
    scheme = read_scheme(scheme_text([route], optional=["on_caseload"]))
    return cm.select(register, scheme, score=np.arange(10.0, 0, -1), previous=previous, **options)


def names(table: Any) -> str:
    return " ".join(table.column("patient_id").to_pylist())


def test_a_place_is_kept_month_after_month_until_the_patient_is_no_longer_within():
    previous = None
    for month in months():
        selection = month_of(month, KEEPING, previous)
        assert names(selection.to_arrow()) == month["keeping"], month["month"]
        assert names(selection.kept()) == month["kept"], month["month"]
        cut = selection.summary().column("score_at_cut").to_pylist()
        assert cut == [float(month["cut"]) if month["cut"] else None], month["month"]
        assert names(month_of(month, ROUTE, previous).to_arrow()) == month["by order"], month["month"]
        previous = selection


def test_who_was_proposed_for_removal_is_on_the_caseload_until_somebody_ends_it():
    july, august = months()[3:5]
    before = None
    for month in months()[:3]:
        before = month_of(month, KEEPING, before)
    left = month_of(july, KEEPING, before)
    assert names(left.removals()) == "b"
    assert names(month_of(august, KEEPING, left).to_arrow()) == "b d"
    assert names(month_of(august, KEEPING, left, ended={"b": "declined"}).to_arrow()) == "c d"


def test_the_comparison_says_why_a_place_was_given_up_or_came_free():
    made: list[Any] = [None]
    for month in months():
        made.append(month_of(month, KEEPING, made[-1]))
    said = [changes_between(before, after) for before, after in pairwise(made[1:])]
    assert said == [
        {},
        {},
        {"b": ("leaver", "own score", "score 7 to 6"), "d": ("joiner", "cut moved", FELL)},
        {"a": ("leaver", "own score", "score 7 to 6"), "b": ("joiner", "own score", "score 6 to 8")},
        {"c": ("joiner", "cut moved", FELL), "d": ("leaver", "own score", "score 10 to 6")},
    ]


FELL = "the cut fell, or a tie now goes this way"
ROSE = "the cut rose, or a tie now goes the other way"
WITHIN = "on the caseload, and within the first 40%"


def changes_between(before: Any, after: Any) -> dict[str, tuple[str, str, str]]:
    """The change, reason and detail of everyone whose state on the route changed."""
    return {
        row["patient_id"]: (row["change"], row["reason"], row["detail"])
        for row in cm.compare(before, after).changes.to_pylist()
        if row["route"] == "highest" and row["change"] != "stayer"
    }


def by_hand(scores: dict[str, float], caseload: str) -> Any:
    """A selection of ten by given scores; the others score 0 and less."""
    others = [f"z{number}" for number in range(10 - len(scores))]
    ids = [*scores, *others]
    on = [name in caseload.split() for name in ids]
    columns = {"patient_id": ids, "practice_id": ["C87001"] * 10, "age": [40] * 10, "on_caseload": on}
    scheme = read_scheme(scheme_text([KEEPING], optional=["on_caseload"]))
    register = cm.read_register(pa.table(columns), as_of="2015-04-01")
    return cm.select(register, scheme, score=[*scores.values(), *(-float(n) for n in range(len(others)))])


SAME = {"a": 9.0, "b": 8.0, "c": 7.0, "d": 6.0, "e": 5.0}


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        # c comes on the caseload, or leaves it, with the same scores.
        (
            (SAME, ""),
            (SAME, "c"),
            {
                "c": ("joiner", "caseload", f"keeps a place: {WITHIN}"),
                "b": ("leaver", "cut moved", f"{ROSE}; the caseload keeps its places within the first 40%"),
            },
        ),
        (
            (SAME, "c"),
            (SAME, ""),
            {
                "c": ("leaver", "caseload", f"no longer keeps a place: {WITHIN} before"),
                "b": ("joiner", "cut moved", FELL),
            },
        ),
        # e rises into the first four, or falls out of them.
        (
            (SAME, "e"),
            (SAME | {"e": 6.5}, "e"),
            {
                "e": ("joiner", "own score", "score 5 to 6.5"),
                "b": ("leaver", "cut moved", f"{ROSE}; the caseload keeps its places within the first 40%"),
            },
        ),
        (
            (SAME, "d"),
            (SAME | {"d": 4.0}, "d"),
            {"d": ("leaver", "own score", "score 6 to 4"), "b": ("joiner", "cut moved", FELL)},
        ),
        # Another patient overtakes d, whose own score is what it was; and makes room again.
        (
            (SAME, "d"),
            (SAME | {"e": 6.5}, "d"),
            {
                "d": ("leaver", "cut moved", "no longer within the first 40%, where the caseload keeps its places"),
                "b": ("joiner", "cut moved", FELL),
            },
        ),
        (
            (SAME | {"e": 6.5}, "d"),
            (SAME, "d"),
            {
                "d": ("joiner", "cut moved", f"keeps a place: {WITHIN}"),
                "b": ("leaver", "cut moved", f"{ROSE}; the caseload keeps its places within the first 40%"),
            },
        ),
        # e comes on the caseload and to the top at once: the score alone would have done it.
        (
            (SAME, ""),
            (SAME | {"e": 9.5}, "e"),
            {
                "e": ("joiner", "own score", "score 5 to 9.5"),
                "b": ("leaver", "cut moved", f"{ROSE}; the caseload keeps its places within the first 40%"),
            },
        ),
        # b and c need both places, so that below 7 nothing is kept; then e passes c.
        (
            (SAME, "b c e"),
            (SAME | {"c": 6.2, "e": 6.5}, "b c e"),
            {
                "c": ("leaver", "own score", "score 7 to 6.2"),
                "e": ("joiner", "cut moved", f"keeps a place: {WITHIN}"),
            },
        ),
        # The caseload grows: its best keep the places.
        (
            (SAME, "c d"),
            (SAME, "b c d"),
            {
                "d": ("leaver", "cut moved", "others on the caseload come first, and need every place"),
                "b": ("joiner", "caseload", f"keeps a place: {WITHIN}"),
            },
        ),
    ],
)
def test_each_way_in_and_out_has_its_own_reason(before, after, changes):
    assert changes_between(by_hand(*before), by_hand(*after)) == changes
