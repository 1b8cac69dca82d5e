"""The schema of a file of options says what the program says; files of the pages and drafts are as it says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from own_csv import own_csv
from toml_text import as_json, changed, toml_document

import casemgmt as cm
from casemgmt.cli import app
from casemgmt.cli.config import REGISTERED, Option, added_by
from casemgmt.cli.config_schema import schema_of
from casemgmt.register.config import COMMANDS, SECTIONS
from casemgmt.register.questions import questions_of

PROJECT = Path(__file__).resolve().parents[2]
WHOLE = jsonschema.Draft202012Validator(schema_of("mapping"))
# What the reader alone says: two keys together, what a shell would take for an option, what no file must hold.
READER_ALONE = ("is said twice", "begins with a dash", "questions? that nobody has answered", "holds a password")
KNOWN = {*SECTIONS, *COMMANDS}
# Words of choice are held against the choices when the command line is read, after the file.
NO_CHOICE = re.compile(r"is not one of")


def complaints(document: dict[str, Any]) -> list[str]:
    return [error.message for error in WHOLE.iter_errors(as_json(document))]


def fitting(option: Option) -> Any:
    if option.choices:
        return option.choices[0]
    one = {"yes or no": True, "whole": 2, "number": 1.5}.get(option.kind, "x")
    return [one] if option.many else one


def document_of(command: str) -> dict[str, Any]:
    """Every option of a command, in its table."""
    table = {option.key: fitting(option) for name, option in REGISTERED[command].items() if name != "config"}
    first, _, second = command.partition(" ")
    return {first: {second: table}} if second else {first: table}


def read(document: dict[str, Any], command: str, file: Path) -> str | None:
    """What the program says against a table of options; None where it takes it."""
    file.write_text(toml_document(document), encoding="utf-8")
    try:
        added_by(file, command, REGISTERED[command], ())
    except cm.InputError as problem:
        return str(problem)
    return None


def differences(command: str, file: Path, step: int) -> list[str]:
    found = []
    for what, document in [each for each in changed(document_of(command)) if "datetime.date" not in each[0]][::step]:
        refused, said = complaints(document), read(document, command, file)
        if refused and said is None and not all(NO_CHOICE.search(each) for each in refused):
            found.append(f"{what}: the schema alone refuses it: {refused[0]}")
        if not refused and said is not None and not any(re.search(each, said) for each in READER_ALONE):
            found.append(f"{what}: the program alone refuses it: {said}")
    return found


@pytest.mark.parametrize(
    ("command", "step"), [(each, 97) for each in ("select", "demo", "compare", "caseload propose", "pseudonymise")]
)
def test_schema_and_program_refuse_the_same_of_a_table_of_options(command, step, tmp_path):
    assert complaints(document_of(command)) == []
    assert differences(command, tmp_path / "job.toml", step) == []


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_schema_and_program_refuse_the_same_of_all_changed_tables(command, tmp_path):
    assert differences(command, tmp_path / "job.toml", 1) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_misspelt_option_of_any_command_is_refused_by_both(command, tmp_path):
    assert app is not None
    whole = document_of(command)
    first, _, second = command.partition(" ")
    table = whole[first][second] if second else whole[first]
    key = next(iter(table))
    table[f"{key}-x"] = table.pop(key)
    assert any(f"{key}-x" in each for each in complaints(whole))
    assert f"{key}-x" in (read(whole, command, tmp_path / "job.toml") or "")


def texts_of_pages() -> list[tuple[str, str]]:
    """What pages write into a file, or show, that is a file of options or how a source is written."""
    pages = [PROJECT / "README.md", *PROJECT.glob("examples/**/*.md")]
    found = [
        (path.name, text)
        for path in pages
        for block in re.findall(r'"""\n(.*?)"""|^```toml\n(.*?)^```', path.read_text(encoding="utf-8"), re.S | re.M)
        if (text := "".join(block)) and re.search(r"^\[", text, re.M)
    ]
    of_schemes = {"scheme", "caseload"}  # where a file of options has [caseload.init] and the like
    return [(name, text) for name, text in found if tables(text) & KNOWN and not tables(text) & of_schemes]


def tables(text: str) -> set[str]:
    return {*re.findall(r"^\[([^\[\]]+)\]", text, re.M)}


def test_every_file_of_options_in_the_pages_is_as_the_schema_says():
    texts = texts_of_pages()
    assert "commands.md" in {name for name, _ in texts}
    assert {name: found for name, text in texts if (found := complaints(tomllib.loads(text)))} == {}


def test_a_draft_with_its_questions_is_as_the_schema_says(tmp_path):
    unsure = {"Gender": lambda i: "1" if i % 2 else "9", "Care Home": lambda i: ("", "Y", "Extra care")[i % 3]}
    once = {"Last Review": lambda i: "02/03/2023"}
    asked = 0
    for form, cells in (({}, {}), ({"separator": ";", "encoding": "cp1252"}, unsure), ({"encoding": "utf-16"}, once)):
        drafted = cm.draft_config(own_csv(tmp_path / "register.csv", 300, **form, **cells))
        document = tomllib.loads(drafted.text)
        assert complaints(document) == []
        assert len(questions_of(document, SECTIONS)) == drafted.questions
        asked += drafted.questions
    assert asked > 3
