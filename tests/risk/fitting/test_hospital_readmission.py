"""A model of the real hospital stays that lie in examples/: how it is made, and how it does on later patients."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from worked_text import PROJECT

EXAMPLES = PROJECT / "examples"


@pytest.fixture(scope="module")
def example():
    """The script, as a reader would import it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLES))
        import hospital_readmission

        return hospital_readmission


@pytest.fixture(scope="module")
def stays(example) -> pd.DataFrame:
    return pd.read_parquet(example.STAYS)


@pytest.fixture(scope="module")
def frame(example, stays) -> pd.DataFrame:
    return example.register_frame(stays)


def test_the_file_holds_the_stays_that_its_page_says(stays):
    page = (EXAMPLES / "diabetes130" / "README.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {len(stays):,} hospital stays")
    assert f"{stays.shape[1]} columns" in page
    assert "CC BY 4.0" in page
    for target in re.findall(r"\]\(([^)#]+)\)", page):
        assert target.startswith("https://") or (EXAMPLES / "diabetes130" / target).exists(), target


def test_no_patient_stands_on_both_sides_and_the_later_side_is_the_last_quarter(example, frame):
    learned, held_out = example.sides_of(frame)
    assert set(learned["patient_nbr"]).isdisjoint(held_out["patient_nbr"])
    assert len(held_out) == len(frame) // 4
    assert learned["patient_id"].astype(int).max() < held_out["patient_id"].astype(int).min()


def test_of_earlier_stays_a_row_knows_what_lay_behind_it_and_nothing_else(example, stays, frame):
    order = np.argsort(stays["encounter_id"].astype(int).to_numpy(), kind="stable")
    seen: dict[str, list[dict[str, str]]] = {}
    rows = [stays.iloc[place].to_dict() for place in order[:5_000]]
    for row, made in zip(rows, frame.head(5_000).to_dict("records"), strict=True):
        before = seen.setdefault(row["patient_nbr"], [])
        assert made["earlier_stays"] == len(before)
        assert made["earlier_returns"] == sum(each["readmitted"] == "<30" for each in before)
        assert made["previous_return"] == bool(before and before[-1]["readmitted"] == "<30")
        before.append(row)


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("428", "circulatory"),
        ("785.59", "circulatory"),
        ("786", "respiratory"),
        ("250.83", "diabetes"),
        ("276", "other: endocrine"),
        ("V57", "other: external causes"),
        ("E885", "other: external causes"),
        ("199", "neoplasms"),
        ("38", "other: infections"),
        ("?", None),
    ],
)
def test_a_diagnosis_is_of_its_published_group(example, code, group):
    (found,) = example.group_of(pd.Series([code], dtype=object))
    assert found == group


def test_a_code_is_of_one_group_at_most(example):
    codes = pd.Series([str(number) for number in range(1, 1000)])
    assert sum(example.is_in(codes, ranges).astype(int) for ranges in example.GROUPS.values()).max() == 1


def test_a_third_of_the_earlier_stays_and_one_classifier_order_later_patients_nearly_as_well(example, frame):
    learned, held_out = example.sides_of(frame)
    model = example.fitted_to(learned.iloc[::3], bags=1)
    assert (model.horizon_days, model.fitting.groups) == (30, "patient_nbr")
    assert example.figures(model, held_out)["AUROC"] >= 0.64


@pytest.mark.long
def test_later_patients_are_ordered_and_their_risks_are_about_right(example, frame):
    learned, held_out = example.sides_of(frame)
    found = example.figures(example.fitted_to(learned), held_out)
    assert found["AUROC"] >= 0.655
    assert 0.9 <= found["calibration slope"] <= 1.1
    assert example.unrestricted(learned, held_out) - found["AUROC"] <= 0.01
