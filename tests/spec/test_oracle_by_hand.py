"""Each rule of the selection, worked by hand on a table small enough to check by eye.

Every case is put to the oracle and to the library: the tables are the specification of both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from engines import by_library, by_oracle
from oracle import OracleSelection, age_on, months_later, places_of
from registers import Case, read_scheme, read_table, scheme_text

from casemgmt.scheme.files import load_scheme

HIGHEST = 'name = "highest"\nkind = "top_share"\nshare = "50%"\nlimit = "at_most"\nof = {}\namong = {}\n'
HIGHEST += 'counts_as = "case_management"'
HOME = 'name = "home"\nkind = "everyone"\nwhere = { care_home_type = ["nursing", "residential", "unspecified"] }\n'
HOME += 'counts_as = "case_management"'
JUDGEMENT = 'name = "judgement"\nkind = "nominated"\nshare = "25%"\nlimit = "at_most"\nof = {}\n'
JUDGEMENT += 'counts_as = "case_management"'
REVIEW = 'name = "review"\nkind = "review"\nwhere = { age = { at_least = 75 } }\nevery_months = 12\n'
REVIEW += 'counts_as = "entitlement"'


@pytest.fixture(params=["oracle", "library"])
def select(request: pytest.FixtureRequest) -> Any:
    """Select from a text table by routes; ``score`` is one of its columns, age and practice are filled in."""
    engine = {"oracle": by_oracle, "library": by_library}[request.param]

    def run(
        text: str, *routes: str, tie_key: str = "k", optional: Sequence[str] = (), **options: Any
    ) -> OracleSelection:
        rows = read_table(text)
        scores = [row.pop("score", None) for row in rows]
        for row in rows:
            row.setdefault("practice_id", "C87001")
            if "date_of_birth" not in row:
                row.setdefault("age", 40)
        columns = list(rows[0])
        optional = sorted({*columns, *optional} - {"patient_id", "practice_id", "age", "date_of_birth"})
        text = scheme_text(routes, optional=optional, tie_key=tie_key)
        return engine(Case(rows=rows, columns=columns, scores=scores, scheme_text=text, **options))

    return run


def ids(selection: OracleSelection, route: str | None = None) -> str:
    """The selected ids in the table's order, or those who meet a route."""
    return " ".join(row["patient_id"] for row in selection.selected if route is None or row[route])


def column(selection: OracleSelection, name: str) -> dict[str, Any]:
    return {row["patient_id"]: row[name] for row in selection.selected}


def line(selection: OracleSelection, route: str, practice_id: str = "C87001") -> dict[str, Any]:
    (found,) = [row for row in selection.summary if (row["route"], row["practice_id"]) == (route, practice_id)]
    return found


def counts(selection: OracleSelection, route: str, names: str) -> list[Any]:
    return [line(selection, route)[name] for name in names.split()]


# Places


@pytest.mark.parametrize(
    ("share", "limit", "list_size", "places"),
    [
        ("3%", "at_most", 8543, 256),
        ("3%", "at_least", 8543, 257),
        ("3%", "at_most", 33, 0),
        ("3%", "at_most", 34, 1),
        ("2%", "at_most", 49, 0),
        ("2%", "at_most", 50, 1),
        ("3%", "at_least", 1, 1),
        ("3%", "at_least", 0, 0),
        ("29%", "at_most", 100, 29),
        ("29%", "at_least", 100, 29),
        ("7%", "at_least", 100, 7),
        ("0.5%", "at_most", 199, 0),
        ("1/3", "at_most", 3, 1),
        ("100%", "at_most", 7, 7),
    ],
)
def test_places_are_rounded_down_for_a_ceiling_and_up_for_a_floor(share, limit, list_size, places, select):
    route = HIGHEST.replace("50%", share).replace("at_most", limit)
    assert places_of(read_scheme(scheme_text([route])).routes[0].share, list_size) == places
    selection = select("patient_id | score\n a | 1", route, list_sizes={"C87001": list_size})
    assert counts(selection, "highest", "list_size denominator places met") == [
        list_size,
        list_size,
        places,
        min(places, 1),
    ]


