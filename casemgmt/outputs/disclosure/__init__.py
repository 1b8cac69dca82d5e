"""Disclosure control: the one place that decides what may leave a practice as a number.

Counts of 1 to 7 are suppressed, others rounded to the nearest 5; totals and percentages are worked out from the
published cells alone, so that no sum or difference says more than they do. Where the figures together would still tell
a small count (with each other, with the groups of :meth:`casemgmt.Selection.by`, or with an earlier publication of the
same register), more of them are withheld, and a note says so.
"""

from casemgmt.outputs.disclosure.commissioner import commissioner_table
from casemgmt.outputs.disclosure.groups import publishable_groups, suppressed_groups
from casemgmt.outputs.disclosure.leaving import table_that_may_leave
from casemgmt.outputs.disclosure.outcome_counts import publishable_outcomes
from casemgmt.outputs.disclosure.programme import programme_lines
from casemgmt.outputs.disclosure.suppression import ROUND_TO, SUPPRESS_UP_TO, SUPPRESSED, WITHHELD, behind, suppress

__all__ = [
    "ROUND_TO",
    "SUPPRESSED",
    "SUPPRESS_UP_TO",
    "WITHHELD",
    "behind",
    "commissioner_table",
    "programme_lines",
    "publishable_groups",
    "publishable_outcomes",
    "suppress",
    "suppressed_groups",
    "table_that_may_leave",
]
