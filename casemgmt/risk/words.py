"""An input of a score in words that a patient may read over a doctor's shoulder."""

from __future__ import annotations

from casemgmt.risk.inputs import ModelInput
from casemgmt.risk.model import Model

NOT_RECORDED = "not recorded"

_LIVING_WITH = {
    "hypertension": "high blood pressure",
    "coronary_heart_disease": "coronary heart disease",
    "heart_failure": "heart failure",
    "atrial_fibrillation": "an irregular heartbeat (atrial fibrillation)",
    "stroke_tia": "the effects of a stroke or mini-stroke (TIA)",
    "peripheral_arterial_disease": "narrowed leg arteries (peripheral arterial disease)",
    "asthma": "asthma",
    "copd": "COPD, a lasting lung condition",
    "diabetes": "diabetes",
    "chronic_kidney_disease": "chronic kidney disease",
    "cancer": "or after cancer",
    "dementia": "dementia",
    "depression": "depression",
    "anxiety_depression": "anxiety or depression",
    "epilepsy": "epilepsy",
    "learning_disability": "a learning disability",
    "psychosis_bipolar": "a psychosis or bipolar disorder",
    "obesity": "a high body weight (obesity)",
    "osteoporosis": "thin bones (osteoporosis)",
    "palliative_care": "an illness for which palliative care is given",
    "rheumatoid_arthritis": "rheumatoid arthritis",
    "connective_tissue_disorder": "inflammatory arthritis or a connective tissue disorder",
    "painful_condition": "a painful condition that needs regular medicine",
    "hearing_loss": "hearing loss",
    "irritable_bowel": "irritable bowel syndrome",
    "constipation": "constipation that needs regular medicine",
    "alcohol_problems": "problems with alcohol",
}

# (one, many) of what is counted
_COUNTED = {
    "emergency_admissions_12m": ("emergency admission", "emergency admissions"),
    "ae_attendances_12m": ("A&E attendance", "A&E attendances"),
    "outpatient_attendances_12m": ("outpatient appointment", "outpatient appointments"),
    "gp_consultations_12m": ("GP consultation", "GP consultations"),
    "repeat_medicines": ("repeat medicine", "repeat medicines"),
    "frailty_deficits": ("of 36 signs of frailty", "of 36 signs of frailty"),
}

_CATEGORIES = {
    ("sex", "F"): "Female",
    ("sex", "M"): "Male",
    ("sex", "I"): "Sex recorded as indeterminate",
    ("sex", "U"): "Sex not recorded",
    ("care_home_type", "none"): "Living in a home of their own",
    ("care_home_type", "nursing"): "Living in a nursing home",
    ("care_home_type", "residential"): "Living in a residential home",
    ("care_home_type", "unspecified"): "Living in a care home",
    ("care_home_type", "respite"): "In a care home for respite",
    ("care_home_type", "supported_living"): "Living with support",
}


def in_words(each: ModelInput, cell: int) -> str:
    """What a cell of an input says of a patient: ``3 emergency admissions in the last 12 months``."""
    text = each.cells[cell]
    if cell == len(each.cells) - 1:
        return f"{each.label}: {NOT_RECORDED}"
    if each.kind == "flag":
        if not cell:
            return f"{each.label}: no"
        return f"Living with {_LIVING_WITH[each.name]}" if each.name in _LIVING_WITH else each.label
    if each.name == "age":
        return f"Aged {text}"
    if each.name == "imd_decile":
        return f"Living in an area in tenth {text} of deprivation (1 is the most deprived)"
    if each.kind == "integer" and each.name in _COUNTED:
        one, many = _COUNTED[each.name]
        when = " in the last 12 months" if each.name.endswith("_12m") else ""
        return f"{'No' if text == '0' else text} {one if text == '1' else many}{when}"
    return _CATEGORIES.get((each.name, text), f"{each.label}: {text}")


def base_cell(each: ModelInput) -> int:
    """The cell that others are held against: absent, the first of a table, or the first category that adds nothing."""
    if each.kind == "category" and 0 in each.table:
        return each.table.index(0)
    return 0


def against_base(each: ModelInput) -> str:
    """The base in words, to stand after *against*."""
    text = each.cells[base_cell(each)]
    if each.kind == "flag":
        return "not having it"
    if each.kind == "integer" and text == "0" and each.name in _COUNTED:
        return "none"
    if each.name == "age":
        return f"age {text}"
    return _CATEGORIES.get((each.name, text), text).lower()


def size_in_words(model: Model, amount: float) -> str:
    """A difference of the sum as people read it: ``2.5 points``, or the factor on the odds or on the rate.

    Parameters
    ----------
    amount : in millionths, positive or negative
    """
    from decimal import Decimal

    points = amount / 1_000_000
    if model.link == "points":
        text = f"{points / model.divide_by:.2f}".rstrip("0").rstrip(".")
        return f"{text} {'point' if text == '1' else 'points'}"
    factor = Decimal(points).exp()
    what = "odds" if model.link == "logistic" else "rate"
    return f"{what} × {factor:.1f}" if 1 <= factor < 10 else f"{what} × {factor:.2g}"