def test_places_are_counted_in_each_practice_and_never_pooled(select):
    selection = select(
        """
        patient_id | practice_id | score
        a          | C87001      | 9
        b          | C87001      | 8
        c          | C87001      | 7
        d          | C87002      | 3
        e          | C87002      | 2
        f          | C87002      | 1
        """,
        HIGHEST,
    )
    assert ids(selection) == "a d"
    assert column(selection, "rank") == {"a": 1, "d": 1}


def test_the_denominator_is_who_is_asked_for_and_the_ranked_are_everyone(select):
    adults = HIGHEST.replace("of = {}", "of = { age = { at_least = 18 } }")
    selection = select(
        """
        patient_id | age | score
        child      | 3   | 9
        a          | 18  | 8
        b          | 50  | 7
        unknown    |     | 6
        """,
        adults,
    )
    assert ids(selection) == "child"
    assert counts(selection, "highest", "list_size denominator places unknown_age") == [4, 2, 1, 1]


def test_those_not_among_take_no_place_but_count_above_in_rank(select):
    others = HIGHEST.replace("among = {}", 'among = { care_home_type = ["none"] }')
    selection = select(
        """
        patient_id | care_home_type | score
        resident   | nursing        | 9
        unknown    |                | 8
        a          | none           | 7
        b          | none           | 6
        """,
        others,
        HOME,
    )
    assert ids(selection, "highest") == "a b"
    assert column(selection, "rank") == {"a": 3, "b": 4, "resident": None}
    assert column(selection, "place") == {"a": "highest", "b": "highest", "resident": "home"}


# Ties


def test_ties_go_to_the_caseload_then_to_more_admissions_with_unknown_last(select):
    text = """
        patient_id | score | on_caseload | emergency_admissions_12m
        a          | 5     |             |
        b          | 5     | F           | 0
        c          | 5     | F           | 2
        d          | 5     | T           |
        e          | 5     | T           | 1
        f          | 9     | F           |
        """
    for places, chosen in enumerate(["", "f", "e f", "d e f", "c d e f", "b c d e f", "a b c d e f"]):
        route = HIGHEST.replace('"50%"', f'"{max(places, 1)}/6"')
        selection = select(text, route, list_sizes={"C87001": 6 if places else 0})
        assert ids(selection) == chosen
        if places:
            cut = [9.0, 1, 0] if places == 1 else [5.0, places - 1, 6 - places]
            assert counts(selection, "highest", "score_at_cut tied_in tied_out") == cut
            assert set(column(selection, "rank").values()) == ({1} if places == 1 else {1, 2})


def test_remaining_ties_are_ordered_by_the_schemes_key_not_by_id_or_row(select):
    text = "patient_id | score\n a | 5\n b | 5\n c | 5\n d | 5"
    by_key = {key: ids(select(text, HIGHEST, tie_key=key)) for key in ("k", "k2", "2015", "ü")}
    # The first bytes of BLAKE2b, 8 bytes long, of a to d. Under k: 62 77 2a 08; k2: b2 23 17 8c; 2015: d7 ed 51 85;
    # ü: f6 6a 66 54.
    assert by_key == {"k": "c d", "k2": "b c", "2015": "c d", "ü": "c d"}


def test_a_step_whose_column_is_absent_is_skipped(select):
    with_admissions = "patient_id | score | emergency_admissions_12m\n a | 5 | 0\n b | 5 | 1\n c | 5 | 3\n d | 5 |"
    assert ids(select(with_admissions, HIGHEST)) == "b c"
    with_caseload = "patient_id | score | on_caseload\n a | 5 | F\n b | 5 | T\n c | 5 | T\n d | 5 | "
    assert ids(select(with_caseload, HIGHEST)) == "b c"


def test_a_floor_may_include_all_the_tied(select):
    floor = HIGHEST.replace("at_most", "at_least") + "\ninclude_tied = true"
    selection = select("patient_id | score\n a | 9\n b | 5\n c | 5\n d | 1", floor)
    assert ids(selection) == "a b c"
    assert counts(selection, "highest", "places met score_at_cut tied_in tied_out") == [2, 3, 5.0, 2, 0]
    exact = select("patient_id | score\n a | 9\n b | 5\n c | 5\n d | 1", HIGHEST.replace("at_most", "at_least"))
    assert counts(exact, "highest", "places met score_at_cut tied_in tied_out") == [2, 2, 5.0, 1, 1]


