"""The report of a quarter: what happened on the caseload, as far as it may leave; one store says the same again."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pytest
from caseload_events import add, opened
from memory_store import MemoryStore
from scipy.optimize import linprog
from test_report import table_of

import casemgmt as cm
from casemgmt.caseload.caseload import Caseload
from casemgmt.caseload.events.event import NewEvent
from casemgmt.errors import InputError
from casemgmt.outputs.report.period import MEASURES, Period, RegisterOutcome, _told, said_of
from casemgmt.outputs.report.periods_told import periods_told
from casemgmt.results.reporting_period import reported_heads

QUARTERS = [("2015-04-01", "2015-06-30"), ("2015-07-01", "2015-09-30"), ("2015-10-01", "2015-12-31")]
SCHEME = "avoiding-unplanned-admissions-2014-15"


@pytest.fixture(scope="module")
def selections():
    scheme = cm.load_scheme(SCHEME)
    days = ("2015-04-01", "2015-07-01")
    return [cm.select(cm.read_register(table_of(), as_of=day), scheme, score="points") for day in days]


def moment(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T12:00:00+00:00")


def a_caseload(joining: int = 40, leaving: int = 12) -> Caseload:
    """Two practices: C87001 with as many as are asked for, C87002 with four of whom three have a plan."""
    store = MemoryStore()
    add(store, moment("2015-03-31"), opened(3, dt.date(2015, 1, 1)))
    for code, people, plans, gone in (("C87001", joining, joining // 2, leaving), ("C87002", 4, 3, 1)):
        size = NewEvent(code, "list_size", dt.date(2015, 4, 1), details={"whole": 800, "adults": 640})
        add(store, moment("2015-04-01"), size)
        for i in range(people):
            told: list[Any] = [("accepted", dt.date(2015, 4, 2), {})]
            told += [("plan_agreed", dt.date(2015, 4, 20), {})] if i < plans else []
            told += [("patient_told", dt.date(2015, 4, 10), {})] if i % 2 else []
            told += [("home_changed", dt.date(2015, 4, 3), {"care_home_type": "nursing", "care_home_id": f"H{i % 9}"})]
            told += [("reviewed", dt.date(2015, 6, 10), {})] if i % 3 == 0 else []
            told += [("died", dt.date(2015, 8, 1), {})] if i < gone else []
            for kind, day, details in told:
                by = "AB" if kind == "accepted" else None
                add(store, moment(day.isoformat()), NewEvent(code, kind, day, f"p{i}", by, details=details))
    return Caseload(store)


def report(selection: Any, caseload: Caseload, quarter: int = 0, **more: Any) -> Any:
    return cm.commissioner_report(selection, caseload=caseload, period=QUARTERS[quarter], **more)


def rows_of(made: Any, name: str) -> dict[str, Any]:
    return {row["practice_id"]: row for row in made.table(name).to_pylist()}


def test_the_measures_of_a_quarter_by_hand(selections):
    rows = rows_of(report(selections[0], a_caseload()), "caseload")
    large = rows["C87001"]
    assert (large["managed_start"], large["joined"], large["left"], large["managed_end"]) == (0, 40, 0, 40)
    assert (large["plan_agreed_end"], large["plan_none_end"], large["plans_percent"]) == (20, 20, 50.0)
    assert (large["told_in_time"], large["not_told"], large["reviews_done"]) == (20, 20, 15)
    small = rows["C87002"]
    assert small["managed_end"] is None
    assert "managed_end" in small["note"]
    assert rows["all practices"]["joined"] == 40
    assert "joined at least" in rows["all practices"]["note"]


def test_the_register_test_and_what_it_pays(selections):
    made = report(selections[0], a_caseload())
    rows = rows_of(made, "register_test")
    # 1.8% of 640 adults is 11.52, so 12 are needed.
    assert (rows["C87001"]["needed"], rows["C87001"]["register"], rows["C87001"]["passed"]) == (12, 40, "yes")
    assert (rows["C87002"]["register"], rows["C87002"]["passed"]) == (None, None)
    assert "passed withheld" in rows["C87002"]["note"]
    paid = [row for row in made.table("payments").to_pylist() if row["practice_id"] == "C87002"]
    assert all(row["payable_pounds"] is None for row in paid if row["note"] == "met withheld")


def test_a_register_that_fails_is_told_where_it_is_large(selections):
    store = a_caseload(joining=11, leaving=0)
    rows = rows_of(report(selections[0], store), "register_test")
    assert (rows["C87001"]["register"], rows["C87001"]["passed"]) == (10, "no")


def test_a_test_of_another_quarter_is_not_told_with_its_payment(selections):
    """Three were on the register of the second quarter: that they were too few would say that they were under five."""
    store = MemoryStore()
    add(store, moment("2015-03-31"), opened(3, dt.date(2015, 1, 1)))
    for day in ("2015-04-01", "2015-07-01", "2015-10-01"):
        size = NewEvent("C87001", "list_size", dt.date.fromisoformat(day), details={"whole": 300, "adults": 270})
        add(store, moment(day), size)
    for i in range(40):
        day = dt.date(2015, 7, 15) if i < 3 else dt.date(2015, 11, 2)
        add(store, moment(day.isoformat()), NewEvent("C87001", "accepted", day, f"p{i}", "AB"))
    made = cm.commissioner_report(selections[0], caseload=Caseload(store), period=QUARTERS[2])
    paid = {row["instalment"]: row for row in made.table("payments").to_pylist()}
    assert (paid["quarter 3 register"]["met"], paid["quarter 3 register"]["payable_pounds"]) == ("yes", 86.1)
    second = paid["quarter 2 register"]
    assert (second["met"], second["payable_pounds"]) == (None, None)
    assert "met withheld: a report from 2015-07-01 to 2015-09-30 tells it" in second["note"]
    assert paid["quarter 4 register"]["met"] == "not known"


def test_no_file_of_a_report_holds_a_whole_hash(selections, tmp_path):
    """From one whole hash to the next, every event could be tried until it fits, and its counts were told."""
    caseload = a_caseload()
    report(selections[0], caseload).save(tmp_path / "q1")
    whole = [row["hash"] for row in caseload.heads().to_pylist()]
    for path in (each for each in (tmp_path / "q1").rglob("*") if each.is_file()):
        data = path.read_bytes()
        assert not any(digest[:17].encode() in data for digest in whole), path.name
    assert whole[-1][:16].encode() in (tmp_path / "q1" / "manifest.json").read_bytes()
    assert {len(digest) for _, digest in reported_heads(tmp_path / "q1", caseload).values()} == {16}


def test_homes_and_the_last_events_are_told(selections):
    caseload = a_caseload()
    made = report(selections[0], caseload)
    homes = {row["figure"]: row["count"] for row in made.table("homes_over_time").to_pylist()}
    assert homes["Homes with residents on the caseload"] == 10
    heads = rows_of(made, "heads")
    for row in caseload.heads().to_pylist():
        if row["practice_id"]:
            assert heads[row["practice_id"]]["hash"] == row["hash"][:16]
    assert heads["C87001"]["hash"] in made.to_html()
    assert made.table("heads").column_names == ["practice_id", "hash"]  # a number would tell how much happened


def homes_told(made: Any) -> dict[str, Any]:
    return {row["figure"]: row["count"] for row in made.table("homes_over_time").to_pylist()}


def test_homes_that_came_to_one_practice_on_the_first_day_of_a_quarter_are_counted(selections):
    """Ten homes have a resident of each practice; on 1 July those of the second practice move to the first."""
    store = MemoryStore()
    add(store, moment("2015-03-31"), opened(3, dt.date(2015, 1, 1)))
    for i in range(20):
        code, where = ("C87001", "C87002")[i % 2], {"care_home_type": "nursing", "care_home_id": f"H{i // 2}"}
        for kind, by, details in (("accepted", "AB", {}), ("home_changed", None, where)):
            add(store, moment("2015-05-01"), NewEvent(code, kind, dt.date(2015, 5, 1), f"p{i}", by, details=details))
    for i in range(1, 20, 2):
        gone = NewEvent("C87002", "moved", dt.date(2015, 7, 1), f"p{i}", details={"to_practice": "C87001"})
        add(store, moment("2015-07-01"), gone)
    caseload = Caseload(store)
    both = [homes_told(report(selections[0], caseload, quarter)) for quarter in (0, 1)]
    assert [each["Of them with one practice"] for each in both] == [0, 10]
    assert [each["Came to one practice in the period"] for each in both] == [0, 10]


def of_homes(quarter: int, before: list[dict[str, Any]], *counts: int) -> dict[str, Any]:
    names = ("homes", "aligned", "newly_aligned", "no_longer_aligned")
    start, end = (dt.date.fromisoformat(day) for day in QUARTERS[quarter])
    homes = dict(zip(names, counts, strict=True))
    return said_of(Period(start=start, end=end, known_at="", heads={}, counts={}, homes=homes), before)


def test_homes_that_came_to_several_practices_are_none_of_those_with_one():
    """Of 8 to 12 homes 8 to 12 are with one practice: 1 to 4 are left for those that came to several."""
    told = of_homes(0, [], 12, 10, 0, 2)["homes"]
    assert told != {"homes": 10, "aligned": 10, "newly_aligned": 0, "no_longer_aligned": "1–7"}
    assert "withheld" in told.values()


def test_homes_are_held_against_the_quarter_before():
    """Of 8 to 12 homes 8 to 12 were with one practice: 1 to 4 can have come to one since."""
    first = of_homes(0, [], 12, 10, 0, 0)
    assert first["homes"] == {"homes": 10, "aligned": 10, "newly_aligned": 0, "no_longer_aligned": 0}
    alone, beside = (of_homes(1, before, 20, 19, 2, 0)["homes"] for before in ([], [first]))
    assert alone == {"homes": 20, "aligned": 20, "newly_aligned": "1–7", "no_longer_aligned": 0}
    assert beside["newly_aligned"] == "withheld"


def test_the_same_report_again_after_more_was_recorded(selections, tmp_path):
    caseload = a_caseload()
    first = report(selections[0], caseload, known_at="2015-07-15")
    first.save(tmp_path / "a" / "q1")
    add(caseload.store, moment("2015-12-01"), NewEvent("C87001", "died", dt.date(2015, 5, 1), "p30"))
    now = report(selections[0], caseload)
    assert rows_of(now, "caseload")["C87001"] != rows_of(first, "caseload")["C87001"]
    again = report(selections[0], caseload, known_at="2015-07-15")
    again.save(tmp_path / "b" / "q1")
    files = [sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in "ab"]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    assert len(files[0]) > 10


def test_the_next_report_is_held_against_the_one_before(selections, tmp_path):
    """Twelve of C87002's neighbours stay hidden in both quarters, whatever the second says."""
    caseload = a_caseload()
    report(selections[0], caseload).save(tmp_path / "q1")
    second = report(selections[1], caseload, 1, previous=tmp_path / "q1")
    second.save(tmp_path / "q2")
    row = rows_of(second, "caseload")["C87001"]
    assert (row["managed_start"], row["left"], row["managed_end"]) == (40, 10, 30)
    small = rows_of(second, "caseload")["C87002"]
    assert all(small[name] in (None, 0) for name in MEASURES if name in small)


