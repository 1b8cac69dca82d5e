"""The JSON Schema of a file of options: a mapping file, with a table of options a command as the program reads it."""

from __future__ import annotations

from casemgmt import schemas
from casemgmt.cli.config import REGISTERED, TYPED_ALONE, Option, takes_numbers
from casemgmt.register.config import COMMAND_TABLES, COMMANDS
from casemgmt.schemas.mapping_files import mapping
from casemgmt.schemas.parts import Schema, any_text, choice, flag, many, number, or_question, table

_NUMBER: Schema = {"type": "number"}


def schema_of(kind: str) -> Schema:
    """The schema of a kind of file, with what the command line alone knows of it.

    Raises
    ------
    InputError : there is no such kind
    """
    return mapping(command_tables()) if kind == "mapping" else schemas.schema_of(kind)


def command_tables() -> dict[str, Schema]:
    """The table of options of each command, by its name; of the caseload's commands, a table of tables."""
    found = {name: table({}) for name in COMMAND_TABLES}
    for command in COMMANDS:
        first, _, second = command.partition(" ")
        options = _options(command)
        if second:
            found[first]["properties"][second] = options
        else:
            found[first] = options
    return found


def _options(command: str) -> Schema:
    """A table of options; an editor offers them as they are typed, and lets them be written with underscores too."""
    known = [option for name, option in REGISTERED[command].items() if name not in TYPED_ALONE]
    keys = {option.key: _option(option) for option in known}
    spelt = {f"^{key.replace('-', '[-_]')}$": found for key, found in keys.items() if "-" in key}
    return table(keys, says=f"Options of casemgmt {command}.", patternProperties=spelt)


def _option(option: Option) -> Schema:
    """What one option may be, as :func:`casemgmt.cli.config.added_by` takes it."""
    match option.kind:
        case "yes or no":
            one = flag()
        case "whole":
            one = number()
        case "number":
            one = _NUMBER
        case _ if option.choices:
            one = choice(option.choices)
        case _:
            one = {"type": ["string", "number"]} if takes_numbers(option) else any_text()
    found = {"anyOf": [one, many(one)]} if option.many else one
    return or_question({"description": option.says, **found})
