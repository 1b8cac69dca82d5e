"""The small parts of disclosure control, each against a table that was filled in by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from casemgmt.errors import InputError
from casemgmt.outputs.disclosure.commissioner import _column, _with_percentage
from casemgmt.outputs.disclosure.group_totals import Part, Totals, classes_of_group, totals_to_stand
from casemgmt.outputs.disclosure.groupings import refuse_such_groups
from casemgmt.outputs.disclosure.groups import COUNTS, _telling_column, _withheld_until_safe, _worlds
from casemgmt.outputs.disclosure.inference import Cells, narrows, work_out
from casemgmt.outputs.disclosure.kinds import Kind, People, class_of, kinds_of
from casemgmt.outputs.disclosure.related import edges_apart, edges_within
from casemgmt.outputs.disclosure.shown_counts import ShownCounts
from casemgmt.outputs.disclosure.together import _says_the_same
from casemgmt.outputs.disclosure.whole_numbers import Cell, Worlds
from casemgmt.outputs.disclosure.worlds import Grouped, Publication, add_practice, are_related, hides_something, shown
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
        # Nobody meets the second but on a place of one of the two.
        ((90, 99), [(2, 2), (0, 99)], [(2, 2), (0, 7)], ((90, 99), [(2, 2), (0, 9)], [(2, 2), (0, 7)])),
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
        (where(age(at_most=73)), where(age(at_least=75, on="end_of_calendar_year")), False, True),
        (where(age(at_least=75)), where(age(at_least=75, on="end_of_financial_year")), True, False),
        (where(age(at_least=75)), where(age(at_least=75, on="2015-03-31")), False, False),  # by how much is not known
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
    kinds = [kind.sets for kind in kinds_of({"one": whole("one", one), "other": whole("other", other)}, gone=False)]
    assert all("other" in sets for sets in kinds if "one" in sets) == inside
    assert any({"one", "other"} <= sets for sets in kinds) != never_both


def whole(key: str, bound: Where) -> People:
    return People(key=key, bound=bound, whole=True)


def test_nobody_meets_two_of_three_pairs_of_conditions_without_the_third():
    old, home, woman = age(at_least=65), Condition(field="care_home_type", allowed=("nursing",)), sex("F")
    pairs = {"a": where(old, home), "b": where(home, woman), "c": where(old, woman)}
    kinds = {kind.sets for kind in kinds_of({key: whole(key, bound) for key, bound in pairs.items()}, gone=False)}
    assert kinds == {frozenset(each) for each in ("", "a", "b", "c", "abc")}


def test_kinds_of_people_are_told_apart_by_the_classes_of_the_columns_that_group():
    sets = {"old": whole("old", where(age(at_least=65))), "women": whole("women", where(sex("F")))}
    kinds = kinds_of(sets, ["sex"], [where(sex("M"))], gone=False)
    men, women, others = (class_of(value, [sex("M"), sex("F")]) for value in ("M", "F", None))
    of_old = ({"old"}, set())
    expected = [
        Kind(frozenset(a | b), (c,)) for a in of_old for b, c in ((set(), men), ({"women"}, women), (set(), others))
    ]
    assert len(kinds) == len(set(kinds)) == len(expected)
    assert set(kinds) == set(expected)


def test_who_has_died_since_the_list_date_is_of_no_route_but_of_those_whom_a_share_is_of():
    part = People(key="of", bound=where(age(at_least=65)), whole=True, listed=False)
    sets = {"of": part, "old": whole("old", where(age(at_least=65)))}
    found = {kind.sets for kind in kinds_of(sets)}
    assert found == {frozenset(), frozenset({"of", "old"}), frozenset({"of"})}
    assert {kind.sets for kind in kinds_of(sets, gone=False)} == {frozenset(), frozenset({"of", "old"})}


# Publications beside each other

HEAD = """
[scheme]
id = "t"
title = "t"
source = "tests"
decisions = ["all"]
tie_key = "t"
required = ["sex"]
optional = ["age", "imd_decile", "nominated"]
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


