"""The published scores are the published ones: worked examples, whole tables, edges, and faults of other software."""

from __future__ import annotations

import csv
import itertools
import json
import math
import random
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from model_folders import other_digits, write_model
from register_tools import AS_OF, people

import casemgmt as cm
from casemgmt.errors import InputError, ModelError
from casemgmt.risk import files
from casemgmt.risk.inputs import MILLION, decimal_text

EXAMPLES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "published" / "worked_examples.json").read_text(encoding="utf-8")
)
PUBLISHED = (
    *("charlson", "charlson-age-adjusted", "charlson-quan-2011", "charlson-quan-2011-age-adjusted", "charlson-shmi"),
    *("elixhauser-van-walraven", "elixhauser-swiss", "hospital-frailty-risk-score"),
    *("electronic-frailty-index", "electronic-frailty-index-count", "parr-30"),
    *("lace-comorbidity", "lace", "inouye-2008"),
)
CHARLSON_AND_KIN = {
    "original": ("charlson", "charlson-age-adjusted", "charlson-quan-2005"),
    "quan2011": ("charlson-quan-2011", "charlson-quan-2011-age-adjusted", "charlson-quan-2005"),
    "shmi": ("charlson-shmi", None, "charlson-shmi-1.55"),
    "van_walraven": ("elixhauser-van-walraven", None, "elixhauser-quan-2005"),
    "swiss": ("elixhauser-swiss", None, "elixhauser-quan-2005"),
}


def flags_of(codelist: cm.CodeList, codes: list[str]) -> dict[str, bool]:
    """Which conditions of a list the codes of one person make."""
    # One example names the entry C0 of a list, which is the beginning of codes and no code itself.
    found = {name for code in codes for name in codelist.conditions_of("C00" if code == "C0" else code)}
    return {name: name in found for name in codelist.conditions}


def scored(name: str, rows: list[dict[str, Any]]) -> list[tuple[Fraction | None, float | None, str | None]]:
    """Score, risk and band of each row, through a register and the kernel, and checked against the plain definition."""
    model = cm.load_model(name)
    named = dict.fromkeys(key for row in rows for key in row)
    columns = {key: pa.array([row.get(key) for row in rows]) for key in named}
    register = cm.read_register(people(len(rows), **columns), as_of=AS_OF)
    points = model.score(register).to_pylist()
    found = []
    for row, point in zip(rows, points, strict=True):
        total = model.score_of({"age": 40, **row})
        assert point == (None if total is None else model.points(total))
        score = None if total is None else Fraction(total, MILLION * model.divide_by)
        risk = 1 / (1 + math.exp(-score)) if score is not None and model.link == "logistic" else None
        found.append((score, risk, model.band_of(total)))
    return found


@pytest.mark.parametrize("source", ["charlson", "elixhauser"])
def test_each_worked_example_of_charlson_and_elixhauser_comes_out_from_its_codes(source):
    for example in EXAMPLES[source]:
        name, with_age, list_name = CHARLSON_AND_KIN[example["variant"]]
        flags = flags_of(cm.load_codelist(list_name), example["inputs"]["codes"])
        expected = example["expected"]
        assert scored(name, [flags])[0][0] == expected["score"], example["title"]
        if "age_adjusted" in expected:
            assert with_age is not None
            aged = {**flags, "age": example["inputs"]["age"]}
            assert scored(with_age, [aged])[0][0] == expected["age_adjusted"], example["title"]


def test_the_groups_that_a_worked_example_names_are_those_that_count():
    # The sources name groups by short keys; ours are found again by their place in the list.
    keys = ["mi", "chf", "pvd", "cevd", "dementia", "cpd", "rheumd", "pud", "mld"]
    keys += ["diab", "diabwc", "hp", "rend", "canc", "msld", "metacanc", "aids"]
    checked = 0
    for example in EXAMPLES["charlson"]:
        if "groups" not in example["expected"]:
            continue
        name, _, list_name = CHARLSON_AND_KIN[example["variant"]]
        codelist, model = cm.load_codelist(list_name), cm.load_model(name)
        flags = flags_of(codelist, example["inputs"]["codes"])
        counted = [each for each in model.inputs if each.cells[model.cell_of(each, flags)] == "present"]
        key_of = dict(zip(codelist.conditions, keys, strict=True))
        assert sorted(key_of[each.name] for each in counted) == example["expected"]["groups"], example["title"]
        checked += 1
    assert checked == 8


