"""Other packages' scores of random patients: equal to ours where they are right, and each difference is a named fault.

``tests/published/run_elsewhere.py`` says how the expected values were made, and under which releases.
"""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from random_patients import random_patients
from register_tools import AS_OF, people

import casemgmt as cm
from casemgmt.arrow import array_of, numpy_of
from casemgmt.codes.codelist import Entry
from casemgmt.codes.derived import Derived

PUBLISHED = Path(__file__).parents[1] / "published"
SAID = json.loads((PUBLISHED / "elsewhere.json").read_text(encoding="utf-8"))
LISTS = {
    **dict.fromkeys(
        ("charlson", "charlson-age-adjusted", "charlson-quan-2011", "charlson-quan-2011-age-adjusted"),
        "charlson-quan-2005",
    ),
    "charlson-shmi": "charlson-shmi-1.55",
    "elixhauser-van-walraven": "elixhauser-quan-2005",
    "elixhauser-swiss": "elixhauser-quan-2005",
    "hospital-frailty-risk-score": "hfrs",
}
COMPARED = [(package, name) for package, said in SAID["packages"].items() for name in said["sha256"]]


class Patients:
    """Some of the random patients, and what our lists and models say of them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.codes, patients, places, ages = random_patients(SAID["patients"])
        kept = patients < count
        self.patients, self.places, self.ages = patients[kept], places[kept], ages[:count]

    def derived(self, codelist: cm.CodeList) -> Derived:
        """What the engine derives from the rows, in any order; every patient has at least one."""
        events = pa.table({"patient_id": self.patients, "code": pa.array(self.codes).take(pa.array(self.places))})
        derived = cm.derive_conditions(events, codelist, as_of=AS_OF, undated_as_ever=True)
        assert numpy_of(derived.patients).tolist() == list(range(self.count))
        return derived

    def tenths(self, name: str, codelist: cm.CodeList) -> np.ndarray:
        """A model's scores in tenths of a point, through a register; and without age straight from the flags too."""
        derived, model = self.derived(codelist), cm.load_model(name)
        columns = {key: array_of(derived.flag(key), pa.bool_()) for key in derived.conditions}
        register = cm.read_register(people(self.count, age=self.ages.tolist(), **columns), as_of=AS_OF)
        scores = model.score(register)
        assert not scores.null_count
        if "age" not in model.columns:
            assert derived.score(model)["score"].combine_chunks().equals(scores)
        return np.rint(numpy_of(scores) * 10).astype(np.int64)

    def hiv(self) -> np.ndarray:
        return self.derived(cm.load_codelist("charlson-quan-2005")).flag("charlson_hiv_aids").astype(np.int64)

    def frailty_with_repeats(self) -> np.ndarray:
        """The hospital frailty score in tenths with a code added once for each way it is written."""
        points = {
            each.name[-3:].upper(): each.table[1] // 100_000
            for each in cm.load_model("hospital-frailty-risk-score").inputs
        }
        by_code = np.array([points.get(code[:3], 0) for code in self.codes])
        pairs = np.unique(self.patients * len(self.codes) + self.places)
        return np.bincount(
            pairs // len(self.codes), weights=by_code[pairs % len(self.codes)], minlength=self.count
        ).astype(np.int64)


def with_faults(package: str, name: str, patients: Patients) -> np.ndarray:
    """Our scores in tenths, with the faults of the package that the tests below name."""
    codelist = cm.load_codelist(LISTS[name])
    if (package, name) == ("comorbidipy", "charlson-shmi"):
        version_1_35 = (Entry("M351", "shmi_rheumatic_disease", "prefix"), Entry("E110", "shmi_diabetes", "prefix"))
        codelist |= cm.CodeList(name="1.35", system="icd10", entries=version_1_35)
    if (package, name) == ("comorbidipy", "hospital-frailty-risk-score"):
        return patients.frailty_with_repeats()
    scores = patients.tenths(name, codelist)
    if (package, name) == ("comorbidipy", "charlson-quan-2011"):
        scores = scores - 20 * patients.hiv()
    return scores


@pytest.fixture(scope="module")
def few() -> Patients:
    return Patients(SAID["shown"])


