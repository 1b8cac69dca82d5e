"""Fit a model to real hospital encounters (UCI data set 296) and judge it on later patients that it has not seen.

    python examples/hospital_readmission.py [file of stays] [folder for the model]

Each row of the file (diabetes130/ beside this script, unless another is named) is one hospital stay of a patient with
diabetes in one of 130 US hospitals, 1999-2008, every column text as published; the outcome is whether the patient was
back within 30 days. It is hospital data of another country and time: a model of it shows that the road works on real
people, and selects nobody. The notebook of the same name goes through it step by step.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import casemgmt as cm
from casemgmt.risk.fitting.cells import InputCells
from casemgmt.risk.fitting.people import people_of
from casemgmt.risk.fitting.running import seen_by
from casemgmt.risk.model import Model

STAYS = Path(__file__).resolve().parent / "diabetes130" / "diabetes130_development.parquet"
OUTCOME, HELD_OUT = "back_within_30_days", 0.25
# ICD-9 codes by their first three digits: B. Strack et al., Impact of HbA1c measurement on hospital readmission rates,
# BioMed Research International 2014:781670, table 2; what it calls "other" by the chapters of ICD-9.
GROUPS = {
    "circulatory": [(390, 459), (785, 785)],
    "respiratory": [(460, 519), (786, 786)],
    "digestive": [(520, 579), (787, 787)],
    "diabetes": [(250, 250)],
    "injury": [(800, 999)],
    "musculoskeletal": [(710, 739)],
    "genitourinary": [(580, 629), (788, 788)],
    "neoplasms": [(140, 239)],
    "other: infections": [(1, 139)],
    "other: endocrine": [(240, 249), (251, 279)],
    "other: blood": [(280, 289)],
    "other: mental": [(290, 319)],
    "other: nervous": [(320, 389)],
    "other: pregnancy": [(630, 679)],
    "other: skin": [(680, 709)],
    "other: symptoms": [(780, 784), (789, 799)],
}
# Diagnoses among the three of a stay, by the same three digits.
NAMED = {
    "heart_failure": [(428, 428)],
    "coronary_heart_disease": [(410, 414)],
    "atrial_fibrillation": [(427, 427)],
    "copd": [(490, 492), (496, 496)],
    "chronic_kidney_disease": [(585, 585)],
    "acute_kidney_failure": [(584, 584)],
    "cancer": [(140, 208)],
    "fluid_disorder": [(276, 276)],
    "pneumonia": [(480, 486)],
    "liver_disease": [(570, 573)],
    "stroke_tia": [(430, 438)],
}
COUNTS = (
    *("time_in_hospital", "num_lab_procedures", "num_procedures", "num_medications", "number_outpatient"),
    *("number_emergency", "number_inpatient", "number_diagnoses"),
)
# Not the payer, as Strack et al.: who pays is missing for most of the early years and few of the late ones.
KEPT = ("discharge_disposition_id", "admission_type_id", "admission_source_id", "medical_specialty")
DRUGS = ("A1Cresult", "max_glu_serum", "insulin", "metformin", "glipizide", "glyburide", "pioglitazone", "change")
RISES = ("number_inpatient", "number_emergency", "number_diagnoses", "earlier_stays", "earlier_returns")


def is_in(codes: pd.Series, ranges: list[tuple[int, int]]) -> pd.Series:
    """Which codes' first three digits lie in one of the ranges; codes that begin with a letter lie in none."""
    number = pd.to_numeric(codes.str.partition(".")[0], errors="coerce")
    return pd.concat([number.between(low, high) for low, high in ranges], axis=1).any(axis=1)


def group_of(codes: pd.Series) -> pd.Series:
    """The group of each diagnosis."""
    found = pd.Series(
        np.where(codes.str.match("[EV]"), "other: external causes", "other"), index=codes.index, dtype=object
    )
    for name, ranges in GROUPS.items():
        found[is_in(codes, ranges)] = name
    return found.where(codes != "?", None)


def register_frame(stays: pd.DataFrame) -> pd.DataFrame:
    """One row a stay, in encounter order, with what was known at its end.

    Earlier stays of the same patient lie in the past when this one ends, and so does whether an earlier stay was
    followed by another within 30 days: had it been, that stay would have come before this one, or be this one.
    """
    stays = stays.iloc[np.argsort(stays["encounter_id"].astype(int).to_numpy(), kind="stable")].reset_index(drop=True)
    back = stays["readmitted"] == "<30"
    patient = stays["patient_nbr"]
    frame = pd.DataFrame(
        {
            "patient_id": stays["encounter_id"],
            "practice_id": "C87001",  # made: the hospitals are not told apart
            "patient_nbr": "p" + patient,
            "age": stays["age"].str.extract(r"\[(\d+)-")[0].astype(int) + 5,  # the middle of ten years
            "sex": stays["gender"].map({"Male": "M", "Female": "F"}),
            "ethnicity": stays["race"].where(stays["race"] != "?"),
            "earlier_stays": stays.groupby(patient).cumcount(),
            "earlier_returns": (back.astype(int).groupby(patient).cumsum() - back).astype(int),
            "previous_days": stays.groupby(patient)["time_in_hospital"].shift().astype(float),
            "previous_discharge": "discharge " + stays.groupby(patient)["discharge_disposition_id"].shift(),
            "previous_return": (back.astype(float).groupby(patient).shift() == 1),
            OUTCOME: back,
        }
    )
    for name in COUNTS:
        frame[name] = stays[name].astype(int)
    for name in KEPT:
        frame[name] = (name.split("_")[0] + " " + stays[name]).where(stays[name] != "?")
    for name in DRUGS:
        frame[name] = stays[name].astype(str)
    for number in (1, 2, 3):
        frame[f"diagnosis_{number}"] = group_of(stays[f"diag_{number}"])
    for name, ranges in NAMED.items():
        frame[name] = pd.concat([is_in(stays[f"diag_{n}"], ranges) for n in (1, 2, 3)], axis=1).any(axis=1)
    return frame