def test_each_worked_example_of_the_hospital_frailty_score_comes_out_with_its_band():
    codelist = cm.load_codelist("hfrs")
    rows = [flags_of(codelist, example["inputs"]["codes"]) for example in EXAMPLES["hfrs"]]
    for example, (score, _, band) in zip(EXAMPLES["hfrs"], scored("hospital-frailty-risk-score", rows), strict=True):
        assert (score, band) == (Fraction(str(example["expected"]["score"])), example["expected"]["category"])


def test_each_worked_example_of_the_cambridge_score_comes_out_through_a_register():
    rows = [{"hypertension": 0, **example["inputs"]} for example in EXAMPLES["cms_general_20"]]
    model = cm.load_model("cambridge-multimorbidity-20")
    rows = [{**dict.fromkeys(model.columns, 0), **row} for row in rows]
    for example, (score, _, _) in zip(EXAMPLES["cms_general_20"], scored(model.name, rows), strict=True):
        assert score == Fraction(str(example["expected"]["score"]))


def test_each_worked_example_of_the_frailty_index_comes_out_both_ways():
    model = cm.load_model("electronic-frailty-index")
    for example in EXAMPLES["efi"]:
        deficits = {f"efi_{name}" for name in example["inputs"] if name != "polypharmacy"}
        row = {name: name in deficits for name in model.columns if name != "repeat_medicines"}
        row["repeat_medicines"] = 5 if "polypharmacy" in example["inputs"] else 4
        expected = example["expected"]
        for found in (
            scored(model.name, [row])[0],
            scored("electronic-frailty-index-count", [{"frailty_deficits": expected["n"]}])[0],
        ):
            assert (found[0], found[2]) == (Fraction(expected["n"], 36), expected["category"])
            assert float(found[0]) == pytest.approx(expected["score"], abs=1e-10)


# How the register columns of a model are named in its source.
_PARR_30 = {
    "emergency_admissions_12m": "emergency_admissions_last_12m",
    "emergency_admissions_30d": "emergency_discharge_last_30d",
    "admitted_as_emergency": "current_admission_emergency",
}


def test_each_worked_example_of_parr_30_comes_out_to_the_last_place():
    columns = cm.load_model("parr-30").columns
    for example in EXAMPLES["parr30"]:
        names = {name: _PARR_30.get(name, name.removeprefix("parr30_")) for name in columns}
        assert set(example["inputs"]) <= set(names.values())
        row = {name: example["inputs"].get(source, 0) for name, source in names.items() if name != "trust_code"}
        row["trust_code"] = example["inputs"].get("trust_code", "none")
        score, risk, _ = scored("parr-30", [row])[0]
        assert score == Fraction(str(example["expected"]["lp"])), example["title"]
        assert risk == pytest.approx(example["expected"]["risk"], abs=1e-10)


def lace_row(inputs: dict[str, int]) -> dict[str, int]:
    """A stay whose comorbidity points are those named, made up of illnesses of 6, 3, 2 and 1 points."""
    flags = dict.fromkeys(cm.load_model("lace-comorbidity").columns, 0)
    left = inputs["comorbidity"]
    for name, points in (("metastatic_solid_tumour", 6), ("dementia", 3), ("hiv", 4), ("heart_failure", 2)):
        if left >= points:
            flags[f"lace_{name}"], left = 1, left - points
    if left:
        flags["lace_peptic_ulcer"], left = 1, left - 1
    assert not left
    return {
        **flags,
        "length_of_stay_days": inputs["length_of_stay"],
        "admitted_as_emergency": inputs["acute"],
        "ae_attendances_6m": inputs["ed_visits_6m"],
    }


