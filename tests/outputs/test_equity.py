"""Who is listed, case managed and just below the cut, by groups: equal to a plain recount, and its suppressed form."""

from __future__ import annotations

from collections import Counter
from typing import Any

import oracle
import pyarrow as pa
import pytest
from engines import ANY_QUALITY, score_argument
from registers import Case, arrow_of, packed_case, read_scheme, scheme_text

import casemgmt as cm
from casemgmt.errors import InputError

ROUTES = (
    'name = "over_64"\nkind = "everyone"\nwhere = { age = { at_least = 95 } }\ncounts_as = "case_management"',
    'name = "highest_risk"\nkind = "top_share"\nshare = "{share}"\nlimit = "{limit}"\nof = { {of} }\n'
    'among = { {among} }\n{tied}counts_as = "case_management"',
    'name = "another"\nkind = "top_share"\nshare = "2%"\nlimit = "at_most"\nof = {}\namong = {}\n'
    'counts_as = "entitlement"',
)
SCHEMES = {
    "a ceiling": {"share": "10%", "limit": "at_most"},
    "a floor with its ties": {"share": "20%", "limit": "at_least", "tied": "include_tied = true\n"},
    "some ranked": {"share": "10%", "limit": "at_most", "among": 'care_home_type = ["none"]'},
    "a share of adults": {"share": "29%", "limit": "at_most", "of": "age = { at_least = 18 }"},
    "everyone": {"share": "100%", "limit": "at_most"},
}
ETHNIC_GROUPS = {None: None, "north": "White", "south": "", "süd": "not stated"}
COLUMNS = ("imd_decile", "sex", "age_band", "ward", "complex_needs", "points", "care_home_type", "ethnicity", "body")


def ranked(**more: str) -> str:
    """The first share route, with what is given and nothing else."""
    route = ROUTES[1]
    for key in ("share", "limit", "of", "among", "tied"):
        route = route.replace(f"{{{key}}}", more.get(key, ""))
    return route


def case_of(kind: str, seed: int) -> Case:
    text = scheme_text([ROUTES[0], ranked(**SCHEMES[kind]), ROUTES[2]], optional=["care_home_type"])
    return packed_case(seed, 8, scheme=text)


def register_of(case: Case) -> Any:
    """The case with an ethnicity (gaps, blanks and the words *not stated*) and a number with NaN among its values."""
    table = arrow_of(case.rows, case.columns)
    groups = [ETHNIC_GROUPS[row["ward"]] or (None if row["sex"] == "M" else row["ward"]) for row in case.rows]
    table = table.append_column("ethnicity", pa.array(groups, pa.string()))
    body = [{"F": 1.5, "M": float("nan"), "I": 20.0}.get(row["sex"]) for row in case.rows]
    table = table.append_column("body", pa.array(body, pa.float64()))
    for row, group, number in zip(case.rows, groups, body, strict=True):
        row["ethnicity"], row["body"] = group, number
    return cm.read_register(table, as_of=case.as_of, extracted_on=case.extracted_on, **ANY_QUALITY)


@pytest.fixture(scope="module", params=list(SCHEMES))
def counted(request):
    """A selection with everyone read by the oracle, and who was selected by it."""
    case = case_of(request.param, list(SCHEMES).index(request.param))
    register = register_of(case)
    scheme = read_scheme(case.scheme_text)
    selection = cm.select(register, scheme, score=score_argument(case))
    expected = oracle.select(case.rows, scheme, case.scores, as_of=case.as_of, extracted_on=case.extracted_on)
    people = [
        oracle.read_person(row, score, case.as_of, case.extracted_on or case.as_of)
        for row, score in zip(case.rows, case.scores, strict=True)
    ]
    return case, selection, expected, people


def group_of(row: dict[str, Any], column: str, case: Case) -> str:
    if column == "age_band":
        age = oracle.age_on(row, case.as_of, case.as_of)
        if age is None:
            return "not stated"
        return "90 and over" if age >= 90 else f"{age // 10 * 10}–{age // 10 * 10 + 9}"
    value = row[column]
    if column == "sex":
        value = value or "U"
    return "not stated" if value is None or value != value or value == "" else str(value)


