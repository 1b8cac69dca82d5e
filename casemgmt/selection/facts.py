"""What a selection was made from, for people and for the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from casemgmt.selection.result import Workings


def facts_of(made: Workings) -> dict[str, Any]:
    """Dates, counts of rows and sources, scheme and model, as plain values."""
    register, model = made.register, made.model
    return {
        "as_of": register.as_of.isoformat(),
        "extracted_on": register.extracted_on.isoformat(),
        "synthetic": register.synthetic,
        "practices": len(register.practices),
        "rows": {
            "in": register.rows_in,
            "accepted": len(register),
            "merged_repeats": register.merged,
            "quarantined": register.quarantine.num_rows,
            "corrections": register.corrections.num_rows,
        },
        "sources": [{"name": part.name, "rows": part.rows, "sha256": part.sha256} for part in register.parts],
        "scheme": made.scheme.id,
        "ranked_by": "given scores" if model is None else f"{model.name} {model.version}",
        "demonstration": bool(model and model.demonstration),
        "list_sizes": "official" if (made.list_sizes >= 0).any() else "counted",
    }
