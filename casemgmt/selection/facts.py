"""What a selection was made from, for people and for the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from casemgmt.selection.result import Selection


def facts_of(selection: Selection) -> dict[str, Any]:
    """Dates, counts of rows and sources, scheme and model, as plain values."""
    register, model = selection.register, selection.model
    assert register is not None
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
        "scheme": selection.scheme.id,
        "ranked_by": "given scores" if model is None else f"{model.name} {model.version}",
        "demonstration": bool(model and model.demonstration),
        "list_sizes": "official" if (selection.list_sizes >= 0).any() else "counted",
    }
