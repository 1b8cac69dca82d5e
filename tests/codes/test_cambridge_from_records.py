"""The Cambridge score from coded records: its written rules, against a plain reading of the definitions."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections import defaultdict

import pyarrow as pa
import pytest

import casemgmt as cm
from casemgmt.codes.codelist import CodeList, Entry
from casemgmt.codes.rules import Rule, Seen, load_rules
from casemgmt.risk import files

NAME = "cambridge-multimorbidity-20"
AS_OF = dt.date(2024, 2, 1)
YEAR = dt.date(2023, 2, 2)  # the first of the 12 months that end on 1 February 2024
FIVE_YEARS = dt.date(2019, 2, 2)
MEDICINES = (
    *("anxiety_depression_medicines", "analgesics", "antiepileptics_for_pain", "antispasmodics", "asthma_medicines"),
    *("laxatives", "epilepsy_medicines", "lithium"),
)
CODES = (
    *("hypertension", "anxiety_depression", "epilepsy", "hearing_loss", "irritable_bowel", "asthma", "diabetes"),
    *("coronary_heart_disease", "low_egfr", "atrial_fibrillation", "stroke_tia", "copd", "connective_tissue_disorder"),
    *("cancer", "alcohol_problems", "heart_failure", "dementia", "psychosis_bipolar"),
)


def code_of(name: str) -> str:
    """A code made up for a condition, in the form of its system."""
    return f"{MEDICINES.index(name) + 1}" if name in MEDICINES else f"A{CODES.index(name):02}"


def lists() -> list[CodeList]:
    """One list a system, of one code a condition."""
    return [
        CodeList(name=system, system=system, entries=tuple(Entry(code_of(name), name) for name in names))
        for system, names in (("icd10", CODES), ("rxnorm", MEDICINES))
    ]


def records(people: int, seed: int) -> list[tuple[str, str, dt.date]]:
    """Rows of patient, condition and date, thick around the edges of the windows."""
    choose = random.Random(seed)
    edges = [edge + dt.timedelta(days=by) for edge in (YEAR, FIVE_YEARS, AS_OF) for by in (-1, 0, 1)]
    rows = []
    for number in range(people):
        for name in choose.sample((*CODES, *MEDICINES), k=choose.randrange(10)):
            for _ in range(choose.choice((1, 1, 3, 4, 5) if name in MEDICINES else (1, 1, 2))):
                recent = YEAR + dt.timedelta(days=choose.randrange(365))
                long_ago = AS_OF - dt.timedelta(days=choose.randrange(3000))
                day = choose.choice([choose.choice(edges), recent, recent, long_ago])
                rows.append((f"p{number:04}", name, day))
    choose.shuffle(rows)
    return rows


def conditions_of(rows: list[tuple[str, dt.date]]) -> set[str]:
    """The twenty conditions of one person, as the score's authors define them."""
    dates = defaultdict(list)
    for name, day in rows:
        if day <= AS_OF:
            dates[name].append(day)

    def recent(name: str) -> int:
        return sum(day >= YEAR for day in dates[name])

    ever = {name for name in dates if dates[name]}
    simple = set(CODES) - {"anxiety_depression", "epilepsy", "asthma", "irritable_bowel", "low_egfr", "cancer"}
    found = ever & (simple - {"psychosis_bipolar"})
    tests = {
        "anxiety_depression": recent("anxiety_depression") or recent("anxiety_depression_medicines") >= 4,
        "painful_condition": recent("analgesics") >= 4
        or (recent("antiepileptics_for_pain") >= 4 and "epilepsy" not in ever),
        "irritable_bowel": "irritable_bowel" in ever or recent("antispasmodics") >= 4,
        "asthma": "asthma" in ever and recent("asthma_medicines"),
        "chronic_kidney_disease": "low_egfr" in ever,
        "constipation": recent("laxatives") >= 4,
        "cancer": dates["cancer"] and min(dates["cancer"]) >= FIVE_YEARS,
        "psychosis_bipolar": ever & {"psychosis_bipolar", "lithium"},
        "epilepsy": "epilepsy" in ever and recent("epilepsy_medicines"),
    }
    return found | {name for name, holds in tests.items() if holds}


def events_of(rows: list[tuple[str, str, dt.date]]) -> dict[str, pa.Table]:
    split = {"icd10": [row for row in rows if row[1] in CODES], "rxnorm": [row for row in rows if row[1] in MEDICINES]}
    return {
        system: pa.table(
            {
                "patient_id": pa.array([patient for patient, _, _ in part], pa.string()),
                "code": pa.array([code_of(name) for _, name, _ in part], pa.string()),
                "date": pa.array([day for _, _, day in part], pa.date32()),
            }
        )
        for system, part in split.items()
    }


