"""Hospital episodes of nobody, for the notebooks: drawn for the people of a synthetic register, the same each time.

They look like Hospital Episode Statistics: one row an episode of care under one consultant, codes in lists, the primary
diagnosis first. The illnesses follow the register's conditions. Nothing can be learned from them about real patients.
"""

from __future__ import annotations

import datetime as dt
import random

import pandas as pd

CODES = {
    "hypertension": ["I10X"],
    "coronary_heart_disease": ["I20.9", "I21.9", "I25.1", "I25.2"],
    "heart_failure": ["I50.0", "I50.9"],
    "atrial_fibrillation": ["I48X"],
    "stroke_tia": ["G45.9", "I63.9", "I69.3"],
    "peripheral_arterial_disease": ["I73.9"],
    "asthma": ["J45.9"],
    "copd": ["J44.0", "J44.1"],
    "diabetes": ["E11.2", "E11.9"],
    "chronic_kidney_disease": ["N18.3"],
    "cancer": ["C18.9", "C50.9", "C61X", "C78.7"],
    "dementia": ["F00.0", "F00.1", "F03X", "G30.9"],
    "epilepsy": ["G40.9"],
    "depression": ["F32.9"],
    "alcohol_problems": ["F10.2", "K70.3"],
}
OF_OLD_AGE = ["E86X", "F05.9", "J18.9", "L89.9", "N17.9", "N39.0", "R26.8", "R29.6", "R41.0", "R54X", "S72.0", "W19.9"]
OF_ANY_AGE = ["A09.9", "J18.9", "J20.9", "K52.9", "L03.1", "N39.0", "R07.4", "R10.4", "S52.5"]
PROCEDURES = ["U20.1", "U05.1", "K63.1", "G45.1", "W37.1"]
DAMAGED = "I5O.0"  # a letter O in place of a nought


def made_up_episodes(people: pd.DataFrame, as_of: str, seed: int = 0) -> pd.DataFrame:
    """One row an episode, for two years, of the people of a synthetic register; every hundredth has a damaged code."""
    last_day = dt.date.fromisoformat(as_of)
    rows: list[dict[str, object]] = []
    for person in people.to_dict("records"):
        choose = random.Random(f"{seed} {person['patient_id']}")  # noqa: S311  -- nothing is kept secret by it
        own = [code for name, codes in CODES.items() if person[name] for code in codes]
        common = [*OF_ANY_AGE, *(OF_OLD_AGE * 2 if person["age"] >= 75 else [])]
        spells = [(0, "21")] * person["emergency_admissions_12m"]
        spells += [(365, "21")] * person["emergency_admissions_year_before"]
        spells += [(choose.choice((0, 365)), "11")] * (choose.random() < 0.05)
        for days_before, method in spells:
            day = last_day - dt.timedelta(days=days_before + choose.randrange(365))
            primary = choose.choice(own if own and choose.random() < 0.6 else common)
            others = choose.sample([*own, *common], k=min(choose.randrange(6), len([*own, *common])))
            diagnoses = list(dict.fromkeys([primary, *others]))
            for order in range(1, 2 + (choose.random() < 0.25)):
                rows.append(
                    {
                        "patient_id": person["patient_id"],
                        "practice_id": person["practice_id"],
                        "admission_date": day,
                        "admission_method": method,
                        "episode_order": order,
                        "sex": {"M": "1", "F": "2"}.get(person["sex"], "9"),
                        "age": person["age"],
                        "diagnoses": [*diagnoses, DAMAGED] if len(rows) % 100 == 99 else diagnoses,
                        "procedures": choose.sample(PROCEDURES, k=choose.choice((0, 0, 1))),
                    }
                )
    return pd.DataFrame(rows)
