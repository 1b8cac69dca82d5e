"""What a column's name means: other names of the fields, slips of spelling, and whether names are names at all."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Sequence

# Field → what extracts call it. Compared without regard to case, spaces, hyphens, underscores and full stops.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "patient_id": (
        *("NHS_Number", "NHSNo", "NHS No", "NHSNum", "NHS Num", "New NHS Number", "Patient NHS Number"),
        *("Patient", "Patient Number", "Patient No", "Patient Identifier", "Person ID", "pid", "Pseudo NHS Number"),
        *("Pseudo ID", "Pseudonym", "Pseudonymised NHS Number", "pseudo_nhs_number", "EMIS Number", "person_id"),
        *("Encrypted HESID", "HESID", "Token Person ID"),
    ),
    "practice_id": (
        *(
            "Practice Code",
            "Practice",
            "GP Practice Code",
            "GP Practice",
            "ODS code",
            "GP ODS Code",
            "practice_ods_code",
        ),
        *("Surgery Code", "Surgery", "Organisation Code", "Org Code", "orgcode", "National Practice Code"),
        *("Registered Practice", "Registered Practice Code", "practicecode", "prac_code", "Practice No"),
    ),
    "age": ("Age in years", "Patient Age", "Age (years)", "ageyears", "age_yrs", "Current Age"),
    "date_of_birth": ("DOB", "D.O.B.", "Birth Date", "Birthdate", "Date Birth", "Patient DOB", "born_on"),
    "sex": ("Gender", "Patient Sex", "Patient Gender", "Gender Code", "Sex Code", "Administrative Gender"),
    "imd_decile": ("IMD decile 2019", "Deprivation Decile", "Index of Multiple Deprivation Decile", "IMD2019 Decile"),
    "ethnicity": ("Ethnic Group", "Ethnic Category", "Ethnic Origin", "Ethnic Code", "Ethnicity Code"),
    "care_home_type": (
        "Care Home",
        "Care Home Flag",
        "Residential Status",
        "Type of Care Home",
        "in_care_home",
        "carehome",
        "Care Home Resident",
        "Lives in Care Home",
        "Nursing Home Flag",
    ),
    "care_home_id": ("Care Home Code", "Care Home Identifier", "CQC Location ID", "Care Home Name"),
    "emergency_admissions_12m": (
        *("Emergency Admissions", "Emergency Admissions last 12 months", "Unplanned Admissions", "em_adm_12m"),
        *("Emergency Admissions in last year", "Non-elective Admissions", "NEL Admissions"),
    ),
    "ae_attendances_12m": ("A&E Attendances", "AE Attendances", "ED Attendances", "A&E Attendances last 12 months"),
    "outpatient_attendances_12m": ("Outpatient Attendances", "OP Attendances", "Outpatient Attendances last 12 months"),
    "gp_consultations_12m": ("GP Consultations", "GP Appointments", "Consultations", "GP Consultations last 12 months"),
    "repeat_medicines": ("Repeat Medications", "Repeat Prescriptions", "Number of Repeat Medicines", "Repeat Drugs"),
    "frailty_deficits": ("eFI Deficits", "Deficit Count", "Frailty Deficit Count", "efi_deficit_count"),
    "nominated": ("Nominated by GP", "GP Nominated", "Nomination"),
    "nomination_order": ("Nomination Rank", "Order of Nomination"),
    "on_caseload": ("Caseload", "Case Managed", "On Case Load", "Current Caseload"),
    "last_review": ("Last Review Date", "Date of Last Review", "Review Date", "last_reviewed_on"),
    "objected": (
        "Objection",
        "Opt Out",
        "Opted Out",
        "Dissent",
        "Type 1 Opt Out",
        "National Data Opt Out",
        "Dissented",
        "Optout",
        "Has Objected",
        "Refused",
        "Declined",
        "Objection Date",
        "Date of Objection",
        "Opt Out Date",
        "Dissent Date",
    ),
    "date_of_death": (
        *("DOD", "Death Date", "Deathdate", "Date Death", "Deceased Date", "Date Deceased", "died_on"),
        *(
            "Date Died",
            "Died Date",
            "Died",
            "Dead",
            "Deceased",
            "Is Dead",
            "Is Deceased",
            "Deceased Flag",
            "Death Flag",
        ),
        *("Deceased Indicator", "Death Indicator", "Dead Flag", "Death"),
    ),
    "registered_on": (
        "Registration Date",
        "Date Registered",
        "Date of Registration",
        "Registered Date",
        "joined_on",
        "reg_date",
    ),
    "deregistered_on": (
        *("Deregistration Date", "Date of Deregistration", "Deduction Date", "Date Deducted", "Date of Deduction"),
        *("deducted_on", "left_on", "Leaving Date", "Date Left", "Registration End Date", "dereg_date"),
        *("Deducted Date", "Left Date", "Leave Date", "Date of Leaving", "Reg End Date", "Registration End"),
        *("Registered To", "Deregistered Date", "Date Deregistered", "Deregistered", "Deducted", "Removal Date"),
        *("Date Removed", "removed_on", "GP Registration End Date", "Date Registration Ended"),
    ),
    "hypertension": ("HTN", "High Blood Pressure", "Essential Hypertension"),
    "coronary_heart_disease": (
        "CHD",
        "IHD",
        "Ischaemic Heart Disease",
        "Ischemic Heart Disease",
        "Coronary Artery Disease",
        "CAD",
    ),
    "heart_failure": ("HF", "CCF", "CHF", "Congestive Heart Failure", "Congestive Cardiac Failure", "Cardiac Failure"),
    "atrial_fibrillation": ("AF", "AFib", "Atrial Fib", "A Fib"),
    "stroke_tia": ("Stroke", "STIA", "Stroke or TIA", "Stroke/TIA", "Stroke and TIA", "TIA", "CVA"),
    "peripheral_arterial_disease": ("PAD", "PVD", "Peripheral Vascular Disease", "Peripheral Artery Disease"),
    "asthma": ("Asthmatic",),
    "copd": ("Chronic Obstructive Pulmonary Disease", "COAD", "Chronic Obstructive Airways Disease"),
    "diabetes": ("DM", "Diabetes Mellitus", "Diabetic"),
    "chronic_kidney_disease": ("CKD", "Chronic Renal Disease", "CRF", "Chronic Kidney Failure"),
    "cancer": ("Malignancy", "Malignant Neoplasm"),
    "dementia": ("DEM",),
    "depression": ("DEP", "Depressive Disorder"),
    "anxiety_depression": ("Anxiety or Depression", "Anxiety and Depression", "Anxiety/Depression"),
    "epilepsy": ("Epileptic",),
    "learning_disability": ("LD", "Learning Disabilities", "Learning Difficulties"),
    "psychosis_bipolar": ("SMI", "Serious Mental Illness", "Severe Mental Illness", "Psychosis or Bipolar"),
    "obesity": ("Obese",),
    "osteoporosis": ("Osteoporotic",),
    "palliative_care": ("Palliative", "End of Life", "EOL", "Palliative Care Register"),
    "rheumatoid_arthritis": ("RA",),
    "connective_tissue_disorder": ("CTD", "Connective Tissue Disease"),
    "painful_condition": ("Chronic Pain", "Painful Conditions"),
    "hearing_loss": ("Deafness", "Hearing Impairment"),
    "irritable_bowel": ("IBS", "Irritable Bowel Syndrome"),
    "constipation": (),
    "alcohol_problems": ("Alcohol Misuse", "Alcohol Dependence", "Alcohol Problem", "Alcohol Use Disorder"),
}

# Fields that identify a table as one of patients; the others are also words that may stand in a row.
_OF_A_HEADER = ("patient_id", "practice_id", "age", "date_of_birth")
# Columns of coded rows and episodes, which are no fields of a register.
_OF_RECORDS = (
    *("code", "codes", "date", "event_date", "start", "stop", "term", "admission_date", "discharge_date"),
    *("attendance_date", "admission_method", "spell_id", "episode_start", "episode_end", "diagnosis", "read_code"),
    *("snomed_code", "snomedct_code", "icd10_code", "consultation_date", "appointment_date", "extracted_on"),
    *("admidate", "admimeth", "epistart", "epiorder", "classpat", "admisorc", "disdate", "apptdate", "arrivaldate"),
)
# Diseases that are no field, and are a letter or a word away from one that is, or from each other.
_OTHER_DISEASES = (
    *("hypotension", "hyperthyroidism", "hypothyroidism", "hyperglycaemia", "hypoglycaemia", "hypermobility"),
    *("osteoarthritis", "osteomalacia", "osteopenia", "osteomyelitis", "psoriatic_arthritis", "gout", "arthritis"),
    *(
        "atrial_flutter",
        "atrial_tachycardia",
        "ventricular_fibrillation",
        "liver_failure",
        "renal_failure",
        "kidney_failure",
    ),
    *("respiratory_failure", "chronic_liver_disease", "acute_kidney_disease", "acute_kidney_injury", "heart_disease"),
    *("congenital_heart_disease", "rheumatic_heart_disease", "valvular_heart_disease", "peripheral_neuropathy"),
    *(
        "anxiety",
        "bipolar",
        "psychosis",
        "gestational_diabetes",
        "diabetes_insipidus",
        "prediabetes",
        "inflammatory_bowel",
    ),
    *(
        "ibd",
        "hearing_aid",
        "vision_loss",
        "weight_loss",
        "physical_disability",
        "cod",
        "ckf",
        "acs",
        "dvt",
        "pe",
        "ms",
    ),
    *("bronchitis", "bronchiectasis", "emphysema", "delirium", "constitution", "acute_pain", "drug_problems"),
)
_DISEASE_WORD = re.compile(
    r"(itis|osis|oses|oma|omas|a?emia|pathy|thyroid\w*|tension|plegia|trophy|algia|cancer\w*|canc\w*|tumour|diabet\w*|"
    r"disease|failure|disorder|syndrome|infarction|stroke|asthma|dementia|epilepsy|fibrillation|depression|anxiety)$"
)
_CONDITION_FIELDS = frozenset(list(SYNONYMS)[list(SYNONYMS).index("hypertension") :])
# What extracts write before or after the name of a column of yes and no.
_BEFORE = ("is", "has", "had", "flag", "qof", "ltc", "dx")
_AFTER = ("flag", "yn", "ind", "indicator", "qof", "ltc", "dx", "register")
_OF_YES_AND_NO = _CONDITION_FIELDS | {
    *("objected", "nominated", "on_caseload", "care_home_type", "date_of_death", "deregistered_on"),
}
# Of a shorter word a change of one letter makes another word.
_SHORTEST_SLIP = 5
# Letters by which a misspelt name can be longer or shorter, all its words together.
_MOST_APART = 4

_VALUE = re.compile(
    r"[\W\d_]+"  # numbers, dates, times
    r"|.*\d{5}.*"  # a practice code, an identifier
    r"|.*\d[-/. ][A-Za-z]{3,9}[-/. ]\d.*"  # 3-Feb-1944
    r"|[A-Za-z]{1,2}\d[\dA-Za-z]?\s*\d[A-Za-z]{2}"  # a postcode
    r"|.*@.*"
    r"|.{61,}",
    re.DOTALL,
)


@functools.lru_cache(4_096)
def folded(name: str) -> str:
    """A name as it is compared."""
    return re.sub(r"[\s_.\-/()&]+", "", name.casefold())


@functools.cache
def _meanings() -> dict[str, str]:
    own = {folded(field): field for field in SYNONYMS}
    return {folded(other): field for field, others in SYNONYMS.items() for other in others} | own


def meant_field(name: str) -> str | None:
    """The field that a name or a known synonym stands for, None where it is neither.

    Examples
    --------
    >>> meant_field("NHSNo"), meant_field("HTN"), meant_field("hypotension")
    ('patient_id', 'hypertension', None)
    """
    return _meanings().get(folded(name))


def _flagged_field(name: str) -> str | None:
    """The field of which a name is a synonym but for what a column of yes and no adds: ``has_copd``, ``HF (Y/N)``."""
    whole = folded(name).rstrip("?")
    bare = [whole]
    bare += [whole.removesuffix(end) for end in _AFTER if whole.endswith(end)]
    bare += [each.removeprefix(start) for each in list(bare) for start in _BEFORE if each.startswith(start)]
    found = {_meanings().get(each) for each in bare} & _OF_YES_AND_NO
    return found.pop() if len(found) == 1 else None


def nearest(name: str, known: Sequence[str]) -> list[str]:
    """The known names that ``name`` can stand for: the same but for case, of the same meaning, or one that is misspelt.

    A name that may be another field's or another disease's is never among them.
    """
    same = [each for each in known if folded(each) == folded(name)]
    if same:
        return same[:1]
    meaning = meant_field(name) or _flagged_field(name)
    if meaning is not None:
        alike = [each for each in known if (meant_field(each) or _flagged_field(each)) == meaning]
        if alike:
            return list(dict.fromkeys(alike))[:3]
    by_folded = {folded(each): each for each in reversed(known)}
    for near in difflib.get_close_matches(folded(name), list(by_folded), n=3, cutoff=0.6):
        candidate = by_folded[near]
        if not (_is_clinical(name) or _is_clinical(candidate)) or is_slip(name, candidate) or is_slip(candidate, name):
            return [candidate]
    return []


@functools.lru_cache(4_096)
def slipped_field(name: str) -> str | None:
    """The one field of which a name is a synonym or a slip, None where it is neither, or is the field's own name."""
    if name in SYNONYMS or name in _OF_RECORDS:
        return None
    meaning = meant_field(name) or _flagged_field(name)
    if meaning is not None:
        return meaning
    near = {field for field in SYNONYMS if abs(len(name) - len(field)) <= _MOST_APART and is_slip(name, field)}
    return near.pop() if len(near) == 1 else None


