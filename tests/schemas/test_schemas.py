"""A schema and the reader of its files say the same, but for a list of rules that no schema can say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_texts import WHOLE
from toml_text import as_json, changed, toml_document

import casemgmt as cm
from casemgmt.codes.listfiles import check_sayings, side_file
from casemgmt.codes.rules import load_rules
from casemgmt.outputs.report.tariff import read_tariff_text
from casemgmt.register.config import read_config
from casemgmt.schemas import MAKERS, schema_of, schema_text
from casemgmt.scheme.files import read_scheme_text

PACKAGE = Path(cm.__file__).parent
PROJECT = Path(__file__).resolve().parents[2]  # the package may be installed elsewhere
SHIPPED = {
    "scheme": [*PACKAGE.glob("scheme/shipped/*.toml"), *PROJECT.glob("examples/**/*scheme.toml")],
    "model": [*PROJECT.glob("models/*/model.toml"), PROJECT / "benchmarks/model/model.toml"],
    "rules": [*PROJECT.glob("models/*/rules.toml"), *PROJECT.glob("examples/**/rules.toml")],
    "codelist": [*PACKAGE.glob("codes/lists/*.toml"), *PROJECT.glob("examples/**/codelists/*.toml")],
    "tariff": [*PACKAGE.glob("outputs/report/tariffs/*.toml")],
}

# What readers refuse and no schema says, by what their errors say: what two places must say together, what must add
# up, what only a calendar, a count of bytes or a comparison of numbers tells.
NO_SCHEMA_SAYS = {
    "all": (),
    "scheme": (
        *("is repeated", "stands in neither 'required' nor", "'required' and 'optional' both name", "no route uses"),
        *("must be smaller than the upper edge", "none lies within", "must be more than the share"),
        *("more than 0% and at most 100%", "divides by nought", "64 bytes of UTF-8"),
        *("which is no route of it", "there is no \\[caseload.register_test\\]", "two payments have one name"),
        *("are together", "two instalments have one name", "comes after 'register_on'", "a day of every year"),
        *("an ISO date", "must be rounded as the share"),
    ),
    "model": (
        *("written more than once", "names an? \\w+ twice", "which is no other (flag|input)", "superseded itself"),
        *("must begin exactly where", "ends before it begins", "is never reached", "says what cannot happen"),
        *("'below' is missing", "'other' is missing", "'reference' is not in", "'table' runs from", "is no category"),
        *("need \\d+ value", "must have \\d+ (rows|value)", "are needed", "larger than the one before"),
        *("must be whole", "no whole number from", "register field of that name cannot feed", "edges given for"),
        *("edges are given for", "a name of its own", "is of kind", "must name another model", "There is no model"),
        *("must be over 0 and under 1", "outside -1,000,000", "yet '"),
    ),
    "rules": ("is written twice", "names the condition itself"),
    "codelist": (),
    "tariff": ("two payments have one name",),
    "mapping": (),
}
# A TOML date where a text is asked for, and a number with a point that is whole: JSON knows neither apart.
NO_JSON_SAYS = re.compile(r"datetime\.date")


def read(kind: str, document: dict[str, Any], folder: Path) -> str | None:
    """What the reader says against a document; None where it reads it."""
    text = toml_document(document)
    path = folder / ("model.toml" if kind == "model" else "it.toml")
    path.write_text(text, encoding="utf-8")
    readers: dict[str, Callable[[], object]] = {
        "scheme": lambda: read_scheme_text(text, "it"),
        "model": lambda: cm.load_model(folder),
        "rules": lambda: load_rules(path),
        "codelist": lambda: check_sayings({"system": "icd10", **side_file(path)}, "it"),
        "tariff": lambda: read_tariff_text(text, "it"),
        "mapping": lambda: read_config(path),
    }
    try:
        readers[kind]()
    except cm.CasemgmtError as problem:
        # The vectors of a changed model no longer agree with it, which is not about its file.
        return None if "vectors.csv" in str(problem) else str(problem)
    return None


@cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema_of(kind))


def differences(kind: str, document: dict[str, Any], folder: Path) -> str | None:
    """How schema and reader differ over a document; None where they do not, or may."""
    refused = next(validator(kind).iter_errors(as_json(document)), None)
    said = read(kind, document, folder)
    if refused is not None and said is None:
        return f"the schema alone refuses it: {refused.json_path}: {refused.message[:200]}"
    if refused is None and said is not None and not any(re.search(each, said) for each in NO_SCHEMA_SAYS[kind]):
        return f"the reader alone refuses it: {said[:200]}"
    return None


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vectors.csv").write_text("expected_score\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("kind", MAKERS)
def test_a_schema_is_one_and_every_shipped_file_is_as_it_says(kind):
    jsonschema.Draft202012Validator.check_schema(schema_of(kind))
    documents = [WHOLE[kind], *(path.read_text(encoding="utf-8") for path in SHIPPED.get(kind, []))]
    for text in documents:
        assert [error.message for error in validator(kind).iter_errors(as_json(tomllib.loads(text)))] == []
    assert kind == "mapping" or len(documents) > 1


# Of so many changed files one is looked at by default.
STEPS = {"scheme": 13, "model": 61}


def differences_over(kind: str, folder: Path, step: int) -> list[str]:
    whole = tomllib.loads(WHOLE[kind])
    assert read(kind, whole, folder) is None
    every = [(what, document) for what, document in changed(whole) if not NO_JSON_SAYS.search(what)]
    found = ((what, differences(kind, document, folder)) for what, document in every[::step])
    return [f"{what}: {said}" for what, said in found if said is not None]


@pytest.mark.parametrize("kind", MAKERS)
def test_schema_and_reader_refuse_the_same_changed_files(kind, folder):
    assert differences_over(kind, folder, STEPS.get(kind, 5)) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", MAKERS)
def test_schema_and_reader_refuse_the_same_of_all_changed_files(kind, folder):
    assert differences_over(kind, folder, 1) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", MAKERS)
@given(picks=st.lists(st.integers(0, 10**9), min_size=2, max_size=3))
@settings(max_examples=300, deadline=None)
def test_schema_and_reader_refuse_the_same_files_changed_in_two_or_three_places(kind, picks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "vectors.csv").write_text("expected_score\n", encoding="utf-8")
    document = tomllib.loads(WHOLE[kind])
    for pick in picks:
        every = [(what, each) for what, each in changed(document) if not NO_JSON_SAYS.search(what)]
        document = every[pick % len(every)][1]
    said = differences(kind, document, folder)
    assert said is None, (document, said)


def test_the_same_schema_is_the_same_bytes():
    assert schema_text(schema_of("scheme")) == schema_text(schema_of("scheme"))
    assert schema_text(schema_of("scheme")).endswith("}\n")
    with pytest.raises(cm.InputError, match=r"Did you mean 'scheme'\?"):
        schema_of("schem")
