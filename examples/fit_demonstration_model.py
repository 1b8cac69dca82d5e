"""Fit the demonstration model to a synthetic register of Rotherham, and write its tables, test vectors and figures."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

import casemgmt as cm
from casemgmt.register.fields import CONDITIONS
from casemgmt.risk.link import risk

AREA, FIT_SEED, FRESH_SEED, TOP, OUTCOME = "03L", 1, 2, 0.03, "outcome_emergency_admission_12m"
NAME = "demonstration-admission"
# What any register has; without age and admissions nobody is ranked by it.
NEEDED = ("age", "emergency_admissions_12m")
COUNTS = ("ae_attendances_12m", "outpatient_attendances_12m", "repeat_medicines")
INPUTS = ("age", "sex", "imd_decile", "emergency_admissions_12m", *COUNTS, *CONDITIONS)
WORDS = {
    "title": "Demonstration only: emergency admission within 12 months",
    "source": f"Fitted to a synthetic register ({AREA}, seed {FIT_SEED}) by examples/fit_demonstration_model.py",
    "outcome": "At least one emergency admission in the 12 months after the list date",
    "population": "Synthetic people of all ages; no real patient",
    "intended_use": "To show, try and test the software on synthetic registers",
    "not_for": "Any real patient, any decision about care, or any judgement on how well risk models work",
    "licence": "MIT, like the rest of the library",
    "version": "2.0",
}


def fit(register, inputs=INPUTS):
    """The model: logistic, so that its tables come out the same on every machine."""
    return cm.fit_model(
        register, OUTCOME, inputs=inputs, kind="logistic", name=NAME, needed=NEEDED, bags=1, words=WORDS,
        options={"knots": 8},
    )  # fmt: skip


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
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "models" / NAME
    model = fit(cm.synthesise(AREA, seed=FIT_SEED))
    (folder / "model.toml").write_text(model.text, encoding="utf-8")
    (folder / "vectors.csv").write_text(model.vectors_text, encoding="utf-8")
    parts = re.split(r"(?s)(?<=-->\n).*(?=\n<!-- end)", (card := folder / "card.md").read_text(encoding="utf-8"))
    card.write_text(figures(model, cm.synthesise(AREA, seed=FRESH_SEED)).join(parts), encoding="utf-8")
