"""Text whose examples are run: what each block prints is compared with, or written into, the text.

A ``python`` block is followed by what it prints, in a ``text`` block. In a ``console`` block, lines that begin with
``$ casemgmt`` are followed by what they print. In a ``sh`` block, lines that begin with ``casemgmt`` are run, and
what they print is not shown. ``python tests/helpers/worked_text.py PAGE`` writes the text anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from typer.testing import CliRunner

PROJECT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"```(python|console|sh)\n(.*?)```\n(?:\n```text\n.*?```\n)?", re.DOTALL)


EXIT_CODE = "; echo $?"  # after a command that may be refused


def with_true_output(markdown: str) -> str:
    """The text with what its blocks print now; they run in order, in one namespace, in the working directory."""
    namespace: dict[str, object] = {}

    def rewritten(block: re.Match[str]) -> str:
        kind, code = block.groups()
        if kind == "console":
            return f"```console\n{_console(code)}```\n"
        if kind == "sh":
            _console("".join(f"$ {line}\n" for line in code.splitlines()))
            return block.group()
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "<example>", "exec"), namespace)
        return f"```python\n{code}```\n" + (f"\n```text\n{printed.getvalue()}```\n" if printed.getvalue() else "")

    return BLOCK.sub(rewritten, markdown)


def _console(block: str) -> str:
    from casemgmt.cli import app

    text = ""
    for line in block.splitlines():
        if line.startswith("$ casemgmt ") and line.endswith(EXIT_CODE):
            result = CliRunner().invoke(app, shlex.split(line.removesuffix(EXIT_CODE))[2:], catch_exceptions=False)
            text += f"{line}\n{result.output}{result.exit_code}\n"
        elif line.startswith("$ casemgmt "):
            result = CliRunner().invoke(app, shlex.split(line)[2:], catch_exceptions=False)
            assert result.exit_code == 0, f"{line} ended with {result.exit_code}: {result.output}"
            text += f"{line}\n{result.stdout}"
    return text


@contextlib.contextmanager
def folder_of_examples(folder: Path):
    """Work in a folder that holds a copy of the examples, as a reader in the project's folder would."""
    before = Path.cwd()
    shutil.copytree(PROJECT / "examples", folder / "examples")
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    written = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, folder_of_examples(Path(folder)):
        new = with_true_output(written.read_text(encoding="utf-8"))
    written.write_text(new, encoding="utf-8")
