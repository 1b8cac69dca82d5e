"""The program ``casemgmt``: its commands, and what every one of them does with an error."""

from __future__ import annotations

import errno
import functools
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from casemgmt.cli.caseload import COMMANDS as OF_THE_CASELOAD
from casemgmt.cli.catalogue import fields, models, schemes
from casemgmt.cli.checking import check
from casemgmt.cli.comparing import compare
from casemgmt.cli.deriving import derive
from casemgmt.cli.evaluating import evaluate
from casemgmt.cli.fitting import fit
from casemgmt.cli.governing import governance
from casemgmt.cli.outcomes import outcomes
from casemgmt.cli.pipeline import new_pipeline
from casemgmt.cli.planning import plan
from casemgmt.cli.pseudonyms import new_key, pseudonymise, reidentify
from casemgmt.cli.reporting import report
from casemgmt.cli.returning import returns
from casemgmt.cli.selecting import explain, pack, score, select, verify
from casemgmt.cli.show import complain, say
from casemgmt.cli.synthetic import demo, synthesise
from casemgmt.cli.telling import letters
from casemgmt.cli.words import in_command_words
from casemgmt.errors import CasemgmtError, InputWarning
from casemgmt.version import __version__

app = typer.Typer(
    name="casemgmt",
    help="Score a practice register, rank it, and select patients for case management by rules kept as files.",
    epilog="Exit codes: 0 done; 1 input refused; 2 usage; 3 nominations over the cap; 4 output not written.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks print local variables, which hold patients
    rich_markup_mode=None,
)


def guarded(run: Callable[..., None]) -> Callable[..., None]:
    """A command that ends every error in one message and an exit code, and never shows a patient's value."""

    @functools.wraps(run)
    def safe(*args: Any, **options: Any) -> None:
        try:
            with _warnings_said():
                run(*args, **options)
        except (typer.Exit, typer.Abort, typer.BadParameter, KeyboardInterrupt, SystemExit):
            raise
        except CasemgmtError as error:
            complain(in_command_words(str(error)))
            raise typer.Exit(error.exit_code) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            complain(f"{_file_of(error)}{error.strerror or type(error).__name__}.")
            raise typer.Exit(CasemgmtError.exit_code) from None
        except BaseException as error:  # the panic of a compiled library is no Exception, and quotes values too
            complain(_unexpected(error))
            raise typer.Exit(CasemgmtError.exit_code) from None

    return safe


@contextmanager
def _warnings_said() -> Iterator[None]:
    """Say on standard error, once each, what the library warns of."""
    said: set[str] = set()

    def say_once(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        words = in_command_words(str(message))
        if issubclass(category, InputWarning) and words not in said:
            said.add(words)
            complain(f"note: {words}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", InputWarning)
        warnings.showwarning = say_once
        yield


def _file_of(error: OSError) -> str:
    return f"{Path(error.filename).name}: " if isinstance(error.filename, str) else ""


def _unexpected(error: BaseException) -> str:
    """Where an error came from. Its own message is left out: a library's message may repeat a value from a row."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"  {'/'.join(Path(f.filename).parts[-2:])}, line {f.lineno}, in {f.name}" for f in frames[-6:]]
    return (
        f"stopped by an unexpected {type(error).__name__}. This is a fault in casemgmt; its message is not shown, "
        "since it could hold a patient's value. Please report these lines:\n" + "\n".join(where)
    )


def _version(wanted: bool) -> None:
    if wanted:
        say(f"casemgmt {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    pass


_COMMANDS = (
    *(demo, check, score, select, pack, verify, returns, compare),
    *(synthesise, models, schemes, fields, explain, derive, fit, evaluate, plan, outcomes),
)
_OF_THE_PRACTICE = (new_key, pseudonymise, reidentify)
_LEAVING = (report, letters, governance)
_OF_THE_MONTH = (new_pipeline,)
for _command in (*_COMMANDS, *_OF_THE_PRACTICE, *_LEAVING, *_OF_THE_MONTH):
    app.command()(guarded(_command))

caseload = typer.Typer(
    name="caseload",
    help="Keep a caseload over time: what is proposed, what people decide, and who is managed on any date.",
    epilog="STORE is the file or PostgreSQL address of a caseload; left out, as CASEMGMT_CASELOAD says.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for _name, _command in OF_THE_CASELOAD.items():
    caseload.command(_name)(guarded(_command))
app.add_typer(caseload)


def main() -> None:
    """Run the program named ``casemgmt``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()
