"""Registers made from published practice tables, for demonstrations, tests and timings; no real patients."""

from __future__ import annotations

from casemgmt.synthetic.checks import check_against_published, condition_age_shares, published_counts
from casemgmt.synthetic.published import Practice, practices
from casemgmt.synthetic.synthesise import synthesise, synthesise_table

__all__ = [
    "Practice",
    "check_against_published",
    "condition_age_shares",
    "practices",
    "published_counts",
    "synthesise",
    "synthesise_table",
]
