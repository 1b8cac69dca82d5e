"""Random patients with ICD-10 codes, the same on every machine: other software has scored them, and so do we."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

LISTS = Path(__file__).resolve().parents[2] / "casemgmt" / "codes" / "lists"
NAMES = ("charlson-quan-2005", "charlson-shmi-1.55", "elixhauser-quan-2005", "hfrs")
SEED = 20180426


def known_codes() -> list[str]:
    """Codes, without dots, that some list speaks of, and as many beside them that none may."""
    codes = set()
    for name in NAMES:
        with (LISTS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            prefixes = [row["code"] for row in csv.DictReader(lines)]
        for prefix in prefixes:
            # Two characters begin many codes: one of them stands for all.
            whole = f"{prefix}1" if len(prefix) == 2 else prefix
            codes |= {whole, *(whole + digit for digit in ("0", "1", "2", "9") if len(whole) == 3)}
            codes |= {whole[:3], whole[:3] + "8", whole[:3] + "5"}
    # M35.1 and E11.0 are in one version of a list and not in the other.
    return sorted(codes | {"M351", "E110", "I10", "Z000", "A099", "S7200", "I2520", "E1121"})


def random_patients(count: int) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Codes; then of each row its patient and the place of its code, in any order; then each patient's age.

    Raw draws of a fixed generator: their meaning does not change between releases of NumPy.
    """
    codes = known_codes()
    draws = np.random.PCG64(SEED)
    sizes = (draws.random_raw(count) % 12 + 1).astype(np.int64)
    patients = np.repeat(np.arange(count), sizes)
    rows = len(patients)
    places = (draws.random_raw(rows) % len(codes)).astype(np.int64)
    order = np.argsort(draws.random_raw(rows), kind="stable")
    ages = (draws.random_raw(count) % 82 + 20).astype(np.int64)
    return codes, patients[order], places[order], ages
