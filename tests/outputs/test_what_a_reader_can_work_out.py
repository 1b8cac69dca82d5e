"""The small parts of disclosure control, each against a table that was filled in by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from casemgmt.errors import InputError
from casemgmt.outputs.disclosure.commissioner import _column, _with_percentage
from casemgmt.outputs.disclosure.group_totals import Link, Totals, _link, _meets, totals_to_stand
from casemgmt.outputs.disclosure.groupings import refuse_such_groups
from casemgmt.outputs.disclosure.groups import COUNTS, _telling_column, _withheld_until_safe, _worlds
from casemgmt.outputs.disclosure.inference import Cells, narrows, work_out
from casemgmt.outputs.disclosure.related import apart, edges_apart, edges_within, within
from casemgmt.outputs.disclosure.shown_counts import ShownCounts
from casemgmt.outputs.disclosure.together import _says_the_same
from casemgmt.outputs.disclosure.worlds import Cell, Publication, Worlds, are_related, hides_something, shown
from casemgmt.scheme.conditions import Condition, Edges, Where
from casemgmt.scheme.files import read_scheme_text

SMALL = (1, 7)


# The chain of places


@pytest.mark.parametrize(
    ("size", "met", "used", "after"),
    [
        # Whoever uses a place met the route, and the other way round for the first of them.
        ((0, 50), [(1, 7)], [(3, 9)], ((3, 50), [(3, 7)], [(3, 7)])),
        ((98, 102), [(8, 12)], [(1, 7)], None),
        # Places used are of different people: 20 and 12 fill a list of 32.
        ((30, 32), [(20, 22), (12, 15)], [(20, 22), (12, 15)], ((32, 32), [(20, 20), (12, 15)], [(20, 20), (12, 12)])),
        # Who meets the second uses a place of one of the two.
        ((0, 99), [(2, 2), (5, 9)], [(2, 2), (0, 7)], ((5, 99), [(2, 2), (5, 9)], [(2, 2), (3, 7)])),
        # A review uses no places, and is met by at most the list.
        ((10, 12), [(1, 40)], [None], ((10, 12), [(1, 12)], [None])),
    ],
)
def test_cells_narrow_each_other(size, met, used, after):
    known = work_out(Cells(list_size=size, met=met, used=used))
    assert (None if known is None else (known.list_size, known.met, known.used)) == after


@pytest.mark.parametrize(
    ("size", "met", "used", "told"),
    [
        ((98, 102), [(1, 7)], [(1, 7)], False),
        ((98, 102), [(1, 7), (8, 12)], [(1, 7), (1, 7)], False),
        ((98, 102), [(1, 7), (13, 17)], [(1, 7), (1, 7)], True),
        ((98, 102), [(1, 7)], [(8, 12)], True),  # no counts fit
        ((98, 102), [(0, 102)], [(2, 5)], True),  # a withheld one is found to be small
        ((98, 102), [(0, 102)], [(0, 7)], False),
        ((98, 102), [(0, 9)], [(3, 8)], False),
        ((4, 5), [(1, 7)], [(1, 7)], True),
    ],
)
def test_cells_together_tell_a_small_one(size, met, used, told):
    assert narrows(Cells(list_size=size, met=met, used=used), SMALL) == told


# Conditions beside each other


def edges(**ends: int) -> Edges:
    return Edges(**{name: Fraction(end) for name, end in ends.items()})


@pytest.mark.parametrize(
    ("inner", "outer", "holds"),
    [
        (edges(at_least=3), edges(at_least=3), True),
        (edges(above=3), edges(at_least=3), True),
        (edges(at_least=3), edges(above=3), False),
        (edges(above=3), edges(above=3), True),
        (edges(at_least=2), edges(at_least=3), False),
        (edges(at_least=4), edges(above=3), True),
        (edges(below=3), edges(at_least=1), False),
        (edges(below=3), edges(below=3), True),
        (edges(at_most=3), edges(below=3), False),
        (edges(at_most=3), edges(at_most=3), True),
        (edges(below=3), edges(at_most=3), True),
        (edges(at_most=4), edges(at_most=3), False),
        (edges(at_most=2), edges(below=3), True),
        (edges(at_least=1), edges(below=3), False),
        (edges(at_least=1, below=3), edges(at_least=0, at_most=9), True),
        (edges(at_least=1, below=3), edges(at_least=0, at_most=2), False),
    ],
)
def test_one_range_within_another(inner, outer, holds):
    assert edges_within(inner, outer) == holds


@pytest.mark.parametrize(
    ("one", "other", "holds"),
    [
        (edges(at_most=3), edges(at_least=3), False),
        (edges(below=3), edges(at_least=3), True),
        (edges(at_most=3), edges(above=3), True),
        (edges(below=3), edges(above=3), True),
        (edges(below=2), edges(above=3), True),
        (edges(below=4), edges(above=3), False),
        (edges(below=4), edges(below=3), False),
        (edges(above=4), edges(above=3), False),
        (edges(at_least=1, below=2), edges(at_least=2, below=3), True),
    ],
)
def test_two_ranges_apart(one, other, holds):
    assert edges_apart(one, other) == edges_apart(other, one) == holds


def where(*conditions: Condition) -> Where:
    return Where(conditions=conditions)


def age(on: str = "as_of", **ends: int) -> Condition:
    return Condition(field="age", edges=edges(**ends), on=on)


def own(**ends: int) -> Condition:
    return Condition(field="own", edges=edges(**ends))


def sex(*allowed: str) -> Condition:
    return Condition(field="sex", allowed=allowed)


def flag(name: str, value: bool) -> Condition:
    return Condition(field=name, flag=value)


@pytest.mark.parametrize(
    ("one", "other", "inside", "never_both"),
    [
        (where(age(at_least=75)), where(age(above=74)), True, False),  # ages are whole
        (where(age(above=74)), where(age(at_least=75)), True, False),
        (where(age(at_least=75)), where(age(at_least=75)), True, False),
        (where(age(at_least=74)), where(age(at_least=75)), False, False),
        (where(age(at_least=75, below=80)), where(age(at_least=75, at_most=79)), True, False),
        (where(age(at_least=75, below=81)), where(age(at_least=75, at_most=79)), False, False),
        (where(age(at_most=74)), where(age(at_least=75)), False, True),
        (where(age(at_least=75)), where(age(at_most=74)), False, True),
        (where(age(at_most=75)), where(age(at_least=75)), False, False),
        (where(age(at_least=75)), where(age(at_most=75)), False, False),
        (where(age(at_most=74)), where(age(at_least=75, on="end_of_calendar_year")), False, False),
        (where(sex("F")), where(sex("F", "M")), True, False),
        (where(sex("F", "M")), where(sex("F")), False, False),
        (where(sex("F")), where(sex("M")), False, True),
        (where(sex("F")), where(age(at_least=5)), False, False),
        (where(age(at_least=5)), where(sex("F")), False, False),
        (where(flag("nominated", True)), where(flag("nominated", True)), True, False),
        (where(flag("nominated", True)), where(flag("nominated", False)), False, True),
        (where(flag("nominated", True)), where(flag("objected", True)), False, False),
        (where(flag("objected", True)), where(flag("nominated", False)), False, False),
        (where(sex("F"), age(at_least=80)), where(age(at_least=75)), True, False),
        (where(age(at_least=75)), where(sex("F"), age(at_least=70)), False, False),
        (where(sex("M"), age(at_least=80)), where(sex("F"), age(at_least=75)), False, True),
        (where(sex("F")), where(), True, False),
        (where(own(above=2)), where(own(at_least=3)), False, False),  # a column of the user's own is not known whole
        (where(own(at_least=3)), where(own(above=2)), True, False),
        (where(own(below=3)), where(own(above=2)), False, False),
        (where(own(below=3)), where(own(at_least=3)), False, True),
    ],
)
def test_how_the_people_of_two_sets_of_conditions_lie(one, other, inside, never_both):
    assert within(one, other) == inside
    assert apart(one, other) == apart(other, one) == never_both


# Publications beside each other

HEAD = """
[scheme]
id = "t"
title = "t"
source = "tests"
decisions = ["all"]
tie_key = "t"
required = ["sex"]
optional = ["age"]
"""


def scheme_of(*routes: str) -> Any:
    return read_scheme_text(
        HEAD + "".join(f'[[route]]\nname = "r{place}"\n{body}\n' for place, body in enumerate(routes)), "t"
    )


def share(percent: str, limit: str = "at_most", among: str = "{}") -> str:
    ends = f'limit = "{limit}"\nof = {{}}\namong = {among}\ncounts_as = "case_management"'
    return f'kind = "top_share"\nshare = "{percent}"\n{ends}'


def everyone(conditions: str) -> str:
    return f'kind = "everyone"\nwhere = {conditions}\ncounts_as = "case_management"'


WOMEN, MEN = everyone('{ sex = ["F"] }'), everyone('{ sex = ["M"] }')


@pytest.mark.parametrize(
    ("routes", "related"),
    [
        ((WOMEN,), False),
        ((WOMEN, MEN), True),
        ((WOMEN, everyone("{ age = { at_least = 75 } }")), False),
        ((WOMEN, everyone('{ sex = ["F", "M"] }')), True),
        ((share("3%"), share("5%")), True),
        ((share("5%"), share("3%")), True),
        ((share("5%", "at_least"), share("3%")), True),
        ((share("3%", "at_least"), share("5%")), False),
        ((share("3%"), share("5%", among='{ sex = ["F"] }')), False),
        ((share("3%"), WOMEN), False),
    ],
)
def test_routes_that_hold_each_other_or_shut_each_other_out_are_related(routes, related):
    assert are_related(scheme_of(*routes)) == related


def row(met: int | None, note: str | None = None, list_size: int | None = 100) -> dict[str, Any]:
    return {"list_size": list_size, "met": met, "used": met, "note": note}


def publication(*rows: dict[str, Any], ranked_by: str = "x", routes: tuple[str, ...] = (WOMEN,)) -> Publication:
    return Publication(scheme=scheme_of(*routes), ranked_by=ranked_by, waiting=False, rows={"A": rows})


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (publication(row(10)), True),
        (publication(row(15)), False),
        (publication(row(0)), False),
        (publication(row(10, list_size=95)), False),
        (publication(row(10), ranked_by="w"), False),
        (publication(row(10), ranked_by="y"), False),
        (publication(row(10), routes=(MEN,)), False),
    ],
)
def test_publications_that_say_the_same_of_a_practice(other, same):
    one = publication(row(10))
    assert _says_the_same(one, other, "A") == _says_the_same(other, one, "A") == same


@pytest.mark.parametrize(
    ("cell", "size", "counts"),
    [
        (row(10), 100, (8, 12)),
        (row(10), 11, (8, 11)),
        (row(10), 8, (8, 8)),
        (row(0), 100, (0, 0)),
        (row(None, "met 1–7; used 1–7"), 100, (1, 7)),
        (row(None, "met withheld; used withheld"), 100, (0, 100)),
        (row(None, "used 1–7"), 100, None),
        (row(None), 100, None),
    ],
)
def test_what_a_cell_says_by_itself(cell, size, counts):
    assert shown(cell, "met", size) == counts
    hidden = "1–7" in (cell["note"] or "") or "withheld" in (cell["note"] or "")
    assert hides_something([row(10), cell]) == hidden


def test_the_least_and_the_greatest_of_a_sum():
    worlds = Worlds()
    a, b = worlds.number(0, 10), worlds.number(2, 5)
    worlds.limit({a: 1, b: 1}, 6, 8)
    assert worlds.range_of({a: 1}) == (1, 6)
    assert worlds.range_of({a: 1, b: -1}) == (-4, 4)
    assert worlds.tells([Cell({b: 1}, (2, 5))]) == Cell({b: 1}, (2, 5))
    assert worlds.tells([Cell({a: 1, b: 1}, (6, 8))]) is None
    worlds.limit({a: 1}, 9, 10)
    assert worlds.range_of({a: 1}) is None


# Groups


def condition(**said: Any) -> Condition:
    return Condition(**{"field": "age", **said})


@pytest.mark.parametrize(
    ("group", "asked", "column", "meets"),
    [
        ("70–79", age(at_least=70), "age_band", True),
        ("70–79", age(at_least=71), "age_band", None),
        ("70–79", age(at_least=79), "age_band", None),
        ("70–79", age(at_least=80), "age_band", False),
        ("70–79", age(below=80), "age_band", True),
        ("70–79", age(below=70), "age_band", False),
        ("90+", age(at_least=90), "age_band", True),
        ("90+", age(at_most=120), "age_band", True),
        ("90+", age(at_most=119), "age_band", None),
        ("90+", age(below=90), "age_band", False),
        ("70–79", age(at_least=70, on="end_of_calendar_year"), "age_band", None),
        ("not stated", age(at_least=0), "age_band", False),
        ("F", sex("F", "I"), "sex", True),
        ("M", sex("F", "I"), "sex", False),
        ("True", flag("nominated", True), "nominated", True),
        ("False", flag("nominated", True), "nominated", False),
        ("3", Condition(field="imd_decile", edges=edges(at_most=3)), "imd_decile", True),
        ("4", Condition(field="imd_decile", edges=edges(at_most=3)), "imd_decile", False),
        ("north", Condition(field="imd_decile", edges=edges(at_most=3)), "imd_decile", None),
    ],
)
def test_whether_the_people_of_a_group_meet_a_condition(group, asked, column, meets):
    assert _meets(group, asked, column) is meets


@pytest.mark.parametrize(
    ("body", "met", "sure", "possible", "all_in"),
    [
        (WOMEN, 20, (0,), (0,), True),
        (WOMEN, 19, (0,), (0,), False),  # one has died since the list date
        (MEN, 30, (1,), (1,), False),  # who met it is in, and 25 men are not
        (everyone('{ sex = ["F", "M"] }'), 50, (0, 1), (0, 1), False),
        (everyone('{ sex = ["F"], age = { at_least = 40 } }'), 20, (), (0,), False),
        (everyone("{ age = { at_least = 40 } }"), 20, (), (0, 1, 2), True),
        (share("3%"), 20, (), (0, 1, 2), True),
        (share("3%", among='{ sex = ["M"] }'), 20, (), (1,), True),
    ],
)
def test_how_a_route_lies_to_the_groups_of_a_column(body, met, sure, possible, all_in):
    rows = [
        {"sex": sex, "listed": listed, "selected": selected}
        for sex, listed, selected in (("F", 20, 20), ("M", 30, 5), ("not stated", 0, 0))
    ]
    found = _link(rows, "sex", publication(row(10), routes=(body,)), 0, met, met, met)
    assert (found.sure, found.possible, found.managed) == (sure, possible, True)
    assert found.first_share == ("top_share" in body)
    if sure:
        assert found.all_in == all_in


def test_the_totals_of_groups_are_of_the_routes_that_use_places():
    import pyarrow as pa

    review = 'kind = "review"\nwhere = { age = { at_least = 75 } }\nevery_months = 12\ncounts_as = "entitlement"'
    both = publication(row(60), {**row(20), "used": None}, routes=(WOMEN, review))
    summary = pa.table({"practice_id": ["A", "A"], "list_size": [100, 100], "met": [60, 20], "used": [60, None]})
    counts = (("F", 60, 60), ("M", 40, 0), ("not stated", 0, 0))
    rows = [{"sex": sex, "listed": a, "selected": b, "just_below": None} for sex, a, b in counts]
    (found,) = totals_to_stand(rows, "sex", both, summary)
    assert (found.listed, found.selected, found.just_below) == (100, 60, None)
    assert [(each.met, each.used, each.managed) for each in found.links] == [(60, 60, True), (None, None, False)]


def groups(listed: list[int], selected: list[int], below: list[int | None]) -> ShownCounts:
    rows = zip(listed, selected, below, strict=True)
    return ShownCounts.of([{"listed": a, "selected": b, "just_below": c} for a, b, c in rows], COUNTS)


def totals(listed: int, selected: int, below: int | None, *links: Link) -> Totals:
    return Totals(listed=listed, selected=selected, just_below=below, links=links)


def link(**said: Any) -> Link:
    usual = {"met": None, "used": None, "sure": (), "possible": (0, 1), "all_in": False, "managed": True}
    return Link(**{**usual, "first_share": False, **said})


@pytest.mark.parametrize(
    ("shown_groups", "known", "telling"),
    [
        # 98 to 102 and 1 to 7 come to 104: 2 to 6 in the small group.
        (groups([100, 4], [20, 0], [None, None]), totals(104, 20, None, link()), "listed"),
        (groups([100, 50], [20, 4], [None, None]), totals(150, 24, None, link()), "selected"),
        (groups([100, 50], [20, 15], [None, None]), totals(150, 35, None, link()), None),
        (groups([3, 4], [0, 0], [None, None]), totals(7, 0, None, link()), "listed"),  # 1 to 6 each
        # Counts that cannot stand at totals which a reader must be able to hold for true.
        (groups([3, 4], [0, 0], [None, None]), totals(20, 0, None, link()), "listed"),
        (groups([100, 50], [20, 4], [None, None]), totals(150, 60, None, link()), "selected"),
        # Three small groups leave each other open; two counts that are rounded leave the small one open.
        (groups([100, 50, 50], [4, 4, 4], [None] * 3), totals(200, 12, None, link(possible=(0, 1, 2))), None),
        (groups([100, 100, 50], [20, 20, 4], [None] * 3), totals(250, 44, None, link(possible=(0, 1, 2))), None),
        # Who is in is not just below: of 20 listed, 18 are in, and 1 or 2 are left.
        (groups([20, 100], [18, 20], [2, 20]), totals(120, 38, 22, link(first_share=True)), "just_below"),
    ],
)
def test_the_column_whose_small_count_follows_from_the_others(shown_groups, known, telling):
    assert _telling_column(shown_groups, known) == telling


def test_whom_a_route_asks_for_bounds_the_group():
    """All of the second group are in by the route, which 23 met: its 20 to 25 listed are 23, and 23 are selected."""
    shown_groups = groups([100, 23], [20, 23], [None, None])
    asked = link(met=23, used=23, sure=(1,), possible=(1,), all_in=True)
    worlds, cells = _worlds(shown_groups, totals(123, 43, None, asked, link(possible=(0, 1))))
    ranges = {f"{name} {place}": worlds.range_of(cell.people) for place, (name, cell) in enumerate(cells)}
    assert ranges == {"listed 0": (100, 100), "listed 1": (23, 23), "selected 2": (20, 20), "selected 3": (23, 23)}
    part = link(met=24, sure=(1,), possible=(1,), all_in=False)
    worlds, cells = _worlds(shown_groups, totals(123, 43, None, part, link()))
    assert worlds.range_of(cells[1][1].people) == (24, 25)
    # Nobody is selected who is not listed.
    assert worlds.range_of({3: 1, 1: -1}) == (-2, 0)


def test_counts_are_withheld_until_none_tells_and_no_further():
    safe = groups([100, 50], [20, 15], [None, None])
    assert _withheld_until_safe(safe, totals(150, 35, None, link()), "sex") == safe
    telling = groups([100, 50], [20, 4], [None, None])
    shown_groups = _withheld_until_safe(telling, totals(150, 24, None, link()), "sex")
    assert shown_groups.columns["selected"] == ["withheld", "1–7"]
    assert shown_groups.columns["listed"] == [100, 50]
    few = _withheld_until_safe(groups([100, 4], [20, 0], [None, None]), totals(104, 20, None, link()), "sex")
    assert few.columns["listed"] == ["withheld", "1–7"]
    with pytest.raises(InputError, match="so few or so small"):
        _withheld_until_safe(groups([3, 4], [0, 0], [None, None]), totals(7, 0, None, link()), "sex")


@pytest.mark.parametrize(
    ("listed", "refused"),
    [
        ([30] * 20, False),
        ([30] * 21, True),
        ([30] * 22, True),
        ([7, 8], True),
        ([7, 30, 30], False),
        ([7, 7, 30], True),
        ([8, 8], False),
        ([7], True),
        ([8], False),
        ([], False),
    ],
)
def test_many_groups_and_small_ones_are_like_an_id(listed, refused):
    rows = [{"listed": count} for count in [*listed, 3]]
    if refused:
        with pytest.raises(InputError, match="A table that leaves is grouped"):
            refuse_such_groups("ward", rows)
    else:
        refuse_such_groups("ward", rows)


# The table's cells


@pytest.mark.parametrize(
    ("met", "size", "percent"),
    [(10, 100, 10.0), (5, 305, 1.6), (10, 305, 3.3), (25, 400, 6.3), (0, 100, 0.0), (None, 100, None), (0, 0, None)],
)
def test_percentages_are_of_the_published_counts_to_one_place(met, size, percent):
    assert _with_percentage({"met": met, "list_size": size})["percent_of_list"] == percent


def test_a_column_keeps_its_numbers_and_its_nulls():
    import pyarrow as pa

    assert _column([5, None, 0], pa.int64()).to_pylist() == [5, None, 0]
    assert _column(["a", None], pa.string()).to_pylist() == ["a", None]
