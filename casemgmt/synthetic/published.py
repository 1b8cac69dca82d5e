"""The published practice tables, as they ship: one row a practice, and people by single year of age."""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from casemgmt.errors import InputError, did_you_mean

ENGLAND = "England"
ROTHERHAM_CCG = "03L"

# QOF register -> condition. CVDPP (aged 30-74) is no field of a register and is left out.
REGISTERS: Mapping[str, str] = MappingProxyType(
    {
        "qof_hyp": "hypertension",
        "qof_ob": "obesity",
        "qof_dm": "diabetes",
        "qof_chd": "coronary_heart_disease",
        "qof_af": "atrial_fibrillation",
        "qof_hf": "heart_failure",
        "qof_stia": "stroke_tia",
        "qof_pad": "peripheral_arterial_disease",
        "qof_ast": "asthma",
        "qof_copd": "copd",
        "qof_ckd": "chronic_kidney_disease",
        "qof_can": "cancer",
        "qof_dem": "dementia",
        "qof_dep": "depression",
        "qof_ld": "learning_disability",
        "qof_ep": "epilepsy",
        "qof_mh": "psychosis_bipolar",
        "qof_ost": "osteoporosis",
        "qof_ra": "rheumatoid_arthritis",
        "qof_pc": "palliative_care",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One published practice row.

    Attributes
    ----------
    code : ODS practice code
    ccg_code : code of January 2021, None for a practice closed by then
    list_size : registered patients, January 2021
    male_share : 0-1
    mean_age, mean_age_male, mean_age_female : completed years, None where none is published
    aged_16_over, aged_18_over, aged_30_74, aged_50_over, aged_65_over : people
    imd_score_2019 : list-weighted score, None where missing
    imd_decile : 1 (the tenth of practices with the highest score) to 10, None where the score is missing
    registers : condition -> people on its QOF 2019-20 disease register
    """

    code: str
    ccg_code: str | None
    list_size: int
    male_share: float
    mean_age: float | None
    mean_age_male: float | None
    mean_age_female: float | None
    aged_16_over: int
    aged_18_over: int
    aged_30_74: int
    aged_50_over: int
    aged_65_over: int
    imd_score_2019: float | None
    imd_decile: int | None
    registers: Mapping[str, int]

    @property
    def males(self) -> int:
        """The share male as a whole number of people."""
        return round(self.male_share * self.list_size)


def practices(area: str = ENGLAND) -> list[Practice]:
    """The published practices of an area, in order of their codes.

    Parameters
    ----------
    area : a CCG code ("03L"), a practice code ("C87002") or "England"

    Raises
    ------
    InputError
        No practice has this code and no practice is in this area.

    Examples
    --------
    >>> rotherham = practices("03L")
    >>> len(rotherham), sum(practice.list_size for practice in rotherham)
    (29, 265018)
    """
    chosen = _areas().get(area)
    if chosen is None:
        raise _unknown_area(area)
    return [_practice(row) for row in chosen]


@cache
def population_by_age(column: str = "england") -> tuple[int, ...]:
    """ONS mid-2020 people by single year of age 0 to 89; the last value is everyone aged 90 and over."""
    return tuple(int(row[column]) for row in _read("ons_mid2020_population_by_age.csv"))


@cache
def _rows() -> tuple[dict[str, str], ...]:
    return tuple(sorted(_read("england_practices_2019_20.csv"), key=lambda row: row["practice_code"]))


@cache
def _areas() -> dict[str, list[dict[str, str]]]:
    areas: dict[str, list[dict[str, str]]] = {ENGLAND: list(_rows())}
    for row in _rows():
        areas[row["practice_code"]] = [row]
        if row["ccg_code"]:
            areas.setdefault(row["ccg_code"], []).append(row)
    return areas


def _read(name: str) -> list[dict[str, str]]:
    text = (files("casemgmt.synthetic") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


@cache
def _scores() -> tuple[float, ...]:
    return tuple(sorted(float(row["imd_score_2019"]) for row in _rows() if row["imd_score_2019"]))


def _practice(row: dict[str, str]) -> Practice:
    score = float(row["imd_score_2019"]) if row["imd_score_2019"] else None
    return Practice(
        code=row["practice_code"],
        ccg_code=row["ccg_code"] or None,
        list_size=int(row["list_size"]),
        male_share=float(row["male_share"]),
        mean_age=float(row["mean_age"]) or None,
        mean_age_male=float(row["mean_age_male"]) or None,
        mean_age_female=float(row["mean_age_female"]) or None,
        aged_16_over=int(row["aged_16_over"]),
        aged_18_over=int(row["aged_18_over"]),
        aged_30_74=int(row["aged_30_74"]),
        aged_50_over=int(row["aged_50_over"]),
        aged_65_over=int(row["aged_65_over"]),
        imd_score_2019=score,
        imd_decile=None if score is None else _decile(score),
        registers={condition: int(row[register]) for register, condition in REGISTERS.items()},
    )


def _decile(score: float) -> int:
    # Practices with an equal score share a decile: what counts is how many practices are less deprived.
    scores = _scores()
    return 10 - 10 * bisect_left(scores, score) // len(scores)


def _unknown_area(area: str) -> InputError:
    known = list(_areas())
    folded = {name.casefold(): name for name in known}
    near = folded.get(area.strip().casefold())
    hint = f" Did you mean '{near}'?" if near else did_you_mean(area, known)
    return InputError(
        f"There is no published area '{area}'.{hint} Give a CCG code (such as '03L', Rotherham), "
        f"a practice code (such as 'C87002') or '{ENGLAND}'."
    )
