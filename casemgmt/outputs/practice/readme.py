"""The text beside the practices' files that says what each file and each column is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from casemgmt.outputs import layout
from casemgmt.outputs.practice.heads import heads_in
from casemgmt.outputs.practice.wording import cautions_of, purpose_of, route_title, rule_in_words

if TYPE_CHECKING:
    from casemgmt.scheme.routes import Scheme
    from casemgmt.selection.lists import Lists

_WIDTH = 100
_FROM_CASELOAD = (
    "The lists were made from the caseload as it stood on their date. A practice's workbook and page say the number "
    "and the hash of its last event then: whoever keeps one can tell later if what was there has been rewritten."
)
_LIST = {
    "practice_id": "The practice's code.",
    "patient_id": "The patient, as in the register. Keep the column as text: a spreadsheet drops leading zeros.",
    "score": "What ranked; a higher score comes first. Empty: no score.",
    "risk": "The score as a risk, 0 to 1: 0.12 is 12 in 100. Empty where the model only orders patients.",
    "rank": "1 is the highest score of the practice; for patients whom a share of the highest scores lets in.",
    "place": "The route whose place the patient uses. Empty: listed, and no place is used, as for a review alone.",
    "case_managed": "Whether a place of case management is used. These rows come first.",
    "review_due": "Whether a review is owed and due.",
    "inputs_missing": "How many of the model's inputs are not recorded for this patient.",
    "reason_1": "What weighed most in the score.",
    "reason_2": "What weighed next.",
    "reason_3": "What weighed next.",
}
_WAITING = {
    "route": "The route for which the practice nominated the patient, beyond its places.",
    "nomination_order": "The practice's own order; 1 comes first.",
}
_REMOVALS = {
    "proposal": "confirm ended, check the record, or propose removal: a proposal, until a person decides.",
    "reason": "Why, in a word or two.",
    "detail": "Why, in a sentence.",
    "proposed_on": "The list date on which it was first proposed.",
}


def readme_of(lists: Lists, columns: Sequence[str], files: Sequence[str]) -> bytes:
    """The text, for the people of a practice.

    Parameters
    ----------
    columns : of the practices' lists
    files : paths inside the publication of all files of practices; only kinds that are there are told of
    """
    made, facts = lists.workings, lists.facts
    model = made.model if made is not None else None
    paragraphs = [
        f"Lists of {facts['as_of']} by the scheme '{lists.scheme.title}', ranked by {facts['ranked_by']}.",
        *cautions_of(synthetic=facts["synthetic"], demonstration=facts["demonstration"]),
        " ".join(f"{said.rstrip('.')}." for said in purpose_of(model)),
        "Each file is for the practice whose code begins its name, and for no other.",
        *([_FROM_CASELOAD] if heads_in(facts) else []),
    ]
    lines = [fill(each, _WIDTH) + "\n" for each in paragraphs]
    lines += _section("CODE.csv: the list, by rank", {name: _of_list(lists.scheme, name) for name in columns})
    own = {name: _LIST[name] for name in ("practice_id", "patient_id")}
    if any(name.endswith(f"{layout.WAITING}.csv") for name in files):
        lines += _section("CODE-waiting.csv: nominated, and waiting for a place", own | _WAITING)
    if any(name.endswith(f"{layout.PRACTICE_REMOVALS}.csv") for name in files):
        lines += _section("CODE-removals.csv: on the caseload and not selected, to be decided", own | _REMOVALS)
    if any(name.endswith(layout.WORKBOOK) for name in files):
        lines += ["CODE.xlsx: the same as a workbook, with cells for the practice's answers\n"]
    if any(name.endswith(layout.PAGE) for name in files):
        lines += ["CODE.html: the same as a page for a browser, which gives back a file with the answers\n"]
    return "\r\n".join("\n".join(lines).splitlines()).encode() + b"\r\n"


def _section(title: str, columns: Mapping[str, str]) -> list[str]:
    width = max(map(len, columns))
    lines = [
        fill(f"  {name.ljust(width)}  {said}", _WIDTH, subsequent_indent=" " * (width + 4), break_on_hyphens=False)
        for name, said in columns.items()
        if said
    ]
    return [title, *lines, ""]


def _of_list(scheme: Scheme, name: str) -> str:
    for route in scheme.routes:
        if route.name == name:
            return f"Whether the patient meets the route '{route_title(name)}': {rule_in_words(route)}."
    if name.startswith("register_"):
        return f"The register's column '{name.removeprefix('register_')}'."
    return _LIST.get(name, "")
