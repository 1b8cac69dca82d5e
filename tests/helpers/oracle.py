"""The selection rules in plain Python: slow, obvious, and written from the rules alone.

Lists of dicts in, lists of dicts out. The scheme's dataclasses are read as data; every count, age, order and place is
worked out here, so that the library and this file are two independent readings of the same rules.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from oracle_account import account

Row = dict[str, Any]
Test = Callable[[Row], bool]

# What a missing value means where it means something; any other missing value meets no condition.
MEANT_BY_MISSING = {"sex": "U", "nominated": False, "on_caseload": False, "objected": False}

HAS_PLACES = ("top_share", "nominated")


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleSelection:
    """Who is selected, the counts, who waits, and the practices over their cap (then nothing else is filled)."""

    selected: list[Row]
    summary: list[Row]
    queue: list[Row]
    error: list[tuple[str, int, int]] | None
    kept: list[Row] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class Person:
    """One accepted row, with what the rules ask about it."""

    row: Row
    id_bytes: bytes
    on_list: bool
    listable: bool
    objected: bool
    score: float | None
    risk: float | None
    inputs_missing: int
    met: set[str] = field(default_factory=set)
    due: set[str] = field(default_factory=set)
    keeps: dict[str, bool] = field(default_factory=dict)
    place: str | None = None

    @property
    def rankable(self) -> bool:
        return self.listable and self.score is not None


class Unused(NamedTuple):
    """Rows set aside and values that could not be used, of one practice; and rows of no practice that can be used."""

    quarantined: int
    corrected: int
    homeless: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for every practice of one selection."""

    scheme: Any
    columns: set[str]
    as_of: dt.date
    over_cap: str
    list_sizes: dict[str, int] | None
    extracted_on: dt.date | None = None


def select(
    rows: Sequence[Row],
    scheme: Any,
    scores: Any,
    *,
    as_of: dt.date,
    extracted_on: dt.date | None = None,
    over_cap: str = "error",
    list_sizes: dict[str, int] | None = None,
) -> OracleSelection:
    """Select by the scheme. ``scores`` is a model, or one value per row (None, NaN and infinities are no score).

    A practice all of whose rows are quarantined still has its lines in the summary.
    """
    columns = {column for row in rows[:1] for column in row}
    rules = Rules(
        scheme=scheme, columns=columns, as_of=as_of, over_cap=over_cap, list_sizes=list_sizes, extracted_on=extracted_on
    )
    judged = account(rows, as_of, extracted_on or as_of)
    practices: dict[str, list[Person]] = {practice_id: [] for practice_id in judged.practices}
    for index, row in judged.accepted.items():
        person = read_person(
            row, scores if hasattr(scores, "score_of") else scores[index], as_of, extracted_on or as_of
        )
        practices[row["practice_id"]].append(person)

    quarantined = Counter(rows[index]["practice_id"] for index in judged.set_aside)
    corrected = Counter(rows[index]["practice_id"] for index, _, _ in judged.corrected)
    homeless = sum(count for code, count in quarantined.items() if code not in judged.practices)
    selected: list[Row] = []
    summary: list[Row] = []
    queue: list[Row] = []
    error: list[tuple[str, int, int]] = []
    for practice_id in sorted(practices, key=str.encode):
        people = practices[practice_id]
        unused = Unused(quarantined[practice_id], corrected[practice_id], homeless)
        lines, waiting, over = select_practice(practice_id, people, rules, unused)
        error += over
        summary += lines
        queue += waiting
        people.sort(key=lambda person: person.id_bytes)
        selected += [selected_row(person, people, scheme) for person in people if person.met]
    if error:
        return OracleSelection(selected=[], summary=[], queue=[], error=error)
    fill_ranks(selected, practices, scheme)
    kept = kept_rows(selected, practices, scheme)
    return OracleSelection(selected=selected, summary=summary, queue=queue, error=None, kept=kept)


