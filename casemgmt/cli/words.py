"""Messages of the library in the words of the command line: ``--column`` in place of ``columns={…}``."""

from __future__ import annotations

import re
from collections.abc import Callable

_NAME = r"'([^']*)'"


def _option_such_as(found: re.Match[str]) -> str:
    return f"such as --{found[1].replace('_', '-')} "


def _an_option(found: re.Match[str]) -> str:
    return {"covers": "--covers-from and --covers-to", "episodes": "EPISODES"}.get(
        found[1], f"--{found[1].replace('_', '-')}"
    )


_OPTIONS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"columns=\{'its name in your data': 'the field'\}", "--column 'its name in your data=the field'"),
    (rf"values=\{{{_NAME}: …\}}", r"--value '\1:TEXT=VALUE'"),
    (rf"values=\{{{_NAME}: \{{{_NAME}: {_NAME}\}}\}}", r"--value '\1:\2=\3'"),
    (rf"date_format=\{{{_NAME}: {_NAME}\}}", r"--date-format '\1=\2'"),
    (rf"date_format=\{{{_NAME}: …\}}", r"--date-format \1=FORM"),
    (r"skip_lines=(\w+)", r"--skip-lines \1"),
    (r"separator=('[^']+')", r"--separator \1"),
    (rf"encoding={_NAME}", r"--encoding \1"),
    (r"sheet=…", "--sheet NAME"),
    (r"\bscore= (?=names )", "--score "),
    (r"\branked_alone=True", "--ranked-alone"),
    (r"\bmodel_or_risks(?:=(?= )|(?=:))", "--score"),
    (r"\bare_risks=False", "--points"),
    (r"\bsay overwrite=True", "add --overwrite"),
    (r"\bor say overwrite\.", "or add --overwrite."),
    (r"\bgive each one's risk with risk=", "give each one's risk with --risk"),
    (r"\bshares: each is a text", "--share: each is a text"),
    (r"\bby_practice\(suppressed=True\)", "--suppressed"),
    (
        r"\b(lists|covers|base_year|deaths|life_expectancy|ages|care_homes|episodes)=(?=[ .,;:)]|$)",
        _an_option,
    ),
    (r"\bsuch as (hours_a_week|pounds_a_year|threshold|weeks|known_at)=", _option_such_as),
    (r"\bTo make one, give create=True and review_every_months=\.", "`casemgmt caseload init` makes one."),
    (r"\bopen it without create=True, or choose another place", "choose another place"),
    (r"\bthen open it with migrate=True", "then run `casemgmt caseload migrate`"),
    (r"\bwhere= is (?=the path)", "STORE is "),
    (r"\bwhere=: ", "STORE: "),
    (r"\bheads= (?=holds |maps )", "--heads "),
    (r"\bGive within_days=21, or a scheme that says so", "Give --within-days 21, or a --scheme that says so"),
    (r"\bGive tariff=, a tariff", "Give --tariff, a tariff"),
    (r"; or, to select for that day once more, previous=caseload\.on\([^)]*\), with known_at= [^.]*", ""),
)
_PAIRS = re.compile(r"columns=\{((?:'[^']*': '[^']*'(?:, )?)+)\}")
_VALUES = re.compile(rf"values=\{{{_NAME}: \{{((?:'[^']*': '[^']*'(?:, )?)+)\}}\}}")
_FORM = re.compile(rf"date_format=\{{{_NAME}: {_NAME}\}}")
_BARE = re.compile(
    r"\b(columns|values|date_format|sheet|separator|skip_lines|encoding|config|expected_rows|memory|practice_pattern)="
    r"(?=[ .,;:)]|$)"
)
_CALLED = {"columns": "--column", "values": "--value"}


def in_command_words(message: str) -> str:
    """A message whose remedies are options of a command.

    Examples
    --------
    >>> in_command_words("Rename it with columns={'DOD': 'date_of_death'}, or give it another name.")
    "Rename it with --column 'DOD=date_of_death', or give it another name."
    >>> in_command_words("Map it away with values={'date_of_death': {'1900-01-01': ''}}.")
    "Map it away with --value 'date_of_death:1900-01-01='."
    """
    for pattern, option in _OPTIONS:
        message = re.sub(pattern, option, message)
    message = _PAIRS.sub(_each_pair, message)
    message = _VALUES.sub(_each_value, message)
    message = _FORM.sub(r"--date-format '\1=\2'", message)
    return _BARE.sub(lambda found: _CALLED.get(found[1], "--" + found[1].replace("_", "-")), message)


def _each_pair(found: re.Match[str]) -> str:
    return " ".join(f"--column '{name}={field}'" for name, field in re.findall(rf"{_NAME}: {_NAME}", found[1]))


def _each_value(found: re.Match[str]) -> str:
    return " ".join(
        f"--value '{found[1]}:{text}={value}'" for text, value in re.findall(rf"{_NAME}: {_NAME}", found[2])
    )
