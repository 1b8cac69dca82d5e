"""What a column of a database's table says, read as a register reads it: what it cannot hold is missing.

Whole numbers out of range or with a part of one are missing, categories are compared without regard to case and outer
spaces, flags may be true and false, 0 and 1, or words, and a missing sex is U. A carried column, one that is no field
of a register, is stricter: where a model cannot read it there is no score.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from casemgmt.register.fields import FIELDS, Field
from casemgmt.register.spellings import FALSE_WORDS, MISSING_WORDS, TRUE_WORDS
from casemgmt.risk.inputs import ModelInput

if TYPE_CHECKING:
    from casemgmt.risk.export.dialects import Dialect

LARGEST_DOUBLE = "1.7976931348623157e308"
# A number that stands in no cell: below all of them.
UNREADABLE = "-9e300"


def reading_of(each: ModelInput, column: str, dialect: Dialect, *, as_vectors: bool = False) -> str:
    """An expression for the value of an input's column: a number or a text as the input reads it, NULL where missing.

    Parameters
    ----------
    column : the column, quoted
    as_vectors : whether a missing value stays missing where a register has a value for it, as test vectors mean it
    """
    field = FIELDS.get(each.name)
    match each.kind:
        case "flag":
            return _flag(column, dialect, is_field=field is not None)
        case "category" if field is not None and field.allowed:
            return _known_category(field, column, dialect, as_vectors)
        case "category":
            text = f"CAST({column} AS {dialect.text_type})"
            return f"CASE WHEN {dialect.is_blank(text)} THEN NULL ELSE {text} END"
        case "integer" if field is None:
            return _carried_integer(each, column, dialect)
        case _ if field is not None:
            return _field_number(each, field, column, dialect)
    number = _number(column, dialect)
    return f"CASE WHEN {number} BETWEEN -{LARGEST_DOUBLE} AND {LARGEST_DOUBLE} THEN {number} END"


def is_true(column: str, dialect: Dialect) -> str:
    """A condition: a flag is known to be true."""
    return f"{dialect.as_text(column)} IN {_texts(TRUE_WORDS, dialect)}"


def _texts(words: tuple[str, ...], dialect: Dialect) -> str:
    return f"({', '.join(dialect.text(word) for word in words)})"


def _number(column: str, dialect: Dialect) -> str:
    if dialect.name == "sqlite":  # which takes text for 0 where a number is asked for
        return f"CASE WHEN TYPEOF({column}) IN ('integer', 'real') THEN {column} END"
    return f"CAST({column} AS {dialect.double})"


def _flag(column: str, dialect: Dialect, *, is_field: bool) -> str:
    known = _when(TRUE_WORDS, "1", dialect) + _when(FALSE_WORDS, "0", dialect)
    if is_field:
        return f"CASE {dialect.as_text(column)}{known} END"
    known += _when(("", *MISSING_WORDS), "NULL", dialect)
    return f"CASE WHEN {column} IS NOT NULL THEN CASE {dialect.as_text(column)}{known} ELSE -1 END END"


def _when(words: Iterable[str], then: str, dialect: Dialect) -> str:
    # Databases compare one expression with many words faster in this form than in IN lists.
    return "".join(f" WHEN {dialect.text(word)} THEN {then}" for word in words)


def _known_category(field: Field, column: str, dialect: Dialect, as_vectors: bool) -> str:
    known = "".join(_when((word.lower(),), dialect.text(word), dialect) for word in field.allowed)
    if field.name == "care_home_type":
        known += _when(TRUE_WORDS, dialect.text("unspecified"), dialect)
        known += _when(FALSE_WORDS, dialect.text("none"), dialect)
    unknown = f" ELSE {dialect.text(field.missing)}" if field.missing in field.allowed and not as_vectors else ""
    return f"CASE {dialect.as_text(column)}{known}{unknown} END"


def _field_number(each: ModelInput, field: Field, column: str, dialect: Dialect) -> str:
    number, least = _number(column, dialect), field.least
    whole = f"{number} = {_whole_part(number, dialect)}"
    under = ""
    if each.below is not None:  # the table begins later than the column does
        lifted = each.first if each.below == "first" else each.first - 1
        under, least = f"WHEN {number} BETWEEN {least} AND {each.first - 1} AND {whole} THEN {lifted} ", each.first
    return f"CASE {under}WHEN {number} BETWEEN {least} AND {field.most} AND {whole} THEN {number} END"


def _carried_integer(each: ModelInput, column: str, dialect: Dialect) -> str:
    number = _number(column, dialect)
    cases = [f"WHEN {number} NOT BETWEEN -{LARGEST_DOUBLE} AND {LARGEST_DOUBLE} THEN NULL"]
    cases.append(f"WHEN {number} <> {_whole_part(number, dialect)} THEN {UNREADABLE}")
    under = {"first": str(each.first), "no score": str(each.first - 1), None: "NULL"}[each.below]
    cases.append(f"WHEN {number} < {each.first} THEN {under}")
    return f"CASE {' '.join(cases)} ELSE {number} END"


def _whole_part(number: str, dialect: Dialect) -> str:
    return f"ROUND({number})" if dialect.name == "sqlite" else f"FLOOR({number})"
