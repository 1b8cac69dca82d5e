"""Whatever leaves of a register, one who knows every rule finds no count of 1 to 7 in it, nor where in it one lies."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from attacker import (
    HOMES,
    Counted,
    Person,
    Rule,
    a_what_if,
    attack,
    cells_of_groups,
    cells_of_summary,
    groups_of,
    scheme_of,
    some_people,
    some_rules,
)

import casemgmt as cm
from casemgmt.errors import InputError, PublishError
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.disclosure import commissioner_table, publishable_groups, suppressed_groups
from casemgmt.outputs.disclosure.earlier import as_published
from casemgmt.outputs.disclosure.worlds import Publication

RANKED = "given scores"


def publication_of(counted: Counted, before: Sequence[Publication] = ()) -> Publication:
    """What the commissioner is shown of one practice."""
    scheme = scheme_of(counted.rules)
    table = commissioner_table(counted.summary(), scheme, ranked_by=RANKED, before=before)
    return as_published(scheme, RANKED, False, table)


def told_by(publication: Publication, counted: Counted, tier: int = 0) -> Any:
    return cells_of_summary(publication.rows["A"], counted, tier)


def attack_one(generator: random.Random) -> list[Any]:
    counted = Counted(some_rules(generator), some_people(generator))
    if counted.over_cap:
        return []
    cells, _ = told_by(publication_of(counted), counted)
    return attack(len(counted.people), cells, [(counted.rules, 0)])


def attack_what_ifs(generator: random.Random) -> list[Any]:
    """Two or three schemes of one register, each published knowing those before."""
    rules, people = some_rules(generator), some_people(generator)
    schemes = [rules, a_what_if(generator, rules)]
    if generator.random() < 0.3:
        generator.shuffle(schemes)
    counts = [Counted(each, people) for each in schemes]
    if any(each.over_cap for each in counts):
        return []
    shares = sorted({places_of(each) for each in schemes})
    before: list[Publication] = []
    cells = []
    for counted in counts:
        before.append(publication_of(counted, before))
        told, _ = told_by(before[-1], counted, shares.index(places_of(counted.rules)))
        cells += told
    return attack(len(people), cells, [(each, shares.index(places_of(each))) for each in schemes])


def places_of(rules: Sequence[Rule]) -> float:
    return next((float(rule.share.strip("%")) for rule in rules if rule.kind == "top_share"), 0.0)


def attack_groups(generator: random.Random) -> list[Any]:
    """The commissioner's table, and every table by groups beside it."""
    counted = Counted(some_rules(generator), some_people(generator))
    if counted.over_cap:
        return []
    publication = publication_of(counted)
    cells, managed = told_by(publication, counted)
    for column in ("sex", "care_home_type", "age_band"):
        whole = counted.by(column)
        try:
            shown = publishable_groups(whole, column, publication, counted.summary())
        except InputError:
            continue
        cells += cells_of_groups(shown.to_pylist(), whole.to_pylist(), column, managed, 1)
    share = next((rule for rule in counted.rules if rule.kind == "top_share" and not rule.of), None)
    places = share.places(len(counted.people)) if share else 0
    below = 1 if share and len(counted.below) == -(-places // 10) else None
    if below is None:
        cells = [cell for cell in cells if not cell.name.startswith("just_below")]
    return attack(len(counted.people), cells, [(counted.rules, 0)], below)


ATTACKS = {"one publication": attack_one, "what-ifs": attack_what_ifs, "by groups": attack_groups}


@pytest.mark.parametrize("what", ATTACKS)
def test_an_attacker_finds_no_small_count(what):
    for seed in range(70):
        assert ATTACKS[what](random.Random(seed)) == [], seed


@pytest.mark.long
@pytest.mark.parametrize("what", ATTACKS)
def test_an_attacker_finds_no_small_count_in_ten_thousand_practices(what):
    for seed in range(1000, 1000 + 10_000 // len(ATTACKS) + 1):
        assert ATTACKS[what](random.Random(seed)) == [], seed