def test_each_worked_example_of_lace_comes_out_through_its_comorbidity_points():
    for example in EXAMPLES["lace"]:
        score, _, band = scored("lace", [lace_row(example["inputs"])])[0]
        assert score == example["expected"]["score"], example["title"]
        assert band == example["expected"].get("category", "high" if score >= 10 else "not high")


def inouye_row(**items: int) -> dict[str, int]:
    flags = dict.fromkeys(cm.load_model("charlson").columns, 0)
    flags["charlson_dementia"] = flags["charlson_heart_failure"] = items.get("charlson_2_or_more", 0)
    return {
        **flags,
        "admissions_12m": items.get("any_hospitalisation_12m", 0),
        "gp_consultations_12m": 6 if items.get("primary_care_visits_6_or_more") else 5,
        "age": 85 if items.get("age_85_or_more") else 84,
        "unmarried": items.get("unmarried", 0),
    }


def test_each_worked_example_of_inouyes_index_comes_out_with_its_band():
    rows = [inouye_row(**example["inputs"]) for example in EXAMPLES["inouye2008"]]
    for example, (score, _, band) in zip(EXAMPLES["inouye2008"], scored("inouye-2008", rows), strict=True):
        assert (score, band) == (example["expected"]["score"], example["expected"]["category"])


@pytest.mark.parametrize(
    ("list_name", "names"),
    [
        ("charlson-quan-2005", PUBLISHED[:4]),
        ("charlson-shmi-1.55", ["charlson-shmi"]),
        ("elixhauser-quan-2005", ["elixhauser-van-walraven", "elixhauser-swiss"]),
        ("hfrs", ["hospital-frailty-risk-score"]),
    ],
)
def test_a_models_flags_are_its_code_lists_conditions_in_their_order(list_name, names):
    for name in names:
        columns = [column for column in cm.load_model(name).columns if column != "age"]
        assert tuple(columns) == cm.load_codelist(list_name).conditions


def test_every_group_together_weighs_what_the_tables_add_up_to():
    def most(name: str) -> str:
        return decimal_text(sum(each.table[-1] for each in cm.load_model(name).inputs))

    assert [len(cm.load_codelist(name).conditions) for name in cm.list_codelists() if "avoid" not in name] == [
        *(17, 17, 31, 109)
    ]
    assert most("hospital-frailty-risk-score") == "173.2"  # the same in each of four sources
    assert (most("charlson"), most("charlson-quan-2011"), most("charlson-shmi")) == ("33", "28", "129")
    assert (most("elixhauser-van-walraven"), most("elixhauser-swiss")) == ("70", "87")
    assert most("lace") == "19" and most("inouye-2008") == "5" and most("electronic-frailty-index") == "36"
    assert len(cm.load_model("parr-30").inputs[-1].categories) == 159  # 158 trusts, and none


def test_only_the_shmi_score_has_a_floor_and_a_negative_one_stays_negative():
    assert [name for name in PUBLISHED if cm.load_model(name).floor is not None] == ["charlson-shmi"]
    alone = [
        ("charlson-shmi", "charlson-shmi-1.55", "E112", 0),
        ("elixhauser-van-walraven", "elixhauser-quan-2005", "E66", -4),
        ("elixhauser-swiss", "elixhauser-quan-2005", "E112", -1),
    ]
    for name, list_name, code, score in alone:
        assert scored(name, [flags_of(cm.load_codelist(list_name), [code])])[0][0] == score


def test_hiv_weighs_four_in_quans_weights_of_2011_and_not_two():
    flags = flags_of(cm.load_codelist("charlson-quan-2005"), ["B20", "I50"])
    assert scored("charlson-quan-2011", [flags])[0][0] == 4 + 2