def is_slip(name: str, meant: str) -> bool:
    """Whether a name is another one misspelt, by a letter a word, and by nothing that could make it a third."""
    if meant_field(name) not in (None, meant_field(meant)) or folded(name) in _others():
        return False
    distance = _slip(name, meant)
    if distance is None:
        return False
    rivals = (*SYNONYMS, *_OTHER_DISEASES)
    return not any(
        folded(rival) != folded(meant)
        and meant_field(rival) != (meant_field(meant) or rival)
        and _is_as_near(name, rival, distance)
        for rival in rivals
    )


def _is_as_near(name: str, rival: str, distance: int) -> bool:
    found = _slip(name, rival)
    return found is not None and found <= distance


def _slip(name: str, meant: str) -> int | None:
    """How many letters lie between two names; None where they are too many for a slip."""
    if re.findall(r"\d+", name) != re.findall(r"\d+", meant):
        return None
    words, others = _words(name), _words(meant)
    if len(words) != len(others):
        words, others = [folded(name)], [folded(meant)]
    total = 0
    for word, other in zip(words, others, strict=True):
        if word == other:
            continue
        if _undoubled(word) != _undoubled(other) and (
            min(len(word), len(other)) < _SHORTEST_SLIP or not _differ_by_one(word, other)
        ):
            return None
        total += 1
    return total


