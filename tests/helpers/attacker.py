"""One who knows every rule, and looks for a count of 1 to 7 in what was published of a practice.

It knows people by what they are (age, sex, home, nomination, where they stand in the ranking), writes down how many of
each kind there could be, and asks an integer programme for the least and the greatest count behind every small one. It
shares no line with the library: routes are worked out on the people themselves, cells are read from the tables' text.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor, inf
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.optimize import Bounds, LinearConstraint, milp

from casemgmt.scheme.files import read_scheme_text
from casemgmt.scheme.routes import Scheme
from casemgmt.selection.summary import summary_schema

AGES = (10, 40, 66, 72, 77, 85, 95)
SEXES = ("F", "M", "I")
HOMES = ("none", "nursing", "residential")
OTHERWISE = "not stated"
KEPT = 2  # the tier of the ranking that keep_within of any rule reaches: beyond two shares
OTHER_AGES = (19, 62)  # within a band of ten years on the other side of an edge that routes ask about
BOTH = "selected_just_below"
Row = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """What is known of one patient.

    ``standing`` is the least tier of the ranking that the patient is in, ``due`` that a review is owed. ``turn`` is the
    least tier of the order in which places that are kept are given out, ``on`` that the patient is on the caseload.
    """

    age: int
    sex: str
    home: str
    nominated: bool
    standing: int = 0
    due: bool = False
    turn: int = 0
    on: bool = False


@dataclass(frozen=True)
class Rule:
    """A route as the attacker reads it: ages from and below, sexes, homes; of and among are ages from."""

    kind: str
    ages: tuple[int, int] = (0, 200)
    sexes: tuple[str, ...] = SEXES
    homes: tuple[str, ...] = HOMES
    share: str = ""
    limit: str = "at_most"
    of: int = 0
    among: int = 0
    keep: str = ""

    def fits(self, person: Person) -> bool:
        """Whether a person meets the conditions."""
        inside = self.ages[0] <= person.age < self.ages[1]
        return inside and person.sex in self.sexes and person.home in self.homes

    def places(self, people: int, share: str = "") -> int:
        """The places of a share."""
        exact = Fraction((share or self.share).strip("%")) / 100 * people
        return floor(exact) if self.limit == "at_most" else ceil(exact)

    def text(self, name: str) -> str:
        """The same as a scheme file writes it."""
        part = lambda age: f"{{ age = {{ at_least = {age} }} }}" if age else "{}"  # noqa: E731
        lines = [f'[[route]]\nname = "{name}"\nkind = "{self.kind}"']
        if self.kind == "top_share":
            lines += [f'share = "{self.share}"\nlimit = "{self.limit}"\nof = {part(self.of)}']
            lines += [f"among = {part(self.among)}", *([f'keep_within = "{self.keep}"'] if self.keep else [])]
        elif self.kind == "nominated":
            lines += [f'share = "{self.share}"\nlimit = "at_most"\nof = {part(self.of)}']
        else:
            asked = []
            low, high = self.ages
            if low:
                asked.append(f"age = {{ at_least = {low}{f', below = {high}' if high < 200 else ''} }}")
            elif high < 200:
                asked.append(f"age = {{ below = {high} }}")
            for column, values, every in (("sex", self.sexes, SEXES), ("care_home_type", self.homes, HOMES)):
                if values != every:
                    asked.append(f"{column} = [{', '.join(repr(v) for v in values)}]".replace("'", '"'))
            lines.append(f"where = {{ {', '.join(asked)} }}")
        if self.kind == "review":
            lines.append('every_months = 12\ncounts_as = "entitlement"')
        else:
            lines.append('counts_as = "case_management"')
        return "\n".join(lines)


def scheme_of(rules: Sequence[Rule]) -> Scheme:
    """A scheme file of some rules."""
    head = (
        '[scheme]\nid = "t"\ntitle = "t"\nsource = "t"\ndecisions = ["all"]\ntie_key = "t"\n'
        'required = []\noptional = ["sex", "care_home_type", "nominated", "on_caseload"]\n'
    )
    return read_scheme_text(head + "\n".join(rule.text(f"r{i}") for i, rule in enumerate(rules)), "t")


# People at random, and what is counted of them


def a_rule(generator: random.Random) -> Rule:
    """A route at random."""
    kind = generator.choice(("everyone", "everyone", "top_share", "nominated", "review"))
    share = generator.choice(("2%", "3%", "10%", "25%"))
    if kind in ("top_share", "nominated"):
        part = generator.choice((0, 0, 18, 65))
        return Rule(kind, share=share, of=part, among=part if kind == "top_share" else 0)
    ages = generator.choice(((65, 200), (75, 200), (65, 75), (75, 90), (0, 18)))
    if kind == "review":
        return Rule(kind, ages=generator.choice(((75, 200), (65, 75))))
    which = generator.randrange(4)
    if which == 0:
        return Rule(kind, ages=ages)
    if which == 1:
        return Rule(kind, homes=generator.choice((("nursing",), ("residential",), ("nursing", "residential"))))
    if which == 2:
        return Rule(kind, sexes=generator.choice((("F",), ("I",), ("M", "I"))))
    return Rule(kind, homes=("nursing", "residential"), ages=ages)


def some_rules(generator: random.Random) -> list[Rule]:
    """One to four different routes, of which one ranks at most and one nominates at most."""
    rules: list[Rule] = []
    for _ in range(generator.randrange(1, 5)):
        rule = a_rule(generator)
        if rule not in rules and not any(rule.kind == other.kind in ("top_share", "nominated") for other in rules):
            rules.append(rule)
    return rules


def a_what_if(generator: random.Random, rules: Sequence[Rule]) -> list[Rule]:
    """The same scheme with another share, another order, or a route fewer or more."""
    changed = list(rules)
    shares = [i for i, rule in enumerate(changed) if rule.kind == "top_share"]
    if shares and generator.random() < 0.7:
        i = shares[0]
        more = {"2%": "2.2%", "3%": "3.3%", "10%": "10.5%", "25%": "26%"}
        changed[i] = replace(changed[i], share=more[changed[i].share])
        return changed
    if len(changed) > 1 and generator.random() < 0.5:
        changed.pop(generator.randrange(len(changed)))
        return changed
    generator.shuffle(changed)
    return changed


def keeping(generator: random.Random, rules: Sequence[Rule]) -> tuple[list[Rule], list[Rule]]:
    """The rules with a share that keeps places for the caseload; and a what-if that keeps none or has another share."""
    share, keep = generator.choice((("2%", "3%"), ("3%", "4%"), ("10%", "13%"), ("25%", "33%")))
    others = [rule for rule in rules if rule.kind != "top_share"]
    place = generator.randrange(len(others) + 1)
    kept = [*others[:place], Rule("top_share", share=share, keep=keep), *others[place:]]
    if generator.random() < 0.5:
        return kept, [replace(rule, keep="") for rule in kept]
    return kept, a_what_if(generator, kept)


def some_people(generator: random.Random, nominees: bool = True) -> list[Person]:
    """A small practice in order of score; rare kinds of people are few."""
    size = generator.choice((generator.randrange(8, 60), generator.randrange(40, 200), generator.randrange(200, 420)))
    rare = generator.choice((0.005, 0.02, 0.1))

    def one() -> Person:
        return Person(
            age=generator.choice(AGES),
            sex="I" if generator.random() < rare else generator.choice("FM"),
            home=generator.choice(HOMES[1:]) if generator.random() < rare else "none",
            nominated=nominees and generator.random() < rare / 2,
        )

    return [one() for _ in range(size)]


@dataclass
class Counted:
    """What a scheme comes to: everybody's routes and place, and who is just below the cut."""

    rules: Sequence[Rule]
    people: Sequence[Person]
    members: list[set[int]] = field(default_factory=list)
    used: list[set[int]] = field(default_factory=list)
    below: set[int] = field(default_factory=set)
    over_cap: bool = False

    def __post_init__(self) -> None:
        """Give out the places."""
        free = set(range(len(self.people)))
        for rule in self.rules:
            found = {i for i, person in enumerate(self.people) if rule.fits(person)}
            part = sum(person.age >= rule.of for person in self.people)
            if rule.kind == "top_share":
                ranked = [i for i, person in enumerate(self.people) if person.age >= rule.among]
                places = rule.places(part)
                if rule.keep:
                    within = ranked[: rule.places(part, rule.keep)]
                    kept = [i for i in within if self.people[i].on][:places]
                    ranked = kept + [i for i in ranked if i not in kept]
                found = set(ranked[:places])
                self.below = set(sorted(ranked[places:])[: -(-places // 10)])
            if rule.kind == "nominated":
                found = {i for i, person in enumerate(self.people) if person.nominated}
                self.over_cap |= len(found & free) > rule.places(part)
            self.members.append(found)
            self.used.append(found & free if rule.kind != "review" else set())
            free -= self.used[-1]

    def summary(self, name: str = "A") -> pa.Table:
        """As the library counts it."""
        rows = []
        for i, rule in enumerate(self.rules):
            part = sum(person.age >= rule.of for person in self.people)
            row = dict.fromkeys(summary_schema().names)
            row |= {"practice_id": name, "route": f"r{i}", "list_size": len(self.people), "met": len(self.members[i])}
            row["places"] = rule.places(part) if rule.share else None
            row["used"] = None if rule.kind == "review" else len(self.used[i])
            if rule.kind == "review":
                row["due"] = sum(self.people[each].due for each in self.members[i])
                row |= {"entitled": row["met"], "done": row["met"] - row["due"]}
            rows.append(row)
        return pa.Table.from_pylist(rows, summary_schema())

    def values(self) -> dict[str, list[Row]]:
        """Whole counts by the values of each column that routes may ask for."""
        managed = set().union(*self.used)
        ranks = any(rule.kind == "top_share" for rule in self.rules)
        found = {}
        for name in ("age", "sex", "care_home_type", "nominated"):
            rows: dict[str, Row] = {}
            for i, person in enumerate(self.people):
                value = str(getattr(person, "home" if name == "care_home_type" else name))
                row = rows.setdefault(value, dict.fromkeys(("listed", "selected", "just_below", BOTH), 0))
                below = i in self.below
                row["listed"] += 1
                row["selected"] += i in managed
                row["just_below"] += below
                row[BOTH] += below and i in managed
            missing = {} if ranks else dict.fromkeys(("just_below", BOTH))
            found[name] = [{"value": value, **row, **missing} for value, row in rows.items()]
        return found

    def by(self, column: str) -> pa.Table:
        """Whole counts by groups."""
        managed = set().union(*self.used)
        ranks = any(rule.kind == "top_share" for rule in self.rules)
        rows = []
        for group in groups_of(column):
            own = {i for i, person in enumerate(self.people) if group_of(person, column) == group}
            row = {column: group, "listed": len(own), "selected": len(own & managed)}
            row["share"] = row["selected"] / row["listed"] if own else None
            row["just_below"] = len(own & self.below) if ranks else None
            rows.append(row)
        kinds = [(column, pa.string()), ("listed", pa.int64()), ("selected", pa.int64()), ("share", pa.float64())]
        return pa.Table.from_pylist(rows, pa.schema([*kinds, ("just_below", pa.int64())]))


def groups_of(column: str) -> list[str]:
    """The groups of a column, those not stated last."""
    named = {"sex": SEXES, "care_home_type": HOMES}
    bands = [*(f"{n}–{n + 9}" for n in range(0, 90, 10)), "90 and over"]
    return [*named.get(column, bands), OTHERWISE]


def group_of(person: Person, column: str) -> str:
    """The group of a person."""
    if column == "age_band":
        return "90 and over" if person.age >= 90 else f"{person.age // 10 * 10}–{person.age // 10 * 10 + 9}"
    return person.sex if column == "sex" else person.home


# The attack


@dataclass(frozen=True)
class Told:
    """A published cell: whose count it is, what it says by itself, and the true count, by which an attack is judged."""

    name: str
    counts: Callable[[Person], bool]
    low: float
    high: float
    true: int


def says(value: Any, note: str | None, name: str) -> tuple[float, float] | None:
    """What a cell says by itself; None where there is none."""
    if value is not None:
        count = int(value)
        return (0, 0) if count == 0 else (max(count - 2, 8), count + 2)
    said = re.search(rf"\b{name} (1–7|withheld)", note or "")
    if said is None:
        return None
    return (1, 7) if said[1] == "1–7" else (0, inf)


def in_top(rule: Rule, tier: int) -> Callable[[Person], bool]:
    """Whether a person is in by a share: among its highest scores, or within those and early enough in turn."""
    if rule.keep:
        return lambda person: person.age >= rule.among and person.standing <= KEPT and person.turn <= tier
    return lambda person: person.age >= rule.among and person.standing <= tier


def routes_of(rules: Sequence[Rule], tier: int) -> list[Callable[[Person], bool]]:
    """Who meets each route, by what people are."""
    found: list[Callable[[Person], bool]] = []
    for rule in rules:
        if rule.kind == "top_share":
            found.append(in_top(rule, tier))
        elif rule.kind == "nominated":
            found.append(lambda person: person.nominated)
        else:
            found.append(rule.fits)
    return found


def using(rules: Sequence[Rule], meets: Sequence[Callable[[Person], bool]], place: int) -> Callable[[Person], bool]:
    """Who uses a place of a route."""
    earlier = [meet for meet, rule in zip(meets[:place], rules, strict=False) if rule.kind != "review"]
    return lambda person: meets[place](person) and not any(meet(person) for meet in earlier)


def cells_of_summary(
    rows: Sequence[Row], counted: Counted, tier: int
) -> tuple[list[Told], list[Callable[[Person], bool]]]:
    """The cells of one practice in the commissioner's table, and who uses a place of any route."""
    meets = routes_of(counted.rules, tier)
    cells, managed = [], []
    for i, row in enumerate(rows):
        met = says(row["met"], row["note"], "met") or (0, inf)
        cells.append(Told(f"met {i}", meets[i], *met, len(counted.members[i])))
        if counted.rules[i].kind != "review":
            use = using(counted.rules, meets, i)
            cells.append(
                Told(f"used {i}", use, *(says(row["used"], row["note"], "used") or (0, inf)), len(counted.used[i]))
            )
            managed.append(use)
        elif "due" in row:
            late = lambda person, meet=meets[i]: meet(person) and person.due  # noqa: E731
            done = lambda person, meet=meets[i]: meet(person) and not person.due  # noqa: E731
            true = sum(counted.people[each].due for each in counted.members[i])
            cells.append(Told(f"due {i}", late, *(says(row["due"], row["note"], "due") or (0, inf)), true))
            true = len(counted.members[i]) - true
            cells.append(Told(f"done {i}", done, *(says(row["done"], row["note"], "done") or (0, inf)), true))
    return cells, managed


def cells_of_groups(
    rows: Sequence[Row], whole: Sequence[Row], column: str, managed: Sequence[Any], tiers: int
) -> list[Told]:
    """The cells of a table by groups, which stands beside the commissioner's; none of a column that is withheld whole.

    How many are just below the cut follows from the share and the list size, whether or not a table tells of them; and
    where all are of one group, of which group.
    """
    tests: dict[str, Callable[[Person], bool]] = {
        "listed": lambda person: True,
        "selected": lambda person: any(use(person) for use in managed),
        "just_below": lambda person: person.standing == tiers,
    }
    cells = []
    for row, true in zip(rows, whole, strict=True):
        for name, test in tests.items():
            if all(each[name] is None and f"{name} withheld" in (each.get("note") or "") for each in rows):
                continue
            told = says(row[name], row.get("note", f"{name} 1–7"), name)
            if told is not None:
                inside = lambda person, test=test, group=row[column]: test(person) and group_of(person, column) == group  # noqa: E731
                cells.append(Told(f"{name} of {row[column]}", inside, *told, true[name]))
    return cells


def attack(
    size: int, cells: Sequence[Told], schemes: Sequence[tuple[Sequence[Rule], int]], below: int | None = None
) -> list[tuple[str, int, int, int]]:
    """The cells of which more is known than that they are 1 to 7: name, least, greatest, true count.

    Parameters
    ----------
    size : the exact list size, which is published elsewhere
    cells : everything published
    schemes : each publication's rules, and the tier of the ranking that its share reaches
    below : the tier just below the cut, whose size follows from the places
    """
    small = [cell for cell in cells if 1 <= cell.true <= 7]
    if not small:
        return []
    keeping = any(rule.keep for rules, _ in schemes for rule in rules)
    tiers = 2 + max(KEPT if keeping else 0, *(tier for _, tier in schemes)) + (below is not None)
    nominees = (False, True)[: 1 + any(rule.kind == "nominated" for rules, _ in schemes for rule in rules)]
    # The attacker cannot leave out that somebody's sex or home is not stated, or that there are people of other ages.
    ages, sexes, homes = (*AGES, *OTHER_AGES), (*SEXES, OTHERWISE), (*HOMES, OTHERWISE)
    late = (False, True)[: 1 + any("due" in cell.name or "done" in cell.name for cell in cells)]
    turns = range(KEPT + 1) if keeping else (0,)
    kinds = [Person(*each) for each in itertools.product(ages, sexes, homes, nominees, range(tiers), late, turns)]
    vectors = [np.array([cell.counts(kind) for kind in kinds], dtype=float) for cell in cells]
    limits = [(np.ones(len(kinds)), size, size), *_of_shares(kinds, schemes, size, below)]
    limits += [(vector, cell.low, min(cell.high, size)) for vector, cell in zip(vectors, cells, strict=True)]
    rows, least, most = zip(*limits, strict=True)
    constraints = LinearConstraint(np.array(rows), least, most)
    found = []
    for cell, vector in zip(cells, vectors, strict=True):
        if not 1 <= cell.true <= 7:
            continue
        ends = []
        for sign in (1, -1):
            result = milp(
                sign * vector, constraints=constraints, integrality=np.ones(len(kinds)), bounds=Bounds(0, size)
            )
            assert result.x is not None, (cell.name, result.message)
            ends.append(round(sign * result.fun))
        low, high = ends
        assert low <= cell.true <= high, (cell.name, low, cell.true, high)
        if low >= 1 and high <= 7 and (low, high) != (1, 7):
            found.append((cell.name, low, high, cell.true))
    return found


def _of_shares(
    kinds: Sequence[Person], schemes: Sequence[tuple[Sequence[Rule], int]], size: int, below: int | None
) -> list[tuple[np.ndarray, float, float]]:
    """What the shares allow in a list of ``size`` people; the places of a part of the list are bounded by that part."""
    limits: list[tuple[np.ndarray, float, float]] = []
    places: list[tuple[Rule, np.ndarray, int]] = []
    for rules, tier in schemes:
        meets = routes_of(rules, tier)
        for i, rule in enumerate(rules):
            if not rule.share:
                continue
            who = meets[i] if rule.kind == "top_share" else using(rules, meets, i)
            row = np.array([who(kind) for kind in kinds], dtype=float)
            if rule.of:
                share = float(Fraction(rule.share.strip("%")) / 100)
                part = np.array([kind.age >= rule.of for kind in kinds], dtype=float)
                limits.append((row - share * part, -inf, 1e-9))
                continue
            limits.append((row, -inf, rule.places(size)))
            if rule.keep:
                within = np.array([kind.age >= rule.among and kind.standing <= KEPT for kind in kinds], dtype=float)
                limits.append((within, -inf, rule.places(size, rule.keep)))
            if rule.kind == "top_share":
                places.append((rule, row, rule.places(size)))
    for (a, row, fewer), (b, other, more) in itertools.permutations(places, 2):
        if a.among == b.among and fewer <= more and a.keep == b.keep:
            limits.append((other - row, 0, more - fewer))
    if below is not None and places:
        row = np.array([kind.standing == below for kind in kinds], dtype=float)
        limits.append((row, -(-places[0][2] // 10), -(-places[0][2] // 10)))
    return limits