def test_minus_zero_ties_with_zero_and_near_equal_scores_do_not_tie(select):
    zeros = select("patient_id | score\n a | -0.0\n b | 0.0\n c | -1", HIGHEST.replace("50%", "100%"))
    assert column(zeros, "rank") == {"a": 1, "b": 1, "c": 3}
    near = select("patient_id | score\n a | 0.3\n b | 0.30000000000000004", HIGHEST)
    assert ids(near) == "b"


# Keeping a place


KEEPING = HIGHEST.replace("50%", "25%") + '\nkeep_within = "50%"'


def kept(selection: OracleSelection) -> str:
    """Those who are let in only because they are on the caseload and within."""
    return " ".join(row["patient_id"] for row in selection.kept)


def test_who_is_on_the_caseload_and_within_keeps_a_place_before_newcomers(select):
    selection = select(
        """
        patient_id | score | on_caseload
        a          | 9     | F
        b          | 8     |
        c          | 7     | T
        d          | 6     | F
        e          | 5     | T
        f          | 4     | F
        g          | 3     | F
        h          | 2     | F
        """,
        KEEPING,
    )
    assert ids(selection) == "a c"
    assert kept(selection) == "c"
    assert column(selection, "rank") == {"a": 1, "c": 3}
    assert counts(selection, "highest", "denominator places met unused") == [8, 2, 2, 0]
    assert counts(selection, "highest", "score_at_cut tied_in tied_out") == [9.0, 1, 0]


def test_where_the_caseload_needs_every_place_its_best_keep_them_and_no_score_lets_in(select):
    selection = select(
        """
        patient_id | score | on_caseload
        a          | 9     | F
        b          | 8     | T
        c          | 7     | T
        d          | 6     | T
        e          | 5     | F
        f          | 4     | F
        g          | 3     | F
        h          | 2     | F
        """,
        KEEPING,
    )
    assert ids(selection) == "b c"
    assert kept(selection) == "c"
    assert counts(selection, "highest", "places met") == [2, 2]
    assert counts(selection, "highest", "score_at_cut tied_in tied_out") == [None, 0, 0]


def test_ties_at_the_end_of_within_and_at_the_cut_go_by_the_written_order(select):
    selection = select(
        """
        patient_id | score | on_caseload | emergency_admissions_12m
        a          | 9     | F           | 0
        b          | 9     | F           | 1
        c          | 7     | F           | 0
        d          | 5     | T           | 0
        e          | 5     | T           | 3
        f          | 5     | F           | 9
        g          | 3     | T           | 0
        h          | 2     | F           | 0
        """,
        KEEPING,
    )
    assert ids(selection) == "b e"
    assert kept(selection) == "e"
    assert column(selection, "rank") == {"b": 1, "e": 4}
    assert counts(selection, "highest", "score_at_cut tied_in tied_out") == [9.0, 1, 1]


def test_ties_beyond_within_count_among_those_who_were_not_let_in(select):
    selection = select(
        """
        patient_id | score | on_caseload
        a          | 5     | F
        b          | 5     | T
        c          | 5     | F
        d          | 5     | F
        e          | 5     | F
        f          | 5     | F
        g          | 5     | F
        h          | 5     | F
        """,
        KEEPING,
    )
    assert counts(selection, "highest", "places met") == [2, 2]
    assert "b" in ids(selection).split()
    assert counts(selection, "highest", "score_at_cut tied_in tied_out") == [5.0, 1, 6]


def test_without_word_of_a_caseload_everyone_is_a_newcomer(select):
    text = "patient_id | score\n a | 9\n b | 8\n c | 7\n d | 6\n e | 5\n f | 4\n g | 3\n h | 2"
    selection = select(text, KEEPING, optional=["on_caseload"])
    assert ids(selection) == "a b"
    assert kept(selection) == ""
    assert counts(selection, "highest", "score_at_cut tied_in tied_out") == [8.0, 1, 0]