def test_the_rules_make_the_twenty_inputs_and_name_no_condition_that_the_test_lacks():
    rules = load_rules(files._shipped_folder() / NAME / "rules.toml")
    assert {rule.name for rule in rules} == set(cm.load_model(NAME).columns)
    assert {name for rule in rules for name in rule.conditions} == {*CODES, *MEDICINES}


@pytest.mark.parametrize("seed", [1, 2])
def test_random_records_have_the_conditions_and_the_score_that_a_plain_reading_gives(seed):
    rows = records(700, seed)
    derived = cm.derive_conditions(events_of(rows), lists(), as_of=AS_OF, rules=NAME)
    own = defaultdict(list)
    for patient, name, day in rows:
        own[patient].append((name, day))
    expected = {patient: conditions_of(their) for patient, their in own.items()}
    patients = derived.patients.to_pylist()
    assert set(derived.conditions) == set(cm.load_model(NAME).columns)
    for name in derived.conditions:
        flags = dict(zip(patients, derived.flag(name).tolist(), strict=True))
        assert {patient for patient, has in flags.items() if has} == {p for p in patients if name in expected[p]}, name
        assert 0 < sum(flags.values()) < len(patients)
    model = cm.load_model(NAME)
    scores = derived.score(model)["score"].to_pylist()
    by_hand = [model.points(model.score_of({name: name in expected[p] for name in model.columns})) for p in patients]
    assert scores == by_hand


def test_a_list_that_was_left_out_is_an_error_and_not_a_lower_score():
    events = events_of(records(50, 3))
    diagnoses, medicines = lists()
    without = medicines.only(*(name for name in MEDICINES if name != "laxatives"))
    with pytest.raises(cm.CodeError, match="'laxatives', which no code list makes"):
        cm.derive_conditions(events, [diagnoses, without], as_of=AS_OF, rules=NAME)


def test_rules_are_found_by_the_name_of_a_shipped_model_or_by_a_path(tmp_path):
    path = files._shipped_folder() / NAME / "rules.toml"
    assert load_rules(NAME) == load_rules(path) == load_rules(str(path))
    with pytest.raises(cm.CodeError, match=r"no model with rules 'cambridge'.*Known: 'cambridge-multimorbidity-20'"):
        load_rules("cambridge")
    with pytest.raises(cm.CodeError, match="there is no such file"):
        load_rules("cambridge.toml")
    twice = tmp_path / "twice.toml"
    twice.write_text(2 * '[[rule]]\nname = "asthma"\nall = [{ condition = "asthma" }]\n', encoding="utf-8")
    with pytest.raises(cm.CodeError, match="the rule 'asthma' is written twice"):
        load_rules(twice)


def test_rules_of_one_name_are_alternatives_each_with_its_own_exclusion():
    first = Rule(name="pain", all=Seen("analgesics"), unless=Seen("laxatives"))
    second = Rule(name="pain", all=Seen("antispasmodics"))
    rows = [("a", "analgesics"), ("b", "analgesics"), ("b", "laxatives"), ("c", "antispasmodics"), ("d", "laxatives")]
    rows += [("e", "analgesics"), ("e", "laxatives"), ("e", "antispasmodics")]
    events = events_of([(patient, name, AS_OF) for patient, name in rows])["rxnorm"]
    derived = cm.derive_conditions(events, lists()[1], as_of=AS_OF, rules=[first, second])
    assert dict(zip(derived.patients.to_pylist(), derived.flag("pain").tolist(), strict=True)) == {
        **{"a": True, "b": False, "c": True, "d": False, "e": True}
    }


def test_the_example_on_the_card_runs_with_lists_and_records_as_it_names_them():
    card = (files._shipped_folder() / NAME / "card.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)
    numbers = iter(f"{number}" for number in range(10_000_000, 11_000_000))
    names = {}
    for name in (*CODES, *MEDICINES):
        names[name] = next(number for number in numbers if is_snomed(number))
    lists = [
        CodeList(name=system, system=system, entries=tuple(Entry(names[each], each) for each in those))
        for system, those in (("snomedct", CODES), ("dmd", MEDICINES))
    ]
    row = {"patient_id": ["a"], "date": [dt.date(2024, 1, 5)]}
    given = {
        "cm": cm,
        "diagnoses": pa.table({**row, "code": [names["dementia"]]}),
        "prescriptions": pa.table({**row, "code": [names["laxatives"]]}),
        "your_code_lists": lists,
    }
    exec(example, given)
    weight = cm.load_model(NAME).input_named("dementia").table[1] / 1_000_000
    assert given["scores"].column("score").to_pylist() == [weight]


def is_snomed(number: str) -> bool:
    try:
        CodeList(name="one", system="snomedct", entries=(Entry(number, "one"),))
    except cm.CodeError:
        return False
    return True
