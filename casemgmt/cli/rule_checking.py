"""``schemes check`` and ``models check``: whether files of one's own say what they may say, and where they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from casemgmt.cli.rule_lines import line_of
from casemgmt.cli.show import complain, give, say, stands
from casemgmt.errors import CasemgmtError, plural

CHECK, SCHEMA = "check", "schema"  # words that stand where a name does


def check_files(files: Sequence[str], check: Callable[[Path], tuple[Path, str]], what: str) -> None:
    """Say of each file whether it is fine, or what is wrong and in which line; then end, with 1 if anything is.

    Parameters
    ----------
    check : what reads a file, and answers where the text is and what it holds in words
    what : such as ``scheme file``, for the usage
    """
    if not files:
        raise typer.BadParameter(f"give the path of a {what}, or of several.")
    checked = []
    for each in files:
        try:
            path, said = check(Path(each))
        except CasemgmtError as problem:
            said = _placed(Path(each), str(problem))
            complain(said)
            checked.append({"file": each, "fine": False, "says": said})
        else:
            say(f"{path}: fine. {said}")
            checked.append({"file": each, "fine": True, "says": said})
    give(checked=checked)
    stands()
    refused = sum(not each["fine"] for each in checked)
    if refused:
        if len(files) > 1:
            complain(f"{refused} of {plural(len(files), 'file')} refused.")
        raise typer.Exit(CasemgmtError.exit_code)


def check_scheme(path: Path) -> tuple[Path, str]:
    """Of one scheme file."""
    from casemgmt.scheme.files import load_scheme

    scheme = load_scheme(path)
    return path, f"Scheme '{scheme.id}' has {plural(len(scheme.routes), 'route')}."


def check_model(path: Path) -> tuple[Path, str]:
    """Of one model: its folder, or the file in it."""
    from casemgmt.risk.files import MODEL_FILE, load_model

    model = load_model(path.parent if path.name == MODEL_FILE else path)
    words = f"{plural(len(model.inputs), 'input')}, and its vectors agree"
    return path, f"Model '{model.name}' {model.version} has {words}."


def _placed(given: Path, message: str) -> str:
    """The message with the number of its line after the name of its file, where both are known."""
    from casemgmt.risk.files import MODEL_FILE
    from casemgmt.rule_files import MODEL_BYTES, plain_bytes, shown_path

    for path in (given, given / MODEL_FILE):
        where = f"{shown_path(path)}: "
        if not message.startswith(where):
            continue
        try:
            text = (plain_bytes(path, MODEL_BYTES) or b"").decode("utf-8-sig")
        except (OSError, ValueError):
            break
        said = message.removeprefix(where)
        line = line_of(text, said)
        return message if line is None else f"{where[:-2]}:{line}: {said}"
    return message
