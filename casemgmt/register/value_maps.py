"""What ``values=`` says, held against the fields and against the data: no value that is none, no mapping in vain."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from casemgmt.errors import InputError, InputWarning, did_you_mean, plural
from casemgmt.register.cleaning import mapped, mapped_loosely
from casemgmt.register.fields import FIELDS, Field
from casemgmt.register.spellings import is_missing_word
from casemgmt.register.values import is_out_of_range, read_value

if TYPE_CHECKING:
    import pyarrow as pa

# Spellings whose meaning nobody doubts, in small letters: what a mapping file is drafted from, and what errors suggest.
OBVIOUS: dict[str, dict[str, str]] = {
    "sex": {
        **dict.fromkeys(("male", "man", "m", "boy"), "M"),
        **dict.fromkeys(("female", "woman", "f", "girl"), "F"),
        **dict.fromkeys(("indeterminate", "intersex", "i"), "I"),
        **dict.fromkeys(("unknown", "not known", "not specified", "not stated", "u"), "U"),
    },
    "care_home_type": {
        **dict.fromkeys(("nursing home", "nursing", "care home with nursing", "care home - nursing"), "nursing"),
        **dict.fromkeys(
            ("residential home", "residential", "care home without nursing", "residential care"), "residential"
        ),
        **dict.fromkeys(("care home", "unspecified"), "unspecified"),
        **dict.fromkeys(("supported living", "supported_living"), "supported_living"),
        **dict.fromkeys(("respite", "respite care"), "respite"),
        **dict.fromkeys(("none", "own home", "not in a care home", "no care home"), "none"),
    },
}


def check_targets(
    values: Mapping[str, Mapping[str, object]], date_format: Mapping[str, str], pattern: str, last_day: int
) -> None:
    """Refuse a value that the field does not allow.

    Raises
    ------
    InputError
    """
    for name, mapping in values.items():
        field = FIELDS[name]
        for target in mapping.values():
            if not _is_allowed(field, target, date_format.get(name), pattern, last_day):
                raise InputError(
                    f"values= gives {name} the value {_quoted(target)}, which it does not allow. It allows "
                    f"{field.allowed_in_words}.{_suggested(field, target)}"
                )


def _is_allowed(field: Field, target: object, date_format: str | None, pattern: str, last_day: int) -> bool:
    if target is None or (isinstance(target, str) and field.kind != "text" and not target.strip()):
        return True
    match field.kind:
        case "text":
            return isinstance(target, str)
        case "practice":
            return isinstance(target, str) and re.fullmatch(pattern, target.strip()) is not None
        case "category":
            return read_value(field, target, date_format=None, last_day=last_day).value is not None
    try:
        read = read_value(field, target, date_format=date_format, last_day=last_day)
    except (TypeError, ValueError):
        return False
    return read.value is not None or (isinstance(target, str) and is_missing_word(target))


def _quoted(target: object) -> str:
    text = str(target)
    return f"'{text[:40]}'" if isinstance(target, (str, int, float)) else type(target).__name__


def _suggested(field: Field, target: object) -> str:
    text = str(target).strip().casefold()
    meant = OBVIOUS.get(field.name, {}).get(text)
    return f" Did you mean '{meant}'?" if meant else did_you_mean(text, field.allowed)


class ValueMaps:
    """Whether the mappings of ``values=`` find anything to map.

    Parameters
    ----------
    values : field → {text in the source: value}
    date_format : field → form
    pattern : of a practice code
    last_day : the extract date
    """

    def __init__(
        self, values: Mapping[str, Mapping[str, object]], date_format: Mapping[str, str], pattern: str, last_day: int
    ) -> None:
        self._values = {name: mapping for name, mapping in values.items() if mapping and FIELDS[name].kind != "text"}
        self._date_format, self._pattern, self._last_day = date_format, pattern, last_day
        self._met: dict[str, bool] = dict.fromkeys(self._values, False)
        self._given = dict.fromkeys(self._values, 0)
        self._unread = dict.fromkeys(self._values, 0)
        self._nearly: set[str] = set()

    def tally(self) -> list[dict[str, Any]]:
        """What was found so far, a row a field, for :meth:`add_tally` of another machine."""
        return [
            {
                "name": name,
                "met": self._met[name],
                "given": self._given[name],
                "unread": self._unread[name],
                "nearly": name in self._nearly,
            }
            for name in self._values
        ]

    def add_tally(self, found: Iterable[Mapping[str, Any]]) -> None:
        """What was found in other parts."""
        for row in found:
            name = row["name"]
            self._met[name] |= row["met"]
            self._given[name] += row["given"]
            self._unread[name] += row["unread"]
            if row["nearly"]:
                self._nearly.add(name)

    def add(self, table: pa.Table) -> None:
        """Look at the columns of a table, or of a part of one."""
        import pyarrow.compute as pc

        for name, mapping in self._values.items():
            if self._met[name] or name not in table.column_names:
                continue
            column = table.column(name)
            # A time is mapped by the day on which it falls.
            counts = pc.value_counts(column.cast(_plain(column.type), safe=False))
            loose = {key.strip().casefold() for key in mapping}
            for value, count in zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True):
                if value is None:
                    continue
                missed = object()
                find = mapped if FIELDS[name].kind == "practice" else mapped_loosely
                if find(value, dict.fromkeys(mapping, missed)) is missed:
                    self._met[name] = True
                    break
                self._given[name] += count
                self._unread[name] += count * (not self._is_readable(name, value))
                if str(value).strip().casefold() in loose:
                    self._nearly.add(name)

    def _is_readable(self, name: str, value: object) -> bool:
        field = FIELDS[name]
        if field.kind == "practice":
            return re.fullmatch(self._pattern, str(value).strip()) is not None
        if isinstance(value, str) and is_missing_word(value):
            return True
        read = read_value(field, value, date_format=self._date_format.get(name), last_day=self._last_day)
        return read.value is not None or read.reason is None or is_out_of_range(read.reason)

    def refuse_vain(self) -> None:
        """Refuse a mapping that matched nothing where values cannot be read, and warn of one that was not needed.

        Raises
        ------
        InputError
        """
        for name in self._values:
            if self._met[name] or not self._given[name]:
                continue
            why = " Some differ from its keys in case or spaces alone." if name in self._nearly else ""
            said = f"values= for '{name}' matches not one of {plural(self._given[name], 'value')}"
            if self._unread[name]:
                raise InputError(
                    f"{said}, and {self._unread[name]:,} cannot be read as {FIELDS[name].allowed_in_words}.{why} Write "
                    f"its keys as they stand in the data: values={{'{name}': …}}."
                )
            warnings.warn(f"{said}; all can be read without it.{why}", InputWarning, stacklevel=2)


def _plain(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind):
        return pa.date32()
    return pa.large_string() if pa.types.is_string_view(kind) else kind
