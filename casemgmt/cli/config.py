"""``--config``: a file with a table of options a command, in the words and the order of the command line.

What the file says is put into the command line before it is read, so that a value of the file and a typed one are
understood alike; an option that was typed is left as it was typed.
"""

from __future__ import annotations

import datetime as dt
import inspect
import os
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

from casemgmt.errors import InputError, did_you_mean, listed
from casemgmt.register.config import COMMANDS, command_table
from casemgmt.register.forms import shown
from casemgmt.register.questions import is_question, refuse_unanswered

# What a text may be that names a file, and what it may be beside it.
_OF_PATHS = re.compile(r"(PATH|DIR|STORE|(FILE)(\.\w+)?)(\.\.\.)?")
_NUMBERS = ("NUMBER", "AGE", "YEAR", "SHARE")
_PASSWORD = re.compile(r"://[^/@:]*:[^/@]+@")
# They say how a run is told of, which the file itself cannot know, or are not read from a file.
TYPED_ALONE = ("config",)


class Option(NamedTuple):
    """An option or argument of a command, as a file may say it.

    Attributes
    ----------
    key : as it is typed, without dashes; of an argument, its name in the help, in small letters
    kind : what one value is: text, whole, number, yes or no, a date, a path
    many : whether it takes a list
    said : how it is typed (``--scheme``, ``--no-scan`` too); empty for an argument
    words : what the help writes for its value
    says : what the help says of it
    choices : what it may be, where it is one of a few words
    """

    key: str
    kind: str
    many: bool
    said: str
    words: str
    says: str
    choices: tuple[str, ...]


# The options of every command, by its name; filled as the program is put together.
REGISTERED: dict[str, dict[str, Option]] = {}


def options_of(run: Any) -> dict[str, Option]:
    """The options of a command by the names of its parameters."""
    return {
        name: _option(name, *get_args(each.annotation)[:2]) for name, each in inspect.signature(run).parameters.items()
    }


def _option(name: str, hint: Any, info: Any) -> Option:
    """An option or argument, from its annotation and what typer is told of it."""
    if get_origin(hint) is not list and get_args(hint):
        hint = next(each for each in get_args(hint) if each is not type(None))
    many = get_origin(hint) is list
    words = info.metavar or ""
    one = get_args(hint)[0] if many else hint
    choices = tuple(one) if isinstance(one, type) and issubclass(one, StrEnum) else ()
    kind, more = _kind(one, words), (words, info.help or "", tuple(map(str, choices)))
    if type(info).__name__ == "ArgumentInfo":
        return Option(re.split(r"[^A-Za-z_]", words.strip("[]"))[0].casefold(), kind, many, "", *more)
    # Where an option has a default of its own, typer takes its first name for one.
    named = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str) and each[:2] == "--"]
    said = named[0] if named else f"--{name.replace('_', '-')}"
    return Option(said.partition("/")[0].lstrip("-"), kind, many, said, *more)


def _kind(one: Any, words: str) -> str:
    if one is Path or (one is str and any(_OF_PATHS.fullmatch(each) for each in words.strip("[]").split("|"))):
        return "path"
    if one is dt.date or words in ("DATE",):
        return "date"
    return {bool: "yes or no", int: "whole", float: "number"}.get(one, "text")


def added_by(file: Path, command: str, options: Mapping[str, Option], given: Sequence[str]) -> dict[str, list[str]]:
    """What a file adds to the command line, by the name of the parameter: options written out, arguments as values.

    Parameters
    ----------
    file : the path of the file
    command : its name, such as ``caseload propose``
    options : from :func:`options_of`
    given : the parameters that were typed

    Raises
    ------
    InputError
        The file says something that it may not say, or asks a question that was not answered.
    """
    mapping, table = command_table(file, command)
    where = f"{shown(file)}: [{command.replace(' ', '.')}]"
    known = {option.key: name for name, option in options.items() if name not in TYPED_ALONE}
    found: dict[str, list[str]] = {}
    asked = []
    for key, value in table.items():
        name = known.get(key.replace("_", "-"), known.get(key))
        if name is None:
            raise InputError(f"{where}: {_unknown(key, command, list(known))}")
        if name in found:
            raise InputError(f"{where}: '{key}' is said twice. Keep one.")
        if name in given:
            continue
        if is_question(value):
            asked.append((command.replace(" ", "."), key))
            continue
        found[name] = _written(options[name], value, f"{where} '{key}'", file)
    if asked:
        refuse_unanswered(shown(file), [*asked, *mapping.questions])
    return found


