"""How each database writes a name, a text, an exact amount and a double: all that differs between the dialects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from casemgmt.errors import InputError, did_you_mean, listed
from casemgmt.risk.inputs import MILLION

# All that Python's text calls so, no-break and ideographic spaces among them.
WHITE_SPACE = "".join(mark for mark in map(chr, range(0x3001)) if mark.isspace())

DialectName = Literal["tsql", "spark", "duckdb", "postgres", "sqlite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One database's ways of writing.

    Attributes
    ----------
    name : of the dialect
    opening, closing : what stands before and after a name; the closing one is doubled inside it
    text_type, double, whole, exact : types: of text, of a 64-bit number, of a whole number, of a sum of amounts
    quoted : a text as a literal, its control characters already looked after
    exact_text : what follows a text so that it is compared as it is, whatever the column's collation; T-SQL also
        needs a mark at the end, because it takes ``'a'`` and ``'a '`` for one
    """

    name: DialectName
    opening: str
    closing: str
    text_type: str
    double: str
    whole: str
    exact: str
    quoted: Callable[[str], str]
    exact_text: str = ""

    def identifier(self, name: str) -> str:
        """A column or table name, quoted."""
        if "\0" in name or (self.name == "spark" and "${" in name):
            raise InputError(f"{listed([name])} cannot be the name of a column in {self.name}.")
        return f"{self.opening}{name.replace(self.closing, 2 * self.closing)}{self.closing}"

    def table(self, name: str | Sequence[str]) -> str:
        """A table's name, its parts quoted: ``dbo.register``, or a list of parts where one holds a full stop."""
        parts = name.split(".") if isinstance(name, str) else list(name)
        if not parts or not all(isinstance(part, str) and part.strip() for part in parts):
            raise InputError('table is the name of a table, such as "register" or "dbo.register", or a list of parts.')
        return ".".join(map(self.identifier, parts))

    def text(self, value: str) -> str:
        """A text as a literal."""
        if "\0" in value:
            raise InputError("A text that the model speaks of holds a character that no database can hold.")
        return self.quoted(value)

    def amount(self, millionths: int | None) -> str:
        """An amount: an exact decimal, or whole millionths where the database has no exact decimals."""
        if millionths is None:
            return "NULL"
        if self.name == "sqlite":
            return str(millionths)
        whole, part = divmod(abs(millionths), MILLION)
        return f"{'-' if millionths < 0 else ''}{whole}.{part:06d}"

    def number(self, value: float) -> str:
        """A number to compare a value with: whole, or a double written so that each database reads the nearest."""
        return str(int(value)) if value == int(value) and abs(value) < 2**31 else f"{value!r}{_exponent(value)}"

    def as_text(self, expression: str) -> str:
        """An expression as text without outer spaces, in small letters."""
        return f"LOWER(LTRIM(RTRIM(CAST({expression} AS {self.text_type}))))"

    def is_blank(self, text: str) -> str:
        """Whether a text is empty or white space alone, of any kind that a register takes for such."""
        marks = self.quoted(WHITE_SPACE)
        match self.name:
            case "tsql":  # TRIM takes marks from SQL Server 2017 on
                return f"{text}{self.exact_text} NOT LIKE {self.quoted(f'%[^{WHITE_SPACE}]%')}"
            case "spark":
                return f"TRIM(BOTH {marks} FROM {text}) = ''"
            case "postgres":
                return f"BTRIM({text}, {marks}) = ''"
            case _:
                return f"TRIM({text}, {marks}) = ''"

    def same_text(self, expression: str, value: str) -> str:
        """Whether an expression is a text, letter by letter."""
        if self.name != "tsql":
            return f"{expression} = {self.text(value)}{self.exact_text}"
        return f"{expression} + N'|' = {self.text(value + '|')}{self.exact_text}"


def _exponent(value: float) -> str:
    return "" if "e" in repr(value) else "e0"


def _doubled(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _national(text: str) -> str:
    # The command line of SQL Server puts variables in for $(name), also inside a literal.
    return f"N{_doubled(text)}".replace("$(", "$' + N'(")


def _escaped(text: str) -> str:
    # A dollar could begin a variable of Spark's, also inside a literal.
    for mark, instead in (("\\", "\\\\"), ("'", "\\'"), ("$", "\\u0024")):
        text = text.replace(mark, instead)
    return f"'{text}'"


_ALL = (
    Dialect(
        name="tsql",
        opening="[",
        closing="]",
        text_type="NVARCHAR(4000)",
        double="FLOAT",
        whole="BIGINT",
        exact="DECIMAL(19, 6)",
        quoted=_national,
        exact_text=" COLLATE Latin1_General_BIN2",
    ),
    Dialect(
        name="spark",
        opening="`",
        closing="`",
        text_type="STRING",
        double="DOUBLE",
        whole="BIGINT",
        exact="DECIMAL(19, 6)",
        quoted=_escaped,
    ),
    Dialect(
        name="duckdb",
        opening='"',
        closing='"',
        text_type="VARCHAR",
        double="DOUBLE",
        whole="BIGINT",
        exact="DECIMAL(19, 6)",
        quoted=_doubled,
    ),
    Dialect(
        name="postgres",
        opening='"',
        closing='"',
        text_type="TEXT",
        double="DOUBLE PRECISION",
        whole="BIGINT",
        exact="DECIMAL(19, 6)",
        quoted=_doubled,
    ),
    Dialect(
        name="sqlite",
        opening='"',
        closing='"',
        text_type="TEXT",
        double="REAL",
        whole="INTEGER",
        exact="INTEGER",
        quoted=_doubled,
        exact_text=" COLLATE BINARY",
    ),
)
DIALECTS: Mapping[str, Dialect] = {each.name: each for each in _ALL}


def dialect_named(name: object) -> Dialect:
    """A dialect by its name.

    Raises
    ------
    InputError : there is none of that name
    """
    if isinstance(name, str) and name in DIALECTS:
        return DIALECTS[name]
    near = did_you_mean(name, list(DIALECTS)) if isinstance(name, str) else ""
    raise InputError(f"dialect is one of {listed(list(DIALECTS))}.{near}")
