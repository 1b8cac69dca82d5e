"""Comparing two selections: equal to a plain twin, one reason a change, and an attribution that adds up exactly."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import compare_twin as twin
import pyarrow as pa
import pytest
from compare_twin import Month
from engines import library_selection
from hypothesis import given, settings
from hypothesis import strategies as st
from months import HOMES, WORDS, pair
from registers import read_scheme, scheme_text

import casemgmt as cm
from casemgmt.risk.inputs import MILLION, ModelInput
from casemgmt.risk.model import Model
from casemgmt.scheme.conditions import decimal_text

PAIRS = 200
REASONS = {
    *("registration", "scheme", "model", "care home", "nomination", "age", "objection", "record"),
    *("caseload", "own score", "cut moved"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One pair of months, compared by the library and by the twin."""

    seed: int
    before: Any
    after: Any
    found: Any
    path: twin.Path
    expected: twin.Found

    def rows(self) -> list[dict[str, Any]]:
        return self.found.changes.to_pylist()


def compared(seed: int, months: tuple[Month, Month] | None = None) -> Compared:
    months = months or pair(seed)
    before, after = (library_selection(month.case, month.model) for month in months)
    return Compared(
        seed=seed,
        before=before,
        after=after,
        found=cm.compare(before, after),
        path=twin.path_between(*months),
        expected=twin.compare(*months),
    )


@pytest.fixture(scope="module")
def pairs() -> list[Compared]:
    return [compared(seed) for seed in range(PAIRS)]


def people_in(rows: list[dict[str, Any]]) -> dict[tuple[str, str], set[str]]:
    found = defaultdict(set)
    for row in rows:
        found[row["practice_id"], row["route"]].add(row["patient_id"])
    return found


def listed(selection: Any) -> dict[tuple[str, str], set[str]]:
    """Who is on each practice's list by each route, from the selection's own table."""
    names = [*(route.name for route in selection.scheme.routes), "case_managed"]
    found = defaultdict(set)
    for row in selection.to_arrow().to_pylist():
        for name in names:
            if row[name]:
                found[row["practice_id"], name].add(row["patient_id"])
    return found


# Equality with the twin


def assert_equal_to_the_twin(one: Compared) -> None:
    found = {
        (row["practice_id"], row["patient_id"], row["route"]): (row["change"], row["reason"]) for row in one.rows()
    }
    assert len(found) == len(one.rows())
    differ = {
        key: (one.expected.get(key), found.get(key))
        for key in {*found, *one.expected}
        if one.expected.get(key) != found.get(key)
    }
    assert not differ, f"seed {one.seed}: (twin, library) {dict(list(differ.items())[:5])}"


def test_200_pairs_of_registers_equal_the_twin(pairs):
    for one in pairs:
        assert_equal_to_the_twin(one)


@pytest.mark.long
def test_2000_more_pairs_of_registers_equal_the_twin():
    for seed in range(1000, 3000):
        assert_equal_to_the_twin(compared(seed))


def test_the_pairs_between_them_meet_every_reason(pairs):
    counts = Counter(row["reason"] for one in pairs for row in one.rows())
    assert {reason for reason in counts if reason} == REASONS
    assert min(counts.values()) >= 6


# What must hold of every comparison


def test_every_change_has_one_reason_and_a_sentence_and_stayers_have_neither(pairs):
    for one in pairs:
        for row in one.rows():
            assert row["change"] in ("joiner", "leaver", "stayer")
            if row["change"] == "stayer":
                assert row["reason"] is None
                assert row["detail"] is None
            else:
                assert row["reason"] in REASONS
                assert row["detail"]


def test_joiners_leavers_and_stayers_are_the_two_lists_and_nobody_is_two_of_them(pairs):
    for one in pairs:
        by_change = {
            change: people_in([row for row in one.rows() if row["change"] == change])
            for change in ("joiner", "leaver", "stayer")
        }
        was, now = listed(one.before), listed(one.after)
        for key in {*was, *now}:
            assert by_change["stayer"][key] == was[key] & now[key]
            assert by_change["joiner"][key] == now[key] - was[key]
            assert by_change["leaver"][key] == was[key] - now[key]
        assert {key for found in by_change.values() for key, ids in found.items() if ids} <= {*was, *now}


def test_rows_are_ordered_by_practice_route_and_patient(pairs):
    for one in pairs:
        keys = [tuple(row[name].encode() for name in ("practice_id", "route", "patient_id")) for row in one.rows()]
        assert keys == sorted(keys)