def test_the_ahrq_weights_are_data_alone_and_hypertension_weighs_minus_one():
    path = files._shipped_folder() / "elixhauser-van-walraven" / "ahrq-index-v1.csv"
    rows = {row["group"]: row for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}
    assert len(rows) == 29
    assert (rows["hypertension_combined"]["mortality"], rows["hypertension_combined"]["readmission"]) == ("-1", "-1")
    assert not [name for name in cm.list_models() if "ahrq" in name]


FRAILTY = {
    each.name: Decimal(decimal_text(each.table[1])) for each in cm.load_model("hospital-frailty-risk-score").inputs
}


@pytest.mark.parametrize(("edge", "band", "above"), [(5, "intermediate", "intermediate"), (15, "intermediate", "high")])
def test_totals_of_exactly_five_and_fifteen_are_intermediate_in_any_order_of_adding(edge, band, above):
    chosen = random.Random(edge)
    names = list(FRAILTY)
    exact, over, astray = [], [], 0
    while len(exact) < 150:
        codes = chosen.sample(names, 6 if edge == 15 else 3)
        # The last code is the one that brings the total to the edge, where there is one.
        left = edge - sum(FRAILTY[name] for name in codes)
        last = next((name for name in names if FRAILTY[name] == left and name not in codes), None)
        if last is not None:
            exact.append([*codes, last])
            over.append([*codes, last, next(name for name in reversed(names) if name not in (*codes, last))])
            astray += sum(float(FRAILTY[name]) for name in exact[-1]) != edge
    rows = [{name: name in codes for name in names} for codes in [*exact, *over]]
    found = scored("hospital-frailty-risk-score", rows)
    assert {(score, given) for score, _, given in found[: len(exact)]} == {(Fraction(edge), band)}
    assert {given for _, _, given in found[len(exact) :]} == {above}
    # Floating point goes astray on some of them, so a score that used it would fail here.
    assert astray > 5


