"""What the codes of an admission mean: methods, classification, source, and whether somebody attended.

Sources: NHS Data Dictionary, ADMISSION METHOD CODE, PATIENT CLASSIFICATION CODE, SOURCE OF ADMISSION CODE and ATTENDED
OR DID NOT ATTEND CODE; the names of Hospital Episode Statistics (HES) are those of its data dictionary. Transfers:
Health and Social Care Information Centre, "Methodology to create provider and CIP spells from HES APC data" (2014): by
method 81 or 2B, or by source, at most two days after the stay before.
"""

from __future__ import annotations

from casemgmt.codes.avoidable_rules import EMERGENCY_METHODS
from casemgmt.register.spellings import FALSE_WORDS, TRUE_WORDS

# Planned, maternity, other, and not known.
OTHER_METHODS = ("11", "12", "13", "31", "32", "81", "82", "83", "84", "89", "98", "99")
UNKNOWN_METHODS = ("98", "99")
METHODS = frozenset((*EMERGENCY_METHODS, *OTHER_METHODS))

# 1 ordinary, 2 day case, 3 regular day attender, 4 regular night attender, 5 mother and baby; 8 and 9 not known. HES
# leaves regular attenders out of its admissions.
CLASSES = frozenset("1234589")
REGULAR_ATTENDERS = ("3", "4")
UNKNOWN_CLASSES = ("8", "9")

# From another hospital: high and medium security (49, 50), a ward for general patients, mothers or mental health
# (51 to 53), a hospital outside the NHS (87) or its medium security (84). Two digits all. The method for continuous
# inpatient spells names 49 to 53 and 87; 84 is ours, since the dictionary calls it a hospital too. That method also
# reads where the stay before was discharged to, which episodes here do not carry.
SOURCES = frozenset(f"{number:02}" for number in range(10, 100))
UNKNOWN_SOURCES = ("98", "99")
TRANSFER_SOURCES = ("49", "50", "51", "52", "53", "84", "87")
# Moved from another hospital: not in an emergency, and in one.
TRANSFER_METHODS = ("81", "2B")

# Seen, and arrived late but seen; the others were not seen, or the day is still to come (0).
SEEN_CODES, UNSEEN_CODES = ("5", "6"), ("0", "2", "3", "4", "7")
SEEN = frozenset((*SEEN_CODES, *(word.upper() for word in TRUE_WORDS)))
ATTENDED = SEEN.union(UNSEEN_CODES, (word.upper() for word in FALSE_WORDS))

# The names that Hospital Episode Statistics give the columns; a source may have either.
HES_NAMES = {
    "ADMIDATE": "admission_date",
    "ADMIMETH": "admission_method",
    "EPIORDER": "episode_order",
    "CLASSPAT": "patient_classification",
    "PATIENT_CLASS": "patient_classification",
    "ADMISORC": "admission_source",
    "DISDATE": "discharge_date",
    "APPTDATE": "attendance_date",
    "ARRIVALDATE": "attendance_date",
    "ATTENDED": "attended",
}
