"""The keys of each command's JSON document, beside ``casemgmt``, ``command``, ``written`` and ``notes``.

A key is null where the command had nothing to say under it. Keys are added, never renamed.
"""

from __future__ import annotations

from typing import Final

_SELECTED = (
    *("scheme", "as_of", "extracted_on", "ranked_by", "synthetic", "demonstration", "absent_columns", "practices"),
    *("account", "routes", "case_managed", "listed", "unscored", "waiting", "removals"),
)

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "demo": ("as_of", "patients", "practices", "scheme", "model", "may_leave"),
    "check": ("register", "quarantined", "corrected", "missing", "scheme", "model", "questions"),
    "score": ("register", "model", "version", "demonstration", "rows", "unscored"),
    "select": _SELECTED,
    "pack": ("register",),
    "verify": ("scheme", "as_of", "counts", "files", "documents", "foreign", "manifest_sha256"),
    "returns": ("practices_asked", "practices", "problems", "unread", "over_the_cap"),
    "compare": ("before", "after", "routes", "reasons", "practices"),
    "synthesise": ("patients", "practices", "conditions", "published_counts", "published_counts_met"),
    "models": ("models", "model", "inputs", "text", "checked"),
    "schemes": ("schemes", "scheme", "routes", "text", "checked"),
    "schemas": ("schemas", "text"),
    "fields": ("fields",),
    "explain": ("register", "model", "version", "demonstration", "inputs", "score", "risk", "horizon_days"),
    "derive": ("system", "account", "patients", "conditions", "problems", "unmapped"),
    "fit": (*("register", "model", "demonstration", "people", "outcomes", "inputs", "set_aside", "left_out", "auroc"),),
    "evaluate": ("register", "measures", "rules", "remarks"),
    "plan": (
        *("register", "scheme", "tariff", "synthetic", "lists"),
        *("longest_for_hours_a_week", "longest_for_pounds_a_year"),
    ),
    "outcomes": ("measures", "left_out", "set_aside"),
    "new-key": (),
    "pseudonymise": ("rows", "with_pseudonym", "set_aside", "objected", "carried"),
    "reidentify": ("rows",),
    "report": ("register", "report"),
    "letters": ("register", "letters", "tell_by", "reviews_due"),
    "governance": ("model", "confirmed"),
    "new-pipeline": ("folder", "files"),
    "warm": ("folder", "loops", "bytes", "seconds"),
    "caseload init": ("store", "review_every_months"),
    "caseload propose": ("as_of", "practices"),
    "caseload decide": (
        "recorded",
        "events",
        "explained",
        "problems",
        "practices",
        "practices_asked",
        "unread",
        "over_the_cap",
    ),
    "caseload record": ("recorded", "events"),
    "caseload status": ("on", "known_at", "review_every_months", "practices"),
    "caseload due": ("until", "on", "reviews", "overdue"),
    "caseload letters": ("on", "letters", "overdue"),
    "caseload history": ("events",),
    "caseload homes": ("on", "homes", "practices"),
    "caseload list-sizes": ("register", "as_of", "practices", "written_down", "known_before"),
    "caseload payments": ("year", "payments"),
    "caseload measures": ("quarter_start", "quarter_end", "practices", "register_test"),
    "caseload report": ("quarters",),
    "caseload verify": ("store", "whole", "events", "faults"),
    "caseload export": ("events",),
    "caseload import": ("store", "events", "practices"),
    "caseload migrate": ("store", "events"),
}