def pair(*columns: str) -> str:
    asked = {"age": "age = { at_least = 65 }", "sex": 'sex = ["F"]', "imd_decile": "imd_decile = { at_most = 3 }"}
    return everyone("{ " + ", ".join(asked[column] for column in columns) + " }")


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
        # None of these two by two, yet nobody meets two of them without the third.
        ((pair("age", "sex"), pair("sex", "imd_decile"), pair("imd_decile", "age")), True),
        ((WOMEN, WOMEN), True),
    ],
)
def test_routes_that_hold_each_other_or_shut_each_other_out_are_related(routes, related):
    assert are_related(scheme_of(*routes)) == related


def test_who_is_just_below_a_cut_is_not_inside_it():
    sets = {"top": People(key="top", bound=where()), "below": People(key="below", bound=where(), below="top")}
    assert {kind.sets for kind in kinds_of(sets)} == {frozenset(), frozenset({"top"}), frozenset({"below"})}


@pytest.mark.parametrize(("waiting", "kinds"), [(False, {0, 2}), (True, {0, 1, 2})])
def test_whoever_is_nominated_is_let_in_unless_somebody_waits(waiting, kinds):
    named = 'kind = "nominated"\nshare = "50%"\nlimit = "at_most"\nof = {}\ncounts_as = "case_management"'
    routes = (everyone("{ nominated = true }"), named)
    one = replace(publication(row(10), row(10), routes=routes), waiting=waiting)
    counted = add_practice(Worlds(), "A", 100, [one], Grouped(gone=False))
    assert {len(kind.sets) for kind, _ in counted.kinds} == kinds


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
        ("70–79", age(at_least=70), "age_band", {True}),
        ("70–79", age(at_least=71), "age_band", {True, False}),
        ("70–79", age(at_least=79), "age_band", {True, False}),
        ("70–79", age(at_least=80), "age_band", {False}),
        ("70–79", age(below=80), "age_band", {True}),
        ("70–79", age(below=70), "age_band", {False}),
        ("90 and over", age(at_least=90), "age_band", {True}),
        ("90 and over", age(at_most=120), "age_band", {True}),
        ("90 and over", age(at_most=119), "age_band", {True, False}),
        ("90 and over", age(below=90), "age_band", {False}),
        ("74", age(at_least=75), "age", {False}),
        ("75", age(at_least=75), "age", {True}),
        ("not stated", age(at_least=0), "age_band", {False}),
        ("F", sex("F", "I"), "sex", {True}),
        ("M", sex("F", "I"), "sex", {False}),
        ("True", flag("nominated", True), "nominated", {True}),
        ("False", flag("nominated", True), "nominated", {False}),
        ("3", Condition(field="imd_decile", edges=edges(at_most=3)), "imd_decile", {True}),
        ("4", Condition(field="imd_decile", edges=edges(at_most=3)), "imd_decile", {False}),
        ("north", Condition(field="imd_decile", edges=edges(at_most=3)), "imd_decile", {False}),
    ],
)
def test_whether_the_people_of_a_group_meet_a_condition(group, asked, column, meets):
    assert {answer for ((answer,),) in classes_of_group(group, column, [asked])} == meets


def test_an_age_at_the_end_of_the_year_is_that_of_the_list_date_or_one_more():
    later = age(at_least=75, on="end_of_calendar_year")
    found = {value: classes_of_group(value, "age", [later]) for value in ("73", "74", "75")}
    assert found == {"73": (((False, False),),), "74": (((False, True),),), "75": (((True, True),),)}


# What the groups add up to

AGES_ASKED = everyone("{ age = { at_least = 65 } }")
SUMMARY = {"practice_id": ["A"], "list_size": [100], "met": [60], "used": [60]}


