"""What the lists are for, in the words that stand on every page that leaves this library."""

from __future__ import annotations

PURPOSE = (
    "Intended purpose: to propose which registered patients a practice may consider for case management and planned "
    "reviews, under a stated scheme, for a named clinician to accept or change; and to account for it. It gives no "
    "diagnosis and no advice on treatment, is no medical device, and claims no effect on admissions."
)
