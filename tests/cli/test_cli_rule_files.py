"""`schemes check`, `models check` and the schemas, as a person who writes a file meets them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from rule_texts import MODEL, SCHEME
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli.app import app
from casemgmt.cli.rule_lines import line_of
from casemgmt.risk.files import model_folder
from casemgmt.schemas import MAKERS, schema_of
from casemgmt.scheme.files import read_scheme_text

# What lies in another line than the change: a column that is no longer declared, a table that no longer fits.
ELSEWHERE = ("stands in neither", "'table' must have", "yet 'diabetes'")


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def mine(tmp_path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(SCHEME, encoding="utf-8")
    return path


def test_a_file_that_is_fine_is_said_to_be(mine):
    done = run("schemes", "check", mine)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{mine}: fine. Scheme 'test' has 7 routes.\n"


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_right_one(mine):
    lines = SCHEME.splitlines()
    at = lines.index('share = "1/50"')
    lines[at] = 'shar = "1/50"'
    mine.write_text("\n".join(lines), encoding="utf-8")
    done = run("schemes", "check", mine)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"casemgmt: {mine}:{at + 1}: route 'named': unknown key 'shar'.")
    assert "Did you mean 'share'?" in done.stderr


def test_several_files_are_all_looked_at(mine, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text('[scheme]\nid = "x\n', encoding="utf-8")
    done = run("schemes", "check", other, mine, tmp_path / "none.toml")
    assert done.exit_code == 1
    assert done.stdout == f"{mine}: fine. Scheme 'test' has 7 routes.\n"
    said = done.stderr.splitlines()
    assert said[0].startswith(f"casemgmt: {other}:2: not a TOML file")
    assert said[1:] == [
        f"casemgmt: {tmp_path / 'none.toml'}: there is no such file.",
        "casemgmt: 2 of 3 files refused.",
    ]


def test_a_model_is_checked_by_its_folder_or_its_file_and_with_its_vectors(tmp_path):
    folder = tmp_path / "lace"
    shutil.copytree(model_folder("lace"), folder)
    folder.chmod(0o700)
    model = folder / "model.toml"
    model.chmod(0o600)
    for each in (folder, model):
        done = run("models", "check", each)
        assert done.exit_code == 0, done.output
        assert re.fullmatch(
            r".*lace(/model\.toml)?: fine\. Model 'lace' .* inputs, and its vectors agree\.\n", done.stdout
        )
    text = model.read_text(encoding="utf-8")
    at = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith("kind"))
    model.write_text(re.sub(r"(?m)^kind +=", "kin =", text, count=1), encoding="utf-8")
    done = run("models", "check", folder)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"casemgmt: {model}:{at}: input ")
    assert "Did you mean 'kind'?" in done.stderr
    vectors = folder / "vectors.csv"
    vectors.chmod(0o600)
    model.write_text(text, encoding="utf-8")
    vectors.write_text(vectors.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    done = run("models", "check", folder)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "vectors.csv" in done.stderr


@pytest.mark.parametrize("command", ["schemes", "models"])
def test_the_usage_is_said(command):
    for words in ((command, "check"), (command, "rotherham-2015-16", "another")):
        done = run(*words)
        assert done.exit_code == 2, words
    assert "check" not in (*cm.list_schemes(), *cm.list_models())
    assert "schema" not in (*cm.list_schemes(), *cm.list_models())


def test_a_file_or_its_schema_is_written_as_it_is_printed(tmp_path):
    own, schema = tmp_path / "own.toml", tmp_path / "scheme.json"
    for words, printed, path in (
        (("schemes", "rotherham-2015-16"), ("--text",), own),
        (("models", "lace"), ("--text",), tmp_path / "lace.TOML"),
        (("schemes", "schema"), (), schema),
        (("models", "schema"), (), tmp_path / "model.json"),
    ):
        done = run(*words, "--to", path)
        assert (done.exit_code, done.stdout) == (0, f"Wrote {path}\n"), done.output
        assert path.read_bytes() == run(*words, *printed).stdout.encode()
    assert cm.load_scheme(own).id == "rotherham-2015-16"
    done = run("schemes", "rotherham-2015-16", "--to", own)
    assert done.exit_code == 4
    assert "add --overwrite" in done.stderr
    assert run("schemes", "prism-top-half-percent", "--to", own, "--overwrite").exit_code == 0
    assert cm.load_scheme(own).id == "prism-top-half-percent"
    for words in (
        ("--to", own),
        ("rotherham-2015-16", "--to", schema),
        ("schema", "--to", own),
        ("check", "--to", own),
    ):
        assert run("schemes", *words).exit_code == 2, words


def test_schemas_are_printed_and_written(tmp_path):
    for command, kind in (("schemes", "scheme"), ("models", "model")):
        assert json.loads(run(command, "schema").stdout) == schema_of(kind)
    assert json.loads(run("schemas", "mapping").stdout)["properties"]["select"]["properties"]["scheme"]
    listed = run("schemas").stdout
    assert all(kind in listed for kind in MAKERS)
    done = run("schemas", "--into", tmp_path / "schemas")
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "schemas").iterdir()} == {f"{kind}.schema.json" for kind in MAKERS}
    assert json.loads((tmp_path / "schemas/rules.schema.json").read_text(encoding="utf-8")) == schema_of("rules")
    (tmp_path / "taken").write_text("")
    done = run("schemas", "--into", tmp_path / "taken")
    assert (done.exit_code, "was not written" in done.stderr) == (4, True)
    done = run("schemas", "schem")
    assert done.exit_code == 1
    assert "Did you mean 'scheme'?" in done.stderr


def wrong_lines(text: str, read, step: int) -> list[str]:
    """Each line with its key misspelt, or its value wrong; and where another line is said to be at fault."""
    lines, found = text.splitlines(), []
    changed = [
        (number, f"{key[1]}{new}")
        for number, line in enumerate(lines, start=1)
        if (key := re.match(r"(\w+) = ", line))
        for new in (f"xyz = {line[key.end() :]}", " = 1.5", " = ", " = []")
    ]
    for number, line in changed[::step]:
        now = "\n".join([*lines[: number - 1], line, *lines[number:]])
        try:
            read(now)
        except cm.CasemgmtError as problem:
            said = str(problem).partition(": ")[2]
            if "vectors.csv" in str(problem) or any(words in said for words in ELSEWHERE):
                continue
            if (told := line_of(now, said)) != number:
                found.append(f"line {number} ({line}): said to be {told}: {said}")
    return found


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.long)])
def test_the_line_that_was_changed_is_the_line_that_is_named(step, tmp_path):
    def read_model(text: str) -> None:
        (tmp_path / "model.toml").write_text(text, encoding="utf-8")
        cm.load_model(tmp_path)

    (tmp_path / "vectors.csv").write_text("expected_score\n", encoding="utf-8")
    assert wrong_lines(SCHEME, lambda text: read_scheme_text(text, "it"), step) == []
    assert wrong_lines(MODEL, read_model, step) == []
