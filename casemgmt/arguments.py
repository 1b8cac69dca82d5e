"""What a caller passed, looked at where it comes in, so that a slip is answered in a sentence.

A function states what kind of thing each of its arguments is: ``@checked(include=texts, reasons=yes_or_no)``.
"""

from __future__ import annotations

import functools
import inspect
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from casemgmt.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")
Check = Callable[[Any, str], Any]


def checked(**kinds: Check) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function whose arguments are looked at first; those that are left out keep their defaults."""

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def looked_at(*given: P.args, **named: P.kwargs) -> R:
            bound = signature.bind(*given, **named)
            for name in kinds.keys() & bound.arguments.keys():
                bound.arguments[name] = kinds[name](bound.arguments[name], name)
            return function(*bound.args, **bound.kwargs)

        return looked_at

    return wrap


def text(value: Any, name: str) -> Any:
    """A text that can be written down."""
    if not isinstance(value, str):
        raise InputError(f"{name} is text, not {kind_of(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError(f"{name} holds half of a character, which no file can hold.") from None
    return value


def text_or_none(value: Any, name: str) -> Any:
    """The same, or none."""
    return None if value is None else text(value, name)


def texts(value: Any, name: str) -> Any:
    """A text, or several."""
    if isinstance(value, str):
        return text(value, name)
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        raise InputError(f"{name} is a list of texts, not {kind_of(value)}.")
    return [text(each, f"each of {name}") for each in value]


def mapping(value: Any, name: str) -> Any:
    """A mapping from texts, or none."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InputError(f"{name} is a mapping, such as {{'a': 'b'}}, not {kind_of(value)}.")
    for key in value:
        text(key, f"each key of {name}")
    return value


def values_by_name(value: Any, name: str) -> Any:
    """A mapping from texts."""
    return mapping({None: None} if value is None else value, name)


def text_mapping(value: Any, name: str) -> Any:
    """A mapping from texts to texts, or none."""
    for each in (mapping(value, name) or {}).values():
        text(each, f"each value of {name}")
    return value


def yes_or_no(value: Any, name: str) -> Any:
    """What is true or false, as Python has it."""
    try:
        return bool(value)
    except (ValueError, TypeError):  # arrays and frames are neither
        raise InputError(f"{name} is True or False, not {kind_of(value)}.") from None


def path(value: Any, name: str) -> Any:
    """A path that a file can have, with a name."""
    from casemgmt.rule_files import path_of

    given = path_of(os.fspath(value) if isinstance(value, os.PathLike) else value, InputError, name)
    if not given.name and given.anchor == "":
        raise InputError(f"{name} is the path of a file or folder, and names none.")
    return value


def several(value: Any, name: str) -> Any:
    """Some things in order, but no text, bytes or mapping."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise InputError(f"{name} is a list, not {kind_of(value)}.")
    return tuple(value)


def whole_or_none(value: Any, name: str) -> Any:
    """A whole number, or none."""
    if value is None:
        return None
    try:
        return operator.index(value)
    except TypeError:
        raise InputError(f"{name} is a whole number, not {kind_of(value)}.") from None


def kind_of(value: object) -> str:
    """What kind of thing an argument is, without its value."""
    return "None" if value is None else f"a value of type {type(value).__name__}"
