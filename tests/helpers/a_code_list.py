"""A small list of codes, of which some begin others."""

from __future__ import annotations

import casemgmt as cm
from casemgmt.codes.codelist import Entry

LIST = cm.CodeList(
    name="test",
    system="icd10",
    entries=(
        Entry("I21", "heart", "prefix"),
        Entry("I252", "heart", "exact"),
        Entry("I", "circulation", "prefix"),
        Entry("E11", "diabetes", "prefix"),
        Entry("E1", "diabetes_any", "prefix"),
        Entry("I10", "pressure", "exact"),
    ),
)
