"""What a mapping file leaves open: a question mark where nobody was sure, which stops whoever reads by the file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from casemgmt.errors import InputError

QUESTION = "?"
_MOST_NAMED = 12


def is_question(value: object) -> bool:
    """Whether a value of a mapping file is a question."""
    return value == QUESTION


def asks(key: object) -> bool:
    """Whether a key is a question itself, of a column or of texts: ``"? practice_id" = "practice_id"``."""
    return isinstance(key, str) and (key == QUESTION or key.startswith(f"{QUESTION} "))


def questions_of(document: Mapping[str, object], sections: Collection[str]) -> list[tuple[str, str]]:
    """The questions of a mapping file, each as its section and what it is about.

    Of ``[columns]`` the field, where it asks which column that is; of ``[values.sex]`` the section is ``values.sex``.
    A key that is a question stays one whatever is written beside it: another key has to take its place.
    """
    found: list[tuple[str, str]] = []
    for section in sections:
        said = document.get(section)
        if is_question(said):
            found.append(("", section))
        for key, value in said.items() if isinstance(said, dict) else ():
            if section == "columns" and asks(key):
                found.append((section, _about(key)))
            elif is_question(value):
                found.append((section, str(key)))
            elif isinstance(value, dict):
                each = [text for text, meant in value.items() if asks(text) or is_question(meant)]
                found += [(f"{section}.{key}", _about(text)) for text in each]
    return found


def _about(key: object) -> str:
    return str(key).removeprefix(f"{QUESTION} ")


def without_questions(document: Mapping[str, object]) -> dict[str, Any]:
    """What a mapping file says for certain."""
    kept: dict[str, Any] = {}
    for key, value in document.items():
        if not (is_question(value) or asks(key)):
            kept[key] = without_questions(value) if isinstance(value, dict) else value
    return kept


def refuse_unanswered(file: str, open_questions: Collection[tuple[str, str]]) -> None:
    """Stop where a question is open.

    Raises
    ------
    InputError
        It names every one, by section and key.
    """
    if not open_questions:
        return
    named = [f"[{section}] {about}" if section else about for section, about in open_questions]
    shown = named[:_MOST_NAMED] + ([f"and {len(named) - _MOST_NAMED} more"] if len(named) > _MOST_NAMED else [])
    count = "1 question" if len(named) == 1 else f"{len(named)} questions"
    raise InputError(
        f'{file} holds {count} that nobody has answered: {"; ".join(shown)}. Each stands in it as "?", with what is '
        "known beside it: write the answer in place of the question mark."
    )