def accept(rows: Sequence[Row], as_of: dt.date, extracted_on: dt.date | None = None) -> list[int]:
    """The rows that count."""
    return list(account(rows, as_of, extracted_on or as_of).accepted)


def read_person(row: Row, score_or_model: Any, as_of: dt.date, extracted_on: dt.date) -> Person:
    registered, left, died = row.get("registered_on"), row.get("deregistered_on"), row.get("date_of_death")
    on_list = (
        (registered is None or registered <= as_of)
        and (left is None or as_of < left)
        and (died is None or as_of < died)
    )
    gone = (left is not None and left <= extracted_on) or (died is not None and died <= extracted_on)
    objected = bool(row.get("objected"))
    if hasattr(score_or_model, "score_of"):
        score, risk, inputs_missing = score_by_model(row, score_or_model, as_of)
    else:
        score, risk, inputs_missing = score_or_model, None, 0
    if objected or score is None or not math.isfinite(score):
        score = risk = None
    return Person(
        row=row,
        id_bytes=row["patient_id"].encode(),
        on_list=on_list,
        listable=on_list and not gone,
        objected=objected,
        score=score,
        risk=risk,
        inputs_missing=inputs_missing,
    )


def score_by_model(row: Row, model: Any, as_of: dt.date) -> tuple[float | None, float | None, int]:
    """Score, risk and the number of missing inputs, by the model's own plain definitions of its tables and link."""
    values = dict(row)
    values["age"] = age_on(row, as_of, as_of)
    inputs_missing = sum(values.get(model_input.name) is None for model_input in model.inputs)
    total = model.score_of(values)
    if total is None:
        return None, None, inputs_missing
    score = model.points(total)
    if model.link == "points":
        return score, None, inputs_missing
    # The link is arithmetic with tests of its own; what is checked here is who is selected by it.
    import numpy as np

    from casemgmt.risk.link import risk

    return score, float(risk(model, np.array([score]))[0]), inputs_missing


# Calendar


def age_on(row: Row, on: dt.date, as_of: dt.date) -> int | None:
    """Birthdays had by a date; someone born on 29 February has theirs on 1 March in other years."""
    born = row.get("date_of_birth")
    if born is not None:
        return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if row.get("age") is not None and on != as_of:
        raise NotImplementedError("an age in years says nothing about another day")
    return row.get("age")


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of a later month; where that month has no such day, the first of the month after it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return dt.date(year, month + 1, day.day)
    except ValueError:
        return dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)


def reference_day(rule: str, as_of: dt.date) -> dt.date:
    if rule == "as_of":
        return as_of
    if rule == "end_of_calendar_year":
        return dt.date(as_of.year, 12, 31)
    if rule == "end_of_financial_year":
        this_year = dt.date(as_of.year, 3, 31)
        return this_year if as_of <= this_year else dt.date(as_of.year + 1, 3, 31)
    return dt.date.fromisoformat(rule)


# Conditions


def test_of(where: Any, as_of: dt.date) -> Test:
    """A question about a row: does it meet every condition?"""
    tests = [test_of_condition(condition, as_of) for condition in where.conditions]
    if len(tests) == 1:
        return tests[0]
    return lambda row: all(test(row) for test in tests)


test_of.__test__ = False  # type: ignore[attr-defined]


def test_of_condition(condition: Any, as_of: dt.date) -> Test:
    name = condition.field
    if name == "age":
        on = reference_day(condition.on, as_of)
        within = within_edges(condition.edges)
        return lambda row: (age := age_on(row, on, as_of)) is not None and within(age)
    meant = MEANT_BY_MISSING.get(name)

    def value_of(row: Row) -> Any:
        value = row.get(name)
        return meant if value is None else value

    if condition.allowed is not None:
        allowed = condition.allowed
        return lambda row: value_of(row) in allowed
    if condition.flag is not None:
        flag = condition.flag
        return lambda row: value_of(row) is flag
    within = within_edges(condition.edges)
    return lambda row: (value := value_of(row)) is not None and within(value)


