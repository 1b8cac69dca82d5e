"""What every command does: common options, one message and an exit code for an error, and never a patient's value."""

from __future__ import annotations

import errno
import functools
import inspect
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from casemgmt import logs
from casemgmt.cli.document import Document, error_text
from casemgmt.cli.logfile import logged_to
from casemgmt.cli.results import KEYS
from casemgmt.cli.show import complain, note, speaking
from casemgmt.cli.words import in_command_words
from casemgmt.errors import CasemgmtError, InputWarning

# The error of a command line that typer cannot take; its own name for it has changed place from release to release.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]
USAGE = 2
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.toml",
        help="A file of options, a table a command; what is typed comes before it.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; messages go to standard error, errors too, as JSON.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors, and the document of --json.")]
LogOption = Annotated[
    Path | None,
    typer.Option("--log-file", metavar="FILE", help="Add what is done to this file, with times; no patient's value."),
]


def _common(
    config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False, log_file: LogOption = None
) -> None:
    """The options that every command has."""


COMMON = inspect.signature(_common, eval_str=True).parameters


def with_common_options(run: Callable[..., None], command: str) -> Callable[..., None]:
    """A command with the common options, which ends every error in one message and an exit code."""
    own = inspect.signature(run, eval_str=True).parameters

    @functools.wraps(run)
    def safe(**options: Any) -> None:
        said = {name: options[name] if name in own else options.pop(name) for name in COMMON}
        document = Document(command, KEYS[command]) if said["json"] else None
        # An error is told while the log is open; one of the log itself is told outside.
        with _ended(document, command), logged_to(said["log_file"], command), _ended(document, command):
            with speaking(document, quiet=said["quiet"]), _warnings_said(command):
                run(**options)
            _print(document)

    added = [each for name, each in COMMON.items() if name not in own]
    every = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own.values(), *added)]
    safe.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]  # read by typer alone
    safe.__annotations__ = {}
    return safe


class Failed(typer.Exit):
    """The end of a command whose error has been told."""


def fail(error: BaseException, *, as_json: bool, command: str = "") -> Failed:
    """Print an error of any kind, and say how the program ends; a command's error names its options."""
    kind, message, code = _told(error, command)
    logs.error("cli", "%s", message)
    if as_json:
        sys.stdout.flush()
        sys.stderr.write(error_text(kind, message, code) + "\n")
    else:
        complain(message)
    return Failed(code)


@contextmanager
def _ended(document: Document | None, command: str) -> Iterator[None]:
    as_json = document is not None
    try:
        yield
    except Failed:
        raise
    except typer.Exit:
        _print(document)
        raise
    except (typer.Abort, KeyboardInterrupt, SystemExit):
        raise
    except UsageError as error:
        if not as_json:
            raise
        raise fail(error, as_json=True) from None
    except BaseException as error:  # the panic of a compiled library is no Exception, and quotes values too
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            raise
        if document is not None and document.stands:
            _print(document)
        raise fail(error, as_json=as_json, command=command) from None


def _print(document: Document | None) -> None:
    if document is not None and not document.is_printed:
        document.is_printed = True
        sys.stdout.write(document.text() + "\n")


def _told(error: BaseException, command: str) -> tuple[str, str, int]:
    """The kind of an error, its message without any value, and the exit code."""
    if isinstance(error, CasemgmtError):
        return type(error).__name__, in_command_words(str(error), command), error.exit_code
    if isinstance(error, UsageError):
        message = error.format_message()  # type: ignore[attr-defined]  # every release of it has one
        return "UsageError", message, USAGE
    if isinstance(error, OSError):
        name = f"{Path(error.filename).name}: " if isinstance(error.filename, str) else ""
        return "OSError", f"{name}{error.strerror or type(error).__name__}.", CasemgmtError.exit_code
    return "unexpected", _unexpected(error), CasemgmtError.exit_code


@contextmanager
def _warnings_said(command: str) -> Iterator[None]:
    """Say on standard error, once each, what the library warns of."""
    said: set[str] = set()

    def say_once(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        words = in_command_words(str(message), command)
        if issubclass(category, InputWarning) and words not in said:
            said.add(words)
            note(words)
            logs.warning("cli", "%s", words)

    with warnings.catch_warnings():
        warnings.simplefilter("always", InputWarning)
        warnings.showwarning = say_once
        yield


def _unexpected(error: BaseException) -> str:
    """Where an error came from. Its own message is left out: a library's message may repeat a value from a row."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"  {'/'.join(Path(f.filename).parts[-2:])}, line {f.lineno}, in {f.name}" for f in frames[-6:]]
    return (
        f"stopped by an unexpected {type(error).__name__}. This is a fault in casemgmt; its message is not shown, "
        "since it could hold a patient's value. Please report these lines:\n" + "\n".join(where)
    )
