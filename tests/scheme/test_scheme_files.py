"""Scheme files: what they say, what they may not say, and where they are found."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from pathlib import Path

import pytest
from rule_texts import ROUTES as BASE

from casemgmt.errors import SchemeError
from casemgmt.scheme.conditions import Condition, Edges, Where, decimal_text
from casemgmt.scheme.files import list_schemes, load_scheme, read_scheme_text
from casemgmt.scheme.routes import Band, Everyone, Nominated, Review, Scheme, Share, TopShare

EXAMPLE = Path(__file__).parents[2] / "examples" / "my-scheme.toml"

SELECTION_COLUMNS = (
    *("practice_id", "patient_id", "score", "risk", "rank", "place", "case_managed", "review_due", "inputs_missing"),
    *("reason_1", "reason_2", "reason_3", "register_age", "register_"),
)

HOMES = 'where = { care_home_type = ["nursing", "residential"] }'
NAMED_SHARE = 'share = "1/50"\nlimit = "at_most"'
BAND_EDGES = 'at_least = "0.40"\nbelow = "0.60"'


def read(text: str = BASE) -> Scheme:
    return read_scheme_text(text, "test.toml")


def changed(old: str, new: str) -> str:
    assert BASE.count(old) == 1, "the test must change one place, and does not"
    return BASE.replace(old, new)


def refusal(text: str) -> str:
    with pytest.raises(SchemeError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("test.toml: ")
    return message


# What a file may not say: the place changed, what it becomes, and what the message must name.

MISSING = [
    ('id = "test"\n', "[scheme]", "id"),
    ('title = "A scheme with a route of each kind"\n', "[scheme]", "title"),
    ('source = "This test"\n', "[scheme]", "source"),
    ('decisions = ["all"]\n', "[scheme]", "decisions"),
    ('tie_key = "public"\n', "[scheme]", "tie_key"),
    ('required = ["care_home_type", "nominated"]\n', "[scheme]", "required"),
    ('optional = ["frailty_deficits", "own_flag", "imd_decile", "heart_failure"]\n', "[scheme]", "optional"),
    ('name = "top"\n', "route 1", "name"),
    ('kind = "top_share"\n', "route 'top'", "kind"),
    ('share = "3%"\n', "route 'top'", "share"),
    ('limit = "at_least"\n', "route 'top'", "limit"),
    ("of = { age = { at_least = 18 } }\n", "route 'top'", "of"),
    ("among = {}\n", "route 'top'", "among"),
    ("of = { own_flag = true }\n", "route 'named'", "of"),
    (f"{HOMES}\n", "route 'homes'", "where"),
    ('where = { age = { above = 74, on = "end_of_calendar_year" } }\n', "route 'older'", "where"),
    ("every_months = 12\n", "route 'older'", "every_months"),
    ('counts_as = "entitlement"\n', "route 'older'", "counts_as"),
    ('on = "risk"\n', "route 'middle'", "on"),
]


@pytest.mark.parametrize(("line", "place", "key"), MISSING, ids=[f"{place} {key}" for _, place, key in MISSING])
def test_a_missing_key_is_refused_with_its_place_and_what_to_write(line: str, place: str, key: str) -> None:
    message = refusal(changed(line, ""))
    assert f"{place}: '{key}' is missing." in message
    assert message.count(".") >= 2, "says what to write"


@pytest.mark.parametrize("key", ["share", "limit", "counts_as"])
def test_a_nominated_route_needs_its_own_keys(key: str) -> None:
    before, own = BASE.split('name = "named"\n')
    own, after = own.split("\n[[route]]", 1)
    kept = [line for line in own.splitlines() if not line.startswith(key)]
    text = "\n".join((before, 'name = "named"', *kept, "[[route]]", after))
    assert f"route 'named': '{key}' is missing." in refusal(text)


UNKNOWN = [
    ("[programme]", "[program]\npeople = 1\n[programme]", "unknown key 'program'. Did you mean 'programme'?"),
    ('id = "test"', 'id = "test"\nsauce = "x"', "[scheme]: unknown key 'sauce'. Did you mean 'source'?"),
    ("of = { age = { at_least = 18 } }", "off = {}", "route 'top': unknown key 'off'. Did you mean 'of'?"),
    ("every_months = 12", "every_month = 12", "route 'older': unknown key 'every_month'. Did you mean 'every_months'?"),
    (HOMES, f'{HOMES}\nshare = "3%"', "route 'homes': unknown key 'share'."),
    (NAMED_SHARE, f"{NAMED_SHARE}\namong = {{}}", "route 'named': unknown key 'among'."),
    ("{ at_least = 18 }", "{ atleast = 18 }", "'of': 'age': unknown key 'atleast'. Did you mean 'at_least'?"),
    ("{ at_most = 12 }", '{ at_most = 12, on = "as_of" }', "'frailty_deficits': unknown key 'on'."),
    ('kind = "top_share"', 'kind = "topshare"', "route 'top': 'kind' must be one of"),
]


@pytest.mark.parametrize(("old", "new", "said"), UNKNOWN, ids=[said for _, _, said in UNKNOWN])
def test_an_unknown_key_is_refused_by_name_at_every_level(old: str, new: str, said: str) -> None:
    assert said in refusal(changed(old, new))


SHARES = ["3", "0.03", "0.03%%", "3 %", "-3%", "0%", "0.0%", "101%", "100.1%", "3/0", "0/100", "101/100", "three%", ""]
SHARES += ["3.%", ".5%", "1e2%", "1_0%", "٣%", "+3%", "3%\\n", "nan%", "inf%", "-3/-100"]


@pytest.mark.parametrize("text", SHARES)
def test_a_share_that_is_no_exact_share_is_refused(text: str) -> None:
    assert "route 'top': 'share'" in refusal(changed('share = "3%"', f'share = "{text}"'))


@pytest.mark.parametrize("number", ["3", "0.03", "3.0", "true", "inf", '["3%"]'])
def test_a_number_as_share_is_refused_with_what_to_write(number: str) -> None:
    message = refusal(changed('share = "3%"', f"share = {number}"))
    assert "route 'top': 'share' must be text" in message
    assert 'Write share = "3%".' in message


REFUSED = [
    ('name = "homes"', 'name = "top"', "route 'top': the 'name' is repeated"),
    ('tie_key = "public"', 'tie_key = ""', "'tie_key'"),
    ('tie_key = "public"', f'tie_key = "{"k" * 65}"', "'tie_key' must be 1 to 64 bytes"),
    ('tie_key = "public"', f'tie_key = "{"é" * 33}"', "'tie_key' must be 1 to 64 bytes"),
    ('tie_key = "public"', "tie_key = 7", "[scheme]: 'tie_key' must be text"),
    ('id = "test"', 'id = "../test"', "'id'"),
    ('title = "A scheme with a route of each kind"', 'title = ""', "[scheme]: 'title'"),
    ('decisions = ["all"]', 'decisions = "all"', "[scheme]: 'decisions' must be a list"),
    ('decisions = ["all"]', "decisions = [1]", "[scheme]: 'decisions' must be a list"),
    ('limit = "at_least"', 'limit = "atleast"', "'limit' must be one of 'at_most', 'at_least'. Did you"),
    ('limit = "at_least"', 'limit = "at_most"', "route 'top': 'include_tied' would exceed a ceiling"),
    ("include_tied = true", 'include_tied = "yes"', "route 'top': 'include_tied' must be true or false"),
    (NAMED_SHARE, 'share = "2%"\nlimit = "at_least"', "route 'named': 'limit' must be \"at_most\""),
    ('counts_as = "entitlement"', 'counts_as = "case_management"', "'older': 'counts_as' must be \"entitlement\""),
    ('counts_as = "entitlement"', 'counts_as = "entitled"', "route 'older': 'counts_as' must be one of"),
    (HOMES, "where = {}", "route 'homes': 'where' is empty"),
    (HOMES, "where = true", "route 'homes': 'where' must be a table"),
    ('{ age = { above = 74, on = "end_of_calendar_year" } }', "{}", "route 'older': 'where' has no age rule"),
    (
        '{ age = { above = 74, on = "end_of_calendar_year" } }',
        "{ own_flag = true }",
        "route 'older': 'where' has no age rule",
    ),
    ("every_months = 12", "every_months = 0", "route 'older': 'every_months'"),
    ("every_months = 12", 'every_months = "12"', "route 'older': 'every_months'"),
    ("every_months = 12", "every_months = true", "route 'older': 'every_months'"),
    ('on = "risk"', 'on = "rank"', "route 'middle': 'on' must be one of 'score', 'risk'"),
    (BAND_EDGES, "", "route 'middle': no edge is given"),
    (BAND_EDGES, 'at_least = "40"', "route 'middle': a risk lies from 0 to 1"),
    (BAND_EDGES, "at_least = 0.4", "route 'middle': 'at_least' is a number with a point"),
    ("people = 12000", 'people = "12000"', "[programme]: 'people' must be a whole number"),
    ("people = 12000", "people = -1", "[programme]: 'people' must be a whole number"),
    ('money = "Not ours to say."', "money = 5", "[notes]: 'money' must be text"),
    ("[[route]]\nname = \"homes\"", "[route]\nname = \"homes\"", "not a TOML file"),
    ('id = "test"', 'id = "test"\nid = "test"', "not a TOML file"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), REFUSED, ids=[f"{new[:40]} - {said}" for _, new, said in REFUSED])
def test_a_value_that_may_not_stand_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    assert said in refusal(changed(old, new))


@pytest.mark.parametrize("name", SELECTION_COLUMNS)
def test_a_route_may_not_take_the_name_of_a_selection_column(name: str) -> None:
    assert f"'name' may not be '{name}'" in refusal(changed('name = "top"', f'name = "{name}"'))


@pytest.mark.parametrize("name", ["Top", "1st", "top-3", "top share", "_top", "tôp", "top\\n"])
def test_a_route_name_is_lower_case_letters_digits_and_underscores(name: str) -> None:
    assert "'name' must be a lower-case letter" in refusal(changed('name = "top"', f'name = "{name}"'))


CONDITIONS = [
    ('care_home_type = ["nursing", "care"]', "'care_home_type' is never 'care'"),
    ("care_home_type = true", "'care_home_type' is one of"),
    ("care_home_type = { at_least = 1 }", "'care_home_type' is one of"),
    ('care_home_type = "nursing"', "'care_home_type' must be a list of allowed values"),
    ("care_home_type = []", "'care_home_type' allows no value"),
    ('care_home_type = ["nursing", "nursing"]', "'care_home_type' lists a value twice"),
    ('care_home_type = ["nursing", ""]', "'care_home_type' allows an empty text"),
    ("imd_decile = [1, 2]", "'imd_decile': a list holds text. For numbers write edges"),
    ('imd_decile = ["1"]', "'imd_decile' is a whole number from 1 to 10. Write edges"),
    ("imd_decile = true", "'imd_decile' is a whole number from 1 to 10. Write edges"),
    ("imd_decile = 3", "'imd_decile' must be a list of allowed values"),
    ("imd_decile = { at_most = 0 }", "'imd_decile' is a whole number from 1 to 10: none lies"),
    ("imd_decile = { above = 3, below = 4 }", "'imd_decile' is a whole number from 1 to 10: none lies"),
    ('frailty_deficits = { above = "0.36" }', "'frailty_deficits' is a whole number from 0 to 36: its edges"),
    ("frailty_deficits = { above = 0.36 }", "'above' is a number with a point"),
    ('frailty_deficits = { above = "many" }', "'above' must be a whole number"),
    ("frailty_deficits = { above = true }", "'above' must be a whole number"),
    ("frailty_deficits = { above = 1, at_least = 2 }", "both lower edges"),
    ("frailty_deficits = { below = 1, at_most = 2 }", "both upper edges"),
    ("frailty_deficits = { at_least = 9, below = 9 }", "the lower edge (9) must be smaller than the upper edge (9)"),
    ("frailty_deficits = { at_least = 9, at_most = 8 }", "the lower edge (9) must be smaller than the upper edge (8)"),
    ("frailty_deficits = {}", "no edge is given"),
    ("heart_failure = { at_least = 1 }", "'heart_failure' is true or false"),
    ('heart_failure = ["yes"]', "'heart_failure' is true or false"),
    ("age = true", "'age' is a whole number from 0 to 120. Write edges"),
    ('age = { at_least = 75, on = "next_year" }', "'age': 'on' must be one of 'as_of', 'end_of_calendar_year'"),
    ('age = { at_least = 75, on = "2015-02-30" }', "'age': 'on' must be one of"),
    ("age = { at_least = 75, on = 2015 }", "'age': 'on' must be one of"),
    ("age = { at_least = 75, on = 2015-04-01T00:00:00 }", "'age': 'on' must be one of"),
    ('date_of_birth = ["1940-01-01"]', "'date_of_birth' cannot stand in a condition. Write a condition on 'age'."),
    ('patient_id = ["x"]', "'patient_id' cannot stand in a condition"),
]


@pytest.mark.parametrize(("condition", "said"), CONDITIONS, ids=[condition for condition, _ in CONDITIONS])
def test_a_condition_that_its_column_cannot_answer_is_refused(condition: str, said: str) -> None:
    message = refusal(changed(HOMES, f"where = {{ {condition} }}"))
    assert "route 'homes': 'where': " in message
    assert said in message


def test_a_column_a_route_asks_about_must_be_declared() -> None:
    message = refusal(changed(HOMES, "where = { dementia = true }"))
    assert "route 'homes': 'dementia' stands in neither 'required' nor 'optional'" in message
    message = refusal(changed(HOMES, "where = { demensia = true }"))
    assert "route 'homes': 'demensia', which is no register field" in message
    assert "Did you mean 'dementia'?" in message


def test_a_nominated_route_needs_the_nominated_column_declared() -> None:
    message = refusal(changed('required = ["care_home_type", "nominated"]', 'required = ["care_home_type"]'))
    assert "route 'named': 'nominated' stands in neither" in message


def test_a_misspelt_or_repeated_column_is_refused_where_it_is_declared() -> None:
    required = 'required = ["care_home_type", "nominated"]'
    message = refusal(changed(required, 'required = ["care_home_type", "nominated", "on_caselod"]'))
    assert "'required' names 'on_caselod'" in message
    assert "Did you mean 'on_caseload'?" in message
    assert "twice" in refusal(changed(required, 'required = ["care_home_type", "nominated", "nominated"]'))
    assert "both name 'own_flag'" in refusal(
        changed(required, 'required = ["care_home_type", "nominated", "own_flag"]')
    )


def test_a_file_without_scheme_or_routes_is_refused() -> None:
    assert "no [scheme] table" in refusal("")
    assert "it has no route" in refusal(BASE.split("[[route]]", 1)[0])
    assert "headed [scheme]" in refusal("scheme = 1")
    assert "two brackets" in refusal(BASE.split("[[route]]", 1)[0] + "[route]\nname = 'top'")


@pytest.mark.parametrize("text", ["[" * 100_000, "x = " + "[" * 100_000, "x = " + "9" * 5000, "\x00", "= 1"])
def test_hostile_text_ends_in_a_scheme_error(text: str) -> None:
    assert "not a" in refusal(text)


# What a file says.


def test_every_kind_of_route_is_read_as_written() -> None:
    scheme = read()
    adults = Where(conditions=(Condition(field="age", edges=Edges(at_least=Fraction(18))),))
    three = Share(text="3%", fraction=Fraction(3, 100), limit="at_least")
    two = Share(text="1/50", fraction=Fraction(1, 50), limit="at_most")
    homes = Condition(field="care_home_type", allowed=("nursing", "residential"))
    own = Condition(field="own_flag", flag=True)
    older = Condition(field="age", edges=Edges(above=Fraction(74)), on="end_of_calendar_year")
    frail = Condition(field="frailty_deficits", edges=Edges(at_most=Fraction(12)))
    case, owed = "case_management", "entitlement"
    assert scheme.routes == (
        TopShare(name="top", counts_as=case, share=three, of=adults, among=Where(), include_tied=True),
        Everyone(name="homes", counts_as=case, where=Where(conditions=(homes,))),
        Nominated(name="named", counts_as=case, share=two, of=Where(conditions=(own,))),
        Review(name="older", counts_as=owed, where=Where(conditions=(older,)), every_months=12),
        Band(
            name="middle",
            counts_as=case,
            on="risk",
            edges=Edges(at_least=Fraction(2, 5), below=Fraction(3, 5)),
            where=Where(conditions=(frail,)),
        ),
    )
    assert [route.kind for route in scheme.routes] == ["top_share", "everyone", "nominated", "review", "band"]
    assert scheme.fields == ("age", "care_home_type", "nominated", "own_flag", "frailty_deficits")
    assert (scheme.programme, scheme.notes) == ({"people": 12000}, {"money": "Not ours to say."})
    assert (scheme.decisions, scheme.tie_key, scheme.text) == (("all",), "public", BASE)


def test_programme_and_notes_may_be_left_out() -> None:
    scheme = read(BASE.split("[programme]", 1)[0])
    assert (scheme.programme, scheme.notes) == ({}, {})


def test_a_date_for_an_age_may_stand_with_or_without_quotes() -> None:
    for on in ('"2015-04-01"', "2015-04-01"):
        route = read(changed('on = "end_of_calendar_year"', f"on = {on}")).routes[3]
        assert route.describe() == "a review every 12 months for everyone with age above 74 on 2015-04-01"
        assert isinstance(route, Review)
        assert dt.date.fromisoformat(route.where.conditions[0].on) == dt.date(2015, 4, 1)


def test_a_scheme_and_its_parts_cannot_be_changed_but_can_be_replaced_with_the_same_checks() -> None:
    scheme = read()
    with pytest.raises(FrozenInstanceError):
        scheme.id = "other"
    with pytest.raises(SchemeError, match="tie_key"):
        replace(scheme, tie_key="")
    assert hash(scheme) == hash(read())


# Keeping the caseload's places.

KEEPING = changed(
    "include_tied = true", 'keep_within = "4%"'
).replace('"frailty_deficits", "own_flag"', '"frailty_deficits", "on_caseload", "own_flag"')  # fmt: skip


def test_keep_within_is_a_share_of_its_own_rounded_as_the_share() -> None:
    scheme = read(KEEPING)
    route = scheme.routes[0]
    assert isinstance(route, TopShare)
    assert route.keep_within == Share(text="4%", fraction=Fraction(4, 100), limit="at_least")
    assert route.fields == ("age", "on_caseload")
    assert scheme.keeps_places
    assert not read().keeps_places
    assert route.describe().endswith(
        "ranked among everyone with a score; who is on the caseload, and within the first 4%, keeps a place"
    )
    assert read(scheme.text) == scheme
    floor = read(KEEPING.replace('"at_least"', '"at_most"')).routes[0]
    assert isinstance(floor, TopShare)
    assert floor.keep_within == Share(text="4%", fraction=Fraction(4, 100), limit="at_most")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"3%"', '\'keep_within\' must be more than the share. Write keep_within = "4%", more than share = "3%"'),
        ('"2.9%"', "'keep_within' must be more than the share."),
        ('"3/100"', "'keep_within' must be more than the share."),
        ("0.04", "'keep_within' must be text, read as an exact fraction"),
        ("4", "'keep_within' must be text, read as an exact fraction"),
        ("true", "'keep_within' must be text, read as an exact fraction"),
        ('"4"', "'keep_within' must be a percentage, or a fraction"),
        ('"101%"', "'keep_within' must be more than 0% and at most 100%"),
        ('"4/0"', "'keep_within' divides by nought"),
        ('"4%"\ninclude_tied = true', "'keep_within' and 'include_tied' do not go together"),
    ],
)
def test_a_keep_within_that_cannot_be_meant_is_refused_by_name(text: str, said: str) -> None:
    assert f"route 'top': {said}" in refusal(KEEPING.replace('keep_within = "4%"', f"keep_within = {text}"))


@pytest.mark.parametrize("name", ["homes", "named", "older", "middle"])
def test_keep_within_on_another_kind_of_route_is_refused_by_name(name: str) -> None:
    text = BASE.replace(f'name = "{name}"', f'name = "{name}"\nkeep_within = "4%"')
    assert f"route '{name}': unknown key 'keep_within'" in refusal(text)


def test_keep_within_asks_about_the_caseload_which_the_scheme_must_name() -> None:
    assert "route 'top': 'on_caseload' stands in neither" in refusal(KEEPING.replace('"on_caseload", ', ""))


def test_a_share_made_larger_than_keep_within_or_rounded_otherwise_is_refused() -> None:
    route = read(KEEPING).routes[0]
    for share, said in (
        (Share.read("5%", "at_least"), "more than the share"),
        (Share.read("3%", "at_most"), "rounded"),
    ):
        with pytest.raises(SchemeError, match=f"'keep_within' must be {said}"):
            replace(route, share=share)


# Shares and edges.


@pytest.mark.parametrize(("text", "numerator", "denominator"), [
    ("0.5%", 5, 1000), ("1.8%", 18, 1000), ("2%", 2, 100), ("3%", 3, 100), ("7%", 7, 100), ("29%", 29, 100),
    ("3/100", 3, 100), ("100%", 1, 1),
])  # fmt: skip
def test_places_are_exact_for_every_list_size(text: str, numerator: int, denominator: int) -> None:
    ceiling, floor = Share.read(text, "at_most"), Share.read(text, "at_least")
    fraction = Fraction(numerator, denominator)
    assert ceiling.fraction == floor.fraction == fraction
    for n in range(20_001):
        assert ceiling.places(n) == math.floor(n * fraction)
        assert floor.places(n) == math.ceil(n * fraction)


def test_places_refuse_what_is_no_count_of_people() -> None:
    share = Share.read("3%", "at_most")
    with pytest.raises(TypeError):
        share.places(100.0)
    with pytest.raises(SchemeError, match="fewer than 0"):
        share.places(-1)


@pytest.mark.parametrize(("edges", "inside", "outside"), [
    (Edges(at_least=Fraction(9)), [9, 9.0, 10, Fraction(9)], [8, 8.999999, -1]),
    (Edges(above=Fraction(9)), [10, 9.000001], [9, 9.0, 8]),
    (Edges(below=Fraction(9)), [8, 8.999999, -5], [9, 9.0, 10]),
    (Edges(at_most=Fraction(9)), [9, 9.0, -5], [10, 9.000001]),
    (Edges(at_least=Fraction("0.3"), below=Fraction("0.6")), [0.3, 0.4, Fraction("0.3")], [0.6, 0.29, Fraction("0.6")]),
    (Edges(above=Fraction("0.3"), at_most=Fraction("0.6")), [0.6, 0.4, Fraction("0.6")], [0.3, 0.61, Fraction("0.3")]),
])  # fmt: skip
def test_edges_hold_what_they_say_and_never_a_missing_value(edges: Edges, inside: list, outside: list) -> None:
    assert [edges.contains(value) for value in inside] == [True] * len(inside)
    assert [edges.contains(value) for value in outside] == [False] * len(outside)
    assert not any(edges.contains(value) for value in (None, math.nan, math.inf, -math.inf))


@pytest.mark.parametrize("edges", [
    Edges(at_least=Fraction("2.5")), Edges(above=Fraction(3)), Edges(below=Fraction(7)), Edges(at_most=Fraction("6.5")),
    Edges(at_least=Fraction(3), at_most=Fraction(6)), Edges(above=Fraction(2), below=Fraction(7)),
    Edges(above=Fraction(20)), Edges(below=Fraction(-1)),
])  # fmt: skip
def test_the_whole_numbers_within_edges_are_those_they_contain(edges: Edges) -> None:
    assert list(edges.whole_numbers(0, 10)) == [n for n in range(11) if edges.contains(n)]


@pytest.mark.parametrize(("value", "text"), [
    ("0.40", "0.4"), ("-0.05", "-0.05"), ("75", "75"), ("1/3", "1/3"), ("0", "0"), ("12.000001", "12.000001"),
    ("-3", "-3"),
])  # fmt: skip
def test_a_decimal_is_written_exactly_and_no_longer_than_it_needs(value: str, text: str) -> None:
    assert decimal_text(Fraction(value)) == text


# Words.


@pytest.mark.parametrize(("conditions", "words"), [
    ("{}", "everyone on the list"),
    ("{ age = { at_least = 18 } }", "age at least 18"),
    ("{ age = { above = 74, on = 'end_of_financial_year' } }", "age above 74 at the end of the financial year"),
    ("{ frailty_deficits = { at_least = 9, at_most = 12 } }", "frailty deficits 9 to 12"),
    ("{ imd_decile = { at_least = 2, below = 4 } }", "imd decile at least 2 and below 4"),
    ("{ care_home_type = ['none', 'nursing', 'respite'] }", "care home type none, nursing or respite"),
    ("{ own_flag = false, heart_failure = true }", "not own flag and heart failure"),
])  # fmt: skip
def test_conditions_are_described_in_plain_english(conditions: str, words: str) -> None:
    route = read(changed("among = {}", f"among = {conditions}")).routes[0]
    assert isinstance(route, TopShare)
    assert route.among.describe() == words
    assert route.among.is_everyone == (conditions == "{}")


def test_a_scheme_shows_its_routes_in_words() -> None:
    assert repr(read()) == "\n".join(
        (
            "Scheme 'test': A scheme with a route of each kind",
            "  top (case management): the highest scores, at least 3% of those with age at least 18, ranked among"
            " everyone with a score, with everyone tied at the cut",
            "  homes (case management): everyone with care home type nursing or residential",
            "  named (case management): patients the practice nominates, at most 1/50 of those with own flag",
            "  older (entitlement): a review every 12 months for everyone with age above 74 at the end of the calendar"
            " year",
            "  middle (case management): risk at least 0.4 and below 0.6, among those with frailty deficits at most 12",
        )
    )


def test_a_scheme_shown_as_html_escapes_what_its_file_says() -> None:
    html = read(changed('source = "This test"', "source = '<script>alert(1)</script>'"))._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "at least 3% of those with age at least 18" in html


# Where files are found.

SHIPPED = [
    "avoiding-unplanned-admissions-2014-15",
    "avoiding-unplanned-admissions-2015-16",
    "care-homes-2024-25",
    "frailty-2017-18",
    "herefordshire-2025",
    "kent-and-medway-2026",
    "network-contract-2026-27",
    "prism-top-half-percent",
    "proactive-care-2023",
    "rotherham-2014-15",
    "rotherham-2015-16",
    "sparra-band-40-60",
]


def test_the_shipped_schemes_are_listed_in_order() -> None:
    assert list_schemes() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scheme_loads_from_another_working_directory_and_states_source_and_decisions(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scheme = load_scheme(name)
    assert scheme.id == scheme.tie_key == name
    assert scheme.source
    assert scheme.decisions
    assert read_scheme_text(scheme.text, name) == scheme


def test_a_stray_file_or_folder_with_a_shipped_name_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_scheme("rotherham-2015-16")
    stray = expected.text.replace('"3%"', '"30%"')
    (tmp_path / "rotherham-2015-16").write_text(stray, encoding="utf-8")
    (tmp_path / "rotherham-2015-16.toml").write_text(stray, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_scheme("rotherham-2015-16") == expected
    assert load_scheme("./rotherham-2015-16") != expected
    assert load_scheme(Path("rotherham-2015-16")) != expected


def test_an_unknown_name_is_refused_with_the_nearest_and_never_looked_up_as_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text(BASE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SchemeError, match=r"There is no scheme 'rotherham-2015'\. Did you mean 'rotherham-2015-16'\?"):
        load_scheme("rotherham-2015")
    for name in ("mine.toml", "mine", "", "."):
        with pytest.raises(SchemeError, match="A file is a Path, or has a separator"):
            load_scheme(name)
    assert load_scheme("./mine.toml").id == load_scheme(Path("mine.toml")).id == "test"


def test_a_file_is_read_whole_as_utf8_whatever_editor_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "notepad.toml"
    windows = BASE.replace("This test", "Größe").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + windows.encode())
    scheme = load_scheme(path)
    assert scheme.source == "Größe"
    assert scheme.text == windows


def test_a_file_that_cannot_be_a_scheme_is_refused_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    for content, said in ((b"\xff", "not UTF-8"), (b"#" * 1_000_001, "larger than 1 MB"), (b"x =", "not a TOML")):
        path.write_bytes(content)
        with pytest.raises(SchemeError, match=said) as caught:
            load_scheme(path)
        assert str(path) in str(caught.value)
    for missing, said in ((tmp_path / "none.toml", "no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(SchemeError, match=said):
            load_scheme(missing)
    with pytest.raises(SchemeError, match="named by text or by a Path"):
        load_scheme(3)


# What the shipped files say.

ROTHERHAM = """
[scheme]
id        = "rotherham-2015-16"
title     = "Long Term Conditions Case Management, Rotherham CCG, 2015/16"
source    = "Rotherham CCG, Interim business plan for general practice 2015/16, part 3"
decisions = ["rounding", "ties", "overlap", "list date", "over 75 read as 75 and over"]
tie_key   = "rotherham-2015-16"
required  = ["care_home_type", "nominated"]
optional  = ["on_caseload", "emergency_admissions_12m", "last_review", "objected", "date_of_death", "deregistered_on"]