test_of_condition.__test__ = False  # type: ignore[attr-defined]


def within_edges(edges: Any, read: Callable[[Any], Any] | None = None) -> Callable[[Any], bool]:
    """Is a number inside the edges? Exactly, unless ``read`` turns the edges into something else first."""
    read = read or (lambda edge: edge.numerator if edge.denominator == 1 else edge)
    at_least, above, below, at_most = (
        None if edge is None else read(edge) for edge in (edges.at_least, edges.above, edges.below, edges.at_most)
    )
    return lambda number: (
        (at_least is None or number >= at_least)
        and (above is None or number > above)
        and (below is None or number < below)
        and (at_most is None or number <= at_most)
    )


# Routes


def places_of(share: Any, denominator: int) -> int:
    """The share of a denominator: rounded down for a ceiling, up for a floor, in whole numbers throughout."""
    product = denominator * share.fraction.numerator
    if share.limit == "at_most":
        return product // share.fraction.denominator
    return -(-product // share.fraction.denominator)


def select_practice(
    practice_id: str, people: list[Person], rules: Rules, unused: Unused
) -> tuple[list[Row], list[Row], list[tuple[str, int, int]]]:
    """Walk the routes in file order, marking each person; return the summary, the queue and what is over the cap."""
    list_size = len([person for person in people if person.on_list])
    if rules.list_sizes is not None:
        list_size = rules.list_sizes[practice_id]
    listable = [person for person in people if person.listable]
    gone = [why_gone(person.row, rules) for person in people]
    common = {
        "unscored": len([person for person in listable if person.score is None and not person.objected]),
        "objected": len([person for person in listable if person.objected]),
        "unknown_age": len(
            [person for person in people if person.on_list and age_on(person.row, rules.as_of, rules.as_of) is None]
        ),
        "quarantined": unused.quarantined,
        "corrected": unused.corrected,
        **{why: gone.count(why) for why in ("died", "left", "not_yet_registered")},
    }
    lines: list[Row] = []
    waiting: list[Row] = []
    over: list[tuple[str, int, int]] = []
    for route in rules.scheme.routes:
        denominator = places = None
        if route.kind in HAS_PLACES:
            denominator = denominator_of(route, people, list_size, rules)
            places = places_of(route.share, denominator)
        may_change = places is not None and quarantine_matters(
            route, denominator, unused.quarantined + unused.homeless, rules
        )
        eligible: list[Person] = []
        if route.kind == "top_share":
            within = None if route.keep_within is None else places_of(route.keep_within, denominator)
            eligible, let_in = let_in_by_share(route, listable, places, within, rules)
        elif route.kind == "nominated":
            let_in, left_out = let_in_by_nomination(route, listable, places, rules)
            if left_out and rules.over_cap == "error":
                needing = len([person for person in let_in if person.place is None]) + len(left_out)
                over.append((practice_id, needing, places))
            waiting += [queue_row(person, route) for person in left_out]
        else:
            let_in = let_in_by_condition(route, listable, rules)
        for person in let_in:
            person.met.add(route.name)
            if route.counts_as == "case_management" and person.place is None:
                person.place = route.name
            if route.kind == "review" and review_is_due(person, route, rules.as_of):
                person.due.add(route.name)
        line = {"practice_id": practice_id, "route": route.name, "list_size": list_size, "denominator": denominator}
        line |= {"places": places, "places_may_change": may_change, "met": len(let_in)}
        lines.append(line | use_of_places(route, let_in, places) | the_cut(route, eligible, let_in) | common)
        lines[-1] |= reviews(route, let_in)
    return lines, waiting, over


def why_gone(row: Row, rules: Rules) -> str | None:
    """The first reason for which a person is never listed."""
    drawn = rules.extracted_on or rules.as_of
    if row.get("date_of_death") is not None and row["date_of_death"] <= drawn:
        return "died"
    if row.get("deregistered_on") is not None and row["deregistered_on"] <= drawn:
        return "left"
    if row.get("registered_on") is not None and row["registered_on"] > rules.as_of:
        return "not_yet_registered"
    return None


def denominator_of(route: Any, people: list[Person], list_size: int, rules: Rules) -> int:
    """Those on the list who meet ``of``; with no condition the list size, which may be the official figure."""
    if not route.of.conditions:
        return list_size
    meets_of = test_of(route.of, rules.as_of)
    return len([person for person in people if person.on_list and meets_of(person.row)])


def quarantine_matters(route: Any, denominator: int, quarantined: int, rules: Rules) -> bool:
    """Would there be other places, had every quarantined row counted? Never under an official figure.

    A row without a practice could be any practice's.
    """
    if rules.list_sizes is not None and not route.of.conditions:
        return False
    return places_of(route.share, denominator + quarantined) != places_of(route.share, denominator)


def let_in_by_share(
    route: Any, listable: list[Person], places: int, within: int | None, rules: Rules
) -> tuple[list[Person], list[Person]]:
    """Those who stand in line for the places, and those who get one."""
    meets_among = test_of(route.among, rules.as_of)
    eligible = [person for person in listable if person.score is not None and meets_among(person.row)]
    if within is not None:
        return eligible, let_in_after_the_caseload(route, eligible, places, within, rules)
    if places == 0 or len(eligible) <= places:
        return eligible, eligible[:places]
    cut = sorted([person.score for person in eligible], reverse=True)[places - 1]
    contenders = [person for person in eligible if person.score >= cut]
    if route.include_tied:
        return eligible, contenders
    return eligible, sorted(contenders, key=lambda person: position_in_line(person, rules))[:places]


def let_in_after_the_caseload(
    route: Any, eligible: list[Person], places: int, within: int, rules: Rules
) -> list[Person]:
    """Whoever is on the caseload and among the first ``within`` of the line keeps a place; the others follow in line.

    Each of those who are let in and were kept is noted, with whether the line alone would have let the person in.
    """
    line = sorted(eligible, key=lambda person: position_in_line(person, rules))
    keepers = [person for person in line[:within] if person.row.get("on_caseload")][:places]
    newcomers = [person for person in line if person not in keepers]
    for person in keepers:
        person.keeps[route.name] = person in line[:places]
    return keepers + newcomers[: places - len(keepers)]


def position_in_line(person: Person, rules: Rules) -> tuple[Any, ...]:
    """The total order: smaller comes first. A step whose column is absent is skipped."""
    position: list[Any] = [-person.score]
    if "on_caseload" in rules.columns:
        position.append(0 if person.row["on_caseload"] else 1)
    if "emergency_admissions_12m" in rules.columns:
        admissions = person.row["emergency_admissions_12m"]
        position.append((1, 0) if admissions is None else (0, -admissions))
    return (*position, tie_hash(person, rules), person.id_bytes)


def tie_hash(person: Person, rules: Rules) -> bytes:
    return blake2b(person.id_bytes, digest_size=8, key=rules.scheme.tie_key.encode()).digest()


def let_in_by_nomination(
    route: Any, listable: list[Person], places: int, rules: Rules
) -> tuple[list[Person], list[Person]]:
    """The nominees let in and those left out: who has a place by an earlier route uses none of this one's."""
    if route.counts_as != "case_management":
        raise NotImplementedError("the rules do not say what a nomination to an entitlement is")
    nominees = [person for person in listable if person.row.get("nominated")]
    already_in = [person for person in nominees if person.place is not None]
    needing = [person for person in nominees if person.place is None]

    def turn(person: Person) -> tuple[Any, ...]:
        order = person.row.get("nomination_order")
        return (order is None, order or 0, tie_hash(person, rules), person.id_bytes)

    if len(needing) > places:
        needing.sort(key=turn)
    return already_in + needing[:places], needing[places:]


def let_in_by_condition(route: Any, listable: list[Person], rules: Rules) -> list[Person]:
    meets_where = test_of(route.where, rules.as_of)
    met = [person for person in listable if meets_where(person.row)]
    if route.kind != "band":
        return met
    within = within_edges(route.edges, read=float)
    values = [(person, person.score if route.on == "score" else person.risk) for person in met]
    return [person for person, value in values if value is not None and within(value)]


def review_is_due(person: Person, route: Any, as_of: dt.date) -> bool:
    last_review = person.row.get("last_review")
    return last_review is None or months_later(last_review, route.every_months) <= as_of


# What comes back


def use_of_places(route: Any, let_in: list[Person], places: int | None) -> Row:
    if route.counts_as != "case_management":
        return {"used": None, "unused": None}
    used = len([person for person in let_in if person.place == route.name])
    return {"used": used, "unused": None if places is None else max(places - used, 0)}


def the_cut(route: Any, eligible: list[Person], let_in: list[Person]) -> Row:
    if route.kind != "top_share":
        return {"score_at_cut": None, "tied_in": None, "tied_out": None}
    # Where the caseload keeps its places, the cut is that of those who were not kept.
    eligible, let_in = ([each for each in some if route.name not in each.keeps] for some in (eligible, let_in))
    if not let_in:
        return {"score_at_cut": None, "tied_in": 0, "tied_out": 0}
    cut = min(person.score for person in let_in)
    tied_in = len([person for person in let_in if person.score == cut])
    tied = len([person for person in eligible if person.score == cut])
    return {"score_at_cut": cut, "tied_in": tied_in, "tied_out": tied - tied_in}


def kept_rows(selected: list[Row], practices: dict[str, list[Person]], scheme: Any) -> list[Row]:
    """Those whom a route lets in though the line alone would not."""
    people = {(p, person.row["patient_id"]): person for p, each in practices.items() for person in each}
    return [
        {name: row[name] for name in ("practice_id", "patient_id", "rank")} | {"route": route.name}
        for row in selected
        for route in scheme.routes
        if people[row["practice_id"], row["patient_id"]].keeps.get(route.name) is False
    ]


def reviews(route: Any, let_in: list[Person]) -> Row:
    if route.kind != "review":
        return {"entitled": None, "done": None, "due": None}
    due = len([person for person in let_in if route.name in person.due])
    return {"entitled": len(let_in), "done": len(let_in) - due, "due": due}


def queue_row(person: Person, route: Any) -> Row:
    return {
        "practice_id": person.row["practice_id"],
        "patient_id": person.row["patient_id"],
        "route": route.name,
        "nomination_order": person.row.get("nomination_order"),
    }


def selected_row(person: Person, people: list[Person], scheme: Any) -> Row:
    return {
        "practice_id": person.row["practice_id"],
        "patient_id": person.row["patient_id"],
        "score": person.score,
        "risk": person.risk,
        "rank": None,
        **{route.name: route.name in person.met for route in scheme.routes},
        "place": person.place,
        "case_managed": person.place is not None,
        "review_due": bool(person.due),
        "inputs_missing": person.inputs_missing,
    }


def fill_ranks(selected: list[Row], practices: dict[str, list[Person]], scheme: Any) -> None:
    """1 + the number of scored people of the practice with a higher score, for those in by a share route."""
    share_routes = [route.name for route in scheme.routes if route.kind == "top_share"]
    scores_of: dict[str, list[float]] = {}
    for row in selected:
        if any(row[name] for name in share_routes):
            practice_id = row["practice_id"]
            if practice_id not in scores_of:
                scores_of[practice_id] = sorted(p.score for p in practices[practice_id] if p.rankable)
            scores = scores_of[practice_id]
            row["rank"] = 1 + len(scores) - bisect_right(scores, row["score"])
