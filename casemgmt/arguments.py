"""What a caller passed, looked at where it comes in, so that a slip is answered in a sentence.

A function states what kind of thing each of its arguments is: ``@checked(include=texts, reasons=yes_or_no)``.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from numbers import Real
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
        raise is_not(name, "text", value)
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
        raise is_not(name, "a list of texts", value)
    return [text(each, f"each of {name}") for each in value]


def texts_or_none(value: Any, name: str) -> Any:
    """A text, or several, or none said."""
    return None if value is None else texts(value, name)


def list_of_texts(value: Any, name: str) -> Any:
    """A text, or several, as a list: the letters of one are no texts."""
    found = texts(value, name)
    return [found] if isinstance(found, str) else found


def texts_as_given(value: Any, name: str) -> Any:
    """A text, or several; one text stays one."""
    found = texts(value, name)
    return value if isinstance(value, str) else found


def mapping(value: Any, name: str) -> Any:
    """A mapping from texts, or none."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise is_not(name, "a mapping, such as {'a': 'b'}", value)
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
    """True or False, of Python or NumPy; a text such as "no" would count as true."""
    import numpy as np

    if not isinstance(value, (bool, np.bool_)):
        raise is_not(name, "True or False", value)
    return bool(value)


def path(value: Any, name: str) -> Any:
    """A path that a file can have, with a name."""
    from casemgmt.rule_files import path_of

    given = path_of(os.fspath(value) if isinstance(value, os.PathLike) else value, InputError, name)
    if not given.name and given.anchor == "":
        raise InputError(f"{name} is the path of a file or folder, and names none.")
    return value


def paths(value: Any, name: str) -> Any:
    """A path, or several."""
    if isinstance(value, (str, os.PathLike)):
        return [path(value, name)]
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        raise is_not(name, "a list of paths", value)
    return [path(each, f"each of {name}") for each in value]


def path_or_none(value: Any, name: str) -> Any:
    """The same of one path, or none."""
    return None if value is None else path(value, name)


def instance(kind: type | str, remedy: str) -> Check:
    """Something of our own making; the class, or its place as ``module:name`` where it is not to be loaded yet."""

    def looked_at(value: Any, name: str) -> Any:
        if isinstance(kind, str):
            module, _, known = kind.partition(":")
            wanted = getattr(importlib.import_module(module), known)
        else:
            wanted = kind
        if not isinstance(value, wanted):
            raise is_not(name, remedy, value)
        return value

    return looked_at


def instance_or_none(kind: type | str, remedy: str) -> Check:
    """The same, or none."""
    check = instance(kind, remedy)
    return lambda value, name: None if value is None else check(value, name)


scheme = instance("casemgmt.scheme.routes:Scheme", "a scheme from cm.load_scheme")
model = instance("casemgmt.risk.model:Model", "a model from cm.load_model")


def tables(value: Any, name: str) -> Any:
    """Some Arrow tables."""
    import pyarrow as pa

    found = several(value, name)
    if not all(isinstance(each, pa.Table) for each in found):
        raise InputError(f"{name} is a list of Arrow tables.")
    return list(found)


def to_be_called(value: Any, name: str) -> Any:
    """A function."""
    if not callable(value):
        raise is_not(name, "a function", value)
    return value


def to_be_called_or_none(value: Any, name: str) -> Any:
    """The same, or none."""
    return None if value is None else to_be_called(value, name)


def rows_of_many(value: Any, rows: int, name: str) -> Any:
    """The numbers of some of so many rows, as a NumPy array: whole, and none of a row that is not there."""
    import numpy as np

    try:
        found = np.asarray(value)
    except (TypeError, ValueError, OverflowError):  # lists of unequal length
        found = np.array(None)
    if found.ndim == 1 and not found.size:
        found = found.astype(np.int64)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise is_not(name, "an array of row numbers", value)
    if found.size and not (int(found.min()) >= 0 and int(found.max()) < rows):
        raise InputError(f"{name} names rows that are not there: there are {rows:,}, numbered from 0.")
    return found


def several(value: Any, name: str) -> Any:
    """Some things in order, but no text, bytes or mapping."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise is_not(name, "a list", value)
    return tuple(value)


def numbers(value: Any, name: str) -> Any:
    """Numbers and None, from an Arrow column or anything in order."""
    found = value.to_pylist() if hasattr(value, "to_pylist") else several(value, name)
    for each in found:
        if each is not None and (isinstance(each, bool) or not isinstance(each, (Real, Decimal))):
            raise InputError(f"{name} holds something that is not a number.")
    return list(found)


def whole(value: Any, name: str) -> Any:
    """A whole number."""
    try:
        return operator.index(value)
    except TypeError:
        raise is_not(name, "a whole number", value) from None


def whole_or_none(value: Any, name: str) -> Any:
    """A whole number, or none."""
    return None if value is None else whole(value, name)


def is_not(name: str, kind: str, value: object) -> InputError:
    """An argument of another kind than it should be."""
    return InputError(f"{name} is {kind}, not {kind_of(value)}.")


def kind_of(value: object) -> str:
    """What kind of thing an argument is, without its value."""
    return "None" if value is None else f"a value of type {type(value).__name__}"
