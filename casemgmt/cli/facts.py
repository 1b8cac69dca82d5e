"""What the JSON documents say of a register and of a selection: counts, dates and names of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casemgmt.register.facts import account_facts

if TYPE_CHECKING:
    from casemgmt.results.selection import Selection

_OF_A_SELECTION = ("as_of", "extracted_on", "ranked_by", "synthetic", "demonstration", "absent_columns", "practices")
_OF_THE_ACCOUNT = ("rows", "quarantined", "corrected", "barred", "notes")


def register_facts(register: Any) -> dict[str, Any]:
    """The account of a register that was read."""
    return {
        "as_of": register.as_of,
        "files": [{"name": part.name, "rows": part.rows, "sha256": part.sha256} for part in register.parts],
        "practices": len(register.practices),
        "synthetic": register.synthetic,
        **account_facts(register),
    }


def selection_facts(selection: Selection) -> dict[str, Any]:
    """What a selection was made of, and the account of its register."""
    facts = selection.facts
    said = {name: facts.get(name) for name in _OF_A_SELECTION}
    return {"scheme": selection.scheme.id, **said, "account": {name: facts.get(name) for name in _OF_THE_ACCOUNT}}
