"""What a selection was made from, for people and for the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.register.facts import account_facts
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY, is_demonstration
from casemgmt.risk.moved import why_no_risk

if TYPE_CHECKING:
    from casemgmt.risk.model import Model
    from casemgmt.selection.workings import Workings

_SENT = ("given", "in_register")


def ranked_by(model: Model | None) -> str:
    """What ranked, in a few words that no output leaves out."""
    if model is None:
        return "given scores"
    return f"{model.name} {model.version}{f' ({DEMONSTRATION_ONLY})' if is_demonstration(model) else ''}"


def facts_of(made: Workings) -> dict[str, Any]:
    """Dates, counts of rows and sources, scheme and model, as plain values."""
    register, model = made.register, made.model
    sent = {} if made.nominations is None else {"nominations": dict(zip(_SENT, made.nominations, strict=True))}
    moved = None if model is None else why_no_risk(model, register.counts.accepted)
    return {
        **sent,
        "as_of": register.as_of.isoformat(),
        "extracted_on": register.extracted_on.isoformat(),
        "synthetic": register.synthetic,
        "practices": len(register.practices),
        **account_facts(register),
        "missing_practices": list(made.missing_practices),
        "sources": [{"name": part.name, "rows": part.rows, "sha256": part.sha256} for part in register.parts],
        "scheme": made.scheme.id,
        "ranked_by": ranked_by(model),
        "demonstration": model is not None and is_demonstration(model),
        **({} if moved is None else {"no_risk": moved}),
        "absent_columns": [name for name in made.scheme.optional if name not in register.column_names],
        "ended": len(made.ended),
        **_caseload_facts(made),
        "list_sizes": "official" if (made.list_sizes >= 0).any() else "counted",
        **_given_facts(made),
    }


def _caseload_facts(made: Workings) -> dict[str, Any]:
    """Of a caseload that was before: its chains' ends, and whom the register had on it though they have left."""
    said = {} if made.previous is None else made.previous.facts()
    return {"caseload": {**said, "overruled": made.overruled}} if said else {}


def _given_facts(made: Workings) -> dict[str, Any]:
    """What was given beside the scores; nothing where nothing was."""
    import numpy as np

    given: dict[str, Any] = {}
    if made.ranking.given_risks is not None:
        given["risks"] = True
    if made.contributions is not None:
        choice = made.choice
        scored = ~np.isnan(made.ranking.scores(choice.keys))
        given["contributions"] = {
            "inputs": list(made.contributions.names),
            "selected_without": int((scored & ~made.contributions.given(choice.rows)).sum()),
        }
    return {"given": given} if given else {}
