"""What a selection was made from, for people and for the manifest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from casemgmt.errors import plural
from casemgmt.register.facts import account_facts, account_lines
from casemgmt.risk.demonstration import DEMONSTRATION_ONLY, is_demonstration
from casemgmt.risk.moved import why_no_risk
from casemgmt.scheme.routes import TopShare

if TYPE_CHECKING:
    from casemgmt.risk.model import Model
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.workings import Workings

_SENT = ("given", "in_register")
NO_CASELOAD = (
    "keep_within keeps no place: nothing says who is on the caseload, neither a column on_caseload nor previous=, so "
    "everyone counts as a newcomer"
)


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
        **_kept_facts(made),
    }


def fact_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """What became of the rows, and of a scheme with ``keep_within`` who keeps a place, in sentences."""
    yield from account_lines(facts)
    if "keep_within" not in facts:
        return
    if not facts["keep_within"]["caseload_known"]:
        yield NO_CASELOAD
        return
    for name, count in facts["keep_within"]["kept"].items():
        yield f"{name} lets in {plural(count, 'patient')} on the caseload only because of keep_within"


def caseload_notes(scheme: Scheme, columns: Collection[str]) -> tuple[str, ...]:
    """That a scheme with ``keep_within`` keeps no place where none of the columns says who is on the caseload."""
    return () if not scheme.keeps_places or "on_caseload" in columns else (NO_CASELOAD,)


def _kept_facts(made: Workings) -> dict[str, Any]:
    """How many places each route keeps by its ``keep_within``; nothing where no route has one."""
    import numpy as np

    routes = [
        (place, route.name)
        for place, route in enumerate(made.scheme.routes)
        if isinstance(route, TopShare) and route.keep_within is not None
    ]
    if not routes:
        return {}
    kept = {name: int(np.count_nonzero(made.choice.kept & np.uint32(1 << place))) for place, name in routes}
    known = made.previous is not None or "on_caseload" in made.register.fields
    return {"keep_within": {"kept": kept, "caseload_known": known}}


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