def below_the_cut(case: Case, expected: Any, people: list[Any]) -> list[Any]:
    """Those not let in by the first share route, whose score is among the next tenth of its places."""
    route = read_scheme(case.scheme_text).routes[1]
    meets_among = oracle.test_of(route.among, case.as_of) if route.among.conditions else lambda row: True
    let_in = {row["patient_id"] for row in expected.selected if row[route.name]}
    places = {row["practice_id"]: row["places"] for row in expected.summary if row["route"] == route.name}
    found = []
    for practice, count in places.items():
        outside = [
            person
            for person in people
            if person.row["practice_id"] == practice
            and person.rankable
            and meets_among(person.row)
            and person.row["patient_id"] not in let_in
        ]
        outside.sort(key=lambda person: -person.score)
        wanted = -(-count // 10)
        if wanted and outside:
            last = outside[min(wanted, len(outside)) - 1].score
            found += [person for person in outside if person.score >= last]
    return found


@pytest.mark.parametrize("column", COLUMNS)
def test_counts_by_group_equal_a_plain_recount(counted, column):
    case, selection, expected, people = counted
    managed = {row["patient_id"] for row in expected.selected if row["case_managed"]}
    listed = Counter(group_of(person.row, column, case) for person in people if person.on_list)
    chosen = Counter(group_of(p.row, column, case) for p in people if p.row["patient_id"] in managed)
    below = Counter(group_of(person.row, column, case) for person in below_the_cut(case, expected, people))
    table = selection.by(column)
    assert table.column_names == [column, "listed", "selected", "share", "just_below"]
    rows = table.to_pylist()
    names = [row[column] for row in rows]
    assert len(set(names)) == len(names)
    assert {*listed, *chosen, *below} <= set(names)
    for row in rows:
        name = row[column]
        share = chosen[name] / listed[name] if listed[name] else None
        assert list(row.values()) == [name, listed[name], chosen[name], share, below[name]]


def test_the_cases_have_patients_just_below_the_cut_and_groups_not_stated(counted):
    case, selection, expected, people = counted
    everyone_is_in = SCHEMES["everyone"]["share"] in case.scheme_text
    assert bool(below_the_cut(case, expected, people)) != everyone_is_in
    assert all(selection.by(column)["listed"].to_pylist()[-1] > 0 for column in COLUMNS if column != "sex")


@pytest.mark.parametrize("column", COLUMNS)
def test_groups_are_in_their_own_order_and_not_stated_is_last(counted, column):
    names = counted[1].by(column)[column].to_pylist()
    assert names[-1] == "not stated"
    expected = {
        "imd_decile": [str(n) for n in range(1, 11)],
        "age_band": [*(f"{n}–{n + 9}" for n in range(0, 90, 10)), "90 and over"],
        "points": ["-1", "0", "2", "3"],
        "body": ["1.5", "20.0"],
        "complex_needs": ["False", "True"],
    }
    assert names[:-1] == expected.get(column, sorted(names[:-1]))


def test_every_group_adds_up_to_the_whole(counted):
    _, selection, _, people = counted
    listed = sum(person.on_list for person in people)
    managed = sum(selection.to_arrow()["case_managed"].to_pylist())
    below = {sum(selection.by(column)["just_below"].to_pylist()) for column in COLUMNS}
    for column in COLUMNS:
        table = selection.by(column)
        assert (sum(table["listed"].to_pylist()), sum(table["selected"].to_pylist())) == (listed, managed)
    assert len(below) == 1


@pytest.mark.parametrize("column", COLUMNS)
def test_the_suppressed_form_holds_no_small_count(counted, column):
    whole = counted[1].by(column).to_pylist()
    try:
        safe = counted[1].by(column, suppressed=True).to_pylist()
    except InputError as refusal:
        assert f"by('{column}', suppressed=True)" in str(refusal)
        return
    for row, published in zip(whole, safe, strict=True):
        assert published[column] == row[column]
        for name in ("listed", "selected", "just_below"):
            count, shown = row[name], published[name]
            if f"{name} withheld" in (published["note"] or ""):
                assert shown is None
                continue
            assert shown == (None if 1 <= count <= 7 else 5 * ((count + 2) // 5))
            assert (f"{name} 1–7" in (published["note"] or "")) == (shown is None)
        rounded = published["selected"], published["listed"]
        assert published["share"] == (rounded[0] / rounded[1] if rounded[1] and rounded[0] is not None else None)


def test_the_suppressed_form_by_hand():
    sizes = {"a": 3, "b": 7, "c": 8, "d": 12, "e": 13}
    wards = [ward for ward, size in sizes.items() for _ in range(size)]
    rows = [{"patient_id": f"p{i}", "practice_id": "C87002", "age": 40, "ward": ward} for i, ward in enumerate(wards)]
    register = cm.read_register(pa.Table.from_pylist(rows), as_of="2015-04-01")
    # Thirty of 43 places: everyone of e, d, and five of c; the other three of c are just below.
    scheme = read_scheme(scheme_text([ranked(share="30/43", limit="at_most")]))
    found = cm.select(register, scheme, score=[float(i) for i in range(43)]).by("ward", suppressed=True)
    assert [list(row.values()) for row in found.to_pylist()] == [
        # A tenth of thirty places is three: all who are just below would be those of c, and are shown of no ward.
        ["a", None, 0, None, None, "listed 1–7; just_below withheld"],
        ["b", None, 0, None, None, "listed 1–7; just_below withheld"],
        ["c", 10, None, None, None, "selected 1–7; just_below withheld"],
        ["d", 10, 10, 1.0, None, "just_below withheld"],
        ["e", 15, 15, 1.0, None, "just_below withheld"],
        ["not stated", 0, 0, None, None, "just_below withheld"],
    ]


def test_a_scheme_without_a_share_has_nobody_just_below_the_cut():
    case = packed_case(3, 4, scheme=scheme_text([ROUTES[0]]))
    selection = cm.select(register_of(case), read_scheme(case.scheme_text), score=score_argument(case))
    for suppressed in (False, True):
        assert set(selection.by("sex", suppressed=suppressed)["just_below"].to_pylist()) == {None}


def test_a_practice_alone_has_the_counts_by_hand():
    rows = [
        {"patient_id": f"p{i:02d}", "practice_id": "C87002", "age": 40 + i, "imd_decile": 1 + i // 10}
        for i in range(40)
    ]
    rows[39]["imd_decile"] = None
    scheme = read_scheme(scheme_text([ranked(share="50%", limit="at_most")]))
    register = cm.read_register(pa.Table.from_pylist(rows), as_of="2015-04-01")
    found = cm.select(register, scheme, score=[float(i) for i in range(40)]).by("imd_decile")
    # Twenty places, p20 to p39; the next tenth of them are p19 and p18.
    assert [list(row.values()) for row in found.to_pylist()] == [
        ["1", 10, 0, 0.0, 0],
        ["2", 10, 0, 0.0, 2],
        ["3", 10, 10, 1.0, 0],
        ["4", 9, 9, 1.0, 0],
        ["not stated", 1, 1, 1.0, 0],
    ]


def test_everyone_tied_with_the_last_just_below_counts():
    rows = [{"patient_id": f"p{i}", "practice_id": "C87002", "age": 40, "ward": "north"} for i in range(20)]
    scheme = read_scheme(scheme_text([ranked(share="50%", limit="at_most")]))
    register = cm.read_register(pa.Table.from_pylist(rows), as_of="2015-04-01")
    scores = [9.0] * 12 + [1.0] * 8
    assert cm.select(register, scheme, score=scores).by("ward")["just_below"].to_pylist() == [2, 0]


def test_an_unknown_column_is_refused_by_name(counted):
    with pytest.raises(InputError, match=r"'imd_decil' is missing\. Did you mean 'imd_decile'"):
        counted[1].by("imd_decil")
