"""Shell completion: what each shell is told, and that nothing is written but by ``--install-completion``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import casemgmt as cm
from casemgmt.cli import app

CODE = "import sys; sys.argv[0] = 'casemgmt'; from casemgmt.cli import main; main()"
NAMED = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # the shell is named, not looked for


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def run(home: Path, *words: str, code: int = 0, **environment: str) -> str:
    env = {"HOME": str(home), "USERPROFILE": str(home), **environment}
    done = CliRunner().invoke(app, list(words), env=env, prog_name="casemgmt")
    assert done.exit_code == code, done.output
    return done.output


def written_in(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("casemgmt sel", ["select"]),
        ("casemgmt select --scheme ro", [name for name in cm.list_schemes() if name.startswith("ro")]),
        ("casemgmt evaluate --model char", [name for name in cm.list_models() if name.startswith("char")]),
        ("casemgmt models par", ["parr-30"]),
        ("casemgmt caseload letters --scheme pris", ["prism-top-half-percent"]),
        ("casemgmt select --over-cap q", ["queue"]),
        ("casemgmt select --scheme ./m", []),
    ],
)
def test_bash_completes_commands_and_the_names_of_what_ships(home, line, said):
    place = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
    assert run(home, _CASEMGMT_COMPLETE="complete_bash", **place).split() == said
    assert written_in(home) == set()


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_other_shells_are_told_the_same_in_their_own_way(home, shell):
    asked = {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "parr"}
    line = "casemgmt select --model parr"
    assert "parr-30" in run(home, _CASEMGMT_COMPLETE=f"complete_{shell}", _TYPER_COMPLETE_ARGS=line, **asked)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "pwsh"])
def test_showing_a_completion_writes_nothing(home, shell):
    assert "_CASEMGMT_COMPLETE" in run(home, "--show-completion", shell)
    assert written_in(home) == set()


def test_installing_writes_the_files_of_that_shell_and_none_of_another(home):
    assert "installed in" in run(home, "--install-completion", "bash")
    assert written_in(home) == {".bashrc", ".bash_completions/casemgmt.sh"}
    said = run(home, "--install-completion", "pwsh", code=1)
    assert "nothing was installed" in said and "$PROFILE" in said
    assert written_in(home) == {".bashrc", ".bash_completions/casemgmt.sh"}


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_takes_the_script_as_it_is_shown(home):
    (home / "c.sh").write_text(run(home, "--show-completion", "bash"), encoding="utf-8")
    program = home / "casemgmt"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{CODE}" "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    asked = (
        f"source c.sh; COMP_WORDS=(casemgmt schemes pri); COMP_CWORD=2; _casemgmt_completion {program}; "
        'echo "${COMPREPLY[@]}"'
    )
    package = str(Path(cm.__file__).resolve().parent.parent)
    env = {**os.environ, "PYTHONPATH": package, "HOME": str(home)}
    done = subprocess.run(
        ["bash", "--norc", "-c", asked], check=False, cwd=home, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "prism-top-half-percent", done.stderr
