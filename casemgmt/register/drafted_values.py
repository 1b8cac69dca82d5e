"""What the codes of a column mean: plain spellings are written down, others are asked about, rare ones never shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from casemgmt.errors import plural
from casemgmt.register.fields import Field
from casemgmt.register.questions import QUESTION
from casemgmt.register.spellings import flag_of, is_missing_word
from casemgmt.register.value_maps import OBVIOUS
from casemgmt.register.values import read_value

if TYPE_CHECKING:
    import pyarrow as pa

# Of a column of codes; one with more different values is free text, of which nothing is written down.
_MOST_CODES, _LONGEST_CODE = 12, 24
# A code that fewer people have may be something that was typed about one of them.
_FEWEST_PEOPLE = 8
_LAST_DAY = 2**31 - 1
# Person stated gender, NHS Data Dictionary: what the figures mean there. Elsewhere they may mean something else.
_NHS_SEX = {"1": "M", "2": "F", "9": "I"}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def value_lines(field: Field, table: pa.Table, name: str) -> list[str]:
    """The lines for one column of codes; none where all can be read as they are."""
    counts = counts_of(table.column(name)) if field.kind in ("category", "flag") else None
    unread = {value: count for value, count in (counts or {}).items() if not _is_read(field, value)}
    if counts is None or not unread:
        return []
    if any(value.strip().isdigit() for value in unread):
        # Where 2 means something, 1 need not be yes.
        unread = {value: count for value, count in counts.items() if value in unread or value.strip().isdigit()}
    lines = [f'[values.{field.name}]  # {field.allowed_in_words}; "" for a value that says nothing']
    if len(counts) > _MOST_CODES or any(len(value) > _LONGEST_CODE for value in counts):
        return [*lines, _of_those_not_shown(len(unread), "too many or too long to list"), ""]
    sure = {value: OBVIOUS.get(field.name, {}).get(value.strip().casefold()) for value in unread}
    lines += [f"{key_of(value)} = {key_of(meant, value=True)}" for value, meant in sure.items() if meant is not None]
    asked = [value for value, meant in sure.items() if meant is None]
    shown = [value for value in asked if unread[value] >= _FEWEST_PEOPLE]
    lines += [f'{key_of(value)} = "{QUESTION}"  # {_hint(field, value, counts)}' for value in shown]
    if len(shown) < len(asked):
        lines.append(_of_those_not_shown(len(asked) - len(shown), "few people have them"))
    return [*lines, ""]


def _of_those_not_shown(count: int, why: str) -> str:
    key = key_of(f"{QUESTION} {plural(count, 'value')} not shown here")
    return f'{key} = "{QUESTION}"  # {why}: look into the column, and write a line for each in place of this one'


def _hint(field: Field, value: str, counts: Iterable[str]) -> str:
    if field.name == "sex" and {v.strip() for v in counts} <= {*_NHS_SEX, "0", ""} and value.strip() in _NHS_SEX:
        return f'what does it mean? In the NHS Data Dictionary "{_NHS_SEX[value.strip()]}"'
    return "what does it mean?"


def _is_read(field: Field, value: str) -> bool:
    if field.kind == "flag":
        return is_missing_word(value) or flag_of(value) is not None
    return not value.strip() or read_value(field, value, date_format=None, last_day=_LAST_DAY).value is not None


def counts_of(column: pa.ChunkedArray) -> dict[str, int] | None:
    """How often each text stands in a column; None for a column of another kind."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        kind = pa.string()
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        return None
    found = pc.value_counts(column.cast(pa.large_string()))
    pairs = zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True)
    return {re.sub(r"\.0$", "", value): count for value, count in pairs if value is not None}


def number_columns(table: pa.Table, names: Sequence[str]) -> list[str]:
    """Those columns that hold numbers and nothing else, more than a few of them different."""
    found = []
    for name in names:
        counts = counts_of(table.column(name)) or {}
        texts = [value.strip() for value in counts if not is_missing_word(value)]
        if len(texts) > 2 and all(_NUMBER.fullmatch(text) for text in texts) and not _are_ids(texts):
            found.append(name)
    return found


def _are_ids(texts: Sequence[str]) -> bool:
    return any(len(text) >= 8 and text.isdigit() for text in texts)


def key_of(text: str, *, value: bool = False) -> str:
    """A text as TOML has it: bare where a key may be, else in quotes."""
    if not value and re.fullmatch(r"[A-Za-z0-9_-]+", text):
        return text
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
