"""A model for R: a plain table of conditions and amounts, and a short script of base R that adds them up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

from casemgmt.disk import replace_file
from casemgmt.errors import InputError
from casemgmt.register.fields import FIELDS
from casemgmt.register.spellings import FALSE_WORDS, MISSING_WORDS, TRUE_WORDS
from casemgmt.risk.additive import AdditiveModel
from casemgmt.risk.export.dialects import WHITE_SPACE
from casemgmt.risk.export.r_script import SCRIPT
from casemgmt.risk.export.wording import plain
from casemgmt.risk.inputs import MILLION, ModelInput, decimal_text
from casemgmt.risk.link import log_of_decimal
from casemgmt.risk.pairs import UNKNOWN, PairInput, PairSide

if TYPE_CHECKING:
    from pathlib import Path

_SIDE = ("column", "read", "least", "most", "words", "holds", "low", "high", "text")
HEADER = ("model", "input", "name", "band", "millionths", *(f"{each}_{n}" for n in (1, 2) for each in _SIDE))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInR:
    """A model as R reads it.

    Attributes
    ----------
    table : CSV text, a line a cell: up to two conditions, and the amount in millionths where both hold
    script : base R that defines ``casemgmt_score(register, table)``, a frame of patient_id, score and risk
    """

    table: str
    script: str

    def save(self, folder: str | Path) -> Path:
        """Write ``model.csv`` and ``model.R`` into a folder, which is made where there is none; returns it.

        Raises
        ------
        InputError : the folder cannot be written to
        """
        from casemgmt import arguments
        from casemgmt.rule_files import path_of

        arguments.path(folder, "folder")
        there = path_of(folder, InputError, "folder")
        try:
            there.mkdir(parents=True, exist_ok=True)
            for name, text in (("model.csv", self.table), ("model.R", self.script)):
                replace_file(there / name, text.encode())
        except OSError as problem:
            raise InputError(f"folder cannot be written to: {problem.strerror}.") from None
        return there


@dataclass(frozen=True, slots=True)
class _Condition:
    """What one column must hold, and how it is read; in the order of the table."""

    column: str = ""
    read: str = ""
    least: str = ""
    most: str = ""
    words: str = ""
    holds: str = "any"
    low: str = ""
    high: str = ""
    text: str = ""

    def between(self, low: str, high: str, holds: str = "from") -> _Condition:
        """The same column between two edges, blank where open: from the lower one, or over it."""
        return replace(self, holds=holds, low=low, high=high)

    def cells(self) -> list[str]:
        """In the order of the table."""
        return [str(cell) for cell in astuple(self)]


def r_of(model: AdditiveModel) -> ModelInR:
    """The table and the script of a model, and of those whose scores it takes."""
    models = _models(model)
    numbers = {id(each): number for number, each in enumerate(models, start=1)}
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for each in models:
        for row in _rows(each, numbers):
            if any("\n" in cell or "\r" in cell or "\0" in cell for cell in row):
                raise InputError("A name or a text of the model holds a line break or a NUL, which R cannot read.")
            writer.writerow(row)
    return ModelInR(table=out.getvalue(), script=_script(model, models))


def _models(model: AdditiveModel) -> list[AdditiveModel]:
    """The models whose scores are taken, each before the one that takes it, and the model itself last."""
    inner = [each for nested in model.nested.values() for each in _models(nested)]
    return [*inner, model]


def _rows(model: AdditiveModel, numbers: dict[int, int]) -> Iterator[list[str]]:
    for number, each in enumerate(model.inputs, start=1):
        start = [str(numbers[id(model)]), str(number), plain(each.name)]
        for name in each.superseded_by:
            greater = _Condition(column=name, read="flag" if name in FIELDS else "own flag", holds="supersedes")
            yield [*start, f"superseded by {plain(name)}", "0", *greater.cells(), *_Condition(column=each.name).cells()]
        for band, amount, conditions in _cells(model, each, numbers):
            cells = [cell for condition in conditions for cell in condition.cells()]
            yield [*start, plain(band), "NA" if amount is None else str(amount), *cells]


def _cells(
    model: AdditiveModel, each: ModelInput, numbers: dict[int, int]
) -> Iterator[tuple[str, int | None, tuple[_Condition, _Condition]]]:
    if not isinstance(each, PairInput):
        for cell, condition in _conditions(model, each, numbers):
            yield each.cells[cell], each.contributions[cell], (condition, _Condition())
        return
    sides = [_by_group(model, side, numbers) for side in each.sides]
    for first, ones in sides[0]:
        for second, others in sides[1]:
            cell = each.cell_at(first, second)
            yield each.cells[cell], each.contributions[cell], (ones, others)


def _by_group(model: AdditiveModel, side: PairSide, numbers: dict[int, int]) -> list[tuple[int, _Condition]]:
    """A side's conditions, a cell of its input beside each; cells of one group of numbers are one condition."""
    known = list(_conditions(model, side.input, numbers))
    if not side.edges:
        return known
    found: list[tuple[int, _Condition]] = []
    for cell, condition in known:
        before = found[-1] if found else None
        joined = before and side.groups[before[0]] == side.groups[cell] != UNKNOWN
        if before and joined and condition.holds in ("from", "over") and before[1].high == condition.low:
            found[-1] = (before[0], replace(before[1], high=condition.high))
        else:
            found.append((cell, condition))
    return found