def test_what_a_quarter_told_is_not_forgotten_when_its_folder_is_used_again(selections, tmp_path):
    """Somebody holds the first quarter's report still, when its half year is told."""
    caseload, folder = a_caseload(), tmp_path / "report"
    for quarter in (0, 1, 1, 2):
        report(selections[quarter > 0], caseload, quarter).save(folder, overwrite=True)
    assert sorted(each["start"] for each in periods_told(tmp_path / "next", [])) == [start for start, _ in QUARTERS]


def test_a_period_needs_a_caseload_and_two_days_in_order(selections):
    with pytest.raises(InputError, match="go with caseload="):
        cm.commissioner_report(selections[0], period=QUARTERS[0])
    with pytest.raises(InputError, match="first and the last day"):
        cm.commissioner_report(selections[0], caseload=a_caseload())
    with pytest.raises(InputError, match="last day comes before"):
        cm.commissioner_report(selections[0], caseload=a_caseload(), period=("2015-06-30", "2015-04-01"))
    with pytest.raises(InputError, match="nothing was recorded"):
        report(selections[0], a_caseload(), known_at="2014-01-01")


def test_without_a_caseload_the_report_says_nothing_of_one(selections):
    assert "caseload" not in cm.commissioner_report(selections[0]).names


# What hangs together, in words of the definitions, apart from the library's own list: an equality, or at most 0.
EQUAL = (
    {"managed_start": 1, "joined": 1, "left": -1, "managed_end": -1},
    {"plan_agreed_end": 1, "plan_declined_end": 1, "plan_none_end": 1, "managed_end": -1},
)
AT_MOST = (
    {"reviews_due_end": 1, "managed_end": -1},
    {"told_in_time": 1, "told_late": 1, "not_told": 1, "joined": -1},
    {"removals_pending_end": 1, "managed_end": -1, "proposed_end": -1},
    {"register": 1, "managed_end": -1, "left": -1},
)
NAMES = (*MEASURES, "register")


