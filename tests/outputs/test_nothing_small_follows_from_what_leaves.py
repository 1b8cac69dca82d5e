"""Whatever leaves of a register, one who knows every rule finds no count of 1 to 7 in it, nor where in it one lies."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from math import inf
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
    keeping,
    scheme_of,
    some_people,
    some_rules,
)
from pyarrow import parquet
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.errors import InputError, PublishError
from casemgmt.outputs.csv_text import read_csv
from casemgmt.outputs.disclosure import commissioner_table, earlier, publishable_groups, suppressed_groups
from casemgmt.outputs.disclosure.earlier import as_published
from casemgmt.outputs.disclosure.worlds import Publication
from casemgmt.selection.summary import counts_by_value, just_below

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
    """Two schemes of one register, the second published knowing the first.

    What follows of a scheme's counts from the rules, the list size and the *other* publication alone is no fault of its
    own table: who knows that eight places of 3.3% were used knows of seven places of 3% before anybody publishes them.
    """
    rules, people = some_rules(generator), some_people(generator)
    return attack_schemes(generator, people, [rules, a_what_if(generator, rules)])


def attack_kept_places(generator: random.Random) -> list[Any]:
    """As the last, where places are kept for a caseload that the attacker does not know."""
    schemes = keeping(generator, some_rules(generator))
    people = [replace(person, on=generator.random() < 0.3) for person in some_people(generator)]
    return attack_schemes(generator, people, list(schemes))


def attack_schemes(generator: random.Random, people: Sequence[Person], schemes: list[list[Rule]]) -> list[Any]:
    if generator.random() < 0.3:
        generator.shuffle(schemes)
    counts = [Counted(each, people) for each in schemes]
    if any(each.over_cap for each in counts):
        return []
    shares = sorted({places_of(each) for each in schemes})
    before: list[Publication] = []
    tables: list[list[Any]] = []
    for number, counted in enumerate(counts):
        before.append(publication_of(counted, before))
        told, _ = told_by(before[-1], counted, shares.index(places_of(counted.rules)))
        tables.append([replace(cell, name=f"{number}: {cell.name}") for cell in told])
    known = [(each, shares.index(places_of(each))) for each in schemes]
    found = attack(len(people), [cell for table in tables for cell in table], known)
    for number, own in enumerate(tables if found else ()):
        untold = [replace(cell, low=0, high=inf) for cell in own]
        others = [cell for other, table in enumerate(tables) if other != number for cell in table]
        anyway = attack(len(people), [*others, *untold], known)
        found = [each for each in found if each not in anyway or not each[0].startswith(f"{number}:")]
    return found


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
            shown = publishable_groups(whole, column, publication, counted.summary(), values=counted.values())
        except InputError:
            continue
        cells += cells_of_groups(shown.to_pylist(), whole.to_pylist(), column, managed, 1)
    share = next((rule for rule in counted.rules if rule.kind == "top_share" and not rule.of), None)
    places = share.places(len(counted.people)) if share else 0
    below = 1 if share and len(counted.below) == -(-places // 10) else None
    if below is None:
        cells = [cell for cell in cells if not cell.name.startswith("just_below")]
    return attack(len(counted.people), cells, [(counted.rules, 0)], below)


def attack_groups_of_a_what_if(generator: random.Random) -> list[Any]:
    """Two schemes of one register, and the groups by sex of the second."""
    rules, people = some_rules(generator), some_people(generator)
    first, second = (Counted(each, people) for each in (rules, a_what_if(generator, rules)))
    if first.over_cap or second.over_cap:
        return []
    shares = sorted({places_of(first.rules), places_of(second.rules)})
    before = [publication_of(first)]
    publication = publication_of(second, before)
    cells, _ = told_by(before[0], first, shares.index(places_of(first.rules)))
    tier = shares.index(places_of(second.rules))
    more, managed = told_by(publication, second, tier)
    whole = second.by("sex")
    try:
        shown = publishable_groups(whole, "sex", publication, second.summary(), before, values=second.values())
    except InputError:
        return []
    groups = cells_of_groups(shown.to_pylist(), whole.to_pylist(), "sex", managed, tier + 1)
    cells += [*more, *(cell for cell in groups if not cell.name.startswith("just_below"))]
    schemes = [(each.rules, shares.index(places_of(each.rules))) for each in (first, second)]
    return attack(len(people), cells, schemes)


ATTACKS = {
    "one publication": attack_one,
    "what-ifs": attack_what_ifs,
    "kept places": attack_kept_places,
    "by groups": attack_groups,
    "groups of a what-if": attack_groups_of_a_what_if,
}


@pytest.mark.parametrize(("what", "practices"), list(zip(ATTACKS, (30, 20, 10, 8, 8), strict=True)))
def test_an_attacker_finds_no_small_count(what, practices):
    for seed in range(practices):
        assert ATTACKS[what](random.Random(seed)) == [], seed


@pytest.mark.long
@pytest.mark.parametrize("what", ATTACKS)
def test_an_attacker_finds_no_small_count_in_ten_thousand_practices(what):
    for seed in range(1000, 1000 + 10_000 // len(ATTACKS) + 1):
        assert ATTACKS[what](random.Random(seed)) == [], seed


# The attacker can find something: the same attacks on tables whose counts are each suppressed by themselves


def test_the_attacker_finds_the_one_whom_the_list_size_tells():
    people = [Person(40, sex, "none", False) for sex, n in (("F", 203), ("M", 198), ("I", 1)) for _ in range(n)]
    counted = Counted([Rule("top_share", share="10%")], people)
    publication = publication_of(counted)
    cells, managed = told_by(publication, counted)
    whole = counted.by("sex")
    alone = cells_of_groups(suppressed_groups(whole).to_pylist(), whole.to_pylist(), "sex", managed, 1)
    assert ("listed of I", 1, 1, 1) in attack(402, [*cells, *alone], [(counted.rules, 0)], 1)
    shown = publishable_groups(whole, "sex", publication, counted.summary()).to_pylist()
    assert [(row["sex"], row["listed"], row["note"]) for row in shown if "listed" in (row["note"] or "")] == [
        ("M", None, "listed withheld; just_below withheld"),
        ("I", None, "listed 1–7; just_below withheld"),
    ]
    safe = cells_of_groups(shown, whole.to_pylist(), "sex", managed, 1)
    assert attack(402, [*cells, *safe], [(counted.rules, 0)], 1) == []


def two_shares() -> list[Counted]:
    """The same people by 3% and by 3.3%: the eleventh, who lives in a home, is in by the larger share alone."""
    people = [Person(40, "F", "nursing" if i == 10 else "none", False) for i in range(338)]
    home = Rule("everyone", homes=("nursing", "residential"))
    return [Counted([Rule("top_share", share=share), home], people) for share in ("3%", "3.3%")]


def test_the_attacker_finds_the_one_whom_two_shares_tell():
    small, large = two_shares()
    schemes = [(small.rules, 0), (large.rules, 1)]
    alone = told_by(publication_of(small), small, 0)[0] + told_by(publication_of(large), large, 1)[0]
    assert ("used 1", 1, 1, 1) in attack(338, alone, schemes)
    first = publication_of(small)
    second = publication_of(large, [first])
    safe = told_by(first, small, 0)[0] + told_by(second, large, 1)[0]
    assert attack(338, safe, schemes) == []
    assert {row["note"] for row in second.rows["A"]} == {"met withheld; used withheld"}


def test_routes_that_shut_each_other_out_add_up_to_at_most_the_list():
    ages = [10] * 20 + [40] * 3 + [66] * 13
    people = [Person(age, "F", "none", False) for age in ages]
    rules = [Rule("review", ages=(65, 75)), Rule("everyone", ages=(0, 18)), Rule("everyone", ages=(18, 65))]
    counted = Counted(rules, people)
    publication = publication_of(counted)
    # 18 to 22 children and 13 to 17 in the review leave room for at most 6 others in a list of 33 to 37.
    assert all(row["met"] is None and "withheld" in row["note"] for row in publication.rows["A"])
    assert attack(36, told_by(publication, counted)[0], [(rules, 0)]) == []


# Through the doors that people use


def register_of(people: Sequence[Person], **extra: list[Any]) -> Any:
    table = pa.table(
        {
            "patient_id": [f"p{i:03d}" for i in range(len(people))],
            "practice_id": ["C87001"] * len(people),
            "age": [person.age for person in people],
            "sex": [person.sex for person in people],
            "care_home_type": [person.home for person in people],
            "points": [1 - i / 1000 for i in range(len(people))],
            **extra,
        }
    )
    return cm.read_register(table, as_of="2015-04-01")


def save_two_shares(tmp_path: Any, folders: Sequence[str], **options: Any) -> list[Any]:
    counts = two_shares()
    register = register_of(counts[0].people)
    found = []
    for counted, name in zip(counts, folders, strict=True):
        selection = cm.select(register, scheme_of(counted.rules), score="points")
        folder = selection.save(tmp_path / name, **(options if found else {}))
        cm.load_selection(folder)
        found.append(read_csv((folder / "commissioner/summary.csv").read_bytes()).to_pylist())
    return found


def withheld(rows: Sequence[Any]) -> bool:
    return any("withheld" in (row["note"] or "") for row in rows)


def test_save_finds_a_what_if_in_the_folder_beside(tmp_path):
    first, second = save_two_shares(tmp_path, ["three", "more"])
    assert not withheld(first)
    assert withheld(second)


def test_save_looks_at_the_publication_that_it_replaces(tmp_path):
    _, second = save_two_shares(tmp_path, ["out", "out"], overwrite=True)
    assert withheld(second)


def test_save_looks_at_the_folders_that_it_is_told_of(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    _, apart = save_two_shares(tmp_path, ["a/out", "b/out"])
    assert not withheld(apart)
    (tmp_path / "c").mkdir()
    counted = two_shares()[1]
    selection = cm.select(register_of(counted.people), scheme_of(counted.rules), score="points")
    folder = selection.save(tmp_path / "c/out", published_before=[tmp_path / "a/out"])
    assert withheld(read_csv((folder / "commissioner/summary.csv").read_bytes()).to_pylist())
    with pytest.raises(PublishError, match="holds no publication that is intact"):
        selection.save(tmp_path / "c/another", published_before=[tmp_path / "nowhere"])


def test_the_command_line_looks_at_the_publications_that_it_is_told_of(tmp_path):
    small, large = two_shares()
    register = tmp_path / "register.parquet"
    parquet.write_table(register_of(small.people).to_arrow(), register)

    def published(counted: Counted, folder: str, *more: Any, code: int = 0) -> str:
        (tmp_path / folder).mkdir(exist_ok=True)
        rules = tmp_path / folder / "scheme.toml"
        rules.write_text(scheme_of(counted.rules).text)
        options = ["--as-of", "2015-04-01", "--scheme", rules, "--score", "points", *more]
        words = ["select", register, *options, "--out", tmp_path / folder / "out"]
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    def is_withheld(folder: str) -> bool:
        table = read_csv((tmp_path / folder / "out/commissioner/summary.csv").read_bytes())
        return withheld(table.to_pylist())

    published(small, "a")
    published(large, "apart")
    assert not is_withheld("apart")
    published(large, "told", "--published-before", tmp_path / "a/out")
    assert is_withheld("told")
    said = published(large, "nowhere", "--published-before", tmp_path / "b/out", code=4)
    assert "holds no publication that is intact" in said


def test_more_publications_than_can_be_held_beside_one_are_refused_and_never_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(earlier, "MOST_HELD_BESIDE", 2)
    register = register_of(two_shares()[0].people)
    shares = [f"{number}%" for number in (3, 6, 9, 12)]
    selections = [cm.select(register, scheme_of([Rule("top_share", share=each)]), score="points") for each in shares]
    for selection, name in zip(selections[:3], "abc", strict=True):
        selection.save(tmp_path / name)
    with pytest.raises(PublishError, match=r"3 other tables were published.*No more than 2 can be held"):
        selections[3].save(tmp_path / "d")
    assert not (tmp_path / "d").exists()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(PublishError, match="No more than 2"):
        selections[3].save(elsewhere / "d", published_before=[tmp_path / name for name in "abc"])
    selections[3].save(elsewhere / "d", published_before=[tmp_path / "a", tmp_path / "b"])
    monkeypatch.setattr(earlier, "MOST_LOOKED_AT", 2)
    with pytest.raises(PublishError, match="3 publications, more than the 2 that can be looked at"):
        selections[3].save(tmp_path / "d")


def test_what_was_replaced_is_still_known(tmp_path):
    """The smaller share is replaced by a list of another scheme, and the larger share published in a third folder."""
    small, large = two_shares()
    register = register_of(small.people)
    reviews = scheme_of([Rule("review", ages=(75, 200))])
    for scheme, folder in ((scheme_of(small.rules), "out"), (reviews, "out"), (scheme_of(large.rules), "other")):
        saved = cm.select(register, scheme, score="points").save(tmp_path / folder, overwrite=True)
        cm.load_selection(saved)
    assert withheld(read_csv((saved / "commissioner/summary.csv").read_bytes()).to_pylist())


def test_another_month_is_another_register_and_changes_nothing(tmp_path):
    small, large = two_shares()
    scheme = scheme_of(small.rules)
    cm.select(register_of(small.people), scheme, score="points").save(tmp_path / "april")
    later = cm.read_register(register_of(large.people).to_arrow(), as_of="2015-05-01")
    folder = cm.select(later, scheme_of(large.rules), score="points").save(tmp_path / "may")
    assert not withheld(read_csv((folder / "commissioner/summary.csv").read_bytes()).to_pylist())


def test_the_same_selection_again_has_the_same_table(tmp_path):
    counted = two_shares()[0]
    selection = cm.select(register_of(counted.people), scheme_of(counted.rules), score="points")
    tables = [selection.save(tmp_path / name) / "commissioner/summary.csv" for name in ("one", "two")]
    assert tables[0].read_bytes() == tables[1].read_bytes()


def edge_within_a_band() -> Counted:
    """Everyone of 65 and over is in, and a band of ages on both sides of that edge is small."""
    ages = [19] * 30 + [40] * 60 + [62] * 2 + [66] * 3 + [77] * 40 + [85] * 30
    people = [Person(age, "FM"[i % 2], "none", False) for i, age in enumerate(ages)]
    return Counted([Rule("top_share", share="10%"), Rule("everyone", ages=(65, 200))], people)


def test_the_values_of_columns_that_routes_ask_for_are_counted_as_they_are():
    counted = edge_within_a_band()
    made = cm.select(register_of(counted.people), scheme_of(counted.rules), score="points").workings
    chosen = made.choice.rows[made.choice.place >= 0]
    fields = ("age", "sex", "care_home_type", "nominated", "no such column")
    found = counts_by_value(made.register, fields, chosen, just_below(made))
    own = counted.values()
    assert list(found) == ["age", "sex", "care_home_type"]
    for field, rows in found.items():
        stated = {row["value"]: row for row in rows if row["listed"]}
        assert stated == {row["value"]: row for row in own[field]}
    assert {row["just_below"] for row in counts_by_value(made.register, ["age"], chosen, None)["age"]} == {None}


def test_both_doors_judge_a_band_of_ages_by_the_ages_in_it():
    counted = edge_within_a_band()
    selection = cm.select(register_of(counted.people), scheme_of(counted.rules), score="points")
    whole, publication, summary = counted.by("age_band"), publication_of(counted), counted.summary()
    with pytest.raises(InputError, match="so few or so small"):  # taken as it is, the band of 60 to 69 is too small
        publishable_groups(whole, "age_band", publication, summary)
    shown = publishable_groups(whole, "age_band", publication, summary, values=counted.values()).to_pylist()
    listed = [(row["age_band"], row["listed"], row["note"]) for row in shown if row["listed"] != 0]
    by_door = selection.by("age_band", suppressed=True).to_pylist()
    assert [(row["age_band"], row["listed"], row["note"]) for row in by_door if row["listed"] != 0] == listed
    told = {row["group"]: row["note"] for row in cm.commissioner_report(selection).table("equity").to_pylist()}
    assert (told["60–69"], told["70–79"]) == ("listed 1–7; case_managed 1–7", None)


# What may group a table that leaves


def a_selection() -> Any:
    people = [Person((40, 66, 85)[i % 3], "FM"[i % 2], HOMES[i % 3], False) for i in range(240)]
    register = register_of(
        people,
        care_home_id=[f"home {i % 3}" for i in range(240)],
        nhs=[f"n{i}" for i in range(240)],
        seen=pa.array([16000 + i % 3 for i in range(240)], pa.int32()).cast(pa.date32()),
        comment=["rings his son" if i == 7 else "none" for i in range(240)],
        ward=["north" if i % 2 else "south" for i in range(240)],
        last_review=["2015-01-01"] * 240,
        imd_decile=[1 + i % 10 for i in range(240)],
    )
    return cm.select(register, scheme_of([Rule("top_share", share="25%")]), score="points")


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("patient_id", "it is an id"),
        ("practice_id", "by practice already"),
        ("care_home_id", "it is an id"),
        ("age", "group by 'age_band'"),
        ("last_review", "it is a date"),
        ("seen", "it is a date"),
        ("nhs", "it has 240 different values, and at most 20"),
        ("points", "it has 240 different values, and at most 20"),
        ("comment", "like an id or free text"),
    ],
)
def test_an_id_a_date_and_free_text_group_no_table_that_leaves(column, why):
    selection = a_selection()
    with pytest.raises(InputError, match=why) as refusal:
        selection.by(column, suppressed=True)
    assert "rings" not in str(refusal.value)
    assert selection.by(column).num_rows


@pytest.mark.parametrize("column", ["sex", "age_band", "imd_decile", "care_home_type", "ward"])
def test_kinds_of_people_group_a_table_that_leaves(column):
    shown = a_selection().by(column, suppressed=True)
    assert shown.column_names == [column, "listed", "selected", "share", "just_below", "note"]
    assert sum(count or 0 for count in shown.column("listed").to_pylist()) > 150


def test_an_unknown_column_is_refused_by_name_in_either_form():
    with pytest.raises(InputError, match="Did you mean 'ward'"):
        a_selection().by("wardd", suppressed=True)