[[route]]
name      = "highest_risk"
kind      = "top_share"
share     = "3%"
limit     = "at_most"
of        = {}
among     = {}
counts_as = "case_management"

[[route]]
name      = "care_home"
kind      = "everyone"
where     = { care_home_type = ["nursing", "residential", "unspecified"] }
counts_as = "case_management"

[[route]]
name      = "judgement"
kind      = "nominated"
share     = "2%"
limit     = "at_most"
of        = {}
counts_as = "case_management"

[[route]]
name         = "over_75_review"
kind         = "review"
where        = { age = { at_least = 75 } }
every_months = 12
counts_as    = "entitlement"

[programme]
case_managed = 12000
over_75      = 20000
"""


def test_the_rotherham_scheme_is_the_published_rule_word_for_word() -> None:
    scheme = load_scheme("rotherham-2015-16")
    assert tomllib.loads(scheme.text) == tomllib.loads(ROTHERHAM)
    top, _, judgement, review = scheme.routes
    assert isinstance(top, TopShare)
    assert isinstance(judgement, Nominated)
    assert isinstance(review, Review)
    assert [top.share.places(n) for n in (0, 33, 34, 8543)] == [0, 0, 1, 256]
    assert [judgement.share.places(n) for n in (49, 50)] == [0, 1]


def test_the_scheme_of_2014_15_is_marked_as_our_reading_and_claims_no_totals_of_2015() -> None:
    scheme = load_scheme("rotherham-2014-15")
    assert "our reading" in scheme.title
    assert "our reading" in scheme.decisions[0]
    assert scheme.routes == load_scheme("rotherham-2015-16").routes
    assert scheme.programme == {}


def test_unplanned_admissions_is_a_floor_of_adults_with_children_on_top() -> None:
    scheme = load_scheme("avoiding-unplanned-admissions-2014-15")
    adults, children = scheme.routes
    assert isinstance(adults, TopShare)
    assert adults.share.places(6751) == 136
    assert adults.of.describe() == adults.among.describe() == "age at least 18"
    assert children.describe() == "everyone with complex needs and age below 18"
    assert "1.8%" in scheme.notes["register_test"]
    assert "£2.87" in scheme.notes["money"]
    assert "21 days" in scheme.notes["telling"]


def test_frailty_bands_in_whole_deficits_are_the_bands_of_the_index() -> None:
    severe, moderate = load_scheme("frailty-2017-18").routes
    for route, least, most in ((severe, Fraction("0.36"), Fraction(1)), (moderate, Fraction("0.24"), Fraction("0.36"))):
        assert isinstance(route, Everyone)
        edges = {condition.field: condition.edges for condition in route.where.conditions}
        assert edges["age"] == Edges(at_least=Fraction(65))
        deficits = edges["frailty_deficits"]
        assert deficits is not None
        assert [n for n in range(37) if deficits.contains(n)] == [
            n for n in range(37) if least < Fraction(n, 36) <= most
        ]


def test_the_band_and_the_half_percent_are_as_named() -> None:
    (band,) = load_scheme("sparra-band-40-60").routes
    assert band.describe() == "risk at least 0.4 and below 0.6, among those with age at least 16"
    (top,) = load_scheme("prism-top-half-percent").routes
    assert isinstance(top, TopShare)
    assert [top.share.places(n) for n in (199, 200, 8543)] == [0, 1, 42]


def test_the_example_differs_from_rotherham_by_one_line_of_its_rules() -> None:
    ours, theirs = load_scheme(EXAMPLE), load_scheme("rotherham-2015-16")
    five = Share.read("5%", "at_most")
    top, *rest = theirs.routes
    assert isinstance(top, TopShare)
    assert ours.routes == (replace(top, share=five), *rest)
    assert (ours.tie_key, ours.required, ours.optional) == (theirs.tie_key, theirs.required, theirs.optional)
    assert ours.id == EXAMPLE.stem
