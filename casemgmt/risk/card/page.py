"""The card as a page: what the run can say is filled in, and what a person must still write is marked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby

from casemgmt.errors import ModelError, did_you_mean, listed, plural
from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.card.answers import answers_of_model, joined, plain
from casemgmt.risk.card.items import ITEMS
from casemgmt.risk.demonstration import is_demonstration

TO_WRITE = "**To be written by a person**"

# Items that no run can answer in full: what the run says of them is the beginning.
_A_PERSON_ADDS = {
    "5a": "why these data, and how far they resemble the people meant",
    "8a": "why this outcome, and whether it is recorded alike in every group",
    "9b": "when and how each is recorded",
}
_NUMBERS = {item.number for item in ITEMS}


def model_card(model: AdditiveModel, *answers: Mapping[str, str]) -> str:
    """The card of a model, as Markdown, in the order of TRIPOD+AI.

    Parameters
    ----------
    model : whose card
    answers : more that is known, by item number, such as ``{"18a": "No funding."}``: from a fit, from a judgement, or
        from a person; what several say of one item stands in turn

    Returns
    -------
    A page of 52 items. An item of which nothing is known says what a person must write, and the head of the page
    counts them.

    Raises
    ------
    ModelError : an item number that is none

    Examples
    --------
    >>> from casemgmt import load_model
    >>> print(model_card(load_model("charlson"))[:30])
    # Charlson Comorbidity Index (o
    """
    unknown = sorted({number for given in answers for number in given} - _NUMBERS)
    if unknown:
        near = did_you_mean(unknown[0], sorted(_NUMBERS))
        raise ModelError(f"A model card has no item {listed(unknown)}.{near} Items are 1 to 27c.")
    own = {number for given in answers for number in given}
    known = joined(answers_of_model(model), *answers)
    left = [item.number for item in ITEMS if item.number not in known]
    lines = [f"# {plain(model.title)}", "", *_warning(model), _count(left), ""]
    for part, items in groupby(ITEMS, key=lambda item: item.part):
        lines += [f"## {part}", ""]
        for item in items:
            lines += [f"**{item.number} · {item.subject}** – {item.asks}", ""]
            lines += [known.get(item.number, f"{TO_WRITE}."), ""]
            if item.number in _A_PERSON_ADDS and item.number not in own:
                lines += [f"{TO_WRITE}: {_A_PERSON_ADDS[item.number]}.", ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n") + "\n"


def _warning(model: AdditiveModel) -> list[str]:
    if not is_demonstration(model):
        return []
    return ["**Demonstration only.** It was fitted to people made up by a program. Do not use it on patients.", ""]


def _count(left: list[str]) -> str:
    order = (
        "This card follows TRIPOD+AI (BMJ 2024;385:e078378): 27 items, 52 with their parts. "
        "A model's output is a proposal; it makes no claim of fewer admissions and is no medical device."
    )
    if not left:
        return order
    verb = "is" if len(left) == 1 else "are"
    return f"{order} {plural(len(left), 'item')} {verb} left for a person to write: {', '.join(left)}."
