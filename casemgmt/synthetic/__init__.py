"""Registers made from published practice tables, for demonstrations, tests and timings; no real patients."""

from __future__ import annotations

from casemgmt.synthetic.checks import check_against_published, condition_age_shares, published_counts
from casemgmt.synthetic.outcome_rates import outcome_rates
from casemgmt.synthetic.planted import Planted
from casemgmt.synthetic.published import Practice, practices
from casemgmt.synthetic.synthesise import synthesise, synthesise_table, true_risks
from casemgmt.synthetic.truth import TRUTH, Truth, true_risk

__all__ = [
    "TRUTH",
    "Planted",
    "Practice",
    "Truth",
    "check_against_published",
    "condition_age_shares",
    "outcome_rates",
    "practices",
    "published_counts",
    "synthesise",
    "synthesise_table",
    "true_risk",
    "true_risks",
]
