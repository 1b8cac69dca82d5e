"""A file of each kind that people write, with every key that it may have; see `tests/schemas`."""

from __future__ import annotations

from model_folders import HEAD, INPUTS

SCHEME = """
[scheme]
id = "x"
title = "t"
source = "s"
decisions = ["rounding", "ties"]
tie_key = "x"
required = ["care_home_type", "nominated", "own"]
optional = ["on_caseload", "last_review"]
[[route]]
name = "highest_risk"
kind = "top_share"
share = "3%"
limit = "at_least"
of = {}
among = { age = { at_least = 18, below = "90", on = "end_of_calendar_year" }, care_home_type = ["none"], own = true }
include_tied = true
counts_as = "case_management"
[[route]]
name = "kept"
kind = "top_share"
share = "3/100"
keep_within = "4%"
limit = "at_most"
of = { age = { above = 17 } }
among = {}
counts_as = "case_management"
[[route]]
name = "homes"
kind = "everyone"
where = { care_home_type = ["nursing", "residential"], nominated = false }
counts_as = "case_management"
[[route]]
name = "judgement"
kind = "nominated"
share = "2%"
limit = "at_most"
of = { own = ["a", "b"] }
counts_as = "case_management"
[[route]]
name = "reviewed"
kind = "review"
where = { age = { at_least = 75 } }
every_months = 12
counts_as = "entitlement"
[[route]]
name = "risky"
kind = "band"
on = "risk"
at_least = "0.40"
at_most = 1
where = { own = { above = 1 } }
counts_as = "case_management"
[[route]]
name = "scored"
kind = "band"
on = "score"
above = "2"
below = "9"
counts_as = "case_management"
[programme]
managed = 12
[notes]
price = "a note"
[caseload]
source = "s"
certainty = "B"
tell_within_days = 21
[caseload.register_test]
share = "1.8%"
of = { age = { at_least = 18 } }
declined_counts = true
leavers_count = false
beside = ["homes"]
needs = ["plan"]
[[caseload.payment]]
name = "heads"
per = "head"
amount = "5.00"
certainty = "A"
source = "s"
list_on = "04-01"
[[caseload.payment.instalment]]
name = "first"
share = "60%"
condition = "declared"
says = "it is declared"
[[caseload.payment.instalment]]
name = "second"
share = "40%"
condition = "register_test"
list_on = "07-01"
register_on = "09-30"
"""
MODEL = (
    HEAD.replace("divide_by", 'calibrated_in = ["C87001", "C87002"]\ndivide_by')
    + INPUTS
    + """
[[input]]
name = "metastatic_cancer"
kind = "flag"
value = "3"
missing = "absent"
[[input]]
name = "cancer"
kind = "flag"
value = "2"
missing = "absent"
superseded_by = ["metastatic_cancer"]
[[input]]
name = "lace_score"
label = "LACE"
kind = "score"
model = "lace"
edges = ["3"]
closed = "left"
table = ["0", "1"]
missing = "no score"
[[input]]
name = "together"
kind = "pair"
of = ["age", "diabetes"]
edges_first = ["20"]
table = [["0", "1"], ["2", "3"]]
missing_second = ["1", "2"]
missing = "no score"
[[input]]
name = "apart"
kind = "integer"
from = 0
table = ["0", "1"]
reference = 1
missing = "no score"
"""
    + """
[[model.bands]]
name = "low"
below = "1"
[[model.bands]]
name = "high"
at_least = "1"
"""
)
RULES = """
[[rule]]
name = "asthma"
all = [{ condition = "code" }, { condition = "drug", at_least = 2, within = "12 months" }]
any = [{ condition = "first", first_within = "5 years" }, { condition = "b", at_least = 2, within = "1 year" }]
unless = [{ condition = "resolved", later_than = "code" }]
"""
CODELIST = '[codelist]\ntitle = "t"\nsystem = "icd10"\nsource = "s"\nversion = "1"\nlicence = "l"\nmatch = "prefix"\n'
TARIFF = (
    '[tariff]\nid = "x"\ntitle = "t"\nsource = "s"\n[[payment]]\nname = "plan"\nper = "plan"\namount = "100"\n'
    'certainty = "D"\nsource = "s"\n'
)
MAPPING = """
null_means_absent = ["copd"]
[columns]
NHSNo = "patient_id"
Home = "?"
"? practice_id" = "practice_id"
[values.sex]
1 = "M"
"? X" = "U"
2 = 7
3 = true
[date_formats]
date_of_birth = "%d/%m/%Y"
[reading]
skip_lines = 3
separator = ";"
encoding = "utf-16"
sheet = "list"
practice_pattern = "[A-Z]"
[tolerance]
max_quarantined = "2%"
max_corrected = 0.02
[select]
scheme = "rotherham-2015-16"
"""
WHOLE = {"scheme": SCHEME, "model": MODEL, "rules": RULES, "codelist": CODELIST, "tariff": TARIFF, "mapping": MAPPING}