@pytest.mark.parametrize(
    ("limit", "list_size", "places", "chosen"),
    [
        ("at_most", 8, 2, "a d"),
        ("at_most", 7, 1, "a"),
        ("at_least", 7, 2, "a d"),
        ("at_least", 6, 2, "a b"),
        ("at_least", 5, 2, "a b"),
    ],
)
def test_within_is_of_the_same_denominator_and_rounded_as_the_share(limit, list_size, places, chosen, select):
    text = "patient_id | score | on_caseload\n a | 9 | F\n b | 8 | F\n c | 7 | F\n d | 6 | T\n e | 5 | F"
    selection = select(text, KEEPING.replace("at_most", limit), list_sizes={"C87001": list_size})
    assert counts(selection, "highest", "places met") == [places, places]
    assert ids(selection) == chosen


def test_who_is_not_among_keeps_nothing_and_a_place_of_another_route_is_its_own(select):
    adults = KEEPING.replace("among = {}", "among = { age = { at_least = 18 } }")
    selection = select(
        """
        patient_id | age | score | on_caseload | care_home_type
        child      | 3   | 9     | T           | none
        a          | 40  | 8     | F           | none
        b          | 40  | 7     | F           | none
        c          | 40  | 6     | T           | nursing
        d          | 40  | 5     | F           | none
        e          | 40  | 4     | F           | nursing
        f          | 40  | 3     | F           | none
        g          | 40  | 2     | F           | none
        """,
        HOME,
        adults,
    )
    assert ids(selection, "highest") == "a c"
    assert kept(selection) == "c"
    assert column(selection, "place") == {"a": "highest", "c": "home", "e": "home"}
    assert column(selection, "rank") == {"a": 2, "c": 4, "e": None}


# Who can be chosen


def test_a_missing_or_infinite_score_is_never_ranked_and_never_shown(select):
    selection = select(
        """
        patient_id | score | care_home_type
        a          |       | nursing
        b          | nan   | nursing
        c          | inf   | nursing
        d          | -inf  | nursing
        e          | -7    | none
        """,
        HIGHEST.replace("50%", "100%"),
        HOME,
    )
    assert ids(selection, "highest") == "e"
    assert ids(selection, "home") == "a b c d"
    assert column(selection, "score") == {"a": None, "b": None, "c": None, "d": None, "e": -7.0}
    assert counts(selection, "highest", "places met used unused unscored") == [5, 1, 1, 4, 4]


def test_who_objected_counts_in_the_list_and_is_chosen_only_without_the_score(select):
    selection = select(
        """
        patient_id | age | score | objected | care_home_type | nominated
        a          | 80  | 9     | T        | none           | F
        b          | 30  | 8     | T        | nursing        | F
        c          | 30  | 7     | T        | none           | T
        d          | 30  | 6     | T        | none           | F
        e          | 30  | 5     | F        | none           | F
        f          | 30  | 4     |          | none           | F
        g          | 30  |       | F        | none           | F
        h          | 30  |       | T        | none           | F
        """,
        HIGHEST,
        HOME,
        JUDGEMENT,
        REVIEW,
    )
    assert ids(selection) == "a b c e f"
    assert column(selection, "score") == {"a": None, "b": None, "c": None, "e": 5.0, "f": 4.0}
    assert column(selection, "rank") == {"a": None, "b": None, "c": None, "e": 1, "f": 2}
    assert column(selection, "place") == {"a": None, "b": "home", "c": "judgement", "e": "highest", "f": "highest"}
    assert counts(selection, "highest", "list_size places met unscored objected") == [8, 4, 2, 1, 5]


def test_the_list_is_taken_on_the_list_date_and_nobody_gone_by_the_extract_is_listed(select):
    selection = select(
        """
        patient_id | score | registered_on | deregistered_on | date_of_death
        always     | 1     |               |                 |
        joined     | 2     | 2015-04-01    |                 |
        joins      | 3     | 2015-04-02    |                 |
        left       | 4     |               | 2015-04-01      |
        leaves     | 5     |               | 2015-04-02      |
        leaves_on  | 5     |               | 2015-04-10      |
        died       | 6     |               |                 | 2015-04-01
        dies       | 7     |               |                 | 2015-04-02
        dies_on    | 8     |               |                 | 2015-04-10
        """,
        HIGHEST.replace("50%", "100%"),
        extracted_on=dt.date(2015, 4, 10),
    )
    assert ids(selection) == "always joined"
    assert counts(selection, "highest", "list_size places met") == [6, 6, 2]
    assert column(selection, "rank") == {"always": 2, "joined": 1}