def age_rows(**bands: tuple[int, int]) -> list[dict[str, Any]]:
    names = {"fifties": "50–59", "sixties": "60–69", "seventies": "70–79"}
    return [{"age_band": names[name], "listed": a, "selected": b, "just_below": None} for name, (a, b) in bands.items()]


def parts_of(rows: list[dict[str, Any]], column: str, routes: tuple[str, ...], values: Any = None) -> Any:
    import pyarrow as pa

    shown_rows = [row(60)] * len(routes)
    (found,) = totals_to_stand(rows, column, publication(*shown_rows, routes=routes), pa.table(SUMMARY), values=values)
    return [(part.groups, part.listed, part.selected) for part in found.parts]


def test_a_column_that_no_route_asks_for_has_one_total():
    rows = [
        {"sex": sex, "listed": a, "selected": b, "just_below": None} for sex, a, b in (("F", 60, 50), ("M", 40, 10))
    ]
    assert parts_of(rows, "sex", (AGES_ASKED,)) == [((0, 1), 100, 60)]


def test_a_column_that_a_route_asks_for_has_a_total_of_each_class():
    sexes = (("F", 60, 60), ("M", 30, 0), ("not stated", 10, 0))
    rows = [{"sex": sex, "listed": a, "selected": b, "just_below": None} for sex, a, b in sexes]
    assert parts_of(rows, "sex", (WOMEN,)) == [((0,), 60, 60), ((1, 2), 40, 0)]


def test_a_band_of_ages_on_both_sides_of_an_edge_is_divided_by_its_ages():
    rows = age_rows(fifties=(40, 0), sixties=(30, 20), seventies=(30, 30))
    ages = [
        {"value": age, "listed": a, "selected": b, "just_below": None} for age, a, b in (("55", 40, 0), ("61", 10, 0))
    ]
    ages += [
        {"value": age, "listed": a, "selected": b, "just_below": None} for age, a, b in (("66", 20, 20), ("72", 30, 30))
    ]
    assert parts_of(rows, "age_band", (AGES_ASKED,), {"age": ages}) == [((0, 1), 50, 0), ((1, 2), 50, 50)]
    # Without its ages, how it divides is not known, and it is taken as it is.
    assert parts_of(rows, "age_band", (AGES_ASKED,)) == [((0,), 40, 0), ((1,), 30, 20), ((2,), 30, 30)]


def test_an_age_on_a_date_that_is_written_out_makes_each_band_a_class_of_its_own():
    dated = everyone('{ age = { at_least = 65, on = "2015-03-31" } }')
    rows = age_rows(fifties=(40, 0), sixties=(30, 20), seventies=(30, 30))
    ages = [{"value": "66", "listed": 100, "selected": 50, "just_below": None}]
    assert parts_of(rows, "age_band", (dated,), {"age": ages}) == [((0,), 40, 0), ((1,), 30, 20), ((2,), 30, 30)]


def known_of(met: int | None, note: str | None, sexes: Any) -> Any:
    """What may be shown by sex, beside one practice's count of women and what is hidden of it."""
    import pyarrow as pa

    rows = [{"sex": sex, "listed": a, "selected": b, "just_below": None} for sex, a, b in sexes]
    women = sum(b for _, _, b in sexes)
    summary = {"practice_id": ["A"], "list_size": [100], "met": [women], "used": [women]}
    one = publication(row(met, note))
    found = totals_to_stand(rows, "sex", one, pa.table(summary))
    return [(totals.shown, totals.exact, [part.selected for part in totals.parts]) for totals in found]


def test_nothing_is_shown_of_groups_whose_exact_counts_would_tell_a_suppressed_one():
    assert known_of(None, "met 1–7; used 1–7", (("F", 4, 4), ("M", 96, 0))) == []


def test_groups_beside_a_table_that_hides_nothing_are_judged_by_exact_totals():
    assert known_of(20, None, (("F", 20, 20), ("M", 80, 0))) == [(COUNTS, True, [20, 0])]


