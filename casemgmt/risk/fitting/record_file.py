"""``fitting.toml`` beside a fitted model: how it came about, so that its card can be written again later."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from casemgmt.errors import ModelError
from casemgmt.risk.fitting.record import Fitting
from casemgmt.risk.inputs import value_must_be
from casemgmt.risk.sections import Section, list_of, plain_text, table_of, whole
from casemgmt.rule_files import read_toml

T = TypeVar("T")

FITTING_FILE = "fitting.toml"

_NUMBERS = ("auroc_held_out", "auroc_tables", "auroc_points", "discrepancy", "joint_discrepancy")
_SENTENCES = ("left_out", "traps", "merged")
_COUNTS = ("set_aside", "monotone")
_WORDS = ("inputs", "versions")
_KEYS = ("kind", "people", "outcomes", "groups", "seed", *_NUMBERS, *_SENTENCES)


def fitting_text(fitting: Fitting) -> str:
    """The text of a ``fitting.toml`` that reads back as the same record."""
    lines = ["[fitting]"]
    for key in _KEYS:
        value = getattr(fitting, key)
        if value is not None:
            lines.append(f"{key} = {_toml(list(value) if isinstance(value, tuple) else value)}")
    for key in (*_COUNTS, *_WORDS):
        lines += ["", f"[{key}]", *(f"{_toml(name)} = {_toml(value)}" for name, value in getattr(fitting, key).items())]
    return "\n".join(lines) + "\n"


def fitting_of(text: str, where: str) -> Fitting:
    """The record that a ``fitting.toml`` holds.

    Raises
    ------
    ModelError : a key is missing, unknown, or holds something else
    """
    top = Section(read_toml(text, where, ModelError, "record of a fit"), where)
    top.only(("fitting", *_COUNTS, *_WORDS))
    head = top.section("fitting")
    head.only(_KEYS)
    numbers = {key: head.optional(key, _number) for key in _NUMBERS}
    return Fitting(
        kind=head.words("kind"),
        people=head.checked("people", whole),
        outcomes=head.optional("outcomes", whole),
        groups=head.checked("groups", _text),
        seed=head.checked("seed", whole),
        set_aside=_mapping(top, "set_aside", whole),
        monotone=_mapping(top, "monotone", whole),
        inputs=_mapping(top, "inputs", plain_text),
        versions=_mapping(top, "versions", plain_text),
        left_out=tuple(head.checked("left_out", list_of(plain_text))),
        traps=tuple(head.checked("traps", list_of(plain_text))),
        merged=tuple(head.checked("merged", list_of(plain_text))),
        auroc_held_out=numbers["auroc_held_out"],
        auroc_tables=numbers["auroc_tables"],
        auroc_points=numbers["auroc_points"],
        discrepancy=head.checked("discrepancy", _number),
        joint_discrepancy=head.checked("joint_discrepancy", _number),
    )


def _mapping(top: Section, key: str, reading: Callable[[object], T]) -> Mapping[str, T]:
    inside = Section(top.checked(key, table_of), f"{top.where}: [{key}]")
    return {name: inside.checked(name, reading) for name in inside.values}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise value_must_be("text")


def _number(value: object) -> float:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return float(value)
    raise value_must_be("a number")


def _toml(value: object) -> str:
    # JSON is TOML here, once DEL is escaped: texts, whole numbers, floats (never NaN) and lists of texts.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
