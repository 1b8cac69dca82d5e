"""Every error the library raises on purpose: what is wrong, how many, and the remedy; never a patient's value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from casemgmt.names import are_names, folded, nearest

_LONGEST_NAME = 60
_LOADED = {"scheme": "cm.load_scheme('rotherham-2015-16')", "model": "cm.load_model('cambridge-multimorbidity-20')"}


class CasemgmtError(ValueError):
    """The base of all errors raised on purpose."""

    exit_code = 1


class InputError(CasemgmtError):
    """A register, a score or a file that cannot be used as it is."""


class InputWarning(UserWarning):
    """Something in a register or in how it is described that looks like a slip, and changes no value."""


class MissingColumnsError(InputError):
    """Columns that are needed and are not there; ``columns`` names them."""

    columns: tuple[str, ...] = ()


class CodeError(InputError):
    """A text that is no code of its coding system."""


class SchemeError(CasemgmtError):
    """A scheme file that says something it may not say, or leaves something out."""


class ModelError(CasemgmtError):
    """A model file that is wrong, or does not agree with its own test vectors."""


class CapExceededError(CasemgmtError):
    """More nominations than judgement places, in one or more practices."""

    exit_code = 3


class PublishError(CasemgmtError):
    """An output that could not be written whole."""

    exit_code = 4


class VerifyError(CasemgmtError):
    """A published selection that is not what its manifest says."""


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 row``, ``8,543 rows``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Iterable[str], most: int = 10) -> str:
    """The names in order, quoted, the tail counted instead of listed."""
    names = list(names)
    shown = ", ".join(f"'{name}'" if len(str(name)) <= 200 else f"'{str(name)[:200]}…'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """`` Did you mean 'x'?`` with its leading space, or nothing where no known name is near.

    A name that may be another field's or another disease's is not offered, however near it is spelt.
    """
    near = nearest(name, known)
    return f" Did you mean {' or '.join(repr_of(each) for each in near)}?" if near else ""


def repr_of(name: str) -> str:
    """A name in quotes."""
    return f"'{name}'"


def is_misspelt(name: str, meant: str) -> bool:
    """Whether a name is so near to another that a slip is likelier than a choice."""
    return difflib.SequenceMatcher(None, folded(name), folded(meant)).ratio() >= 0.9


def missing_columns(
    missing: Sequence[str], present: Sequence[str], needed_by: str, *, checked: bool = False, is_own: bool = False
) -> MissingColumnsError:
    """One error that names every missing column, each with the nearest column that is there, and the header.

    Parameters
    ----------
    missing : the names that are not there
    present : the names that are; of a file without a header they are a patient's values, and nothing is shown of them
    needed_by : what needs the columns
    checked : whether ``present`` is known to hold names
    is_own : whether the table is this library's, whose columns nobody renames
    """
    shown = checked or is_own or are_names(present)
    near = [
        next(filter(None, (did_you_mean(n, present) for n in name.split(" or "))), "") if shown else ""
        for name in missing
    ]
    lines = [f"  '{name}' is missing.{meant}" for name, meant in zip(missing, near, strict=True)]
    if shown:
        lines.append(f"  The columns that are there: {listed((name[:_LONGEST_NAME] for name in present), most=40)}.")
    else:
        lines.append(
            f"  The first line does not look like a header ({plural(len(present), 'value')}; nothing of it is shown). "
            "If the header stands further down, say skip_lines=N; if there is none, write one."
        )
    if shown and not is_own:
        lines.append("  Rename a column with columns={'its name in your data': 'the field'}.")
    error = MissingColumnsError(f"{plural(len(missing), 'column')} that {needed_by} needs:\n" + "\n".join(lines))
    error.columns = tuple(missing)
    return error


def unknown_name(
    kind: str, name: str, known: Sequence[str], *, remedy: str = "", error: type[CasemgmtError] = InputError
) -> CasemgmtError:
    """``There is no scheme 'x'. Did you mean 'y'? Known: …``."""
    text = f"There is no {kind} '{name}'.{did_you_mean(name, known)} Known: {listed(known, most=40) or 'none'}."
    return error(text + _sentence(remedy))


def no_such_column(argument: str, name: str, present: Sequence[str]) -> InputError:
    """An argument that names a column which is not there."""
    return InputError(f"{argument}= names '{name}', which is no column.{did_you_mean(name, present)}")


def not_loaded(what: str) -> InputError:
    """A name, or anything else, where a loaded scheme or model is needed."""
    return InputError(f"{what}: give a loaded {what}, such as {_LOADED[what]}.")


def not_one_of(argument: str, allowed: Sequence[str]) -> InputError:
    """An argument that is none of a few texts."""
    quoted = [repr_of(each) for each in allowed]
    return InputError(f"{argument} must be {', '.join(quoted[:-1])} or {quoted[-1]}.")


def such_as(argument: str, remedy: str, example: str) -> InputError:
    """An argument that is not what it should be: what to give, and an example of it."""
    return InputError(f"{argument}: {remedy}, such as {argument}={example}.")


def must_be(
    key: str, what: str, remedy: str = "", *, place: str = "", error: type[CasemgmtError] = InputError
) -> CasemgmtError:
    """A key of a file that does not hold what it must."""
    return error(f"{_before(place)}'{key}' must be {what}.{_sentence(remedy)}")


def missing_key(
    key: str, remedy: str = "", *, place: str = "", error: type[CasemgmtError] = InputError
) -> CasemgmtError:
    """A key that a file leaves out."""
    return error(f"{_before(place)}'{key}' is missing.{_sentence(remedy)}")


def unknown_key(
    place: str,
    key: str,
    known: Sequence[str],
    *,
    hint: str | None = None,
    listing: bool = False,
    error: type[CasemgmtError] = InputError,
) -> CasemgmtError:
    """A key that a file may not have; the hint, where there is none, is the nearest key that it may have."""
    near = did_you_mean(key, known) if hint is None else hint
    return error(f"{place}: unknown key '{key}'.{near}{f' Known: {listed(known, 40)}.' if listing else ''}")


def needs_every_row(what: str, because: str) -> InputError:
    """Something asked of a scanned register, or of what was kept of one, that only a whole one can answer."""
    return InputError(
        f"{what} needs every row of the register{because}. "
        "Read it with cm.read_register, all of it or one practice's rows."
    )


def not_text(column: str, holds: str) -> InputError:
    """A column of ids that were loaded as numbers or the like, which loses some of them."""
    return InputError(
        f"Column '{column}' holds {holds}. Read it as text where the data is loaded (for example dtype=str)."
    )


def not_valid_text(what: str) -> InputError:
    """Text with half of a character, which nothing can store."""
    return InputError(f"{what} that is not valid text (a lone surrogate).")


def no_rows_yet(what: str) -> InputError:
    """A lazy frame, which is a plan and no data."""
    return InputError(f"{what} no rows yet: call .collect() on it first.")


def damaged_file(name: str, kind: str) -> InputError:
    """A file that its own format says is not whole."""
    return InputError(f"{name}: not a readable {kind} file; it is damaged or cut short. Copy it again.")


def not_csv(
    place: str, problem: object, *, kind: str = "CSV file", error: type[CasemgmtError] = InputError
) -> CasemgmtError:
    """A file of lines that cannot be split into values."""
    return error(f"{place}: not a {kind}: {problem}.")


def being_written(path: object) -> PublishError:
    """A file that another process holds open for writing."""
    return PublishError(f"Another process is writing {path}. Wait for it, then run again.")


def _before(place: str) -> str:
    return f"{place}: " if place else ""


def _sentence(text: str) -> str:
    return f" {text}" if text else ""