def some_counts(generator: random.Random, start: int | None = None) -> dict[str, int]:
    large = generator.choice((3, 9, 14, 60))
    some = generator.randint
    start = some(0, large) if start is None else start
    left, joined = some(0, start), some(0, large)
    end, proposed = start + joined - left, some(0, large)
    agreed = some(0, end)
    declined = some(0, end - agreed)
    told = sorted(some(0, joined) for _ in range(3))
    return {
        "managed_end": end,
        "managed_start": start,
        "joined": joined,
        "left": left,
        "proposed_end": proposed,
        "plan_agreed_end": agreed,
        "plan_declined_end": declined,
        "plan_none_end": end - agreed - declined,
        "reviews_done": some(0, large),
        "reviews_due_end": some(0, end),
        "told_in_time": told[0],
        "told_late": told[1] - told[0],
        "not_told": told[2] - told[1],
        "removals_pending_end": some(0, end + proposed),
        "register": some(0, end),
    }


def reach(form: Any) -> tuple[int, int]:
    if form == "withheld":
        return 0, 10_000
    if form == "1–7":
        return 1, 7
    return (0, 0) if form == 0 else (max(form - 2, 8), form + 2)


def narrowed(said: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """The counts of one practice that linear bounds over one or more quarters show to be a part of 1 to 7."""
    place = {(q, name): q * len(NAMES) + i for q in range(len(said)) for i, name in enumerate(NAMES)}

    def row(factors: dict[Any, int]) -> Any:
        found = np.zeros(len(place))
        for key, factor in factors.items():
            found[place[key]] += factor
        return found

    equal, most, high = [], [], []
    for q, each in enumerate(said):
        equal += [row({(q, name): factor for name, factor in one.items()}) for one in EQUAL]
        most += [row({(q, name): factor for name, factor in one.items()}) for one in AT_MOST]
        high += [0] * len(AT_MOST)
        for needed, passed in each["tests"].values():
            most.append(row({(q, "register"): -1 if passed else 1}))
            high.append(-needed if passed else needed - 1)
        equal += [row({(q, "managed_start"): 1, (q - 1, "managed_end"): -1})] if q else []
    bounds = [reach(each["rows"]["A"][name]) for each in said for name in NAMES]
    known = {"A_eq": np.array(equal), "b_eq": np.zeros(len(equal)), "A_ub": np.array(most), "b_ub": high}
    found = []

    def furthest(column: int, sign: int) -> float:
        solved = linprog(sign * np.eye(len(place))[column], bounds=bounds, **known)
        assert solved.status == 0, solved.message
        return sign * solved.fun

    for key, column in place.items():
        if bounds[column][0] > 7 or bounds[column][1] == 0:  # it is shown, and is no part of 1 to 7
            continue
        top = int(np.floor(furthest(column, -1) + 1e-6))
        if top > 7:
            continue
        low = int(np.ceil(furthest(column, 1) - 1e-6))
        if low >= 1 and (low, top) != (1, 7):
            found.append(key)
    return found


def quarters(generator: random.Random, several: int) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    start = None
    for quarter in range(several):
        counts = some_counts(generator, start)
        start = counts["managed_end"]
        needed = generator.choice((1, 5, 9, counts["register"], counts["register"] + 1))
        test = RegisterOutcome(register=counts["register"], needed=needed, passed=counts["register"] >= needed, note="")
        days = [dt.date.fromisoformat(day) for day in QUARTERS[quarter]]
        own = {name: counts[name] for name in MEASURES}
        period = Period(start=days[0], end=days[1], known_at="", heads={}, counts={"A": own}, tests={"A": test})
        said.append(said_of(period, said))
    return said


def attack(seed: int) -> list[Any]:
    several = quarters(random.Random(seed), 3)
    # The quarters alone, in pairs, and all three.
    return [narrowed(part) for part in (*([q] for q in several), several[:2], several[1:], several)]


@pytest.mark.parametrize("seed", range(12))
def test_an_attacker_of_three_quarters_finds_no_small_count(seed):
    assert not any(attack(seed)), seed


def told_of_quarters_and_their_half_year(seed: int) -> list[dict[str, Any]]:
    """What is said of two quarters and then of both together, of a practice of whom nothing else is small."""
    some = random.Random(seed).randint
    first, second = ({"joined": some(1, 9), "left": some(1, 9), "reviews_done": some(1, 9)} for _ in range(2))
    in_time = [some(0, each["joined"]) for each in (first, second)]
    by_quarter = [
        {"managed_start": start, "managed_end": start + each["joined"] - each["left"], **each, "told_in_time": told}
        for start, each, told in zip(
            (100, 100 + first["joined"] - first["left"]), (first, second), in_time, strict=True
        )
    ]
    half = {name: first[name] + second[name] for name in first} | {"told_in_time": sum(in_time)}
    half |= {"managed_start": 100, "managed_end": by_quarter[1]["managed_end"]}
    said: list[dict[str, Any]] = []
    days = [*QUARTERS[:2], (QUARTERS[0][0], QUARTERS[1][1])]
    for counts, (start, end) in zip((*by_quarter, half), days, strict=True):
        own = {name: counts[name] for name in MEASURES if name in counts}
        period = Period(
            start=dt.date.fromisoformat(start), end=dt.date.fromisoformat(end), known_at="", heads={}, counts={"A": own}
        )
        said.append(said_of(period, said))
    return said


@pytest.mark.parametrize("seed", range(25))
def test_quarters_and_their_half_year_together_tell_no_small_count(seed):
    """What happened in two quarters adds up to what happened in the half year; of those told in time at most."""
    said = told_of_quarters_and_their_half_year(seed)
    for name in ("joined", "left", "reviews_done", "told_in_time"):
        reaches = [range(low, min(high, 40) + 1) for low, high in (reach(each["rows"]["A"][name]) for each in said)]
        fit = [
            (a, b, whole)
            for a in reaches[0]
            for b in reaches[1]
            for whole in reaches[2]
            if a + b == whole or (name == "told_in_time" and a + b <= whole)
        ]
        for values in map(set, zip(*fit, strict=True)):
            assert not (min(values) >= 1 and max(values) <= 7 and len(values) < 7), (name, values)


def test_reports_that_agree_are_held_together_beside_one_that_does_not():
    """A report of old knowledge, with which nothing fits, hides no small count of the others."""
    said = []
    for (start, end), joined in zip((*QUARTERS[:2], QUARTERS[1]), (6, 7, 60), strict=True):
        period = Period(
            start=dt.date.fromisoformat(start),
            end=dt.date.fromisoformat(end),
            known_at="",
            heads={},
            counts={"A": {"joined": joined}},
        )
        said.append(said_of(period, said))
    half = Period(
        start=dt.date(2015, 4, 1), end=dt.date(2015, 9, 30), known_at="", heads={}, counts={"A": {"joined": 13}}
    )
    assert said_of(half, said)["rows"]["A"] == {"joined": "withheld"}
    assert said_of(half, [])["rows"]["A"] == {"joined": 15}


def test_registers_by_two_rules_are_not_taken_for_the_same():
    """Two schemes count other registers of one quarter: neither says anything of the other."""
    said: list[dict[str, Any]] = []
    days = [dt.date.fromisoformat(day) for day in QUARTERS[0]]
    for rule, register in (("one", 30), ("two", 50), ("two", 50)):
        test = RegisterOutcome(register=register, needed=9, passed=True, note="")
        own, tests = {"A": {"proposed_end": 20}}, {"A": test}
        said.append(
            said_of(Period(start=days[0], end=days[1], known_at="", heads={}, counts=own, tests=tests, rule=rule), said)
        )
    assert [each["rows"]["A"]["register"] for each in said] == [30, 50, 50]
    keys = [_told(each, "A").keys["register"] for each in said]
    assert keys[0] != keys[1] == keys[2]


def test_who_was_told_late_or_not_follows_from_nobody_having_left():
    """Of 23 who joined and of whom nobody left, 17 told in time would show that 6 or 7 are not told."""
    counts = {"joined": 23, "left": 0, "told_in_time": 17, "told_late": 0, "not_told": 6}
    period = Period(start=dt.date(2015, 4, 1), end=dt.date(2015, 6, 30), known_at="", heads={}, counts={"A": counts})
    told = said_of(period, [])["rows"]["A"]
    assert told != {"joined": 25, "left": 0, "told_in_time": 15, "told_late": 0, "not_told": "1–7"}


@pytest.mark.long
def test_an_attacker_of_ten_thousand_quarters_finds_no_small_count():
    for seed in range(1000, 4400):
        assert not any(attack(seed)), seed


def test_the_attacker_finds_what_follows_from_two_quarters():
    said = [{"rows": {"A": dict.fromkeys(NAMES, "withheld")}, "tests": {}} for _ in range(2)]
    said[0]["rows"]["A"] |= {"managed_end": "1–7"}
    assert narrowed(said) == []
    said[1]["rows"]["A"] |= {"managed_end": 0, "joined": 0, "left": "1–7"}
    assert narrowed(said) == []
    said[0]["rows"]["A"] |= {"managed_start": 0, "joined": 10, "left": 0, "managed_end": 10}
    said[1]["rows"]["A"] |= {"managed_end": 10, "left": "1–7"}
    assert (1, "left") in narrowed(said)