def test_a_date_after_the_extract_is_not_yet_known_so_the_default_extract_is_the_list_date(select):
    selection = select(
        """
        patient_id | score | deregistered_on
        a          | 1     | 2015-03-31
        b          | 2     | 2015-04-01
        c          | 3     |
        """,
        HIGHEST.replace("50%", "100%"),
    )
    assert ids(selection) == "c"
    assert line(selection, "highest")["list_size"] == 1


def test_residents_are_permanent_ones(select):
    text = "patient_id | care_home_type\n a | nursing\n b | residential\n c | unspecified\n d | respite\n"
    text += "e | supported_living\n f | none\n g |"
    selection = select(text, HOME)
    assert ids(selection) == "a b c"
    assert counts(selection, "home", "list_size denominator places met used unused") == [7, None, None, 3, 3, None]


# Places used


def test_the_place_used_is_that_of_the_first_route_met_in_file_order(select):
    text = """
        patient_id | score | care_home_type | nominated
        a          | 9     | nursing        | T
        b          | 8     | none           | T
        c          | 7     | nursing        | T
        d          | 6     | none           | T
        """
    selection = select(text, HIGHEST, HOME, JUDGEMENT)
    assert ids(selection, "judgement") == "a b c d"
    assert column(selection, "place") == {"a": "highest", "b": "highest", "c": "home", "d": "judgement"}
    assert [counts(selection, route, "met used unused") for route in ("highest", "home", "judgement")] == [
        [2, 2, 0],
        [2, 1, None],
        [4, 1, 0],
    ]
    other = select(text, HOME, HIGHEST, JUDGEMENT)
    assert column(other, "place") == {"a": "home", "b": "highest", "c": "home", "d": "judgement"}
    assert counts(other, "highest", "places met used unused") == [2, 2, 1, 1]


def test_an_entitlement_uses_no_place_and_is_not_case_management(select):
    selection = select("patient_id | age | score\n a | 80 | 1\n b | 80 | 2\n c | 74 | 0", REVIEW, HIGHEST)
    assert ids(selection) == "a b"
    assert column(selection, "place") == {"a": None, "b": "highest"}
    assert column(selection, "case_managed") == {"a": False, "b": True}
    assert counts(selection, "review", "met used unused places denominator") == [2, None, None, None, None]


# Nominations

NOMINEES = """
    patient_id | practice_id | score | nominated | nomination_order
    a          | C87001      | 9     | T         | 1
    b          | C87001      | 8     | T         | 4
    c          | C87001      | 7     | T         |
    d          | C87001      | 6     | T         | 2
    e          | C87001      | 5     | F         | 3
    f          | C87001      | 4     |           | 3
    g          | C87001      | 3     | T         | 3
    h          | C87001      | 2     | F         |
    i          | C87002      | 1     | T         |
    j          | C87003      | 1     | T         |
    k          | C87003      | 1     | F         |
    l          | C87003      | 1     | F         |
    m          | C87003      | 1     | F         |
    """
TOP_EIGHTH = HIGHEST.replace("50%", "1/8")


def test_nominations_over_the_cap_are_refused_by_practice_with_both_counts(select):
    selection = select(NOMINEES, TOP_EIGHTH, JUDGEMENT)
    assert selection.error == [("C87001", 4, 2), ("C87002", 1, 0)]


def test_nominations_over_the_cap_wait_in_their_order_and_other_practices_do_not(select):
    selection = select(NOMINEES, TOP_EIGHTH, JUDGEMENT, over_cap="queue")
    assert ids(selection, "judgement") == "a d g j"
    assert column(selection, "place") == {"a": "highest", "d": "judgement", "g": "judgement", "j": "judgement"}
    assert [(row["practice_id"], row["patient_id"]) for row in selection.queue] == [
        ("C87001", "b"),
        ("C87001", "c"),
        ("C87002", "i"),
    ]
    assert counts(selection, "judgement", "places met used unused") == [2, 3, 2, 0]