def test_the_bands_of_scores_are_those_of_their_exact_sums():
    model = cm.load_model("hospital-frailty-risk-score")
    tenths = list(range(1733))
    exact = [model.band_of(each * MILLION // 10) for each in tenths]
    assert model.bands_of([each / 10 for each in tenths]).to_pylist() == exact
    assert [exact.count(name) for name in ("low", "intermediate", "high")] == [50, 101, 1582]
    index = cm.load_model("electronic-frailty-index-count")
    scores = pa.array([count / 36 for count in range(37)])
    assert index.bands_of(scores).to_pylist() == [index.band_of(count * MILLION) for count in range(37)]
    assert model.bands_of(pa.array([None, float("nan")], pa.float64())).to_pylist() == [None, None]
    with pytest.raises(InputError, match="has no bands"):
        cm.load_model("charlson").bands_of([1.0])


def test_a_frailty_band_in_a_scheme_has_the_same_exact_edges(tmp_path):
    text = """
[scheme]
id = "frail"
title = "Intermediate hospital frailty"
source = "a test"
decisions = []
tie_key = "frail"
required = []
optional = []

[[route]]
name = "frail"
kind = "band"
on = "score"
at_least = "5"
at_most = "15"
counts_as = "case_management"
"""
    path = tmp_path / "frail.toml"
    path.write_text(text, encoding="utf-8")
    codes = [
        *(("hfrs_i69", "hfrs_r63", "hfrs_e83"), ("hfrs_t83", "hfrs_s42", "hfrs_r11")),  # 5.000000000000001, 4.99…
        *(("hfrs_f00", "hfrs_i69", "hfrs_t83", "hfrs_z60"), ("hfrs_f00", "hfrs_g30", "hfrs_s42", "hfrs_l97")),
        *(("hfrs_g81", "hfrs_s51"), ("hfrs_f00", "hfrs_g81", "hfrs_r29")),  # 4.9 and 15.1
    ]
    columns = {name: pa.array([name in row for row in codes]) for name in FRAILTY}
    register = cm.read_register(people(len(codes), **columns), as_of=AS_OF)
    selection = cm.select(register, cm.load_scheme(path), model=cm.load_model("hospital-frailty-risk-score"))
    assert selection.to_arrow()["patient_id"].to_pylist() == ["020000", "020001", "020002", "020003"]


def test_every_number_of_deficits_has_the_band_of_its_exact_fraction():
    bands = [(Fraction("0.12"), "fit"), (Fraction("0.24"), "mild"), (Fraction("0.36"), "moderate"), (1, "severe")]
    found = scored("electronic-frailty-index-count", [{"frailty_deficits": count} for count in range(37)])
    for count, (score, _, band) in enumerate(found):
        assert score == Fraction(count, 36)
        assert band == next(name for most, name in bands if score <= most)
    assert [[band for _, _, band in found].count(name) for _, name in bands] == [5, 4, 4, 24]


def test_five_repeat_medicines_are_a_deficit_and_an_unknown_number_is_no_score():
    model = cm.load_model("electronic-frailty-index")
    flags = dict.fromkeys((name for name in model.columns if name.startswith("efi_")), False)
    rows = [{**flags, "repeat_medicines": count} for count in (0, 4, 5, 60, None)]
    assert [score for score, _, _ in scored(model.name, rows)] == [0, 0, Fraction(1, 36), Fraction(1, 36), None]


def test_parr_30_squares_the_age_exactly_and_takes_deprivation_from_the_band_above_an_edge():
    model = cm.load_model("parr-30")
    age, deprivation, earlier, *_, trust = model.inputs
    for years in range(121):
        assert Fraction(age.contribution(years), MILLION * model.divide_by) == Fraction("0.000060581") * years**2
    for admissions in range(100):
        amount = Fraction(earlier.contribution(admissions), MILLION * model.divide_by)
        assert amount == Fraction("0.1215") * admissions
    per_edge = {0: "0", 9.999: "0", 10: "0.0209", 15: "0.0239", 25: "0.0661", 40: "0.1017", 50: "0.0982"}
    for value, points in per_edge.items():
        assert Fraction(deprivation.contribution(value), MILLION * model.divide_by) == Fraction(points)
    amounts = [trust.contribution(code) for code in ("none", None, "RFR", "R0A", "")]
    assert [Fraction(amount, MILLION * model.divide_by) for amount in amounts] == [
        *(0, 0, Fraction("-0.0542"), Fraction("-0.1155"), 0)
    ]


def test_lace_counts_four_or_more_comorbidity_points_as_five_and_stops_at_its_tops():
    rows = [
        lace_row({"length_of_stay": days, "acute": 0, "comorbidity": points, "ed_visits_6m": visits})
        for days, points, visits in [(0, 3, 0), (0, 4, 0), (0, 12, 0), (14, 0, 0), (90, 0, 0), (0, 0, 9)]
    ]
    assert [score for score, _, _ in scored("lace", rows)] == [3, 5, 5, 7, 7, 4]


def test_inouyes_index_is_for_seventy_and_over_with_every_item_known():
    rows = [
        *({**inouye_row(), "age": age} for age in (69, 70, 84, 85, 120)),
        *({**inouye_row(), name: None} for name in ("age", "unmarried", "admissions_12m", "gp_consultations_12m")),
    ]
    assert [score for score, _, _ in scored("inouye-2008", rows)] == [None, 0, 0, 1, 1, None, None, None, None]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_changed_digit_or_a_lost_hierarchy_in_a_published_model_is_refused(name, tmp_path):
    shipped = files._shipped_folder() / name
    text, vectors = (shipped / "model.toml").read_text(), (shipped / "vectors.csv").read_text()
    changed = [
        *other_digits(text, r'value +?= "([^"]*)"'),
        *other_digits(text, r'(?:at_least|at_most|above|below) += "([^"]*)"'),
        *other_digits(text, r'^    .*?"(-?\d+\.\d+)"'),
        *other_digits(text, r"edges +?= \[(.*)\]"),
        *other_digits(text, r"table +?= \[(.*)\]"),
        *other_digits(text, r'^[A-Z0-9]{3} += "([^"]*)"'),
    ]
    # A flag that weighs nothing adds nothing, superseded or not.
    supersedes = re.findall(r'value +?= "[^"]*[1-9][^"]*"\nmissing +?= "absent"\n(superseded_by.*)\n', text)
    changed += [text.replace(line, "", 1) for line in supersedes]
    chosen = random.Random(name).sample(changed, min(len(changed), 12))
    assert len(chosen) > 8
    for wrong in chosen:
        with pytest.raises(ModelError):
            cm.load_model(write_model(tmp_path / "copy", wrong, vectors))


def test_the_folder_of_models_lists_every_model_and_says_how_to_bring_a_licensed_one():
    text = (files._shipped_folder() / "README.md").read_text(encoding="utf-8")
    for name in cm.list_models():
        assert f"`{name}`" in text and f"({name}/card.md)" in text
    for name in ("QAdmissions", "QMortality", "eFI2"):
        assert name in text and not [shipped for shipped in cm.list_models() if name.lower() in shipped]


def test_no_pair_of_published_groups_is_left_out_of_a_hierarchy():
    pairs = {
        name: {(by, each.name) for each in cm.load_model(name).inputs for by in each.superseded_by}
        for name in PUBLISHED
    }
    three = [("severe_liver_disease", "mild_liver_disease"), ("diabetes_with_complications", "diabetes")]
    three.append(("metastatic_cancer", "cancer"))
    for name in PUBLISHED[:5]:
        prefix = "shmi_" if name == "charlson-shmi" else "charlson_"
        assert pairs[name] == {(prefix + grave, prefix + mild) for grave, mild in three}
    for name in PUBLISHED[5:7]:
        assert pairs[name] == {
            ("elixhauser_hypertension_complicated", "elixhauser_hypertension_uncomplicated"),
            ("elixhauser_diabetes_complicated", "elixhauser_diabetes_uncomplicated"),
            ("elixhauser_metastatic_cancer", "elixhauser_solid_tumour"),
        }
    assert not any(itertools.chain.from_iterable(pairs[name] for name in PUBLISHED[7:]))


@pytest.mark.parametrize("source", ["charlson", "elixhauser", "hfrs"])
def test_each_worked_example_comes_out_from_coded_rows_through_the_engine(source):
    for number, example in enumerate(EXAMPLES[source]):
        variant = example.get("variant")
        name, _, list_name = CHARLSON_AND_KIN.get(variant, ("hospital-frailty-risk-score", None, "hfrs"))
        codes = ["C00" if code == "C0" else code for code in example["inputs"]["codes"]]
        rows = [*(("she", code) for code in codes), *(("he", "Z00.0") for _ in range(number % 2)), ("she", codes[0])]
        events = pa.table(dict(zip(("patient_id", "code"), map(list, zip(*rows, strict=True)), strict=True)))
        derived = cm.derive_conditions(events, list_name, as_of=AS_OF, undated_as_ever=True)
        scores = {row["patient_id"]: row["score"] for row in derived.score(cm.load_model(name)).to_pylist()}
        assert scores.pop("she") == float(example["expected"]["score"]), example["title"]
        assert set(scores.values()) <= {0.0}


def test_the_stand_in_on_parr_30s_card_makes_its_eleven_diagnoses():
    card = (files._shipped_folder() / "parr-30" / "card.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)
    given = {"cm": cm}
    exec(example, given)
    made = given["hospital"].conditions
    needed = [name for name in cm.load_model("parr-30").columns if name.startswith("parr30_")]
    assert len(needed) == 11 and set(needed) <= set(made)
    weights = cm.load_model("parr-30").input_named("parr30_dementia").table
    assert weights[1] == 46_700_000  # 0.0467, in thousandths