def test_scores_are_those_of_the_two_selections(pairs):
    for one in pairs:
        for row in one.rows():
            person = row["practice_id"], row["patient_id"]
            now = one.path.new.people.get(person)
            hidden = now is not None and now.objected  # an earlier score of someone who objects is not shown either
            assert row["score_before"] == (None if hidden else one.path.old.score(person))
            assert row["score_after"] == one.path.new.score(person)


def test_a_change_of_registration_says_which(pairs):
    said = set()
    for one in pairs:
        for row in one.rows():
            if row["reason"] == "registration":
                assert row["detail"] == twin.how_registered(one.path, (row["practice_id"], row["patient_id"]))
                said.add(row["detail"])
    assert len(said) == 6


def test_the_summary_counts_every_practice_and_route(pairs):
    for one in pairs:
        was, now = listed(one.before), listed(one.after)
        practices = sorted({*one.before.practices, *one.after.practices})
        routes = sorted({route.name for each in (one.before, one.after) for route in each.scheme.routes})
        expected = []
        for practice in practices:
            for route in sorted([*routes, "case_managed"]):
                a, b = was[practice, route], now[practice, route]
                counts = {"before": len(a), "after": len(b), "stayers": len(a & b), "joiners": len(b - a)}
                churn = len(a - b) / len(a) if a else None
                overlap = len(a & b) / len(a | b) if a | b else None
                line = {"practice_id": practice, "route": route, **counts, "leavers": len(a - b)}
                expected.append(line | {"churn": churn, "overlap": overlap})
        assert one.found.summary().to_pylist() == expected


def test_reasons_are_counted_by_practice_route_and_change(pairs):
    for one in pairs:
        names = ("practice_id", "route", "change", "reason")
        expected = Counter(tuple(row[name] for name in names) for row in one.rows() if row["reason"])
        found = {tuple(row[name] for name in names): row["patients"] for row in one.found.reasons().to_pylist()}
        assert found == expected


def test_the_changes_of_one_practice_hold_that_practice_alone(pairs):
    for one in pairs[:20]:
        parts = [one.found.practice(practice) for practice in sorted({*one.before.practices, *one.after.practices})]
        assert pa.concat_tables(parts).to_pylist() == one.rows()


def test_a_selection_compared_with_itself_has_stayers_alone(pairs):
    for one in pairs[:20]:
        again = cm.compare(one.before, one.before)
        assert set(again.changes["change"].to_pylist()) <= {"stayer"}
        assert again.reasons().num_rows == again.attribution.num_rows == 0


def test_comparing_backwards_turns_joiners_into_leavers(pairs):
    other_way = {"joiner": "leaver", "leaver": "joiner", "stayer": "stayer"}
    for one in pairs[:40]:
        back = cm.compare(one.after, one.before).changes.to_pylist()
        key = ("practice_id", "route", "patient_id")
        found = {tuple(row[name] for name in key): other_way[row["change"]] for row in back}
        assert found == {tuple(row[name] for name in key): row["change"] for row in one.rows()}


def test_the_attribution_of_every_pair_adds_up(pairs):
    explained = 0
    for one in pairs:
        moves = defaultdict(list)
        for row in one.found.attribution.to_pylist():
            moves[row["practice_id"], row["patient_id"]].append(row)
        own = {(r["practice_id"], r["patient_id"]) for r in one.rows() if r["reason"] == "own score"}
        assert set(moves) <= own
        for person in own if one.after.model else ():
            was, now = one.path.model.score(person), one.path.new.score(person)
            assert moves[person]
            amounts = [move["moved"] for move in moves[person]]
            if was is None or now is None:
                assert None in amounts
            else:
                assert sum(map(in_millionths, amounts)) == in_millionths(now) - in_millionths(was)
                explained += 1
    assert explained > 20


def in_millionths(points: float) -> int:
    return round(points * MILLION)


# The exact attribution, for any model

AMOUNTS = st.one_of(st.integers(-3, 3).map(lambda n: n * 250_000), st.integers(-2_000_000, 2_000_000))
RULES = st.one_of(st.just("no score"), AMOUNTS)
VALUES = {
    "diabetes": (None, True, False),
    "age": (None, 0, 17, 18, 19, 20, 21, 95),
    "care_home_type": (None, *HOMES),
    "emergency_admissions_12m": (None, 0, 1, 2, 3, 99),
    "blood_pressure": (None, 90.0, 120.0, 120.5, 180.0),
}
TYPES = (pa.bool_(), pa.int64(), pa.string(), pa.int64(), pa.float64())