def test_who_waits_is_in_the_table_only_by_another_route(select):
    selection = select(
        """
        patient_id | nominated | nomination_order | care_home_type
        a          | T         | 3                | nursing
        b          | T         | 2                | none
        c          | T         | 1                | none
        d          | F         |                  | none
        """,
        JUDGEMENT,
        HOME,
        over_cap="queue",
    )
    assert column(selection, "place") == {"a": "home", "c": "judgement"}
    assert column(selection, "judgement") == {"a": False, "c": True}
    assert {row["patient_id"] for row in selection.queue} == {"a", "b"}


def test_equal_nomination_orders_are_settled_by_the_schemes_key(select):
    text = "patient_id | nominated | nomination_order\n" + "".join(f"{name} | T | 1\n" for name in "abcd")
    selection = select(text, JUDGEMENT, over_cap="queue")
    assert ids(selection) == "d"


# Reviews


def test_a_review_is_due_from_the_day_the_interval_is_complete(select):
    selection = select(
        """
        patient_id | age | last_review
        never      | 75  |
        on_the_day | 75  | 2014-04-01
        day_before | 75  | 2014-04-02
        recent     | 90  | 2015-04-01
        too_young  | 74  |
        unknown    |     |
        """,
        REVIEW,
    )
    assert column(selection, "review_due") == {"day_before": False, "never": True, "on_the_day": True, "recent": False}
    assert counts(selection, "review", "entitled done due met unknown_age") == [4, 2, 2, 4, 1]


def test_each_review_route_counts_by_its_own_interval_and_the_table_says_whether_any_is_due(select):
    monthly = REVIEW.replace("review", "monthly", 1).replace("every_months = 12", "every_months = 1")
    selection = select("patient_id | age | last_review\n a | 80 | 2014-12-01\n b | 80 | 2015-03-31", REVIEW, monthly)
    assert column(selection, "review_due") == {"a": True, "b": False}
    assert counts(selection, "review", "entitled done due") == [2, 2, 0]
    assert counts(selection, "monthly", "entitled done due") == [2, 1, 1]


@pytest.mark.parametrize(("as_of", "due"), [("2017-02-28", False), ("2017-03-01", True)])
def test_a_review_on_29_february_is_due_again_on_1_march(as_of, due, select):
    text = "patient_id | age | last_review\n a | 80 | 2016-02-29"
    selection = select(text, REVIEW, as_of=dt.date.fromisoformat(as_of))
    assert column(selection, "review_due") == {"a": due}


@pytest.mark.parametrize(
    ("as_of", "on", "entitled"),
    [
        ("2015-03-01", "", "leap today"),
        ("2015-04-01", "", "leap today tomorrow"),
        ("2015-03-01", ', on = "end_of_calendar_year"', "december leap today tomorrow"),
        ("2015-03-01", ', on = "end_of_financial_year"', "leap today tomorrow"),
        ("2015-04-01", ', on = "end_of_financial_year"', "december leap march today tomorrow"),
        ("2015-04-01", ', on = "2015-03-01"', "leap today"),
        ("2015-04-01", ', on = "2015-02-28"', ""),
    ],
)
def test_an_age_is_counted_on_the_named_day(as_of, on, entitled, select):
    text = """
        patient_id | date_of_birth
        today      | 1940-03-01
        tomorrow   | 1940-03-02
        leap       | 1940-02-29
        december   | 1940-12-31
        march      | 1941-03-31
        april      | 1941-04-01
        unknown    |
        """
    route = REVIEW.replace("at_least = 75", f"at_least = 75{on}")
    assert ids(select(text, route, as_of=dt.date.fromisoformat(as_of))) == entitled


# Bands


