"""What may stand in a mapping file, which says how one source of registers is written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from casemgmt.register.config import ALL_CONDITIONS, COMMAND_TABLES, READING, SECTIONS, SHARE, TOLERANCE
from casemgmt.register.fields import FIELDS
from casemgmt.register.questions import QUESTION
from casemgmt.schemas.parts import Schema, any_text, document, many, or_question, table, text

_TYPES = {int: "integer", str: "string"}
_ASKING = {f"^{re.escape(QUESTION)}( |$)": True}  # a key that is a question itself


def mapping(more: Mapping[str, Schema] | None = None) -> Schema:
    """A mapping file, with whatever a draft of one leaves open.

    Parameters
    ----------
    more : the tables of the commands' options, by name; without them, tables of anything
    """
    kinds = {key: kind if isinstance(kind, tuple) else (kind,) for key, kind in READING.items()}
    share = {"anyOf": [{"type": "number"}, text(pattern=SHARE)]}
    of_field = _section({}, others={"type": ["string", "integer", "boolean"]})
    keys: dict[str, Schema] = {
        "columns": _section({}, others=any_text(), says="The column's name in your data = the field."),
        "values": _section(
            dict.fromkeys(FIELDS, of_field),
            others=of_field,
            says="By field: how a value is written in your data = what it means.",
        ),
        "date_formats": _section({}, others=any_text(), says='By field, such as "%d/%m/%Y".'),
        "null_means_absent": or_question(
            {
                "description": "Conditions for which a missing value means that the patient does not have it.",
                "anyOf": [{"const": ALL_CONDITIONS}, many(any_text())],
            }
        ),
        "reading": _section({key: {"type": [_TYPES[each] for each in kind]} for key, kind in kinds.items()}),
        "tolerance": _section(dict.fromkeys(TOLERANCE, share)),
    }
    commands = dict.fromkeys(COMMAND_TABLES, table({}, others=True)) if more is None else dict(more)
    return document("How casemgmt reads a register", table({key: keys[key] for key in SECTIONS} | commands))


def _section(keys: Mapping[str, Schema], *, others: Schema | bool = False, says: str = "") -> Schema:
    """A section in which anything may be left open, and the section itself."""
    may_be = {key: or_question(found) for key, found in keys.items()}
    else_ = others if isinstance(others, bool) else or_question(others)
    return or_question(table(may_be, others=else_, says=says, patternProperties=_ASKING))
