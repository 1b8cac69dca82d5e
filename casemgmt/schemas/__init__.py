"""JSON Schemas (draft 2020-12) of the files that people write, made from the tables and patterns of their readers.

An editor completes and checks a file by its schema. What a schema cannot say, such as that a table has a value for each
year, the reader alone says; ``casemgmt schemes check`` and ``models check`` ask it.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from casemgmt.errors import unknown_name
from casemgmt.schemas.code_files import codelist, rules
from casemgmt.schemas.mapping_files import mapping
from casemgmt.schemas.model_files import model
from casemgmt.schemas.parts import Schema
from casemgmt.schemas.payment_files import tariff
from casemgmt.schemas.scheme_files import scheme

MAKERS: dict[str, Callable[[], Schema]] = {
    "scheme": scheme,
    "model": model,
    "mapping": mapping,
    "rules": rules,
    "codelist": codelist,
    "tariff": tariff,
}


def schema_of(kind: str) -> Schema:
    """The schema of a kind of file: ``scheme``, ``model``, ``mapping``, ``rules``, ``codelist`` or ``tariff``.

    Of the tables of commands in a mapping file it says that they are tables; the command line knows their options.

    Raises
    ------
    InputError : there is no such kind
    """
    if kind not in MAKERS:
        raise unknown_name("kind of file", kind, list(MAKERS))
    return MAKERS[kind]()


def schema_text(schema: Schema) -> str:
    """A schema as JSON."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