def test_a_band_takes_scores_between_its_edges_as_the_nearest_doubles(select):
    band = 'name = "band"\nkind = "band"\non = "score"\nat_least = "0.3"\nbelow = "0.6"\ncounts_as = "case_management"'
    selection = select(
        """
        patient_id | score                | objected
        below      | 0.29999999999999998  |
        under      | 0.29999999999999993  |
        edge       | 0.3                  |
        inside     | 0.59999999999999998  |
        inside_2   | 0.59999999999999987  |
        out        | 0.6                  |
        objected   | 0.4                  | T
        unscored   |                      |
        """,
        band,
    )
    assert ids(selection) == "below edge inside_2"
    assert column(selection, "rank") == {"below": None, "edge": None, "inside_2": None}
    assert counts(selection, "band", "denominator places met used unused unscored objected") == [
        None,
        None,
        3,
        3,
        None,
        1,
        1,
    ]


# Rules after 2015/16


@pytest.fixture(params=["oracle", "library"])
def select_by(request: pytest.FixtureRequest) -> Any:
    """Select from a text table by a shipped scheme."""
    engine = {"oracle": by_oracle, "library": by_library}[request.param]

    def run(text: str, name: str) -> OracleSelection:
        rows = [{"practice_id": "C87001", **row} for row in read_table(text)]
        scores = [row.pop("score", None) for row in rows]
        return engine(Case(rows=rows, columns=list(rows[0]), scores=scores, scheme_text=load_scheme(name).text))

    return run


def test_proactive_care_2023_takes_the_frail_of_65_and_over_who_are_known_to_live_at_home(select_by):
    selection = select_by(
        """
        patient_id   | age | frailty_deficits | care_home_type
        severe       | 80  | 13               | none
        moderate     | 65  | 12               | none
        just         | 80  | 9                | none
        mild         | 80  | 8                | none
        too_young    | 64  | 20               | none
        resident     | 90  | 20               | nursing
        supported    | 70  | 13               | supported_living
        on_a_stay    | 70  | 9                | respite
        home_unknown | 80  | 20               |
        not_counted  | 80  |                  | none
        """,
        "proactive-care-2023",
    )
    assert ids(selection, "severe_frailty_at_home") == "severe supported"
    assert ids(selection, "moderate_frailty_at_home") == "just moderate on_a_stay"
    assert ids(selection) == "just moderate on_a_stay severe supported"


def test_network_contract_2026_27_lists_all_of_the_cohort_whatever_the_score(select_by):
    selection = select_by(
        """
        patient_id | age | frailty_deficits | efi2_category | score
        both       | 80  | 14               | severe        | 0.1
        by_count   | 80  | 10               | mild          | 0.9
        by_efi2    | 80  |                  | moderate      |
        fit        | 80  | 2                | fit           | 0.8
        too_young  | 64  | 14               | severe        | 0.7
        neither    | 80  |                  |               | 0.6
        """,
        "network-contract-2026-27",
    )
    assert ids(selection) == "both by_count by_efi2"
    assert ids(selection, "frailty_by_efi2") == "both by_efi2"
    assert column(selection, "place") == {
        "both": "severe_frailty",
        "by_count": "moderate_frailty",
        "by_efi2": "frailty_by_efi2",
    }
    assert column(selection, "score") == {"both": 0.1, "by_count": 0.9, "by_efi2": None}


def test_care_homes_2024_25_takes_every_resident_and_no_other(select_by):
    selection = select_by(
        """
        patient_id  | age | care_home_type
        nursing     | 90  | nursing
        residential | 40  | residential
        a_home      | 85  | unspecified
        on_a_stay   | 85  | respite
        supported   | 30  | supported_living
        at_home     | 95  | none
        unknown     | 95  |
        """,
        "care-homes-2024-25",
    )
    assert ids(selection) == "a_home nursing residential"


def test_herefordshire_2025_asks_for_four_conditions_and_an_admission(select_by):
    selection = select_by(
        """
        patient_id  | age | admissions_12m | score
        both        | 70  | 1              | 4
        more        | 40  | 3              | 9
        three       | 70  | 5              | 3
        no_stay     | 70  | 0              | 8
        not_counted | 70  |                | 8
        no_score    | 70  | 2              |
        """,
        "herefordshire-2025",
    )
    assert ids(selection) == "both more"
    assert column(selection, "rank") == {"both": None, "more": None}


