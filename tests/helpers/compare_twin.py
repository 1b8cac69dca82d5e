"""Two selections compared in plain Python: slow, obvious, and written from what ``compare`` promises alone.

Every selection on the path between the two lists comes from the plain oracle; a person is a practice and an id.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import oracle
from oracle import OracleSelection, Row
from registers import Case, read_scheme

Person = tuple[str, str]
Found = dict[tuple[str, str, str], tuple[str, str | None]]

SCORED = ("top_share", "band")
REASONS = {"care_home_type": "care home", "nominated": "nomination", "age": "age", "objected": "objection"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A register, and what it is selected by: a model, or the scores of the case where there is none."""

    case: Case
    model: Any = None

    @property
    def scheme(self) -> Any:
        return read_scheme(self.case.scheme_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One selection on the path: who is let in by which route, who is on the list, and their scores."""

    month: Month
    selected: dict[Person, Row]
    summary: dict[tuple[str, str], Row]
    people: dict[Person, oracle.Person]

    def is_in(self, person: Person, route: str) -> bool:
        return bool(self.selected.get(person, {}).get(route, False))

    def place(self, person: Person) -> str | None:
        return self.selected.get(person, {}).get("place")

    def is_listed(self, person: Person) -> bool:
        return person in self.people and self.people[person].listable

    def score(self, person: Person) -> float | None:
        return self.people[person].score if self.is_listed(person) else None


def stop_at(month: Month, over_cap: str | None = None) -> Stop:
    case = month.case
    found: OracleSelection = oracle.select(
        case.rows,
        month.scheme,
        case.scores if month.model is None else month.model,
        as_of=case.as_of,
        extracted_on=case.extracted_on,
        over_cap=over_cap or case.over_cap,
        list_sizes=case.list_sizes,
    )
    assert found.error is None
    people = {}
    for index in oracle.accept(case.rows, case.as_of, case.extracted_on):
        row = case.rows[index]
        scored_by = case.scores[index] if month.model is None else month.model
        read = oracle.read_person(row, scored_by, case.as_of, case.extracted_on or case.as_of)
        people[row["practice_id"], row["patient_id"]] = read
    return Stop(
        month=month,
        selected={(row["practice_id"], row["patient_id"]): row for row in found.selected},
        summary={(row["practice_id"], row["route"]): row for row in found.summary},
        people=people,
    )


def can_be_made(month: Month) -> bool:
    """Whether the register holds what the scheme and the model ask for, and the model gives what a band asks for."""
    columns = {*month.case.columns, "age"}
    risk_is_asked = any(getattr(route, "on", "") == "risk" for route in month.scheme.routes)
    return (
        columns.issuperset(month.scheme.required)
        and (month.model is None or columns.issuperset(month.model.columns))
        and not (risk_is_asked and (month.model is None or month.model.link == "points"))
    )


def with_rules_of(before: Month, after: Month, *, model_too: bool) -> Month | None:
    """The old register under the new scheme, and under the new model where asked; None where it cannot be."""
    if model_too and after.model is None:
        return None
    of_a_part = any(hasattr(route, "of") and route.of.conditions for route in after.scheme.routes)
    sizes = None if of_a_part else before.case.list_sizes
    case = replace(before.case, scheme_text=after.case.scheme_text, list_sizes=sizes)
    month = Month(case=case, model=after.model if model_too else before.model)
    return month if can_be_made(month) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The four selections; None where one cannot be made."""

    old: Stop
    scheme: Stop | None
    model: Stop | None
    new: Stop


def path_between(before: Month, after: Month) -> Path:
    old, new = stop_at(before), stop_at(after)
    scheme, model = old, old
    if before.case.scheme_text != after.case.scheme_text:
        month = with_rules_of(before, after, model_too=False)
        scheme = model = stop_at(month, "queue") if month else None
    if before.model != after.model:
        month = with_rules_of(before, after, model_too=True)
        model = stop_at(month, "queue") if month else None
    return Path(old=old, scheme=scheme, model=model, new=new)


def compare(before: Month, after: Month) -> Found:
    """(practice, patient, route) → (change, reason), for everyone on either list."""
    path = path_between(before, after)
    routes = {route.name: route for month in (before, after) for route in month.scheme.routes}
    found: Found = {}
    for person in {*path.old.selected, *path.new.selected}:
        for route in routes:
            was, now = path.old.is_in(person, route), path.new.is_in(person, route)
            if was and now:
                found[*person, route] = "stayer", None
            elif was or now:
                found[*person, route] = "joiner" if now else "leaver", reason_of(path, person, route, now)
        was_managed, is_managed = (stop.place(person) for stop in (path.old, path.new))
        if was_managed and is_managed:
            found[*person, "case_managed"] = "stayer", None
        elif was_managed or is_managed:
            change, reason = found[*person, is_managed or was_managed or ""]
            reason = "scheme" if change == "stayer" else reason
            found[*person, "case_managed"] = "joiner" if is_managed else "leaver", reason
    return found


def reason_of(path: Path, person: Person, route: str, now: bool) -> str:
    if path.old.is_listed(person) != path.new.is_listed(person):
        return "registration"
    if path.scheme is None or path.scheme.is_in(person, route) == now:
        return "scheme"
    if path.model is None or path.model.is_in(person, route) == now:
        return "model"
    rule = next(each for each in path.new.month.scheme.routes if each.name == route)
    old, new = path.model, path.new
    if rule.kind in SCORED and old.people[person].objected != new.people[person].objected:
        return "objection"
    for field, conditions in asked_of_the_record(rule):
        was_met, is_met = (meets(stop, person, conditions) for stop in (old, new))
        if was_met != is_met:
            return REASONS.get(field, "record")
    if getattr(rule, "keep_within", None) is not None:
        on = [bool(stop.people[person].row.get("on_caseload")) for stop in (old, new)]
        if on[0] != on[1] and before_others(new if now else old, person, rule):
            return "caseload"
    if rule.kind == "band" or (rule.kind == "top_share" and score_explains(old, new, person, route, now)):
        return "own score"
    return "cut moved"


def asked_of_the_record(rule: Any) -> list[tuple[str, list[Any]]]:
    """Each column that the route asks about, in its order, with the conditions on it; none stands for nominated."""
    if rule.kind == "nominated":
        return [("nominated", [])]
    where = rule.among if rule.kind == "top_share" else rule.where
    names = list(dict.fromkeys(condition.field for condition in where.conditions))
    return [(name, [condition for condition in where.conditions if condition.field == name]) for name in names]


def meets(stop: Stop, person: Person, conditions: list[Any]) -> bool:
    row = stop.people[person].row
    if not conditions:
        return bool(row.get("nominated"))
    return all(oracle.test_of_condition(condition, stop.month.case.as_of)(row) for condition in conditions)


def in_line(stop: Stop, practice: str, rule: Any) -> tuple[list[oracle.Person], int]:
    """Everyone of a practice whom a route ranks, in its order, and how many of them stand within."""
    case = stop.month.case
    rules = oracle.Rules(
        scheme=stop.month.scheme,
        columns=set(case.columns),
        as_of=case.as_of,
        over_cap=case.over_cap,
        list_sizes=case.list_sizes,
    )
    among = oracle.test_of(rule.among, case.as_of)
    ranked = [each for (code, _), each in stop.people.items() if code == practice and each.rankable]
    line = sorted((e for e in ranked if among(e.row)), key=lambda each: oracle.position_in_line(each, rules))
    return line, oracle.places_of(rule.keep_within, stop.summary[practice, rule.name]["denominator"])


def before_others(stop: Stop, person: Person, rule: Any) -> bool:
    """Whether someone on the caseload has a place, and somebody within who is not and scores more has none."""
    line, within = in_line(stop, person[0], rule)
    score = stop.people[person].score
    others = [each for each in line[:within] if not each.row.get("on_caseload") and each.score > score]
    out = [each for each in others if not stop.is_in((person[0], each.row["patient_id"]), rule.name)]
    return bool(out) and bool(stop.people[person].row.get("on_caseload"))


def kept_at(old: Stop, practice: str, rule: Any, score: float, now: bool) -> bool:
    """Whether a score would have kept a place of the old selection for someone on the caseload."""
    line, within = in_line(old, practice, rule)
    places = old.summary[practice, rule.name]["places"]
    stretch, end = line, within
    keepers = [each for each in line[:within] if each.row.get("on_caseload")]
    if len(keepers) >= places:
        stretch, end = keepers, places
    if stretch is line and len(line) < within:
        return True
    if not end:
        return False
    last = stretch[end - 1].score
    tied_out = [each for each in stretch[end:] if each.score == last]
    return score > last or (score == last and (now or not tied_out))


def score_explains(old: Stop, new: Stop, person: Person, route: str, now: bool) -> bool:
    """Whether the new score, held against the old cut, gives the new state; with places left over there is no cut."""
    was, score = old.score(person), new.score(person)
    low = float("-inf")
    if ((score if score is not None else low) > (was if was is not None else low)) != now or score == was:
        return False
    line = old.summary[person[0], route]
    if line["met"] < line["places"]:
        return (score is not None) == now
    rule = next(each for each in new.month.scheme.routes if each.name == route)
    if rule.keep_within is not None and new.people[person].row.get("on_caseload"):
        return (score is not None and kept_at(old, person[0], rule, score, now)) is now
    if line["score_at_cut"] is None:
        return False
    if score is None:
        return True
    cut = line["score_at_cut"]
    if now:
        return score >= cut
    return score < cut or (score == cut and line["tied_out"] > 0)


def how_registered(path: Path, person: Person) -> str:
    """The words for a change of registration."""
    if not path.old.is_listed(person):
        return "joined the practice's list"
    if person in path.new.people:
        return _left(path.new.people[person].row)
    accepted = {patient: (practice, patient) for practice, patient in path.new.people}
    if person[1] in accepted:
        elsewhere = accepted[person[1]]
        if path.new.is_listed(elsewhere):
            return "moved to another practice's list"
        return _left(path.new.people[elsewhere].row)
    if any(row["patient_id"] == person[1] for row in path.new.month.case.rows):
        return "the row could not be used this time: see the quarantine"
    return "no longer in the register"


def _left(row: Row) -> str:
    return "died" if row.get("date_of_death") else "left the practice's list"
