"""Fit the demonstration model to a synthetic register of Rotherham, and write its tables, test vectors and figures."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import casemgmt as cm
from casemgmt.register.fields import CONDITIONS
from casemgmt.risk.inputs import ModelInput
from casemgmt.risk.link import risk
from casemgmt.risk.model import Model
from casemgmt.risk.vectors import covering_vectors
from casemgmt.risk.writing import model_text

AREA, FIT_SEED, FRESH_SEED, TOP, OUTCOME = "03L", 1, 2, 0.03, "outcome_emergency_admission_12m"
KNOTS = np.array([1, 5, 12, 18, 30, 45, 60, 70, 80, 90])  # straight lines in age between them; a value a year
CELLS = {"emergency_admissions_12m": 5, "ae_attendances_12m": 6, "outpatient_attendances_12m": 6, "repeat_medicines": 8}
LABELS = {"imd_decile": "Deprivation tenth", "ae_attendances_12m": "A&E attendances", "copd": "COPD"}
FACTS = {
    **{"name": "demonstration-admission", "version": "1.0", "link": "logistic", "horizon_days": 365},
    "title": "Demonstration only: emergency admission within 12 months",
    "source": f"Fitted to a synthetic register ({AREA}, seed {FIT_SEED}) by examples/fit_demonstration_model.py",
    "outcome": "At least one emergency admission in the 12 months after the list date",
    "population": "Synthetic people of all ages; no real patient",
    "intended_use": "To show, try and test the software on synthetic registers",
    "not_for": "Any real patient, any decision about care, or any judgement on how well risk models work",
    "licence": "MIT, like the rest of the library",
}


def bases():
    """For each input, the columns that its cells stand for; its table is these times their coefficients."""
    age = np.arange(101)[:, None] / 10
    found = {"age": np.hstack([age, np.maximum(age - KNOTS / 10, 0)]), "sex": np.eye(2)[:, :1], "imd_decile": age[:10]}
    return found | {n: np.eye(cells)[:, 1:] for n, cells in CELLS.items()} | {n: np.eye(2)[:, 1:] for n in CONDITIONS}


def cells_of(table, name):
    """The cell of each row: women and girls first, deciles from 0."""
    values = table[name].to_numpy()
    return (values == "M").astype(int) if name == "sex" else values.astype(int) - (name == "imd_decile")


def input_of(name, table, average):
    """An input with its table in millionths; sex, deprivation or use that is not known adds what it adds on average."""
    words = {"name": name, "label": LABELS.get(name, name.replace("_12m", "").replace("_", " ").capitalize())}
    if name in CONDITIONS:
        return ModelInput(**words, kind="flag", table=table, missing="absent")
    if name == "sex":
        table = (*table, average, average)
        return ModelInput(**words, kind="category", categories=tuple("FMIU"), table=table, missing=average)
    missing = "no score" if name in ("age", "emergency_admissions_12m") else average
    words |= {"reference": 40} if name == "age" else {}  # reasons speak of the odds against someone of 40
    return ModelInput(**words, kind="integer", first=int(name == "imd_decile"), table=table, missing=missing)


def fit(table):
    """A logistic model that is a sum over its inputs."""
    basis = bases()
    cells = {name: np.minimum(cells_of(table, name), len(columns) - 1) for name, columns in basis.items()}
    design = np.hstack([columns[cells[name]] for name, columns in basis.items()])
    # Newton's method to the very end, so that the millionths do not depend on where it stopped.
    made = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=100).fit(design, table[OUTCOME].to_numpy())
    split = np.split(made.coef_[0], np.cumsum([columns.shape[1] for columns in basis.values()])[:-1])
    amounts = {name: np.rint(basis[name] @ part * 1e6).astype(int) for name, part in zip(basis, split, strict=True)}
    inputs = tuple(input_of(n, tuple(a.tolist()), round(float(a[cells[n]].mean()))) for n, a in amounts.items())
    return Model(**FACTS, intercept=round(float(made.intercept_[0]) * 1e6), inputs=inputs, demonstration=True)


def figures(model, register):
    """How the model does on a register, as lines of the card."""
    score = model.score(register).to_numpy(zero_copy_only=False)
    table, has = register.to_arrow(), np.isfinite(score)
    outcome, contact = (table[name].to_numpy() for name in (OUTCOME, "recent_contact"))
    lines = ["| among | people | admitted | AUROC | PPV, top 3% | sensitivity, top 3% |", "|---|---|---|---|---|---|"]
    for among, who in (("everyone", has), ("people with a recent contact", has & contact)):
        admitted, of = outcome[who], score[who]
        top = np.argsort(-of, kind="stable")[: int(TOP * len(of))]
        shares = roc_auc_score(admitted, of), admitted[top].mean(), admitted[top].sum() / admitted.sum()
        lines.append(f"| {among} | {len(of):,} | {admitted.sum():,} | " + " | ".join(f"{s:.3f}" for s in shares) + " |")
    lines += ["", "| tenth of the predicted risk | predicted, in 1,000 | admitted, in 1,000 |", "|---|---|---|"]
    for tenth, rows in enumerate(np.array_split(np.argsort(score, kind="stable")[: has.sum()], 10), start=1):
        lines.append(f"| {tenth} | {1000 * risk(model, score[rows]).mean():.1f} | {1000 * outcome[rows].mean():.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "models" / FACTS["name"]
    model = fit(cm.synthesise(AREA, seed=FIT_SEED).to_arrow())
    (folder / "model.toml").write_text(model_text(model), encoding="utf-8")
    (folder / "vectors.csv").write_text(covering_vectors(model), encoding="utf-8")
    parts = re.split(r"(?s)(?<=-->\n).*(?=\n<!-- end)", (card := folder / "card.md").read_text(encoding="utf-8"))
    card.write_text(figures(model, cm.synthesise(AREA, seed=FRESH_SEED)).join(parts), encoding="utf-8")
