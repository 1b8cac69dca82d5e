"""Score random patients with comorbidipy and pycomorb, and keep what they say.

Run once, under a Python that both packages support (comorbidipy 0.8 needs 3.13):

    python -m venv other && other/bin/pip install comorbidipy==0.8.0 pycomorb==1.20261001.1
    other/bin/python tests/published/run_elsewhere.py

It writes ``elsewhere.csv`` (the scores of the first 2,000 of 200,000 random patients), and ``elsewhere.json`` (for each
score of all 200,000 the SHA-256 of its tenths as little-endian 32-bit whole numbers, in the order of the patients; and
the scores of a few chosen patients that show a fault). The packages' own code is not copied: only what it gives.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from random_patients import random_patients  # noqa: E402

WHOLE, SHOWN = 200_000, 2_000
FAULTS = {
    "f00_twice": ["F000", "F001"],
    "f00_once": ["F000"],
    "dot": ["I25.2"],
    "no_dot": ["I252"],
    "hiv": ["B20"],
    "obesity": ["E66"],
    "m351": ["M351"],
    "e110": ["E110"],
    "exactly_5_over": ["I69", "R63", "E83"],
    "exactly_15_over": ["F00", "I69", "T83", "Z60"],
}


def comorbidipy_scores(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    from comorbidipy import comorbidity, hfrs

    def one(name: str, score: str, variant: str, weighting: str, column: str = "comorbidity_score") -> pl.DataFrame:
        found = comorbidity(frame, age_col="age", score=score, variant=variant, weighting=weighting)
        return found.select("id", pl.col(column).alias(name))

    charlson = ("charlson", "quan", "charlson")
    return {
        "charlson": one("charlson", *charlson),
        "charlson-age-adjusted": one("charlson-age-adjusted", *charlson, "age_adj_comorbidity_score"),
        "charlson-quan-2011": one("charlson-quan-2011", "charlson", "quan", "quan"),
        "charlson-shmi": one("charlson-shmi", "charlson", "shmi", "shmi"),
        "elixhauser-van-walraven": one("elixhauser-van-walraven", "elixhauser", "quan", "van_walraven"),
        "elixhauser-swiss": one("elixhauser-swiss", "elixhauser", "quan", "swiss"),
        "hospital-frailty-risk-score": hfrs(frame).select("id", pl.col("hfrs_score")),
    }


def pycomorb_scores(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    from pycomorb import CharlsonComorbidityIndex, ElixhauserComorbidityIndex, HospitalFrailtyRiskScore

    plain, aged = "Charlson Comorbidity Index", "Charlson Age-Comorbidity Score"
    original = CharlsonComorbidityIndex(frame, weights="charlson")
    newer = CharlsonComorbidityIndex(frame, weights="quan")
    english = CharlsonComorbidityIndex(frame, implementation="uk_shmi", weights="uk_shmi")
    found = {
        "charlson": original.select("id", plain),
        "charlson-age-adjusted": original.select("id", aged),
        "charlson-quan-2011": newer.select("id", plain),
        "charlson-quan-2011-age-adjusted": newer.select("id", aged),
        "charlson-shmi": english.select("id", plain),
        "hospital-frailty-risk-score": HospitalFrailtyRiskScore(frame),
    }
    for weights, name in (("van_walraven", "elixhauser-van-walraven"), ("swiss", "elixhauser-swiss")):
        found[name] = ElixhauserComorbidityIndex(frame, weights=weights).select("id", "Elixhauser Comorbidity Index")
    return found


def tenths(scores: pl.DataFrame, count: int) -> np.ndarray:
    """Every patient's score in tenths, in the order of the patients."""
    out = np.full(count, np.iinfo(np.int32).min, dtype="<i4")
    out[scores[:, 0].to_numpy()] = np.rint(scores[:, 1].cast(pl.Float64).to_numpy() * 10)
    if (out == np.iinfo(np.int32).min).any():
        raise SystemExit("a patient was not scored")
    return out


def main() -> None:
    codes, patients, places, ages = random_patients(WHOLE)
    frame = pl.DataFrame({"id": patients, "code": pl.Series(codes).gather(places), "age": ages[patients]})
    chosen = pl.DataFrame(
        [(number, code, 40) for number, each in enumerate(FAULTS.values()) for code in each],
        schema=["id", "code", "age"],
        orient="row",
    )
    columns, said = {}, {"patients": WHOLE, "shown": SHOWN, "packages": {}}
    for package, score in (("comorbidipy", comorbidipy_scores), ("pycomorb", pycomorb_scores)):
        found = {name: tenths(scores, WHOLE) for name, scores in score(frame).items()}
        columns |= {f"{package} {name}": values[:SHOWN].tolist() for name, values in found.items()}
        few = {name: tenths(scores, len(FAULTS)).tolist() for name, scores in score(chosen).items()}
        said["packages"][package] = {
            "version": version(package),
            "sha256": {name: hashlib.sha256(values.tobytes()).hexdigest() for name, values in found.items()},
            "faults": {
                fault: {name: values[number] for name, values in few.items()} for number, fault in enumerate(FAULTS)
            },
        }
    said["codes"] = FAULTS
    (HERE / "elsewhere.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    with (HERE / "elsewhere.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


if __name__ == "__main__":
    main()
