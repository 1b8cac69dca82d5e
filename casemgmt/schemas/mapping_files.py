"""What may stand in a mapping file, which says how one source of registers is written."""

from __future__ import annotations

from collections.abc import Mapping

from casemgmt.register.config import ALL_CONDITIONS, READING, SECTIONS, SHARE, TOLERANCE
from casemgmt.register.fields import FIELDS
from casemgmt.schemas.parts import Schema, any_text, document, many, table, text

_TYPES = {int: "integer", str: "string"}


def mapping(more: Mapping[str, Schema] | None = None) -> Schema:
    """A mapping file.

    Parameters
    ----------
    more : sections beside those that say how a register is written, by name
    """
    kinds = {key: kind if isinstance(kind, tuple) else (kind,) for key, kind in READING.items()}
    value = {"type": ["string", "integer", "boolean"]}
    share = {"anyOf": [{"type": "number"}, text(pattern=SHARE)]}
    keys: dict[str, Schema] = {
        "columns": table({}, others=any_text(), says="The column's name in your data = the field."),
        "values": table(
            dict.fromkeys(FIELDS, table({}, others=value)),
            others=table({}, others=value),
            says="By field: how a value is written in your data = what it means.",
        ),
        "date_formats": table({}, others=any_text(), says='By field, such as "%d/%m/%Y".'),
        "null_means_absent": {
            "description": "Conditions for which a missing value means that the patient does not have it.",
            "anyOf": [{"const": ALL_CONDITIONS}, many(any_text())],
        },
        "reading": table({key: {"type": [_TYPES[each] for each in kind]} for key, kind in kinds.items()}),
        "tolerance": table(dict.fromkeys(TOLERANCE, share)),
    }
    return document("How casemgmt reads a register", table({key: keys[key] for key in SECTIONS} | dict(more or {})))
