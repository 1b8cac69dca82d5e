"""Messages of the library in the words of the command line: ``--column`` in place of ``columns={…}``."""

from __future__ import annotations

import re
from collections.abc import Callable

from casemgmt.cli.config import REGISTERED, Option

_NAME = r"'([^']*)'"


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
    (r"\bmodel_or_risks(?:=(?= )|(?=:))", "--score"),
    (r"\bare_risks=False", "--points"),
    (r"\bsay overwrite=True", "add --overwrite"),
    (r"\bor say overwrite\.", "or add --overwrite."),
    (r"\bshares: each is a text", "--share: each is a text"),
    (r"\bby_practice\(suppressed=True\)", "--suppressed"),
    (
        r"\b(lists|covers|base_year|deaths|life_expectancy|ages|care_homes|episodes)=(?=[ .,;:)]|$)",
        _an_option,
    ),
    (r"\bTo make one, give create=True and review_every_months=\.", "`casemgmt caseload init` makes one."),
    (r"\bopen it without create=True, or choose another place", "choose another place"),
    (r"\bthen open it with migrate=True", "then run `casemgmt caseload migrate`"),
    (r"\bwhere= is (?=the path)", "STORE is "),
    (r"\bwhere=: ", "STORE: "),
    (r"\bGive within_days=21, or a scheme that says so", "Give --within-days 21, or a --scheme that says so"),
    (r"\bGive tariff=, a tariff", "Give --tariff, a tariff"),
    (r" In build_register, whose columns= speak of .*?casemgmt\.codes\.events\.", ""),
    (
        r"\bGive derive_conditions the code list that makes them .*?\babsent=\[[^]]*\]",
        "Give --codelist what makes them",
    ),
    (
        r"\bScore the register that build_register makes of these conditions and the list of patients",
        "Derive the conditions without --model, put them beside the list of patients, and `casemgmt score` that",
    ),
    (r"\bGive system='snomedct', or write it in the side file", "Write system = 'snomedct' in the side file"),
    (r"\bGive condition='diabetes', or add a column", "Add a column condition"),
    (r"\bprocedures=\(\)", "--no-procedures"),
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
# Python's name of an argument: the command's, where they differ.
_OTHERWISE = {
    "allow_missing_practices": "allow_missing_practice",
    "allow_demonstration": "demonstration",
    **{"inputs": "input", "pairs": "pair", "words": "word", "shares": "share", "codelists": "codelist"},
}
# An argument, and what may stand behind its name: nothing, a value in quotes or out of them, a list of one, a call.
_SAID = re.compile(
    r"(?<![\w.-])(?P<name>[a-z]\w*)=(?:"
    r"(?P<bare>(?=[ .,;:)\n]|$))|(?P<truth>True|False)\b|(?P<open>\[|cm\.load_\w+\(|Path\()?"
    r"(?:'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\"|(?P<free>…|[\w%/-]+(?:\.\d+)?))(?(open)(?:, …)?[\])]))"
)
_SAID_AGAIN = re.compile(r"(--[a-z-]+)(?: [^ ()]+)? \((\1[^)]*?)(?: on the command line)?\)")


def in_command_words(message: str, command: str = "") -> str:
    """A message whose remedies are options of a command.

    Parameters
    ----------
    command : the one that runs, such as ``caseload propose``: an argument that it has as an option is named as that

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
    message = _BARE.sub(lambda found: _CALLED.get(found[1], "--" + found[1].replace("_", "-")), message)
    return _SAID_AGAIN.sub(r"\2", _with_options(message, command))


def _with_options(message: str, command: str) -> str:
    """The message with every argument that is an option of this command said as that."""
    options = dict(REGISTERED.get(command, {}))
    options |= {python: options[name] for python, name in _OTHERWISE.items() if name in options}
    return _SAID.sub(
        lambda found: _typed(options[found["name"]], found) if found["name"] in options else found[0], message
    )


def _typed(option: Option, found: re.Match[str]) -> str:
    yes, _, no = option.said.partition("/")
    if found["truth"]:
        if option.kind != "yes or no":
            return found[0]
        return yes if found["truth"] == "True" else no or f"no {yes}"
    if not option.said:
        return option.words.strip("[]").partition("|")[0].rstrip(".") if found["bare"] is not None else found[0]
    if found["bare"] is not None:
        return yes
    value = next(each for each in (found["one"], found["two"], found["free"]) if each is not None)
    if value == "…":
        return f"{yes} {option.words or '…'}"
    return f"{yes} {value}" if re.fullmatch(r"[\w.:%/-]+", value) else f"{yes} '{value}'"


def _each_pair(found: re.Match[str]) -> str:
    return " ".join(f"--column '{name}={field}'" for name, field in re.findall(rf"{_NAME}: {_NAME}", found[1]))


def _each_value(found: re.Match[str]) -> str:
    return " ".join(
        f"--value '{found[1]}:{text}={value}'" for text, value in re.findall(rf"{_NAME}: {_NAME}", found[2])
    )