def groups(listed: list[int], selected: list[int], below: list[int | None]) -> ShownCounts:
    rows = zip(listed, selected, below, strict=True)
    return ShownCounts.of([{"listed": a, "selected": b, "just_below": c} for a, b, c in rows], COUNTS)


def totals(listed: int, selected: int, below: int | None, groups: int = 2, **more: Any) -> Totals:
    part = Part(groups=tuple(range(groups)), listed=listed, selected=selected, just_below=below)
    return Totals(parts=(part,), **more)


@pytest.mark.parametrize(
    ("shown_groups", "known", "telling"),
    [
        # 98 to 102 and 1 to 7 come to 104: 2 to 6 in the small group.
        (groups([100, 4], [20, 0], [None, None]), totals(104, 20, None), "listed"),
        (groups([100, 50], [20, 4], [None, None]), totals(150, 24, None), "selected"),
        (groups([100, 50], [20, 15], [None, None]), totals(150, 35, None), None),
        (groups([3, 4], [0, 0], [None, None]), totals(7, 0, None), "listed"),  # 1 to 6 each
        # Counts that cannot stand at totals which a reader must be able to hold for true.
        (groups([3, 4], [0, 0], [None, None]), totals(20, 0, None), "listed"),
        (groups([100, 50], [20, 4], [None, None]), totals(150, 60, None), "selected"),
        # Three small groups leave each other open; two counts that are rounded leave the small one open.
        (groups([100, 50, 50], [4, 4, 4], [None] * 3), totals(200, 12, None, 3), None),
        (groups([100, 100, 50], [20, 20, 4], [None] * 3), totals(250, 44, None, 3), None),
        # Who is in is not just below, unless by another route: of 18 to 22 listed, 18 are in, and at most 4 are left.
        (groups([20] + [100] * 3, [18] + [20] * 3, [2] + [20] * 3), totals(320, 78, 62, 4, most_both=0), "just_below"),
        (groups([20] + [100] * 3, [18] + [20] * 3, [2] + [20] * 3), totals(320, 78, 62, 4), None),
    ],
)
def test_the_column_whose_small_count_follows_from_the_others(shown_groups, known, telling):
    assert _telling_column(shown_groups, known) == telling


def test_the_groups_of_a_class_add_up_to_what_is_known_of_the_class():
    """Of two classes that share the second group, nobody of one is selected and everyone of the other is."""
    shown_groups = groups([40, 30, 30], [0, 20, 30], [None] * 3)
    young = Part(groups=(0, 1), listed=50, selected=0, just_below=None)
    old = Part(groups=(1, 2), listed=51, selected=51, just_below=None)
    worlds, cells = _worlds(shown_groups, Totals(parts=(young, old)))
    ranges = {f"{name} {place % 3}": worlds.range_of(cell.people) for place, (name, cell) in enumerate(cells)}
    assert ranges == {
        **{"listed 0": (38, 42), "listed 1": (28, 32), "listed 2": (29, 32)},
        **{"selected 0": (0, 0), "selected 1": (19, 22), "selected 2": (29, 32)},
    }


def test_counts_are_withheld_until_none_tells_and_no_further():
    safe = groups([100, 50], [20, 15], [None, None])
    assert _withheld_until_safe(safe, totals(150, 35, None), "sex") == safe
    telling = groups([100, 50], [20, 4], [None, None])
    shown_groups = _withheld_until_safe(telling, totals(150, 24, None), "sex")
    assert shown_groups.columns["selected"] == ["withheld", "1–7"]
    assert shown_groups.columns["listed"] == [100, 50]
    few = _withheld_until_safe(groups([100, 4], [20, 0], [None, None]), totals(104, 20, None), "sex")
    assert few.columns["listed"] == ["withheld", "1–7"]
    with pytest.raises(InputError, match="so few or so small"):
        _withheld_until_safe(groups([3, 4], [0, 0], [None, None]), totals(7, 0, None), "sex")


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
