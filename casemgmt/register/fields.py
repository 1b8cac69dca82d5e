"""The one table of register fields: reading, checking, packing and documentation are all driven by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from casemgmt.names import SYNONYMS
from casemgmt.register.spellings import FALSE_WORDS, MISSING_WORDS, TRUE_WORDS

Kind = Literal["id", "practice", "text", "category", "integer", "date", "flag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a register.

    Attributes
    ----------
    name : the canonical column name
    kind : how its values are read and held
    allowed : the categories, in the order of their codes from 1 (0 means missing)
    least, most : the smallest and largest whole number allowed, both inclusive
    unit : the unit of a whole number
    missing : what a missing value means, as documentation says it
    condition : true for a long-term condition
    dated : for a date, whether a registration begins with it, or a registration or a life ends
    synonyms : other names of its column, as extracts have them
    """

    name: str
    kind: Kind
    missing: str
    allowed: tuple[str, ...] = ()
    least: int = 0
    most: int = 1
    unit: str = ""
    condition: bool = False
    synonyms: tuple[str, ...] = ()
    dated: Literal["", "start", "end"] = ""

    @property
    def accepted(self) -> str:
        """How the values may be written, for documentation; in capital letters or small ones alike."""
        missing = f"missing: a blank, {', '.join(word for word in MISSING_WORDS if word not in self.allowed)}"
        flags = f"{', '.join(TRUE_WORDS)} for true; {', '.join(FALSE_WORDS)} for false"
        match self.kind:
            case "flag":
                return f"{flags}; {missing}"
            case "category" if self.name == "care_home_type":
                return f"{', '.join(self.allowed)}; or {flags}; {missing}"
            case "category":
                return f"{', '.join(self.allowed)}; {missing}"
            case "integer":
                return f"21, or 21.0; {missing}"
            case "date":
                far = "; a far-away end such as 9999-12-31 is open" if self.dated == "end" else ""
                return f"2015-04-01, alone or with midnight as its time of day, or as date_format= says{far}; {missing}"
            case _:
                return "text as it is; a blank is missing"

    @property
    def allowed_in_words(self) -> str:
        """What may stand in the column, for messages and documentation."""
        match self.kind:
            case "category":
                return ", ".join(self.allowed)
            case "integer":
                return f"a whole number from {self.least} to {self.most}"
            case "date":
                return "a date from 1900 to the extract date"
            case "flag":
                return "true or false, or 0 or 1"
            case "id":
                return "text, not empty, unique"
            case "practice":
                return "an ODS practice code"
            case _:
                return "text"


CARE_HOME_TYPES = ("none", "nursing", "residential", "unspecified", "respite", "supported_living")

CONDITIONS = (
    "hypertension",
    "coronary_heart_disease",
    "heart_failure",
    "atrial_fibrillation",
    "stroke_tia",
    "peripheral_arterial_disease",
    "asthma",
    "copd",
    "diabetes",
    "chronic_kidney_disease",
    "cancer",
    "dementia",
    "depression",
    "anxiety_depression",
    "epilepsy",
    "learning_disability",
    "psychosis_bipolar",
    "obesity",
    "osteoporosis",
    "palliative_care",
    "rheumatoid_arthritis",
    "connective_tissue_disorder",
    "painful_condition",
    "hearing_loss",
    "irritable_bowel",
    "constipation",
    "alcohol_problems",
)


def _integer(name: str, most: int, missing: str, *, least: int = 0, unit: str = "") -> Field:
    return Field(name=name, kind="integer", least=least, most=most, unit=unit, missing=missing)


def _date(name: str, missing: str, dated: Literal["", "start", "end"] = "") -> Field:
    return Field(name=name, kind="date", missing=missing, dated=dated)


def _flag(name: str, missing: str, *, condition: bool = False) -> Field:
    return Field(name=name, kind="flag", missing=missing, condition=condition)


_ALL = (
    Field(name="patient_id", kind="id", missing="row quarantined"),
    Field(name="practice_id", kind="practice", missing="row quarantined"),
    _integer("age", 120, "age unknown: counts in the whole list, takes no age route", unit="whole years on as_of"),
    _date("date_of_birth", "age unknown"),
    Field(name="sex", kind="category", allowed=("F", "M", "I", "U"), missing="U"),
    _integer("imd_decile", 10, "not stated", least=1, unit="1 = most deprived"),
    Field(name="ethnicity", kind="text", missing="not stated"),
    Field(
        name="care_home_type",
        kind="category",
        allowed=CARE_HOME_TYPES,
        missing="not known to be a resident; counted",
    ),
    Field(name="care_home_id", kind="text", missing="none"),
    _integer("emergency_admissions_12m", 99, "missing; last in ties", unit="admissions"),
    _integer("ae_attendances_12m", 365, "missing", unit="attendances"),
    _integer("outpatient_attendances_12m", 365, "missing", unit="attendances"),
    _integer("gp_consultations_12m", 365, "missing", unit="consultations"),
    _integer("repeat_medicines", 60, "missing", unit="medicines"),
    _integer("frailty_deficits", 36, "missing", unit="deficits of 36"),
    _flag("nominated", "not nominated"),
    _integer("nomination_order", 2**31 - 1, "no order given", least=1),
    _flag("on_caseload", "not on it"),
    _date("last_review", "never reviewed"),
    _flag("objected", "no objection"),
    _date("date_of_death", "alive", "end"),
    _date("registered_on", "registered", "start"),
    _date("deregistered_on", "still registered", "end"),
    *(_flag(name, "missing, not absent, unless read with null_means_absent", condition=True) for name in CONDITIONS),
)

FIELDS: dict[str, Field] = {field.name: replace(field, synonyms=SYNONYMS[field.name]) for field in _ALL}

# A missing value of these flags has one plain meaning, so they never need a third state.
FALSE_WHEN_MISSING = frozenset({"nominated", "on_caseload", "objected"})