def _conditions(model: AdditiveModel, each: ModelInput, numbers: dict[int, int]) -> Iterator[tuple[int, _Condition]]:
    """Each way to stand in a cell of an input: the cell, and the condition."""
    field, missing = FIELDS.get(each.name), len(each.contributions) - 1
    own = _read_as(each, str(numbers[id(model.nested[each.name])]) if each.kind == "score" else each.name)
    match each.kind:
        case "flag":
            yield 0, own.between("0", "1")
            yield 1, own.between("1", "2")
        case "category":
            for cell, text in enumerate(each.categories):
                yield cell, replace(own, holds="text", text=text)
            if each.other is not None:
                yield len(each.categories), replace(own, holds="other")
        case "integer":
            last = len(each.table) - 1
            for cell in range(len(each.table)):
                low = "" if cell == 0 and each.below == "first" else str(each.first + cell)
                yield cell, own.between(low, "" if cell == last else str(each.first + cell + 1))
            if each.below == "no score":
                yield last + 1, own.between("", str(each.first))
            elif each.below is None and field is None:
                yield missing, own.between("", str(each.first))
        case _:
            edges = [str(edge * each.scale) if each.kind == "score" else decimal_text(edge) for edge in each.edges]
            holds = "from" if each.closed == "left" else "over"
            for cell, (low, high) in enumerate(zip(["", *edges], [*edges, ""], strict=True)):
                yield cell, own.between(low, high, holds)
    yield missing, replace(own, holds="missing")


def _read_as(each: ModelInput, column: str) -> _Condition:
    """How the column of an input is read."""
    field = FIELDS.get(each.name)
    own = _Condition(column=column)
    if each.kind in ("flag", "score"):
        return replace(own, read="total" if each.kind == "score" else "flag" if field else "own flag")
    if each.kind == "category":
        known = field.allowed if field else ()
        default = [f"={field.missing}"] if field and field.missing in known else []
        return replace(own, read="known" if known else "text", words=" ".join([*known, *default]))
    if field:
        return replace(own, read="whole", least=str(field.least), most=str(field.most))
    return replace(own, read="own whole" if each.kind == "integer" else "number")


def _script(model: AdditiveModel, models: Sequence[AdditiveModel]) -> str:
    risk = "rep(NA_real_, length(score))"
    if model.link == "logistic":
        risk = "1 / (1 + exp(-score))"
    elif model.link == "survival":
        rate = -log_of_decimal(str(model.baseline_survival))
        risk = f"1 - exp(-{rate!r} * exp(score - ({decimal_text(model.centre or 0)})))"
    facts = {
        "INTERCEPTS": ", ".join(str(each.intercept) for each in models),
        "FLOORS": ", ".join("-Inf" if each.floor is None else str(each.floor) for each in models),
        "INPUTS": ", ".join(str(len(each.inputs)) for each in models),
        "UNIT": str(MILLION * model.divide_by),
        "RISK": risk,
        "TRUE_WORDS": _words(TRUE_WORDS),
        "FALSE_WORDS": _words(FALSE_WORDS),
        "MISSING_WORDS": _words(("", *MISSING_WORDS)),
        "WHITE_SPACE": "".join(f"\\u{ord(mark):04x}" for mark in WHITE_SPACE),
        "TITLE": f"{plain(model.name)} {plain(model.version)}: {plain(model.title)}",
    }
    text = SCRIPT
    for key, fact in facts.items():
        text = text.replace(f"<{key}>", fact)
    return text


def _words(words: Sequence[str]) -> str:
    return ", ".join('"' + word.replace("\\", "\\\\") + '"' for word in words)