@functools.lru_cache(4_096)
def _words(name: str) -> Sequence[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\s_.\-/()&]+", spaced.casefold()) if word]


def _undoubled(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def _differ_by_one(word: str, other: str) -> bool:
    """Whether one letter was changed, left out or added, or two neighbours were exchanged."""
    if abs(len(word) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    left, right = word[start:], other[start:]
    exchanged = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or exchanged


@functools.cache
def _others() -> frozenset[str]:
    return frozenset(folded(name) for name in _OTHER_DISEASES)


def _is_clinical(name: str) -> bool:
    """Whether a name is a field's or a disease's, so that another one would be another column or another disease."""
    if meant_field(name) is not None or folded(name) in _others():
        return True
    return any(_DISEASE_WORD.search(word) for word in _words(name))


def is_condition(field: str) -> bool:
    """Whether a field is a long-term condition."""
    return field in _CONDITION_FIELDS


def hold_values(names: Iterable[str]) -> bool:
    """Whether one of the names looks like a value: a number, a date, a code, a postcode."""
    return any(_VALUE.fullmatch(name.strip()) for name in names if name.strip())


def are_names(names: Iterable[str]) -> bool:
    """Whether the first line of a file names its columns, so that it may be shown; a patient's row never is.

    Nothing in it may look like a value, and a column that every table of patients has must be among them, or two known
    ones.
    """
    filled = [name for name in names if name.strip()]
    if not filled or hold_values(filled):
        return False
    known = [meant_field(name) for name in filled]
    # A disease, or a word for one, can stand in a row too.
    own = {field for field in known if field is not None and not is_condition(field)}
    records = {folded(each) for each in _OF_RECORDS} & {folded(name) for name in filled}
    return any(field in _OF_A_HEADER for field in own) or len(own) + len(records) >= 2