@pytest.fixture(scope="module")
def columns() -> dict[str, list[int]]:
    with (PUBLISHED / "elsewhere.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    return {name: [int(row[place]) for row in rows[1:]] for place, name in enumerate(rows[0])}


@pytest.mark.parametrize(("package", "name"), COMPARED)
def test_another_packages_scores_are_ours_but_for_its_named_faults(package, name, few, columns):
    expected = columns[f"{package} {name}"]
    assert len(expected) == few.count and len(set(expected)) > 10
    assert with_faults(package, name, few).tolist() == expected


@pytest.mark.long
@pytest.mark.parametrize(("package", "name"), COMPARED)
def test_the_same_for_two_hundred_thousand_patients(package, name, everyone):
    scores = with_faults(package, name, everyone).astype("<i4")
    assert len(scores) == SAID["patients"] == 200_000
    assert hashlib.sha256(scores.tobytes()).hexdigest() == SAID["packages"][package]["sha256"][name]


@pytest.fixture(scope="module")
def everyone() -> Patients:
    return Patients(SAID["patients"])


def test_pycomorb_has_no_fault_in_the_scores_that_ship(few, columns):
    agreeing = [name for package, name in COMPARED if package == "pycomorb"]
    assert set(agreeing) == set(LISTS)
    for name in agreeing:
        assert few.tenths(name, cm.load_codelist(LISTS[name])).tolist() == columns[f"pycomorb {name}"]


def ours(name: str, fault: str) -> int:
    """Our score in tenths of the few codes that show a fault, for someone aged 40."""
    codelist, model = cm.load_codelist(LISTS[name]), cm.load_model(name)
    found = {each for code in SAID["codes"][fault] for each in codelist.conditions_of(code)}
    return model.score_of({"age": 40, **{each: each in found for each in codelist.conditions}}) // 100_000


def theirs(package: str, name: str, fault: str) -> int:
    return SAID["packages"][package]["faults"][fault][name]


def test_fault_comorbidipy_counts_one_frailty_code_once_for_each_way_it_is_written():
    """Gilbert 2018: the score adds up three-character codes, each once a patient: F00.0 and F00.1 are F00, 7.1."""
    name = "hospital-frailty-risk-score"
    assert ours(name, "f00_twice") == ours(name, "f00_once") == 71
    assert theirs("comorbidipy", name, "f00_twice") == 142
    assert theirs("comorbidipy", name, "f00_once") == theirs("pycomorb", name, "f00_twice") == 71


def test_fault_comorbidipy_gives_hiv_two_points_in_the_weights_of_2011():
    """Quan 2011 (Am J Epidemiol 173:676), weights: AIDS/HIV 4."""
    name = "charlson-quan-2011"
    assert ours(name, "hiv") == theirs("pycomorb", name, "hiv") == 40
    assert theirs("comorbidipy", name, "hiv") == 20


def test_fault_comorbidipy_finds_no_code_that_is_written_with_its_dot():
    """Quan 2005 lists I25.2 as old myocardial infarction, with the dot; records hold it both ways."""
    assert ours("charlson", "dot") == ours("charlson", "no_dot") == theirs("pycomorb", "charlson", "dot") == 10
    assert (theirs("comorbidipy", "charlson", "dot"), theirs("comorbidipy", "charlson", "no_dot")) == (0, 10)


def test_difference_comorbidipy_has_an_older_version_of_the_shmi_list():
    """SHMI specification: M35.1 and E11.0 are in version 1.35 and left the list before version 1.55."""
    for fault, points in (("m351", 40), ("e110", 30)):
        assert ours("charlson-shmi", fault) == theirs("pycomorb", "charlson-shmi", fault) == 0
        assert theirs("comorbidipy", "charlson-shmi", fault) == points


def test_neither_package_raises_a_negative_elixhauser_score_any_more_and_nor_do_we():
    """Van Walraven 2009: obesity weighs -4, and nothing raises the sum; only SHMI is floored at 0."""
    name = "elixhauser-van-walraven"
    assert ours(name, "obesity") == theirs("comorbidipy", name, "obesity") == theirs("pycomorb", name, "obesity") == -40


def test_totals_at_the_edges_of_the_frailty_bands_are_the_same_in_tenths():
    """Gilbert 2018: low under 5, intermediate 5 to 15, high over 15; in tenths no sum goes astray."""
    name = "hospital-frailty-risk-score"
    for fault, edge in (("exactly_5_over", 50), ("exactly_15_over", 150)):
        assert ours(name, fault) == theirs("comorbidipy", name, fault) == theirs("pycomorb", name, fault) == edge
