"""A file of each kind that people write, with every key that it may have; see `tests/schemas`."""

from __future__ import annotations

from model_folders import HEAD, INPUTS

# A route of each kind, and what a scheme asks of a caseload.
ROUTES = """
[scheme]
id = "test"
title = "A scheme with a route of each kind"
source = "This test"
decisions = ["all"]
tie_key = "public"
required = ["care_home_type", "nominated"]
optional = ["frailty_deficits", "own_flag", "imd_decile", "heart_failure"]

[[route]]
name = "top"
kind = "top_share"
share = "3%"
limit = "at_least"
of = { age = { at_least = 18 } }
among = {}
include_tied = true
counts_as = "case_management"

[[route]]
name = "homes"
kind = "everyone"
where = { care_home_type = ["nursing", "residential"] }
counts_as = "case_management"

[[route]]
name = "named"
kind = "nominated"
share = "1/50"
limit = "at_most"
of = { own_flag = true }
counts_as = "case_management"

[[route]]
name = "older"
kind = "review"
where = { age = { above = 74, on = "end_of_calendar_year" } }
every_months = 12
counts_as = "entitlement"

[[route]]
name = "middle"
kind = "band"
on = "risk"
at_least = "0.40"
below = "0.60"
where = { frailty_deficits = { at_most = 12 } }
counts_as = "case_management"

[programme]
people = 12000

[notes]
money = "Not ours to say."
"""
ASKED = """
[caseload]
source = "A test of rules"
certainty = "B"
tell_within_days = 21

[caseload.register_test]
share = "1.8%"
of = { age = { at_least = 18 } }
declined_counts = true
leavers_count = false
beside = ["top"]
needs = ["plan"]

[[caseload.payment]]
name = "by_head"
per = "head"
amount = "2.87"
list_on = "04-01"
certainty = "A"
source = "A price"

[[caseload.payment.instalment]]
name = "first"
share = "1/3"
condition = "declared"
says = "it was done"

[[caseload.payment.instalment]]
name = "second"
share = "2/3"
condition = "register_test"
list_on = "01-01"
register_on = "03-31"

[[caseload.payment]]
name = "by_review"
per = "review"
amount = "30"
certainty = "D"
source = "A guess"
"""
_MORE = """
[[route]]
name = "kept"
kind = "top_share"
share = "3/100"
keep_within = "4%"
limit = "at_most"
of = { own_flag = ["a", "b"] }
among = { age = { at_least = 18, below = "90" }, care_home_type = ["none"], nominated = false }
counts_as = "case_management"

[[route]]
name = "scored"
kind = "band"
on = "score"
above = "2"
at_most = 9
where = { imd_decile = { above = 1 } }
counts_as = "case_management"

[programme]"""
_WITH_MORE = ROUTES.replace("\n[programme]", _MORE).replace("optional = [", 'optional = ["on_caseload", ')
SCHEME = f"{_WITH_MORE}\n{ASKED}"
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