def test_kent_and_medway_2026_takes_three_groups_and_each_counts_once(select_by):
    selection = select_by(
        """
        patient_id | age | care_home_type | palliative_care | housebound | frailty_deficits
        home       | 90  | nursing        | T               | T          | 20
        palliative | 50  | none           | T               | F          | 3
        housebound | 80  | none           | F               | T          | 13
        moderate   | 80  | none           | F               | T          | 12
        goes_out   | 80  | none           | F               | F          | 20
        """,
        "kent-and-medway-2026",
    )
    assert ids(selection) == "home housebound palliative"
    assert ids(selection, "palliative_care_register") == "home palliative"
    assert column(selection, "place")["home"] == "care_home"


# Rows


def test_differing_rows_with_one_id_do_not_count_and_the_same_row_twice_counts_once(select):
    selection = select(
        """
        patient_id | age | score
        a          | 30  | 9
        b          | 30  | 8
        b          | 31  | 8
        c          | 30  | 7
        c          | 30  | 7
        d          | 30  | 6
        """,
        HIGHEST,
    )
    assert ids(selection) == "a"
    assert counts(selection, "highest", "list_size places quarantined") == [3, 1, 2]


@pytest.mark.parametrize(
    ("accepted", "set_aside", "may_change"),
    [
        (3, ["C87001"], True),
        (4, ["C87001"], False),
        (4, ["C87001", "C87001"], True),
        (3, ["C87002"], False),
        (3, [""], True),
        (4, ["", "C87001"], True),
    ],
)
def test_the_summary_says_where_quarantined_rows_could_change_the_places(accepted, set_aside, may_change, select):
    people = [f"p{number} | C87001 | 1" for number in range(accepted)]
    refused = [f" | {practice} | 1" if practice else f"q{row} | | 1" for row, practice in enumerate(set_aside)]
    selection = select("\n".join(["patient_id | practice_id | score", *people, *refused]), HIGHEST)
    quarantined = set_aside.count("C87001")
    assert counts(selection, "highest", "denominator quarantined places_may_change") == [
        accepted,
        quarantined,
        may_change,
    ]


def test_a_practice_whose_rows_are_all_quarantined_still_has_its_line(select):
    selection = select("patient_id | practice_id | score\n a | C87001 | 1\n | C87002 | 1", HIGHEST)
    names = ("list_size", "places", "met", "quarantined")
    assert [line(selection, "highest", "C87002")[name] for name in names] == [0, 0, 0, 1]


def test_the_table_is_in_the_order_of_the_bytes_of_practice_and_patient(select):
    selection = select(
        """
        patient_id | practice_id | care_home_type
        é          | C87002      | nursing
        z          | C87002      | nursing
        Y          | C87002      | nursing
        10         | C87002      | nursing
        9          | C87002      | nursing
        𝔭          | C87001      | nursing
        ｐ         | C87001      | nursing
        """,
        HOME,
    )
    assert ids(selection) == "ｐ 𝔭 10 9 Y z é"
    assert [row["practice_id"] for row in selection.summary] == ["C87001", "C87002"]


# The oracle's own calendar and hash


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2016-02-29", 12, "2017-03-01"),
        ("2016-02-29", 48, "2020-02-29"),
        ("2015-01-31", 1, "2015-03-01"),
        ("2015-08-31", 1, "2015-10-01"),
        ("2015-12-31", 2, "2016-03-01"),
        ("2015-12-15", 1, "2016-01-15"),
        ("2015-10-31", 1, "2015-12-01"),
        ("2015-11-30", 1, "2015-12-30"),
    ],
)
def test_months_are_calendar_months_and_a_missing_day_is_the_first_of_the_next_month(day, months, later):
    assert months_later(dt.date.fromisoformat(day), months) == dt.date.fromisoformat(later)


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ("1940-02-29", "2015-02-28", 74),
        ("1940-02-29", "2015-03-01", 75),
        ("1940-02-29", "2016-02-28", 75),
        ("1940-02-29", "2016-02-29", 76),
        ("1940-04-01", "2015-04-01", 75),
        ("1940-04-02", "2015-04-01", 74),
        ("2015-04-01", "2015-04-01", 0),
    ],
)
def test_an_age_is_the_number_of_birthdays_had(born, on, age):
    row = {"date_of_birth": dt.date.fromisoformat(born)}
    assert age_on(row, dt.date.fromisoformat(on), dt.date.fromisoformat(on)) == age
