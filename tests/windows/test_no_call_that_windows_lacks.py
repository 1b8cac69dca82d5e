"""What stands in the source: no module or call that Windows lacks, no text in the code page of a machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from windows_layer import NO_MODULES, NO_NAMES

import casemgmt

PACKAGE = Path(casemgmt.__file__).parent
SOURCES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}

ONLY_UNIX = frozenset(NO_NAMES) | {"killpg", "link", "statvfs", "wait", "WIFSIGNALED", "sysconf", "umask", "uname"}
ONLY_MODULES = frozenset(NO_MODULES) | {"posix", "crypt", "spwd"}
SIGNALS = {"SIGKILL", "SIGHUP", "SIGUSR1", "SIGALRM", "alarm", "setitimer", "pthread_kill"}
# Where alone each of these is asked for or done, so that Windows is thought of in one place.
HOME, ARROW = frozenset({"system.py"}), frozenset({"arrow.py"})
AT_HOME = {
    **dict.fromkeys(("os.rename", "os.replace", "os.rmdir", "os.name", "sys.platform", ".st_dev", ".st_ino"), HOME),
    **dict.fromkeys(("os.unlink", "os.remove"), HOME | {"locks.py"}),
    **dict.fromkeys(("pc.strftime", "pc.local_timestamp", "pc.assume_timezone"), ARROW),
}
# A source without any of these is not parsed, which takes a hundred times as long.
WORTH_PARSING = re.compile(
    "|".join(map(re.escape, (*AT_HOME, *(f"os.{name}" for name in ONLY_UNIX), *ONLY_MODULES)))
    + r"|signal\.|read_text|write_text|open\(|%-[dm]"
)


def faults_in(name: str, text: str) -> Iterator[str]:
    if not WORTH_PARSING.search(text):
        return
    tree = ast.parse(text)
    asked = {
        call.args[1].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("hasattr", "getattr")
        and len(call.args) > 1
        and isinstance(call.args[1], ast.Constant)
    }
    for node in ast.walk(tree):
        where = f"{name}, line {getattr(node, 'lineno', 0)}"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            named = [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"{where}: imports {each}" for each in named if each.split(".")[0] in ONLY_MODULES)
        elif isinstance(node, ast.Attribute):
            yield from _of_attribute(node, name, where, asked)
        elif isinstance(node, ast.Call):
            yield from _of_text(node, where)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and ("%-d" in node.value or "%-m" in node.value)
        ):
            yield f"{where}: a date without zeros is written otherwise on Windows"


def _of_attribute(node: ast.Attribute, name: str, where: str, asked: set[object]) -> Iterator[str]:
    base = node.value.id if isinstance(node.value, ast.Name) else ""
    if base == "os" and node.attr in ONLY_UNIX and node.attr not in asked:
        yield f"{where}: os.{node.attr} is not asked for first"
    if base == "signal" and node.attr in SIGNALS:
        yield f"{where}: signal.{node.attr}"
    for said in (f"{base}.{node.attr}", f".{node.attr}"):
        if name not in AT_HOME.get(said, {name}):
            yield f"{where}: {said} belongs into {sorted(AT_HOME[said])}"


def _of_text(node: ast.Call, where: str) -> Iterator[str]:
    """Text that is read or written in whatever code page the machine has."""
    called = (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )
    owner = node.func.value.id if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) else ""
    if any(each.arg == "encoding" for each in node.keywords) or owner in ("rule_files", "gzip", "archive", "os"):
        return
    if called in ("read_text", "write_text") and isinstance(node.func, ast.Attribute):
        yield f"{where}: {called} without its encoding"
    if called == "open" and (owner or isinstance(node.func, ast.Name)):
        modes = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if not any("b" in mode for mode in modes) and owner not in ("self", "_archive"):
            yield f"{where}: open without its encoding"


def test_the_library_asks_windows_for_nothing_that_it_lacks():
    found = [fault for name, path in SOURCES.items() for fault in faults_in(name, path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "import fcntl",
        "def f():\n    from resource import getrlimit",
        "import os\nos.fork()",
        "import signal\nsignal.SIGKILL",
        "import os\nos.rename('a', 'b')",
        "found.st_ino",
        "import os\nos.name == 'nt'",
        "pc.strftime(column)",
        "path.read_text()",
        "open('a', 'w')",
        "day.strftime('%-d %B')",
    ],
)
def test_each_such_call_would_be_found(text):
    assert len(list(faults_in("a.py", text))) == 1


def test_a_call_that_is_asked_for_first_is_left_alone():
    assert list(faults_in("a.py", "import os\nif hasattr(os, 'fchmod'):\n    os.fchmod(1, 2)")) == []
