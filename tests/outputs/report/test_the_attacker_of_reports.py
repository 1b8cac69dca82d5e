"""Whatever a commissioner's report says, one who knows every rule finds no count of 1 to 7 in it, alone or in pairs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from attacker import Counted, Person, Rule, a_what_if, attack, cells_of_groups, cells_of_summary, scheme_of, some_people
from attacker import some_rules as rules_of_attacker

from casemgmt.outputs.disclosure import commissioner_table
from casemgmt.outputs.disclosure.earlier import as_published
from casemgmt.outputs.disclosure.equity import groupings_that_may_leave
from casemgmt.outputs.disclosure.reviews import with_reviews
from casemgmt.outputs.disclosure.worlds import Publication

RANKED = "given scores"
COLUMNS = ("sex", "age_band")


def some_rules(generator: random.Random) -> list[Rule]:
    """Routes at random, of which one at least is a review."""
    rules = rules_of_attacker(generator)
    review = Rule("review", ages=generator.choice(((75, 200), (65, 200), (65, 75))))
    return rules if any(rule.kind == "review" for rule in rules) else [*rules, review]


def some_patients(generator: random.Random) -> list[Person]:
    late = generator.choice((0.02, 0.1, 0.5, 0.9, 0.98))
    return [replace(person, due=generator.random() < late) for person in some_people(generator)]


def told(counted: Counted, before: Sequence[Publication] = ()) -> tuple[Publication, list[Any]]:
    """What a report says of one practice, and its rows."""
    scheme, summary = scheme_of(counted.rules), counted.summary()
    plain = commissioner_table(summary, scheme, ranked_by=RANKED, before=before)
    table = with_reviews(plain, summary, scheme, ranked_by=RANKED, waiting=False, before=before)
    publication = as_published(scheme, RANKED, False, table)
    return publication, list(publication.rows["A"])


def group_cells(
    counted: Counted, publication: Publication, managed: Sequence[Any], tiers: int, before: Sequence[Publication] = ()
) -> list[Any]:
    whole = {name: counted.by(name) for name in COLUMNS}
    blank = {name: without_below(table) for name, table in whole.items()}
    shown = groupings_that_may_leave(blank, publication, counted.summary(), before, counted.values())
    cells = []
    for name, table in shown.items():
        if not isinstance(table, str):
            cells += cells_of_groups(table.to_pylist(), whole[name].to_pylist(), name, managed, tiers)
    return [cell for cell in cells if not cell.name.startswith("just_below")]


def without_below(table: Any) -> Any:
    import pyarrow as pa

    return table.set_column(table.column_names.index("just_below"), "just_below", pa.nulls(len(table), pa.int64()))


def places_of(rules: Sequence[Rule]) -> float:
    return next((float(rule.share.strip("%")) for rule in rules if rule.kind == "top_share"), 0.0)


def attack_one(generator: random.Random) -> list[Any]:
    counted = Counted(some_rules(generator), some_patients(generator))
    if counted.over_cap:
        return []
    publication, rows = told(counted)
    cells, managed = cells_of_summary(rows, counted, 0)
    cells += group_cells(counted, publication, managed, 1)
    return attack(len(counted.people), cells, [(counted.rules, 0)])


def attack_pair(generator: random.Random) -> list[Any]:
    """Two reports of the same people by two schemes; where the first shows groups, the second shows nothing new."""
    rules, people = some_rules(generator), some_patients(generator)
    schemes = [rules, a_what_if(generator, rules)]
    counts = [Counted(each, people) for each in schemes]
    if any(each.over_cap for each in counts):
        return []
    shares = sorted({places_of(each) for each in schemes})
    known = [(each, shares.index(places_of(each))) for each in schemes]
    first, rows = told(counts[0])
    cells, managed = cells_of_summary(rows, counts[0], known[0][1])
    if generator.random() < 0.5:  # a register without these columns has no groups
        cells += group_cells(counts[0], first, managed, known[0][1] + 1)
        first = replace(first, equity="told")
    _, rows = told(counts[1], [first])
    own, _ = cells_of_summary(rows, counts[1], known[1][1])
    own = [replace(cell, name=f"second: {cell.name}") for cell in own]
    found = attack(len(people), [*cells, *own], known)
    if not found:
        return []
    # What follows of one table's counts from the other table alone is no fault of its own.
    tables = {"first": cells, "second": own}
    for name, table in tables.items():
        untold = [replace(cell, low=0, high=inf) for cell in table]
        others = [cell for other, each in tables.items() if other != name for cell in each]
        anyway = attack(len(people), [*others, *untold], known)
        mine = {cell.name for cell in table}
        found = [each for each in found if each[0] not in mine or each not in anyway]
    return found


ATTACKS = {"single": attack_one, "paired": attack_pair}


@pytest.mark.parametrize("what", ATTACKS)
def test_an_attacker_of_reports_finds_no_small_count(what):
    for seed in range(25 if what == "single" else 12):
        assert ATTACKS[what](random.Random(seed)) == [], seed


@pytest.mark.long
@pytest.mark.parametrize("what", ATTACKS)
def test_an_attacker_of_reports_finds_no_small_count_in_ten_thousand_tables(what):
    for seed in range(1000, 6000):
        assert ATTACKS[what](random.Random(seed)) == [], seed


def test_the_attacker_finds_reviews_that_are_each_suppressed_alone():
    """Twenty are entitled and twenty have had their review but for one: each count by itself would tell of the one."""
    people = [Person(80, "F", "none", False, due=i < 1) for i in range(20)] + [Person(40, "F", "none", False)] * 180
    counted = Counted([Rule("review", ages=(75, 200))], people)
    alone = [{"practice_id": "A", "route": "r0", "list_size": 200, "met": 20, "used": None, "due": None, "done": 20}]
    alone[0]["note"] = "due 1–7"
    cells, _ = cells_of_summary(alone, counted, 0)
    assert ("due 0", 1, 4, 1) in attack(200, cells, [(counted.rules, 0)])
    _, rows = told(counted)
    assert rows[0]["note"] == "due withheld; done withheld"
    assert rows[0]["met"] == 20
    assert attack(200, cells_of_summary(rows, counted, 0)[0], [(counted.rules, 0)]) == []


def test_reviews_that_tell_nothing_are_shown():
    people = [Person(80, "F", "none", False, due=i < 40) for i in range(100)] + [Person(40, "M", "none", False)] * 300
    _, rows = told(Counted([Rule("review", ages=(75, 200))], people))
    assert (rows[0]["due"], rows[0]["done"], rows[0]["note"]) == (40, 60, None)


@pytest.mark.parametrize("seed", [1719, 3283, 3301, 3375])
def test_what_the_routes_of_several_columns_tell_together_of_a_group_stays_hidden(seed):
    """In 1719 those of 65 and over, residents and children are in, whose numbers leave 1 to 5 other people."""
    assert attack_one(random.Random(seed)) == []


@pytest.mark.parametrize("seed", [3087, 3219])
def test_what_groups_once_told_of_reviews_and_of_a_second_scheme_stays_hidden(seed):
    assert [ATTACKS[what](random.Random(seed)) for what in ATTACKS] == [[], []]