@st.composite
def models(draw: Any) -> Model:
    """One to five inputs of every kind, with or without a floor, an intercept and a divisor."""

    def table(length: int) -> tuple[int, ...]:
        return tuple(draw(AMOUNTS) for _ in range(length))

    makers = {
        "diabetes": lambda: {"kind": "flag", "missing": draw(st.just("absent") | RULES), "table": (0, *table(1))},
        "age": lambda: {
            **{"kind": "integer", "missing": draw(RULES), "table": table(3), "first": 18},
            "below": draw(st.sampled_from(("first", "no score"))),
        },
        "care_home_type": lambda: {
            **{"kind": "category", "missing": draw(RULES), "table": table(2), "categories": HOMES[:2]},
            "other": draw(RULES),
        },
        "emergency_admissions_12m": lambda: {
            **{"kind": "number", "missing": draw(RULES), "table": table(3), "edges": (MILLION, 3 * MILLION)},
            "closed": draw(st.sampled_from(("left", "right"))),
        },
        "blood_pressure": lambda: {
            **{"kind": "number", "missing": draw(RULES), "table": table(2), "edges": (120_500_000,)},
        },
    }
    names = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, unique=True))
    inputs = tuple(ModelInput(name=name, label=name, **makers[name]()) for name in names)
    model = Model(
        **WORDS,
        name="any-model",
        version="1",
        horizon_days=365,
        link=draw(st.sampled_from(("points", "logistic"))),
        intercept=draw(st.sampled_from((0, -300_000, 123_456))),
        divide_by=draw(st.sampled_from((1, 1, 3, 7))),
        inputs=inputs,
    )
    floors = [floor for floor in (0, model.extremes[0] + 400_000) if floor > model.extremes[0]]
    return replace(model, floor=draw(st.sampled_from((None, *floors))))


def band_between(was: int | None, now: int | None, model: Model) -> str:
    """A band that holds one of two sums and not the other: the higher, or the one that is there."""
    unit = MILLION * model.divide_by
    if was is None or now is None:
        return "-2000000"
    middle = Fraction(was + now, 2 * unit)
    return decimal_text(Fraction(round(middle * 10**9), 10**9))


@settings(max_examples=250, deadline=None, derandomize=True, database=None)
@given(models(), st.lists(st.tuples(*(st.tuples(*map(st.sampled_from, VALUES.values())),) * 2), min_size=1, max_size=4))
def test_attribution_adds_up_exactly_to_the_difference_of_two_scores(model, people):
    months = [[dict(zip(VALUES, values, strict=True)) for values in month] for month in zip(*people, strict=True)]
    sums = [[model.score_of(row) for row in month] for month in months]
    edges = [band_between(*both, model) for both in zip(*sums, strict=True)]
    scheme = read_scheme(
        scheme_text(
            f'name = "band_{i}"\nkind = "band"\non = "score"\nat_least = "{edge}"\ncounts_as = "case_management"'
            for i, edge in enumerate(edges)
        )
    )
    selections = [cm.select(registered(month), scheme, model=model) for month in months]
    found = cm.compare(*selections)
    changes = {(row["patient_id"], row["route"]): row for row in found.changes.to_pylist()}
    moves = defaultdict(list)
    for row in found.attribution.to_pylist():
        moves[row["patient_id"]].append(row)
    for i, (was, now) in enumerate(zip(*sums, strict=True)):
        if was == now:
            assert (f"p{i}", f"band_{i}") not in changes or changes[f"p{i}", f"band_{i}"]["change"] == "stayer"
            continue
        row = changes[f"p{i}", f"band_{i}"]
        assert row["reason"] == "own score"
        assert (row["score_before"], row["score_after"]) == tuple(
            None if total is None else model.points(total) for total in (was, now)
        )
        assert_attributed(model, months[0][i], months[1][i], moves[f"p{i}"])


def registered(rows: list[dict[str, Any]]) -> Any:
    columns = {name: pa.array([row[name] for row in rows], kind) for name, kind in zip(VALUES, TYPES, strict=True)}
    ids = {"patient_id": [f"p{i}" for i in range(len(rows))], "practice_id": ["C87002"] * len(rows)}
    return cm.read_register(pa.table({**ids, **columns}), as_of="2015-04-01")


def assert_attributed(model: Model, before: dict[str, Any], after: dict[str, Any], moves: list[dict[str, Any]]) -> None:
    """Each input's move is the difference of its two contributions; all of them, with the floor's, add up."""
    unit = MILLION * model.divide_by
    found = {move["input"]: None if move["moved"] is None else round(move["moved"] * unit) for move in moves}
    lift = found.pop("floor", 0)
    expected = {}
    for each in model.inputs:
        was, now = (each.contribution(row[each.name]) for row in (before, after))
        if was != now:
            expected[each.name] = None if was is None or now is None else now - was
    assert found == expected
    if None not in expected.values() and model.score_of(before) is not None and model.score_of(after) is not None:
        assert sum(expected.values()) + lift == model.score_of(after) - model.score_of(before)