def _unknown(key: str, command: str, known: list[str]) -> str:
    if key in ("config", "help"):
        return f"'{key}' is typed, and not said in a file."
    meant = did_you_mean(key, known)
    if not meant:
        others = [each for each in COMMANDS if each != command and key.replace("_", "-") in _keys_of(each)]
        if others:
            return (
                f"'{key}' is an option of {listed(others[:4])}, not of '{command}'. Put it into a table of that name."
            )
    return f"unknown key '{key}'.{meant or f' Known: {listed(known, 60)}.'}"


def _keys_of(command: str) -> set[str]:
    return {option.key for option in REGISTERED.get(command, {}).values()}


def _written(option: Option, value: object, where: str, file: Path) -> list[str]:
    """A value as it would be typed: one text an option, or the values of an argument."""
    if option.many:
        values = value if isinstance(value, list) else [value]
    elif isinstance(value, list):
        raise InputError(f"{where} takes one value, and is given a list.")
    else:
        values = [value]
    if option.kind == "yes or no":
        return [_switch(option, values[0], where)] if values[0] is not False or "/" in option.said else []
    texts = [_text(option, each, where, file) for each in values]
    if not option.said:
        if any(text.startswith("-") for text in texts):
            raise InputError(f"{where}: a value that begins with a dash is typed, and not said in a file.")
        return texts
    return [f"{option.said}={text}" for text in texts]


def _switch(option: Option, value: object, where: str) -> str:
    if not isinstance(value, bool):
        raise InputError(f"{where} needs true or false.")
    yes, _, no = option.said.partition("/")
    return yes if value else no


def takes_numbers(option: Option) -> bool:
    """Whether a text may be written as a number too, such as a share or an age."""
    return any(each in _alternatives(option) for each in _NUMBERS)


def _alternatives(option: Option) -> list[str]:
    return option.words.strip("[]").split("|")


def _text(option: Option, value: object, where: str, file: Path) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match option.kind:
        case "whole" if is_number and isinstance(value, int):
            return str(value)
        case "number" if is_number:
            return repr(value)
        case "whole" | "number":
            raise InputError(f"{where} needs a {'whole ' if option.kind == 'whole' else ''}number, without quotes.")
        case "date" if type(value) is dt.date:
            return value.isoformat()
        case _ if is_number and takes_numbers(option):
            return str(value)
    if not isinstance(value, str):
        kind = "a date, such as 2015-04-01," if option.kind == "date" else "a text"
        raise InputError(f"{where} needs {kind} in quotes{', or a list of them' if option.many else ''}.")
    return _placed(value, _alternatives(option), where, file) if option.kind == "path" else value


def _placed(text: str, alternatives: list[str], where: str, file: Path) -> str:
    """A path as it is seen from the file; a name that ships, an address or a number as it is."""
    if _PASSWORD.search(text):
        raise InputError(f"{where} holds a password. Leave it out of the file: let CASEMGMT_CASELOAD say the address.")
    if "://" in text or text.startswith("env:") or not text:
        return text
    is_name = "NAME" in alternatives and not re.search(r"[/\\]|\.(toml|json|csv)$", text)
    if is_name or ("AGE" in alternatives and text.isdecimal()):
        return text
    return os.path.join(str(file.parent), text)  # noqa: PTH118 - a Path forgets a leading ./