def figures(model: Model, stays: pd.DataFrame) -> dict[str, float]:
    """How the model does on stays that it has not seen."""
    register = read(stays)
    log_odds = model.score(register).to_numpy(zero_copy_only=False)
    has, known = stays[OUTCOME].to_numpy(), np.isfinite(log_odds)
    line = LogisticRegression(C=np.inf).fit(log_odds[known, None], has[known])
    return {
        "stays": known.sum(),
        "AUROC": roc_auc_score(has[known], log_odds[known]),
        "calibration slope": line.coef_[0, 0],
        "expected share": (1 / (1 + np.exp(-log_odds[known]))).mean(),
        "observed share": has[known].mean(),
    }


def read(frame: pd.DataFrame) -> cm.Register:
    """The stays as a register."""
    return cm.read_register(frame, as_of="2008-12-31")


def sides_of(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first three quarters of the stays and the last, with no patient on both sides."""
    late = np.arange(len(frame)) >= (1 - HELD_OUT) * len(frame)
    held_out = frame[late]
    return frame[~late & ~frame["patient_nbr"].isin(held_out["patient_nbr"])], held_out


def inputs_of(frame: pd.DataFrame) -> list[str]:
    """The columns that a model learns from."""
    return [name for name in frame if name not in ("patient_id", "practice_id", "patient_nbr", OUTCOME)]


def fitted_to(learned: pd.DataFrame, bags: int = 4) -> Model:
    """A model of the stays: ``bags`` classifiers averaged."""
    return cm.fit_model(
        read(learned),
        OUTCOME,
        inputs=inputs_of(learned),
        name="hospital-readmission",
        horizon_days=30,
        groups="patient_nbr",
        bags=bags,
        monotone=dict.fromkeys(RISES, "rises"),
        words={
            "title": "Back in hospital within 30 days, of patients with diabetes",
            "outcome": "Another stay in one of the hospitals within 30 days of discharge",
            "population": "Stays of patients with diabetes in 130 US hospitals, 1999-2008",
            "intended_use": "To show the software on real data",
            "not_for": "Any patient: the data are of another country, another time, and hospitals alone",
            "licence": "Data: CC BY 4.0 (UCI Machine Learning Repository 296)",
        },
        options={"learning_rate": 0.1, "max_iter": 500, "min_samples_leaf": 100, "l2_regularization": 10.0},
    )


def main() -> None:
    """Fit on the first three quarters, judge on the last."""
    learned, held_out = sides_of(register_frame(pd.read_parquet(sys.argv[1] if len(sys.argv) > 1 else STAYS)))
    model = fitted_to(learned)
    print(f"{model}\n{model.fitting}")
    for name, value in figures(model, held_out).items():
        print(f"{name}: {value:,.4f}" if name != "stays" else f"{name}: {value:,}")
    print(f"AUROC of trees without the restriction: {unrestricted(learned, held_out):.4f}")
    if len(sys.argv) > 2:
        model.save(sys.argv[2], overwrite=True)


def unrestricted(learned: pd.DataFrame, held_out: pd.DataFrame) -> float:
    """The AUROC of trees that may look at all inputs together; they stop early on patients left out as well."""
    people = people_of(read(learned), OUTCOME, inputs_of(learned), needed=(), groups="patient_nbr")
    out = people.groups % 4 == 0
    seen = seen_by(people)
    categories = [number for number, each in enumerate(people.inputs) if each.kind == "category"]
    trees = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=500,
        max_leaf_nodes=16,
        min_samples_leaf=100,
        l2_regularization=10.0,
        early_stopping=True,
        categorical_features=categories,
        random_state=0,
    )
    trees.fit(seen[~out], people.had[~out], X_val=seen[out], y_val=people.had[out])
    later = np.column_stack([codes_of(each, held_out[each.name]) for each in people.inputs])
    return roc_auc_score(held_out[OUTCOME], trees.decision_function(later))


def codes_of(cells: InputCells, values: pd.Series) -> np.ndarray:
    """What the trees are shown of a column."""
    if cells.kind == "category":
        number = {text: float(place) for place, text in enumerate(cells.categories)}
        return values.map(number).to_numpy(dtype=float)
    return values.astype(float).to_numpy()


if __name__ == "__main__":
    main()
